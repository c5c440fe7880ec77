//! Whose signatures are accepted on client certificates, from a file of theirs.

use std::path::Path;

use rustls_pki_types::{CertificateDer, TrustAnchor};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate, X509Version};

use crate::contents::contents;
use crate::error::Error;
use crate::facts::{distinguished, minute};
use crate::load::Input;
use crate::{der, limits, pem, source};

/// Certificates of a file: authorities, and single certificates that are accepted as they are.
#[derive(Debug)]
pub struct Authorities {
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    pub(super) members: Vec<Authority>,
    pub(super) pinned: Vec<CertificateDer<'static>>,
    /// The file as it is handed on.
    pem: String,
    hints: Vec<Vec<u8>>,
    remarks: Vec<String>,
}

/// What an anchor does not say of its certificate. As many as anchors, in their order.
#[derive(Debug)]
pub(super) struct Authority {
    /// The name in full, DER.
    pub(super) subject: Vec<u8>,
    /// The key, DER of its `SubjectPublicKeyInfo`.
    pub(super) key: Vec<u8>,
    /// Seconds since the epoch.
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    pub(super) may_sign_lists: bool,
}

impl Authorities {
    /// Reads a file.
    ///
    /// # Errors
    /// The system's, and those of [`Self::from_input`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::from_input(&source::read(path)?)
    }

    /// Takes the certificates of a text that [`Self::pem`] gave.
    ///
    /// # Errors
    /// Those of [`Self::from_input`].
    pub fn from_pem(path: &Path, text: &str) -> Result<Self, Error> {
        Self::from_input(&Input { path: path.to_owned(), bytes: text.as_bytes().to_vec().into(), mode: None })
    }

    /// Takes the certificates of a file that was read.
    ///
    /// # Errors
    /// No certificate in it, a damaged one, or more than [`limits::AUTHORITIES`].
    pub fn from_input(input: &Input) -> Result<Self, Error> {
        let found = contents(input)?;
        if found.certificates.is_empty() {
            found.refuse(&input.path)?;
            return Err(Error::NoCertificate { path: input.path.clone(), found: found.found() });
        }
        if found.certificates.len() > limits::AUTHORITIES {
            return Err(Error::Unsupported {
                path: input.path.clone(),
                what: format!("{} certificates", found.certificates.len()),
                hint: format!("name the authorities of your clients; at most {} are taken", limits::AUTHORITIES),
            });
        }
        let mut authorities = Self {
            anchors: Vec::new(),
            members: Vec::new(),
            pinned: Vec::new(),
            pem: String::new(),
            hints: Vec::new(),
            remarks: Vec::new(),
        };
        for (at, certificate) in found.certificates.iter().enumerate() {
            authorities.add(&certificate.der).map_err(|reason| Error::BadCertificate {
                path: input.path.clone(),
                position: at + 1,
                reason,
            })?;
        }
        if found.has_key() {
            let told = "it holds a private key as well, which has no business here".to_owned();
            authorities.remarks.push(told);
        }
        Ok(authorities)
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (rest, certificate) = X509Certificate::from_der(bytes).map_err(|error| error.to_string())?;
        if !rest.is_empty() {
            return Err("something follows the certificate inside of its block".to_owned());
        }
        let owned = CertificateDer::from(bytes.to_vec());
        if is_authority(&certificate) {
            let anchor = webpki::anchor_from_trusted_cert(&owned).map_err(|error| error.to_string())?.to_owned();
            self.anchors.push(anchor);
            self.members.push(Authority::of(&certificate));
        } else {
            let name = distinguished(certificate.subject());
            self.remarks
                .push(format!("{name} is no authority: it is accepted itself, and vouches for no other certificate"));
            self.hints.push(certificate.issuer().as_raw().to_vec());
            self.pinned.push(owned);
        }
        let until = certificate.validity().not_after.to_datetime();
        if until < OffsetDateTime::now_utc() {
            self.remarks.push(format!("{} expired on {}", distinguished(certificate.subject()), minute(until)));
        }
        self.hints.push(certificate.subject().as_raw().to_vec());
        self.pem.push_str(&pem::encode("CERTIFICATE", bytes));
        Ok(())
    }

    /// The certificates as text, to hand them on.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Names that clients are told to choose their certificate by, DER.
    pub fn hints(&self) -> impl Iterator<Item = &[u8]> {
        self.hints.iter().map(Vec::as_slice)
    }

    /// What a person should know of the file.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    pub(super) fn is_pinned(&self, certificate: &CertificateDer<'_>) -> bool {
        self.pinned.iter().any(|pinned| pinned == certificate) || self.anchor_with(certificate).is_some()
    }

    /// Whether the certificate itself is one of the authorities.
    fn anchor_with(&self, certificate: &CertificateDer<'_>) -> Option<&Authority> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let is_same = |authority: &&Authority| {
            authority.subject == parsed.subject().as_raw() && authority.key == parsed.public_key().raw
        };
        self.members.iter().find(is_same)
    }

    /// The authority behind an anchor that a path ended at.
    pub(super) fn behind(&self, anchor: &TrustAnchor<'_>) -> Option<&Authority> {
        let at = self.anchors.iter().position(|known| {
            known.subject == anchor.subject && known.subject_public_key_info == anchor.subject_public_key_info
        })?;
        self.members.get(at)
    }
}

impl Authority {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        Self {
            subject: certificate.subject().as_raw().to_vec(),
            key: certificate.public_key().raw.to_vec(),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            may_sign_lists: certificate.key_usage().ok().flatten().is_none_or(|usage| usage.value.crl_sign()),
        }
    }
}

/// Whether a certificate may vouch for others. One without extensions can say so only by having signed itself.
fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    let is_self_signed = certificate.subject().as_raw() == certificate.issuer().as_raw()
        && super::signature::is_signed_by(certificate.as_raw(), certificate.public_key().raw).is_ok();
    if certificate.version() != X509Version::V3 {
        return is_self_signed;
    }
    let may_sign = certificate.key_usage().ok().flatten().is_none_or(|usage| usage.value.key_cert_sign());
    let constraints = certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::BasicConstraints(constraints) => Some(constraints.ca),
        _ => None,
    });
    constraints == Some(true) && may_sign
}

/// `SubjectPublicKeyInfo` in its parts: the algorithm's identifier without its header, and the key.
pub(super) fn key_parts(info: &[u8]) -> Option<(&[u8], &[u8])> {
    der::public_key(info)
}
