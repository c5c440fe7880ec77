//! Every form of key that openssl writes loads and signs, and openssl accepts the signatures.

use std::process::Command;

use rustls::SignatureScheme as S;
use tlsgi_cert::{Algorithm, Error};

use crate::harness::{Bench, complaint, run};

/// How each kind of key is made, and its forms: file name and the openssl command that writes it from `key`.
const FORMS: [(&str, Algorithm, usize); 6] = [
    ("genrsa -out key 2048", Algorithm::Rsa, 2048),
    ("genrsa -out key 4096", Algorithm::Rsa, 4096),
    ("ecparam -name prime256v1 -genkey -noout -out key", Algorithm::EcdsaP256, 256),
    ("ecparam -name secp384r1 -genkey -out key", Algorithm::EcdsaP384, 384),
    ("ecparam -name secp521r1 -genkey -noout -out key", Algorithm::EcdsaP521, 521),
    ("genpkey -algorithm ed25519 -out key", Algorithm::Ed25519, 256),
];

fn forms(algorithm: Algorithm) -> &'static [&'static str] {
    match algorithm {
        Algorithm::Rsa => {
            &["pkey -traditional", "pkey", "pkey -traditional -outform DER", "pkcs8 -topk8 -nocrypt -outform DER"]
        }
        Algorithm::Ed25519 => &["pkey", "pkey -outform DER"],
        _ => &[
            "pkey -traditional",
            "pkey",
            "ec -no_public",
            "pkey -traditional -outform DER",
            "pkcs8 -topk8 -nocrypt -outform DER",
        ],
    }
}

#[test]
fn every_form_of_key_loads_and_signs() {
    for (make, algorithm, bits) in FORMS {
        let bench = Bench::new();
        bench.openssl(make);
        bench.openssl("req -x509 -key key -out cert -subj /CN=x -days 9 -addext subjectAltName=DNS:localhost");
        bench.openssl("pkey -in key -pubout -out public");
        for form in std::iter::once(&"as made").chain(forms(algorithm)) {
            if *form == "as made" {
                std::fs::copy(bench.path("key"), bench.path("form")).unwrap();
            } else {
                bench.openssl(&format!("{form} -in key -out form"));
            }
            let loaded = bench.load("cert", "form").unwrap_or_else(|error| panic!("{make}, {form}: {error}"));
            assert_eq!((loaded.key.algorithm(), loaded.key.bits()), (algorithm, bits), "{make}, {form}");
            assert_eq!((loaded.facts.algorithm, loaded.facts.bits), (algorithm, bits));
            for &scheme in loaded.key.schemes() {
                let signature = loaded.key.sign(scheme.into(), b"the message").unwrap();
                assert!(openssl_accepts(&bench, scheme, &signature), "{make}, {form}, {scheme:?}");
            }
        }
        let info = bench.openssl("pkey -in key -pubout -outform DER -out public.der");
        assert!(info.is_empty());
        let loaded = bench.load("cert", "key").unwrap();
        assert_eq!(loaded.key.public_key_info(), std::fs::read(bench.path("public.der")).unwrap(), "{make}");
    }
}

fn openssl_accepts(bench: &Bench, scheme: S, signature: &[u8]) -> bool {
    bench.write("message", "the message");
    bench.write("signature", signature);
    let hash = match scheme {
        S::RSA_PKCS1_SHA256 | S::RSA_PSS_SHA256 | S::ECDSA_NISTP256_SHA256 => "sha256",
        S::RSA_PKCS1_SHA384 | S::RSA_PSS_SHA384 | S::ECDSA_NISTP384_SHA384 => "sha384",
        _ => "sha512",
    };
    let verify = match scheme {
        S::ED25519 => "pkeyutl -verify -pubin -inkey public -rawin -in message -sigfile signature".to_owned(),
        S::RSA_PSS_SHA256 | S::RSA_PSS_SHA384 | S::RSA_PSS_SHA512 => format!(
            "dgst -{hash} -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -verify public -signature signature message"
        ),
        _ => format!("dgst -{hash} -verify public -signature signature message"),
    };
    let output = bench.openssl(&verify);
    output.contains("Verified OK") || output.contains("Verified Successfully")
}

