//! Taking over changed configuration, certificates and code. Nothing changes before the new applications have loaded.

use std::fs::File;
use std::path::PathBuf;
use std::time::Instant;

use tlsgi_config::Config;
use tlsgi_front::confine::Reach;
use tlsgi_sys::account::Account;

use super::certificate::Certificates;
use super::client_trust::ClientTrust;
use super::code;
use super::error::{Error, full_text};
use super::identity;
use super::listener::Listeners;
use super::log_lines;
use super::maintenance::{self, log_finding, open_access_log};
use super::policy::Spread;
use super::pool::{Pool, Release};
use super::server::{Server, Stage};
use super::systemd;

/// What a reload found, until every pool has shown that its application loads.
#[derive(Debug)]
pub(super) struct Staged {
    config: Config,
    listeners: Listeners,
    certificates: Certificates,
    trust: ClientTrust,
    access_log: Option<File>,
    front_account: Option<Account>,
}

/// Which workers a reload replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// Those whose pool is not as it was; all, where nothing at all is new.
    WhatIsNew,
    /// All.
    Everything,
}

/// Why nothing is reloaded.
struct Refusal {
    message: String,
    /// It is about certificates or keys, which may be written just now.
    may_pass: bool,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let may_pass = matches!(error, Error::Certificate(_) | Error::ClientTrust { .. });
        Self { message: full_text(&error), may_pass }
    }
}

/// What has to load before anything changes.
type Prepared = (Vec<Release>, Certificates, ClientTrust, Option<File>, Option<Account>);

impl Server {
    /// Reads everything again and tries it; what runs goes on until it works, and if it does not.
    pub(super) fn reload(&mut self, renewal: Renewal, now: Instant) {
        if self.stage != Stage::Serving {
            return tracing::warn!("nothing is reloaded: the server is starting or stopping");
        }
        systemd::reloading();
        match self.stage_reload(renewal) {
            Ok(()) => self.release_proven(now),
            // Told between two renames: one of two files is new and the other is not yet.
            Err(refused) if refused.may_pass => {
                tracing::info!("the reload is tried again in a moment: {}", refused.message);
                self.maintenance.reload_later(renewal, now);
            }
            Err(refused) => self.refuse_reload(&refused.message),
        }
    }

    /// The second look at files that did not fit: it decides.
    pub(super) fn reload_again(&mut self, renewal: Renewal, now: Instant) {
        if self.stage != Stage::Serving {
            return;
        }
        match self.stage_reload(renewal) {
            Ok(()) => self.release_proven(now),
            Err(refused) => self.refuse_reload(&refused.message),
        }
    }

    fn refuse_reload(&self, message: &str) {
        tracing::error!("nothing is reloaded, what runs goes on: {message}");
        self.tell_ready();
    }

    fn stage_reload(&mut self, renewal: Renewal) -> Result<(), Refusal> {
        let mut config = (self.resolve)().map_err(|message| Refusal { message, may_pass: false })?;
        let listeners = Listeners::bind(&mut config, &self.listeners).map_err(Refusal::from)?;
        self.generation += 1;
        let (releases, certificates, trust, access_log, front_account) = match self.prepare(&config) {
            Ok(prepared) => prepared,
            Err(error) => {
                listeners.give_way_to(&self.listeners);
                return Err(error.into());
            }
        };
        // A reload that finds nothing new is for what only the application knows of.
        let keeps_equals = config != self.config && renewal == Renewal::WhatIsNew;
        for release in releases {
            match self.pools.get_mut(&release.config.name) {
                Some(pool) if pool.is_adopted => {}
                // Who changes one pool, or a site, has not asked for new workers of the others.
                Some(pool) if keeps_equals && pool.runs(&release) => {
                    tracing::info!("pool {} is as it was: its workers go on", release.config.name);
                }
                Some(pool) => {
                    pool.wanted = release;
                    pool.spread = Spread::Trial;
                    pool.restart.forgive();
                }
                None => {
                    let pool = Pool::new(release, false);
                    self.pools.insert(pool.wanted.config.name.clone(), pool);
                }
            }
        }
        self.drop_staged();
        self.staged = Some(Staged { config, listeners, certificates, trust, access_log, front_account });
        Ok(())
    }

    fn prepare(&self, config: &Config) -> Result<Prepared, Error> {
        let releases = config.pools.iter().map(|pool| self.release(pool.clone())).collect::<Result<Vec<_>, _>>()?;
        let certificates = Certificates::load(config, &self.certificates, &self.keys)?;
        let front = identity::of_front(config)?;
        Ok((releases, certificates, ClientTrust::load(config)?, open_access_log(config)?, front))
    }

    /// Forgets a reload that was not taken over; true when there was one.
    fn drop_staged(&mut self) -> bool {
        let staged = self.staged.take();
        let was_staged = staged.is_some();
        if let Some(staged) = staged {
            staged.listeners.give_way_to(&self.listeners);
        }
        was_staged
    }

    /// Goes on with a reload when all its applications have loaded.
    pub(super) fn release_proven(&mut self, now: Instant) {
        let is_proven =
            |pool: &Pool| pool.proven.as_ref().is_some_and(|proven| proven.generation == pool.wanted.generation);
        let Some(staged) = &self.staged else { return };
        let wanted = |pool: &&Pool| staged.config.pool(&pool.wanted.config.name).is_some();
        if self.pools.values().filter(wanted).all(is_proven)
            && let Some(staged) = self.staged.take()
        {
            self.take_over(staged, now);
        }
    }

