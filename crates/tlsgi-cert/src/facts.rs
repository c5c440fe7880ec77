//! What a certificate says, as plain data for people and programs.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use x509_parser::prelude::{GeneralName, X509Certificate, X509Name, X509Version};

use crate::key::Algorithm;
use crate::name::Name;

/// What a leaf certificate says. Text comes from the certificate: control characters are replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Distinguished name of the owner, `CN=…, O=…`.
    pub subject: String,
    /// The subject's common name, which clients ignore.
    pub common_name: Option<String>,
    /// DNS names, lower-case, as they stand in the certificate.
    pub names: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// Start of validity.
    #[serde(serialize_with = "rfc3339")]
    pub not_before: OffsetDateTime,
    /// End of validity.
    #[serde(serialize_with = "rfc3339")]
    pub not_after: OffsetDateTime,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// Serial number, hexadecimal with colons.
    pub serial: String,
    /// Kind of the key.
    pub algorithm: Algorithm,
    /// Size of the key.
    pub bits: usize,
    /// X.509 version 1: no extensions, so no names that clients accept.
    pub is_v1: bool,
    /// It may itself issue certificates.
    pub is_ca: bool,
    /// Issuer and owner are the same.
    pub is_self_signed: bool,
    /// SHA-256 of the certificate, hexadecimal with colons, as `openssl x509 -fingerprint -sha256`.
    pub fingerprint: String,
}

impl Facts {
    /// Reads a parsed certificate whose key is of this kind.
    pub(crate) fn of(certificate: &X509Certificate<'_>, algorithm: Algorithm, bits: usize) -> Self {
        let (names, addresses) = alternative_names(certificate);
        Self {
            subject: distinguished(certificate.subject()),
            common_name: certificate.subject().iter_common_name().find_map(|cn| cn.as_str().ok()).map(printable),
            names,
            addresses,
            not_before: certificate.validity().not_before.to_datetime(),
            not_after: certificate.validity().not_after.to_datetime(),
            issuer: distinguished(certificate.issuer()),
            serial: hexadecimal(certificate.raw_serial()),
            algorithm,
            bits,
            is_v1: certificate.version() == X509Version::V1,
            is_ca: certificate.is_ca(),
            is_self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
            fingerprint: hexadecimal(digest(&SHA256, certificate.as_raw()).as_ref()),
        }
    }

    /// Names and addresses together.
    pub fn carried(&self) -> impl Iterator<Item = Name> {
        let names = self.names.iter().map(|name| Name::Dns(name.clone()));
        names.chain(self.addresses.iter().copied().map(Name::Address))
    }

    /// When two thirds of its life are over: the time to have its successor.
    #[must_use]
    pub fn renew_at(&self) -> OffsetDateTime {
        self.not_before + (self.not_after - self.not_before) * 2 / 3
    }

    /// One line for a start banner: `localhost, 127.0.0.1 and 2 more · ECDSA P-256 · until 2027-02-20 (89 days)`.
    #[must_use]
    pub fn summary(&self, now: OffsetDateTime) -> String {
        let carried: Vec<String> = self.carried().map(|name| name.to_string()).collect();
        let names = match (&carried[..], &self.common_name) {
            ([], Some(name)) => format!("{name} (common name only)"),
            ([], None) => self.subject.clone(),
            ([first, second, third, rest @ ..], _) if rest.len() > 1 => {
                format!("{first}, {second}, {third} and {} more", rest.len())
            }
            (all, _) => all.join(", "),
        };
        let key =
            if self.algorithm == Algorithm::Rsa { format!("RSA {}", self.bits) } else { self.algorithm.to_string() };
        format!("{names} · {key} · until {} ({})", day(self.not_after), days_left(self.not_after - now))
    }
}

fn alternative_names(certificate: &X509Certificate<'_>) -> (Vec<String>, Vec<IpAddr>) {
    let (mut names, mut addresses) = (Vec::new(), Vec::new());
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return (names, addresses) };
    for name in &extension.value.general_names {
        match name {
            GeneralName::DNSName(name) => names.push(printable(&name.to_ascii_lowercase())),
            GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
            _ => {}
        }
    }
    (names, addresses)
}

/// An address from its four or sixteen bytes.
pub(crate) fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// A distinguished name as text.
pub(crate) fn distinguished(name: &X509Name<'_>) -> String {
    let text = printable(&name.to_string());
    if text.is_empty() { "(empty name)".to_owned() } else { text }
}

/// Text of strangers, safe for a terminal and a log line, of bounded length.
pub(crate) fn printable(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().take(512).map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// `2027-02-20`, in UTC whatever the machine's time zone.
pub(crate) fn day(time: OffsetDateTime) -> String {
    time.to_offset(time::UtcOffset::UTC)
        .format(format_description!("[year]-[month]-[day]"))
        .unwrap_or_else(|_| time.date().to_string())
}

/// `2027-02-20 13:05 UTC`.
pub(crate) fn minute(time: OffsetDateTime) -> String {
    time.to_offset(time::UtcOffset::UTC)
        .format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"))
        .unwrap_or_else(|_| time.date().to_string())
}

/// `89 days`, `5 hours`, `expired`.
pub(crate) fn days_left(left: time::Duration) -> String {
    let count = |number: i64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    match left {
        left if !left.is_positive() => "expired".to_owned(),
        left if left.whole_days() >= 2 => count(left.whole_days(), "day"),
        left if left.whole_hours() >= 1 => count(left.whole_hours(), "hour"),
        left => count(left.whole_minutes(), "minute"),
    }
}

fn rfc3339<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.format(&Rfc3339).map_err(serde::ser::Error::custom)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_strangers_cannot_steer_a_terminal() {
        assert_eq!(printable("a\x1b[31m\nb\u{202e}c"), "a\u{fffd}[31m\u{fffd}b\u{fffd}c");
        assert_eq!(printable(&"x".repeat(9999)).len(), 512);
    }

    #[test]
    fn what_is_left_is_said_in_fitting_units() {
        let check = |left: time::Duration, text: &str| assert_eq!(days_left(left), text);
        check(time::Duration::days(90), "90 days");
        check(time::Duration::days(1), "24 hours");
        check(time::Duration::minutes(61), "1 hour");
        check(time::Duration::minutes(5), "5 minutes");
        check(time::Duration::ZERO, "expired");
    }

    #[test]
    fn days_are_those_of_utc() {
        let time = time::macros::datetime!(2027-01-01 01:30 +05:45);
        assert_eq!(day(time), "2026-12-31");
        assert_eq!(minute(time), "2026-12-31 19:45 UTC");
    }
}
