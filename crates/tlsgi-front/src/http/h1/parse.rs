//! The head of an HTTP/1 request, out of a buffer that may not hold all of it yet (RFC 9112 2 to 5).

use memchr::memchr;
use tlsgi_config::config::Limits;
use tlsgi_wire::HttpVersion;

use crate::http::failure::Failure;
use crate::http::field::{self, is_token_byte};
use crate::http::head::{Builder, RequestHead};

/// Remembers how far the buffer was searched, so that dripped bytes are not searched again.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Start of the line that is not complete yet.
    line: usize,
    /// End of the request line, once seen.
    request_line: Option<usize>,
    /// Searched up to here.
    searched: usize,
}

/// Parses the head at the start of `buffer` into `head`: its length in bytes, or `None` while it is incomplete.
/// One empty line before the request line is allowed (RFC 9112 2.2).
pub(crate) fn parse(
    buffer: &[u8],
    scan: &mut Scan,
    head: &mut RequestHead,
    limits: &Limits,
) -> Result<Option<usize>, Failure> {
    let Some(end) = find_end(buffer, scan, limits)? else { return Ok(None) };
    let mut lines = buffer.get(skip(buffer)..end).unwrap_or_default();
    let request_line = next_line(&mut lines);
    let [method, target, version] = split_request_line(request_line)?;
    let version = parse_version(version)?;
    let mut builder = Builder::new(head, version, limits);
    builder.method(method)?;
    builder.target(target)?;
    loop {
        let line = next_line(&mut lines);
        if line.is_empty() {
            break;
        }
        let colon = memchr(b':', line).ok_or(Failure::BadField)?;
        let (name, value) = line.split_at(colon);
        builder.field(name, field::trim(value.get(1..).unwrap_or_default()))?;
    }
    builder.finish()?;
    *scan = Scan::default();
    Ok(Some(end))
}

/// The end of the head, checking line ends and limits on the way.
fn find_end(buffer: &[u8], scan: &mut Scan, limits: &Limits) -> Result<Option<usize>, Failure> {
    let start = skip(buffer);
    if scan.line < start {
        scan.line = start;
        scan.searched = scan.searched.max(start);
    }
    if scan.request_line.is_none() && buffer.get(start).is_some_and(|byte| !is_token_byte(*byte) && *byte != b'\r') {
        return Err(Failure::Malformed);
    }
    while let Some(at) = buffer.get(scan.searched..).and_then(|rest| memchr(b'\n', rest)) {
        let feed = scan.searched + at;
        if feed == scan.line || buffer.get(feed - 1) != Some(&b'\r') {
            return Err(Failure::BareLineFeed);
        }
        let is_empty = feed - 1 == scan.line;
        match scan.request_line {
            None if is_empty => return Err(Failure::Malformed),
            None if feed - 1 - start > limits.request_line_bytes => return Err(Failure::TargetTooLong),
            None => scan.request_line = Some(feed + 1),
            Some(fields) if feed + 1 - fields > limits.header_bytes + 2 => return Err(Failure::HeaderTooLarge),
            Some(_) if is_empty => return Ok(Some(feed + 1)),
            Some(_) => {}
        }
        scan.line = feed + 1;
        scan.searched = feed + 1;
    }
    scan.searched = buffer.len();
    match scan.request_line {
        None if buffer.len().saturating_sub(start) > limits.request_line_bytes + 2 => Err(Failure::TargetTooLong),
        Some(fields) if buffer.len() - fields > limits.header_bytes + 2 => Err(Failure::HeaderTooLarge),
        _ => Ok(None),
    }
}

/// Bytes of the one empty line that may stand before a request line.
fn skip(buffer: &[u8]) -> usize {
    if buffer.starts_with(b"\r\n") { 2 } else { 0 }
}

fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = memchr(b'\n', rest).unwrap_or(rest.len().saturating_sub(1));
    let (line, after) = rest.split_at((end + 1).min(rest.len()));
    *rest = after;
    line.strip_suffix(b"\r\n").unwrap_or(line)
}

