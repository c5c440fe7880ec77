//! The byte stream under a connection: metered on the way in, collected on the way out so that what many streams say in one
//! turn leaves in one write.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use h2::Reason;
use tlsgi_config::config::Limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout};

use super::meter::{Meter, Violation};
use super::timers::Timers;

/// Output that is collected before the transport must take some: enough for four TLS records.
const COLLECTED: usize = 64 << 10;

/// Longest time in which what the client still sends is thrown away after the end, so that it reads GOAWAY instead of a
/// reset; and how much of it.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1 << 20;

/// Output buffers above this size are freed when the connection is idle.
const KEPT: usize = 4 << 10;

#[derive(Debug, Default)]
struct Out {
    bytes: Vec<u8>,
    sent: usize,
}

/// The transport, shared by the protocol and the connection's driver.
pub(super) struct Wire<IO> {
    io: RefCell<IO>,
    meter: Rc<RefCell<Meter>>,
    timers: Rc<Timers>,
    out: RefCell<Out>,
    verdict: Cell<Option<Reason>>,
    is_condemned: Cell<bool>,
    is_read_closed: Cell<bool>,
    is_broken: Cell<bool>,
    stalled_since: Cell<Option<Instant>>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    /// Wraps `io`.
    pub(super) fn new(io: IO, limits: &Limits, timers: Rc<Timers>) -> Rc<Self> {
        Rc::new(Self {
            io: RefCell::new(io),
            meter: Rc::new(RefCell::new(Meter::new(limits, timers.now()))),
            timers,
            out: RefCell::default(),
            verdict: Cell::new(None),
            is_condemned: Cell::new(false),
            is_read_closed: Cell::new(false),
            is_broken: Cell::new(false),
            stalled_since: Cell::new(None),
        })
    }

    /// What the client's frames have been counted with.
    pub(super) const fn meter(&self) -> &Rc<RefCell<Meter>> {
        &self.meter
    }

    /// Why the connection must end, told once. Nothing more is read then.
    pub(super) fn take_verdict(&self) -> Option<Reason> {
        self.verdict.take()
    }

    /// Since when the client has taken nothing of what is ready to go.
    pub(super) const fn stalled_since(&self) -> Option<Instant> {
        self.stalled_since.get()
    }

    /// Whether all output has been handed to the operating system.
    pub(super) fn is_flushed(&self) -> bool {
        self.stalled_since.get().is_none() && self.out.borrow().bytes.is_empty()
    }

    /// Whether writing failed; reading will, too.
    pub(super) const fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    /// Frees what an idle connection does not need.
    pub(super) fn trim(&self) {
        let mut out = self.out.borrow_mut();
        if out.bytes.is_empty() && out.bytes.capacity() > KEPT {
            *out = Out::default();
        }
    }

    /// Hands the collected output to the operating system.
    pub(super) fn poll_send(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_broken.get() {
            return Poll::Ready(());
        }
        let outcome = self.poll_write_out(cx);
        let outcome = match outcome {
            Poll::Ready(Ok(())) => Pin::new(&mut *self.io.borrow_mut()).poll_flush(cx),
            other => other,
        };
        match outcome {
            Poll::Ready(Ok(())) => self.stalled_since.set(None),
            Poll::Ready(Err(error)) => {
                tracing::debug!(%error, "writing failed");
                self.is_broken.set(true);
            }
            Poll::Pending => {
                if self.stalled_since.get().is_none() {
                    self.stalled_since.set(Some(self.timers.now()));
                }
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    fn poll_write_out(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (mut io, mut out) = (self.io.borrow_mut(), self.out.borrow_mut());
        while let Some(rest) = out.bytes.get(out.sent..).filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut *io).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            out.sent += written;
            self.stalled_since.set(None);
            self.meter.borrow_mut().wrote(written);
        }
        out.bytes.clear();
        out.sent = 0;
        Poll::Ready(Ok(()))
    }

    /// Takes output, after making room if there is much already.
    fn poll_collect(&self, cx: &mut Context<'_>, pieces: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.is_broken.get() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.out.borrow().bytes.len() >= COLLECTED {
            let sent = self.poll_send(cx);
            let is_full = {
                let out = self.out.borrow();
                out.bytes.len() - out.sent >= COLLECTED
            };
            if sent.is_pending() && is_full {
                return Poll::Pending;
            }
        }
        let mut out = self.out.borrow_mut();
        if out.sent > 0 {
            let sent = std::mem::take(&mut out.sent);
            out.bytes.drain(..sent);
        }
        for piece in pieces {
            out.bytes.extend_from_slice(piece);
        }
        Poll::Ready(Ok(pieces.iter().map(|piece| piece.len()).sum()))
    }

    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_condemned.get() {
            return Poll::Pending;
        }
        if self.is_broken.get() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let before = buffer.filled().len();
        let outcome = ready!(Pin::new(&mut *self.io.borrow_mut()).poll_read(cx, buffer));
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        if fresh.is_empty() {
            self.is_read_closed.set(true);
            return Poll::Ready(outcome);
        }
        let metered = self.meter.borrow_mut().feed(fresh, self.timers.now());
        if let Err(Violation { at, reason }) = metered {
            self.is_condemned.set(true);
            self.verdict.set(Some(reason));
            buffer.set_filled(before + at);
            if at == 0 {
                return Poll::Pending;
            }
        }
        Poll::Ready(outcome)
    }

    /// Throws away what the client still sends, for a short while.
    pub(super) async fn linger(&self) {
        if self.is_read_closed.get() || self.is_broken.get() {
            return;
        }
        let mut scratch = vec![0; 16 << 10];
        let mut discarded = 0;
        let discard = std::future::poll_fn(|cx| {
            while discarded < LINGER_BYTES {
                let mut buffer = ReadBuf::new(&mut scratch);
                match ready!(Pin::new(&mut *self.io.borrow_mut()).poll_read(cx, &mut buffer)) {
                    Ok(()) if !buffer.filled().is_empty() => discarded += buffer.filled().len(),
                    _ => break,
                }
            }
            Poll::Ready(())
        });
        // Late or not: the connection ends now.
        let _ = timeout(LINGER, discard).await;
    }
}

/// What the protocol reads from and writes to. Flushing is left to the driver, once a turn.
pub(super) struct Transport<IO>(pub(super) Rc<Wire<IO>>);

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Transport<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.poll_receive(cx, buffer)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Transport<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_collect(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_collect(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.is_broken() { Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())) } else { Poll::Ready(Ok(())) }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.0.poll_send(cx));
        Pin::new(&mut *self.0.io.borrow_mut()).poll_shutdown(cx)
    }
}
