//! Findings → messages for people: what is the matter, and what to do. Nothing is printed here.

use std::fmt;

use serde::Serialize;
use time::OffsetDateTime;

use crate::error::quoted;
use crate::facts::{days_left, minute};
use crate::finding::Finding;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Notice,
    /// Works, but should be changed.
    Warning,
    /// Clients refuse the connection or show an error page.
    Failure,
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// How much it matters.
    pub severity: Severity,
    /// What is the matter, as a clause without a full stop.
    pub what: String,
    /// What to do about it, if anything.
    pub hint: Option<String>,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{}; {hint}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Finding {
    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::Expired(_)
            | Self::NotYetValid(_)
            | Self::NoNames { .. }
            | Self::VersionOne
            | Self::NamesNotCovered { .. }
            | Self::WeakSignature { .. }
            | Self::NotForServers
            | Self::KeyRefused { .. }
            | Self::IssuerMissing { url: Some(_), .. } => Severity::Failure,
            // Clients with another path to a root they trust do not mind.
            Self::IssuerExpired { .. }
            | Self::ExpiresSoon(_)
            | Self::TopLevelWildcard { .. }
            | Self::IsAuthority
            | Self::KeyNotForBrowsers { .. }
            | Self::TooLong { .. }
            | Self::Reordered
            | Self::Unrelated { .. }
            | Self::KeyExposed { .. }
            | Self::OutsideConstraints { .. }
            | Self::RootReplaced { .. } => Severity::Warning,
            Self::SelfSigned
            | Self::IssuerMissing { url: None, .. }
            | Self::RootIncluded { .. }
            | Self::TrustedForm
            | Self::RootCreated { .. } => Severity::Notice,
        }
    }

    /// The finding in words. `now` is for "in 3 days".
    #[must_use]
    pub fn message(&self, now: OffsetDateTime) -> Message {
        Message { severity: self.severity(), what: self.what(now), hint: self.hint() }
    }

    fn what(&self, now: OffsetDateTime) -> String {
        match self {
            Self::Expired(at) => format!("the certificate expired on {}", minute(at.0)),
            Self::NotYetValid(at) => format!("the certificate is valid only from {}", minute(at.0)),
            Self::ExpiresSoon(at) => {
                format!("the certificate expires in {}, on {}", days_left(at.0 - now), minute(at.0))
            }
            Self::IssuerExpired { subject, at } => {
                format!("the issuer {subject} in the chain expired on {}", minute(at.0))
            }
            Self::NoNames { common_name: Some(name) } => {
                format!("the certificate has no subject alternative name, and clients ignore its common name {name}")
            }
            Self::NoNames { common_name: None } => "the certificate has no subject alternative name".to_owned(),
            Self::VersionOne => {
                "the certificate is X.509 version 1, without the names that clients look for: browsers refuse it"
                    .to_owned()
            }
            Self::NamesNotCovered { missing, carried } if carried.is_empty() => {
                format!("the certificate is not for {}", missing.join(", "))
            }
            Self::NamesNotCovered { missing, carried } => {
                format!("the certificate is not for {}, only for {}", missing.join(", "), some(carried))
            }
            Self::TopLevelWildcard { name } => format!("clients do not honour the wildcard {name}"),
            Self::WeakSignature { hash } => format!("the certificate is signed with {hash}, which clients refuse"),
            Self::NotForServers => "the certificate's extended key usage does not include TLS servers".to_owned(),
            Self::IsAuthority => "the certificate is that of a certificate authority".to_owned(),
            Self::SelfSigned => {
                "the certificate is signed by itself: only clients that were told to trust it will".to_owned()
            }
            Self::IssuerMissing { issuer, url: Some(_) } => {
                format!("the chain is incomplete: the certificate of its issuer {issuer} is missing")
            }
            Self::IssuerMissing { issuer, url: None } => format!("clients must trust {issuer} directly"),
            Self::RootIncluded { subject } => {
                format!("the chain includes its root {subject}, which clients do not need")
            }
            Self::Reordered => {
                "the certificates were not in the order of the chain; they are sent in the right one".to_owned()
            }
            Self::Unrelated { subject } => {
                format!("the certificate of {subject} is no part of the chain and is not sent")
            }
            Self::KeyRefused { key } => format!("the certificate's key is {key}, which clients refuse"),
            Self::KeyNotForBrowsers { key } => format!("browsers do not accept keys of kind {key}"),
            Self::TooLong { days } => {
                format!("the certificate is valid for {days} days, and Apple's systems refuse more than 825")
            }
            Self::TrustedForm => {
                "`BEGIN TRUSTED CERTIFICATE` is OpenSSL's own form; its trust settings are ignored".to_owned()
            }
            Self::KeyExposed { path, mode } => {
                format!("every user of this machine can use the key {} (permissions {mode:04o})", path.display())
            }
            Self::OutsideConstraints { names, permitted } => format!(
                "the local CA may not issue for {}: clients would refuse the whole certificate, so it is made without; allowed are {}",
                names.join(", "),
                permitted.join(", ")
            ),
            Self::RootCreated { path } => format!("a new local root was made: {}", path.display()),
            Self::RootReplaced { path, at } => format!(
                "the local root {} would expire on {}; a new one was made and has to be trusted again",
                path.display(),
                minute(at.0)
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Expired(_) => "renew it; it is served meanwhile, and clients will complain".to_owned(),
            Self::ExpiresSoon(_) => "renew it; the file is taken over when it changes".to_owned(),
            Self::NotYetValid(_) => "check this machine's clock".to_owned(),
            Self::IssuerExpired { .. } => "get the issuer's present certificate and put it in its place".to_owned(),
            Self::NoNames { .. } | Self::VersionOne => {
                "make it anew with names, for example: openssl x509 -req … -extfile <(printf 'subjectAltName=DNS:example.org')"
                    .to_owned()
            }
            Self::NamesNotCovered { .. } => "get a certificate for all names, or correct --server-name".to_owned(),
            Self::TopLevelWildcard { .. } => "name the hosts one by one, or use a wildcard one label deeper".to_owned(),
            Self::WeakSignature { .. } => "have it issued anew with SHA-256".to_owned(),
            Self::NotForServers => "have it issued with serverAuth".to_owned(),
            Self::IsAuthority => "keep authorities offline, and have it issue a certificate for the server".to_owned(),
            Self::SelfSigned => "for local work, leave out --certfile: tlsgi issues a certificate from one local root".to_owned(),
            Self::IssuerMissing { url: Some(url), .. } => {
                format!("append the issuer's certificate (here: {url}, DER), or use the `fullchain` file of your CA")
            }
            Self::Reordered => "put the server's certificate first, each issuer after what it issued".to_owned(),
            Self::KeyRefused { .. } | Self::KeyNotForBrowsers { .. } => {
                "have it issued for a key of P-256, or of RSA with 2048 bits".to_owned()
            }
            Self::TooLong { .. } => "have it issued for a year or less, and renewed".to_owned(),
            Self::Unrelated { .. } => "remove it from the file".to_owned(),
            Self::KeyExposed { path, .. } => format!("chmod o= {}", quoted(path)),
            Self::OutsideConstraints { .. } => {
                "use a certificate of your own (--certfile) for names beyond this machine and network".to_owned()
            }
            Self::RootCreated { path } => {
                format!("clients can be told to trust it, for example: curl --cacert {}", quoted(path))
            }
            Self::IssuerMissing { url: None, .. } | Self::RootIncluded { .. } | Self::TrustedForm | Self::RootReplaced { .. } => {
                return None;
            }
        })
    }
}

