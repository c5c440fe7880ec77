//! Certificates looked at in files: what is said of each recipe's result.

use time::OffsetDateTime;
use tlsgi_cert::survey::{Survey, inspect_file};
use tlsgi_cert::{Error, Name, Severity};

use crate::harness::Bench;

fn inspect(bench: &Bench, file: &str, key: Option<&str>, names: &[&str]) -> Survey {
    let names: Vec<_> = names.iter().map(|name| Name::parse(name).unwrap()).collect();
    let key = key.map(|key| bench.path(key));
    inspect_file(&bench.path(file), key.as_deref(), None, &names, OffsetDateTime::now_utc()).unwrap()
}

fn says(survey: &Survey, severity: Severity, words: &str) {
    let found = survey.messages.iter().any(|message| message.severity == severity && message.what.contains(words));
    assert!(found, "{severity:?} {words}: {:#?}", survey.messages);
}

fn verdict(survey: &Survey, who: &str) -> (bool, String) {
    let found = survey.verdicts.iter().find(|verdict| verdict.who == who).unwrap();
    (found.accepts, found.because.clone())
}

#[test]
fn a_whole_chain_in_order_is_complete_and_its_key_belongs_to_it() {
    let bench = Bench::new();
    bench.self_signed("root");
    let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign";
    bench.signed_by("middle", "root", authority);
    bench.signed_by(
        "leaf",
        "middle",
        "subjectAltName=DNS:www.example.org,DNS:*.example.org\nextendedKeyUsage=serverAuth",
    );
    bench.join(&["leaf.pem", "middle.pem"], "chain.pem");
    let survey = inspect(&bench, "chain.pem", Some("leaf.key"), &["www.example.org"]);
    assert_eq!((survey.chain, survey.path, survey.key_matches), ("complete", 2, Some(true)));
    assert!(!survey.has_failures() && survey.messages.is_empty(), "{:#?}", survey.messages);
    assert_eq!(survey.certificates[0].purposes, ["server"]);
    assert_eq!(survey.certificates[0].names, ["www.example.org", "*.example.org"]);
    assert!(verdict(&survey, "browsers").0);
    let (accepts, because) = verdict(&survey, "Let's Encrypt");
    assert!(accepts && because.contains("DNS challenge"), "{because}");
    bench.join(&["middle.pem", "root.pem", "leaf.pem"], "mixed.pem");
    let survey = inspect(&bench, "mixed.pem", None, &[]);
    says(&survey, Severity::Warning, "not in the order");
    says(&survey, Severity::Notice, "includes its root");
    assert_eq!((survey.path, survey.key_matches), (3, None));
}

#[test]
fn what_clients_refuse_is_a_failure() {
    let bench = Bench::new();
    bench.self_signed("root");
    bench.version_1("old");
    let survey = inspect(&bench, "old.pem", Some("old.key"), &[]);
    says(&survey, Severity::Failure, "version 1");
    assert!(survey.has_failures() && survey.certificates[0].version == 1 && !verdict(&survey, "browsers").0);
    let survey = inspect(&bench, "old.pem", Some("root.key"), &[]);
    assert_eq!(survey.key_matches, Some(false));
    says(&survey, Severity::Failure, "does not belong");
    let survey = inspect(&bench, "root.pem", None, &["example.org"]);
    says(&survey, Severity::Failure, "not for example.org");
    says(&survey, Severity::Warning, "certificate authority");
    assert!(verdict(&survey, "Let's Encrypt").1.contains("localhost is no public name"));
    bench.signed_by("client", "root", "subjectAltName=email:a@example.org\nextendedKeyUsage=clientAuth");
    let survey = inspect(&bench, "client.pem", None, &[]);
    says(&survey, Severity::Failure, "does not include TLS servers");
    assert_eq!(survey.certificates[0].names, ["a@example.org"]);
}

#[test]
fn keys_and_lives_that_some_clients_refuse_are_named() {
    let bench = Bench::new();
    let made = |key: &str, days: u32| {
        bench.openssl(&format!("{key} -out a.key"));
        bench.openssl(&format!(
            "req -x509 -key a.key -out a.pem -subj /CN=a -days {days} -addext subjectAltName=DNS:a.example.org"
        ));
        inspect(&bench, "a.pem", None, &[])
    };
    assert!(!made("genpkey -algorithm rsa", 90).has_failures());
    says(&made("genpkey -algorithm ed25519", 90), Severity::Warning, "Ed25519");
    says(&made("genpkey -algorithm ed448", 90), Severity::Failure, "Ed448");
    says(&made("ecparam -name secp521r1 -genkey -noout", 90), Severity::Warning, "P-521");
    says(&made("ecparam -name prime256v1 -genkey -noout", 3650), Severity::Warning, "3650 days");
    bench.openssl("genrsa -out weak.key 1024");
    bench.openssl("req -x509 -key weak.key -out a.pem -subj /CN=a -days 9 -addext subjectAltName=DNS:a.example.org");
    let survey = inspect(&bench, "a.pem", None, &[]);
    says(&survey, Severity::Failure, "RSA 1024");
    assert!(verdict(&survey, "Let's Encrypt").1.contains("RSA (2048"));
}

#[test]
fn what_is_no_certificate_is_an_error() {
    let bench = Bench::new();
    bench.self_signed("a");
    let look = |name: &str| inspect_file(&bench.path(name), None, None, &[], OffsetDateTime::now_utc());
    assert!(matches!(look("a.key"), Err(Error::NoCertificate { .. })));
    assert!(matches!(look("missing"), Err(Error::Read { .. })));
    bench.write("half.pem", &bench.read("a.pem")[..200]);
    assert!(matches!(look("half.pem"), Err(Error::Pem { .. })));
}
