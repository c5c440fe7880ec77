//! Keys behind a passphrase: PKCS#8 in the schemes that tools write, and OpenSSL's own older form.

mod cipher;
mod derive;
mod pbes2;
mod traditional;

use std::num::NonZeroU32;

use aws_lc_rs::{digest, rand};
use zeroize::Zeroizing;

use crate::der::{elements, expect, next, number};
use crate::passphrase::Passphrase;
use crate::{limits, oid, tlv};
use cipher::Cipher;
pub(crate) use derive::{Purpose, pkcs12};
pub(crate) use traditional::Dek;

/// How something is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// PBES2 with AES-256.
    Modern,
    /// PKCS#12's own 3DES scheme, for what reads nothing newer.
    TripleDes,
}

/// What was encrypted, and how: the two halves of `EncryptedPrivateKeyInfo` and of `EncryptedContentInfo`.
pub(crate) struct Sealed {
    /// DER `AlgorithmIdentifier`.
    pub(crate) algorithm: Vec<u8>,
    /// The ciphertext.
    pub(crate) text: Vec<u8>,
}

/// Why something encrypted stays closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The passphrase is wrong.
    Wrong,
    /// A scheme that is not known here.
    Unsupported(String),
    /// Not what the standards describe.
    Damaged,
}

/// Iterations of PKCS#12's own derivation, as OpenSSL and Java have it.
const OLD_ITERATIONS: u32 = 10_000;

/// Encrypts; none without randomness.
pub(crate) fn seal(scheme: Scheme, clear: &[u8], passphrase: &Passphrase) -> Option<Sealed> {
    if scheme == Scheme::Modern {
        return pbes2::seal(clear, passphrase);
    }
    let mut salt = [0; 8];
    rand::fill(&mut salt).ok()?;
    let (key, vector) = triple_des(passphrase, &salt, OLD_ITERATIONS);
    let parameters = tlv::sequence(&[&tlv::octets(&salt), &tlv::integer(OLD_ITERATIONS)]);
    let algorithm = tlv::sequence(&[&tlv::oid(oid::PKCS12_TRIPLE_DES), &parameters]);
    Some(Sealed { algorithm, text: Cipher::TripleDes.encrypt(&key, &vector, clear)? })
}

/// `EncryptedPrivateKeyInfo` around a PKCS#8 key.
pub(crate) fn seal_key(scheme: Scheme, pkcs8: &[u8], passphrase: &Passphrase) -> Option<Vec<u8>> {
    seal(scheme, pkcs8, passphrase).map(|sealed| tlv::sequence(&[&sealed.algorithm, &tlv::octets(&sealed.text)]))
}

/// The PKCS#8 key inside of `EncryptedPrivateKeyInfo`.
pub(crate) fn open_key(der: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let parts = expect(der, tlv::SEQUENCE).and_then(elements).ok_or(Fault::Damaged)?;
    let [(tlv::SEQUENCE, algorithm), (tlv::OCTETS, text)] = parts[..] else { return Err(Fault::Damaged) };
    let Some(((tlv::OID, kind), parameters)) = next(algorithm) else { return Err(Fault::Damaged) };
    let key = match kind {
        oid::PBES2 => pbes2::open(parameters, text, passphrase)?,
        oid::PKCS12_TRIPLE_DES => {
            let (salt, iterations) = salt_and_rounds(parameters)?;
            let (key, vector) = triple_des(passphrase, salt, iterations.get());
            Cipher::TripleDes.decrypt(&key, &vector, text).ok_or(Fault::Wrong)?
        }
        oid::PBE_MD5_DES | oid::PBE_SHA1_DES => {
            let (salt, iterations) = salt_and_rounds(parameters)?;
            let hash = if kind == oid::PBE_MD5_DES { derive::OldHash::Md5 } else { derive::OldHash::Sha1 };
            let derived = derive::pbkdf1(hash, passphrase.reveal().as_bytes(), salt, iterations.get());
            Cipher::Des.decrypt(&derived[..8], &derived[8..16], text).ok_or(Fault::Wrong)?
        }
        other => return Err(Fault::Unsupported(oid::name(other))),
    };
    // A wrong passphrase passes the padding once in 256 times; what comes out is no DER value then.
    let is_whole = next(&key).is_some_and(|((tag, _), rest)| tag == tlv::SEQUENCE && rest.is_empty());
    if is_whole { Ok(key) } else { Err(Fault::Wrong) }
}

fn triple_des(passphrase: &Passphrase, salt: &[u8], iterations: u32) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>) {
    let text = passphrase.to_bmp();
    let derive = |purpose, length| pkcs12(&digest::SHA1_FOR_LEGACY_USE_ONLY, &text, salt, iterations, purpose, length);
    (derive(Purpose::Key, 24), derive(Purpose::Vector, 8))
}

/// `PBEParameter` and `pkcs-12PbeParams`.
fn salt_and_rounds(parameters: &[u8]) -> Result<(&[u8], NonZeroU32), Fault> {
    let parts = expect(parameters, tlv::SEQUENCE).and_then(elements).ok_or(Fault::Damaged)?;
    let [(tlv::OCTETS, salt), (tlv::INTEGER, iterations)] = parts[..] else { return Err(Fault::Damaged) };
    Ok((salt, rounds(iterations)?))
}

pub(crate) fn rounds(integer: &[u8]) -> Result<NonZeroU32, Fault> {
    let rounds = number(integer).and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new);
    match rounds {
        Some(rounds) if rounds.get() <= limits::ITERATIONS => Ok(rounds),
        _ => Err(Fault::Unsupported("a derivation with more iterations than any tool writes".into())),
    }
}
