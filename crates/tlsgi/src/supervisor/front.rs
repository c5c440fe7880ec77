//! One front process: how it is started, and where it is in its life.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use tlsgi_config::native::argv::FRONT;
use tlsgi_sys::process::{self, Setup};

use super::control::Control;

/// What a front keeps of the environment: how it is loaded, how it prints.
const KEPT: [&str; 5] = ["LD_LIBRARY_PATH", "NO_COLOR", "RUST_BACKTRACE", "TERM", "TZ"];

/// How long a front may take to take over its configuration.
pub(super) const READY_TIMEOUT: Duration = Duration::from_secs(20);

/// Where a front is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Started, and waiting for its configuration.
    Waiting,
    /// Told its configuration; to be ready until then.
    Configured(Instant),
    /// Accepting since.
    Ready(Instant),
    /// Finishing; killed then.
    Draining(Instant),
}

/// One front process.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) process: Pid,
    pub(super) control: Control,
    pub(super) phase: Phase,
    /// As started: links and signing sockets come in this number.
    pub(super) threads: usize,
}

impl Front {
    /// When something is due if nothing happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Configured(time) | Phase::Draining(time) => Some(time),
            Phase::Waiting | Phase::Ready(_) => None,
        }
    }

    /// Ends it at once; its end is an event of its own.
    pub(super) fn kill(&self) {
        _ = rustix::process::kill_process(self.process, Signal::KILL);
    }
}

/// Starts `program` in the role of a front behind `control`.
pub(super) fn spawn(program: &Path, control: UnixStream) -> io::Result<Pid> {
    let mut command = Command::new(program);
    command.arg0("tlsgi: front").args([FRONT, &control.as_raw_fd().to_string()]).stdin(Stdio::null());
    // The environment may hold secrets of the application; the front needs none of it to work.
    command.env_clear();
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    process::spawn(command, Setup { descriptors: vec![OwnedFd::from(control)], is_alone: true, ..Setup::default() })
}
