//! Validates without serving: the certificates load, and every application starts and stops.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tlsgi_config::Config;
use tlsgi_config::config::{CertificateSource, Pool, Sandbox, Site};
use tlsgi_sys::channel;
use tlsgi_sys::process::Keyboard;

use super::certificate::Certificates;
use super::client_trust::ClientTrust;
use super::error::Error;
use super::identity;
use super::interpreter;
use super::message::{FromWorker, ToWorker};
use super::pool::Release;
use super::signing::KeyRing;
use super::worker::{self, Duty, Failure};

/// Loads everything that `config` names, and serves nothing. The result says what is noteworthy about the certificates.
///
/// # Errors
/// Everything that would keep the server from starting, certificates before applications.
pub(crate) fn check(config: &Config) -> Result<Vec<tlsgi_cert::Message>, Vec<Error>> {
    let mut errors = Vec::new();
    let certificates = match load(config) {
        Ok(certificates) => certificates,
        Err(error) => {
            errors.extend(other_certificates(config, error));
            Certificates::default()
        }
    };
    let trust = ClientTrust::load(config).map_err(|error| errors.push(error)).unwrap_or_default();
    errors.extend(check_front(config).err());
    let executable = interpreter::executable();
    for pool in &config.pools {
        let checked = check_application(pool, &executable).map_err(|error| match error {
            Error::Application(text) if config.pools.len() > 1 => {
                Error::Application(format!("pool {}: {text}", pool.name))
            }
            other => other,
        });
        errors.extend(checked.err());
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let now = time::OffsetDateTime::now_utc();
    let own = certificates.distinct().flat_map(|presented| tlsgi_cert::messages(&presented.findings, now));
    let clients = trust.remarks.into_iter();
    let clients = clients.map(|what| tlsgi_cert::Message { severity: tlsgi_cert::Severity::Warning, what, hint: None });
    Ok(own.chain(clients).collect())
}

fn load(config: &Config) -> Result<Certificates, Error> {
    Ok(Certificates::load(config, &Certificates::default(), &Arc::new(KeyRing::default()))?)
}

/// One certificate does not load: every other one in files is tried by itself. All errors come back, each once.
fn other_certificates(config: &Config, first: Error) -> Vec<Error> {
    let is_file = |source: &CertificateSource| !matches!(source, CertificateSource::Local { .. });
    let in_files = |site: &&Site| site.certificates.iter().any(is_file);
    let alone = |site: &Site| Config { sites: vec![site.clone()], ..config.clone() };
    let mut errors = vec![first];
    for error in config.sites.iter().filter(in_files).filter_map(|site| load(&alone(site)).err()) {
        if !errors.iter().any(|known| known.full_text() == error.full_text()) {
            errors.push(error);
        }
    }
    errors
}

fn check_front(config: &Config) -> Result<(), Error> {
    identity::of_front(config)?;
    let available = tlsgi_front::confine::available();
    if config.sandbox == Sandbox::Require && !(available.landlock.is_some() && available.seccomp) {
        return Err(Error::Refused(
            "--sandbox require: this kernel lacks Landlock or a filter of system calls".to_owned(),
        ));
    }
    Ok(())
}

fn check_application(pool: &Pool, executable: &Path) -> Result<(), Error> {
    let interpreter = interpreter::find(pool, executable)?;
    let account = identity::of(&pool.account)?;
    let packages = interpreter::packages(pool, executable);
    check_pool(&Release { generation: 0, config: pool.clone(), interpreter, packages, account, code: None })
}

fn check_pool(release: &Release) -> Result<(), Error> {
    let (pool, interpreter) = (&release.config, &release.interpreter);
    let failed = |error: std::io::Error| Error::Application(format!("{}: {error}", interpreter.display()));
    let (ours, theirs) = channel::pair().map_err(failed)?;
    ours.set_read_timeout(Some(pool.startup_timeout)).map_err(failed)?;
    let process = worker::spawn(release, theirs, Keyboard::Apart)
        .map_err(|error| Error::Application(worker::cannot_start(release, &error)))?;
    let start = worker::start_message(pool, format!("{}/check", pool.name), Duty::Serve, 0, Duration::from_secs(5));
    // One that ended already says so when it is heard.
    let told = tell(&ours, &start).or_else(|error| (error.kind() == ErrorKind::BrokenPipe).then_some(()).ok_or(error));
    let outcome = told.and_then(|()| outcome(&ours));
    let result = match outcome {
        Ok(Some(FromWorker::Failed { phase, message, detail })) => {
            Err(Error::Application(Failure { phase, message, detail }.text()))
        }
        Ok(Some(_)) => tell(&ours, &ToWorker::Stop { timeout: 5.0 }).map_err(failed),
        Ok(None) => Err(Error::Application(
            interpreter::diagnose(release)
                .unwrap_or_else(|| format!("pool {}: the worker ended before it was ready", pool.name)),
        )),
        Err(error) => {
            _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            Err(failed(error))
        }
    };
    drop(ours);
    let ended = rustix::process::waitpid(Some(process), rustix::process::WaitOptions::empty());
    tracing::debug!("the checked worker ended: {ended:?}");
    result
}

/// What the worker says about its start; `None` when it ended without a word.
fn outcome(socket: &UnixStream) -> std::io::Result<Option<FromWorker>> {
    loop {
        let message = match channel::receive(socket) {
            Ok(Some((message, _))) => message,
            Ok(None) => return Ok(None),
            // It ended before it read what it was told.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let said = serde_json::from_slice(&message)?;
        if matches!(said, FromWorker::Ready { .. } | FromWorker::Failed { .. }) {
            return Ok(Some(said));
        }
    }
}

fn tell(socket: &UnixStream, message: &impl Serialize) -> std::io::Result<()> {
    channel::send(socket, &serde_json::to_vec(message)?, &[])
}
