//! HEADERS and CONTINUATION: requests and trailers.

use std::rc::Rc;

use tlsgi_config::config::Limits;

use super::super::frame::{self, Code, Header, flag};
use super::super::hpack::{Line, Name};
use super::super::request::{Malformed, Reader, is_of_connection};
use super::streams::{End, Stream};
use super::{Connection, Leaving, Opened, STREAM_WINDOW};
use crate::http::failure::Failure;

/// CONTINUATION frames of one block. A block of 64 KiB needs three.
const MAX_CONTINUATIONS: u32 = 64;

/// A header block that is not complete.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) stream: u32,
    is_end: bool,
    is_circular: bool,
    continuations: u32,
    bytes: Vec<u8>,
}

/// What HEADERS says beside its block.
#[derive(Debug, Clone, Copy)]
struct Opening {
    stream: u32,
    /// The client sends nothing after it.
    is_end: bool,
    /// Its priority depends on itself.
    is_circular: bool,
}

impl Connection {
    pub(super) fn headers(&mut self, header: Header, payload: &[u8]) -> Result<(), Code> {
        if header.stream == 0 {
            return Err(Code::Protocol);
        }
        let (is_circular, fragment) = fragment(header, payload)?;
        let is_end = header.has(flag::END_STREAM);
        if header.has(flag::END_HEADERS) {
            return self.block(Opening { stream: header.stream, is_end, is_circular }, fragment);
        }
        let bytes = fragment.to_vec();
        self.input.block = Some(Block { stream: header.stream, is_end, is_circular, continuations: 0, bytes });
        Ok(())
    }

    pub(super) fn continuation(&mut self, header: Header, payload: &[u8]) -> Result<(), Code> {
        // That it belongs to the open block was looked at before; there may be none.
        let Some(block) = &mut self.input.block else { return Err(Code::Protocol) };
        block.continuations += 1;
        block.bytes.extend_from_slice(payload);
        if block.continuations > MAX_CONTINUATIONS || block.bytes.len() > self.max_block {
            return Err(Code::EnhanceYourCalm);
        }
        if !header.has(flag::END_HEADERS) {
            return Ok(());
        }
        let Some(Block { stream, is_end, is_circular, bytes, .. }) = self.input.block.take() else { return Ok(()) };
        self.block(Opening { stream, is_end, is_circular }, &bytes)
    }

    /// A whole block. Whatever becomes of it, it is decompressed: the next one depends on it (RFC 9113 4.3).
    fn block(&mut self, opening: Opening, block: &[u8]) -> Result<(), Code> {
        if let Some(slot) = self.streams.find(opening.stream) {
            return self.trailers(slot, opening, block);
        }
        if opening.stream.is_multiple_of(2) {
            return Err(Code::Protocol);
        }
        if !self.is_idle(opening.stream) {
            self.pass_over(block)?;
            return match self.streams.end_of(opening.stream) {
                Some(End::ByUs) => Ok(()),
                Some(End::ByClient) => self.refuse(opening.stream, Code::StreamClosed),
                Some(End::InOrder) => Err(Code::StreamClosed),
                None if opening.stream > self.served => Ok(()),
                None => Err(Code::Protocol),
            };
        }
        self.last = opening.stream;
        if self.leaving == Leaving::Final {
            return self.pass_over(block);
        }
        self.served = opening.stream;
        self.meter.earn_piece();
        if self.streams.open() >= self.limits.h2_streams {
            self.pass_over(block)?;
            return self.refuse(opening.stream, Code::RefusedStream);
        }
        self.open(opening, block)
    }

    fn open(&mut self, opening: Opening, block: &[u8]) -> Result<(), Code> {
        let Opening { stream, is_end, is_circular } = opening;
        let mut head = self.heads.pop().unwrap_or_default();
        let limits = Rc::clone(&self.limits);
        let mut reader = Reader::new(&mut head, &mut self.path, &limits);
        self.decoder.decode(block, |line| reader.line(line)).map_err(|_| Code::Compression)?;
        let (refusal, promised) = match reader.finish(is_end) {
            Ok(Ok(promised)) if !is_circular => (None, promised),
            Ok(Err(failure)) if !is_circular => (Some(failure), None),
            Ok(_) | Err(Malformed) => {
                self.heads.push(head);
                return self.refuse(stream, Code::Protocol);
            }
        };
        let slot = self.streams.insert(Stream {
            id: stream,
            is_ended: is_end,
            send_window: self.first_send_window,
            recv_window: STREAM_WINDOW.into(),
            promised,
            ..Stream::default()
        });
        self.opened.push(Opened { slot, head, refusal, is_end, limits });
        Ok(())
    }

    fn trailers(&mut self, slot: u32, opening: Opening, block: &[u8]) -> Result<(), Code> {
        let is_ended = self.streams.get(slot).is_some_and(|stream| stream.is_ended);
        let (mut is_malformed, mut count, mut left) =
            (!opening.is_end || opening.is_circular, 0, self.limits.header_bytes);
        let mut is_too_large = false;
        let check = |line: Line<'_>| {
            is_malformed |= !line.is_sound;
            match line.name {
                Name::Field(id) => is_malformed |= is_of_connection(id, line.text),
                _ => is_malformed = true,
            }
            count += 1;
            match left.checked_sub(line.text.len() + line.value.len() + 4) {
                Some(less) => left = less,
                None => is_too_large = true,
            }
        };
        self.decoder.decode(block, check).map_err(|_| Code::Compression)?;
        if is_ended {
            return self.fault(slot, Code::StreamClosed);
        }
        if is_malformed {
            return self.fault(slot, Code::Protocol);
        }
        if (is_too_large || count > self.limits.header_count)
            && let Some(stream) = self.streams.get_mut(slot)
        {
            stream.failure = Some(Failure::BadTrailer);
        }
        self.end_of_body(slot)
    }

    fn pass_over(&mut self, block: &[u8]) -> Result<(), Code> {
        self.decoder.decode(block, |_| {}).map_err(|_| Code::Compression)
    }

    /// What holds for new requests from now on.
    pub(in super::super) fn set_limits(&mut self, limits: &Rc<Limits>) {
        if !Rc::ptr_eq(&self.limits, limits) {
            self.limits = Rc::clone(limits);
            self.max_block = max_block(limits);
        }
    }
}

/// Bytes of a compressed block: twice what a head may have, so that what is over the limit by less gets an answer that says so.
pub(super) const fn max_block(limits: &Limits) -> usize {
    2 * (limits.header_bytes + limits.request_line_bytes) + frame::MAX_PAYLOAD as usize
}

/// The part of HEADERS that belongs to the block, and whether the priority before it depends on its own stream.
fn fragment(header: Header, payload: &[u8]) -> Result<(bool, &[u8]), Code> {
    let (mut rest, mut padding) = (payload, 0);
    if header.has(flag::PADDED) {
        let (&length, after) = rest.split_first().ok_or(Code::Protocol)?;
        (padding, rest) = (usize::from(length), after);
    }
    let mut is_circular = false;
    if header.has(flag::PRIORITY) {
        let (priority, after) = rest.split_at_checked(5).ok_or(Code::FrameSize)?;
        is_circular = frame::number(priority) & (u32::MAX >> 1) == header.stream;
        rest = after;
    }
    let kept = rest.len().checked_sub(padding).ok_or(Code::Protocol)?;
    Ok((is_circular, rest.get(..kept).unwrap_or_default()))
}
