//! What supervisor and worker tell each other, as `docs/wire-protocol.md` has it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tlsgi_config::config::{EventLoop, Interface, Lifespan};

/// To a worker.
#[derive(Debug, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum ToWorker {
    /// The first message.
    Start(Box<Start>),
    /// Descriptors: one link per thread of a front.
    Attach,
    /// Finish and exit.
    Stop {
        /// Seconds.
        timeout: f64,
    },
    /// Descriptor: the control socket of a new worker that this process forks.
    Fork {
        /// The new worker's name.
        name: String,
        /// Its number of requests; 0 = never replaced.
        max_requests: u64,
    },
}

/// What a worker runs.
#[derive(Debug, Serialize)]
pub(super) struct Start {
    pub(super) reference: String,
    pub(super) is_factory: bool,
    pub(super) interface: Option<Interface>,
    pub(super) threads: usize,
    pub(super) concurrency: u32,
    pub(super) lifespan: Lifespan,
    pub(super) event_loop: EventLoop,
    pub(super) directory: Option<PathBuf>,
    pub(super) python_path: Vec<PathBuf>,
    pub(super) max_requests: u64,
    pub(super) version: &'static str,
    pub(super) name: String,
    pub(super) stop_timeout: f64,
    pub(super) preload: bool,
    pub(super) hooks: Option<String>,
}

/// From a worker.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum FromWorker {
    /// The application is imported and its lifespan started.
    Ready {
        /// The calling convention found.
        #[serde(default)]
        interface: Option<Interface>,
        /// Name and version of the interpreter.
        #[serde(default)]
        interpreter: String,
        /// Its process id.
        #[serde(default)]
        process: u32,
    },
    /// It cannot serve, and exits.
    Failed {
        /// At which step.
        phase: String,
        /// One line.
        message: String,
        /// A traceback, or what the module has.
        #[serde(default)]
        detail: String,
    },
    /// It wants to be replaced and serves until it is.
    Retire {
        /// Why.
        reason: String,
    },
    /// A preloading process forked a worker.
    Forked {
        /// The worker's process id.
        process: u32,
    },
    /// A forked worker ended.
    Exited {
        /// The worker's process id.
        process: u32,
        /// As `waitpid(2)` has it.
        status: i32,
    },
    /// A message of a later version.
    #[serde(other)]
    Unknown,
}
