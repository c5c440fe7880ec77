//! Care for the fronts: the first, its replacement when it dies or a new program is there, and what each has to be told.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Instant;

use rustix::process::Pid;
use tlsgi_front::confine::Reach;
use tlsgi_front::control::{FromFront, ToFront};
use tlsgi_sys::{channel, process};

use super::control::{Control, Received};
use super::error::Error;
use super::event::Event;
use super::front::{self, Front, Phase, READY_TIMEOUT};
use super::identity;
use super::server::{Server, Stage};
use super::signing;

impl Server {
    /// Starts a front process, which waits for its configuration.
    pub(super) fn start_front(&mut self, program: &Path) -> io::Result<u64> {
        self.last_front += 1;
        let number = self.last_front;
        let (ours, theirs) = channel::pair()?;
        let process = front::spawn(program, theirs)?;
        let events = self.events.clone();
        let deliver = move |received| {
            let events = events.clone();
            async move { _ = events.send(Event::Front(number, received)).await }
        };
        let control = Control::open(ours, &mut self.tasks, deliver)?;
        let threads = self.config.front_threads.max(1);
        self.fronts.insert(number, Front { process, control, phase: Phase::Waiting, threads });
        Ok(number)
    }

    /// Tells a new front everything: it accepts from then on.
    pub(super) fn configure_front(&mut self, number: u64, now: Instant) -> io::Result<()> {
        let Some(front) = self.fronts.get_mut(&number) else { return Ok(()) };
        let mut descriptors = self.listeners.duplicates()?;
        for _ in 0..front.threads {
            let (ours, theirs) = channel::packet_pair()?;
            signing::serve(ours, self.keys.clone())?;
            descriptors.push(theirs.into());
        }
        front.phase = Phase::Configured(now + READY_TIMEOUT);
        self.reach = Reach::of(&self.config);
        self.send_configuration(number, descriptors);
        self.offer_all(number);
        Ok(())
    }

    /// The running configuration again, for a front that is ready already.
    pub(super) fn reconfigure_front(&mut self, number: u64) -> io::Result<()> {
        let descriptors = self.listeners.duplicates()?;
        self.send_configuration(number, descriptors);
        Ok(())
    }

    fn send_configuration(&self, number: u64, descriptors: Vec<OwnedFd>) {
        let Some(front) = self.fronts.get(&number) else { return };
        let mut config = Box::new(self.config.clone());
        // Environments may hold secrets of the application; the front has no use for them.
        config.pools.iter_mut().for_each(|pool| pool.environment.clear());
        let message = ToFront::Configure {
            config,
            certificates: self.certificates.for_front(),
            trust: self.trust.files.clone(),
            files: self.trust.named.clone(),
            tickets: self.tickets.for_front(),
            confinement: identity::confinement(self.front_account.as_ref()),
        };
        front.control.send(&message, descriptors);
        self.send_access_log(front);
        for pool in self.pools.values().filter(|pool| pool.is_down) {
            front.control.send(&ToFront::PoolDown { pool: pool.wanted.config.name.clone() }, Vec::new());
        }
    }

    /// Hands the access log's file to a front, if there is one.
    pub(super) fn send_access_log(&self, front: &Front) {
        match self.access_log.as_ref().map(|file| file.try_clone()) {
            Some(Ok(file)) => front.control.send(&ToFront::AccessLog, vec![file.into()]),
            Some(Err(error)) => tracing::error!("the access log cannot be handed to the front: {error}"),
            None => {}
        }
    }

    /// Tells every front something that needs no descriptors.
    pub(super) fn tell_fronts(&self, message: &ToFront) {
        for front in self.fronts.values().filter(|front| front.phase != Phase::Waiting) {
            front.control.send(message, Vec::new());
        }
    }

    /// The front that this process is.
    pub(super) fn front_of(&self, process: Pid) -> Option<u64> {
        self.fronts.iter().find(|(_, front)| front.process == process).map(|(&number, _)| number)
    }

    pub(super) fn on_front(&mut self, number: u64, received: Received<FromFront>, now: Instant) {
        let message = match received {
            Received::Message(message) => message,
            Received::Closed => {
                // It is about to end, or broke the protocol: its exit is reported by the kernel.
                if let Some(front) = self.fronts.get(&number) {
                    front.kill();
                }
                return;
            }
        };
        match message {
            FromFront::Confined(confined) => self.confined = confined,
            FromFront::Moved => self.folder_moved(number, now),
            FromFront::Ready => self.front_is_ready(number, now),
            FromFront::Refused { message } => self.front_refused(number, message),
            FromFront::Stuck { worker, request } => self.worker_is_stuck(number, worker, &request),
            FromFront::Lost { worker, message } => self.worker_is_lost(number, worker, &message, now),
            FromFront::Idle { worker } => self.worker_is_idle(number, worker, now),
            FromFront::Drained => {
                tracing::debug!("front {number} has finished");
            }
        }
    }

    fn front_is_ready(&mut self, number: u64, now: Instant) {
        let Some(front) = self.fronts.get_mut(&number) else { return };
        if !matches!(front.phase, Phase::Configured(_)) {
            return;
        }
        front.phase = Phase::Ready(now);
        self.front_restart.became_ready();
        self.lacks_front = false;
        let old = self.current.replace(number).filter(|&old| old != number);
        match self.stage {
            Stage::Opening => self.opened(),
            Stage::Serving => tracing::info!("a new front serves"),
            Stage::Stopping(_) => self.drain_front(number, now),
        }
        if let Some(old) = old {
            self.drain_front(old, now);
        }
    }

