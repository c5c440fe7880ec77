//! Frame headers and masking (RFC 6455 5.2, 5.3).

use super::close::Violation;

/// Longest header that a client can send: two bytes, a 64-bit length, the mask.
pub(crate) const MAX_HEADER: usize = 14;

/// Longest payload of a control frame.
pub(crate) const MAX_CONTROL: usize = 125;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Opcode {
    /// A further piece of the message before it.
    Continuation = 0,
    /// The first piece of a text message.
    Text = 1,
    /// The first piece of a binary message.
    Binary = 2,
    /// Close.
    Close = 8,
    /// Ping.
    Ping = 9,
    /// Pong.
    Pong = 10,
}

impl Opcode {
    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    /// Whether frames of this kind may stand between the pieces of a message.
    pub(crate) const fn is_control(self) -> bool {
        (self as u8) & 8 != 0
    }
}

/// The header of a frame from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Last frame of its message.
    pub(crate) is_final: bool,
    /// RSV1: the message is compressed.
    pub(crate) is_compressed: bool,
    /// What it is.
    pub(crate) opcode: Opcode,
    /// Payload bytes; below 2^63.
    pub(crate) length: u64,
    /// The masking key.
    pub(crate) mask: [u8; 4],
}

impl Header {
    /// Reads the header at the start of `bytes`: it and its length, or `None` while it is incomplete. What is wrong is told with
    /// the first byte that shows it.
    pub(crate) fn parse(bytes: &[u8], has_deflate: bool) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let opcode = Opcode::from_bits(first & 0x0f).ok_or(Violation::Protocol("reserved opcode"))?;
        let is_final = first & 0x80 != 0;
        let is_compressed = first & 0x40 != 0;
        if first & 0x30 != 0 || is_compressed && !has_deflate {
            return Err(Violation::Protocol("reserved bit set"));
        }
        if is_compressed && !matches!(opcode, Opcode::Text | Opcode::Binary) {
            return Err(Violation::Protocol("compression bit on a frame that cannot have it"));
        }
        if opcode.is_control() && !is_final {
            return Err(Violation::Protocol("fragmented control frame"));
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err(Violation::Protocol("frame without mask"));
        }
        let short = second & 0x7f;
        if opcode.is_control() && usize::from(short) > MAX_CONTROL {
            return Err(Violation::Protocol("control frame over 125 bytes"));
        }
        let Some((length, after)) = parse_length(short, bytes.get(2..).unwrap_or_default())? else { return Ok(None) };
        let Some((&mask, rest)) = after.split_first_chunk::<4>() else { return Ok(None) };
        let header = Self { is_final, is_compressed, opcode, length, mask };
        Ok(Some((header, bytes.len() - rest.len())))
    }
}

fn parse_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, least, after) = match short {
        126 => match rest.split_first_chunk::<2>() {
            Some((bytes, after)) => (u16::from_be_bytes(*bytes).into(), 126, after),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((bytes, after)) => (u64::from_be_bytes(*bytes), 1 << 16, after),
            None => return Ok(None),
        },
        short => (u64::from(short), 0, rest),
    };
    if length >> 63 != 0 {
        return Err(Violation::Protocol("length with the highest bit set"));
    }
    // RFC 6455 5.2: the minimal number of bytes MUST be used.
    if length < least {
        return Err(Violation::Protocol("length in more bytes than needed"));
    }
    Ok(Some((length, after)))
}

/// Appends the header of a frame from a server.
pub(crate) fn put_header(out: &mut Vec<u8>, opcode: Opcode, is_final: bool, is_compressed: bool, length: usize) {
    out.push(opcode as u8 | u8::from(is_final) << 7 | u8::from(is_compressed) << 6);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..=125), _) => out.push(length),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// Unmasks bytes that stand `offset` bytes into their payload. Masks just as well.
pub(crate) fn unmask(bytes: &mut [u8], mut mask: [u8; 4], offset: u64) {
    mask.rotate_left((offset % 4) as usize);
    let word = u64::from(u32::from_ne_bytes(mask));
    let word = word << 32 | word;
    let (chunks, rest) = bytes.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: Result<Option<(u64, usize)>, ()>) {
        let parsed = Header::parse(bytes, false).map(|header| header.map(|(header, taken)| (header.length, taken)));
        assert_eq!(parsed.map_err(|_| ()), expect, "{bytes:x?}");
    }

    #[test]
    fn lengths_of_all_three_sizes_are_read() {
        check(&[0x81, 0x80, 1, 2, 3, 4], Ok(Some((0, 6))));
        check(&[0x81, 0xfd, 1, 2, 3, 4, 9], Ok(Some((125, 6))));
        check(&[0x81, 0xfe, 0, 126, 1, 2, 3, 4], Ok(Some((126, 8))));
        check(&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4], Ok(Some((65_536, 14))));
        check(&[0x81, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0], Err(()));
        check(&[0x81, 0xfe, 0, 125], Err(()));
        check(&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Err(()));
    }

    #[test]
    fn headers_are_refused_with_the_first_bad_byte() {
        for first in [0x83, 0x87, 0x8b, 0x8f, 0xc1, 0xa1, 0x91, 0xc0, 0xc9, 0x08, 0x09, 0x0a] {
            check(&[first], Err(()));
        }
        check(&[0x81, 0x00], Err(()));
        check(&[0x89, 0xfe], Err(()));
        check(&[0x81], Ok(None));
    }

    #[test]
    fn compression_bit_needs_the_extension_and_a_first_data_frame() {
        assert!(Header::parse(&[0xc1], true).is_ok());
        assert!(Header::parse(&[0xc2], true).is_ok());
        assert!(Header::parse(&[0xc0], true).is_err());
        assert!(Header::parse(&[0xc8], true).is_err());
        assert!(Header::parse(&[0xa1], true).is_err());
    }

    #[test]
    fn unmasking_in_pieces_equals_unmasking_at_once() {
        let plain: Vec<u8> = (0..100).collect();
        let mask = [0x11, 0x22, 0x33, 0x44];
        let mut whole = plain.clone();
        unmask(&mut whole, mask, 0);
        let simple: Vec<u8> = plain.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        assert_eq!(whole, simple);
        for split in 0..plain.len() {
            let mut pieces = plain.clone();
            let (first, second) = pieces.split_at_mut(split);
            unmask(first, mask, 0);
            unmask(second, mask, split as u64);
            assert_eq!(pieces, whole);
        }
    }

    #[test]
    fn headers_out_use_the_shortest_length() {
        for (length, bytes) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut out = Vec::new();
            put_header(&mut out, Opcode::Binary, true, false, length);
            assert_eq!(out.len(), bytes);
        }
    }
}
