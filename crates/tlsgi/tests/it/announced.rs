//! Connections that a proxy announces by the PROXY protocol: by raw sockets, and by curl, which can be such a proxy.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::harness::{Server, command, read_answer};

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
