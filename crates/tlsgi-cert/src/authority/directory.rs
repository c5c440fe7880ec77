//! The directory of a CA: private, locked while it is used. `ca.pem` comes last, so where that is, all is.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::index::Index;
use super::root::Root;
use crate::error::Error;
use crate::passphrase::Passphrase;
use crate::pem;
use crate::write::{Overwrite, write_file};

pub(super) struct Directory {
    path: PathBuf,
    /// Held until dropped; none where nothing is written.
    _lock: Option<File>,
}

impl Directory {
    /// Makes the directory if needed, and locks it; there must be no CA in it. What an interrupted start left is written over.
    pub(super) fn lock_empty(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Store { action: "create", path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let directory = Self { path: path.to_owned(), _lock: Some(lock(path)?) };
        if directory.certificate().exists() {
            return Err(Error::Exists { path: directory.certificate() });
        }
        Ok(directory)
    }

    /// Locks the directory of a CA.
    pub(super) fn lock(path: &Path) -> Result<Self, Error> {
        Self::look(path)?;
        Ok(Self { path: path.to_owned(), _lock: Some(lock(path)?) })
    }

    /// The directory of a CA, to read in.
    pub(super) fn look(path: &Path) -> Result<Self, Error> {
        let directory = Self { path: path.to_owned(), _lock: None };
        if directory.certificate().symlink_metadata().is_err() {
            return Err(Error::NoAuthority { directory: path.to_owned() });
        }
        Ok(directory)
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.path.join("ca.pem")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.path.join("ca-key.pem")
    }

    pub(super) fn index(&self) -> PathBuf {
        self.path.join("index.log")
    }

    pub(super) fn list(&self) -> PathBuf {
        self.path.join("crl.pem")
    }

    /// Writes a new CA's files.
    pub(super) fn found(&self, root: &Root, passphrase: Option<&Passphrase>) -> Result<(), Error> {
        let key = root.key.to_pem(passphrase)?;
        write_file(&self.key(), key.as_bytes(), 0o600, Overwrite::Replace)?;
        Index::create(&self.index())?;
        self.write_certificate(root)
    }

    pub(super) fn write_certificate(&self, root: &Root) -> Result<(), Error> {
        let text: String = root.chain.iter().map(|der| pem::encode("CERTIFICATE", der).to_string()).collect();
        write_file(&self.certificate(), text.as_bytes(), 0o644, Overwrite::Replace)
    }

    pub(super) fn write_list(&self, text: &[u8]) -> Result<(), Error> {
        write_file(&self.list(), text, 0o644, Overwrite::Replace)
    }
}

impl Directory {
    /// Where certificates say that the revocation list is.
    pub(super) fn list_url(&self) -> Result<Option<String>, Error> {
        let path = self.path.join("crl-url");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned()).filter(|url| !url.is_empty())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Store { action: "read", path, source }),
        }
    }

    pub(super) fn write_list_url(&self, url: &str) -> Result<(), Error> {
        write_file(&self.path.join("crl-url"), format!("{url}\n").as_bytes(), 0o644, Overwrite::Replace)
    }
}

fn lock(directory: &Path) -> Result<File, Error> {
    let path = directory.join("ca.lock");
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(|source| Error::Store { action: "open", path: path.clone(), source })?;
    file.lock().map_err(|source| Error::Store { action: "lock", path, source })?;
    Ok(file)
}
