//! Watches directories. What happened is one event, whoever hears it looks for himself; of code, the files are noted beside it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
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

    /// Reports changes of Python files below the directories as [`Event::Code`], and notes them.
    pub(super) fn of_code(events: mpsc::Sender<Event>, touched: Touched) -> Self {
        // Hidden files are locks and drafts of editors.
        let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        // A virtual environment often lives beside the application: installing something is no change of its code.
        let is_installed = |path: &Path| path.iter().any(|part| part == "site-packages" || part == "node_modules");
        let is_python = |path: &Path| path.extension().is_some_and(|extension| extension == "py");
        let is_code = move |path: &Path| is_python(path) && !is_hidden(path) && !is_installed(path);
        Self::new(RecursiveMode::Recursive, events, touched, is_code, || Event::Code)
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
