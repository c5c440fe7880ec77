//! Programs that change trust stores: described, shown as a person would type them, and run, through sudo where that is needed.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use super::surroundings::{Platform, Surroundings};
use crate::facts::printable;

/// Why a store could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not installed.
    #[error("{program} is not installed")]
    Missing {
        /// The program.
        program: &'static str,
        /// The command that installs it.
        install: String,
    },
    /// Only root may do it, and nobody could be asked.
    #[error("only root can change it")]
    NeedsRoot {
        /// What to run, one command a line.
        commands: Vec<String>,
    },
    /// A program failed.
    #[error("`{command}` failed: {said}")]
    Command {
        /// The command as a person would type it.
        command: String,
        /// What it said, or how it ended.
        said: String,
    },
    /// A program could not be started.
    #[error("`{command}` cannot be run")]
    Start {
        /// The command.
        command: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A file of the store cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Everything succeeded and the store is as before.
    #[error("everything succeeded, and the store is as it was")]
    NotTaken,
}

impl Error {
    /// What a person can do, one line each.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing { program, install } => vec![format!("install {program} and run this again: {install}")],
            Self::NeedsRoot { commands } => commands.clone(),
            _ => Vec::new(),
        }
    }
}

/// A command to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    words: Vec<String>,
    is_for_root: bool,
}

impl Command {
    pub(super) fn new<const N: usize>(words: [&str; N]) -> Self {
        Self { words: words.map(str::to_owned).to_vec(), is_for_root: false }
    }

    /// Only root may do this.
    #[must_use]
    pub(super) fn by_root(mut self) -> Self {
        self.is_for_root = true;
        self
    }

    #[must_use]
    pub(super) fn arguments(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// As typed into a shell.
    pub(super) fn typed(&self) -> String {
        let typed = |word: &String| match word.strip_prefix('-') {
            // A flag, and not a path that looks like one.
            Some(flag) if flag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => word.clone(),
            _ => crate::error::quoted(word.as_ref()),
        };
        self.words.iter().map(typed).collect::<Vec<_>>().join(" ")
    }

    fn run(&self, around: &Surroundings, words: &[String]) -> Result<Output, Error> {
        let Some((name, arguments)) = words.split_first() else { return Err(Error::NotTaken) };
        let program = around.program(name).unwrap_or_else(|| PathBuf::from(name));
        let mut command = std::process::Command::new(program);
        command.args(arguments.iter().map(OsStr::new)).env("LC_ALL", "C").stdin(Stdio::null());
        command.output().map_err(|source| Error::Start { command: self.typed(), source })
    }

    /// Runs it as the present user; what it wrote to its standard output, if it succeeded.
    pub(super) fn read(&self, around: &Surroundings) -> Result<Vec<u8>, Error> {
        let output = self.run(around, &self.words)?;
        if output.status.success() { Ok(output.stdout) } else { Err(self.failed(&output)) }
    }

    fn failed(&self, output: &Output) -> Error {
        let text = [&output.stderr[..], b"\n", &output.stdout[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(printable).collect();
        let said = match &lines[..] {
            [] => output.status.to_string(),
            lines => lines.iter().take(5).cloned().collect::<Vec<_>>().join("; "),
        };
        Error::Command { command: self.typed(), said }
    }
}

/// Runs them one after the other, until one fails.
pub(super) fn run_all(commands: &[Command], around: &Surroundings) -> Result<(), Error> {
    let is_asking =
        commands.iter().any(|command| command.is_for_root) && !around.is_root && around.platform != Platform::Windows;
    if is_asking && !can_ask(around) {
        let typed = |command: &Command| {
            let sudo = if command.is_for_root { "sudo " } else { "" };
            format!("{sudo}{}", command.typed())
        };
        return Err(Error::NeedsRoot { commands: commands.iter().map(typed).collect() });
    }
    for command in commands {
        let sudo: &[&str] =
            if is_asking && command.is_for_root { &["sudo", "--prompt=Password for sudo: ", "--"] } else { &[] };
        let words: Vec<String> =
            sudo.iter().map(|&word| word.to_owned()).chain(command.words.iter().cloned()).collect();
        let output = command.run(around, &words)?;
        if !output.status.success() {
            return Err(command.failed(&output));
        }
    }
    Ok(())
}

/// Whether sudo is there and can ask, or need not.
fn can_ask(around: &Surroundings) -> bool {
    if around.program("sudo").is_none() {
        return false;
    }
    let silent = Command::new(["sudo", "--non-interactive", "true"]);
    around.has_terminal || silent.read(around).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::nss::tests::around;
    use super::*;

    #[test]
    fn commands_are_shown_as_they_are_typed() {
        let command = Command::new(["install", "-m", "0644"]).arguments(["/home/me/my files/rootCA.pem"]);
        assert_eq!(command.typed(), "install -m 0644 '/home/me/my files/rootCA.pem'");
    }

    #[test]
    fn without_sudo_the_exact_commands_are_said_and_nothing_is_run() {
        let folder = tempfile::tempdir().expect("a directory");
        let mut around = around(folder.path());
        around.search_path = Vec::new();
        around.is_root = false;
        let made = folder.path().join("made").display().to_string();
        let commands = [Command::new(["/usr/bin/touch"]).arguments([&made]), Command::new(["update-stores"]).by_root()];
        match run_all(&commands, &around) {
            Err(error @ Error::NeedsRoot { .. }) => {
                assert_eq!(error.hints(), [format!("/usr/bin/touch {made}"), "sudo update-stores".to_owned()]);
            }
            other => panic!("{other:?}"),
        }
        assert!(!folder.path().join("made").exists());
    }

    #[test]
    fn only_what_needs_root_goes_through_sudo() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a directory");
        let log = folder.path().join("log");
        for name in ["sudo", "plain"] {
            let script = format!("#!/bin/sh\necho {name} \"$@\" >> {}\n", log.display());
            let path = folder.path().join(name);
            std::fs::write(&path, script).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("changed");
        }
        let mut around = around(folder.path());
        around.search_path = vec![folder.path().to_owned()];
        around.is_root = false;
        around.has_terminal = true;
        let commands = [Command::new(["plain", "one"]), Command::new(["update-stores", "two words"]).by_root()];
        run_all(&commands, &around).expect("both run");
        let said = std::fs::read_to_string(&log).expect("a log");
        assert_eq!(said, "plain one\nsudo --prompt=Password for sudo:  -- update-stores two words\n");
        around.is_root = true;
        run_all(&commands[..1], &around).expect("runs");
        assert_eq!(std::fs::read_to_string(&log).expect("a log").lines().last(), Some("plain one"));
    }

    #[test]
    fn a_failure_says_which_command_and_what_it_said() {
        let folder = tempfile::tempdir().expect("a directory");
        let error = Command::new(["ls", "/nowhere"]).read(&around(folder.path())).expect_err("there is no such file");
        assert!(error.to_string().starts_with("`ls /nowhere` failed: "), "{error}");
    }
}
