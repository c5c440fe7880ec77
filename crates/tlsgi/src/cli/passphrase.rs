//! Passphrases from where people keep them: a file, a command, a systemd credential, a terminal. Never from the command line, where
//! every user of the machine could read them, and never into a message.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
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

/// Asks with the echo off, and switches it on again whatever happens. Keys that would end the program come as bytes, so that nothing is left
/// switched off behind it.
fn ask(terminal: &File, question: &str) -> anyhow::Result<Passphrase> {
    let before = tcgetattr(terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    silent.special_codes[SpecialCodeIndex::VMIN] = 1;
    silent.special_codes[SpecialCodeIndex::VTIME] = 0;
    // Before the question: what is typed at once must not be shown either.
    tcsetattr(terminal, OptionalActions::Flush, &silent)?;
    let asked = (&*terminal).write_all(question.as_bytes());
    let code = |index| before.special_codes[index];
    let keys = Keys {
        end: [code(SpecialCodeIndex::VINTR), code(SpecialCodeIndex::VQUIT)],
        erase: code(SpecialCodeIndex::VERASE),
        kill: code(SpecialCodeIndex::VKILL),
        finish: code(SpecialCodeIndex::VEOF),
    };
    let line = asked.and_then(|()| keys.line(terminal));
    tcsetattr(terminal, OptionalActions::Flush, &before)?;
    (&*terminal).write_all(b"\n")?;
    match line? {
        Some(line) => Passphrase::new(&line).map_err(|error| failed(&error)),
        None => Err(Failure::new(Exit::Failure, "interrupted: no passphrase").into()),
    }
}

/// What keys mean at a terminal.
struct Keys {
    end: [u8; 2],
    erase: u8,
    kill: u8,
    finish: u8,
}

impl Keys {
    /// A line as typed and corrected; none when the person gave up.
    fn line(&self, mut from: impl Read) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
        let mut line = Zeroizing::new(Vec::with_capacity(MOST as usize));
        loop {
            let mut key = Zeroizing::new([0]);
            if from.read(&mut *key)? == 0 {
                return Ok((!line.is_empty()).then_some(line));
            }
            match key[0] {
                // Zero is how terminals say that a key has no meaning.
                0 => {}
                key if self.end.contains(&key) => return Ok(None),
                b'\n' | b'\r' => return Ok(Some(line)),
                key if key == self.finish => return Ok((!line.is_empty()).then_some(line)),
                key if key == self.kill => line.clear(),
                key if key == self.erase || key == 8 => erase(&mut line),
                key if line.len() < MOST as usize => line.push(key),
                _ => {}
            }
        }
    }
}

/// Takes the last character away.
fn erase(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys = Keys { end: [3, 28], erase: 127, kill: 21, finish: 4 };

    #[test]
    fn a_line_is_corrected_as_terminals_do() {
        let line = |typed: &[u8]| KEYS.line(typed).expect("read").map(|line| line.to_vec());
        assert_eq!(line(b"secret\nmore").as_deref(), Some(&b"secret"[..]));
        assert_eq!(line(b"wrong\x15secres\x7ft\r").as_deref(), Some(&b"secret"[..]));
        assert_eq!(line("grü\x7f\x7f\x7f\x7fx\n".as_bytes()).as_deref(), Some(&b"x"[..]));
        assert_eq!(line(b"sec\0ret\x04").as_deref(), Some(&b"secret"[..]));
        assert_eq!((line(b"sec\x03"), line(b"\x1c"), line(b"\x04"), line(b"")), (None, None, None, None));
        assert_eq!(line(&[b'x'; 9000]).map(|line| line.len()), Some(MOST as usize));
    }
}
