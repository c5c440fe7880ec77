//! HTTP/1 framing as a client sees it: strict requests, correct responses.

use std::io::Write;

use crate::harness::{Server, read_answer};

const ECHO: &str = r#"
def application(environ, start_response):
    body = environ["wsgi.input"].read()
    text = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['HTTP_HOST']} ".encode("latin-1") + body
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]
"#;

const ODD: &str = r#"
def application(environ, start_response):
    kind = environ["PATH_INFO"]
    if kind == "/long":
        start_response("200 OK", [("Content-Length", "3")])
        return [b"abcdef"]
    if kind == "/short":
        start_response("200 OK", [("Content-Length", "10")])
        return [b"abc"]
    if kind == "/short-late":
        start_response("200 OK", [("Content-Length", "10")])
        return iter([b"abc", b"def"])
    if kind == "/nolength":
        start_response("200 OK", [])
        return iter([b"ab", b"", b"cd"])
    if kind == "/empty204":
        start_response("204 No Content", [("Content-Length", "5")])
        return [b"hello"]
    if kind == "/te":
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]
    if kind == "/raise":
        raise RuntimeError("boom")
    if kind == "/raise-late":
        start_response("200 OK", [])
        def parts():
            yield b"a" * 10
            raise RuntimeError("boom")
        return parts()
    if kind == "/never":
        return [b"x"]
    if kind == "/crlf":
        start_response("200 OK", [("X-Bad", "a\r\nInjected: 1")])
        return [b"x"]
    start_response("200 OK", [])
    return [b"hello"]
"#;

#[test]
fn ambiguous_requests_are_refused_and_the_connection_closed() {
    let server = Server::with_source(ECHO, &[]);
    let cases = [
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: x\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        ("GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505),
        ("get / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("GET /\u{e9} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nExpect: later\r\n\r\n", 417),
    ];
    for (request, status) in cases {
        let answer = server.request(request);
        assert_eq!((answer.status, answer.field("connection")), (status, Some("close")), "{request:?}");
    }
}

#[test]
fn pipelined_and_chunked_requests_are_answered_in_order() {
    let server = Server::with_source(ECHO, &[]);
    let mut stream = server.connect();
    let requests = "\r\nPOST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\
        POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\nT: v\r\n\r\n\
        GET http://other.test/c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(requests.as_bytes()).expect("written");
    let mut all = String::new();
    // A client that reads to the end sees three answers.
    let _ = std::io::Read::read_to_string(&mut stream, &mut all);
    let bodies: Vec<_> =
        all.split("\r\n\r\n").skip(1).map(|part| part.split("HTTP/1.1").next().unwrap_or("")).collect();
    assert_eq!(bodies, ["POST /a x abc", "POST /b x def", "GET /c other.test "]);
}

#[test]
fn continue_is_sent_only_when_the_application_reads() {
    let server = Server::with_source(ECHO, &[]);
    let mut stream = server.connect();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .expect("written");
    assert_eq!(read_answer(&mut stream).status, 100);
    stream.write_all(b"ok").expect("written");
    let answer = read_answer(&mut stream);
    assert_eq!((answer.status, answer.text().as_str()), (200, "POST / x ok"));
    let lazy = Server::with_source(ODD, &[]);
    let answer = lazy.request("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!((answer.status, answer.field("connection")), (200, Some("close")));
}

#[test]
fn responses_are_framed_by_what_they_are() {
    let server = Server::with_source(ODD, &[]);
    assert_eq!(server.get("/long").text(), "abc");
    let answer = server.get("/nolength");
    assert_eq!((answer.field("transfer-encoding"), answer.text().as_str()), (Some("chunked"), "abcd"));
    let answer = server.get("/empty204");
    assert_eq!((answer.status, answer.field("content-length"), answer.field("transfer-encoding")), (204, None, None));
    let head = server.request("HEAD /nolength HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!((head.field("content-length"), head.field("transfer-encoding")), (None, None));
    let old = server.request("GET /nolength HTTP/1.0\r\n\r\n");
    assert_eq!(
        (old.field("transfer-encoding"), old.field("content-length"), old.text().as_str()),
        (None, None, "abcd")
    );
    let one = server.get("/");
    assert_eq!((one.field("content-length"), one.text().as_str()), (Some("5"), "hello"));
}

#[test]
fn application_faults_are_visible() {
    let server = Server::with_source(ODD, &[]);
    for path in ["/raise", "/never", "/crlf", "/short"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.text().contains("error application"), "{path}: {}", answer.text());
    }
    for path in ["/raise-late", "/short-late"] {
        let mut stream = server.connect();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).expect("written");
        let mut all = Vec::new();
        // The connection is cut without a TLS good-bye, which rustls reports.
        assert!(std::io::Read::read_to_end(&mut stream, &mut all).is_err(), "{path} must end visibly broken");
        assert!(!all.ends_with(b"0\r\n\r\n"), "{path} must not end like a complete response");
    }
    server.wait_for_log("RuntimeError: boom");
}

#[test]
fn hsts_is_on_every_https_answer_and_never_on_plain_http() {
    let policy = "max-age=63072000; includeSubDomains; preload";
    let server = Server::with_source(ODD, &["--hsts", policy, "--allow-http"]);
    for path in ["/", "/raise", "/empty204"] {
        assert_eq!(server.get(path).field("strict-transport-security"), Some(policy), "{path}");
    }
    let refused = server.request("GET / HTTP/1.1\r\n\r\n");
    assert_eq!((refused.status, refused.field("strict-transport-security")), (400, Some(policy)));
    let plain = server.plain("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!((plain.status, plain.field("strict-transport-security")), (200, None));
}
