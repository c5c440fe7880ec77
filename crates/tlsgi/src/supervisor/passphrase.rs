//! What opens encrypted server keys: from where the configuration says, or asked for once at the start and kept for reloads. In no
//! message and in no other process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tlsgi_cert::{Error, Loaded, Passphrase};
use tlsgi_config::config::PassphraseSource;
use tlsgi_config::tool::PassphraseFrom;

use crate::cli::passphrase::{self, Wanted};

/// Passphrases that people typed, by the key's file.
#[derive(Debug, Default)]
pub(super) struct Passphrases {
    typed: Mutex<BTreeMap<PathBuf, Passphrase>>,
    is_serving: AtomicBool,
}

impl Passphrases {
    /// Opens the key in `path`. A terminal is asked only before anything is served, and what opened a key is not asked for again.
    pub(super) fn open(
        &self,
        path: &Path,
        source: Option<&PassphraseSource>,
        load: impl Fn(Passphrase) -> Result<Loaded, Error>,
    ) -> Result<Loaded, Error> {
        let from = match source {
            Some(PassphraseSource::File(file)) => PassphraseFrom { file: Some(file.clone()), command: None },
            Some(PassphraseSource::Command(command)) => PassphraseFrom { file: None, command: Some(command.clone()) },
            None => return self.open_with_typed(path, load),
        };
        load(get(path, &from)?)
    }

    fn open_with_typed(
        &self,
        path: &Path,
        load: impl Fn(Passphrase) -> Result<Loaded, Error>,
    ) -> Result<Loaded, Error> {
        let typed = self.typed.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some(passphrase) = typed {
            return load(passphrase);
        }
        if self.is_serving.load(Ordering::Relaxed) {
            return Err(Error::EncryptedKey { path: path.to_owned() });
        }
        let passphrase = get(path, &PassphraseFrom::default())?;
        let loaded = load(passphrase.clone())?;
        self.typed.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), passphrase);
        Ok(loaded)
    }

    /// From now on nobody sits at the terminal.
    pub(super) fn stop_asking(&self) {
        self.is_serving.store(true, Ordering::Relaxed);
    }
}

fn get(path: &Path, from: &PassphraseFrom) -> Result<Passphrase, Error> {
    let text = path.display().to_string();
    passphrase::of(from, Wanted::Known(&text))
        .map_err(|error| Error::NoPassphrase { path: path.to_owned(), source: error.into() })
}
