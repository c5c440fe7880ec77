//! Nothing that is changed or killed under load costs a client more than it must.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::harness::{Server, read_answer, signal};
use crate::load::Load;

const HELLO: &str = r#"
import os

def application(environ, start_response):
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"#;

/// How soon a changed certificate must be on the wire.
const TAKE_OVER: Duration = Duration::from_secs(2);

struct Certificates {
    directory: tempfile::TempDir,
}

impl Certificates {
    fn new() -> Self {
        let certificates = Self { directory: tempfile::tempdir().expect("directory") };
        certificates.renew(1);
        certificates
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// A new self-signed pair, moved into place as renewal tools do.
    fn renew(&self, serial: u32) {
        let (certificate, key) = (self.path("new.crt"), self.path("new.key"));
        let serial = serial.to_string();
        let arguments = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-set_serial",
            &serial,
            "-keyout",
            &key,
            "-out",
            &certificate,
        ];
        let made = Command::new("openssl").args(arguments).output().expect("openssl runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::rename(&key, self.path("server.key")).expect("key in place");
        std::fs::rename(&certificate, self.path("server.crt")).expect("certificate in place");
    }

    fn der(&self) -> Vec<u8> {
        CertificateDer::from_pem_file(Path::new(&self.path("server.crt"))).expect("certificate").to_vec()
    }
}

/// A client that takes any certificate: what is presented is what these tests look at.
fn trusting_config() -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let mut config = builder.expect("versions").with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    config.dangerous().set_certificate_verifier(Arc::new(TakesAny(provider)));
    Arc::new(config)
}

#[derive(Debug)]
struct TakesAny(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The leaf that a new connection is shown.
fn presented(server: &Server) -> Vec<u8> {
    let socket = std::net::TcpStream::connect(server.https).expect("connects");
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("name");
    let client = rustls::ClientConnection::new(trusting_config(), name).expect("client");
    let mut stream = rustls::StreamOwned::new(client, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).expect("handshake");
    }
    stream.conn.peer_certificates().expect("certificates")[0].to_vec()
}

