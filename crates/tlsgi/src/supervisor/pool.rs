//! One pool as the supervisor sees it: what it should run, what it is known to run, and its luck with restarts.

use std::path::PathBuf;
use std::time::Instant;

use tlsgi_config::config;
use tlsgi_sys::account::Account;

use super::identity;
use super::policy::{Aim, Restart, Spread};

/// A state of code and configuration.
#[derive(Debug, Clone)]
pub(super) struct Release {
    pub(super) generation: u64,
    pub(super) config: config::Pool,
    pub(super) interpreter: PathBuf,
    /// Where our own package is, should that interpreter have none.
    pub(super) packages: Vec<PathBuf>,
    /// Who its workers become.
    pub(super) account: Option<Account>,
    /// What its Python files are like, where that can be known.
    pub(super) code: Option<u64>,
}

impl Release {
    /// As whom it runs, where that is root or another user than the one who started the server.
    pub(super) fn runs_as(&self) -> Option<String> {
        let is_root = rustix::process::geteuid().is_root();
        (is_root || self.account.is_some()).then(|| identity::name(self.account.as_ref()))
    }
}

/// One pool.
#[derive(Debug)]
pub(super) struct Pool {
    /// What its workers should run.
    pub(super) wanted: Release,
    /// The last release of which a worker became ready.
    pub(super) proven: Option<Release>,
    pub(super) spread: Spread,
    /// Workers more or less than configured, by signals.
    pub(super) extra: isize,
    pub(super) restart: Restart,
    /// The front was told that no worker will come soon.
    pub(super) is_down: bool,
    /// Its only worker is the process that started this server; none is started here.
    pub(super) is_adopted: bool,
}

impl Pool {
    /// A pool that runs nothing yet.
    pub(super) fn new(wanted: Release, is_adopted: bool) -> Self {
        Self {
            wanted,
            proven: None,
            spread: Spread::Roll,
            extra: 0,
            restart: Restart::default(),
            is_down: false,
            is_adopted,
        }
    }

    /// Whether its workers run just this: the same configuration, interpreter, user and code.
    pub(super) fn runs(&self, release: &Release) -> bool {
        let Release { config, interpreter, account, code, .. } = &self.wanted;
        let is_same = *config == release.config && *interpreter == release.interpreter && *account == release.account;
        is_same
            && code.is_some()
            && *code == release.code
            && !self.is_down
            && self.proven.is_some()
            && !self.is_on_trial()
    }

    /// How many workers it should have.
    pub(super) fn count(&self) -> usize {
        self.wanted.config.processes.saturating_add_signed(self.extra).max(1)
    }

    /// What it should become now.
    pub(super) fn aim(&self, now: Instant) -> Aim {
        Aim {
            generation: self.wanted.generation,
            count: self.count(),
            spread: self.spread,
            may_start: !self.is_adopted && self.restart.waits_until(now).is_none(),
        }
    }

    /// Whether the wanted release has not shown yet that it works, while another one has.
    pub(super) fn is_on_trial(&self) -> bool {
        self.proven.as_ref().is_some_and(|proven| proven.generation != self.wanted.generation)
    }

    /// Gives the wanted release up for the proven one; false when there is none.
    pub(super) fn give_up(&mut self) -> bool {
        self.spread = Spread::Roll;
        match &self.proven {
            Some(proven) => {
                self.wanted = proven.clone();
                true
            }
            None => false,
        }
    }
}
