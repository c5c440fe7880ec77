//! The opening handshake (RFC 6455 4.2, RFC 8441 5): what a client asks for, and the fields of the answer.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tlsgi_wire::HttpVersion;

use super::extension::{self, Deflate};
use crate::http::failure::Failure;
use crate::http::field::{self, FieldBlock};
use crate::http::head::{BodyLength, RequestHead};
use crate::tls::base64;

/// RFC 6455 1.3.
const ACCEPT_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a client offers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Handshake {
    subprotocols: Vec<String>,
    /// Compression, as it will be used once the WebSocket is accepted.
    pub(crate) deflate: Option<Deflate>,
}

/// Checks the opening handshake. Method, version of HTTP and `Upgrade` were settled with the head.
pub(crate) fn check(head: &RequestHead) -> Result<Handshake, Failure> {
    if only(head, b"sec-websocket-version")? != Some(b"13") {
        return Err(Failure::WebSocketVersion);
    }
    // RFC 8441 5: over HTTP/2 the key is not used.
    let is_h1 = head.version() <= HttpVersion::Http11;
    if is_h1 && !only(head, b"sec-websocket-key")?.is_some_and(is_key) {
        return Err(Failure::BadWebSocket);
    }
    // A body would stand where the first frame is read.
    if is_h1 && head.body != BodyLength::Empty {
        return Err(Failure::BadWebSocket);
    }
    let mut handshake = Handshake::default();
    for (_, name, value) in head.fields() {
        match name {
            b"sec-websocket-protocol" => handshake.offer_subprotocols(value)?,
            b"sec-websocket-extensions" => {
                let agreed = extension::negotiate(value).map_err(|_| Failure::BadWebSocket)?;
                handshake.deflate = handshake.deflate.or(agreed);
            }
            _ => {}
        }
    }
    Ok(handshake)
}

/// The value of a field that may come at most once.
fn only<'a>(head: &'a RequestHead, name: &[u8]) -> Result<Option<&'a [u8]>, Failure> {
    let mut values = head.fields().filter(|(_, known, _)| *known == name).map(|(_, _, value)| value);
    let first = values.next();
    if values.next().is_some() { Err(Failure::BadWebSocket) } else { Ok(first) }
}

/// Whether this is 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    key.strip_suffix(b"==").is_some_and(|digits| digits.len() == 22 && digits.iter().all(|byte| BASE64.contains(byte)))
}

/// Value of `sec-websocket-accept`.
pub(crate) fn accept_key(key: &[u8]) -> String {
    base64(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key, ACCEPT_SUFFIX].concat()).as_ref())
}

impl Handshake {
    fn offer_subprotocols(&mut self, value: &[u8]) -> Result<(), Failure> {
        for name in field::list(value) {
            let name = str::from_utf8(name).ok().filter(|name| field::is_token(name.as_bytes()));
            self.subprotocols.push(name.ok_or(Failure::BadWebSocket)?.to_owned());
        }
        Ok(())
    }

