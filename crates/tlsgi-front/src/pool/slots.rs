//! What front threads share about a pool: how many slots each worker has in use, and which threads have requests waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// One worker process, shared by the links of all threads to it.
#[derive(Debug)]
pub(crate) struct WorkerShared {
    number: u64,
    process: u32,
    pub(super) capacity: AtomicU32,
    pub(super) busy: AtomicU32,
    links_open: AtomicUsize,
}

impl WorkerShared {
    /// A worker that has not said its capacity yet.
    pub(crate) fn new(number: u64, process: u32, links: usize) -> Arc<Self> {
        Arc::new(Self {
            number,
            process,
            capacity: AtomicU32::new(0),
            busy: AtomicU32::new(0),
            links_open: AtomicUsize::new(links),
        })
    }

    /// The supervisor's number for it.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Process id, for logs.
    pub(crate) const fn process(&self) -> u32 {
        self.process
    }

    /// What its hello announced. The same on every link.
    pub(crate) fn set_capacity(&self, capacity: u32) {
        self.capacity.store(capacity, Ordering::SeqCst);
    }

    /// Share of the capacity in use, as a number to compare.
    pub(crate) fn load(&self) -> u64 {
        let capacity = u64::from(self.capacity.load(Ordering::Relaxed)).max(1);
        (u64::from(self.busy.load(Ordering::Relaxed)) << 20) / capacity
    }

    /// Takes a slot if one is free, or one of `ahead` places to wait at the worker; says whether it is such a place.
    pub(crate) fn try_acquire(&self, ahead: u32) -> Option<bool> {
        let capacity = self.capacity.load(Ordering::Relaxed);
        let most = capacity.saturating_add(ahead);
        self.busy
            .fetch_update(Ordering::SeqCst, Ordering::Relaxed, |busy| (busy < most).then_some(busy + 1))
            .ok()
            .map(|busy| busy >= capacity)
    }

    /// Requests that wait at the worker.
    pub(crate) fn waiting(&self) -> usize {
        let capacity = self.capacity.load(Ordering::Relaxed);
        self.busy.load(Ordering::Relaxed).saturating_sub(capacity) as usize
    }

    /// Gives a slot back.
    pub(crate) fn release(&self) {
        self.busy.fetch_sub(1, Ordering::SeqCst);
    }

    /// Counts a closed link; true for the last one.
    pub(crate) fn link_closed(&self) -> bool {
        self.links_open.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

/// One pool, shared by the threads of the front.
#[derive(Debug)]
pub(crate) struct PoolShared {
    is_down: AtomicBool,
    waiting: Vec<AtomicUsize>,
    wakers: Vec<Arc<Notify>>,
    turn: AtomicUsize,
}

impl PoolShared {
    /// A pool for as many threads as there are `wakers`.
    pub(crate) fn new(wakers: Vec<Arc<Notify>>) -> Arc<Self> {
        Arc::new(Self {
            is_down: AtomicBool::new(false),
            waiting: wakers.iter().map(|_| AtomicUsize::new(0)).collect(),
            wakers,
            turn: AtomicUsize::new(0),
        })
    }

    /// A worker is ready: the application runs (again).
    pub(crate) fn set_up(&self) {
        self.is_down.store(false, Ordering::SeqCst);
    }

    /// The application cannot be started.
    pub(crate) fn set_down(&self) {
        self.is_down.store(true, Ordering::SeqCst);
    }

    /// Whether it cannot be started.
    pub(crate) fn is_down(&self) -> bool {
        self.is_down.load(Ordering::SeqCst)
    }

    pub(super) fn set_waiting(&self, thread: usize, count: usize) {
        if let Some(waiting) = self.waiting.get(thread) {
            waiting.store(count, Ordering::SeqCst);
        }
    }

    /// Requests that wait on all threads.
    pub(crate) fn waiting_total(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.load(Ordering::SeqCst)).sum()
    }

    /// The next thread, in turn, that has requests waiting.
    pub(super) fn next_waiting(&self, own: usize) -> Option<usize> {
        let threads = self.waiting.len();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..threads)
            .map(|step| (own + turn + step) % threads)
            .find(|thread| self.waiting.get(*thread).is_some_and(|waiting| waiting.load(Ordering::SeqCst) > 0))
    }

    /// Makes a thread look at its queue.
    pub(super) fn wake(&self, thread: usize) {
        if let Some(waker) = self.wakers.get(thread) {
            waker.notify_one();
        }
    }
}
