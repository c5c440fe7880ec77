//! Keys behind a passphrase, in every form that openssl has written over the years, and PKCS#12 files that others import.

use std::process::Command;

use time::OffsetDateTime;
use tlsgi_cert::{Error, KeyKind, Loaded, Passphrase, Pkcs12Form, PrivateKey, Source, pkcs12};

use crate::harness::{Bench, run};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes()).unwrap()
}

fn open(bench: &Bench, key: &str, text: &str) -> Result<Loaded, Error> {
    let source = Source::new(bench.path("a.pem"), Some(bench.path(key)), None);
    source.with_passphrase(Some(passphrase(text))).load(&[], OffsetDateTime::now_utc())
}

#[test]
fn a_key_in_every_encryption_that_openssl_writes_opens_with_its_passphrase() {
    let bench = Bench::new();
    bench.openssl("genrsa -out a.key 2048");
    bench.openssl("req -x509 -key a.key -out a.pem -subj /CN=x -days 9");
    let legacy = "-provider legacy -provider default";
    let forms = [
        "rsa -in a.key -des3 -traditional".to_owned(),
        "rsa -in a.key -des -traditional".to_owned() + " " + legacy,
        "rsa -in a.key -aes128 -traditional".to_owned(),
        "rsa -in a.key -aes192 -traditional".to_owned(),
        "rsa -in a.key -aes256 -traditional".to_owned(),
        "pkey -in a.key -des3".to_owned(),
        "pkey -in a.key -aes256".to_owned(),
        "pkcs8 -topk8 -in a.key".to_owned(),
        "pkcs8 -topk8 -in a.key -outform DER".to_owned(),
        "pkcs8 -topk8 -in a.key -v2 aes-128-cbc -v2prf hmacWithSHA1".to_owned(),
        "pkcs8 -topk8 -in a.key -v2 aes-192-cbc -v2prf hmacWithSHA384".to_owned(),
        "pkcs8 -topk8 -in a.key -v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 100000".to_owned(),
        "pkcs8 -topk8 -in a.key -v2 des3".to_owned(),
        "pkcs8 -topk8 -in a.key -scrypt".to_owned(),
        "pkcs8 -topk8 -in a.key -v2 aes-128-cbc -scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 2".to_owned(),
        "pkcs8 -topk8 -in a.key -v1 PBE-SHA1-3DES".to_owned(),
        format!("pkcs8 -topk8 -in a.key -v1 PBE-MD5-DES {legacy}"),
        format!("pkcs8 -topk8 -in a.key -v1 PBE-SHA1-DES {legacy}"),
    ];
    for form in forms {
        bench.openssl(&format!("{form} -out b.key -passout pass:one-2-three"));
        let loaded = open(&bench, "b.key", "one-2-three").unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(loaded.key.bits(), 2048);
        let wrong = open(&bench, "b.key", "one-2-thre");
        assert!(matches!(wrong, Err(Error::WrongPassphrase { .. })), "{form}: {wrong:?}");
        assert!(matches!(bench.load("a.pem", "b.key"), Err(Error::EncryptedKey { .. })), "{form}");
    }
    // The recipe that is copied most, and a key on a curve in both forms.
    bench.openssl("genrsa -des3 -passout pass:secret -out a.key 2048");
    bench.openssl("req -x509 -key a.key -passin pass:secret -out a.pem -subj /CN=x -days 9");
    assert_eq!(open(&bench, "a.key", "secret").unwrap().key.to_string(), "RSA 2048");
    bench.openssl("ecparam -name prime256v1 -genkey -noout -out a.key");
    bench.openssl("req -x509 -key a.key -out a.pem -subj /CN=x -days 9");
    for form in ["ec -in a.key -aes256", "ec -in a.key -des3", "pkcs8 -topk8 -in a.key"] {
        bench.openssl(&format!("{form} -out b.key -passout pass:secret"));
        assert_eq!(open(&bench, "b.key", "secret").unwrap().key.to_string(), "ECDSA P-256", "{form}");
    }
}

#[test]
fn key_and_certificate_in_one_file_may_have_an_encrypted_key() {
    let bench = Bench::new();
    bench.self_signed("a");
    bench.openssl("pkey -in a.key -aes256 -passout pass:secret -out b.key");
    bench.join(&["b.key", "a.pem"], "both.pem");
    let source = Source::new(bench.path("both.pem"), None, None).with_passphrase(Some(passphrase("secret")));
    assert_eq!(source.load(&[], OffsetDateTime::now_utc()).unwrap().chain.len(), 1);
}