#[test]
fn certificates_are_exchanged_within_two_seconds_and_nobody_notices() {
    let certificates = Certificates::new();
    let (certificate, key) = (certificates.path("server.crt"), certificates.path("server.key"));
    let server = Server::with_source(HELLO, &["--certfile", &certificate, "--keyfile", &key, "--no-access-log"]);
    let load = Load::start(server.https, &trusting_config(), 16);
    for serial in 2..12 {
        certificates.renew(serial);
        let (start, wanted) = (Instant::now(), certificates.der());
        server.wait_until(|| presented(&server) == wanted, "the new certificate");
        assert!(start.elapsed() < TAKE_OVER * 2, "{:?} for certificate {serial}", start.elapsed());
    }
    let (good, lost, failures) = load.finish();
    assert!(good > 100 && lost == 0 && failures.is_empty(), "{good} good, {lost} lost, {failures:?}\n{}", server.log());
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn certificate_exchanged_while_a_reload_loads_is_the_one_presented_after_it() {
    let certificates = Certificates::new();
    let (certificate, key) = (certificates.path("server.crt"), certificates.path("server.key"));
    let gated = format!(
        "import os\ngate = os.path.join(os.path.dirname(__file__), 'gate')\nif os.path.exists(gate):\n    open(gate).read()\n{HELLO}"
    );
    let server = Server::with_source(&gated, &["--certfile", &certificate, "--keyfile", &key]);
    let gate = server.directory().join("gate");
    assert!(Command::new("mkfifo").arg(&gate).status().expect("mkfifo runs").success());
    server.signal("HUP");
    // Opens when the new worker reads: the reload has loaded the certificate and waits for the application.
    let opened = std::fs::OpenOptions::new().write(true).open(&gate).expect("gate");
    certificates.renew(2);
    server.wait_until(|| presented(&server) == certificates.der(), "the new certificate");
    std::fs::remove_file(&gate).expect("removed");
    drop(opened);
    server.wait_for_log("reloaded");
    server.wait_until(|| presented(&server) == certificates.der(), "the new certificate after the reload");
}

#[test]
fn reload_between_two_renames_is_made_up_for() {
    let certificates = Certificates::new();
    let (certificate, key) = (certificates.path("server.crt"), certificates.path("server.key"));
    let server = Server::with_source(HELLO, &["--certfile", &certificate, "--keyfile", &key]);
    let old = certificates.path("old.crt");
    std::fs::copy(&certificate, &old).expect("copied");
    certificates.renew(3);
    let renewed = certificates.der();
    server.wait_until(|| presented(&server) == renewed, "the watched certificate");
    std::fs::copy(&certificate, certificates.path("kept.crt")).expect("copied");
    std::fs::rename(&old, &certificate).expect("the half that does not fit");
    server.signal("HUP");
    server.wait_for_log("the reload is tried again in a moment");
    std::fs::rename(certificates.path("kept.crt"), &certificate).expect("the other half");
    server.wait_for_log("reloaded");
    assert!(!server.log().contains("nothing is reloaded"), "{}", server.log());
    std::fs::write(&certificate, "not a certificate").expect("written");
    server.signal("HUP");
    server.wait_for_log("nothing is reloaded, what runs goes on");
    assert_eq!(presented(&server), renewed);
}

#[test]
fn a_broken_pair_leaves_the_old_one_serving() {
    let certificates = Certificates::new();
    let (certificate, key) = (certificates.path("server.crt"), certificates.path("server.key"));
    let server = Server::with_source(HELLO, &["--certfile", &certificate, "--keyfile", &key]);
    let before = presented(&server);
    std::fs::write(&certificate, "not a certificate").expect("written");
    server.wait_for_log("server.crt");
    assert_eq!(presented(&server), before);
    certificates.renew(7);
    server.wait_until(|| presented(&server) == certificates.der(), "the repaired certificate");
}

#[test]
fn hup_and_usr2_lose_no_request() {
    let server = Server::with_source(HELLO, &["--processes", "2", "--front-threads", "2", "--no-access-log"]);
    let load = Load::start(server.https, &server.client_config(), 16);
    for _ in 0..5 {
        let workers = server.workers();
        server.signal("HUP");
        server.wait_until(|| server.workers().iter().all(|pid| !workers.contains(pid)), "new workers");
    }
    for _ in 0..2 {
        let front = server.front();
        server.signal("USR2");
        server.wait_until(|| !server.children().iter().any(|(pid, _)| *pid == front), "the old front to end");
    }
    let seen = load.good();
    server.wait_until(|| load.good() > seen + 100, "answers after the last change");
    let (good, lost, failures) = load.finish();
    assert!(lost == 0 && failures.is_empty(), "{good} good, {lost} lost, {failures:?}\n{}", server.log());
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn killed_workers_cost_only_what_they_had_begun() {
    let server =
        Server::with_source(HELLO, &["--processes", "2", "--threads", "2", "--front-threads", "2", "--no-access-log"]);
    let load = Load::start(server.https, &server.client_config(), 16);
    for _ in 0..8 {
        let seen = load.good();
        server.wait_until(|| load.good() > seen + 50 && server.workers().len() == 2, "two workers under load");
        let workers = server.workers();
        signal(workers[0], "KILL");
        server.wait_until(|| server.workers().len() == 2 && !server.workers().contains(&workers[0]), "a new worker");
    }
    let (good, lost, failures) = load.finish();
    // Two threads a worker: no kill can cost more than two requests.
    assert!(
        good > 400 && lost <= 16 && failures.is_empty(),
        "{good} good, {lost} lost, {failures:?}\n{}",
        server.log()
    );
}

#[test]
fn request_that_a_killed_worker_had_not_read_is_answered_by_its_successor() {
    let server = Server::with_source(HELLO, &["--front-threads", "1"]);
    let worker = server.workers()[0];
    signal(worker, "STOP");
    let state = || std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap_or_default();
    server.wait_until(|| state().contains(") T "), "the worker to stand still");
    let mut waiting = server.connect();
    waiting.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("written");
    // The only front thread answers this one after it has handed over the one before.
    assert_eq!(server.request("BAD\r\n\r\n").status, 400);
    signal(worker, "KILL");
    let answer = read_answer(&mut waiting);
    assert_eq!(answer.status, 200, "{}", server.log());
    assert_ne!(answer.text(), worker.to_string());
}

#[test]
fn requests_that_a_killed_worker_was_about_to_call_are_answered_by_its_successor() {
    let deadly = r#"
import os, signal

def application(environ, start_response):
    if environ["PATH_INFO"] == "/die":
        os.kill(os.getpid(), signal.SIGKILL)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"#;
    let server = Server::with_source(deadly, &["--front-threads", "1", "--threads", "1", "--no-access-log"]);
    let mut steady = server.connect();
    // Answers leave together after many short calls.
    for _ in 0..1200 {
        steady.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
        assert_eq!(read_answer(&mut steady).status, 200);
    }
    let worker = server.workers()[0];
    let mut waiting: Vec<_> = (0..12).map(|_| server.connect()).collect();
    signal(worker, "STOP");
    let state = || std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap_or_default();
    server.wait_until(|| state().contains(") T "), "the worker to stand still");
    for (at, client) in waiting.iter_mut().enumerate() {
        let path = if at == 2 { "/die" } else { "/" };
        write!(client, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("written");
        // The only front thread answers this one after it has handed over the one before.
        assert_eq!(server.request("BAD\r\n\r\n").status, 400);
    }
    signal(worker, "CONT");
    let statuses: Vec<_> = waiting.iter_mut().map(|client| read_answer(client).status).collect();
    let lost = statuses.iter().skip(2).filter(|status| **status != 200).count();
    assert_eq!((lost, statuses[2]), (1, 502), "{statuses:?}\n{}", server.log());
}

#[test]
fn dead_front_is_replaced_and_its_port_stays_open() {
    let server = Server::with_source(HELLO, &[]);
    let front = server.front();
    signal(front, "KILL");
    let start = Instant::now();
    let answer = server.get("/");
    assert_eq!(answer.status, 200);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_ne!(server.front(), front);
}
