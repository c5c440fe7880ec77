//! Cipher suites in OpenSSL's words (openssl-ciphers(1)): what a list of them selects of those that are offered here.

use super::{Form, Refusal, Value};

/// A list as written; [`CipherList::select`] says what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CipherList(pub String);

/// What a list selects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Suites of TLS 1.2, in the list's order: IANA numbers.
    pub tls12: Vec<u16>,
    /// Suites of TLS 1.3; none when the list says nothing of them.
    pub tls13: Option<Vec<u16>>,
    /// Whether it says anything of TLS 1.2.
    pub speaks_of_tls12: bool,
    /// Parts that would add suites, and of which none is offered here.
    pub unsupported: Vec<String>,
}

/// The suites of TLS 1.3 in Mozilla's order.
pub const TLS13: [u16; 3] = [0x1301, 0x1302, 0x1303];

/// In a list, what leaves TLS 1.2 alone.
pub const WITHOUT_TLS13: &str = "!TLS_AES_128_GCM_SHA256:!TLS_AES_256_GCM_SHA384:!TLS_CHACHA20_POLY1305_SHA256";

/// The suites of TLS 1.2 in Mozilla's order.
pub const TLS12: [u16; 6] = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8];

/// A suite and every word of OpenSSL's that means it besides those that mean all.
struct Suite {
    number: u16,
    openssl: &'static str,
    iana: &'static str,
    words: &'static [&'static str],
    /// As `@STRENGTH` sorts.
    bits: u16,
}

/// In the order in which OpenSSL has them.
const SUITES: [Suite; 6] = [
    Suite {
        number: 0xc02c,
        openssl: "ECDHE-ECDSA-AES256-GCM-SHA384",
        iana: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        words: &["AESGCM", "AES", "AES256", "aECDSA", "ECDSA", "SUITEB128", "SUITEB192", "FIPS"],
        bits: 256,
    },
    Suite {
        number: 0xc030,
        openssl: "ECDHE-RSA-AES256-GCM-SHA384",
        iana: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        words: &["AESGCM", "AES", "AES256", "aRSA", "FIPS"],
        bits: 256,
    },
    Suite {
        number: 0xcca9,
        openssl: "ECDHE-ECDSA-CHACHA20-POLY1305",
        iana: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        words: &["CHACHA20", "aECDSA", "ECDSA"],
        bits: 256,
    },
    Suite {
        number: 0xcca8,
        openssl: "ECDHE-RSA-CHACHA20-POLY1305",
        iana: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        words: &["CHACHA20", "aRSA"],
        bits: 256,
    },
    Suite {
        number: 0xc02b,
        openssl: "ECDHE-ECDSA-AES128-GCM-SHA256",
        iana: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        words: &["AESGCM", "AES", "AES128", "aECDSA", "ECDSA", "SUITEB128", "SUITEB128ONLY", "FIPS"],
        bits: 128,
    },
    Suite {
        number: 0xc02f,
        openssl: "ECDHE-RSA-AES128-GCM-SHA256",
        iana: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        words: &["AESGCM", "AES", "AES128", "aRSA", "FIPS"],
        bits: 128,
    },
];

/// Words that mean all that are offered: they have forward secrecy, authenticated encryption, and belong to TLS 1.2.
const ALL: [&str; 9] = ["ALL", "DEFAULT", "HIGH", "TLSv1.2", "kECDHE", "kEECDH", "ECDHE", "EECDH", "ECDH"];

const TLS13_NAMES: [(u16, &str); 3] =
    [(0x1301, "TLS_AES_128_GCM_SHA256"), (0x1302, "TLS_AES_256_GCM_SHA384"), (0x1303, "TLS_CHACHA20_POLY1305_SHA256")];

