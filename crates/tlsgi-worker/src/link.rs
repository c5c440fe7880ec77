//! One socket to a front thread, as far as bytes go out: encoded and not yet sent. Not for threads or Python: both interfaces drive it,
//! each in its own way.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use tlsgi_wire::{Encoder, Hello, Inbox, Interface};

/// An output buffer that grew beyond this is given back once it is empty.
const KEPT_OUTPUT: usize = 512 << 10;

/// From this size on, a piece of body goes from the application's own memory to the socket.
pub(crate) const LARGE_PIECE: usize = 16 << 10;

/// Takes over a descriptor from the control socket; the original stays the caller's.
///
/// # Errors
/// Not an open descriptor, or out of them.
pub(crate) fn socket(number: i32) -> io::Result<UnixStream> {
    let socket = UnixStream::from(tlsgi_sys::descriptor::duplicate(number)?);
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The first frame of the worker on every link.
pub(crate) fn hello(out: &mut Vec<u8>, interface: Interface, capacity: u32, interpreter: &str) {
    let process = std::process::id();
    Encoder::new(out).hello(&Hello { version: tlsgi_wire::VERSION, capacity, process, interface, interpreter });
}

/// Reads once; 0 means that the front closed the link.
///
/// # Errors
/// The socket's; `WouldBlock` when there is nothing.
pub(crate) fn receive(inbox: &mut Inbox, mut socket: &UnixStream) -> io::Result<usize> {
    inbox.receive(|room| {
        loop {
            match socket.read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    })
}

/// Bytes to the front, with the descriptors that travel beside some of them.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    /// Position of a frame in `bytes`, and its descriptor.
    files: VecDeque<(usize, OwnedFd)>,
}

impl Outbox {
    /// The buffer to encode frames into.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// An encoder that appends.
    pub(crate) fn encoder(&mut self) -> Encoder<'_> {
        Encoder::new(&mut self.bytes)
    }

    /// The next frame to be encoded is a `File` or `Hello` frame, and this its descriptor.
    pub(crate) fn push_descriptor(&mut self, file: OwnedFd) {
        self.files.push_back((self.bytes.len(), file));
    }

    /// Nothing waits to be sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    /// Bytes that wait to be sent.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Sends as much as the socket takes; true when nothing is left.
    ///
    /// # Errors
    /// The socket's, other than being full.
    pub(crate) fn flush(&mut self, socket: &UnixStream) -> io::Result<bool> {
        while !self.is_empty() {
            match self.send_piece(socket) {
                Ok(sent) => self.sent += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.clear();
        Ok(true)
    }

    /// Sends what waits and then `piece`, of which only that is copied which the socket does not take.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub(crate) fn flush_with(&mut self, mut socket: &UnixStream, piece: &[u8]) -> io::Result<bool> {
        let mut piece = piece;
        while self.files.is_empty() && !piece.is_empty() {
            let waiting = self.bytes.get(self.sent..).unwrap_or_default();
            match socket.write_vectored(&[IoSlice::new(waiting), IoSlice::new(piece)]) {
                Ok(written) => {
                    let own = written.min(waiting.len());
                    self.sent += own;
                    piece = piece.get(written - own..).unwrap_or_default();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.bytes.extend_from_slice(piece);
                    return Ok(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.extend_from_slice(piece);
        self.flush(socket)
    }

    /// Drops what could not be sent: the front is gone.
    pub(crate) fn clear(&mut self) {
        self.sent = 0;
        self.files.clear();
        if self.bytes.capacity() > KEPT_OUTPUT {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }

    /// One write: up to the next descriptor's frame, or from it on with the descriptor.
    fn send_piece(&mut self, mut socket: &UnixStream) -> io::Result<usize> {
        let Some((at, file)) = self.files.front() else {
            return socket.write(self.bytes.get(self.sent..).unwrap_or_default());
        };
        if *at > self.sent {
            return socket.write(self.bytes.get(self.sent..*at).unwrap_or_default());
        }
        let end = self.files.get(1).map_or(self.bytes.len(), |(next, _)| *next);
        let piece = self.bytes.get(self.sent..end).unwrap_or_default();
        let sent = tlsgi_sys::channel::send_some(socket, piece, &[file.as_fd()])?;
        self.files.pop_front();
        Ok(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use tlsgi_wire::{Decoder, Direction, FileRange, Payload};

    #[test]
    fn descriptors_travel_beside_their_frames_and_bytes_keep_their_order() {
        let (ours, theirs) = tlsgi_sys::channel::pair().expect("pair");
        let mut outbox = Outbox::default();
        let range = |offset| FileRange { offset, length: 5, is_end: false, is_done: false };
        for offset in 0..3 {
            outbox.encoder().begin(7);
            outbox.push_descriptor(tlsgi_sys::descriptor::duplicate(ours.as_raw_fd()).expect("duplicate"));
            outbox.encoder().file(7, &range(offset));
            outbox.encoder().done(7);
        }
        assert!(outbox.flush(&ours).expect("flush"));
        let (mut bytes, mut files) = (vec![0; 4096], Vec::new());
        let mut end = 0;
        while files.len() < 3 || end < 3 * (8 + 8 + 17 + 8) {
            end += tlsgi_sys::channel::receive_some(&theirs, &mut bytes[end..], &mut files).expect("receive");
        }
        let mut decoder = Decoder::new(&bytes[..end], Direction::ToFront);
        for offset in 0..3 {
            assert_eq!(decoder.next_frame().expect("frame").expect("begin").payload, Payload::Begin);
            assert_eq!(decoder.next_frame().expect("frame").expect("file").payload, Payload::File(range(offset)));
            assert_eq!(decoder.next_frame().expect("frame").expect("done").payload, Payload::Done);
        }
        assert_eq!(files.len(), 3);
    }

    #[test]
    fn full_socket_keeps_the_rest_for_later() {
        let (ours, theirs) = tlsgi_sys::channel::pair().expect("pair");
        ours.set_nonblocking(true).expect("nonblocking");
        let mut outbox = Outbox::default();
        for _ in 0..16 {
            outbox.encoder().data(1, &[9; 128 << 10], false, false);
        }
        let total = outbox.len();
        assert!(!outbox.flush(&ours).expect("flush"));
        let reader = std::thread::spawn(move || {
            let mut inbox = Inbox::new(Direction::ToWorker);
            let mut received = 0;
            while received < total {
                received += receive(&mut inbox, &theirs).expect("receive");
                inbox.consume(inbox.bytes().len());
            }
            received
        });
        ours.set_nonblocking(false).expect("blocking");
        assert!(outbox.flush(&ours).expect("flush"));
        assert_eq!(reader.join().expect("reader"), total);
        assert!(outbox.is_empty());
    }
}
