//! Reads part of a file piece by piece without holding up the thread: at once what is in memory, elsewhere what needs a disk.

use std::cell::RefCell;
use std::io::IoSliceMut;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{Advice, fadvise};
use rustix::io::{Errno, ReadWriteFlags, pread, preadv2};
use tlsgi_wire::HttpVersion;
use tokio::task::{JoinHandle, spawn_blocking};

use super::range::Span;

/// First piece, and all of a small file. What a client that takes nothing can make us hold.
const FIRST_PIECE: usize = 64 << 10;
/// Every further piece, where a connection has one response at a time.
const PIECE: usize = 256 << 10;
/// Buffers of each size that a thread keeps for the next response.
const SPARE_BUFFERS: usize = 8;

/// Why reading stopped early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// The file became shorter.
    #[error("the file ends before the bytes that were announced")]
    Truncated,
    /// The disk failed, or the descriptor is not open for reading.
    #[error("the file cannot be read: {0}")]
    Unreadable(Errno),
    /// A pipe, a device, a directory: only regular files are sent.
    #[error("the descriptor is not a regular file")]
    NotRegular,
}

/// Part of an open file, in order.
#[derive(Debug)]
pub(super) struct Reader {
    file: Arc<OwnedFd>,
    offset: u64,
    remaining: u64,
    piece: usize,
    buffer: Buffer,
    /// Something had to come from the disk: from then on the next piece is read while this one is sent.
    is_cold: bool,
    ahead: Option<JoinHandle<(Buffer, Result<usize, Errno>)>>,
}

impl Reader {
    /// A reader of this part, for a client that speaks this version. With many streams a connection, each holds less: its
    /// client could take the first piece of every one and then nothing more.
    pub(super) fn new(file: Arc<OwnedFd>, span: Span, version: HttpVersion) -> Self {
        let piece = if version >= HttpVersion::Http2 { FIRST_PIECE } else { PIECE };
        let (offset, remaining) = (span.start, span.length);
        Self { file, offset, remaining, piece, buffer: Buffer::NONE, is_cold: false, ahead: None }
    }

    /// The next piece, and whether it is the last; empty when nothing remains.
    pub(super) async fn next(&mut self) -> Result<(&[u8], bool), ReadError> {
        if self.remaining == 0 {
            return Ok((&[], true));
        }
        let filled = self.fill().await.map_err(ReadError::Unreadable)?;
        if filled == 0 {
            return Err(ReadError::Truncated);
        }
        self.offset += filled as u64;
        self.remaining -= filled as u64;
        if self.is_cold && self.remaining > 0 {
            self.ahead = Some(self.read_elsewhere(Buffer::of(self.wanted(self.piece))));
        }
        Ok((self.buffer.bytes.get(..filled).unwrap_or_default(), self.remaining == 0))
    }

    async fn fill(&mut self) -> Result<usize, Errno> {
        let reading = if let Some(reading) = self.ahead.take() {
            reading
        } else {
            self.buffer.reserve(self.wanted(if self.buffer.limit == 0 { FIRST_PIECE } else { self.piece }));
            match self.read_cached() {
                Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS) => {}
                outcome => return outcome,
            }
            self.is_cold = true;
            // Advice only; a file system that has no use for it loses nothing.
            let _ = fadvise(&self.file, self.offset, None, Advice::Sequential);
            let buffer = mem::replace(&mut self.buffer, Buffer::NONE);
            self.read_elsewhere(buffer)
        };
        let (buffer, outcome) = reading.await.map_err(|_| Errno::IO)?;
        self.buffer = buffer;
        outcome
    }

    fn wanted(&self, piece: usize) -> usize {
        usize::try_from(self.remaining).map_or(piece, |remaining| remaining.min(piece))
    }

    fn read_cached(&mut self) -> Result<usize, Errno> {
        let mut target = [IoSliceMut::new(self.buffer.room())];
        loop {
            match preadv2(self.file.as_fd(), &mut target, self.offset, ReadWriteFlags::NOWAIT) {
                Err(Errno::INTR) => {}
                outcome => return outcome,
            }
        }
    }

    fn read_elsewhere(&self, mut buffer: Buffer) -> JoinHandle<(Buffer, Result<usize, Errno>)> {
        let (file, offset) = (Arc::clone(&self.file), self.offset);
        spawn_blocking(move || {
            let outcome = read_full(&file, buffer.room(), offset);
            (buffer, outcome)
        })
    }
}

