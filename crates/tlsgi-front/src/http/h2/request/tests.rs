//! Field lines that make a request, those that are answered with an error, and those that reset their stream.

use super::*;
use crate::http::h2::hpack::Decoder;

type Fields<'a> = &'a [(&'a str, &'a str)];

/// What becomes of these lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fine,
    Refused(Failure),
    Reset,
}
use Outcome::{Fine, Refused, Reset};

fn read(fields: Fields<'_>, is_end: bool) -> (Outcome, RequestHead) {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            let length = text.len();
            match length {
                0..127 => block.push(length as u8),
                _ => block.extend([
                    0x7f,
                    (length - 127) as u8 | 0x80,
                    ((length - 127) >> 7) as u8 | 0x80,
                    ((length - 127) >> 14) as u8,
                ]),
            }
            block.extend(text.bytes());
        }
    }
    let (mut head, mut path, limits) = (RequestHead::default(), Vec::new(), Limits::default());
    let mut reader = Reader::new(&mut head, &mut path, &limits);
    Decoder::default().decode(&block, |line| reader.line(line)).expect("a whole block");
    let outcome = match reader.finish(is_end) {
        Ok(Ok(_)) => Fine,
        Ok(Err(failure)) => Refused(failure),
        Err(Malformed) => Reset,
    };
    (outcome, head)
}

const GET: (&str, &str) = (":method", "GET");
const HTTPS: (&str, &str) = (":scheme", "https");
const A: (&str, &str) = (":authority", "a.test");
const ROOT: (&str, &str) = (":path", "/");

fn check(fields: Fields<'_>, expect: Outcome) {
    assert_eq!(
        read(fields, true).0,
        expect,
        "{:?}",
        fields.iter().map(|(name, value)| (name, value.get(..40).unwrap_or(value))).collect::<Vec<_>>()
    );
}

/// More fields behind a complete head.
fn check_with(fields: Fields<'_>, expect: Outcome) {
    check(&[&[GET, HTTPS, A, ROOT], fields].concat(), expect);
}

#[test]
fn authority_and_host_must_agree() {
    check_with(&[], Fine);
    check_with(&[("host", "A.test")], Fine);
    check_with(&[("host", "b.test")], Refused(Failure::BadHost));
    check_with(&[("host", "a.test"), ("host", "a.test")], Refused(Failure::BadHost));
    check(&[GET, HTTPS, ROOT, ("host", "a.test")], Fine);
    check(&[GET, HTTPS, ROOT], Refused(Failure::BadHost));
    for authority in ["user@a.test", "", "a b", "a.test/", "a.test:x", "a.test,b.test "] {
        check(&[GET, HTTPS, (":authority", authority), ROOT], Refused(Failure::BadHost));
    }
}

#[test]
fn pseudo_header_fields_come_first_and_once() {
    for missing in 0..4 {
        let mut fields = vec![GET, HTTPS, ROOT, A];
        fields.remove(missing);
        check(&fields, if missing == 3 { Refused(Failure::BadHost) } else { Reset });
    }
    for twice in [GET, HTTPS, ROOT, A] {
        check(&[GET, HTTPS, ROOT, A, twice], Reset);
    }
    check(&[GET, HTTPS, A, ("a", "b"), ROOT], Reset);
    check_with(&[(":status", "200")], Reset);
    check_with(&[(":unknown", "")], Reset);
    check_with(&[(":protocol", "websocket")], Reset);
    check(&[ROOT, A, HTTPS, GET], Fine);
}

#[test]
fn targets_are_kept_byte_for_byte_or_refused() {
    let target = |path| [GET, HTTPS, A, (":path", path)];
    let (outcome, head) = read(&target("/a%2f/../b;x//?q=%00&&"), true);
    assert_eq!((outcome, head.path(), head.query()), (Fine, &b"/a%2f/../b;x//"[..], &b"q=%00&&"[..]));
    assert_eq!(head.target_scheme_is_https, Some(true));
    for path in ["/a#b", "#", "a", "*", "http://a.test/", "/a b", "/\u{e9}", "?a"] {
        check(&target(path), Refused(Failure::BadTarget));
    }
    check(&target(""), Reset);
    check(&target("/a\0"), Reset);
    check(&target("/a\r\n"), Reset);
    check(&[(":method", "OPTIONS"), HTTPS, A, (":path", "*")], Fine);
    check(&target(&format!("/{}", "a".repeat(9000))), Refused(Failure::TargetTooLong));
    check(&[GET, (":scheme", "ftp"), A, ROOT], Refused(Failure::BadTarget));
    check(&[GET, (":scheme", ""), A, ROOT], Refused(Failure::BadTarget));
    for method in ["get", "G(T", ""] {
        check(&[(":method", method), HTTPS, A, ROOT], Refused(Failure::BadMethod));
    }
}

