//! Requests that wait for a thread, and the threads that wait for a request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::exchange::Exchange;
use super::link::Link;

/// How long a request waits for a thread that is running before a sleeping one is woken for it. A thread that finishes takes the
/// next request without giving up the interpreter lock; waking one for every request makes the threads fight for that lock.
const PATIENCE: Duration = Duration::from_micros(100);

/// As [`PATIENCE`], counted from the last end of a call, while one thread runs all requests. Longer than the kernel usually keeps a thread from
/// running that could.
const PATIENCE_WITH_ONE: Duration = Duration::from_millis(10);

/// What a thread that finished a call finds.
#[derive(Debug)]
pub(crate) enum Next {
    /// A request, which is the thread's now.
    Task(Task),
    /// Nothing.
    Nothing,
    /// Requests that another thread runs: this one is to sleep.
    Rest,
}

/// How the threads of a worker stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Occupancy {
    /// Threads that neither sleep nor wait for the client.
    pub(crate) running: usize,
    /// Requests wait for a thread.
    pub(crate) is_wanting: bool,
    /// One thread runs all requests.
    pub(crate) is_alone: bool,
}

/// A request that no thread has taken.
#[derive(Debug)]
pub(crate) struct Task {
    /// Its exchange.
    pub(crate) exchange: Arc<Exchange>,
    /// How many requests came before it on its link.
    pub(crate) sequence: u64,
    /// The whole `Request` frame.
    pub(crate) frame: Vec<u8>,
}

/// The queue of one worker process.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Threads run Python at the same time (free-threaded builds): every request may wake one.
    is_parallel: bool,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<(Instant, Task)>,
    /// Sleeping threads, the most recent last: it is the warmest.
    idle: Vec<Thread>,
    /// Threads that neither sleep nor wait for the client.
    running: usize,
    last_wake: Instant,
    wakes: u64,
    /// One thread runs all requests, as long as its calls end soon.
    is_alone: bool,
    /// The last end of a call.
    last_end: Instant,
    is_over: bool,
}

impl Queue {
    /// Empty, without threads.
    pub(crate) fn new(is_parallel: bool) -> Self {
        let (waiting, idle) = (VecDeque::new(), Vec::new());
        let now = Instant::now();
        let state = State {
            waiting,
            idle,
            running: 0,
            last_wake: now,
            wakes: 0,
            is_alone: false,
            last_end: now,
            is_over: false,
        };
        Self { state: Mutex::new(state), is_parallel }
    }

    /// Has one thread run all requests, as long as its calls end soon; or lets requests wake threads again.
    pub(crate) fn keep_to_one(&self, is_alone: bool) {
        self.lock().is_alone = is_alone;
    }

    /// How the threads stand; none where they do not have to take turns.
    pub(crate) fn occupancy(&self) -> Option<Occupancy> {
        let state = self.lock();
        let (running, is_wanting, is_alone) = (state.running, !state.waiting.is_empty(), state.is_alone);
        (!self.is_parallel).then_some(Occupancy { running, is_wanting, is_alone })
    }

    /// Adds requests in order.
    pub(crate) fn push(&self, tasks: &mut Vec<Task>) {
        if tasks.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut state = self.lock();
        state.waiting.extend(tasks.drain(..).map(|task| (now, task)));
        state.wake_due(now, self.is_parallel);
    }

    /// The next request, if there is one.
    pub(crate) fn take(&self) -> Option<Task> {
        self.lock().waiting.pop_front().map(|(_, task)| task)
    }

    /// What a thread does whose call ended at `now`.
    pub(crate) fn next(&self, now: Instant) -> Next {
        let mut state = self.lock();
        state.last_end = now;
        if state.is_alone && state.running > 1 && !state.waiting.is_empty() {
            return Next::Rest;
        }
        state.waiting.pop_front().map_or(Next::Nothing, |(_, task)| Next::Task(task))
    }

