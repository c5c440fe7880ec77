//! A temporary directory with the `openssl` command in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use time::OffsetDateTime;
use tlsgi_cert::{Error, Finding, Loaded, Name, Source};

pub(crate) struct Bench {
    directory: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Runs `openssl` in the directory; `words` are split at spaces.
    pub(crate) fn openssl(&self, words: &str) -> String {
        run(Command::new("openssl").args(words.split_whitespace()).current_dir(self.directory.path()))
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Files one after the other.
    pub(crate) fn join(&self, names: &[&str], to: &str) -> PathBuf {
        let text: String = names.iter().map(|name| self.read(name)).collect();
        self.write(to, text)
    }

    /// `NAME.key` and a self-signed `NAME.pem` for localhost.
    pub(crate) fn self_signed(&self, name: &str) {
        self.openssl(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.key"));
        self.openssl(&format!(
            "req -x509 -key {name}.key -out {name}.pem -subj /CN={name} -days 90 -addext subjectAltName=DNS:localhost"
        ));
    }

    /// `NAME.key` and an X.509 version 1 `NAME.pem`, as plain `openssl x509 -req` wrote them before OpenSSL 3.2.
    pub(crate) fn version_1(&self, name: &str) {
        self.openssl(&format!("genrsa -out {name}.key 2048"));
        self.openssl(&format!("req -new -key {name}.key -subj /CN=localhost -out {name}.csr"));
        self.openssl(&format!("x509 -req -days 365 -in {name}.csr -signkey {name}.key -out {name}.pem"));
        if !self.openssl(&format!("x509 -in {name}.pem -noout -text")).contains("Version: 1 ") {
            self.openssl(&format!("req -x509 -x509v1 -days 365 -key {name}.key -subj /CN=localhost -out {name}.pem"));
        }
    }

    /// `NAME.key` and `NAME.pem`, signed by `ISSUER.pem`, with these extensions.
    pub(crate) fn signed_by(&self, name: &str, issuer: &str, extensions: &str) {
        self.openssl(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.key"));
        self.openssl(&format!("req -new -key {name}.key -out {name}.csr -subj /CN={name}"));
        self.write("extensions", extensions);
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days 90 -extfile extensions -out {name}.pem"
        ));
    }

    /// Loads two files of the directory.
    pub(crate) fn load(&self, certificate: &str, key: &str) -> Result<Loaded, Error> {
        self.load_for(certificate, key, &[], OffsetDateTime::now_utc())
    }

    pub(crate) fn load_for(
        &self,
        certificate: &str,
        key: &str,
        names: &[&str],
        now: OffsetDateTime,
    ) -> Result<Loaded, Error> {
        let names: Vec<_> = names.iter().map(|name| Name::parse(name).unwrap()).collect();
        Source::new(self.path(certificate), Some(self.path(key)), None).load(&names, now)
    }
}

/// Runs a command and gives its standard output; the test fails with its standard error.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("this test needs {command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The names of findings without their content.
pub(crate) fn kinds(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{finding:?}").split([' ', '(', '{']).next().unwrap().to_owned()).collect()
}

/// The text of an error that must come, with its hint.
pub(crate) fn complaint(result: Result<Loaded, Error>) -> String {
    let error = result.err().unwrap_or_else(|| panic!("this must not load"));
    format!("{error}; {}", error.hint().unwrap_or_default())
}
