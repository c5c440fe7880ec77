//! Bytes from a front thread that arrived and are not yet decoded. Large pieces of body are shared with whoever takes them, not copied.

use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;

use bytes::{Bytes, BytesMut};
use tlsgi_wire::{Decoder, Direction, HEADER_LENGTH, MAX_PAYLOAD};

/// Room for reading at a time; what arrives together is decoded together. A whole window of a body fits, with the heads of its frames.
const READ_SIZE: usize = (256 << 10) + 1024;

/// Pieces from this size on are shared: a smaller one would keep too much memory for what it is.
const LARGE_PIECE: usize = 32 << 10;

/// Buffers beside the own one of which others may hold pieces: with more of them out, pieces are copied.
const MAX_LENT: usize = 3;

/// Bytes from the front.
#[derive(Debug)]
pub(crate) struct Inbox {
    buffer: Buffer,
    start: usize,
    end: usize,
    /// To be used again when nobody holds a piece of them any more.
    lent: Vec<Bytes>,
}

/// All of it initialised.
#[derive(Debug)]
enum Buffer {
    Own(BytesMut),
    /// Others may hold pieces of it.
    Shared(Bytes),
}

impl Inbox {
    /// Empty.
    pub(crate) fn new() -> Self {
        Self { buffer: Buffer::Own(BytesMut::zeroed(READ_SIZE)), start: 0, end: 0, lent: Vec::new() }
    }

    /// Reads once; 0 means that the front closed the link.
    ///
    /// # Errors
    /// The socket's; `WouldBlock` when there is nothing.
    pub(crate) fn receive(&mut self, mut socket: &UnixStream) -> io::Result<usize> {
        let mut buffer = self.room();
        let outcome = loop {
            match socket.read(buffer.get_mut(self.end..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        let received = outcome.as_ref().map_or(0, |received| *received);
        self.end += received;
        let is_bulk = received >= LARGE_PIECE;
        if !is_bulk {
            self.lent.retain(|buffer| !buffer.is_unique());
        }
        let may_lend = self.lent.len() < MAX_LENT || self.lent.iter().any(Bytes::is_unique);
        // A longer buffer, for a long frame, is not to be kept by anybody.
        self.buffer = match is_bulk && may_lend && buffer.len() == READ_SIZE {
            true => Buffer::Shared(buffer.freeze()),
            false => Buffer::Own(buffer),
        };
        outcome
    }

    /// The frames that are there; say afterwards with [`Self::consume`] how many bytes they took.
    pub(crate) fn frames(&self) -> Decoder<'_> {
        Decoder::new(self.bytes(), Direction::ToWorker)
    }

    /// The undecoded bytes, where [`Self::frames`] starts.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.bytes().get(self.start..self.end).unwrap_or_default()
    }

    /// A part of [`Self::bytes`], to be kept: a copy, unless it is large.
    pub(crate) fn share(&self, piece: &[u8]) -> Bytes {
        match &self.buffer {
            Buffer::Shared(whole) if piece.len() >= LARGE_PIECE => whole.slice_ref(piece),
            _ => Bytes::copy_from_slice(piece),
        }
    }

    /// Drops decoded bytes.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
        if self.start == self.end && self.buffer.bytes().len() > READ_SIZE {
            self.buffer = Buffer::Own(BytesMut::zeroed(READ_SIZE));
        }
    }

    /// Takes the buffer, with room behind what is undecoded.
    fn room(&mut self) -> BytesMut {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        let mut buffer = match std::mem::replace(&mut self.buffer, Buffer::Own(BytesMut::new())) {
            Buffer::Own(buffer) => buffer,
            Buffer::Shared(whole) => whole.try_into_mut().unwrap_or_else(|whole| self.exchange(whole)),
        };
        if self.start > 0 && buffer.len() - self.end < READ_SIZE / 4 {
            buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == buffer.len() {
            // Only a frame over the read size comes here, and no frame is longer than this.
            buffer.resize(HEADER_LENGTH + MAX_PAYLOAD + READ_SIZE, 0);
        }
        buffer
    }

    /// Leaves a buffer to those who hold pieces of it, and goes on in another one with what is undecoded.
    fn exchange(&mut self, whole: Bytes) -> BytesMut {
        let free = self.lent.iter().position(Bytes::is_unique).map(|at| self.lent.swap_remove(at));
        let free = free.and_then(|free| free.try_into_mut().ok());
        let mut buffer = free.unwrap_or_else(|| BytesMut::zeroed(READ_SIZE));
        let undecoded = whole.get(self.start..self.end).unwrap_or_default();
        if let Some(place) = buffer.get_mut(..undecoded.len()) {
            place.copy_from_slice(undecoded);
        }
        (self.start, self.end) = (0, undecoded.len());
        self.lent.push(whole);
        buffer
    }
}

impl Buffer {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(buffer) => buffer,
            Self::Shared(whole) => whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use tlsgi_wire::{Encoder, Payload};

    /// Sends frames of these lengths, keeps their pieces as long as `kept` says, and checks all of them.
    fn check(lengths: &[usize], kept: usize) -> Inbox {
        let (ours, mut theirs) = tlsgi_sys::channel::pair().expect("pair");
        let mut stream = Vec::new();
        for (at, length) in lengths.iter().enumerate() {
            Encoder::new(&mut stream).data(1, &vec![u8::try_from(at % 251).expect("small"); *length], false, false);
        }
        let writer = std::thread::spawn(move || theirs.write_all(&stream).expect("write"));
        let (mut inbox, mut pieces, mut next) = (Inbox::new(), std::collections::VecDeque::new(), 0);
        while next < lengths.len() {
            assert!(inbox.receive(&ours).expect("receive") > 0, "the end came early");
            let mut frames = inbox.frames();
            while let Some(frame) = frames.next_frame().expect("frame") {
                let Payload::Data { bytes, .. } = frame.payload else { panic!("not data") };
                pieces.push_back((next, inbox.share(bytes)));
                next += 1;
            }
            let consumed = frames.consumed();
            inbox.consume(consumed);
            while pieces.len() > kept {
                let (at, piece) = pieces.pop_front().expect("one");
                assert_eq!(piece.len(), lengths[at]);
                assert!(piece.iter().all(|byte| usize::from(*byte) == at % 251), "frame {at} was overwritten");
            }
        }
        writer.join().expect("writer");
        inbox
    }

    #[test]
    fn kept_pieces_are_never_overwritten() {
        for kept in [0, 1, 5, 40, 400] {
            // 400 of them are more than may be shared: the rest are copies.
            for lengths in
                [vec![64 << 10; 100], vec![(128 << 10) - 7; 60], (0..400).map(|at| at * 331 % 90_001).collect()]
            {
                check(&lengths, kept);
            }
        }
    }

    #[test]
    fn buffers_are_used_again_and_given_back() {
        let (ours, mut theirs) = tlsgi_sys::channel::pair().expect("pair");
        let mut inbox = check(&[64 << 10; 100], 400);
        assert!((1..=MAX_LENT).contains(&inbox.lent.len()), "{} buffers", inbox.lent.len());
        theirs.write_all(b"12").expect("write");
        inbox.receive(&ours).expect("receive");
        assert!(inbox.lent.is_empty(), "memory is held after the body");
    }

    #[test]
    fn long_frames_are_read_into_a_longer_buffer_for_a_while() {
        let inbox = check(&[5, MAX_PAYLOAD - 1, 5], 0);
        assert_eq!(inbox.buffer.bytes().len(), READ_SIZE);
    }
}
