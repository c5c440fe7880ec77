//! Buffered bytes from and to one HTTP/1 connection, every wait under a deadline.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use crate::http::client::Gone;
use crate::http::deadline::Deadline;
use crate::stream;

/// Room for each read of a large body.
const BULK_SIZE: usize = 64 << 10;

/// Request bytes that are kept for later while an earlier request is answered.
pub(crate) const MAX_AHEAD: usize = 64 << 10;

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// Bytes were added to the input.
    Bytes,
    /// The client will send no more.
    End,
    /// The connection broke.
    Broken,
    /// The deadline passed.
    Late,
}

/// The transport and its buffers.
pub(crate) struct Transport<IO> {
    io: IO,
    input: Vec<u8>,
    taken: usize,
    out: Vec<u8>,
    is_read_closed: bool,
    is_torn: bool,
    pub(crate) deadline: Deadline,
    write_timeout: Duration,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Transport<IO> {
    /// Wraps `io`; `write_timeout` is the longest time in which the peer takes nothing.
    pub(crate) fn new(io: IO, write_timeout: Duration) -> Self {
        Self {
            io,
            input: Vec::new(),
            taken: 0,
            out: Vec::new(),
            is_read_closed: false,
            is_torn: false,
            deadline: Deadline::default(),
            write_timeout,
        }
    }

    /// Input that has not been taken yet.
    pub(crate) fn input(&self) -> &[u8] {
        self.input.get(self.taken..).unwrap_or_default()
    }

    /// Takes so many bytes off the input.
    pub(crate) fn take(&mut self, count: usize) {
        self.taken += count;
        if self.taken >= self.input.len() {
            self.input.clear();
            self.taken = 0;
        }
    }

    /// Whether the client has closed its sending side.
    pub(crate) const fn is_read_closed(&self) -> bool {
        self.is_read_closed
    }

    /// Whether the client's side ended without the close_notify that TLS asks for, or broke.
    pub(crate) const fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Frees what an idle connection does not need.
    pub(crate) fn trim(&mut self) {
        if self.input().is_empty() {
            self.input = Vec::new();
            self.taken = 0;
        }
        if self.out.is_empty() {
            self.out = Vec::new();
        }
    }

    /// Reads what is there, or waits for it until the deadline. Cancel-safe.
    pub(crate) async fn read(&mut self) -> Read {
        poll_fn(|cx| self.poll_read(cx)).await
    }

    /// As [`Self::read`], into memory of this connection alone and as much as is there: for large bodies, which [`Self::take_all`] passes
    /// on as they are.
    pub(crate) async fn read_bulk(&mut self) -> Read {
        poll_fn(|cx| {
            if self.is_read_closed {
                return Poll::Ready(Read::End);
            }
            self.input.drain(..std::mem::take(&mut self.taken));
            self.input.reserve(BULK_SIZE);
            let before = self.input.len();
            loop {
                let polled = pin!(self.io.read_buf(&mut self.input)).poll(cx);
                let is_more = matches!(polled, Poll::Ready(Ok(1..)));
                if is_more && self.input.len() < self.input.capacity() {
                    continue;
                }
                // What ended the reading is found again by the next one.
                let has_read = !is_more && self.input.len() > before;
                return if has_read { Poll::Ready(Read::Bytes) } else { self.conclude(polled, cx) };
            }
        })
        .await
    }

    /// All input, without copying it.
    pub(crate) fn take_all(&mut self) -> Bytes {
        let taken = std::mem::take(&mut self.taken);
        Bytes::from(std::mem::take(&mut self.input)).slice(taken..)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        if self.is_read_closed {
            return Poll::Ready(Read::End);
        }
        let Self { io, input, taken, .. } = self;
        let polled = stream::poll_read(io, cx, stream::READ_SIZE, |bytes| {
            input.drain(..std::mem::take(taken));
            input.extend_from_slice(bytes);
        });
        self.conclude(polled, cx)
    }

    fn conclude(&mut self, polled: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<Read> {
        match polled {
            Poll::Ready(Ok(0)) => {
                self.is_read_closed = true;
                Poll::Ready(Read::End)
            }
            Poll::Ready(Ok(_)) => Poll::Ready(Read::Bytes),
            // A TLS client that just closes its socket is an end like any other: requests are delimited by themselves.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.is_read_closed = true;
                self.is_torn = true;
                Poll::Ready(Read::End)
            }
            Poll::Ready(Err(_)) => {
                self.is_torn = true;
                Poll::Ready(Read::Broken)
            }
            Poll::Pending => self.deadline.poll_passed(cx).map(|()| Read::Late),
        }
    }

    /// What is to be written next; `flush` sends it.
    pub(crate) const fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Writes the collected output, then `more`, without copying `more` when it is large.
    pub(crate) async fn flush(&mut self, more: &[u8]) -> Result<(), Gone> {
        if !more.is_empty() && (more.len() <= 16 << 10 || self.out.len() + more.len() <= 32 << 10) {
            self.out.extend_from_slice(more);
            return self.flush_out().await;
        }
        self.flush_out().await?;
        self.write(more).await
    }

    async fn flush_out(&mut self) -> Result<(), Gone> {
        let mut out = std::mem::take(&mut self.out);
        let outcome = self.write(&out).await;
        out.clear();
        self.out = out;
        outcome
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let mut sent = 0;
        let write_timeout = self.write_timeout;
        let mut deadline: Option<Deadline> = None;
        let io = &mut self.io;
        poll_fn(|cx| {
            while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
                match Pin::new(&mut *io).poll_write(cx, rest) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Gone)),
                    Poll::Ready(Ok(written)) => {
                        sent += written;
                        deadline = None;
                    }
                    Poll::Pending => return poll_write_deadline(&mut deadline, write_timeout, cx),
                }
            }
            match Pin::new(&mut *io).poll_flush(cx) {
                Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|_| Gone)),
                Poll::Pending => poll_write_deadline(&mut deadline, write_timeout, cx),
            }
        })
        .await
    }

    /// Closes the sending side and throws away what the client still sends, for a short while, so that it reads the
    /// answer instead of a reset (RFC 9112 9.6).
    pub(crate) async fn linger(&mut self) {
        self.trim();
        if self.shutdown().await.is_err() {
            return;
        }
        self.deadline.set_after(Duration::from_secs(2));
        let mut discarded = 0;
        while discarded < 1 << 20 && self.read().await == Read::Bytes {
            discarded += self.input().len();
            self.take(self.input().len());
        }
    }

    /// Closes the sending side (TLS: close_notify first).
    pub(crate) async fn shutdown(&mut self) -> Result<(), Gone> {
        let write_timeout = self.write_timeout.min(Duration::from_secs(5));
        let mut deadline = None;
        let io = &mut self.io;
        poll_fn(|cx| match Pin::new(&mut *io).poll_shutdown(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|_| Gone)),
            Poll::Pending => poll_write_deadline(&mut deadline, write_timeout, cx),
        })
        .await
    }
}

fn poll_write_deadline(
    deadline: &mut Option<Deadline>,
    write_timeout: Duration,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Gone>> {
    let deadline = deadline.get_or_insert_with(|| {
        let mut deadline = Deadline::default();
        deadline.set_after(write_timeout);
        deadline
    });
    deadline.poll_passed(cx).map(|()| Err(Gone))
}
