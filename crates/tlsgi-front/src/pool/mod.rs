//! The workers of one application as requests see them: slots, the queue, the links.
//! Every front thread has its own `Pool`; slots and the number of waiters are shared between threads.

mod ahead;
pub(crate) mod exchange;
pub(crate) mod link;
mod outgoing;
pub(crate) mod relay;
mod slots;
mod vigil;
mod worker_end;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tlsgi_wire::Interface;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) use exchange::{Exchange, WorkerEvent};
pub(crate) use link::Link;
pub(crate) use slots::{PoolShared, WorkerShared};
pub(crate) use worker_end::WorkerEnd;

use crate::http::failure::Failure;
use ahead::Ahead;
use vigil::Vigil;

/// How long equally busy workers are asked in the same order. Whoever was just used is warm: its pages, its place in the processor's caches. Over
/// a second all of them have the same.
const TURN: Duration = Duration::from_millis(10);

/// One pool as one front thread sees it.
pub(crate) struct Pool {
    name: String,
    shared: Arc<PoolShared>,
    thread: usize,
    links: RefCell<Vec<Rc<Link>>>,
    /// Links without a hello yet.
    expected: RefCell<Vec<Rc<Link>>>,
    waiting: RefCell<VecDeque<Waiter>>,
    /// Over those that wait, and the task that keeps it from the first one on.
    vigil: Rc<Vigil>,
    watch: RefCell<JoinSet<()>>,
    turn: Cell<usize>,
    turn_began: Cell<Instant>,
    interface: Cell<Option<Interface>>,
    ahead: Ahead,
}

/// A request without a worker, until somebody has time for it. It hears nothing when its time is over, or when nobody will come.
struct Waiter {
    slot: oneshot::Sender<Option<Slot>>,
    until: Option<Instant>,
}

/// The right to run one exchange at one worker. Given back when dropped.
pub(crate) struct Slot {
    link: Rc<Link>,
    pool: Rc<Pool>,
    is_ahead: bool,
    is_released: Cell<bool>,
}

impl Slot {
    /// The link that it is for.
    pub(crate) fn link(&self) -> &Rc<Link> {
        &self.link
    }

    /// All threads of the worker were busy: the request waits there.
    pub(crate) const fn is_ahead(&self) -> bool {
        self.is_ahead
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.is_released.replace(true) {
            self.link.worker().release();
            self.pool.ahead.note_end(Instant::now);
            self.pool.slot_is_free();
        }
    }
}

