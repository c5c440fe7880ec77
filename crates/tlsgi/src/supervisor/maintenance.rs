//! What is looked after while the server runs: certificate files, code, memory and age of the workers, log files, the watchdog.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use tlsgi_cert::{Message, Severity, Stamp};
use tlsgi_config::Config;
use tlsgi_config::config::{Pool, Reload};
use tlsgi_front::control::ToFront;
use tokio::sync::mpsc;

use super::certificate::{self, Certificates};
use super::client_trust::{self, ClientTrust};
use super::error::{Error, full_text};
use super::event::Event;
use super::reload::Renewal;
use super::server::{Server, Stage};
use super::systemd;
use super::touch::Touch;
use super::watch::{Touched, Watch};

/// From a change of certificate files to the look at them: certificate and key are two writes.
const CERTIFICATE_SETTLE: Duration = Duration::from_millis(200);
/// From a pair that does not fit to the second look, which decides.
const SECOND_LOOK: Duration = Duration::from_millis(600);
/// From a change of code to the reload: editors write more than once.
const CODE_SETTLE: Duration = Duration::from_millis(150);
/// How often memory and age of the workers are looked at.
const WORKER_POLL: Duration = Duration::from_secs(3);
const RENEWAL_POLL: Duration = Duration::from_secs(600);

/// What is due when.
pub(super) struct Maintenance {
    certificate_watch: Watch,
    stamps: Vec<Stamp>,
    trust_stamps: Vec<Stamp>,
    certificates_at: Instant,
    /// The files did not load at the first look.
    is_second_look: bool,
    /// The same for files about client certificates.
    is_second_look_at_trust: bool,
    code_watch: Option<(Reload, Watch)>,
    code_at: Option<Instant>,
    code_touched: Touched,
    pub(super) touch: Touch,
    workers_at: Option<Instant>,
    renewal_at: Instant,
    /// A reload did not go through and is tried once more.
    reload_at: Option<(Instant, Renewal)>,
    watchdog: Option<(Duration, Instant)>,
    events: mpsc::Sender<Event>,
}

impl Maintenance {
    /// Begins to watch.
    pub(super) fn start(config: &Config, events: &mpsc::Sender<Event>, now: Instant) -> Self {
        let mut maintenance = Self {
            certificate_watch: Watch::of_certificates(events.clone()),
            stamps: Vec::new(),
            trust_stamps: Vec::new(),
            certificates_at: now,
            is_second_look: false,
            is_second_look_at_trust: false,
            code_watch: None,
            code_at: None,
            code_touched: Touched::default(),
            touch: Touch::new(events, now),
            workers_at: None,
            renewal_at: now + RENEWAL_POLL,
            reload_at: None,
            watchdog: systemd::watchdog_interval().map(|interval| (interval, now + interval)),
            events: events.clone(),
        };
        maintenance.follow(config);
        maintenance
    }

    /// Watches what this configuration names from now on.
    pub(super) fn follow(&mut self, config: &Config) {
        self.stamps = certificate::stamps(config);
        self.trust_stamps = client_trust::stamps(config);
        self.watch_files();
        match &config.reload {
            Some(reload) if self.code_watch.as_ref().is_some_and(|(known, _)| known == reload) => {}
            Some(reload) => {
                let watch = Watch::of_code(self.events.clone(), self.code_touched.clone(), reload.clone());
                self.code_watch = Some((reload.clone(), watch));
            }
            None => self.code_watch = None,
        }
        self.touch.follow(config);
        let has_limit = |pool: &Pool| pool.max_worker_memory.is_some() || pool.max_worker_age.is_some();
        self.workers_at = config.pools.iter().any(has_limit).then(|| Instant::now() + WORKER_POLL);
    }

    /// Something happened in a directory with certificate files.
    pub(super) fn files_touched(&mut self, now: Instant) {
        self.certificates_at = self.certificates_at.min(now + CERTIFICATE_SETTLE);
    }

    /// A Python file changed.
    pub(super) fn code_touched(&mut self, now: Instant) {
        self.code_at.get_or_insert(now + CODE_SETTLE);
    }

    /// Something happened to a file whose touch asks for something.
    pub(super) fn file_touched(&mut self, now: Instant) {
        self.touch.look_by(now + CODE_SETTLE);
    }

    /// A reload is tried once more.
    pub(super) fn reload_later(&mut self, renewal: Renewal, now: Instant) {
        self.reload_at = Some((now + SECOND_LOOK, renewal));
    }

    /// Whether a reload is about to be tried once more.
    pub(super) fn awaits_reload(&self) -> bool {
        self.reload_at.is_some()
    }

