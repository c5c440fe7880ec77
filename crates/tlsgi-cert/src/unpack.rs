//! PKCS#12 files (RFC 7292) opened: the key and the certificates in them. What is damaged or strange is refused, never guessed.

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

use crate::der::{Element, expect, next};
use crate::passphrase::Passphrase;
use crate::sealed::{self, Fault, Purpose};
use crate::{oid, tlv};

/// Most elements of a list that are looked at, and deepest bag in a bag.
const MOST: usize = 256;
const DEEPEST: usize = 4;

/// What a container holds.
#[derive(Default)]
pub(crate) struct Unpacked {
    pub(crate) certificates: Vec<Vec<u8>>,
    /// PKCS#8.
    pub(crate) keys: Vec<Zeroizing<Vec<u8>>>,
}

/// Opens a container. Its checksum is verified before anything in it is believed.
pub(crate) fn unpack(der: &[u8], passphrase: &Passphrase) -> Result<Unpacked, Fault> {
    let parts = list(expect(der, tlv::SEQUENCE))?;
    let [(tlv::INTEGER, [3]), (tlv::SEQUENCE, safe), rest @ ..] = &parts[..] else { return Err(Fault::Damaged) };
    let (kind, content) = content_info(safe)?;
    if kind != oid::PKCS7_DATA {
        return Err(Fault::Unsupported("a container that is signed instead of protected by a passphrase".into()));
    }
    let safe = expect(content, tlv::OCTETS).ok_or(Fault::Damaged)?;
    if let Some((tlv::SEQUENCE, mac)) = rest.first() {
        check(mac, safe, passphrase)?;
    }
    let mut found = Unpacked::default();
    for (_, info) in list(expect(safe, tlv::SEQUENCE))? {
        let (kind, content) = content_info(info)?;
        match kind {
            oid::PKCS7_DATA => found.add(expect(content, tlv::OCTETS).ok_or(Fault::Damaged)?, passphrase, 0)?,
            oid::PKCS7_ENCRYPTED_DATA => found.add(&decrypt(content, passphrase)?, passphrase, 0)?,
            other => return Err(Fault::Unsupported(oid::name(other))),
        }
    }
    Ok(found)
}

impl Unpacked {
    /// `SafeContents`.
    fn add(&mut self, bags: &[u8], passphrase: &Passphrase, depth: usize) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err(Fault::Damaged);
        }
        for (_, bag) in list(expect(bags, tlv::SEQUENCE))? {
            let (kind, content) = content_info(bag)?;
            match kind {
                oid::KEY_BAG => self.keys.push(Zeroizing::new(first(content)?.to_vec())),
                oid::SHROUDED_KEY_BAG => self.keys.push(sealed::open_key(content, passphrase)?),
                oid::CERTIFICATE_BAG => self.certificates.extend(certificate(content)?),
                oid::SAFE_CONTENTS_BAG => self.add(content, passphrase, depth + 1)?,
                // Revocation lists and secrets are nothing to serve.
                _ => {}
            }
        }
        Ok(())
    }
}

/// The certificate of a bag; none of the kind that is no X.509.
fn certificate(content: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    let (kind, content) = content_info(expect(content, tlv::SEQUENCE).ok_or(Fault::Damaged)?)?;
    let der = expect(content, tlv::OCTETS).ok_or(Fault::Damaged)?;
    Ok((kind == oid::X509_CERTIFICATE).then(|| der.to_vec()))
}

/// An object identifier and what is in the `[0]` behind it, as `ContentInfo`, `SafeBag` and `CertBag` have it.
fn content_info(der: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let ((tag, kind), rest) = next(der).ok_or(Fault::Damaged)?;
    let content = expect(rest, tlv::EXPLICIT_0).filter(|_| tag == tlv::OID).ok_or(Fault::Damaged)?;
    Ok((kind, content))
}

