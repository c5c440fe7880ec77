//! The futures of a connection's streams: owned by the connection, polled in batches by its one task.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Who of a connection has something to do. Wakes that come while its task runs cost no trip through the scheduler.
#[derive(Debug, Default)]
pub(super) struct Signals {
    lanes: Mutex<Vec<u32>>,
    connection: AtomicBool,
    is_running: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Signals {
    /// The task begins to run.
    pub(super) fn enter(&self, waker: &Waker) {
        self.is_running.store(true, Ordering::SeqCst);
        let mut task = lock(&self.task);
        if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }

    /// The task is about to return pending; what was signalled meanwhile makes it run again.
    pub(super) fn leave(&self) {
        self.is_running.store(false, Ordering::SeqCst);
        if self.is_any() {
            self.wake_task();
        }
    }

    /// Whether anybody has something to do.
    pub(super) fn is_any(&self) -> bool {
        self.connection.load(Ordering::SeqCst) || !lock(&self.lanes).is_empty()
    }

    /// Whether the connection itself has something to do; asked once.
    pub(super) fn take_connection(&self) -> bool {
        self.connection.swap(false, Ordering::SeqCst)
    }

    fn wake_task(&self) {
        if let Some(task) = lock(&self.task).as_ref() {
            task.wake_by_ref();
        }
    }

    fn signalled(&self) {
        if !self.is_running.load(Ordering::SeqCst) {
            self.wake_task();
        }
    }
}

/// As a waker: the connection's own, for the protocol and the socket.
impl Wake for Signals {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.connection.swap(true, Ordering::SeqCst) {
            self.signalled();
        }
    }
}

/// The waker of one lane. It stays when the lane gets another future; a late wake then costs one poll.
struct LaneFlag {
    signals: Arc<Signals>,
    lane: u32,
    is_queued: AtomicBool,
}

impl Wake for LaneFlag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::SeqCst) {
            let mut lanes = lock(&self.signals.lanes);
            let is_first = lanes.is_empty();
            lanes.push(self.lane);
            drop(lanes);
            // Whoever was first has told the task, or it runs and looks before it leaves.
            if is_first {
                self.signals.signalled();
            }
        }
    }
}

struct Lane<F> {
    future: Pin<Box<Option<F>>>,
    flag: Arc<LaneFlag>,
    waker: Waker,
}

/// Places for futures. The memory of a finished one is used again.
pub(super) struct Lanes<F> {
    signals: Arc<Signals>,
    lanes: Vec<Lane<F>>,
    free: Vec<u32>,
    batch: Vec<u32>,
}

impl<F: Future<Output = ()>> Lanes<F> {
    /// No lanes yet; they signal to `signals`.
    pub(super) const fn new(signals: Arc<Signals>) -> Self {
        Self { signals, lanes: Vec::new(), free: Vec::new(), batch: Vec::new() }
    }

    /// How many futures run.
    pub(super) fn active(&self) -> usize {
        self.lanes.len() - self.free.len()
    }

    /// Runs the future that `make` gives for its lane.
    pub(super) fn start(&mut self, make: impl FnOnce(u32) -> F) {
        let index = self.free.pop().unwrap_or_else(|| self.add());
        if let Some(lane) = self.lanes.get_mut(index as usize) {
            lane.future.set(Some(make(index)));
            lane.flag.wake_by_ref();
        }
    }

    /// Has a future polled in the next run.
    pub(super) fn wake(&self, index: u32) {
        if let Some(lane) = self.lanes.get(index as usize) {
            lane.flag.wake_by_ref();
        }
    }

    /// Polls every future that was woken. One that panics is dropped; the others do not notice.
    pub(super) fn run(&mut self) {
        std::mem::swap(&mut *lock(&self.signals.lanes), &mut self.batch);
        for index in self.batch.drain(..) {
            let Some(lane) = self.lanes.get_mut(index as usize) else { continue };
            lane.flag.is_queued.store(false, Ordering::SeqCst);
            let Some(future) = lane.future.as_mut().as_pin_mut() else { continue };
            let mut cx = Context::from_waker(&lane.waker);
            let outcome = catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx)));
            if matches!(outcome, Ok(Poll::Pending)) {
                continue;
            }
            if outcome.is_err() {
                tracing::error!("a request was dropped because of a fault in the server");
            }
            lane.future.set(None);
            self.free.push(index);
        }
    }

    /// Frees the memory of finished futures when none runs.
    pub(super) fn trim(&mut self) {
        if self.active() == 0 {
            self.lanes = Vec::new();
            self.free = Vec::new();
            self.batch = Vec::new();
        }
    }

    fn add(&mut self) -> u32 {
        let lane = u32::try_from(self.lanes.len()).unwrap_or(u32::MAX);
        let signals = Arc::clone(&self.signals);
        let flag = Arc::new(LaneFlag { signals, lane, is_queued: AtomicBool::new(false) });
        let waker = Waker::from(Arc::clone(&flag));
        self.lanes.push(Lane { future: Box::pin(None), flag, waker });
        lane
    }
}

/// Nobody leaves these lists half changed, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::future::poll_fn;
    use std::rc::Rc;

    #[derive(Default)]
    struct Counter(std::sync::atomic::AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn woken_lanes_run_in_one_batch_with_one_wake() {
        let (signals, counter) = (Arc::new(Signals::default()), Arc::new(Counter::default()));
        signals.enter(&Waker::from(Arc::clone(&counter)));
        let (wakers, runs) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(0)));
        let mut lanes = Lanes::new(Arc::clone(&signals));
        for _ in 0..8 {
            let (wakers, runs) = (Rc::clone(&wakers), Rc::clone(&runs));
            lanes.start(move |_| {
                poll_fn(move |cx| {
                    *runs.borrow_mut() += 1;
                    wakers.borrow_mut().push(cx.waker().clone());
                    Poll::Pending
                })
            });
        }
        lanes.run();
        signals.leave();
        assert_eq!((*runs.borrow(), counter.0.load(Ordering::SeqCst), lanes.active()), (8, 0, 8));
        let woken: Vec<Waker> = wakers.borrow_mut().drain(..).collect();
        woken.iter().chain(&woken).for_each(Waker::wake_by_ref);
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        lanes.run();
        assert_eq!(*runs.borrow(), 16);
    }

    #[test]
    fn signals_while_running_are_not_lost() {
        let (signals, counter) = (Arc::new(Signals::default()), Arc::new(Counter::default()));
        signals.enter(&Waker::from(Arc::clone(&counter)));
        signals.wake_by_ref();
        assert_eq!(counter.0.load(Ordering::SeqCst), 0);
        signals.leave();
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        assert!(signals.take_connection() && !signals.take_connection());
    }

    #[test]
    fn a_panic_ends_one_lane_only() {
        let mut lanes = Lanes::new(Arc::new(Signals::default()));
        for index in 0..3 {
            lanes.start(move |_| async move {
                assert_ne!(index, 1, "expected by this test");
                std::future::pending::<()>().await;
            });
        }
        lanes.run();
        assert_eq!(lanes.active(), 2);
    }
}
