//! What a thread does from one request to the next: which it takes, when the answers are written, and what the front is told
//! before the next call.
//!
//! The next request is taken, and its `Begin` written, together with the end of the one before; the interpreter lock is only given
//! up when there is none. While the application keeps a steady pace and more requests are at hand, the front is told with that
//! write of all that fit into a moment, and their answers leave together. The watchdog sees to it that none waits for a slow call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::application;
use super::exchange::Exchange;
use super::queue::{Next, Task};
use super::server::Shared;

/// Requests are begun ahead as far as they are likely to be answered within this; not for one or two, which would gain nothing.
const MOMENT: Duration = Duration::from_micros(150);

/// So many requests are begun at once, at most.
const MOST_AHEAD: usize = 48;

/// After so many vain looks for the next request, only one in so many is looked for before the thread waits.
const MANY_MISSES: u32 = 16;

/// One thread's work until the worker stops.
pub(super) fn serve(py: Python<'_>, shared: &Arc<Shared>) {
    shared.queue.enter();
    let mut turns = Turns {
        shared,
        tail: Vec::new(),
        ahead: Vec::new(),
        since: Instant::now(),
        has_left: false,
        has_looked: false,
        is_to_rest: false,
        misses: 0,
    };
    while let Some(task) = turns.wait(py) {
        turns.since = Instant::now();
        let mut next = Some(task);
        while let Some(task) = next {
            next = turns.run(py, task);
        }
    }
    shared.queue.leave();
}

struct Turns<'a> {
    shared: &'a Arc<Shared>,
    /// The last frames of the request that just ran.
    tail: Vec<u8>,
    /// Ids of requests that are begun with the next write.
    ahead: Vec<u32>,
    /// Since when the application has been running.
    since: Instant,
    /// The answer before this one was left in the buffer.
    has_left: bool,
    /// There was nothing to be read a moment ago.
    has_looked: bool,
    /// Another thread runs what waits.
    is_to_rest: bool,
    /// So many times in a row there was nothing to be read at once.
    misses: u32,
}

impl Turns<'_> {
    /// The next request, begun, after all before it were answered; None when there will be none.
    fn wait(&mut self, py: Python<'_>) -> Option<Task> {
        let shared = self.shared;
        if std::mem::take(&mut self.is_to_rest) && !py.detach(|| shared.queue.rest()) {
            return None;
        }
        loop {
            let has_looked = std::mem::take(&mut self.has_looked);
            if let Some(task) = shared.queue.take().or_else(|| if has_looked { None } else { self.look() }) {
                task.exchange.link.begin(task.exchange.id);
                return Some(task);
            }
            if !py.detach(|| shared.reading.lead(shared) || shared.queue.wait()) || shared.is_over() {
                return None;
            }
        }
    }

    /// A request that can be read without waiting. Not tried every time where there never is one.
    fn look(&mut self) -> Option<Task> {
        if self.misses >= MANY_MISSES && !self.misses.is_multiple_of(MANY_MISSES) {
            self.misses += 1;
            return None;
        }
        self.shared.reading.read_now(self.shared);
        let task = self.shared.queue.take();
        self.misses = if task.is_some() { 0 } else { self.misses.wrapping_add(1) };
        task
    }

    /// Runs one request and sees to its answer; gives the next one, begun, if there is one at hand.
    fn run(&mut self, py: Python<'_>, task: Task) -> Option<Task> {
        let exchange = Arc::clone(&task.exchange);
        application::call(py, self.shared, task, &mut self.tail);
        self.shared.reading.note_call();
        let now = Instant::now();
        self.shared.pace.note_call(now.saturating_duration_since(self.since));
        self.since = now;
        let mut next = None;
        match self.shared.queue.next(now) {
            Next::Task(task) => next = Some(task),
            Next::Nothing => {}
            Next::Rest => self.is_to_rest = true,
        }
        if next.is_none() && self.has_left && !self.is_to_rest {
            // With answers in hand, what comes next is looked for before they are written and not afterwards.
            next = self.look();
            self.has_looked = next.is_none();
        }
        let following = next.as_ref().filter(|next| Arc::ptr_eq(&next.exchange.link, &exchange.link));
        self.has_left = following.is_some_and(|following| self.leave(&exchange, following.exchange.id));
        if !self.has_left {
            self.hand_on(&exchange, following.map(|following| following.exchange.id));
            if let (Some(next), None) = (&next, following) {
                next.exchange.link.begin(next.exchange.id);
            }
            self.since = Instant::now();
        }
        self.tail.clear();
        next
    }

    fn leave(&self, exchange: &Exchange, next: u32) -> bool {
        exchange.link.leave(exchange.id, &self.tail, next, self.since, || self.shared.may_leave())
    }

    /// Writes the answer, and what was left before it, with `Begin` of what this thread runs next.
    fn hand_on(&mut self, exchange: &Exchange, following: Option<u32>) {
        self.ahead.clear();
        if following.is_some() {
            let most = self.shared.pace.calls_within(MOMENT).min(MOST_AHEAD);
            if most > 2 && exchange.link.has_ledger() && self.shared.reading.is_watched() {
                self.shared.queue.next_on(&exchange.link, most - 1, &mut self.ahead);
            }
        }
        exchange.link.finish(exchange.id, &self.tail, following.into_iter().chain(self.ahead.iter().copied()));
    }
}
