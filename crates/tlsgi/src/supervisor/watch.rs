//! Watches directories. What happened is one event, whoever hears it looks for himself; of code, the files are noted beside it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tlsgi_config::config::Reload;
use tokio::sync::mpsc;

use super::event::Event;

/// How often certificate files are looked at when the kernel reports changes, for those it does not see: network mounts.
pub(super) const SLOW_POLL: Duration = Duration::from_secs(5);
/// How often they are looked at when it cannot.
pub(super) const FAST_POLL: Duration = Duration::from_secs(1);

/// Files whose change is remembered one by one; of more, it is only known that there were more.
const MOST_FILES: usize = 256;

/// Files that changed since somebody asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Touched(Arc<Mutex<Vec<PathBuf>>>);

impl Touched {
    /// Notes them; of too many, a file that is everybody's.
    fn note(&self, paths: impl Iterator<Item = PathBuf>) {
        let mut touched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for path in paths {
            if touched.len() == MOST_FILES {
                *touched = vec![PathBuf::from("/")];
            } else if !touched.contains(&path) {
                touched.push(path);
            }
        }
    }

    /// Those noted so far; nothing is remembered of them.
    pub(super) fn take(&self) -> Vec<PathBuf> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Names of files that somebody waits for: what else happens beside them is nobody's business.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Arc<Mutex<BTreeSet<OsString>>>);

impl Names {
    /// Waits for these from now on.
    pub(super) fn set(&self, names: BTreeSet<OsString>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    fn has(&self, name: &OsStr) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }
}

/// A running watch; dropping it ends it.
#[derive(Debug)]
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    directories: Vec<PathBuf>,
    mode: RecursiveMode,
}

impl Watch {
    /// Reports changes of certificate files as [`Event::CertificateFiles`].
    pub(super) fn of_certificates(events: mpsc::Sender<Event>) -> Self {
        Self::new(RecursiveMode::NonRecursive, events, Touched::default(), |_| true, || Event::CertificateFiles)
    }

    /// Reports changes of code below the directories as [`Event::Code`], and notes them.
    pub(super) fn of_code(events: mpsc::Sender<Event>, touched: Touched, reload: Reload) -> Self {
        let directories = reload.directories.clone();
        let concerns = move |path: &Path| reload.concerns(path);
        let mut watch = Self::new(RecursiveMode::Recursive, events, touched, concerns, || Event::Code);
        watch.set(directories);
        watch
    }

    /// Reports what happens to files of these names as [`Event::Touch`].
    pub(super) fn of_touches(events: mpsc::Sender<Event>, names: Names) -> Self {
        let concerns = move |path: &Path| path.file_name().is_some_and(|name| names.has(name));
        Self::new(RecursiveMode::NonRecursive, events, Touched::default(), concerns, || Event::Touch)
    }

    fn new(
        mode: RecursiveMode,
        events: mpsc::Sender<Event>,
        touched: Touched,
        concerns: impl Fn(&Path) -> bool + Send + 'static,
        event: fn() -> Event,
    ) -> Self {
        let report = move |seen: notify::Result<notify::Event>| {
            let Ok(seen) = seen else { return };
            let is_change = !matches!(seen.kind, EventKind::Access(_));
            if is_change && seen.paths.iter().any(|path| concerns(path)) {
                touched.note(seen.paths.into_iter().filter(|path| concerns(path)));
                // A full queue holds an event that leads to the same look.
                _ = events.try_send(event());
            }
        };
        let watcher = notify::recommended_watcher(report);
        if let Err(error) = &watcher {
            tracing::warn!("the kernel reports no file changes, looking every second instead: {error}");
        }
        Self { watcher: watcher.ok(), directories: Vec::new(), mode }
    }

    /// Watches exactly these directories from now on.
    pub(super) fn set(&mut self, mut directories: Vec<PathBuf>) {
        directories.sort();
        directories.dedup();
        let Some(watcher) = &mut self.watcher else { return };
        for gone in self.directories.iter().filter(|directory| !directories.contains(directory)) {
            _ = watcher.unwatch(gone);
        }
        let old = std::mem::take(&mut self.directories);
        for directory in directories {
            if old.contains(&directory) {
                self.directories.push(directory);
            } else {
                match watcher.watch(&directory, self.mode) {
                    Ok(()) => self.directories.push(directory),
                    Err(error) => tracing::warn!("{} is not watched for changes: {error}", directory.display()),
                }
            }
        }
    }

    /// How often to look without being told.
    pub(super) fn poll_interval(&self) -> Duration {
        if self.directories.is_empty() { FAST_POLL } else { SLOW_POLL }
    }
}
