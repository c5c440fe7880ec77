//! What waits to be written to a link: frames of all its exchanges, and who will write them.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

use rustix::io::Errno;
use tlsgi_wire::{Encoder, mark_done};

use crate::link::Outbox;

/// Over this, frames do not wait for the end of the loop's turn.
pub(super) const SOON_ENOUGH: usize = 64 << 10;

/// Nor do they wait once so much was said: the front works on it while the loop runs what else is ready.
const ENOUGH: u32 = 48;

/// The place of a frame that was encoded, for as long as it is not on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    generation: u64,
    start: usize,
}

/// How the next write will come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    /// Nobody has arranged for it yet.
    Unplanned,
    /// The reader callback that runs now writes at its end.
    Batch,
    /// The loop calls back in this turn.
    Turn,
    /// As `Turn`, put off once so that tasks which just answered can end.
    SecondTurn,
    /// The socket is full; the loop calls back when it can be written.
    Blocked,
    /// The front is gone: everything is thrown away.
    Closed,
}

/// Encoded frames of one link.
#[derive(Debug)]
pub(super) struct Outgoing {
    socket: Arc<UnixStream>,
    outbox: Outbox,
    generation: u64,
    /// Answers in the buffer that are complete while their application still runs.
    pub(super) unfinished: u32,
    /// So many times somebody said something since the last write.
    said: u32,
    /// Who writes next.
    pub(super) flush: Flush,
    /// Since when the loop has owed a callback.
    pub(super) planned: Option<Instant>,
}

impl Outgoing {
    /// To be written to a non-blocking socket.
    pub(super) fn new(socket: Arc<UnixStream>) -> Self {
        let outbox = Outbox::default();
        Self { socket, outbox, generation: 0, unfinished: 0, said: 0, flush: Flush::Unplanned, planned: None }
    }

    pub(super) fn len(&self) -> usize {
        self.outbox.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Appends frames.
    pub(super) fn encode(&mut self) -> Encoder<'_> {
        self.outbox.encoder()
    }

    /// The buffer itself, for frames that others encode.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        self.outbox.buffer()
    }

    /// Something was said; whether that and what waits is written before the loop's turn ends.
    pub(super) fn is_enough(&mut self) -> bool {
        self.said += 1;
        self.said >= ENOUGH || self.len() >= SOON_ENOUGH
    }

    /// The place of the frame that is encoded next.
    pub(super) fn here(&mut self) -> Mark {
        Mark { generation: self.generation, start: self.outbox.buffer().len() }
    }

    /// Sends `descriptor` with the frame that is encoded next.
    pub(super) fn attach(&mut self, descriptor: OwnedFd) {
        self.outbox.push_descriptor(descriptor);
    }

    /// Sets DONE on the frame at `mark`; false when it is on its way already.
    pub(super) fn finish(&mut self, mark: Mark) -> bool {
        let waiting = self.outbox.len();
        let bytes = self.outbox.buffer();
        if mark.generation != self.generation || mark.start < bytes.len() - waiting {
            return false;
        }
        mark_done(bytes, mark.start);
        self.unfinished = self.unfinished.saturating_sub(1);
        true
    }

    /// Forgets everything: nobody reads any more.
    pub(super) fn close(&mut self) {
        self.flush = Flush::Closed;
        self.outbox.clear();
        self.renew();
    }

    /// Writes as much as the socket takes; true when all of it went.
    pub(super) fn write(&mut self) -> io::Result<bool> {
        let outcome = self.outbox.flush(&self.socket);
        self.note(outcome)
    }

    /// Appends a frame that `encode` leaves without its last bytes, which are `piece`. All goes out at once, and of the piece only
    /// that is copied which the socket does not take.
    pub(super) fn write_apart(&mut self, encode: impl FnOnce(&mut Vec<u8>), piece: &[u8]) {
        encode(self.outbox.buffer());
        if matches!(self.flush, Flush::Blocked | Flush::Closed) {
            return self.outbox.buffer().extend_from_slice(piece);
        }
        let outcome = self.outbox.flush_with(&self.socket, piece);
        if self.note(outcome).is_err() {
            // The reader finds the end of the stream and cleans up.
            self.close();
        }
    }

    fn note(&mut self, outcome: io::Result<bool>) -> io::Result<bool> {
        match outcome {
            Ok(false) => Ok(false),
            Ok(true) => {
                self.renew();
                Ok(true)
            }
            // Too many descriptors are on their way: the front has to take some first.
            Err(error) if error.raw_os_error() == Some(Errno::TOOMANYREFS.raw_os_error()) => Ok(false),
            Err(error) => Err(error),
        }
    }

    const fn renew(&mut self) {
        self.generation += 1;
        self.unfinished = 0;
        self.said = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_many_words_or_many_bytes_it_is_enough_until_the_next_write() {
        let (ours, _front) = UnixStream::pair().expect("pair");
        let mut out = Outgoing::new(Arc::new(ours));
        for _ in 0..2 {
            for said in 1..=ENOUGH {
                out.encode().begin(said);
                assert_eq!(out.is_enough(), said == ENOUGH);
            }
            assert!(out.write().expect("write"));
        }
        out.buffer().resize(SOON_ENOUGH, 0);
        assert!(out.is_enough());
    }
}
