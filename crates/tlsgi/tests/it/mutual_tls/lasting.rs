//! What holds on connections that are open already and on sessions that are resumed: revocation, expiry, changed files.

use std::time::{Duration, Instant};

use super::{ASGI, Line, WSGI, directory, fetch, settings, text};
use crate::authority::{Authority, Wish};
use crate::harness::{PATIENCE, Server};

const DAY: Duration = Duration::from_secs(86_400);

/// Asks on one connection until the answer has this status.
fn ask_until(line: &mut Line, path: &str, expect: u16) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let (status, page) = line.get(path);
        if status == expect {
            return page;
        }
        assert!(Instant::now() < end, "still {status}: {page}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn revocation_holds_on_open_connections_and_resumed_sessions() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let list = directory.path().join("list.pem");
    authority.revoke(&list, &[], DAY);
    let arguments = ["--client-ca", text(&authority.file), "--client-cert-path", "/api", "--client-crl", text(&list)];
    let server = Server::with_source(WSGI, &arguments);
    let alice = authority.client();
    let bob = authority.issue(&Wish { name: "bob", serial: 0xb0b, ..Wish::default() });
    let mut open: Vec<Line> = Vec::new();
    let configs = [false, true].map(|is_h2| settings(&server, Some(&alice), is_h2));
    for config in &configs {
        let mut line = Line::open(&server, config);
        assert_eq!(line.get("/api").0, 200);
        open.push(line);
    }
    authority.revoke(&list, &[0xab01], DAY);
    for (line, config) in open.iter_mut().zip(&configs) {
        let page = ask_until(line, "/api", 403);
        assert!(page.contains("is revoked (serial AB01)") && page.contains("client-certificate-revoked"), "{page}");
        assert_eq!(line.get("/open").0, 200, "the connection itself goes on");
        let mut resumed = Line::open(&server, config);
        assert_eq!(resumed.get("/api").0, 403);
        assert!(resumed.is_resumed(), "the session is resumed, and yet nothing is let in");
    }
    for is_h2 in [false, true] {
        assert_eq!(
            Line::open(&server, &settings(&server, Some(&bob), is_h2)).get("/api").0,
            200,
            "others are not concerned"
        );
    }
    server.wait_for_log("error=client-certificate-revoked");
    assert!(server.log().contains("serial=AB01"), "{}", server.log());
    // Taken back again, and the same connection is let in.
    authority.revoke(&list, &[], DAY);
    ask_until(&mut open[0], "/api", 200);
}

#[test]
fn expiry_holds_on_open_connections_and_resumed_sessions() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let server = Server::with_source(WSGI, &["--client-ca", text(&authority.file), "--client-cert", "require"]);
    for (is_h2, serial) in [(false, 0x51), (true, 0x52)] {
        let client = authority.issue(&Wish { serial, until: 4, ..Wish::default() });
        let config = settings(&server, Some(&client), is_h2);
        let mut line = Line::open(&server, &config);
        assert_eq!(line.get("/").0, 200);
        let page = ask_until(&mut line, "/", 403);
        assert!(
            page.contains("the client certificate expired on") && page.contains("client-certificate-expired"),
            "{page}"
        );
        let mut resumed = Line::open(&server, &config);
        assert_eq!(resumed.get("/").0, 403);
        assert!(resumed.is_resumed());
    }
}

#[test]
fn list_that_runs_out_shuts_the_door_unless_told_otherwise() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let list = directory.path().join("list.pem");
    authority.revoke(&list, &[0xbad], Duration::from_secs(4));
    let base = ["--client-ca", text(&authority.file), "--client-cert", "require", "--client-crl", text(&list)];
    let strict = Server::with_source(WSGI, &base);
    let lenient = Server::with_source(WSGI, &[&base[..], &["--client-crl-expired", "accept"]].concat());
    let good = authority.client();
    let bad = authority.issue(&Wish { name: "bad", serial: 0xbad, ..Wish::default() });
    let mut line = Line::open(&strict, &settings(&strict, Some(&good), false));
    let page = ask_until(&mut line, "/", 403);
    assert!(page.contains("client-certificate-revocation-expired"), "{page}");
    assert_eq!(fetch(&lenient, "--http1.1", Some(&good), "/").0, 200);
    assert_eq!(fetch(&lenient, "--http1.1", Some(&bad), "/").0, 403);
    // A new list opens it again.
    authority.revoke(&list, &[0xbad], DAY);
    ask_until(&mut line, "/", 200);
}

#[test]
fn session_from_before_the_rules_is_not_resumed_under_them() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let file = directory.path().join("tlsgi.toml");
    std::fs::write(&file, "backlog = 100\n").expect("written");
    let server = Server::with_source(WSGI, &["--config", text(&file)]);
    let client = authority.client();
    for is_h2 in [false, true] {
        std::fs::write(&file, "backlog = 100\n").expect("written");
        server.signal("HUP");
        let config = settings(&server, Some(&client), is_h2);
        server.wait_until(|| Line::open(&server, &settings(&server, None, is_h2)).get("/api").0 == 200, "no rules");
        assert_eq!(Line::open(&server, &config).get("/api").0, 200);
        let mut before = Line::open(&server, &config);
        before.get("/api");
        assert!(before.is_resumed(), "there is a session");
        let rules = format!("client-ca = {:?}\nclient-cert-path = [\"/api\"]\n", text(&authority.file));
        std::fs::write(&file, rules).expect("written");
        server.signal("HUP");
        let none = settings(&server, None, is_h2);
        server.wait_until(|| Line::open(&server, &none).get("/api").0 == 403, "rules");
        let mut line = Line::open(&server, &config);
        let (status, page) = line.get("/api");
        assert!(!line.is_resumed(), "the old session would have no certificate");
        assert_eq!(status, 200, "{page}");
    }
}

#[test]
fn websocket_ends_when_its_client_is_not_let_in_any_more() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let server = Server::with_source(ASGI, &["--client-ca", text(&authority.file), "--client-cert-path", "/chat"]);
    let client = authority.issue(&Wish { until: 4, ..Wish::default() });
    let Line::H1(mut stream) = Line::open(&server, &settings(&server, Some(&client), false)) else {
        panic!("HTTP/1.1")
    };
    let upgrade = "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    std::io::Write::write_all(&mut stream, upgrade.as_bytes()).expect("written");
    assert_eq!(crate::harness::read_answer(&mut stream).status, 101);
    let mut frame = [0; 4];
    std::io::Read::read_exact(&mut stream, &mut frame).expect("a close frame");
    assert_eq!((frame[0], frame[2..].to_vec()), (0x88, 1008u16.to_be_bytes().to_vec()));
}
