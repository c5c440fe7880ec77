//! What is noteworthy about a certificate that loads. What it means for people is in `inspect`.

use std::path::PathBuf;

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{GeneralName, X509Certificate};

use crate::chain::is_self_issued;
use crate::facts::{Facts, distinguished, printable};
use crate::key::Algorithm;
use crate::name::Name;
use crate::oid;

/// Something a person may want to know or must change; the certificate is served all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Finding {
    /// Its time is over.
    Expired(Moment),
    /// Its time has not begun.
    NotYetValid(Moment),
    /// Its time is over soon.
    ExpiresSoon(Moment),
    /// An issuer in the chain has expired.
    IssuerExpired {
        /// Its subject.
        subject: String,
        /// When.
        at: Moment,
    },
    /// No subject alternative name: clients find no name in it.
    NoNames {
        /// The name that was meant, in the field that clients ignore.
        common_name: Option<String>,
    },
    /// X.509 version 1.
    VersionOne,
    /// Names that the server answers for are not in it.
    NamesNotCovered {
        /// The missing names.
        missing: Vec<String>,
        /// The names it has.
        carried: Vec<String>,
    },
    /// A wildcard directly below a top-level domain.
    TopLevelWildcard {
        /// The name.
        name: String,
    },
    /// It is signed with a broken hash.
    WeakSignature {
        /// The hash.
        hash: &'static str,
    },
    /// Its extended key usage does not allow TLS servers.
    NotForServers,
    /// It is itself a certificate authority (and not just self-signed).
    IsAuthority,
    /// It is signed by itself: clients must be told to trust it.
    SelfSigned,
    /// Only the leaf is there, and its issuer is not a root that clients have.
    IssuerMissing {
        /// The issuer.
        issuer: String,
        /// Where the issuer's certificate can be fetched, if the leaf says so.
        url: Option<String>,
    },
    /// The root is part of the chain: clients do not need it.
    RootIncluded {
        /// Its subject.
        subject: String,
    },
    /// The certificates were not in the order in which they sign each other; it was put right.
    Reordered,
    /// Clients take no key of this kind or size.
    KeyRefused {
        /// Kind and size.
        key: String,
    },
    /// Browsers take no key of this kind, other clients do.
    KeyNotForBrowsers {
        /// Its kind.
        key: String,
    },
    /// It is valid for longer than Apple's systems accept from anybody.
    TooLong {
        /// From its beginning to its end.
        days: i64,
    },
    /// A certificate that has no part in the chain; it is not sent.
    Unrelated {
        /// Its subject.
        subject: String,
    },
    /// OpenSSL's `TRUSTED CERTIFICATE`; its trust settings are ignored.
    TrustedForm,
    /// Every user of the machine can read the key, or change it.
    KeyExposed {
        /// The key's file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The local root may not issue for these names; the leaf is without them.
    OutsideConstraints {
        /// The names left out.
        names: Vec<String>,
        /// What the root allows.
        permitted: Vec<String>,
    },
    /// A new local root was made.
    RootCreated {
        /// Its file.
        path: PathBuf,
    },
    /// The local root was near its end and has a successor.
    RootReplaced {
        /// Its file.
        path: PathBuf,
        /// The end of the old one.
        at: Moment,
    },
}

/// A point in time in a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub OffsetDateTime);

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.format(&time::format_description::well_known::Rfc3339);
        serializer.serialize_str(&text.map_err(serde::ser::Error::custom)?)
    }
}

/// What Apple's systems accept from private roots, and a day for how ends are counted.
const LONGEST: Duration = Duration::days(826);

