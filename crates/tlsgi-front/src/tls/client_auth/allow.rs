//! Which holders of a good certificate are let in.

use tlsgi_cert::client::Identity;
use tlsgi_config::config::AllowedClient;

use crate::route::host;

const COMMON_NAME: &str = "2.5.4.3";
const UNIT: &str = "2.5.4.11";
const EMAIL: &str = "1.2.840.113549.1.9.1";

/// Whether any of the rules names this holder.
pub(super) fn is_allowed(identity: &Identity, rules: &[AllowedClient]) -> bool {
    rules.iter().any(|rule| match rule {
        AllowedClient::Dns(name) => identity.dns.iter().any(|dns| is_dns(name, dns)),
        AllowedClient::Uri(pattern) => is_uri_of(pattern, &identity.uris),
        AllowedClient::Email(pattern) => {
            let in_subject = identity.subject.values(EMAIL).any(|address| is_email(pattern, &address));
            in_subject || identity.emails.iter().any(|address| is_email(pattern, address))
        }
        AllowedClient::CommonName(name) => identity.subject.values(COMMON_NAME).any(|value| value == *name),
        AllowedClient::Unit(name) => identity.subject.values(UNIT).any(|value| value == *name),
        AllowedClient::Fingerprint(fingerprint) => *fingerprint == identity.fingerprint,
        AllowedClient::KeyPin(pin) => *pin == identity.key_pin,
    })
}

fn is_dns(name: &str, carried: &str) -> bool {
    let carried = carried.to_ascii_lowercase();
    // A certificate for `*.example.org` is the same text as the rule, not one of the names that the rule stands for.
    carried == name || (!carried.contains('*') && host::matches(name, &carried))
}

/// SPIFFE identities (X.509-SVID 2) have exactly one URI; with another beside it, it is none.
fn is_uri_of(pattern: &str, carried: &[String]) -> bool {
    if pattern.starts_with("spiffe:") && carried.len() != 1 {
        return false;
    }
    carried.iter().any(|uri| is_uri(pattern, uri))
}

fn is_uri(pattern: &str, uri: &str) -> bool {
    if pattern == uri {
        return true;
    }
    // What could make another path of it (RFC 3986 5.2.4, queries) matches no pattern.
    if uri.contains(['%', '?', '#', '\\']) {
        return false;
    }
    let (mut wanted, mut found) = (pattern.split('/'), uri.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (Some("**"), Some(segment)) => {
                return std::iter::once(segment).chain(found).all(|segment| !matches!(segment, "" | "." | ".."));
            }
            (Some("*"), Some("" | "." | "..")) => return false,
            (Some("*"), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

fn is_email(pattern: &str, address: &str) -> bool {
    let (Some((wanted, domain)), Some((local, carried))) = (pattern.rsplit_once('@'), address.rsplit_once('@')) else {
        return false;
    };
    carried.eq_ignore_ascii_case(domain) && !local.is_empty() && (wanted == "*" || wanted == local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_match_by_whole_segments() {
        let check =
            |pattern: &str, uri: &str, expect: bool| assert_eq!(is_uri(pattern, uri), expect, "{pattern} {uri}");
        check("spiffe://a.test/ns/*/sa/web", "spiffe://a.test/ns/x/sa/web", true);
        check("spiffe://a.test/ns/*/sa/web", "spiffe://a.test/ns/x/y/sa/web", false);
        check("spiffe://a.test/ns/*/sa/web", "spiffe://a.test/ns//sa/web", false);
        check("spiffe://a.test/ns/*/sa/web", "spiffe://a.test/ns/../sa/web", false);
        check("spiffe://a.test/**", "spiffe://a.test/a/b/c", true);
        check("spiffe://a.test/**", "spiffe://a.test/a/../b", false);
        check("spiffe://a.test/**", "spiffe://a.test.evil/a", false);
        check("spiffe://a.test/x", "spiffe://a.test/x/y", false);
        check("spiffe://a.test/*", "spiffe://a.test/x?y", false);
        check("spiffe://a.test/*", "spiffe://a.test/x%2fy", false);
    }

    #[test]
    fn spiffe_identity_stands_alone() {
        let both = ["spiffe://a.test/x".to_owned(), "spiffe://b.test/x".to_owned()];
        assert!(!is_uri_of("spiffe://a.test/x", &both));
        assert!(is_uri_of("spiffe://a.test/x", &both[..1]));
        assert!(is_uri_of("https://a.test/x", &["https://a.test/x".to_owned(), "https://b.test/".to_owned()]));
    }

    #[test]
    fn names_match_in_any_case_and_one_label_deep() {
        assert!(is_dns("*.a.test", "B.A.test") && is_dns("a.test", "A.TEST"));
        assert!(!is_dns("*.a.test", "c.b.a.test") && !is_dns("*.a.test", "a.test"));
        assert!(!is_dns("*.b.a.test", "*.a.test"));
    }

    #[test]
    fn mail_addresses_match_by_domain_or_as_a_whole() {
        assert!(is_email("me@a.test", "me@A.test") && is_email("*@a.test", "you@a.test"));
        assert!(!is_email("me@a.test", "Me@a.test") && !is_email("*@a.test", "you@b.a.test"));
        assert!(!is_email("*@a.test", "you@evil.test@b.test") && !is_email("*@a.test", "@a.test"));
    }
}