    fn take_over(&mut self, staged: Staged, now: Instant) {
        let needs_front = staged.config.front_threads != self.config.front_threads
            || staged.config.log != self.config.log
            || staged.front_account != self.front_account
            || Reach::of(&staged.config) != self.reach;
        self.front_account = staged.front_account;
        self.config = staged.config;
        std::mem::replace(&mut self.listeners, staged.listeners).give_way_to(&self.listeners);
        self.maintenance.follow(&self.config);
        if let Err(error) = self.tickets.follow(self.config.ticket_rotation, now) {
            tracing::error!("session tickets keep their keys: {}", full_text(&error));
        }
        // While the applications loaded, the files may have been exchanged once more.
        let (certificates, errors) = staged.certificates.refresh(&self.config, &self.keys);
        errors.iter().for_each(maintenance::refuse);
        self.certificates = certificates;
        self.certificates.present(&self.keys);
        self.trust = staged.trust;
        self.access_log = staged.access_log;
        tlsgi_front::observe::log::init(&self.config.log);
        let config = &self.config;
        self.pools.retain(|name, _| config.pool(name).is_some());
        for pool in self.pools.values_mut() {
            pool.spread = Spread::Roll;
        }
        self.log_findings();
        if needs_front {
            self.replace_front(now);
        } else if let Some(front) = self.current
            && let Err(error) = self.reconfigure_front(front)
        {
            tracing::error!("the front cannot be told its new configuration: {error}");
        }
        self.offer_unattached();
        tracing::info!("reloaded");
        self.tell_ready();
    }

    /// Warnings about the certificates in use, and about those of clients.
    pub(super) fn log_findings(&self) {
        self.trust.remarks.iter().for_each(|remark| tracing::warn!("{remark}"));
        let now = time::OffsetDateTime::now_utc();
        for presented in self.certificates.distinct() {
            for message in tlsgi_cert::messages(&presented.findings, now) {
                log_finding(&message);
            }
        }
    }

    /// The code changed: one worker of each pool that has it tries it, and requests wait for the result.
    pub(super) fn code_changed(&mut self, touched: &[PathBuf]) {
        if self.stage != Stage::Serving {
            return;
        }
        let concerned = self.config.reload.as_ref().map(|reload| concerned(&reload.code, touched)).unwrap_or_default();
        match &concerned[..] {
            names if self.pools.len() > 1 => tracing::info!("code changed: reloading {}", names.join(", ")),
            _ => tracing::info!("code changed: reloading the application"),
        }
        self.renew(&concerned);
        self.hold_all(&concerned);
    }

    /// New workers for these pools, of what is in the files now and of the same configuration.
    pub(super) fn renew(&mut self, names: &[String]) {
        self.generation += 1;
        for (_, pool) in self.pools.iter_mut().filter(|(name, pool)| names.contains(name) && !pool.is_adopted) {
            pool.wanted.generation = self.generation;
            pool.wanted.code = code::stamp(&pool.wanted.config);
            pool.spread = Spread::Roll;
            pool.restart.forgive();
        }
    }

    /// Requests of these pools wait for the new workers.
    pub(super) fn hold_all(&mut self, names: &[String]) {
        let is_concerned = |name: &String| names.contains(name);
        let serving: Vec<u64> = self
            .workers
            .values()
            .filter(|worker| worker.is_serving() && is_concerned(&worker.pool))
            .map(|worker| worker.number)
            .collect();
        for worker in serving {
            self.hold(worker);
        }
    }

    /// The new code or configuration does not load: the old one goes on.
    pub(super) fn give_up_release(&mut self, pool: &str, text: &str) {
        log_lines(&format!("the application does not load; what runs goes on: {text}"));
        // A new configuration is for all of them or for none; new code is each pool's own.
        let is_whole = self.staged.is_some();
        let concerns = |name: &str| is_whole || name == pool;
        self.pools.retain(|name, pool| !concerns(name) || pool.give_up());
        let held = self.workers.values().filter(|worker| worker.is_held && concerns(&worker.pool));
        let held: Vec<u64> = held.map(|worker| worker.number).collect();
        for worker in held {
            self.release_held(worker);
        }
        if self.drop_staged() {
            self.tell_ready();
        }
    }
}

/// The pools whose code these files are: those imported from a directory above one of them. A file that is in none of their directories
/// may be everybody's.
fn concerned(code: &[(String, PathBuf)], touched: &[PathBuf]) -> Vec<String> {
    let is_of = |directory: &PathBuf, file: &PathBuf| file.starts_with(directory);
    let is_shared = touched.iter().any(|file| !code.iter().any(|(_, directory)| is_of(directory, file)));
    let is_concerned = |directory: &PathBuf| is_shared || touched.iter().any(|file| is_of(directory, file));
    code.iter().filter(|(_, directory)| is_concerned(directory)).map(|(pool, _)| pool.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_concerns_the_pools_that_import_it() {
        let code =
            [("a".to_owned(), "/srv/a".into()), ("b".to_owned(), "/srv/b".into()), ("c".to_owned(), "/srv/b".into())];
        let pools = |files: &[&str]| concerned(&code, &files.iter().map(PathBuf::from).collect::<Vec<_>>()).join(" ");
        assert_eq!(pools(&["/srv/a/x.py"]), "a");
        assert_eq!(pools(&["/srv/b/x/y.py"]), "b c");
        assert_eq!(pools(&["/srv/a/x.py", "/srv/b/x.py"]), "a b c");
        assert_eq!(pools(&["/srv/shared/x.py"]), "a b c");
        assert_eq!(pools(&["/srv/ab/x.py"]), "a b c");
        assert_eq!(pools(&["/"]), "a b c");
    }
}
