//! What is compressed, and what its fields say.

use tlsgi_config::config::{Coding, Compression, Limits};
use tlsgi_wire::HttpVersion;

use super::*;
use crate::http::field::FieldBlock;
use crate::http::head::Builder;

fn rules() -> Compression {
    Compression {
        codings: vec![Coding::Zstandard, Coding::Brotli, Coding::Gzip],
        types: ["text/*", "application/json", "*+json", "image/svg+xml"].map(str::to_owned).to_vec(),
        least: 100,
        level: 4,
        compresses_secrets: false,
    }
}

fn request(method: &str, fields: &[(&str, &str)]) -> RequestHead {
    let mut head = RequestHead::default();
    let limits = Limits::default();
    let mut builder = Builder::new(&mut head, HttpVersion::Http11, &limits);
    builder.method(method.as_bytes()).and_then(|()| builder.target(b"/")).expect("a request line");
    builder.field(b"Host", b"localhost").expect("a host");
    fields.iter().for_each(|(name, value)| builder.field(name.as_bytes(), value.as_bytes()).expect("a field"));
    builder.finish().expect("a head");
    head
}

fn response(status: u16, fields: &[(&str, &str)]) -> ResponseHead {
    let mut block = FieldBlock::default();
    fields.iter().for_each(|(name, value)| block.push(name, value.as_bytes()));
    ResponseHead { status, fields: block.encoded().to_vec(), length: None, has_trailers: false }
}

const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");
const ALL: (&str, &str) = ("accept-encoding", "gzip, br, zstd");
const CODE: Verdict = Verdict::Code(Coding::Zstandard);

fn check(request_fields: &[(&str, &str)], response_fields: &[(&str, &str)], expect: Verdict) {
    let known = Circumstances { length: Some(1000), is_file: false, has_certificate: false };
    let verdict = judge(&rules(), &request("GET", request_fields), &response(200, response_fields), known);
    assert_eq!(verdict, expect, "{request_fields:?} {response_fields:?}");
}

#[test]
fn client_and_type_decide() {
    check(&[ALL], &[HTML], CODE);
    check(&[], &[HTML], Verdict::Plain);
    check(&[("accept-encoding", "identity")], &[HTML], Verdict::Plain);
    check(&[("accept-encoding", "br;q=0.5, gzip")], &[HTML], Verdict::Code(Coding::Gzip));
    check(&[("accept-encoding", "*")], &[HTML], CODE);
    check(&[("accept-encoding", "*;q=0")], &[HTML], Verdict::Plain);
    check(&[("accept-encoding", "identity;q=0, gzip;q=0.1")], &[HTML], Verdict::Code(Coding::Gzip));
    check(&[("accept-encoding", "identity, gzip;q=0.5")], &[HTML], Verdict::Plain);
    for kind in ["TEXT/CSS", "application/json", "application/problem+json", "image/svg+xml"] {
        check(&[ALL], &[("content-type", kind)], CODE);
    }
    for kind in ["image/png", "application/octet-stream", "text", "", "text/event-stream", "video/mp4"] {
        check(&[ALL], &[("content-type", kind)], Verdict::Leave);
    }
    check(&[ALL], &[], Verdict::Leave);
}

#[test]
fn what_may_hold_secrets_is_left_alone_where_there_are_credentials() {
    let css = ("content-type", "text/css");
    for credentials in [("cookie", "a=b"), ("authorization", "Bearer x")] {
        check(&[ALL, credentials], &[HTML], Verdict::Leave);
        check(&[ALL, credentials], &[("content-type", "application/json")], Verdict::Leave);
        check(&[ALL, credentials], &[css], CODE);
    }
    check(&[ALL], &[HTML, ("set-cookie", "a=b")], Verdict::Leave);
    let judged = |rules: &Compression, circumstances| {
        judge(rules, &request("GET", &[ALL, ("cookie", "a=b")]), &response(200, &[HTML]), circumstances)
    };
    let known = Circumstances { length: Some(1000), is_file: false, has_certificate: true };
    assert_eq!(judged(&Compression { compresses_secrets: true, ..rules() }, known), CODE);
    assert_eq!(judged(&rules(), Circumstances { is_file: true, ..known }), CODE);
    assert_eq!(judge(&rules(), &request("GET", &[ALL]), &response(200, &[HTML]), known), Verdict::Leave);
}