#[test]
fn a_scheme_that_does_not_fit_the_key_is_refused() {
    let bench = Bench::new();
    bench.self_signed("a");
    let key = bench.load("a.pem", "a.key").unwrap().key;
    for scheme in [S::RSA_PSS_SHA256, S::ECDSA_NISTP384_SHA384, S::ED25519, S::ECDSA_SHA1_Legacy, S::Unknown(0xffff)] {
        assert!(matches!(key.sign(scheme.into(), b""), Err(Error::Scheme { .. })), "{scheme:?}");
    }
    let scheme = S::ECDSA_NISTP256_SHA256.into();
    assert!(matches!(key.sign_handshake(scheme, b"not TLS"), Err(Error::NotHandshake)));
    let handshake = [&[b' '; 64][..], b"TLS 1.3, server CertificateVerify\0", &[1; 32]].concat();
    assert!(key.sign_handshake(scheme, &handshake).is_ok());
}

#[test]
fn keys_behind_a_passphrase_are_refused_with_the_command_that_opens_them() {
    let bench = Bench::new();
    bench.openssl("genrsa -out a.key 2048");
    bench.openssl("req -x509 -key a.key -out a.pem -subj /CN=x -days 9");
    bench.openssl("pkey -in a.key -aes256 -passout pass:secret -out pkcs8.key");
    bench.openssl("pkey -in a.key -aes128 -traditional -passout pass:secret -out old.key");
    bench.openssl("pkcs8 -topk8 -in a.key -outform DER -passout pass:secret -out der.key");
    for (name, decrypted) in
        [("pkcs8.key", "pkcs8-plain.key"), ("old.key", "old-plain.key"), ("der.key", "der-plain.key")]
    {
        let text = complaint(bench.load("a.pem", name));
        assert!(
            text.contains("encrypted") && text.contains(&format!("openssl pkey -in {}", bench.path(name).display())),
            "{text}"
        );
        let command = text.split("once: ").nth(1).unwrap().replace("openssl pkey", "openssl pkey -passin pass:secret");
        run(Command::new("sh").arg("-c").arg(command));
        let opened = decrypted.replace("plain", "decrypted");
        assert!(bench.load("a.pem", &opened).is_ok(), "{opened}");
    }
}

#[test]
fn keys_that_tls_cannot_use_are_named() {
    let bench = Bench::new();
    bench.self_signed("a");
    let check = |make: &str, words: &str| {
        bench.openssl(make);
        let text = complaint(bench.load("a.pem", "odd.key"));
        assert!(text.contains(words), "{make}: {text}");
    };
    check("genrsa -out odd.key 1024", "1024 bits");
    check("rsa -in odd.key -traditional -out odd.key", "1024 bits");
    check("genpkey -algorithm ed448 -out odd.key", "Ed448");
    check("genpkey -algorithm x25519 -out odd.key", "X25519");
    check("genpkey -algorithm rsa-pss -out odd.key", "RSASSA-PSS");
    check("ecparam -name secp256k1 -genkey -noout -out odd.key", "secp256k1");
    check("ecparam -name brainpoolP256r1 -genkey -out odd.key", "brainpoolP256r1");
    check("genpkey -algorithm ec -pkeyopt ec_paramgen_curve:secp256k1 -out odd.key", "secp256k1");
    check("crl2pkcs7 -nocrl -certfile a.pem -out odd.key", "openssl pkcs7 -in");
    check("pkey -in a.key -pubout -out odd.key", "a public key");
    check("req -new -key a.key -subj /CN=x -out odd.key", "a certificate request");
}

#[test]
fn a_key_is_never_printed() {
    let bench = Bench::new();
    bench.self_signed("a");
    let loaded = bench.load("a.pem", "a.key").unwrap();
    assert_eq!(format!("{:?}", loaded.key), "PrivateKey(ECDSA P-256)");
    assert!(format!("{loaded:?}").contains("key: PrivateKey(ECDSA P-256)"));
}
