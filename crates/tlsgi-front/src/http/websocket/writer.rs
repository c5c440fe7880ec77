//! Messages and control frames to bytes for the client.

use std::cell::RefCell;

use super::close::CloseReason;
use super::deflate::Compressor;
use super::extension::Deflate;
use super::frame::{self, MAX_CONTROL, Opcode};

/// Messages below this go out as they are: they fit a packet anyway, and without a context they hardly shrink.
pub(crate) const LEAST_COMPRESSED: usize = 512;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Encoder of one connection.
#[derive(Debug)]
pub(crate) struct Writer {
    deflate: Option<Deflate>,
    unfinished: Option<Unfinished>,
}

/// A message whose first pieces are out.
#[derive(Debug)]
enum Unfinished {
    Plain,
    Compressed(Compressor),
}

impl Writer {
    /// Compresses if that was agreed on.
    pub(crate) const fn new(deflate: Option<Deflate>) -> Self {
        Self { deflate, unfinished: None }
    }

    /// Appends a message or the next piece of one, as one frame.
    pub(crate) fn message(&mut self, is_text: bool, is_end: bool, bytes: &[u8], out: &mut Vec<u8>) {
        let opcode = match (&self.unfinished, is_text) {
            (Some(_), _) => Opcode::Continuation,
            (None, true) => Opcode::Text,
            (None, false) => Opcode::Binary,
        };
        match (self.unfinished.take(), self.deflate) {
            (Some(Unfinished::Compressed(compressor)), _) => self.compressed(opcode, compressor, is_end, bytes, out),
            (None, Some(deflate)) if bytes.len() >= LEAST_COMPRESSED => {
                self.compressed(opcode, Compressor::take(deflate.server_window), is_end, bytes, out);
            }
            _ => self.plain(opcode, is_end, bytes, out),
        }
    }

    fn plain(&mut self, opcode: Opcode, is_end: bool, bytes: &[u8], out: &mut Vec<u8>) {
        self.unfinished = (!is_end).then_some(Unfinished::Plain);
        put(opcode, is_end, false, bytes, out);
    }

    /// One compressed frame; the whole message as it is when its beginning does not shrink.
    fn compressed(
        &mut self,
        opcode: Opcode,
        mut compressor: Compressor,
        is_end: bool,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) {
        let is_first = opcode != Opcode::Continuation;
        let is_smaller = SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            compressor.compress(bytes, is_end, scratch);
            let is_smaller = scratch.len() < bytes.len();
            if is_smaller || !is_first {
                put(opcode, is_end, is_first, scratch, out);
            }
            is_smaller
        });
        if is_end || is_first && !is_smaller {
            compressor.give_back();
        } else {
            self.unfinished = Some(Unfinished::Compressed(compressor));
        }
        if is_first && !is_smaller {
            self.plain(opcode, is_end, bytes, out);
        }
    }
}

/// Appends a ping or a pong; the payload has at most 125 bytes.
pub(crate) fn control(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    put(opcode, true, false, payload.get(..MAX_CONTROL).unwrap_or(payload), out);
}

/// Appends a close frame.
pub(crate) fn close(reason: &CloseReason, out: &mut Vec<u8>) {
    control(Opcode::Close, &reason.payload(), out);
}

fn put(opcode: Opcode, is_final: bool, is_compressed: bool, payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(payload.len() + 10);
    frame::put_header(out, opcode, is_final, is_compressed, payload.len());
    out.extend_from_slice(payload);
}