#[test]
fn what_must_not_be_changed_is_left_alone() {
    check(&[ALL], &[HTML, ("content-encoding", "gzip")], Verdict::Leave);
    check(&[ALL], &[HTML, ("content-encoding", "identity")], CODE);
    check(&[ALL], &[HTML, ("cache-control", "public, No-Transform")], Verdict::Leave);
    check(&[ALL], &[HTML, ("cache-control", "public")], CODE);
    check(&[ALL], &[HTML, ("content-digest", "sha-256=:x:")], Verdict::Leave);
    let known = Circumstances { length: Some(1000), is_file: false, has_certificate: false };
    for status in [204, 205, 206, 304] {
        assert_eq!(judge(&rules(), &request("GET", &[ALL]), &response(status, &[HTML]), known), Verdict::Leave);
    }
    for status in [200, 201, 404, 500] {
        assert_eq!(judge(&rules(), &request("GET", &[ALL]), &response(status, &[HTML]), known), CODE, "{status}");
    }
}

#[test]
fn small_bodies_are_left_alone_and_streams_are_not() {
    let judged = |method, length| {
        let circumstances = Circumstances { length, is_file: false, has_certificate: false };
        judge(&rules(), &request(method, &[ALL]), &response(200, &[HTML]), circumstances)
    };
    assert_eq!((judged("GET", Some(99)), judged("GET", Some(100)), judged("GET", None)), (Verdict::Leave, CODE, CODE));
    assert_eq!(
        (judged("HEAD", Some(99)), judged("HEAD", Some(100)), judged("HEAD", None)),
        (Verdict::Leave, CODE, Verdict::Leave)
    );
}

#[test]
fn events_are_compressed_where_they_are_named() {
    let mut rules = rules();
    rules.types.push("text/event-stream".to_owned());
    let circumstances = Circumstances { length: None, is_file: false, has_certificate: false };
    let events = response(200, &[("content-type", "text/event-stream")]);
    assert_eq!(judge(&rules, &request("GET", &[ALL]), &events, circumstances), CODE);
}

fn shown(fields: &[(&str, &str)], coding: Option<Coding>) -> String {
    let coded = coded(&response(200, fields).fields, coding);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    walk(&coded).map(|(_, name, value)| format!("{}={}", text(name), text(value))).collect::<Vec<_>>().join("|")
}

#[test]
fn fields_say_what_was_done() {
    let gzip = Some(Coding::Gzip);
    assert_eq!(shown(&[], gzip), "vary=accept-encoding|content-encoding=gzip");
    assert_eq!(shown(&[("vary", "cookie")], gzip), "vary=cookie, accept-encoding|content-encoding=gzip");
    assert_eq!(shown(&[("vary", "Accept-Encoding")], gzip), "vary=Accept-Encoding|content-encoding=gzip");
    assert_eq!(shown(&[("vary", "cookie"), ("vary", "accept-encoding")], None), "vary=cookie|vary=accept-encoding");
    assert_eq!(shown(&[("vary", "*")], None), "vary=*");
    assert_eq!(shown(&[("etag", "\"a\"")], gzip), "etag=W/\"a\"|vary=accept-encoding|content-encoding=gzip");
    assert_eq!(shown(&[("etag", "W/\"a\"")], gzip), "etag=W/\"a\"|vary=accept-encoding|content-encoding=gzip");
    assert_eq!(shown(&[("etag", "\"a\"")], None), "etag=\"a\"|vary=accept-encoding");
    assert_eq!(shown(&[("accept-ranges", "bytes")], gzip), "vary=accept-encoding|content-encoding=gzip");
}
