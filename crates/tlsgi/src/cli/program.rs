//! `tlsgi python …`: a Python program runs in place of this process, with tlsgi for the server that it starts.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use tlsgi_config::{Diagnostic, Diagnostics, Exit};

use super::{evaluate, print};

/// Becomes the interpreter; returns only when that fails.
pub(super) fn run(words: &[OsString]) -> Exit {
    let told = match evaluate::interpreter() {
        Ok(interpreter) => {
            let error = Command::new(&interpreter).args(["-m", "tlsgi.script"]).args(words).exec();
            Diagnostic::error(format!("{} cannot be started: {error}", interpreter.display()))
        }
        Err(reason) => Diagnostic::error(reason),
    };
    print::diagnostics(&Diagnostics(vec![told]), None);
    Exit::Failure
}