/// Three parts with exactly one space between them (RFC 9112 3).
fn split_request_line(line: &[u8]) -> Result<[&[u8]; 3], Failure> {
    let mut parts = line.split(|byte| *byte == b' ');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(method), Some(target), Some(version), None) if !target.is_empty() => Ok([method, target, version]),
        _ => Err(Failure::Malformed),
    }
}

fn parse_version(version: &[u8]) -> Result<HttpVersion, Failure> {
    match version {
        b"HTTP/1.1" => Ok(HttpVersion::Http11),
        b"HTTP/1.0" => Ok(HttpVersion::Http10),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Err(Failure::Version),
        _ => Err(Failure::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::BodyLength;

    fn parse_whole(text: &str) -> Result<Option<(RequestHead, usize)>, Failure> {
        let mut head = RequestHead::default();
        let length = parse(text.as_bytes(), &mut Scan::default(), &mut head, &Limits::default())?;
        Ok(length.map(|length| (head, length)))
    }

    /// The outcome must not depend on how the bytes arrive.
    fn check(text: &str, expect: Result<&str, Failure>) {
        let whole = parse_whole(text).map(|parsed| parsed.expect("complete").0.path().to_vec());
        assert_eq!(whole, expect.map(|path| path.as_bytes().to_vec()), "{text:?}");
        let (mut scan, mut head) = (Scan::default(), RequestHead::default());
        let mut dripped = Ok(None);
        for end in 1..=text.len() {
            dripped = parse(&text.as_bytes()[..end], &mut scan, &mut head, &Limits::default());
            if !matches!(dripped, Ok(None)) {
                break;
            }
        }
        let dripped = dripped.map(|length| length.map(|_| head.path().to_vec()).expect("complete"));
        assert_eq!(dripped, whole, "{text:?} in drips");
    }

    #[test]
    fn plain_requests_are_taken() {
        check("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", Ok("/a"));
        check("\r\nGET / HTTP/1.0\r\n\r\n", Ok("/"));
        let (head, length) =
            parse_whole("POST / HTTP/1.1\r\nHost:x\r\nContent-Length:  3 \r\n\r\nabc").unwrap().unwrap();
        assert_eq!((head.body, length), (BodyLength::Known(3), 48));
    }

    #[test]
    fn loose_syntax_is_refused() {
        check("GET / HTTP/1.1\nHost: x\n\n", Err(Failure::BareLineFeed));
        check("GET / HTTP/1.1\r\nHost: x\n\r\n", Err(Failure::BareLineFeed));
        check("GET / HTTP/1.1\r\nHost: x\r\n a\r\n\r\n", Err(Failure::BadField));
        check("GET / HTTP/1.1\r\nHost : x\r\n\r\n", Err(Failure::BadField));
        check("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", Err(Failure::BadField));
        check("GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", Err(Failure::BadField));
        check("GET / HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n", Err(Failure::BadField));
        check("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", Err(Failure::Malformed));
        check("GET /\r\nHost: x\r\n\r\n", Err(Failure::Malformed));
        check("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", Err(Failure::Malformed));
        check("GET / HTTP/1.2\r\nHost: x\r\n\r\n", Err(Failure::Version));
        check("GET / HTTP/2.0\r\nHost: x\r\n\r\n", Err(Failure::Version));
        check("GET / http/1.1\r\nHost: x\r\n\r\n", Err(Failure::Malformed));
        check("\x16\x03\x01\r\n\r\n", Err(Failure::Malformed));
    }

    #[test]
    fn limits_are_met_while_the_head_still_comes() {
        check(&format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(9000)), Err(Failure::TargetTooLong));
        let big = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "a".repeat(70_000));
        check(&big, Err(Failure::HeaderTooLarge));
        let many = "A: b\r\n".repeat(101);
        check(&format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), Err(Failure::HeaderTooLarge));
    }
}
