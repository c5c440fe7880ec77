//! `tlsgi cert`: certificates in files.

use clap::{ArgMatches, Command};

use super::inspect::{self, Inspect};
use crate::diagnostic::Diagnostics;

/// What to do with certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cert {
    /// Look at some.
    Inspect(Inspect),
}

pub(super) fn command() -> Command {
    Command::new("cert").subcommand_required(true).subcommand(inspect::command())
}

pub(super) fn read(matches: &ArgMatches) -> Result<Cert, Diagnostics> {
    match matches.subcommand() {
        Some(("inspect", matches)) => Ok(Cert::Inspect(inspect::read(matches))),
        _ => Err(Diagnostics(vec![super::incomplete("tlsgi cert", &command())])),
    }
}
