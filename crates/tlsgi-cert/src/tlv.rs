//! DER values put together from their parts. Nothing secret passes through in the clear.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, implicit and primitive.
pub(crate) const IMPLICIT_0: u8 = 0x80;
/// `[0]`, explicit.
pub(crate) const EXPLICIT_0: u8 = 0xa0;

/// One value of this tag around its parts.
pub(crate) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = Vec::with_capacity(length + 6);
    der.push(tag);
    if length < 0x80 {
        der.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let needed = &bytes[bytes.iter().take_while(|&&byte| byte == 0).count()..];
        der.push(0x80 | needed.len() as u8);
        der.extend_from_slice(needed);
    }
    parts.iter().for_each(|part| der.extend_from_slice(part));
    der
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(SEQUENCE, parts)
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    value(OCTETS, &[content])
}

pub(crate) fn oid(content: &[u8]) -> Vec<u8> {
    value(OID, &[content])
}

/// A number that is not negative.
pub(crate) fn integer(number: u32) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count().min(3);
    let sign: &[u8] = if bytes[zeros] & 0x80 == 0 { &[] } else { &[0] };
    value(INTEGER, &[sign, &bytes[zeros..]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(value(OCTETS, &[&[7; 127]])[..2], [4, 127]);
        assert_eq!(value(OCTETS, &[&[7; 128]])[..3], [4, 0x81, 128]);
        assert_eq!(value(OCTETS, &[&[7; 200], &[7; 100]])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn numbers_take_the_shortest_form_and_stay_positive() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(100_000), [2, 3, 1, 0x86, 0xa0]);
        assert_eq!(integer(u32::MAX), [2, 5, 0, 255, 255, 255, 255]);
    }
}
