//! The supervisor's state and its loop: one event after the other, then whatever is due.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tlsgi_config::config::Interface;
use tlsgi_config::{Config, Exit};
use tlsgi_front::confine::Reach;
use tlsgi_front::control::Confined;
use tlsgi_sys::account::Account;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::certificate::Certificates;
use super::client_trust::ClientTrust;
use super::code;
use super::error::Error;
use super::event::{Event, Order, watch_signals};
use super::front::Front;
use super::identity;
use super::interpreter;
use super::listener::Listeners;
use super::maintenance::Maintenance;
use super::policy::Restart;
use super::pool::{Pool, Release};
use super::reload::{Renewal, Staged};
use super::signing::KeyRing;
use super::tickets::TicketRing;
use super::worker::Worker;
use super::{Announce, AnnouncedCertificate, AnnouncedPool, Announcement, Startup, systemd};

/// Events that may wait; beyond, whoever tells waits.
const QUEUED_EVENTS: usize = 256;

/// Where the server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The applications are being imported; nothing is accepted.
    Opening,
    /// Requests are answered.
    Serving,
    /// Told to stop; to be done by then.
    Stopping(Instant),
}

/// Everything that the supervisor knows.
pub(super) struct Server {
    pub(super) stage: Stage,
    pub(super) config: Config,
    pub(super) resolve: Box<dyn Fn() -> Result<Config, String>>,
    announce: Option<Announce>,
    pub(super) listeners: Listeners,
    pub(super) certificates: Certificates,
    pub(super) trust: ClientTrust,
    pub(super) keys: Arc<KeyRing>,
    /// The secrets of session tickets.
    pub(super) tickets: TicketRing,
    pub(super) access_log: Option<File>,
    /// As whom the front runs.
    pub(super) front_account: Option<Account>,
    /// What the kernel keeps from the front.
    pub(super) confined: Confined,
    /// What the front can get at.
    pub(super) reach: Reach,
    /// This program, as the user started it.
    pub(super) executable: PathBuf,

    pub(super) fronts: BTreeMap<u64, Front>,
    /// The front that serves, or is to serve first.
    pub(super) current: Option<u64>,
    pub(super) front_restart: Restart,
    /// A front is to be started as soon as `front_restart` allows.
    pub(super) lacks_front: bool,

    pub(super) pools: BTreeMap<String, Pool>,
    pub(super) workers: BTreeMap<u64, Worker>,
    /// The last generation, number of a worker, and number of a front given out.
    pub(super) generation: u64,
    pub(super) last_worker: u64,
    pub(super) last_front: u64,

    /// What a reload found, until the applications have shown that they load.
    pub(super) staged: Option<Staged>,
    pub(super) maintenance: Maintenance,
    /// Why the server cannot go on.
    pub(super) fatal: Option<Error>,

    pub(super) events: mpsc::Sender<Event>,
    queue: mpsc::Receiver<Event>,
    pub(super) tasks: JoinSet<()>,
}

impl Server {
    /// Binds, loads the certificates, starts the front and the first workers.
    pub(super) fn open(startup: Startup) -> Result<Self, Error> {
        let Startup { mut config, resolve, announce, worker } = startup;
        let (events, queue) = mpsc::channel(QUEUED_EVENTS);
        let mut tasks = JoinSet::new();
        watch_signals(&events, &mut tasks)?;
        let front_account = identity::of_front(&config)?;
        let listeners = Listeners::bind(&mut config, &Listeners::default())?;
        identity::limit_further();
        let keys = Arc::new(KeyRing::default());
        let certificates = Certificates::load(&config, &Certificates::default(), &keys)?;
        certificates.present(&keys);
        let trust = ClientTrust::load(&config)?;
        let maintenance = Maintenance::start(&config, &events, Instant::now());
        let mut tickets = TicketRing::default();
        tickets.follow(config.ticket_rotation, Instant::now())?;
        let mut server = Self {
            stage: Stage::Opening,
            resolve,
            announce: Some(announce),
            listeners,
            certificates,
            trust,
            keys,
            tickets,
            access_log: super::maintenance::open_access_log(&config)?,
            front_account,
            confined: Confined::default(),
            reach: Reach::default(),
            executable: interpreter::executable(),
            fronts: BTreeMap::new(),
            current: None,
            front_restart: Restart::default(),
            lacks_front: false,
            pools: BTreeMap::new(),
            workers: BTreeMap::new(),
            generation: 1,
            last_worker: 0,
            last_front: 0,
            staged: None,
            maintenance,
            fatal: None,
            events,
            queue,
            tasks,
            config,
        };
        server.start_all(worker)?;
        Ok(server)
    }

    fn start_all(&mut self, adopted: Option<UnixStream>) -> Result<(), Error> {
        if self.config.pools.iter().any(|pool| pool.preload) {
            // A worker outlives the process that forked it, and its end must still be seen.
            _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        }
        let front = self.start_front(&PathBuf::from("/proc/self/exe")).map_err(Error::Front)?;
        self.current = Some(front);
        for config in self.config.pools.clone() {
            let release = self.release(config)?;
            let pool = Pool::new(release, adopted.is_some());
            self.pools.insert(pool.wanted.config.name.clone(), pool);
        }
        if let Some(socket) = adopted {
            self.adopt_worker(socket)?;
        }
        super::maintenance::write_pid_file(&self.config)?;
        self.reconcile(Instant::now());
        // Without a pool there is nothing to wait for.
        self.open_if_ready(Instant::now());
        Ok(())
    }

