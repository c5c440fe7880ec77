//! Stopping: the fronts finish, then the workers, within the graceful timeout; or everything at once.

use std::time::{Duration, Instant};

use super::error::Error;
use super::front;
use super::server::{Server, Stage};
use super::systemd;
use super::worker::{Duty, Force, Phase};

/// For a process to act on a deadline of its own before it is killed for it.
pub(super) const MARGIN: Duration = Duration::from_secs(1);
/// What workers get at least, to shut their applications down.
const LEAST_STOP: Duration = Duration::from_secs(1);

impl Server {
    /// Nothing new is accepted; what runs may finish.
    pub(super) fn stop(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Stopping(_)) {
            return;
        }
        let grace = self.grace();
        tracing::info!("stopping: running requests have {} s", grace.as_secs());
        systemd::stopping(grace + MARGIN + MARGIN);
        self.stage = Stage::Stopping(now + grace);
        self.staged = None;
        self.lacks_front = false;
        for worker in self.workers.values_mut().filter(|worker| matches!(worker.phase, Phase::Starting(_))) {
            worker.kill(Force::Terminated, now);
        }
        let fronts: Vec<(u64, front::Phase)> =
            self.fronts.iter().map(|(&number, front)| (number, front.phase)).collect();
        for (number, phase) in fronts {
            match phase {
                front::Phase::Ready(_) => self.drain_front(number, now),
                front::Phase::Waiting | front::Phase::Configured(_) => {
                    if let Some(front) = self.fronts.get(&number) {
                        front.kill();
                    }
                }
                front::Phase::Draining(_) => {}
            }
        }
        self.listeners.close();
        self.front_is_out_of_the_way(now);
    }

    /// Once no front is left, no request is: the workers may go.
    pub(super) fn front_is_out_of_the_way(&mut self, now: Instant) {
        let Stage::Stopping(end) = self.stage else { return };
        if !self.fronts.is_empty() {
            return;
        }
        let timeout = end.saturating_duration_since(now).max(LEAST_STOP);
        for worker in self.workers.values_mut().filter(|worker| worker.duty == Duty::Serve) {
            worker.stop(timeout, now);
        }
        self.stop_preloads(now);
    }

    /// Preloading processes go last: they report the ends of the workers that they forked.
    fn stop_preloads(&mut self, now: Instant) {
        if self.workers.values().all(|worker| worker.duty == Duty::Preload) {
            for worker in self.workers.values_mut() {
                worker.stop(LEAST_STOP, now);
            }
        }
    }

    /// Ends everything without waiting for anybody.
    pub(super) fn stop_at_once(&mut self, now: Instant) {
        tracing::info!("stopping at once");
        self.take_down(now);
    }

    fn take_down(&mut self, now: Instant) {
        self.stage = Stage::Stopping(now);
        self.staged = None;
        self.lacks_front = false;
        for front in self.fronts.values() {
            front.kill();
        }
        for worker in self.workers.values_mut() {
            worker.kill(Force::Killed, now);
        }
        // One that is no child of ours hears it from the closed socket.
        self.workers.retain(|_, worker| worker.is_own());
    }

    pub(super) fn stop_on_time(&mut self, now: Instant) {
        let Stage::Stopping(end) = &mut self.stage else { return };
        if *end + MARGIN <= now {
            *end = now + MARGIN;
            for front in self.fronts.values() {
                front.kill();
            }
        }
        if self.fronts.is_empty() {
            self.stop_preloads(now);
        }
    }

    /// The server cannot start: everything is taken down, and the reason is what it ends with.
    pub(super) fn fail(&mut self, error: Error) {
        if self.fatal.is_none() {
            self.fatal = Some(error);
            self.take_down(Instant::now());
        }
    }

    /// Stopped, and nobody is left.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Stopping(_)) && self.fronts.is_empty() && self.workers.is_empty()
    }
}
