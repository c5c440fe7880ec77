//! What applications are told: mod_ssl's variables as openssl shows them, and ASGI's TLS extension.

use rcgen::SanType;

use super::{ASGI, VERSIONS, WSGI, directory, fetch, text, told};
use crate::authority::{Authority, Client, Wish};
use crate::harness::Server;

fn openssl(arguments: &[&str]) -> String {
    let output = std::process::Command::new("openssl").args(arguments).output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn variables_have_the_names_and_formats_of_mod_ssl() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (ca, ca_key, key, request, certificate) =
        (path("ca.crt"), path("ca.key"), path("client.key"), path("client.csr"), path("client.crt"));
    let extensions = path("extensions");
    std::fs::write(
        &extensions,
        "subjectAltName=DNS:a.example,DNS:b.example,email:zoe@example.com,URI:spiffe://a.test/x,IP:192.0.2.1,\
         otherName:1.3.6.1.4.1.311.20.2.3;UTF8:zoe@corp.example\nextendedKeyUsage=clientAuth\n",
    )
    .expect("written");
    let subject =
        "/C=US/ST=NY/L=New York/O=Acme, Inc/OU=One/OU=Two/CN=Zoë \"Q\" Smith/emailAddress=zoe@example.com/UID=zoe";
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "9",
        "-subj",
        "/O=Own/CN=Root",
        "-keyout",
        &ca_key,
        "-out",
        &ca,
    ]);
    openssl(&[
        "req", "-new", "-utf8", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", &key, "-out", &request,
    ]);
    openssl(&[
        "x509",
        "-req",
        "-days",
        "9",
        "-in",
        &request,
        "-CA",
        &ca,
        "-CAkey",
        &ca_key,
        "-set_serial",
        "0x0fa8db",
        "-extfile",
        &extensions,
        "-out",
        &certificate,
    ]);
    let arguments = ["--client-ca", &ca, "--client-cert", "require", "--ssl-environment", "--ssl-export-pem"];
    let server = Server::with_source(WSGI, &arguments);
    let client = Client { certificate: certificate.clone().into(), key: key.into() };
    let shown = |what: &[&str]| {
        let text = openssl(&[&["x509", "-in", &certificate, "-noout"], what].concat());
        text.split_once('=').map_or(text.clone(), |(_, value)| value.to_owned())
    };
    for version in VERSIONS {
        let (status, page) = fetch(&server, version, Some(&client), "/");
        assert_eq!(status, 200, "{page}");
        let check = |name: &str, expect: &str| assert_eq!(told(&page, name), Some(expect), "{version} {name}\n{page}");
        let rfc2253 = ["-nameopt", "RFC2253,-esc_msb"];
        check("SSL_CLIENT_S_DN", &shown(&[&["-subject"], &rfc2253[..]].concat()));
        check("SSL_CLIENT_I_DN", &shown(&[&["-issuer"], &rfc2253[..]].concat()));
        check("SSL_CLIENT_V_START", &shown(&["-startdate"]));
        check("SSL_CLIENT_V_END", &shown(&["-enddate"]));
        check("SSL_CLIENT_M_SERIAL", &shown(&["-serial"]));
        for (name, value) in [
            ("M_SERIAL", "0FA8DB"),
            ("M_VERSION", "3"),
            ("V_REMAIN", "8"),
            ("S_DN_C", "US"),
            ("S_DN_ST", "NY"),
            ("S_DN_L", "New York"),
            ("S_DN_O", "Acme, Inc"),
            ("S_DN_OU", "One"),
            ("S_DN_OU_1", "Two"),
            ("S_DN_CN", "Zoë \"Q\" Smith"),
            ("S_DN_Email", "zoe@example.com"),
            ("S_DN_UID", "zoe"),
            ("I_DN_O", "Own"),
            ("I_DN_CN", "Root"),
            ("A_KEY", "rsaEncryption"),
            ("A_SIG", "sha256WithRSAEncryption"),
            ("SAN_DNS_0", "a.example"),
            ("SAN_DNS_1", "b.example"),
            ("SAN_Email_0", "zoe@example.com"),
            ("SAN_OTHER_msUPN_0", "zoe@corp.example"),
            ("SAN_URI_0", "spiffe://a.test/x"),
            ("SAN_IP_0", "192.0.2.1"),
            ("CERT_RFC4523_CEA", "{ serialNumber 1026267, issuer rdnSequence:\"CN=Root,O=Own\" }"),
            ("VERIFY", "SUCCESS"),
        ] {
            check(&format!("SSL_CLIENT_{name}"), value);
        }
        check("SSL_PROTOCOL", "TLSv1.3");
        check("SSL_CIPHER_USEKEYSIZE", "128");
        check("SSL_CIPHER_ALGKEYSIZE", "128");
        check("SSL_CIPHER_EXPORT", "false");
        check("SSL_SECURE_RENEG", "true");
        check("SSL_COMPRESS_METHOD", "NULL");
        check("SSL_SESSION_RESUMED", "Initial");
        check("SSL_TLS_SNI", "localhost");
        check("SSL_SERVER_M_VERSION", "3");
        check("SSL_SERVER_SAN_DNS_0", "localhost");
        check("SSL_SERVER_A_KEY", "id-ecPublicKey");
        check("SSL_SERVER_A_SIG", "ecdsa-with-SHA256");
        let pem = openssl(&["x509", "-in", &certificate]);
        assert!(
            page.contains(&format!("SSL_CLIENT_CERT={pem}\n")) && page.contains("SSL_SERVER_CERT=-----BEGIN"),
            "{page}"
        );
    }
}

