//! TLS as clients meet it: what is offered, which certificate they get, what they are told when they are refused.

mod alerts;
mod apache;
mod certificates;
mod compression;
mod names;
mod policy;
mod scanners;
mod tickets;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};

use crate::harness::{Server, command, python};

/// An application that answers everything.
const HELLO: &str = "def application(environ, start_response):\n    start_response('200 OK', [('Content-Length', '5')])\n    return [b'hello']\n";

/// A root of a test, and server certificates below it in a directory.
struct Root {
    directory: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// Kinds of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    Ecdsa,
}

/// A certificate's files.
#[derive(Debug, Clone)]
struct Files {
    certificate: String,
    key: String,
}

impl Root {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "test root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("key")).expect("root");
        let directory = tempfile::tempdir().expect("directory");
        std::fs::write(directory.path().join("root.pem"), issuer.pem()).expect("written");
        Self { directory, issuer }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self) -> String {
        self.path("root.pem").display().to_string()
    }

    /// A certificate for these names as PEM, with its key.
    fn pem(&self, names: &[&str], kind: Kind) -> (String, String) {
        let key = match kind {
            Kind::Rsa => KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256),
            Kind::Ecdsa => KeyPair::generate(),
        };
        let key = key.expect("key");
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names.clone()).expect("names");
        params.distinguished_name.push(DnType::CommonName, format!("{} {kind:?}", names.join(" ")));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let now = time::OffsetDateTime::now_utc();
        (params.not_before, params.not_after) = (now - time::Duration::HOUR, now + time::Duration::days(90));
        let certificate = params.signed_by(&key, &self.issuer).expect("certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// The same in files `STEM.crt` and `STEM.key`.
    fn issue(&self, stem: &str, names: &[&str], kind: Kind) -> Files {
        let (certificate, key) = self.pem(names, kind);
        let files = Files {
            certificate: self.path(&format!("{stem}.crt")).display().to_string(),
            key: self.path(&format!("{stem}.key")).display().to_string(),
        };
        std::fs::write(&files.certificate, certificate).expect("written");
        std::fs::write(&files.key, key).expect("written");
        files
    }
}

impl Files {
    fn arguments(&self) -> [&str; 4] {
        ["--certfile", &self.certificate, "--keyfile", &self.key]
    }
}

/// A server with a hello application.
fn server(arguments: &[&str]) -> Server {
    Server::with_source(HELLO, arguments)
}

/// A server made of a `tlsgi.toml` (port 0 and loopback are added) in a directory of its own.
fn server_of_file(toml: &str) -> Server {
    let directory = tempfile::tempdir().expect("directory");
    std::fs::write(directory.path().join("application.py"), HELLO).expect("written");
    let head = "app = 'application.py'\nhost = '127.0.0.1'\nhttps-port = 0\nport = 0\n";
    std::fs::write(directory.path().join("tlsgi.toml"), format!("{head}{toml}")).expect("written");
    let mut command = command();
    command.arg("serve").current_dir(directory.path());
    command.arg("--python").arg(python()).arg("--state-dir").arg(directory.path().join("state"));
    Server::run_by(directory, command)
}

/// What `openssl s_client` says of a handshake, all of it.
fn s_client(server: &Server, arguments: &[&str]) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-connect", &server.https.to_string()]).args(arguments);
    text(&openssl.stdin(Stdio::null()).output().expect("openssl runs"))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The subject of the certificate that a client with these arguments gets.
fn subject(server: &Server, arguments: &[&str]) -> String {
    let text = s_client(server, arguments);
    let subject = text.lines().find_map(|line| line.strip_prefix("subject=")).unwrap_or_else(|| panic!("{text}"));
    subject.replace("CN = ", "").trim().to_owned()
}

/// The suite that was agreed on; empty for none.
fn suite(server: &Server, arguments: &[&str]) -> String {
    let text = s_client(server, arguments);
    let suite = text.lines().find_map(|line| line.trim().strip_prefix("New, ")?.split_once("Cipher is "));
    suite.map(|(_, suite)| suite.trim().to_owned()).filter(|suite| suite != "(NONE)").unwrap_or_default()
}

/// What the command says that does not start.
fn refusal(arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("directory");
    let mut command = command();
    command.args(["check", "wsgi_app.py", "--host", "127.0.0.1", "--https-port", "0", "--port", "0"]).args(arguments);
    command.arg("--state-dir").arg(directory.path()).current_dir(examples());
    let output = command.output().expect("runs");
    assert!(!output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}
