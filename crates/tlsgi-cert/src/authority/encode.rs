//! Certificates and revocation lists as DER (RFC 5280), signed by a key. The issuer's name is taken over byte for byte: a name
//! that is put together anew may differ from the one that clients compare it with.

use aws_lc_rs::digest::{self, digest};
use rustls::SignatureScheme;
use time::OffsetDateTime;
use time::macros::format_description;

use super::Purpose;
use super::identity::Identity;
use crate::error::Error;
use crate::key::{Algorithm, PrivateKey};
use crate::{oid, tlv};

const BOOLEAN_TRUE: &[u8] = &[0x01, 0x01, 0xff];
const UTF8_STRING: u8 = 0x0c;
const BIT_STRING: u8 = 0x03;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const EXPLICIT_3: u8 = 0xa3;
const URI: u8 = 0x86;

/// What a certificate says.
pub(super) struct Certificate<'a> {
    /// Big end first, positive.
    pub(super) serial: &'a [u8],
    /// DER `Name`.
    pub(super) issuer: &'a [u8],
    /// DER `Name`.
    pub(super) subject: &'a [u8],
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    /// DER `SubjectPublicKeyInfo`.
    pub(super) public_key_info: &'a [u8],
    pub(super) extensions: Vec<Vec<u8>>,
}

impl Certificate<'_> {
    pub(super) fn sign(&self, key: &PrivateKey) -> Result<Vec<u8>, Error> {
        let algorithm = signature_algorithm(key.algorithm());
        let extensions: Vec<_> = self.extensions.iter().map(Vec::as_slice).collect();
        let validity = tlv::sequence(&[&moment(self.not_before)?, &moment(self.not_after)?]);
        let inside = tlv::sequence(&[
            &tlv::value(tlv::EXPLICIT_0, &[&tlv::integer(2)]),
            &serial(self.serial),
            &algorithm,
            self.issuer,
            &validity,
            self.subject,
            self.public_key_info,
            &tlv::value(EXPLICIT_3, &[&tlv::sequence(&extensions)]),
        ]);
        signed(&inside, &algorithm, key)
    }
}

/// A revocation list.
pub(super) struct RevocationList<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) issuer_key: &'a [u8],
    pub(super) number: u64,
    pub(super) this_update: OffsetDateTime,
    pub(super) next_update: OffsetDateTime,
    /// Serial, time, reason code of RFC 5280, 5.3.1; 0 is left out.
    pub(super) revoked: Vec<(Vec<u8>, OffsetDateTime, u8)>,
}

impl RevocationList<'_> {
    pub(super) fn sign(&self, key: &PrivateKey) -> Result<Vec<u8>, Error> {
        let algorithm = signature_algorithm(key.algorithm());
        let mut entries = Vec::new();
        for (number, at, reason) in &self.revoked {
            let reason = match reason {
                0 => Vec::new(),
                code => tlv::sequence(&[&extension(oid::CRL_REASON, false, &tlv::value(0x0a, &[&[*code]]))]),
            };
            entries.extend(tlv::sequence(&[&serial(number), &moment(*at)?, &reason]));
        }
        // An empty list of entries must be absent.
        let entries = if entries.is_empty() { entries } else { tlv::sequence(&[&entries]) };
        let number = extension(oid::CRL_NUMBER, false, &serial(&self.number.to_be_bytes()));
        let extensions = tlv::sequence(&[&authority_key(self.issuer_key), &number]);
        let inside = tlv::sequence(&[
            &tlv::integer(1),
            &algorithm,
            self.issuer,
            &moment(self.this_update)?,
            &moment(self.next_update)?,
            &entries,
            &tlv::value(tlv::EXPLICIT_0, &[&extensions]),
        ]);
        signed(&inside, &algorithm, key)
    }
}

fn signed(inside: &[u8], algorithm: &[u8], key: &PrivateKey) -> Result<Vec<u8>, Error> {
    use SignatureScheme as S;
    let scheme = match key.algorithm() {
        Algorithm::Rsa => S::RSA_PKCS1_SHA256,
        Algorithm::EcdsaP256 => S::ECDSA_NISTP256_SHA256,
        Algorithm::EcdsaP384 => S::ECDSA_NISTP384_SHA384,
        Algorithm::EcdsaP521 => S::ECDSA_NISTP521_SHA512,
        Algorithm::Ed25519 => S::ED25519,
    };
    let signature = key.sign(scheme.into(), inside)?;
    Ok(tlv::sequence(&[inside, algorithm, &tlv::value(BIT_STRING, &[&[0], &signature])]))
}

fn signature_algorithm(algorithm: Algorithm) -> Vec<u8> {
    match algorithm {
        Algorithm::Rsa => tlv::sequence(&[&tlv::oid(oid::SHA256_RSA), &tlv::value(tlv::NULL, &[])]),
        Algorithm::EcdsaP256 => tlv::sequence(&[&tlv::oid(oid::SHA256_ECDSA)]),
        Algorithm::EcdsaP384 => tlv::sequence(&[&tlv::oid(oid::SHA384_ECDSA)]),
        Algorithm::EcdsaP521 => tlv::sequence(&[&tlv::oid(oid::SHA512_ECDSA)]),
        Algorithm::Ed25519 => tlv::sequence(&[&tlv::oid(oid::ED25519)]),
    }
}

/// A serial or other number of any length that is not negative.
fn serial(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count().min(bytes.len().saturating_sub(1));
    let bytes = &bytes[zeros..];
    let sign: &[u8] = if bytes.first().is_some_and(|first| first & 0x80 == 0) { &[] } else { &[0] };
    tlv::value(tlv::INTEGER, &[sign, bytes])
}

