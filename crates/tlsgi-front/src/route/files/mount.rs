//! A URL prefix and the directory behind it: which mount answers a path, and the open file with what is known about it.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use rustix::fs::{FileType, Stat, fstat};
use rustix::io::Errno;
use tlsgi_config::config::{Coding, StaticMount};

use super::directory::Directory;
use super::path;
use crate::confine;
use crate::http::failure::Failure;

/// How long a directory that was replaced may still be served.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A directory of the configuration cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the directory {path} that is mounted at {prefix}")]
pub(crate) struct MountError {
    prefix: String,
    path: PathBuf,
    source: io::Error,
}

/// The static mounts of one site.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    longest_first: Vec<Mount>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Mount {
    prefix: String,
    path: PathBuf,
    /// The only file of the directory that is served, for the prefix itself.
    only: Option<Vec<u8>>,
    index: Vec<Vec<u8>>,
    directory: ArcSwap<Directory>,
    /// When somebody last looked whether the path still leads to this directory.
    looked: Mutex<Instant>,
    max_age: Option<Duration>,
}

/// An open regular file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) descriptor: Arc<OwnedFd>,
    pub(super) facts: Facts,
}

/// What a path means.
#[derive(Debug)]
pub(super) enum Found {
    /// A file, by its name.
    File(Vec<u8>, File),
    /// A directory that has an index; its path has a slash at the end.
    Directory,
}

/// What conditional requests and ranges need to know about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) inode: u64,
    pub(super) size: u64,
    /// Last modification: seconds since the epoch, and nanoseconds.
    pub(super) modified: (i64, u32),
}

impl Mounts {
    /// Opens the directories.
    pub(crate) fn open(mounts: &[StaticMount]) -> Result<Self, MountError> {
        let mut longest_first = mounts.iter().map(Mount::open).collect::<Result<Vec<_>, _>>()?;
        longest_first.sort_by_key(|mount| std::cmp::Reverse(mount.prefix.len()));
        Ok(Self { longest_first })
    }

    /// The mount that answers this encoded path: the one with the longest prefix.
    pub(crate) fn find(&self, path: &[u8]) -> Option<&Mount> {
        self.longest_first.iter().find(|mount| path::under(path, &mount.prefix).is_some())
    }

    /// What comes before the application.
    pub(crate) fn root(&self) -> Option<&Mount> {
        self.longest_first.last().filter(|mount| mount.prefix.is_empty())
    }

    /// Makes every mount look at its path on the next request.
    #[cfg(test)]
    pub(super) fn look_now(&self) {
        for mount in &self.longest_first {
            let past = Instant::now().checked_sub(LOOK_EVERY).expect("the machine runs longer");
            *mount.looked.lock().expect("not poisoned") = past;
        }
    }
}