impl Pool {
    /// A pool without workers yet.
    pub(crate) fn new(name: &str, shared: Arc<PoolShared>, thread: usize) -> Rc<Self> {
        Rc::new(Self {
            name: name.to_owned(),
            shared,
            thread,
            links: RefCell::default(),
            expected: RefCell::default(),
            waiting: RefCell::default(),
            vigil: Rc::default(),
            watch: RefCell::default(),
            turn: Cell::new(0),
            turn_began: Cell::new(Instant::now()),
            interface: Cell::new(None),
            ahead: Ahead::new(Instant::now()),
        })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What its workers speak; not known before the first one is ready.
    pub(crate) const fn interface(&self) -> Option<Interface> {
        self.interface.get()
    }

    /// What a worker's hello said.
    pub(crate) fn set_interface(&self, interface: Interface) {
        self.interface.set(Some(interface));
    }

    /// How many requests may wait in the queue; 0 when requests have a time to run in, which must not pass while they wait elsewhere.
    pub(crate) fn set_queue_length(&self, length: usize) {
        self.ahead.set_most(length);
    }

    /// A worker's link, whose hello is to come.
    pub(crate) fn expect(&self, link: Rc<Link>) {
        self.expected.borrow_mut().push(link);
    }

    /// Adds a worker's link, now that its hello has come, unless it was taken out before.
    pub(crate) fn add(self: &Rc<Self>, link: &Rc<Link>) {
        let expected = self.expected.borrow().iter().position(|expected| Rc::ptr_eq(expected, link));
        if let Some(at) = expected {
            let link = self.expected.borrow_mut().remove(at);
            self.links.borrow_mut().push(link);
            self.serve_waiting();
        }
    }

    /// Takes the link of a worker out of dispatch, before or after its hello; exchanges that run go on.
    pub(crate) fn remove(&self, worker: u64) -> Option<Rc<Link>> {
        [&self.links, &self.expected].into_iter().find_map(|links| {
            let mut links = links.borrow_mut();
            let at = links.iter().position(|link| link.worker().number() == worker)?;
            Some(links.remove(at))
        })
    }

    /// No worker is linked to it.
    pub(crate) fn is_deserted(&self) -> bool {
        self.links.borrow().is_empty() && self.expected.borrow().is_empty()
    }

    /// A slot at the least busy worker: at once, or when one is free, or a failure at the deadline.
    pub(crate) async fn acquire(self: &Rc<Self>, deadline: Duration, queue_length: usize) -> Result<Slot, Failure> {
        if self.waiting.borrow().is_empty()
            && let Some(slot) = self.try_slot()
        {
            return Ok(slot);
        }
        if self.shared.is_down() && self.links.borrow().is_empty() {
            return Err(Failure::PoolDown);
        }
        if self.waiting_anywhere() >= queue_length {
            return Err(Failure::QueueFull);
        }
        let (slot, receiver) = oneshot::channel();
        let until = Instant::now().checked_add(deadline);
        self.waiting.borrow_mut().push_back(Waiter { slot, until });
        self.publish_waiting();
        until.inspect(|until| self.expect_overdue(*until));
        // A slot may have become free between the first look and the publication.
        self.serve_waiting();
        match receiver.await {
            Ok(Some(slot)) => Ok(slot),
            Ok(None) => Err(Failure::QueueTimeout),
            Err(_) => Err(if self.shared.is_down() { Failure::PoolDown } else { Failure::Stopping }),
        }
    }

    fn expect_overdue(self: &Rc<Self>, until: Instant) {
        self.vigil.expect(until);
        let mut watch = self.watch.borrow_mut();
        if watch.is_empty() {
            let (vigil, pool) = (Rc::clone(&self.vigil), Rc::downgrade(self));
            // Ends with the pool.
            watch.spawn_local(async move {
                match vigil.keep(|now| pool.upgrade().and_then(|pool| pool.tell_overdue(now))).await {}
            });
        }
    }

    /// Tells those who waited long enough; gives the moment of the next ones.
    fn tell_overdue(&self, now: Instant) -> Option<Instant> {
        let is_overdue = |waiter: &Waiter| waiter.until.is_some_and(|until| until <= now);
        let waiting = self.waiting.take();
        let (overdue, others): (VecDeque<_>, _) = waiting.into_iter().partition(is_overdue);
        self.waiting.replace(others);
        for waiter in overdue {
            // Whoever left hears nothing.
            drop(waiter.slot.send(None));
        }
        self.publish_waiting();
        self.waiting.borrow().iter().filter_map(|waiter| waiter.until).min()
    }

    /// Gives free slots to those who wait longest; called when another thread freed one, too.
    pub(crate) fn serve_waiting(self: &Rc<Self>) {
        loop {
            let Some(waiter) = self.waiting.borrow_mut().pop_front() else { break };
            if waiter.slot.is_closed() {
                continue;
            }
            let Some(slot) = self.try_slot() else {
                self.waiting.borrow_mut().push_front(waiter);
                break;
            };
            // A waiter that left in this very moment gives its slot back by dropping it; the loop goes on with the next.
            drop(waiter.slot.send(Some(slot)));
        }
        self.publish_waiting();
    }

    /// Answers everybody who waits with "down": the application cannot be started.
    pub(crate) fn fail_waiting(&self) {
        self.waiting.borrow_mut().clear();
        self.publish_waiting();
    }

    /// Here, on the other threads, and at the worker.
    fn waiting_anywhere(&self) -> usize {
        let links = self.links.borrow();
        self.shared.waiting_total() + links.iter().map(|link| link.worker().waiting()).sum::<usize>()
    }

    fn publish_waiting(&self) {
        self.shared.set_waiting(self.thread, self.waiting.borrow().len());
    }

    /// The link with the smallest share of its capacity in use: a worker with nothing to do comes before all others, whose threads would wait
    /// for each other. Among equals the first is the same for a while, then the next one.
    fn try_slot(self: &Rc<Self>) -> Option<Slot> {
        self.try_slot_at(Instant::now)
    }

    fn try_slot_at(self: &Rc<Self>, now: impl FnOnce() -> Instant) -> Option<Slot> {
        let links = self.links.borrow();
        if let [link] = links.as_slice() {
            let ahead = if self.interface.get() == Some(Interface::Wsgi) { self.ahead.places() } else { 0 };
            return link.worker().try_acquire(ahead).map(|is_ahead| self.slot_at(link, is_ahead));
        }
        let now = now();
        if now.saturating_duration_since(self.turn_began.get()) >= TURN {
            self.turn.set(self.turn.get().wrapping_add(1));
            self.turn_began.set(now);
        }
        let turn = self.turn.get();
        let count = links.len();
        let mut order: smallvec::SmallVec<[usize; 16]> = (0..count).map(|at| (at + turn) % count).collect();
        if count > 1 {
            order.sort_by_key(|at| links.get(*at).map_or(u64::MAX, |link| link.worker().load()));
        }
        let link =
            order.into_iter().filter_map(|at| links.get(at)).find(|link| link.worker().try_acquire(0).is_some())?;
        Some(self.slot_at(link, false))
    }

    fn slot_at(self: &Rc<Self>, link: &Rc<Link>, is_ahead: bool) -> Slot {
        Slot { link: Rc::clone(link), pool: Rc::clone(self), is_ahead, is_released: Cell::new(false) }
    }

    fn slot_is_free(self: &Rc<Self>) {
        if self.shared.waiting_total() == 0 {
            return;
        }
        // Threads take turns, so that one thread's queue cannot starve another's.
        match self.shared.next_waiting(self.thread) {
            Some(thread) if thread != self.thread => self.shared.wake(thread),
            _ => self.serve_waiting(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::Notify;
    use tokio::task::LocalSet;

    fn pool_with_link() -> (Rc<Pool>, Rc<Link>, std::os::unix::net::UnixStream) {
        let (front, back) = std::os::unix::net::UnixStream::pair().expect("pair");
        let pool = Pool::new("app", PoolShared::new(vec![Arc::new(Notify::new())]), 0);
        let worker = WorkerShared::new(7, 1, 1);
        worker.set_capacity(2);
        let link = Link::new(worker, front, None).expect("link");
        pool.expect(Rc::clone(&link));
        (pool, link, back)
    }

    #[tokio::test]
    async fn worker_that_is_retired_before_its_hello_gets_no_request() {
        let (pool, link, _back) = pool_with_link();
        assert!(pool.remove(7).is_some());
        pool.add(&link);
        assert!(pool.try_slot().is_none());
        assert!(pool.is_deserted());
    }

    #[tokio::test]
    async fn idle_workers_take_turns_and_come_before_busy_ones() {
        let pool = Pool::new("app", PoolShared::new(vec![Arc::new(Notify::new())]), 0);
        let mut backs = Vec::new();
        for number in 0..3 {
            let (front, back) = std::os::unix::net::UnixStream::pair().expect("pair");
            let worker = WorkerShared::new(number, 1, 1);
            worker.set_capacity(2);
            let link = Link::new(worker, front, None).expect("link");
            pool.expect(Rc::clone(&link));
            pool.add(&link);
            backs.push(back);
        }
        let start = Instant::now();
        pool.turn_began.set(start);
        let slot = |after: Duration| pool.try_slot_at(|| start + after).expect("a slot is free");
        let worker = |slot: &Slot| slot.link().worker().number();
        // One after the other: the same one, until its turn is over.
        let alone = |turns: u32| worker(&slot(TURN * turns));
        assert_eq!([alone(0), alone(0), alone(1), alone(1), alone(2), alone(3)], [0, 0, 1, 1, 2, 0]);
        // At once: each has one before any has two, and then all are full.
        let busy: Vec<Slot> = (0..6).map(|_| slot(TURN * 3)).collect();
        assert_eq!(busy.iter().map(worker).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2]);
        assert!(pool.try_slot_at(|| start).is_none());
    }

    #[tokio::test]
    async fn requests_wait_at_a_lone_worker_for_wsgi_only_and_count_as_waiting() {
        for (interface, ahead) in [(Interface::Wsgi, 3), (Interface::Asgi, 0)] {
            let (pool, link, _back) = pool_with_link();
            pool.set_interface(interface);
            pool.set_queue_length(3);
            pool.add(&link);
            let slots: Vec<_> = std::iter::from_fn(|| pool.try_slot()).collect();
            assert_eq!(
                slots.iter().map(Slot::is_ahead).collect::<Vec<_>>(),
                [vec![false; 2], vec![true; ahead]].concat()
            );
            assert_eq!(pool.waiting_anywhere(), ahead);
            let acquired = LocalSet::new().run_until(pool.acquire(Duration::from_millis(1), 3)).await;
            let refused = acquired.map(drop);
            assert_eq!(refused, Err(if ahead == 3 { Failure::QueueFull } else { Failure::QueueTimeout }));
        }
    }
}
