//! Bytes that arrived over a link and are not yet decoded. Large pieces of body are shared with whoever takes them, not copied.

use bytes::{Bytes, BytesMut};

use crate::{Decoder, Direction, HEADER_LENGTH, MAX_PAYLOAD};

/// Room for reading at a time; what arrives together is decoded together. A whole window of a body fits, with the heads of its frames.
const READ_SIZE: usize = (256 << 10) + 1024;

/// Pieces from this size on are shared: a smaller one would keep too much memory for what it is.
const LARGE_PIECE: usize = 32 << 10;

/// Buffers beside the own one of which others may hold pieces: with more of them out, pieces are copied.
const MAX_LENT: usize = 3;

/// Bytes from the other side.
#[derive(Debug)]
pub struct Inbox {
    from: Direction,
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
    /// Empty, for frames in this direction.
    #[must_use]
    pub fn new(from: Direction) -> Self {
        Self { from, buffer: Buffer::Own(BytesMut::zeroed(READ_SIZE)), start: 0, end: 0, lent: Vec::new() }
    }

    /// Takes what `read` puts into the room that it is given, of which it tells the number of bytes.
    ///
    /// # Errors
    /// Those of `read`: nothing was taken.
    pub fn receive<E>(&mut self, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        let mut buffer = self.room();
        let outcome = read(buffer.get_mut(self.end..).unwrap_or_default());
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
    pub fn frames(&self) -> Decoder<'_> {
        Decoder::new(self.bytes(), self.from)
    }

    /// The undecoded bytes, where [`Self::frames`] starts.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.bytes().get(self.start..self.end).unwrap_or_default()
    }

    /// A part of [`Self::bytes`], to be kept: a copy, unless it is large.
    pub fn share(&self, piece: &[u8]) -> Bytes {
        match &self.buffer {
            Buffer::Shared(whole) if piece.len() >= LARGE_PIECE => whole.slice_ref(piece),
            _ => Bytes::copy_from_slice(piece),
        }
    }

    /// Drops decoded bytes.
    pub fn consume(&mut self, bytes: usize) {
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
    use std::convert::Infallible;

    use super::*;
    use crate::{Encoder, Payload};

    /// Reads as a socket does of which `left` has arrived.
    fn read<'a>(left: &'a mut &[u8]) -> impl FnOnce(&mut [u8]) -> Result<usize, Infallible> + 'a {
        |room| {
            let (now, later) = left.split_at(left.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            *left = later;
            Ok(now.len())
        }
    }

    /// Sends frames of these lengths, keeps their pieces as long as `kept` says, and checks all of them.
    fn check(lengths: &[usize], kept: usize) -> Inbox {
        let mut stream = Vec::new();
        for (at, length) in lengths.iter().enumerate() {
            Encoder::new(&mut stream).data(1, &vec![u8::try_from(at % 251).expect("small"); *length], false, false);
        }
        let (mut inbox, mut pieces, mut next) = (Inbox::new(Direction::ToFront), std::collections::VecDeque::new(), 0);
        let mut left = &stream[..];
        while next < lengths.len() {
            assert!(inbox.receive(read(&mut left)) != Ok(0), "the end came early");
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
        let mut inbox = check(&[64 << 10; 100], 400);
        assert!((1..=MAX_LENT).contains(&inbox.lent.len()), "{} buffers", inbox.lent.len());
        assert_eq!(inbox.receive(read(&mut &b"12"[..])), Ok(2));
        assert!(inbox.lent.is_empty(), "memory is held after the body");
    }

    #[test]
    fn long_frames_are_read_into_a_longer_buffer_for_a_while() {
        let inbox = check(&[5, MAX_PAYLOAD - 1, 5], 0);
        assert_eq!(inbox.buffer.bytes().len(), READ_SIZE);
    }
}
