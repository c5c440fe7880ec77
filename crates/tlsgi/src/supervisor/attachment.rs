//! Which worker has links to which front: made when a worker is ready or a front is new, given up when one of them goes.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::process::Signal;
use tlsgi_front::control::ToFront;
use tlsgi_sys::channel;

use super::front;
use super::message::ToWorker;
use super::server::Server;
use super::worker::{LAST_WORDS, Phase, Worker};

impl Server {
    /// Gives a ready worker links to every front that takes requests.
    pub(super) fn offer(&mut self, worker: u64) {
        // A front learns of a new pool when the reload that brings it is taken over.
        let pool = self.workers.get(&worker).map(|worker| worker.pool.as_str());
        if pool.and_then(|pool| self.config.pool(pool)).is_none() {
            return;
        }
        let takes = |front: &front::Front| matches!(front.phase, front::Phase::Configured(_) | front::Phase::Ready(_));
        let fronts: Vec<u64> =
            self.fronts.iter().filter(|(_, front)| takes(front)).map(|(&number, _)| number).collect();
        for front in fronts {
            self.link(front, worker);
        }
    }

    /// Gives a new front links to every ready worker.
    pub(super) fn offer_all(&mut self, front: u64) {
        let is_free = |worker: &&Worker| worker.is_serving() && !worker.is_held;
        let workers: Vec<u64> = self.workers.values().filter(is_free).map(|worker| worker.number).collect();
        for worker in workers {
            self.link(front, worker);
        }
    }

    /// Gives links to ready workers that have none yet.
    pub(super) fn offer_unattached(&mut self) {
        let is_new = |worker: &&Worker| worker.is_serving() && !worker.is_held && worker.attached.is_empty();
        let workers: Vec<u64> = self.workers.values().filter(is_new).map(|worker| worker.number).collect();
        for worker in workers {
            self.offer(worker);
        }
    }

    fn link(&mut self, front: u64, worker: u64) {
        let (Some(front_process), Some(worker)) = (self.fronts.get(&front), self.workers.get_mut(&worker)) else {
            return;
        };
        let pairs = (0..front_process.threads).map(|_| channel::wide_pair()).collect::<io::Result<Vec<_>>>();
        let (mut fronts, workers): (Vec<OwnedFd>, Vec<OwnedFd>) = match pairs {
            Ok(pairs) => pairs.into_iter().map(|(left, right)| (left.into(), right.into())).unzip(),
            Err(error) => return tracing::error!("no links can be made for worker {}: {error}", worker.name()),
        };
        if let Ok(process) = worker.descriptor()
            && let Ok(ends) = workers.iter().map(OwnedFd::try_clone).collect::<io::Result<Vec<_>>>()
            && 2 * ends.len() < channel::MAX_DESCRIPTORS
        {
            fronts.extend(ends);
            fronts.push(process);
        }
        worker.control.send(&ToWorker::Attach, workers);
        worker.attached.insert((front, worker.alias));
        let message =
            ToFront::Worker { pool: worker.pool.clone(), worker: worker.alias, process: worker.process_number() };
        front_process.control.send(&message, fronts);
    }

    /// Tells every front that has links to a worker to give it nothing new.
    pub(super) fn withdraw(&self, worker: &Worker) {
        for (front, alias) in &worker.attached {
            if let Some(front) = self.fronts.get(front) {
                front.control.send(&ToFront::Retire { worker: *alias }, Vec::new());
            }
        }
    }

    /// Keeps new requests waiting at the front instead of giving them to this worker.
    pub(super) fn hold(&mut self, number: u64) {
        let Some(worker) = self.workers.get_mut(&number).filter(|worker| !worker.is_held) else { return };
        worker.is_held = true;
        if let Some(worker) = self.workers.get(&number) {
            self.withdraw(worker);
        }
    }

    /// Gives a held worker requests again, on new links under a new number: the front may not have let go of the old ones.
    pub(super) fn release_held(&mut self, worker: u64) {
        let alias = self.next_worker();
        let Some(held) = self.workers.get_mut(&worker).filter(|worker| worker.is_held) else { return };
        held.is_held = false;
        held.alias = alias;
        if held.is_serving() {
            self.offer(worker);
        }
    }

    fn attached(&self, front: u64, alias: u64) -> Option<u64> {
        self.workers.values().find(|worker| worker.attached.contains(&(front, alias))).map(|worker| worker.number)
    }

    fn detach(&mut self, front: u64, alias: u64, now: Instant) {
        let Some(number) = self.attached(front, alias) else { return };
        let grace = self.grace();
        if let Some(worker) = self.workers.get_mut(&number) {
            worker.attached.remove(&(front, alias));
            if worker.attached.is_empty() && matches!(worker.phase, Phase::Retiring(_)) {
                worker.stop(grace, now);
            }
        }
    }

    /// A front is gone, and its links with it.
    pub(super) fn detach_front(&mut self, front: u64, now: Instant) {
        let of_front =
            |worker: &Worker| worker.attached.iter().filter(|(other, _)| *other == front).copied().collect::<Vec<_>>();
        let gone: Vec<_> = self.workers.values().flat_map(of_front).collect();
        for (front, alias) in gone {
            self.detach(front, alias, now);
        }
    }

    /// A retired worker has no exchange left on this front.
    pub(super) fn worker_is_idle(&mut self, front: u64, alias: u64, now: Instant) {
        self.detach(front, alias, now);
    }

    /// A worker's link closed or broke the protocol; a process that lives on is useless without it.
    pub(super) fn worker_is_lost(&mut self, front: u64, alias: u64, message: &str, now: Instant) {
        let Some(number) = self.attached(front, alias) else { return };
        self.detach(front, alias, now);
        let Some(worker) = self.workers.get_mut(&number) else { return };
        // Without its links on this front it would serve only some requests. Mostly this is its end, which the kernel reports
        // in a moment.
        if worker.is_serving() && !worker.is_held {
            worker.is_unwanted = true;
            worker.lost = Some((now + LAST_WORDS, message.to_owned()));
        }
    }

    /// A worker whose links closed lives on: it is told to go.
    pub(super) fn lost_lives_on(&mut self, number: u64, message: &str, now: Instant) {
        let grace = self.grace();
        let Some(worker) = self.workers.get_mut(&number) else { return };
        let why = if message.is_empty() { "it closed its links" } else { message };
        tracing::error!("worker {} is replaced: {why}", worker.name());
        if worker.attached.is_empty() && worker.is_serving() {
            worker.stop(grace, now);
        }
    }

    /// A request ran too long: the stacks go to the log, and the worker is replaced.
    pub(super) fn worker_is_stuck(&mut self, front: u64, alias: u64, request: &str) {
        let Some(worker) = self.attached(front, alias).and_then(|number| self.workers.get_mut(&number)) else { return };
        if worker.is_unwanted {
            return;
        }
        worker.is_unwanted = true;
        if worker.is_own() {
            tracing::error!("worker {} is stuck in {request}: its stacks follow, and it is replaced", worker.name());
            worker.signal(Signal::USR1);
        } else {
            tracing::error!("the program that started this server is stuck in {request}");
        }
    }
}
