//! `tlsgi trust`: the local root in the trust stores of this machine.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};

use crate::diagnostic::{Diagnostic, Diagnostics};

/// What to do with the trust stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// What to do.
    pub action: Action,
    /// Work on the system's store below this directory, and on no other store.
    pub sysroot: Option<PathBuf>,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Put the root into every store, make one where there is none.
    Install {
        /// The root has to be good for these names as well.
        permit: Vec<String>,
        /// A root without bounds.
        is_unconstrained: bool,
    },
    /// Take the root out of every store.
    Uninstall,
    /// Look.
    Status,
}

const STORES: &str = "The stores are that of the system (Debian, Red Hat, Arch and SUSE layouts, macOS, Windows), the databases of Chromium, \
                      Firefox and their relatives, and that of the Java installation in JAVA_HOME. TRUST_STORES=system,nss,java names the \
                      ones that count; CAROOT names the directory of the root. A root that mkcert made is found and used.";

pub(super) fn command() -> Command {
    let sysroot = || {
        let help = "Work on the system's store below DIR, an image that is being made, and on no other store";
        Arg::new("sysroot")
            .long("sysroot")
            .value_name("DIR")
            .value_hint(ValueHint::DirPath)
            .value_parser(value_parser!(PathBuf))
            .help(help)
    };
    let described = |name: &'static str, about: &'static str, more: &str| {
        Command::new(name).about(about).long_about(format!("{about}\n\n{more} {STORES}")).arg(sysroot())
    };
    Command::new("trust")
        .subcommand_required(true)
        .subcommand(
            described(
                "install",
                "Put the local root into the trust stores of this machine",
                "Where there is no root, one is made: P-256, ten years, able to vouch only for localhost, .localhost, .test, .internal, \
                 .local, .home.arpa, and loopback and private addresses. Exit status 1 where a store could not be changed.",
            )
            .arg(Arg::new("permit").long("permit").value_name("NAME").action(ArgAction::Append).help(
                "The root may vouch for NAME and all below it as well; one that may not is replaced",
            ))
            .arg(Arg::new("unconstrained").long("unconstrained").action(ArgAction::SetTrue).help(
                "The root may vouch for everything, as mkcert's; one that may not is replaced",
            )),
        )
        .subcommand(described(
            "uninstall",
            "Take the local root out of the trust stores of this machine",
            "The root itself stays where it is.",
        ))
        .subcommand(described(
            "status",
            "Look into every trust store and say whether the local root is trusted",
            "Exit status 0 where every store that is there has it, else 1.",
        ))
}

pub(super) fn read(matches: &ArgMatches) -> Result<Trust, Diagnostics> {
    let Some((name, matches)) = matches.subcommand() else {
        return Err(Diagnostics(vec![super::incomplete("tlsgi trust", &command())]));
    };
    let action = match name {
        "install" => install(matches)?,
        "uninstall" => Action::Uninstall,
        _ => Action::Status,
    };
    Ok(Trust { action, sysroot: matches.get_one("sysroot").cloned() })
}

fn install(matches: &ArgMatches) -> Result<Action, Diagnostics> {
    let permit: Vec<String> = matches.get_many("permit").into_iter().flatten().cloned().collect();
    let is_unconstrained = matches.get_flag("unconstrained");
    if is_unconstrained && !permit.is_empty() {
        let why = "a root without bounds may vouch for every name";
        return Err(Diagnostics(vec![Diagnostic::conflict("--permit", "--unconstrained", why)]));
    }
    Ok(Action::Install { permit, is_unconstrained })
}
