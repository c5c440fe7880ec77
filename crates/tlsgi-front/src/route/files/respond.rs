//! What a GET or HEAD for a file is answered with. Pure: request and facts in, head and byte ranges out.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use tlsgi_config::config::Coding;

use super::condition::{Outcome, Validators, evaluate, range_is_current};
use super::mount::Facts;
use super::range::{Selection, Span, select};
use crate::http::field::FieldBlock;
use crate::http::head::RequestHead;
use crate::http::response::ResponseHead;

/// The chosen form of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Representation<'a> {
    pub(super) facts: Facts,
    pub(super) media_type: &'a str,
    pub(super) coding: Option<Coding>,
    /// Another `Accept-Encoding` might have chosen another form.
    pub(super) varies: bool,
    pub(super) max_age: Option<Duration>,
}

/// The answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) head: ResponseHead,
    pub(super) body: Body,
}

/// Where the body of an answer stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// There is none.
    Empty,
    /// One part of the file, or all of it.
    Part(Span),
    /// `multipart/byteranges`: what precedes each part, the part; then what ends the whole.
    Parts(Vec<(String, Span)>, String),
}

/// Decides.
pub(super) fn respond(request: &RequestHead, file: &Representation<'_>, now: SystemTime) -> Reply {
    let validators = Validators::of(&file.facts, now);
    let common = common_fields(file, &validators);
    match evaluate(request, &validators) {
        Outcome::Failed => return Reply::empty(412, &common, Some(0)),
        Outcome::NotModified => return Reply::empty(304, &common, None),
        Outcome::Proceed => {}
    }
    let size = file.facts.size;
    let common = common.with("accept-ranges", "bytes");
    match selection(request, &validators, size, now) {
        Selection::Whole => {
            let body =
                if size == 0 || request.is_head() { Body::Empty } else { Body::Part(Span { start: 0, length: size }) };
            Reply { head: ResponseHead::own(200, &described(common, file, file.media_type), size), body }
        }
        Selection::One(span) => {
            let fields = described(common, file, file.media_type).with("content-range", span.content_range(size));
            Reply { head: ResponseHead::own(206, &fields, span.length), body: Body::Part(span) }
        }
        Selection::Many(spans) => multipart(common, file, spans),
        Selection::Unsatisfiable => {
            Reply::empty(416, &common.with("content-range", format!("bytes */{size}")), Some(0))
        }
    }
}

impl Reply {
    fn empty(status: u16, fields: &FieldBlock, length: Option<u64>) -> Self {
        let mut head = ResponseHead::own(status, fields, 0);
        head.length = length;
        Self { head, body: Body::Empty }
    }
}

/// Ranges are defined for GET alone (RFC 9110 14.2).
fn selection(request: &RequestHead, validators: &Validators, size: u64, now: SystemTime) -> Selection {
    let mut values = request.fields().filter(|(_, name, _)| *name == b"range").map(|(_, _, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) if request.method() == "GET" && range_is_current(request, validators, now) => {
            select(value, size)
        }
        _ => Selection::Whole,
    }
}

/// What every answer about this file carries, 304 included (RFC 9110 15.4.5).
fn common_fields(file: &Representation<'_>, validators: &Validators) -> FieldBlock {
    let mut fields = FieldBlock::default().with("etag", &validators.etag);
    if let Some(modified) = validators.last_modified() {
        fields.push("last-modified", modified.as_bytes());
    }
    if file.varies {
        fields.push("vary", b"accept-encoding");
    }
    if let Some(max_age) = file.max_age {
        fields.push("cache-control", format!("max-age={}", max_age.as_secs()).as_bytes());
    }
    fields
}

/// What says how the body is to be read.
fn described(fields: FieldBlock, file: &Representation<'_>, content_type: &str) -> FieldBlock {
    let mut fields = fields.with("content-type", content_type).with("x-content-type-options", "nosniff");
    if let Some(coding) = file.coding {
        fields.push("content-encoding", coding.name().as_bytes());
    }
    fields
}

fn multipart(common: FieldBlock, file: &Representation<'_>, spans: Vec<Span>) -> Reply {
    let boundary = boundary();
    let mut line_end = "";
    let mut length = 0;
    let mut parts = Vec::with_capacity(spans.len());
    for span in spans {
        let range = span.content_range(file.facts.size);
        let kind = file.media_type;
        let opening = format!("{line_end}--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {range}\r\n\r\n");
        length += opening.len() as u64 + span.length;
        parts.push((opening, span));
        line_end = "\r\n";
    }
    let closing = format!("\r\n--{boundary}--\r\n");
    length += closing.len() as u64;
    let fields = described(common, file, &format!("multipart/byteranges; boundary={boundary}"));
    Reply { head: ResponseHead::own(206, &fields, length), body: Body::Parts(parts, closing) }
}

