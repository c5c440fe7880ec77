//! Where an issued certificate goes: PEM files, a PKCS#12 file, and what a person is told about them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tlsgi_cert::authority::{Authority, Entry, Files, Identity, Issued};
use tlsgi_cert::{Error, Overwrite, Passphrase, Pkcs12Form, PrivateKey, pkcs12, write_file};
use tlsgi_config::tool::{Output, PassphraseFrom};

use crate::cli::passphrase::{self, Wanted};
use crate::cli::tool::failed;

/// The files of one certificate.
pub(super) struct Destination<'a> {
    output: &'a Output,
    certificate: PathBuf,
    key: Option<PathBuf>,
    pkcs12: Option<PathBuf>,
    overwrite: Overwrite,
}

impl<'a> Destination<'a> {
    /// Files named after the first name, in this directory, where the command names none.
    pub(super) fn new(output: &'a Output, name: &Identity, with_key: bool) -> anyhow::Result<Self> {
        let stem = stem(&name.to_string());
        let named =
            |given: &Option<PathBuf>, ending: &str| given.clone().unwrap_or_else(|| format!("{stem}{ending}").into());
        Ok(Self {
            certificate: named(&output.certificate, ".pem"),
            key: with_key.then(|| named(&output.key, "-key.pem")),
            pkcs12: output.pkcs12.as_ref().map(|_| named(&output.pkcs12_file, ".p12")),
            overwrite: if output.force { Overwrite::Replace } else { Overwrite::Refuse },
            output,
        })
    }

    /// The files that a certificate was in before, unless the command names others.
    pub(super) fn again(output: &'a Output, entry: &Entry, with_key: bool) -> anyhow::Result<Self> {
        let name = entry.names.first().unwrap_or(&entry.serial);
        let stem = stem(name);
        let before = output.certificate.clone().or_else(|| entry.files.certificate.clone());
        let is_new = before.is_none();
        Ok(Self {
            certificate: before.unwrap_or_else(|| format!("{stem}.pem").into()),
            key: entry.files.key.clone().filter(|_| with_key),
            pkcs12: output.pkcs12.as_ref().map(|_| {
                let known = output.pkcs12_file.clone().or_else(|| entry.files.pkcs12.clone());
                known.unwrap_or_else(|| format!("{stem}.p12").into())
            }),
            // Renewing is replacing.
            overwrite: if is_new && !output.force { Overwrite::Refuse } else { Overwrite::Replace },
            output,
        })
    }

    /// Refuses before anything is issued what could not be written after.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let there = self.paths().find(|path| self.overwrite == Overwrite::Refuse && path.symlink_metadata().is_ok());
        match there {
            Some(path) => Err(failed(&Error::Exists { path: path.to_owned() })),
            None => Ok(()),
        }
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.certificate), self.key.as_ref(), self.pkcs12.as_ref()].into_iter().flatten().map(PathBuf::as_path)
    }

    /// For the index: where to look for them later, from whatever directory.
    pub(super) fn files(&self) -> anyhow::Result<Files> {
        Ok(Files {
            certificate: Some(std::path::absolute(&self.certificate)?),
            key: self.key.as_ref().map(std::path::absolute).transpose()?,
            pkcs12: self.pkcs12.as_ref().map(std::path::absolute).transpose()?,
        })
    }

    /// Writes the files, the certificate last, and says what is where.
    pub(super) fn write(
        &self,
        authority: &Authority,
        issued: &Issued,
        key: Option<&PrivateKey>,
        name: &str,
    ) -> anyhow::Result<String> {
        let write = |path: &Path, bytes: &[u8], mode| {
            write_file(path, bytes, mode, self.overwrite).map_err(|error| failed(&error))
        };
        let mut told = String::new();
        if let Some((path, key)) = self.key.as_ref().zip(key) {
            write(path, key.to_pem(None).map_err(|error| failed(&error))?.as_bytes(), 0o600)?;
            _ = writeln!(told, "  key          {}", path.display());
        }
        if let Some((path, key)) = self.pkcs12.as_ref().zip(key) {
            let (passphrase, is_random) = self.passphrase()?;
            let form: Pkcs12Form = self.output.pkcs12.as_deref().unwrap_or("modern").parse().unwrap_or_default();
            let mut chain = issued.chain.clone();
            if chain.last() != Some(authority.certificate()) {
                chain.push(authority.certificate().clone());
            }
            let bytes = pkcs12(key, &chain, name, &passphrase, form).map_err(|error| failed(&error))?;
            write(path, &bytes, 0o600)?;
            _ = writeln!(told, "  PKCS#12      {}", path.display());
            if is_random {
                _ = writeln!(told, "  passphrase   {}  (shown this once)", passphrase.reveal());
            }
            told.push_str(&imports(path));
        }
        write(&self.certificate, issued.to_pem().as_bytes(), 0o644)?;
        Ok(format!("  certificate  {}\n{told}", self.certificate.display()))
    }

    fn passphrase(&self) -> anyhow::Result<(Passphrase, bool)> {
        match &self.output.pkcs12_passphrase {
            Some(file) => {
                let from = PassphraseFrom { file: Some(file.clone()), command: None };
                Ok((passphrase::of(&from, Wanted::New("the PKCS#12 file"))?, false))
            }
            None => Ok((Passphrase::random().map_err(|error| failed(&error))?, true)),
        }
    }
}

/// How the file gets into the stores that ask for one.
fn imports(path: &Path) -> String {
    let path = path.display();
    format!(
        "  import       Chromium on Linux: pk12util -d sql:$HOME/.pki/nssdb -i {path}\n  \
                        Firefox: Settings, Certificates, Your Certificates; macOS: security import {path} -f pkcs12; Windows: certutil -user -importpfx {path}\n"
    )
}

/// A name as a file name: `*.a.test` becomes `_wildcard.a.test`.
fn stem(name: &str) -> String {
    let name = name.replacen('*', "_wildcard", 1);
    let is_plain = |c: char| c.is_alphanumeric() || ".-_@".contains(c);
    let mut stem: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).take(100).collect();
    while stem.contains("__") {
        stem = stem.replace("__", "_");
    }
    stem.trim_start_matches(['.', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_plain() {
        for (name, expected) in [
            ("shop.test", "shop.test"),
            ("*.shop.test", "_wildcard.shop.test"),
            ("::1", "_1"),
            ("spiffe://a.test/b", "spiffe_a.test_b"),
            ("Alice Example", "Alice_Example"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("alice@a.test", "alice@a.test"),
        ] {
            assert_eq!(stem(name), expected);
        }
    }
}
