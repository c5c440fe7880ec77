//! What a certificate of the local CA is for: names of every kind, who uses it, how it looks.

use std::fmt;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType};
use time::{Date, Duration, OffsetDateTime};

use super::serial;
use crate::error::Error;
use crate::key::KeyKind;
use crate::name::Name;

/// Longest life of a leaf: Apple's devices refuse more than 825 days from roots that users added.
pub const MAX_DAYS: u16 = 825;

/// One thing that a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A host or an address.
    Name(Name),
    /// A mail address.
    Email(String),
    /// A URI with scheme and host, as `spiffe://example.test/web`.
    Uri(String),
}

impl Entry {
    /// Reads what a person writes. What could be several is an address, a mail address, a URI, a host, in this order.
    ///
    /// # Errors
    /// It is none of them, with the reason why it is no host.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let is_plain = text.is_ascii() && !text.chars().any(|c| c.is_ascii_control() || " \"<>\\^`{|}".contains(c));
        if let Some((local, domain)) = text.rsplit_once('@')
            && is_plain
            && !text.contains("://")
            && is_mailbox(local)
            && matches!(Name::parse(domain), Ok(Name::Dns(name)) if !name.starts_with("*."))
        {
            return Ok(Self::Email(text.to_owned()));
        }
        if let Some((scheme, rest)) = text.split_once("://")
            && is_plain
            && is_scheme(scheme)
            && !rest.is_empty()
            && !rest.starts_with(['/', '?', '#'])
        {
            return Ok(Self::Uri(text.to_owned()));
        }
        Name::parse(text).map(Self::Name)
    }

    /// The order in which mkcert writes kinds of names.
    fn rank(&self) -> u8 {
        match self {
            Self::Name(Name::Dns(_)) => 0,
            Self::Email(_) => 1,
            Self::Name(Name::Address(_)) => 2,
            Self::Uri(_) => 3,
        }
    }

    pub(super) fn alternative(&self) -> Result<SanType, rcgen::Error> {
        Ok(match self {
            Self::Name(Name::Dns(name)) => SanType::DnsName(name.as_str().try_into()?),
            Self::Name(Name::Address(address)) => SanType::IpAddress(*address),
            Self::Email(email) => SanType::Rfc822Name(email.as_str().try_into()?),
            Self::Uri(uri) => SanType::URI(uri.as_str().try_into()?),
        })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Email(text) | Self::Uri(text) => f.write_str(text),
        }
    }
}

fn is_mailbox(local: &str) -> bool {
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    !local.is_empty() && local.chars().all(is_atom) && !local.starts_with('.') && !local.ends_with('.')
}

/// RFC 3986, 3.1.
fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// How a certificate looks beside its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// tlsgi's: one purpose, valid for so many days.
    Own {
        /// For clients, signed by the root for clients; else for servers.
        is_for_clients: bool,
        /// At most [`MAX_DAYS`].
        days: u16,
    },
    /// As mkcert makes it: 27 months.
    Mkcert {
        /// `me@machine (My Name)`.
        owner: String,
        /// Clients may use it as well.
        is_for_clients: bool,
        /// The first name is also the common name.
        has_common_name: bool,
    },
}

/// A certificate to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What it is for; at least one.
    pub entries: Vec<Entry>,
    /// The kind of its key.
    pub key: KeyKind,
    /// The rest.
    pub form: Form,
}

