//! The body of a request on its way to an upstream.

use std::io::Write as _;

use bytes::Bytes;

use super::line::Line;
use super::request::Framing;
use crate::http::client::{Client, Event};
use crate::http::failure::Failure;
use crate::http::head::{BodyLength, Upgrade};

/// A body of which no more is there is taken whole before the upstream hears of the request: a slow client costs it nothing.
const SMALL: usize = 64 << 10;

/// Most of a body without a length for an upstream that needs one.
const MAX_WHOLE: usize = 1 << 20;

/// A request body.
pub(super) struct Outbound {
    declared: Framing,
    /// What of it is still to come.
    framing: Framing,
    /// Came before the connection; kept for a second one.
    first: Bytes,
    /// The client has nothing more.
    is_complete: bool,
    /// The upstream is asked first.
    is_held: bool,
    /// More than `first` was sent.
    has_moved: bool,
}

impl Outbound {
    /// What can be had of it before the upstream is needed. `streams`: the upstream takes bodies without a length.
    pub(super) async fn collect(client: &mut impl Client, streams: bool) -> Result<Self, Failure> {
        let head = client.head();
        let length = if head.upgrade == Upgrade::WebSocket { BodyLength::Empty } else { head.body };
        let is_held = head.expects_continue && length != BodyLength::Empty && streams;
        if length == BodyLength::Empty {
            return Ok(Self::new(Framing::None, Bytes::new(), true, false));
        }
        if is_held {
            let declared = match length {
                BodyLength::Known(length) => Framing::Length(length),
                BodyLength::Empty | BodyLength::Unknown => Framing::Chunked,
            };
            return Ok(Self::new(declared, Bytes::new(), false, true));
        }
        let (wanted, waits) = match length {
            BodyLength::Known(length) => (SMALL, length <= SMALL as u64 || !streams),
            BodyLength::Unknown | BodyLength::Empty => (if streams { SMALL } else { MAX_WHOLE + 1 }, !streams),
        };
        let (first, is_complete) = gather(client, wanted, waits).await?;
        let declared = match (length, is_complete) {
            (BodyLength::Known(length), _) => Framing::Length(length),
            (_, true) => Framing::Length(first.len() as u64),
            (_, false) if streams => Framing::Chunked,
            (_, false) => return Err(Failure::LengthRequired),
        };
        Ok(Self::new(declared, first, is_complete, false))
    }

    fn new(declared: Framing, first: Bytes, is_complete: bool, is_held: bool) -> Self {
        Self { declared, framing: declared, first, is_complete, is_held, has_moved: false }
    }

    /// How it is delimited.
    pub(super) const fn declared(&self) -> Framing {
        self.declared
    }

    /// The upstream has not said yet that it wants it.
    pub(super) const fn is_held(&self) -> bool {
        self.is_held
    }

    /// The upstream wants it; false when it was under way already.
    pub(super) const fn release(&mut self) -> bool {
        std::mem::replace(&mut self.is_held, false)
    }

    /// Whether the client is to be asked for more.
    pub(super) const fn wants_more(&self) -> bool {
        !self.is_complete && !self.is_held
    }

    /// All of it was handed to the connection.
    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// It can be sent once more from the start.
    pub(super) const fn is_repeatable(&self) -> bool {
        !self.has_moved
    }

    /// Puts what is there behind the head.
    pub(super) fn begin(&mut self, line: &mut Line) {
        self.framing = self.declared;
        put(&mut self.framing, &self.first, line);
    }

    /// Sends a piece. Never more than was declared.
    pub(super) fn send(&mut self, bytes: &[u8], line: &mut Line) -> Result<(), Failure> {
        self.drop_first();
        if matches!(self.framing, Framing::Length(left) if left < bytes.len() as u64) {
            return Err(Failure::BadLength);
        }
        put(&mut self.framing, bytes, line);
        Ok(())
    }

    /// The client has sent all.
    pub(super) fn end(&mut self, line: &mut Line) -> Result<(), Failure> {
        self.drop_first();
        self.is_complete = true;
        match self.framing {
            Framing::Length(1..) => return Err(Failure::BadLength),
            Framing::Chunked if !line.is_deaf => line.out.extend_from_slice(b"0\r\n\r\n"),
            _ => {}
        }
        Ok(())
    }

    fn drop_first(&mut self) {
        self.has_moved = true;
        self.first = Bytes::new();
    }
}

fn put(framing: &mut Framing, bytes: &[u8], line: &mut Line) {
    if let Framing::Length(left) = framing {
        *left = left.saturating_sub(bytes.len() as u64);
    }
    if bytes.is_empty() || line.is_deaf {
        return;
    }
    if *framing == Framing::Chunked {
        // Writing to a Vec cannot fail.
        let _ = write!(line.out, "{:x}\r\n", bytes.len());
    }
    line.out.extend_from_slice(bytes);
    if *framing == Framing::Chunked {
        line.out.extend_from_slice(b"\r\n");
    }
}

/// The start of the body, at most `wanted` bytes and one piece, and whether it is all.
async fn gather(client: &mut impl Client, wanted: usize, waits: bool) -> Result<(Bytes, bool), Failure> {
    let (first, mut is_complete) = client.ready_body(wanted)?;
    if is_complete || !waits {
        return Ok((first, is_complete));
    }
    client.send_continue().await.map_err(|_| Failure::Malformed)?;
    let mut whole = Vec::from(first);
    while !is_complete && whole.len() < wanted {
        match client.event(true).await {
            Event::Body(bytes) => whole.extend_from_slice(&bytes),
            Event::BodyEnd => is_complete = true,
            Event::Failed(failure) => return Err(failure),
            Event::Gone => return Err(Failure::Malformed),
        }
    }
    Ok((whole.into(), is_complete))
}
