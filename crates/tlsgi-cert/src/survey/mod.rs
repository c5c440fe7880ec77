//! Certificates looked at from outside: those in a file, and those that a server sends. Nothing is served or trusted here.

mod remote;
mod verdict;

use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

pub use self::remote::{Connection, inspect_server};
pub use self::verdict::Verdict;

use crate::authority::Identity;
use crate::chain;
use crate::contents::contents;
use crate::der;
use crate::error::Error;
use crate::facts::{Facts, distinguished, hexadecimal};
use crate::finding::{self, Finding, Moment};
use crate::inspect::{Message, Severity, messages};
use crate::key::Algorithm;
use crate::load::{Material, load};
use crate::name::Name;
use crate::oid;
use crate::passphrase::Passphrase;
use crate::source::read;

/// What was looked at, and what is to be said about it.
#[derive(Debug, Serialize)]
pub struct Survey {
    /// A file or `HOST:PORT`.
    pub target: String,
    /// In the order in which they were found; the first is the one that is meant.
    pub certificates: Vec<Described>,
    /// Whether the certificates lead to the top: `complete`, `incomplete`, `self-signed`.
    pub chain: &'static str,
    /// How many of them, from the first on, sign each other.
    pub path: usize,
    /// Whether a key was given or is there, and belongs to the first certificate.
    pub key_matches: Option<bool>,
    /// What matters most first.
    pub messages: Vec<Message>,
    /// What clients and Let's Encrypt make of it.
    pub verdicts: Vec<Verdict>,
    /// How the server was spoken with.
    pub connection: Option<Connection>,
}

impl Survey {
    /// Whether clients refuse it.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        self.messages.iter().any(|message| message.severity == Severity::Failure)
    }
}

/// One certificate.
#[derive(Debug, Clone, Serialize)]
pub struct Described {
    /// Distinguished name of the owner.
    pub subject: String,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// Alternative names of every kind.
    pub names: Vec<String>,
    /// Hexadecimal with colons.
    pub serial: String,
    /// Start of validity.
    pub not_before: Moment,
    /// End of validity.
    pub not_after: Moment,
    /// Kind and size of its key.
    pub key: String,
    /// Version of X.509.
    pub version: u8,
    /// It may issue certificates.
    pub is_ca: bool,
    /// What it may be used for, if it says so.
    pub purposes: Vec<&'static str>,
    /// SHA-256 of the whole certificate.
    pub fingerprint: String,
}

