//! The local CA: what it issues satisfies curl and openssl, and servers that start together share one root.

use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, SignatureAlgorithm, SignatureScheme};
use time::{Duration, OffsetDateTime};
use tlsgi_cert::{
    Algorithm, Entry, Finding, Form, KeyKind, Loaded, LocalCa, Name, NewRoot, Order, Places, PrivateKey, Scope,
    is_tls_handshake_message,
};

use crate::harness::{Bench, kinds, run};

fn names(names: &[&str]) -> Vec<Name> {
    names.iter().map(|name| Name::parse(name).unwrap()).collect()
}

fn open(directory: &Path) -> LocalCa {
    LocalCa::open_or_create(directory, OffsetDateTime::now_utc()).unwrap()
}

/// A key as the front will have it: it signs, and refuses what is no handshake.
#[derive(Debug, Clone)]
struct Remote(Arc<PrivateKey>);

impl SigningKey for Remote {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = self.0.schemes().iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(Chosen(self.0.clone(), *scheme)))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.algorithm() {
            Algorithm::Rsa => SignatureAlgorithm::RSA,
            Algorithm::Ed25519 => SignatureAlgorithm::ED25519,
            _ => SignatureAlgorithm::ECDSA,
        }
    }
}

#[derive(Debug)]
struct Chosen(Arc<PrivateKey>, SignatureScheme);

impl Signer for Chosen {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        assert!(is_tls_handshake_message(message), "rustls signs {message:?}");
        self.0.sign_handshake(self.1.into(), message).map_err(|error| rustls::Error::General(error.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.1
    }
}

#[derive(Debug)]
struct Only(Arc<CertifiedKey>);

impl ResolvesServerCert for Only {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Answers HTTPS with one word on a port of its own until the test ends.
fn serve(loaded: Loaded, address: SocketAddr) -> SocketAddr {
    let chain: Vec<CertificateDer<'static>> = loaded.chain;
    let key = CertifiedKey::new(chain, Arc::new(Remote(Arc::new(loaded.key))));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_cert_resolver(Arc::new(Only(Arc::new(key)))));
    let listener = TcpListener::bind(address).unwrap();
    let bound = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = rustls::StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream.unwrap());
            // A client that does not like the certificate leaves; the next one is served.
            if matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    bound
}

fn curl(root: &Path, options: &str, host: &str, address: SocketAddr) -> Result<String, String> {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--cacert"])
        .arg(root)
        .args(options.split_whitespace())
        .args(["--connect-to", &format!("::{address}"), &format!("https://{host}:{}/", address.port())])
        .output()
        .unwrap_or_else(|error| panic!("this test needs curl: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn curl_accepts_the_leaf_for_this_machine_and_the_names_asked_for() {
    let bench = Bench::new();
    let ca = open(&bench.path("ca"));
    let asked = names(&["app.test", "*.sub.localhost", "bücher.internal", "192.168.7.8"]);
    let address = serve(ca.issue(&asked, OffsetDateTime::now_utc()).unwrap(), ([127, 0, 0, 1], 0).into());
    for host in
        ["localhost", "127.0.0.1", "[::1]", "app.test", "a.sub.localhost", "xn--bcher-kva.internal", "192.168.7.8"]
    {
        for version in ["--tls-max 1.2", "--tlsv1.3"] {
            assert_eq!(curl(ca.path(), version, host, address).as_deref(), Ok("hello"), "{host} {version}");
        }
    }
    assert!(curl(ca.path(), "", "other.test", address).unwrap_err().contains("subject name"));
    // The checks above covered the address in the certificate; a machine without IPv6 cannot show more.
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        let v6 = serve(ca.issue(&[], OffsetDateTime::now_utc()).unwrap(), (Ipv6Addr::LOCALHOST, 0).into());
        assert_eq!(curl(ca.path(), "", "[::1]", v6).as_deref(), Ok("hello"));
    }
}

#[test]
fn rustls_accepts_the_leaf() {
    let bench = Bench::new();
    let ca = open(bench.directory());
    let address =
        serve(ca.issue(&names(&["app.test"]), OffsetDateTime::now_utc()).unwrap(), ([127, 0, 0, 1], 0).into());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca.certificate().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let ask = |name: &'static str| {
        let client = ClientConnection::new(config.clone(), name.try_into().unwrap()).unwrap();
        let mut stream = rustls::StreamOwned::new(client, TcpStream::connect(address).unwrap());
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").map(|()| {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_| answer)
        })
    };
    for name in ["localhost", "127.0.0.1", "::1", "app.test"] {
        assert!(ask(name).unwrap().unwrap().ends_with("hello"), "{name}");
    }
    assert!(ask("other.test").unwrap_err().to_string().contains("not valid for"));
}

