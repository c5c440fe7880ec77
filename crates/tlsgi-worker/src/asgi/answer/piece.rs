//! What of an answer waits for credit, and how it becomes frames.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tlsgi_wire::{Close, Encoder, FileRange, MAX_DATA, Message};

use super::{Answer, Call, Stage};
use crate::asgi::outgoing::{Mark, Outgoing};
use crate::link::LARGE_PIECE;

/// Something that waits for credit or for its turn.
#[derive(Debug)]
pub(super) enum Piece {
    Bytes { bytes: Py<PyBytes>, at: usize, is_last: bool },
    Message { bytes: Py<PyBytes>, at: usize, is_text: bool },
    File { file: OwnedFd, offset: u64, length: u64, is_last: bool },
    Read { file: File, offset: u64, length: u64, is_last: bool },
    Trailers(Vec<u8>),
    Close { code: u16, reason: String },
}

impl Answer {
    pub(super) fn pump(&mut self, py: Python<'_>, out: &mut Outgoing) {
        while let Some(piece) = self.queue.pop_front() {
            if let Some(rest) = self.advance(py, out, piece) {
                self.queue.push_front(rest);
                return;
            }
        }
        if self.is_over() && matches!(self.stage, Stage::Ended) {
            self.report(out);
        }
    }

    /// Sends what may be sent of a piece; gives the rest back when the credit is used up.
    fn advance(&mut self, py: Python<'_>, out: &mut Outgoing, piece: Piece) -> Option<Piece> {
        match piece {
            Piece::Bytes { bytes, mut at, is_last } => {
                let data = bytes.as_bytes(py);
                loop {
                    let rest = &data[at..];
                    let taken = self.credit.take(rest.len().min(MAX_DATA));
                    if taken == 0 && !rest.is_empty() {
                        return Some(Piece::Bytes { bytes, at, is_last });
                    }
                    at += taken;
                    self.emit(out, &rest[..taken], is_last && at == data.len());
                    if at == data.len() {
                        return None;
                    }
                }
            }
            Piece::Message { bytes, mut at, is_text } => {
                let data = bytes.as_bytes(py);
                loop {
                    let rest = &data[at..];
                    let taken = self.credit.take(rest.len().min(MAX_DATA));
                    if taken == 0 && !rest.is_empty() {
                        return Some(Piece::Message { bytes, at, is_text });
                    }
                    at += taken;
                    let is_end = at == data.len();
                    out.encode().message(self.id, &Message { is_text, is_end, bytes: &rest[..taken] });
                    if is_end {
                        return None;
                    }
                }
            }
            Piece::Read { file, offset, length, is_last } => self.read(out, file, offset, length, is_last),
            Piece::File { file, offset, length, is_last } => {
                self.release_head(out);
                let mark = out.here();
                let is_done = is_last && self.is_over();
                out.attach(file);
                out.encode().file(self.id, &FileRange { offset, length, is_end: is_last, is_done });
                if is_last {
                    self.ended(out, Some(mark), is_done);
                }
                None
            }
            Piece::Trailers(fields) => {
                self.release_head(out);
                let mark = out.here();
                let mut patch = out.encode().trailers(self.id, self.is_over());
                patch.encoded_fields(&fields);
                patch.body(&[]).finish();
                self.ended(out, Some(mark), self.is_over());
                None
            }
            Piece::Close { code, reason } => {
                out.encode().websocket_close(self.id, &Close { code, reason: &reason });
                self.ended(out, None, false);
                None
            }
        }
    }

    /// Reads a range here and sends it as data.
    fn read(&mut self, out: &mut Outgoing, file: File, offset: u64, length: u64, is_last: bool) -> Option<Piece> {
        let (mut offset, mut length) = (offset, length);
        let mut buffer = vec![0; usize::try_from(length).unwrap_or(MAX_DATA).min(MAX_DATA)];
        while length > 0 {
            let wanted = usize::try_from(length).unwrap_or(MAX_DATA).min(MAX_DATA);
            let taken = self.credit.take(wanted);
            if taken == 0 {
                return Some(Piece::Read { file, offset, length, is_last });
            }
            if file.read_exact_at(&mut buffer[..taken], offset).is_err() {
                // The file became shorter than it said: what was promised cannot be sent.
                self.cut(out);
                return None;
            }
            offset += taken as u64;
            length -= taken as u64;
            self.emit(out, &buffer[..taken], is_last && length == 0);
        }
        None
    }

    fn release_head(&mut self, out: &mut Outgoing) {
        if matches!(self.stage, Stage::Held(_)) {
            self.emit(out, &[], false);
        }
    }

    /// One frame of body, with the head before it when it is still here.
    pub(super) fn emit(&mut self, out: &mut Outgoing, bytes: &[u8], is_end: bool) {
        let mark = out.here();
        let is_done = is_end && self.is_over();
        // The last frame may have to be marked as such: it stays in the buffer for a moment.
        let is_apart = bytes.len() >= LARGE_PIECE && !is_end;
        match std::mem::replace(&mut self.stage, Stage::Sent) {
            Stage::Held(head) if is_apart => {
                let encode = |buffer: &mut Vec<u8>| {
                    let encoder = Encoder::new(buffer);
                    let mut patch = encoder.response(self.id, head.status, false, false, head.has_trailers);
                    patch.encoded_fields(&head.fields);
                    patch.body(&[]).finish_apart(bytes.len());
                };
                out.write_apart(encode, bytes);
            }
            _ if is_apart => {
                let (id, length) = (self.id, bytes.len());
                out.write_apart(|buffer| Encoder::new(buffer).data_apart(id, length, false, false), bytes);
            }
            Stage::Held(head) => {
                let mut patch = out.encode().response(self.id, head.status, is_end, is_done, head.has_trailers);
                patch.encoded_fields(&head.fields);
                patch.body(bytes).finish();
            }
            _ => out.encode().data(self.id, bytes, is_end, is_done),
        }
        if is_end {
            self.ended(out, Some(mark), is_done);
        }
    }

    fn ended(&mut self, out: &mut Outgoing, mark: Option<Mark>, is_done: bool) {
        self.stage = Stage::Ended;
        if is_done {
            self.call = Call::Reported;
        } else {
            self.end = mark;
            out.unfinished += 1;
        }
    }

    pub(super) fn report(&mut self, out: &mut Outgoing) {
        if self.is_reported() {
            return;
        }
        self.call = Call::Reported;
        if !self.end.is_some_and(|mark| out.finish(mark)) {
            out.encode().done(self.id);
        }
    }
}