    fn front_refused(&mut self, number: u64, message: String) {
        let Some(front) = self.fronts.get(&number) else { return };
        match front.phase {
            Phase::Ready(_) => {
                tracing::error!("the front goes on with what it had: {message}");
            }
            Phase::Waiting | Phase::Configured(_) | Phase::Draining(_) => {
                if self.stage == Stage::Opening {
                    self.fail(Error::Refused(message));
                } else {
                    tracing::error!("the new front refused the configuration: {message}");
                }
                if let Some(front) = self.fronts.get(&number) {
                    front.kill();
                }
            }
        }
    }

    /// Lets a front finish and go.
    pub(super) fn drain_front(&mut self, number: u64, now: Instant) {
        let timeout = match self.stage {
            Stage::Stopping(time) => time.saturating_duration_since(now),
            Stage::Opening | Stage::Serving => self.grace(),
        };
        let Some(front) = self.fronts.get_mut(&number) else { return };
        front.control.send(&ToFront::Drain { timeout }, Vec::new());
        front.phase = Phase::Draining(now + timeout + super::stop::MARGIN);
    }

    /// A front process is gone.
    pub(super) fn front_ended(&mut self, number: u64, status: Option<ExitStatus>, now: Instant) {
        let Some(front) = self.fronts.remove(&number) else { return };
        self.detach_front(number, now);
        let how = status.map_or_else(|| "could not be started".to_owned(), process::describe);
        let was_draining = matches!(front.phase, Phase::Draining(_));
        let is_current = self.current == Some(number);
        if is_current {
            self.current = None;
        }
        match self.stage {
            Stage::Stopping(_) => self.front_is_out_of_the_way(now),
            _ if was_draining => {
                tracing::info!("the replaced front (process {}) has ended", front.process.as_raw_nonzero())
            }
            Stage::Opening => self.fail(Error::Refused(format!("it {how}"))),
            Stage::Serving if !is_current && self.current.is_some() => {
                tracing::error!("the new front {how}; the old one goes on");
            }
            Stage::Serving => {
                let served = match front.phase {
                    Phase::Ready(since) => Some(now.duration_since(since)),
                    Phase::Waiting | Phase::Configured(_) | Phase::Draining(_) => None,
                };
                self.front_restart.died(now, served);
                tracing::error!("the front (process {}) {how}; it is replaced", front.process.as_raw_nonzero());
                self.lacks_front = !self.has_successor();
            }
        }
    }

    /// A front that was started to replace another one is on its way.
    fn has_successor(&self) -> bool {
        self.fronts.values().any(|front| matches!(front.phase, Phase::Waiting | Phase::Configured(_)))
    }

    /// Starts the program now on disk as a new front; the old one finishes when the new one is ready.
    pub(super) fn replace_front(&mut self, now: Instant) {
        if self.stage != Stage::Serving || self.has_successor() {
            return tracing::warn!(
                "the front is not replaced now: the server is starting, stopping, or replacing it already"
            );
        }
        let program = self.executable.clone();
        tracing::info!("starting a new front: {}", program.display());
        self.start_configured_front(&program, now);
    }

    /// A front in a sandbox cannot reach what came in the place of a static folder: the next one can.
    fn folder_moved(&mut self, number: u64, now: Instant) {
        if self.stage == Stage::Serving && self.current == Some(number) && !self.has_successor() {
            tracing::info!("a static folder was replaced: a new front, which can reach it, is started");
            self.start_configured_front(&PathBuf::from("/proc/self/exe"), now);
        }
    }

    fn start_configured_front(&mut self, program: &Path, now: Instant) {
        match self.start_front(program) {
            Ok(number) => {
                if let Err(error) = self.configure_front(number, now) {
                    tracing::error!("a new front cannot be configured: {error}");
                    if let Some(front) = self.fronts.get(&number) {
                        front.kill();
                    }
                }
            }
            Err(error) => {
                tracing::error!("{} cannot be started as a new front: {error}", program.display());
                if self.current.is_none() {
                    self.front_restart.died(now, None);
                    self.lacks_front = true;
                }
            }
        }
    }

    pub(super) fn fronts_on_time(&mut self, now: Instant) {
        for front in self.fronts.values_mut() {
            match front.phase {
                Phase::Configured(time) if time <= now => {
                    tracing::error!("a front was not ready after {} s", READY_TIMEOUT.as_secs());
                    front.kill();
                    front.phase = Phase::Configured(now + READY_TIMEOUT);
                }
                Phase::Draining(time) if time <= now => {
                    tracing::warn!("a front did not finish in time and is killed");
                    front.kill();
                    front.phase = Phase::Draining(now + READY_TIMEOUT);
                }
                Phase::Waiting | Phase::Configured(_) | Phase::Ready(_) | Phase::Draining(_) => {}
            }
        }
        if self.lacks_front && self.stage == Stage::Serving && self.front_restart.waits_until(now).is_none() {
            self.lacks_front = false;
            self.start_configured_front(&PathBuf::from("/proc/self/exe"), now);
        }
    }
}