impl Value for CipherList {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let list = Self(text.trim().to_owned());
        let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
        if list.0.is_empty() || !list.0.chars().all(is_plain) {
            return Err(
                Refusal::new("expected cipher suites in OpenSSL's words").hint("for example `ECDHE+AESGCM:!aNULL`")
            );
        }
        let selection = list.select();
        let (is_without_12, is_without_13) =
            (selection.tls12.is_empty(), selection.tls13.as_ref().is_none_or(Vec::is_empty));
        if is_without_12 && (is_without_13 || selection.speaks_of_tls12) {
            return Err(Refusal::new("it leaves no cipher suite that is offered here").hint(
                "offered are those with forward secrecy and authenticated encryption: ECDHE with AES-GCM or ChaCha20",
            ));
        }
        Ok(list)
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

impl CipherList {
    /// What it selects. Words are those of OpenSSL 3; `!`, `-`, `+` and `@STRENGTH` do what they do there.
    #[must_use]
    pub fn select(&self) -> Selection {
        let mut selection = Selection::default();
        let mut ring = Ring(SUITES.iter().map(|suite| (suite, State::Out)).collect());
        for part in self.0.split([':', ',', ';', ' ']).filter(|part| !part.is_empty()) {
            if let Some(command) = part.strip_prefix('@') {
                match command {
                    "STRENGTH" => ring.sort(),
                    _ if command.starts_with("SECLEVEL=") && matches!(&command[9..], "0" | "1" | "2") => {}
                    _ => selection.unsupported.push(part.to_owned()),
                }
                continue;
            }
            let (sign, words) = match part.split_at_checked(1) {
                Some((sign @ ("!" | "-" | "+"), words)) => (sign, words),
                _ => ("", part),
            };
            if let Some((number, _)) = TLS13_NAMES.iter().find(|(_, name)| *name == words) {
                select_tls13(&mut selection.tls13, sign, *number);
                continue;
            }
            selection.speaks_of_tls12 |= sign.is_empty();
            let words: Vec<&str> = words.split('+').collect();
            let covers = |suite: &Suite| words.iter().all(|word| suite.has(word));
            if sign.is_empty() && !SUITES.iter().any(covers) {
                selection.unsupported.push(part.to_owned());
            }
            ring.apply(sign, covers);
        }
        selection.tls12 = ring.active();
        selection
    }
}

fn select_tls13(chosen: &mut Option<Vec<u16>>, sign: &str, number: u16) {
    match sign {
        "!" | "-" => chosen.get_or_insert_with(|| TLS13.to_vec()).retain(|&other| other != number),
        _ => {
            let chosen = chosen.get_or_insert_default();
            chosen.retain(|&other| other != number || sign.is_empty());
            if !chosen.contains(&number) {
                chosen.push(number);
            }
        }
    }
}

impl Suite {
    fn has(&self, word: &str) -> bool {
        word == self.openssl || word == self.iana || ALL.contains(&word) || self.words.contains(&word)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Out,
    In,
    Killed,
}

/// OpenSSL's list while a string is read: the order of what is out matters too, for when it comes in.
struct Ring(Vec<(&'static Suite, State)>);

impl Ring {
    fn apply(&mut self, sign: &str, covers: impl Fn(&Suite) -> bool) {
        let is_in = |state: State| state == State::In;
        let is_meant = |&(suite, state): &(&Suite, State)| {
            covers(suite)
                && match sign {
                    "" => state == State::Out,
                    "!" => state != State::Killed,
                    _ => is_in(state),
                }
        };
        let (meant, mut others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.0).into_iter().partition(is_meant);
        let state = match sign {
            "!" => State::Killed,
            "-" => State::Out,
            _ => State::In,
        };
        let meant = meant.into_iter().map(|(suite, _)| (suite, state));
        if sign == "-" {
            // To the front, so that they come in again as they were.
            others.splice(0..0, meant);
        } else {
            others.extend(meant);
        }
        self.0 = others;
    }

    fn sort(&mut self) {
        let (mut active, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|(_, state)| *state == State::In);
        active.sort_by_key(|(suite, _)| std::cmp::Reverse(suite.bits));
        self.0 = others.into_iter().chain(active).collect();
    }

    fn active(&self) -> Vec<u16> {
        self.0.iter().filter(|(_, state)| *state == State::In).map(|(suite, _)| suite.number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What OpenSSL itself selects, of the suites offered here.
    fn oracle(list: &str) -> Vec<u16> {
        let output = std::process::Command::new("openssl").args(["ciphers", list]).output().expect("openssl runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let number = |name: &str| SUITES.iter().find(|suite| suite.openssl == name).map(|suite| suite.number);
        text.trim().split(':').filter_map(number).collect()
    }

    fn select(list: &str) -> Selection {
        CipherList(list.to_owned()).select()
    }

    #[test]
    fn lists_mean_what_they_mean_to_openssl() {
        for list in [
            "HIGH",
            "HIGH:!aNULL:!MD5",
            "DEFAULT",
            "ALL:!aNULL:!eNULL",
            "ECDHE+AESGCM",
            "EECDH+AESGCM:EDH+AESGCM",
            "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!MD5:!DSS",
            "HIGH:+AES256",
            "HIGH:-AES256:AES256",
            "HIGH:-AES256:@STRENGTH",
            "AES128:AES256:@STRENGTH",
            "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES128-GCM-SHA256:HIGH",
            "AESGCM:!aRSA",
            "aRSA+CHACHA20:aECDSA+AES128",
            "!AES128:ALL:AES128",
            "HIGH:-AES128:ALL",
            "TLSv1.2+aECDSA:kECDHE+aRSA",
            "HIGH MEDIUM,!3DES;!RC4",
            "HIGH:+aRSA:+AES128",
            "HIGH:-aRSA:-AES128:aRSA:AES128",
            "CHACHA20:ECDSA",
            "EECDH:-AES256:+CHACHA20:AESGCM",
        ] {
            assert_eq!(select(list).tls12, oracle(list), "{list}");
        }
    }

    #[test]
    fn what_adds_nothing_is_named_and_what_forbids_is_not() {
        let check = |list: &str, unsupported: &[&str]| assert_eq!(select(list).unsupported, unsupported, "{list}");
        check("HIGH:!aNULL:!MD5:-SSLv3:+RC4", &[]);
        check(
            "HIGH:MEDIUM:ECDHE-RSA-AES128-SHA:DHE+AESGCM:gibberish",
            &["MEDIUM", "ECDHE-RSA-AES128-SHA", "DHE+AESGCM", "gibberish"],
        );
        check("HIGH:@SECLEVEL=2:@STRENGTH", &[]);
        check("HIGH:@SECLEVEL=4:@MORE", &["@SECLEVEL=4", "@MORE"]);
    }

    #[test]
    fn suites_of_tls_1_3_are_chosen_by_name() {
        assert_eq!(select("HIGH").tls13, None);
        assert_eq!(select("TLS_AES_256_GCM_SHA384:HIGH").tls13, Some(vec![0x1302]));
        assert_eq!(select("!TLS_CHACHA20_POLY1305_SHA256:HIGH").tls13, Some(vec![0x1301, 0x1302]));
        let both = select("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256");
        assert_eq!((both.tls13, both.speaks_of_tls12), (Some(vec![0x1303, 0x1301]), false));
        assert_eq!(select("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256").tls12, [0xc02f]);
    }

    #[test]
    fn a_list_that_leaves_nothing_is_refused() {
        for list in ["MEDIUM", "AES256-SHA", "HIGH:!ALL", "!HIGH", "", "TLS_AES_128_GCM_SHA256:RC4", "HIGH\n"] {
            let is_fine = list == "HIGH\n";
            assert_eq!(CipherList::read(list).is_ok(), is_fine, "{list}");
        }
        assert!(CipherList::read("TLS_AES_128_GCM_SHA256").is_ok());
        assert!(
            CipherList::read("!TLS_AES_128_GCM_SHA256:!TLS_AES_256_GCM_SHA384:!TLS_CHACHA20_POLY1305_SHA256").is_err()
        );
    }

    #[test]
    fn mozilla_s_lists_are_complete() {
        let sorted = |mut numbers: Vec<u16>| {
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(sorted(TLS12.to_vec()), sorted(SUITES.iter().map(|suite| suite.number).collect()));
    }
}