/// A line that no file contains except by an accident of one in 2^128.
fn boundary() -> String {
    let (left, right) = (RandomState::new(), RandomState::new());
    format!("{:016x}{:016x}", left.hash_one(0), right.hash_one(1))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::super::tests::request;
    use super::*;
    use crate::http::field::walk;

    const FILE: Representation<'static> = Representation {
        facts: Facts { inode: 7, size: 1000, modified: (784_111_777, 0) },
        media_type: "text/css; charset=utf-8",
        coding: None,
        varies: false,
        max_age: None,
    };

    fn respond_to(method: &str, fields: &[(&str, &str)], file: &Representation<'_>) -> Reply {
        respond(&request(method, "/a.css", fields), file, UNIX_EPOCH + Duration::from_secs(800_000_000))
    }

    fn field(reply: &Reply, name: &str) -> Option<String> {
        let found = walk(&reply.head.fields).find(|(_, known, _)| *known == name.as_bytes());
        found.map(|(_, _, value)| String::from_utf8_lossy(value).into_owned())
    }

    fn etag() -> String {
        field(&respond_to("GET", &[], &FILE), "etag").expect("always there")
    }

    fn check(method: &str, fields: &[(&str, &str)], status: u16, length: Option<u64>, body: &Body) {
        let reply = respond_to(method, fields, &FILE);
        assert_eq!((reply.head.status, reply.head.length), (status, length), "{method} {fields:?}");
        assert_eq!(&reply.body, body, "{method} {fields:?}");
    }

    const WHOLE: Body = Body::Part(Span { start: 0, length: 1000 });

    #[test]
    fn status_length_and_body() {
        let etag = etag();
        let tenth = Body::Part(Span { start: 0, length: 100 });
        check("GET", &[], 200, Some(1000), &WHOLE);
        check("HEAD", &[], 200, Some(1000), &Body::Empty);
        check("GET", &[("If-None-Match", &etag)], 304, None, &Body::Empty);
        check("HEAD", &[("If-None-Match", &etag)], 304, None, &Body::Empty);
        check("GET", &[("If-Match", "\"x\"")], 412, Some(0), &Body::Empty);
        check("GET", &[("Range", "bytes=0-99")], 206, Some(100), &tenth);
        check("HEAD", &[("Range", "bytes=0-99")], 200, Some(1000), &Body::Empty);
        check("GET", &[("Range", "bytes=0-99"), ("Range", "bytes=0-1")], 200, Some(1000), &WHOLE);
        check("GET", &[("Range", "bytes=1000-")], 416, Some(0), &Body::Empty);
        check("GET", &[("Range", "bytes=0-99"), ("If-Range", &etag)], 206, Some(100), &tenth);
        check("GET", &[("Range", "bytes=0-99"), ("If-Range", "\"x\"")], 200, Some(1000), &WHOLE);
        check("GET", &[("Range", "bytes=1000-"), ("If-Range", "\"x\"")], 200, Some(1000), &WHOLE);
        check("GET", &[("Range", "bytes=0-99"), ("If-None-Match", &etag)], 304, None, &Body::Empty);
        check("GET", &[("Range", "bytes=0-99"), ("If-Match", "\"x\"")], 412, Some(0), &Body::Empty);
    }

    #[test]
    fn fields_of_each_status() {
        let whole = respond_to("GET", &[], &FILE);
        assert_eq!(field(&whole, "last-modified").as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(field(&whole, "accept-ranges").as_deref(), Some("bytes"));
        assert_eq!(field(&whole, "content-type").as_deref(), Some("text/css; charset=utf-8"));
        assert_eq!(field(&whole, "x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!((field(&whole, "vary"), field(&whole, "cache-control")), (None, None));
        let part = respond_to("GET", &[("Range", "bytes=-1")], &FILE);
        assert_eq!(field(&part, "content-range").as_deref(), Some("bytes 999-999/1000"));
        let none = respond_to("GET", &[("Range", "bytes=1000-")], &FILE);
        assert_eq!(field(&none, "content-range").as_deref(), Some("bytes */1000"));
        let known = respond_to("GET", &[("If-None-Match", "*")], &FILE);
        assert_eq!((field(&known, "etag"), field(&known, "content-type")), (Some(etag()), None));
    }

    #[test]
    fn variant_says_so_and_how_long_it_keeps() {
        let max_age = Some(Duration::from_secs(3600));
        let file = Representation { coding: Some(Coding::Brotli), varies: true, max_age, ..FILE };
        for fields in [&[][..], &[("Range", "bytes=0-1")]] {
            let reply = respond_to("GET", fields, &file);
            assert_eq!(field(&reply, "content-encoding").as_deref(), Some("br"));
            assert_eq!(field(&reply, "vary").as_deref(), Some("accept-encoding"));
            assert_eq!(field(&reply, "cache-control").as_deref(), Some("max-age=3600"));
        }
        let known = respond_to("GET", &[("If-None-Match", "*")], &file);
        assert_eq!(field(&known, "vary").as_deref(), Some("accept-encoding"));
        assert_eq!(field(&known, "content-encoding"), None);
    }

    #[test]
    fn multipart_length_is_what_is_sent() {
        let reply = respond_to("GET", &[("Range", "bytes=0-0,10-19")], &FILE);
        let kind = field(&reply, "content-type").expect("always there");
        let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("multipart").to_owned();
        let Body::Parts(parts, closing) = reply.body else { panic!("several parts") };
        let sent: u64 = parts.iter().map(|(opening, span)| opening.len() as u64 + span.length).sum();
        assert_eq!(reply.head.length, Some(sent + closing.len() as u64));
        let openings: Vec<_> = parts.iter().map(|(opening, _)| opening.replace(&boundary, "B")).collect();
        let part = "--B\r\nContent-Type: text/css; charset=utf-8\r\nContent-Range: bytes ";
        assert_eq!(openings, [format!("{part}0-0/1000\r\n\r\n"), format!("\r\n{part}10-19/1000\r\n\r\n")]);
        assert_eq!(closing.replace(&boundary, "B"), "\r\n--B--\r\n");
    }

    #[test]
    fn empty_file_is_an_empty_answer() {
        let file = Representation { facts: Facts { size: 0, ..FILE.facts }, ..FILE };
        let reply = respond_to("GET", &[], &file);
        assert_eq!((reply.head.status, reply.head.length, reply.body), (200, Some(0), Body::Empty));
    }
}
