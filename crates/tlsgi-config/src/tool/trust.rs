//! `tlsgi trust`: the local root in the trust stores of this machine.

use clap::{ArgMatches, Command};

use crate::diagnostic::Diagnostics;

/// What to do with the trust stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Say where the root is and whether it can issue.
    Status,
}

pub(super) fn command() -> Command {
    Command::new("trust")
        .subcommand_required(true)
        .subcommand(Command::new("status").about("Say where the local root is and how long it is valid"))
}

pub(super) fn read(matches: &ArgMatches) -> Result<Trust, Diagnostics> {
    match matches.subcommand_name() {
        Some("status") => Ok(Trust::Status),
        _ => Err(Diagnostics(vec![super::incomplete("tlsgi trust", &command())])),
    }
}
