//! Certificate revocation lists (RFC 5280 5): which certificates their issuers have taken back.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Mutex;

use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};
use x509_parser::revocation_list::CertificateRevocationList;

use super::authority::Authority;
use super::rejection::Rejection;
use super::signature::is_signed_by;
use crate::error::Error;
use crate::facts::{distinguished, minute};
use crate::{limits, pem};

/// Issuers' keys that a list remembers having been checked against.
const REMEMBERED: usize = 16;

/// The lists of some files.
#[derive(Debug, Default)]
pub struct RevocationLists {
    lists: Vec<List>,
    pem: String,
    remarks: Vec<String>,
}

#[derive(Debug)]
struct List {
    der: Vec<u8>,
    /// Name of who issued it, DER.
    issuer: Vec<u8>,
    serials: HashSet<Vec<u8>>,
    /// Seconds since the epoch.
    next_update: Option<i64>,
    scope: Scope,
    /// Keys that it was checked against, and whether they signed it.
    checked: Mutex<Vec<(Vec<u8>, bool)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Clients,
    Authorities,
}

impl RevocationLists {
    /// Reads a file and adds its lists.
    ///
    /// # Errors
    /// The system's, a file over [`limits::REVOCATION_BYTES`], one without a list, and a list of a kind that is not understood.
    pub fn read(&mut self, path: &Path) -> Result<(), Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let limit = limits::REVOCATION_BYTES;
        File::open(path).map_err(failed)?.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > limit {
            return Err(Error::BadRevocationList {
                path: path.to_owned(),
                reason: format!("it is larger than {limit} bytes"),
            });
        }
        self.add(path, &bytes)
    }

    /// Adds the lists of a file's bytes, PEM or DER.
    ///
    /// # Errors
    /// As [`Self::read`], without the system's.
    pub fn add(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let bad = |reason: String| Error::BadRevocationList { path: path.to_owned(), reason };
        if bytes.first() == Some(&0x30) && !bytes.starts_with(b"0-") {
            return self.add_one(bytes).map_err(bad);
        }
        let sections = pem::sections(bytes).map_err(|fault| Error::Pem {
            path: path.to_owned(),
            line: fault.line,
            reason: fault.reason,
        })?;
        let mut count = 0;
        for section in sections.iter().filter(|section| section.label == "X509 CRL") {
            self.add_one(&section.der).map_err(bad)?;
            count += 1;
        }
        match (count, sections.first()) {
            (0, None) => Err(bad("it holds neither PEM nor DER".to_owned())),
            (0, Some(other)) => {
                Err(bad(format!("it holds `{}`, no `X509 CRL`", crate::facts::printable(&other.label))))
            }
            _ => Ok(()),
        }
    }

    fn add_one(&mut self, der: &[u8]) -> Result<(), String> {
        let list = List::parse(der)?;
        let named = || CertificateRevocationList::from_der(der).map(|(_, list)| distinguished(list.issuer()));
        if let Some(next) = list.next_update
            && next <= OffsetDateTime::now_utc().unix_timestamp()
        {
            let at = OffsetDateTime::from_unix_timestamp(next).map(minute).unwrap_or_default();
            self.remarks.push(format!("the list of {} should have been replaced by {at}", named().unwrap_or_default()));
        }
        self.pem.push_str(&pem::encode("X509 CRL", der));
        self.lists.push(list);
        Ok(())
    }

    /// The lists as text, to hand them on.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What a person should know of the lists.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Whether there is none at all: nothing is checked then.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// What the lists of its issuer say of a certificate: until when that holds, as the last second. `needs_list`: no list is
    /// a reason to refuse.
    pub(super) fn check(
        &self,
        certificate: &X509Certificate<'_>,
        issuer: &Authority,
        needs_list: bool,
        accepts_expired: bool,
        now: i64,
    ) -> Result<i64, Rejection> {
        if self.is_empty() {
            return Ok(i64::MAX);
        }
        let serial = bare(certificate.raw_serial());
        let is_authority = certificate.is_ca();
        let (mut until, mut expired) = (None, None);
        for list in self.lists.iter().filter(|list| list.is_for(certificate, is_authority, issuer)) {
            if list.serials.contains(serial) {
                return Err(Rejection::Revoked { is_issuer: is_authority });
            }
            match list.next_update {
                Some(next) if next <= now && !accepts_expired => expired = expired.max(Some(next)),
                Some(next) if !accepts_expired => until = until.max(Some(next - 1)),
                _ => until = Some(i64::MAX),
            }
        }
        match (until, expired) {
            (Some(until), _) => Ok(until),
            (None, Some(at)) => Err(Rejection::RevocationExpired(at)),
            (None, None) if needs_list => Err(Rejection::RevocationUnknown),
            (None, None) => Ok(i64::MAX),
        }
    }
}

