//! The head of a response, whoever wrote it, and the one place that decides how it goes out.

use tlsgi_wire::{HttpVersion, REASON_FIELD, reason};

use super::date;
use super::failure::{Explained, Failure};
use super::field::{self, FieldBlock, id};
use super::head::RequestHead;

/// Status and fields of a response.
#[derive(Debug, Clone)]
pub(crate) struct ResponseHead {
    /// 200 to 999.
    pub(crate) status: u16,
    /// In the wire's encoding; lower-case names.
    pub(crate) fields: Vec<u8>,
    /// Length of the body when it is known.
    pub(crate) length: Option<u64>,
    /// Trailers will follow the body.
    pub(crate) has_trailers: bool,
}

impl ResponseHead {
    /// A response of the front's own with a known length.
    pub(crate) fn own(status: u16, fields: &FieldBlock, length: u64) -> Self {
        Self { status, fields: fields.encoded().to_vec(), length: Some(length), has_trailers: false }
    }

    /// Whether a body may follow this status (RFC 9110 6.4.1).
    pub(crate) const fn may_have_body(&self) -> bool {
        !matches!(self.status, 204 | 205 | 304)
    }
}

/// What every response of a site carries besides its own fields.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SitePolicy<'a> {
    /// The response leaves over TLS. Without it, no `Strict-Transport-Security` goes out, whoever set it (RFC 6797 7.2).
    pub(crate) is_https: bool,
    /// `Strict-Transport-Security`.
    pub(crate) hsts: Option<&'a str>,
    /// No `Server` is added.
    pub(crate) omits_server: bool,
    /// No `Date` is added.
    pub(crate) omits_date: bool,
}

/// How the body of one response is delimited and whether it is sent at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    /// Value of `content-length`, if there is one.
    pub(crate) content_length: Option<u64>,
    /// Bytes of body are sent.
    pub(crate) sends_body: bool,
}

impl Framing {
    /// Decides from request and response (RFC 9112 6.3, RFC 9110 8.6).
    pub(crate) fn of(request: &RequestHead, response: &ResponseHead) -> Self {
        let content_length = match response.status {
            204 => None,
            205 => Some(0),
            _ => response.length,
        };
        Self { content_length, sends_body: response.may_have_body() && !request.is_head() }
    }

    /// Whether HTTP/1.1 must use chunked coding.
    pub(crate) fn is_chunked(self, version: HttpVersion) -> bool {
        self.sends_body && self.content_length.is_none() && version == HttpVersion::Http11
    }
}

/// Hands every field that goes to the client to `sink`, in order: the response's own (framing and connection fields left
/// out), then `content-length`, `date`, `server` and the site's policy where the response has none of its own. Returns
/// whether the response asked for the end of the connection.
pub(crate) fn emit(
    head: &ResponseHead,
    framing: Framing,
    policy: SitePolicy<'_>,
    mut sink: impl FnMut(&[u8], &[u8]),
) -> bool {
    let (mut has_date, mut has_server, mut has_hsts, mut wants_close) = (false, false, false, false);
    for (id, name, value) in field::walk(&head.fields) {
        match id {
            id::CONTENT_LENGTH => continue,
            id::DATE => has_date = true,
            id::SERVER => has_server = true,
            id::STRICT_TRANSPORT_SECURITY if !policy.is_https => continue,
            // One policy a response (RFC 6797 7.1): the application's own wins.
            id::STRICT_TRANSPORT_SECURITY => has_hsts = true,
            0 if name == REASON_FIELD => continue,
            _ if name == b"connection" => {
                wants_close |= field::list(value).any(|member| member.eq_ignore_ascii_case(b"close"));
                continue;
            }
            0 if field::is_hop_by_hop(name) => continue,
            _ if name == b"te" => continue,
            _ => {}
        }
        sink(name, value);
    }
    if let Some(length) = framing.content_length {
        let mut digits = [0; 20];
        sink(b"content-length", decimal(length, &mut digits));
    }
    if !has_date && !policy.omits_date {
        date::with_date(|date| sink(b"date", date.as_bytes()));
    }
    if !has_server && !policy.omits_server {
        sink(b"server", b"tlsgi");
    }
    if let (Some(hsts), true, false) = (policy.hsts, policy.is_https, has_hsts) {
        sink(b"strict-transport-security", hsts.as_bytes());
    }
    wants_close
}

/// The number in decimal digits, without allocation.
pub(crate) fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

/// The page for a failure: HTML for browsers, text for everybody else.
pub(crate) fn failure_page(explained: &Explained, request_id: &str, wants_html: bool) -> (&'static str, String) {
    let Explained { failure, id, text } = explained;
    let status = failure.status();
    let reason = reason(status);
    if wants_html {
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{status} {reason}</title>\
             <style>body{{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34em;padding:0 1em}}\
             small{{color:#666}}</style><h1>{status} {reason}</h1><p>{text}.</p>\
             <p><small>error {id} · request {request_id}</small></p></html>\n"
        );
        ("text/html; charset=utf-8", page)
    } else {
        let text = format!("{status} {reason}: {text}.\nerror {id} request {request_id}\n");
        ("text/plain; charset=utf-8", text)
    }
}

/// The head of the answer to a failure, with a page of this media type.
pub(crate) fn failure_head(failure: Failure, media_type: &str, length: usize) -> ResponseHead {
    let mut fields = FieldBlock::default()
        .with("content-type", media_type)
        .with("cache-control", "no-store")
        .with("x-content-type-options", "nosniff");
    if let Some(seconds) = failure.retry_after() {
        fields.push("retry-after", seconds.to_string().as_bytes());
    }
    if failure == Failure::WebSocketVersion {
        fields.push("sec-websocket-version", b"13");
    }
    if failure == Failure::MethodNotAllowed {
        fields.push("allow", crate::route::files::ALLOW.as_bytes());
    }
    ResponseHead::own(failure.status(), &fields, length as u64)
}
