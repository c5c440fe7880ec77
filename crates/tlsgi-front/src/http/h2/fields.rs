//! Response fields from the wire's encoding to the `http` crate's map, without parsing known names or copying values that
//! come again and again.

use std::cell::RefCell;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tlsgi_wire::{NAMES, name_id};

use crate::http::field;
use crate::http::response::{Framing, ResponseHead, SitePolicy, emit};

/// Values up to this length are worth remembering.
const MAX_REMEMBERED: usize = 256;

/// Names by wire id, and the last value of those whose values repeat.
struct Known {
    names: Vec<HeaderName>,
    values: Vec<Option<HeaderValue>>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::new(Known::new());
}

impl Known {
    fn new() -> Self {
        // Id 0 has no name; its place is never asked for.
        let name = |name: &&str| HeaderName::from_bytes(name.as_bytes()).unwrap_or(http::header::DATE);
        Self { names: NAMES.iter().map(name).collect(), values: vec![None; NAMES.len()] }
    }

    fn append(&mut self, map: &mut HeaderMap, name: &[u8], value: &[u8]) {
        let id = usize::from(name_id(name));
        let name = match self.names.get(id).filter(|_| id != 0) {
            Some(name) => name.clone(),
            None => match HeaderName::from_bytes(name) {
                Ok(name) => name,
                Err(_) => return,
            },
        };
        let value = match self.values.get_mut(id).filter(|_| repeats(&name) && value.len() <= MAX_REMEMBERED) {
            Some(Some(known)) if known.as_bytes() == value => known.clone(),
            Some(known) => match HeaderValue::from_bytes(value) {
                Ok(value) => known.insert(value).clone(),
                Err(_) => return,
            },
            None => match HeaderValue::from_bytes(value) {
                Ok(value) => value,
                Err(_) => return,
            },
        };
        // Fails at 32768 fields; the wire allows fewer.
        let _ = map.try_append(name, value);
    }
}

/// Whether responses tend to carry the same value. Nothing secret: the value stays in memory.
fn repeats(name: &HeaderName) -> bool {
    use http::header as h;
    [h::CONTENT_TYPE, h::DATE, h::SERVER, h::CONTENT_LENGTH, h::STRICT_TRANSPORT_SECURITY, h::CACHE_CONTROL, h::VARY]
        .contains(name)
}

/// The final head of a response.
pub(super) fn response(head: &ResponseHead, framing: Framing, policy: SitePolicy<'_>) -> Response<()> {
    let mut map = HeaderMap::with_capacity(8);
    // A stream has no connection of its own to end.
    let _ =
        KNOWN.with_borrow_mut(|known| emit(head, framing, policy, |name, value| known.append(&mut map, name, value)));
    with_fields(head.status, map)
}

/// An interim head: these fields and nothing of the front's own.
pub(super) fn interim(status: u16, fields: &[u8]) -> Response<()> {
    with_fields(status, plain(fields))
}

/// Trailers.
pub(super) fn trailers(fields: &[u8]) -> HeaderMap {
    plain(fields)
}

fn plain(fields: &[u8]) -> HeaderMap {
    let mut map = HeaderMap::new();
    KNOWN.with_borrow_mut(|known| {
        for (_, name, value) in field::walk(fields).filter(|(_, name, _)| !field::is_hop_by_hop(name)) {
            known.append(&mut map, name, value);
        }
    });
    map
}

fn with_fields(status: u16, map: HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = map;
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::field::FieldBlock;

    #[test]
    fn fields_keep_value_and_order_within_a_name() {
        let fields = FieldBlock::default()
            .with("set-cookie", "a=1")
            .with("content-type", "text/plain")
            .with("x-own", "\u{e9}")
            .with("set-cookie", "b=2")
            .with("connection", "close");
        for _ in 0..2 {
            let head =
                ResponseHead { status: 200, fields: fields.encoded().to_vec(), length: Some(3), has_trailers: false };
            let framing = Framing { content_length: Some(3), sends_body: true };
            let response = response(&head, framing, SitePolicy::default());
            let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
            assert_eq!(cookies, ["a=1", "b=2"]);
            assert_eq!(response.headers()["content-length"], "3");
            assert_eq!(response.headers()["x-own"].as_bytes(), "\u{e9}".as_bytes());
            assert!(!response.headers().contains_key("connection") && response.headers().contains_key("date"));
        }
    }
}
