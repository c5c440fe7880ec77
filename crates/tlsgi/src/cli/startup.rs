//! Reads what the machine and the user say, once at the start and again on every reload.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tlsgi_config::config::LocalRoot;
use tlsgi_config::diagnostic::Diagnostic;
use tlsgi_config::dialect::Foreign;
use tlsgi_config::resolve::PassedSocket;
use tlsgi_config::{Config, Diagnostics, Document, Facts, Layer, Origin, native, resolve};

use super::{Whereabouts, banner, foreign, presumed, print, probe};

/// Longest configuration file.
const MAX_FILE: u64 = 1 << 20;

/// Everything that a server starts from.
pub(crate) struct Startup {
    /// What is meant.
    pub(crate) config: Config,
    /// Control socket of the Python program that started this server beside itself, and is its only worker.
    pub(crate) worker: Option<UnixStream>,
    /// Where everything was written.
    pub(crate) whereabouts: Whereabouts,
    source: Source,
    file: Option<PathBuf>,
}

/// Where the words come from, besides variables.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// tlsgi's own command line, and the file that it names.
    Native(Box<Layer>),
    /// The command line of another server, and the files that it names.
    Foreign(Foreign),
}

/// What was said, before it is decided what it means.
pub(super) struct Reading {
    pub(super) said: Document,
    pub(super) told: Diagnostics,
    /// The configuration file, if there is one.
    file: Option<PathBuf>,
    /// Its text.
    pub(super) source: Option<String>,
    facts: Facts,
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(super) told: Diagnostics,
    pub(super) source: Option<String>,
}

impl Startup {
    /// Reads everything; prints warnings.
    pub(super) fn read(source: Source, worker: Option<UnixStream>) -> Result<Self, Rejected> {
        let Decided { config, warnings, file, whereabouts } = decide(source.clone())?;
        if worker.is_some() && config.pools.first().is_some_and(|pool| !pool.account.is_unnamed()) {
            let told = Diagnostic::error(
                "`--user`: the application runs in the process that called `tlsgi.run`, which keeps its user",
            );
            let told = told
                .hint("for another user, name the application: run(\"module:app\", user=…)")
                .hint("the process that talks to clients has `--front-user`");
            return Err(Rejected { told: Diagnostics(vec![told]), source: whereabouts.source });
        }
        print::diagnostics(&warnings, whereabouts.source.as_deref());
        Ok(Self { config, worker, whereabouts, source, file })
    }

    /// Reads the file again, under the same command line and variables. Warnings are logged; an error is one message that names
    /// every place, and leaves everything as it was.
    pub(crate) fn reread(&self) -> Result<Config, Rejected> {
        let Decided { config, warnings, .. } = decide(self.source.clone())?;
        for warning in warnings.0 {
            tracing::warn!("{}", warning.message);
        }
        Ok(config)
    }

    /// Tells the user that the server runs, and what it serves.
    pub(crate) fn announce(&self, running: &banner::Running<'_>) {
        print::out(&banner::text(running, self.file.as_deref()));
    }
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.told.fmt(f)
    }
}

impl std::error::Error for Rejected {}

/// A configuration that can be used, and what stands beside it.
struct Decided {
    config: Config,
    warnings: Diagnostics,
    file: Option<PathBuf>,
    whereabouts: Whereabouts,
}

fn decide(source: Source) -> Result<Decided, Rejected> {
    let read = match source {
        Source::Native(flags) => Reading::of(*flags),
        Source::Foreign(foreign) => Reading::of_foreign(&foreign),
    };
    let (config, more) = read.resolve();
    let mut told = read.told;
    told.extend(more);
    if let Some(config) = &config {
        told.extend(probe::look(&read.said, config));
    }
    match config.filter(|_| !told.has_errors()) {
        Some(config) => {
            let whereabouts = Whereabouts { said: read.said, source: read.source, directory: read.facts.directory };
            Ok(Decided { config, warnings: told, file: read.file, whereabouts })
        }
        None => Err(Rejected { told, source: read.source }),
    }
}

impl Reading {
    pub(super) fn of(flags: Layer) -> Self {
        let environment = environment();
        let (file, source, mut told) = match file(&flags, &environment) {
            Ok(Some((path, text))) => (Some(path), Some(text), Diagnostics::default()),
            Ok(None) => (None, None, Diagnostics::default()),
            Err(diagnostic) => (None, None, Diagnostics(vec![diagnostic])),
        };
        let (said, more) = native::merge(flags, &environment, file.clone().zip(source.as_deref()));
        told.extend(more);
        Self { said, told, file, source, facts: facts(&environment) }
    }

