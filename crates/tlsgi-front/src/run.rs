//! The front process: takes orders from the supervisor, starts the threads, ends when told or when the supervisor is gone.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use tlsgi_sys::channel;
use tokio::sync::{Notify, mpsc, watch};

use crate::assemble::{Assembly, Sent, assemble};
use crate::confine;
use crate::control::{Confined, FromFront, ToFront};
use crate::listener::census::Census;
use crate::observe::access_log::AccessLogWriter;
use crate::pool::{WorkerEnd, WorkerShared};
use crate::thread::{self, Setup, ToThread};

/// Runs the front on its control socket until it is drained (Ok) or the supervisor is gone.
///
/// # Errors
/// The control socket's, or a thread that cannot be started.
#[expect(clippy::needless_pass_by_value, reason = "the socket is this process's to close")]
pub fn run(control: UnixStream) -> io::Result<()> {
    let Some((first, mut descriptors)) = receive(&control)? else { return Ok(()) };
    // Before there is a second thread: what is given up is given up by a thread and those that it starts.
    let Some(confined) = give_up(&control, &first)? else { return Ok(()) };
    let (upward, reports) = mpsc::unbounded_channel();
    let reporter = report(control.try_clone()?, reports)?;
    if confined.landlock.is_some() {
        confine::remember(&upward);
    }
    let mut front = Front { upward, assembly: None, threads: Vec::new(), log: None, draining: watch::channel(false).0 };
    front.report(FromFront::Confined(confined));
    let mut is_drained = false;
    let mut next = Some(first);
    while let Some(message) = next {
        if front.handle(message, std::mem::take(&mut descriptors))? {
            is_drained = true;
            break;
        }
        next = receive(&control)?.map(|(message, came)| {
            descriptors = came;
            message
        });
    }
    if is_drained {
        front.finish();
    }
    drop(front);
    if is_drained {
        // The reporter ends once every sender is gone and everything was sent.
        let _ = reporter.join();
    }
    Ok(())
}

fn receive(control: &UnixStream) -> io::Result<Option<(ToFront, Vec<OwnedFd>)>> {
    let Some((message, descriptors)) = channel::receive(control)? else { return Ok(None) };
    let message =
        serde_json::from_slice(&message).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Some((message, descriptors)))
}

/// What the first message says is to be given up; `None` when it could not be, which the supervisor is told.
fn give_up(control: &UnixStream, first: &ToFront) -> io::Result<Option<Confined>> {
    let ToFront::Configure { config, confinement, .. } = first else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a front is configured first"));
    };
    match confine::confine(config, confinement) {
        Ok(confined) => Ok(Some(confined)),
        Err(error) => {
            let report = FromFront::Refused { message: with_causes(&error) };
            channel::send(control, &serde_json::to_vec(&report)?, &[])?;
            Ok(None)
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}

/// Sends reports to the supervisor, one after the other.
fn report(
    control: UnixStream,
    mut reports: mpsc::UnboundedReceiver<FromFront>,
) -> io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("reports".to_owned()).spawn(move || {
        while let Some(report) = reports.blocking_recv() {
            let Ok(text) = serde_json::to_vec(&report) else { continue };
            if channel::send(&control, &text, &[]).is_err() {
                return;
            }
        }
    })
}

struct Front {
    upward: mpsc::UnboundedSender<FromFront>,
    assembly: Option<Arc<Assembly>>,
    threads: Vec<Running>,
    log: Option<AccessLogWriter>,
    draining: watch::Sender<bool>,
}

struct Running {
    inbox: mpsc::UnboundedSender<ToThread>,
    wake: Arc<Notify>,
    census: Arc<Census>,
    handle: std::thread::JoinHandle<io::Result<()>>,
}

