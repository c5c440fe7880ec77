//! A certificate in the index, and what became of it.

use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::directory::Directory;
use super::identity::Identity;
use super::index::{Files, Index, Record};
use super::purpose::{Purpose, Reason};
use crate::error::Error;
use crate::facts::distinguished;
use crate::pem;

/// What became of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It can be used.
    Valid,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked(OffsetDateTime, Reason),
}

/// A certificate in the index.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Hexadecimal, upper case.
    pub serial: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Its subject.
    pub subject: String,
    /// Its alternative names.
    pub names: Vec<String>,
    /// Start of validity.
    pub not_before: OffsetDateTime,
    /// End of validity.
    pub not_after: OffsetDateTime,
    /// What became of it.
    pub state: State,
    /// Where it was written.
    pub files: Files,
    /// The serial of the certificate that took its place.
    pub replaced_by: Option<String>,
    /// The certificate.
    pub certificate: CertificateDer<'static>,
}

impl Entry {
    /// Whether it should be renewed: valid, in use, and two thirds of its life are over.
    #[must_use]
    pub fn is_due(&self, now: OffsetDateTime) -> bool {
        let at = self.not_before + (self.not_after - self.not_before) * 2 / 3;
        !matches!(self.state, State::Revoked(..)) && self.replaced_by.is_none() && at <= now
    }
}

/// What a record of the index says.
pub(super) fn entry(
    record: &Record,
    index: &Index,
    directory: &Directory,
    now: OffsetDateTime,
) -> Result<Entry, Error> {
    let path = directory.index();
    let damaged = |reason: &str| Error::BadCertificate { path: path.clone(), position: 1, reason: reason.to_owned() };
    let sections = pem::sections(record.certificate.as_bytes()).map_err(|fault| damaged(&fault.reason))?;
    let der = sections.into_iter().next().ok_or_else(|| damaged("there is none"))?.der.to_vec();
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| damaged("it does not parse"))?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|extension| &extension.value.general_names);
    let not_after = certificate.validity().not_after.to_datetime();
    let state = match index.revocation(&record.serial) {
        Some((at, reason)) => State::Revoked(at, reason),
        None if not_after <= now => State::Expired,
        None => State::Valid,
    };
    let replaces = |later: &&Record| later.replaces.as_deref() == Some(&record.serial);
    Ok(Entry {
        serial: record.serial.clone(),
        purpose: record.purpose,
        subject: distinguished(certificate.subject()),
        names: names.filter_map(|name| Identity::of(name).ok()).map(|name| name.to_string()).collect(),
        not_before: certificate.validity().not_before.to_datetime(),
        not_after,
        state,
        files: record.files.clone(),
        replaced_by: index.records().find(replaces).map(|later| later.serial.clone()),
        certificate: CertificateDer::from(der.clone()),
    })
}
