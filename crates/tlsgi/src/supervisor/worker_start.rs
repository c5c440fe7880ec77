//! Starting workers: as processes of their own, forked from one that has imported the application, or taken as they are.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use tlsgi_sys::channel;
use tlsgi_sys::process::Keyboard;

use super::control::Control;
use super::error::Error;
use super::event::Event;
use super::message::ToWorker;
use super::server::Server;
use super::worker::{self, Duty, Phase, Worker};

impl Server {
    /// Starts a worker of the wanted release, or what is needed first.
    pub(super) fn start_worker(&mut self, pool: &str, now: Instant) {
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
        self.pools.get(pool).map_or_else(|| error.to_string(), |pool| worker::cannot_start(&pool.wanted, error))
    }

    fn spawn_worker(&mut self, pool: &str, duty: Duty, now: Instant) -> io::Result<()> {
        let Some(release) = self.pools.get(pool).map(|pool| pool.wanted.clone()) else { return Ok(()) };
        let (ours, theirs) = channel::pair()?;
        let process = worker::spawn(&release, theirs, self.keyboard())?;
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
