//! Where a certificate's files are: the paths a person names, the directories that tools write, and reading them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::limits;
use crate::load::{Input, Loaded, Material, load};
use crate::name::Name;
use crate::passphrase::Passphrase;
use crate::stamp::Stamp;

/// What certificate directories hold: certbot and others, a Kubernetes TLS secret, acme.sh's newer layout.
const LAYOUTS: [(&str, &str); 3] =
    [("fullchain.pem", "privkey.pem"), ("tls.crt", "tls.key"), ("fullchain.cer", "key.pem")];
const EXPECTED: &str = "fullchain.pem and privkey.pem (certbot) or tls.crt and tls.key (Kubernetes)";

/// The files of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Leaf, and the chain if it is in the same file.
    pub certificate: PathBuf,
    /// Private key; the certificate's path when it stands in the same file.
    pub key: PathBuf,
    /// Further chain.
    pub chain: Option<PathBuf>,
    /// What opens the key, if that is encrypted.
    pub passphrase: Option<Passphrase>,
}

impl Source {
    /// Names the files. `certificate` may be a directory such as certbot's `live/NAME`: it is looked into each time the files
    /// are read. Without a `key`, it is in the certificate's file or directory.
    #[must_use]
    pub fn new(certificate: impl Into<PathBuf>, key: Option<PathBuf>, chain: Option<PathBuf>) -> Self {
        let certificate = certificate.into();
        Self { key: key.unwrap_or_else(|| certificate.clone()), certificate, chain, passphrase: None }
    }

    /// With what opens an encrypted key.
    #[must_use]
    pub fn with_passphrase(self, passphrase: Option<Passphrase>) -> Self {
        Self { passphrase, ..self }
    }

    /// Reads and loads the files; see [`load`].
    ///
    /// # Errors
    /// Those of reading, with the path, and those of [`load`].
    pub fn load(&self, names: &[Name], now: OffsetDateTime) -> Result<Loaded, Error> {
        let files = self.files()?;
        let is_one_file = files.key == files.certificate;
        let material = Material {
            certificate: read(&files.certificate)?,
            key: if is_one_file { None } else { Some(read(&files.key)?) },
            chain: files.chain.as_deref().map(read).transpose()?,
            passphrase: self.passphrase.clone(),
        };
        load(&material, names, now)
    }

    /// The state of the files, to find out later whether they changed.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let files = self.files().unwrap_or_else(|_| self.clone());
        let mut paths = vec![files.certificate, files.key];
        paths.extend(files.chain);
        paths.dedup();
        Stamp::of(&paths)
    }

    /// The actual files: a directory is replaced by the files in it.
    ///
    /// # Errors
    /// A directory that has none of the known layouts.
    pub fn files(&self) -> Result<Self, Error> {
        let inside = |path: &Path, choose: fn(&(&'static str, &'static str)) -> &'static str| {
            if !path.is_dir() {
                return Ok(path.to_owned());
            }
            let is_layout = |layout: &&(&str, &str)| path.join(layout.0).exists() && path.join(layout.1).exists();
            let layout = LAYOUTS.iter().find(is_layout);
            let layout = layout.ok_or_else(|| Error::Directory { path: path.to_owned(), expected: EXPECTED })?;
            Ok(path.join(choose(layout)))
        };
        Ok(Self {
            certificate: inside(&self.certificate, |layout| layout.0)?,
            key: inside(&self.key, |layout| layout.1)?,
            chain: self.chain.clone(),
            passphrase: self.passphrase.clone(),
        })
    }
}

/// A file, bounded.
pub(crate) fn read(path: &Path) -> Result<Input, Error> {
    let failed = |source: io::Error| Error::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    // All at once and one byte more: growing the buffer would leave copies of a key behind.
    let room = usize::try_from(metadata.len()).unwrap_or(usize::MAX).clamp(64 << 10, limits::FILE_BYTES) + 1;
    let mut bytes = Zeroizing::new(vec![0; room]);
    let mut length = 0;
    while length < room {
        match file.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    if length == room {
        return Err(Error::TooLarge { path: path.to_owned(), limit: room - 1 });
    }
    bytes.truncate(length);
    Ok(Input { path: path.to_owned(), bytes, mode: mode(&metadata) })
}

/// Permission bits of a regular file; pipes and sockets have none that matter.
fn mode(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    metadata.is_file().then(|| metadata.permissions().mode())
}
