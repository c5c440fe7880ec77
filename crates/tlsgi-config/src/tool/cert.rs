//! `tlsgi cert`: certificates in files.

use clap::{ArgMatches, Command};

use crate::diagnostic::Diagnostics;

/// What to do with certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cert {}

pub(super) fn command() -> Command {
    Command::new("cert").subcommand_required(true)
}

pub(super) fn read(_matches: &ArgMatches) -> Result<Cert, Diagnostics> {
    Err(Diagnostics(vec![super::incomplete("tlsgi cert", &command())]))
}
