//! The `tlsgi` command: one binary in two roles, the supervisor that the user starts and the front that the supervisor starts.

mod cli;
mod supervisor;

use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Context;
use tlsgi_config::Exit;

use cli::{Failure, Roles, Running, ServedCertificate, ServedPool, Startup, Whereabouts};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run(&Roles { serve, check, front })
}

fn serve(mut startup: Startup) -> anyhow::Result<Exit> {
    let worker = startup.worker.take();
    let trust = cli::trust_in_words(&startup.config);
    let whereabouts = startup.whereabouts.clone();
    let startup = Rc::new(startup);
    let config = startup.config.clone();
    let (again, announcer) = (Rc::clone(&startup), startup);
    let started = supervisor::run(supervisor::Startup {
        config,
        resolve: Box::new(move || again.reread().map_err(|rejected| rejected.to_string())),
        announce: Box::new(move |announcement| announcer.announce(&running(announcement, trust.clone()))),
        worker,
    });
    started.map_err(|error| failure(&error, &whereabouts))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of a role")]
fn check(startup: Startup) -> anyhow::Result<Exit> {
    Ok(match supervisor::check(&startup.config) {
        Ok(messages) => cli::report_check(&startup.config, &messages),
        Err(errors) => cli::report_failures(errors.iter().map(|error| failure(error, &startup.whereabouts))),
    })
}

/// The control socket's number is the only argument after the role.
fn front() -> anyhow::Result<Exit> {
    let number = std::env::args().nth(2).and_then(|number| number.parse().ok());
    let number = number.context("a front is started by tlsgi, not by hand")?;
    let control = tlsgi_sys::inherited::take(number).context("the control socket is not open")?;
    tlsgi_front::run(control.into()).context("the front ended")?;
    Ok(Exit::Success)
}

fn running(announcement: &supervisor::Announcement, trust: Option<String>) -> Running<'_> {
    let certificate = |certificate: &supervisor::AnnouncedCertificate| ServedCertificate {
        names: certificate.facts.carried().map(|name| name.to_string()).collect(),
        expires: certificate.facts.not_after,
        source: certificate.source.clone(),
    };
    let pool = |pool: &supervisor::AnnouncedPool| ServedPool {
        name: pool.name.clone(),
        application: pool.application.clone(),
        interface: pool.interface,
        processes: pool.processes,
        threads: pool.threads,
        interpreter: pool.interpreter.clone(),
        user: pool.user.clone(),
    };
    Running {
        listeners: &announcement.config.listeners,
        sites: &announcement.config.sites,
        certificates: announcement.certificates.iter().map(certificate).collect(),
        trust,
        pools: announcement.pools.iter().map(pool).collect(),
        front: announcement.front.clone(),
    }
}

/// The supervisor's errors as the command line prints them.
fn failure(error: &supervisor::Error, whereabouts: &Whereabouts) -> anyhow::Error {
    let mut failure = Failure::new(error.exit(), error.full_text()).written(whereabouts);
    if let Some(hint) = error.hint() {
        failure = failure.hint(hint);
    }
    failure.into()
}
