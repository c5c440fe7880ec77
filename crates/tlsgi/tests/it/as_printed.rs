//! Whole configurations of other servers' pages, line by line as printed: only names, paths and ports are this machine's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::as_documented::{copy, directory, fetch, field, openssl, serve, status};
use crate::harness::Server;

const HOLDER: [&str; 4] = ["--cert", "client.crt", "--key", "client.key"];

/// Two ports that were free a moment ago: a configuration names its ports more than once.
fn ports() -> [u16; 2] {
    let bound = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").expect("a port"));
    bound.each_ref().map(|socket| socket.local_addr().expect("an address").port())
}

/// Serves a configuration whose ports are 80 and 443, and whose files are in `DIR`.
fn apache_in(directory: tempfile::TempDir, text: &str) -> Server {
    let [plain, secure] = ports();
    let text = text
        .replace("DIR", &directory.path().display().to_string())
        .replace("Listen 80\n", &format!("Listen 127.0.0.1:{plain}\n"))
        .replace("Listen 443\n", &format!("Listen 127.0.0.1:{secure}\n"))
        .replace("<VirtualHost *:80>", &format!("<VirtualHost *:{plain}>"))
        .replace("<VirtualHost *:443>", &format!("<VirtualHost *:{secure}>"));
    std::fs::write(directory.path().join("site.conf"), text).expect("configuration");
    serve(directory, &["apache", "site.conf"])
}

/// Both ports lead to the same processes, so many, and each of them has one copy.
fn check_pool(server: &Server, processes: usize) {
    let mut seen: [BTreeMap<String, BTreeSet<String>>; 2] = Default::default();
    for _ in 0..200 {
        for (scheme, seen) in ["https", "http"].iter().zip(&mut seen) {
            // Twice: processes that take turns would each be seen behind one port only.
            for _ in 0..2 {
                let copy = copy(&fetch(server, scheme, "/", &[]));
                let (process, object) = copy.split_once('/').expect("a process and an object");
                seen.entry(process.to_owned()).or_default().insert(object.to_owned());
            }
        }
        if seen.iter().all(|seen| seen.len() >= processes) {
            break;
        }
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].len(), processes, "{seen:?}");
    assert!(seen[0].values().all(|objects| objects.len() == 1), "{seen:?}");
}

const CANONICAL: &str = "
Listen 80
Listen 443

<VirtualHost *:80>
    ServerName www.example.com

    WSGIDaemonProcess example processes=2 threads=15
    WSGIProcessGroup example
    WSGIApplicationGroup %{GLOBAL}

    WSGIScriptAlias / DIR/wsgi.py

    <Directory DIR>
        Require all granted
    </Directory>
</VirtualHost>

<VirtualHost *:443>
    ServerName www.example.com

    SSLEngine on
    SSLCertificateFile DIR/leaf.crt
    SSLCertificateKeyFile DIR/leaf.key
    SSLCertificateChainFile DIR/chain.crt

    WSGIProcessGroup example
    WSGIApplicationGroup %{GLOBAL}

    WSGIScriptAlias / DIR/wsgi.py

    <Directory DIR>
        Require all granted
    </Directory>
</VirtualHost>
";

/// A certificate whose issuer clients do not know, and the chain to the root that they know, which stands in for `server.crt`.
fn with_chain() -> tempfile::TempDir {
    let directory = directory();
    let path = directory.path();
    let write = |name: &str, text: &str| std::fs::write(path.join(name), text).expect("written");
    write("middle.cnf", "basicConstraints=critical,CA:TRUE\n");
    write("leaf.cnf", "subjectAltName=DNS:localhost,DNS:www.example.com,IP:127.0.0.1\n");
    for line in [
        "req -x509 -newkey rsa:2048 -nodes -days 365 -keyout root.key -out server.crt -subj /CN=Root",
        "req -new -newkey rsa:2048 -nodes -keyout middle.key -out middle.csr -subj /CN=Intermediate",
        "x509 -req -days 365 -in middle.csr -CA server.crt -CAkey root.key -set_serial 7 -extfile middle.cnf -out chain.crt",
        "req -new -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=localhost",
        "x509 -req -days 365 -in leaf.csr -CA chain.crt -CAkey middle.key -set_serial 8 -extfile leaf.cnf -out leaf.crt",
    ] {
        openssl(path, line);
    }
    directory
}

