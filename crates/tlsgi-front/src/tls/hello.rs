//! What a client says first, looked at before rustls reads it: clients that are too old are told that their version is not spoken, and those
//! that fell back that they need not (rustls misses an extension of theirs first, and does not know the signal of a fallback). What a client
//! can and wants decides about the order of suites and the number of tickets.

const PROTOCOL_VERSION: u8 = 70;
const INAPPROPRIATE_FALLBACK: u8 = 86;
const FALLBACK_SIGNAL: [u8; 2] = [0x56, 0x00];
const SUPPORTED_VERSIONS: u16 = 43;
const PRE_SHARED_KEY: u16 = 41;
const CHACHA: [[u8; 2]; 3] = [[0x13, 0x03], [0xcc, 0xa8], [0xcc, 0xa9]];
const AES: [[u8; 2]; 6] = [[0x13, 0x01], [0x13, 0x02], [0xc0, 0x2b], [0xc0, 0x2c], [0xc0, 0x2f], [0xc0, 0x30]];

/// Longest record (RFC 9846, 5.1).
const LONGEST: u16 = 1 << 14;

/// What is to be known of a client of which these bytes came first. None where it is not certain.
pub(super) fn look(bytes: &[u8]) -> Option<Hello> {
    // Record: type, version, length. Handshake: type, length, version.
    let [22, 3, _, _, _, 1, _, _, _, 3, minor @ 0..=3, ..] = *bytes else { return None };
    let length = usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
    // Only a hello that is all there shows that it names no other version.
    let hello = bytes.get(5..5 + length)?;
    let body = hello.get(4..)?;
    let inner = usize::from(hello[1]) << 16 | usize::from(hello[2]) << 8 | usize::from(hello[3]);
    if inner != body.len() { None } else { Hello::read(minor, body) }
}

/// Whether these bytes are a record of a handshake that is not all there.
pub(super) fn is_cut(bytes: &[u8]) -> bool {
    match *bytes {
        [22, 3, _, high, low, ref rest @ ..] => {
            let length = u16::from_be_bytes([high, low]);
            length <= LONGEST && rest.len() < usize::from(length)
        }
        [22] | [22, 3, ..] => true,
        _ => false,
    }
}

/// The alert `record_overflow` for a first record that is longer than any may be (RFC 9846, 5.1): rustls has another one.
pub(super) fn overflow(bytes: &[u8]) -> Option<[u8; 7]> {
    let [22, 3, _, high, low, ..] = *bytes else { return None };
    (u16::from_be_bytes([high, low]) > LONGEST).then_some([21, 3, 3, 0, 2, 2, 22])
}

/// A client, by its ClientHello.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact of one hello")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hello {
    minor: u8,
    /// It names versions in an extension, as all do that know TLS 1.3.
    names_versions: bool,
    /// It has the suite that signals a fallback.
    fell_back: bool,
    /// Of suites that count, ChaCha20 comes first: it does no AES in hardware.
    pub(super) prefers_chacha: bool,
    /// It has a ticket of TLS 1.3.
    pub(super) resumes: bool,
}

impl Hello {
    /// The alert for a client that names no versions: `protocol_version` if TLS 1.1 is its newest (RFC 9846, appendix E.3),
    /// `inappropriate_fallback` if it says that it gave up a newer one (RFC 7507) and the server `speaks_tls13`.
    pub(super) fn refusal(self, speaks_tls13: bool) -> Option<[u8; 7]> {
        let alert = match self.minor {
            _ if self.names_versions => return None,
            0..=2 => PROTOCOL_VERSION,
            _ if speaks_tls13 && self.fell_back => INAPPROPRIATE_FALLBACK,
            _ => return None,
        };
        Some([21, 3, self.minor, 0, 2, 2, alert])
    }

    /// None where the hello is damaged.
    fn read(minor: u8, body: &[u8]) -> Option<Self> {
        // Version and random.
        let rest = body.get(34..)?;
        let (session, rest) = rest.split_first()?;
        let rest = rest.get(usize::from(*session)..)?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (suites, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let (methods, rest) = rest.split_first()?;
        let rest = rest.get(usize::from(*methods)..)?;
        let mut suites = suites.chunks_exact(2).map(|suite| [suite[0], suite[1]]);
        let mut hello = Self {
            minor,
            names_versions: false,
            fell_back: suites.clone().any(|suite| suite == FALLBACK_SIGNAL),
            prefers_chacha: suites
                .find(|suite| CHACHA.contains(suite) || AES.contains(suite))
                .is_some_and(|first| CHACHA.contains(&first)),
            resumes: false,
        };
        let Some((_, mut rest)) = rest.split_first_chunk::<2>() else { return Some(hello) };
        while let Some((&[a, b, c, d], more)) = rest.split_first_chunk::<4>() {
            hello.names_versions |= u16::from_be_bytes([a, b]) == SUPPORTED_VERSIONS;
            hello.resumes |= u16::from_be_bytes([a, b]) == PRE_SHARED_KEY;
            rest = more.get(usize::from(u16::from_be_bytes([c, d]))..)?;
        }
        Some(hello)
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
        // TLS 1.3, and a first suite that is there to be ignored (RFC 8701).
        assert!(prefers_chacha(&[0x13, 3, 0x13, 1, 0xc0, 0x2b]) && prefers_chacha(&[0x3a, 0x3a, 0x13, 3, 0x13, 1]));
        assert!(!prefers_chacha(&[0x13, 2, 0x13, 3, 0x13, 1]) && !prefers_chacha(&[0x3a, 0x3a, 0x13, 1, 0x13, 3]));
    }

    #[test]
    fn a_client_with_a_ticket_of_tls_1_3_is_known() {
        let versions = [0, 43, 0, 3, 2, 3, 4];
        let resumes = |extensions: &[u8]| look(&hello(3, &[0x13, 1], extensions)).expect("a hello").resumes;
        assert!(resumes(&[&versions[..], &[0, 41, 0, 2, 7, 7]].concat()));
        assert!(!resumes(&versions) && !resumes(&[0, 35, 0, 0]));
    }

    #[test]
    fn a_record_is_cut_until_its_last_byte_came() {
        let whole = hello(3, &[0x13, 1], &[]);
        for length in 1..whole.len() {
            assert!(is_cut(&whole[..length]), "{length}");
        }
        for bytes in [&whole[..], &[], b"GET /", &[22, 2], &[22, 3, 1, 0x40, 0x01], &[21, 3, 1, 0, 2]] {
            assert!(!is_cut(bytes), "{bytes:?}");
        }
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
