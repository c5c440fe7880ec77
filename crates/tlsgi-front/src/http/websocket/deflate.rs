//! Compression of messages (RFC 7692 7.2): inflating with a bound, and compressors that all connections of a thread share.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::close::Violation;
use super::extension::Deflate;

/// What a sender leaves off the end of every compressed message.
pub(crate) const MARKER: [u8; 4] = [0, 0, 0xff, 0xff];

/// Idle compressors kept by a thread.
const KEPT_COMPRESSORS: usize = 2;

/// Fast rather than small: the server compresses for many clients.
const LEVEL: Compression = Compression::new(3);

thread_local! {
    static COMPRESSORS: RefCell<Vec<Compressor>> = const { RefCell::new(Vec::new()) };
}

/// Inflates what one client sends. Holds memory only after the first compressed message, and only between messages that may
/// refer to each other.
#[derive(Debug)]
pub(crate) struct Inflater {
    state: Option<Decompress>,
    window: u8,
    keeps_context: bool,
    is_at_start: bool,
}

impl Inflater {
    /// For what was agreed on.
    pub(crate) const fn new(deflate: Deflate) -> Self {
        // A window of 8 bits does not exist in zlib; a larger one reads the same.
        let window = if deflate.client_window < 9 { 9 } else { deflate.client_window };
        Self { state: None, window, keeps_context: deflate.client_keeps_context, is_at_start: true }
    }

    /// Inflates into the spare room of `out`; gives the number of input bytes used. There may be more to come while `out` is full.
    pub(crate) fn inflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, Violation> {
        let window = self.window;
        let state = self.state.get_or_insert_with(|| Decompress::new_with_window_bits(false, window));
        let before = state.total_in();
        let status = state.decompress_vec(input, out, FlushDecompress::None).map_err(|_| Violation::Deflate)?;
        let used = usize::try_from(state.total_in() - before).unwrap_or(usize::MAX);
        self.is_at_start = match status {
            // A sender may end its stream for good and begin a new one (RFC 7692 7.2.3.4).
            Status::StreamEnd => {
                state.reset(false);
                true
            }
            _ => self.is_at_start && used == 0,
        };
        Ok(used)
    }

    /// Nothing was inflated since the message began, or since the client ended a stream inside it: no marker is missing.
    pub(crate) const fn is_at_start(&self) -> bool {
        self.is_at_start
    }

    /// The message is complete.
    pub(crate) fn finish(&mut self) {
        self.is_at_start = true;
        if !self.keeps_context {
            self.state = None;
        }
    }
}

/// Compresses one message at a time, without memory of earlier ones.
#[derive(Debug)]
pub(crate) struct Compressor {
    state: Compress,
    window: u8,
}

impl Compressor {
    /// One with this window, 9 to 15 bits: an idle one of the thread, or a new one.
    pub(crate) fn take(window: u8) -> Self {
        let idle = COMPRESSORS.with_borrow_mut(|idle| {
            let at = idle.iter().position(|compressor| compressor.window == window)?;
            Some(idle.swap_remove(at))
        });
        idle.unwrap_or_else(|| Self { state: Compress::new_with_window_bits(LEVEL, false, window), window })
    }

    /// Leaves it to the next message of any connection.
    pub(crate) fn give_back(mut self) {
        self.state.reset();
        COMPRESSORS.with_borrow_mut(|idle| {
            if idle.len() < KEPT_COMPRESSORS {
                idle.push(self);
            }
        });
    }

