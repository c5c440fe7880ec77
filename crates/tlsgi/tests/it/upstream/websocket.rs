//! WebSockets to another server: from clients of HTTP/2 too, and only where both sides mean it.

use std::io::{Read as _, Write as _};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use bytes::Bytes;
use h2::ext::Protocol;
use http::Request;
use tokio::task::JoinSet;

use super::{Behind, Peer, before, field};
use crate::harness::read_answer;
use crate::http2::{connect, run};

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let letter = |at: usize| char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63]);
        (0..4).map(|at| if at <= three.len() { letter(at) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

/// Opens, and says back without a mask what comes masked with zeros, frame by frame.
fn echo(head: &str, peer: &mut Peer) -> bool {
    let Some(key) = field(head, "sec-websocket-key").filter(|_| head.contains("upgrade: websocket")) else {
        return peer.say("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");
    };
    let proof = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11").as_bytes());
    let proof =
        if head.starts_with("GET /lie") { "bGllbGllbGllbGllbGllbGllbGk=".to_owned() } else { base64(proof.as_ref()) };
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Own: 1";
    if !peer.say(format!("{answer}\r\nSec-WebSocket-Accept: {proof}\r\n\r\n")) {
        return false;
    }
    let mut header = [0; 6];
    while peer.reader.read_exact(&mut header).is_ok() {
        let body = peer.hear((header[1] & 0x7f).into());
        if !peer.say([&[header[0], body.len() as u8], &body[..]].concat()) {
            break;
        }
    }
    false
}

fn masked(text: &str) -> Vec<u8> {
    [&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0], text.as_bytes()].concat()
}

#[test]
fn websocket_of_an_http_2_client_reaches_a_server_of_http_1() {
    let behind = Behind::play(echo);
    let server = before(&[&behind.route("/")], &[]);
    run(async {
        let mut tasks = JoinSet::new();
        let mut sender = connect(&server, &mut tasks).await.ready().await.expect("open");
        let mut request = Request::builder().method("CONNECT").uri(server.url("/chat")).body(()).expect("valid");
        request.extensions_mut().insert(Protocol::from_static("websocket"));
        request.headers_mut().insert("sec-websocket-version", "13".parse().expect("value"));
        let (response, mut up) = sender.send_request(request, false).expect("open");
        let response = response.await.expect("a response");
        assert_eq!((response.status().as_u16(), &response.headers()["x-own"]), (200, &"1".parse().expect("value")));
        let mut down = response.into_body();
        for text in ["one", "two"] {
            up.send_data(Bytes::from(masked(text)), false).expect("sent");
            let mut got = Vec::new();
            while got.len() < 5 {
                got.extend_from_slice(&down.data().await.expect("open").expect("a piece"));
            }
            assert_eq!(got, [&[0x81, 3], text.as_bytes()].concat());
        }
    });
    let head = behind.head();
    assert!(head.starts_with("GET /chat HTTP/1.1\r\n"), "{head}");
    assert_eq!((field(&head, "connection"), field(&head, "upgrade")), (Some("Upgrade"), Some("websocket")));
}

#[test]
fn nothing_else_becomes_a_tunnel() {
    let behind = Behind::play(echo);
    let server = before(&[&behind.route("/")], &[]);
    let open = |path: &str, more: &str| {
        server.request(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{more}\r\n"
        ))
    };
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    // A proof that is none, a version that nobody speaks, no key, another protocol.
    assert_eq!(open("/lie", &format!("{key}Sec-WebSocket-Version: 13\r\n")).status, 502);
    assert_eq!(open("/", &format!("{key}Sec-WebSocket-Version: 8\r\n")).status, 426);
    assert_eq!(open("/", "Sec-WebSocket-Version: 13\r\n").status, 400);
    let other = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
    assert_eq!(server.request(other).status, 426);
    let mut stream = server.connect();
    let text = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}Sec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(text.as_bytes()).expect("written");
    let opened = read_answer(&mut stream);
    assert_eq!((opened.status, opened.field("sec-websocket-accept")), (101, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    stream.write_all(&masked("hi")).expect("written");
    let mut got = [0; 4];
    stream.read_exact(&mut got).expect("a frame");
    assert_eq!(&got, b"\x81\x02hi");
}
