//! Whether and how a response is compressed on its way out (RFC 9110 8.4, 12.5.3).

mod encoder;
mod fields;

use tlsgi_config::config::{Coding, Compression};

pub(super) use encoder::Encoder;
pub(super) use fields::coded;

use crate::http::coding::preferred;
use crate::http::field::{list, trim, walk};
use crate::http::head::RequestHead;
use crate::http::response::ResponseHead;

/// What becomes of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes out as it is, whoever asks.
    Leave,
    /// It goes out as it is; another request would get it compressed.
    Plain,
    /// It is compressed.
    Code(Coding),
}

/// What is known of a response beside its head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    /// Length of the whole body, when it is known.
    pub(super) length: Option<u64>,
    /// A file of the site: the same for everybody.
    pub(super) is_file: bool,
    /// The client showed a certificate.
    pub(super) has_certificate: bool,
}

/// Decides from the request as it came and the response as it would go out.
pub(super) fn judge(
    rules: &Compression,
    request: &RequestHead,
    head: &ResponseHead,
    circumstances: Circumstances,
) -> Verdict {
    let Some(facts) = Facts::of(head) else { return Verdict::Leave };
    let is_large = match circumstances.length {
        Some(length) => length >= rules.least,
        // What would be sent to GET is not known well enough to say it.
        None => !request.is_head(),
    };
    if !is_large || !rules.types.iter().any(|pattern| is_of(pattern, &facts.media_type)) {
        return Verdict::Leave;
    }
    let may_hold_secrets = !circumstances.is_file && !is_alike_for_all(&facts.media_type);
    let is_private = facts.sets_cookie || circumstances.has_certificate || has_credentials(request);
    if may_hold_secrets && is_private && !rules.compresses_secrets {
        return Verdict::Leave;
    }
    let accepted = request.fields().filter(|(_, name, _)| *name == b"accept-encoding").map(|(_, _, value)| value);
    preferred(&rules.codings, accepted).first().map_or(Verdict::Plain, |coding| Verdict::Code(*coding))
}

/// What of the fields matters.
struct Facts {
    media_type: String,
    sets_cookie: bool,
}

impl Facts {
    /// None where the response must not be touched.
    fn of(head: &ResponseHead) -> Option<Self> {
        if !head.may_have_body() || matches!(head.status, 100..200 | 206) {
            return None;
        }
        let mut facts = Self { media_type: String::new(), sets_cookie: false };
        for (_, name, value) in walk(&head.fields) {
            match name {
                b"content-type" => {
                    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
                    facts.media_type = String::from_utf8_lossy(trim(essence)).to_ascii_lowercase();
                }
                b"content-encoding" if !value.eq_ignore_ascii_case(b"identity") => return None,
                // They are about the bytes that go out.
                b"content-range" | b"content-digest" | b"repr-digest" | b"digest" | b"content-md5" => return None,
                b"cache-control" if list(value).any(|word| word.eq_ignore_ascii_case(b"no-transform")) => return None,
                b"set-cookie" => facts.sets_cookie = true,
                _ => {}
            }
        }
        (!facts.media_type.is_empty()).then_some(facts)
    }
}

fn has_credentials(request: &RequestHead) -> bool {
    request.fields().any(|(_, name, _)| matches!(name, b"cookie" | b"authorization" | b"proxy-authorization"))
}

/// Code, pictures and fonts: no text of a visitor stands beside a secret in them.
fn is_alike_for_all(media_type: &str) -> bool {
    matches!(
        media_type,
        "text/css"
            | "text/javascript"
            | "application/javascript"
            | "application/x-javascript"
            | "application/wasm"
            | "application/manifest+json"
            | "application/vnd.ms-fontobject"
    ) || media_type.starts_with("image/")
        || media_type.starts_with("font/")
}

/// `text/html`, `text/*`, `*+json`. A stream of events is meant only where it is named.
fn is_of(pattern: &str, media_type: &str) -> bool {
    if pattern == media_type {
        return true;
    }
    if media_type == "text/event-stream" {
        return false;
    }
    match (pattern.strip_suffix("/*"), pattern.strip_prefix('*')) {
        (Some("*"), _) => true,
        (Some(kind), _) => media_type.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/')),
        (None, Some(suffix)) => media_type.ends_with(suffix),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests;
