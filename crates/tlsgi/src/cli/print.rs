//! Writing to standard output and standard error.

use std::io::{self, IsTerminal, Write};

use clap::builder::StyledStr;
use tlsgi_config::diagnostic::{Diagnostic, Paint};
use tlsgi_config::{Diagnostics, Exit};

use super::Failure;

/// Prints what was asked for. A reader that went away is none of our business.
pub(super) fn out(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Failure,
        _ => Exit::Success,
    }
}

/// Prints help.
pub(super) fn styled(text: &StyledStr) -> Exit {
    out(&if is_coloured(&io::stdout()) { text.ansi().to_string() } else { text.to_string() })
}

/// Prints messages, with snippets of the file they are about.
pub(super) fn diagnostics(told: &Diagnostics, source: Option<&str>) {
    let paint = paint();
    err(&told.0.iter().map(|diagnostic| diagnostic.render(source, paint)).collect::<Vec<_>>().join("\n"));
}

/// Prints the error that ends the command, with its causes.
pub(super) fn failure(error: &anyhow::Error) {
    let failure = Failure::of(error);
    let message = format!("{error:#}");
    if message.is_empty() {
        return;
    }
    let mut diagnostic = Diagnostic::error(message);
    diagnostic.hints.extend(failure.into_iter().flat_map(|failure| failure.hints.iter().cloned()));
    let place = failure.and_then(|failure| failure.place.as_ref());
    diagnostic.origin = place.map(|(origin, _)| origin.clone());
    err(&diagnostic.render(place.and_then(|(_, source)| source.as_deref()), paint()));
}

/// Prints on standard error.
pub(super) fn err(text: &str) {
    // Nobody is left to tell.
    _ = io::stderr().lock().write_all(text.as_bytes());
}

fn paint() -> Paint {
    if is_coloured(&io::stderr()) { Paint::Ansi } else { Paint::Plain }
}

/// <https://no-color.org>
fn is_coloured(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
