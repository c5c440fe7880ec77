//! One connection to an upstream: bytes both ways at once, in buffers that do not grow.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;

use crate::stream;

/// Bytes read at a time.
const READ_SIZE: usize = 32 << 10;

/// Bytes on their way to the upstream, beyond which nothing more is taken from the client.
pub(super) const MAX_OUT: usize = 64 << 10;

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
    socket: TcpStream,
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
    pub(super) fn new(socket: TcpStream) -> Self {
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
        let read = ready!(stream::poll_read(socket, cx, READ_SIZE, |bytes| input.extend_from_slice(bytes)));
        Poll::Ready(match read {
            Ok(0) => Turn::End,
            Ok(_) => Turn::Read,
            Err(_) => Turn::Broken,
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
        matches!(self.socket.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Ready when something came on an idle connection, were it its end.
    pub(super) fn poll_stirred(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let polled = self.socket.poll_read_ready(cx).map(drop);
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
