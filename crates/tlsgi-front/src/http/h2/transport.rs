//! The byte stream under a connection: read into memory that all connections of a thread share, written once a turn.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};

use super::protocol::Connection;
use crate::stream;

/// Reads in one turn.
const READS: usize = 4;

/// Longest time in which what the client still sends is thrown away after the end, so that it reads GOAWAY instead of a
/// reset; and how much of it.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1 << 20;

/// How reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// There is nothing more now.
    Dry,
    /// There may be more.
    More,
    /// The client sends no more, or the connection broke.
    End,
}

/// The transport.
pub(super) struct Wire<IO> {
    io: IO,
    is_read_closed: bool,
    is_broken: bool,
    stalled_since: Option<Instant>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    /// Wraps `io`.
    pub(super) const fn new(io: IO) -> Self {
        Self { io, is_read_closed: false, is_broken: false, stalled_since: None }
    }

    /// Since when the client has taken nothing of what is ready to go.
    pub(super) const fn stalled_since(&self) -> Option<Instant> {
        self.stalled_since
    }

    /// Whether writing failed.
    pub(super) const fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Reads what is there, as far as the connection takes it.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>, connection: &mut Connection) -> Read {
        for _ in 0..READS {
            if !connection.takes_input() {
                return Read::Dry;
            }
            match stream::poll_read(&mut self.io, cx, stream::READ_SIZE, |bytes| connection.receive(bytes)) {
                Poll::Pending => return Read::Dry,
                Poll::Ready(Ok(count)) if count > 0 => {}
                Poll::Ready(_) => {
                    self.is_read_closed = true;
                    return Read::End;
                }
            }
        }
        Read::More
    }

    /// Hands the output to the operating system.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>, connection: &mut Connection, now: Instant) -> Poll<()> {
        if self.is_broken {
            return Poll::Ready(());
        }
        match self.poll_write(cx, connection) {
            Poll::Ready(Ok(())) => self.stalled_since = None,
            Poll::Ready(Err(error)) => {
                tracing::debug!(%error, "writing failed");
                self.is_broken = true;
            }
            Poll::Pending => {
                self.stalled_since.get_or_insert(now);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, connection: &mut Connection) -> Poll<io::Result<()>> {
        while !connection.output().is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, connection.output()))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.stalled_since = None;
            connection.wrote(written);
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Closes the sending side.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.io).poll_shutdown(cx).map(drop)
    }

    /// Throws away what the client still sends, for a short while.
    pub(super) async fn linger(&mut self) {
        if self.is_read_closed || self.is_broken {
            return;
        }
        let mut discarded = 0;
        let discard = std::future::poll_fn(|cx| {
            while discarded < LINGER_BYTES {
                match ready!(stream::poll_read(&mut self.io, cx, stream::READ_SIZE, |_| {})) {
                    Ok(count) if count > 0 => discarded += count,
                    _ => break,
                }
            }
            Poll::Ready(())
        });
        // Late or not: the connection ends now.
        let _ = timeout(LINGER, discard).await;
    }
}
