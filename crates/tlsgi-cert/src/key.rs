//! Private keys: read from DER, matched with certificates, and able to sign TLS handshakes. Key bytes never leave this file.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaSignatureEncoding,
};
use rustls::SignatureScheme;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::der::{self, Shape};
use crate::error::Error;
use crate::handshake::is_tls_handshake_message;
use crate::oid;
use crate::passphrase::Passphrase;
use crate::{pem, sealed};

/// Kinds of keys that TLS servers sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Algorithm {
    /// RSA, 2048 to 8192 bits.
    Rsa,
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// ECDSA on P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa => "RSA",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::EcdsaP521 => "ECDSA P-521",
            Self::Ed25519 => "Ed25519",
        })
    }
}

/// Kinds of keys that are made here. In words as in [`Self::NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyKind {
    /// ECDSA on P-256: small, quick, read by everything since 2012.
    #[default]
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA, 2048 bits.
    Rsa2048,
    /// RSA, 3072 bits.
    Rsa3072,
    /// RSA, 4096 bits: slow, and slow to make.
    Rsa4096,
    /// Ed25519: browsers do not accept it in certificates.
    Ed25519,
}

impl KeyKind {
    /// Every kind with its name.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("p256", Self::P256),
        ("p384", Self::P384),
        ("rsa2048", Self::Rsa2048),
        ("rsa3072", Self::Rsa3072),
        ("rsa4096", Self::Rsa4096),
        ("ed25519", Self::Ed25519),
    ];

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }
}

/// A private key that signs TLS handshakes. `Debug` and `Display` show its kind only; the library wipes it when dropped.
pub struct PrivateKey {
    pair: Pair,
    public_key_info: Vec<u8>,
}

enum Pair {
    Rsa(rsa::KeyPair),
    Ecdsa(EcdsaKeyPair, Algorithm),
    Ed25519(Ed25519KeyPair),
}

/// Why a DER value is no usable key; the caller adds the path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeyFault {
    Encrypted,
    Weak(usize),
    Unsupported(String),
    Damaged(String),
}

const CURVES: [(&EcdsaSigningAlgorithm, Algorithm, &[u8]); 3] = [
    (&ECDSA_P256_SHA256_ASN1_SIGNING, Algorithm::EcdsaP256, oid::P256),
    (&ECDSA_P384_SHA384_ASN1_SIGNING, Algorithm::EcdsaP384, oid::P384),
    (&ECDSA_P521_SHA512_ASN1_SIGNING, Algorithm::EcdsaP521, oid::P521),
];

