//! Rules about fields of responses and requests.

use super::{VERSIONS, ask, ask_url, written};
use crate::harness::Server;

/// Answers with fields of its own, and tells which fields it saw.
const APPLICATION: &str = r#"
def application(environ, start_response):
    fields = [("X-Powered-By", "python"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Type", "text/plain")]
    if environ["PATH_INFO"] == "/fails":
        raise RuntimeError("on purpose")
    start_response("200 OK", fields)
    seen = sorted(name for name in environ if name.startswith("HTTP_") and name not in ("HTTP_USER_AGENT", "HTTP_ACCEPT"))
    return ["\n".join(f"{name}={environ[name]}" for name in seen).encode("latin-1")]
"#;

const RULES: [&str; 20] = [
    "--response-header",
    "X-Frame-Options: DENY",
    "--response-header",
    "remove X-Powered-By",
    "--response-header",
    "suffix Set-Cookie: ; Secure",
    "--response-header",
    "default Content-Type: text/html",
    "--response-header",
    "add /api Link: </a>",
    "--response-header",
    "add /api Link: </b>",
    "--response-header",
    "https X-Over: tls",
    "--request-header",
    "remove Authorization",
    "--request-header",
    "X-Environment: test",
    "--no-server-header",
    "--no-date-header",
];

fn server() -> Server {
    let files = tempfile::tempdir().expect("a directory").keep();
    written(&files, "a.txt", b"a file");
    let mount = format!("/files={}", files.display());
    let words: Vec<&str> = RULES.into_iter().chain(["--static", &mount]).collect();
    Server::with_source(APPLICATION, &words)
}

#[test]
fn response_fields_are_set_added_and_removed_for_every_answer() {
    let server = server();
    for version in VERSIONS {
        let plain = ask(&server, "/", &[version]);
        assert_eq!((plain.status.as_str(), plain.field("x-frame-options").as_str()), ("200", "DENY"), "{version}");
        assert_eq!(plain.field("x-powered-by"), "", "{version}");
        assert_eq!(plain.field("set-cookie"), "a=1; Secure|b=2; Secure", "{version}");
        assert_eq!(plain.field("content-type"), "text/plain", "{version}");
        assert_eq!((plain.field("server"), plain.field("date"), plain.field("link")), Default::default(), "{version}");
        for path in ["/api/x", "/%61pi", "/api?x=/"] {
            assert_eq!(ask(&server, path, &[version]).field("link"), "</a>|</b>", "{version} {path}");
        }
        for (path, status) in [("/files/a.txt", "200"), ("/files/none", "404"), ("/fails", "500")] {
            let answer = ask(&server, path, &[version]);
            let found = (answer.status.clone(), answer.field("x-frame-options"), answer.field("x-over"));
            assert_eq!(found, (status.to_owned(), "DENY".to_owned(), "tls".to_owned()), "{version} {path}");
        }
    }
    let port = server.http.expect("a plain listener").port();
    let redirect = ask_url(&server, &format!("http://localhost:{port}/"), &[]);
    assert_eq!((redirect.status.as_str(), redirect.field("x-frame-options").as_str()), ("301", "DENY"));
    assert_eq!(redirect.field("x-over"), "");
    let refused = server.request("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    assert_eq!((refused.status, refused.field("x-frame-options")), (400, Some("DENY")));
}

#[test]
fn request_fields_are_changed_before_the_application_sees_them() {
    let server = server();
    for version in VERSIONS {
        let words = [version, "-H", "Authorization: Basic eDp5", "-H", "X-Environment: production", "-H", "X-Other: 1"];
        let seen = ask(&server, "/", &words).text();
        assert!(!seen.contains("AUTHORIZATION"), "{version}: {seen}");
        assert!(seen.contains("HTTP_X_ENVIRONMENT=test") && seen.contains("HTTP_X_OTHER=1"), "{version}: {seen}");
    }
}