impl List {
    fn parse(der: &[u8]) -> Result<Self, String> {
        let (rest, list) =
            CertificateRevocationList::from_der(der).map_err(|_| "it is no revocation list, or damaged".to_owned())?;
        if !rest.is_empty() {
            return Err("something follows the list".to_owned());
        }
        let mut scope = Scope::All;
        for extension in list.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::IssuingDistributionPoint(point) => {
                    if point.indirect_crl || point.only_some_reasons.is_some() || point.only_contains_attribute_certs {
                        return Err("it is an indirect or partial list, which is not understood here".to_owned());
                    }
                    scope = match (point.only_contains_user_certs, point.only_contains_ca_certs) {
                        (true, false) => Scope::Clients,
                        (false, true) => Scope::Authorities,
                        _ => Scope::All,
                    };
                }
                // RFC 5280 5.2: a list with a critical extension that is not understood must not be used.
                _ if extension.critical => {
                    let is_delta = extension.oid.to_id_string() == "2.5.29.27";
                    let what = if is_delta {
                        "it holds only changes to another list".to_owned()
                    } else {
                        format!("its critical extension {} is not understood", extension.oid)
                    };
                    return Err(what);
                }
                _ => {}
            }
        }
        let mut serials = HashSet::with_capacity(list.tbs_cert_list.revoked_certificates.len());
        for entry in list.iter_revoked_certificates() {
            if entry
                .extensions()
                .iter()
                .any(|extension| extension.critical && extension.oid.to_id_string() == "2.5.29.29")
            {
                return Err("it speaks for other issuers, which is not understood here".to_owned());
            }
            serials.insert(bare(entry.raw_serial()).to_vec());
        }
        Ok(Self {
            issuer: list.issuer().as_raw().to_vec(),
            serials,
            next_update: list.next_update().map(|time| time.timestamp()),
            scope,
            checked: Mutex::default(),
            der: der.to_vec(),
        })
    }

    fn is_for(&self, certificate: &X509Certificate<'_>, is_authority: bool, issuer: &Authority) -> bool {
        let is_in_scope = match self.scope {
            Scope::All => true,
            Scope::Clients => !is_authority,
            Scope::Authorities => is_authority,
        };
        is_in_scope
            && self.issuer == certificate.issuer().as_raw()
            && issuer.may_sign_lists
            && self.is_signed_by(&issuer.key)
    }

    fn is_signed_by(&self, key: &[u8]) -> bool {
        let lock = || self.checked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, known)) = lock().iter().find(|(known, _)| known == key) {
            return *known;
        }
        let is_signed = is_signed_by(&self.der, key).is_ok();
        let mut checked = lock();
        if checked.len() < REMEMBERED {
            checked.push((key.to_vec(), is_signed));
        }
        is_signed
    }
}

/// A serial number without the zeros that some encoders put before it.
fn bare(serial: &[u8]) -> &[u8] {
    crate::der::unsigned(serial)
}
