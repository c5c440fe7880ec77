//! The body of an HTTP/1 request: by length or chunked (RFC 9112 6 and 7), decoded as it comes.

use tlsgi_config::config::Limits;

use crate::http::failure::Failure;
use crate::http::field::{self, FieldBlock};
use crate::http::head::{BodyLength, MAX_LENGTH};

/// Longest chunk-size line, extensions included.
const MAX_CHUNK_LINE: usize = 4096;

/// Where the body stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes to go, by Content-Length.
    Length(u64),
    /// Before a chunk-size line.
    ChunkSize,
    /// So many bytes of this chunk to go.
    ChunkData(u64),
    /// The CR LF after a chunk.
    ChunkEnd,
    /// Trailer lines.
    Trailers,
    /// Complete.
    End,
}

/// A decoder for one body.
#[derive(Debug)]
pub(crate) struct Body {
    state: State,
    received: u64,
    limit: u64,
    trailer_bytes: usize,
    trailer_limit: usize,
    trailers_left: usize,
    /// Kept for whoever passes them on.
    trailers: Option<FieldBlock>,
}

/// What a step of decoding gives. Lengths are of input bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Skip `skip` bytes of framing, then `data` bytes of body follow.
    Data { skip: usize, data: usize },
    /// Skip this many bytes; more input is needed after them.
    More { skip: usize },
    /// Skip this many bytes; the body is complete.
    End { skip: usize },
}

impl Body {
    /// For a body of this length.
    pub(crate) fn new(length: BodyLength, limits: &Limits) -> Self {
        let state = match length {
            BodyLength::Empty => State::End,
            BodyLength::Known(length) => State::Length(length),
            BodyLength::Unknown => State::ChunkSize,
        };
        let limit = limits.body_bytes.unwrap_or(u64::MAX);
        Self {
            state,
            received: 0,
            limit,
            trailer_bytes: 0,
            trailer_limit: limits.header_bytes,
            trailers_left: limits.header_count,
            trailers: None,
        }
    }

    /// For a response: of any size, its trailers kept.
    pub(crate) fn of_response(length: BodyLength, limits: &Limits) -> Self {
        Self { limit: u64::MAX, trailers: Some(FieldBlock::default()), ..Self::new(length, limits) }
    }

    /// The trailers of a response so far.
    pub(crate) const fn trailers(&self) -> Option<&FieldBlock> {
        self.trailers.as_ref()
    }

    /// Whether all of it has been taken.
    pub(crate) fn is_complete(&self) -> bool {
        self.state == State::End
    }

    /// Body bytes so far.
    pub(crate) const fn received(&self) -> u64 {
        self.received
    }

    /// Decodes the start of `input`.
    pub(crate) fn step(&mut self, input: &[u8]) -> Result<Step, Failure> {
        let mut skip = 0;
        loop {
            let rest = input.get(skip..).unwrap_or_default();
            match self.state {
                State::End => return Ok(Step::End { skip }),
                State::Length(left) | State::ChunkData(left) => {
                    let data = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    if data == 0 {
                        return Ok(Step::More { skip });
                    }
                    self.received += data as u64;
                    if self.received > self.limit {
                        return Err(Failure::BodyTooLarge);
                    }
                    self.state = match (self.state, left - data as u64) {
                        (State::Length(_), 0) => State::End,
                        (State::Length(_), left) => State::Length(left),
                        (_, 0) => State::ChunkEnd,
                        (_, left) => State::ChunkData(left),
                    };
                    return Ok(Step::Data { skip, data });
                }
                State::ChunkEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        skip += 2;
                        self.state = State::ChunkSize;
                    }
                    [] | [b'\r'] => return Ok(Step::More { skip }),
                    _ => return Err(Failure::BadChunk),
                },
                State::ChunkSize => {
                    let Some(line) = line(rest, MAX_CHUNK_LINE).map_err(|()| Failure::BadChunk)? else {
                        return Ok(Step::More { skip });
                    };
                    let size = chunk_size(line)?;
                    skip += line.len() + 2;
                    self.state = if size == 0 { State::Trailers } else { State::ChunkData(size) };
                }
                State::Trailers => {
                    let limit = self.trailer_limit - self.trailer_bytes.min(self.trailer_limit);
                    let Some(line) = line(rest, limit).map_err(|()| Failure::BadTrailer)? else {
                        return Ok(Step::More { skip });
                    };
                    skip += line.len() + 2;
                    self.trailer_bytes += line.len() + 2;
                    if line.is_empty() {
                        self.state = State::End;
                    } else {
                        self.trailers_left = self.trailers_left.checked_sub(1).ok_or(Failure::BadTrailer)?;
                        trailer(line, self.trailers.as_mut())?;
                    }
                }
            }
        }
    }
}

