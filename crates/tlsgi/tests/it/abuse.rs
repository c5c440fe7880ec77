//! Slow, silent and endless clients end at their deadlines and slow nobody else down.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{PATIENCE, Server, read_answer};

const APPLICATION: &str = r#"
def application(environ, start_response):
    size = 0
    while True:
        piece = environ["wsgi.input"].read(65536)
        if not piece:
            break
        size += len(piece)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(size).encode()]
"#;

const QUICK: [&str; 12] = [
    "--handshake-timeout",
    "1s",
    "--header-timeout",
    "1s",
    "--body-grace",
    "1s",
    "--keep-alive-timeout",
    "2s",
    "--threads",
    "1",
    "--write-timeout",
    "2s",
];

/// How long the peer keeps this connection open without a word from us.
fn closed_after(socket: &mut TcpStream) -> Duration {
    let start = Instant::now();
    socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
    let mut byte = [0; 64];
    loop {
        match socket.read(&mut byte) {
            Ok(0) => return start.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return start.elapsed(),
            Err(error) => panic!("not closed: {error}"),
        }
    }
}

fn assert_quick(server: &Server) {
    let start = Instant::now();
    assert_eq!(server.get("/").text(), "0");
    assert!(start.elapsed() < Duration::from_millis(900), "{:?} for another client", start.elapsed());
}

#[test]
fn silent_handshake_ends_at_its_deadline() {
    let server = Server::with_source(APPLICATION, &QUICK);
    let mut empty = TcpStream::connect(server.https).expect("connects");
    let mut partial = TcpStream::connect(server.https).expect("connects");
    partial.write_all(&[0x16, 3, 1, 1, 0, 1]).expect("written");
    assert_quick(&server);
    for socket in [&mut empty, &mut partial] {
        let after = closed_after(socket);
        assert!(after < Duration::from_secs(4), "{after:?}");
    }
}

#[test]
fn half_a_head_and_a_dripped_one_get_408() {
    let server = Server::with_source(APPLICATION, &QUICK);
    let mut half = server.connect();
    half.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").expect("written");
    assert_quick(&server);
    assert_eq!(read_answer(&mut half).status, 408);
    let mut drip = server.connect();
    drip.sock.set_nodelay(true).expect("nodelay");
    let start = Instant::now();
    // A byte every now and then does not move the deadline of the whole head.
    for byte in b"GET / HTTP/1.1\r\nHost: x\r\nX-Drip: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
        if start.elapsed() > Duration::from_secs(3) || drip.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert_eq!(read_answer(&mut drip).status, 408);
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[test]
fn stalled_body_costs_no_worker_and_gets_408() {
    let server = Server::with_source(APPLICATION, &QUICK);
    let mut stalled: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = server.connect();
            stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf").expect("written");
            stream
        })
        .collect();
    // One thread in the pool, eight bodies that do not come: the pool is free all the same.
    assert_quick(&server);
    for stream in &mut stalled {
        assert_eq!(read_answer(stream).status, 408);
    }
}

#[test]
fn idle_connection_is_closed_after_keep_alive() {
    let server = Server::with_source(APPLICATION, &QUICK);
    let mut stream = server.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").expect("written");
    assert_eq!(read_answer(&mut stream).status, 200);
    let start = Instant::now();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("closed with a TLS good-bye");
    let waited = start.elapsed();
    assert!(rest.is_empty() && waited > Duration::from_secs(1) && waited < Duration::from_secs(6), "{waited:?}");
}

#[test]
fn many_idle_connections_leave_others_alone() {
    let server = Server::with_source(APPLICATION, &["--threads", "1"]);
    let config = server.client_config();
    let idle: Vec<_> = (0..300)
        .map(|_| {
            let socket = TcpStream::connect(server.https).expect("connects");
            let name = rustls::pki_types::ServerName::try_from("localhost").expect("name");
            let client = rustls::ClientConnection::new(std::sync::Arc::clone(&config), name).expect("client");
            let mut stream = rustls::StreamOwned::new(client, socket);
            while stream.conn.is_handshaking() {
                stream.conn.complete_io(&mut stream.sock).expect("handshake");
            }
            stream
        })
        .collect();
    assert_quick(&server);
    drop(idle);
}

#[test]
fn limits_are_answered_with_their_own_status() {
    let limits =
        ["--max-header-size", "2k", "--max-header-count", "10", "--max-request-line", "1k", "--max-body-size", "10"];
    let server = Server::with_source(APPLICATION, &limits);
    let long_line = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(2000));
    let long_field = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "a".repeat(3000));
    let many_fields = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(11));
    let large = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n".to_owned();
    let large_chunks =
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n".to_owned();
    for (request, status) in
        [(long_line, 414), (long_field, 431), (many_fields, 431), (large, 413), (large_chunks, 413)]
    {
        assert_eq!(server.request(&request).status, status, "{}", &request[..60.min(request.len())]);
    }
}

#[test]
fn queue_has_a_deadline() {
    let slow = r#"
import time

def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(3)
    start_response("200 OK", [])
    return [b"ok"]
"#;
    let server = Server::with_source(slow, &["--threads", "1", "--queue-timeout", "500ms"]);
    let mut busy = server.connect();
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").expect("written");
    busy.flush().expect("flushed");
    server.wait_until(
        || {
            let answer = server.get("/");
            answer.status == 503 && answer.field("retry-after").is_some()
        },
        "a 503 with Retry-After while the only thread is busy",
    );
    assert_eq!(read_answer(&mut busy).status, 200);
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn stuck_request_is_answered_and_its_worker_replaced() {
    let stuck = r#"
import time

def block_for_ever():
    time.sleep(1000)

def application(environ, start_response):
    if environ["PATH_INFO"] == "/stuck":
        block_for_ever()
    start_response("200 OK", [])
    return [b"ok"]
"#;
    let server = Server::with_source(stuck, &["--request-timeout", "1s", "--graceful-timeout", "2s"]);
    let worker = server.workers();
    assert_eq!(server.get("/stuck").status, 504);
    server.wait_for_log("block_for_ever");
    server.wait_until(
        || server.workers().iter().all(|pid| !worker.contains(pid)) && !server.workers().is_empty(),
        "a new worker",
    );
    assert_eq!(server.get("/").status, 200);
}
