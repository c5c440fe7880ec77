//! What Apache's directives for TLS say is what clients meet.

use super::{HELLO, Kind, Root, s_client, suite};
use crate::harness::{Server, command, python};

/// As Mozilla's generator writes it, with curves that leave X25519 out.
const INTERMEDIATE: &str = "
SSLProtocol             -all +TLSv1.2 +TLSv1.3
SSLOpenSSLConfCmd       Curves prime256v1:secp384r1
SSLCipherSuite          ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256
SSLHonorCipherOrder     off
";

/// Virtual hosts with these names, each with an RSA and an ECDSA certificate and lines of its own.
fn apache(hosts: &[(&str, &str)]) -> Server {
    let root = Root::new();
    let names: Vec<&str> = hosts.iter().map(|(name, _)| *name).collect();
    let (rsa, ecdsa) = (root.issue("rsa", &names, Kind::Rsa), root.issue("ecdsa", &names, Kind::Ecdsa));
    let directory = root.directory;
    let script = directory.path().join("wsgi.py");
    std::fs::write(&script, HELLO).expect("application");
    let mut text = INTERMEDIATE.to_owned();
    for (name, lines) in hosts {
        text += &format!("<VirtualHost 127.0.0.1:0>\nServerName {name}\nSSLEngine on\n{lines}\n");
        for files in [&rsa, &ecdsa] {
            text += &format!("SSLCertificateFile {}\nSSLCertificateKeyFile {}\n", files.certificate, files.key);
        }
        text += &format!("WSGIScriptAlias / {}\n</VirtualHost>\n", script.display());
    }
    std::fs::write(directory.path().join("site.conf"), text).expect("configuration");
    let mut command = command();
    command.current_dir(directory.path()).args(["apache", "site.conf"]);
    command.env("TLSGI_PYTHON", python()).env("TLSGI_STATE_DIR", directory.path().join("state"));
    Server::run_by(directory, command)
}

#[test]
fn apache_negotiates_as_mozilla_s_generator_says() {
    let server = apache(&[("www.example.com", "")]);
    let with = |more: &[&str]| suite(&server, &[&["-servername", "www.example.com"], more].concat());
    assert!(with(&["-tls1_3"]).starts_with("TLS_"));
    // Both certificates serve, and the order is the client's, in TLS 1.2 too.
    for kind in ["ECDSA", "RSA"] {
        let (small, large) = (format!("ECDHE-{kind}-AES128-GCM-SHA256"), format!("ECDHE-{kind}-AES256-GCM-SHA384"));
        assert_eq!(with(&["-tls1_2", "-cipher", &format!("{large}:{small}")]), large);
        assert_eq!(with(&["-tls1_2", "-cipher", &format!("{small}:{large}")]), small);
        // Offered by default, and not in the list.
        assert_eq!(with(&["-tls1_2", "-cipher", &format!("ECDHE-{kind}-CHACHA20-POLY1305")]), "");
    }
    let told = s_client(&server, &["-servername", "www.example.com", "-groups", "X25519"]);
    assert!(told.contains("alert number 40"), "{told}");
    assert!(server.log().contains("not offered: `DHE-RSA-AES128-GCM-SHA256`"), "{}", server.log());
}

#[test]
fn apache_hosts_speak_the_versions_that_they_say() {
    let server = apache(&[
        ("both.example.com", ""),
        ("new.example.com", "SSLProtocol -all +TLSv1.3"),
        ("old.example.com", "SSLProtocol -all +TLSv1.2"),
    ]);
    for (name, tls12, tls13) in
        [("both.example.com", true, true), ("new.example.com", false, true), ("old.example.com", true, false)]
    {
        for (version, is_spoken) in [("-tls1_2", tls12), ("-tls1_3", tls13)] {
            let told = s_client(&server, &["-servername", name, version]);
            assert_eq!(told.contains("alert number 70"), !is_spoken, "{name} {version}: {told}");
            assert_eq!(suite(&server, &["-servername", name, version]).is_empty(), !is_spoken, "{name} {version}");
        }
    }
}
