//! What is sent: heads, bodies as far as windows and room allow, resets, answers to control frames.

use tokio::time::Instant;

use super::super::frame::{self, Code, HEADER, flag, kind};
use super::super::hpack::Encoder;
use super::streams::End;
use super::{COLLECTED, Connection, KEPT_HEADS};
use crate::http::client::Gone;
use crate::http::field;
use crate::http::head::RequestHead;
use crate::http::response::{Framing, ResponseHead, SitePolicy, emit};

/// How far a piece of body came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Sent {
    /// All of it is on its way.
    All,
    /// So many bytes are; the client's window for the stream is used up.
    Blocked(usize),
    /// So many bytes are; others have their turn, or the client's window for the connection is used up.
    Waiting(usize),
}

impl Connection {
    /// Whether a stream may put something into the output now; else it is woken when it may.
    pub(in super::super) fn has_room(&mut self, slot: u32) -> bool {
        let has_room = self.output().len() < COLLECTED;
        if !has_room {
            self.wait_for_turn(slot);
        }
        has_room
    }

    fn wait_for_turn(&mut self, slot: u32) {
        if let Some(stream) = self.streams.get_mut(slot)
            && !std::mem::replace(&mut stream.is_waiting, true)
        {
            self.waiting.push_back(slot);
        }
    }

    /// When a stream last got something into the output.
    pub(in super::super) const fn moved(&self) -> Instant {
        self.moved
    }

    /// The head of a response; with `is_end` it is the whole.
    pub(in super::super) fn send_head(
        &mut self,
        slot: u32,
        head: &ResponseHead,
        framing: Framing,
        policy: SitePolicy<'_>,
        is_end: bool,
    ) -> Result<(), Gone> {
        self.head_frame(slot, is_end, |encoder, out| {
            Encoder::status(out, head.status);
            // A stream has no connection of its own to end.
            let _ = emit(head, framing, policy, |name, value| encoder.field(out, name, value));
        })
    }

    /// An interim head: these fields and nothing of the front's own.
    pub(in super::super) fn send_interim(&mut self, slot: u32, status: u16, fields: &[u8]) -> Result<(), Gone> {
        self.head_frame(slot, false, |encoder, out| {
            Encoder::status(out, status);
            put_plain(encoder, out, fields);
        })
    }

    /// Trailers, which end the response.
    pub(in super::super) fn send_trailers(&mut self, slot: u32, fields: &[u8]) -> Result<(), Gone> {
        self.head_frame(slot, true, |encoder, out| put_plain(encoder, out, fields))
    }

    /// A header block in HEADERS, and CONTINUATION where it is larger than a frame.
    fn head_frame(
        &mut self,
        slot: u32,
        is_end: bool,
        put: impl FnOnce(&mut Encoder, &mut Vec<u8>),
    ) -> Result<(), Gone> {
        let id = self.writable(slot)?;
        let flags = if is_end { flag::END_STREAM } else { 0 };
        let start = self.out.len();
        frame::put_header(&mut self.out, 0, kind::HEADERS, flags | flag::END_HEADERS, id);
        self.encoder.begin(&mut self.out);
        put(&mut self.encoder, &mut self.out);
        let length = self.out.len() - start - HEADER;
        if length <= self.max_payload {
            let [_, _, a, b] = (length as u32).to_be_bytes();
            if let Some(place) = self.out.get_mut(start + 1..start + 3) {
                place.copy_from_slice(&[a, b]);
            }
        } else {
            let block = self.out.split_off(start + HEADER);
            self.out.truncate(start);
            self.split_block(id, flags, &block);
        }
        if is_end {
            self.ended(slot);
        }
        self.moved = self.now;
        Ok(())
    }

    fn split_block(&mut self, id: u32, flags: u8, block: &[u8]) {
        let mut pieces = block.chunks(self.max_payload).peekable();
        let (mut kind, mut flags) = (kind::HEADERS, flags);
        while let Some(piece) = pieces.next() {
            let last = if pieces.peek().is_none() { flag::END_HEADERS } else { 0 };
            frame::put(&mut self.out, kind, flags | last, id, piece);
            (kind, flags) = (kind::CONTINUATION, 0);
        }
    }

