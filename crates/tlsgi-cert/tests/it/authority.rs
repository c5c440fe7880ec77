//! A private CA: what it issues is what openssl and rustls accept, and it reads what openssl's recipes left.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use time::{Duration, OffsetDateTime};
use tlsgi_cert::authority::serial_of;
use tlsgi_cert::authority::{
    Authority, Files, Identity, Issued, NewRoot, Order, Permit, Purpose, Reason, Request, State,
};
use tlsgi_cert::{Error, KeyKind, Passphrase};

use crate::harness::Bench;

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn new_root(kind: KeyKind) -> NewRoot {
    NewRoot {
        name: "Example Root".into(),
        organization: Some("Example".into()),
        kind,
        life: NewRoot::LIFE,
        permitted: Vec::new(),
    }
}

fn create(bench: &Bench) -> Authority {
    Authority::create(&bench.path("ca"), &new_root(KeyKind::P256), None, now()).unwrap()
}

fn order(purpose: Purpose, names: &[&str]) -> Order {
    let parse = |name: &&str| match purpose {
        Purpose::Server => Identity::parse_host(name),
        Purpose::Client => Identity::parse(name),
    };
    let names = names.iter().map(|name| parse(name).unwrap()).collect();
    Order { purpose, names, life: Duration::days(90), files: Files::default() }
}

fn text(bench: &Bench, issued: &Issued) -> String {
    bench.write("leaf.pem", issued.to_pem());
    bench.openssl("x509 -in leaf.pem -noout -text -nameopt RFC2253")
}