/// The line at the start without its CR LF; `None` while incomplete, an error for a bare line feed or a line over the limit.
fn line(input: &[u8], limit: usize) -> Result<Option<&[u8]>, ()> {
    match memchr::memchr(b'\n', input) {
        Some(feed) if feed > limit + 1 => Err(()),
        Some(feed) => input.get(..feed).and_then(|line| line.strip_suffix(b"\r")).map(Some).ok_or(()),
        None if input.len() > limit + 1 => Err(()),
        None => Ok(None),
    }
}

/// Hexadecimal size, then optional extensions, which are checked for control bytes and ignored (RFC 9112 7.1.1).
fn chunk_size(line: &[u8]) -> Result<u64, Failure> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (size, extension) = line.split_at(digits);
    if size.is_empty() || size.len() > 16 {
        return Err(Failure::BadChunk);
    }
    let is_extension = field::trim(extension).is_empty() && extension.is_empty()
        || field::trim(extension).starts_with(b";") && field::is_value(extension);
    if !is_extension {
        return Err(Failure::BadChunk);
    }
    let text = str::from_utf8(size).map_err(|_| Failure::BadChunk)?;
    u64::from_str_radix(text, 16).ok().filter(|size| *size <= MAX_LENGTH).ok_or(Failure::BadChunk)
}

/// Trailers of requests are checked and dropped: they are never promoted to header fields (RFC 9110 6.5.1).
fn trailer(line: &[u8], kept: Option<&mut FieldBlock>) -> Result<(), Failure> {
    let colon = memchr::memchr(b':', line).ok_or(Failure::BadTrailer)?;
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default();
    if !field::is_token(name) || !field::is_value(value) {
        return Err(Failure::BadTrailer);
    }
    if let Some(kept) = kept {
        kept.push(&String::from_utf8_lossy(name).to_ascii_lowercase(), field::trim(value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes in pieces of every size; all must agree.
    fn check(length: BodyLength, input: &str, expect: Result<(&str, usize), Failure>) {
        for piece in 1..=input.len() {
            let outcome = decode(length, input.as_bytes(), piece);
            let expect = expect.map(|(body, used)| (body.as_bytes().to_vec(), used));
            assert_eq!(outcome, expect, "{input:?} in pieces of {piece}");
        }
    }

    fn decode(length: BodyLength, input: &[u8], piece: usize) -> Result<(Vec<u8>, usize), Failure> {
        let mut body = Body::new(length, &Limits::default());
        let (mut buffer, mut decoded, mut used) = (Vec::new(), Vec::new(), 0);
        let mut pieces = input.chunks(piece);
        loop {
            let taken = match body.step(&buffer)? {
                Step::Data { skip, data } => {
                    decoded.extend_from_slice(&buffer[skip..skip + data]);
                    skip + data
                }
                Step::End { skip } => return Ok((decoded, used + skip)),
                Step::More { skip } => {
                    buffer.drain(..skip);
                    used += skip;
                    buffer.extend_from_slice(pieces.next().expect("incomplete input in test"));
                    continue;
                }
            };
            buffer.drain(..taken);
            used += taken;
        }
    }

    #[test]
    fn bodies_end_where_they_say() {
        check(BodyLength::Known(3), "abcGET", Ok(("abc", 3)));
        check(BodyLength::Unknown, "3\r\nabc\r\n0\r\n\r\nGET", Ok(("abc", 13)));
        check(
            BodyLength::Unknown,
            "3;x=\"y\"\r\nabc\r\nA\r\n0123456789\r\n000\r\nT: v\r\n\r\n",
            Ok(("abc0123456789", 42)),
        );
    }

    #[test]
    fn loose_chunks_are_refused() {
        for input in [
            "3\nabc\n",
            "+3\r\nabc",
            "0x3\r\nabc",
            " 3\r\nabc",
            "3 \r\nabc",
            "3\r\nabcd",
            "g\r\nx",
            "\r\n12345",
            "-1\r\nx",
        ] {
            check(BodyLength::Unknown, input, Err(Failure::BadChunk));
        }
        check(BodyLength::Unknown, "11111111111111111\r\nx", Err(Failure::BadChunk));
        check(BodyLength::Unknown, "8000000000000000\r\nx", Err(Failure::BadChunk));
        let trailers = "X: y\r\n".repeat(Limits::default().header_count);
        check(BodyLength::Unknown, &format!("0\r\n{trailers}X: y\r\n\r\n"), Err(Failure::BadTrailer));
        check(BodyLength::Unknown, &format!("0\r\n{trailers}\r\n"), Ok(("", trailers.len() + 5)));
        check(BodyLength::Unknown, "0\r\nbad trailer\r\n\r\n", Err(Failure::BadTrailer));
        check(BodyLength::Unknown, "3;a\0b\r\nabc\r\n", Err(Failure::BadChunk));
    }
}
