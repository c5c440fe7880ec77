//! Whether a client's chain holds: built by webpki up to one of the authorities, with revocation, depth and version 1 added.

use std::cell::Cell;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

use super::authority::{Authorities, Authority};
use super::rejection::Rejection;
use super::revocation::RevocationLists;
use super::signature::{self, Fault};

/// What is demanded beyond a valid chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Most certificates above the client's own, the root among them.
    pub depth: u32,
    /// A revocation list past its next update counts as before.
    pub accepts_expired_lists: bool,
}

/// Verifies a chain as it was received, the client's own certificate first. That the client has its key is TLS's to prove.
/// The result is the last second, counted from the epoch, at which this holds without looking again.
///
/// # Errors
/// Why it is not accepted.
pub fn verify(
    chain: &[CertificateDer<'_>],
    authorities: &Authorities,
    lists: &RevocationLists,
    policy: Policy,
    now: i64,
) -> Result<i64, Rejection> {
    let (leaf, intermediates) = chain.split_first().ok_or(Rejection::Unreadable)?;
    let (rest, certificate) = X509Certificate::from_der(leaf).map_err(|_| Rejection::Unreadable)?;
    if !rest.is_empty() {
        return Err(Rejection::Unreadable);
    }
    let attempt = Attempt { authorities, lists, policy, now };
    let built = match certificate.version() {
        X509Version::V3 => attempt.path(leaf, intermediates, &certificate),
        _ => attempt.direct(&certificate),
    };
    match built {
        // What stands in the file itself needs nobody to vouch for it.
        Err(Rejection::UnknownAuthority { .. } | Rejection::Invalid | Rejection::WeakSignature)
            if authorities.is_pinned(leaf) =>
        {
            attempt.pinned(&certificate)
        }
        Err(Rejection::UnknownAuthority { .. }) => {
            let is_self_signed = certificate.subject().as_raw() == certificate.issuer().as_raw();
            Err(Rejection::UnknownAuthority { is_self_signed })
        }
        built => built,
    }
}

struct Attempt<'a> {
    authorities: &'a Authorities,
    lists: &'a RevocationLists,
    policy: Policy,
    now: i64,
}

