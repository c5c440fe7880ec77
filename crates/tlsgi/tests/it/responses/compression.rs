//! Compression: what curl unpacks is what was sent, and what must not be compressed is not.

use std::io::Read as _;
use std::process::{Command, Stdio};

use super::{Shown, VERSIONS, ask, written};
use crate::harness::Server;

const APPLICATION: &str = r#"
import threading

released = threading.Event()
PAGE = ("<p>" + "All work and no play makes Jack a dull boy. " * 200).encode()

def application(environ, start_response):
    path, fields = environ["PATH_INFO"], [("Content-Type", "text/html; charset=utf-8")]
    if path == "/release":
        released.set()
    if path == "/json":
        fields = [("Content-Type", "application/problem+json")]
    if path == "/style":
        fields = [("Content-Type", "text/css")]
    if path == "/picture":
        fields = [("Content-Type", "image/png")]
    if path == "/tagged":
        fields += [("ETag", '"abc"'), ("Vary", "Cookie"), ("Accept-Ranges", "bytes")]
    if path == "/kept":
        fields += [("Cache-Control", "no-transform")]
    if path == "/cookie":
        fields += [("Set-Cookie", "a=b")]
    if path == "/packed":
        fields += [("Content-Encoding", "x-own")]
    if path == "/part":
        start_response("206 Partial Content", fields + [("Content-Range", "bytes 0-9/100000")])
        return [PAGE]
    if path == "/nothing":
        start_response("204 No Content", fields)
        return []
    if path == "/small":
        start_response("200 OK", fields + [("Content-Length", "5")])
        return [b"small"]
    if path == "/long":
        start_response("200 OK", fields + [("Content-Length", str(len(PAGE) * 60))])
        return [PAGE] * 60
    if path == "/slow":
        write = start_response("200 OK", fields)
        def pieces():
            yield b"the first piece"
            released.wait(60)
            yield b" and the last"
        return pieces()
    if path == "/events":
        fields = [("Content-Type", "text/event-stream")]
        start_response("200 OK", fields)
        return iter([b"data: x\n\n"] * 500)
    start_response("200 OK", fields)
    return [PAGE]
"#;

const ALL: &str = "Accept-Encoding: gzip, br, zstd";

fn page() -> Vec<u8> {
    format!("<p>{}", "All work and no play makes Jack a dull boy. ".repeat(200)).into_bytes()
}

fn coding(answer: &Shown) -> String {
    answer.field("content-encoding")
}

#[test]
fn every_coding_is_unpacked_by_curl_to_what_was_sent() {
    let server = Server::with_source(APPLICATION, &["--compress"]);
    for version in VERSIONS {
        for (accept, expect) in [
            ("gzip", "gzip"),
            ("br", "br"),
            ("zstd", "zstd"),
            ("gzip, br, zstd", "zstd"),
            ("gzip;q=1, br;q=0.9, *;q=0", "gzip"),
            ("*", "zstd"),
            ("identity;q=0, br;q=0.1", "br"),
        ] {
            let field = format!("Accept-Encoding: {accept}");
            let raw = ask(&server, "/", &[version, "-H", &field]);
            assert_eq!((coding(&raw).as_str(), raw.field("vary").as_str()), (expect, "accept-encoding"), "{accept}");
            assert_eq!(raw.field("content-length"), raw.body.len().to_string(), "{version} {accept}");
            assert!(raw.body.len() < page().len() / 10, "{version} {accept}: {}", raw.body.len());
            for (path, length) in [("/", 1), ("/long", 60)] {
                let unpacked = ask(&server, path, &[version, "--compressed", "-H", &field]);
                assert!(unpacked.body == page().repeat(length), "{version} {accept} {path}");
            }
        }
        for accept in ["identity", "gzip;q=0", "deflate", ""] {
            let field = format!("Accept-Encoding: {accept}");
            let plain = ask(&server, "/", &[version, "-H", &field]);
            assert_eq!(
                (coding(&plain), plain.field("vary")),
                (String::new(), "accept-encoding".to_owned()),
                "{accept}"
            );
            assert!(plain.body == page(), "{version} {accept}");
        }
    }
}

#[test]
fn what_is_not_worth_it_or_must_not_be_changed_goes_out_as_it_is() {
    let server = Server::with_source(APPLICATION, &["--compress"]);
    for version in VERSIONS {
        for path in ["/picture", "/kept", "/packed", "/part", "/nothing", "/small", "/events"] {
            let answer = ask(&server, path, &[version, "-H", ALL]);
            assert!(["", "x-own"].contains(&coding(&answer).as_str()), "{version} {path}");
            assert_eq!(answer.field("vary"), "", "{version} {path}");
        }
        for path in ["/json", "/style", "/tagged"] {
            assert_eq!(coding(&ask(&server, path, &[version, "-H", ALL])), "zstd", "{version} {path}");
        }
        let tagged = ask(&server, "/tagged", &[version, "-H", ALL]);
        let said = ["etag", "vary", "accept-ranges"].map(|name| tagged.field(name));
        assert_eq!(said, ["W/\"abc\"", "Cookie, accept-encoding", ""], "{version}");
        let head = ask(&server, "/long", &[version, "-H", ALL, "--head"]);
        assert_eq!((coding(&head).as_str(), head.field("content-length").as_str()), ("zstd", ""), "{version}");
        assert!(head.body.is_empty(), "{version}");
    }
    let off = Server::with_source(APPLICATION, &[]);
    let answer = ask(&off, "/", &["-H", ALL]);
    assert_eq!((coding(&answer), answer.field("vary"), answer.body == page()), (String::new(), String::new(), true));
}

