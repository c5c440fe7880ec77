//! Drives one connection: its bytes, its streams' futures and its deadlines, all in one task.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tlsgi_config::config::Limits;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Duration, Instant};

use super::client::{Accepted, Shared};
use super::frame::Code;
use super::lanes::{Lanes, Signals};
use super::protocol::Connection;
use super::timers::Timers;
use super::transport::{Read, Wire};
use crate::http::deadline::Deadline;

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

/// Serves one connection to its end. `limits` is asked for each request; `drain` resolves when the server stops; `on_rest` is called when
/// the connection has been idle for a while.
pub(super) async fn drive<IO, L, D, F, R>(io: IO, limits: L, drain: D, on_rest: impl Fn(), on_request: F)
where
    IO: AsyncRead + AsyncWrite + Unpin,
    L: Fn() -> Rc<Limits>,
    D: Future<Output = ()>,
    F: Fn(Accepted) -> R,
    R: Future<Output = ()>,
{
    let now = Instant::now();
    let signals = Arc::new(Signals::default());
    let waker = Waker::from(Arc::clone(&signals));
    waker.wake_by_ref();
    let connection = RefCell::new(Connection::new(&limits(), now));
    let mut driver = Driver {
        wire: Wire::new(io),
        shared: Rc::new(Shared { timers: Timers::new(now), connection }),
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
        let was_trimmed = driver.is_trimmed;
        let polled = driver.poll(cx);
        if driver.is_trimmed && !was_trimmed {
            on_rest();
        }
        polled
    })
    .await;
    let Driver { mut wire, lanes, .. } = driver;
    drop(lanes);
    wire.linger().await;
}

struct Driver<IO, L, F, R> {
    wire: Wire<IO>,
    shared: Rc<Shared>,
    lanes: Lanes<R>,
    signals: Arc<Signals>,
    /// Signals that the transport has something to do.
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
        self.shared.connection.borrow_mut().advance(now);
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

    /// What the client sent, then its streams, then what they say, in one write.
    fn turn(&mut self, now: Instant) {
        let is_signalled = self.signals.take_connection();
        let waker = self.waker.clone();
        let mut cx = Context::from_waker(&waker);
        if is_signalled && matches!(self.phase, Phase::Open | Phase::Leaving { .. }) {
            self.receive(&mut cx, now);
        }
        self.lanes.run();
        if matches!(self.phase, Phase::Over { .. }) {
            return;
        }
        let mut connection = self.shared.connection.borrow_mut();
        let was_deaf = !connection.takes_input();
        if is_signalled || self.wire.stalled_since().is_none() && !connection.output().is_empty() {
            let sent = self.wire.poll_send(&mut cx, &mut connection, now);
            if sent.is_ready()
                && matches!(self.phase, Phase::Closing { .. })
                && self.wire.poll_shutdown(&mut cx).is_ready()
            {
                self.phase = Phase::Over { until: now + AFTERMATH };
            }
        }
        if self.wire.is_broken() {
            connection.abandon();
            self.phase = Phase::Over { until: now + AFTERMATH };
        } else if was_deaf && connection.takes_input() {
            self.waker.wake_by_ref();
        }
        connection.give_turns();
        drop(connection);
        self.wake_lanes();
    }

    fn receive(&mut self, cx: &mut Context<'_>, now: Instant) {
        let mut connection = self.shared.connection.borrow_mut();
        connection.set_limits(&(self.limits)());
        let read = self.wire.poll_receive(cx, &mut connection);
        let verdict = connection.take_verdict();
        drop(connection);
        self.start_lanes();
        if let Some(code) = verdict {
            tracing::debug!(?code, "the HTTP/2 connection is closed: its client breaks the rules");
            self.close(code, now);
        }
        match read {
            Read::Dry => {}
            Read::More => self.waker.wake_by_ref(),
            Read::End => {
                self.shared.connection.borrow_mut().abandon();
                self.phase = Phase::Over { until: now + AFTERMATH };
            }
        }
        self.wake_lanes();
    }