    /// When the next thing is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let has_files = !self.stamps.is_empty() || !self.trust_stamps.is_empty();
        let certificates = has_files.then_some(self.certificates_at);
        let watchdog = self.watchdog.map(|(_, at)| at);
        let reload = self.reload_at.map(|(at, _)| at);
        let all = [certificates, self.code_at, self.workers_at, Some(self.renewal_at), reload, watchdog];
        all.into_iter().chain([self.touch.deadline()]).flatten().min()
    }

    fn accept(&mut self, stamps: Vec<Stamp>) {
        self.stamps = stamps;
        self.watch_files();
        self.is_second_look = false;
    }

    fn accept_trust(&mut self, stamps: Vec<Stamp>) {
        self.trust_stamps = stamps;
        self.watch_files();
        self.is_second_look_at_trust = false;
    }

    fn watch_files(&mut self) {
        let stamps = self.stamps.iter().chain(&self.trust_stamps);
        self.certificate_watch.set(stamps.flat_map(Stamp::directories).collect());
    }
}

/// The files as they are now, if any differs from what was last seen.
fn changed(stamps: &mut [Stamp]) -> Option<Vec<Stamp>> {
    let seen: Vec<Option<Stamp>> = stamps.iter_mut().map(Stamp::changed).collect();
    seen.iter().any(Option::is_some).then(|| {
        let keep = |(seen, old): (Option<Stamp>, &Stamp)| seen.unwrap_or_else(|| old.clone());
        seen.into_iter().zip(&*stamps).map(keep).collect()
    })
}

impl Server {
    /// Does what is due.
    pub(super) fn maintain(&mut self, now: Instant) {
        if self.maintenance.certificates_at <= now {
            self.maintenance.certificates_at = now + self.maintenance.certificate_watch.poll_interval();
            self.look_at_certificates(now);
            self.look_at_trust(now);
        }
        if let Some((_, renewal)) = self.maintenance.reload_at.take_if(|(at, _)| *at <= now) {
            self.reload_again(renewal, now);
        }
        if self.maintenance.touch.deadline().is_some_and(|at| at <= now) {
            self.look_at_touches(now);
        }
        if self.maintenance.code_at.is_some_and(|at| at <= now) {
            self.maintenance.code_at = None;
            let touched = self.maintenance.code_touched.take();
            self.code_changed(&touched);
        }
        if self.maintenance.workers_at.is_some_and(|at| at <= now) {
            self.maintenance.workers_at = Some(now + WORKER_POLL);
            self.look_at_workers(now);
        }
        if self.maintenance.renewal_at <= now {
            self.maintenance.renewal_at = now + RENEWAL_POLL;
            if self.certificates.renew_at().is_some_and(|at| at <= time::OffsetDateTime::now_utc()) {
                let (certificates, errors) = self.certificates.refresh(&self.config, &self.keys);
                self.take_certificates(certificates, &errors);
            }
        }
        self.change_tickets(now);
        if let Some((interval, at)) = &mut self.maintenance.watchdog
            && *at <= now
        {
            *at = now + *interval;
            systemd::alive();
        }
    }

    fn change_tickets(&mut self, now: Instant) {
        match self.tickets.change(now) {
            Ok(true) => {
                tracing::debug!("session tickets: the next key is in use");
                self.tell_fronts(&ToFront::Tickets { tickets: self.tickets.for_front() });
            }
            Ok(false) => {}
            Err(error) => tracing::error!("session tickets keep their key: {}", full_text(&error)),
        }
    }

    fn look_at_certificates(&mut self, now: Instant) {
        if self.stage != Stage::Serving {
            return;
        }
        let Some(stamps) = changed(&mut self.maintenance.stamps) else { return };
        let (certificates, errors) = self.certificates.refresh(&self.config, &self.keys);
        if !errors.is_empty() && !self.maintenance.is_second_look {
            // One of two files may be written while the other is not yet.
            self.maintenance.is_second_look = true;
            self.maintenance.certificates_at = now + SECOND_LOOK;
            return;
        }
        self.maintenance.accept(stamps);
        self.take_certificates(certificates, &errors);
    }

    fn look_at_trust(&mut self, now: Instant) {
        if self.stage != Stage::Serving {
            return;
        }
        let Some(stamps) = changed(&mut self.maintenance.trust_stamps) else { return };
        match ClientTrust::load(&self.config) {
            Ok(trust) => {
                self.maintenance.accept_trust(stamps);
                self.take_trust(trust);
            }
            // It may be written just now.
            Err(_) if !self.maintenance.is_second_look_at_trust => {
                self.maintenance.is_second_look_at_trust = true;
                self.maintenance.certificates_at = self.maintenance.certificates_at.min(now + SECOND_LOOK);
            }
            Err(error) => {
                self.maintenance.accept_trust(stamps);
                let text = full_text(&error);
                tracing::error!("a changed file is not taken over, what was read before stays in force: {text}");
            }
        }
    }

    fn take_trust(&mut self, trust: ClientTrust) {
        let is_same = trust.files == self.trust.files;
        let are_files_same = trust.named == self.trust.named;
        self.trust = trust;
        if is_same && are_files_same {
            return;
        }
        if !are_files_same {
            self.tell_fronts(&ToFront::Files { files: self.trust.named.clone() });
            tracing::info!("changed files of the configuration are in force");
        }
        if !is_same {
            self.tell_fronts(&ToFront::Trust { trust: self.trust.files.clone() });
            tracing::info!("client certificates: changed authorities or revocation lists are in force");
        }
        self.trust.remarks.iter().for_each(|remark| tracing::warn!("{remark}"));
    }

