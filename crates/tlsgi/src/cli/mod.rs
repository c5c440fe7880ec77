//! The command: what was asked for, and everything that is printed. No other room writes to the terminal.

mod banner;
mod ca;
mod cert;
mod evaluate;
mod failure;
mod foreign;
mod inspect;
mod mkcert;
pub(crate) mod passphrase;
mod presumed;
mod print;
mod probe;
mod program;
mod startup;
mod surroundings;
mod tool;
mod trust;
mod whereabouts;

use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use tlsgi_config::dialect::toml;
use tlsgi_config::native::argv::{self, Invocation, Shown};
use tlsgi_config::native::{manual, reference, show};
use tlsgi_config::{Config, Diagnostic, Diagnostics, Exit, Layer};

use crate::supervisor::front_in_words;
pub(crate) use banner::{Running, ServedCertificate, ServedPool};
pub(crate) use failure::Failure;
use startup::Source;
pub(crate) use startup::Startup;
pub(crate) use trust::in_words as trust_in_words;
pub(crate) use whereabouts::Whereabouts;

/// What the command can be, besides printing something.
pub(crate) struct Roles {
    /// Serves until it is told to stop.
    pub(crate) serve: fn(Startup) -> anyhow::Result<Exit>,
    /// Loads certificate and application, and serves nothing.
    pub(crate) check: fn(Startup) -> anyhow::Result<Exit>,
    /// The front process of a server.
    pub(crate) front: fn() -> anyhow::Result<Exit>,
}

/// First argument of a server that a Python program starts beside itself: the descriptor of its control socket follows, and
/// then a command line. That program is the only worker.
const BESIDE: &str = "__beside";

/// Does what the command line asks for.
pub(crate) fn run(roles: &Roles) -> ExitCode {
    let mut arguments = std::env::args_os().collect();
    let invocation = worker(&mut arguments).and_then(|worker| Ok((argv::parse(arguments)?, worker)));
    let exit = match invocation {
        Ok((invocation, worker)) => dispatch(roles, invocation, worker),
        Err(told) => {
            print::diagnostics(&told, None);
            Exit::Usage
        }
    };
    ExitCode::from(exit.code())
}

/// Takes `__beside N` off the command line.
fn worker(arguments: &mut Vec<OsString>) -> Result<Option<UnixStream>, Diagnostics> {
    if arguments.get(1).is_none_or(|first| first != BESIDE) {
        return Ok(None);
    }
    let number = arguments.drain(1..arguments.len().min(3)).nth(1).and_then(|text| text.to_str()?.parse().ok());
    match number.map(tlsgi_sys::inherited::take) {
        Some(Ok(socket)) => Ok(Some(socket.into())),
        _ => Err(Diagnostics(vec![Diagnostic::error(format!("`{BESIDE}` needs the number of an inherited socket"))])),
    }
}

fn dispatch(roles: &Roles, invocation: Invocation, worker: Option<UnixStream>) -> Exit {
    match invocation {
        Invocation::Serve(flags) => with_startup(Source::Native(flags), worker, roles.serve),
        Invocation::Check(flags) => with_startup(Source::Native(flags), None, roles.check),
        Invocation::Program(words) => program::run(&words),
        Invocation::Foreign(asked) => foreign::run(asked, roles),
        Invocation::ShowConfig(flags, shown) => show_config(*flags, shown),
        Invocation::Schema => print::out(&reference::schema()),
        Invocation::Tool(asked) => tool::run(*asked),
        Invocation::Completions(shell) => print::out(&manual::completions(&shell)),
        Invocation::Manual => print::out(&manual::page()),
        Invocation::Front => finish((roles.front)()),
        Invocation::Print(text) => print::styled(&text),
    }
}

fn with_startup(source: Source, worker: Option<UnixStream>, role: fn(Startup) -> anyhow::Result<Exit>) -> Exit {
    match Startup::read(source, worker) {
        Ok(startup) => finish(role(startup)),
        Err(rejected) => {
            print::diagnostics(&rejected.told, rejected.source.as_deref());
            Exit::Usage
        }
    }
}

fn finish(result: anyhow::Result<Exit>) -> Exit {
    result.unwrap_or_else(|error| {
        print::failure(&error);
        Failure::of(&error).map_or(Exit::Failure, |failure| failure.exit)
    })
}

/// Prints every failure; the first decides about the exit status.
pub(crate) fn report_failures(failures: impl Iterator<Item = anyhow::Error>) -> Exit {
    let mut exits = failures.map(|error| finish(Err(error))).collect::<Vec<_>>().into_iter();
    exits.next().unwrap_or(Exit::Failure)
}

/// Says that a configuration can be served, and what should be known about its certificates.
pub(crate) fn report_check(config: &Config, messages: &[tlsgi_cert::Message]) -> Exit {
    let worth = messages.iter().filter(|message| message.severity > tlsgi_cert::Severity::Notice);
    let warnings = worth.map(|message| {
        message.hint.iter().fold(Diagnostic::warning(message.what.as_str()), |told, hint| told.hint(hint.as_str()))
    });
    print::diagnostics(&Diagnostics(warnings.collect()), None);
    let applications: Vec<&str> = config.pools.iter().map(|pool| pool.application.reference.as_str()).collect();
    let front = front_in_words(config);
    print::out(&format!(
        "{}: configuration, certificate and application can be served\nfront: {front}\n",
        applications.join(", ")
    ))
}

fn show_config(flags: Layer, shown: Shown) -> Exit {
    let read = startup::Reading::of(flags);
    let exit = print::out(&match shown {
        Shown::Everything => show::show(&read.said.clone().with_defaults()),
        Shown::Written => toml::write(&read.said),
    });
    let (_, more) = read.resolve();
    let mut told: Diagnostics = read.told;
    told.extend(more);
    print::diagnostics(&told, read.source.as_deref());
    if told.has_errors() { Exit::Usage } else { exit }
}
