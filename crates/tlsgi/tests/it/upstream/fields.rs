//! What the upstream is told of the client, and that nobody else can say it.

use super::{Behind, before, field, ok};

#[test]
fn upstreams_learn_of_the_client_from_this_server_alone() {
    let behind = Behind::saying(ok(""), true);
    let server = before(&[&behind.route("/")], &["--allow-http"]);
    let spoofed = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: evil.test\r\n\
                   X-Forwarded-Port: 1\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Request-ID: mine\r\n\
                   X-SSL-Client-Verify: SUCCESS\r\nX_Forwarded_For: 6.6.6.6\r\nProxy: evil\r\n\
                   Proxy-Authorization: secret\r\nKeep-Alive: 5\r\nX-Hop: 1\r\nX-Stays: 1\r\n\
                   Connection: close, X-Hop, X-Forwarded-Proto\r\n\r\n";
    let port = server.https.port().to_string();
    server.request(&format!("GET /a?b HTTP/1.1\r\nHost: localhost:{port}\r\n{spoofed}"));
    let head = behind.head();
    let host = format!("localhost:{port}");
    let facts = [
        ("host", Some(host.as_str())),
        ("x-forwarded-for", Some("127.0.0.1")),
        ("x-forwarded-proto", Some("https")),
        ("x-forwarded-host", Some(&host)),
        ("x-forwarded-port", Some(&port)),
        ("x-stays", Some("1")),
        ("via", Some("1.1 tlsgi")),
        ("forwarded", None),
        ("x-real-ip", None),
        ("x-ssl-client-verify", None),
        ("x_forwarded_for", None),
        ("proxy", None),
        ("proxy-authorization", None),
        ("keep-alive", None),
        ("x-hop", None),
        ("connection", None),
    ];
    assert!(head.starts_with("GET /a?b HTTP/1.1\r\nhost: "), "{head}");
    for (name, value) in facts {
        assert_eq!(field(&head, name), value, "{name} in {head}");
    }
    assert_eq!(field(&head, "x-request-id").map(str::len), Some(16));
    assert_eq!(head.matches("x-forwarded-").count(), 4);
    server.plain(&format!("GET / HTTP/1.1\r\nHost: localhost\r\n{spoofed}"));
    let head = behind.head();
    assert_eq!((field(&head, "x-forwarded-proto"), field(&head, "x-forwarded-port")), (Some("http"), Some("80")));
}

#[test]
fn trusted_proxies_are_believed_and_named() {
    let behind = Behind::saying(ok(""), true);
    let trust = [
        "--allow-http",
        "--trusted-proxy",
        "127.0.0.1",
        "--trust",
        "X-Forwarded-For",
        "--trust",
        "X-Forwarded-Proto",
        "--trust",
        "X-Forwarded-Host",
    ];
    let server = before(&[&behind.route("/")], &trust);
    server.plain(
        "GET / HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\
         X-Forwarded-Host: shop.test\r\nConnection: close\r\n\r\n",
    );
    let head = behind.head();
    for (name, value) in [
        ("host", "shop.test"),
        ("x-forwarded-for", "203.0.113.9, 127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "shop.test"),
        ("x-forwarded-port", "443"),
    ] {
        assert_eq!(field(&head, name), Some(value), "{name} in {head}");
    }
    assert_eq!(head.matches("x-forwarded-").count(), 4);
}