#[test]
fn tls_1_2_has_openssls_cipher_names() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let arguments = ["--client-ca", text(&authority.file), "--client-cert", "request", "--ssl-environment"];
    let server = Server::with_source(WSGI, &arguments);
    let client = authority.client();
    for (suite, bits) in [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", "128"),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "256"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "256"),
    ] {
        let url = server.url("/");
        let arguments = ["--tls-max", "1.2", "--ciphers", suite, &url];
        let (status, page) = super::curl(&server, "--http2", Some(&client), &arguments);
        assert_eq!(
            (status, told(&page, "SSL_CIPHER"), told(&page, "SSL_PROTOCOL")),
            (200, Some(suite), Some("TLSv1.2"))
        );
        assert_eq!(
            (told(&page, "SSL_CIPHER_USEKEYSIZE"), told(&page, "SSL_CLIENT_S_DN")),
            (Some(bits), Some("CN=alice"))
        );
    }
}

#[test]
fn without_the_options_no_name_is_told() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let server = Server::with_source(WSGI, &["--client-ca", text(&authority.file), "--client-cert", "require"]);
    let page = fetch(&server, "--http2", Some(&authority.client()), "/").1;
    assert_eq!(told(&page, "SSL_CLIENT_VERIFY"), Some("SUCCESS"));
    assert!(!page.contains("SSL_CLIENT_S_DN") && !page.contains("SSL_CLIENT_CERT"), "{page}");
}

#[test]
fn asgi_has_the_tls_extension_always() {
    let directory = directory();
    let (root, stranger) = (Authority::root(directory.path(), "root"), Authority::root(directory.path(), "stranger"));
    let middle = root.below("middle", 7);
    let client = middle.issue(&Wish {
        name: "Doe, Jane",
        units: vec!["Shop"],
        names: vec![SanType::DnsName("a.test".try_into().expect("ascii"))],
        ..Wish::default()
    });
    let unknown = stranger.issue(&Wish { name: "mallory", ..Wish::default() });
    let arguments = ["--client-ca", text(&root.file), "--client-cert", "request", "--client-cert-headers"];
    let server = Server::with_source(ASGI, &arguments);
    let ask = |version, client| -> serde_json::Value {
        let (status, page) = fetch(&server, version, client, "/");
        assert_eq!(status, 200, "{page}");
        serde_json::from_str(&page).expect("JSON")
    };
    for version in VERSIONS {
        let tls = ask(version, None)["tls"].clone();
        assert_eq!(
            (&tls["client_cert_chain"], &tls["client_cert_name"], &tls["client_cert_error"]),
            (&serde_json::json!([]), &serde_json::Value::Null, &serde_json::Value::Null)
        );
        assert_eq!((tls["tls_version"].as_u64(), tls["cipher_suite"].is_u64()), (Some(0x0304), true));
        assert!(tls["server_cert"].as_str().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----\n")));
        let both = ask(version, Some(&client));
        let tls = &both["tls"];
        assert_eq!(
            (&tls["client_cert_error"], tls["client_cert_name"].as_str()),
            (&serde_json::Value::Null, Some("OU=Shop,CN=Doe\\, Jane"))
        );
        let chain: Vec<&str> =
            tls["client_cert_chain"].as_array().expect("list").iter().filter_map(|it| it.as_str()).collect();
        let sent = std::fs::read_to_string(&client.certificate).expect("pem").replace('\r', "");
        assert_eq!(chain.concat(), sent, "leaf first, then what the client added");
        let field = both["headers"]["client-cert"].as_str().expect("field");
        let body: String = chain[0].lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(field, format!(":{body}:"));
        assert!(
            both["headers"]["client-cert-chain"]
                .as_str()
                .is_some_and(|value| value.starts_with(":MII") && value.ends_with(':'))
        );
        let both = ask(version, Some(&unknown));
        assert!(both["tls"]["client_cert_error"].as_str().is_some_and(|error| error.contains("not trusted here")));
        assert_eq!(both["tls"]["client_cert_name"], "CN=mallory");
        assert_eq!(both["headers"], serde_json::json!({}));
    }
}
