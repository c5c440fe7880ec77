//! Care for the workers: started, watched, replaced, and what their deaths mean.

use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use tlsgi_front::control::ToFront;
use tlsgi_sys::channel;
use tlsgi_sys::process::{self, Keyboard};

use super::control::{Control, Received};
use super::error::Error;
use super::event::Event;
use super::interpreter;
use super::log_lines;
use super::message::{FromWorker, ToWorker};
use super::policy::{Step, Verdict, steps};
use super::server::{Server, Stage};
use super::worker::{self, Duty, Failure, Force, LAST_WORDS, Phase, Worker};

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

    fn start_worker(&mut self, pool: &str, now: Instant) {
        let Some(wanted) = self.pools.get(pool).map(|pool| &pool.wanted) else { return };
        let (is_preload, generation) = (wanted.config.preload, wanted.generation);
        let result = if is_preload {
            let of_pool = |worker: &&Worker| {
                worker.pool == pool && worker.duty == Duty::Preload && worker.generation == generation
            };
            let parent = self.workers.values().filter(of_pool).find_map(|parent| match parent.phase {
                Phase::Ready(_) => Some(Some(parent.number)),
                Phase::Starting(_) => Some(None),
                Phase::Retiring(_) | Phase::Stopping(..) => None,
            });
            match parent {
                Some(Some(parent)) => self.fork_worker(pool, parent, now),
                Some(None) => Ok(()),
                None => self.spawn_worker(pool, Duty::Preload, now),
            }
        } else {
            self.spawn_worker(pool, Duty::Serve, now)
        };
        if let Err(error) = result {
            let text = self.cannot_start(pool, &error);
            self.start_failed(pool, generation, None, &text, now);
        }
    }

    fn cannot_start(&self, pool: &str, error: &io::Error) -> String {
        let interpreter = self.pools.get(pool).map(|pool| pool.wanted.interpreter.display().to_string());
        format!("{} cannot be started: {error}", interpreter.unwrap_or_default())
    }

    fn spawn_worker(&mut self, pool: &str, duty: Duty, now: Instant) -> io::Result<()> {
        let Some(release) = self.pools.get(pool).map(|pool| pool.wanted.clone()) else { return Ok(()) };
        let (ours, theirs) = channel::pair()?;
        let process = worker::spawn(&release.interpreter, &release.config, theirs, self.keyboard())?;
        let number = self.insert_worker(pool, duty, ours, now)?;
        let (max_requests, grace) = (max_requests(&release.config), self.grace());
        if let Some(worker) = self.workers.get_mut(&number) {
            worker.process = Some(process);
            let name = format!("{pool}/{number}");
            worker.control.send(&worker::start_message(&release.config, name, duty, max_requests, grace), Vec::new());
        }
        Ok(())
    }

    /// In development a debugger may want the keyboard.
    fn keyboard(&self) -> Keyboard {
        if self.config.reload.is_some() { Keyboard::Shared } else { Keyboard::Apart }
    }

    fn fork_worker(&mut self, pool: &str, parent: u64, now: Instant) -> io::Result<()> {
        let (ours, theirs) = channel::pair()?;
        let number = self.insert_worker(pool, Duty::Serve, ours, now)?;
        let max_requests = self.pools.get(pool).map_or(0, |pool| max_requests(&pool.wanted.config));
        let Some(name) = self.workers.get(&number).map(Worker::name) else { return Ok(()) };
        if let Some(parent) = self.workers.get(&parent) {
            parent.control.send(&ToWorker::Fork { name, max_requests }, vec![theirs.into()]);
        }
        if let Some(worker) = self.workers.get_mut(&number) {
            worker.parent = Some(parent);
        }
        Ok(())
    }

    /// The process that started this server is its worker.
    pub(super) fn adopt_worker(&mut self, socket: UnixStream) -> Result<(), Error> {
        let Some(pool) = self.config.pools.first().cloned() else { return Ok(()) };
        let number = self.insert_worker(&pool.name, Duty::Serve, socket, Instant::now()).map_err(Error::Runtime)?;
        let grace = self.grace();
        if let Some(worker) = self.workers.get(&number) {
            worker.control.send(&worker::start_message(&pool, worker.name(), Duty::Serve, 0, grace), Vec::new());
        }
        Ok(())
    }

    fn insert_worker(&mut self, pool: &str, duty: Duty, socket: UnixStream, now: Instant) -> io::Result<u64> {
        let number = self.next_worker();
        let events = self.events.clone();
        let deliver = move |received| {
            let events = events.clone();
            async move { _ = events.send(Event::Worker(number, received)).await }
        };
        let control = Control::open(socket, &mut self.tasks, deliver)?;
        let Some(state) = self.pools.get(pool) else { return Err(io::Error::other("no such pool")) };
        let ready_by = now + state.wanted.config.startup_timeout;
        let mut worker = Worker::new(number, pool, state.wanted.generation, control, ready_by);
        worker.duty = duty;
        self.workers.insert(number, worker);
        Ok(number)
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
    fn open_if_ready(&mut self, now: Instant) {
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

    /// A process has ended.
    pub(super) fn worker_ended(&mut self, process: Pid, status: ExitStatus, now: Instant) {
        let Some(worker) = self.workers.values_mut().find(|worker| worker.process == Some(process)) else { return };
        worker.exit = Some(status);
        worker.settle_by = Some(now + LAST_WORDS);
        let number = worker.number;
        self.settle(number, now);
    }

    /// Draws the conclusions once a worker's end and its last words are known, or were waited for.
    fn settle(&mut self, number: u64, now: Instant) {
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
                    worker.process_text()
                );
            }
            Phase::Ready(_) => {
                tracing::error!("worker {} (process {}) {how}; it is replaced", worker.name(), worker.process_text());
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
        let interpreter = self.pools.get(&worker.pool).map(|pool| pool.wanted.interpreter.clone());
        let diagnosis = match (self.stage, interpreter) {
            (Stage::Opening, Some(interpreter)) => interpreter::diagnose(&interpreter),
            _ => None,
        };
        diagnosis.unwrap_or_else(|| format!("worker {} {how} before it was ready", worker.name()))
    }

    /// A worker never became ready: the first start fails, a new release is given up, anything else is tried again.
    fn start_failed(&mut self, pool_name: &str, generation: u64, failure: Option<&Failure>, text: &str, now: Instant) {
        if self.stage == Stage::Opening {
            return self.fail(Error::Application(text.to_owned()));
        }
        let Some(pool) = self.pools.get_mut(pool_name) else { return };
        let is_new = self.staged.is_some() && pool.proven.is_none();
        if generation == pool.wanted.generation && (is_new || pool.is_on_trial()) {
            return self.give_up_release(text);
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

/// The requests after which a worker is replaced, with its share of chance; 0 = never.
fn max_requests(pool: &tlsgi_config::config::Pool) -> u64 {
    let mut bytes = [0; 8];
    if pool.max_requests == 0 || pool.max_requests_jitter == 0 || aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return pool.max_requests;
    }
    let chance = u64::from_le_bytes(bytes) % pool.max_requests_jitter.saturating_add(1).max(1);
    pool.max_requests.saturating_add(chance)
}
