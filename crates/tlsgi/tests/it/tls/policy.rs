//! Versions, suites, groups and protocols that are offered.

use std::net::TcpStream;
use std::sync::Arc;

use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, NamedGroup};

use super::{Kind, Root, refusal, s_client, server, suite};
use crate::harness::Server;

const SUITES_OF_ECDSA: [&str; 3] =
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"];

#[test]
fn the_default_is_mozilla_s_intermediate_profile() {
    let root = Root::new();
    let (rsa, ecdsa) = (root.issue("rsa", &["localhost"], Kind::Rsa), root.issue("ec", &["localhost"], Kind::Ecdsa));
    let server = server(&[rsa.arguments(), ecdsa.arguments()].concat());
    for name in SUITES_OF_ECDSA {
        assert_eq!(suite(&server, &["-tls1_2", "-cipher", name]), name);
        let name = name.replace("ECDSA", "RSA");
        assert_eq!(suite(&server, &["-tls1_2", "-cipher", &name]), name);
    }
    for name in ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"] {
        assert_eq!(suite(&server, &["-tls1_3", "-ciphersuites", name]), name);
    }
    // Ours counts, except for clients without AES.
    for (order, expected) in [
        ("ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
    ] {
        assert_eq!(suite(&server, &["-tls1_2", "-cipher", order]), expected, "{order}");
    }
    for (order, expected) in [
        ("TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
        ("TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"),
        ("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
    ] {
        assert_eq!(suite(&server, &["-tls1_3", "-ciphersuites", order]), expected, "{order}");
    }
    for weak in [
        "ECDHE-RSA-AES128-SHA256",
        "AES128-GCM-SHA256",
        "DHE-RSA-AES128-GCM-SHA256",
        "AES256-SHA",
        "ECDHE-RSA-AES256-SHA",
    ] {
        let told = s_client(&server, &["-tls1_2", "-cipher", &format!("{weak}:@SECLEVEL=0")]);
        assert!(told.contains("alert number 40"), "{weak}: {told}");
    }
    for old in ["-tls1", "-tls1_1"] {
        let told = s_client(&server, &[old, "-cipher", "ALL:@SECLEVEL=0"]);
        assert!(told.contains("alert number 70"), "{old}: {told}");
    }
}

#[test]
fn tls_1_3_alone_in_every_spelling() {
    for arguments in [
        &["--tls-profile", "modern"][..],
        &["--tls-min", "1.3"],
        &["--tls-min", "TLSv1.3"],
        &["--tls-min", "TLSv1_3", "--tls-profile", "intermediate"],
    ] {
        let server = server(arguments);
        assert!(s_client(&server, &["-tls1_2"]).contains("alert number 70"), "{arguments:?}");
        assert_eq!(suite(&server, &["-tls1_3"]), "TLS_AES_128_GCM_SHA256", "{arguments:?}");
    }
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    for (arguments, expected) in [
        (&["--tls-profile", "old"][..], &["--tls-profile", "RFC 8996", "intermediate"][..]),
        (&["--tls-min", "TLSv1.1"], &["--tls-min", "RFC 8996"]),
        (&["--tls-min", "SSLv3"], &["--tls-min", "broken"]),
        (&["--tls-profile", "modern", "--tls-min", "1.2"], &["--tls-profile modern", "--tls-min 1.2"]),
        (&["--tls-ciphers", "RC4:MEDIUM"], &["--tls-ciphers", "no cipher suite"]),
        (&["--tls-ciphers", "TLS_AES_128_GCM_SHA256", "--tls-min", "1.2"], &["--tls-ciphers", "--tls-min 1.2"]),
        (&["--tls-groups", "secp521r1"], &["--tls-groups", "X25519MLKEM768"]),
        (&["--tls-ticket-rotation", "10ms"], &["--tls-ticket-rotation", "1s"]),
        (&["--keyfile", "a", "--keyfile", "b", "--certfile", "c"], &["--keyfile", "2 times"]),
    ] {
        let told = refusal(arguments);
        assert!(expected.iter().all(|words| told.contains(words)), "{arguments:?}: {told}");
    }
}

#[test]
fn cipher_lists_of_other_servers_act() {
    let list = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:AES256-SHA:TLS_AES_128_GCM_SHA256:!aNULL";
    let server = server(&["--tls-ciphers", list, "--tls-order", "server"]);
    assert!(server.log().contains("not offered: `AES256-SHA`"), "{}", server.log());
    assert_eq!(suite(&server, &["-tls1_2"]), "ECDHE-ECDSA-CHACHA20-POLY1305", "the server's order");
    assert_eq!(suite(&server, &["-tls1_3"]), "TLS_AES_128_GCM_SHA256");
    assert!(s_client(&server, &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]).contains("alert number 40"));
}

#[test]
fn the_order_of_suites_can_be_the_client_s() {
    let server = server(&["--tls-order", "client"]);
    for order in [
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
    ] {
        assert_eq!(suite(&server, &["-tls1_2", "-cipher", order]), order.split(':').next().expect("a name"));
    }
}

#[test]
fn a_version_without_suites_is_not_spoken() {
    let server = server(&["--tls-ciphers", "TLS_CHACHA20_POLY1305_SHA256"]);
    assert!(s_client(&server, &["-tls1_2"]).contains("alert number 70"));
    assert_eq!(suite(&server, &[]), "TLS_CHACHA20_POLY1305_SHA256");
    let out = "!TLS_AES_128_GCM_SHA256:!TLS_AES_256_GCM_SHA384:!TLS_CHACHA20_POLY1305_SHA256:HIGH";
    let server = self::server(&["--tls-ciphers", out]);
    assert!(s_client(&server, &["-tls1_3"]).contains("alert number 70"));
    assert!(suite(&server, &[]).starts_with("ECDHE-ECDSA-"));
}

/// The group that a client agrees on who has these; none where it is refused.
fn group(server: &Server, groups: &[&'static dyn SupportedKxGroup]) -> Option<NamedGroup> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.root()).expect("root")).expect("added");
    let provider = rustls::crypto::CryptoProvider { kx_groups: groups.to_vec(), ..default_provider() };
    let builder = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
    let config = builder.expect("versions").with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("name");
    let mut client = ClientConnection::new(Arc::new(config), name).expect("client");
    let mut socket = TcpStream::connect(server.https).expect("connects");
    while client.is_handshaking() {
        client.complete_io(&mut socket).ok()?;
    }
    client.negotiated_key_exchange_group().map(|group| group.name())
}

#[test]
fn the_key_exchange_is_safe_from_quantum_computers_where_the_client_is() {
    let server = server(&[]);
    assert_eq!(group(&server, &default_provider().kx_groups), Some(NamedGroup::X25519MLKEM768));
    assert_eq!(group(&server, &[kx_group::X25519]), Some(NamedGroup::X25519));
    assert_eq!(group(&server, &[kx_group::SECP384R1]), Some(NamedGroup::secp384r1));
    // A share for a group that is not offered leads to a second ClientHello.
    assert_eq!(group(&server, &[kx_group::SECP256R1MLKEM768, kx_group::SECP256R1]), Some(NamedGroup::secp256r1));
    assert!(s_client(&server, &["-groups", "secp521r1"]).contains("alert number 40"));
}

#[test]
fn groups_can_be_chosen() {
    let server = server(&["--tls-groups", "SecP256r1MLKEM768:prime256v1"]);
    assert_eq!(group(&server, &[kx_group::SECP256R1MLKEM768]), Some(kx_group::SECP256R1MLKEM768.name()));
    assert_eq!(group(&server, &[kx_group::X25519, kx_group::SECP256R1]), Some(NamedGroup::secp256r1));
    assert_eq!(group(&server, &[kx_group::X25519]), None);
}

#[test]
fn protocols_are_agreed_on_in_both_versions() {
    for arguments in [&[][..], &["--tls-profile", "modern"], &["--tls-order", "server"]] {
        let server = server(arguments);
        for version in
            ["-tls1_2", "-tls1_3"].iter().filter(|version| !arguments.contains(&"modern") || **version == "-tls1_3")
        {
            let agreed = |offer: &str| s_client(&server, &[version, "-alpn", offer]);
            assert!(agreed("h2,http/1.1").contains("ALPN protocol: h2"), "{version}");
            assert!(agreed("http/1.1,h2").contains("ALPN protocol: h2"), "{version}: ours is the choice");
            assert!(agreed("http/1.1").contains("ALPN protocol: http/1.1"), "{version}");
            assert!(agreed("acme-tls/1").contains("alert number 120"), "{version}");
            assert!(s_client(&server, &[version]).contains("No ALPN negotiated"), "{version}");
        }
    }
}

#[test]
fn sites_have_policies_of_their_own() {
    let server = super::server_of_file(
        "[[site]]\nserver-name = ['old.test']\n[[site]]\nserver-name = ['new.test']\ntls-profile = 'modern'\n",
    );
    assert!(suite(&server, &["-tls1_2", "-servername", "old.test"]).starts_with("ECDHE-"));
    assert!(s_client(&server, &["-tls1_2", "-servername", "new.test"]).contains("alert number 70"));
    assert!(suite(&server, &["-tls1_3", "-servername", "new.test"]).starts_with("TLS_"));
}
