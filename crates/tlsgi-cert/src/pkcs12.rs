//! PKCS#12 files (RFC 7292): a key with its chain in one file, as browsers, keychains and Java import it.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{digest, hmac, rand};
use rustls_pki_types::CertificateDer;

use crate::error::Error;
use crate::key::PrivateKey;
use crate::passphrase::Passphrase;
use crate::sealed::{self, Purpose, Scheme};
use crate::{oid, tlv};

/// How a file is encrypted. In words: `modern`; `apple` and `legacy` for the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pkcs12Form {
    /// AES-256 (PBES2) and HMAC-SHA-256: OpenSSL 1.1.1, Java 12 (8u301), NSS, Windows 10 1809 and later.
    #[default]
    Modern,
    /// 3DES and HMAC-SHA-1: what macOS, iOS and Android import without a doubt, and older Windows.
    Legacy,
}

impl FromStr for Pkcs12Form {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "modern" => Ok(Self::Modern),
            "apple" | "legacy" => Ok(Self::Legacy),
            _ => Err("the forms are `modern`, `apple` and `legacy`"),
        }
    }
}

impl fmt::Display for Pkcs12Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Modern => "modern",
            Self::Legacy => "legacy",
        })
    }
}

/// Iterations of the key of the checksum.
const MAC_ITERATIONS: u32 = 10_000;

/// A file with a key and its chain, leaf first. `name` is what importers show for it.
///
/// # Errors
/// The library's: no randomness, or a key that it cannot write.
pub fn pkcs12(
    key: &PrivateKey,
    chain: &[CertificateDer<'_>],
    name: &str,
    passphrase: &Passphrase,
    form: Pkcs12Form,
) -> Result<Vec<u8>, Error> {
    let scheme = match form {
        Pkcs12Form::Modern => Scheme::Modern,
        Pkcs12Form::Legacy => Scheme::TripleDes,
    };
    let failed = || Error::Make { what: "PKCS#12 file", source: "no randomness".into() };
    // Ties the key to its certificate; any bytes do, importers expect this hash.
    let leaf = chain.first().ok_or(Error::Make { what: "PKCS#12 file", source: "no certificate".into() })?;
    let tie = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, leaf);
    let own = attributes(name, tie.as_ref());
    let bag = |position: usize, certificate: &CertificateDer<'_>| {
        certificate_bag(certificate, if position == 0 { &own } else { &[] })
    };
    let bags: Vec<_> = chain.iter().enumerate().map(|(position, certificate)| bag(position, certificate)).collect();
    let certificates = tlv::sequence(&bags.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let sealed = sealed::seal(scheme, &certificates, passphrase).ok_or_else(failed)?;
    let key = sealed::seal_key(scheme, &key.to_pkcs8()?, passphrase).ok_or_else(failed)?;
    let keys = tlv::sequence(&[&safe_bag(oid::SHROUDED_KEY_BAG, &key, &own)]);
    let safe = tlv::sequence(&[&encrypted(&sealed), &data(&keys)]);
    let mac = checksum(&safe, passphrase, form).ok_or_else(failed)?;
    Ok(tlv::sequence(&[&tlv::integer(3), &data(&safe), &mac]))
}

/// `ContentInfo` of type data.
fn data(content: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::oid(oid::PKCS7_DATA), &tlv::value(tlv::EXPLICIT_0, &[&tlv::octets(content)])])
}

/// `ContentInfo` of type encryptedData.
fn encrypted(sealed: &sealed::Sealed) -> Vec<u8> {
    let text = tlv::value(tlv::IMPLICIT_0, &[&sealed.text]);
    let content = tlv::sequence(&[&tlv::oid(oid::PKCS7_DATA), &sealed.algorithm, &text]);
    let content = tlv::sequence(&[&tlv::integer(0), &content]);
    tlv::sequence(&[&tlv::oid(oid::PKCS7_ENCRYPTED_DATA), &tlv::value(tlv::EXPLICIT_0, &[&content])])
}

fn certificate_bag(certificate: &[u8], attributes: &[u8]) -> Vec<u8> {
    let content = tlv::value(tlv::EXPLICIT_0, &[&tlv::octets(certificate)]);
    safe_bag(oid::CERTIFICATE_BAG, &tlv::sequence(&[&tlv::oid(oid::X509_CERTIFICATE), &content]), attributes)
}

fn safe_bag(kind: &[u8], content: &[u8], attributes: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::oid(kind), &tlv::value(tlv::EXPLICIT_0, &[content]), attributes])
}

/// `friendlyName` and `localKeyId`, sorted as DER wants a set.
fn attributes(name: &str, tie: &[u8]) -> Vec<u8> {
    let attribute = |kind: &[u8], content: &[u8]| tlv::sequence(&[&tlv::oid(kind), &tlv::value(tlv::SET, &[content])]);
    let name: Vec<u8> = name.encode_utf16().take(256).flat_map(u16::to_be_bytes).collect();
    let mut both = [
        attribute(oid::FRIENDLY_NAME, &tlv::value(tlv::BMP_STRING, &[&name])),
        attribute(oid::LOCAL_KEY_ID, &tlv::octets(tie)),
    ];
    both.sort();
    tlv::value(tlv::SET, &[&both[0], &both[1]])
}

/// `MacData` over the content.
fn checksum(safe: &[u8], passphrase: &Passphrase, form: Pkcs12Form) -> Option<Vec<u8>> {
    let (hash, mac, identifier) = match form {
        Pkcs12Form::Modern => (&digest::SHA256, hmac::HMAC_SHA256, oid::SHA256),
        Pkcs12Form::Legacy => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, oid::SHA1),
    };
    let mut salt = [0; 16];
    rand::fill(&mut salt).ok()?;
    let text = passphrase.to_bmp();
    let key = sealed::pkcs12(hash, &text, &salt, MAC_ITERATIONS, Purpose::Mac, hash.output_len());
    let tag = hmac::sign(&hmac::Key::new(mac, &key), safe);
    let algorithm = tlv::sequence(&[&tlv::oid(identifier), &tlv::value(tlv::NULL, &[])]);
    let digest = tlv::sequence(&[&algorithm, &tlv::octets(tag.as_ref())]);
    Some(tlv::sequence(&[&digest, &tlv::octets(&salt), &tlv::integer(MAC_ITERATIONS)]))
}
