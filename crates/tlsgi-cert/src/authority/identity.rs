//! Whom a certificate is for: host names and addresses, mail addresses, URIs, people.

use std::fmt;

use x509_parser::prelude::GeneralName;

use super::encode::name;
use crate::error::Error;
use crate::facts::{address, printable};
use crate::name::Name;
use crate::tlv;

/// One name of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A host name, wildcard or address.
    Host(Name),
    /// A mail address; the part behind `@` in its ASCII form.
    Email(String),
    /// A URI, such as a SPIFFE ID.
    Uri(String),
    /// A person or a thing by its own name: goes into the subject.
    Person(String),
}

impl Identity {
    /// Reads what a person writes for a client: `alice@example.org`, `spiffe://example.org/billing`, `worker-1.internal`,
    /// `Alice Example`.
    ///
    /// # Errors
    /// [`Error::Name`] with the reason.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        match text.split_once(':') {
            Some((scheme, rest))
                if is_scheme(scheme) && !rest.is_empty() && text.parse::<std::net::IpAddr>().is_err() =>
            {
                uri(text).map(Self::Uri)
            }
            _ if text.contains('@') => email(text).map(Self::Email),
            _ => Name::parse(text).map(Self::Host).or_else(|error| person(text).map(Self::Person).ok_or(error)),
        }
    }

    /// Reads what a person writes for a server: no mail address, and no name of a person.
    ///
    /// # Errors
    /// [`Error::Name`] with the reason.
    pub fn parse_host(text: &str) -> Result<Self, Error> {
        let refused = |reason| Err(Error::Name { name: text.to_owned(), reason });
        match Self::parse(text)? {
            Self::Email(_) => refused("a server has no mail address; did you mean `ca issue client`?"),
            Self::Person(_) => match Name::parse(text) {
                Err(error) => Err(error),
                Ok(name) => Ok(Self::Host(name)),
            },
            other => Ok(other),
        }
    }

    /// A name in a request or certificate; the kinds that are not known here are refused with their name.
    pub(crate) fn of(general: &GeneralName<'_>) -> Result<Self, String> {
        let text = |text: &str| printable(text);
        match general {
            GeneralName::DNSName(name) => Name::parse(name).map(Self::Host).map_err(|_| format!("DNS:{}", text(name))),
            GeneralName::IPAddress(bytes) => address(bytes)
                .map(|address| Self::Host(Name::Address(address)))
                .ok_or_else(|| "an address of a wrong length".to_owned()),
            GeneralName::RFC822Name(mail) => email(mail).map(Self::Email).map_err(|_| format!("email:{}", text(mail))),
            GeneralName::URI(given) => uri(given).map(Self::Uri).map_err(|_| format!("URI:{}", text(given))),
            GeneralName::DirectoryName(given) => given
                .iter_common_name()
                .find_map(|common| common.as_str().ok().and_then(person))
                .map(Self::Person)
                .ok_or_else(|| "a directory name".to_owned()),
            GeneralName::OtherName(kind, _) => Err(format!("otherName {kind}")),
            _ => Err("a name of a kind that TLS does not use".to_owned()),
        }
    }

    /// As it stands among the alternative names.
    pub(super) fn der(&self) -> Vec<u8> {
        match self {
            Self::Email(mail) => tlv::value(0x81, &[mail.as_bytes()]),
            Self::Host(Name::Dns(name)) => tlv::value(0x82, &[name.as_bytes()]),
            Self::Person(person) => tlv::value(0xa4, &[&name(None, person)]),
            Self::Uri(uri) => tlv::value(0x86, &[uri.as_bytes()]),
            Self::Host(Name::Address(std::net::IpAddr::V4(address))) => tlv::value(0x87, &[&address.octets()]),
            Self::Host(Name::Address(std::net::IpAddr::V6(address))) => tlv::value(0x87, &[&address.octets()]),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => name.fmt(f),
            Self::Email(text) | Self::Uri(text) | Self::Person(text) => f.write_str(text),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.len() > 1
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !text.contains('.')
}

fn person(text: &str) -> Option<String> {
    let is_fine = !text.is_empty() && text.chars().count() <= 64 && !text.starts_with('-');
    let is_text = |c: char| c.is_alphanumeric() || " .,'-_()+&/".contains(c);
    (is_fine && text.chars().any(char::is_alphabetic) && text.chars().all(is_text) && !text.contains(".."))
        .then(|| text.to_owned())
}

fn email(text: &str) -> Result<String, Error> {
    let fault = |reason| Error::Name { name: text.to_owned(), reason };
    let (local, domain) = text.rsplit_once('@').ok_or_else(|| fault("it has no `@`"))?;
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if local.is_empty() || local.len() > 64 || !local.chars().all(is_atom) {
        return Err(fault("the part before `@` is not a plain mail name"));
    }
    match Name::parse(domain)? {
        Name::Dns(domain) if !domain.starts_with("*.") => Ok(format!("{local}@{domain}")),
        _ => Err(fault("the part behind `@` is no domain")),
    }
}

fn uri(text: &str) -> Result<String, Error> {
    let fault = |reason| Error::Name { name: text.to_owned(), reason };
    if text.len() > 2048 {
        return Err(fault("a URI longer than 2048 characters"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return Err(fault("a URI has a character that must be percent-encoded"));
    }
    let (scheme, rest) = text.split_once(':').unwrap_or_default();
    if !is_scheme(scheme) || rest.is_empty() {
        return Err(fault("a URI has a scheme, as in `spiffe://example.org/billing`"));
    }
    if scheme.eq_ignore_ascii_case("spiffe") {
        return spiffe(text).map(|()| text.to_owned()).map_err(fault);
    }
    if !rest.starts_with("//") && !["urn", "mailto", "acct", "tag"].contains(&scheme) {
        return Err(fault("a name has no port, and a URI has `//` behind its scheme"));
    }
    Ok(text.to_owned())
}

/// The SPIFFE ID specification, section 2.
fn spiffe(text: &str) -> Result<(), &'static str> {
    let rest = text.strip_prefix("spiffe://").ok_or("a SPIFFE ID begins with `spiffe://`, in lower case")?;
    let (domain, path) = rest.split_once('/').map_or((rest, None), |(domain, path)| (domain, Some(path)));
    let is_domain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    if domain.is_empty() || domain.len() > 255 || !domain.chars().all(is_domain) {
        return Err("a SPIFFE trust domain has lower-case letters, digits, `-`, `.` and `_`, and no port");
    }
    let is_segment = |segment: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        !segment.is_empty() && segment != "." && segment != ".." && segment.chars().all(is_plain)
    };
    match path {
        Some(path) if !path.split('/').all(is_segment) => {
            Err("a SPIFFE path has segments of letters, digits, `-`, `.` and `_`, and no query")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_writes_is_told_apart() {
        let check = |text: &str, kind: &str| {
            let parsed = Identity::parse(text).map(|identity| format!("{identity:?}"));
            assert!(parsed.as_ref().is_ok_and(|found| found.starts_with(kind)), "{text}: {parsed:?}");
        };
        check("worker-1.internal", "Host(Dns");
        check("*.example.org", "Host(Dns");
        check("alice", "Host(Dns");
        check("10.0.0.1", "Host(Address");
        check("::1", "Host(Address");
        check("fe80::1", "Host(Address");
        check("alice@example.org", "Email(\"alice@example.org");
        check("alice@bücher.example", "Email(\"alice@xn--bcher-kva.example");
        check("spiffe://example.org/billing/payments", "Uri(");
        check("https://example.org/clients/7", "Uri(");
        check("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "Uri(");
        check("Alice Example", "Person(");
        check("Zoë Grüße (ops)", "Person(");
    }

    #[test]
    fn what_no_certificate_carries_is_refused_with_the_reason() {
        let check = |text: &str, words: &str| {
            let text = Identity::parse(text).map_or_else(|error| error.to_string(), |identity| format!("{identity:?}"));
            assert!(text.contains(words), "{text}");
        };
        check("", "empty");
        check("localhost:8443", "no port");
        check("a b@example.org", "plain mail name");
        check("a@", "empty");
        check("a@*.example.org", "no domain");
        check("spiffe://Example.org/a", "lower-case");
        check("spiffe://example.org:8443/a", "no port");
        check("spiffe://example.org/a/../b", "segments");
        check("spiffe://example.org/", "segments");
        check("spiffe://example.org/a?x=1", "segments");
        check("SPIFFE://example.org/a", "lower case");
        check("https://example.org/a b", "percent-encoded");
        check("a..b", "a label is empty");
        check("Alice\nExample", "other than letters");
        let server = |text| Identity::parse_host(text).map_or_else(|error| error.to_string(), |host| host.to_string());
        assert!(server("alice@example.org").contains("ca issue client"));
        assert!(server("Alice Example").contains("other than letters"));
        assert_eq!(server("spiffe://example.org/a"), "spiffe://example.org/a");
    }
}
