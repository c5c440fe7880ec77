//! One worker process: how it is started, what it was given, and where it is in its life.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use tlsgi_config::config::{Interface, Pool};
use tlsgi_sys::privilege::Switch;
use tlsgi_sys::process::{self, Keyboard, Setup};

use super::control::Control;
use super::interpreter;
use super::message::{Start, ToWorker};
use super::policy::{Seat, Stage};
use super::pool::Release;

/// After the time given with `stop`, for the exit itself.
const EXIT_GRACE: Duration = Duration::from_secs(2);
/// Between SIGTERM and SIGKILL.
const TERM_GRACE: Duration = Duration::from_secs(2);

/// How long to wait for a worker's last words after its end, or for its end after its last words.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a worker process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// It answers requests.
    Serve,
    /// It imports the application and forks the workers that answer.
    Preload,
}

/// Where a worker is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Importing; to be ready until then.
    Starting(Instant),
    /// Serving since.
    Ready(Instant),
    /// No new exchange; told to stop when its last one is over, or then.
    Retiring(Instant),
    /// Told to stop, or to be killed; the next stronger means comes then.
    Stopping(Instant, Force),
}

/// Means to end a process, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    /// The `stop` message.
    Asked,
    /// SIGTERM.
    Terminated,
    /// SIGKILL.
    Killed,
}

/// Links that a front has: which front, and the number that it knows the worker by.
pub(super) type Attachment = (u64, u64);

/// One worker process.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) number: u64,
    pub(super) pool: String,
    pub(super) generation: u64,
    pub(super) duty: Duty,
    /// `None` while a fork is awaited, and for the process that started this server.
    pub(super) process: Option<Pid>,
    /// The worker that forked it.
    pub(super) parent: Option<u64>,
    /// What it says about itself: for messages only.
    pub(super) said_process: u32,
    pub(super) interface: Option<Interface>,
    pub(super) interpreter: String,
    pub(super) control: Control,
    pub(super) phase: Phase,
    /// It is to be replaced for a reason of its own.
    pub(super) is_unwanted: bool,
    /// When it became ready.
    pub(super) ready_since: Option<Instant>,
    /// The number that fronts know it by now.
    pub(super) alias: u64,
    /// Requests wait for its successor instead of going to it.
    pub(super) is_held: bool,
    /// Fronts that have links to it.
    pub(super) attached: BTreeSet<Attachment>,
    /// What it reported before it failed.
    pub(super) failure: Option<Failure>,
    pub(super) exit: Option<ExitStatus>,
    /// It closed its control socket.
    pub(super) is_closed: bool,
    /// One of the two has come; the other is waited for until then.
    pub(super) settle_by: Option<Instant>,
    /// A front lost its links and said why; its end is waited for until then.
    pub(super) lost: Option<(Instant, String)>,
}

/// Why a worker could not start, in its own words.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) phase: String,
    pub(super) message: String,
    pub(super) detail: String,
}

impl Failure {
    /// Message and detail.
    pub(super) fn text(&self) -> String {
        if self.detail.is_empty() {
            self.message.clone()
        } else {
            format!("{}\n{}", self.message, self.detail.trim_end())
        }
    }
}

impl Worker {
    /// A worker that is about to import its application.
    pub(super) fn new(number: u64, pool: &str, generation: u64, control: Control, ready_by: Instant) -> Self {
        Self {
            number,
            pool: pool.to_owned(),
            generation,
            duty: Duty::Serve,
            process: None,
            parent: None,
            said_process: 0,
            interface: None,
            interpreter: String::new(),
            control,
            phase: Phase::Starting(ready_by),
            is_unwanted: false,
            ready_since: None,
            alias: number,
            is_held: false,
            attached: BTreeSet::new(),
            failure: None,
            exit: None,
            is_closed: false,
            settle_by: None,
            lost: None,
        }
    }

    /// Whether it is a process that was started here, not the one that started this server.
    pub(super) fn is_own(&self) -> bool {
        self.process.is_some() || self.parent.is_some()
    }

