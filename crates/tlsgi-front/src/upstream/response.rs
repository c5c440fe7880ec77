//! The head of an upstream's response. Strict: what two readers could understand in two ways is not passed on.

use bytes::{Buf as _, BytesMut};
use memchr::memchr;
use tlsgi_config::config::Limits;
use tlsgi_wire::{MAX_FIELD, REASON_FIELD, reason};

use crate::http::field::{self, FieldBlock, is_hop_by_hop};
use crate::http::head::{BodyLength, MAX_LENGTH};

/// Why an answer is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("its answer does not begin with a status line of HTTP/1")]
    StatusLine,
    #[error("a header line of its answer does not end with CR LF")]
    LineEnd,
    #[error("a header field of its answer is not valid")]
    Field,
    #[error("the header block of its answer is larger than --max-header-size or --max-header-count")]
    TooLarge,
    #[error("the length of its answer is not clear")]
    Length,
    #[error("it switched protocols without being asked, or not as asked")]
    Switch,
    #[error("it sent too many interim answers")]
    Interim,
    #[error("the chunked body of its answer is not valid")]
    Chunk,
    #[error("it ended the connection before it answered")]
    Silent,
    #[error("it ended the connection within its answer")]
    Cut,
    #[error("it took too long")]
    Late,
}

/// A head that is complete.
#[derive(Debug)]
pub(super) struct Head {
    /// 100 to 999.
    pub(super) status: u16,
    /// What is passed on, in the wire's encoding; lengths and fields of the connection are left out.
    pub(super) fields: FieldBlock,
    /// What `Content-Length` says, for any status.
    pub(super) length: Option<u64>,
    pub(super) is_chunked: bool,
    /// The connection may be used again.
    pub(super) keeps_alive: bool,
    /// `Sec-WebSocket-Accept`, where the protocol becomes WebSocket.
    pub(super) accept: Option<Vec<u8>>,
}

impl Head {
    /// How its body is delimited, none where it ends with the connection.
    pub(super) const fn body(&self, is_head_request: bool) -> Option<BodyLength> {
        match (self.status, self.length) {
            _ if is_head_request => Some(BodyLength::Empty),
            (204 | 304, _) => Some(BodyLength::Empty),
            _ if self.is_chunked => Some(BodyLength::Unknown),
            (_, Some(0)) => Some(BodyLength::Empty),
            (_, Some(length)) => Some(BodyLength::Known(length)),
            (_, None) => None,
        }
    }
}

/// Takes a head off the input; none while it is incomplete. `searched` is how far it was looked for, 0 at first.
pub(super) fn take(input: &mut BytesMut, searched: &mut usize, limits: &Limits) -> Result<Option<Head>, Fault> {
    let Some(end) = find_end(input, searched, limits.header_bytes)? else { return Ok(None) };
    let head = parse(input.get(..end).unwrap_or_default(), limits)?;
    input.advance(end);
    *searched = 0;
    Ok(Some(head))
}

/// Where the head ends, with every line end checked on the way.
fn find_end(input: &[u8], searched: &mut usize, limit: usize) -> Result<Option<usize>, Fault> {
    const START: &[u8] = b"HTTP/1.";
    if !START.starts_with(input.get(..START.len().min(input.len())).unwrap_or_default()) {
        return Err(Fault::StatusLine);
    }
    while let Some(at) = input.get(*searched..).and_then(|rest| memchr(b'\n', rest)) {
        let feed = *searched + at;
        let before = input.get(..feed).unwrap_or_default();
        if before.last() != Some(&b'\r') {
            return Err(Fault::LineEnd);
        }
        *searched = feed + 1;
        if feed > limit {
            return Err(Fault::TooLarge);
        }
        if before.ends_with(b"\r\n\r") {
            return Ok(Some(feed + 1));
        }
    }
    *searched = input.len();
    if input.len() > limit { Err(Fault::TooLarge) } else { Ok(None) }
}

