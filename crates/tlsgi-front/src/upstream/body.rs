//! The body of an upstream's answer, decoded as it comes.

use bytes::{Buf as _, Bytes, BytesMut};
use tlsgi_config::config::Limits;

use crate::http::field::{self, FieldBlock};
use crate::http::h1::body::{Body, Step};
use crate::http::head::BodyLength;

/// Small chunks are passed on together, up to this.
const BATCH: usize = 32 << 10;

/// What of a body is at hand.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// Nothing follows but trailers.
    pub(super) is_end: bool,
    /// Fields after the body, if it had some that may stand there.
    pub(super) trailers: Option<FieldBlock>,
}

/// A decoder.
pub(super) struct ResponseBody {
    /// None: it ends with the connection.
    body: Option<Body>,
    has_ended: bool,
}

impl ResponseBody {
    /// For a body that is delimited so; by the end of the connection without.
    pub(super) fn new(length: Option<BodyLength>, limits: &Limits) -> Self {
        Self { body: length.map(|length| Body::of_response(length, limits)), has_ended: false }
    }

    /// Whether its end shows in its bytes.
    pub(super) const fn is_delimited(&self) -> bool {
        self.body.is_some()
    }

    /// The end of the connection is that of the body, if it is one; asked when the connection has ended.
    pub(super) const fn ends_with_connection(&mut self) -> bool {
        self.has_ended = true;
        self.body.is_none()
    }

    /// Takes what is at hand off the input.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Result<Piece, ()> {
        let Some(body) = &mut self.body else {
            return Ok(Piece { bytes: input.split().freeze(), is_end: self.has_ended, trailers: None });
        };
        let (mut first, mut more) = (Bytes::new(), BytesMut::new());
        loop {
            match body.step(input).map_err(drop)? {
                Step::Data { skip, data } => {
                    input.advance(skip);
                    let piece = input.split_to(data).freeze();
                    if first.is_empty() {
                        first = piece;
                    } else {
                        more.extend_from_slice(&piece);
                    }
                    if first.len() + more.len() >= BATCH && !body.is_complete() {
                        break;
                    }
                }
                Step::More { skip } => {
                    input.advance(skip);
                    break;
                }
                Step::End { skip } => {
                    input.advance(skip);
                    break;
                }
            }
        }
        let bytes = if more.is_empty() { first } else { [first.as_ref(), more.as_ref()].concat().into() };
        let is_end = body.is_complete();
        let trailers = body.trailers().filter(|_| is_end).map(may_follow).filter(|block| !block.encoded().is_empty());
        Ok(Piece { bytes, is_end, trailers })
    }
}

/// Trailers that say nothing about how the message is read, or by whom (RFC 9110 6.5.1).
fn may_follow(trailers: &FieldBlock) -> FieldBlock {
    let mut kept = FieldBlock::default();
    for (_, name, value) in field::walk(trailers.encoded()) {
        let is_barred = field::is_hop_by_hop(name)
            || name.starts_with(b"content-")
            || name.starts_with(b"access-control-")
            || matches!(
                name,
                b"host" | b"set-cookie" | b"location" | b"cache-control" | b"expires" | b"date" | b"vary"
            )
            || matches!(name, b"strict-transport-security" | b"authorization" | b"www-authenticate" | b"age" | b"via");
        if let (false, Ok(name)) = (is_barred, str::from_utf8(name)) {
            kept.push(name, value);
        }
    }
    kept
}
