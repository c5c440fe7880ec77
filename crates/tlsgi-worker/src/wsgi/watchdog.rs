//! Who reads the links, and the thread that does when nobody else can. The same thread writes what was left in their buffers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, TryLockError};
use std::thread::{self, Thread};
use std::time::Duration;

use super::crowd::Crowd;
use super::reader::Reader;
use super::server::Shared;

/// How often the watchdog looks whether threads come back from the application while requests are run. One that hangs there longer
/// than this is relieved of reading; shorter would only cost.
const TICK: Duration = Duration::from_micros(150);

/// How often it looks while every look shows that threads go on by themselves: each one costs two switches between threads. So
/// long, at most, a finished answer waits for a call that turns out slow.
const LONGEST_TICK: Duration = Duration::from_micros(600);

/// How often it looks while requests come one at a time and are soon answered: no answer is left in a buffer then. So long, at most, requests
/// wait behind the first call that turns out slow.
const LONGEST_SERIAL_TICK: Duration = Duration::from_micros(2400);

/// Threads that read so many times in one tick are not long in the application.
const QUICK_TURNS: u64 = 4;

/// So long without a change, and the watchdog sleeps until a request comes: an idle worker costs nothing.
const CALM: Duration = Duration::from_millis(6);

/// The right to read, and what the watchdog must know to decide that nobody uses it.
#[derive(Debug)]
pub(crate) struct Reading {
    reader: Mutex<Reader>,
    /// Raised whenever a Python thread has read.
    turns: AtomicU64,
    /// Raised whenever one has finished a call.
    calls: AtomicU64,
    watchdog: OnceLock<Thread>,
    is_watchdog_asleep: AtomicBool,
    /// The watchdog looks at every tick whether answers were left lying.
    is_ticking: AtomicBool,
}

impl Reading {
    /// Nobody reads yet.
    pub(crate) const fn new(reader: Reader) -> Self {
        Self {
            reader: Mutex::new(reader),
            turns: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            watchdog: OnceLock::new(),
            is_watchdog_asleep: AtomicBool::new(false),
            is_ticking: AtomicBool::new(false),
        }
    }

    /// Reads what is there, if nobody else is reading.
    pub(crate) fn read_now(&self, shared: &Arc<Shared>) {
        if let Some(mut reader) = self.try_read() {
            self.turns.fetch_add(1, Ordering::Relaxed);
            let result = reader.read_now(shared);
            end_on_error(shared, &mut reader, result);
            drop(reader);
            self.rouse_watchdog();
        }
    }

    /// Waits on the links until a request came or the worker is over; false when another thread does so already.
    /// Not with the interpreter lock.
    pub(crate) fn lead(&self, shared: &Arc<Shared>) -> bool {
        let Some(mut reader) = self.try_read() else { return false };
        // Whoever read before may have left something; while this one has the right to read, nothing else comes.
        while !shared.is_over() && shared.queue.is_empty() {
            let result = reader.wait_and_read(shared, None);
            end_on_error(shared, &mut reader, result);
        }
        self.turns.fetch_add(1, Ordering::Relaxed);
        drop(reader);
        self.rouse_watchdog();
        true
    }

    /// Reads until `is_due`, so that what a thread waits for in the middle of a request wakes no other thread; where another one reads, or
    /// nobody will any more, `sleep` waits instead. Not with the interpreter lock.
    pub(crate) fn attend(&self, shared: &Arc<Shared>, is_due: impl Fn() -> bool, sleep: impl FnOnce()) {
        let reader = if shared.is_over() { None } else { self.try_read() };
        let Some(mut reader) = reader else { return sleep() };
        while !is_due() && !shared.is_over() {
            let patience = shared.queue.wake_due();
            let result = reader.wait_and_read(shared, patience);
            end_on_error(shared, &mut reader, result);
        }
        self.turns.fetch_add(1, Ordering::Relaxed);
        drop(reader);
        self.rouse_watchdog();
    }

    /// A thread has finished a call: it reads by itself when nothing else is to be done.
    pub(crate) fn note_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether an answer that is left in a link's buffer is written within [`LONGEST_TICK`] whatever its thread does. Ask with the link
    /// locked: the watchdog, when it stops to look, does so before it locks each link for the last time.
    pub(crate) fn is_watched(&self) -> bool {
        self.is_ticking.load(Ordering::Relaxed)
    }

    /// What is left from now on, nobody looks after.
    fn stop_ticking(&self, shared: &Shared) {
        self.is_ticking.store(false, Ordering::Relaxed);
        shared.flush_left();
    }

    /// From now on somebody must look whether the links are read.
    fn rouse_watchdog(&self) {
        if self.is_watchdog_asleep.load(Ordering::Acquire) && self.is_watchdog_asleep.swap(false, Ordering::AcqRel) {
            self.wake_watchdog();
        }
    }

