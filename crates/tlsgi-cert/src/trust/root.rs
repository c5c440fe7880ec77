//! A root as trust stores know it: file, bytes, and the name under which it is found again.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::error::Error;
use crate::facts::printable;
use crate::{limits, pem, source};

/// A root that is to be trusted.
#[derive(Debug, Clone)]
pub struct TrustedRoot {
    path: PathBuf,
    certificate: CertificateDer<'static>,
    nickname: String,
    serial: String,
}

impl TrustedRoot {
    /// Reads the root's file: PEM, one certificate that may issue.
    ///
    /// # Errors
    /// It cannot be read, or is no certificate authority.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let input = source::read(path)?;
        let found = crate::contents::contents(&input)?;
        let Some(first) = found.certificates.first() else {
            return Err(Error::NoCertificate { path: path.to_owned(), found: found.found() });
        };
        Self::new(path, CertificateDer::from(first.der.to_vec()))
    }

    /// The root in this file, which was read already.
    ///
    /// # Errors
    /// It is no certificate authority.
    pub fn new(path: &Path, certificate: CertificateDer<'static>) -> Result<Self, Error> {
        let refused = || Error::NotAuthority { path: path.to_owned() };
        let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|_| refused())?;
        if !parsed.is_ca() {
            return Err(refused());
        }
        let organisation = parsed.subject().iter_organization().find_map(|it| it.as_str().ok()).map(printable);
        let common = parsed.subject().iter_common_name().find_map(|it| it.as_str().ok()).map(printable);
        let nickname = match (organisation.as_deref(), common) {
            // The name that mkcert gives its roots: what it installed is found, and the other way round.
            (Some(organisation @ "mkcert development CA"), _) => format!("{organisation} {}", parsed.serial),
            (Some("tlsgi local CA"), Some(common)) => common,
            (_, common) => format!("{} {}", common.unwrap_or_else(|| "local CA".to_owned()), parsed.serial),
        };
        let serial = parsed.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path: path.to_owned(), nickname, serial, certificate })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The name in stores that have names.
    #[must_use]
    pub fn nickname(&self) -> &str {
        &self.nickname
    }

    /// Serial number, hexadecimal.
    pub(super) fn serial(&self) -> &str {
        &self.serial
    }

    /// The name of its file among the system's anchors, without the ending.
    pub(super) fn file_stem(&self) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._@".contains(c);
        self.nickname.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
    }

    /// SHA-256 and SHA-1, hexadecimal in capitals without colons.
    pub(super) fn fingerprints(&self) -> [String; 2] {
        [&SHA256, &SHA1_FOR_LEGACY_USE_ONLY]
            .map(|hash| digest(hash, &self.certificate).as_ref().iter().map(|byte| format!("{byte:02X}")).collect())
    }

    /// Whether this PEM text has the root among its certificates.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        let sections = pem::sections(text.get(..limits::BUNDLE_BYTES.min(text.len())).unwrap_or_default());
        sections.is_ok_and(|sections| sections.iter().any(|section| section.der[..] == self.certificate[..]))
    }
}
