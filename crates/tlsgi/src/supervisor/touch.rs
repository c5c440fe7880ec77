//! Files whose touch asks for new workers, or for a reload: what they were like, and what follows when they are not any more.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tlsgi_config::Config;
use tokio::sync::mpsc;

use super::event::Event;
use super::reload::Renewal;
use super::server::{Server, Stage};
use super::watch::{Names, Watch};

/// To the next look while something else is being taken over: touches meanwhile are one.
const BUSY: Duration = Duration::from_millis(500);

/// A file: device, inode, size, and when it was written last. None where there is none.
type Seen = Option<(u64, u64, u64, i64, i64)>;

/// The files of a configuration.
#[derive(Debug)]
pub(super) struct Touch {
    files: BTreeMap<PathBuf, Seen>,
    names: Names,
    watch: Option<Watch>,
    events: mpsc::Sender<Event>,
    look_at: Instant,
}

impl Touch {
    /// No file yet.
    pub(super) fn new(events: &mpsc::Sender<Event>, now: Instant) -> Self {
        Self { files: BTreeMap::new(), names: Names::default(), watch: None, events: events.clone(), look_at: now }
    }

    /// Watches the files of this configuration. What was seen of those that stay is remembered: a touch meanwhile counts.
    pub(super) fn follow(&mut self, config: &Config) {
        let of_pools = config.pools.iter().flat_map(|pool| &pool.touch_files);
        let mut old = std::mem::take(&mut self.files);
        for path in config.touch_reload.iter().chain(of_pools) {
            let seen = old.remove(path).unwrap_or_else(|| {
                let seen = look(path);
                if seen.is_none() {
                    tracing::info!("{} does not exist: when it is created, it counts as touched", path.display());
                }
                seen
            });
            self.files.insert(path.clone(), seen);
        }
        if self.files.is_empty() {
            self.watch = None;
            return;
        }
        let (mut directories, mut names) = (Vec::new(), BTreeSet::new());
        for path in self.files.keys() {
            // Where a link leads, the change happens elsewhere.
            for place in [Some(path.clone()), path.canonicalize().ok()].into_iter().flatten() {
                names.extend(place.file_name().map(ToOwned::to_owned));
                directories.extend(place.parent().filter(|parent| parent.is_dir()).map(Path::to_owned));
            }
        }
        self.names.set(names);
        let watch = self.watch.get_or_insert_with(|| Watch::of_touches(self.events.clone(), self.names.clone()));
        watch.set(directories);
    }

    /// The next look is then at the latest.
    pub(super) fn look_by(&mut self, time: Instant) {
        self.look_at = self.look_at.min(time);
    }

    /// When to look, where there is anything to look at.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (!self.files.is_empty()).then_some(self.look_at)
    }

    /// Those that were written, replaced or created since the last look. One that is gone asks for nothing.
    fn touched(&mut self) -> Vec<PathBuf> {
        let mut touched = Vec::new();
        for (path, before) in &mut self.files {
            let now = look(path);
            if now != *before {
                *before = now;
                touched.extend(now.is_some().then(|| path.clone()));
            }
        }
        touched
    }
}

fn look(path: &Path) -> Seen {
    let found = path.metadata().ok()?;
    Some((found.dev(), found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
}

impl Server {
    /// Does what touched files ask for, one thing after the other.
    pub(super) fn look_at_touches(&mut self, now: Instant) {
        let interval = self.maintenance.touch.watch.as_ref().map_or(BUSY, Watch::poll_interval);
        self.maintenance.touch.look_at = now + interval;
        let is_busy = self.staged.is_some()
            || self.maintenance.awaits_reload()
            || self.pools.values().any(super::pool::Pool::is_on_trial);
        if self.stage != Stage::Serving || is_busy {
            self.maintenance.touch.look_at = now + BUSY;
            return;
        }
        let touched = self.maintenance.touch.touched();
        if let Some(file) = self.config.touch_reload.iter().find(|file| touched.contains(file)) {
            tracing::info!("{} was touched: the server is reloaded", file.display());
            return self.reload(Renewal::Everything, now);
        }
        let mut names = Vec::new();
        for pool in self.pools.values() {
            let files = &pool.wanted.config.touch_files;
            let Some(file) = files.iter().find(|file| touched.contains(file)) else { continue };
            let (name, file) = (&pool.wanted.config.name, file.display());
            if pool.is_adopted {
                tracing::warn!("{file} was touched: the process that started this server cannot be replaced");
            } else {
                tracing::info!("{file} was touched: new workers for the pool {name}");
                names.push(name.clone());
            }
        }
        if names.is_empty() {
            return;
        }
        self.renew(&names);
        if self.config.reload.is_some() {
            // In development, the next answer is of what was just written.
            self.hold_all(&names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_replacing_and_creating_are_touches_and_removing_is_none() {
        let directory = tempfile::tempdir().expect("directory");
        let file = directory.path().join("flag");
        let (events, _queue) = mpsc::channel(1);
        let mut touch = Touch::new(&events, Instant::now());
        touch.files.insert(file.clone(), look(&file));
        let mut check = |what: &str, expect: bool| assert_eq!(touch.touched() == [file.clone()], expect, "{what}");
        check("nothing", false);
        std::fs::write(&file, "").expect("create");
        check("created", true);
        check("looked at once", false);
        std::fs::write(&file, "more").expect("write");
        check("written", true);
        let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        std::fs::File::options().append(true).open(&file).expect("open").set_modified(time).expect("time");
        check("given another time", true);
        let beside = directory.path().join("beside");
        std::fs::write(&beside, "more").expect("create");
        std::fs::File::options().append(true).open(&beside).expect("open").set_modified(time).expect("time");
        std::fs::rename(&beside, &file).expect("rename");
        check("replaced by its equal", true);
        std::fs::remove_file(&file).expect("remove");
        check("removed", false);
        std::fs::write(&file, "more").expect("create");
        check("created again", true);
    }
}
