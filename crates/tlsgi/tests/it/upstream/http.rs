//! What a well-behaved server behind this one hears and says, over HTTP/1.1 and HTTP/2.

use std::io::Write as _;

use super::{Behind, Peer, before, field, ok};
use crate::harness::read_answer;

/// Answers with the body that came, chunked or by length.
fn echo(head: &str, peer: &mut Peer) -> bool {
    let mut body = Vec::new();
    if field(head, "expect").is_some() {
        peer.say("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if let Some(length) = field(head, "content-length") {
        body = peer.hear(length.parse().expect("a length"));
    } else if field(head, "transfer-encoding") == Some("chunked") {
        loop {
            let size = usize::from_str_radix(peer.line().trim(), 16).expect("a size");
            body.extend(peer.hear(size));
            peer.line();
            if size == 0 {
                break;
            }
        }
    }
    let kind = format!("{} {}", field(head, "transfer-encoding").unwrap_or("-"), body.len());
    peer.say(format!("HTTP/1.1 200 OK\r\nX-Got: {kind}\r\nContent-Length: {}\r\n\r\n", body.len())) && peer.say(body)
}

#[test]
fn requests_go_to_the_upstream_and_connections_are_kept() {
    let behind = Behind::play(|head, peer| {
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        peer.say(ok(&target))
    });
    let server = before(&[&behind.route("/")], &[]);
    for target in ["/", "/a%2fb//c?d=%20&e", "/%7e?"] {
        assert_eq!(server.get(target).text(), target);
    }
    for version in ["--http1.1", "--http2"] {
        let output = server.curl(&[version, &server.url("/one"), &server.url("/two")]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "/one/two", "{output:?}");
    }
    assert_eq!(behind.connections(), 1, "one connection for all of them");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn bodies_go_both_ways_with_and_without_a_length() {
    let behind = Behind::play(echo);
    let server = before(&[&behind.route("/")], &[]);
    let file = server.directory().join("body");
    for size in [0, 1, 70_000, 3_000_000] {
        std::fs::write(&file, "x".repeat(size)).expect("written");
        let data = format!("@{}", file.display());
        for version in ["--http1.1", "--http2"] {
            for more in [&[][..], &["--header", "Transfer-Encoding: chunked"], &["--header", "Expect: 100-continue"]] {
                let mut words = vec![version, "--data-binary", &data, "-D", "-", "-w", "%{size_download}", "-o"];
                let (answer, url) = (server.directory().join("answer"), server.url("/"));
                let answer = answer.display().to_string();
                words.extend([answer.as_str(), &url]);
                words.extend(more);
                let output = server.curl(&words);
                assert!(output.status.success(), "{version} {more:?} {size}: {output:?}");
                let told = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(told.ends_with(&format!("\r\n\r\n{size}")), "{version} {more:?} {size}: {told} {output:?}");
                assert_eq!(std::fs::read(&answer).expect("read").len(), size);
            }
        }
    }
}

#[test]
fn answers_keep_their_form() {
    let behind = Behind::play(|head, peer| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        peer.say(match path {
            "/chunked" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX-Sum: 3\r\nContent-Length: 9\r\n\r\n",
            "/empty" => "HTTP/1.1 204 No Content\r\nX-Own: 1\r\n\r\n",
            "/not-modified" => "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
            "/head" => "HTTP/1.1 200 Fine\r\nContent-Length: 1234\r\n\r\n",
            "/hints" => "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            _ => "HTTP/1.0 200 OK\r\n\r\nuntil the end",
        }) && path != "/old"
    });
    let server = before(&[&behind.route("/")], &[]);
    let chunked = server.request("GET /chunked HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
    assert_eq!((chunked.text().as_str(), chunked.field("x-hop"), chunked.field("keep-alive")), ("abc", None, None));
    let empty = server.get("/empty");
    assert_eq!((empty.status, empty.field("x-own"), empty.field("content-length")), (204, Some("1"), None));
    let known = server.get("/not-modified");
    assert_eq!((known.status, known.field("etag"), known.body.len()), (304, Some("\"a\""), 0));
    assert_eq!(server.get("/old").text(), "until the end");
    let mut stream = server.connect();
    stream
        .write_all(b"HEAD /head HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hints HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("written");
    let mut reader = std::io::BufReader::new(stream);
    let mut lines = String::new();
    while lines.matches("\r\n\r\n").count() < 3 {
        assert_ne!(std::io::BufRead::read_line(&mut reader, &mut lines).expect("a line"), 0, "{lines}");
    }
    assert!(lines.starts_with("HTTP/1.1 200 Fine\r\n") && lines.contains("content-length: 1234"), "{lines}");
    assert!(lines.contains("HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\nHTTP/1.1 200 OK"), "{lines}");
    assert!(!lines.contains("102"), "{lines}");
}

#[test]
fn trailers_reach_clients_that_want_them() {
    let behind = Behind::saying(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 3\r\nSet-Cookie: a=b\r\n\r\n",
        true,
    );
    let server = before(&[&behind.route("/")], &[]);
    let mut stream = server.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\nConnection: TE, close\r\n\r\n")
        .expect("written");
    let mut text = String::new();
    // The connection's end is its last word.
    let _ = std::io::Read::read_to_string(&mut stream, &mut text);
    assert!(text.ends_with("2\r\nab\r\n0\r\nx-sum: 3\r\n\r\n"), "{text}");
    let head = behind.head();
    assert_eq!((field(&head, "te"), field(&head, "connection")), (Some("trailers"), Some("TE")));
}

#[test]
fn expected_bodies_wait_for_the_word_of_the_upstream() {
    let behind = Behind::play(|head, peer| {
        if head.starts_with("POST /no") {
            return peer.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        }
        echo(head, peer)
    });
    let server = before(&[&behind.route("/")], &[]);
    let post = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    };
    let mut stream = server.connect();
    stream.write_all(post("/yes").as_bytes()).expect("written");
    assert_eq!(read_answer(&mut stream).status, 100);
    stream.write_all(b"abc").expect("written");
    assert_eq!(read_answer(&mut stream).text(), "abc");
    assert_eq!(field(&behind.head(), "expect"), Some("100-continue"));
    let refused = server.request(&post("/no"));
    assert_eq!((refused.status, refused.text().as_str(), refused.field("connection")), (403, "no", Some("close")));
}

#[test]
fn requests_over_a_unix_socket() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("behind.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).expect("bound");
    // Started by root, the front is somebody else.
    for (path, mode) in [(directory.path(), 0o755), (&path, 0o777)] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("allowed");
    }
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 4096];
            let count = std::io::Read::read(&mut socket, &mut head).expect("a request");
            assert!(head[..count].starts_with(b"GET /there HTTP/1.1\r\nhost: localhost"));
            socket.write_all(ok("by path").as_bytes()).expect("written");
        }
    });
    let server = before(&[&format!("/=http+unix:{}", path.display())], &[]);
    assert_eq!(server.get("/there").text(), "by path");
}