    /// Body of a response, as much as may go now. When it was not all, the owner is woken to go on.
    pub(in super::super) fn send_body(&mut self, slot: u32, bytes: &[u8], is_end: bool) -> Result<Sent, Gone> {
        let id = self.writable(slot)?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let sent = bytes.len() - rest.len();
            let Some(stream) = self.streams.get_mut(slot) else { return Err(Gone) };
            if stream.send_window <= 0 {
                stream.awaits_window = true;
                return Ok(Sent::Blocked(sent));
            }
            // Others that wait come first once a frame is out.
            let is_turn = sent == 0 || self.waiting.is_empty();
            if self.send_window <= 0 || self.out.len() - self.written >= COLLECTED || !is_turn {
                self.wait_for_turn(slot);
                return Ok(Sent::Waiting(sent));
            }
            let window = usize::try_from(stream.send_window.min(self.send_window)).unwrap_or(0);
            let (piece, after) = rest.split_at(rest.len().min(self.max_payload).min(window));
            rest = after;
            stream.send_window -= piece.len() as i64;
            self.send_window -= piece.len() as i64;
            let flags = if is_end && rest.is_empty() { flag::END_STREAM } else { 0 };
            frame::put(&mut self.out, kind::DATA, flags, id, piece);
            self.moved = self.now;
        }
        if is_end && bytes.is_empty() {
            frame::put(&mut self.out, kind::DATA, flag::END_STREAM, id, &[]);
        }
        if is_end {
            self.ended(slot);
        }
        // Not so for what the client's window cut: one that opens byte by byte earns nothing.
        self.meter.earn_piece();
        Ok(Sent::All)
    }

    /// Ends a stream of our own accord.
    pub(in super::super) fn reset(&mut self, slot: u32, code: Code) {
        if let Some(stream) = self.streams.get(slot)
            && !stream.is_gone
            && !(stream.is_ended && stream.has_ended)
        {
            let id = stream.id;
            self.put_reset(id, code);
            self.lose(slot);
        }
    }

    /// The owner lets go of its stream; what is not complete is reset.
    pub(in super::super) fn release(&mut self, slot: u32, head: RequestHead) {
        let has_ended = self.streams.get(slot).is_some_and(|stream| stream.has_ended);
        // RFC 9113 8.1: the answer is complete without the rest of the request.
        self.reset(slot, if has_ended { Code::NoError } else { Code::Internal });
        let unread = self.streams.close(slot);
        self.give_back(unread);
        if self.streams.get(slot).is_some_and(|stream| stream.is_waiting) {
            self.waiting.retain(|waiting| *waiting != slot);
        }
        self.grown -= self.streams.get(slot).map_or(0, |stream| stream.growth);
        self.streams.release(slot);
        if self.heads.len() < KEPT_HEADS && !self.is_over {
            self.heads.push(head);
        }
    }

    /// Whether a stream is gone.
    pub(in super::super) fn is_gone(&self, slot: u32) -> bool {
        self.streams.get(slot).is_none_or(|stream| stream.is_gone)
    }

    /// Says whom to wake for a stream.
    pub(in super::super) fn settle_lane(&mut self, slot: u32, lane: u32) {
        if let Some(stream) = self.streams.get_mut(slot) {
            stream.lane = Some(lane);
        }
    }

    /// A stream breaks a rule: it is reset, which counts against its client.
    pub(super) fn fault(&mut self, slot: u32, code: Code) -> Result<(), Code> {
        let Some(stream) = self.streams.get(slot) else { return Ok(()) };
        let id = stream.id;
        self.put_reset(id, code);
        self.lose(slot);
        self.meter.fault(self.now)
    }

    /// Likewise for a stream that nobody owns.
    pub(super) fn refuse(&mut self, id: u32, code: Code) -> Result<(), Code> {
        self.put_reset(id, code);
        self.meter.fault(self.now)
    }

    /// An answer to a control frame: a client that does not read them is not read from.
    pub(super) fn answer(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        frame::put(&mut self.out, kind, flags, stream, payload);
        self.answers += HEADER + payload.len();
    }

    fn put_reset(&mut self, id: u32, code: Code) {
        self.streams.remember(id, End::ByUs);
        self.answer(kind::RST_STREAM, 0, id, &(code as u32).to_be_bytes());
    }

    fn writable(&self, slot: u32) -> Result<u32, Gone> {
        let stream = self.streams.get(slot).ok_or(Gone)?;
        if stream.is_gone || stream.has_ended { Err(Gone) } else { Ok(stream.id) }
    }

    fn ended(&mut self, slot: u32) {
        if let Some(stream) = self.streams.get_mut(slot) {
            stream.has_ended = true;
            self.streams.finish_if_ended(slot);
        }
    }
}

/// Fields as they are, those of HTTP/1 connections left out.
fn put_plain(encoder: &mut Encoder, out: &mut Vec<u8>, fields: &[u8]) {
    for (_, name, value) in field::walk(fields).filter(|(_, name, _)| !field::is_hop_by_hop(name)) {
        encoder.field(out, name, value);
    }
}
