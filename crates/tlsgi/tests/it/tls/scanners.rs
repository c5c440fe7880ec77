//! What scanners of TLS servers find: nothing.

use std::process::Command;

use super::text;
use crate::harness::{Server, command};

/// An application with the fields that scanners look for; they are its own business.
const CAREFUL: &str = "def application(environ, start_response):
    start_response('200 OK', [
        ('Content-Length', '5'), ('Content-Type', 'text/plain'), ('X-Frame-Options', 'DENY'),
        ('X-Content-Type-Options', 'nosniff'), ('Content-Security-Policy', \"default-src 'self'\"),
        ('Referrer-Policy', 'no-referrer'), ('Permissions-Policy', 'camera=()'),
    ])
    return [b'hello']
";

/// Findings of testssl.sh: severity, what it looked at, and what it found.
fn findings(json: &str) -> Vec<(String, String, String)> {
    let field = |entry: &str, name: &str| {
        let rest = entry.split_once(&format!("\"{name}\"")).expect("a field").1;
        rest.split('"').nth(1).unwrap_or_default().to_owned()
    };
    let entries = json.split('{').skip(1);
    entries.map(|entry| (field(entry, "severity"), field(entry, "id"), field(entry, "finding"))).collect()
}

#[test]
fn testssl_finds_nothing_worse_than_ok() {
    let directory = tempfile::tempdir().expect("directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let authority = path("ca");
    // A chain, as a public certificate has one, and a place of the revocation list in it.
    for words in [
        &["ca", "init", "--crl-url", "http://crl.example.org/ca.crl", "--dir", &authority][..],
        &["ca", "issue", "server", "localhost", "--days", "90", "--dir", &authority],
    ] {
        let made = command().args(words).current_dir(directory.path()).output().expect("runs");
        assert!(made.status.success(), "{}", text(&made));
    }
    let (certificate, key) = (path("localhost.pem"), path("localhost-key.pem"));
    let files = ["--certfile", &certificate, "--keyfile", &key, "--hsts", "max-age=63072000"];
    let server = Server::with_source(CAREFUL, &files);
    let report = path("report.json");
    let mut testssl = Command::new("testssl");
    testssl.args(["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", "127.0.0.1"]);
    // Protocols, categories of suites, forward secrecy, preferences, the certificate, fields of the answer, known attacks.
    testssl.args(["-p", "-s", "-f", "-P", "-S", "-h", "-U"]).arg(format!("--add-ca={}", path("ca/ca.pem")));
    testssl.args(["--jsonfile", &report]).arg(format!("localhost:{}", server.https.port()));
    let output = testssl.current_dir(directory.path()).output().expect("testssl.sh is installed: .ci/run does it");
    let findings =
        findings(&std::fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {}", text(&output))));
    let is_fine = |severity: &str| matches!(severity, "OK" | "INFO");
    // Remarks about the scanner itself are warnings of its own kind.
    let bad: Vec<_> = findings.iter().filter(|(severity, ..)| !is_fine(severity) && severity != "WARN").collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for (id, expected) in
        [("TLS1", "not offered"), ("TLS1_2", "offered"), ("TLS1_3", "offered"), ("BEAST", "not vulnerable")]
    {
        let found = findings.iter().find(|(_, known, _)| known == id).unwrap_or_else(|| panic!("{id}: {findings:#?}"));
        assert!(found.2.contains(expected), "{found:?}");
    }
    assert!(findings.len() > 60, "{}", findings.len());
}