impl PrivateKey {
    /// Reads PKCS#8, PKCS#1 or SEC1, whichever it is.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, KeyFault> {
        let pair = match der::shape(der) {
            Shape::Pkcs8 { algorithm: oid::RSA, key, .. } => match der::shape(key) {
                Shape::Pkcs1 { modulus } => rsa_pair(modulus, || rsa::KeyPair::from_pkcs8(der))?,
                _ => return Err(KeyFault::Damaged("no RSA key inside".into())),
            },
            Shape::Pkcs8 { algorithm: oid::EC, parameters, .. } => ecdsa_pair(parameters, der)?,
            Shape::Pkcs8 { algorithm: oid::ED25519, .. } => {
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(damaged)?)
            }
            Shape::Pkcs8 { algorithm, .. } => return Err(KeyFault::Unsupported(oid::name(algorithm))),
            Shape::Pkcs1 { modulus } => rsa_pair(modulus, || rsa::KeyPair::from_der(der))?,
            Shape::Sec1 { curve } => ecdsa_pair(curve, der)?,
            Shape::EncryptedPkcs8 => return Err(KeyFault::Encrypted),
            Shape::Dsa => return Err(KeyFault::Unsupported("DSA".into())),
            _ => return Err(KeyFault::Damaged("its content is no PKCS#8, PKCS#1 or SEC1 key".into())),
        };
        Self::new(pair).map_err(|_| KeyFault::Damaged("it has no public half".into()))
    }

    /// Makes a new key from the system's randomness.
    ///
    /// # Errors
    /// The library's.
    pub fn generate(kind: KeyKind) -> Result<Self, Error> {
        let ecdsa = |signing, algorithm| Ok(Pair::Ecdsa(EcdsaKeyPair::generate(signing)?, algorithm));
        let rsa = |size| Ok(Pair::Rsa(rsa::KeyPair::generate(size)?));
        let pair = match kind {
            KeyKind::P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, Algorithm::EcdsaP256),
            KeyKind::P384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, Algorithm::EcdsaP384),
            KeyKind::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyKind::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyKind::Rsa4096 => rsa(KeySize::Rsa4096),
            KeyKind::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
        };
        pair.and_then(Self::new).map_err(|source: Unspecified| Error::Make { what: "key", source: Box::new(source) })
    }

    /// The key as PEM, PKCS#8; encrypted with AES-256 when there is a passphrase.
    ///
    /// # Errors
    /// The library's.
    pub fn to_pem(&self, passphrase: Option<&Passphrase>) -> Result<Zeroizing<String>, Error> {
        let clear = self.to_pkcs8()?;
        let Some(passphrase) = passphrase else { return Ok(pem::encode("PRIVATE KEY", &clear)) };
        let sealed = sealed::seal_key(sealed::Scheme::Modern, &clear, passphrase);
        let sealed = sealed.ok_or(Error::Make { what: "key file", source: "no randomness".into() })?;
        Ok(pem::encode("ENCRYPTED PRIVATE KEY", &sealed))
    }

    fn new(pair: Pair) -> Result<Self, Unspecified> {
        let info = |key: &dyn AsDer<PublicKeyX509Der<'static>>| key.as_der().map(|der| der.as_ref().to_vec());
        let public_key_info = match &pair {
            Pair::Rsa(pair) => info(pair.public_key())?,
            Pair::Ecdsa(pair, _) => info(pair.public_key())?,
            Pair::Ed25519(pair) => info(pair.public_key())?,
        };
        Ok(Self { pair, public_key_info })
    }

    /// The kind of key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.pair {
            Pair::Rsa(_) => Algorithm::Rsa,
            Pair::Ecdsa(_, algorithm) => *algorithm,
            Pair::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// Its strength as people name it: the RSA modulus, the curve's size.
    #[must_use]
    pub fn bits(&self) -> usize {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_modulus_len() * 8,
            Pair::Ecdsa(_, Algorithm::EcdsaP384) => 384,
            Pair::Ecdsa(_, Algorithm::EcdsaP521) => 521,
            Pair::Ecdsa(..) | Pair::Ed25519(_) => 256,
        }
    }

    /// The public half: DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    /// The public half as it stands inside of [`Self::public_key_info`]: a point, or `RSAPublicKey`.
    pub(crate) fn public_key(&self) -> &[u8] {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::Ecdsa(pair, _) => pair.public_key().as_ref(),
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }

    /// The TLS signature schemes this key can be used with, best first.
    #[must_use]
    pub fn schemes(&self) -> &'static [SignatureScheme] {
        use SignatureScheme as S;
        match self.algorithm() {
            Algorithm::Rsa => &[
                S::RSA_PSS_SHA256,
                S::RSA_PSS_SHA384,
                S::RSA_PSS_SHA512,
                S::RSA_PKCS1_SHA256,
                S::RSA_PKCS1_SHA384,
                S::RSA_PKCS1_SHA512,
            ],
            Algorithm::EcdsaP256 => &[S::ECDSA_NISTP256_SHA256],
            Algorithm::EcdsaP384 => &[S::ECDSA_NISTP384_SHA384],
            Algorithm::EcdsaP521 => &[S::ECDSA_NISTP521_SHA512],
            Algorithm::Ed25519 => &[S::ED25519],
        }
    }

    /// Signs a message with a TLS `SignatureScheme`, given as its number. The message is hashed here.
    ///
    /// # Errors
    /// [`Error::Scheme`] when the scheme does not fit the key.
    pub fn sign(&self, scheme: u16, message: &[u8]) -> Result<Vec<u8>, Error> {
        let named = SignatureScheme::from(scheme);
        if !self.schemes().contains(&named) {
            return Err(Error::Scheme { scheme, algorithm: self.algorithm() });
        }
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding = rsa_padding(named).ok_or(Error::Scheme { scheme, algorithm: Algorithm::Rsa })?;
                pair.sign(padding, &SystemRandom::new(), message, &mut signature).map(|()| signature)
            }
            Pair::Ecdsa(pair, _) => {
                pair.sign(&SystemRandom::new(), message).map(|signature| signature.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
        }
        .map_err(|_| Error::Signing)
    }

    /// As [`Self::sign`], for askers that are not trusted: anything but what a TLS server signs in a handshake is refused.
    ///
    /// # Errors
    /// [`Error::NotHandshake`], and those of [`Self::sign`].
    pub fn sign_handshake(&self, scheme: u16, message: &[u8]) -> Result<Vec<u8>, Error> {
        if is_tls_handshake_message(message) { self.sign(scheme, message) } else { Err(Error::NotHandshake) }
    }

    /// The key as PKCS#8, for files made here.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let failed = |source: Unspecified| Error::Make { what: "key file", source: Box::new(source) };
        let document = match &self.pair {
            Pair::Ecdsa(pair, _) => pair.to_pkcs8v1().map_err(failed)?,
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map_err(failed)?,
            Pair::Rsa(pair) => return pkcs8(pair).map_err(failed),
        };
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({self})")
    }
}

