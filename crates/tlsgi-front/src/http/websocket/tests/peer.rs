//! The client's end: frames with a mask, messages compressed with or without a context, a decoder for what servers send.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use crate::http::websocket::deflate::MARKER;
use crate::http::websocket::frame::unmask;

/// Flags and opcodes of the first byte.
pub(super) const FIN: u8 = 0x80;
pub(super) const RSV1: u8 = 0x40;
pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A masked frame; `first` is its first byte.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        length @ ..=125 => out.push(0x80 | length as u8),
        length @ ..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    let start = out.len();
    out.extend_from_slice(payload);
    unmask(&mut out[start..], MASK, 0);
    out
}

/// A close frame with a code and a text.
pub(super) fn close(code: u16, text: &str) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), text.as_bytes()].concat())
}

/// A client's compressor.
pub(super) struct Squeeze(Compress);

impl Squeeze {
    pub(super) fn new(window: u8) -> Self {
        Self(Compress::new_with_window_bits(Compression::default(), false, window))
    }

    /// The payload of a compressed message.
    pub(super) fn message(&mut self, bytes: &[u8], keeps_context: bool) -> Vec<u8> {
        if !keeps_context {
            self.0.reset();
        }
        if bytes.is_empty() {
            return vec![0];
        }
        let mut out = Vec::with_capacity(bytes.len() + 100);
        self.0.compress_vec(bytes, &mut out, FlushCompress::Sync).expect("room enough");
        out.strip_suffix(&MARKER).expect("flushed").to_vec()
    }
}

/// The original of a compressed message, without context.
pub(super) fn stretch(payload: &[u8], window: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 << 20);
    let mut state = Decompress::new_with_window_bits(false, window);
    let input = [payload, &MARKER].concat();
    state.decompress_vec(&input, &mut out, FlushDecompress::Sync).expect("valid");
    assert_eq!(state.total_in(), input.len() as u64);
    out
}

/// A frame of the server: its first byte and its payload.
pub(super) type Received = (u8, Vec<u8>);

/// Takes all whole frames off the front of `bytes`.
pub(super) fn take_frames(bytes: &mut Vec<u8>) -> Vec<Received> {
    let mut frames = Vec::new();
    while let Some((frame, length)) = first_frame(bytes) {
        frames.push(frame);
        bytes.drain(..length);
    }
    frames
}

fn first_frame(bytes: &[u8]) -> Option<(Received, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    assert_eq!(second & 0x80, 0, "a server masks nothing");
    let (length, start) = match second {
        126 => (u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into(), 4),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize, 10),
        length => (length.into(), 2),
    };
    Some(((first, bytes.get(start..start + length)?.to_vec()), start + length))
}
