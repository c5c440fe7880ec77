//! From what was said to what is meant: defaults, checks between options, absolute paths.

mod account;
mod auth;
mod client;
mod compression;
mod header;
mod limits;
mod listen;
mod page;
mod pool;
mod proxy;
mod route;
mod site;
mod tls;

use std::path::{Path, PathBuf};

use crate::config::{AccessLog, Config, LocalRoot, Log, Reload};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, Part};
use crate::layer::{Layer, OPTIONS};
use crate::option::{Many, One};
use crate::origin::{Origin, Said};
use crate::value::{Destination, Text};

/// What the machine is like. Passed in, so that the same words mean the same everywhere.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Current directory, absolute.
    pub directory: PathBuf,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// `XDG_STATE_HOME` or systemd's `STATE_DIRECTORY` with what it stands for.
    pub state_home: Option<PathBuf>,
    /// `CAROOT`, absolute.
    pub ca_root: Option<PathBuf>,
    /// Where mkcert keeps its root when `CAROOT` is not set.
    pub mkcert_root: Option<PathBuf>,
    /// Started by root.
    pub is_root: bool,
    /// Cores that may be used.
    pub cores: usize,
    /// Descriptors that one process may open.
    pub open_files: u64,
    /// `CREDENTIALS_DIRECTORY` of systemd.
    pub credentials: Option<PathBuf>,
    /// Sockets passed by systemd.
    pub passed_sockets: Vec<PassedSocket>,
}

/// A listening socket passed by systemd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedSocket {
    /// Its descriptor.
    pub descriptor: i32,
    /// `FileDescriptorName=`; the unit's name when none was given.
    pub name: String,
}

impl Layer {
    /// What the table of options says of every option that nobody wrote.
    #[must_use]
    pub fn defaults() -> Self {
        let mut layer = Self::default();
        for spec in OPTIONS {
            if let Some(text) = spec.default {
                // A test reads every default of the table.
                _ = (spec.slot_mut)(&mut layer).say(text, Origin::Default);
            }
        }
        layer
    }
}

/// Decides what was meant. No configuration comes back when there are errors.
#[must_use]
pub fn resolve(said: impl Into<Document>, facts: &Facts) -> (Option<Config>, Diagnostics) {
    let Document { server, sites, pools } = said.into();
    let mut resolver = Resolver { said: server.over(Layer::defaults()), facts, told: Diagnostics::default() };
    let config = resolver.config(&sites, &pools);
    let mut told = Diagnostics::default();
    // What is said for all sites or pools is wrong once.
    for diagnostic in resolver.told.0 {
        if !told.0.contains(&diagnostic) {
            told.push(diagnostic);
        }
    }
    (config.filter(|_| !told.has_errors()), told)
}

/// The directory of state, and where the local root is, for commands that need nothing else.
#[must_use]
pub fn places(said: Layer, facts: &Facts) -> (PathBuf, LocalRoot) {
    let resolver = Resolver { said, facts, told: Diagnostics::default() };
    (resolver.state_directory(), resolver.local_root())
}

struct Resolver<'a> {
    /// What counts where we are: in the server, in a site, or in a pool.
    said: Layer,
    facts: &'a Facts,
    told: Diagnostics,
}