impl Attempt<'_> {
    /// A version 3 leaf: webpki looks for paths, and every path that it finds is judged here once more.
    fn path(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        certificate: &X509Certificate<'_>,
    ) -> Result<i64, Rejection> {
        let end_entity = EndEntityCert::try_from(leaf).map_err(|error| self.rejection(&error, certificate))?;
        let judged = Cell::new(None);
        let judge = |path: &VerifiedPath<'_>| {
            let judgement = self.judge(path, certificate);
            judged.set(Some(judgement));
            judgement.map(|_| ()).map_err(|_| webpki::Error::CertRevoked)
        };
        let seconds = u64::try_from(self.now).unwrap_or_default();
        let outcome = end_entity.verify_for_usage(
            rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all,
            &self.authorities.anchors,
            intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            KeyUsage::client_auth(),
            None,
            Some(&judge),
        );
        match (judged.get(), outcome) {
            (Some(Ok(until)), Ok(_)) => Ok(until),
            (Some(Err(rejection)), Err(_)) => Err(rejection),
            (_, Err(error)) => Err(self.rejection(&error, certificate)),
            // A path that was not judged cannot come back as good.
            (_, Ok(_)) => Err(Rejection::Invalid),
        }
    }

    fn judge(&self, path: &VerifiedPath<'_>, certificate: &X509Certificate<'_>) -> Result<i64, Rejection> {
        let anchor =
            self.authorities.behind(path.anchor()).ok_or(Rejection::UnknownAuthority { is_self_signed: false })?;
        let ders: Vec<_> = path.intermediate_certificates().map(webpki::Cert::der).collect();
        let mut issuers = Vec::with_capacity(ders.len());
        for der in &ders {
            issuers.push(X509Certificate::from_der(der).map_err(|_| Rejection::Unreadable)?.1);
        }
        if issuers.len() + 1 > self.policy.depth as usize {
            return Err(Rejection::TooDeep);
        }
        let mut until = self.within_time(anchor.not_before, anchor.not_after, true)?;
        let mut issuer = anchor;
        let middle: Vec<Authority> = issuers.iter().map(Authority::of).collect();
        // From the top down: who is not trusted any more cannot revoke anybody.
        for (certificate, own) in issuers.iter().zip(&middle).rev() {
            until = until.min(own.not_after).min(self.revocation(certificate, issuer, false)?);
            issuer = own;
        }
        let until = until.min(certificate.validity().not_after.timestamp());
        Ok(until.min(self.revocation(certificate, issuer, true)?))
    }

    /// A version 1 leaf: signed by one of the authorities itself, since it cannot say anything that longer paths need.
    fn direct(&self, certificate: &X509Certificate<'_>) -> Result<i64, Rejection> {
        let mut rejection = Rejection::UnknownAuthority { is_self_signed: false };
        let named = |authority: &&Authority| authority.subject == certificate.issuer().as_raw();
        for authority in self.authorities.members.iter().filter(named) {
            match signature::is_signed_by(certificate.as_raw(), &authority.key) {
                Ok(()) => return self.direct_from(certificate, authority),
                // The same name with another key is another authority.
                Err(Fault::Signature) => {}
                Err(Fault::Algorithm) => rejection = Rejection::WeakSignature,
            }
        }
        Err(rejection)
    }

    fn direct_from(&self, certificate: &X509Certificate<'_>, authority: &Authority) -> Result<i64, Rejection> {
        let until = self.own_time(certificate)?;
        if self.policy.depth == 0 {
            return Err(Rejection::TooDeep);
        }
        let until = until.min(self.within_time(authority.not_before, authority.not_after, true)?);
        Ok(until.min(self.revocation(certificate, authority, true)?))
    }

    fn pinned(&self, certificate: &X509Certificate<'_>) -> Result<i64, Rejection> {
        let is_for_clients = match certificate.extended_key_usage() {
            Ok(usage) => usage.is_none_or(|usage| usage.value.client_auth || usage.value.any),
            Err(_) => false,
        };
        if !is_for_clients {
            return Err(Rejection::WrongPurpose);
        }
        self.own_time(certificate)
    }

    fn revocation(
        &self,
        certificate: &X509Certificate<'_>,
        issuer: &Authority,
        is_own: bool,
    ) -> Result<i64, Rejection> {
        self.lists.check(certificate, issuer, is_own, self.policy.accepts_expired_lists, self.now)
    }

    fn own_time(&self, certificate: &X509Certificate<'_>) -> Result<i64, Rejection> {
        let validity = certificate.validity();
        self.within_time(validity.not_before.timestamp(), validity.not_after.timestamp(), false)
    }

    fn within_time(&self, not_before: i64, not_after: i64, is_issuer: bool) -> Result<i64, Rejection> {
        match self.now {
            now if now > not_after => Err(Rejection::Expired { at: not_after, is_issuer }),
            now if now < not_before => Err(Rejection::NotYetValid { at: not_before, is_issuer }),
            _ => Ok(not_after),
        }
    }

    fn rejection(&self, error: &webpki::Error, certificate: &X509Certificate<'_>) -> Rejection {
        use webpki::Error;
        let seconds = |time: &UnixTime| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let validity = certificate.validity();
        match error {
            Error::CertExpired { not_after, .. } => Rejection::Expired {
                at: seconds(not_after),
                is_issuer: seconds(not_after) != validity.not_after.timestamp(),
            },
            Error::CertNotValidYet { not_before, .. } => Rejection::NotYetValid {
                at: seconds(not_before),
                is_issuer: seconds(not_before) != validity.not_before.timestamp(),
            },
            Error::UnknownIssuer => Rejection::UnknownAuthority { is_self_signed: false },
            Error::InvalidSignatureForPublicKey => Rejection::BadSignature,
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Rejection::WeakSignature,
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Rejection::WrongPurpose,
            Error::MaximumPathDepthExceeded | Error::PathLenConstraintViolated => Rejection::TooDeep,
            Error::NameConstraintViolation => Rejection::OutsideConstraints,
            Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => Rejection::Unreadable,
            _ => Rejection::Invalid,
        }
    }
}
