//! The supervisor: holds the keys and the listening sockets, starts, replaces and stops the others. Not a byte from a client.

mod attachment;
mod certificate;
mod check;
mod client_trust;
mod code;
mod control;
mod error;
mod event;
mod front;
mod front_care;
mod identity;
pub(crate) mod interpreter;
mod listener;
mod maintenance;
mod message;
mod named_files;
mod passphrase;
mod policy;
mod pool;
mod port_holder;
mod reload;
mod server;
mod signing;
mod stop;
mod systemd;
mod tickets;
mod touch;
mod watch;
mod worker;
mod worker_care;
mod worker_end;
mod worker_start;

use std::os::unix::net::UnixStream;

use tlsgi_config::config::Interface;
use tlsgi_config::{Config, Exit};

pub(crate) use check::check;
pub(crate) use error::Error;
pub(crate) use identity::{front_in_words, of as account_of, of_front as account_of_front};

/// What the command line hands over.
pub(crate) struct Startup {
    /// What to serve.
    pub(crate) config: Config,
    /// Resolves the same command line, environment and files again, for SIGHUP. The error is one message for the log.
    pub(crate) resolve: Box<dyn Fn() -> Result<Config, String>>,
    /// Called once, when requests are answered.
    pub(crate) announce: Announce,
    /// The control socket of the process that started this server and is its only worker (`tlsgi.run`).
    pub(crate) worker: Option<UnixStream>,
}

/// Tells the user that the server runs.
pub(crate) type Announce = Box<dyn FnOnce(&Announcement)>;

/// What a start banner says.
#[derive(Debug)]
pub(crate) struct Announcement {
    /// As it came to be: with the ports that the kernel chose.
    pub(crate) config: Config,
    /// One per site; none without an HTTPS listener.
    pub(crate) certificates: Vec<AnnouncedCertificate>,
    /// Pools.
    pub(crate) pools: Vec<AnnouncedPool>,
    /// As whom the front runs, and behind what.
    pub(crate) front: String,
}

/// A certificate, for the banner.
#[derive(Debug)]
pub(crate) struct AnnouncedCertificate {
    /// What its leaf says.
    pub(crate) facts: tlsgi_cert::Facts,
    /// Its file, or the local root that issued it.
    pub(crate) source: String,
}

/// A pool, for the banner.
#[derive(Debug)]
pub(crate) struct AnnouncedPool {
    /// Its name.
    pub(crate) name: String,
    /// What it runs.
    pub(crate) application: String,
    /// The calling convention, as found.
    pub(crate) interface: Interface,
    /// Worker processes.
    pub(crate) processes: usize,
    /// WSGI threads of each.
    pub(crate) threads: usize,
    /// Name and version of the interpreter, and where it is.
    pub(crate) interpreter: String,
    /// As whom it runs, where that is root or another user than the one who started the server.
    pub(crate) user: Option<String>,
}

/// Logs a message of several lines, such as a traceback, one line each.
fn log_lines(text: &str) {
    for line in text.lines() {
        tracing::error!("{line}");
    }
}

/// Serves until told to stop.
///
/// # Errors
/// What kept the server from starting, or from going on.
pub(crate) fn run(startup: Startup) -> Result<Exit, Error> {
    tlsgi_front::observe::log::init(&startup.config.log);
    identity::limit(&startup.config);
    // Nobody of the same user may read the keys out of this process, and no core file of it is written.
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!("other processes of this user may read the memory of the supervisor: {error}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
    runtime.block_on(async { server::Server::open(startup)?.run().await })
}
