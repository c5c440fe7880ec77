//! Who is let in where: authorities by prefix, rules about names, chains, and why others are not.

use rcgen::{ExtendedKeyUsagePurpose, SanType};

use super::{VERSIONS, WSGI, directory, fetch, text, told};
use crate::authority::{Authority, Client, Wish};
use crate::harness::Server;

#[test]
fn every_reason_is_on_the_page_and_in_the_log_and_the_application_is_not_called() {
    let directory = directory();
    let (authority, stranger) =
        (Authority::root(directory.path(), "root"), Authority::root(directory.path(), "stranger"));
    let arguments = ["--client-ca", text(&authority.file), "--client-cert-path", "/api", "--client-allow", "cn:alice"];
    let server = Server::with_source(WSGI, &arguments);
    let wish = |serial| Wish { serial, ..Wish::default() };
    let refused: [(&str, &str, Client); 6] = [
        ("expired", "1001", authority.issue(&Wish { until: -60, ..wish(0x1001) })),
        ("not-yet-valid", "1002", authority.issue(&Wish { from: 3600, ..wish(0x1002) })),
        ("unknown-ca", "1003", stranger.issue(&wish(0x1003))),
        (
            "wrong-purpose",
            "1004",
            authority.issue(&Wish { usage: ExtendedKeyUsagePurpose::ServerAuth, ..wish(0x1004) }),
        ),
        ("not-allowed", "1005", authority.issue(&Wish { name: "bob", ..wish(0x1005) })),
        ("unknown-ca", "1006", {
            // The same name as the real authority, another key.
            std::fs::create_dir(directory.path().join("twin")).expect("made");
            Authority::root(&directory.path().join("twin"), "root").issue(&wish(0x1006))
        }),
    ];
    for version in VERSIONS {
        let (status, page) = fetch(&server, version, None, "/api");
        assert!(status == 403 && page.contains("error client-certificate-missing"), "{page}");
        for (reason, serial, client) in &refused {
            let (status, page) = fetch(&server, version, Some(client), "/api");
            assert_eq!(status, 403, "{version} {reason}: {page}");
            let is_said = page.contains(&format!("error client-certificate-{reason}"))
                || *serial == "1006" && page.contains("error client-certificate-bad-signature");
            assert!(is_said && page.contains(&format!("(serial {serial})")), "{version} {reason}: {page}");
            server.wait_for_log(&format!("serial={serial} "));
            assert_eq!(fetch(&server, version, Some(client), "/").0, 200, "elsewhere nobody asks");
        }
        assert_eq!(fetch(&server, version, Some(&authority.client()), "/api").0, 200);
    }
    let calls = || server.log().lines().filter(|line| *line == "called /api").count();
    server.wait_until(|| calls() >= 2, "the lines of the application");
    assert_eq!(calls(), 2, "the application is called for good certificates only");
}

#[test]
fn each_prefix_trusts_its_own_authorities() {
    let directory = directory();
    let [staff, partners, admins] = ["staff", "partners", "admins"].map(|name| Authority::root(directory.path(), name));
    let own = |prefix: &str, authority: &Authority| format!("{prefix}={}", text(&authority.file));
    let (partner_rule, admin_rule) = (own("/partners", &partners), own("/staff/admin", &admins));
    let arguments = [
        "--client-ca",
        text(&staff.file),
        "--client-cert-path",
        "/staff",
        "--client-cert-path",
        &partner_rule,
        "--client-cert-path",
        &admin_rule,
    ];
    let server = Server::with_source(WSGI, &arguments);
    let clients = [
        staff.client(),
        partners.issue(&Wish { name: "partner", ..Wish::default() }),
        admins.issue(&Wish { name: "admin", ..Wish::default() }),
    ];
    for version in VERSIONS {
        for (path, allowed) in [("/staff/x", 0), ("/partners", 1), ("/staff/admin/x", 2)] {
            for (at, client) in clients.iter().enumerate() {
                let expect = if at == allowed { 200 } else { 403 };
                assert_eq!(fetch(&server, version, Some(client), path).0, expect, "{version} {path} {at}");
            }
        }
        // Between two prefixes, both must be satisfied.
        for client in &clients {
            assert_eq!(fetch(&server, version, Some(client), "/staff/x/..%2fadmin").0, 403);
        }
    }
}