#[test]
fn the_certificates_are_what_openssl_and_browsers_expect() {
    let bench = Bench::new();
    let ca = open(bench.directory());
    let loaded = ca.issue(&names(&["app.test"]), OffsetDateTime::now_utc()).unwrap();
    bench.write("leaf.der", &loaded.chain[0]);
    bench.openssl("x509 -in leaf.der -inform DER -out leaf.pem");
    let verified = bench.openssl("verify -x509_strict -purpose sslserver -CAfile rootCA.pem leaf.pem");
    assert_eq!(verified.trim(), "leaf.pem: OK");
    let leaf = bench.openssl("x509 -in leaf.pem -noout -text");
    let root = bench.openssl("x509 -in rootCA.pem -noout -text");
    let has = |text: &str, parts: &[&str]| parts.iter().for_each(|part| assert!(text.contains(part), "{part}\n{text}"));
    has(
        &leaf,
        &[
            "CA:FALSE",
            "TLS Web Server Authentication",
            "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:app.test",
            "CN = localhost",
        ],
    );
    has(&leaf, &["Key Usage: critical\n                Digital Signature\n"]);
    has(
        &root,
        &[
            "CA:TRUE, pathlen:0",
            "Certificate Sign, CRL Sign",
            "Name Constraints: critical",
            "DNS:localhost",
            "IP:10.0.0.0/255.0.0.0",
            "CN = tlsgi local CA ",
        ],
    );
    assert!(loaded.facts.not_after - loaded.facts.not_before <= Duration::days(397));
    assert!(loaded.facts.not_before <= OffsetDateTime::now_utc() - Duration::minutes(59));
    assert!(loaded.renew_at() > OffsetDateTime::now_utc() && loaded.renew_at() < loaded.facts.not_after);
    let again = ca.issue(&[], OffsetDateTime::now_utc()).unwrap();
    assert_ne!(loaded.facts.serial, again.facts.serial);
    assert_ne!(loaded.key.public_key_info(), again.key.public_key_info());
}

#[test]
fn names_outside_of_the_constraints_are_left_out_and_reported() {
    let bench = Bench::new();
    let ca = open(bench.directory());
    let loaded =
        ca.issue(&names(&["www.example.org", "8.8.8.8", "a.test", "*.test"]), OffsetDateTime::now_utc()).unwrap();
    assert_eq!(loaded.facts.names, ["localhost", "a.test", "*.test"]);
    assert!(loaded.findings.contains(&Finding::TopLevelWildcard { name: "*.test".into() }));
    let outside = loaded.findings.iter().find(|finding| matches!(finding, Finding::OutsideConstraints { .. })).unwrap();
    let text = outside.message(OffsetDateTime::now_utc()).to_string();
    assert!(
        text.contains("www.example.org, 8.8.8.8") && text.contains("allowed are localhost, test, internal"),
        "{text}"
    );
}

#[test]
fn the_root_is_kept_private_and_used_again() {
    let bench = Bench::new();
    let directory = bench.path("new/ca");
    let first = open(&directory);
    assert_eq!(kinds(first.findings()), ["RootCreated"]);
    drop(first);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&directory), mode(&directory.join("rootCA-key.pem"))), (0o700, 0o600));
    let second = open(&directory);
    assert!(second.findings().is_empty());
    std::fs::set_permissions(directory.join("rootCA-key.pem"), PermissionsExt::from_mode(0o644)).unwrap();
    drop(second);
    assert_eq!(kinds(open(&directory).findings()), ["KeyExposed"]);
    let mut files: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["rootCA-key.pem", "rootCA.pem"]);
}

