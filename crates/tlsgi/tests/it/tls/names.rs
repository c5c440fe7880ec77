//! Which certificate a name gets, and what a name gets that nobody has.

use super::{Kind, Root, s_client, server, server_of_file, subject};
use crate::harness::Server;

fn named(server: &Server, name: &str) -> String {
    subject(server, &["-servername", name])
}

/// Sites with a wildcard, an exact name below it, and a default. `strict` may be a line.
fn three_sites(root: &Root, strict: &str) -> Server {
    let site = |stem: &str, name: &str, kind| {
        let files = root.issue(stem, &[name], kind);
        format!("[[site]]\nserver-name = '{name}'\ncertfile = '{}'\nkeyfile = '{}'\n", files.certificate, files.key)
    };
    let first = site("first", "first.test", Kind::Ecdsa);
    let wild = site("wild", "*.a.test", Kind::Rsa);
    let exact = site("exact", "b.a.test", Kind::Ecdsa);
    server_of_file(&format!("{strict}{first}{wild}{exact}"))
}

#[test]
fn the_most_specific_site_wins_and_the_first_is_for_everybody_else() {
    let root = Root::new();
    let server = three_sites(&root, "");
    for (name, expected) in [
        ("first.test", "first.test Ecdsa"),
        ("b.a.test", "b.a.test Ecdsa"),
        ("B.A.TEST", "b.a.test Ecdsa"),
        ("c.a.test", "*.a.test Rsa"),
        ("x.c.a.test", "first.test Ecdsa"),
        ("a.test", "first.test Ecdsa"),
        ("unknown.test", "first.test Ecdsa"),
    ] {
        assert_eq!(named(&server, name), expected, "{name}");
    }
    assert_eq!(subject(&server, &["-noservername"]), "first.test Ecdsa");
}

#[test]
fn strict_refuses_unknown_names_and_none_with_unrecognized_name() {
    let root = Root::new();
    let server = three_sites(&root, "sni-strict = true\n");
    for version in ["-tls1_2", "-tls1_3"] {
        assert_eq!(subject(&server, &[version, "-servername", "b.a.test"]), "b.a.test Ecdsa");
        assert_eq!(subject(&server, &[version, "-servername", "c.a.test"]), "*.a.test Rsa");
        for unknown in [&["-servername", "unknown.test"][..], &["-servername", "x.c.a.test"], &["-noservername"]] {
            let told = s_client(&server, &[&[version], unknown].concat());
            assert!(told.contains("alert number 112"), "{unknown:?}: {told}");
        }
    }
}

#[test]
fn strict_knows_the_names_of_the_local_certificate() {
    let server = server(&["--sni-strict"]);
    assert!(named(&server, "localhost").len() > 1);
    assert!(named(&server, "app.localhost").len() > 1);
    assert!(s_client(&server, &["-servername", "example.org"]).contains("alert number 112"));
    assert!(s_client(&server, &["-noservername"]).contains("alert number 112"));
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn one_site_presents_the_certificate_that_names_the_host() {
    let root = Root::new();
    let files = [
        root.issue("one", &["one.test", "shared.test"], Kind::Ecdsa),
        root.issue("two", &["two.test"], Kind::Rsa),
        root.issue("wild", &["*.two.test"], Kind::Ecdsa),
    ];
    let arguments: Vec<&str> = files.iter().flat_map(super::Files::arguments).collect();
    let server = server(&arguments);
    for (name, expected) in [
        ("one.test", "one.test shared.test Ecdsa"),
        ("two.test", "two.test Rsa"),
        ("x.two.test", "*.two.test Ecdsa"),
        ("unknown.test", "one.test shared.test Ecdsa"),
    ] {
        assert_eq!(named(&server, name), expected, "{name}");
    }
}

#[test]
fn of_an_ecdsa_and_an_rsa_certificate_each_client_gets_what_it_can_verify() {
    let root = Root::new();
    // RSA first: the order does not matter.
    let files = [root.issue("rsa", &["localhost"], Kind::Rsa), root.issue("ec", &["localhost"], Kind::Ecdsa)];
    let arguments: Vec<&str> = files.iter().flat_map(super::Files::arguments).chain(["--ssl-environment"]).collect();
    let server = Server::with_source(
        "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [environ['SSL_SERVER_S_DN_CN'].encode()]\n",
        &arguments,
    );
    for (client, expected) in [
        (&["-tls1_3"][..], "localhost Ecdsa"),
        (&["-tls1_2"], "localhost Ecdsa"),
        (&["-tls1_3", "-sigalgs", "RSA-PSS+SHA256"], "localhost Rsa"),
        (&["-tls1_2", "-sigalgs", "RSA+SHA256"], "localhost Rsa"),
        (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "localhost Rsa"),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "localhost Ecdsa"),
    ] {
        assert_eq!(subject(&server, &[client, &["-servername", "localhost"]].concat()), expected, "{client:?}");
        assert_eq!(subject(&server, &[client, &["-noservername"]].concat()), expected, "{client:?} without a name");
    }
    // The application is told of the certificate that its client got.
    let page = |arguments: &[&str]| {
        let root = root.file();
        let mut curl = std::process::Command::new("curl");
        curl.args(["--silent", "--show-error", "--cacert", &root]).args(arguments).arg(server.url("/"));
        String::from_utf8_lossy(&curl.output().expect("curl runs").stdout).into_owned()
    };
    assert_eq!(page(&[]), "localhost Ecdsa");
    assert_eq!(page(&["--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES128-GCM-SHA256"]), "localhost Rsa");
}
