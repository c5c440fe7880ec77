//! Passphrases from where people keep them: a file, a command, a systemd credential, a terminal. Never from the command line, where
//! every user of the machine could read them, and never into a message.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use tlsgi_cert::Passphrase;
use tlsgi_config::Exit;
use tlsgi_config::tool::PassphraseFrom;
use zeroize::Zeroizing;

use super::Failure;
use super::tool::failed;

/// What a passphrase is wanted for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted<'a> {
    /// To open something that is there.
    Known(&'a str),
    /// To protect something new: asked for twice.
    New(&'a str),
}

/// Longest file or output that is looked at.
const MOST: u64 = 4096;

/// How long a command may take: time to touch a hardware key.
const COMMAND_TIME: Duration = Duration::from_secs(60);

/// Gets a passphrase from where it is said to be, or asks the terminal.
pub(crate) fn of(from: &PassphraseFrom, wanted: Wanted<'_>) -> anyhow::Result<Passphrase> {
    match (&from.file, &from.command) {
        (Some(path), _) => of_file(path),
        (None, Some(command)) => of_command(command),
        (None, None) => of_terminal(wanted),
    }
}

fn of_file(path: &Path) -> anyhow::Result<Passphrase> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Failure, format!("the passphrase cannot be read from {}: {error}", path.display()))
    };
    let mut text = Zeroizing::new(Vec::with_capacity(MOST as usize + 1));
    let file = File::open(path).map_err(unreadable)?;
    file.take(MOST).read_to_end(&mut text).map_err(unreadable)?;
    Passphrase::new(&text).map_err(|error| failed(&error))
}

fn of_command(command: &str) -> anyhow::Result<Passphrase> {
    let broken = |what: String| Failure::new(Exit::Failure, format!("the passphrase command failed: {what}"));
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = shell.spawn().map_err(|error| broken(error.to_string()))?;
    let output = child.stdout.take().map_or_else(|| Ok(Zeroizing::default()), read_in_time);
    if output.is_err() {
        // It may have ended meanwhile, which is as good.
        _ = child.kill();
    }
    let status = child.wait().map_err(|error| broken(error.to_string()))?;
    let output = output.map_err(|error| broken(error.to_string()))?;
    if !status.success() {
        return Err(broken(status.to_string()).into());
    }
    Passphrase::new(&output).map_err(|error| failed(&error))
}

/// What a command prints, up to its end, [`MOST`] bytes or [`COMMAND_TIME`].
fn read_in_time(mut output: ChildStdout) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let deadline = Instant::now() + COMMAND_TIME;
    let mut text = Zeroizing::new(vec![0; MOST as usize]);
    let mut length = 0;
    while length < text.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(std::io::Error::other)?;
        if poll(&mut [PollFd::new(&output, PollFlags::IN)], Some(&left))? == 0 {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        match output.read(&mut text[length..])? {
            0 => break,
            more => length += more,
        }
    }
    text.truncate(length);
    Ok(text)
}

fn of_terminal(wanted: Wanted<'_>) -> anyhow::Result<Passphrase> {
    let Ok(terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        let what = match wanted {
            Wanted::Known(what) | Wanted::New(what) => what,
        };
        return Err(Failure::new(
            Exit::Failure,
            format!("a passphrase is needed for {what}, and there is no terminal to ask"),
        )
        .hint("name a file or a command that has it: --key-passphrase-file FILE, --key-passphrase-command COMMAND")
        .into());
    };
    match wanted {
        Wanted::Known(what) => ask(&terminal, &format!("Passphrase of {what}: ")),
        Wanted::New(what) => {
            let first = ask(&terminal, &format!("New passphrase for {what}: "))?;
            if first != ask(&terminal, "The same again: ")? {
                return Err(Failure::new(Exit::Failure, "the two passphrases differ").into());
            }
            Ok(first)
        }
    }
}

/// Asks with the echo off, and switches it on again whatever happens.
fn ask(terminal: &File, question: &str) -> anyhow::Result<Passphrase> {
    let before = tcgetattr(terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    silent.local_modes.insert(LocalModes::ECHONL);
    // Before the question: what is typed at once must not be shown either.
    tcsetattr(terminal, OptionalActions::Flush, &silent)?;
    let mut line = Zeroizing::new(Vec::with_capacity(MOST as usize));
    let asked = (&*terminal).write_all(question.as_bytes());
    let read = asked.and_then(|()| BufReader::new(terminal).take(MOST).read_until(b'\n', &mut line));
    tcsetattr(terminal, OptionalActions::Flush, &before)?;
    read?;
    Passphrase::new(&line).map_err(|error| failed(&error))
}
