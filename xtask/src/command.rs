//! Runs other programs, shows which, and stops at the first that fails.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::report;

/// Runs a program with its output shown.
pub(crate) fn run(program: &OsStr, arguments: &[&str], directory: &Path, environment: &[(&str, &str)]) -> Result<()> {
    report(&format!("+ {} {}", program.to_string_lossy(), arguments.join(" ")));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).envs(environment.iter().copied());
    let status = command.status().with_context(|| format!("starting {}", program.to_string_lossy()))?;
    ensure!(status.success(), "{} {} ended with {status}", program.to_string_lossy(), arguments.join(" "));
    Ok(())
}

/// Whether a program runs and succeeds, quietly.
pub(crate) fn succeeds(program: &OsStr, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Standard output of a program that must succeed.
pub(crate) fn output(program: &OsStr, arguments: &[&str], directory: &Path) -> Result<String> {
    let output = Command::new(program).args(arguments).current_dir(directory).output();
    let output = output.with_context(|| format!("starting {}", program.to_string_lossy()))?;
    ensure!(
        output.status.success(),
        "{} {} ended with {}",
        program.to_string_lossy(),
        arguments.join(" "),
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
