//! Chains in every order.

use time::OffsetDateTime;
use tlsgi_cert::{Finding, Source};

use crate::harness::{Bench, complaint, kinds};

const CA: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign";
const SERVER: &str = "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.openssl("ecparam -name prime256v1 -genkey -noout -out root.key");
    bench.openssl("req -x509 -key root.key -out root.pem -subj /CN=root -days 90");
    bench.signed_by("one", "root", CA);
    bench.signed_by("two", "one", CA);
    bench.signed_by("leaf", "two", SERVER);
    bench.self_signed("other");
    bench
}

fn subjects(bench: &Bench, files: &[&str]) -> (Vec<String>, Vec<String>) {
    bench.join(files, "joined");
    let loaded = bench.load("joined", "leaf.key").unwrap();
    let names = ["root", "one", "two", "leaf", "other"];
    let der = |name: &str| {
        bench.openssl(&format!("x509 -in {name}.pem -outform DER -out der"));
        std::fs::read(bench.path("der")).unwrap()
    };
    let known: Vec<_> = names.iter().map(|name| ((*name).to_owned(), der(name))).collect();
    let name = |sent: &[u8]| known.iter().find(|(_, der)| der == sent).unwrap().0.clone();
    (loaded.chain.iter().map(|der| name(der)).collect(), kinds(&loaded.findings))
}

#[test]
fn chains_are_put_in_order() {
    let bench = bench();
    let check = |files: &[&str], chain: &[&str], findings: &[&str]| {
        let (sent, found) = subjects(&bench, files);
        assert_eq!(
            (sent, found),
            (chain.iter().map(|s| s.to_string()).collect(), findings.iter().map(|s| s.to_string()).collect()),
            "{files:?}"
        );
    };
    check(&["leaf.pem", "two.pem", "one.pem"], &["leaf", "two", "one"], &[]);
    check(&["one.pem", "leaf.pem", "two.pem"], &["leaf", "two", "one"], &["Reordered"]);
    check(&["leaf.pem", "two.pem", "one.pem", "root.pem"], &["leaf", "two", "one", "root"], &["RootIncluded"]);
    check(&["leaf.pem", "other.pem", "two.pem"], &["leaf", "two"], &["Unrelated"]);
    check(&["leaf.pem", "one.pem"], &["leaf"], &["IssuerMissing", "Unrelated"]);
    check(&["leaf.pem", "two.pem", "two.pem", "leaf.pem"], &["leaf", "two"], &[]);
    check(&["leaf.pem"], &["leaf"], &["IssuerMissing"]);
}

#[test]
fn the_chain_may_stand_in_its_own_file() {
    let bench = bench();
    bench.join(&["two.pem", "one.pem"], "chain.pem");
    let load = |certificate: &str, chain: &str| {
        Source::new(bench.path(certificate), Some(bench.path("leaf.key")), Some(bench.path(chain)))
            .load(&[], OffsetDateTime::now_utc())
    };
    assert_eq!(load("leaf.pem", "chain.pem").unwrap().chain.len(), 3);
    bench.join(&["leaf.pem", "two.pem", "one.pem"], "full.pem");
    let loaded = load("full.pem", "chain.pem").unwrap();
    assert_eq!((loaded.chain.len(), loaded.findings.len()), (3, 0));
    assert!(complaint(load("leaf.pem", "leaf.key")).contains("no certificate"));
    bench.write("damaged.pem", bench.read("two.pem").replacen("\nMII", "\nMIJ", 1));
    assert!(complaint(load("leaf.pem", "damaged.pem")).contains("certificate 1 in"));
}

#[test]
fn a_missing_issuer_with_an_address_is_a_failure_that_names_it() {
    let bench = bench();
    bench.signed_by("public", "one", &format!("{SERVER}\nauthorityInfoAccess=caIssuers;URI:http://ca.test/one.der"));
    let findings = bench.load("public.pem", "public.key").unwrap().findings;
    let expected = Finding::IssuerMissing { issuer: "CN=one".into(), url: Some("http://ca.test/one.der".into()) };
    assert_eq!(findings, [expected]);
}

#[test]
fn cross_signed_issuers_stay_behind_the_path() {
    let bench = bench();
    bench.openssl("ecparam -name prime256v1 -genkey -noout -out old.key");
    bench.openssl("req -x509 -key old.key -out old.pem -subj /CN=old -days 90");
    bench.write("extensions", CA);
    bench.openssl(
        "x509 -req -in one.csr -CA old.pem -CAkey old.key -CAcreateserial -days 9 -extfile extensions -out crossed.pem",
    );
    bench.join(&["leaf.pem", "two.pem", "one.pem", "crossed.pem"], "joined");
    let loaded = bench.load("joined", "leaf.key").unwrap();
    assert_eq!((loaded.chain.len(), kinds(&loaded.findings)), (4, vec![]));
}

#[test]
fn an_issuer_of_the_same_name_that_did_not_sign_is_not_taken() {
    let bench = bench();
    bench.openssl("ecparam -name prime256v1 -genkey -noout -out fake.key");
    bench.openssl("req -x509 -key fake.key -out fake.pem -subj /CN=two -days 90");
    bench.join(&["leaf.pem", "fake.pem", "two.pem"], "joined");
    let loaded = bench.load("joined", "leaf.key").unwrap();
    assert_eq!(loaded.chain.len(), 2);
    assert!(matches!(&loaded.findings[..], [Finding::Unrelated { subject }] if subject == "CN=two"));
}

#[test]
fn compressed_points_and_signatures_of_p521_fit() {
    let bench = Bench::new();
    bench.openssl("ecparam -name secp384r1 -genkey -noout -out plain.key");
    bench.openssl("ec -in plain.key -conv_form compressed -out a.key");
    bench.openssl("req -x509 -key a.key -out a.pem -subj /CN=localhost -days 9");
    assert!(bench.load("a.pem", "plain.key").is_ok());
    assert!(bench.load("a.pem", "a.key").is_ok());
    bench.openssl("ecparam -name secp521r1 -genkey -noout -out root.key");
    bench.openssl("req -x509 -key root.key -sha512 -out root.pem -subj /CN=root -days 90");
    bench.signed_by("leaf", "root", SERVER);
    bench.join(&["leaf.pem", "root.pem"], "joined");
    assert_eq!(bench.load("joined", "leaf.key").unwrap().chain.len(), 2);
}
