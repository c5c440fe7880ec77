//! The header of the PROXY protocol, versions 1 and 2, by which a proxy announces whose connection it passes on
//! (haproxy, doc/proxy-protocol.txt, sections 2.1 and 2.2).

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::TcpStream;

/// What every header has, at least.
const LEAST: usize = 15;
/// Longest line of version 1, its end included.
const LONGEST_LINE: usize = 107;
/// Most bytes of addresses and extensions that are taken; proxies send some hundred.
const MOST: usize = 4096;
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version, command, family and length.
const FIXED: usize = 16;
const CRC32C: u8 = 3;

/// Whose connection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    /// This client's.
    Client(SocketAddr),
    /// The proxy's own, to see whether the server is there.
    Own,
    /// Somebody's whom the proxy does not know, or who has no address.
    Unknown,
}

/// Why there is nothing to go by.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unannounced {
    /// It does not begin as a header does.
    #[error("it sent no header of the PROXY protocol")]
    Missing,
    /// It breaks the rules.
    #[error("its header of the PROXY protocol is wrong: {0}")]
    Wrong(&'static str),
    /// The connection ended within the header, or broke.
    #[error("its connection ended within the header of the PROXY protocol")]
    Cut(#[from] io::Error),
}

/// Takes the header off a connection, and no byte more. The caller bounds it in time.
pub(super) async fn take(socket: &mut TcpStream) -> Result<Announced, Unannounced> {
    let mut header = vec![0; LEAST];
    socket.read_exact(&mut header).await?;
    if header.starts_with(SIGNATURE) {
        extend(socket, &mut header, FIXED - LEAST).await?;
        let length = usize::from(u16::from_be_bytes([header[14], header[15]]));
        if length > MOST {
            return Err(Unannounced::Wrong("it is too long"));
        }
        extend(socket, &mut header, length).await?;
        return binary(&header);
    }
    if !header.starts_with(b"PROXY ") {
        return Err(Unannounced::Missing);
    }
    while !header.ends_with(b"\n") {
        let room = LONGEST_LINE.saturating_sub(header.len());
        if room == 0 {
            return Err(Unannounced::Wrong("its line does not end"));
        }
        let mut ahead = [0; LONGEST_LINE];
        let seen = socket.peek(ahead.get_mut(..room).unwrap_or_default()).await?;
        let line = ahead.get(..seen).unwrap_or_default();
        if seen == 0 {
            return Err(Unannounced::Cut(ErrorKind::UnexpectedEof.into()));
        }
        // What was seen before the end of the line is part of it.
        extend(socket, &mut header, line.iter().position(|byte| *byte == b'\n').map_or(seen, |at| at + 1)).await?;
    }
    line(&header)
}

async fn extend(from: &mut (impl AsyncRead + Unpin), header: &mut Vec<u8>, count: usize) -> io::Result<()> {
    let before = header.len();
    header.resize(before + count, 0);
    from.read_exact(header.get_mut(before..).unwrap_or_default()).await.map(drop)
}

/// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`.
fn line(header: &[u8]) -> Result<Announced, Unannounced> {
    let wrong = || Unannounced::Wrong("its line is none of version 1");
    let text = header.strip_suffix(b"\r\n").and_then(|line| str::from_utf8(line).ok()).ok_or_else(wrong)?;
    let words: Vec<&str> = text.split(' ').collect();
    let (version, client, server, from, to) = match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => return Ok(Announced::Unknown),
        ["PROXY", version @ ("TCP4" | "TCP6"), client, server, from, to] => (*version, *client, *server, *from, *to),
        _ => return Err(wrong()),
    };
    let address = |text: &str| match version {
        "TCP4" => text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| wrong()),
        _ => text.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| wrong()),
    };
    let port = |text: &str| {
        let is_plain = text == "0" || text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        text.parse::<u16>().ok().filter(|_| is_plain).ok_or_else(wrong)
    };
    let client = SocketAddr::new(address(client)?, port(from)?);
    address(server)?;
    port(to)?;
    Ok(Announced::Client(client))
}

/// Version 2, whole.
fn binary(header: &[u8]) -> Result<Announced, Unannounced> {
    let wrong = |what| Err(Unannounced::Wrong(what));
    let Some((&[command, family, ..], rest)) = header.get(12..).and_then(|rest| rest.split_first_chunk::<4>()) else {
        return wrong("it is too short");
    };
    if command >> 4 != 2 {
        return wrong("its version is not known");
    }
    // Which addresses, and how long both are together.
    let length = match (command & 15, family) {
        // The proxy for itself, whatever follows.
        (0, _) => return Ok(Announced::Own),
        (1, 0x00) => 0,
        (1, 0x11) => 12,
        (1, 0x21) => 36,
        (1, 0x31) => 216,
        (1, _) => return wrong("its address is not of a stream"),
        _ => return wrong("its command is not known"),
    };
    let Some((addresses, extensions)) = rest.split_at_checked(length) else {
        return wrong("its addresses are cut");
    };
    // Nobody says what follows an address that is not known.
    if family != 0 {
        check(extensions, header)?;
    }
    Ok(match *addresses {
        [a, b, c, d, _, _, _, _, high, low, _, _] => {
            Announced::Client(SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low]))))
        }
        _ if family == 0x21 => {
            let (client, rest) = addresses.split_first_chunk::<16>().ok_or(Unannounced::Wrong("it is too short"))?;
            let port = rest.get(16..18).map_or(0, |port| u16::from_be_bytes([port[0], port[1]]));
            Announced::Client(SocketAddr::from((*client, port)))
        }
        _ => Announced::Unknown,
    })
}

