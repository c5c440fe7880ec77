//! The commands beside serving: finds the place that they work on, hands over, and says how it ended.

use std::path::PathBuf;

use tlsgi_cert::Places;
use tlsgi_config::Exit;
use tlsgi_config::tool::{Asked, Tool};

use super::startup::Reading;
use super::{Failure, ca, cert, finish, mkcert, print, trust};

/// Where a tool works.
pub(super) struct Place {
    /// The directory of the local CA and other state: that of the server that is started with the same words.
    pub(super) state_directory: PathBuf,
    /// Where the local root is.
    pub(super) places: Places,
}

/// Does what is asked for.
pub(super) fn run(asked: Asked) -> Exit {
    let read = Reading::of(asked.flags);
    if read.told.has_errors() {
        print::diagnostics(&read.told, read.source.as_deref());
        return Exit::Usage;
    }
    let (state_directory, root) = read.places();
    let place = Place { state_directory, places: Places { named: root.named, own: root.own, mkcert: root.mkcert } };
    finish(match asked.tool {
        Tool::Trust(asked) => trust::run(&asked, &place),
        Tool::Cert(asked) => cert::run(&asked, &place),
        Tool::Mkcert(asked) => mkcert::run(&asked, &place),
        Tool::Ca(asked) => ca::run(&asked, &place),
    })
}

/// An error of the certificates' crate with its advice.
pub(super) fn failed(error: &tlsgi_cert::Error) -> anyhow::Error {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    let failure = Failure::new(Exit::Failure, text);
    match error.hint() {
        Some(hint) => failure.hint(hint).into(),
        None => failure.into(),
    }
}
