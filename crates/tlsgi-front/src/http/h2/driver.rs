//! Drives one connection: its protocol, its streams' futures and its deadlines, all in one task.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::Request;
use tlsgi_config::config::Limits;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Duration, Instant, timeout};

use super::client::{Accepted, Shared};
use super::lanes::{Lanes, Signals};
use super::timers::Timers;
use super::transport::{Transport, Wire};
use crate::http::deadline::Deadline;

/// Window of a stream: an upload of a client 50 ms away reaches 5 MB/s.
const STREAM_WINDOW: u32 = 256 << 10;

/// Window of the connection: so many times 256 KiB may wait for a worker before other uploads do.
const CONNECTION_WINDOW: u32 = 8 << 20;

/// Response bytes that one stream may have waiting.
const SEND_BUFFER: usize = 128 << 10;

/// How long frames of a stream that was reset are ignored: an upload that was answered early is still under way then.
const RESET_MEMORY: Duration = Duration::from_secs(5);

/// Turns of streams and protocol before other connections get theirs.
const TURNS: usize = 16;

/// After GOAWAY, how long an idle connection stays open for requests that are under way.
const LEAVE: Duration = Duration::from_secs(2);

/// How long the last GOAWAY may take to be written.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long exchanges may go on after their connection ended, to cancel and log.
const AFTERMATH: Duration = Duration::from_secs(5);

/// Quiet time after which a connection's memory is freed.
const TRIM_AFTER: Duration = Duration::from_secs(1);

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// GOAWAY was sent; open streams are finished.
    Leaving {
        since: Instant,
    },
    /// The last GOAWAY is on its way.
    Closing {
        until: Instant,
    },
    /// The protocol is over; exchanges end.
    Over {
        until: Instant,
    },
}

/// Serves one connection to its end. `limits` is asked for each request; `drain` resolves when the server stops.
pub(super) async fn drive<IO, L, D, F, R>(io: IO, limits: L, drain: D, on_request: F)
where
    IO: AsyncRead + AsyncWrite + Unpin,
    L: Fn() -> Rc<Limits>,
    D: Future<Output = ()>,
    F: Fn(Accepted) -> R,
    R: Future<Output = ()>,
{
    let now = Instant::now();
    let timers = Rc::new(Timers::new(now));
    let wire = Wire::new(io, &limits(), Rc::clone(&timers));
    let Some(connection) = handshake(&wire, &limits()).await else { return };
    let signals = Arc::new(Signals::default());
    let waker = Waker::from(Arc::clone(&signals));
    waker.wake_by_ref();
    let shared = Shared { timers, meter: Rc::clone(wire.meter()), heads: RefCell::default() };
    let mut driver = Driver {
        connection,
        wire: Rc::clone(&wire),
        shared: Rc::new(shared),
        lanes: Lanes::new(Arc::clone(&signals)),
        signals,
        waker,
        limits,
        on_request,
        phase: Phase::Open,
        requests: 0,
        idle_since: None,
        is_trimmed: false,
        deadline: Deadline::default(),
    };
    let mut drain = pin!(drain);
    let mut is_draining = false;
    std::future::poll_fn(|cx| {
        if !is_draining && drain.as_mut().poll(cx).is_ready() {
            is_draining = true;
            driver.leave();
        }
        driver.poll(cx)
    })
    .await;
    drop(driver);
    wire.linger().await;
}

/// Exchanges prefaces within the header deadline.
async fn handshake<IO>(wire: &Rc<Wire<IO>>, limits: &Limits) -> Option<Connection<Transport<IO>, Bytes>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut builder = h2::server::Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(limits.h2_streams)
        // Twice the limit: what is over it by less gets our own 431, a page with the fields of every answer. Beyond, h2 says a
        // bare 431.
        .max_header_list_size(u32::try_from(limits.header_bytes.saturating_mul(2)).unwrap_or(u32::MAX))
        .max_send_buffer_size(SEND_BUFFER)
        .max_concurrent_reset_streams(limits.h2_streams as usize)
        .max_pending_accept_reset_streams(limits.h2_resets as usize)
        .reset_stream_duration(RESET_MEMORY)
        .enable_connect_protocol();
    let mut shaken = pin!(builder.handshake(Transport(Rc::clone(wire))));
    let outcome = timeout(
        limits.header_timeout,
        std::future::poll_fn(|cx| {
            let polled = shaken.as_mut().poll(cx);
            // Flushing is ours; whether it is done now or later, the first turn goes on with it.
            let _ = wire.poll_send(cx);
            polled
        }),
    );
    match outcome.await {
        Ok(Ok(connection)) => Some(connection),
        Ok(Err(error)) => {
            tracing::debug!(%error, "no HTTP/2 connection");
            None
        }
        Err(_) => None,
    }
}

struct Driver<IO, L, F, R> {
    connection: Connection<Transport<IO>, Bytes>,
    wire: Rc<Wire<IO>>,
    shared: Rc<Shared>,
    lanes: Lanes<R>,
    signals: Arc<Signals>,
    /// Signals `connection`.
    waker: Waker,
    limits: L,
    on_request: F,
    phase: Phase,
    requests: u64,
    idle_since: Option<Instant>,
    is_trimmed: bool,
    deadline: Deadline,
}

