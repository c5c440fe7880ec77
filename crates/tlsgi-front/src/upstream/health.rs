//! Whether an upstream can be reached, and what is said of it in the log: once when it changes, now and then while it goes on.

use std::cell::Cell;
use std::fmt::Display;
use std::io;
use std::time::Duration;

use tokio::time::Instant;

/// After a connection that was not even refused, so long nobody waits for the next one.
const SPARED: Duration = Duration::from_secs(2);

/// Between two lines of one kind about one upstream.
const QUIET: Duration = Duration::from_secs(5);

/// What one thread knows.
#[derive(Debug, Default)]
pub(super) struct Health {
    is_down: Cell<bool>,
    spared_until: Cell<Option<Instant>>,
    noted: Cell<Option<Instant>>,
    left_out: Cell<u64>,
}

impl Health {
    /// Whether it did not answer a moment ago, so that it is not worth another wait.
    pub(super) fn is_spared(&self) -> bool {
        self.spared_until.get().is_some_and(|until| Instant::now() < until)
    }

    /// It could be reached.
    pub(super) fn up(&self, name: &str) {
        self.spared_until.set(None);
        if self.is_down.replace(false) {
            tracing::info!(upstream = name, "the upstream can be reached again");
        }
    }

    /// It could not be reached.
    pub(super) fn down(&self, name: &str, error: &io::Error) {
        if error.kind() == io::ErrorKind::TimedOut {
            self.spared_until.set(Some(Instant::now() + SPARED));
        }
        if !self.is_down.replace(true) {
            tracing::warn!(upstream = name, %error, "the upstream cannot be reached; requests for it get 502");
        }
    }

    /// It answered wrong, or not at all.
    pub(super) fn note(&self, name: &str, request_id: &str, what: impl Display) {
        if self.noted.get().is_some_and(|at| at.elapsed() < QUIET) {
            self.left_out.set(self.left_out.get() + 1);
            return tracing::debug!(upstream = name, request_id, "{what}");
        }
        self.noted.set(Some(Instant::now()));
        let left_out = self.left_out.take();
        tracing::warn!(upstream = name, request_id, left_out, "{what}");
    }
}