/// What the leaf alone tells.
pub(crate) fn of_leaf(leaf: &X509Certificate<'_>, facts: &Facts, wanted: &[Name], now: OffsetDateTime) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(of_time(facts, now));
    if facts.is_v1 {
        found.push(Finding::VersionOne);
    } else if facts.names.is_empty() && facts.addresses.is_empty() {
        found.push(Finding::NoNames { common_name: facts.common_name.clone() });
    }
    found.extend(not_covered(facts, wanted));
    found.extend(
        facts
            .carried()
            .filter(Name::is_top_level_wildcard)
            .map(|name| Finding::TopLevelWildcard { name: name.to_string() }),
    );
    found.extend(weak_hash(leaf).map(|hash| Finding::WeakSignature { hash }));
    if !is_for_servers(leaf) {
        found.push(Finding::NotForServers);
    }
    if matches!(facts.algorithm, Algorithm::EcdsaP521 | Algorithm::Ed25519) {
        found.push(Finding::KeyNotForBrowsers { key: facts.algorithm.to_string() });
    }
    let life = facts.not_after - facts.not_before;
    if life > LONGEST {
        found.push(Finding::TooLong { days: life.whole_days() });
    }
    if facts.is_self_signed {
        found.push(Finding::SelfSigned);
    } else if facts.is_ca {
        found.push(Finding::IsAuthority);
    }
    found
}

/// What the rest of the chain tells; `path` is the part that follows from each other, leaf first.
pub(crate) fn of_path(path: &[&X509Certificate<'_>], now: OffsetDateTime) -> Vec<Finding> {
    let mut found = Vec::new();
    for issuer in path.iter().skip(1) {
        let at = issuer.validity().not_after.to_datetime();
        if at < now {
            found.push(Finding::IssuerExpired { subject: distinguished(issuer.subject()), at: Moment(at) });
        }
    }
    if let [leaf] = path
        && !is_self_issued(leaf)
    {
        found.push(Finding::IssuerMissing { issuer: distinguished(leaf.issuer()), url: issuer_url(leaf) });
    }
    if let [_, .., last] = path
        && is_self_issued(last)
    {
        found.push(Finding::RootIncluded { subject: distinguished(last.subject()) });
    }
    found
}

fn of_time(facts: &Facts, now: OffsetDateTime) -> Option<Finding> {
    let soon = Duration::days(14).min((facts.not_after - facts.not_before) / 4);
    if facts.not_after < now {
        Some(Finding::Expired(Moment(facts.not_after)))
    } else if facts.not_before > now {
        Some(Finding::NotYetValid(Moment(facts.not_before)))
    } else if facts.not_after - now < soon {
        Some(Finding::ExpiresSoon(Moment(facts.not_after)))
    } else {
        None
    }
}

fn not_covered(facts: &Facts, wanted: &[Name]) -> Option<Finding> {
    let is_covered = |name: &Name| facts.carried().any(|carried| carried.covers(name));
    let missing: Vec<_> = wanted.iter().filter(|name| !is_covered(name)).map(Name::to_string).collect();
    let carried = facts.carried().map(|name| name.to_string()).collect();
    (!missing.is_empty()).then_some(Finding::NamesNotCovered { missing, carried })
}

fn weak_hash(leaf: &X509Certificate<'_>) -> Option<&'static str> {
    match leaf.signature_algorithm.algorithm.as_bytes() {
        oid::MD5_RSA => Some("MD5"),
        oid::SHA1_RSA | oid::SHA1_RSA_OIW | oid::SHA1_ECDSA => Some("SHA-1"),
        _ => None,
    }
}

fn is_for_servers(leaf: &X509Certificate<'_>) -> bool {
    match leaf.extended_key_usage() {
        Ok(Some(usage)) => usage.value.server_auth || usage.value.any,
        _ => true,
    }
}

/// Where the issuer's certificate can be fetched; only public authorities say so.
pub(crate) fn issuer_url(leaf: &X509Certificate<'_>) -> Option<String> {
    const CA_ISSUERS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x02";
    leaf.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => access.iter().find_map(|entry| match entry.access_location {
            GeneralName::URI(url) if entry.access_method.as_bytes() == CA_ISSUERS => Some(printable(url)),
            _ => None,
        }),
        _ => None,
    })
}