    /// What another server's words mean. They name their files themselves, so that there is no tlsgi.toml.
    pub(super) fn of_foreign(foreign: &Foreign) -> Self {
        let environment = environment();
        let facts = facts(&environment);
        let (said, mut told) = foreign::said(foreign, &environment, &facts.directory);
        let (mut said, more) = native::merge_foreign(&said, &environment);
        told.extend(more);
        told.extend(presumed::settle(&mut said, &facts));
        Self { said, told, file: None, source: None, facts }
    }

    /// The directory of state, and where the local root is.
    pub(super) fn places(&self) -> (PathBuf, LocalRoot) {
        resolve::places(self.said.server.clone(), &self.facts)
    }

    pub(super) fn resolve(&self) -> (Option<Config>, Diagnostics) {
        // Wrong values are left out of what was said: what is missing because of them would be blamed on the user again.
        if self.told.has_errors() {
            return (None, Diagnostics::default());
        }
        resolve(self.said.clone(), &self.facts)
    }
}

/// Text or not: what is not UTF-8 is no value of ours, and is refused where it is read.
pub(super) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value))).collect()
}

fn lossy(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().into_owned()
}

/// The file of `--config`, of `TLSGI_CONFIG`, or of the current directory: `tlsgi.toml` if there is one, else a `pyproject.toml` with
/// something for us.
fn file(flags: &Layer, environment: &BTreeMap<String, String>) -> Result<Option<(PathBuf, String)>, Diagnostic> {
    let variable = "TLSGI_CONFIG";
    let named = match (&flags.config, environment.get(variable).filter(|text| !text.is_empty())) {
        (Some(said), _) => Some((said.value.0.clone(), said.origin.clone())),
        (None, Some(text)) => Some((text.clone(), Origin::Variable(variable.to_owned()))),
        (None, None) => None,
    };
    let path = PathBuf::from(named.as_ref().map_or("tlsgi.toml", |(path, _)| path));
    if named.is_none() && !path.is_file() {
        let shared = PathBuf::from("pyproject.toml");
        let read = text(&shared).ok().filter(|text| native::file::is_addressed(text));
        return Ok(read.map(|text| (shared, text)));
    }
    match text(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) => {
            let told = Diagnostic::error(format!("cannot read the configuration file {}: {error}", path.display()));
            Err(match named {
                Some((_, origin)) => told.at(&origin),
                None => told,
            })
        }
    }
}

/// The text of a file, if it is not longer than a configuration can be.
pub(super) fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let length = std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if length as u64 > MAX_FILE {
        return Err(std::io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text)
}

fn facts(environment: &BTreeMap<String, String>) -> Facts {
    let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // systemd separates several by colons.
    let systemd = environment.get("STATE_DIRECTORY").and_then(|text| text.split(':').next()).map(PathBuf::from);
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    Facts {
        directory: directory.clone(),
        home: absolute("HOME"),
        state_home: systemd
            .filter(|path| path.is_absolute())
            .or_else(|| absolute("XDG_STATE_HOME").map(|state| state.join("tlsgi"))),
        ca_root: environment.get("CAROOT").filter(|text| !text.is_empty()).map(|text| directory.join(text)),
        mkcert_root: mkcert_root(&absolute),
        is_root: rustix::process::geteuid().is_root(),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        open_files: limit.maximum.unwrap_or(u64::MAX),
        credentials: absolute("CREDENTIALS_DIRECTORY"),
        passed_sockets: passed_sockets(environment),
    }
}

/// Where mkcert keeps its root on this system.
fn mkcert_root(absolute: &impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let home = || {
        let below = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        absolute("HOME").map(|home| home.join(below))
    };
    absolute("XDG_DATA_HOME").or_else(home).map(|data| data.join("mkcert"))
}

/// `sd_listen_fds(3)`: descriptors from 3 on, if they are meant for this process.
fn passed_sockets(environment: &BTreeMap<String, String>) -> Vec<PassedSocket> {
    let number = |name: &str| environment.get(name).and_then(|text| text.parse::<u32>().ok());
    if number("LISTEN_PID") != Some(std::process::id()) {
        return Vec::new();
    }
    let mut names = environment.get("LISTEN_FDNAMES").map_or("", String::as_str).split(':');
    let count = number("LISTEN_FDS").unwrap_or(0).min(1024);
    (0..count)
        .map(|at| PassedSocket { descriptor: 3 + at as i32, name: names.next().unwrap_or_default().to_owned() })
        .collect()
}