/// Looks at the certificates in a file, with the key in it or in another one, if there is any.
///
/// # Errors
/// The file cannot be read or holds no certificate; the key is encrypted, damaged or of no use.
pub fn inspect_file(
    path: &Path,
    key: Option<&Path>,
    passphrase: Option<Passphrase>,
    names: &[Name],
    now: OffsetDateTime,
) -> Result<Survey, Error> {
    let input = read(path)?;
    let found = contents(&input)?;
    if found.certificates.is_empty() {
        found.refuse(path)?;
        return Err(Error::NoCertificate { path: path.to_owned(), found: found.found() });
    }
    let ders: Vec<_> = found.certificates.iter().map(|certificate| certificate.der.as_slice()).collect();
    let mut survey = of_chain(path.display().to_string(), path, &ders, names, now)?;
    if key.is_some() || found.has_key() {
        let beside = key.map(read).transpose()?;
        let material = Material { certificate: input, key: beside, chain: None, passphrase };
        match load(&material, names, now) {
            Ok(loaded) => {
                survey.key_matches = Some(true);
                let of_key = |finding: &&Finding| matches!(finding, Finding::KeyExposed { .. });
                let more: Vec<_> = loaded.findings.iter().filter(of_key).cloned().collect();
                survey.messages.extend(messages(&more, now));
            }
            Err(error @ Error::Mismatch { .. }) => {
                survey.key_matches = Some(false);
                let message = Message { severity: Severity::Failure, what: error.to_string(), hint: error.hint() };
                survey.messages.insert(0, message);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(survey)
}

/// Looks at certificates in the order in which they were found.
fn of_chain(target: String, path: &Path, ders: &[&[u8]], names: &[Name], now: OffsetDateTime) -> Result<Survey, Error> {
    let mut certificates = Vec::new();
    for (position, der) in ders.iter().enumerate() {
        let damaged = |_| Error::BadCertificate {
            path: path.to_owned(),
            position: position + 1,
            reason: "it does not parse".into(),
        };
        certificates.push(X509Certificate::from_der(der).map_err(damaged)?.1);
    }
    let leaf = certificates.iter().position(|certificate| !certificate.is_ca()).unwrap_or(0);
    let (algorithm, bits) = key_of(&certificates[leaf]);
    let facts = Facts::of(&certificates[leaf], algorithm.unwrap_or(Algorithm::Rsa), bits);
    let mut findings = finding::of_leaf(&certificates[leaf], &facts, names, now);
    if facts.is_self_signed && facts.is_ca {
        findings.push(Finding::IsAuthority);
    }
    if algorithm.is_none() || (algorithm == Some(Algorithm::Rsa) && bits < 2048) {
        findings.push(Finding::KeyRefused { key: chain::key_kind(&certificates[leaf]) });
    }
    let order = chain::order(&certificates, leaf);
    let line: Vec<_> = order.chain[..order.path].iter().map(|&position| &certificates[position]).collect();
    findings.extend(finding::of_path(&line, now));
    if !order.chain[..order.path].is_sorted() || leaf != 0 {
        findings.push(Finding::Reordered);
    }
    for &position in &order.unrelated {
        findings.push(Finding::Unrelated { subject: distinguished(certificates[position].subject()) });
    }
    let is_top = line.last().is_some_and(|last| chain::is_self_issued(last));
    let state = match (is_top, order.path) {
        (true, 1) => "self-signed",
        (false, 1) if finding::issuer_url(&certificates[leaf]).is_some() => "incomplete",
        _ => "complete",
    };
    let verdicts = verdict::all(&certificates[leaf], &facts, &findings, algorithm);
    Ok(Survey {
        target,
        certificates: certificates.iter().map(describe).collect(),
        chain: state,
        path: order.path,
        key_matches: None,
        messages: messages(&findings, now),
        verdicts,
        connection: None,
    })
}

/// Kind of the key, if TLS servers have such; its size where that is told.
fn key_of(certificate: &X509Certificate<'_>) -> (Option<Algorithm>, usize) {
    let info = certificate.public_key();
    let curve = info.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
    match (info.algorithm.algorithm.as_bytes(), curve.as_ref().map(|curve| curve.as_bytes())) {
        (oid::RSA, _) => match info.parsed() {
            Ok(x509_parser::public_key::PublicKey::RSA(key)) => (Some(Algorithm::Rsa), der::bits(key.modulus)),
            _ => (None, 0),
        },
        (oid::EC, Some(oid::P256)) => (Some(Algorithm::EcdsaP256), 256),
        (oid::EC, Some(oid::P384)) => (Some(Algorithm::EcdsaP384), 384),
        (oid::EC, Some(oid::P521)) => (Some(Algorithm::EcdsaP521), 521),
        (oid::ED25519, _) => (Some(Algorithm::Ed25519), 256),
        _ => (None, 0),
    }
}

fn describe(certificate: &X509Certificate<'_>) -> Described {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|extension| &extension.value.general_names);
    let text = |name| match Identity::of(name) {
        Ok(identity) => identity.to_string(),
        Err(other) => other,
    };
    Described {
        subject: distinguished(certificate.subject()),
        issuer: distinguished(certificate.issuer()),
        names: names.map(text).collect(),
        serial: hexadecimal(certificate.raw_serial()),
        not_before: Moment(certificate.validity().not_before.to_datetime()),
        not_after: Moment(certificate.validity().not_after.to_datetime()),
        key: chain::key_kind(certificate),
        version: if certificate.version() == X509Version::V1 { 1 } else { 3 },
        is_ca: certificate.is_ca(),
        purposes: purposes(certificate),
        fingerprint: hexadecimal(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.as_raw()).as_ref()),
    }
}

fn purposes(certificate: &X509Certificate<'_>) -> Vec<&'static str> {
    let usage = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::ExtendedKeyUsage(usage) => Some(usage),
        _ => None,
    });
    let Some(usage) = usage else { return Vec::new() };
    let known = [
        (usage.any, "any"),
        (usage.server_auth, "server"),
        (usage.client_auth, "client"),
        (usage.email_protection, "email"),
        (usage.code_signing, "code signing"),
    ];
    known.into_iter().filter_map(|(has, name)| has.then_some(name)).collect()
}

/// A path that stands for what came over a connection, in messages.
fn origin(target: &str) -> PathBuf {
    PathBuf::from(target)
}
