//! Clients that know TLS 1.2 at most, looked at before rustls: too old ones are told that their version is not spoken, and those that fell back
//! that they need not. rustls misses an extension of theirs first, and does not know the signal of a fallback.

/// Bytes that are looked at: a ClientHello that old has a few hundred.
pub(super) const LOOK: usize = 1024;

const PROTOCOL_VERSION: u8 = 70;
const INAPPROPRIATE_FALLBACK: u8 = 86;
const FALLBACK_SIGNAL: [u8; 2] = [0x56, 0x00];
const SUPPORTED_VERSIONS: u16 = 43;
const CHACHA: [[u8; 2]; 2] = [[0xcc, 0xa8], [0xcc, 0xa9]];

/// What is to be known of a client of which these bytes came first, before rustls reads them. None for clients that know TLS 1.3, and where it
/// is not certain.
pub(super) fn look(bytes: &[u8]) -> Option<Elder> {
    // Record: type, version, length. Handshake: type, length, version.
    let [22, 3, _, _, _, 1, _, _, _, 3, minor @ 0..=3, ..] = *bytes else { return None };
    let length = usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
    // Only a hello that is all there shows that it names no other version.
    let hello = bytes.get(5..5 + length)?;
    let body = hello.get(4..)?;
    let inner = usize::from(hello[1]) << 16 | usize::from(hello[2]) << 8 | usize::from(hello[3]);
    if inner != body.len() { None } else { Elder::read(minor, body) }
}

/// The alert `record_overflow` for a first record that is longer than any may be (RFC 9846, 5.1): rustls has another one.
pub(super) fn overflow(bytes: &[u8]) -> Option<[u8; 7]> {
    const LONGEST: u16 = 1 << 14;
    let [22, 3, _, high, low, ..] = *bytes else { return None };
    (u16::from_be_bytes([high, low]) > LONGEST).then_some([21, 3, 3, 0, 2, 2, 22])
}

/// A client that names no version in an extension, as all do that know TLS 1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Elder {
    minor: u8,
    /// It has the suite that signals a fallback.
    fell_back: bool,
    /// Its first suite is ChaCha20: it does no AES in hardware.
    pub(super) prefers_chacha: bool,
}

impl Elder {
    /// The alert for it: `protocol_version` if TLS 1.1 is its newest version (RFC 9846, appendix E.3), `inappropriate_fallback` if it says
    /// that it gave up a newer one (RFC 7507) and the server `speaks_tls13`.
    pub(super) fn refusal(self, speaks_tls13: bool) -> Option<[u8; 7]> {
        let alert = match self.minor {
            0..=2 => PROTOCOL_VERSION,
            _ if speaks_tls13 && self.fell_back => INAPPROPRIATE_FALLBACK,
            _ => return None,
        };
        Some([21, 3, self.minor, 0, 2, 2, alert])
    }

    /// None where the hello is damaged, or names versions.
    fn read(minor: u8, body: &[u8]) -> Option<Self> {
        // Version and random.
        let rest = body.get(34..)?;
        let (session, rest) = rest.split_first()?;
        let rest = rest.get(usize::from(*session)..)?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (suites, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let (methods, rest) = rest.split_first()?;
        let rest = rest.get(usize::from(*methods)..)?;
        let elder = Self {
            minor,
            fell_back: suites.chunks_exact(2).any(|suite| suite == FALLBACK_SIGNAL),
            prefers_chacha: suites.get(..2).is_some_and(|first| CHACHA.contains(&[first[0], first[1]])),
        };
        let Some((_, mut rest)) = rest.split_first_chunk::<2>() else { return Some(elder) };
        while let Some((&[a, b, c, d], more)) = rest.split_first_chunk::<4>() {
            if u16::from_be_bytes([a, b]) == SUPPORTED_VERSIONS {
                return None;
            }
            rest = more.get(usize::from(u16::from_be_bytes([c, d]))..)?;
        }
        Some(elder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ClientHello of this version with these suites and extensions.
    fn hello(minor: u8, suites: &[u8], extensions: &[u8]) -> Vec<u8> {
        let body = [&[3, minor][..], &[7; 32], &[0], &[0, suites.len() as u8], suites, &[1, 0]].concat();
        let body = match extensions {
            [] => body,
            extensions => [&body[..], &[0, extensions.len() as u8], extensions].concat(),
        };
        let handshake = [&[1, 0, 0, body.len() as u8][..], &body].concat();
        [&[22, 3, 1, 0, handshake.len() as u8][..], &handshake].concat()
    }

    fn refusal(bytes: &[u8], speaks_tls13: bool) -> Option<[u8; 7]> {
        look(bytes)?.refusal(speaks_tls13)
    }

    #[test]
    fn a_client_without_aes_is_known_by_its_first_suite() {
        let prefers_chacha = |suites: &[u8]| look(&hello(3, suites, &[])).expect("a hello").prefers_chacha;
        assert!(prefers_chacha(&[0xcc, 0xa9, 0xc0, 0x2b]) && prefers_chacha(&[0xcc, 0xa8]));
        assert!(!prefers_chacha(&[0xc0, 0x2b, 0xcc, 0xa9]) && !prefers_chacha(&[]));
    }

    #[test]
    fn old_clients_are_told_that_their_version_is_not_spoken() {
        for minor in 0..=2 {
            assert_eq!(refusal(&hello(minor, &[0, 0x2f], &[]), true), Some([21, 3, minor, 0, 2, 2, 70]));
            assert!(refusal(&hello(minor, &[0, 0x2f, 0x56, 0], &[0, 23, 0, 0]), false).is_some());
        }
    }

    #[test]
    fn clients_that_fell_back_are_told_that_they_need_not() {
        let fallen = hello(3, &[0xc0, 0x2b, 0x56, 0], &[0, 23, 0, 0]);
        assert_eq!(refusal(&fallen, true), Some([21, 3, 3, 0, 2, 2, 86]));
        // There is nothing newer; or it is offered after all.
        assert_eq!(refusal(&fallen, false), None);
        assert_eq!(refusal(&hello(3, &[0xc0, 0x2b, 0x56, 0], &[0, 43, 0, 3, 2, 3, 4]), true), None);
        // The bytes across two suites are no signal.
        assert_eq!(refusal(&hello(3, &[0xc0, 0x56, 0, 0x2f], &[]), true), None);
    }

    #[test]
    fn a_record_that_is_too_long_is_refused_by_its_length_alone() {
        assert_eq!(overflow(&[22, 3, 1, 0x40, 0x01]), Some([21, 3, 3, 0, 2, 2, 22]));
        assert_eq!((overflow(&[22, 3, 1, 0x40, 0]), overflow(&[22, 3, 1, 0xff])), (None, None));
    }

    #[test]
    fn everybody_else_is_left_to_the_library() {
        // TLS 1.2; a version named in an extension; a hello that is not all there, or damaged.
        assert_eq!(refusal(&hello(3, &[0xc0, 0x2b], &[]), true), None);
        assert_eq!(refusal(&hello(1, &[0, 0x2f], &[0, 43, 0, 3, 2, 3, 4]), true), None);
        let old = hello(1, &[0, 0x2f], &[0, 23, 0, 0]);
        for length in 0..old.len() {
            assert_eq!(refusal(&old[..length], true), None, "{length}");
        }
        for at in [43, 45, 48] {
            let mut lying = old.clone();
            lying[at] = 200;
            assert_eq!(refusal(&lying, true), None, "{at}");
        }
        assert_eq!(refusal(b"GET / HTTP/1.1\r\n\r\n", true), None);
    }
}
