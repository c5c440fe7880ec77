//! DATA from the client, and the windows that bound it.

use bytes::Bytes;

use super::super::frame::{self, Code, Header, flag, kind};
use super::streams::End;
use super::{Connection, GROWN, GROWTH, RETURNED, STREAM_WINDOW};
use crate::http::failure::Failure;

/// A DATA frame that is coming in.
#[derive(Debug)]
pub(super) struct Data {
    /// Where it goes; `None` when it is thrown away.
    slot: Option<u32>,
    stream: u32,
    /// The length of the padding has not come.
    has_pad_length: bool,
    /// Bytes of body that have not come.
    left: u32,
    /// Bytes of padding that have not come.
    padding: u32,
    is_end: bool,
}

/// What the owner of a stream finds when it asks for body.
#[derive(Debug)]
pub(in super::super) enum Body {
    Bytes(Bytes),
    /// There is no more.
    End,
    /// It ends with something that breaks a rule.
    Failed(Failure),
    /// Nothing yet; the owner will be woken.
    Wait,
    /// The stream is gone.
    Gone,
}

#[cfg(test)]
impl Data {
    /// Bytes of the frame that count against the window already and have not come.
    pub(super) fn outstanding(&self) -> i64 {
        if self.slot.is_some() { i64::from(self.left) + i64::from(self.padding) } else { 0 }
    }
}

impl Connection {
    pub(super) fn begin_data(&mut self, header: Header) -> Result<(), Code> {
        let Header { stream, length, .. } = header;
        if stream == 0 || self.is_idle(stream) {
            return Err(Code::Protocol);
        }
        // All of the frame counts, padding too (RFC 9113 6.9.1).
        self.recv_window -= i64::from(length);
        if self.recv_window < 0 {
            return Err(Code::FlowControl);
        }
        let is_padded = header.has(flag::PADDED);
        if is_padded && length == 0 {
            return Err(Code::Protocol);
        }
        let is_end = header.has(flag::END_STREAM);
        if length == 0 && !is_end {
            self.meter.empty(self.now)?;
        }
        let slot = self.recipient(stream, length)?;
        if slot.is_none() {
            self.give_back(length as usize);
        }
        self.input.data = Some(Data { slot, stream, has_pad_length: is_padded, left: length, padding: 0, is_end });
        if length == 0 { self.end_data() } else { Ok(()) }
    }

    /// The slot of the stream that a DATA frame is for, or none if it is thrown away. Its window is charged.
    fn recipient(&mut self, id: u32, length: u32) -> Result<Option<u32>, Code> {
        let Some(slot) = self.streams.find(id) else {
            return match self.streams.end_of(id) {
                Some(End::ByUs) => Ok(None),
                Some(End::ByClient) => self.refuse(id, Code::StreamClosed).map(|()| None),
                // GOAWAY said that it is not served.
                None if id > self.served => Ok(None),
                Some(End::InOrder) | None => Err(Code::StreamClosed),
            };
        };
        let Some(stream) = self.streams.get_mut(slot) else { return Ok(None) };
        stream.recv_window -= i64::from(length);
        if stream.is_ended {
            return self.fault(slot, Code::StreamClosed).map(|()| None);
        }
        if stream.recv_window < 0 {
            return self.fault(slot, Code::FlowControl).map(|()| None);
        }
        Ok(Some(slot))
    }

    /// The next bytes of a DATA frame; what does not belong to it is given back.
    pub(super) fn data<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Code> {
        let Some(data) = &mut self.input.data else { return Ok(bytes) };
        let mut rest = bytes;
        let mut overhead = 0;
        if data.has_pad_length
            && let Some((&padding, after)) = rest.split_first()
        {
            rest = after;
            data.has_pad_length = false;
            data.padding = padding.into();
            data.left = data.left.checked_sub(1 + data.padding).ok_or(Code::Protocol)?;
            overhead += 1;
            if data.left == 0 && !data.is_end {
                self.meter.empty(self.now)?;
            }
        }
        let (body, after) = rest.split_at(rest.len().min(data.left as usize));
        data.left -= body.len() as u32;
        let mut rest = after;
        if data.left == 0 {
            let (padding, after) = rest.split_at(rest.len().min(data.padding as usize));
            data.padding -= padding.len() as u32;
            overhead += padding.len();
            rest = after;
        }
        let is_complete = data.left == 0 && data.padding == 0;
        if let Some(slot) = data.slot {
            let (stream, more) = (data.stream, data.left as usize);
            self.give_back(overhead);
            self.append(slot, stream, (body, more), overhead)?;
        }
        if is_complete {
            self.end_data()?;
        }
        Ok(rest)
    }