fn openssl_verifies(bench: &Bench, words: &str) -> String {
    let mut openssl = Command::new("openssl");
    openssl.arg("verify").args(words.split(' ')).current_dir(bench.directory());
    let output = openssl.output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_kind_of_key_makes_certificates_that_openssl_verifies_for_their_purpose_alone() {
    for (name, kind) in KeyKind::NAMES {
        if name == "rsa4096" {
            continue; // Takes seconds.
        }
        let bench = Bench::new();
        let mut ca = Authority::create(&bench.path("ca"), &new_root(kind), None, now()).unwrap();
        let (server, _) = ca.issue(&order(Purpose::Server, &["shop.test", "10.1.2.3", "::1"]), kind, now()).unwrap();
        let shown = text(&bench, &server);
        for words in [
            "Version: 3",
            "Subject: CN=shop.test",
            "Issuer: CN=Example Root,O=Example",
            "CA:FALSE",
            "DNS:shop.test, IP Address:10.1.2.3, IP Address:0:0:0:0:0:0:0:1",
            "TLS Web Server Authentication",
            "X509v3 Subject Key Identifier",
            "X509v3 Authority Key Identifier",
            "X509v3 Key Usage: critical",
        ] {
            assert!(shown.contains(words), "{name}: {words}\n{shown}");
        }
        assert!(!shown.contains("TLS Web Client Authentication"));
        assert!(
            openssl_verifies(&bench, "-CAfile ca/ca.pem -x509_strict -purpose sslserver leaf.pem").contains("OK"),
            "{name}"
        );
        assert!(openssl_verifies(&bench, "-CAfile ca/ca.pem -purpose sslclient leaf.pem").contains("unsuitable"));
        let client = order(Purpose::Client, &["Alice Example", "alice@example.org", "spiffe://example.org/alice"]);
        let (client, key) = ca.issue(&client, kind, now()).unwrap();
        let shown = text(&bench, &client);
        for words in
            ["Subject: CN=Alice Example", "DirName:", "email:alice@example.org, URI:spiffe://example.org/alice"]
        {
            assert!(shown.contains(words), "{words}\n{shown}");
        }
        assert!(
            openssl_verifies(&bench, "-CAfile ca/ca.pem -x509_strict -purpose sslclient leaf.pem").contains("OK"),
            "{name}"
        );
        assert!(openssl_verifies(&bench, "-CAfile ca/ca.pem -purpose sslserver leaf.pem").contains("unsuitable"));
        bench.write("leaf.key", key.to_pem(None).unwrap().as_bytes());
        assert_eq!(bench.openssl("pkey -in leaf.key -pubout"), bench.openssl("x509 -in leaf.pem -noout -pubkey"));
    }
}

fn rustls_accepts(root: &CertificateDer<'static>, list: Option<Vec<u8>>, leaf: &Issued) -> Result<(), String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let lists = list.map(CertificateRevocationListDer::from);
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).with_crls(lists).build().unwrap();
    let verified = verifier.verify_client_cert(&leaf.chain[0], &leaf.chain[1..], UnixTime::now());
    verified.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn revoked_certificates_are_on_the_list_that_openssl_and_rustls_check() {
    let bench = Bench::new();
    let mut ca = create(&bench);
    let empty = ca.write_list(Duration::days(30), now()).unwrap();
    let (alice, _) = ca.issue(&order(Purpose::Client, &["alice"]), KeyKind::P256, now()).unwrap();
    let (bob, _) = ca.issue(&order(Purpose::Client, &["bob"]), KeyKind::P256, now()).unwrap();
    let root = ca.certificate().clone();
    assert_eq!(rustls_accepts(&root, Some(empty), &alice), Ok(()));
    ca.revoke(&alice.serial, Reason::KeyCompromise, now()).unwrap();
    ca.revoke(&alice.serial, Reason::Superseded, now()).unwrap();
    let list = ca.write_list(Duration::days(30), now()).unwrap();
    assert!(rustls_accepts(&root, Some(list.clone()), &alice).is_err_and(|error| error.contains("Revoked")));
    assert_eq!(rustls_accepts(&root, Some(list), &bob), Ok(()));
    let shown = bench.openssl("crl -in ca/crl.pem -noout -text -CAfile ca/ca.pem");
    for words in ["Version 2", &alice.serial, "Key Compromise", "X509v3 CRL Number", "                2"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    assert!(!shown.contains("Superseded") && !shown.contains(&bob.serial));
    bench.write("leaf.pem", alice.to_pem());
    let verified = openssl_verifies(&bench, "-CAfile ca/ca.pem -crl_check -CRLfile ca/crl.pem leaf.pem");
    assert!(verified.contains("certificate revoked"), "{verified}");
    bench.write("leaf.pem", bob.to_pem());
    let verified = openssl_verifies(&bench, "-CAfile ca/ca.pem -crl_check -CRLfile ca/crl.pem leaf.pem");
    assert!(verified.contains("OK"), "{verified}");
    let unknown = ca.revoke("ABCDEF", Reason::Unspecified, now());
    assert!(matches!(unknown, Err(Error::UnknownSerial { .. })));
}

#[test]
fn the_list_of_what_was_issued_needs_no_key_and_knows_what_became_of_it() {
    let bench = Bench::new();
    let secret = Passphrase::new(b"secret").unwrap();
    let mut ca = Authority::create(&bench.path("ca"), &new_root(KeyKind::P256), Some(&secret), now()).unwrap();
    let (old, _) = ca.issue(&order(Purpose::Server, &["a.test"]), KeyKind::P256, now()).unwrap();
    ca.issue(&order(Purpose::Client, &["bob"]), KeyKind::P256, now()).unwrap();
    ca.revoke(&old.serial, Reason::Unspecified, now()).unwrap();
    drop(ca);
    assert!(bench.read("ca/ca-key.pem").contains("ENCRYPTED PRIVATE KEY"));
    assert!(matches!(Authority::open(&bench.path("ca"), None, now()), Err(Error::EncryptedKey { .. })));
    let wrong = Authority::open(&bench.path("ca"), Some(Passphrase::new(b"other").unwrap()), now());
    assert!(matches!(wrong, Err(Error::WrongPassphrase { .. })));
    let mut ca = Authority::open(&bench.path("ca"), Some(secret), now()).unwrap();
    let entries = Authority::entries(&bench.path("ca"), now()).unwrap();
    assert!(matches!(entries[0].state, State::Revoked(_, Reason::Unspecified)) && entries[1].state == State::Valid);
    assert_eq!((entries[0].names.as_slice(), entries[1].subject.as_str()), (&["a.test".to_owned()][..], "CN=bob"));
    let later = now() + Duration::days(61);
    assert!(!entries[1].is_due(now()) && entries[1].is_due(later) && !entries[0].is_due(later));
    let (new, key) = ca.renew(&entries[1], Some(KeyKind::P256), Duration::days(90), later).unwrap();
    assert!(key.is_some() && new.serial != entries[1].serial);
    assert!(text(&bench, &new).contains("DNS:bob"));
    let (same, key) = ca.renew(&entries[1], None, Duration::days(90), later).unwrap();
    assert!(key.is_none());
    bench.write("same.pem", same.to_pem());
    let spki = |name: &str| bench.openssl(&format!("x509 -in {name} -noout -pubkey"));
    bench.write("first.pem", pem(&entries[1].certificate));
    assert_eq!(spki("same.pem"), spki("first.pem"));
    let entries = Authority::entries(&bench.path("ca"), later + Duration::days(60)).unwrap();
    assert_eq!((entries.len(), entries[1].state, entries[1].is_due(later)), (4, State::Expired, false));
}

fn pem(der: &CertificateDer<'_>) -> String {
    Issued { chain: vec![der.clone().into_owned()], serial: String::new(), not_after: now(), is_shortened: false }
        .to_pem()
}

#[test]
fn a_leaf_never_outlives_its_root_and_orders_that_no_client_would_accept_are_refused() {
    let bench = Bench::new();
    let short = NewRoot { life: Duration::days(20), ..new_root(KeyKind::P256) };
    let mut ca = Authority::create(&bench.path("ca"), &short, None, now()).unwrap();
    let (issued, _) = ca.issue(&order(Purpose::Server, &["a.test"]), KeyKind::P256, now()).unwrap();
    assert!(issued.is_shortened && issued.not_after == ca.not_after());
    let mut refused =
        |order: &Order| ca.issue(order, KeyKind::P256, now()).err().map(|error| error.to_string()).unwrap();
    let long = Order { life: Duration::days(826), ..order(Purpose::Server, &["a.test"]) };
    assert!(refused(&long).contains("1 to 825"));
    assert!(refused(&order(Purpose::Client, &["spiffe://a.test/x", "spiffe://a.test/y"])).contains("exactly one URI"));
    assert!(refused(&order(Purpose::Client, &[])).contains("needs a name"));
    let mail = Order { purpose: Purpose::Server, ..order(Purpose::Client, &["a@a.test"]) };
    assert!(refused(&mail).contains("no name of a server"));
    let expired = ca.issue(&order(Purpose::Server, &["a.test"]), KeyKind::P256, now() + Duration::days(21));
    assert!(expired.is_err_and(|error| error.to_string().contains("has expired")));
    ca.renew_root(Duration::days(400), now()).unwrap();
    bench.write("leaf.pem", issued.to_pem());
    assert!(openssl_verifies(&bench, "-CAfile ca/ca.pem -x509_strict leaf.pem").contains("OK"));
    drop(ca);
    assert!(matches!(Authority::create(&bench.path("ca"), &short, None, now()), Err(Error::Exists { .. })));
}

fn adopt(bench: &Bench, passphrase: Option<&str>, reissue: bool) -> Result<Authority, Error> {
    let passphrase = passphrase.map(|text| Passphrase::new(text.as_bytes()).unwrap());
    let files: (PathBuf, PathBuf) = (bench.path("root.pem"), bench.path("root.key"));
    Authority::adopt(&bench.path("ca"), (&files.0, &files.1), (passphrase.clone(), passphrase.as_ref()), reissue, now())
}

#[test]
fn a_root_of_openssl_with_an_encrypted_key_and_an_odd_name_goes_on_issuing() {
    let bench = Bench::new();
    bench.openssl("genrsa -des3 -passout pass:secret -out root.key 2048");
    bench.write("name.cnf", "[req]\nprompt=no\ndistinguished_name=dn\nstring_mask=nombstr\nx509_extensions=v3\n[dn]\nC=DE\n0.OU=One\n1.OU=Two\nemailAddress=ca@example.org\nCN=Älteres Root\n[v3]\nbasicConstraints=CA:TRUE\n");
    bench.openssl("req -x509 -new -key root.key -passin pass:secret -days 365 -out root.pem -config name.cnf -utf8");
    assert!(matches!(adopt(&bench, None, false), Err(Error::EncryptedKey { .. })));
    let mut ca = adopt(&bench, Some("secret"), false).unwrap();
    assert!(bench.read("ca/ca-key.pem").contains("ENCRYPTED"));
    let (leaf, _) = ca.issue(&order(Purpose::Server, &["a.test"]), KeyKind::P256, now()).unwrap();
    bench.write("leaf.pem", leaf.to_pem());
    let verified = openssl_verifies(&bench, "-CAfile root.pem -purpose sslserver leaf.pem");
    assert!(verified.contains("OK"), "{verified}");
    let (client, _) = ca.issue(&order(Purpose::Client, &["alice"]), KeyKind::P256, now()).unwrap();
    assert_eq!(rustls_accepts(ca.certificate(), None, &client), Ok(()));
}

#[test]
fn a_root_of_version_one_is_refused_and_can_have_a_successor_of_the_same_key() {
    let bench = Bench::new();
    bench.version_1("root");
    let error = adopt(&bench, None, false).err().unwrap();
    assert!(matches!(error, Error::VersionOneAuthority { .. }) && error.hint().unwrap().contains("--reissue"));
    bench.openssl("genrsa -out old.key 2048");
    bench.openssl("req -new -key old.key -subj /CN=old -out old.csr");
    bench.openssl("x509 -req -in old.csr -CA root.pem -CAkey root.key -set_serial 01 -days 9 -out old.pem");
    adopt(&bench, None, true).unwrap();
    assert!(openssl_verifies(&bench, "-CAfile ca/ca.pem old.pem").contains("OK"));
    let shown = bench.openssl("x509 -in ca/ca.pem -noout -text");
    assert!(shown.contains("Version: 3") && shown.contains("CA:TRUE, pathlen:0"), "{shown}");
}

#[test]
fn what_is_no_authority_is_not_taken_for_one() {
    let bench = Bench::new();
    bench.self_signed("ca");
    bench.signed_by("root", "ca", "basicConstraints=CA:FALSE");
    assert!(matches!(adopt(&bench, None, false), Err(Error::NotAuthority { .. })));
    assert!(matches!(adopt(&bench, None, true), Err(Error::Refused { .. })));
    bench.signed_by("root", "ca", "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature");
    assert!(matches!(adopt(&bench, None, false), Err(Error::NotAuthority { .. })));
    assert!(matches!(Authority::open(&bench.path("none"), None, now()), Err(Error::NoAuthority { .. })));
    assert!(matches!(Authority::entries(&bench.path("none"), now()), Err(Error::NoAuthority { .. })));
}

#[test]
fn an_authority_below_another_one_sends_itself_along() {
    let bench = Bench::new();
    bench.self_signed("top");
    bench.signed_by("root", "top", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign");
    let mut ca = adopt(&bench, None, false).unwrap();
    let (leaf, _) = ca.issue(&order(Purpose::Server, &["a.test"]), KeyKind::P256, now()).unwrap();
    assert_eq!(leaf.chain.len(), 2);
    bench.write("chain.pem", leaf.to_pem());
    let verified = openssl_verifies(&bench, "-CAfile top.pem -untrusted chain.pem -purpose sslserver chain.pem");
    assert!(verified.contains("OK"), "{verified}");
}

fn request(bench: &Bench) -> Result<Request, Error> {
    let path = bench.path("a.csr");
    Request::read(&path, &std::fs::read(&path).unwrap())
}

#[test]
fn a_request_keeps_its_names_and_loses_what_a_leaf_must_not_have() {
    let bench = Bench::new();
    let mut ca = create(&bench);
    bench.openssl("genrsa -out a.key 2048");
    bench.write(
        "a.cnf",
        "[req]\nprompt=no\ndistinguished_name=dn\nattributes=at\nreq_extensions=v3\n[dn]\nO=Theirs\nCN=a.test\n[at]\n\
         challengePassword=secret123\nunstructuredName=x\n[v3]\nbasicConstraints=critical,CA:TRUE\n\
         keyUsage=keyCertSign\nextendedKeyUsage=serverAuth,codeSigning\n1.2.3.4.5=ASN1:UTF8String:hello\n\
         tlsfeature=status_request\n\
         subjectAltName=DNS:a.test,DNS:*.a.test,IP:10.0.0.1,otherName:1.2.3;UTF8:x,DNS:bad name\n",
    );
    for form in ["PEM", "DER"] {
        bench.openssl(&format!("req -new -key a.key -config a.cnf -outform {form} -out a.csr"));
        let request = request(&bench).unwrap();
        let names: Vec<_> = request.names.iter().map(ToString::to_string).collect();
        assert_eq!(
            (names, request.purpose),
            (["a.test", "*.a.test", "10.0.0.1"].map(str::to_owned).to_vec(), Some(Purpose::Server))
        );
        let left = request.left_out.join("; ");
        for words in [
            "challenge password",
            "1.2.840.113549.1.9.2",
            "CA:TRUE",
            "1.2.3.4.5",
            "1.3.6.1.5.5.7.1.24",
            "otherName 1.2.3",
            "uses other than TLS",
            "DNS:bad name",
        ] {
            assert!(left.contains(words), "{words}: {left}");
        }
        let order = Order { names: request.names.clone(), ..order(Purpose::Server, &["unused.test"]) };
        let issued = ca.sign(&request, &order, now()).unwrap();
        let shown = text(&bench, &issued);
        assert!(shown.contains("Subject: CN=a.test,O=Theirs") && shown.contains("CA:FALSE"), "{shown}");
        for words in ["1.2.3.4.5", "Code Signing", "TLS Feature", "Certificate Sign", "othername"] {
            assert!(!shown.contains(words), "{words}\n{shown}");
        }
        assert!(openssl_verifies(&bench, "-CAfile ca/ca.pem -x509_strict -purpose sslserver leaf.pem").contains("OK"));
        assert_eq!(bench.openssl("x509 -in leaf.pem -noout -pubkey"), bench.openssl("pkey -in a.key -pubout"));
    }
}

#[test]
fn a_plain_request_has_its_common_name_and_mail_address_as_names() {
    let bench = Bench::new();
    bench.openssl("ecparam -name secp384r1 -genkey -noout -out a.key");
    bench.openssl("req -new -key a.key -subj /C=US/CN=alice/emailAddress=alice@example.org -out a.csr");
    let request = request(&bench).unwrap();
    let names: Vec<_> = request.names.iter().map(ToString::to_string).collect();
    assert_eq!((names, request.left_out.len()), (vec!["alice".to_owned(), "alice@example.org".to_owned()], 0));
    bench.openssl("genpkey -algorithm ed25519 -out a.key");
    bench.openssl("req -new -key a.key -subj / -addext subjectAltName=URI:spiffe://a.test/b -out a.csr");
    let mut ca = create(&bench);
    let request = self::request(&bench).unwrap();
    let order = Order { names: request.names.clone(), ..order(Purpose::Client, &["x"]) };
    let issued = ca.sign(&request, &order, now()).unwrap();
    assert!(text(&bench, &issued).contains("Subject: CN=spiffe://a.test/b"));
    assert_eq!(rustls_accepts(ca.certificate(), None, &issued), Ok(()));
}

#[test]
fn requests_without_a_good_key_or_signature_are_refused() {
    let bench = Bench::new();
    let refused = || request(&bench).err().map(|error| error.to_string()).unwrap_or_default();
    bench.openssl("genrsa -out a.key 1024");
    bench.openssl("req -new -key a.key -subj /CN=a.test -out a.csr");
    assert!(refused().contains("1024 bits"), "{}", refused());
    bench.openssl("ecparam -name secp256k1 -genkey -noout -out a.key");
    bench.openssl("req -new -key a.key -subj /CN=a.test -out a.csr");
    assert!(refused().contains("secp256k1"), "{}", refused());
    bench.openssl("ecparam -name prime256v1 -genkey -noout -out a.key");
    bench.openssl("req -new -key a.key -subj /CN=a.test -outform DER -out a.csr");
    let good = std::fs::read(bench.path("a.csr")).unwrap();
    let at = good.windows(6).position(|window| window == b"a.test").unwrap();
    let mut changed = good.clone();
    changed[at] = b'b';
    bench.write("a.csr", &changed);
    assert!(refused().contains("its signature is wrong"), "{}", refused());
    bench.write("a.csr", &good[..good.len() - 1]);
    assert!(!refused().is_empty());
    bench.write("a.csr", bench.read("a.key"));
    assert!(refused().contains("EC PRIVATE KEY") || refused().contains("`PRIVATE KEY`"), "{}", refused());
    bench.write("a.csr", "hello");
    assert!(refused().contains("nothing that is PEM"), "{}", refused());
}

#[test]
fn a_serial_is_read_from_a_file_or_as_people_copy_it() {
    let bench = Bench::new();
    let mut ca = create(&bench);
    let (issued, _) = ca.issue(&order(Purpose::Server, &["a.test"]), KeyKind::P256, now()).unwrap();
    let path = bench.write("leaf.pem", issued.to_pem());
    assert_eq!(serial_of(&path.display().to_string()).unwrap(), issued.serial);
    let colons: Vec<_> =
        issued.serial.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_lowercase()).collect();
    assert_eq!(serial_of(&colons.join(":")).unwrap(), issued.serial);
    assert_eq!(serial_of(&format!("0x{}", issued.serial)).unwrap(), issued.serial);
    for wrong in ["", "xyz", "a b", "no/such/file"] {
        assert!(matches!(serial_of(wrong), Err(Error::UnknownSerial { .. })), "{wrong}");
    }
    assert!(serial_of(&bench.path("ca/ca-key.pem").display().to_string()).is_err());
}

#[test]
fn files_of_a_ca_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    create(&bench);
    let mode = |name: &str| std::fs::metadata(bench.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("ca"), mode("ca/ca-key.pem"), mode("ca/index.log"), mode("ca/ca.pem")),
        (0o700, 0o600, 0o600, 0o644)
    );
    assert!(Path::new(&bench.path("ca/ca.lock")).exists());
}