    fn start_lanes(&mut self) {
        let mut opened = std::mem::take(self.shared.connection.borrow_mut().opened());
        if opened.is_empty() {
            return;
        }
        self.idle_since = None;
        self.is_trimmed = false;
        for opened in opened.drain(..) {
            self.requests += 1;
            let most = opened.limits.keep_alive_requests;
            let is_last = most > 0 && self.requests >= most;
            let (shared, on_request) = (Rc::clone(&self.shared), &self.on_request);
            self.lanes.start(|lane| {
                shared.connection.borrow_mut().settle_lane(opened.slot, lane);
                on_request(Accepted { opened, shared, lane })
            });
            if is_last {
                self.leave();
            }
        }
        *self.shared.connection.borrow_mut().opened() = opened;
    }

    fn wake_lanes(&self) {
        for lane in self.shared.connection.borrow_mut().woken().drain(..) {
            self.lanes.wake(lane);
        }
    }

    /// Announces the end; what is open or under way is still served.
    fn leave(&mut self) {
        if self.phase == Phase::Open {
            self.shared.connection.borrow_mut().announce_leave();
            self.phase = Phase::Leaving { since: self.shared.timers.now() };
            self.waker.wake_by_ref();
        }
    }

    /// Ends the connection with a GOAWAY; its streams are gone at once.
    fn close(&mut self, code: Code, now: Instant) {
        if matches!(self.phase, Phase::Open | Phase::Leaving { .. }) {
            self.shared.connection.borrow_mut().close(code);
            self.wake_lanes();
            self.phase = Phase::Closing { until: now + FAREWELL };
            self.waker.wake_by_ref();
        }
    }

    /// Acts on the deadlines that have passed.
    fn watch(&mut self, now: Instant) {
        let (is_flushed, is_done, unfinished_since) = {
            let connection = self.shared.connection.borrow();
            let is_flushed = self.wire.stalled_since().is_none() && connection.output().is_empty();
            (is_flushed, connection.is_done(), connection.unfinished_since())
        };
        let is_idle = self.lanes.active() == 0 && is_flushed;
        self.idle_since = if is_idle { self.idle_since.or(Some(now)) } else { None };
        let limits = (self.limits)();
        let has_passed = |since: Option<Instant>, wait| since.is_some_and(|since| now.duration_since(since) >= wait);
        match self.phase {
            Phase::Open | Phase::Leaving { .. } if has_passed(self.wire.stalled_since(), limits.write_timeout) => {
                tracing::debug!("the HTTP/2 connection is closed: the client takes nothing");
                self.shared.connection.borrow_mut().abandon();
                self.wake_lanes();
                self.phase = Phase::Over { until: now + AFTERMATH };
            }
            Phase::Open | Phase::Leaving { .. } if has_passed(unfinished_since, limits.header_timeout) => {
                tracing::debug!("the HTTP/2 connection is closed: a frame or header block was not finished in time");
                self.close(Code::EnhanceYourCalm, now);
            }
            Phase::Open | Phase::Leaving { .. } if is_idle && is_done => self.close(Code::NoError, now),
            Phase::Open if has_passed(self.idle_since, limits.keep_alive_timeout) => self.leave(),
            Phase::Open if !self.is_trimmed && has_passed(self.idle_since, TRIM_AFTER) => self.trim(),
            Phase::Leaving { since } if self.idle_since.is_some_and(|idle| now >= idle.max(since) + LEAVE) => {
                self.close(Code::NoError, now);
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
                after(self.shared.connection.borrow().unfinished_since(), limits.header_timeout),
            ],
            Phase::Closing { .. } | Phase::Over { .. } => [None, None],
        };
        [own, self.shared.timers.next()].into_iter().chain(wire).flatten().min()
    }

    fn trim(&mut self) {
        self.is_trimmed = true;
        self.lanes.trim();
        self.shared.timers.trim();
        self.shared.connection.borrow_mut().trim();
    }
}
