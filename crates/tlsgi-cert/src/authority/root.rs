//! The CA's own certificate and key: made here, or read as other tools left them.

use std::path::Path;

use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::permit::{self, Permit};
use super::{encode, serial};
use crate::contents::contents;
use crate::error::Error;
use crate::facts::distinguished;
use crate::key::{KeyKind, PrivateKey};
use crate::load::{Loaded, Material, load};
use crate::oid;
use crate::passphrase::Passphrase;
use crate::source::read;

const BACKDATED: Duration = Duration::hours(1);

/// What a root of a new CA is like.
#[derive(Debug, Clone)]
pub struct NewRoot {
    /// Common name, as trust stores show it.
    pub name: String,
    /// Organisation, if any.
    pub organization: Option<String>,
    /// Its key.
    pub kind: KeyKind,
    /// How long it is valid.
    pub life: Duration,
    /// The only names and networks that it may issue for; empty for all.
    pub permitted: Vec<Permit>,
}

/// A certificate that may issue, with its key.
pub(super) struct Root {
    /// Itself, then what is above it.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKey,
    pub(super) not_after: OffsetDateTime,
    /// As text.
    pub(super) subject: String,
    /// As it stands in the certificate.
    pub(super) subject_der: Vec<u8>,
    /// Its subject key identifier, or what stands in for one.
    pub(super) identifier: Vec<u8>,
    pub(super) is_self_signed: bool,
    /// DER `NameConstraints`.
    constraints: Option<Vec<u8>>,
}

impl Root {
    pub(super) fn create(new: &NewRoot, now: OffsetDateTime) -> Result<Self, Error> {
        let key = PrivateKey::generate(new.kind)?;
        let subject = encode::name(new.organization.as_deref(), &new.name);
        let identifier = encode::key_identifier(key.public_key());
        let constraints = permit::name_constraints(&new.permitted);
        Self::self_signed(key, &subject, &identifier, constraints.as_deref(), new.life, now)
    }

    fn self_signed(
        key: PrivateKey,
        subject: &[u8],
        identifier: &[u8],
        constraints: Option<&[u8]>,
        life: Duration,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let certificate = encode::Certificate {
            serial: &serial()?,
            issuer: subject,
            subject,
            not_before: now - BACKDATED,
            not_after: now + life,
            public_key_info: key.public_key_info(),
            extensions: encode::of_authority(identifier, constraints),
        };
        let der = certificate.sign(&key)?;
        Self::of(&[CertificateDer::from(der)], key, Path::new("(new)"))
    }

    /// Reads files; the certificate must be allowed to issue.
    pub(super) fn read(
        certificate: &Path,
        key: &Path,
        passphrase: Option<Passphrase>,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let root = Self::read_any(certificate, key, passphrase, now)?;
        root.check(certificate)?;
        Ok(root)
    }

    fn read_any(
        certificate: &Path,
        key: &Path,
        passphrase: Option<Passphrase>,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let beside = if key == certificate { None } else { Some(read(key)?) };
        let material = Material { certificate: read(certificate)?, key: beside, chain: None, passphrase };
        let Loaded { chain, key, .. } = load(&material, &[], now)?;
        Self::of(&chain, key, certificate)
    }

    /// Reads what another tool left. With `reissue`, what may not issue gets a certificate that may.
    pub(super) fn adopt(
        certificate: &Path,
        key: &Path,
        passphrase: Option<Passphrase>,
        reissue: bool,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let mut root = Self::read_any(certificate, key, passphrase, now)?;
        if reissue {
            root.reissue(NewRoot::LIFE, now)?;
        }
        root.check(certificate)?;
        Ok(root)
    }

    /// A new certificate of the same name and key.
    pub(super) fn reissue(&mut self, life: Duration, now: OffsetDateTime) -> Result<(), Error> {
        if !self.is_self_signed {
            let reason = format!("{} is below another CA: have that one renew it", self.subject);
            return Err(Error::Refused { reason });
        }
        let certificate = encode::Certificate {
            serial: &serial()?,
            issuer: &self.subject_der,
            subject: &self.subject_der,
            not_before: now - BACKDATED,
            not_after: now + life,
            public_key_info: self.key.public_key_info(),
            extensions: encode::of_authority(&self.identifier, self.constraints.as_deref()),
        };
        self.chain = vec![CertificateDer::from(certificate.sign(&self.key)?)];
        self.not_after = now + life;
        Ok(())
    }

    fn of(chain: &[CertificateDer<'static>], key: PrivateKey, path: &Path) -> Result<Self, Error> {
        let unreadable =
            |_| Error::BadCertificate { path: path.to_owned(), position: 1, reason: "it is damaged".into() };
        let (_, certificate) = X509Certificate::from_der(&chain[0]).map_err(unreadable)?;
        let own = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
            _ => None,
        });
        let constraints =
            certificate.iter_extensions().find(|extension| extension.oid.as_bytes() == oid::NAME_CONSTRAINTS);
        Ok(Self {
            constraints: constraints.map(|extension| extension.value.to_vec()),
            not_after: certificate.validity().not_after.to_datetime(),
            subject: distinguished(certificate.subject()),
            subject_der: certificate.subject().as_raw().to_vec(),
            identifier: own.unwrap_or_else(|| encode::key_identifier(key.public_key())),
            is_self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
            key,
            chain: chain.to_vec(),
        })
    }

    /// Whether clients would take what it issues.
    fn check(&self, path: &Path) -> Result<(), Error> {
        let path = || path.to_owned();
        let (_, certificate) = X509Certificate::from_der(&self.chain[0]).map_err(|_| Error::BadCertificate {
            path: path(),
            position: 1,
            reason: "it is damaged".into(),
        })?;
        if certificate.version() == x509_parser::prelude::X509Version::V1 {
            return Err(Error::VersionOneAuthority { path: path() });
        }
        let may_sign = certificate.key_usage().ok().flatten().is_none_or(|usage| usage.value.key_cert_sign());
        if !certificate.is_ca() || !may_sign {
            return Err(Error::NotAuthority { path: path() });
        }
        Ok(())
    }
}

impl NewRoot {
    /// Ten years.
    pub const LIFE: Duration = Duration::days(3650);
}

/// The first certificate in a file.
pub(super) fn first_certificate(path: &Path) -> Result<Vec<u8>, Error> {
    let found = contents(&read(path)?)?;
    let text = found.found();
    let first = found.certificates.into_iter().next();
    first.map(|certificate| certificate.der).ok_or(Error::NoCertificate { path: path.to_owned(), found: text })
}