    /// Whether it answers requests.
    pub(super) fn is_serving(&self) -> bool {
        self.duty == Duty::Serve && matches!(self.phase, Phase::Ready(_))
    }

    /// Whether it is the process with this number.
    pub(super) fn is_process(&self, number: u32) -> bool {
        self.process.is_some_and(|process| process.as_raw_nonzero().get().unsigned_abs() == number)
    }

    /// Its process for messages.
    pub(super) fn process_number(&self) -> u32 {
        self.process.map_or(self.said_process, |own| own.as_raw_nonzero().get().unsigned_abs())
    }

    /// A descriptor that becomes readable when its process has ended.
    ///
    /// # Errors
    /// As `pidfd_open(2)`: the kernel has none (before Linux 5.3), or the process is gone already.
    pub(super) fn descriptor(&self) -> io::Result<OwnedFd> {
        // A process that was not started here is the one that started this server.
        let process = self.process.or_else(rustix::process::getppid).ok_or(io::ErrorKind::NotFound)?;
        Ok(rustix::process::pidfd_open(process, rustix::process::PidfdFlags::empty())?)
    }

    /// How messages name it.
    pub(super) fn name(&self) -> String {
        match self.duty {
            Duty::Serve => format!("{}/{}", self.pool, self.number),
            Duty::Preload => format!("{}/{} (preload)", self.pool, self.number),
        }
    }

    /// What rolling needs to know.
    pub(super) fn seat(&self) -> Seat {
        let stage = match self.phase {
            Phase::Starting(_) => Stage::Starting,
            Phase::Ready(_) => Stage::Ready,
            Phase::Retiring(_) | Phase::Stopping(..) => Stage::Leaving,
        };
        Seat { worker: self.number, generation: self.generation, stage, is_unwanted: self.is_unwanted }
    }

    /// How long it was ready.
    pub(super) fn served(&self, now: Instant) -> Option<Duration> {
        self.ready_since.map(|since| now.duration_since(since))
    }

    /// Asks it to finish within `timeout`.
    pub(super) fn stop(&mut self, timeout: Duration, now: Instant) {
        if !matches!(self.phase, Phase::Stopping(..)) {
            self.control.send(&ToWorker::Stop { timeout: timeout.as_secs_f64() }, Vec::new());
            self.phase = Phase::Stopping(now + timeout + EXIT_GRACE, Force::Asked);
        }
    }

    /// The next stronger means to end it.
    pub(super) fn press(&mut self, force: Force, now: Instant) {
        let stronger = match force {
            Force::Asked => Force::Terminated,
            Force::Terminated | Force::Killed => Force::Killed,
        };
        self.kill(stronger, now);
    }

    /// Ends it with a signal, as something expected.
    pub(super) fn kill(&mut self, force: Force, now: Instant) {
        self.end(force, now);
        self.phase = Phase::Stopping(now + TERM_GRACE, force);
    }

    /// Ends it with a signal; what its end means depends on where it was in its life.
    pub(super) fn end(&mut self, force: Force, now: Instant) {
        match force {
            Force::Asked => self.stop(Duration::ZERO, now),
            Force::Terminated => self.signal(Signal::TERM),
            Force::Killed => self.signal(Signal::KILL),
        }
        if let Phase::Starting(ready_by) = &mut self.phase {
            *ready_by = now + TERM_GRACE;
        }
    }

    /// Sends it a signal; one that is gone already needs none.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(process) = self.process {
            _ = rustix::process::kill_process(process, signal);
        }
    }

    /// When something is due if nothing happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Ready(_) => None,
            Phase::Starting(time) | Phase::Retiring(time) | Phase::Stopping(time, _) => Some(time),
        };
        let lost = self.lost.as_ref().map(|(time, _)| *time);
        phase.into_iter().chain(self.settle_by).chain(lost).min()
    }

    /// Its resident memory in bytes.
    pub(super) fn memory(&self) -> Option<u64> {
        let process = self.process?.as_raw_nonzero();
        let statm = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
        let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }
}