    /// Appends the next piece of the message to `out`, whole bytes; the last one without its marker.
    pub(crate) fn compress(&mut self, piece: &[u8], is_end: bool, out: &mut Vec<u8>) {
        let start = out.len();
        let mut rest = piece;
        loop {
            out.reserve(rest.len() / 2 + 64);
            let before = self.state.total_in();
            // A compressor with room to write cannot fail.
            let outcome = self.state.compress_vec(rest, out, FlushCompress::Sync);
            debug_assert!(outcome.is_ok(), "compression failed");
            let used = usize::try_from(self.state.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(used..).unwrap_or_default();
            if outcome.is_err() || rest.is_empty() && out.len() < out.capacity() {
                break;
            }
        }
        if !is_end {
            return;
        }
        if out.get(start..).is_some_and(|written| written.ends_with(&MARKER)) {
            out.truncate(out.len() - MARKER.len());
        } else {
            // Nothing was left to flush: an empty block, of which the marker is the rest.
            out.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::websocket::extension::negotiate;

    fn agreed(offer: &str) -> Deflate {
        negotiate(offer.as_bytes()).expect("grammar").expect("offer")
    }

    fn inflate_all(inflater: &mut Inflater, input: &[u8]) -> Result<Vec<u8>, Violation> {
        let mut out = Vec::with_capacity(16);
        for mut rest in [input, &MARKER] {
            while !inflater.is_at_start() || rest != MARKER {
                let used = inflater.inflate(rest, &mut out)?;
                rest = &rest[used..];
                if out.len() < out.capacity() && rest.is_empty() {
                    break;
                }
                out.reserve(64);
            }
        }
        inflater.finish();
        Ok(out)
    }

    #[test]
    fn examples_of_the_standard_inflate() {
        let mut inflater = Inflater::new(agreed("permessage-deflate"));
        let shared = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflate_all(&mut inflater, &shared).as_deref(), Ok(&b"Hello"[..]));
        // The second refers to the first.
        assert_eq!(inflate_all(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]).as_deref(), Ok(&b"Hello"[..]));
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        assert_eq!(inflate_all(&mut inflater, &stored).as_deref(), Ok(&b"Hello"[..]));
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(inflate_all(&mut inflater, &last).as_deref(), Ok(&b"Hello"[..]));
        let last_without_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflate_all(&mut inflater, &last_without_block).as_deref(), Ok(&b"Hello"[..]));
        let two_blocks = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflate_all(&mut inflater, &two_blocks).as_deref(), Ok(&b"Hello"[..]));
        assert_eq!(inflate_all(&mut inflater, &[0x00]).as_deref(), Ok(&b""[..]));
    }

    #[test]
    fn context_is_gone_when_the_client_gave_it_up() {
        let mut inflater = Inflater::new(agreed("permessage-deflate; client_no_context_takeover"));
        let shared = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert!(inflate_all(&mut inflater, &shared).is_ok());
        assert!(inflater.state.is_none());
        assert_eq!(inflate_all(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(Violation::Deflate));
    }

    #[test]
    fn every_window_compresses_what_inflates_again() {
        let text: Vec<u8> = (0..40_000_u32).flat_map(|number| (number * number % 977).to_le_bytes()).collect();
        for window in 9..=15 {
            let mut inflater = Inflater::new(agreed(&format!("permessage-deflate; client_max_window_bits={window}")));
            inflater.window = window;
            for size in [1, 700, 50_000, text.len()] {
                let mut compressor = Compressor::take(window);
                let mut out = Vec::new();
                for piece in text.chunks(size).take(20) {
                    compressor.compress(piece, false, &mut out);
                }
                compressor.compress(b"", true, &mut out);
                compressor.give_back();
                let expect: Vec<u8> = text.chunks(size).take(20).flatten().copied().collect();
                assert_eq!(inflate_all(&mut inflater, &out), Ok(expect), "window {window}, pieces of {size}");
            }
        }
    }

    #[test]
    fn compressor_of_a_thread_is_used_again() {
        Compressor::take(15).give_back();
        COMPRESSORS.with_borrow(|idle| assert_eq!(idle.len(), 1));
        let taken = Compressor::take(15);
        COMPRESSORS.with_borrow(|idle| assert!(idle.is_empty()));
        assert_eq!(taken.window, 15);
    }
}
