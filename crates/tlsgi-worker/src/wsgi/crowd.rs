//! Whether one thread is enough. An application that only computes holds the interpreter lock all the time: further threads then wait for
//! it, and each time the interpreter takes it from one of them, that one's request waits for all the others.
//!
//! No thread can see whether another one waits for that lock or for a database. So it is tried: where the process is busy and calls are
//! short, one thread runs all requests for a while, and goes on if that does about as much as all of them did.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::queue::{Occupancy, Queue};

/// What is judged is at least so long,
const WINDOW: Duration = Duration::from_millis(40);

/// with so many calls in it,
const ENOUGH_CALLS: u64 = 64;

/// unless there are not as many within this.
const LONGEST_WINDOW: Duration = Duration::from_millis(200);

/// A process that computes for this share of the time may be short of the interpreter lock. On a machine that others use, too, it gets no more.
const BUSY: f64 = 0.5;

/// One that computes for longer than there was time does so without the lock: its threads help each other.
const PARALLEL: f64 = 1.3;

/// So many calls a second, at least, are short ones.
const SHORT: f64 = 1000.0;

/// One thread is enough if it ends this share of the calls that all did, or computes for this share of the time. Where it spends time
/// waiting, both are less.
const ENOUGH: f64 = 0.85;

/// After one was not enough, it is not tried again for so long; for twice as long each time, up to [`LONGEST_HOLD`]. Short at first: a machine
/// that others use may just have become slower.
const HOLD: Duration = Duration::from_millis(100);

/// See [`HOLD`].
const LONGEST_HOLD: Duration = Duration::from_secs(16);

/// When one was enough for so long, [`HOLD`] counts again.
const PROVEN: Duration = Duration::from_secs(1);

/// After so long it is looked anew whether more threads do better.
const TERM: Duration = Duration::from_secs(30);

/// What the watchdog knows of it.
#[derive(Debug)]
pub(super) struct Crowd {
    phase: Phase,
    /// Where the window began; none before the first look.
    start: Option<Look>,
    hold: Duration,
    held_until: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// Requests wake threads.
    All,
    /// One thread is tried; others may still be in their last calls.
    Settling(Work),
    /// One thread is tried.
    Trial(Work),
    /// One thread is enough, since then.
    Alone(Instant),
}

/// One moment.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    /// Calls that have ended.
    calls: u64,
    /// Processor time of the process.
    busy: Duration,
}

/// What was done between two moments.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Work {
    /// Calls a second.
    rate: f64,
    /// Seconds of processor time a second.
    busy: f64,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { phase: Phase::All, start: None, hold: HOLD, held_until: None }
    }
}

impl Crowd {
    /// Looks how things go, and tells the queue. `calls` have ended until now.
    pub(super) fn look(&mut self, queue: &Queue, calls: u64) {
        let at = Instant::now();
        if let Some(start) = self.start {
            let wall = at.saturating_duration_since(start.at);
            let is_enough = calls.wrapping_sub(start.calls) >= ENOUGH_CALLS;
            if wall < WINDOW || wall < LONGEST_WINDOW && !is_enough {
                return;
            }
        }
        let Some(occupancy) = queue.occupancy() else { return };
        let is_alone = self.judge(Look { at, calls, busy: processor_time() }, occupancy);
        if is_alone != occupancy.is_alone {
            queue.keep_to_one(is_alone);
        }
    }

    /// There is nothing to do: what comes next may be something else.
    pub(super) fn disperse(&mut self, queue: &Queue) {
        (self.phase, self.start) = (Phase::All, None);
        queue.keep_to_one(false);
    }

    /// Whether one thread is to run all requests from now on.
    fn judge(&mut self, now: Look, occupancy: Occupancy) -> bool {
        let Some(start) = self.start.replace(now) else { return false };
        let work = Work::between(&start, &now);
        match self.phase {
            Phase::All => {
                let is_held = self.held_until.is_some_and(|until| now.at < until);
                let is_crowded = occupancy.running > 1 && work.rate >= SHORT && (BUSY..PARALLEL).contains(&work.busy);
                if !is_held && is_crowded {
                    self.phase = Phase::Settling(work);
                }
            }
            // A call took too long, and the queue has woken another thread.
            _ if !occupancy.is_alone => self.give_up(now.at),
            Phase::Settling(before) => self.phase = Phase::Trial(before),
            Phase::Trial(before) if work.rate < before.rate * ENOUGH && work.busy < before.busy * ENOUGH => {
                self.give_up(now.at);
            }
            Phase::Trial(_) => self.phase = Phase::Alone(now.at),
            Phase::Alone(_) if work.busy < BUSY && occupancy.is_wanting => self.give_up(now.at),
            Phase::Alone(since) if now.at >= since + TERM => self.phase = Phase::All,
            Phase::Alone(since) if now.at >= since + PROVEN => self.hold = HOLD,
            Phase::Alone(_) => {}
        }
        self.phase != Phase::All
    }