impl<IO, L, F, R> Driver<IO, L, F, R>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    L: Fn() -> Rc<Limits>,
    F: Fn(Accepted) -> R,
    R: Future<Output = ()>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        self.signals.enter(cx.waker());
        self.shared.timers.advance(now);
        for _ in 0..TURNS {
            self.turn(now);
            self.watch(now);
            if !self.signals.is_any() {
                break;
            }
        }
        if matches!(self.phase, Phase::Over { until } if self.lanes.active() == 0 || now >= until) {
            return Poll::Ready(());
        }
        if let Some(next) = self.next_deadline() {
            self.deadline.set(next);
            if self.deadline.poll_passed(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
        self.signals.leave();
        Poll::Pending
    }

    /// Streams first: what they say is sent in the same turn.
    fn turn(&mut self, now: Instant) {
        self.lanes.run();
        if !self.signals.take_connection() || matches!(self.phase, Phase::Over { .. }) {
            return;
        }
        let waker = self.waker.clone();
        let mut cx = Context::from_waker(&waker);
        loop {
            match self.connection.poll_accept(&mut cx) {
                Poll::Ready(Some(Ok((request, respond)))) => self.accept(request, respond),
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(%error, "the HTTP/2 connection ended");
                    self.phase = Phase::Over { until: now + AFTERMATH };
                    break;
                }
                Poll::Ready(None) => {
                    self.phase = Phase::Over { until: now + AFTERMATH };
                    break;
                }
                Poll::Pending => break,
            }
        }
        if let Some(reason) = self.wire.take_verdict() {
            tracing::debug!(%reason, "the HTTP/2 connection is closed: too many frames that carry nothing");
            self.close(reason, now);
        }
        if self.wire.poll_send(&mut cx).is_ready() && self.wire.is_broken() {
            // Reading tells the protocol.
            self.waker.wake_by_ref();
        }
    }

    fn accept(&mut self, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
        let limits = (self.limits)();
        self.requests += 1;
        let is_last = limits.keep_alive_requests > 0 && self.requests >= limits.keep_alive_requests;
        let (shared, on_request) = (Rc::clone(&self.shared), &self.on_request);
        self.lanes.start(|lane| on_request(Accepted { request, respond, limits, shared, lane }));
        self.idle_since = None;
        self.is_trimmed = false;
        if is_last {
            self.leave();
        }
    }

    /// Announces the end; what is open or under way is still served.
    fn leave(&mut self) {
        if self.phase == Phase::Open {
            self.connection.graceful_shutdown();
            self.phase = Phase::Leaving { since: self.shared.timers.now() };
            self.waker.wake_by_ref();
        }
    }

    /// Ends the connection with a GOAWAY; its streams are gone at once.
    fn close(&mut self, reason: Reason, now: Instant) {
        if matches!(self.phase, Phase::Open | Phase::Leaving { .. }) {
            self.connection.abrupt_shutdown(reason);
            self.phase = Phase::Closing { until: now + FAREWELL };
            self.waker.wake_by_ref();
        }
    }

    /// Acts on the deadlines that have passed.
    fn watch(&mut self, now: Instant) {
        let is_idle = self.lanes.active() == 0 && self.wire.is_flushed();
        self.idle_since = if is_idle { self.idle_since.or(Some(now)) } else { None };
        let limits = (self.limits)();
        let has_passed = |since: Option<Instant>, wait| since.is_some_and(|since| now.duration_since(since) >= wait);
        match self.phase {
            Phase::Open | Phase::Leaving { .. } if has_passed(self.wire.stalled_since(), limits.write_timeout) => {
                tracing::debug!("the HTTP/2 connection is closed: the client takes nothing");
                self.connection.abrupt_shutdown(Reason::CANCEL);
                self.phase = Phase::Over { until: now + AFTERMATH };
            }
            Phase::Open | Phase::Leaving { .. }
                if has_passed(self.shared.meter.borrow().unfinished_since(), limits.header_timeout) =>
            {
                tracing::debug!("the HTTP/2 connection is closed: a frame or header block was not finished in time");
                self.close(Reason::ENHANCE_YOUR_CALM, now);
            }
            Phase::Open if has_passed(self.idle_since, limits.keep_alive_timeout) => self.leave(),
            Phase::Open if !self.is_trimmed && has_passed(self.idle_since, TRIM_AFTER) => self.trim(),
            Phase::Leaving { since } if self.idle_since.is_some_and(|idle| now >= idle.max(since) + LEAVE) => {
                self.close(Reason::NO_ERROR, now);
            }
            Phase::Closing { until } if now >= until => self.phase = Phase::Over { until: now + AFTERMATH },
            _ => {}
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let limits = (self.limits)();
        let after = |since: Option<Instant>, wait| since.map(|since| since + wait);
        let own = match self.phase {
            Phase::Over { until } | Phase::Closing { until } => Some(until),
            Phase::Leaving { since } => self.idle_since.map(|idle| idle.max(since) + LEAVE),
            Phase::Open if self.is_trimmed => after(self.idle_since, limits.keep_alive_timeout),
            Phase::Open => after(self.idle_since, limits.keep_alive_timeout.min(TRIM_AFTER)),
        };
        let wire = match self.phase {
            Phase::Open | Phase::Leaving { .. } => [
                after(self.wire.stalled_since(), limits.write_timeout),
                after(self.shared.meter.borrow().unfinished_since(), limits.header_timeout),
            ],
            Phase::Closing { .. } | Phase::Over { .. } => [None, None],
        };
        [own, self.shared.timers.next()].into_iter().chain(wire).flatten().min()
    }

    fn trim(&mut self) {
        self.is_trimmed = true;
        self.lanes.trim();
        self.shared.timers.trim();
        *self.shared.heads.borrow_mut() = Vec::new();
        self.wire.trim();
    }
}