#[test]
fn servers_that_start_at_once_share_one_root() {
    let bench = Bench::new();
    let directory = bench.path("ca");
    let roots: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| open(&directory).certificate().clone())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(roots.iter().all(|root| *root == roots[0]));
}

#[test]
fn a_root_near_its_end_is_replaced_and_leaves_never_outlive_it() {
    let bench = Bench::new();
    let start = OffsetDateTime::now_utc();
    let open = |now| LocalCa::open_or_create(bench.directory(), now).unwrap();
    let first = open(start).certificate().clone();
    let late = start + Duration::days(3650 - 31);
    let ca = open(late);
    assert_eq!((ca.certificate(), ca.findings()), (&first, &[][..]));
    assert!(ca.issue(&[], late).unwrap().facts.not_after <= start + Duration::days(3650));
    assert!(ca.renew_at() > late && ca.renew_at() < late + Duration::days(2));
    drop(ca);
    let ca = open(late + Duration::days(2));
    assert_ne!(*ca.certificate(), first);
    assert_eq!(kinds(ca.findings()), ["RootReplaced"]);
}

#[test]
fn interrupted_and_damaged_directories_are_told_apart() {
    let bench = Bench::new();
    let now = OffsetDateTime::now_utc();
    let open = || LocalCa::open_or_create(bench.directory(), now);
    let error = || open().err().unwrap_or_else(|| panic!("this must not open")).to_string();
    drop(open().unwrap());
    // Only the key was written before the power went.
    std::fs::remove_file(bench.path("rootCA.pem")).unwrap();
    assert_eq!(kinds(open().unwrap().findings()), ["RootCreated"]);
    bench.self_signed("other");
    std::fs::rename(bench.path("rootCA-key.pem"), bench.path("kept")).unwrap();
    assert!(error().contains("no key beside it"));
    std::fs::copy(bench.path("other.key"), bench.path("rootCA-key.pem")).unwrap();
    assert!(error().contains("does not belong"));
    bench.write("rootCA.pem", "nonsense");
    assert!(error().contains("no certificate in"));
    bench.openssl("req -x509 -key other.key -out rootCA.pem -subj /CN=x -days 90 -addext basicConstraints=CA:FALSE");
    assert!(error().contains("no certificate authority"));
    bench.write("file", "");
    let blocked = LocalCa::open_or_create(&bench.path("file/ca"), now).err().unwrap().to_string();
    assert!(blocked.contains("cannot create"), "{blocked}");
}

#[test]
fn a_foreign_root_without_constraints_issues_for_every_name() {
    let bench = Bench::new();
    bench.openssl("genrsa -out rootCA-key.pem 3072");
    bench.openssl("req -x509 -key rootCA-key.pem -out rootCA.pem -days 3000 -subj /O=mkcert/CN=someone -addext keyUsage=critical,keyCertSign");
    std::fs::set_permissions(bench.path("rootCA-key.pem"), PermissionsExt::from_mode(0o400)).unwrap();
    let ca = open(bench.directory());
    assert!(ca.findings().is_empty());
    let loaded = ca.issue(&names(&["www.example.org"]), OffsetDateTime::now_utc()).unwrap();
    assert!(loaded.findings.is_empty());
    bench.write("leaf.der", &loaded.chain[0]);
    bench.openssl("x509 -in leaf.der -inform DER -out leaf.pem");
    run(Command::new("openssl")
        .args(["verify", "-verify_hostname", "www.example.org", "-CAfile"])
        .arg(ca.path())
        .arg(bench.path("leaf.pem")));
}

#[test]
fn a_version_1_certificate_is_served() {
    let bench = Bench::new();
    bench.version_1("a");
    let address = serve(bench.load("a.pem", "a.key").unwrap(), ([127, 0, 0, 1], 0).into());
    for version in ["--tls-max 1.2", "--tlsv1.3"] {
        assert_eq!(curl(&bench.path("a.pem"), version, "localhost", address).as_deref(), Ok("hello"), "{version}");
    }
}