#[test]
fn a_damaged_request_is_an_error_and_never_signed_for() {
    let bench = Bench::new();
    bench.openssl("ecparam -name prime256v1 -genkey -noout -out a.key");
    bench.openssl("req -new -key a.key -subj /CN=a.test -addext subjectAltName=DNS:a.test -outform DER -out a.csr");
    let good = std::fs::read(bench.path("a.csr")).unwrap();
    assert!(request(&bench).is_ok());
    for position in 0..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 1 << (position % 8);
        let read = Request::read(Path::new("a.csr"), &changed);
        // One bit of a BIT STRING's count of unused bits may be read past; what was signed may not.
        if let Ok(request) = read {
            assert_eq!(request.names[0].to_string(), "a.test", "{position}");
        }
        assert!(Request::read(Path::new("a.csr"), &good[..position]).is_err(), "the first {position} bytes");
    }
}

#[test]
fn a_root_that_permits_some_names_is_believed_for_no_other() {
    let bench = Bench::new();
    let permits = |texts: &[&str]| texts.iter().map(|text| Permit::parse(text).unwrap()).collect();
    let constrained = NewRoot { permitted: permits(&["example.org", "10.0.0.0/8"]), ..new_root(KeyKind::P256) };
    let mut ca = Authority::create(&bench.path("ca"), &constrained, None, now()).unwrap();
    let shown = bench.openssl("x509 -in ca/ca.pem -noout -text");
    for words in ["Name Constraints: critical", "DNS:example.org", "IP:10.0.0.0/255.0.0.0", "Excluded"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // What it may, openssl and rustls believe; the certificate that replaces the root's own keeps the constraint.
    for _ in 0..2 {
        let names = ["www.example.org", "example.org", "10.1.2.3"];
        let (issued, _) = ca.issue(&order(Purpose::Server, &names), KeyKind::P256, now()).unwrap();
        bench.write("leaf.pem", issued.to_pem());
        assert!(openssl_verifies(&bench, "-CAfile ca/ca.pem -purpose sslserver leaf.pem").contains("leaf.pem: OK"));
        ca.renew_root(NewRoot::LIFE, now()).unwrap();
        assert!(bench.openssl("x509 -in ca/ca.pem -noout -text").contains("Name Constraints: critical"));
    }
    // What it may not, it does not issue.
    for name in ["example.com", "notexample.org", "11.0.0.1", "::1"] {
        let refused = ca.issue(&order(Purpose::Server, &[name]), KeyKind::P256, now());
        assert!(matches!(refused, Err(Error::Refused { .. })), "{name}");
    }
    // And what somebody signs with its key all the same, nobody believes.
    bench.write("evil.ext", "subjectAltName=DNS:example.com\nextendedKeyUsage=serverAuth\n");
    bench.openssl("req -new -newkey rsa:2048 -nodes -keyout evil.key -out evil.csr -subj /CN=x");
    bench.openssl("x509 -req -in evil.csr -CA ca/ca.pem -CAkey ca/ca-key.pem -set_serial 7 -days 9 -extfile evil.ext -out evil.pem");
    let told = openssl_verifies(&bench, "-CAfile ca/ca.pem evil.pem");
    assert!(told.contains("permitted subtree violation"), "{told}");
    let verdict = |file: &str| {
        let mut roots = RootCertStore::empty();
        roots.add(ca.certificate().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        use rustls::client::danger::ServerCertVerifier as _;
        use rustls::pki_types::pem::PemObject as _;
        let leaf = CertificateDer::from_pem_file(bench.path(file)).unwrap();
        let name = if file == "evil.pem" { "example.com" } else { "www.example.org" };
        verifier.verify_server_cert(&leaf, &[], &name.try_into().unwrap(), &[], UnixTime::now())
    };
    assert!(verdict("leaf.pem").is_ok(), "{:?}", verdict("leaf.pem"));
    assert!(format!("{:?}", verdict("evil.pem")).contains("NameConstraintViolation"), "{:?}", verdict("evil.pem"));
}

#[test]
fn certificates_say_where_the_revocation_list_is() {
    let bench = Bench::new();
    let ca = create(&bench);
    let url = "http://crl.example.org/ca.crl";
    ca.publish_list_at(url).unwrap();
    drop(ca);
    let mut ca = Authority::open(&bench.path("ca"), None, now()).unwrap();
    let (issued, _) = ca.issue(&order(Purpose::Client, &["alice"]), KeyKind::P256, now()).unwrap();
    let shown = text(&bench, &issued);
    assert!(shown.contains("CRL Distribution Points") && shown.contains(url), "{shown}");
    assert!(openssl_verifies(&bench, "-CAfile ca/ca.pem leaf.pem").contains("leaf.pem: OK"));
    for wrong in ["https://example.org/ca.crl", "http://", "ca.crl", "http://a b/", ""] {
        assert!(matches!(ca.publish_list_at(wrong), Err(Error::Refused { .. })), "{wrong}");
    }
}
