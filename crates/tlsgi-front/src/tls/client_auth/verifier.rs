//! rustls's side: asks for a certificate, takes any or none, and insists on the proof that the client has its key.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme};
use tlsgi_cert::client::{is_signed_in_handshake, public_key};

use super::policy::ClientPolicy;

/// Bytes of hints; clients take any certificate where there are more.
const MOST_HINTS: usize = 16 << 10;

/// See the module.
#[derive(Debug)]
struct Verifier {
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// A verifier that gives clients the hints of a policy.
pub(crate) fn verifier(policy: &ClientPolicy) -> Arc<dyn ClientCertVerifier> {
    let mut hints = policy.hints();
    if hints.iter().map(|hint| hint.len() + 2).sum::<usize>() > MOST_HINTS {
        hints.clear();
    }
    Arc::new(Verifier {
        hints: hints.into_iter().map(DistinguishedName::from).collect(),
        algorithms: rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms,
    })
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    /// Any chain: it is judged when a request says what it is for.
    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = public_key(certificate).ok_or(CertificateError::BadEncoding)?;
        let known = self.algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let (_, algorithms) = known.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        if is_signed_in_handshake(algorithms, &key, message, signed.signature()) {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(CertificateError::BadSignature.into())
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // By the key, not by the certificate: X.509 version 1 is welcome.
        let key = SubjectPublicKeyInfoDer::from(public_key(certificate).ok_or(CertificateError::BadEncoding)?);
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