impl Resolver<'_> {
    fn config(&mut self, sites: &[Part], pools: &[Part]) -> Option<Config> {
        let listeners = self.listeners();
        let only_site = [Part::new("", Origin::Default)];
        let sites = self.sites(if sites.is_empty() { &only_site } else { sites }, pools, &listeners);
        let only_pool = [Part::new(pool::NAME, Origin::Default)];
        let pools = if pools.is_empty() { &only_pool } else { pools };
        let meant = self.pools(pools, &sites);
        let front_leaves_root = self.front_leaves_root(&sites, meant.as_deref().unwrap_or_default());
        let reload = self.reload(pools);
        Some(Config {
            is_sni_strict: self.sni_strict(&sites),
            limits: self.limits(&sites),
            listeners,
            sites,
            proxies: self.proxies(),
            log: self.log(),
            front_threads: self.front_threads(),
            state_directory: self.state_directory(),
            local_root: self.local_root(),
            graceful_timeout: value(&self.said.graceful_timeout).0,
            ticket_rotation: self.ticket_rotation(),
            reload,
            touch_reload: self.said.touch_reload.iter().map(|said| self.path(&said.value.0, &said.origin)).collect(),
            pid_file: self.said.pid_file.as_ref().map(|said| self.path(&said.value.0, &said.origin)),
            pools: meant?,
            front: self.front_account(),
            front_leaves_root,
            sandbox: *value(&self.said.sandbox),
            socket_mode: value(&self.said.socket_mode).0,
        })
    }

    /// Does something where the options of this part count.
    fn within<T>(&mut self, part: &Part, act: impl FnOnce(&mut Self) -> T) -> T {
        let inner = part.layer.clone().over(self.said.clone());
        let outer = std::mem::replace(&mut self.said, inner);
        let result = act(self);
        self.said = outer;
        result
    }

    /// An absolute path: what a file says is relative to the file, the rest to the current directory.
    fn path(&self, path: &Path, origin: &Origin) -> PathBuf {
        if let (Ok(rest), Some(home)) = (path.strip_prefix("~"), &self.facts.home) {
            return home.join(rest);
        }
        self.base(origin).join(path)
    }

    /// The directory that relative paths of this origin start from.
    fn base(&self, origin: &Origin) -> PathBuf {
        match origin {
            Origin::File(at) => self.facts.directory.join(at.file.parent().unwrap_or(Path::new(""))),
            _ => self.facts.directory.clone(),
        }
    }

    fn tell(&mut self, diagnostic: Diagnostic, origin: &Origin) {
        self.told.push(diagnostic.at(origin));
    }

    fn log(&self) -> Log {
        let format = *value(&self.said.access_log_format);
        let file = self.said.access_log.as_ref().and_then(|said| match &said.value {
            Destination::Stderr => Some(None),
            Destination::File(path) => Some(Some(self.path(path, &said.origin))),
            Destination::None => None,
        });
        Log {
            level: *value(&self.said.log_level),
            format: *value(&self.said.log_format),
            access: file.map(|file| AccessLog { file, format }),
        }
    }

    fn front_threads(&self) -> usize {
        match &self.said.front_threads {
            Some(said) => said.value.0 as usize,
            // Workers need the other half: on two cores a second thread costs a third of the requests a second.
            None => (self.facts.cores / 2).clamp(1, 4),
        }
    }

    fn state_directory(&self) -> PathBuf {
        if let Some(said) = &self.said.state_dir {
            return self.path(&said.value.0, &said.origin);
        }
        match (&self.facts.state_home, &self.facts.home) {
            (Some(state), _) => state.clone(),
            (None, _) if self.facts.is_root => PathBuf::from("/var/lib/tlsgi"),
            (None, Some(home)) => home.join(".local/state/tlsgi"),
            (None, None) => self.facts.directory.join(".tlsgi"),
        }
    }

    fn local_root(&self) -> LocalRoot {
        LocalRoot {
            named: self.facts.ca_root.clone(),
            own: self.state_directory().join("ca"),
            mkcert: self.facts.mkcert_root.clone(),
        }
    }

    fn reload(&mut self, pools: &[Part]) -> Option<Reload> {
        if !*value(&self.said.reload) {
            // A file may name them for the day when `--reload` is given.
            let from_file = |said: &Said<_>| matches!(said.origin, Origin::File(_));
            let first = self.said.reload_dir.iter().find(|said| !from_file(said)).map(|said| &said.origin);
            let patterns = [&self.said.reload_include, &self.said.reload_exclude]
                .map(|said| said.iter().find(|said| !matches!(said.origin, Origin::File(_))).map(|said| &said.origin));
            let written =
                [("--reload-dir", first), ("--reload-include", patterns[0]), ("--reload-exclude", patterns[1])];
            for (name, origin) in written.map(|(name, origin)| (name, origin.cloned())) {
                if let Some(origin) = origin {
                    self.tell(Diagnostic::without_effect(name, "`--reload` is not given"), &origin);
                }
            }
            return None;
        }
        let mut directories: Vec<PathBuf> =
            self.said.reload_dir.iter().map(|said| self.path(&said.value.0, &said.origin)).collect();
        let is_found = directories.is_empty();
        let mut code = Vec::new();
        for part in pools {
            let directory = self.within(part, |pool| {
                let directory = pool.application_directory().unwrap_or_else(|| pool.facts.directory.clone());
                pool.application_file(&directory).unwrap_or(directory)
            });
            if is_found && !directories.contains(&directory) {
                directories.push(directory.clone());
            }
            code.push((part.name.clone(), directory));
        }
        let patterns = |said: &Many<Text>| said.iter().map(|said| said.value.0.clone()).collect();
        let (include, exclude) = (patterns(&self.said.reload_include), patterns(&self.said.reload_exclude));
        Some(Reload { directories, code, include, exclude })
    }
}

/// The value of an option that has a default.
fn value<T>(said: &One<T>) -> &T {
    &said.as_ref().expect("options with a default in the table are said").value
}

/// Whether somebody wrote it.
fn written<T>(said: &One<T>) -> Option<&Said<T>> {
    said.as_ref().filter(|said| said.origin != Origin::Default)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Limits;

    fn facts() -> Facts {
        Facts {
            directory: "/work".into(),
            home: Some("/home/me".into()),
            state_home: None,
            ca_root: None,
            mkcert_root: None,
            is_root: false,
            cores: 2,
            open_files: 1 << 20,
            credentials: None,
            passed_sockets: Vec::new(),
        }
    }

    #[test]
    fn every_default_of_the_table_can_be_read() {
        for spec in OPTIONS.iter().filter(|spec| spec.default.is_some()) {
            assert!(!(spec.slot)(&Layer::defaults()).said().is_empty(), "{}", spec.flag);
        }
    }

    #[test]
    fn defaults_of_the_table_are_those_of_the_configuration() {
        let mut said = Layer::default();
        let app = find("app").slot_mut;
        app(&mut said).say("app:app", Origin::Default).expect("a reference");
        let (config, told) = resolve(said, &facts());
        assert_eq!(told, Diagnostics::default());
        let config = config.expect("a configuration");
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.graceful_timeout, Duration::from_secs(30));
    }

    #[test]
    fn code_is_watched_where_it_is_imported_from() {
        let watched = |app: &str| {
            let mut said = Layer::default();
            (find("app").slot_mut)(&mut said).say(app, Origin::Default).expect("a reference");
            (find("reload").slot_mut)(&mut said).say("true", Origin::Default).expect("a switch");
            resolve(said, &facts()).0.and_then(|config| config.reload).map(|reload| reload.directories)
        };
        for (app, directory) in [
            ("package.module:app", "/work"),
            ("app.py", "/work"),
            ("sub/app.py:app", "/work"),
            ("../other/app.py", "/work/../other"),
            ("/srv/site/app.py:app", "/srv/site"),
        ] {
            assert_eq!(watched(app), Some(vec![PathBuf::from(directory)]), "{app}");
        }
    }

    fn find(name: &str) -> &'static crate::option::Spec {
        crate::layer::find(name).expect("an option")
    }
}
