//! `tlsgi cert inspect`: certificates looked at, in files and on servers.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspect {
    /// Files, and servers as `HOST:PORT` or a name that is no file.
    pub targets: Vec<String>,
    /// A key that should belong to the certificate.
    pub key: Option<PathBuf>,
    /// What opens that.
    pub passphrase: super::PassphraseFrom,
    /// Names that the certificate should be for.
    pub names: Vec<String>,
    /// As JSON.
    pub json: bool,
}

pub(super) fn command() -> Command {
    let file = |name, help| Arg::new(name).long(name).value_name("FILE").value_hint(ValueHint::FilePath).help(help);
    Command::new("inspect")
        .about("Say what is to be known about a certificate, in a file or on a server; ends with 4 where clients refuse it")
        .arg(Arg::new("targets").value_name("FILE|HOST[:PORT]").action(ArgAction::Append).required(true).help("What to look at"))
        .args([
            file("key", "A private key that should belong to it"),
            file("key-passphrase-file", "The first line opens the key; a terminal is asked otherwise"),
            Arg::new("key-passphrase-command").long("key-passphrase-command").value_name("COMMAND").help("The first line that this prints opens the key"),
            Arg::new("name").long("name").value_name("NAME").action(ArgAction::Append).help("A name that it should be for; repeatable"),
            Arg::new("json").long("json").action(ArgAction::SetTrue).help("As JSON"),
        ])
}

pub(super) fn read(matches: &ArgMatches) -> Inspect {
    let many = |name: &str| matches.get_many::<String>(name).into_iter().flatten().cloned().collect();
    let one = |name: &str| matches.get_one::<String>(name).cloned();
    Inspect {
        targets: many("targets"),
        key: one("key").map(PathBuf::from),
        passphrase: super::PassphraseFrom {
            file: one("key-passphrase-file").map(PathBuf::from),
            command: one("key-passphrase-command"),
        },
        names: many("name"),
        json: matches.get_flag("json"),
    }
}
