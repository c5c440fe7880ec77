//! Files written whole or not at all: beside their place first, synced, then moved there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::error::Error;

/// What happens to a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays, and writing is an error.
    Refuse,
    /// It is replaced.
    Replace,
}

/// Writes a file with these permissions, so that whoever reads it sees all of it, also after a crash.
///
/// # Errors
/// [`Error::Exists`] when it is there and may not be replaced; what the system says otherwise.
pub fn write_file(path: &Path, bytes: &[u8], mode: u32, overwrite: Overwrite) -> Result<(), Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists { path: path.to_owned() },
        _ => Error::Store { action: "write", path: path.to_owned(), source },
    };
    let temporary = beside(path);
    let written = fresh(&temporary, bytes, mode).and_then(|()| settle(&temporary, path, overwrite));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written.and_then(|()| sync_directory(path)).map_err(failed)
}

/// Makes a change of names in the directory of `path` last.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}

fn fresh(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // What a killed process left is written over.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn settle(from: &Path, to: &Path, overwrite: Overwrite) -> io::Result<()> {
    if overwrite == Overwrite::Replace {
        return fs::rename(from, to);
    }
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system without that promise: as well as it can be done.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if to.symlink_metadata().is_ok() => {
            Err(io::ErrorKind::AlreadyExists.into())
        }
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => fs::rename(from, to),
        other => other.map_err(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_only_on_request_and_nothing_is_left_beside_it() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("a.pem");
        fs::write(directory.path().join(".a.pem.part"), "left by a killed process")?;
        assert!(write_file(&path, b"one", 0o600, Overwrite::Refuse).is_ok());
        assert!(matches!(write_file(&path, b"two", 0o600, Overwrite::Refuse), Err(Error::Exists { .. })));
        assert_eq!(fs::read(&path)?, b"one");
        assert!(write_file(&path, b"three", 0o644, Overwrite::Replace).is_ok());
        assert_eq!((fs::read(&path)?, fs::metadata(&path)?.permissions().mode() & 0o777), (b"three".to_vec(), 0o644));
        assert_eq!(fs::read_dir(directory.path())?.count(), 1);
        Ok(())
    }
}
