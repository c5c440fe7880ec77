//! Handshakes byte by byte: what is odd and allowed is understood, what is wrong gets the alert that the standards name.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::{server, text};
use crate::harness::{PATIENCE, Server, read_answer};

/// A ClientHello to be.
struct Hello {
    version: [u8; 2],
    session: Vec<u8>,
    suites: Vec<u16>,
    compression: Vec<u8>,
    extensions: Vec<(u16, Vec<u8>)>,
}

/// Bytes behind their length in `width` bytes.
fn counted(width: usize, bytes: &[u8]) -> Vec<u8> {
    [&bytes.len().to_be_bytes()[8 - width..], bytes].concat()
}

impl Hello {
    /// TLS 1.3 with a share for X25519; TLS 1.2 too.
    fn new() -> Self {
        let name = counted(2, &[&[0][..], &counted(2, b"localhost")].concat());
        let share = [&[0, 29][..], &counted(2, &[9; 32])].concat();
        Self {
            version: [3, 3],
            session: vec![5; 32],
            suites: vec![0x1301, 0xc02b],
            compression: vec![0],
            extensions: vec![
                (0, name),
                (10, counted(2, &[0, 29])),
                (13, counted(2, &[4, 3, 8, 4, 4, 1])),
                (23, Vec::new()),
                (43, counted(1, &[3, 4, 3, 3])),
                (51, counted(2, &share)),
            ],
        }
    }

    /// One that knows TLS 1.2 and no more.
    fn tls12() -> Self {
        let mut hello = Self::new();
        hello.without(43);
        hello.without(51);
        hello
    }

    fn without(&mut self, extension: u16) {
        self.extensions.retain(|(kind, _)| *kind != extension);
    }

    fn handshake(&self) -> Vec<u8> {
        let suites: Vec<u8> = self.suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let extension = |(kind, content): &(u16, Vec<u8>)| [&kind.to_be_bytes()[..], &counted(2, content)].concat();
        let extensions: Vec<u8> = self.extensions.iter().flat_map(extension).collect();
        let body = [
            &self.version[..],
            &[7; 32],
            &counted(1, &self.session),
            &counted(2, &suites),
            &counted(1, &self.compression),
            &counted(2, &extensions),
        ];
        [&[1][..], &counted(3, &body.concat())].concat()
    }

    fn record(&self) -> Vec<u8> {
        record(22, &self.handshake())
    }
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1][..], &counted(2, content)].concat()
}

/// What comes back first.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    /// A ServerHello, with its random.
    Hello(Vec<u8>),
    Alert {
        level: u8,
        description: u8,
    },
    /// The connection ended without a word.
    Nothing,
}

fn reply(mut socket: &TcpStream) -> Reply {
    socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
    let mut head = [0; 5];
    if socket.read_exact(&mut head).is_err() {
        return Reply::Nothing;
    }
    let mut content = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    socket.read_exact(&mut content).expect("a whole record");
    match (head[0], content.as_slice()) {
        (21, &[level, description]) => Reply::Alert { level, description },
        (22, [2, ..]) => Reply::Hello(content[6..38].to_vec()),
        other => panic!("{other:?}"),
    }
}

fn sent(server: &Server, bytes: &[u8]) -> Reply {
    let socket = TcpStream::connect(server.https).expect("connects");
    (&socket).write_all(bytes).expect("written");
    reply(&socket)
}

