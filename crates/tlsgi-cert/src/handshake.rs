//! What a TLS server signs in a handshake, and nothing else: the fence in front of the keys.

const PADDING: [u8; 64] = [b' '; 64];
const CONTEXT: &[u8] = b"TLS 1.3, server CertificateVerify\0";
const RANDOMS: usize = 64;
const NAMED_CURVE: u8 = 3;

/// Groups of a TLS 1.2 key exchange, and the length of their points.
const GROUPS: [(u16, usize); 5] = [(0x17, 65), (0x18, 97), (0x19, 133), (0x1d, 32), (0x1e, 56)];

/// Whether a TLS server would sign this message: the input of a TLS 1.3 server CertificateVerify (RFC 9846, 4.4.3), or of a
/// TLS 1.2 ServerKeyExchange with ECDHE (RFC 8422, 5.4). Nothing else may be signed for a front, which may be compromised:
/// so it cannot obtain a client's CertificateVerify, a certificate, or a token of another protocol.
#[must_use]
pub fn is_tls_handshake_message(message: &[u8]) -> bool {
    is_certificate_verify(message) || is_server_key_exchange(message)
}

fn is_certificate_verify(message: &[u8]) -> bool {
    let hash = message.strip_prefix(&PADDING).and_then(|rest| rest.strip_prefix(CONTEXT));
    hash.is_some_and(|hash| matches!(hash.len(), 32 | 48 | 64))
}

fn is_server_key_exchange(message: &[u8]) -> bool {
    let Some(&[NAMED_CURVE, high, low, length, ref point @ ..]) = message.get(RANDOMS..) else { return false };
    let group = u16::from_be_bytes([high, low]);
    let is_uncompressed = length < 65 || point.first() == Some(&4);
    usize::from(length) == point.len() && is_uncompressed && GROUPS.contains(&(group, point.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(context: &[u8], hash: usize) -> Vec<u8> {
        [&PADDING, context, &vec![7; hash]].concat()
    }

    fn exchange(group: u16, point: &[u8]) -> Vec<u8> {
        let [high, low] = group.to_be_bytes();
        [&[9; 64], &[3, high, low, point.len() as u8][..], point].concat()
    }

    #[test]
    fn server_handshakes_are_accepted() {
        for hash in [32, 48, 64] {
            assert!(is_tls_handshake_message(&verify(CONTEXT, hash)));
        }
        for (group, length) in GROUPS {
            assert!(is_tls_handshake_message(&exchange(group, &vec![4; length])), "{group:#x}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let mut trailing = exchange(0x1d, &[4; 32]);
        trailing.push(0);
        let mut lying = exchange(0x1d, &[4; 32]);
        lying[67] = 31;
        let refused = [
            Vec::new(),
            PADDING.to_vec(),
            verify(b"TLS 1.3, client CertificateVerify\0", 32),
            verify(b"TLS 1.3, server CertificateVerify", 32),
            verify(CONTEXT, 0),
            verify(CONTEXT, 33),
            verify(CONTEXT, 4096),
            exchange(0x17, &[4; 64]),
            exchange(0x17, &[2; 65]),
            exchange(0x1d, &[4; 65]),
            exchange(0x100, &[4; 32]),
            exchange(0x1d, &[]),
            trailing,
            lying,
            b"{\"alg\":\"ES256\"}".to_vec(),
            vec![0x30; 300],
        ];
        for message in refused {
            assert!(!is_tls_handshake_message(&message), "{message:?}");
        }
        for length in 0..98 {
            assert!(!is_tls_handshake_message(&verify(CONTEXT, 32)[..length]));
            assert!(!is_tls_handshake_message(&exchange(0x1d, &[4; 32])[..length]));
        }
    }
}