/// The content of `EncryptedData`.
fn decrypt(content: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let parts = list(expect(content, tlv::SEQUENCE))?;
    let [(tlv::INTEGER, _), (tlv::SEQUENCE, info), ..] = parts[..] else { return Err(Fault::Damaged) };
    let parts = list(Some(info))?;
    let [(tlv::OID, oid::PKCS7_DATA), (tlv::SEQUENCE, algorithm), (tlv::IMPLICIT_0, text), ..] = parts[..] else {
        return Err(Fault::Damaged);
    };
    // The same two parts as those of an encrypted key.
    sealed::open_key(&tlv::sequence(&[&tlv::sequence(&[algorithm]), &tlv::octets(text)]), passphrase)
}

/// `MacData` (RFC 7292, 4).
fn check(mac: &[u8], safe: &[u8], passphrase: &Passphrase) -> Result<(), Fault> {
    let parts = list(Some(mac))?;
    let [(tlv::SEQUENCE, info), (tlv::OCTETS, salt), ref rest @ ..] = parts[..] else { return Err(Fault::Damaged) };
    let iterations = match rest {
        [] => 1,
        [(tlv::INTEGER, number)] => sealed::rounds(number)?.get(),
        _ => return Err(Fault::Damaged),
    };
    let parts = list(Some(info))?;
    let [(tlv::SEQUENCE, algorithm), (tlv::OCTETS, tag)] = parts[..] else { return Err(Fault::Damaged) };
    let ((_, kind), _) = next(algorithm).ok_or(Fault::Damaged)?;
    let (hash, mac) = match kind {
        oid::SHA1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        oid::SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
        oid::SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
        oid::SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
        other => return Err(Fault::Unsupported(oid::name(other))),
    };
    let key = sealed::pkcs12(hash, &passphrase.to_bmp(), salt, iterations, Purpose::Mac, hash.output_len());
    hmac::verify(&hmac::Key::new(mac, &key), safe, tag).map_err(|_| Fault::Wrong)
}

/// All elements of a list's content.
fn list(content: Option<&[u8]>) -> Result<Vec<Element<'_>>, Fault> {
    let mut rest = content.ok_or(Fault::Damaged)?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (element, behind) = next(rest).ok_or(Fault::Damaged)?;
        found.push(element);
        rest = behind;
        if found.len() > MOST {
            return Err(Fault::Damaged);
        }
    }
    Ok(found)
}

/// The first value with its header, which is all there should be.
fn first(der: &[u8]) -> Result<&[u8], Fault> {
    let (_, rest) = next(der).ok_or(Fault::Damaged)?;
    Ok(&der[..der.len() - rest.len()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls_pki_types::CertificateDer;

    use super::*;
    use crate::{KeyKind, Pkcs12Form, PrivateKey, pkcs12};

    fn packed(form: Pkcs12Form, passphrase: &Passphrase) -> Vec<u8> {
        let key = PrivateKey::generate(KeyKind::P256).expect("a key");
        let chain = [CertificateDer::from(vec![0x30, 3, 2, 1, 1]), CertificateDer::from(vec![0x30, 3, 2, 1, 2])];
        pkcs12(&key, &chain, "name", passphrase, form).expect("packed")
    }

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.as_bytes()).expect("a passphrase")
    }

    #[test]
    fn what_was_packed_comes_out() {
        let right = passphrase("sesam");
        for form in [Pkcs12Form::Modern, Pkcs12Form::Legacy] {
            let file = packed(form, &right);
            let found = unpack(&file, &right).expect("opens");
            assert_eq!((found.keys.len(), found.certificates.len()), (1, 2));
            assert_eq!(found.certificates[1], [0x30, 3, 2, 1, 2]);
            assert!(PrivateKey::from_der(&found.keys[0]).is_ok());
            assert_eq!(unpack(&file, &passphrase("other")).err(), Some(Fault::Wrong));
            assert_eq!(unpack(&file, &Passphrase::none()).err(), Some(Fault::Wrong));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_changed_byte_is_noticed(at in 0_usize..400, change in 1_u8..) {
            let right = passphrase("sesam");
            let mut file = packed(Pkcs12Form::Legacy, &right);
            let content = file.len() - 60;
            file[30 + at % (content - 30)] ^= change;
            prop_assert!(unpack(&file, &right).is_err());
        }

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            _ = unpack(&bytes, &Passphrase::none());
        }
    }
}
