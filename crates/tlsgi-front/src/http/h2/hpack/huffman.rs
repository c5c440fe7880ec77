//! The Huffman code of header strings (RFC 7541 appendix B). It is canonical, so that its lengths are all of it. Responses are
//! sent without it: what repeats is in the table, and the rest is not worth the time.

/// Bits of each symbol's code; the last one is the end of a string, which never occurs in one.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// Longest code.
const LONGEST: usize = 30;

/// Codes up to this length are found by one look.
const NEAR: u32 = 10;

struct Tables {
    /// By the next [`NEAR`] bits: length and symbol, or 0 for a longer code.
    near: [u16; 1 << NEAR],
    /// By length: the first code, and where its symbols begin in `sorted`.
    first: [u32; LONGEST + 2],
    begin: [u16; LONGEST + 2],
    /// Symbols by length, then by value.
    sorted: [u16; 257],
}

static TABLES: Tables = tables();

const fn tables() -> Tables {
    let mut made = Tables { near: [0; 1 << NEAR], first: [0; LONGEST + 2], begin: [0; LONGEST + 2], sorted: [0; 257] };
    let (mut code, mut at, mut length) = (0_u32, 0, 1);
    while length <= LONGEST {
        made.first[length] = code;
        made.begin[length] = at as u16;
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                made.sorted[at] = symbol as u16;
                if length as u32 <= NEAR {
                    let room = NEAR - length as u32;
                    let mut tail = 0;
                    while tail < 1 << room {
                        made.near[((code << room) + tail) as usize] = (length as u16) << 8 | symbol as u16;
                        tail += 1;
                    }
                }
                code += 1;
                at += 1;
            }
            symbol += 1;
        }
        code <<= 1;
        length += 1;
    }
    made.begin[LONGEST + 1] = at as u16;
    made
}

/// Appends what a coded string says; false when it is not one.
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>) -> bool {
    out.reserve(coded.len() + coded.len() / 2 + 1);
    // The next bits stand at the top.
    let (mut bits, mut count, mut rest) = (0_u64, 0_u32, coded);
    loop {
        while count <= 56
            && let Some((&byte, after)) = rest.split_first()
        {
            bits |= u64::from(byte) << (56 - count);
            count += 8;
            rest = after;
        }
        let near = TABLES.near[(bits >> (64 - NEAR)) as usize];
        let (length, symbol) = if near != 0 { (u32::from(near >> 8), near & 0xff) } else { far(bits) };
        if length > count {
            // Less than a byte of padding, all ones (RFC 7541 5.2).
            return count < 8 && bits.leading_ones() >= count;
        }
        let Ok(byte) = u8::try_from(symbol) else { return false };
        out.push(byte);
        bits <<= length;
        count -= length;
    }
}

/// Length and symbol of a code longer than [`NEAR`] bits at the top of `bits`.
fn far(bits: u64) -> (u32, u16) {
    for length in NEAR as usize + 1..=LONGEST {
        let offset = ((bits >> (64 - length)) as u32).wrapping_sub(TABLES.first[length]);
        let (begin, end) = (u32::from(TABLES.begin[length]), u32::from(TABLES.begin[length + 1]));
        if offset < end - begin {
            return (length as u32, TABLES.sorted[(begin + offset) as usize]);
        }
    }
    // The code is complete: every 30 bits begin with one.
    (u32::MAX, 0)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The coded form of a string.
    pub(in super::super) fn encode(text: &[u8]) -> Vec<u8> {
        let (mut out, mut bits, mut count) = (Vec::new(), 0_u64, 0);
        for byte in text {
            let length = usize::from(LENGTHS[usize::from(*byte)]);
            let begin = usize::from(TABLES.begin[length]);
            let at = TABLES.sorted[begin..].iter().position(|symbol| symbol == &u16::from(*byte)).expect("known");
            bits = bits << length | u64::from(TABLES.first[length] + at as u32);
            count += length;
            while count >= 8 {
                count -= 8;
                out.push((bits >> count) as u8);
            }
        }
        if count > 0 {
            out.push(((bits << (8 - count)) as u8) | (0xff >> count));
        }
        out
    }

    fn check(coded: &[u8], expect: Option<&[u8]>) {
        let mut out = Vec::new();
        assert_eq!(decode(coded, &mut out).then_some(&*out), expect, "{coded:x?}");
    }

    #[test]
    fn examples_of_the_standard() {
        check(&[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff], Some(b"www.example.com"));
        check(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf], Some(b"no-cache"));
        check(&[], Some(b""));
    }

    #[test]
    fn only_short_padding_of_ones_ends_a_string() {
        check(&[0x1f], Some(b"a"));
        check(&[0x1e], None);
        check(&[0x18], None);
        check(&[0x1f, 0xff], None);
        check(&[0xff], None);
        check(&[0xff; 4], None);
        check(&[0xff, 0xff, 0xff, 0xfc], None);
    }

    proptest! {
        #[test]
        fn what_was_coded_is_decoded(text: Vec<u8>) {
            let mut out = b"before".to_vec();
            prop_assert!(decode(&encode(&text), &mut out));
            prop_assert_eq!(&out[6..], &text[..]);
        }

        #[test]
        fn any_bytes_are_a_string_or_not(coded: Vec<u8>) {
            let mut out = Vec::new();
            if decode(&coded, &mut out) {
                prop_assert_eq!(encode(&out), coded);
            }
        }
    }
}