impl fmt::Display for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm() {
            Algorithm::Rsa => write!(f, "RSA {}", self.bits()),
            algorithm => algorithm.fmt(f),
        }
    }
}

fn pkcs8(pair: &rsa::KeyPair) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let document: Pkcs8V1Der<'static> = pair.as_der()?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

fn rsa_pair(modulus: &[u8], read: impl FnOnce() -> Result<rsa::KeyPair, KeyRejected>) -> Result<Pair, KeyFault> {
    match der::bits(modulus) {
        bits @ 0..2048 => Err(KeyFault::Weak(bits)),
        bits @ 8193.. => Err(KeyFault::Unsupported(format!("RSA with {bits} bits"))),
        _ => read().map(Pair::Rsa).map_err(damaged),
    }
}

fn ecdsa_pair(curve: Option<&[u8]>, der: &[u8]) -> Result<Pair, KeyFault> {
    if let Some(curve) = curve
        && !CURVES.iter().any(|(_, _, oid)| *oid == curve)
    {
        return Err(KeyFault::Unsupported(format!("ECDSA on {}", oid::name(curve))));
    }
    // A SEC1 key may leave out its curve: the smallest that its number fits is the one.
    let mut reason = "no curve fits".to_owned();
    for (signing, algorithm, _) in CURVES.iter().filter(|(_, _, oid)| curve.is_none_or(|curve| curve == *oid)) {
        match EcdsaKeyPair::from_private_key_der(signing, der) {
            Ok(pair) => return Ok(Pair::Ecdsa(pair, *algorithm)),
            Err(rejected) => reason = rejected.to_string(),
        }
    }
    Err(KeyFault::Damaged(reason))
}

fn damaged(rejected: KeyRejected) -> KeyFault {
    KeyFault::Damaged(rejected.to_string())
}

fn rsa_padding(scheme: SignatureScheme) -> Option<&'static RsaSignatureEncoding> {
    Some(match scheme {
        SignatureScheme::RSA_PSS_SHA256 => &RSA_PSS_SHA256,
        SignatureScheme::RSA_PSS_SHA384 => &RSA_PSS_SHA384,
        SignatureScheme::RSA_PSS_SHA512 => &RSA_PSS_SHA512,
        SignatureScheme::RSA_PKCS1_SHA256 => &RSA_PKCS1_SHA256,
        SignatureScheme::RSA_PKCS1_SHA384 => &RSA_PKCS1_SHA384,
        SignatureScheme::RSA_PKCS1_SHA512 => &RSA_PKCS1_SHA512,
        _ => return None,
    })
}
