//! Damaged and malicious files end in an error, never in a panic, and never in a key for the wrong certificate.

use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use time::OffsetDateTime;
use tlsgi_cert::{Error, Input, Loaded, Material, Name, is_tls_handshake_message, load, messages};

use crate::harness::Bench;

const NOW: OffsetDateTime = time::macros::datetime!(2030-01-01 0:00 UTC);

fn input(bytes: &[u8]) -> Input {
    Input { path: PathBuf::from("f"), bytes: bytes.to_vec().into(), mode: Some(0o644) }
}

/// Loads, and says everything there is to say, as a server does that starts.
fn attempt(certificate: &[u8], key: Option<&[u8]>, chain: Option<&[u8]>) -> Result<Loaded, Error> {
    let material =
        Material { certificate: input(certificate), key: key.map(input), chain: chain.map(input), passphrase: None };
    let result = load(&material, &[Name::parse("localhost").unwrap()], NOW);
    match &result {
        Ok(loaded) => {
            let said = messages(&loaded.findings, NOW).iter().map(ToString::to_string).collect::<String>();
            assert!(!(said + &loaded.facts.summary(NOW)).contains('\x1b'));
        }
        Err(error) => assert!(!format!("{error}{:?}", error.hint()).contains('\x1b')),
    }
    result
}

/// Valid files of every form.
static SEEDS: LazyLock<Vec<(Vec<u8>, Vec<u8>)>> = LazyLock::new(|| {
    let makes = [
        "genrsa -out a.key 2048",
        "ecparam -name prime256v1 -genkey -noout -out a.key",
        "ecparam -name secp384r1 -genkey -out a.key",
        "ecparam -name secp521r1 -genkey -noout -param_enc explicit -out a.key",
        "genpkey -algorithm ed25519 -out a.key",
    ];
    let mut seeds = Vec::new();
    for make in makes {
        let bench = Bench::new();
        let read = |name: &str| std::fs::read(bench.path(name)).unwrap();
        bench.openssl(make);
        bench.openssl("req -x509 -key a.key -out a.pem -subj /CN=localhost/O=\u{1b}[31m -utf8 -days 9 -addext subjectAltName=DNS:localhost,IP:::1,email:a@b.c,URI:https://x -addext authorityInfoAccess=caIssuers;URI:http://x -addext extendedKeyUsage=serverAuth");
        seeds.push((read("a.pem"), read("a.key")));
        bench.openssl("x509 -in a.pem -outform DER -out a.der");
        bench.openssl("pkey -in a.key -outform DER -out a.key.der");
        seeds.push((read("a.der"), read("a.key.der")));
        if !make.contains("ed25519") {
            bench.openssl("pkey -in a.key -traditional -outform DER -out a.old.der");
            seeds.push((read("a.der"), read("a.old.der")));
        }
    }
    seeds
});

#[test]
fn every_truncation_is_an_error() {
    for (certificate, key) in SEEDS.iter() {
        assert!(attempt(certificate, Some(key), None).is_ok());
    }
    for (certificate, key) in SEEDS.iter() {
        for length in 0..certificate.len() - 1 {
            assert!(attempt(&certificate[..length], Some(key), None).is_err(), "certificate cut at {length}");
        }
        // The last byte of PEM is a line end.
        for length in 0..key.len() - 1 {
            assert!(attempt(certificate, Some(&key[..length]), None).is_err(), "key cut at {length}");
        }
    }
}

#[test]
fn no_changed_byte_of_a_key_makes_another_key() {
    for (certificate, key) in SEEDS.iter().filter(|(_, key)| key[0] == 0x30) {
        for position in 0..key.len() {
            let mut changed = key.clone();
            changed[position] ^= 1 << (position % 8);
            if let Ok(loaded) = attempt(certificate, Some(&changed), None) {
                let original = attempt(certificate, Some(key), None).unwrap();
                assert_eq!(loaded.key.public_key_info(), original.key.public_key_info());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_do_not_panic(
        seed in 0usize..1000,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..6),
        is_key in any::<bool>(),
    ) {
        let (certificate, key) = &SEEDS[seed % SEEDS.len()];
        let mut bytes = if is_key { key.clone() } else { certificate.clone() };
        for (index, value, kind) in edits {
            let position = index.index(bytes.len());
            match kind {
                0 => bytes[position] = value,
                1 => bytes.insert(position, value),
                2 => drop(bytes.remove(position)),
                _ => bytes.extend_from_within(position..),
            }
            if bytes.is_empty() {
                bytes.push(value);
            }
        }
        let _ = if is_key { attempt(certificate, Some(&bytes), None) } else { attempt(&bytes, Some(key), Some(&bytes)) };
    }

    #[test]
    fn arbitrary_bytes_are_an_error(certificate in prop::collection::vec(any::<u8>(), 0..300), key in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(attempt(&certificate, Some(&key), None).is_err());
        prop_assert!(attempt(&certificate, None, None).is_err());
    }

    #[test]
    fn arbitrary_sections_are_an_error(label in "[A-Z ]{0,20}", body in "[A-Za-z0-9+/=:\n\r -]{0,200}") {
        for label in [label.as_str(), "CERTIFICATE", "TRUSTED CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
            prop_assert!(attempt(text.as_bytes(), Some(text.as_bytes()), None).is_err());
        }
    }

    #[test]
    fn names_that_parse_parse_again(text in "\\PC{0,40}|[a-z0-9.*:_-]{0,40}") {
        if let Ok(name) = Name::parse(&text) {
            prop_assert_eq!(Name::parse(&name.to_string()).unwrap(), name.clone());
            prop_assert!(name.covers(&name) && name.to_string().is_ascii());
        }
    }

    #[test]
    fn arbitrary_messages_are_no_handshake(message in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(!is_tls_handshake_message(&message));
    }
}
