//! Pages of a site in the place of the server's own.

use std::path::PathBuf;

use super::{VERSIONS, ask, written};
use crate::harness::{Server, command, python};

const APPLICATION: &str = r#"
import os

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/crash":
        os._exit(3)
    if path == "/raise":
        raise RuntimeError("on purpose")
    fields = [("Content-Type", "application/json"), ("ETag", '"a"'), ("X-Own", "1"), ("WWW-Authenticate", "Own")]
    if path == "/empty":
        start_response("404 Not Found", fields)
        return []
    if path == "/long":
        start_response("404 Not Found", fields)
        return [b"{" * 200_000] * 3
    if path == "/teapot":
        start_response("418 Teapot", fields)
        return [b"{}"]
    start_response("404 Not Found" if path == "/none" else "200 OK", fields)
    return [b"{}"]
"#;

/// A directory with pages, and the words that name them.
fn pages() -> (PathBuf, Vec<String>) {
    let directory = tempfile::tempdir().expect("a directory").keep();
    let mut words = Vec::new();
    for (status, name, text) in [
        ("404,405", "404.html", "<p>lost: {status} {reason} {error}"),
        ("5xx", "5xx.html", "<p>broken: {status} {request-id}"),
        ("400", "400.txt", "what?"),
    ] {
        let path = written(&directory, name, text.as_bytes());
        words.extend(["--error-page".to_owned(), format!("{status}={path}")]);
    }
    words.extend(["--error-page".to_owned(), "403=text:not for you".to_owned()]);
    written(&directory.join("files"), "a.txt", b"a file");
    words.extend(["--static".to_owned(), format!("/files={}", directory.join("files").display())]);
    (directory, words)
}

fn server(more: &[&str]) -> (Server, PathBuf) {
    let (directory, words) = pages();
    let all: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
    (Server::with_source(APPLICATION, &all), directory)
}

#[test]
fn errors_of_the_server_have_the_pages_of_the_site() {
    let (server, _) = server(&[]);
    for version in VERSIONS {
        let lost = ask(&server, "/files/none", &[version]);
        assert_eq!(
            (lost.status.as_str(), lost.text().as_str()),
            ("404", "<p>lost: 404 Not Found not-found"),
            "{version}"
        );
        assert_eq!(lost.field("content-type"), "text/html; charset=utf-8", "{version}");
        assert_eq!(lost.field("cache-control"), "no-store", "{version}");
        let wrong = ask(&server, "/files/a.txt", &[version, "-X", "DELETE"]);
        assert_eq!((wrong.status.as_str(), wrong.field("allow").as_str()), ("405", "GET, HEAD, OPTIONS"), "{version}");
        assert!(wrong.text().starts_with("<p>lost: 405"), "{version}");
        for (path, status) in [("/raise", "500"), ("/crash", "502")] {
            let broken = ask(&server, path, &[version]);
            assert_eq!(broken.status, status, "{version} {path}");
            let id = broken.text().strip_prefix(&format!("<p>broken: {status} ")).map(str::to_owned);
            let id = id.expect("the page of the site");
            server.wait_for_log(&id);
        }
        let own = ask(&server, "/none", &[version]);
        assert_eq!((own.status.as_str(), own.text().as_str(), own.field("etag").as_str()), ("404", "{}", "\"a\""));
        assert_eq!(ask(&server, "/empty", &[version]).text(), "", "{version}");
    }
    let malformed = server.request("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    assert_eq!((malformed.status, malformed.text().as_str()), (400, "what?"));
    assert_eq!(malformed.field("content-type"), Some("text/plain; charset=utf-8"));
}

#[test]
fn errors_of_the_application_have_them_where_it_is_said() {
    for (word, replaced, kept) in [
        ("empty", &["/empty"][..], &["/none", "/long", "/teapot", "/"][..]),
        ("all", &["/empty", "/none", "/long"], &["/teapot", "/"]),
    ] {
        let (server, _) = server(&["--error-page-override", word, "--compress"]);
        for version in VERSIONS {
            for path in replaced {
                let answer = ask(&server, path, &[version]);
                assert_eq!(answer.status, "404", "{word} {version} {path}");
                assert_eq!(answer.text(), "<p>lost: 404 Not Found application", "{word} {version} {path}");
                let fields = ["content-type", "etag", "x-own", "www-authenticate"].map(|name| answer.field(name));
                assert_eq!(fields, ["text/html; charset=utf-8", "", "1", "Own"], "{word} {version} {path}");
            }
            for path in kept {
                assert!(!ask(&server, path, &[version]).text().contains("lost"), "{word} {version} {path}");
            }
        }
        // The connection goes on after a body that was left out.
        let urls: Vec<String> = ["/long", "/none", "/"].iter().map(|path| server.url(path)).collect();
        let words: Vec<&str> =
            urls.iter().map(String::as_str).chain(["--http1.1", "-w", "\n%{num_connects} "]).collect();
        let output = server.curl(&words);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let counts: Vec<&str> =
            text.lines().filter_map(|line| line.split(' ').next()).filter(|word| matches!(*word, "0" | "1")).collect();
        assert_eq!(counts, ["1", "0", "0"], "{word}: {text}");
    }
}

#[test]
fn changed_page_is_sent_without_a_reload_and_a_broken_one_is_not() {
    let (server, directory) = server(&[]);
    let text = || ask(&server, "/files/none", &[]).text();
    assert!(text().starts_with("<p>lost"));
    written(&directory, "404.html", b"<p>gone");
    server.wait_until(|| text() == "<p>gone", "the changed page");
    written(&directory, "404.html", &[0xff; 10]);
    server.wait_for_log("it is not UTF-8");
    assert_eq!(text(), "<p>gone");
}

#[test]
fn page_that_cannot_be_read_is_a_start_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let app = written(directory.path(), "application.py", APPLICATION.as_bytes());
    let large = written(directory.path(), "large.html", &vec![b'x'; (256 << 10) + 1]);
    for (page, told) in [
        ("/no/such/page.html", "No such file"),
        (large.as_str(), "larger than 262144 bytes"),
        ("/tmp", "no regular file"),
    ] {
        let mut tlsgi = command();
        tlsgi.args(["check", &app, "--error-page", &format!("404={page}")]).arg("--python").arg(python());
        let output = tlsgi.arg("--state-dir").arg(directory.path()).output().expect("runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(page) && text.contains(told), "{page}: {text}");
    }
}
