//! The command: what was asked for, and everything that is printed. No other room writes to the terminal.

mod banner;
mod failure;
mod print;
mod startup;

use std::process::ExitCode;

use tlsgi_config::native::argv::{self, Invocation};
use tlsgi_config::native::{manual, show};
use tlsgi_config::{Diagnostics, Exit, Layer};

pub(crate) use banner::{Running, ServedCertificate, ServedPool};
pub(crate) use failure::Failure;
pub(crate) use startup::Startup;

/// What the command can be, besides printing something.
pub(crate) struct Roles {
    /// Serves until it is told to stop.
    pub(crate) serve: fn(Startup) -> anyhow::Result<Exit>,
    /// Loads certificate and application, and serves nothing.
    pub(crate) check: fn(Startup) -> anyhow::Result<Exit>,
    /// The front process of a server.
    pub(crate) front: fn() -> anyhow::Result<Exit>,
}

/// Does what the command line asks for.
pub(crate) fn run(roles: &Roles) -> ExitCode {
    let exit = match argv::parse(std::env::args_os().collect()) {
        Ok(invocation) => dispatch(roles, invocation),
        Err(told) => {
            print::diagnostics(&told, None);
            Exit::Usage
        }
    };
    ExitCode::from(exit.code())
}

fn dispatch(roles: &Roles, invocation: Invocation) -> Exit {
    match invocation {
        Invocation::Serve(flags) => with_startup(*flags, roles.serve),
        Invocation::Check(flags) => with_startup(*flags, roles.check),
        Invocation::ShowConfig(flags) => show_config(*flags),
        Invocation::Completions(shell) => print::out(&manual::completions(&shell)),
        Invocation::Manual => print::out(&manual::page()),
        Invocation::Front => finish((roles.front)()),
        Invocation::Print(text) => print::styled(&text),
    }
}

fn with_startup(flags: Layer, role: fn(Startup) -> anyhow::Result<Exit>) -> Exit {
    match Startup::read(flags) {
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

fn show_config(flags: Layer) -> Exit {
    let read = startup::Reading::of(flags);
    let exit = print::out(&show::show(&read.said.clone().over(Layer::defaults())));
    let (_, more) = read.resolve();
    let mut told: Diagnostics = read.told;
    told.extend(more);
    print::diagnostics(&told, read.source.as_deref());
    if told.has_errors() { Exit::Usage } else { exit }
}