#[test]
fn fields_of_connections_and_bytes_that_split_lines_reset_the_stream() {
    for name in ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"] {
        check_with(&[(name, "x")], Reset);
    }
    check_with(&[("te", "trailers")], Fine);
    check_with(&[("te", "trailers, deflate")], Reset);
    for name in ["Upper", "", "a b", "a:b", "a\r\nb", "a\0", "\u{e9}"] {
        check_with(&[(name, "x")], Reset);
    }
    for value in ["a\r\nb: c", "\n", "a\rb", "\0", "\u{7f}", "\u{1}"] {
        check_with(&[("a", value)], Reset);
    }
    check_with(&[("a", "\u{e9}\tb"), ("b", "")], Fine);
    check_with(&[("a", " b")], Refused(Failure::BadField));
    check_with(&[("a", "b\t")], Refused(Failure::BadField));
}

#[test]
fn promised_bodies_have_one_length() {
    let length = |value| [GET, HTTPS, A, ROOT, ("content-length", value)];
    assert_eq!(read(&length("3"), false).0, Fine);
    assert_eq!(read(&length("3"), true).0, Reset);
    assert_eq!(read(&length("0"), true).0, Fine);
    for value in ["+3", "3,3", "-1", "", "18446744073709551616"] {
        assert_eq!(read(&length(value), false).0, Refused(Failure::BadLength), "{value}");
    }
    check_with(&[("content-length", "0"), ("content-length", "0")], Refused(Failure::BadLength));
}

#[test]
fn heads_are_bounded_in_bytes_and_fields() {
    check_with(&[("a", &"b".repeat(65531))], Fine);
    check_with(&[("a", &"b".repeat(65532))], Refused(Failure::HeaderTooLarge));
    check_with(&[("a", "b"); 100], Fine);
    check_with(&[("a", "b"); 101], Refused(Failure::HeaderTooLarge));
    // What breaks the protocol is reset, however large the rest is.
    check_with(&[("a", &"b".repeat(65532)), ("Upper", "x")], Reset);
}

#[test]
fn cookie_crumbs_are_joined_and_aliases_left_out() {
    let fields = [GET, HTTPS, A, ROOT, ("cookie", "a=1"), ("x_own", "1"), ("cookie", "b=2"), ("proxy", "x")];
    let (outcome, head) = read(&fields, true);
    let names: Vec<_> = head.fields().map(|(_, name, _)| String::from_utf8_lossy(name).into_owned()).collect();
    assert_eq!((outcome, names), (Fine, vec!["host".to_owned(), "cookie".to_owned()]));
    assert_eq!(head.field("cookie"), Some(&b"a=1; b=2"[..]));
}

#[test]
fn only_websockets_may_connect() {
    let connect = (":method", "CONNECT");
    check(&[connect, A], Refused(Failure::NotImplemented));
    check(&[connect], Reset);
    check(&[connect, A, ROOT], Reset);
    check(&[connect, A, HTTPS, ROOT], Reset);
    check(&[connect, A, HTTPS, ROOT, (":protocol", "connect-udp")], Refused(Failure::NotImplemented));
    check(&[connect, A, HTTPS, (":protocol", "websocket")], Reset);
    check(&[connect, HTTPS, ROOT, (":protocol", "websocket")], Reset);
    check(&[connect, A, HTTPS, ROOT, (":protocol", "websocket"), (":protocol", "websocket")], Reset);
    let (outcome, head) = read(&[connect, A, HTTPS, ROOT, (":protocol", "websocket")], false);
    assert_eq!((outcome, head.method(), head.upgrade, head.body), (Fine, "GET", Upgrade::WebSocket, BodyLength::Empty));
}
