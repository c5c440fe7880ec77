//! Sessions resume across changes of their keys, replaced fronts and reloads, and not for longer than was said.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, StreamOwned};

use super::{s_client, server};
use crate::harness::{Server, read_answer};

const CHANGED: &str = "the next key is in use";

fn changes(server: &Server) -> usize {
    server.log().matches(CHANGED).count()
}

fn wait_for_change(server: &Server, number: usize) {
    server.wait_until(|| changes(server) >= number, "a change of the ticket key");
}

/// Whether a connection with this client's memory resumed.
fn resumes(server: &Server, config: &Arc<ClientConfig>) -> bool {
    let name = ServerName::try_from("localhost").expect("name");
    let client = ClientConnection::new(Arc::clone(config), name).expect("client");
    let mut stream = StreamOwned::new(client, TcpStream::connect(server.https).expect("connects"));
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("written");
    assert_eq!(read_answer(&mut stream).status, 200);
    stream.conn.handshake_kind() == Some(HandshakeKind::Resumed)
}

#[test]
fn every_session_resumes_while_keys_change_and_fronts_are_replaced() {
    let server = server(&["--tls-ticket-rotation", "2s", "--front-threads", "2", "--log-level", "debug"]);
    let config = server.client_config();
    assert!(!resumes(&server, &config));
    let mut count = 0;
    for signal in [None, Some("USR2"), Some("HUP")] {
        if let Some(signal) = signal {
            server.signal(signal);
        }
        let before = changes(&server);
        while changes(&server) < before + 1 {
            assert!(resumes(&server, &config), "connection {count} after {signal:?}; log:\n{}", server.log());
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn a_ticket_is_good_after_one_change_of_the_key_and_not_after_two() {
    let server = server(&["--tls-ticket-rotation", "5s", "--log-level", "debug"]);
    let file = server.directory().join("session.pem");
    let session = file.display().to_string();
    wait_for_change(&server, 1);
    let made = s_client(&server, &["-tls1_2", "-sess_out", &session]);
    assert!(made.contains("ticket lifetime hint: 5 "), "{made}");
    assert_eq!(changes(&server), 1, "this machine is too slow for the test");
    let is_resumed = || s_client(&server, &["-tls1_2", "-sess_in", &session]).contains("Reused, TLSv1.2");
    assert!(is_resumed());
    wait_for_change(&server, 2);
    assert!(is_resumed() || changes(&server) > 2);
    wait_for_change(&server, 3);
    assert!(!is_resumed());
}

#[test]
fn tickets_can_be_switched_off() {
    let server = server(&["--tls-ticket-rotation", "none"]);
    let config = server.client_config();
    assert!(!resumes(&server, &config) && !resumes(&server, &config));
    assert!(!s_client(&server, &["-tls1_2"]).contains("TLS session ticket:"));
}
