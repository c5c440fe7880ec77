//! Upstreams that are broken, slow or hostile: clients get a clear status, and nothing of one answer is read as another.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{Behind, before, field, ok};
use crate::harness::read_answer;

#[test]
fn answers_that_can_be_read_in_two_ways_are_not_passed_on() {
    let head = "HTTP/1.1 200 OK\r\n";
    let large = format!("{head}X: {}\r\n\r\n", "x".repeat(70_000));
    let many = format!("{head}{}\r\n", "A: b\r\n".repeat(101));
    let wrong = [
        "hello\r\n\r\n".to_owned(),
        "SSH-2.0-OpenSSH\r\n".to_owned(),
        "HTTP/2 200\r\n\r\n".to_owned(),
        "HTTP/1.1  200 OK\r\n\r\n".to_owned(),
        "HTTP/1.1 20 OK\r\n\r\n".to_owned(),
        "HTTP/1.1 2000 OK\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n".to_owned(),
        format!("{head}Content-Length: 0\n\r\n"),
        format!("{head}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        format!("{head}Content-Length: 3, 3\r\n\r\nabc"),
        format!("{head}Content-Length: +3\r\n\r\nabc"),
        format!("{head}Content-Length: -1\r\n\r\n"),
        format!("{head}Content-Length: 99999999999999999999\r\n\r\n"),
        format!("{head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        format!("{head}A: b\r\n c\r\n\r\n"),
        format!("{head}A b\r\n\r\n"),
        format!("{head}: b\r\n\r\n"),
        format!("{head}A: b\0c\r\n\r\n"),
        format!("{head}A: b\rc\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nx\r\n"),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".to_owned(),
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(50),
        large,
        many,
        String::new(),
        "HTTP/1.1 200 OK\r\nContent-Le".to_owned(),
    ];
    let (count, at) = (wrong.len(), AtomicUsize::new(0));
    let shown = wrong.clone();
    let behind = Behind::play(move |_, peer| {
        peer.say(&wrong[at.fetch_add(1, Ordering::SeqCst) % count]);
        false
    });
    let server = before(&[&behind.route("/")], &[]);
    for text in shown {
        let answer = server.get("/");
        assert_eq!(answer.status, 502, "{:?}: {}", text.get(..80.min(text.len())), answer.head);
        assert!(answer.text().contains("error upstream-"), "{}", answer.text());
    }
    server.wait_for_log("its answer does not begin with a status line of HTTP/1");
    assert!(server.log().matches("WARN").count() < 10, "not a line for each request:\n{}", server.log());
}

#[test]
fn bytes_behind_an_answer_are_nobodys_answer() {
    let behind = Behind::play(|_, peer| {
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
    });
    let server = before(&[&behind.route("/")], &[]);
    let mut stream = server.connect();
    for _ in 0..3 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
        assert_eq!(read_answer(&mut stream).text(), "ok");
    }
    assert_eq!(behind.connections(), 3);
}

#[test]
fn answers_that_end_early_are_visibly_cut() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let behind = Behind::saying(text, false);
        let server = before(&[&behind.route("/")], &[]);
        for version in ["--http1.1", "--http2"] {
            let output = server.curl(&[version, &server.url("/")]);
            assert!(!output.status.success(), "{version} {text:?}: {output:?}");
        }
    }
}

#[test]
fn dead_upstream_is_told_at_once_and_found_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("address").port();
    drop(listener);
    let server = before(&[&format!("/=http://127.0.0.1:{port}")], &[]);
    for _ in 0..20 {
        let start = Instant::now();
        let answer = server.get("/");
        assert_eq!((answer.status, answer.field("retry-after")), (502, Some("1")));
        assert!(start.elapsed() < Duration::from_secs(2));
    }
    assert_eq!(server.log().matches("cannot be reached").count(), 1, "{}", server.log());
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("bound again");
    let player = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("accepted");
        socket.write_all(ok("back").as_bytes()).expect("written");
        socket
    });
    assert_eq!(server.get("/").text(), "back");
    server.wait_for_log("can be reached again");
    drop(player.join());
}

#[test]
fn silent_upstream_costs_a_bounded_time() {
    let behind = Behind::play(|head, peer| {
        if head.starts_with("GET /half") {
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        } else if head.starts_with("GET /drip") {
            for byte in "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n".bytes().chain([b'x'; 200]) {
                if !peer.say([byte]) {
                    break;
                }
                std::thread::park_timeout(Duration::from_millis(50));
            }
        }
        peer.line();
        false
    });
    let server = before(&[&behind.route("/")], &["--upstream-timeout", "1s"]);
    for path in ["/", "/drip"] {
        let start = Instant::now();
        let answer = server.get(path);
        assert_eq!(answer.status, 504, "{path}: {}", answer.head);
        assert!(answer.text().contains("upstream-timeout") && start.elapsed() < Duration::from_secs(8));
    }
    assert!(!server.curl(&[&server.url("/half")]).status.success());
}

#[test]
fn answer_before_the_end_of_the_request_arrives() {
    let behind = Behind::play(|head, peer| {
        if head.starts_with("POST") {
            peer.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
            return false;
        }
        peer.say(ok("fine"))
    });
    let server = before(&[&behind.route("/")], &[]);
    let file = server.directory().join("body");
    let data = format!("@{}", file.display());
    // Over HTTP/2 clients that are in the middle of a larger one may drop the answer.
    for (version, size) in [("--http1.1", 8 << 20), ("--http2", 60 << 10)] {
        std::fs::write(&file, vec![b'x'; size]).expect("written");
        let output = server.curl(&[version, "--data-binary", &data, "-w", " %{http_code}", &server.url("/")]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "big 413", "{version}: {output:?}");
    }
    assert_eq!(server.get("/").text(), "fine");
}

#[test]
fn kept_connection_that_has_ended_costs_no_request_and_no_request_is_sent_twice() {
    // Every connection answers once, and ends without a word when the second request has come.
    let behind = Behind::play({
        let seen = AtomicUsize::new(0);
        move |head, peer| {
            let is_second = field(head, "x-second").is_some() && seen.fetch_add(1, Ordering::SeqCst) == 0;
            !is_second && peer.say(ok("once"))
        }
    });
    let server = before(&[&behind.route("/")], &[]);
    assert_eq!(server.get("/").text(), "once");
    let again = server.request("GET / HTTP/1.1\r\nHost: localhost\r\nX-Second: 1\r\n\r\n");
    assert_eq!((again.status, again.text().as_str(), behind.connections()), (200, "once", 2));

    let behind = Behind::play({
        let posts = AtomicUsize::new(0);
        move |head, peer| {
            if head.starts_with("POST") {
                peer.hear(1);
                posts.fetch_add(1, Ordering::SeqCst);
                return false;
            }
            peer.say(ok(&posts.load(Ordering::SeqCst).to_string()))
        }
    });
    let server = before(&[&behind.route("/")], &[]);
    assert_eq!(server.get("/").text(), "0");
    let post = server.request("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx");
    assert_eq!(post.status, 502);
    assert_eq!(server.get("/").text(), "1");
}