fn parse(text: &[u8], limits: &Limits) -> Result<Head, Fault> {
    let text = text.strip_suffix(b"\r\n\r\n").ok_or(Fault::LineEnd)?;
    let mut lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let (is_http10, status, phrase) = status_line(lines.next().unwrap_or_default())?;
    let mut reading = Reading { keeps_alive: !is_http10, ..Reading::default() };
    for line in lines {
        if reading.fields.len() >= limits.header_count {
            return Err(Fault::TooLarge);
        }
        reading.line(line)?;
    }
    if reading.is_chunked && (reading.length.is_some() || is_http10) {
        return Err(Fault::Length);
    }
    let mut fields = FieldBlock::default();
    if !phrase.is_empty() && phrase != reason(status).as_bytes() {
        // `REASON_FIELD` is no token: nobody else can have sent it.
        fields.push(str::from_utf8(REASON_FIELD).unwrap_or_default(), phrase);
    }
    let accept = reading.accept();
    for (name, value) in &reading.fields {
        let is_nominated = reading.connection.iter().any(|member| member == name);
        if !is_nominated && !is_hop_by_hop(name.as_bytes()) && name != "content-length" {
            fields.push(name, value);
        }
    }
    let Reading { length, is_chunked, keeps_alive, is_close, .. } = reading;
    Ok(Head { status, fields, length, is_chunked, keeps_alive: keeps_alive && !is_close, accept })
}

/// Version, status and phrase.
fn status_line(line: &[u8]) -> Result<(bool, u16, &[u8]), Fault> {
    let (version, rest) = line.split_at_checked(9).ok_or(Fault::StatusLine)?;
    let is_http10 = match version {
        b"HTTP/1.1 " => false,
        b"HTTP/1.0 " => true,
        _ => return Err(Fault::StatusLine),
    };
    let (digits, phrase) = rest.split_at_checked(3).ok_or(Fault::StatusLine)?;
    let status = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let status = status.and_then(|text| text.parse().ok()).filter(|status| *status >= 100).ok_or(Fault::StatusLine)?;
    match phrase {
        [] => Ok((is_http10, status, phrase)),
        [b' ', phrase @ ..] if field::is_value(phrase) => Ok((is_http10, status, field::trim(phrase))),
        _ => Err(Fault::StatusLine),
    }
}

/// What the field lines say, as they are read.
#[derive(Default)]
struct Reading<'t> {
    /// Names in lower case.
    fields: Vec<(String, &'t [u8])>,
    length: Option<u64>,
    is_chunked: bool,
    keeps_alive: bool,
    is_close: bool,
    /// What `Connection` names, in lower case.
    connection: Vec<String>,
}

