//! Connections that a proxy announces by the PROXY protocol: by raw sockets, and by curl, which can be such a proxy.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::harness::{PATIENCE, Server, command, read_answer};

/// Says who it believes the client to be.
const WSGI: &str = r#"
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    fields = sorted(name for name in environ if name.startswith("HTTP_X_FORWARDED"))
    return [f"{environ['REMOTE_ADDR']} {environ['REMOTE_PORT']} {environ['wsgi.url_scheme']} {fields}".encode()]
"#;

const TRUSTED: [&str; 4] = ["--proxy-protocol", "--trusted-proxy", "127.0.0.1", "--allow-http"];
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n";

/// Version 2, from 203.0.113.9 port 5555, with an extension.
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10\xcb\0\x71\x09\x7f\0\0\x01\x15\xb3\x01\xbb\x04\0\x01\0";

fn announced_over_tls(server: &Server, header: &[u8]) -> String {
    let mut stream = server.connect();
    stream.sock.write_all(header).expect("written");
    stream.write_all(REQUEST).expect("written");
    read_answer(&mut stream).text()
}

/// What is left of a connection to the plain listener that begins with these bytes.
fn rest(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.http.expect("a plain listener")).expect("connects");
    stream.write_all(bytes).expect("written");
    let mut rest = Vec::new();
    // A reset is an end too.
    _ = stream.read_to_end(&mut rest);
    rest
}

#[test]
fn the_client_that_a_proxy_announces_is_the_client() {
    let server = Server::with_source(WSGI, &TRUSTED);
    for header in [&b"PROXY TCP4 203.0.113.9 127.0.0.1 5555 443\r\n"[..], BINARY] {
        let answer = announced_over_tls(&server, header);
        assert!(answer.ends_with("203.0.113.9 5555 https []"), "{answer}");
        let answer = rest(&server, &[header, REQUEST].concat());
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.ends_with("203.0.113.9 5555 http []"), "{answer}");
    }
    server.wait_for_log("203.0.113.9 - - ");
    // The proxy for itself.
    let checked = announced_over_tls(&server, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
    assert!(checked.starts_with("127.0.0.1 "), "{checked}");
}

#[test]
fn curl_is_a_proxy_over_http2_and_http1() {
    let server = Server::with_source(WSGI, &TRUSTED);
    for version in ["--http1.1", "--http2"] {
        let output = server.curl(&[version, "--haproxy-protocol", &server.url("/")]);
        let body = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(body.starts_with("127.0.0.1 ") && body.ends_with(" https []"), "{body}");
    }
    assert!(!server.curl(&[&server.url("/")]).status.success(), "who announces nobody is no proxy");
    server.wait_for_log("sent no header of the PROXY protocol");
}

#[test]
fn nobody_else_is_served() {
    let server = Server::with_source(WSGI, &["--proxy-protocol", "--trusted-proxy", "10.0.0.0/8", "--allow-http"]);
    let header = b"PROXY TCP4 203.0.113.9 127.0.0.1 5555 443\r\n";
    assert_eq!(rest(&server, &[&header[..], REQUEST].concat()), b"");
    assert_eq!(rest(&server, REQUEST), b"");
    server.wait_for_log("no --trusted-proxy");
}

#[test]
fn a_client_that_is_a_proxy_too_is_believed_in_what_is_named() {
    let named = ["--trust", "X-Forwarded-For", "--trusted-proxy", "203.0.113.9"];
    let server = Server::with_source(WSGI, &[&TRUSTED[..], &named].concat());
    let answer = announced_over_tls(&server, b"PROXY TCP4 203.0.113.9 127.0.0.1 5555 443\r\n");
    assert!(answer.starts_with("6.6.6.6 "), "{answer}");
    let answer = announced_over_tls(&server, b"PROXY TCP4 203.0.113.8 127.0.0.1 5555 443\r\n");
    assert!(answer.starts_with("203.0.113.8 "), "{answer}");
}

#[test]
fn somebody_has_to_be_trusted() {
    let output = command().args(["check", "app:app", "--proxy-protocol"]).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("`--proxy-protocol` needs `--trusted-proxy`"), "{told}");
}

const LINE: &[u8] = b"PROXY TCP4 203.0.113.9 127.0.0.1 5555 443\r\n";

fn second(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).expect("short").to_be_bytes();
    [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family], &length, rest].concat()
}