impl Mount {
    /// Decoded, no trailing slash.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    fn open(mount: &StaticMount) -> Result<Self, MountError> {
        let failed = |errno: Errno| MountError {
            prefix: mount.prefix.clone(),
            path: mount.directory.clone(),
            source: errno.into(),
        };
        let file = (mount.directory.parent(), mount.directory.file_name());
        let (path, directory, only) = match (Directory::open(&mount.directory), file) {
            (Ok(directory), _) => (mount.directory.clone(), directory, None),
            (Err(Errno::NOTDIR), (Some(parent), Some(name))) => {
                let directory = Directory::open(parent).map_err(failed)?;
                (parent.to_owned(), directory, Some(name.as_encoded_bytes().to_vec()))
            }
            (Err(errno), _) => return Err(failed(errno)),
        };
        Ok(Self {
            prefix: mount.prefix.clone(),
            path,
            only,
            index: mount.index.iter().map(|name| name.clone().into_bytes()).collect(),
            directory: ArcSwap::from_pointee(directory),
            looked: Mutex::new(Instant::now()),
            max_age: mount.max_age,
        })
    }

    /// The directory; a new one when a deployment has put another in its place (a link turned, a folder built anew).
    async fn directory(&self) -> Arc<Directory> {
        let directory = self.directory.load_full();
        if !self.is_look_due() {
            return directory;
        }
        let path = self.path.clone();
        let there = tokio::task::spawn_blocking(move || Directory::open(&path)).await;
        match there {
            Ok(Ok(there)) if !there.is_same(&directory) && !confine::is_out_of_reach(&there) => {
                let there = Arc::new(there);
                self.directory.store(Arc::clone(&there));
                there
            }
            // The same, or nothing just now: what was there is still open.
            _ => directory,
        }
    }

    fn is_look_due(&self) -> bool {
        // Whoever holds the lock is looking at the clock already.
        let Ok(mut looked) = self.looked.try_lock() else { return false };
        let is_due = looked.elapsed() >= LOOK_EVERY;
        if is_due {
            *looked = Instant::now();
        }
        is_due
    }

    /// How long clients may use a file without asking again.
    pub(super) const fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// The file name that an encoded path means, if it may be served.
    fn file_name(&self, path: &[u8]) -> Option<Vec<u8>> {
        let rest = path::under(path, &self.prefix)?;
        match &self.only {
            Some(name) => rest.is_empty().then(|| name.clone()),
            None => path::file_name(rest),
        }
    }

    /// The directory that an encoded path with a slash at its end means, where directories have an index.
    fn directory_name(&self, path: &[u8]) -> Option<Vec<u8>> {
        if self.index.is_empty() || self.only.is_some() {
            return None;
        }
        path::directory_name(path::under(path, &self.prefix)?)
    }

    /// Opens what an encoded path means.
    pub(super) async fn find(&self, path: &[u8]) -> Result<Found, Failure> {
        if let Some(name) = self.file_name(path) {
            return match self.open_file(&name).await {
                Ok(file) => Ok(Found::File(name, file)),
                Err(Errno::ISDIR) if self.index(&name).await.is_some() => Ok(Found::Directory),
                Err(errno) => Err(failure(errno, &name)),
            };
        }
        if path::under(path, &self.prefix) == Some(b"") && self.only.is_none() && self.index(b"").await.is_some() {
            return Ok(Found::Directory);
        }
        let name = self.directory_name(path).ok_or(Failure::NotFound)?;
        let (name, file) = self.index(&name).await.ok_or(Failure::NotFound)?;
        Ok(Found::File(name, file))
    }

    /// The first file that answers for a directory.
    async fn index(&self, directory: &[u8]) -> Option<(Vec<u8>, File)> {
        for index in &self.index {
            let name = if directory.is_empty() { index.clone() } else { [directory, b"/", index].concat() };
            if let Ok(file) = self.open_file(&name).await {
                return Some((name, file));
            }
        }
        None
    }

    /// The first of these precompressed siblings that is there and not older than the original.
    pub(super) async fn sibling(&self, name: &[u8], original: &Facts, codings: &[Coding]) -> Option<(Coding, File)> {
        for coding in codings {
            let name = [name, coding.suffix().as_bytes()].concat();
            // Whole seconds: compressors copy the time of the original, and not all copy the rest of it.
            if let Ok(file) = self.open_file(&name).await
                && file.facts.modified.0 >= original.modified.0
            {
                return Some((*coding, file));
            }
        }
        None
    }

    async fn open_file(&self, name: &[u8]) -> Result<File, Errno> {
        let directory = self.directory().await;
        let descriptor = match directory.open_cached(name) {
            Err(Errno::AGAIN) => {
                let name = name.to_vec();
                tokio::task::spawn_blocking(move || directory.open_file(&name)).await.map_err(|_| Errno::IO)??
            }
            outcome => outcome?,
        };
        let facts = Facts::of_regular(&fstat(&descriptor)?).ok_or(Errno::ISDIR)?;
        Ok(File { descriptor: Arc::new(descriptor), facts })
    }
}

impl Facts {
    /// None for a directory, a device, a FIFO or a socket.
    pub(super) fn of_regular(stat: &Stat) -> Option<Self> {
        let is_regular = FileType::from_raw_mode(stat.st_mode).is_file();
        is_regular.then(|| Self {
            inode: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: (stat.st_mtime, u32::try_from(stat.st_mtime_nsec).unwrap_or_default()),
        })
    }
}

/// What a client is told when a name cannot be opened.
fn failure(errno: Errno, name: &[u8]) -> Failure {
    match errno {
        Errno::ACCESS | Errno::PERM => Failure::Forbidden,
        // Missing, outside, a broken or circular link, a name that no file can have, or not a file.
        Errno::NOENT
        | Errno::NOTDIR
        | Errno::XDEV
        | Errno::LOOP
        | Errno::NAMETOOLONG
        | Errno::ILSEQ
        | Errno::INVAL
        | Errno::ISDIR
        | Errno::NXIO
        | Errno::NODEV
        | Errno::OPNOTSUPP => Failure::NotFound,
        _ => {
            let name = String::from_utf8_lossy(name);
            tracing::warn!(%errno, ?name, "a static file cannot be opened");
            Failure::FileError
        }
    }
}
