//! What TLS offers: profiles, versions, key exchange groups. The suites have a file of their own.

use super::{Form, Refusal, Value};
use crate::config::TlsVersion;

/// Mozilla's recommendations for servers, version 6.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsProfile {
    /// TLS 1.3 alone.
    Modern,
    /// TLS 1.2 with forward secrecy and authenticated encryption, and TLS 1.3.
    Intermediate,
}

/// Names of key exchange groups, in order of preference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupList {
    /// As written.
    pub text: String,
    /// IANA numbers of those that are offered here.
    pub groups: Vec<u16>,
    /// Names of those that are not.
    pub unsupported: Vec<String>,
}

/// The groups that Mozilla recommends, in its order: X25519MLKEM768, X25519, P-256, P-384.
pub const GROUPS: [u16; 4] = [0x11ec, 29, 23, 24];

/// All that are offered: number, IANA's name, other names in lower case.
const KNOWN: [(u16, &str, &[&str]); 5] = [
    (0x11ec, "X25519MLKEM768", &[]),
    (29, "X25519", &["x25519", "ecdh_x25519"]),
    (23, "P-256", &["prime256v1", "secp256r1", "p256", "nistp256"]),
    (24, "P-384", &["secp384r1", "p384", "nistp384"]),
    (0x11eb, "SecP256r1MLKEM768", &[]),
];

impl Value for TlsProfile {
    const FORM: Form = Form::Words(&["modern", "intermediate"]);

    fn read(text: &str) -> Result<Self, Refusal> {
        match text.trim().to_ascii_lowercase().as_str() {
            "modern" => Ok(Self::Modern),
            "intermediate" => Ok(Self::Intermediate),
            "old" => Err(Refusal::new(
                "Mozilla has withdrawn `old`: it needs TLS 1.0 and 1.1, which RFC 8996 forbids, and they are not built in",
            )
            .hint("`intermediate` serves Firefox 31, Chrome 49, Android 4.4, Java 8u161 and everything later")),
            _ => Err(Refusal::new("expected one of `modern`, `intermediate`")),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Modern => "modern".to_owned(),
            Self::Intermediate => "intermediate".to_owned(),
        }
    }
}

impl Value for TlsVersion {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let word = text.trim().to_ascii_lowercase().replace('_', ".");
        let word = word.strip_prefix("tlsversion.").or_else(|| word.strip_prefix("protocol.")).unwrap_or(&word);
        let number = word.strip_prefix("tls").unwrap_or(word).trim_start_matches(['v', ' ', '-']);
        match number {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            "1" | "1.0" | "1.1" => {
                Err(Refusal::new("RFC 8996 forbids TLS 1.0 and 1.1, and they are not built in")
                    .hint("write 1.2 or 1.3"))
            }
            _ if word.starts_with("ssl") => {
                Err(Refusal::new("SSL is broken (RFC 6176, RFC 7568) and not built in").hint("write 1.2 or 1.3"))
            }
            _ => Err(Refusal::new("expected `1.2` or `1.3`")),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Tls12 => "1.2".to_owned(),
            Self::Tls13 => "1.3".to_owned(),
        }
    }
}

impl Value for GroupList {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let mut list = Self { text: text.trim().to_owned(), groups: Vec::new(), unsupported: Vec::new() };
        for word in text.split([':', ',', '/', ' ']).filter(|word| !word.is_empty()) {
            // OpenSSL's signs: a name that may be unknown, and a share to be sent at once (by clients).
            let name = word.trim_start_matches(['?', '*']);
            let is_it = |(_, iana, others): &&(u16, &str, &[&str])| {
                iana.eq_ignore_ascii_case(name) || others.iter().any(|other| other.eq_ignore_ascii_case(name))
            };
            match KNOWN.iter().find(is_it) {
                Some((number, ..)) if !list.groups.contains(number) => list.groups.push(*number),
                Some(_) => {}
                None if word.contains('?') => {}
                None => list.unsupported.push(name.to_owned()),
            }
        }
        if list.groups.is_empty() {
            let known: Vec<_> = KNOWN.iter().map(|(_, name, _)| *name).collect();
            return Err(Refusal::new("no group of it is offered here").hint(format!("there are {}", known.join(", "))));
        }
        Ok(list)
    }

    fn write(&self) -> String {
        self.text.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_the_spellings_that_people_have() {
        for text in ["1.2", "TLSv1.2", "tls1.2", "TLSv1_2", "TLSVersion.TLSv1_2", "PROTOCOL_TLSv1_2", "TLS 1.2", "v1.2"]
        {
            assert_eq!(TlsVersion::read(text), Ok(TlsVersion::Tls12), "{text}");
        }
        for text in ["1.3", "TLSv1.3", "TLSV1.3", "TLSv1_3"] {
            assert_eq!(TlsVersion::read(text), Ok(TlsVersion::Tls13), "{text}");
        }
        for (text, reason) in
            [("TLSv1", "8996"), ("1.1", "8996"), ("TLSv1_1", "8996"), ("SSLv3", "broken"), ("2", "1.3"), ("", "1.3")]
        {
            assert!(TlsVersion::read(text).is_err_and(|refusal| refusal.reason.contains(reason)), "{text}");
        }
    }

    #[test]
    fn the_old_profile_is_refused_with_the_reason() {
        assert!(TlsProfile::read("old").is_err_and(|refusal| refusal.reason.contains("RFC 8996")));
        assert_eq!(TlsProfile::read("Modern"), Ok(TlsProfile::Modern));
        assert!(TlsProfile::read("strong").is_err());
    }

    #[test]
    fn groups_have_many_names_and_what_is_not_offered_is_named() {
        let check = |text: &str, groups: &[u16], unsupported: &[&str]| {
            let list = GroupList::read(text).expect(text);
            assert_eq!(
                (&list.groups[..], list.unsupported),
                (groups, unsupported.iter().map(ToString::to_string).collect())
            );
        };
        check("X25519MLKEM768:X25519:prime256v1:secp384r1", &GROUPS, &[]);
        check("?X25519MLKEM768 / ?SecP256r1MLKEM768 / P-256", &[0x11ec, 0x11eb, 23], &[]);
        check("p-384,P-384,?x448,secp521r1", &[24], &["secp521r1"]);
        assert!(GroupList::read("secp521r1").is_err() && GroupList::read("").is_err());
    }
}
