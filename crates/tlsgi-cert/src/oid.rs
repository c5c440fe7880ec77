//! Object identifiers as DER bytes, and their names for messages.

/// rsaEncryption.
pub(crate) const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// id-ecPublicKey.
pub(crate) const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
/// id-Ed25519.
pub(crate) const ED25519: &[u8] = b"\x2b\x65\x70";
/// prime256v1.
pub(crate) const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// secp384r1.
pub(crate) const P384: &[u8] = b"\x2b\x81\x04\x00\x22";
/// secp521r1.
pub(crate) const P521: &[u8] = b"\x2b\x81\x04\x00\x23";

/// md5WithRSAEncryption.
pub(crate) const MD5_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04";
/// sha1WithRSAEncryption.
pub(crate) const SHA1_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
/// The same by its older name.
pub(crate) const SHA1_RSA_OIW: &[u8] = b"\x2b\x0e\x03\x02\x1d";
/// ecdsa-with-SHA1.
pub(crate) const SHA1_ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";

/// sha256WithRSAEncryption.
pub(crate) const SHA256_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
/// ecdsa-with-SHA256.
pub(crate) const SHA256_ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
/// ecdsa-with-SHA384.
pub(crate) const SHA384_ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
/// ecdsa-with-SHA512.
pub(crate) const SHA512_ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x04";
/// id-at-commonName.
pub(crate) const COMMON_NAME: &[u8] = b"\x55\x04\x03";
/// id-at-organizationName.
pub(crate) const ORGANIZATION: &[u8] = b"\x55\x04\x0a";
/// subjectKeyIdentifier.
pub(crate) const SUBJECT_KEY: &[u8] = b"\x55\x1d\x0e";
/// keyUsage.
pub(crate) const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
/// subjectAltName.
pub(crate) const ALTERNATIVE_NAMES: &[u8] = b"\x55\x1d\x11";
/// basicConstraints.
pub(crate) const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
/// cRLNumber.
pub(crate) const CRL_NUMBER: &[u8] = b"\x55\x1d\x14";
/// reasonCode.
pub(crate) const CRL_REASON: &[u8] = b"\x55\x1d\x15";
/// authorityKeyIdentifier.
pub(crate) const AUTHORITY_KEY: &[u8] = b"\x55\x1d\x23";
/// extKeyUsage.
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
/// id-kp-serverAuth.
pub(crate) const SERVER_AUTH: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x01";
/// id-kp-clientAuth.
pub(crate) const CLIENT_AUTH: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x02";

/// PBES2 and its parts (RFC 8018).
pub(crate) const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
/// PBKDF2.
pub(crate) const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
/// scrypt (RFC 7914).
pub(crate) const SCRYPT: &[u8] = b"\x2b\x06\x01\x04\x01\xda\x47\x04\x0b";
/// hmacWithSHA1.
pub(crate) const HMAC_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x07";
/// hmacWithSHA256.
pub(crate) const HMAC_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x09";
/// hmacWithSHA384.
pub(crate) const HMAC_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0a";
/// hmacWithSHA512.
pub(crate) const HMAC_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b";
/// aes128-CBC-PAD.
pub(crate) const AES_128_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x02";
/// aes192-CBC-PAD.
pub(crate) const AES_192_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x16";
/// aes256-CBC-PAD.
pub(crate) const AES_256_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
/// des-EDE3-CBC.
pub(crate) const TRIPLE_DES_CBC: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x03\x07";
/// desCBC.
pub(crate) const DES_CBC: &[u8] = b"\x2b\x0e\x03\x02\x07";
/// pbeWithMD5AndDES-CBC.
pub(crate) const PBE_MD5_DES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x03";
/// pbeWithSHA1AndDES-CBC.
pub(crate) const PBE_SHA1_DES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0a";
/// pbeWithSHAAnd3-KeyTripleDES-CBC.
pub(crate) const PKCS12_TRIPLE_DES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03";
/// SHA-1.
pub(crate) const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
/// SHA-384.
pub(crate) const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
/// SHA-512.
pub(crate) const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
/// keyBag.
pub(crate) const KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
/// safeContentsBag.
pub(crate) const SAFE_CONTENTS_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x06";
/// nameConstraints.
pub(crate) const NAME_CONSTRAINTS: &[u8] = b"\x55\x1d\x1e";
/// cRLDistributionPoints.
pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = b"\x55\x1d\x1f";
/// SHA-256.
pub(crate) const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
/// id-data.
pub(crate) const PKCS7_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// id-encryptedData.
pub(crate) const PKCS7_ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
/// pkcs8ShroudedKeyBag.
pub(crate) const SHROUDED_KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
/// certBag.
pub(crate) const CERTIFICATE_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
/// x509Certificate.
pub(crate) const X509_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
/// friendlyName.
pub(crate) const FRIENDLY_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14";
/// localKeyId.
pub(crate) const LOCAL_KEY_ID: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15";

/// What people call the algorithm or curve; its numbers when it is unknown.
pub(crate) fn name(oid: &[u8]) -> String {
    let known = match oid {
        RSA => "RSA",
        EC => "ECDSA",
        ED25519 => "Ed25519",
        P256 => "P-256",
        P384 => "P-384",
        P521 => "P-521",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" => "RSASSA-PSS",
        b"\x2a\x86\x48\xce\x38\x04\x01" => "DSA",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01" => "Diffie-Hellman",
        b"\x2b\x65\x6e" => "X25519",
        b"\x2b\x65\x6f" => "X448",
        b"\x2b\x65\x71" => "Ed448",
        b"\x2b\x81\x04\x00\x0a" => "secp256k1",
        b"\x2b\x81\x04\x00\x21" => "secp224r1",
        b"\x2a\x86\x48\xce\x3d\x03\x01\x01" => "secp192r1",
        b"\x2b\x24\x03\x03\x02\x08\x01\x01\x07" => "brainpoolP256r1",
        b"\x2b\x24\x03\x03\x02\x08\x01\x01\x0b" => "brainpoolP384r1",
        b"\x2b\x24\x03\x03\x02\x08\x01\x01\x0d" => "brainpoolP512r1",
        b"\x60\x86\x48\x01\x65\x03\x04\x03\x11" => "ML-DSA-44",
        b"\x60\x86\x48\x01\x65\x03\x04\x03\x12" => "ML-DSA-65",
        b"\x60\x86\x48\x01\x65\x03\x04\x03\x13" => "ML-DSA-87",
        b"\x60\x86\x48\x01\x65\x03\x04\x01\x06" => "AES-128-GCM",
        b"\x60\x86\x48\x01\x65\x03\x04\x01\x2e" => "AES-256-GCM",
        b"\x2a\x86\x48\x86\xf7\x0d\x03\x02" => "RC2",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x01" | b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x02" => "RC4",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x05" | b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06" => "RC2",
        _ => return numbers(oid),
    };
    known.to_owned()
}

fn numbers(oid: &[u8]) -> String {
    let mut arcs = Vec::new();
    let mut arc = 0u64;
    for &byte in oid.iter().take(64) {
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    let Some((&first, rest)) = arcs.split_first() else { return "an unnamed algorithm".to_owned() };
    let root = (first / 40).min(2);
    rest.iter().fold(format!("{root}.{}", first - root * 40), |text, arc| format!("{text}.{arc}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_identifiers_are_shown_as_numbers() {
        assert_eq!(name(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x7f"), "1.2.840.113549.1.1.127");
        assert_eq!(name(b""), "an unnamed algorithm");
        assert_eq!(name(&[0xff; 200]), "an unnamed algorithm");
    }
}
