//! Configurations that are Python: run by the interpreter that runs the application, in a process of their own, for a bounded time.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

use crate::supervisor::interpreter;

/// How long a configuration may take.
const TIME: Duration = Duration::from_secs(30);

/// Longest answer: what the child itself bounds, and its frame.
const MOST: usize = (1 << 20) + 1024;

/// The settings of the last [`remember`], for the next who asks: at the start a command line is read twice.
static REMEMBERED: Mutex<Option<(String, Result<String, String>)>> = Mutex::new(None);

/// As [`settings`]; the next call of that for the same source has the same answer.
pub(super) fn remember(source: &str) -> Result<String, String> {
    let settings = evaluate(source);
    *REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner) = Some((source.to_owned(), settings.clone()));
    settings
}

/// The settings of a file, or of a module behind `python:`, as a JSON object.
pub(super) fn settings(source: &str) -> Result<String, String> {
    let remembered = REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner).take();
    match remembered {
        Some((known, settings)) if known == source => settings,
        _ => evaluate(source),
    }
}

/// The interpreter that runs applications when no option names one.
pub(super) fn interpreter() -> Result<PathBuf, String> {
    let named = std::env::var_os("TLSGI_PYTHON").filter(|text| !text.is_empty()).map(PathBuf::from);
    named
        .or_else(|| interpreter::look(&interpreter::executable()))
        .ok_or_else(|| "there is no Python interpreter on PATH; name one with TLSGI_PYTHON".to_owned())
}

fn evaluate(source: &str) -> Result<String, String> {
    let interpreter = interpreter()?;
    let mut command = Command::new(&interpreter);
    command.args(["-m", "tlsgi.settings", source]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{} cannot be started: {error}", interpreter.display()))?;
    let output = child.stdout.take().map_or_else(|| Ok(Vec::new()), read_in_time);
    finish(child, &interpreter, output)
}

fn finish(mut child: Child, interpreter: &Path, output: std::io::Result<Vec<u8>>) -> Result<String, String> {
    if output.is_err() {
        // It may have ended meanwhile, which is as good.
        _ = child.kill();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    let output = output.map_err(|error| match error.kind() {
        std::io::ErrorKind::TimedOut => format!("it took longer than {} s", TIME.as_secs()),
        _ => error.to_string(),
    })?;
    if !status.success() {
        let (shown, how) = (interpreter.display(), tlsgi_sys::process::describe(status));
        return Err(format!("{shown} {how}; tlsgi must be installed for it: {shown} -m pip install tlsgi"));
    }
    let answer: Value = serde_json::from_slice(&output).map_err(|_| "it ended the interpreter".to_owned())?;
    match (answer.get("settings"), answer.get("error").and_then(Value::as_str)) {
        (Some(settings), _) => Ok(settings.to_string()),
        (None, reason) => Err(reason.unwrap_or("it has no settings").to_owned()),
    }
}

fn read_in_time(mut output: ChildStdout) -> std::io::Result<Vec<u8>> {
    let deadline = Instant::now() + TIME;
    let mut text = Vec::new();
    let mut piece = vec![0; 1 << 16];
    while text.len() <= MOST {
        let left =
            Timespec::try_from(deadline.saturating_duration_since(Instant::now())).map_err(std::io::Error::other)?;
        if poll(&mut [PollFd::new(&output, PollFlags::IN)], Some(&left))? == 0 {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        match output.read(&mut piece)? {
            0 => return Ok(text),
            more => text.extend_from_slice(&piece[..more]),
        }
    }
    Err(std::io::Error::other("its settings are longer than 1 MiB"))
}
