//! Whether files changed: cheap enough to ask every second, exact enough for files replaced within one clock tick.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::limits;

/// A file written less than this before it was looked at could change again without a new time stamp.
const CLOCK_TICK: Duration = Duration::from_secs(2);

/// The state of some files. Missing files have a state too.
#[derive(Debug, Clone)]
pub struct Stamp {
    files: Vec<(PathBuf, State)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Missing,
    /// Pipes and devices cannot be read twice.
    Special,
    Present {
        outline: Outline,
        is_settled: bool,
        content: Option<[u8; 32]>,
    },
}

/// What `stat(2)` says; through symbolic links, so that a swapped link is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outline {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Looks at the files now.
    #[must_use]
    pub fn of(paths: &[PathBuf]) -> Self {
        Self { files: paths.iter().map(|path| (path.clone(), look(path, None))).collect() }
    }

    /// Looks again: what is there now, if the *content* of any file differs, or it vanished or appeared. A file that was only
    /// touched or replaced by its equal is no change. Reads nothing as long as `stat(2)` says the same.
    #[must_use]
    pub fn changed(&mut self) -> Option<Self> {
        let now: Vec<_> = self.files.iter().map(|(path, before)| (path.clone(), look(path, Some(before)))).collect();
        let is_same = now.iter().zip(&self.files).all(|((_, now), (_, before))| now.is_same_content(before));
        if is_same {
            self.files = now;
            return None;
        }
        Some(Self { files: now })
    }

    /// The directories in which a change can happen: those of the files, and of everything their symbolic links lead through.
    #[must_use]
    pub fn directories(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for (path, _) in &self.files {
            follow(path, &mut found, 0);
        }
        found.sort();
        found.dedup();
        found
    }
}

impl State {
    fn is_same_content(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Present { content, outline, .. }, Self::Present { content: other, outline: earlier, .. }) => {
                content == other && (content.is_some() || outline == earlier)
            }
            _ => self == other,
        }
    }
}

fn look(path: &Path, before: Option<&State>) -> State {
    let Ok(metadata) = fs::metadata(path) else { return State::Missing };
    if !metadata.is_file() {
        return State::Special;
    }
    let outline = Outline {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    };
    match before {
        Some(State::Present { outline: earlier, is_settled: true, content }) if *earlier == outline => {
            State::Present { outline, is_settled: true, content: *content }
        }
        _ => State::Present { is_settled: is_settled(&outline), content: hash(path), outline },
    }
}

fn is_settled(outline: &Outline) -> bool {
    let changed = Duration::from_secs(u64::try_from(outline.changed.0).unwrap_or(0));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.checked_sub(changed).is_some_and(|age| age > CLOCK_TICK)
}

fn hash(path: &Path) -> Option<[u8; 32]> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(limits::FILE_BYTES));
    File::open(path).ok()?.take(limits::FILE_BYTES as u64).read_to_end(&mut bytes).ok()?;
    digest(&SHA256, &bytes).as_ref().try_into().ok()
}

/// Collects the directory of every link on the way to a file. `depth` bounds loops as the kernel does.
fn follow(path: &Path, found: &mut Vec<PathBuf>, depth: usize) {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut walked = PathBuf::new();
    for component in absolute.components() {
        if component == Component::ParentDir {
            walked.pop();
            continue;
        }
        let directory = walked.clone();
        walked.push(component);
        let Ok(target) = fs::read_link(&walked) else { continue };
        found.push(directory.clone());
        if depth < 40 {
            let rest = absolute.strip_prefix(&walked).unwrap_or(Path::new(""));
            return follow(&directory.join(target).join(rest), found, depth + 1);
        }
    }
    found.extend(walked.parent().map(Path::to_owned));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state of a fresh file as if it had been seen with other content, long ago or just now.
    fn earlier(path: &Path, was_settled: bool) -> State {
        match look(path, None) {
            State::Present { outline, .. } => {
                State::Present { outline, is_settled: was_settled, content: Some([0; 32]) }
            }
            other => other,
        }
    }

    #[test]
    fn a_file_seen_right_after_it_was_written_is_read_again() -> std::io::Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("a");
        fs::write(&path, "one")?;
        assert!(matches!(look(&path, None), State::Present { is_settled: false, .. }));
        let fresh = earlier(&path, false);
        assert!(!look(&path, Some(&fresh)).is_same_content(&fresh));
        // Once time has passed between writing and looking, the same outline is the same content.
        let settled = earlier(&path, true);
        assert!(look(&path, Some(&settled)).is_same_content(&settled));
        Ok(())
    }
}