#[test]
fn every_kind_of_key_completes_handshakes() {
    for make in [
        "genrsa -out a.key 2048",
        "ecparam -name prime256v1 -genkey -noout -out a.key",
        "ecparam -name secp384r1 -genkey -noout -out a.key",
        "ecparam -name secp521r1 -genkey -noout -out a.key",
        "genpkey -algorithm ed25519 -out a.key",
    ] {
        let bench = Bench::new();
        bench.openssl(make);
        bench.openssl(
            "req -x509 -key a.key -out a.pem -subj /CN=localhost -days 9 -addext subjectAltName=DNS:localhost",
        );
        let address = serve(bench.load("a.pem", "a.key").unwrap(), ([127, 0, 0, 1], 0).into());
        for version in ["--tls-max 1.2", "--tlsv1.3"] {
            assert_eq!(
                curl(&bench.path("a.pem"), version, "localhost", address).as_deref(),
                Ok("hello"),
                "{make}, {version}"
            );
        }
    }
}

/// A root as mkcert makes it, in this directory.
fn mkcert_root(directory: &Path, now: OffsetDateTime) -> LocalCa {
    let owner = Some("me@machine".to_owned());
    let wish = NewRoot { scope: Scope::Everything, key: KeyKind::P256, mkcert_owner: owner };
    LocalCa::open(&Places::only(directory), &wish, now).unwrap()
}

#[test]
fn a_root_of_mkcert_that_has_ended_is_left_alone_and_the_own_one_used() {
    let bench = Bench::new();
    let now = OffsetDateTime::now_utc();
    let (mkcert, own) = (bench.path("mkcert"), bench.path("own"));
    let places = Places { named: None, own: own.clone(), mkcert: Some(mkcert.clone()) };
    let open = |places: &Places| LocalCa::open(places, &NewRoot::default(), now);
    let ended = mkcert_root(&mkcert, now - Duration::days(4000));
    let opened = open(&places).unwrap();
    assert!(opened.path().starts_with(&own));
    assert_eq!(std::fs::read(ended.path()).unwrap(), std::fs::read(mkcert.join("rootCA.pem")).unwrap());
    let named = open(&Places { named: Some(mkcert), own, mkcert: None }).unwrap_err();
    assert!(named.to_string().contains("rootCA.pem ends on "), "{named}");
}

#[test]
fn bounds_of_a_new_root_are_those_that_were_wished_for() {
    let bench = Bench::new();
    let now = OffsetDateTime::now_utc();
    let wish = |scope| NewRoot { scope, ..NewRoot::default() };
    let with = |scope| LocalCa::replace(&Places::only(bench.directory()), &wish(scope), now).unwrap();
    let permits = |authority: &LocalCa, name: &str| authority.permits(&Name::parse(name).unwrap());
    let usual = with(Scope::Local { also: Vec::new() });
    assert!(permits(&usual, "shop.test") && permits(&usual, "192.168.1.2") && permits(&usual, "::1"));
    assert!(!permits(&usual, "example.com") && !permits(&usual, "8.8.8.8"));
    let wider = with(Scope::Local { also: names(&["example.com", "8.8.8.8"]) });
    assert!(permits(&wider, "www.example.com") && permits(&wider, "8.8.8.8") && permits(&wider, "shop.test"));
    assert!(!permits(&wider, "example.org") && !permits(&wider, "8.8.8.9"));
    assert!(permits(&with(Scope::Everything), "example.org"));
}

#[test]
fn a_name_beyond_the_bounds_is_refused_with_the_way_out() {
    let bench = Bench::new();
    let authority = open(bench.directory());
    let entries = vec![Entry::parse("shop.test").unwrap(), Entry::parse("*.example.com").unwrap()];
    let order = Order { entries, key: KeyKind::P256, form: Form::Own { is_for_clients: false, days: 30 } };
    let error = authority.fill(&order, OffsetDateTime::now_utc()).unwrap_err();
    assert!(error.to_string().contains("may not vouch for *.example.com, only for localhost"), "{error}");
    assert_eq!(error.hint().unwrap(), "`tlsgi trust install --permit example.com` makes a root that may");
}
