//! `tlsgi ca`: a private CA.

use clap::{ArgMatches, Command};

use crate::diagnostic::Diagnostics;

/// What to do with the CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ca {}

pub(super) fn command() -> Command {
    Command::new("ca").subcommand_required(true)
}

pub(super) fn read(_matches: &ArgMatches) -> Result<Ca, Diagnostics> {
    Err(Diagnostics(vec![super::incomplete("tlsgi ca", &command())]))
}
