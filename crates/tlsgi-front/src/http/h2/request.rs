//! From what the `h2` crate accepted to a `RequestHead`, through the checks that every version shares.

use h2::ext::Protocol;
use http::Method;
use http::request::Parts;
use tlsgi_config::config::Limits;
use tlsgi_wire::HttpVersion;

use crate::http::failure::Failure;
use crate::http::head::{BodyLength, Builder, RequestHead, Upgrade};

/// Fills `head`. After a failure it holds what was read so far, for the log. Fields of one name stay in order; `http` groups
/// them by name.
pub(super) fn read(parts: &Parts, is_end: bool, head: &mut RequestHead, limits: &Limits) -> Result<(), Failure> {
    let mut builder = Builder::new(head, HttpVersion::Http2, limits);
    target(parts, &mut builder, limits)?;
    let mut left = limits.header_bytes;
    for (name, value) in &parts.headers {
        let value = value.as_bytes();
        // As an HTTP/1 line, with its colon and its end.
        left = left.checked_sub(name.as_str().len() + value.len() + 4).ok_or(Failure::HeaderTooLarge)?;
        // RFC 9113 8.2.1: space around a value makes the request malformed. It hides things from naive comparisons.
        if matches!(value, [b' ' | b'\t', ..] | [.., b' ' | b'\t']) {
            return Err(Failure::BadField);
        }
        builder.field(name.as_str().as_bytes(), value)?;
    }
    builder.finish()?;
    head.target_scheme_is_https = parts.uri.scheme_str().map(|scheme| scheme == "https");
    if is_end || head.upgrade == Upgrade::WebSocket {
        head.body = BodyLength::Empty;
    }
    Ok(())
}

/// The pseudo-header fields (RFC 9113 8.3.1, RFC 8441 4). The `h2` crate has seen to it that each is there once.
fn target(parts: &Parts, builder: &mut Builder<'_>, limits: &Limits) -> Result<(), Failure> {
    if parts.method == Method::CONNECT {
        match parts.extensions.get::<Protocol>().map(Protocol::as_str) {
            Some("websocket") => builder.websocket_connect(),
            _ => return Err(Failure::NotImplemented),
        }
    } else {
        builder.method(parts.method.as_str().as_bytes())?;
    }
    if !matches!(parts.uri.scheme_str(), None | Some("https" | "http")) {
        return Err(Failure::BadTarget);
    }
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    if path.len() > limits.request_line_bytes {
        return Err(Failure::TargetTooLong);
    }
    builder.path_and_query(path.as_bytes())?;
    match parts.uri.authority() {
        Some(authority) => builder.authority(authority.as_str().as_bytes()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn parts(method: &str, uri: &str, fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).expect("valid for the http crate").into_parts().0
    }

    fn read_parts(parts: &Parts) -> Result<RequestHead, Failure> {
        let mut head = RequestHead::default();
        read(parts, true, &mut head, &Limits::default())?;
        Ok(head)
    }

    fn check(method: &str, uri: &str, fields: &[(&str, &str)], expect: Result<(), Failure>) {
        assert_eq!(read_parts(&parts(method, uri, fields)).map(drop), expect, "{method} {uri} {fields:?}");
    }

    #[test]
    fn authority_and_host_must_agree() {
        check("GET", "https://a.test/", &[], Ok(()));
        check("GET", "https://a.test/", &[("host", "A.test")], Ok(()));
        check("GET", "https://a.test/", &[("host", "b.test")], Err(Failure::BadHost));
        check("GET", "https://user@a.test/", &[], Err(Failure::BadHost));
        check("GET", "/", &[("host", "a.test")], Ok(()));
        check("GET", "/", &[], Err(Failure::BadHost));
        check("GET", "https://a.test/", &[("host", "a.test"), ("host", "a.test")], Err(Failure::BadHost));
    }

    #[test]
    fn loose_requests_are_refused() {
        check("GET", "ftp://a.test/", &[], Err(Failure::BadTarget));
        check("get", "https://a.test/", &[], Err(Failure::BadMethod));
        check("GET", "https://a.test/\u{e9}", &[], Err(Failure::BadTarget));
        check("GET", "https://a.test/", &[("a", " b")], Err(Failure::BadField));
        check("GET", "https://a.test/", &[("a", "b\t")], Err(Failure::BadField));
        check("POST", "https://a.test/", &[("content-length", "1"), ("content-length", "1")], Err(Failure::BadLength));
        check("GET", &format!("https://a.test/{}", "a".repeat(9000)), &[], Err(Failure::TargetTooLong));
        check("GET", "https://a.test/", &[("a", &"b".repeat(65531))], Ok(()));
        check("GET", "https://a.test/", &[("a", &"b".repeat(65532))], Err(Failure::HeaderTooLarge));
        check("GET", "*", &[("host", "a.test")], Err(Failure::BadTarget));
        check("OPTIONS", "*", &[("host", "a.test")], Ok(()));
    }

    #[test]
    fn path_is_kept_byte_for_byte() {
        let head = read_parts(&parts("GET", "https://a.test/a%2f/../b;x//?q=%00&&", &[])).expect("valid");
        assert_eq!((head.path(), head.query()), (&b"/a%2f/../b;x//"[..], &b"q=%00&&"[..]));
        assert_eq!(head.target_scheme_is_https, Some(true));
    }

    #[test]
    fn cookie_crumbs_are_joined() {
        let head =
            read_parts(&parts("GET", "https://a.test/", &[("cookie", "a=1"), ("cookie", "b=2")])).expect("valid");
        assert_eq!(head.field("cookie"), Some(&b"a=1; b=2"[..]));
    }

    #[test]
    fn only_websockets_may_connect() {
        let mut request = parts("CONNECT", "https://a.test/chat", &[("sec-websocket-version", "13")]);
        assert_eq!(read_parts(&request).map(drop), Err(Failure::NotImplemented));
        request.extensions.insert(Protocol::from_static("connect-udp"));
        assert_eq!(read_parts(&request).map(drop), Err(Failure::NotImplemented));
        request.extensions.insert(Protocol::from_static("websocket"));
        let head = read_parts(&request).expect("valid");
        assert_eq!((head.method(), head.upgrade, head.body), ("GET", Upgrade::WebSocket, BodyLength::Empty));
    }
}