    /// The fields of the answer: the application's own, less those that the handshake decides; subprotocol; extensions. Refuses a
    /// subprotocol that the client did not offer: it would have to fail the connection (RFC 6455 4.1).
    pub(crate) fn answer(&self, subprotocol: &str, fields: &[u8]) -> Result<FieldBlock, Failure> {
        let mut answer = FieldBlock::default();
        for (_, name, value) in field::walk(fields) {
            let is_ours =
                name.starts_with(b"sec-websocket-") || name == b"content-length" || field::is_hop_by_hop(name);
            // Names were checked on arrival: tokens are ASCII.
            if let (false, Ok(name)) = (is_ours, str::from_utf8(name)) {
                answer.push(name, value);
            }
        }
        if !subprotocol.is_empty() {
            if !self.subprotocols.iter().any(|offered| offered == subprotocol) {
                return Err(Failure::BadResponse);
            }
            answer.push("sec-websocket-protocol", subprotocol.as_bytes());
        }
        if let Some(deflate) = self.deflate {
            answer.push("sec-websocket-extensions", deflate.answer().as_bytes());
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::Builder;
    use tlsgi_config::config::Limits;

    const KEY: (&str, &str) = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    const VERSION: (&str, &str) = ("Sec-WebSocket-Version", "13");

    fn check_fields(version: HttpVersion, fields: &[(&str, &str)]) -> Result<Handshake, Failure> {
        let mut head = RequestHead::default();
        let limits = Limits::default();
        let mut builder = Builder::new(&mut head, version, &limits);
        builder.method(b"GET").expect("method");
        builder.path_and_query(b"/").expect("path");
        builder.field(b"host", b"localhost").expect("host");
        for (name, value) in fields {
            builder.field(name.as_bytes(), value.as_bytes()).expect("field");
        }
        builder.finish().expect("head");
        check(&head)
    }

    #[test]
    fn accept_key_is_that_of_the_standard() {
        assert_eq!(accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn base64_pads_every_length() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn key_and_version_are_required_once() {
        let h1 = HttpVersion::Http11;
        assert!(check_fields(h1, &[KEY, VERSION]).is_ok());
        assert_eq!(check_fields(h1, &[KEY]), Err(Failure::WebSocketVersion));
        assert_eq!(check_fields(h1, &[KEY, ("Sec-WebSocket-Version", "8")]), Err(Failure::WebSocketVersion));
        assert_eq!(check_fields(h1, &[KEY, VERSION, VERSION]), Err(Failure::BadWebSocket));
        assert_eq!(check_fields(h1, &[VERSION]), Err(Failure::BadWebSocket));
        assert_eq!(check_fields(h1, &[KEY, KEY, VERSION]), Err(Failure::BadWebSocket));
        for bad in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25j",
            "dGhl!HNhbXBsZSBub25jZQ==",
        ] {
            assert_eq!(check_fields(h1, &[("Sec-WebSocket-Key", bad), VERSION]), Err(Failure::BadWebSocket), "{bad}");
        }
    }

    #[test]
    fn handshake_has_no_body() {
        for field in [("content-length", "5"), ("transfer-encoding", "chunked")] {
            assert_eq!(check_fields(HttpVersion::Http11, &[KEY, VERSION, field]), Err(Failure::BadWebSocket));
        }
        assert!(check_fields(HttpVersion::Http11, &[KEY, VERSION, ("content-length", "0")]).is_ok());
    }

    #[test]
    fn http2_has_no_key() {
        assert!(check_fields(HttpVersion::Http2, &[VERSION]).is_ok());
        assert_eq!(check_fields(HttpVersion::Http2, &[]), Err(Failure::WebSocketVersion));
    }

    #[test]
    fn subprotocol_must_have_been_offered() {
        let fields = [KEY, VERSION, ("Sec-WebSocket-Protocol", "chat, superchat"), ("Sec-WebSocket-Protocol", "v2")];
        let handshake = check_fields(HttpVersion::Http11, &fields).expect("valid");
        for chosen in ["chat", "superchat", "v2"] {
            let answer = handshake.answer(chosen, &[]).expect("offered");
            assert_eq!(answer, FieldBlock::default().with("sec-websocket-protocol", chosen));
        }
        assert_eq!(handshake.answer("", &[]), Ok(FieldBlock::default()));
        assert_eq!(handshake.answer("Chat", &[]), Err(Failure::BadResponse));
        let bad = [KEY, VERSION, ("Sec-WebSocket-Protocol", "a b")];
        assert_eq!(check_fields(HttpVersion::Http11, &bad), Err(Failure::BadWebSocket));
    }

    #[test]
    fn extensions_may_stand_in_several_fields() {
        let name = "Sec-WebSocket-Extensions";
        let fields = [KEY, VERSION, (name, "x-own"), (name, "permessage-deflate")];
        let handshake = check_fields(HttpVersion::Http11, &fields).expect("valid");
        let expect = "permessage-deflate; server_no_context_takeover";
        assert_eq!(handshake.answer("", &[]), Ok(FieldBlock::default().with("sec-websocket-extensions", expect)));
        assert_eq!(check_fields(HttpVersion::Http11, &[KEY, VERSION, (name, "a;;")]), Err(Failure::BadWebSocket));
    }

    #[test]
    fn application_cannot_set_fields_of_the_handshake() {
        let own = FieldBlock::default()
            .with("x-own", "1")
            .with("sec-websocket-accept", "x")
            .with("connection", "close")
            .with("content-length", "3");
        let answer = Handshake::default().answer("", own.encoded());
        assert_eq!(answer, Ok(FieldBlock::default().with("x-own", "1")));
    }
}