    /// The ids of the next requests as far as they came over `link`, at most `most`; all of them stay where they are.
    pub(crate) fn next_on(&self, link: &Link, most: usize, ids: &mut Vec<u32>) {
        let state = self.lock();
        let waiting = state.waiting.iter().map(|(_, task)| &task.exchange);
        ids.extend(waiting.take_while(|next| std::ptr::eq(&*next.link, link)).take(most).map(|next| next.id));
    }

    /// Takes a request back that no thread has begun.
    pub(crate) fn remove(&self, exchange: &Arc<Exchange>) -> Option<Task> {
        let mut state = self.lock();
        let at = state.waiting.iter().position(|(_, task)| Arc::ptr_eq(&task.exchange, exchange))?;
        state.waiting.remove(at).map(|(_, task)| task)
    }

    /// Drops the requests of a link that is gone.
    pub(crate) fn remove_link(&self, link: &Link) {
        self.lock().waiting.retain(|(_, task)| !std::ptr::eq(&*task.exchange.link, link));
    }

    /// Wakes threads whose time has come; says after which time to ask again.
    pub(crate) fn wake_due(&self) -> Option<Duration> {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            return None;
        }
        let now = Instant::now();
        state.wake_due(now, self.is_parallel);
        state.next_wake().map(|at| at.saturating_duration_since(now))
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// How many times a sleeping thread was woken.
    pub(crate) fn wakes(&self) -> u64 {
        self.lock().wakes
    }

    /// A thread starts to serve.
    pub(crate) fn enter(&self) {
        self.lock().running += 1;
    }

    /// A thread serves no more.
    pub(crate) fn leave(&self) {
        self.lock().running -= 1;
    }

    /// Sleeps until there may be a request; false when there will be none. Not with the interpreter lock.
    pub(crate) fn wait(&self) -> bool {
        self.sleep(|state| state.waiting.is_empty())
    }

    /// As [`Self::wait`], after [`Next::Rest`]: for requests that no other thread runs.
    pub(crate) fn rest(&self) -> bool {
        self.sleep(|state| state.waiting.is_empty() || state.is_alone && state.running > 1)
    }

    fn sleep(&self, has_nothing_to_do: impl FnOnce(&State) -> bool) -> bool {
        let me = thread::current();
        let mut state = self.lock();
        if state.is_over || !has_nothing_to_do(&state) {
            return !state.is_over;
        }
        state.running -= 1;
        state.idle.push(me.clone());
        loop {
            drop(state);
            thread::park();
            state = self.lock();
            // Whoever wakes a thread takes it off the list and counts it as running.
            if !state.idle.iter().any(|idle| idle.id() == me.id()) {
                return !state.is_over;
            }
        }
    }

    /// Runs what blocks on the client and not on the interpreter: meanwhile another thread may be needed.
    pub(crate) fn aside<T>(&self, blocking: impl FnOnce() -> T) -> T {
        {
            let mut state = self.lock();
            state.running -= 1;
            state.wake_due(Instant::now(), self.is_parallel);
        }
        let result = blocking();
        self.lock().running += 1;
        result
    }

    /// Sends all threads home once nothing waits.
    pub(crate) fn finish(&self) {
        let mut state = self.lock();
        state.is_over = true;
        while state.wake_one() {}
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake_due(&mut self, now: Instant, is_parallel: bool) {
        let mut woken = 0;
        while woken < self.waiting.len() {
            let is_overdue = self.next_wake().is_some_and(|at| at <= now);
            if !(is_parallel || self.running == 0 || is_overdue) || !self.wake_one() {
                return;
            }
            if is_overdue {
                self.is_alone = false;
            }
            self.last_wake = now;
            woken += 1;
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        let (arrived, _) = self.waiting.front()?;
        let since = (*arrived).max(self.last_wake);
        let at = if self.is_alone { since.max(self.last_end) + PATIENCE_WITH_ONE } else { since + PATIENCE };
        (!self.idle.is_empty()).then_some(at)
    }

    fn wake_one(&mut self) -> bool {
        let Some(thread) = self.idle.pop() else { return false };
        self.running += 1;
        self.wakes += 1;
        thread.unpark();
        true
    }
}
