//! Loose certificates → leaf first, each followed by its issuer.

use x509_parser::error::X509Error;
use x509_parser::prelude::X509Certificate;

use crate::der::unsigned;
use crate::key::{Algorithm, PrivateKey};
use crate::oid;

/// Positions into the given certificates.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// What to send: leaf, issuers, then other issuers of those.
    pub(crate) chain: Vec<usize>,
    /// How many of them follow from each other.
    pub(crate) path: usize,
    /// What belongs to no certificate of the chain.
    pub(crate) unrelated: Vec<usize>,
}

/// Sorts certificates behind the leaf.
pub(crate) fn order(certificates: &[X509Certificate<'_>], leaf: usize) -> Order {
    let mut chain = vec![leaf];
    let mut rest: Vec<usize> = (0..certificates.len()).filter(|&position| position != leaf).collect();
    let mut last = leaf;
    while !is_self_issued(&certificates[last])
        && let Some(found) = rest.iter().position(|&candidate| issued(&certificates[candidate], &certificates[last]))
    {
        last = rest.remove(found);
        chain.push(last);
    }
    let path = chain.len();
    // Cross-signed twins of an issuer help clients that trust another root: they stay, behind the path.
    rest.retain(|&candidate| {
        let is_twin = chain[..path].iter().any(|&member| issued(&certificates[candidate], &certificates[member]));
        if is_twin && candidate != leaf {
            chain.push(candidate);
        }
        !is_twin
    });
    Order { chain, path, unrelated: rest }
}

/// Whether a certificate names itself as its issuer.
pub(crate) fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// Whether `issuer` signed `certificate`. Where the algorithm of the signature is unknown, the names decide.
fn issued(issuer: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    issuer.subject().as_raw() == certificate.issuer().as_raw()
        && match certificate.verify_signature(Some(issuer.public_key())) {
            Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm) => true,
            Err(_) => false,
        }
}

/// Whether the certificate's public key is the key's. By comparing the keys, which works for every version of X.509 and
/// every way of encoding the same key.
pub(crate) fn belongs(certificate: &X509Certificate<'_>, key: &PrivateKey) -> bool {
    let info = certificate.public_key();
    let algorithm = info.algorithm.algorithm.as_bytes();
    let public = &*info.subject_public_key.data;
    match key.algorithm() {
        Algorithm::Rsa => {
            algorithm == oid::RSA && rsa_parts(public).is_some_and(|parts| Some(parts) == rsa_parts(key.public_key()))
        }
        Algorithm::Ed25519 => algorithm == oid::ED25519 && public == key.public_key(),
        Algorithm::EcdsaP256 | Algorithm::EcdsaP384 | Algorithm::EcdsaP521 => {
            algorithm == oid::EC && is_same_point(public, key.public_key())
        }
    }
}

fn rsa_parts(der: &[u8]) -> Option<(&[u8], &[u8])> {
    use x509_parser::prelude::FromDer;
    let (_, key) = x509_parser::public_key::RSAPublicKey::from_der(der).ok()?;
    Some((unsigned(key.modulus), unsigned(key.exponent)))
}

/// The certificate's point may be compressed, the key's is not. Curves are told apart by the length.
fn is_same_point(carried: &[u8], point: &[u8]) -> bool {
    match (carried, point) {
        ([4, ..], _) => carried == point,
        ([sign @ (2 | 3), x @ ..], [4, xy @ .., last]) => {
            xy.starts_with(x) && 2 * x.len() == xy.len() + 1 && last & 1 == sign & 1
        }
        _ => false,
    }
}

/// What kind of key a certificate carries, for messages.
pub(crate) fn key_kind(certificate: &X509Certificate<'_>) -> String {
    let info = certificate.public_key();
    match info.algorithm.algorithm.as_bytes() {
        oid::RSA => match rsa_parts(&info.subject_public_key.data) {
            Some((modulus, _)) => format!("RSA {}", crate::der::bits(modulus)),
            None => "RSA".to_owned(),
        },
        oid::EC => match info.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok()) {
            Some(curve) => format!("ECDSA {}", oid::name(curve.as_bytes())),
            None => "ECDSA".to_owned(),
        },
        other => oid::name(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_point_is_the_same_point() {
        let point = [&[4u8][..], &[7; 32], &[8; 31], &[9]].concat();
        assert!(is_same_point(&point, &point));
        assert!(is_same_point(&[&[3u8][..], &[7; 32]].concat(), &point));
        assert!(!is_same_point(&[&[2u8][..], &[7; 32]].concat(), &point));
        assert!(!is_same_point(&[&[3u8][..], &[6; 32]].concat(), &point));
        assert!(!is_same_point(&[3], &point));
        assert!(!is_same_point(&[], &point));
    }
}
