//! The commands beside serving: how each is written, and what it asks for. Not what they do.

mod ca;
mod cert;
mod inspect;
pub(crate) mod mkcert;
pub mod reference;
mod trust;

use clap::{ArgMatches, Command};

pub use ca::{Ca, FORMS, Init, Issue, KEYS, Output, PassphraseFrom, REASONS, Renew, Sign, Task};
pub use cert::{Cert, Files, Issue as CertIssue};
pub use inspect::Inspect;
pub use mkcert::{Mkcert, Run as MkcertRun, Stores as MkcertStores};
pub use trust::{Action, Trust};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::layer::{Layer, OPTIONS};
use crate::native::{argv, command};
use crate::option::Spec;

/// What is asked for, one arm a tool.
#[derive(Debug)]
pub enum Tool {
    /// The trust stores of this machine.
    Trust(Trust),
    /// Certificates in files.
    Cert(Cert),
    /// A private CA.
    Ca(Box<Ca>),
    /// mkcert's job in mkcert's words.
    Mkcert(Mkcert),
}

/// A tool's command line.
#[derive(Debug)]
pub struct Asked {
    /// What to do.
    pub tool: Tool,
    /// Where the local CA is: `--state-dir` and `--config`, nothing else.
    pub flags: Layer,
}

/// How a tool is found, shown and read.
pub(crate) struct Entry {
    /// The first word.
    pub(crate) name: &'static str,
    /// Its tree, without what all tools share.
    command: fn() -> Command,
    read: fn(&ArgMatches) -> Result<Tool, Diagnostics>,
}

/// Every tool.
pub(crate) const TOOLS: [Entry; 4] = [
    Entry { name: "trust", command: trust::command, read: |matches| trust::read(matches).map(Tool::Trust) },
    Entry { name: "cert", command: cert::command, read: |matches| cert::read(matches).map(Tool::Cert) },
    Entry { name: "mkcert", command: mkcert::command, read: |matches| mkcert::read(matches).map(Tool::Mkcert) },
    Entry { name: "ca", command: ca::command, read: |matches| ca::read(matches).map(Box::new).map(Tool::Ca) },
];

/// The options that say where the local CA is.
const PLACE: [&str; 2] = ["--state-dir", "--config"];

impl Entry {
    /// The whole tree, as clap knows it.
    pub(crate) fn tree(&self, about: &'static str) -> Command {
        let command = shared((self.command)()).about(about);
        place().fold(command, |command, spec| command.args(command::args(spec).into_iter().map(|arg| arg.global(true))))
    }

    /// What the command line asks for.
    pub(crate) fn asked(&self, matches: &ArgMatches) -> Result<Asked, Diagnostics> {
        Ok(Asked { tool: (self.read)(matches)?, flags: argv::layer(deepest(matches), place())? })
    }
}

fn place() -> impl Iterator<Item = &'static Spec> {
    OPTIONS.iter().filter(|spec| PLACE.contains(&spec.flag))
}

/// Help in tlsgi's form for a command and all below it.
fn shared(command: Command) -> Command {
    let below: Vec<Command> = command.get_subcommands().cloned().collect();
    let command = command::with_help(command);
    below.into_iter().fold(command, |command, below| {
        let name = below.get_name().to_owned();
        command.mut_subcommand(name, shared)
    })
}

fn deepest(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, below)| deepest(below))
}

/// A command that was written without the word that must follow.
pub(crate) fn incomplete(path: &str, command: &Command) -> Diagnostic {
    let told = Diagnostic::error(format!("`{path}` needs a command"));
    let next = command.get_subcommands().map(Command::get_name).filter(|name| *name != "help");
    next.map(|next| format!("`{path} {next}`")).fold(told, Diagnostic::hint)
}
