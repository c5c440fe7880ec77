//! What browsers and Let's Encrypt make of a certificate, as far as it can be told without asking them.

use std::net::IpAddr;

use serde::Serialize;
use time::Duration;
use x509_parser::prelude::X509Certificate;

use crate::facts::Facts;
use crate::finding::Finding;
use crate::inspect::Severity;
use crate::key::Algorithm;
use crate::name::Name;

/// One judge's view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Who.
    pub who: &'static str,
    /// Whether it is fine with it.
    pub accepts: bool,
    /// Why, or under what condition.
    pub because: String,
}

/// Names that no public authority issues for.
const PRIVATE: [&str; 8] = ["localhost", "test", "internal", "local", "home.arpa", "invalid", "example", "onion"];

/// Longest life that browsers take from a public authority.
const PUBLIC_LIFE: Duration = Duration::days(398);

/// Most names that Let's Encrypt puts into one certificate.
const MOST_NAMES: usize = 100;

pub(super) fn all(
    leaf: &X509Certificate<'_>,
    facts: &Facts,
    findings: &[Finding],
    algorithm: Option<Algorithm>,
) -> Vec<Verdict> {
    vec![browsers(leaf, facts, findings), lets_encrypt(facts, algorithm)]
}

fn browsers(leaf: &X509Certificate<'_>, facts: &Facts, findings: &[Finding]) -> Verdict {
    let now = facts.not_before;
    let refused = findings.iter().filter(|finding| finding.severity() == Severity::Failure);
    let mut reasons: Vec<String> = refused.map(|finding| finding.message(now).what).collect();
    if !facts.is_self_signed && facts.is_ca {
        reasons.push("it is the certificate of an authority".to_owned());
    }
    if !reasons.is_empty() {
        return Verdict { who: "browsers", accepts: false, because: reasons.join("; ") };
    }
    let because = if leaf.subject().as_raw() == leaf.issuer().as_raw() {
        "once they are told to trust this very certificate".to_owned()
    } else if facts.not_after - facts.not_before > PUBLIC_LIFE {
        format!("if they trust {}, and that is no public authority: its life is longer than 398 days", facts.issuer)
    } else {
        format!("if they trust {}", facts.issuer)
    };
    Verdict { who: "browsers", accepts: true, because }
}

/// Whether Let's Encrypt would issue for these names and this kind of key.
fn lets_encrypt(facts: &Facts, algorithm: Option<Algorithm>) -> Verdict {
    let mut reasons = Vec::new();
    match algorithm {
        Some(Algorithm::Rsa) if (2048..=4096).contains(&facts.bits) && facts.bits.is_multiple_of(8) => {}
        Some(Algorithm::EcdsaP256 | Algorithm::EcdsaP384) => {}
        _ => reasons.push("it takes keys of kind RSA (2048 to 4096 bits), P-256 and P-384 only".to_owned()),
    }
    let names: Vec<Name> = facts.carried().collect();
    if names.is_empty() {
        reasons.push("there is no name in it".to_owned());
    }
    if names.len() > MOST_NAMES {
        reasons.push(format!("it puts at most {MOST_NAMES} names into one certificate"));
    }
    reasons.extend(names.iter().filter(|name| !is_public(name)).map(|name| format!("{name} is no public name")));
    if !reasons.is_empty() {
        return Verdict { who: "Let's Encrypt", accepts: false, because: reasons.join("; ") };
    }
    let mut conditions = vec!["it would issue for these names and this kind of key"];
    if names.iter().any(|name| matches!(name, Name::Dns(name) if name.starts_with("*."))) {
        conditions.push("a wildcard needs the DNS challenge");
    }
    if names.iter().any(|name| matches!(name, Name::Address(_))) {
        conditions.push("addresses need the short-lived profile");
    }
    Verdict { who: "Let's Encrypt", accepts: true, because: conditions.join("; ") }
}

fn is_public(name: &Name) -> bool {
    match name {
        Name::Dns(name) => {
            let name = name.strip_prefix("*.").unwrap_or(name);
            let is_below = |tree: &str| name == tree || name.ends_with(&format!(".{tree}"));
            name.contains('.') && !PRIVATE.iter().any(|tree| is_below(tree))
        }
        Name::Address(IpAddr::V4(address)) => {
            !(address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified())
        }
        Name::Address(IpAddr::V6(address)) => {
            !(address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_names_are_those_that_others_can_reach() {
        let check = |text: &str, expected: bool| {
            assert_eq!(Name::parse(text).map(|name| is_public(&name)).ok(), Some(expected), "{text}")
        };
        check("example.org", true);
        check("*.example.org", true);
        check("latest.example.org", true);
        check("localhost", false);
        check("app.localhost", false);
        check("shop.test", false);
        check("*.internal", false);
        check("intranet", false);
        check("9.9.9.9", true);
        check("10.0.0.1", false);
        check("2606:4700::1111", true);
        check("fd00::1", false);
    }
}
