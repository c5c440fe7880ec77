//! The ends of workers: what they mean, and what follows from them.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use tlsgi_front::control::ToFront;
use tlsgi_sys::process;

use super::error::Error;
use super::interpreter;
use super::log_lines;
use super::policy::Verdict;
use super::server::{Server, Stage};
use super::worker::{Duty, Failure, Force, LAST_WORDS, Phase, Worker};

impl Server {
    /// A process has ended.
    pub(super) fn worker_ended(&mut self, process: Pid, status: ExitStatus, now: Instant) {
        let Some(worker) = self.workers.values_mut().find(|worker| worker.process == Some(process)) else { return };
        worker.exit = Some(status);
        worker.settle_by = Some(now + LAST_WORDS);
        let number = worker.number;
        self.settle(number, now);
    }

    /// Draws the conclusions once a worker's end and its last words are known, or were waited for.
    pub(super) fn settle(&mut self, number: u64, now: Instant) {
        let Some(worker) = self.workers.get_mut(&number) else { return };
        match (worker.exit.is_some(), worker.is_closed) {
            (true, true) => self.worker_is_gone(number, now),
            (false, true) if !worker.is_own() => self.worker_is_gone(number, now),
            (false, true) => worker.settle_by = Some(now + LAST_WORDS),
            _ => {}
        }
    }

    fn worker_is_gone(&mut self, number: u64, now: Instant) {
        let Some(worker) = self.workers.remove(&number) else { return };
        let how = worker.exit.map_or_else(|| "closed its control socket".to_owned(), process::describe);
        match worker.phase {
            _ if !worker.is_own() => self.adopted_is_gone(&worker, now),
            _ if matches!(self.stage, Stage::Stopping(_)) => {}
            Phase::Retiring(_) | Phase::Stopping(..) => tracing::info!("worker {} has ended: it {how}", worker.name()),
            Phase::Starting(_) => {
                let text = self.why_not_ready(&worker, &how);
                self.start_failed(&worker.pool, worker.generation, worker.failure.as_ref(), &text, now);
            }
            Phase::Ready(_) if worker.duty == Duty::Preload => {
                tracing::error!(
                    "worker {} (process {}) {how}; its workers serve on",
                    worker.name(),
                    worker.process_number()
                );
            }
            Phase::Ready(_) => {
                tracing::error!("worker {} (process {}) {how}; it is replaced", worker.name(), worker.process_number());
                if let Some(pool) = self.pools.get_mut(&worker.pool) {
                    pool.restart.died(now, worker.served(now));
                }
            }
        }
    }

    /// The process that started this server has ended, or could not serve.
    fn adopted_is_gone(&mut self, worker: &Worker, now: Instant) {
        match &worker.failure {
            Some(failure) if self.stage == Stage::Opening => self.fail(Error::Application(failure.text())),
            _ => self.stop(now),
        }
    }

    fn why_not_ready(&self, worker: &Worker, how: &str) -> String {
        if let Some(failure) = &worker.failure {
            return failure.text();
        }
        let release = self.pools.get(&worker.pool).map(|pool| &pool.wanted);
        let diagnosis = match (self.stage, release) {
            (Stage::Opening, Some(release)) => interpreter::diagnose(release),
            _ => None,
        };
        diagnosis.unwrap_or_else(|| format!("worker {} {how} before it was ready", worker.name()))
    }

    /// A worker never became ready: the first start fails, a new release is given up, anything else is tried again.
    pub(super) fn start_failed(
        &mut self,
        pool_name: &str,
        generation: u64,
        failure: Option<&Failure>,
        text: &str,
        now: Instant,
    ) {
        if self.stage == Stage::Opening {
            return self.fail(Error::Application(self.of_pool(pool_name, text)));
        }
        let named = self.of_pool(pool_name, text);
        let Some(pool) = self.pools.get_mut(pool_name) else { return };
        let is_new = self.staged.is_some() && pool.proven.is_none();
        if generation == pool.wanted.generation && (is_new || pool.is_on_trial()) {
            return self.give_up_release(pool_name, &named);
        }
        let verdict = pool.restart.died(now, None);
        let phase = failure.map_or("start", |failure| failure.phase.as_str());
        match verdict {
            Verdict::Single => log_lines(&format!("pool {pool_name}: {text}")),
            Verdict::LoopBegins => log_lines(&format!(
                "pool {pool_name} is in a crash loop ({phase}); attempts go on every 10 s without further messages: {text}"
            )),
            Verdict::LoopGoesOn => tracing::debug!("pool {pool_name}: {text}"),
        }
        let is_served = self.workers.values().any(|worker| worker.pool == pool_name && worker.is_serving());
        if let Some(pool) = self.pools.get_mut(pool_name).filter(|pool| pool.restart.is_looping() && !pool.is_down)
            && !is_served
        {
            pool.is_down = true;
            self.tell_fronts(&ToFront::PoolDown { pool: pool_name.to_owned() });
        }
    }

    /// A message about a pool. Where there is one pool alone, its name says nothing.
    fn of_pool(&self, pool: &str, text: &str) -> String {
        if self.pools.len() > 1 { format!("pool {pool}: {text}") } else { text.to_owned() }
    }

    pub(super) fn workers_on_time(&mut self, now: Instant) {
        let due: Vec<u64> = self
            .workers
            .values()
            .filter(|worker| worker.deadline().is_some_and(|deadline| deadline <= now))
            .map(|worker| worker.number)
            .collect();
        for number in due {
            self.worker_on_time(number, now);
        }
    }

    fn worker_on_time(&mut self, number: u64, now: Instant) {
        let Some(worker) = self.workers.get_mut(&number) else { return };
        if worker.settle_by.is_some_and(|time| time <= now) {
            // A worker that was never forked has no process to wait for.
            if worker.exit.is_some() || worker.process.is_none() {
                return self.worker_is_gone(number, now);
            }
            // Its control socket is closed: it can neither be told to stop nor say anything.
            worker.settle_by = None;
            return worker.end(Force::Killed, now);
        }
        if let Some((_, message)) = worker.lost.take_if(|(time, _)| *time <= now) {
            return self.lost_lives_on(number, &message, now);
        }
        match worker.phase {
            Phase::Starting(_) => {
                let timeout =
                    self.pools.get(&worker.pool).map_or(0, |pool| pool.wanted.config.startup_timeout.as_secs());
                let message = format!("worker {} was not ready after {timeout} s", worker.name());
                worker.failure = Some(Failure { phase: "start".to_owned(), message, detail: String::new() });
                worker.end(Force::Killed, now);
            }
            Phase::Retiring(_) => worker.stop(Duration::from_secs(1), now),
            Phase::Stopping(_, force) => worker.press(force, now),
            Phase::Ready(_) => {}
        }
    }
}