    /// Gets the watchdog out of its sleep.
    pub(crate) fn wake_watchdog(&self) {
        if let Some(watchdog) = self.watchdog.get() {
            watchdog.unpark();
        }
    }

    /// Ends all links: after the last thread has left.
    fn end(&self, shared: &Arc<Shared>) {
        // A thread that leads was woken and leaves at once.
        self.reader.lock().unwrap_or_else(std::sync::PoisonError::into_inner).end(shared);
    }

    fn try_read(&self) -> Option<MutexGuard<'_, Reader>> {
        match self.reader.try_lock() {
            Ok(reader) => Some(reader),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// A broken link ends the worker.
fn end_on_error(shared: &Arc<Shared>, reader: &mut Reader, result: Result<(), crate::Error>) {
    if let Err(error) = result {
        shared.fail(&error);
        reader.end(shared);
    }
}

/// Body of the watchdog's thread.
pub(crate) fn watch(shared: &Arc<Shared>) {
    let _guard = EndGuard(Arc::clone(shared));
    let reading = &shared.reading;
    let _ = reading.watchdog.set(thread::current());
    let (mut seen, mut seen_calls) = (reading.turns.load(Ordering::Relaxed), reading.calls.load(Ordering::Relaxed));
    let (mut tick, mut calm) = (TICK, Duration::ZERO);
    let mut crowd = Crowd::default();
    while !shared.is_over() {
        match tick > LONGEST_TICK {
            true => reading.stop_ticking(shared),
            false => reading.is_ticking.store(true, Ordering::Relaxed),
        }
        thread::park_timeout(tick);
        shared.flush_left();
        shared.queue.wake_due();
        let turns = reading.turns.load(Ordering::Relaxed);
        let new_turns = turns.wrapping_sub(std::mem::replace(&mut seen, turns));
        let calls = reading.calls.load(Ordering::Relaxed);
        let new_calls = calls.wrapping_sub(std::mem::replace(&mut seen_calls, calls));
        crowd.look(&shared.queue, calls);
        match reading.try_read() {
            Some(mut reader) if new_turns + new_calls == 0 => {
                relieve(shared, &mut reader);
                (tick, calm) = (TICK, Duration::ZERO);
            }
            // A thread is in the application, but not for a whole tick, and not because requests come many at a time.
            Some(_) if new_turns < QUICK_TURNS && new_calls <= 2 * new_turns => {
                (tick, calm) = (TICK, Duration::ZERO);
            }
            // Also while a thread waits on the links: whatever comes is read.
            None if new_turns == 0 => calm += tick,
            None if new_turns < QUICK_TURNS => (tick, calm) = ((tick * 2).min(LONGEST_SERIAL_TICK), Duration::ZERO),
            _ => (tick, calm) = ((tick * 2).min(LONGEST_TICK), Duration::ZERO),
        }
        if calm >= CALM {
            crowd.disperse(&shared.queue);
            sleep(shared);
            (tick, calm) = (TICK, Duration::ZERO);
        }
    }
    reading.stop_ticking(shared);
    reading.end(shared);
}

/// Reads until a sleeping thread was woken for a request: that one will read when it is through. So will the only one that runs requests, when
/// it has ended a call.
fn relieve(shared: &Arc<Shared>, reader: &mut Reader) {
    shared.reading.stop_ticking(shared);
    let (wakes, calls) = (shared.queue.wakes(), shared.reading.calls.load(Ordering::Relaxed));
    let is_relieved = || {
        let is_alone = shared.queue.occupancy().is_some_and(|occupancy| occupancy.is_alone);
        shared.queue.wakes() != wakes || is_alone && shared.reading.calls.load(Ordering::Relaxed) != calls
    };
    while !shared.is_over() && !is_relieved() {
        let patience = shared.queue.wake_due();
        let result = reader.wait_and_read(shared, patience);
        end_on_error(shared, reader, result);
    }
}

/// Sleeps while another thread waits on the links and nothing is to be run.
fn sleep(shared: &Arc<Shared>) {
    let reading = &shared.reading;
    reading.stop_ticking(shared);
    reading.is_watchdog_asleep.store(true, Ordering::Release);
    // The thread that leads may have left before it could see the mark.
    while reading.is_watchdog_asleep.load(Ordering::Acquire) && !shared.is_over() {
        if reading.try_read().is_some() {
            reading.is_watchdog_asleep.store(false, Ordering::Release);
            return;
        }
        thread::park();
    }
}

/// Should a defect end the watchdog, the process must not stay with links that nobody reads.
struct EndGuard(Arc<Shared>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail_with("the thread that watches over the links failed".into());
        }
    }
}
