//! Certificates made by the openssl commands that people have been told for years: they authenticate as they are.

use std::path::Path;
use std::process::Command;

use super::{WSGI, answer, directory, told};
use crate::harness::Server;

fn openssl(directory: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(directory).output().expect("openssl");
    assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn clients_of_the_old_recipe_authenticate_with_version_1_and_encrypted_keys() {
    let directory = directory();
    for line in [
        "genrsa -des3 -passout pass:secret -out ca.key 4096",
        "req -new -x509 -days 365 -key ca.key -passin pass:secret -subj /C=AU/O=Internet/CN=CA -out ca.crt",
        "genrsa -out foobar.key 2048",
        "req -new -key foobar.key -subj /CN=localhost -out foobar.csr",
        "x509 -req -days 365 -in foobar.csr -CA ca.crt -CAkey ca.key -passin pass:secret -set_serial 01 -out foobar.crt",
        "genrsa -des3 -passout pass:secret -out client.key 2048",
        "req -new -key client.key -passin pass:secret -subj /C=AU/O=Internet/CN=Client01 -out client.csr",
        "x509 -req -days 365 -in client.csr -CA ca.crt -CAkey ca.key -passin pass:secret -set_serial 01 -out client.crt",
        "pkcs12 -export -in client.crt -inkey client.key -passin pass:secret -passout pass:secret -name Client01 -out client.p12",
        // Somebody else's authority of the same name.
        "req -new -x509 -newkey rsa:2048 -nodes -days 365 -keyout evil.key -subj /C=AU/O=Internet/CN=CA -out evil.crt",
        "x509 -req -days 365 -in client.csr -CA evil.crt -CAkey evil.key -set_serial 01 -out evil-client.crt",
    ] {
        openssl(directory.path(), line);
    }
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (certificate, key, authority) = (path("foobar.crt"), path("foobar.key"), path("ca.crt"));
    let files = ["--certfile", &certificate, "--keyfile", &key];
    let rules = ["--client-ca", &authority, "--client-cert", "require", "--ssl-environment"];
    let server = Server::with_source(WSGI, &[&files[..], &rules].concat());
    let ask = |arguments: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--insecure", "-w", "\nstatus %{http_code}"])
            .args(arguments)
            .current_dir(directory.path());
        answer(&curl.arg(server.url("/")).output().expect("curl"))
    };
    for version in [["--tlsv1.3", "--http2"], ["--tls-max", "1.2"], ["--tlsv1.3", "--http1.1"]] {
        let pem = ["--cert", "client.crt", "--key", "client.key", "--pass", "secret"];
        let (status, page) = ask(&[&version[..], &pem].concat());
        assert_eq!(status, 200, "{version:?}: {page}");
        assert_eq!(told(&page, "SSL_CLIENT_S_DN"), Some("CN=Client01,O=Internet,C=AU"));
        assert_eq!(told(&page, "SSL_CLIENT_M_SERIAL"), Some("01"));
        let (status, page) = ask(&[&version[..], &["--cert-type", "P12", "--cert", "client.p12:secret"]].concat());
        assert_eq!(status, 200, "{version:?} PKCS#12: {page}");
        assert_eq!(ask(&version).0, 403, "{version:?} without");
        let evil = ["--cert", "evil-client.crt", "--key", "client.key", "--pass", "secret"];
        let (status, page) = ask(&[&version[..], &evil].concat());
        assert!(status == 403 && page.contains("client-certificate-unknown-ca"), "{version:?}: {page}");
    }
}

#[test]
fn lists_of_openssl_ca_revoke() {
    let directory = directory();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("written");
    write("index.txt", "");
    write("serial", "1000\n");
    write("crlnumber", "01\n");
    write(
        "ca.cnf",
        "[ca]\ndefault_ca=own\n[own]\ndir=.\ndatabase=index.txt\nserial=serial\ncrlnumber=crlnumber\nnew_certs_dir=.\n\
         certificate=ca.crt\nprivate_key=ca.key\ndefault_md=sha256\ndefault_days=30\ndefault_crl_days=30\npolicy=any\n\
         [any]\ncommonName=supplied\n",
    );
    for line in [
        "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=CA -keyout ca.key -out ca.crt",
        "req -new -newkey rsa:2048 -nodes -subj /CN=client -keyout client.key -out client.csr",
        "ca -batch -config ca.cnf -in client.csr -out client.crt",
        "ca -config ca.cnf -gencrl -out list.pem",
    ] {
        openssl(directory.path(), line);
    }
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (authority, list) = (path("ca.crt"), path("list.pem"));
    let server =
        Server::with_source(WSGI, &["--client-ca", &authority, "--client-cert", "require", "--client-crl", &list]);
    let ask = || {
        let (certificate, key) = (path("client.crt"), path("client.key"));
        answer(&server.curl(&["-w", "\nstatus %{http_code}", "--cert", &certificate, "--key", &key, &server.url("/")]))
    };
    assert_eq!(ask().0, 200, "{:?}", ask());
    for line in ["ca -config ca.cnf -revoke client.crt", "ca -config ca.cnf -gencrl -out list.pem"] {
        openssl(directory.path(), line);
    }
    server.wait_until(|| ask().0 == 403, "the new list");
    assert!(ask().1.contains("client-certificate-revoked"));
}
