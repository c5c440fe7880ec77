//! A failure to start that has its own exit code and its own advice.

use std::fmt;

use tlsgi_config::{Exit, Origin};

use super::Whereabouts;

/// Stops the command: returned as an `anyhow::Error`, printed by the cli.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the command ends.
    pub(crate) exit: Exit,
    /// What failed; lower case, no full stop. Empty when everything is said already.
    message: String,
    /// What to do, one a line.
    pub(crate) hints: Vec<String>,
    /// Where it was written, and the text of that file.
    pub(super) place: Option<(Origin, Option<String>)>,
}

impl Failure {
    /// A failure that ends with this code.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hints: Vec::new(), place: None }
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says where it was written, if that is known.
    #[must_use]
    pub(crate) fn written(mut self, whereabouts: &Whereabouts) -> Self {
        let origin = whereabouts.of(self.exit, &self.message);
        self.place = origin.map(|origin| (origin, whereabouts.source.clone()));
        self
    }

    /// The failure inside an error, however much context was put around it.
    pub(crate) fn of(error: &anyhow::Error) -> Option<&Self> {
        error.chain().find_map(|cause| cause.downcast_ref())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
