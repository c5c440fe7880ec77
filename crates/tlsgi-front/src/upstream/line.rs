//! One connection to an upstream: bytes both ways at once, in buffers that do not grow.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// Bytes read at a time, into a buffer that all connections of the thread share: one that waits holds none.
const READ_SIZE: usize = 32 << 10;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_SIZE]);
}

/// Bytes on their way to the upstream, beyond which nothing more is taken from the client.
pub(super) const MAX_OUT: usize = 64 << 10;

/// A socket of either kind.
#[derive(Debug)]
pub(super) enum Socket {
    /// Over the network.
    Tcp(TcpStream),
    /// On this machine.
    Unix(UnixStream),
}

/// What a turn brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Bytes were added to the input.
    Read,
    /// The upstream sends no more.
    End,
    /// The connection broke.
    Broken,
    /// Some of the output was taken.
    Written,
}

/// The connection and its buffers.
#[derive(Debug)]
pub(super) struct Line {
    socket: Socket,
    /// Read, not looked at yet.
    pub(super) input: BytesMut,
    /// To be written.
    pub(super) out: Vec<u8>,
    written: usize,
    /// Bytes that the socket took since the request began.
    pub(super) sent: u64,
    /// It served a request before.
    pub(super) is_used: bool,
    /// The upstream takes nothing more; what it said may still be read.
    pub(super) is_deaf: bool,
}

impl Line {
    /// A new connection.
    pub(super) fn new(socket: Socket) -> Self {
        let (input, out) = (BytesMut::new(), Vec::new());
        Self { socket, input, out, written: 0, sent: 0, is_used: false, is_deaf: false }
    }

    /// Whether more may be put into `out`.
    pub(super) fn has_room(&self) -> bool {
        !self.is_deaf && self.out.len() - self.written < MAX_OUT
    }

    /// Whether everything is written.
    pub(super) fn is_flushed(&self) -> bool {
        self.written == self.out.len()
    }

    /// Writes what is to be written and reads what is there; resolves with the first of both. Cancel-safe.
    pub(super) async fn turn(&mut self) -> Turn {
        poll_fn(|cx| self.poll_turn(cx)).await
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        if self.poll_write(cx) {
            return Poll::Ready(Turn::Written);
        }
        let Self { socket, input, .. } = self;
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            let read = ready!(Pin::new(socket).poll_read(cx, &mut buffer));
            input.extend_from_slice(buffer.filled());
            Poll::Ready(match (read, buffer.filled()) {
                (Ok(()), []) => Turn::End,
                (Ok(()), _) => Turn::Read,
                (Err(_), _) => Turn::Broken,
            })
        })
    }

    /// Whether the socket took something.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> bool {
        let before = self.written;
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty() && !self.is_deaf) {
            match Pin::new(&mut self.socket).poll_write(cx, rest) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.written += count;
                    self.sent += count as u64;
                }
                // It may have answered and closed: what it said comes first.
                Poll::Ready(_) => self.is_deaf = true,
                Poll::Pending => break,
            }
        }
        let took = self.written > before;
        if self.is_flushed() || self.is_deaf {
            self.out.clear();
            self.written = 0;
        }
        took
    }

    /// Whether an idle connection is still of use: nothing came, not even its end.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let read = match &self.socket {
            Socket::Tcp(socket) => socket.try_read(&mut byte),
            Socket::Unix(socket) => socket.try_read(&mut byte),
        };
        matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Ready when something came on an idle connection, were it its end.
    pub(super) fn poll_stirred(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let polled = match &self.socket {
                Socket::Tcp(socket) => socket.poll_read_ready(cx).map(drop),
                Socket::Unix(socket) => socket.poll_read_ready(cx).map(drop),
            };
            // What the reactor remembers may be long read.
            if polled.is_pending() || !self.is_quiet() {
                return polled;
            }
        }
    }

    /// Gives back what an idle connection does not need.
    pub(super) fn rest(&mut self) {
        self.input = BytesMut::new();
        self.out = Vec::new();
        (self.written, self.sent, self.is_used) = (0, 0, true);
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}
