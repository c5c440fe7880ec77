//! Just enough DER to tell what a binary blob is. Not a parser of certificates.

/// What a DER value looks like from its outermost elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    /// `PrivateKeyInfo`: the algorithm's OID, its parameters' OID when they are one, and the wrapped key.
    Pkcs8 { algorithm: &'a [u8], parameters: Option<&'a [u8]>, key: &'a [u8] },
    /// `EncryptedPrivateKeyInfo`.
    EncryptedPkcs8,
    /// `RSAPrivateKey`: its modulus.
    Pkcs1 { modulus: &'a [u8] },
    /// `ECPrivateKey`: its curve's OID where it is named.
    Sec1 { curve: Option<&'a [u8]> },
    /// `DSAPrivateKey` of OpenSSL.
    Dsa,
    /// `SubjectPublicKeyInfo`.
    PublicKey,
    /// `PFX`.
    Pkcs12,
    /// `ContentInfo` of PKCS#7.
    Pkcs7,
    /// Three elements, as certificates and requests have.
    Signed,
    /// None of these.
    Unknown,
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;

/// Tells what `der` is.
pub(crate) fn shape(der: &[u8]) -> Shape<'_> {
    outline(der).unwrap_or(Shape::Unknown)
}

fn outline(der: &[u8]) -> Option<Shape<'_>> {
    let elements = elements(expect(der, SEQUENCE)?)?;
    Some(match elements[..] {
        [(INTEGER, [0 | 1]), (SEQUENCE, algorithm), (OCTETS, key), ..] => {
            let (algorithm, rest) =
                next(algorithm).and_then(|((tag, oid), rest)| (tag == OID).then_some((oid, rest)))?;
            Shape::Pkcs8 { algorithm, parameters: expect(rest, OID), key }
        }
        [(INTEGER, [1]), (OCTETS, _), ref rest @ ..] => {
            let curve = rest.iter().find(|(tag, _)| *tag == CONTEXT_0).and_then(|(_, value)| expect(value, OID));
            Shape::Sec1 { curve }
        }
        [(INTEGER, [0]), (INTEGER, modulus), (INTEGER, _), (INTEGER, _), (INTEGER, _), (INTEGER, _)]
            if modulus.len() > 1 =>
        {
            Shape::Dsa
        }
        [(INTEGER, [0 | 1]), (INTEGER, modulus), (INTEGER, _), ..] => Shape::Pkcs1 { modulus },
        [(INTEGER, [3]), (SEQUENCE, _), ..] => Shape::Pkcs12,
        [(SEQUENCE, _), (OCTETS, _)] => Shape::EncryptedPkcs8,
        [(SEQUENCE, _), (BIT_STRING, _)] => Shape::PublicKey,
        [(OID, _), (CONTEXT_0, _)] => Shape::Pkcs7,
        [(SEQUENCE, _), (SEQUENCE, _), (BIT_STRING, _)] => Shape::Signed,
        _ => Shape::Unknown,
    })
}

/// Bits of a DER integer's magnitude.
pub(crate) fn bits(integer: &[u8]) -> usize {
    let magnitude = unsigned(integer);
    magnitude.first().map_or(0, |first| 8 * magnitude.len() - first.leading_zeros() as usize)
}

/// A DER integer without its leading zeros.
pub(crate) fn unsigned(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|&&byte| byte == 0).count();
    &integer[zeros..]
}

/// A DER integer as a number; none when it is negative or too large.
pub(crate) fn number(integer: &[u8]) -> Option<u64> {
    let magnitude = unsigned(integer);
    let is_negative = integer.first().is_none_or(|first| first & 0x80 != 0);
    (!is_negative && magnitude.len() <= 8).then(|| magnitude.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
}

/// A signed value, such as a certificate or a revocation list, in its parts.
pub(crate) struct Signed<'a> {
    /// What is signed, with its header.
    pub(crate) content: &'a [u8],
    /// The algorithm's identifier without its header.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

/// Takes a signed value apart.
pub(crate) fn signed(der: &[u8]) -> Option<Signed<'_>> {
    let whole = expect(der, SEQUENCE)?;
    let ((tag, _), rest) = next(whole)?;
    let content = whole.get(..whole.len() - rest.len()).filter(|_| tag == SEQUENCE)?;
    let ((tag, algorithm), rest) = next(rest)?;
    let bits = expect(rest, BIT_STRING).filter(|_| tag == SEQUENCE)?;
    Some(Signed { content, algorithm, signature: bits.strip_prefix(&[0])? })
}

/// A `SubjectPublicKeyInfo` in its parts: the algorithm's identifier without its header, and the key.
pub(crate) fn public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let ((tag, algorithm), rest) = next(expect(der, SEQUENCE)?)?;
    let key = expect(rest, BIT_STRING).filter(|_| tag == SEQUENCE)?;
    Some((algorithm, key.strip_prefix(&[0])?))
}

/// The text inside of `[0] EXPLICIT UTF8String` or `IA5String`, or of the string alone.
pub(crate) fn wrapped_text(der: &[u8]) -> Option<String> {
    let inner = expect(der, CONTEXT_0).unwrap_or(der);
    let ((tag, value), _) = next(inner)?;
    if matches!(tag, 0x0c | 0x16) { String::from_utf8(value.to_vec()).ok() } else { None }
}

/// The value of the first element, if it has this tag.
pub(crate) fn expect(der: &[u8], tag: u8) -> Option<&[u8]> {
    next(der).filter(|((found, _), _)| *found == tag).map(|((_, value), _)| value)
}

/// Tag and content.
pub(crate) type Element<'a> = (u8, &'a [u8]);

/// The elements side by side, at most sixteen.
pub(crate) fn elements(mut der: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !der.is_empty() && found.len() < 16 {
        let (element, rest) = next(der)?;
        found.push(element);
        der = rest;
    }
    Some(found)
}

/// The first element, and what follows it.
pub(crate) fn next(der: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some(((tag, value), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_without_the_sign_byte() {
        assert_eq!(bits(&[0, 0x80, 0]), 16);
        assert_eq!(bits(&[0x7f]), 7);
        assert_eq!(bits(&[0]), 0);
        assert_eq!(bits(&[]), 0);
    }

    #[test]
    fn lengths_that_lie_are_unknown() {
        for der in [
            &b"\x30\x84\xff\xff\xff\xff"[..],
            b"\x30\x80\x00\x00",
            b"\x30\x05\x02\x01",
            b"\x30",
            b"",
            b"\x30\x02\x02\x05",
        ] {
            assert_eq!(shape(der), Shape::Unknown, "{der:?}");
        }
    }
}