impl Order {
    pub(super) fn params(&self, now: OffsetDateTime, latest: OffsetDateTime) -> Result<CertificateParams, Error> {
        let failed = |source: rcgen::Error| Error::Make { what: "certificate", source: Box::new(source) };
        let mut params = CertificateParams::default();
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        if matches!(self.form, Form::Mkcert { .. }) {
            entries.sort_by_key(|entry| entry.rank());
        }
        params.subject_alt_names =
            entries.into_iter().map(Entry::alternative).collect::<Result<_, _>>().map_err(failed)?;
        params.distinguished_name = DistinguishedName::new();
        params.serial_number = Some(serial()?);
        params.use_authority_key_identifier_extension = true;
        let first = self.entries.iter().map(Entry::to_string).find(|name| name.len() <= 64);
        let mut name = |kind: DnType, text: &str| params.distinguished_name.push(kind, text);
        match &self.form {
            Form::Own { is_for_clients, days } => {
                name(DnType::OrganizationName, "tlsgi local certificate");
                name(DnType::CommonName, first.as_deref().unwrap_or("localhost"));
                params.is_ca = IsCa::ExplicitNoCa;
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                let purpose = if *is_for_clients {
                    ExtendedKeyUsagePurpose::ClientAuth
                } else {
                    ExtendedKeyUsagePurpose::ServerAuth
                };
                params.extended_key_usages = vec![purpose];
                params.not_before = now - super::BACKDATED;
                params.not_after = now + Duration::days((*days).min(MAX_DAYS).into());
            }
            Form::Mkcert { owner, is_for_clients, has_common_name } => {
                name(DnType::OrganizationName, "mkcert development certificate");
                name(DnType::OrganizationalUnitName, owner);
                if let Some(first) = first.filter(|_| *has_common_name) {
                    name(DnType::CommonName, &first);
                }
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
                params.extended_key_usages = self.purposes(*is_for_clients);
                params.not_before = now;
                params.not_after = after_months(now, 27);
            }
        }
        params.not_after = params.not_after.min(latest);
        Ok(params)
    }

    /// What mkcert writes for these kinds of names.
    fn purposes(&self, is_for_clients: bool) -> Vec<ExtendedKeyUsagePurpose> {
        let has = |wanted: fn(&Entry) -> bool| self.entries.iter().any(wanted);
        let mut purposes = Vec::new();
        if is_for_clients {
            purposes.push(ExtendedKeyUsagePurpose::ClientAuth);
        }
        if has(|entry| !matches!(entry, Entry::Email(_))) {
            purposes.push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        if has(|entry| matches!(entry, Entry::Email(_))) {
            purposes.push(ExtendedKeyUsagePurpose::EmailProtection);
        }
        purposes
    }
}

/// So many months later; the 31st of a month that has none is early in the next one.
pub(super) fn after_months(now: OffsetDateTime, months: i32) -> OffsetDateTime {
    let months = now.year() * 12 + i32::from(u8::from(now.month())) - 1 + months;
    let month = u8::try_from(months.rem_euclid(12) + 1).ok().and_then(|month| time::Month::try_from(month).ok());
    let first = month.and_then(|month| Date::from_calendar_date(months.div_euclid(12), month, 1).ok());
    first.map_or(now, |first| now.replace_date(first + Duration::days(i64::from(now.day()) - 1)))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn kinds_of_names_are_told_apart() {
        let check = |text: &str, kind: &str| {
            let entry = Entry::parse(text).map(|entry| format!("{entry:?}")).unwrap_or_else(|error| error.to_string());
            assert!(entry.contains(kind), "{text}: {entry}");
        };
        check("127.0.0.1", "Address");
        check("::1", "Address");
        check("me@example.test", "Email");
        check("https://example.test/path", "Uri");
        check("spiffe://example.test/web", "Uri");
        check("*.example.test", "Dns");
        check("bücher.test", "xn--bcher-kva.test");
        check("me@", "cannot stand");
        check("@example.test", "cannot stand");
        check("a b@example.test", "cannot stand");
        check("https://", "no port");
        check("example.test/path", "cannot stand");
    }

    #[test]
    fn months_are_counted_as_calendars_do() {
        let check = |from, months, to| assert_eq!(after_months(from, months), to);
        check(datetime!(2026-11-23 0:10 UTC), 27, datetime!(2029-02-23 0:10 UTC));
        check(datetime!(2026-11-30 0:00 UTC), 27, datetime!(2029-03-02 0:00 UTC));
        check(datetime!(2026-12-31 0:00 UTC), 2, datetime!(2027-03-03 0:00 UTC));
        check(datetime!(2026-01-01 0:00 UTC), 120, datetime!(2036-01-01 0:00 UTC));
    }
}
