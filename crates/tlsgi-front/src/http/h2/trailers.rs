//! Finds pseudo-header fields in a trailer block (RFC 9113 8.1: malformed), which the `h2` crate passes over. Reads the
//! representations of RFC 7541 6 without decoding them; names in the dynamic table are taken for ordinary ones.

/// The last static table entry whose name is a pseudo-header field (RFC 7541 appendix A).
const LAST_PSEUDO: usize = 14;

/// Bytes of one block that are looked at.
const MAX_BLOCK: usize = 64 << 10;

/// The block of one stream's trailers, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    block: Vec<u8>,
}

impl Trailers {
    /// Adds the payload of HEADERS or CONTINUATION.
    pub(super) fn push(&mut self, payload: &[u8]) {
        let room = MAX_BLOCK - self.block.len().min(MAX_BLOCK);
        self.block.extend_from_slice(payload.get(..room.min(payload.len())).unwrap_or_default());
    }

    /// Whether a pseudo-header field stands in it; `skip` bytes of padding length and priority stand before it.
    pub(super) fn has_pseudo(&self, skip: usize) -> bool {
        let mut rest = self.block.get(skip..).unwrap_or_default();
        while let Some(&first) = rest.first() {
            let (prefix, has_value) = match first {
                0x80.. => (7, false),
                0x40.. => (6, true),
                0x20.. => (5, false),
                _ => (4, true),
            };
            let Some(index) = take_integer(&mut rest, prefix) else { return false };
            if prefix != 5 && (1..=LAST_PSEUDO).contains(&index) {
                return true;
            }
            if has_value && index == 0 && take_string(&mut rest).is_some_and(starts_with_colon) {
                return true;
            }
            if has_value && take_string(&mut rest).is_none() {
                return false;
            }
        }
        false
    }
}

/// A string literal: whether it is Huffman-coded, and its bytes.
fn take_string<'a>(rest: &mut &'a [u8]) -> Option<(bool, &'a [u8])> {
    let is_coded = *rest.first()? & 0x80 != 0;
    let length = take_integer(rest, 7)?;
    let (string, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some((is_coded, string))
}

/// A colon has the code 1011100.
fn starts_with_colon((is_coded, string): (bool, &[u8])) -> bool {
    string.first().is_some_and(|first| if is_coded { first >> 1 == 0b101_1100 } else { *first == b':' })
}

/// An integer with a prefix of so many bits (RFC 7541 5.1).
fn take_integer(rest: &mut &[u8], prefix: u32) -> Option<usize> {
    let (&first, after) = rest.split_first()?;
    *rest = after;
    let mask = (1_usize << prefix) - 1;
    let mut value = usize::from(first) & mask;
    if value < mask {
        return Some(value);
    }
    for shift in [0, 7, 14] {
        let (&next, after) = rest.split_first()?;
        *rest = after;
        value += usize::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(block: &[u8], expect: bool) {
        let mut trailers = Trailers::default();
        trailers.push(block);
        assert_eq!(trailers.has_pseudo(0), expect, "{block:?}");
    }

    #[test]
    fn pseudo_header_fields_are_found_in_every_representation() {
        check(&[0x82], true);
        check(&[0x44, 1, b'/'], true);
        check(&[0x04, 1, b'/'], true);
        check(&[0x14, 1, b'/'], true);
        check(&[0x00, 7, b':', b'm', b'e', b't', b'h', b'o', b'd', 1, b'x'], true);
        check(&[0x40, 0x81, 0b1011_1001, 1, b'x'], true);
        check(&[0x00, 1, b'a', 1, b'b', 0x84], true);
    }

    #[test]
    fn ordinary_trailers_pass() {
        check(&[], false);
        check(&[0x00, 1, b'a', 2, b':', b'b', 0x90, 0xff, 0x00], false);
        check(&[0x3f, 0xe1, 0x1f, 0xbf, 0x0f, 0x10, 1, b'x'], false);
        check(&[0x00, 200], false);
        check(&[0x7f, 0xff, 0xff, 0xff, 0xff], false);
    }
}
