//! What a certificate says about its holder, for applications and for rules about who is let in.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Version};

use super::distinguished::DistinguishedName;
use crate::der::unsigned;
use crate::facts::address;

/// Most alternative names that are read.
const MOST_NAMES: usize = 256;

/// What a certificate says.
#[derive(Debug, Clone)]
pub struct Identity {
    /// X.509 version, 1 or 3.
    pub version: u32,
    /// Serial number, big-endian, without leading zeros; one zero for 0.
    pub serial: Vec<u8>,
    /// The holder.
    pub subject: DistinguishedName,
    /// Who vouches for it.
    pub issuer: DistinguishedName,
    /// Start of validity.
    pub not_before: OffsetDateTime,
    /// End of validity.
    pub not_after: OffsetDateTime,
    /// DNS names among the alternative names, as they stand there.
    pub dns: Vec<String>,
    /// Mail addresses.
    pub emails: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// User principal names of Windows (`otherName` 1.3.6.1.4.1.311.20.2.3).
    pub principals: Vec<String>,
    /// Service names (`otherName` of RFC 4985).
    pub services: Vec<String>,
    /// OpenSSL's long name of the key's kind.
    pub key_algorithm: String,
    /// OpenSSL's long name of the signature's algorithm.
    pub signature_algorithm: String,
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// SHA-256 of the public key with its algorithm (RFC 7469 2.4).
    pub key_pin: [u8; 32],
}

impl Identity {
    /// Reads a certificate; `None` when it is none.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut identity = Self {
            version: if certificate.version() == X509Version::V1 { 1 } else { certificate.version().0 + 1 },
            serial: serial(&certificate),
            subject: DistinguishedName::of(certificate.subject()),
            issuer: DistinguishedName::of(certificate.issuer()),
            not_before: certificate.validity().not_before.to_datetime(),
            not_after: certificate.validity().not_after.to_datetime(),
            dns: Vec::new(),
            emails: Vec::new(),
            uris: Vec::new(),
            addresses: Vec::new(),
            principals: Vec::new(),
            services: Vec::new(),
            key_algorithm: long_name(&certificate.public_key().algorithm.algorithm.to_id_string()),
            signature_algorithm: long_name(&certificate.signature_algorithm.algorithm.to_id_string()),
            fingerprint: sha256(der),
            key_pin: sha256(certificate.public_key().raw),
        };
        if let Ok(Some(names)) = certificate.subject_alternative_name() {
            names.value.general_names.iter().take(MOST_NAMES).for_each(|name| identity.add(name));
        }
        Some(identity)
    }

    fn add(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::DNSName(name) => self.dns.push((*name).to_owned()),
            GeneralName::RFC822Name(address) => self.emails.push((*address).to_owned()),
            GeneralName::URI(uri) => self.uris.push((*uri).to_owned()),
            GeneralName::IPAddress(bytes) => self.addresses.extend(address(bytes)),
            GeneralName::OtherName(kind, value) => {
                let list = match kind.to_id_string().as_str() {
                    "1.3.6.1.4.1.311.20.2.3" => &mut self.principals,
                    "1.3.6.1.5.5.7.8.7" => &mut self.services,
                    _ => return,
                };
                list.extend(crate::der::wrapped_text(value));
            }
            _ => {}
        }
    }

    /// The serial number in hexadecimal, as logs and error pages show it.
    #[must_use]
    pub fn serial_text(&self) -> String {
        hexadecimal(&self.serial)
    }
}

/// The serial number of a certificate in hexadecimal; `None` when it is no certificate.
#[must_use]
pub fn serial_text(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(hexadecimal(&serial(&certificate)))
}

fn serial(certificate: &X509Certificate<'_>) -> Vec<u8> {
    let bare = unsigned(certificate.raw_serial());
    if bare.is_empty() { vec![0] } else { bare.to_vec() }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().take(64).map(|byte| format!("{byte:02X}")).collect()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// OpenSSL's long name of an algorithm; its number when it has none here.
fn long_name(id: &str) -> String {
    let known = match id {
        "1.2.840.113549.1.1.1" => "rsaEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.10045.2.1" => "id-ecPublicKey",
        "1.3.101.112" => "ED25519",
        "1.3.101.113" => "ED448",
        "1.2.840.10040.4.1" => "dsaEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        other => other,
    };
    known.to_owned()
}
