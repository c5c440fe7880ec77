//! Care for the workers: as many as wanted, of the release wanted, and what they say.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::Pid;

use super::control::Received;
use super::error::Error;
use super::message::FromWorker;
use super::policy::{Step, steps};
use super::server::{Server, Stage};
use super::worker::{self, Duty, Failure, Force, Phase, Worker};

impl Server {
    /// Takes the next steps of every pool towards what it should be.
    pub(super) fn reconcile(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Stopping(_)) {
            return;
        }
        let pools: Vec<_> = self.pools.iter().map(|(name, pool)| (name.clone(), pool.aim(now))).collect();
        for (pool, aim) in pools {
            let of_pool = |worker: &&Worker| worker.pool == pool && worker.duty == Duty::Serve;
            let seats: Vec<_> = self.workers.values().filter(of_pool).map(Worker::seat).collect();
            for step in steps(&seats, aim) {
                match step {
                    Step::Start => self.start_worker(&pool, now),
                    Step::Retire(worker) => self.retire(worker, now),
                    Step::Discard(worker) => self.discard(worker, now),
                }
            }
            self.stop_idle_preloads(&pool, aim.generation, now);
        }
        self.retire_orphans(now);
    }

    pub(super) fn on_worker(&mut self, number: u64, received: Received<FromWorker>, now: Instant) {
        let Some(worker) = self.workers.get_mut(&number) else { return };
        let message = match received {
            Received::Message(message) => message,
            Received::Closed => {
                worker.is_closed = true;
                return self.settle(number, now);
            }
        };
        match message {
            FromWorker::Ready { interface, interpreter, process } => {
                worker.interface = interface;
                worker.interpreter = interpreter;
                worker.said_process = process;
                self.worker_is_ready(number, now);
            }
            FromWorker::Failed { phase, message, detail } => worker.failure = Some(Failure { phase, message, detail }),
            FromWorker::Retire { .. } if worker.is_unwanted => {}
            FromWorker::Retire { reason } => {
                tracing::info!("worker {} is replaced: {reason}", worker.name());
                worker.is_unwanted = true;
            }
            FromWorker::Forked { process } => self.worker_was_forked(number, process),
            FromWorker::Exited { process, status } => {
                // Python's way to say it: negative for signals.
                let status = ExitStatus::from_raw(if status < 0 { -status } else { status << 8 });
                let is_forked = |worker: &&Worker| worker.parent == Some(number) && worker.is_process(process);
                if let Some(process) = self.workers.values().find(is_forked).and_then(|worker| worker.process) {
                    self.worker_ended(process, status, now);
                }
            }
            FromWorker::Unknown => tracing::debug!("worker {} said something unknown", worker.name()),
        }
    }

    /// The number of a forked worker is believed only if the kernel says that it is a child of the process that reports it.
    fn worker_was_forked(&mut self, parent: u64, process: u32) {
        let parent_process = self.workers.get(&parent).and_then(|parent| parent.process);
        let is_next = |worker: &&mut Worker| worker.parent == Some(parent) && worker.process.is_none();
        let Some(worker) = self.workers.values_mut().find(is_next) else { return };
        let process = i32::try_from(process).ok().and_then(Pid::from_raw);
        worker.process = process.filter(|&process| worker::parent_of(process) == parent_process);
    }

    fn worker_is_ready(&mut self, number: u64, now: Instant) {
        let Some(worker) = self.workers.get_mut(&number) else { return };
        if !matches!(worker.phase, Phase::Starting(_)) {
            return;
        }
        worker.phase = Phase::Ready(now);
        worker.ready_since = Some(now);
        let (pool_name, generation, duty, name) = (worker.pool.clone(), worker.generation, worker.duty, worker.name());
        if duty == Duty::Preload {
            return;
        }
        let Some(pool) = self.pools.get_mut(&pool_name) else { return };
        let ended_loop = pool.restart.became_ready();
        pool.is_down = false;
        if generation == pool.wanted.generation {
            pool.proven = Some(pool.wanted.clone());
        }
        if ended_loop {
            tracing::info!("pool {pool_name} is up again");
        } else {
            tracing::debug!("worker {name} is ready");
        }
        self.offer(number);
        self.release_proven(now);
        self.open_if_ready(now);
    }

    /// Every pool has a worker: the front may accept.
    pub(super) fn open_if_ready(&mut self, now: Instant) {
        if self.stage != Stage::Opening || !self.pools.values().all(|pool| pool.proven.is_some()) {
            return;
        }
        let waiting =
            |number: &u64| self.fronts.get(number).is_some_and(|front| front.phase == super::front::Phase::Waiting);
        if let Some(front) = self.current.filter(waiting)
            && let Err(error) = self.configure_front(front, now)
        {
            self.fail(Error::Front(error));
        }
    }

    /// Lets a worker finish and go.
    pub(super) fn retire(&mut self, number: u64, now: Instant) {
        let grace = self.grace();
        let Some(worker) = self.workers.get_mut(&number).filter(|worker| worker.is_serving()) else { return };
        worker.phase = Phase::Retiring(now + grace);
        if worker.attached.is_empty() {
            return worker.stop(grace, now);
        }
        if let Some(worker) = self.workers.get(&number) {
            self.withdraw(worker);
        }
    }

    fn discard(&mut self, number: u64, now: Instant) {
        if let Some(worker) = self.workers.get_mut(&number) {
            worker.kill(Force::Terminated, now);
        }
    }

    /// A preloading process is needed only as long as workers of its release may have to be forked.
    fn stop_idle_preloads(&mut self, pool: &str, generation: u64, now: Instant) {
        let has_workers = |parent: &Worker| self.workers.values().any(|worker| worker.parent == Some(parent.number));
        let is_idle = |parent: &&Worker| {
            parent.pool == pool
                && parent.duty == Duty::Preload
                && parent.generation != generation
                && !has_workers(parent)
        };
        let idle: Vec<u64> = self.workers.values().filter(is_idle).map(|worker| worker.number).collect();
        for number in idle {
            if let Some(worker) = self.workers.get_mut(&number) {
                worker.stop(Duration::from_secs(1), now);
            }
        }
    }

    /// Workers of pools that the configuration has no more.
    fn retire_orphans(&mut self, now: Instant) {
        let is_orphan = |worker: &&Worker| !self.pools.contains_key(&worker.pool);
        let orphans: Vec<(u64, bool)> =
            self.workers.values().filter(is_orphan).map(|worker| (worker.number, worker.is_serving())).collect();
        for (number, is_serving) in orphans {
            match self.workers.get_mut(&number) {
                _ if is_serving => self.retire(number, now),
                Some(worker) if matches!(worker.phase, Phase::Starting(_) | Phase::Ready(_)) => {
                    worker.kill(Force::Terminated, now)
                }
                _ => {}
            }
        }
    }

    pub(super) fn change_count(&mut self, by: isize) {
        for pool in self.pools.values_mut().filter(|pool| !pool.is_adopted) {
            pool.extra = if pool.count() == 1 && by < 0 { pool.extra } else { pool.extra + by };
            tracing::info!("pool {} has {} workers from now on", pool.wanted.config.name, pool.count());
        }
    }
}