    /// Adds a piece of a frame, of which so many bytes are still to come, to the body of its stream.
    fn append(&mut self, slot: u32, id: u32, piece: (&[u8], usize), overhead: usize) -> Result<(), Code> {
        let (body, more) = piece;
        let Some(stream) = self.streams.get_mut(slot).filter(|stream| stream.id == id && !stream.is_gone) else {
            // It was reset while its frame came in.
            self.give_back(body.len());
            return Ok(());
        };
        if let Some(promised) = &mut stream.promised {
            match promised.checked_sub(body.len() as u64) {
                Some(left) => *promised = left,
                None => {
                    self.give_back(body.len());
                    return self.fault(slot, Code::Protocol);
                }
            }
        }
        if stream.body.is_empty() {
            stream.body.reserve(body.len() + more);
        }
        stream.body.extend_from_slice(body);
        if !body.is_empty() && std::mem::take(&mut stream.awaits_body) {
            self.wake(slot);
        }
        if overhead > 0 {
            self.returned(slot, overhead);
        }
        Ok(())
    }

    fn end_data(&mut self) -> Result<(), Code> {
        match self.input.data.take() {
            Some(Data { slot: Some(slot), stream, is_end: true, .. })
                if self.streams.get(slot).is_some_and(|found| found.id == stream) =>
            {
                self.end_of_body(slot)
            }
            _ => Ok(()),
        }
    }

    /// The client has sent all of a stream.
    pub(super) fn end_of_body(&mut self, slot: u32) -> Result<(), Code> {
        let Some(stream) = self.streams.get_mut(slot).filter(|stream| !stream.is_gone) else { return Ok(()) };
        if stream.promised.is_some_and(|left| left > 0) {
            return self.fault(slot, Code::Protocol);
        }
        stream.is_ended = true;
        if std::mem::take(&mut stream.awaits_body) {
            self.wake(slot);
        }
        self.streams.finish_if_ended(slot);
        Ok(())
    }

    /// The next piece of body for the owner of a stream, at most so much. What is taken opens the client's window again.
    pub(in super::super) fn take_body(&mut self, slot: u32, limit: usize) -> Body {
        let Some(stream) = self.streams.get_mut(slot) else { return Body::Gone };
        if stream.body.is_empty() {
            return match stream.failure {
                _ if stream.is_gone => Body::Gone,
                Some(failure) => Body::Failed(failure),
                None if stream.is_ended => Body::End,
                None => {
                    stream.awaits_body = true;
                    Body::Wait
                }
            };
        }
        let piece =
            if stream.body.len() <= limit { std::mem::take(&mut stream.body) } else { stream.body.split_to(limit) };
        self.returned(slot, piece.len());
        self.give_back(piece.len());
        Body::Bytes(piece.freeze())
    }

    /// Bytes of a stream were read: its window is opened again when half of it is used up, and further when much was read.
    fn returned(&mut self, slot: u32, count: usize) {
        let Some(stream) = self.streams.get_mut(slot).filter(|stream| !stream.is_ended && !stream.is_gone) else {
            return;
        };
        stream.owed += count as u32;
        stream.taken += count as u64;
        let grows = stream.taken > u64::from(STREAM_WINDOW) && stream.growth == 0 && self.grown + GROWTH <= GROWN;
        if grows {
            stream.growth = GROWTH;
            stream.owed += GROWTH;
            self.grown += GROWTH;
        }
        if grows || stream.owed >= (STREAM_WINDOW + stream.growth) / 2 {
            let owed = std::mem::take(&mut stream.owed);
            stream.recv_window += i64::from(owed);
            frame::put(&mut self.out, kind::WINDOW_UPDATE, 0, stream.id, &owed.to_be_bytes());
        }
    }

    /// Bytes of the connection were read or thrown away.
    pub(super) fn give_back(&mut self, count: usize) {
        self.owed += count as u32;
        if self.owed >= RETURNED && !self.is_over {
            let owed = std::mem::take(&mut self.owed);
            self.recv_window += i64::from(owed);
            frame::put(&mut self.out, kind::WINDOW_UPDATE, 0, 0, &owed.to_be_bytes());
        }
    }
}