impl<'t> Reading<'t> {
    fn line(&mut self, line: &'t [u8]) -> Result<(), Fault> {
        let colon = memchr(b':', line).ok_or(Fault::Field)?;
        let (name, value) = line.split_at(colon);
        let value = field::trim(value.get(1..).unwrap_or_default());
        // A folded line begins with a space, which no name has.
        if !field::is_token(name) || name.len() > 1024 || !field::is_value(value) || value.len() > MAX_FIELD {
            return Err(Fault::Field);
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        match name.as_str() {
            "content-length" => self.content_length(value)?,
            "transfer-encoding" if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") => {
                return Err(Fault::Length);
            }
            "transfer-encoding" => self.is_chunked = true,
            "connection" => {
                for member in field::list(value) {
                    self.is_close |= member.eq_ignore_ascii_case(b"close");
                    self.keeps_alive |= member.eq_ignore_ascii_case(b"keep-alive");
                    self.connection.push(String::from_utf8_lossy(member).to_ascii_lowercase());
                }
            }
            _ => {}
        }
        self.fields.push((name, value));
        Ok(())
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.length.is_some() || value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(Fault::Length);
        }
        let length = str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        self.length = Some(length.filter(|length| *length <= MAX_LENGTH).ok_or(Fault::Length)?);
        Ok(())
    }

    /// The proof of a WebSocket handshake, where the connection says that it becomes one.
    fn accept(&self) -> Option<Vec<u8>> {
        let named = |wanted| self.fields.iter().filter(move |(name, _)| name == wanted);
        let is_websocket = named("upgrade").any(|(_, value)| value.eq_ignore_ascii_case(b"websocket"));
        let is_upgrade = self.connection.iter().any(|member| member == "upgrade");
        let mut accepts = named("sec-websocket-accept");
        match (accepts.next(), accepts.next()) {
            (Some((_, accept)), None) if is_websocket && is_upgrade => Some(accept.to_vec()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Taken = Result<Option<(u16, Vec<u8>, usize)>, Fault>;

    fn taken(text: &[u8], size: usize) -> Taken {
        let (mut input, mut searched) = (BytesMut::new(), 0);
        for piece in text.chunks(size) {
            input.extend_from_slice(piece);
            if let Some(head) = take(&mut input, &mut searched, &Limits::default())? {
                return Ok(Some((head.status, head.fields.encoded().to_vec(), input.len())));
            }
        }
        Ok(None)
    }

    #[test]
    fn fields_of_the_connection_stay_behind() {
        let text = b"HTTP/1.1 200 OK\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nTrailer: a\r\nX-Own:  1 \r\n\r\nrest";
        let (mut input, mut searched) = (BytesMut::from(&text[..]), 0);
        let head = take(&mut input, &mut searched, &Limits::default()).expect("valid").expect("complete");
        let names: Vec<_> = field::walk(head.fields.encoded()).map(|(_, name, value)| (name, value)).collect();
        assert_eq!(names, [(&b"x-own"[..], &b"1"[..])]);
        assert!(!head.keeps_alive && &input[..] == b"rest");
        assert_eq!(head.body(false), None);
        assert_eq!(head.body(true), Some(BodyLength::Empty));
    }

    #[test]
    fn connections_are_kept_as_the_version_has_it() {
        for (start, expect) in [
            ("HTTP/1.1 200 OK\r\n", true),
            ("HTTP/1.0 200 OK\r\n", false),
            ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", true),
            ("HTTP/1.1 200\r\nConnection: keep-alive, CLOSE\r\n", false),
        ] {
            let mut input = BytesMut::from(format!("{start}Content-Length: 0\r\n\r\n").as_bytes());
            let head = take(&mut input, &mut 0, &Limits::default()).expect("valid").expect("complete");
            assert_eq!((head.keeps_alive, head.body(false)), (expect, Some(BodyLength::Empty)), "{start}");
        }
    }

    proptest! {
        #[test]
        fn a_head_is_the_same_however_it_arrives(
            lines in proptest::collection::vec("(Content-Length|Transfer-Encoding|Connection|X|Upgrade| ?[a-z:]{0,3})(: ?|:)(chunked|[0-9]{1,3}|close|\\PC{0,5})", 0..6),
            end in "(\r\n\r\n|\r\n|\n\n|\n|)",
            size in 1_usize..9,
        ) {
            let text = format!("HTTP/1.1 200 OK\r\n{}{end}", lines.join("\r\n"));
            let (whole, dripped) = (taken(text.as_bytes(), text.len()), taken(text.as_bytes(), size));
            match (whole, dripped) {
                (Ok(Some((status, fields, _))), Ok(Some((other, same, _)))) => prop_assert_eq!((status, fields), (other, same)),
                (one, other) => prop_assert_eq!(one.map(drop), other.map(drop)),
            }
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_waited_for(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = [&b"HTTP/1.1 200 OK\r\nA: "[..], &bytes, b"\r\n\r\n"].concat();
            if let Ok(Some((_, fields, _))) = taken(&text, text.len()) {
                prop_assert!(field::walk(&fields).all(|(_, name, value)| field::is_token(name) && field::is_value(value)));
            }
        }
    }
}