#[test]
fn secrets_are_compressed_only_where_somebody_says_so() {
    let careful = Server::with_source(APPLICATION, &["--compress"]);
    let willing = Server::with_source(APPLICATION, &["--compress", "--compress-secrets", "--compress-coding", "br"]);
    for version in VERSIONS {
        for credentials in ["Cookie: session=1", "Authorization: Bearer x"] {
            let words = [version, "-H", ALL, "-H", credentials];
            for path in ["/", "/json"] {
                assert_eq!(coding(&ask(&careful, path, &words)), "", "{version} {credentials} {path}");
                assert_eq!(coding(&ask(&willing, path, &words)), "br", "{version} {credentials} {path}");
            }
            assert_eq!(coding(&ask(&careful, "/style", &words)), "zstd", "{version} {credentials}");
        }
        assert_eq!(coding(&ask(&careful, "/cookie", &[version, "-H", ALL])), "", "{version}");
        assert_eq!(coding(&ask(&willing, "/cookie", &[version, "-H", ALL])), "br", "{version}");
    }
}

#[test]
fn files_are_compressed_unless_they_have_a_sibling_that_is() {
    let files = tempfile::tempdir().expect("a directory");
    written(files.path(), "a.html", &page());
    written(files.path(), "b.html", &page());
    written(files.path(), "b.html.br", b"not looked into");
    written(files.path(), "c.png", &page());
    let mount = format!("/files={}", files.path().display());
    let server = Server::with_source(APPLICATION, &["--compress", "--static", &mount]);
    for version in VERSIONS {
        // Files are the same for everybody.
        let words = [version, "-H", ALL, "-H", "Cookie: session=1"];
        let fresh = ask(&server, "/files/a.html", &words);
        assert_eq!(coding(&fresh), "zstd", "{version}");
        let tag = fresh.field("etag");
        assert!(tag.starts_with("W/\""), "{version} {tag}");
        let unpacked = ask(&server, "/files/a.html", &[version, "--compressed"]);
        assert!(unpacked.body == page(), "{version}");
        let known = format!("If-None-Match: {tag}");
        assert_eq!(ask(&server, "/files/a.html", &[version, "-H", ALL, "-H", &known]).status, "304", "{version}");
        let part = ask(&server, "/files/a.html", &[version, "-H", ALL, "-H", "Range: bytes=0-9"]);
        assert_eq!((part.status.as_str(), coding(&part).as_str(), part.body.len()), ("206", "", 10), "{version}");
        let sibling = ask(&server, "/files/b.html", &words);
        assert_eq!((coding(&sibling).as_str(), sibling.body.as_slice()), ("br", &b"not looked into"[..]), "{version}");
        assert_eq!(coding(&ask(&server, "/files/c.png", &words)), "", "{version}");
    }
}

#[test]
fn stream_is_passed_on_piece_by_piece() {
    for (version, accept) in [("--http1.1", "gzip"), ("--http2", "gzip"), ("--http1.1", "br"), ("--http2", "zstd")] {
        let server = Server::with_source(APPLICATION, &["--compress"]);
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--no-buffer", "--compressed", version, "--max-time", "60", "--cacert"])
            .arg(server.root());
        curl.args(["-H", &format!("Accept-Encoding: {accept}")]).arg(server.url("/slow")).stdout(Stdio::piped());
        let mut child = curl.spawn().expect("curl runs");
        let mut out = child.stdout.take().expect("its output");
        let mut first = [0; 15];
        out.read_exact(&mut first).expect("the first piece, while the application waits");
        assert_eq!(&first, b"the first piece", "{version} {accept}");
        assert_eq!(ask(&server, "/release", &[]).status, "200");
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("the rest");
        assert_eq!(rest, " and the last", "{version} {accept}");
        assert!(child.wait().expect("curl ends").success(), "{version} {accept}");
    }
}

#[test]
fn access_log_counts_what_went_over_the_wire() {
    let server = Server::with_source(APPLICATION, &["--compress", "--access-log-format", "json"]);
    let packed = ask(&server, "/?packed", &["-H", ALL]).body.len();
    server.wait_for_log(&format!("\"bytes\":{packed},"));
    assert_eq!(ask(&server, "/?plain", &[]).body.len(), page().len());
    server.wait_for_log(&format!("\"bytes\":{},", page().len()));
}