/// Extensions (type, length, value) fill what is left; a checksum must be that of the header.
fn check(mut extensions: &[u8], header: &[u8]) -> Result<(), Unannounced> {
    let cut = || Unannounced::Wrong("its extensions are cut");
    while !extensions.is_empty() {
        let (&[kind, high, low], rest) = extensions.split_first_chunk::<3>().ok_or_else(cut)?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (value, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        if kind == CRC32C {
            let at = header.len() - rest.len() - length;
            let told: [u8; 4] = value.try_into().map_err(|_| cut())?;
            let bytes =
                header.iter().enumerate().map(|(index, byte)| if (at..at + 4).contains(&index) { 0 } else { *byte });
            if crc32c(bytes) != u32::from_be_bytes(told) {
                return Err(Unannounced::Wrong("its checksum does not fit"));
            }
        }
        extensions = rest;
    }
    Ok(())
}

/// RFC 3720, appendix B.4.
fn crc32c(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// What a header that comes in these pieces, and then the rest of a connection, gives; and what is left to be read.
    async fn taken(pieces: &[&[u8]]) -> (Result<Announced, String>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut proxy = TcpStream::connect(address).await.expect("connected");
        let (mut socket, _) = listener.accept().await.expect("accepted");
        let write = async {
            for piece in pieces {
                proxy.write_all(piece).await.expect("written");
                tokio::task::yield_now().await;
            }
            proxy.shutdown().await.expect("shut");
        };
        let (taken, ()) = tokio::join!(take(&mut socket), write);
        let mut left = Vec::new();
        socket.read_to_end(&mut left).await.expect("the rest");
        (taken.map_err(|error| error.to_string()), left)
    }

    fn second(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).expect("short").to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    fn checked(mut header: Vec<u8>) -> Vec<u8> {
        let crc = crc32c(header.iter().copied()).to_be_bytes();
        let at = header.len() - 4;
        header[at..].copy_from_slice(&crc);
        header
    }

    #[tokio::test]
    async fn headers_of_both_versions_are_taken_and_no_byte_more() {
        let four = [192, 0, 2, 1, 198, 51, 100, 1, 0xdc, 4, 1, 187];
        let mut six = [0; 36];
        six[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().expect("an address").octets());
        six[32..].copy_from_slice(&[0, 9, 1, 187]);
        let with_sum = checked(second(0x21, 0x11, &[&four[..], &[4, 0, 1, 0, CRC32C, 0, 4, 0, 0, 0, 0]].concat()));
        for (header, client) in [
            (b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n".to_vec(), Some("192.0.2.1:56324")),
            (b"PROXY TCP6 2001:db8::7 ::1 9 443\r\n".to_vec(), Some("[2001:db8::7]:9")),
            (b"PROXY UNKNOWN\r\n".to_vec(), Some("unknown")),
            (b"PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n".to_vec(), Some("unknown")),
            (second(0x21, 0x11, &four), Some("192.0.2.1:56324")),
            (second(0x21, 0x21, &six), Some("[2001:db8::7]:9")),
            (second(0x21, 0x31, &[7; 216]), Some("unknown")),
            (second(0x21, 0x00, b"whatever"), Some("unknown")),
            (second(0x20, 0x00, b""), None),
            (second(0x20, 0x11, b"whatever"), None),
            (with_sum, Some("192.0.2.1:56324")),
        ] {
            let client = match client {
                None => Announced::Own,
                Some("unknown") => Announced::Unknown,
                Some(client) => Announced::Client(client.parse().expect("an address")),
            };
            let whole = [&header[..], b"\x16\x03\x01"].concat();
            let pieces: Vec<&[u8]> = whole.chunks(5).collect();
            for pieces in [&[&whole[..]][..], &pieces[..]] {
                assert_eq!(taken(pieces).await, (Ok(client), b"\x16\x03\x01".to_vec()), "{header:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let four = [192, 0, 2, 1, 198, 51, 100, 1, 0xdc, 4, 1, 187];
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_LINE));
        let with_sum = second(0x21, 0x11, &[&four[..], &[CRC32C, 0, 4, 1, 2, 3, 4]].concat());
        for (header, told) in [
            (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], "sent no header"),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefgh", "sent no header"),
            (b"PROXY TCP4 1.2.3.4", "ended within"),
            (b"PRO", "ended within"),
            (long.as_bytes(), "does not end"),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "none of version 1"),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", "none of version 1"),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", "none of version 1"),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n", "none of version 1"),
            (b"PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n", "none of version 1"),
            (b"PROXY TCP4 ::1 ::1 1 2\r\n", "none of version 1"),
            (b"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", "none of version 1"),
            (b"PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "none of version 1"),
            (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", "none of version 1"),
            (b"PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", "none of version 1"),
            (&second(0x11, 0x11, &four), "version is not known"),
            (&second(0x22, 0x11, &four), "command is not known"),
            (&second(0x21, 0x12, &four), "not of a stream"),
            (&second(0x21, 0x11, &four[..11]), "addresses are cut"),
            (&second(0x21, 0x11, &[&four[..], &[4, 0]].concat()), "extensions are cut"),
            (&second(0x21, 0x11, &[&four[..], &[4, 0, 9, 1]].concat()), "extensions are cut"),
            (&with_sum, "checksum"),
            (&second(0x21, 0x11, &[0; MOST + 1]), "too long"),
            (&second(0x21, 0x11, &four)[..20], "ended within"),
        ] {
            let error = taken(&[header]).await.0.expect_err("it is none");
            assert!(error.contains(told), "{header:?}: {error}");
        }
    }
}