/// Whether the server ends the connection without a word.
fn is_closed(address: SocketAddr, bytes: &[u8]) -> bool {
    let mut socket = TcpStream::connect(address).expect("connects");
    socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
    // The end may come before everything is written.
    _ = socket.write_all(bytes);
    match socket.read(&mut [0; 64]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn not_a_byte_of_tls_is_taken_with_the_header() {
    let server = Server::with_source(WSGI, &TRUSTED);
    for header in [LINE, BINARY] {
        let mut socket = TcpStream::connect(server.https).expect("connects");
        socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        let name = ServerName::try_from("localhost").expect("a name");
        let mut client = ClientConnection::new(server.client_config(), name).expect("client");
        // The header and the start of TLS leave in one piece.
        let mut first = header.to_vec();
        client.write_tls(&mut first).expect("hello");
        socket.write_all(&first).expect("written");
        let mut stream = StreamOwned::new(client, socket);
        stream.write_all(REQUEST).expect("written");
        assert_eq!(read_answer(&mut stream).text(), "203.0.113.9 5555 https []");
    }
}

#[test]
fn somebody_whom_the_proxy_does_not_know_is_not_the_proxy() {
    let server = Server::with_source(WSGI, &[&TRUSTED[..], &["--trust", "X-Forwarded-For"]].concat());
    let text = |header: &[u8]| String::from_utf8_lossy(&rest(&server, &[header, REQUEST].concat())).into_owned();
    let unknown: [&[u8]; 4] =
        [b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN ::1 ::1 1 2\r\n", &second(0x21, 0, b""), &second(0x21, 0x31, &[0; 216])];
    for header in unknown {
        let answer = text(header);
        assert!(answer.contains("\r\n\r\n127.0.0.1 ") && answer.ends_with(" http []"), "{header:?}: {answer}");
    }
    let own = text(&second(0x20, 0, b""));
    assert!(own.contains("\r\n\r\n6.6.6.6 ") && own.ends_with("['HTTP_X_FORWARDED_FOR']"), "{own}");
}

#[test]
fn wrong_headers_end_the_connection_without_a_word() {
    let server = Server::with_source(WSGI, &TRUSTED);
    let http = server.http.expect("a plain listener");
    for bytes in [
        REQUEST,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefgh",
        b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\nGET / HTTP/1.1\r\n\r\n",
        b"PROXY TCP4 203.0.113.9 192.0.2.1 4711\r\nGET / HTTP/1.1\r\n\r\n",
        b"PROXY TCP4 evil.test 192.0.2.1 4711 443\r\nGET / HTTP/1.1\r\n\r\n",
        b"PROXY TCP4 203.0.113.9, 192.0.2.1 4711 443\r\nGET / HTTP/1.1\r\n\r\n",
        b"PROXY UNKNOWN \nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[b"PROXY UNKNOWN ", &[b'x'; 200][..], b"\r\n"].concat(),
        &second(0x31, 0x11, &[0; 12]),
        &second(0x21, 0x12, &[0; 12]),
        &second(0x21, 0x21, &[0; 12]),
        &second(0x21, 0x00, &[0; 5000]),
    ] {
        for address in [server.https, http] {
            assert!(is_closed(address, bytes), "{address} {:?}", String::from_utf8_lossy(bytes));
        }
    }
    // A second header is where the request has to be.
    let twice = rest(&server, &[LINE, LINE, REQUEST].concat());
    assert!(twice.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&twice));
    let told = server.log().matches("connection is closed").count();
    assert!((1..=2).contains(&told), "told {told} times:\n{}", server.log());
}

#[test]
fn header_is_no_header_where_it_is_not_asked_for() {
    let server = Server::with_source(WSGI, &["--allow-http", "--trusted-proxy", "127.0.0.1"]);
    for header in [LINE, BINARY] {
        let answer = rest(&server, &[header, REQUEST].concat());
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&answer));
        let mut socket = TcpStream::connect(server.https).expect("connects");
        _ = socket.write_all(&[header, REQUEST].concat());
        assert_ne!(read_answer(&mut socket).status, 200);
    }
}

#[test]
fn bounds_are_those_of_the_announced_client() {
    let server = Server::with_source(WSGI, &[&TRUSTED[..], &["--max-connections-per-client", "1"]].concat());
    let http = server.http.expect("a plain listener");
    let open = |header: &[u8]| {
        let mut socket = TcpStream::connect(http).expect("connects");
        socket.write_all(&[header, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat()).expect("written");
        (read_answer(&mut socket).status, socket)
    };
    let (first, held) = open(LINE);
    let (second, _other) = open(b"PROXY TCP4 203.0.113.10 127.0.0.1 5555 443\r\n");
    assert_eq!((first, second), (200, 200));
    assert!(is_closed(http, &[LINE, REQUEST].concat()));
    drop(held);
    server.wait_until(|| !is_closed(http, &[LINE, REQUEST].concat()), "room for the client again");
}

#[test]
fn header_that_does_not_come_has_the_deadline_of_a_handshake() {
    let server = Server::with_source(WSGI, &[&TRUSTED[..], &["--handshake-timeout", "200ms"]].concat());
    for part in [&b""[..], b"PROXY TCP4 203.0.113.9", &second(0x20, 0, b"")[..13]] {
        for address in [server.https, server.http.expect("a plain listener")] {
            assert!(is_closed(address, part), "{part:?}");
        }
    }
    assert!(is_closed(server.https, LINE));
}

#[test]
fn proxy_on_a_unix_socket_announces_clients() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("s");
    let bind = format!("unix:{}", path.display());
    let arguments =
        ["--bind-http", &bind, "--port", "0", "--allow-http", "--proxy-protocol", "--trusted-proxy", "unix"];
    let server = Server::with_source(WSGI, &arguments);
    let ask = |header: &[u8]| {
        let mut socket = UnixStream::connect(&path).expect("connects");
        socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        _ = socket.write_all(&[header, REQUEST].concat());
        let answer = read_answer(&mut socket);
        (answer.status, answer.text())
    };
    assert_eq!(ask(LINE), (200, "203.0.113.9 5555 http []".to_owned()));
    assert_eq!(ask(b"").0, 0);
    drop(server);
}