    /// A pool's configuration as the present generation.
    pub(super) fn release(&self, config: tlsgi_config::config::Pool) -> Result<Release, Error> {
        let interpreter = interpreter::find(&config, &self.executable)?;
        let account = identity::of(&config.account)?;
        let packages = interpreter::packages(&config, &self.executable);
        let code = code::stamp(&config);
        Ok(Release { generation: self.generation, config, interpreter, packages, account, code })
    }

    /// A number that no other worker has, or had.
    pub(super) fn next_worker(&mut self) -> u64 {
        self.last_worker += 1;
        self.last_worker
    }

    /// Runs until everything has ended.
    pub(super) async fn run(mut self) -> Result<Exit, Error> {
        while !self.is_over() {
            let due = self.next_deadline();
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(event) = self.queue.recv() => self.handle(event, Instant::now()),
                () = wait => {}
            }
            let now = Instant::now();
            self.on_time(now);
            self.reconcile(now);
            while self.tasks.try_join_next().is_some() {}
        }
        self.listeners.close();
        if let Some(path) = &self.config.pid_file {
            super::maintenance::remove_pid_file(path);
        }
        match self.fatal {
            Some(error) => Err(error),
            None => Ok(Exit::Success),
        }
    }

    fn handle(&mut self, event: Event, now: Instant) {
        match event {
            Event::Front(front, received) => self.on_front(front, received, now),
            Event::Worker(worker, received) => self.on_worker(worker, received, now),
            Event::ChildEnded => self.reap(now),
            Event::Told(order) => self.obey(order, now),
            Event::CertificateFiles => self.maintenance.files_touched(now),
            Event::Code => self.maintenance.code_touched(now),
            Event::Touch => self.maintenance.file_touched(now),
        }
    }

    fn obey(&mut self, order: Order, now: Instant) {
        match order {
            Order::Stop => self.stop(now),
            Order::Interrupt if matches!(self.stage, Stage::Stopping(_)) => self.stop_at_once(now),
            Order::Interrupt => self.stop(now),
            Order::Quit => self.stop_at_once(now),
            Order::Reload => self.reload(Renewal::WhatIsNew, now),
            Order::Reopen => self.reopen_logs(),
            Order::ReplaceFront => self.replace_front(now),
            Order::More => self.change_count(1),
            Order::Less => self.change_count(-1),
        }
    }

    /// Collects children that have ended.
    fn reap(&mut self, now: Instant) {
        loop {
            match tlsgi_sys::process::reap() {
                Ok(Some((process, status))) => {
                    if let Some(front) = self.front_of(process) {
                        self.front_ended(front, Some(status), now);
                    } else {
                        self.worker_ended(process, status, now);
                    }
                }
                Ok(None) => return,
                Err(error) => return tracing::error!("children cannot be collected: {error}"),
            }
        }
    }

    /// Does what is due.
    fn on_time(&mut self, now: Instant) {
        self.fronts_on_time(now);
        self.workers_on_time(now);
        self.stop_on_time(now);
        self.maintain(now);
    }

    fn next_deadline(&self) -> Option<Instant> {
        let fronts = self.fronts.values().filter_map(Front::deadline);
        let workers = self.workers.values().filter_map(Worker::deadline);
        let now = Instant::now();
        let pools = self.pools.values().filter_map(|pool| pool.restart.waits_until(now));
        let restart = self.front_restart.waits_until(now).filter(|_| self.lacks_front);
        let stop = match self.stage {
            Stage::Stopping(time) => Some(time),
            Stage::Opening | Stage::Serving => None,
        };
        let maintenance = self.maintenance.deadline();
        fronts
            .chain(workers)
            .chain(pools)
            .chain(restart)
            .chain(stop)
            .chain(maintenance)
            .chain(self.tickets.changes_at())
            .min()
    }

    /// The first front is ready: requests are answered.
    pub(super) fn opened(&mut self) {
        self.stage = Stage::Serving;
        let announcement = self.announcement();
        if let Some(announce) = self.announce.take() {
            announce(&announcement);
        }
        self.log_findings();
        self.tell_ready();
    }

    /// Tells the service manager that the server serves.
    pub(super) fn tell_ready(&self) {
        let workers = self.workers.values().filter(|worker| worker.ready_since.is_some()).count();
        systemd::ready(&format!("serving, workers: {workers}"));
    }

    fn announcement(&self) -> Announcement {
        let certificates = self
            .certificates
            .sites()
            .map(|presented| AnnouncedCertificate { facts: presented.facts.clone(), source: presented.source_text() });
        let pools = self.pools.values().map(|pool| {
            let config = &pool.wanted.config;
            let worker = self.workers.values().find(|worker| worker.pool == config.name && worker.is_serving());
            let version = worker.map_or("", |worker| worker.interpreter.as_str());
            let interface = worker.and_then(|worker| worker.interface).or(config.application.interface);
            AnnouncedPool {
                name: config.name.clone(),
                application: config.application.reference.clone(),
                interface: interface.unwrap_or(Interface::Wsgi),
                processes: pool.count(),
                threads: config.threads,
                user: pool.wanted.runs_as(),
                interpreter: format!("{version} ({})", pool.wanted.interpreter.display()).trim_start().to_owned(),
            }
        });
        let name = identity::name(self.front_account.as_ref());
        let front = identity::of_front_in_words(&self.config, self.confined, &name);
        Announcement {
            certificates: certificates.collect(),
            pools: pools.collect(),
            config: self.config.clone(),
            front,
        }
    }

    /// The time given to running requests after a stop or a replacement.
    pub(super) fn grace(&self) -> Duration {
        self.config.graceful_timeout
    }
}