#[test]
fn an_encryption_that_is_not_known_is_named() {
    let bench = Bench::new();
    bench.self_signed("a");
    let legacy = "-provider legacy -provider default";
    for (form, words) in [
        (format!("pkcs8 -topk8 -in a.key -v1 PBE-SHA1-RC4-128 {legacy}"), "RC4"),
        ("pkcs8 -topk8 -in a.key -v2 camellia-256-cbc".to_owned(), "1.2.392.200011.61.1.1.1.4"),
        ("ec -in a.key -camellia128".to_owned(), "CAMELLIA-128-CBC"),
        ("pkcs8 -topk8 -in a.key -iter 10000001".to_owned(), "iterations"),
    ] {
        bench.openssl(&format!("{form} -out b.key -passout pass:secret"));
        let error = open(&bench, "b.key", "secret").err().unwrap_or_else(|| panic!("{form}"));
        let hint = error.hint().unwrap_or_default();
        assert!(error.to_string().contains(words) && hint.contains("openssl pkey"), "{form}: {error}; {hint}");
    }
}

/// A root, an issuer below it and a leaf, with every kind of key for the leaf.
fn container(bench: &Bench, make: &str, form: Pkcs12Form) -> Loaded {
    bench.self_signed("root");
    bench.openssl(make);
    bench.openssl("req -new -key leaf.key -out leaf.csr -subj /CN=leaf");
    bench.openssl("x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 90 -out leaf.pem");
    bench.join(&["leaf.pem", "root.pem"], "chain.pem");
    let loaded = bench.load("chain.pem", "leaf.key").unwrap();
    assert_eq!(loaded.chain.len(), 2);
    let bytes = pkcs12(&loaded.key, &loaded.chain, "Grüße, Zoë", &passphrase("pass-word-1"), form).unwrap();
    bench.write("leaf.p12", bytes);
    loaded
}

const KEYS: [&str; 3] = [
    "ecparam -name prime256v1 -genkey -noout -out leaf.key",
    "genrsa -out leaf.key 2048",
    "genpkey -algorithm ed25519 -out leaf.key",
];

#[test]
fn openssl_reads_pkcs12_files_of_both_forms_without_its_legacy_provider() {
    for make in KEYS {
        for form in [Pkcs12Form::Modern, Pkcs12Form::Legacy] {
            let bench = Bench::new();
            container(&bench, make, form);
            let text = bench.openssl("pkcs12 -in leaf.p12 -passin pass:pass-word-1 -nodes");
            assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{text}");
            assert!(text.contains("friendlyName: Gr") && text.contains("localKeyID"), "{text}");
            bench.write("out.pem", text);
            bench.openssl("pkey -in out.pem -pubout -out got.pub");
            bench.openssl("pkey -in leaf.key -pubout -out expected.pub");
            assert_eq!(bench.read("got.pub"), bench.read("expected.pub"), "{make} {form}");
            let wrong = Command::new("openssl")
                .args(["pkcs12", "-in", "leaf.p12", "-passin", "pass:other", "-nodes"])
                .current_dir(bench.directory())
                .output()
                .unwrap();
            assert!(!wrong.status.success());
        }
    }
    let bench = Bench::new();
    container(&bench, KEYS[0], Pkcs12Form::Modern);
    let text = run(Command::new("sh")
        .arg("-c")
        .current_dir(bench.directory())
        .arg("openssl pkcs12 -in leaf.p12 -passin pass:pass-word-1 -info -noout 2>&1"));
    assert!(text.contains("MAC: sha256, Iteration 10000") && text.contains("AES-256-CBC, Iteration 100000"), "{text}");
}

#[test]
fn nss_and_java_import_pkcs12_files_of_both_forms() {
    for make in &KEYS[..2] {
        for form in [Pkcs12Form::Modern, Pkcs12Form::Legacy] {
            let bench = Bench::new();
            container(&bench, make, form);
            std::fs::create_dir(bench.path("nss")).unwrap();
            let nss = |tool: &str, words: &[&str]| {
                run(Command::new(tool).args(words).args(["-d", "sql:nss"]).current_dir(bench.directory()))
            };
            nss("certutil", &["-N", "--empty-password"]);
            nss("pk12util", &["-i", "leaf.p12", "-W", "pass-word-1"]);
            let keys = nss("certutil", &["-K"]);
            assert!(keys.contains("Zoë"), "{form}: {keys}");
            let mut keytool = Command::new("keytool");
            keytool.args(["-list", "-v", "-keystore", "leaf.p12", "-storetype", "PKCS12", "-storepass", "pass-word-1"]);
            let listed = run(keytool.current_dir(bench.directory()));
            assert!(
                listed.contains("Entry type: PrivateKeyEntry") && listed.contains("chain length: 2"),
                "{make} {form}: {listed}"
            );
            let mut keytool = Command::new("keytool");
            keytool.args(["-importkeystore", "-noprompt", "-srckeystore", "leaf.p12", "-srcstorepass", "pass-word-1"]);
            keytool.args(["-destkeystore", "store.p12", "-deststorepass", "pass-word-1"]);
            run(keytool.current_dir(bench.directory()));
        }
    }
}

