//! Files as people have them.

use std::os::unix::fs::PermissionsExt;

use time::{Duration, OffsetDateTime};
use tlsgi_cert::{Finding, Severity, Source, messages};

use crate::harness::{Bench, complaint, kinds};

#[test]
fn a_version_1_certificate_loads_and_is_called_so() {
    let bench = Bench::new();
    bench.version_1("a");
    let loaded = bench.load("a.pem", "a.key").unwrap();
    assert!(loaded.facts.is_v1);
    assert_eq!(kinds(&loaded.findings), ["VersionOne", "SelfSigned"]);
    bench.openssl("genrsa -out b.key 2048");
    assert!(complaint(bench.load("a.pem", "b.key")).contains("does not belong"));
}

#[test]
fn facts_are_those_that_openssl_prints() {
    let bench = Bench::new();
    bench.openssl("ecparam -name prime256v1 -genkey -noout -out a.key");
    bench.openssl("req -x509 -key a.key -out a.pem -subj /CN=a.test/O=Some -days 90 -addext subjectAltName=DNS:A.test,DNS:*.b.test,IP:10.1.2.3,IP:::1");
    let facts = bench.load("a.pem", "a.key").unwrap().facts;
    assert_eq!(facts.names, ["a.test", "*.b.test"]);
    assert_eq!(facts.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.1.2.3", "::1"]);
    assert_eq!(facts.subject, "CN=a.test, O=Some");
    assert_eq!(facts.common_name.as_deref(), Some("a.test"));
    let fingerprint = bench.openssl("x509 -in a.pem -noout -fingerprint -sha256");
    assert!(fingerprint.trim().ends_with(&format!("={}", facts.fingerprint)), "{fingerprint}");
    let serial = bench.openssl("x509 -in a.pem -noout -serial");
    assert_eq!(serial.trim().replace("serial=", ""), facts.serial.replace(':', "").trim_start_matches("00"));
    assert_eq!((facts.not_after - facts.not_before).whole_days(), 90);
    let summary = facts.summary(facts.not_before);
    assert!(summary.starts_with("a.test, *.b.test, 10.1.2.3, ::1 · ECDSA P-256 · until 2"), "{summary}");
    assert!(summary.ends_with("(90 days)"), "{summary}");
}

#[test]
fn layouts_of_files_are_accepted() {
    let bench = Bench::new();
    bench.self_signed("a");
    let certificate = bench.read("a.pem");
    let key = bench.read("a.key");
    let check = |name: &str, text: String| {
        bench.write(name, text);
        assert!(bench.load(name, name).is_ok(), "{name}");
        let source = Source::new(bench.path(name), None, None);
        assert!(source.load(&[], OffsetDateTime::now_utc()).is_ok(), "{name}");
    };
    check("key first", format!("{key}{certificate}"));
    check("certificate first", format!("{certificate}{key}"));
    check("dos", format!("{certificate}{key}").replace('\n', "\r\n"));
    check("mac", format!("{certificate}{key}").replace('\n', "\r"));
    check("bom", format!("\u{feff}{certificate}{key}"));
    check("no final line end", format!("{key}{}", certificate.trim_end()));
    check("indented", format!("{certificate}{key}").replace('\n', "\n    "));
    check("words around", format!("Subject: x\n\n{certificate}\nThe key:\n{key}\nend"));
    check("parameters", format!("{}{key}{certificate}", bench.openssl("ecparam -name prime256v1")));
    check("text", format!("{}{key}", bench.openssl("x509 -in a.pem -text")));
    bench.openssl("pkcs12 -export -in a.pem -inkey a.key -passout pass:x -out a.p12");
    check("bag attributes", bench.openssl("pkcs12 -in a.p12 -passin pass:x -nodes"));
    bench.openssl("x509 -in a.pem -outform DER -out a.der");
    assert!(bench.load("a.der", "a.key").is_ok());
}

#[test]
fn a_trusted_certificate_is_served_without_its_trust_settings() {
    let bench = Bench::new();
    bench.self_signed("a");
    bench.openssl("x509 -in a.pem -trustout -addtrust serverAuth -setalias x -out trusted.pem");
    assert!(bench.read("trusted.pem").contains("BEGIN TRUSTED CERTIFICATE"));
    let loaded = bench.load("trusted.pem", "a.key").unwrap();
    assert!(loaded.findings.contains(&Finding::TrustedForm));
    assert_eq!(loaded.chain, bench.load("a.pem", "a.key").unwrap().chain);
}

#[test]
fn wrong_files_are_named() {
    let bench = Bench::new();
    bench.self_signed("a");
    bench.self_signed("b");
    bench.openssl("req -new -key a.key -subj /CN=x -out a.csr");
    bench.openssl("req -new -key a.key -subj /CN=x -outform DER -out a.csr.der");
    bench.write("empty", "");
    bench.write("words", "hello\n");
    bench.write("cut", &bench.read("a.pem")[..300]);
    bench.write("damaged", bench.read("a.pem").replacen("\nMII", "\nMIJ", 1));
    bench.write("large", vec![b'x'; (1 << 20) + 1]);
    bench.write("utf16", b"\xff\xfe-\0-\0");
    std::fs::create_dir(bench.path("directory")).unwrap();
    std::os::unix::fs::symlink("nowhere", bench.path("link")).unwrap();
    let check = |certificate: &str, key: &str, words: &str| {
        let text = complaint(bench.load(certificate, key));
        assert!(text.contains(words), "{certificate}, {key}: {text}");
    };
    check("a.key", "a.pem", "swapped");
    check("a.pem", "b.key", "does not belong");
    check("a.pem", "b.pem", "no private key");
    check("a.pem", "a.pem", "--keyfile");
    check("a.key", "a.key", "no certificate");
    check("a.csr", "a.key", "a certificate request (CSR)");
    check("a.csr.der", "a.key", "a certificate request (CSR)");
    check("empty", "a.key", "it holds nothing");
    check("words", "a.key", "neither PEM nor DER");
    check("a.pem", "words", "neither PEM nor DER");
    check("cut", "a.key", "line 1: `BEGIN CERTIFICATE` has no");
    check("damaged", "a.key", "certificate 1 in");
    check("large", "a.key", "larger than 1048576 bytes");
    check("utf16", "a.key", "UTF-16");
    check("directory", "a.key", "fullchain.pem and privkey.pem");
    check("absent", "a.key", "cannot read");
    check("link", "a.key", "symbolic link");
}

#[test]
fn validity_is_judged_at_the_given_time() {
    let bench = Bench::new();
    bench.self_signed("a");
    let now = OffsetDateTime::now_utc();
    let time = |offset: Duration| kinds(&bench.load_for("a.pem", "a.key", &[], now + offset).unwrap().findings);
    assert_eq!(time(Duration::ZERO), ["SelfSigned"]);
    assert_eq!(time(Duration::days(80)), ["ExpiresSoon", "SelfSigned"]);
    assert_eq!(time(Duration::days(91)), ["Expired", "SelfSigned"]);
    assert_eq!(time(Duration::days(-1)), ["NotYetValid", "SelfSigned"]);
    let loaded = bench.load_for("a.pem", "a.key", &[], now + Duration::days(91)).unwrap();
    let message = &messages(&loaded.findings, now)[0];
    assert_eq!(message.severity, Severity::Failure);
    assert!(
        message.to_string().contains("the certificate expired on 2") && message.to_string().contains("UTC; renew it")
    );
}

#[test]
fn names_that_are_served_but_missing_are_listed() {
    let bench = Bench::new();
    bench.self_signed("a");
    let now = OffsetDateTime::now_utc();
    let loaded = bench.load_for("a.pem", "a.key", &["localhost", "www.example.org", "::1"], now).unwrap();
    let expected = Finding::NamesNotCovered {
        missing: vec!["www.example.org".into(), "::1".into()],
        carried: vec!["localhost".into()],
    };
    assert!(loaded.findings.contains(&expected), "{:?}", loaded.findings);
    bench.openssl("req -x509 -key a.key -out bare.pem -subj /CN=localhost -days 90");
    assert!(kinds(&bench.load("bare.pem", "a.key").unwrap().findings).contains(&"NoNames".to_owned()));
}

#[test]
fn a_key_that_everybody_can_read_is_reported() {
    let bench = Bench::new();
    bench.self_signed("a");
    let findings = |mode: u32| {
        std::fs::set_permissions(bench.path("a.key"), PermissionsExt::from_mode(mode)).unwrap();
        bench.load("a.pem", "a.key").unwrap().findings
    };
    assert!(findings(0o640).iter().all(|finding| !matches!(finding, Finding::KeyExposed { .. })));
    let exposed = Finding::KeyExposed { path: bench.path("a.key"), mode: 0o644 };
    assert!(findings(0o644).contains(&exposed));
}

#[test]
fn weak_and_misplaced_certificates_are_reported() {
    let bench = Bench::new();
    bench.openssl("genrsa -out a.key 2048");
    let check = |options: &str, kind: &str| {
        bench.openssl(&format!("req -x509 -key a.key -out a.pem -subj /CN=x -days 90 {options}"));
        let found = kinds(&bench.load("a.pem", "a.key").unwrap().findings);
        assert!(found.contains(&kind.to_owned()), "{options}: {found:?}");
    };
    check("-sha1", "WeakSignature");
    check("-addext extendedKeyUsage=clientAuth", "NotForServers");
    check("-addext subjectAltName=DNS:*.test", "TopLevelWildcard");
}
