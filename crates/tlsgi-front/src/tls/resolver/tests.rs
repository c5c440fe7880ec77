//! What certificate answers which name.

use std::path::PathBuf;

use rustls::{CipherSuite, SignatureScheme};
use tlsgi_config::native::argv::{self, Invocation};
use tlsgi_config::value::cipher::{TLS12, TLS13};
use tlsgi_config::{Facts, resolve};

use super::*;
use crate::control::KeyAlgorithm;

fn config(arguments: &[&str]) -> Config {
    let words = ["tlsgi", "app"].iter().chain(arguments).map(Into::into).collect();
    let Ok(Invocation::Serve(said)) = argv::parse(words) else { panic!("not a command line: {arguments:?}") };
    let facts = Facts {
        directory: PathBuf::from("/"),
        home: None,
        state_home: None,
        ca_root: None,
        mkcert_root: None,
        is_root: false,
        cores: 1,
        open_files: 1024,
        credentials: None,
        passed_sockets: Vec::new(),
    };
    resolve(*said, &facts).0.expect("a configuration")
}

/// The public half of a certificate for these names. Its number is its place.
fn certificate(number: u32, algorithm: KeyAlgorithm, names: &[&str]) -> SiteCertificate {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    // Whatever key: the front sees what kind it is told.
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    SiteCertificate { site: 0, chain: vec![made.cert.der().to_vec()], algorithm, key: number }
}

const ALL_SCHEMES: [SignatureScheme; 3] =
    [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];

struct Client {
    schemes: Vec<SignatureScheme>,
    suites: Vec<CipherSuite>,
}

impl Client {
    fn new(schemes: &[SignatureScheme], suites: &[u16]) -> Self {
        Self { schemes: schemes.to_vec(), suites: suites.iter().copied().map(Into::into).collect() }
    }

    fn gets(&self, resolver: &Resolver, name: Option<&str>) -> u32 {
        let client = Abilities { schemes: &self.schemes, suites: &self.suites };
        resolver.presented(name, Some(client)).expect("a certificate").number
    }
}

#[test]
fn only_https_needs_a_certificate() {
    assert!(Resolver::new(&config(&["--bind-http", "127.0.0.1:0", "--allow-http"]), &[]).is_ok());
    assert!(Resolver::new(&config(&[]), &[]).is_err());
}

#[test]
fn the_certificate_that_names_the_host_most_exactly_is_presented() {
    let certificates = [
        certificate(1, KeyAlgorithm::Rsa, &["first.test"]),
        certificate(2, KeyAlgorithm::EcdsaP256, &["*.a.test"]),
        certificate(3, KeyAlgorithm::Rsa, &["b.a.test", "other.test"]),
        certificate(4, KeyAlgorithm::EcdsaP256, &["*.b.a.test"]),
    ];
    let resolver = Resolver::new(&config(&[]), &certificates).expect("a table");
    let client = Client::new(&ALL_SCHEMES, &TLS13);
    for (name, expected) in [
        (Some("b.a.test"), 3),
        (Some("c.a.test"), 2),
        (Some("C.A.Test."), 2),
        (Some("x.b.a.test"), 4),
        (Some("x.y.a.test"), 1),
        (Some("a.test"), 1),
        (Some("unknown.test"), 1),
        (None, 1),
    ] {
        assert_eq!(client.gets(&resolver, name), expected, "{name:?}");
    }
    assert!(resolver.has_choice());
}

#[test]
fn of_two_keys_a_client_gets_the_one_that_it_can_verify() {
    let names = ["a.test"];
    let certificates = [certificate(1, KeyAlgorithm::Rsa, &names), certificate(2, KeyAlgorithm::EcdsaP256, &names)];
    let resolver = Resolver::new(&config(&[]), &certificates).expect("a table");
    let rsa_suites = [0xc02f, 0xc030];
    for (schemes, suites, expected) in [
        (&ALL_SCHEMES[..], &TLS13[..], 2),
        (&ALL_SCHEMES[..], &TLS12[..], 2),
        (&ALL_SCHEMES[1..], &TLS13[..], 1),
        (&ALL_SCHEMES[..], &rsa_suites[..], 1),
        // It can verify neither: rustls refuses it, whatever is presented.
        (&[SignatureScheme::ED448][..], &TLS13[..], 2),
    ] {
        let client = Client::new(schemes, suites);
        for name in [Some("a.test"), Some("unknown.test"), None] {
            assert_eq!(client.gets(&resolver, name), expected, "{name:?} {schemes:?} {suites:x?}");
        }
    }
}

#[test]
fn a_site_that_does_not_offer_the_suites_of_a_key_does_not_present_it() {
    let names = ["a.test"];
    let certificates = [certificate(1, KeyAlgorithm::Rsa, &names), certificate(2, KeyAlgorithm::EcdsaP256, &names)];
    let resolver = Resolver::new(&config(&["--tls-ciphers", "aRSA+AESGCM"]), &certificates).expect("a table");
    assert_eq!(Client::new(&ALL_SCHEMES, &TLS12).gets(&resolver, None), 1);
    assert_eq!(Client::new(&ALL_SCHEMES, &TLS13).gets(&resolver, None), 2);
}

#[test]
fn known_are_the_names_of_sites_and_of_the_certificates_of_sites_without() {
    let certificates = [certificate(1, KeyAlgorithm::EcdsaP256, &["a.test", "*.w.test"])];
    let nameless = Resolver::new(&config(&[]), &certificates).expect("a table");
    let named = Resolver::new(&config(&["--server-name", "b.test"]), &certificates).expect("a table");
    for (name, by_certificate, by_site) in [
        ("a.test", true, false),
        ("A.test", true, false),
        ("x.w.test", true, false),
        ("w.test", false, false),
        ("b.test", false, true),
        ("c.test", false, false),
        ("x.localhost", false, false),
    ] {
        assert_eq!((nameless.knows(name), named.knows(name)), (by_certificate, by_site), "{name}");
    }
}
