//! Deadlines of streams behind the one timer of their connection, and the connection's idea of the time.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

#[derive(Debug, Default)]
struct Entry {
    at: Option<Instant>,
    waker: Option<Waker>,
}

/// One deadline a lane. Setting one is a store; nothing is taken back: an old deadline only costs a poll.
#[derive(Debug)]
pub(super) struct Timers {
    now: Cell<Instant>,
    entries: RefCell<Vec<Entry>>,
    next: Cell<Option<Instant>>,
}

impl Timers {
    /// No deadlines.
    pub(super) const fn new(now: Instant) -> Self {
        Self { now: Cell::new(now), entries: RefCell::new(Vec::new()), next: Cell::new(None) }
    }

    /// The time when the connection's task last began to run.
    pub(super) const fn now(&self) -> Instant {
        self.now.get()
    }

    /// The connection's task runs: moves the time on and wakes whose deadline has passed.
    pub(super) fn advance(&self, now: Instant) {
        self.now.set(now);
        if self.next.get().is_none_or(|next| next > now) {
            return;
        }
        let mut next: Option<Instant> = None;
        for entry in self.entries.borrow_mut().iter_mut() {
            match entry.at {
                Some(at) if at <= now => {
                    entry.at = None;
                    if let Some(waker) = &entry.waker {
                        waker.wake_by_ref();
                    }
                }
                Some(at) => next = Some(next.map_or(at, |next| next.min(at))),
                None => {}
            }
        }
        self.next.set(next);
    }

    /// When `advance` has something to do; may be too early.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.next.get()
    }

    /// Ready when the moment has come; else the lane is woken then.
    pub(super) fn poll_at(&self, lane: u32, at: Instant, cx: &Context<'_>) -> Poll<()> {
        if at <= self.now.get() {
            return Poll::Ready(());
        }
        let mut entries = self.entries.borrow_mut();
        let lane = lane as usize;
        if entries.len() <= lane {
            entries.resize_with(lane + 1, Entry::default);
        }
        if let Some(entry) = entries.get_mut(lane) {
            entry.at = Some(at);
            if !entry.waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
                entry.waker = Some(cx.waker().clone());
            }
        }
        self.next.set(Some(self.next.get().map_or(at, |next| next.min(at))));
        Poll::Pending
    }

    /// Frees memory when no lane runs.
    pub(super) fn trim(&self) {
        *self.entries.borrow_mut() = Vec::new();
        self.next.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn the_earliest_deadline_is_next() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let timers = Timers::new(start);
        let cx = Context::from_waker(Waker::noop());
        assert!(timers.poll_at(3, after(20), &cx).is_pending());
        assert!(timers.poll_at(0, after(10), &cx).is_pending());
        assert_eq!(timers.next(), Some(after(10)));
        timers.advance(after(10));
        assert_eq!(timers.next(), Some(after(20)));
        assert!(timers.poll_at(0, after(10), &cx).is_ready());
        timers.advance(after(30));
        assert_eq!(timers.next(), None);
    }
}