impl Front {
    /// Acts on one message; true when the front is to finish.
    fn handle(&mut self, message: ToFront, mut descriptors: Vec<OwnedFd>) -> io::Result<bool> {
        match message {
            ToFront::Configure { config, certificates, trust, files, tickets, confinement: _ } => {
                if self.threads.is_empty() {
                    crate::observe::log::init(&config.log);
                    raise_descriptor_limit();
                    let signing = descriptors.split_off(config.listeners.len().min(descriptors.len()));
                    self.start_threads(&config, signing)?;
                }
                let wakers: Vec<_> = self.threads.iter().map(|thread| Arc::clone(&thread.wake)).collect();
                let previous = self.assembly.as_deref();
                let sent = Sent { certificates: &certificates, trust: &trust, files: &files, tickets: &tickets };
                match assemble(*config, sent, descriptors, previous, &wakers) {
                    Ok(assembly) => self.take_over(&Arc::new(assembly)),
                    Err(error) => self.refuse(&error),
                }
            }
            ToFront::Certificates { certificates } => {
                let Some(assembly) = &self.assembly else { return Ok(false) };
                match assembly.tls.resolver.replace(&assembly.config, &certificates) {
                    Ok(()) => self.report(FromFront::Ready),
                    Err(error) => self.refuse(&error),
                }
            }
            ToFront::Tickets { tickets } => {
                let Some(assembly) = &self.assembly else { return Ok(false) };
                match assembly.tls.rotate(&tickets) {
                    Ok(()) => self.report(FromFront::Ready),
                    Err(error) => self.refuse(&error),
                }
            }
            ToFront::Trust { trust } => {
                let Some(assembly) = &self.assembly else { return Ok(false) };
                match assembly.trust(&trust) {
                    Ok(()) => self.report(FromFront::Ready),
                    Err(error) => self.refuse(&error),
                }
            }
            ToFront::Files { files } => {
                let Some(assembly) = &self.assembly else { return Ok(false) };
                match assembly.take_files(&files) {
                    Ok(()) => self.report(FromFront::Ready),
                    Err(error) => self.refuse(&error),
                }
            }
            ToFront::Worker { pool, worker, process } => self.worker(&pool, worker, process, descriptors),
            ToFront::Retire { worker } => self.tell_all(|| ToThread::Retire(worker)),
            ToFront::AccessLog => {
                if let (Some(log), Some(file)) = (&self.log, descriptors.into_iter().next()) {
                    log.set_output(file);
                }
            }
            ToFront::PoolDown { pool } => {
                if let Some(shared) = self.pool(&pool) {
                    shared.set_down();
                }
                self.tell_all(|| ToThread::PoolDown(pool.clone()));
            }
            ToFront::Drain { timeout } => {
                self.draining.send_replace(true);
                self.tell_all(|| ToThread::Drain(timeout));
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn start_threads(&mut self, config: &tlsgi_config::Config, signing: Vec<OwnedFd>) -> io::Result<()> {
        let log = AccessLogWriter::start(config.log.access.as_ref());
        let count = signing.len().max(1);
        let census = Census::new(count);
        let channels: Vec<_> = (0..count).map(|_| mpsc::unbounded_channel()).collect();
        let senders: Vec<_> = channels.iter().map(|(sender, _)| sender.clone()).collect();
        for ((number, (inbox, receiver)), signing) in channels.into_iter().enumerate().zip(signing) {
            let wake = Arc::new(Notify::new());
            let setup = Setup {
                number,
                inbox: receiver,
                others: senders.clone(),
                upward: self.upward.clone(),
                wake: Arc::clone(&wake),
                census: Arc::clone(&census),
                draining: self.draining.subscribe(),
                signing: signing.into(),
                access_log: log.handle(),
            };
            let handle =
                std::thread::Builder::new().name(format!("front {number}")).spawn(move || thread::run(setup))?;
            self.threads.push(Running { inbox, wake, census: Arc::clone(&census), handle });
        }
        self.log = Some(log);
        Ok(())
    }

    fn take_over(&mut self, assembly: &Arc<Assembly>) {
        let limits = &assembly.config.limits;
        if let Some(thread) = self.threads.first() {
            let most = limits.connections.min(descriptor_room());
            thread.census.set_limits(most, limits.connections_per_client, assembly.config.proxies.protocol);
        }
        crate::observe::log::init(&assembly.config.log);
        if let Some(log) = &self.log {
            log.configure(assembly.config.log.access.as_ref());
        }
        self.assembly = Some(Arc::clone(assembly));
        self.tell_all(|| ToThread::Configure(Arc::clone(assembly)));
        self.report(FromFront::Ready);
    }

    fn worker(&self, pool: &str, number: u64, process: u32, descriptors: Vec<OwnedFd>) {
        let Some(shared) = self.pool(pool) else { return };
        let (links, ends) = links_and_ends(descriptors, self.threads.len());
        let worker = WorkerShared::new(number, process, links.len());
        shared.set_up();
        for ((thread, link), worker_end) in self.threads.iter().zip(links).zip(ends) {
            let (pool, worker) = (pool.to_owned(), Arc::clone(&worker));
            let link = ToThread::Link { pool, worker, socket: link.into(), worker_end };
            // A thread that has ended needs no link.
            let _ = thread.inbox.send(link);
        }
    }

    fn pool(&self, name: &str) -> Option<Arc<crate::pool::PoolShared>> {
        let assembly = self.assembly.as_ref()?;
        let at = assembly.config.pools.iter().position(|pool| pool.name == name)?;
        assembly.pools.get(at).cloned()
    }

    fn tell_all(&self, message: impl Fn() -> ToThread) {
        for thread in &self.threads {
            // A thread that has ended needs no message.
            let _ = thread.inbox.send(message());
        }
    }

    fn report(&self, report: FromFront) {
        // The receiver lives as long as the control socket.
        let _ = self.upward.send(report);
    }

    fn refuse(&self, error: &dyn std::error::Error) {
        self.report(FromFront::Refused { message: with_causes(error) });
    }

    /// Waits for every thread, then says so.
    fn finish(&mut self) {
        for thread in self.threads.drain(..) {
            if thread.handle.join().is_err() {
                tracing::error!("a thread of the front ended by a fault");
            }
        }
        if let Some(log) = self.log.take() {
            log.finish(Duration::from_secs(2));
        }
        self.report(FromFront::Drained);
    }
}

/// The links of a worker, and for each the worker's end of it when that came along.
fn links_and_ends(mut links: Vec<OwnedFd>, threads: usize) -> (Vec<OwnedFd>, impl Iterator<Item = Option<WorkerEnd>>) {
    let mut ends = links.split_off(threads.min(links.len()));
    let process = ends.pop();
    let ends = ends.into_iter().map(move |end| {
        let process = process.as_ref()?.try_clone().ok()?;
        Some(WorkerEnd { socket: end.into(), process })
    });
    (links, ends.chain(std::iter::repeat_with(|| None)))
}

/// As many descriptors as the system allows: one a connection.
fn raise_descriptor_limit() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised) {
        tracing::debug!(%error, "the descriptor limit stays as it is");
    }
}

/// Connections for which there are descriptors, with some left for links, files and listeners.
fn descriptor_room() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)).saturating_sub(128).max(64)
}