fn alert(server: &Server, bytes: &[u8]) -> u8 {
    match sent(server, bytes) {
        Reply::Alert { level: 2, description } => description,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hello_in_pieces_is_understood() {
    let server = server(&[]);
    let handshake = Hello::new().handshake();
    for size in [1, 3, 100] {
        let records: Vec<u8> = handshake.chunks(size).flat_map(|piece| record(22, piece)).collect();
        assert!(matches!(sent(&server, &records), Reply::Hello(_)), "records of {size} bytes");
    }
    let socket = TcpStream::connect(server.https).expect("connects");
    socket.set_nodelay(true).expect("an option");
    for byte in Hello::new().record() {
        (&socket).write_all(&[byte]).expect("written");
    }
    assert!(matches!(reply(&socket), Reply::Hello(_)), "segments of one byte");
}

#[test]
fn what_is_unknown_is_left_aside() {
    let server = server(&[]);
    // GREASE (RFC 8701) everywhere, an extension that nobody knows, padding.
    let mut hello = Hello::new();
    hello.suites.splice(0..0, [0x0a0a, 0xfafa, 0x00ff]);
    hello.extensions.insert(0, (0x1a1a, Vec::new()));
    hello.extensions.push((0xdada, vec![0]));
    hello.extensions.push((0xff77, vec![1; 300]));
    hello.extensions.push((21, vec![0; 500]));
    for (kind, content) in &mut hello.extensions {
        match kind {
            10 => *content = counted(2, &[0x2a, 0x2a, 0, 29]),
            43 => *content = counted(1, &[0x3a, 0x3a, 3, 4]),
            51 => *content = counted(2, &[&[0x2a, 0x2a, 0, 1, 0, 0, 29][..], &counted(2, &[9; 32])].concat()),
            _ => {}
        }
    }
    assert!(matches!(sent(&server, &hello.record()), Reply::Hello(_)));
}

#[test]
fn what_is_wrong_gets_the_alert_that_the_standard_names() {
    const UNEXPECTED_MESSAGE: u8 = 10;
    const RECORD_OVERFLOW: u8 = 22;
    const HANDSHAKE_FAILURE: u8 = 40;
    const ILLEGAL_PARAMETER: u8 = 47;
    const DECODE_ERROR: u8 = 50;
    const PROTOCOL_VERSION: u8 = 70;
    let server = server(&[]);
    let changed = |change: &dyn Fn(&mut Hello)| {
        let mut hello = Hello::new();
        change(&mut hello);
        alert(&server, &hello.record())
    };
    assert_eq!(changed(&|hello| hello.suites = vec![0x1305]), HANDSHAKE_FAILURE);
    assert_eq!(changed(&|hello| hello.compression = vec![1]), ILLEGAL_PARAMETER);
    // The same extension twice.
    assert_eq!(changed(&|hello| hello.extensions.push((51, vec![0, 0]))), ILLEGAL_PARAMETER);
    let only = |version: &'static [u8]| {
        move |hello: &mut Hello| {
            hello.without(43);
            hello.extensions.push((43, counted(1, version)));
        }
    };
    assert_eq!(changed(&only(&[3, 2, 3, 1])), PROTOCOL_VERSION);
    for minor in 0..=2 {
        let mut hello = Hello::tls12();
        hello.version = [3, minor];
        assert_eq!(alert(&server, &hello.record()), PROTOCOL_VERSION, "3.{minor}");
    }
    // A record that is longer than any may be, said and not sent.
    assert_eq!(alert(&server, &[22, 3, 1, 0x48, 0x01]), RECORD_OVERFLOW);
    assert_eq!(alert(&server, &record(23, b"data")), UNEXPECTED_MESSAGE);
    assert_eq!(alert(&server, &record(22, &[20, 0, 0, 0])), UNEXPECTED_MESSAGE);
    assert_eq!(alert(&server, &record(22, &[])), DECODE_ERROR);
    let mut short = Hello::new().handshake();
    short.truncate(60);
    short[1..4].copy_from_slice(&[0, 0, 56]);
    assert_eq!(alert(&server, &record(22, &short)), DECODE_ERROR);
}

#[test]
fn a_downgrade_shows() {
    let server = server(&[]);
    let Reply::Hello(random) = sent(&server, &Hello::tls12().record()) else { panic!("no answer") };
    assert_eq!(random[24..], *b"DOWNGRD\x01");
    // A client that gave up TLS 1.3 although it is spoken.
    let mut fallen = Hello::tls12();
    fallen.suites.push(0x5600);
    assert_eq!(alert(&server, &fallen.record()), 86);
    let only_12 = "!TLS_AES_128_GCM_SHA256:!TLS_AES_256_GCM_SHA384:!TLS_CHACHA20_POLY1305_SHA256:HIGH";
    let old = super::server(&["--tls-ciphers", only_12]);
    let Reply::Hello(random) = sent(&old, &fallen.record()) else { panic!("no answer") };
    assert_ne!(random[24..], *b"DOWNGRD\x01");
}

#[test]
fn goodbye_is_answered_with_goodbye_before_and_after_a_request() {
    let server = server(&[]);
    for ask in [false, true] {
        let name = ServerName::try_from("localhost").expect("name");
        let client = ClientConnection::new(server.client_config(), name).expect("client");
        let mut stream = StreamOwned::new(client, TcpStream::connect(server.https).expect("connects"));
        stream.sock.set_read_timeout(Some(PATIENCE)).expect("timeout");
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("a handshake");
        }
        if ask {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
            assert_eq!(read_answer(&mut stream).status, 200);
        }
        stream.conn.send_close_notify();
        stream.flush().expect("sent");
        // An end without the server's own goodbye would be an error here.
        assert_eq!(stream.read(&mut [0]).expect("goodbye"), 0);
    }
}

#[test]
fn nothing_is_renegotiated() {
    let server = server(&[]);
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-tls1_2", "-connect", &server.https.to_string()]);
    openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = openssl.spawn().expect("openssl runs");
    child.stdin.take().expect("a pipe").write_all(b"R\n").expect("written");
    let told = text(&child.wait_with_output().expect("ends"));
    assert!(told.contains("Secure Renegotiation IS supported"), "{told}");
    assert!(told.contains("RENEGOTIATING") && told.contains("no renegotiation"), "{told}");
}
