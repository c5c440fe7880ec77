//! The local CA's directory: private, locked while it is used, written so that no reader ever sees half a file.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::Error;
use crate::finding::Finding;
use crate::load::Input;
use crate::write::{Overwrite, write_file};
use crate::{limits, pem};

/// The directory, locked for this process until dropped.
pub(super) struct Store {
    directory: PathBuf,
    role: Role,
    _lock: File,
}

/// File of a root that issues for servers.
pub(super) const ROOT: &str = "rootCA.pem";
/// Its key.
pub(super) const KEY: &str = "rootCA-key.pem";

/// Which of the roots of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that browsers trust.
    Servers,
    /// The one that servers trust. A root in a trust store must never vouch for a client.
    Clients,
}

impl Store {
    /// Makes the directory if needed, and waits until no other process is at it.
    pub(super) fn open(directory: &Path, role: Role) -> Result<Self, Error> {
        let failed = |action| move |source| Error::Store { action, path: directory.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed("create"))?;
        // The directory itself: a read-only one (a mounted secret) can be locked too, and mkcert's gets no file that it does not know.
        let lock = File::open(directory).map_err(failed("open"))?;
        lock.lock().map_err(failed("lock"))?;
        Ok(Self { directory: directory.to_owned(), role, _lock: lock })
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.directory.join(match self.role {
            Role::Servers => ROOT,
            Role::Clients => "clientCA.pem",
        })
    }

    pub(super) fn key(&self) -> PathBuf {
        self.directory.join(match self.role {
            Role::Servers => KEY,
            Role::Clients => "clientCA-key.pem",
        })
    }

    /// A file of the directory; none if it is not there.
    pub(super) fn read(&self, path: &Path) -> Result<Option<Input>, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed)?,
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
        file.take(limits::FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        Ok(Some(Input { path: path.to_owned(), bytes, mode: None }))
    }

    /// Writes key and certificate. The certificate comes last: where it is, its key is.
    pub(super) fn write(&self, key: &[u8], certificate: &[u8]) -> Result<(), Error> {
        write_file(&self.key(), pem::encode("PRIVATE KEY", key).as_bytes(), 0o600, Overwrite::Replace)?;
        let text = pem::encode("CERTIFICATE", certificate);
        write_file(&self.certificate(), text.as_bytes(), 0o644, Overwrite::Replace)
    }

    /// Whether others can read the root's key.
    pub(super) fn exposed_key(&self) -> Option<Finding> {
        let mode = fs::metadata(self.key()).ok()?.permissions().mode();
        (mode & 0o007 != 0).then(|| Finding::KeyExposed { path: self.key(), mode: mode & 0o7777 })
    }
}
