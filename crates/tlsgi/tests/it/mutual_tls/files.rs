//! Files of authorities and lists: what keeps the server from starting, and what happens when they change.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{VERSIONS, WSGI, answer, directory, fetch, text};
use crate::authority::{Authority, Wish};
use crate::harness::{Server, command, python};

fn refused(arguments: &[&str]) -> Output {
    let directory = directory();
    let application = directory.path().join("application.py");
    std::fs::write(&application, WSGI).expect("application");
    let mut command = command();
    command.args(["serve", text(&application), "--host", "127.0.0.1", "--https-port", "0", "--port", "0"]);
    command.arg("--python").arg(python()).arg("--state-dir").arg(directory.path().join("state")).args(arguments);
    let output = command.output().expect("runs");
    assert!(!output.status.success(), "it must not start");
    output
}

#[test]
fn file_that_cannot_be_used_keeps_the_server_from_starting_and_is_named_with_its_option() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).expect("written");
        path
    };
    let (missing, empty) = (directory.path().join("missing.pem"), file("empty.pem", ""));
    let (text_file, damaged) = (
        file("text.pem", "hello\n"),
        file("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    );
    let key = file("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let folder = directory.path().to_owned();
    let check = |arguments: &[&str], words: &[&str]| {
        let output = refused(arguments);
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        for word in words {
            assert!(log.contains(word), "{arguments:?} lacks {word:?}: {log}");
        }
    };
    for bad in [&missing, &empty, &text_file, &damaged, &key, &folder] {
        check(&["--client-ca", text(bad), "--client-cert", "require"], &["--client-ca", text(bad)]);
        let own = format!("/api={}", text(bad));
        check(&["--client-cert-path", &own], &["--client-cert-path /api", text(bad)]);
        let ca = ["--client-ca", text(&authority.file), "--client-cert", "request", "--client-crl", text(bad)];
        check(&ca, &["--client-crl", text(bad)]);
    }
    check(&["--client-ca", text(&authority.file)], &["--client-ca", "--client-cert require"]);
    check(&["--client-cert", "require"], &["--client-ca"]);
    check(&["--client-cert-path", "/api"], &["--client-cert-path /api", "--client-ca"]);
}

#[test]
fn check_reads_the_files_too() {
    let directory = directory();
    let application = directory.path().join("application.py");
    std::fs::write(&application, WSGI).expect("application");
    let mut command = command();
    command.args(["check", text(&application), "--client-ca", "/nowhere.pem", "--client-cert", "require"]);
    command.arg("--python").arg(python()).arg("--state-dir").arg(directory.path().join("state"));
    let output = command.output().expect("runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && log.contains("--client-ca") && log.contains("/nowhere.pem"), "{log}");
}

#[test]
fn changed_authorities_are_in_force_without_a_failed_request() {
    let directory = directory();
    let (old, new) = (Authority::root(directory.path(), "old"), Authority::root(directory.path(), "new"));
    let file = directory.path().join("authorities.pem");
    let replace = |content: &str| {
        let beside = directory.path().join("beside");
        std::fs::write(&beside, content).expect("written");
        std::fs::rename(&beside, &file).expect("moved");
    };
    let (one, other) =
        (std::fs::read_to_string(&old.file).expect("pem"), std::fs::read_to_string(&new.file).expect("pem"));
    replace(&one);
    let server = Server::with_source(WSGI, &["--client-ca", text(&file), "--client-cert", "require"]);
    let (first, second) = (old.client(), new.issue(&Wish { name: "second", ..Wish::default() }));
    assert_eq!(fetch(&server, "--http2", Some(&second), "/").0, 403);
    let is_over = AtomicBool::new(false);
    let (url, certificate, key) = (server.url("/"), text(&first.certificate), text(&first.key));
    std::thread::scope(|scope| {
        let asker = scope.spawn(|| {
            let mut count = 0;
            while !is_over.load(Ordering::Relaxed) {
                for version in VERSIONS {
                    let mut curl = Command::new("curl");
                    curl.args([
                        "--silent",
                        "--insecure",
                        version,
                        "-w",
                        "\nstatus %{http_code}",
                        "--cert",
                        certificate,
                    ]);
                    let (status, page) = answer(&curl.args(["--key", key, &url]).output().expect("curl"));
                    assert_eq!(status, 200, "after {count} requests: {page}");
                    count += 1;
                }
            }
            count
        });
        replace(&format!("{one}{other}"));
        server.wait_until(|| fetch(&server, "--http2", Some(&second), "/").0 == 200, "the new authority");
        // A file that does not load changes nothing.
        replace("");
        server.wait_for_log("is not taken over");
        assert_eq!(fetch(&server, "--http1.1", Some(&second), "/").0, 200);
        server.signal("HUP");
        server.wait_for_log("nothing is reloaded");
        assert_eq!(fetch(&server, "--http1.1", Some(&second), "/").0, 200);
        replace(&format!("{one}{other}"));
        server.signal("HUP");
        server.wait_for_log("INFO tlsgi::supervisor: reloaded");
        is_over.store(true, Ordering::Relaxed);
        assert!(asker.join().expect("no failed request") > 4);
    });
    replace(&other);
    server.wait_until(|| fetch(&server, "--http2", Some(&first), "/").0 == 403, "the old authority to be gone");
    assert_eq!(fetch(&server, "--http2", Some(&second), "/").0, 200);
}

#[test]
fn list_of_somebody_else_says_nothing_and_its_lack_is_no_consent() {
    let directory = directory();
    let (authority, other) = (Authority::root(directory.path(), "root"), Authority::root(directory.path(), "other"));
    let list = directory.path().join("list.pem");
    other.revoke(&list, &[0xab01], Duration::from_secs(86_400));
    let arguments = ["--client-ca", text(&authority.file), "--client-cert", "require", "--client-crl", text(&list)];
    let server = Server::with_source(WSGI, &arguments);
    for version in VERSIONS {
        let (status, page) = fetch(&server, version, Some(&authority.client()), "/");
        assert!(status == 403 && page.contains("client-certificate-revocation-unknown"), "{status} {page}");
    }
}