#[test]
fn pair_with_its_listen_lines_is_one_pool_behind_a_certificate_with_its_chain() {
    // curl knows the root alone: it gets through because the chain is sent.
    let server = apache_in(with_chain(), CANONICAL);
    assert_eq!(server.workers().len(), 2);
    check_pool(&server, 2);
    assert_eq!(field(&fetch(&server, "http", "/", &[]), "location"), None);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn express_sends_the_chain_file_too() {
    let words = ["mod_wsgi-express", "start-server", "wsgi.py", "--port", "0", "--https-port", "0"];
    let files = ["--ssl-certificate-file", "./leaf.crt", "--ssl-certificate-key-file", "./leaf.key"];
    let chain = ["--ssl-certificate-chain-file", "./chain.crt"];
    let server = serve(with_chain(), &[&words[..], &files, &chain].concat());
    assert_eq!(copy(&fetch(&server, "https", "/", &[])), copy(&fetch(&server, "http", "/", &[])));
}

#[test]
fn site_without_a_plain_port_stands_alone() {
    let start = CANONICAL.find("<VirtualHost *:443>").expect("the second host");
    let host = CANONICAL[start..].replace("    SSLEngine on\n", "    WSGIDaemonProcess example\n    SSLEngine on\n");
    let server = apache_in(with_chain(), &format!("Listen 443\n{host}"));
    assert_eq!(server.http, None);
    let versions = ["--http1.1", "--http2"].map(|version| copy(&fetch(&server, "https", "/", &[version])));
    assert_eq!(versions[0], versions[1]);
}

/// Redirect, policy and certificates for one location, as they are put together from their sections.
const STRICT: &str = "
Listen 80
Listen 443

<VirtualHost *:80>
    ServerName www.example.com
    Redirect permanent / https://www.example.com/
</VirtualHost>

<VirtualHost *:443>
    ServerName www.example.com

    SSLEngine on
    SSLProtocol -all +TLSv1.2 +TLSv1.3
    SSLCertificateFile DIR/server.crt
    SSLCertificateKeyFile DIR/server.key
    SSLCACertificateFile DIR/client-ca.crt
    SSLOptions +StdEnvVars

    Header always set Strict-Transport-Security \\
        \"max-age=63072000; includeSubDomains; preload\"

    WSGIDaemonProcess example processes=2 threads=15
    WSGIProcessGroup example
    WSGIApplicationGroup %{GLOBAL}
    WSGIScriptAlias / DIR/wsgi.py

    <Directory DIR>
        Require all granted
    </Directory>

    <Location /api/>
        SSLVerifyClient require
        SSLVerifyDepth 1
    </Location>
</VirtualHost>
";

#[test]
fn redirect_policy_and_certificates_hold_together() {
    let server = apache_in(directory(), STRICT);
    let policy = Some("max-age=63072000; includeSubDomains; preload");
    for path in ["/a%20b?c=%20d", "/api/x"] {
        let answer = fetch(&server, "http", path, &[]);
        assert_eq!((status(&answer), field(&answer, "strict-transport-security")), (301, None), "{answer}");
        assert_eq!(field(&answer, "location"), Some(format!("https://www.example.com{path}").as_str()));
    }
    for version in ["--http1.1", "--http2"] {
        let open = fetch(&server, "https", "/", &[version]);
        assert_eq!((status(&open), field(&open, "strict-transport-security")), (200, policy), "{open}");
        assert!(open.contains(" nobody "), "{open}");
        let closed = fetch(&server, "https", "/api/x", &[version]);
        assert_eq!((status(&closed), field(&closed, "strict-transport-security")), (403, policy), "{closed}");
        let held = fetch(&server, "https", "/api/x", &[&HOLDER[..], &[version]].concat());
        assert!(status(&held) == 200 && held.contains("CN=Client-01"), "{held}");
    }
    speaks_only_new_versions(&server);
}

/// TLS 1.2 and 1.3, and nothing before.
fn speaks_only_new_versions(server: &Server) {
    for version in [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3", "--tls-max", "1.3"]] {
        copy(&fetch(server, "https", "/", &version));
    }
    let mut old = Command::new("curl");
    old.args(["--silent", "--insecure", "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0"]);
    let ended = old.arg(server.url("/")).status().expect("curl runs");
    assert_eq!(ended.code(), Some(35), "no handshake");
}

#[test]
fn express_takes_versions_from_an_included_fragment() {
    let fragment = "SSLProtocol -all +TLSv1.2 +TLSv1.3\n";
    let words = ["--ssl-certificate", "server", "--include-file", "tls.conf"];
    let start = |fragment: &str| {
        let directory = directory();
        std::fs::write(directory.path().join("tls.conf"), fragment).expect("fragment");
        let first = ["mod_wsgi-express", "start-server", "wsgi.py", "--port", "0", "--https-port", "0"];
        serve(directory, &[&first[..], &words].concat())
    };
    speaks_only_new_versions(&start(fragment));
    let narrow = start(&format!("{fragment}SSLCipherSuite ECDHE-RSA-AES128-GCM-SHA256\nSSLProtocol -all +TLSv1.2\n"));
    let answer = fetch(&narrow, "https", "/", &[]);
    assert!(answer.contains(" ECDHE-RSA-AES128-GCM-SHA256 "), "{answer}");
}

#[test]
fn scheme_is_that_of_the_connection_whatever_is_claimed() {
    let directory = directory();
    let application = std::fs::read_to_string(directory.path().join("wsgi.py")).expect("application");
    let told = application.replace("path = ", "tls = str(environ.get('HTTP_X_FORWARDED_PROTO'))\n    path = ");
    std::fs::write(directory.path().join("wsgi.py"), told).expect("application");
    let lines = "
    # strip the X-Forwarded-Proto header from incoming requests
    RequestHeader unset X-Forwarded-Proto

    # set the header for requests using HTTPS
    RequestHeader set X-Forwarded-Proto https env=HTTPS
</VirtualHost>";
    let text = CANONICAL.replace("DIR/leaf", "DIR/server").replace("    SSLCertificateChainFile DIR/chain.crt\n", "");
    let server = apache_in(directory, &text.replace("</VirtualHost>", lines));
    for claim in ["X-Forwarded-Proto: https", "X-Forwarded-Proto: http", "X_Forwarded_Proto: https"] {
        for (scheme, expect) in [("https", " https nobody None "), ("http", " http nobody None ")] {
            let answer = fetch(&server, scheme, "/", &["--header", claim]);
            assert!(answer.contains(expect), "{scheme} {claim}: {answer}");
        }
    }
    check_pool(&server, 2);
}

/// The certificates of uWSGI's page, with names and passwords that the prompts would ask for.
fn recipe(directory: &Path) {
    for line in [
        "genrsa -des3 -passout pass:secret -out ca.key 4096",
        "req -new -x509 -days 365 -key ca.key -passin pass:secret -subj /C=AU/O=Internet/CN=CA -out ca.crt",
        "genrsa -out foobar.key 2048",
        "req -new -key foobar.key -subj /CN=www.example.com -out foobar.csr",
        "x509 -req -days 365 -in foobar.csr -CA ca.crt -CAkey ca.key -passin pass:secret -set_serial 01 -out foobar.crt",
        "genrsa -des3 -passout pass:secret -out client.key 2048",
        "req -new -key client.key -passin pass:secret -subj /C=AU/O=Internet/CN=Client-01 -out client.csr",
        "x509 -req -days 365 -in client.csr -CA ca.crt -CAkey ca.key -passin pass:secret -set_serial 01 -out client.crt",
        "pkcs12 -export -in client.crt -inkey client.key -passin pass:secret -passout pass:secret -name Client01 -out client.p12",
    ] {
        openssl(directory, line);
    }
}

#[test]
fn certificates_of_the_recipe_let_their_holders_in() {
    for (field, is_mandatory) in [("!ca.crt", true), ("ca.crt", false)] {
        let directory = directory();
        recipe(directory.path());
        let text = format!(
            "[uwsgi]\nmaster = true\nshared-socket = 127.0.0.1:0\nhttps = =0,foobar.crt,foobar.key,HIGH,{field}\n\
             wsgi-file = wsgi.py\n"
        );
        std::fs::write(directory.path().join("uwsgi.ini"), text).expect("configuration");
        let server = serve(directory, &["uwsgi", "uwsgi.ini"]);
        // The server's certificate has no alternative name, as the recipe makes it: verified by nobody today.
        let pem = ["--insecure", "--cert", "client.crt", "--key", "client.key", "--pass", "secret"];
        let sealed = ["--insecure", "--cert-type", "P12", "--cert", "client.p12:secret"];
        let copies = [&pem[..], &sealed].map(|words| copy(&fetch(&server, "https", "/", words)));
        assert_eq!(copies[0], copies[1]);
        let without = fetch(&server, "https", "/", &["--insecure"]);
        assert_eq!(status(&without), if is_mandatory { 403 } else { 200 }, "{field}: {without}");
        let suite = fetch(&server, "https", "/", &[&pem[..], &["--tls-max", "1.2"]].concat());
        assert!(suite.contains("-GCM-") || suite.contains("CHACHA20"), "HIGH: {suite}");
    }
}

#[test]
fn self_signed_certificate_without_other_names_is_served() {
    let directory = directory();
    for line in [
        "genrsa -out foobar.key 2048",
        "req -new -key foobar.key -subj /CN=www.example.com -out foobar.csr",
        "x509 -req -days 365 -in foobar.csr -signkey foobar.key -out foobar.crt",
    ] {
        openssl(directory.path(), line);
    }
    let server = serve(directory, &["uwsgi", "--master", "--https", "127.0.0.1:0,foobar.crt,foobar.key"]);
    let versions =
        ["--http1.1", "--http2"].map(|version| copy(&fetch(&server, "https", "/", &["--insecure", version])));
    assert_eq!(versions[0], versions[1]);
    // Plain HTTP on that port leads to HTTPS.
    let port = server.https.port();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--include", "--max-time", "30", &format!("http://127.0.0.1:{port}/a?b")]);
    let answer = String::from_utf8_lossy(&curl.output().expect("curl runs").stdout).into_owned();
    assert_eq!(status(&answer), 301, "{answer}");
    assert_eq!(field(&answer, "location"), Some(format!("https://127.0.0.1:{port}/a?b").as_str()));
}