    fn give_up(&mut self, now: Instant) {
        self.phase = Phase::All;
        self.held_until = Some(now + self.hold);
        self.hold = (self.hold * 2).min(LONGEST_HOLD);
    }
}

impl Work {
    fn between(start: &Look, end: &Look) -> Self {
        let seconds = end.at.saturating_duration_since(start.at).as_secs_f64();
        let calls = end.calls.wrapping_sub(start.calls) as f64;
        Self { rate: calls / seconds, busy: end.busy.saturating_sub(start.busy).as_secs_f64() / seconds }
    }
}

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker whose process computes and answers as it is told.
    struct Worker {
        crowd: Crowd,
        now: Look,
        is_alone: bool,
    }

    impl Worker {
        fn new() -> Self {
            let now = Look { at: Instant::now(), calls: 0, busy: Duration::ZERO };
            let mut worker = Self { crowd: Crowd::default(), now, is_alone: false };
            worker.run(5, 0.0, 0.0);
            worker
        }

        /// One window; whether one thread is to run all requests afterwards.
        fn run(&mut self, running: usize, rate: f64, busy: f64) -> bool {
            self.now.at += WINDOW;
            self.now.calls += (rate * WINDOW.as_secs_f64()) as u64;
            self.now.busy += WINDOW.mul_f64(busy);
            let occupancy = Occupancy { running, is_wanting: true, is_alone: self.is_alone };
            self.is_alone = self.crowd.judge(self.now, occupancy);
            self.is_alone
        }

        /// Windows until one thread is tried again.
        fn windows_until_tried(&mut self) -> u32 {
            (1..2000).find(|_| self.run(5, 9000.0, 1.0)).expect("tried again some time")
        }
    }

    #[test]
    fn one_thread_is_enough_for_what_only_computes_until_the_term_is_over() {
        let mut worker = Worker::new();
        assert!(worker.run(5, 9000.0, 1.0), "tried");
        let windows = (0..10_000).take_while(|_| worker.run(1, 12000.0, 1.0)).count();
        assert_eq!(windows, TERM.div_duration_f64(WINDOW) as usize + 1);
        assert!(worker.run(5, 9000.0, 1.0), "and again at once");
    }

    #[test]
    fn several_threads_go_on_where_calls_are_long_or_the_process_waits_or_computes_in_parallel() {
        for (running, rate, busy) in [(5, 900.0, 1.0), (5, 9000.0, 0.4), (5, 9000.0, 1.9), (1, 9000.0, 1.0)] {
            let mut worker = Worker::new();
            assert!((0..100).all(|_| !worker.run(running, rate, busy)), "{running} {rate} {busy}");
        }
    }

    #[test]
    fn one_thread_is_given_up_where_it_does_less_and_tried_again_ever_later() {
        let mut worker = Worker::new();
        let mut waits = Vec::new();
        for _ in 0..5 {
            waits.push(worker.windows_until_tried());
            assert!(worker.run(1, 6000.0, 0.6), "it settles");
            assert!(!worker.run(1, 6000.0, 0.6), "other threads would have computed meanwhile");
        }
        assert!(waits.windows(2).skip(1).all(|pair| pair[1] > pair[0]), "{waits:?}");
    }

    #[test]
    fn a_slower_machine_or_fewer_requests_are_no_reason() {
        let mut worker = Worker::new();
        assert!(worker.run(5, 9000.0, 1.0));
        assert!(worker.run(1, 9000.0, 1.0));
        assert!(worker.run(1, 5000.0, 0.95), "as busy as before");
        assert!(worker.run(1, 5000.0, 0.95));
    }

    #[test]
    fn one_thread_is_given_up_when_a_call_stalls() {
        let mut worker = Worker::new();
        assert!(worker.run(5, 9000.0, 1.0));
        assert!((0..5).all(|_| worker.run(1, 9000.0, 1.0)));
        // As the queue does.
        worker.is_alone = false;
        assert!(!worker.run(2, 9000.0, 1.0));
        assert!(!worker.run(5, 9000.0, 1.0), "held");
        assert!(worker.windows_until_tried() <= 3);
    }
}
