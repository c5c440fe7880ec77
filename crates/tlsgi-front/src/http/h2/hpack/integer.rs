//! Integers with a prefix (RFC 7541 5.1).

use super::Broken;

/// Bytes after the first: 28 bits are more than any length or index here.
const MAX_MORE: usize = 4;

/// Takes an integer off the front; its first byte has a prefix of so many bits.
pub(super) fn take(rest: &mut &[u8], bits: u32) -> Result<usize, Broken> {
    let (&first, mut after) = rest.split_first().ok_or(Broken)?;
    let mask = (1_usize << bits) - 1;
    let mut value = usize::from(first) & mask;
    if value == mask {
        let mut shift = 0;
        loop {
            let (&next, more) = after.split_first().ok_or(Broken)?;
            after = more;
            value += usize::from(next & 0x7f) << shift;
            shift += 7;
            if next & 0x80 == 0 {
                break;
            }
            if shift as usize >= 7 * MAX_MORE {
                return Err(Broken);
            }
        }
    }
    *rest = after;
    Ok(value)
}

/// Appends an integer; `pattern` holds the bits above the prefix.
pub(super) fn put(out: &mut Vec<u8>, pattern: u8, bits: u32, value: usize) {
    let mask = (1_usize << bits) - 1;
    if value < mask {
        out.push(pattern | value as u8);
        return;
    }
    out.push(pattern | mask as u8);
    let mut left = value - mask;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: usize, bits: u32, coded: &[u8]) {
        let mut out = Vec::new();
        put(&mut out, 0, bits, value);
        assert_eq!(out, coded);
        let mut rest = coded;
        assert_eq!((take(&mut rest, bits), rest.len()), (Ok(value), 0));
    }

    #[test]
    fn examples_of_the_standard() {
        check(10, 5, &[10]);
        check(1337, 5, &[31, 154, 10]);
        check(42, 8, &[42]);
        check(127, 7, &[127, 0]);
    }

    #[test]
    fn endless_and_truncated_integers_are_broken() {
        for coded in
            [&[][..], &[0x7f], &[0x7f, 0x80], &[0x7f, 0x80, 0x80, 0x80, 0x80, 0], &[0x7f, 0xff, 0xff, 0xff, 0xff, 1]]
        {
            assert_eq!(take(&mut &*coded, 7), Err(Broken), "{coded:?}");
        }
    }
}
