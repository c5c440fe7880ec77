//! PBES2 (RFC 8018, 6.2): PBKDF2 or scrypt, then AES or 3DES in CBC mode.

use std::num::NonZeroU32;

use aws_lc_rs::{pbkdf2, rand};
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::{Fault, Sealed};
use crate::der::{elements, expect, number};
use crate::passphrase::Passphrase;
use crate::{limits, oid, tlv};

/// Of new files. A passphrase made here needs none, one that a person chose is slow to guess.
const ITERATIONS: u32 = 100_000;

/// Encrypts with AES-256 under PBKDF2 with HMAC-SHA-256, which OpenSSL, NSS, Java and Windows read.
pub(super) fn seal(clear: &[u8], passphrase: &Passphrase) -> Option<Sealed> {
    let (mut salt, mut vector) = ([0; 16], [0; 16]);
    rand::fill(&mut salt).and_then(|()| rand::fill(&mut vector)).ok()?;
    let cipher = Cipher::Aes256;
    let mut key = Zeroizing::new(vec![0; cipher.key_length()]);
    let rounds = NonZeroU32::new(ITERATIONS)?;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, passphrase.reveal().as_bytes(), &mut key);
    let hash = tlv::sequence(&[&tlv::oid(oid::HMAC_SHA256), &tlv::value(tlv::NULL, &[])]);
    let derivation = tlv::sequence(&[
        &tlv::oid(oid::PBKDF2),
        &tlv::sequence(&[&tlv::octets(&salt), &tlv::integer(ITERATIONS), &hash]),
    ]);
    let encryption = tlv::sequence(&[&tlv::oid(cipher.identifier()), &tlv::octets(&vector)]);
    let algorithm = tlv::sequence(&[&tlv::oid(oid::PBES2), &tlv::sequence(&[&derivation, &encryption])]);
    Some(Sealed { algorithm, text: cipher.encrypt(&key, &vector, clear)? })
}

/// Decrypts; `parameters` is what follows the algorithm's identifier.
pub(super) fn open(parameters: &[u8], text: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let parts = expect(parameters, tlv::SEQUENCE).and_then(elements).ok_or(Fault::Damaged)?;
    let [(tlv::SEQUENCE, derivation), (tlv::SEQUENCE, encryption)] = parts[..] else { return Err(Fault::Damaged) };
    let encryption = elements(encryption).ok_or(Fault::Damaged)?;
    let [(tlv::OID, cipher), (tlv::OCTETS, vector)] = encryption[..] else { return Err(unsupported(&encryption)) };
    let cipher = Cipher::of(cipher).ok_or_else(|| Fault::Unsupported(oid::name(cipher)))?;
    let key = derive(derivation, cipher.key_length(), passphrase)?;
    cipher.decrypt(&key, vector, text).ok_or(Fault::Wrong)
}

fn unsupported(encryption: &[(u8, &[u8])]) -> Fault {
    match encryption.first() {
        Some((tlv::OID, identifier)) => Fault::Unsupported(oid::name(identifier)),
        _ => Fault::Damaged,
    }
}

fn derive(derivation: &[u8], length: usize, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let parts = elements(derivation).ok_or(Fault::Damaged)?;
    let [(tlv::OID, kind), (tlv::SEQUENCE, parameters)] = parts[..] else { return Err(Fault::Damaged) };
    let parameters = elements(parameters).ok_or(Fault::Damaged)?;
    let mut key = Zeroizing::new(vec![0; length]);
    match kind {
        oid::PBKDF2 => by_pbkdf2(&parameters, passphrase, &mut key)?,
        oid::SCRYPT => by_scrypt(&parameters, passphrase, &mut key)?,
        other => return Err(Fault::Unsupported(oid::name(other))),
    }
    Ok(key)
}

fn by_pbkdf2(parameters: &[(u8, &[u8])], passphrase: &Passphrase, key: &mut [u8]) -> Result<(), Fault> {
    let [(tlv::OCTETS, salt), (tlv::INTEGER, iterations), rest @ ..] = parameters else { return Err(Fault::Damaged) };
    let rest = if let [(tlv::INTEGER, length), rest @ ..] = rest {
        if number(length) != Some(key.len() as u64) {
            return Err(Fault::Damaged);
        }
        rest
    } else {
        rest
    };
    let hash = match rest {
        [] => oid::HMAC_SHA1,
        [(tlv::SEQUENCE, algorithm)] => expect(algorithm, tlv::OID).ok_or(Fault::Damaged)?,
        _ => return Err(Fault::Damaged),
    };
    let algorithm = match hash {
        oid::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
        oid::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
        oid::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
        oid::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
        other => return Err(Fault::Unsupported(format!("PBKDF2 with {}", oid::name(other)))),
    };
    pbkdf2::derive(algorithm, super::rounds(iterations)?, salt, passphrase.reveal().as_bytes(), key);
    Ok(())
}

fn by_scrypt(parameters: &[(u8, &[u8])], passphrase: &Passphrase, key: &mut [u8]) -> Result<(), Fault> {
    let [(tlv::OCTETS, salt), (tlv::INTEGER, cost), (tlv::INTEGER, block), (tlv::INTEGER, lanes), ..] = parameters
    else {
        return Err(Fault::Damaged);
    };
    let all = number(cost).zip(number(block)).zip(number(lanes)).ok_or(Fault::Damaged)?;
    let ((cost, block), lanes) = all;
    if !cost.is_power_of_two() || cost < 2 || block == 0 || lanes == 0 {
        return Err(Fault::Damaged);
    }
    let memory = cost.checked_mul(block).and_then(|product| product.checked_mul(128));
    // The lanes run one after the other: their number is time.
    let work = memory.and_then(|memory| memory.checked_mul(lanes));
    if work.is_none_or(|work| work > limits::SCRYPT_BYTES) {
        return Err(Fault::Unsupported("scrypt with more memory or lanes than any tool writes".into()));
    }
    let params = scrypt::Params::new(cost.trailing_zeros() as u8, block as u32, lanes as u32);
    scrypt::scrypt(passphrase.reveal().as_bytes(), salt, &params.map_err(|_| Fault::Damaged)?, key)
        .map_err(|_| Fault::Damaged)
}