/// Starts an interpreter with our worker module behind `control`.
pub(super) fn spawn(release: &Release, control: UnixStream, keyboard: Keyboard) -> io::Result<Pid> {
    let mut command = command(release);
    let number = control.as_raw_fd().to_string();
    if release.packages.is_empty() {
        command.args(["-m", "tlsgi.worker", &number]);
    } else {
        let run = "import runpy\nrunpy.run_module('tlsgi.worker', run_name='__main__', alter_sys=True)\n";
        command.arg("-c").arg([interpreter::LOAD_PACKAGE, run].concat()).arg(&number).args(&release.packages);
    }
    if keyboard == Keyboard::Apart {
        command.stdin(Stdio::null());
    }
    process::spawn(command, Setup { descriptors: vec![OwnedFd::from(control)], ..setup(release, keyboard) })
}

/// The interpreter in the application's environment.
pub(super) fn command(release: &Release) -> Command {
    let mut command = Command::new(&release.interpreter);
    command.arg0(&release.interpreter);
    without_service_manager(&mut command);
    if let Some(account) = &release.account {
        without_session(&mut command);
        command.env("HOME", &account.home).env("USER", &account.name).env("LOGNAME", &account.name);
    }
    if let Some(home) = &release.config.home {
        command.env("HOME", home);
    }
    command.envs(&release.config.environment);
    command
}

/// Why an interpreter could not be started, and whose way to it is closed where.
pub(super) fn cannot_start(release: &Release, error: &io::Error) -> String {
    let text = format!("{} cannot be started: {error}", release.interpreter.display());
    let Some(account) = release.account.as_ref().filter(|_| error.kind() == io::ErrorKind::PermissionDenied) else {
        return text;
    };
    let name = &account.name;
    match account.identity.obstacle(&release.interpreter) {
        Some(place) => format!("{text}: the user {name} may not enter {}", place.display()),
        None => format!("{text}: becoming the user {name} needs CAP_SETUID and CAP_SETGID"),
    }
}

/// As whom it runs.
pub(super) fn setup(release: &Release, keyboard: Keyboard) -> Setup {
    let switch = release.account.as_ref().map(|account| Switch::to(&account.identity));
    let is_alone = switch.is_some();
    Setup { keyboard, is_alone, switch, umask: release.config.umask, ..Setup::default() }
}

/// What belongs to the session of the user who started the server is nobody else's.
fn without_session(command: &mut Command) {
    for name in [
        "DBUS_SESSION_BUS_ADDRESS",
        "MAIL",
        "SSH_AUTH_SOCK",
        "XAUTHORITY",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
        "XDG_SESSION_ID",
        "XDG_STATE_HOME",
    ] {
        command.env_remove(name);
    }
}

/// The service manager speaks with the supervisor only.
fn without_service_manager(command: &mut Command) {
    for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] {
        command.env_remove(name);
    }
}

/// The `start` message of a pool's worker.
pub(super) fn start_message(
    pool: &Pool,
    name: String,
    duty: Duty,
    max_requests: u64,
    stop_timeout: Duration,
) -> ToWorker {
    ToWorker::Start(Box::new(Start {
        reference: pool.application.reference.clone(),
        is_factory: pool.application.is_factory,
        interface: pool.application.interface,
        threads: pool.threads,
        concurrency: pool.concurrency,
        lifespan: pool.lifespan,
        event_loop: pool.event_loop,
        directory: pool.directory.clone(),
        python_path: pool.python_path.clone(),
        max_requests,
        version: env!("CARGO_PKG_VERSION"),
        name,
        stop_timeout: stop_timeout.as_secs_f64(),
        preload: duty == Duty::Preload,
        hooks: pool.hooks.clone(),
    }))
}

/// The parent of a process, as the kernel has it.
pub(super) fn parent_of(process: Pid) -> Option<Pid> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero())).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    Pid::from_raw(parent.trim().parse().ok()?)
}
