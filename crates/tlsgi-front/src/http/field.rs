//! Field names and values: what is a token, what may stand in a value, and a list of fields in the wire's encoding.

use tlsgi_wire::{MAX_FIELD, NAMES, name_id};

/// Bytes of a token (RFC 9110 5.6.2).
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
}

/// For every byte: itself in lower case if it may stand in a token, else 0.
static TOKEN: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        if is_token_byte(byte as u8) {
            table[byte] = (byte as u8).to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// Whether this is a token.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| TOKEN[usize::from(*byte)] != 0)
}

/// Appends a token in lower case; false when it is none, and then `out` is of no use.
pub(crate) fn push_token(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let start = out.len();
    out.extend(bytes.iter().map(|byte| TOKEN[usize::from(*byte)]));
    !bytes.is_empty() && memchr::memchr(0, out.get(start..).unwrap_or_default()).is_none()
}

/// Whether a field value has only visible, space, tab and obs-text bytes (RFC 9110 5.5): no control byte at all.
pub(crate) fn is_value(bytes: &[u8]) -> bool {
    // Without a way out in the middle, many bytes are looked at together.
    !bytes.iter().fold(false, |is_bad, byte| is_bad | ((*byte < b' ') & (*byte != b'\t')) | (*byte == 0x7f))
}

/// The value without the spaces and tabs around it.
pub(crate) const fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The members of a comma-separated list (RFC 9110 5.6.1), trimmed, empty ones left out.
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim).filter(|member| !member.is_empty())
}

/// Whether a field belongs to one connection and is never passed on (RFC 9110 7.6.1). Lower-case name.
pub(crate) fn is_hop_by_hop(name: &[u8]) -> bool {
    matches!(
        name,
        b"connection"
            | b"keep-alive"
            | b"proxy-connection"
            | b"transfer-encoding"
            | b"upgrade"
            | b"te"
            | b"trailer"
            | b"proxy-authenticate"
            | b"http2-settings"
    )
}

/// Whether this is, or could be taken for, `Client-Cert` or `Client-Cert-Chain`: gateways and frameworks treat other marks as hyphens.
/// Lower-case name.
pub(crate) fn is_client_certificate(name: &[u8]) -> bool {
    let is_mark = |byte: &u8| !byte.is_ascii_alphanumeric();
    let letters = || name.iter().filter(|byte| !is_mark(byte)).copied();
    name.starts_with(b"client") && (letters().eq(*b"clientcert") || letters().eq(*b"clientcertchain"))
}

/// Field names by id, for `match` arms.
pub(crate) mod id {
    macro_rules! ids {
        ($($name:ident = $text:literal;)*) => { $(pub(crate) const $name: u8 = super::const_id($text);)* };
    }
    ids! {
        CONNECTION = "connection";
        CONTENT_LENGTH = "content-length";
        COOKIE = "cookie";
        DATE = "date";
        HOST = "host";
        SERVER = "server";
        STRICT_TRANSPORT_SECURITY = "strict-transport-security";
    }
}

#[expect(clippy::panic, reason = "evaluated while compiling, never while running")]
const fn const_id(name: &str) -> u8 {
    let mut at = 1;
    while at < NAMES.len() {
        if const_equal(NAMES[at].as_bytes(), name.as_bytes()) {
            return at as u8;
        }
        at += 1;
    }
    panic!("a name without an id")
}

const fn const_equal(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A list of fields in the encoding of `tlsgi_wire::Fields`: built by the front for its own answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldBlock {
    encoded: Vec<u8>,
}

impl FieldBlock {
    /// Appends a field; `name` lower-case.
    pub(crate) fn push(&mut self, name: &str, value: &[u8]) {
        let value = value.get(..MAX_FIELD).unwrap_or(value);
        match name_id(name.as_bytes()) {
            0 => {
                self.encoded.push(0);
                push16(&mut self.encoded, name.as_bytes());
            }
            id => self.encoded.push(id),
        }
        push16(&mut self.encoded, value);
    }

    /// Appends a field and returns the list.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.push(name, value.as_ref());
        self
    }

    /// The encoded list.
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.encoded
    }
}

fn push16(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Walks an encoded list: (id or 0, name, value). Ends at the first malformed entry; workers' lists are checked on arrival.
pub(crate) fn walk(encoded: &[u8]) -> impl Iterator<Item = (u8, &[u8], &[u8])> {
    let mut rest = encoded;
    std::iter::from_fn(move || {
        let (&id, after) = rest.split_first()?;
        let (name, after) = match id {
            0 => split16(after)?,
            id => (NAMES.get(usize::from(id))?.as_bytes(), after),
        };
        let (value, after) = split16(after)?;
        rest = after;
        Some((id, name, value))
    })
}

fn split16(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_le_bytes(*length).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_is_walked_as_it_was_built() {
        let block = FieldBlock::default().with("content-type", "text/plain").with("x-own", "1");
        let fields: Vec<_> = walk(block.encoded()).map(|(_, name, value)| (name, value)).collect();
        assert_eq!(fields, [(&b"content-type"[..], &b"text/plain"[..]), (b"x-own", b"1")]);
    }

    #[test]
    fn every_byte_is_a_token_or_not_and_stored_in_lower_case() {
        for byte in 0..=u8::MAX {
            let mut out = b"X".to_vec();
            assert_eq!(is_token(&[b'a', byte]), is_token_byte(byte), "{byte}");
            assert_eq!(push_token(&mut out, &[b'A', byte]), is_token_byte(byte), "{byte}");
            if is_token_byte(byte) {
                assert_eq!(out, [b'X', b'a', byte.to_ascii_lowercase()]);
            }
        }
        assert!(!push_token(&mut Vec::new(), b""));
    }

    #[test]
    fn control_bytes_are_no_value() {
        assert!(is_value(b"a\tb \xff"));
        for byte in 0..=u8::MAX {
            let value = [b"long enough for the wide path, ".as_slice(), &[byte]].concat();
            assert_eq!(is_value(&value), byte == b'\t' || byte >= b' ' && byte != 0x7f, "{byte}");
        }
        assert!(!is_value(b"a\rb") && !is_value(b"a\0") && !is_value(b"\x7f"));
    }

    #[test]
    fn every_spelling_of_the_client_certificate_fields_is_known() {
        for name in [
            "client-cert",
            "client-cert-chain",
            "client.cert",
            "client-cert.chain",
            "client~cert",
            "clientcert",
            "client--cert",
        ] {
            assert!(is_client_certificate(name.as_bytes()), "{name}");
        }
        for name in ["client", "client-certificate", "client-id", "x-client-cert", "cert"] {
            assert!(!is_client_certificate(name.as_bytes()), "{name}");
        }
    }
}
