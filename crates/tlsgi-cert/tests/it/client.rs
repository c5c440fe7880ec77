//! Chains of clients as openssl makes them, judged at any time.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use time::OffsetDateTime;
use tlsgi_cert::client::{Authorities, Identity, NameStyle, Policy, Rejection, RevocationLists, verify};

use crate::harness::Bench;

const DEFAULT: Policy = Policy { depth: 5, accepts_expired_lists: false };
const DAY: i64 = 86_400;

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

fn chain(bench: &Bench, names: &[&str]) -> Vec<CertificateDer<'static>> {
    names.iter().map(|name| CertificateDer::from_pem_file(bench.path(&format!("{name}.pem"))).unwrap()).collect()
}

fn authorities(bench: &Bench, names: &[&str]) -> Authorities {
    let names: Vec<String> = names.iter().map(|name| format!("{name}.pem")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Authorities::read(&bench.join(&names, "authorities.pem")).unwrap()
}

fn root(bench: &Bench, name: &str) {
    bench.openssl(&format!(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.pem -subj /CN={name} -days 90"
    ));
}

/// A client below an authority, as plain `openssl x509 -req` made it before OpenSSL 3.2: version 1.
fn version_1(bench: &Bench, name: &str, issuer: &str) {
    bench.openssl(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.key"));
    bench.openssl(&format!("req -new -key {name}.key -out {name}.csr -subj /CN={name}"));
    bench.openssl(&format!(
        "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -set_serial 01 -days 30 -out {name}.pem"
    ));
}

/// Until when a chain holds, with neither lists nor special demands.
fn judge(bench: &Bench, names: &[&str], trusted: &[&str], now: i64) -> Result<i64, Rejection> {
    verify(&chain(bench, names), &authorities(bench, trusted), &RevocationLists::default(), DEFAULT, now)
}

#[test]
fn clients_of_version_1_hold_below_their_direct_issuer_only() {
    let bench = Bench::new();
    root(&bench, "root");
    root(&bench, "other");
    version_1(&bench, "leaf", "root");
    bench.signed_by("middle", "root", "basicConstraints=critical,CA:TRUE\n");
    version_1(&bench, "deep", "middle");
    let until = judge(&bench, &["leaf"], &["other", "root"], now()).unwrap();
    assert!((until - now() - 30 * DAY).abs() < 60);
    let unknown = Err(Rejection::UnknownAuthority { is_self_signed: false });
    assert_eq!(judge(&bench, &["leaf"], &["other"], now()), unknown);
    assert_eq!(judge(&bench, &["deep", "middle"], &["root"], now()), unknown);
    assert!(judge(&bench, &["deep"], &["root", "middle"], now()).is_ok());
    assert!(matches!(
        judge(&bench, &["leaf"], &["root"], now() + 31 * DAY),
        Err(Rejection::Expired { is_issuer: false, .. })
    ));
    assert!(matches!(judge(&bench, &["leaf"], &["root"], now() - DAY), Err(Rejection::NotYetValid { .. })));
    // A twin of the authority with another key.
    bench.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout twin.key -out twin.pem -subj /CN=root -days 90");
    assert_eq!(judge(&bench, &["leaf"], &["twin"], now()), unknown);
    assert!(judge(&bench, &["leaf"], &["twin", "root"], now()).is_ok());
}

#[test]
fn certificate_in_the_file_that_is_no_authority_vouches_for_nobody_else() {
    let bench = Bench::new();
    root(&bench, "root");
    bench.signed_by("pinned", "root", "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n");
    bench.signed_by("server", "root", "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n");
    version_1(&bench, "child", "pinned");
    bench.signed_by("modern", "pinned", "extendedKeyUsage=clientAuth\n");
    bench.self_signed("alone");
    let trusted = ["pinned", "alone", "server"];
    assert!(judge(&bench, &["pinned"], &trusted, now()).is_ok());
    assert!(judge(&bench, &["alone"], &trusted, now()).is_ok(), "a self-signed client that stands in the file");
    assert_eq!(judge(&bench, &["server"], &trusted, now()), Err(Rejection::WrongPurpose));
    for child in [["child", "pinned"], ["modern", "pinned"]] {
        assert!(judge(&bench, &child, &["pinned"], now()).is_err(), "{child:?}");
    }
    bench.self_signed("stranger");
    assert!(judge(&bench, &["stranger"], &trusted, now()).is_err());
    assert!(authorities(&bench, &trusted).remarks().iter().any(|remark| remark.contains("no authority")));
}

#[test]
fn authority_that_expired_vouches_no_more() {
    let bench = Bench::new();
    root(&bench, "root");
    bench.signed_by("leaf", "root", "extendedKeyUsage=clientAuth\n");
    bench.openssl("x509 -req -in leaf.csr -CA root.pem -CAkey root.key -set_serial 7 -days 400 -out leaf.pem");
    assert!(judge(&bench, &["leaf"], &["root"], now()).is_ok());
    assert!(matches!(
        judge(&bench, &["leaf"], &["root"], now() + 100 * DAY),
        Err(Rejection::Expired { is_issuer: true, .. })
    ));
}

#[test]
fn lists_count_only_when_their_issuer_signed_them() {
    let bench = Bench::new();
    bench.write("index.txt", "");
    bench.write("crlnumber", "01\n");
    let configuration = |name: &str| {
        format!(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ncrlnumber=crlnumber\ncertificate={name}.pem\nprivate_key={name}.key\ndefault_md=sha256\ndefault_crl_days=9\n"
        )
    };
    root(&bench, "root");
    bench.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout twin.key -out twin.pem -subj /CN=root -days 90");
    version_1(&bench, "leaf", "root");
    for name in ["root", "twin"] {
        bench.write(&format!("{name}.cnf"), configuration(name));
    }
    bench.openssl("ca -config root.cnf -gencrl -out clean.crl");
    bench.openssl("ca -config root.cnf -revoke leaf.pem");
    bench.openssl("ca -config root.cnf -gencrl -out root.crl");
    bench.openssl("ca -config twin.cnf -gencrl -out twin.crl");
    bench.openssl("crl -in root.crl -outform DER -out root.der");
    let judge = |files: &[&str], policy, now| {
        let mut lists = RevocationLists::default();
        for file in files {
            lists.read(&bench.path(file)).unwrap();
        }
        verify(&chain(&bench, &["leaf"]), &authorities(&bench, &["root"]), &lists, policy, now)
    };
    let revoked = Err(Rejection::Revoked { is_issuer: false });
    let until = judge(&["clean.crl"], DEFAULT, now()).unwrap();
    assert!((until - now() - 9 * DAY).abs() < 60, "it holds until the list has to be renewed");
    assert_eq!(judge(&["root.crl"], DEFAULT, now()), revoked);
    assert_eq!(judge(&["root.der"], DEFAULT, now()), revoked);
    assert_eq!(judge(&["clean.crl", "root.crl"], DEFAULT, now()), revoked);
    assert_eq!(judge(&["twin.crl"], DEFAULT, now()), Err(Rejection::RevocationUnknown), "the same name, another key");
    assert!(matches!(judge(&["clean.crl"], DEFAULT, now() + 10 * DAY), Err(Rejection::RevocationExpired(_))));
    let lenient = Policy { accepts_expired_lists: true, ..DEFAULT };
    assert!(judge(&["clean.crl"], lenient, now() + 10 * DAY).is_ok());
    assert_eq!(judge(&["root.crl"], lenient, now() + 10 * DAY), revoked);
    // A list that somebody changed is nobody's.
    let mut bytes = std::fs::read(bench.path("root.der")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    bench.write("changed.der", &bytes);
    assert_eq!(judge(&["changed.der"], DEFAULT, now()), Err(Rejection::RevocationUnknown));
    for cut in 0..bytes.len() {
        assert!(RevocationLists::default().add(&bench.path("cut"), &bytes[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn names_are_written_as_openssl_writes_them() {
    let bench = Bench::new();
    for subject in [
        "/C=US/O=Acme, Inc/CN=a\\+b",
        "/CN= leading and trailing ",
        "/CN=#hash/OU=<x>;y\\\\z",
        "/DC=org/DC=example/UID=zoe/emailAddress=z@example.org",
        "/serialNumber=12/title=Dr/GN=Zoe/SN=Q/street=Way 1/postalCode=1234/description=d/initials=ZQ",
    ] {
        let arguments = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "9",
            "-keyout",
            "k",
        ];
        let mut command = std::process::Command::new("openssl");
        command.args(arguments).args(["-out", "name.pem", "-utf8", "-subj", subject]).current_dir(bench.directory());
        crate::harness::run(&mut command);
        let shown = bench.openssl("x509 -in name.pem -noout -subject -nameopt RFC2253,-esc_msb");
        let identity = Identity::read(&chain(&bench, &["name"])[0]).unwrap();
        assert_eq!(format!("subject={}\n", identity.subject.text(NameStyle::OpenSsl)), shown);
    }
}

#[test]
fn damaged_chains_are_refused_and_never_panic() {
    let bench = Bench::new();
    root(&bench, "root");
    bench.signed_by("leaf", "root", "extendedKeyUsage=clientAuth\n");
    let good = chain(&bench, &["leaf"]);
    let trusted = authorities(&bench, &["root"]);
    let lists = RevocationLists::default();
    assert!(verify(&good, &trusted, &lists, DEFAULT, now()).is_ok());
    assert_eq!(verify(&[], &trusted, &lists, DEFAULT, now()), Err(Rejection::Unreadable));
    for at in 0..good[0].len() {
        let mut bytes = good[0].to_vec();
        bytes[at] ^= 0x41;
        let changed = [CertificateDer::from(bytes.clone())];
        assert!(verify(&changed, &trusted, &lists, DEFAULT, now()).is_err(), "byte {at}");
        _ = Identity::read(&bytes);
        let cut = [CertificateDer::from(good[0][..at].to_vec())];
        assert!(verify(&cut, &trusted, &lists, DEFAULT, now()).is_err(), "cut at {at}");
    }
}