/// The messages of all findings, what matters most first.
#[must_use]
pub fn messages(findings: &[Finding], now: OffsetDateTime) -> Vec<Message> {
    let mut messages: Vec<_> = findings.iter().map(|finding| finding.message(now)).collect();
    messages.sort_by_key(|message| std::cmp::Reverse(message.severity));
    messages
}

fn some(names: &[String]) -> String {
    match names {
        [a, b, c, d, rest @ ..] if rest.len() > 1 => format!("{a}, {b}, {c}, {d} and {} more", rest.len()),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use time::macros::datetime;

    use super::*;
    use crate::finding::Moment;

    #[test]
    fn every_finding_is_a_clause_with_its_severity() {
        let now = datetime!(2027-01-01 0:00 UTC);
        let at = Moment(datetime!(2027-01-04 13:05 UTC));
        let path = || PathBuf::from("/etc/a key.pem");
        let check = |finding: Finding, severity: Severity, words: &str| {
            let message = finding.message(now);
            let text = message.to_string();
            assert!(message.severity == severity && text.contains(words), "{severity:?} {words}: {message:?}");
            assert!(!text.ends_with('.') && text.starts_with(|c: char| c.is_lowercase() || c == '`'), "{text}");
        };
        use Severity::{Failure, Notice, Warning};
        check(Finding::Expired(at), Failure, "expired on 2027-01-04 13:05 UTC");
        check(Finding::NotYetValid(at), Failure, "only from 2027-01-04 13:05 UTC");
        check(Finding::ExpiresSoon(at), Warning, "expires in 3 days, on 2027-01-04");
        check(Finding::IssuerExpired { subject: "CN=i".into(), at }, Warning, "CN=i in the chain");
        check(Finding::NoNames { common_name: Some("a".into()) }, Failure, "common name a");
        check(Finding::NoNames { common_name: None }, Failure, "no subject alternative name");
        check(Finding::VersionOne, Failure, "version 1");
        let carried = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
        let missing = vec!["x".to_owned()];
        check(
            Finding::NamesNotCovered { missing: missing.clone(), carried },
            Failure,
            "x, only for a, b, c, d and 2 more",
        );
        check(Finding::NamesNotCovered { missing, carried: Vec::new() }, Failure, "not for x;");
        check(Finding::TopLevelWildcard { name: "*.test".into() }, Warning, "*.test");
        check(Finding::WeakSignature { hash: "SHA-1" }, Failure, "SHA-1");
        check(Finding::NotForServers, Failure, "serverAuth");
        check(Finding::IsAuthority, Warning, "authority");
        check(Finding::SelfSigned, Notice, "signed by itself");
        let issuer = || "CN=i".to_owned();
        check(
            Finding::IssuerMissing { issuer: issuer(), url: Some("http://i".into()) },
            Failure,
            "(here: http://i, DER)",
        );
        check(Finding::IssuerMissing { issuer: issuer(), url: None }, Notice, "clients must trust CN=i");
        check(Finding::RootIncluded { subject: issuer() }, Notice, "root CN=i");
        check(Finding::Reordered, Warning, "order of the chain");
        check(Finding::Unrelated { subject: issuer() }, Warning, "not sent");
        check(Finding::KeyRefused { key: "RSA 1024".into() }, Failure, "RSA 1024, which clients refuse");
        check(Finding::KeyNotForBrowsers { key: "Ed25519".into() }, Warning, "keys of kind Ed25519");
        check(Finding::TooLong { days: 3650 }, Warning, "3650 days");
        check(Finding::TrustedForm, Notice, "TRUSTED CERTIFICATE");
        check(Finding::KeyExposed { path: path(), mode: 0o644 }, Warning, "chmod o= '/etc/a key.pem'");
        let outside = Finding::OutsideConstraints { names: vec!["x.org".into()], permitted: vec!["test".into()] };
        check(outside, Warning, "may not issue for x.org");
        check(Finding::RootCreated { path: path() }, Notice, "--cacert '/etc/a key.pem'");
        check(Finding::RootReplaced { path: path(), at }, Warning, "trusted again");
    }

    #[test]
    fn what_matters_most_comes_first() {
        let found = [Finding::SelfSigned, Finding::Reordered, Finding::VersionOne, Finding::TrustedForm];
        let order: Vec<_> = messages(&found, datetime!(2027-01-01 0:00 UTC)).iter().map(|m| m.severity).collect();
        assert_eq!(order, [Severity::Failure, Severity::Warning, Severity::Notice, Severity::Notice]);
    }
}