#[test]
fn keys_made_here_are_what_was_asked_for_and_openssl_opens_them() {
    for (name, kind) in KeyKind::NAMES {
        if name == "rsa4096" {
            continue; // Takes seconds.
        }
        let bench = Bench::new();
        let key = PrivateKey::generate(kind).unwrap();
        bench.write("clear.key", key.to_pem(None).unwrap().as_bytes());
        bench.write("sealed.key", key.to_pem(Some(&passphrase("secret"))).unwrap().as_bytes());
        let text = bench.openssl("pkey -in sealed.key -passin pass:secret -noout -text");
        assert_eq!(text, bench.openssl("pkey -in clear.key -noout -text"));
        let words = match kind {
            KeyKind::P256 => "prime256v1",
            KeyKind::P384 => "secp384r1",
            KeyKind::Ed25519 => "ED25519",
            _ => &name["rsa".len()..],
        };
        assert!(text.contains(words), "{name}: {text}");
        assert_eq!(KeyKind::named(name), Some(kind));
    }
}

#[test]
fn a_damaged_encrypted_key_is_an_error_and_never_another_key() {
    let bench = Bench::new();
    bench.self_signed("a");
    for form in ["", "-scrypt -scrypt_N 16 -scrypt_r 1 -scrypt_p 1", "-v1 PBE-SHA1-3DES"] {
        bench.openssl(&format!("pkcs8 -topk8 -in a.key {form} -outform DER -passout pass:secret -out b.key"));
        let good = std::fs::read(bench.path("b.key")).unwrap();
        for position in 0..good.len() {
            let mut changed = good.clone();
            changed[position] ^= 1 << (position % 8);
            bench.write("b.key", &changed);
            if let Ok(loaded) = open(&bench, "b.key", "secret") {
                assert_eq!(loaded.key.to_string(), "ECDSA P-256", "{form} {position}");
            }
            bench.write("b.key", &good[..position]);
            assert!(open(&bench, "b.key", "secret").is_err(), "{form}, the first {position} bytes");
        }
    }
}

#[test]
fn pkcs12_files_of_openssl_are_served_with_their_passphrase() {
    let bench = Bench::new();
    bench.openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 9");
    bench.openssl(
        "req -new -newkey rsa:2048 -nodes -keyout a.key -out a.csr -subj /CN=x -addext subjectAltName=DNS:x.test",
    );
    bench.openssl("x509 -req -in a.csr -CA ca.pem -CAkey ca.key -days 9 -copy_extensions copy -out a.pem");
    let export = "pkcs12 -export -in a.pem -inkey a.key -certfile ca.pem -out site.p12";
    let load = |text: Option<&str>| {
        let source = Source::new(bench.path("site.p12"), None, None);
        source.with_passphrase(text.map(passphrase)).load(&[], OffsetDateTime::now_utc())
    };
    for form in [
        "",
        "-name friendly -caname authority",
        "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
        "-macalg sha384 -iter 10",
        "-macalg sha512",
        "-nomac",
        "-noiter -nomaciter",
        "-certpbe NONE",
        "-keypbe NONE -certpbe NONE",
    ] {
        bench.openssl(&format!("{export} -passout pass:secret {form}"));
        let loaded = load(Some("secret")).unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!((loaded.chain.len(), loaded.facts.names.as_slice()), (2, &["x.test".to_owned()][..]), "{form}");
        let is_open = form == "-keypbe NONE -certpbe NONE";
        assert!(is_open || matches!(load(None), Err(Error::EncryptedKey { .. })), "{form}");
        assert!(is_open || matches!(load(Some("secre")), Err(Error::WrongPassphrase { .. })), "{form}");
    }
    bench.openssl(&format!("{export} -passout pass:"));
    assert_eq!(load(None).unwrap().chain.len(), 2);
    // RC2 is not built in: what to do is said.
    bench.openssl(&format!("{export} -passout pass:secret -legacy"));
    assert!(load(Some("secret")).unwrap_err().hint().unwrap().contains("openssl pkcs12 -legacy"));
}