    /// Presents what has loaded; says what has not.
    fn take_certificates(&mut self, certificates: Certificates, errors: &[tlsgi_cert::Error]) {
        errors.iter().for_each(refuse);
        if certificates.for_front() != self.certificates.for_front() {
            self.present(certificates);
        }
    }

    fn present(&mut self, certificates: Certificates) {
        self.certificates = certificates;
        self.certificates.present(&self.keys);
        self.tell_fronts(&ToFront::Certificates { certificates: self.certificates.for_front() });
        let now = time::OffsetDateTime::now_utc();
        for presented in self.certificates.distinct() {
            tracing::info!("certificate in use: {}", presented.facts.summary(now));
        }
        self.log_findings();
    }

    fn look_at_workers(&mut self, now: Instant) {
        for worker in self.workers.values_mut().filter(|worker| worker.is_serving() && !worker.is_unwanted) {
            let Some(pool) = self.pools.get(&worker.pool).filter(|pool| !pool.is_adopted) else { continue };
            let limits = &pool.wanted.config;
            if let (Some(limit), Some(memory)) = (limits.max_worker_memory, worker.memory())
                && memory > limit
            {
                let (memory, limit) = (memory >> 20, limit >> 20);
                tracing::info!("worker {} is replaced: it uses {memory} MiB, the limit is {limit} MiB", worker.name());
                worker.is_unwanted = true;
            } else if let (Some(limit), Some(age)) = (limits.max_worker_age, worker.served(now))
                && age >= limit
            {
                tracing::info!("worker {} is replaced: it has served for {} s", worker.name(), age.as_secs());
                worker.is_unwanted = true;
            }
        }
    }

    /// Opens the access log anew, after its file was moved away.
    pub(super) fn reopen_logs(&mut self) {
        match open_access_log(&self.config) {
            Ok(file) => {
                self.access_log = file;
                for front in self.fronts.values() {
                    self.send_access_log(front);
                }
                tracing::info!("log files are opened anew");
            }
            Err(error) => tracing::error!("the access log goes on in the old file: {}", full_text(&error)),
        }
    }
}

/// Says that what is in the files now cannot be presented.
pub(super) fn refuse(error: &tlsgi_cert::Error) {
    let hint = error.hint().map_or_else(String::new, |hint| format!("; {hint}"));
    tracing::error!("the changed certificate is not taken over, the old one stays in use: {}{hint}", full_text(error));
}

/// A finding about a certificate, at the level it deserves.
pub(super) fn log_finding(message: &Message) {
    match message.severity {
        Severity::Notice => tracing::info!("{message}"),
        Severity::Warning | Severity::Failure => tracing::warn!("{message}"),
    }
}

/// The access log's file, appended to, if the configuration names one.
pub(super) fn open_access_log(config: &Config) -> Result<Option<File>, Error> {
    let Some(path) = config.log.access.as_ref().and_then(|log| log.file.as_ref()) else { return Ok(None) };
    let file = open_log(path);
    file.map(Some).map_err(|source| Error::File { verb: "open the access log", path: path.clone(), source })
}

/// Root writes to no file that another user points it to: a link must be root's own, or that of the kernel in `/proc`.
fn open_log(path: &Path) -> io::Result<File> {
    let open = |flags: OFlags| {
        let flags = flags.bits() as i32;
        OpenOptions::new().append(true).create(true).mode(0o640).custom_flags(flags).open(path)
    };
    if !rustix::process::geteuid().is_root() {
        return open(OFlags::empty());
    }
    match open(OFlags::NOFOLLOW) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            if path.symlink_metadata()?.uid() == 0 {
                return open(OFlags::empty());
            }
            Err(io::Error::other("it is a link that belongs to another user than root"))
        }
        opened => opened,
    }
}

/// Writes the process id, all at once.
pub(super) fn write_pid_file(config: &Config) -> Result<(), Error> {
    let Some(path) = &config.pid_file else { return Ok(()) };
    let failed = |source| Error::File { verb: "write the process id to", path: path.clone(), source };
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    // The directory may belong to another user: a link laid in the way is not followed.
    _ = std::fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside).map_err(failed)?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}

/// Removes the process id, unless another server has put its own there.
pub(super) fn remove_pid_file(path: &Path) {
    let is_own = std::fs::read_to_string(path).is_ok_and(|text| text.trim() == std::process::id().to_string());
    if is_own {
        _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{lchown, symlink};

    #[test]
    fn root_follows_no_link_of_somebody_else() {
        let directory = tempfile::tempdir().expect("directory");
        let (target, link) = (directory.path().join("target"), directory.path().join("link"));
        symlink(&target, &link).expect("link");
        open_log(&link).expect("our own link");
        if rustix::process::geteuid().is_root() {
            lchown(&link, Some(54_321), None).expect("owner");
            assert!(open_log(&link).expect_err("refused").to_string().contains("another user"));
        }
        open_log(Path::new("/dev/null")).expect("a device");
    }
}
