//! Who signed a certificate or a revocation list, for any version of X.509. Only algorithms that TLS itself accepts.

use rustls_pki_types::SignatureVerificationAlgorithm;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authority::key_parts;
use crate::der;

/// Why something does not count as signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Somebody else signed it, or it was changed.
    Signature,
    /// MD5, SHA-1, a small key, or an algorithm that is not known here.
    Algorithm,
}

/// Whether the key (DER of its `SubjectPublicKeyInfo`) signed this certificate or list.
pub(super) fn is_signed_by(signed: &[u8], key: &[u8]) -> Result<(), Fault> {
    let signed = der::signed(signed).ok_or(Fault::Signature)?;
    let (algorithm, key) = key_parts(key).ok_or(Fault::Signature)?;
    let all = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all;
    let mut fault = Fault::Algorithm;
    for verifier in all {
        if *verifier.signature_alg_id() == *signed.algorithm && *verifier.public_key_alg_id() == *algorithm {
            if verifier.verify_signature(key, signed.content, signed.signature).is_ok() {
                return Ok(());
            }
            fault = Fault::Signature;
        }
    }
    Err(fault)
}

/// The public key of a certificate of any version, DER of its `SubjectPublicKeyInfo`; `None` when it is no certificate.
#[must_use]
pub fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let (rest, certificate) = X509Certificate::from_der(certificate).ok()?;
    rest.is_empty().then(|| certificate.public_key().raw.to_vec())
}

/// Whether the owner of a key (DER of its `SubjectPublicKeyInfo`) signed a handshake message with one of these algorithms.
#[must_use]
pub fn is_signed_in_handshake(
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Some((algorithm, key)) = key_parts(key) else { return false };
    let fitting = algorithms.iter().filter(|verifier| *verifier.public_key_alg_id() == *algorithm);
    fitting.into_iter().any(|verifier| verifier.verify_signature(key, message, signature).is_ok())
}