/// Reads until the buffer is full or the file ends.
fn read_full(file: &OwnedFd, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match pread(file, rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(filled)
}

/// A buffer of one of two sizes that goes back to the thread's spare ones.
#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    /// How much of it the next read may fill.
    limit: usize,
}

thread_local! {
    static SPARE: RefCell<[Vec<Vec<u8>>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

impl Buffer {
    const NONE: Self = Self { bytes: Vec::new(), limit: 0 };

    /// A buffer for so many bytes, [`PIECE`] at most.
    fn of(limit: usize) -> Self {
        let (class, size) = if limit <= FIRST_PIECE { (0, FIRST_PIECE) } else { (1, PIECE) };
        let spare = SPARE.with_borrow_mut(|spare| spare.get_mut(class).and_then(Vec::pop));
        Self { bytes: spare.unwrap_or_else(|| vec![0; size]), limit: limit.min(size) }
    }

    /// Makes room for so many bytes; what was in it is lost.
    fn reserve(&mut self, limit: usize) {
        if self.bytes.len() < limit {
            *self = Self::of(limit);
        }
        self.limit = limit;
    }

    fn room(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.limit).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let class = match self.bytes.len() {
            FIRST_PIECE => 0,
            PIECE => 1,
            _ => return,
        };
        let bytes = mem::take(&mut self.bytes);
        // A thread that ends has no spare buffers any more.
        let _ = SPARE.try_with(|spare| match spare.borrow_mut().get_mut(class) {
            Some(spare) if spare.len() < SPARE_BUFFERS => spare.push(bytes),
            _ => drop(bytes),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    fn file_of(size: usize) -> (std::fs::File, Vec<u8>) {
        let bytes: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
        let mut file = tempfile::tempfile().expect("temporary file");
        file.write_all(&bytes).expect("written");
        file.rewind().expect("rewound");
        (file, bytes)
    }

    fn reader(file: &std::fs::File, start: u64, length: u64) -> Reader {
        let descriptor = OwnedFd::from(file.try_clone().expect("descriptor"));
        Reader::new(Arc::new(descriptor), Span { start, length }, HttpVersion::Http11)
    }

    async fn read_all(reader: &mut Reader) -> Result<Vec<u8>, ReadError> {
        let mut all = Vec::new();
        loop {
            let (piece, is_last) = reader.next().await?;
            all.extend_from_slice(piece);
            if is_last {
                return Ok(all);
            }
        }
    }

    #[tokio::test]
    async fn every_byte_comes_once_and_in_order() {
        let (file, bytes) = file_of(3 * PIECE + 5);
        for (start, length) in [(0, 1), (0, bytes.len()), (1, FIRST_PIECE), (PIECE, 2 * PIECE), (7, bytes.len() - 7)] {
            for is_cold in [false, true] {
                let mut reader = reader(&file, start as u64, length as u64);
                reader.is_cold = is_cold;
                let read = read_all(&mut reader).await.expect("readable");
                assert!(read == bytes[start..start + length], "{length} from {start}, cold {is_cold}");
            }
        }
    }

    #[tokio::test]
    async fn file_that_shrinks_is_noticed() {
        let (file, _) = file_of(2 * PIECE);
        for is_cold in [false, true] {
            file.set_len(2 * PIECE as u64).expect("length");
            let mut reader = reader(&file, 0, 2 * PIECE as u64);
            reader.is_cold = is_cold;
            assert_eq!(reader.next().await.map(|(piece, _)| piece.len()), Ok(FIRST_PIECE));
            file.set_len(FIRST_PIECE as u64 + 10).expect("length");
            assert_eq!(read_all(&mut reader).await, Err(ReadError::Truncated), "cold {is_cold}");
        }
    }

    #[tokio::test]
    async fn descriptor_that_cannot_be_read_is_an_error() {
        let path = tempfile::NamedTempFile::new().expect("temporary file");
        std::fs::write(path.path(), "abc").expect("written");
        let file = std::fs::File::options().write(true).open(path.path()).expect("open");
        assert_eq!(reader(&file, 0, 3).next().await, Err(ReadError::Unreadable(Errno::BADF)));
    }

    #[test]
    fn buffers_are_used_again() {
        let first = Buffer::of(10);
        let address = first.bytes.as_ptr();
        drop(first);
        assert_eq!(Buffer::of(FIRST_PIECE).bytes.as_ptr(), address);
        assert_eq!(Buffer::of(FIRST_PIECE + 1).bytes.len(), PIECE);
    }
}