#[test]
fn rules_let_in_by_every_kind_of_name() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let uri = |uri: &str| SanType::URI(uri.try_into().expect("ascii"));
    let dns = |name: &str| SanType::DnsName(name.try_into().expect("ascii"));
    let mail = |address: &str| SanType::Rfc822Name(address.try_into().expect("ascii"));
    let client = authority.issue(&Wish {
        names: vec![dns("web.example.org"), uri("spiffe://example.org/ns/shop/sa/web"), mail("Me@Example.org")],
        units: vec!["Shop", "Web"],
        ..Wish::default()
    });
    let fingerprint = openssl(&["x509", "-in", text(&client.certificate), "-noout", "-fingerprint", "-sha256"]);
    let fingerprint = format!("/sha256=sha256:{}", fingerprint.trim().rsplit_once('=').expect("value").1);
    let rules = [
        "/dns=dns:*.example.org",
        "/no-dns=dns:example.org",
        "/uri=spiffe://example.org/ns/*/sa/web",
        "/no-uri=uri:spiffe://example.org/ns/*",
        "/email=email:*@example.org",
        "/no-email=email:you@example.org",
        "/cn=cn:alice",
        "/no-cn=cn:Alice",
        "/ou=ou:Web",
        "/no-ou=ou:Sho",
        &fingerprint,
    ];
    let mut arguments =
        vec!["--client-ca", text(&authority.file), "--client-allow", "cn:nobody", "--client-cert-path", "/common"];
    for rule in &rules {
        arguments.extend(["--client-cert-path", rule.split_once('=').expect("a prefix").0, "--client-allow", rule]);
    }
    let server = Server::with_source(WSGI, &arguments);
    for rule in rules {
        let path = rule.split_once('=').expect("a prefix").0;
        let expect = if path.starts_with("/no-") { 403 } else { 200 };
        assert_eq!(fetch(&server, "--http2", Some(&client), path).0, expect, "{rule}");
    }
    assert_eq!(
        fetch(&server, "--http2", Some(&client), "/common").0,
        403,
        "a prefix without rules has the common ones"
    );
}

#[test]
fn chains_are_built_from_what_the_client_sends_down_to_the_depth() {
    let directory = directory();
    let root = Authority::root(directory.path(), "root");
    let middle = root.below("middle", 0x77);
    let client = middle.issue(&Wish { name: "carol", ..Wish::default() });
    let base = ["--client-ca", text(&root.file), "--client-cert", "require"];
    let server = Server::with_source(WSGI, &base);
    let shallow = Server::with_source(WSGI, &[&base[..], &["--client-verify-depth", "1"]].concat());
    for version in VERSIONS {
        assert_eq!(fetch(&server, version, Some(&client), "/").0, 200);
        let (status, page) = fetch(&shallow, version, Some(&client), "/");
        assert!(status == 403 && page.contains("client-certificate-chain-too-long"), "{page}");
    }
    // Without the intermediate there is no path.
    let whole = std::fs::read_to_string(&client.certificate).expect("pem");
    let end = whole.find("-----END CERTIFICATE-----\n").expect("one") + 26;
    std::fs::write(&client.certificate, &whole[..end]).expect("written");
    let (status, page) = fetch(&server, "--http2", Some(&client), "/");
    assert!(status == 403 && page.contains("client-certificate-unknown-ca"), "{page}");
}

#[test]
fn revoked_intermediate_takes_its_clients_along() {
    let directory = directory();
    let root = Authority::root(directory.path(), "root");
    let middle = root.below("middle", 0x77);
    let client = middle.issue(&Wish { name: "carol", ..Wish::default() });
    let (of_root, of_middle) = (directory.path().join("root.crl"), directory.path().join("middle.crl"));
    let day = std::time::Duration::from_secs(86_400);
    root.revoke(&of_root, &[0x77], day);
    middle.revoke(&of_middle, &[], day);
    let lists = ["--client-crl", text(&of_root), "--client-crl", text(&of_middle)];
    let server = Server::with_source(
        WSGI,
        &[&["--client-ca", text(&root.file), "--client-cert", "require"], &lists[..]].concat(),
    );
    let (status, page) = fetch(&server, "--http2", Some(&client), "/");
    assert!(status == 403 && page.contains("an issuer of the client certificate is revoked"), "{page}");
    root.revoke(&of_root, &[], day);
    server.wait_until(|| fetch(&server, "--http1.1", Some(&client), "/").0 == 200, "the new list");
}

#[test]
fn requested_certificates_are_judged_and_the_application_decides() {
    let directory = directory();
    let (authority, stranger) =
        (Authority::root(directory.path(), "root"), Authority::root(directory.path(), "stranger"));
    let arguments =
        ["--client-ca", text(&authority.file), "--client-cert", "request", "--ssl-environment", "--ssl-export-pem"];
    let server = Server::with_source(WSGI, &arguments);
    let unknown = stranger.issue(&Wish { name: "mallory", ..Wish::default() });
    for version in VERSIONS {
        let page = fetch(&server, version, None, "/").1;
        assert_eq!((told(&page, "SSL_CLIENT_VERIFY"), told(&page, "SSL_CLIENT_S_DN")), (Some("NONE"), None));
        let page = fetch(&server, version, Some(&unknown), "/").1;
        assert_eq!(told(&page, "SSL_CLIENT_VERIFY"), Some("FAILED:unable to verify the first certificate"));
        assert!(
            !page.contains("mallory") && !page.contains("SSL_CLIENT_CERT="),
            "nobody vouches for this name: {page}"
        );
        let page = fetch(&server, version, Some(&authority.client()), "/").1;
        assert_eq!(
            (told(&page, "SSL_CLIENT_VERIFY"), told(&page, "SSL_CLIENT_S_DN")),
            (Some("SUCCESS"), Some("CN=alice"))
        );
    }
}

fn openssl(arguments: &[&str]) -> String {
    let output = std::process::Command::new("openssl").args(arguments).output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
