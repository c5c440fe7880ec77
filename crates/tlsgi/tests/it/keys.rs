//! Private keys stay with the supervisor; sessions resume whichever process answers.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;

use crate::harness::{Server, example, read_answer};

/// Whether a process's readable memory contains these bytes.
fn memory_contains(pid: u32, needle: &[u8]) -> bool {
    use std::os::unix::fs::FileExt as _;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("maps");
    let memory = std::fs::File::open(format!("/proc/{pid}/mem")).expect("memory");
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with('r'))) {
        let range = line.split(' ').next().and_then(|range| range.split_once('-')).expect("range");
        let start = u64::from_str_radix(range.0, 16).expect("start");
        let end = u64::from_str_radix(range.1, 16).expect("end");
        // Read in pieces that overlap by the length of what is looked for.
        let mut at = start;
        let mut buffer = vec![0; (1 << 20) + needle.len()];
        while at < end {
            let want = buffer.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
            // Some special mappings cannot be read.
            let Ok(count) = memory.read_at(&mut buffer[..want], at) else { break };
            if memchr::memmem::find(&buffer[..count], needle).is_some() {
                return true;
            }
            at += 1 << 20;
        }
    }
    false
}

fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).output().expect("openssl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn private_key_is_in_no_memory_of_front_and_workers() {
    let directory = tempfile::tempdir().expect("directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (key, certificate) = (path("key.pem"), path("certificate.pem"));
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "9",
        "-subj",
        "/CN=localhost",
        "-keyout",
        &key,
        "-out",
        &certificate,
    ]);
    let server =
        Server::start(&example("wsgi_app.py"), &["--certfile", &certificate, "--keyfile", &key, "--processes", "2"]);
    let fetched = Command::new("curl").args(["--silent", "--insecure", &server.url("/")]).output().expect("curl");
    assert!(String::from_utf8_lossy(&fetched.stdout).starts_with("Hello"));
    // The first prime and the private exponent as the key file has them, and as OpenSSL-like libraries keep them (little-endian words).
    let text = String::from_utf8(openssl(&["rsa", "-in", &key, "-noout", "-text"])).expect("text");
    let secrets: Vec<Vec<u8>> =
        ["prime1:", "privateExponent:"].iter().map(|name| hexadecimal_block(&text, name)).collect();
    let modulus = hexadecimal_block(&text, "modulus:");
    let mut processes = server.workers();
    assert_eq!(processes.len(), 2);
    // The search itself works: the public modulus is in the front, inside the certificate it presents.
    assert!(memory_contains(server.front(), &modulus[1..65]), "the certificate must be found in the front");
    processes.push(server.front());
    for pid in processes {
        for secret in &secrets {
            let secret = &secret[secret.len() - 64..];
            let reversed: Vec<u8> = secret.iter().rev().copied().collect();
            assert!(
                !memory_contains(pid, secret) && !memory_contains(pid, &reversed),
                "the key is in the memory of {pid}"
            );
        }
    }
}

/// The bytes after a title in `openssl rsa -text`.
fn hexadecimal_block(text: &str, title: &str) -> Vec<u8> {
    let rest = text.split_once(title).expect("title").1;
    let lines = rest.lines().skip(1).take_while(|line| line.starts_with("    "));
    let digits: String = lines.flat_map(|line| line.trim().split(':')).collect();
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("hexadecimal")).collect()
}

#[test]
fn every_key_form_serves() {
    let directory = tempfile::tempdir().expect("directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let forms: [(&str, &[&str]); 5] = [
        ("rsa", &["genrsa", "-traditional", "-out"]),
        ("pkcs8", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]),
        ("sec1", &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out"]),
        ("p384", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out"]),
        ("ed25519", &["genpkey", "-algorithm", "ED25519", "-out"]),
    ];
    for (name, make) in forms {
        let (key, request, certificate) =
            (path(&format!("{name}.key")), path(&format!("{name}.csr")), path(&format!("{name}.crt")));
        let mut make = make.to_vec();
        make.push(&key);
        openssl(&make);
        // Plain `x509 -req`, as recipes have it: an X.509 v1 certificate.
        openssl(&["req", "-new", "-key", &key, "-subj", "/CN=localhost", "-out", &request]);
        openssl(&["x509", "-req", "-in", &request, "-signkey", &key, "-days", "9", "-out", &certificate]);
        let server = Server::start(&example("wsgi_app.py"), &["--certfile", &certificate, "--keyfile", &key]);
        for version in [&["--tlsv1.3"][..], &["--tls-max", "1.2"]] {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--show-error", "--insecure"]).args(version).arg(server.url("/"));
            let fetched = curl.output().expect("curl");
            let text = String::from_utf8_lossy(&fetched.stdout).into_owned();
            assert!(text.starts_with("Hello"), "{name} {version:?}: {}", String::from_utf8_lossy(&fetched.stderr));
        }
    }
}

#[test]
fn every_session_resumes_with_four_workers() {
    let server = Server::start(&example("wsgi_app.py"), &["--processes", "4"]);
    let config = server.client_config();
    let mut resumed = 0;
    for _ in 0..61 {
        let socket = TcpStream::connect(server.https).expect("connects");
        let name = rustls::pki_types::ServerName::try_from("localhost").expect("name");
        let client = rustls::ClientConnection::new(Arc::clone(&config), name).expect("client");
        let mut stream = rustls::StreamOwned::new(client, socket);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("written");
        assert_eq!(read_answer(&mut stream).status, 200);
        resumed += usize::from(stream.conn.handshake_kind() == Some(rustls::HandshakeKind::Resumed));
    }
    assert_eq!(resumed, 60);
}