/// `UTCTime` until 2049, then `GeneralizedTime`; whole seconds.
fn moment(at: OffsetDateTime) -> Result<Vec<u8>, Error> {
    let at = at.to_offset(time::UtcOffset::UTC);
    let failed = |source: time::error::Format| Error::Make { what: "time in a certificate", source: Box::new(source) };
    let text = at.format(format_description!("[year][month][day][hour][minute][second]Z")).map_err(failed)?;
    match at.year() {
        1950..=2049 => Ok(tlv::value(UTC_TIME, &[&text.as_bytes()[2..]])),
        _ => Ok(tlv::value(GENERALIZED_TIME, &[text.as_bytes()])),
    }
}

/// A distinguished name of an organisation and a common name.
pub(super) fn name(organization: Option<&str>, common: &str) -> Vec<u8> {
    let part = |kind: &[u8], text: &str| {
        let attribute = tlv::sequence(&[&tlv::oid(kind), &tlv::value(UTF8_STRING, &[text.as_bytes()])]);
        tlv::value(tlv::SET, &[&attribute])
    };
    let organization = organization.map(|text| part(oid::ORGANIZATION, text)).unwrap_or_default();
    tlv::sequence(&[&organization, &part(oid::COMMON_NAME, common)])
}

/// The key inside of `SubjectPublicKeyInfo`: the bits of its last element.
pub(super) fn public_key(info: &[u8]) -> &[u8] {
    let parts = crate::der::expect(info, tlv::SEQUENCE).and_then(crate::der::elements).unwrap_or_default();
    match parts[..] {
        [_, (BIT_STRING, bits)] => bits.get(1..).unwrap_or(info),
        _ => info,
    }
}

/// The identifier of a public key: the first 160 bits of its SHA-256 (RFC 7093, 2).
pub(super) fn key_identifier(public_key: &[u8]) -> Vec<u8> {
    digest(&digest::SHA256, public_key).as_ref()[..20].to_vec()
}

fn extension(kind: &[u8], is_critical: bool, content: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { BOOLEAN_TRUE } else { &[] };
    tlv::sequence(&[&tlv::oid(kind), critical, &tlv::octets(content)])
}

fn authority_key(identifier: &[u8]) -> Vec<u8> {
    extension(oid::AUTHORITY_KEY, false, &tlv::sequence(&[&tlv::value(tlv::IMPLICIT_0, &[identifier])]))
}

/// The extensions of an authority that issues to servers and clients, and to no authority below it. `constraints`: DER `NameConstraints`.
pub(super) fn of_authority(identifier: &[u8], constraints: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut extensions = vec![
        extension(oid::BASIC_CONSTRAINTS, true, &tlv::sequence(&[BOOLEAN_TRUE, &tlv::integer(0)])),
        // keyCertSign, cRLSign
        extension(oid::KEY_USAGE, true, &tlv::value(BIT_STRING, &[&[1, 0x06]])),
        extension(oid::SUBJECT_KEY, false, &tlv::octets(identifier)),
    ];
    extensions.extend(constraints.map(|constraints| extension(oid::NAME_CONSTRAINTS, true, constraints)));
    extensions
}

/// `CRLDistributionPoints` with one place.
pub(super) fn list_at(url: &str) -> Vec<u8> {
    let name = tlv::value(URI, &[url.as_bytes()]);
    let point = tlv::sequence(&[&tlv::value(tlv::EXPLICIT_0, &[&tlv::value(tlv::EXPLICIT_0, &[&name])])]);
    extension(oid::CRL_DISTRIBUTION_POINTS, false, &tlv::sequence(&[&point]))
}

/// The extensions of a leaf.
pub(super) fn of_leaf(
    purpose: Purpose,
    names: &[Identity],
    is_rsa: bool,
    identifier: &[u8],
    issuer_identifier: &[u8],
) -> Vec<Vec<u8>> {
    // digitalSignature; keyEncipherment where old clients of RSA look for it.
    let usage: &[u8] = if is_rsa && purpose == Purpose::Server { &[5, 0xa0] } else { &[7, 0x80] };
    let purpose = match purpose {
        Purpose::Server => oid::SERVER_AUTH,
        Purpose::Client => oid::CLIENT_AUTH,
    };
    let names: Vec<u8> = names.iter().flat_map(Identity::der).collect();
    vec![
        extension(oid::BASIC_CONSTRAINTS, true, &tlv::sequence(&[])),
        extension(oid::KEY_USAGE, true, &tlv::value(BIT_STRING, &[usage])),
        extension(oid::EXTENDED_KEY_USAGE, false, &tlv::sequence(&[&tlv::oid(purpose)])),
        extension(oid::SUBJECT_KEY, false, &tlv::octets(identifier)),
        authority_key(issuer_identifier),
        extension(oid::ALTERNATIVE_NAMES, false, &tlv::sequence(&[&names])),
    ]
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_change_their_form_in_2050() {
        let text = |at| moment(at).map(|der| (der[0], String::from_utf8_lossy(&der[2..]).into_owned())).ok();
        assert_eq!(text(datetime!(2049-12-31 23:59:59 UTC)), Some((UTC_TIME, "491231235959Z".into())));
        assert_eq!(text(datetime!(2050-01-01 00:00 UTC)), Some((GENERALIZED_TIME, "20500101000000Z".into())));
        assert_eq!(text(datetime!(2027-01-01 01:30 +05:45)), Some((UTC_TIME, "261231194500Z".into())));
    }

    #[test]
    fn numbers_are_positive_and_short() {
        assert_eq!(serial(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(serial(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(serial(&[0, 0]), [2, 1, 0]);
    }
}
