//! What the Python files of a pool are like, so that a reload can leave workers alone whose code and configuration are as they were.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tlsgi_config::config::Pool;

/// Most entries of directories that are looked at: beyond, nothing is known.
const MOST_ENTRIES: usize = 20_000;

/// Folders that are no code of the application, or made from it.
const FOREIGN: [&str; 3] = ["site-packages", "node_modules", "__pycache__"];

/// A number that is another one when a file was changed, added, removed or put in the place of another. None where it cannot be known what
/// the pool imports: its application comes from elsewhere, or there is too much to look at.
pub(super) fn stamp(pool: &Pool) -> Option<u64> {
    let directory = pool.directory.clone().unwrap_or_else(|| PathBuf::from("."));
    let mut roots = vec![directory.clone()];
    roots.extend(pool.python_path.iter().cloned());
    let target = &pool.application.reference;
    let module = target.rsplit_once(':').map_or(target.as_str(), |(module, _)| module);
    if Path::new(module).extension().is_some_and(|extension| extension == "py") {
        roots.extend(directory.join(module).parent().map(Path::to_owned));
    } else {
        let first = module.split('.').next().unwrap_or_default();
        let is_here = |root: &PathBuf| root.join(first).is_dir() || root.join(format!("{first}.py")).is_file();
        roots.iter().any(is_here).then_some(())?;
    }
    let mut files = Vec::new();
    if let Some(file) = pool.hooks.as_ref().filter(|hooks| !hooks.starts_with("python:")) {
        files.push(seen(PathBuf::from(file))?);
    }
    let mut left = MOST_ENTRIES;
    for root in roots {
        // A link may lead to another release by now.
        let root = root.canonicalize().ok()?;
        look(&root, &mut left, &mut files)?;
        files.push((root, 0, 0, 0, 0));
    }
    files.sort();
    files.dedup();
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    Some(hasher.finish())
}

/// A file: path, inode, size, and when anything of it changed last. Copying tools keep the time of the content.
type Seen = (PathBuf, u64, u64, i64, i64);

fn seen(path: PathBuf) -> Option<Seen> {
    let found = path.metadata().ok()?;
    Some((path, found.ino(), found.size(), found.ctime(), found.ctime_nsec()))
}

/// None once too much was looked at, or where it cannot be looked.
fn look(directory: &Path, left: &mut usize, files: &mut Vec<Seen>) -> Option<()> {
    for entry in std::fs::read_dir(directory).ok()? {
        *left = left.checked_sub(1)?;
        let entry = entry.ok()?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || FOREIGN.iter().any(|foreign| name == *foreign) {
            continue;
        }
        let path = entry.path();
        if entry.file_type().ok()?.is_dir() {
            look(&path, left, files)?;
        } else if path.extension().is_some_and(|extension| extension == "py") {
            files.push(seen(path)?);
        }
    }
    Some(())
}
