//! Bytes on their way to a worker: encoded frames, and large pieces of body that stand at their places among them without being copied.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf as _, Bytes};

/// Slices of one write: eight frames with their pieces.
pub(super) const SLICES: usize = 16;

/// A buffer that grew beyond this is given back once it is empty.
const KEPT: usize = 256 << 10;

/// What one write takes from, or is added to for the next.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    encoded: Vec<u8>,
    /// Of `encoded`.
    sent: usize,
    /// Each with the length of `encoded` before it.
    pieces: VecDeque<(usize, Bytes)>,
}

impl Outgoing {
    /// The buffer to encode frames into.
    pub(super) const fn encoded(&mut self) -> &mut Vec<u8> {
        &mut self.encoded
    }

    /// Adds the last bytes of a frame whose first ones were just encoded.
    pub(super) fn push(&mut self, piece: Bytes) {
        self.pieces.push_back((self.encoded.len(), piece));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.encoded.len() && self.pieces.is_empty()
    }

    /// What comes next in the stream, as far as `room` goes.
    pub(super) fn slices<'r, 'a>(&'a self, room: &'r mut [IoSlice<'a>; SLICES]) -> &'r [IoSlice<'a>] {
        let encoded = |from: usize, to: usize| self.encoded.get(from..to).unwrap_or_default();
        let mut at = self.sent;
        let pieces = self.pieces.iter().flat_map(|(before, piece)| {
            let frames = encoded(std::mem::replace(&mut at, *before), *before);
            [frames, piece]
        });
        let last = self.pieces.back().map_or(self.sent, |(before, _)| *before);
        let all = pieces.chain([encoded(last, self.encoded.len())]).filter(|slice| !slice.is_empty());
        let mut used = 0;
        for (place, slice) in room.iter_mut().zip(all) {
            *place = IoSlice::new(slice);
            used += 1;
        }
        room.get(..used).unwrap_or_default()
    }

    /// So many bytes were taken.
    pub(super) fn advance(&mut self, mut count: usize) {
        while let Some((before, piece)) = self.pieces.front_mut() {
            let frames = (*before - self.sent).min(count);
            self.sent += frames;
            count -= frames;
            let own = piece.len().min(count);
            piece.advance(own);
            count -= own;
            if self.sent < *before || !piece.is_empty() {
                return;
            }
            self.pieces.pop_front();
        }
        self.sent = (self.sent + count).min(self.encoded.len());
    }

    /// Everything was taken: ready for more.
    pub(super) fn clear(&mut self) {
        self.sent = 0;
        self.pieces.clear();
        self.encoded.clear();
        if self.encoded.capacity() > KEPT {
            self.encoded = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Outgoing {
        let mut outgoing = Outgoing::default();
        for (frame, piece) in [(&b"ab"[..], &b"cde"[..]), (b"", b"fg"), (b"h", b"")] {
            outgoing.encoded().extend_from_slice(frame);
            outgoing.push(Bytes::copy_from_slice(piece));
        }
        outgoing.encoded().extend_from_slice(b"ij");
        outgoing
    }

    #[test]
    fn pieces_stand_between_the_frames_whatever_a_write_takes() {
        for step in 1..=10 {
            let (mut outgoing, mut taken) = (filled(), Vec::new());
            while !outgoing.is_empty() {
                let mut room = [IoSlice::new(&[]); SLICES];
                let next: Vec<u8> = outgoing.slices(&mut room).iter().flat_map(|slice| slice.to_vec()).collect();
                let count = next.len().min(step);
                assert!(count > 0, "nothing left to write, yet not empty");
                taken.extend_from_slice(&next[..count]);
                outgoing.advance(count);
            }
            assert_eq!(taken, b"abcdefghij", "in steps of {step}");
        }
    }

    #[test]
    fn more_pieces_than_a_write_takes_come_with_the_next() {
        let mut outgoing = Outgoing::default();
        for number in 0..3 * SLICES {
            outgoing.encoded().push(u8::try_from(number).expect("small"));
            outgoing.push(Bytes::from_static(b"--"));
        }
        let mut taken = 0;
        while !outgoing.is_empty() {
            let mut room = [IoSlice::new(&[]); SLICES];
            let count = outgoing.slices(&mut room).iter().map(|slice| slice.len()).sum();
            taken += count;
            outgoing.advance(count);
        }
        assert_eq!(taken, 9 * SLICES);
    }
}
