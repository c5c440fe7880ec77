//! A certificate as it is presented, and to which clients it can be: the names in it, and the signatures that its key makes.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, SignatureAlgorithm, SignatureScheme};
use tlsgi_cert::client::Identity;

use super::encoding::pem;
use super::signer::RemoteKey;
use crate::control::SiteCertificate;
use crate::route::host;

/// A certificate as it is presented.
#[derive(Debug)]
pub(crate) struct Presented {
    pub(super) key: Arc<CertifiedKey>,
    /// The supervisor's number of the key.
    pub(super) number: u32,
    schemes: &'static [SignatureScheme],
    algorithm: SignatureAlgorithm,
    /// The leaf, PEM.
    pub(crate) pem: Arc<str>,
    /// What the leaf says.
    pub(crate) identity: Option<Arc<Identity>>,
}

/// How exactly a certificate names a host; the greater the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// Not at all.
    Not,
    /// By a wildcard.
    Wildcard,
    /// By itself.
    Exact,
}

/// What a client can verify, of what a ClientHello says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abilities<'a> {
    pub(super) schemes: &'a [SignatureScheme],
    pub(super) suites: &'a [CipherSuite],
}

impl Presented {
    /// None for a certificate without bytes.
    pub(super) fn new(certificate: &SiteCertificate) -> Option<Self> {
        let leaf = certificate.chain.first()?;
        let chain = certificate.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = RemoteKey::new(certificate.key, certificate.algorithm);
        let (schemes, algorithm) = (key.schemes(), rustls::sign::SigningKey::algorithm(&key));
        Some(Self {
            key: Arc::new(CertifiedKey::new(chain, Arc::new(key))),
            number: certificate.key,
            schemes,
            algorithm,
            pem: pem(leaf).into(),
            identity: Identity::read(leaf).map(Arc::new),
        })
    }

    /// Another certificate for the same key.
    pub(super) fn with_leaf(&self, leaf: Vec<u8>) -> Self {
        let pem = pem(&leaf).into();
        let identity = Identity::read(&leaf).map(Arc::new);
        let key = CertifiedKey::new(vec![CertificateDer::from(leaf)], Arc::clone(&self.key.key));
        Self { key: Arc::new(key), pem, identity, ..*self }
    }

    /// How exactly it names a host (lower-case, no trailing dot).
    pub(super) fn naming(&self, name: &str) -> Naming {
        let names = self.identity.iter().flat_map(|identity| &identity.dns).map(|name| name.to_ascii_lowercase());
        let naming = |carried: String| match host::matches(&carried, name) {
            true if carried.starts_with("*.") => Naming::Wildcard,
            true => Naming::Exact,
            false => Naming::Not,
        };
        names.map(naming).max().unwrap_or(Naming::Not)
    }

    /// Whether it names the same hosts as another one.
    pub(super) fn is_twin(&self, other: &Self) -> bool {
        let names = |presented: &Self| {
            let mut names = presented.identity.as_ref().map(|identity| identity.dns.clone()).unwrap_or_default();
            names.sort();
            names
        };
        names(self) == names(other)
    }

    /// Whether a client can verify what the key signs. `offered`: the suites of the site.
    pub(super) fn suits(&self, client: Abilities<'_>, offered: &[u16]) -> bool {
        let is_common = |suite: &CipherSuite| offered.contains(&u16::from(*suite));
        let is_usable = |suite: &CipherSuite| {
            let number = u16::from(*suite);
            // The suites of TLS 1.3 go with every key; those of TLS 1.2 name its kind.
            number >> 8 == 0x13 || is_for_ecdsa(number) == (self.algorithm != SignatureAlgorithm::RSA)
        };
        self.schemes.iter().any(|scheme| client.schemes.contains(scheme))
            && client.suites.iter().filter(|suite| is_common(suite)).any(is_usable)
    }

    /// ECDSA and Ed25519 come before RSA: smaller, and an eighth of the work.
    pub(super) fn is_rsa(&self) -> bool {
        self.algorithm == SignatureAlgorithm::RSA
    }
}

const fn is_for_ecdsa(suite: u16) -> bool {
    matches!(suite, 0xc02b | 0xc02c | 0xcca9)
}
