//! What proxies, and those who pretend to be one, say about a request: asked of real applications, over HTTP/1.1 and HTTP/2.

use std::net::SocketAddr;
use std::process::Command;

use crate::harness::Server;

/// Says what it hears, one fact a line.
const WSGI: &str = r#"
def app(environ, start_response):
    facts = {name: environ.get(name) for name in ("REMOTE_ADDR", "wsgi.url_scheme", "HTTPS", "SERVER_NAME", "SERVER_PORT", "HTTP_HOST")}
    facts.update((name, value) for name, value in environ.items() if name.startswith(("HTTP_X", "HTTP_FORWARDED", "HTTP_SSL", "HTTP_FRONT")))
    facts.pop("HTTP_X_REQUEST_ID", None)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(f"{name}={value}" for name, value in facts.items()).encode()]
"#;

const ASGI: &str = r#"
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    fields = [name for name, _ in scope["headers"] if name.startswith((b"x-", b"forwarded")) and name != b"x-request-id"]
    host = dict(scope["headers"])[b"host"]
    text = f"{scope['client'][0]} {scope['scheme']} {host.decode()} {fields}"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})
"#;

/// Every way that is known to say: from 6.6.6.6, by https, to evil.test.
const SPOOFS: [&[&str]; 13] = [
    &["X-Forwarded-For: 6.6.6.6"],
    &["X-Forwarded-Proto: https", "X-Forwarded-Proto: https"],
    &["x-forwarded-proto: https"],
    &["X_Forwarded_Proto: https"],
    &["X.Forwarded.Proto: https"],
    &["X-Forwarded-Host: evil.test", "X-Forwarded-Port: 1"],
    &["X-Forwarded-Scheme: https", "X-Scheme: https", "X-Url-Scheme: https"],
    &["X-Forwarded-Ssl: on", "Front-End-Https: on", "X-Https: on"],
    &["X-Real-IP: 6.6.6.6", "X-Client-IP: 6.6.6.6"],
    &["Forwarded: for=6.6.6.6;proto=https;host=evil.test"],
    &["X-Forwarded-Server: evil.test", "X-Host: evil.test", "X-Script-Name: /evil"],
    &["X-SSL-Client-Verify: SUCCESS", "SSL-Client-Verify: SUCCESS"],
    &["X-Forwarded-Client-Cert: Hash=1", "Client-Cert: :AA==:"],
];

fn ask(server: &Server, url: &str, version: &str, fields: &[&str]) -> String {
    let mut arguments = vec![version, "--include", url];
    for field in fields {
        arguments.extend(["--header", field]);
    }
    let output = server.curl(&arguments);
    assert!(output.status.success(), "curl {url}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn plain(server: &Server) -> String {
    format!("http://localhost:{}/", server.http.as_ref().map_or(0, SocketAddr::port))
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// What spoofs change, over TLS by both versions and over plain HTTP: nothing.
fn nothing_changes(server: &Server, spoofs: &[&[&str]]) {
    for (url, version) in [(server.url("/"), "--http1.1"), (server.url("/"), "--http2"), (plain(server), "--http1.1")] {
        let honest = ask(server, &url, version, &[]);
        assert!(body(&honest).contains("127.0.0.1"), "{honest}");
        for spoof in spoofs {
            assert_eq!(body(&ask(server, &url, version, spoof)), body(&honest), "{url} {version} {spoof:?}");
        }
    }
}

#[test]
fn no_client_changes_scheme_host_or_address_of_wsgi() {
    let server = Server::with_source(WSGI, &["--allow-http", "--no-access-log"]);
    nothing_changes(&server, &SPOOFS);
}

#[test]
fn no_client_changes_scheme_host_or_address_of_asgi() {
    let server = Server::with_source(ASGI, &["--allow-http", "--no-access-log"]);
    nothing_changes(&server, &SPOOFS);
}

#[test]
fn proxies_of_others_are_not_believed() {
    let arguments = ["--allow-http", "--trusted-proxy", "10.0.0.0/8", "--trust", "X-Forwarded-For", "--trust"];
    let more = ["X-Forwarded-Proto", "--trust", "Forwarded", "--trust", "X-Forwarded-Host"];
    let server = Server::with_source(WSGI, &[&arguments[..], &more].concat());
    nothing_changes(&server, &SPOOFS);
}

#[test]
fn trusted_proxy_is_believed_in_nothing_that_is_not_named() {
    let arguments = ["--allow-http", "--trusted-proxy", "127.0.0.1", "--trust", "X-Forwarded-Port"];
    let server = Server::with_source(WSGI, &arguments);
    let unnamed: Vec<&[&str]> = SPOOFS
        .into_iter()
        .filter(|fields| !fields.iter().any(|field| field.contains("Port") || field.contains("SSL-Client")))
        .filter(|fields| !fields.iter().any(|field| field.contains("Client-Cert")))
        .collect();
    nothing_changes(&server, &unnamed);
}

#[test]
fn trusted_proxy_sets_address_scheme_and_host() {
    let trust = ["--trust", "X-Forwarded-For", "--trust", "X-Forwarded-Proto", "--trust", "X-Forwarded-Host"];
    let arguments = ["--trusted-proxy", "127.0.0.1", "--hsts", "max-age=600", "--server-name", "b.test"];
    let server = Server::with_source(WSGI, &[&arguments[..], &trust].concat());
    let fields = [
        "X-Forwarded-For: 6.6.6.6, 203.0.113.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: b.test",
        "X-Real-IP: 6.6.6.6",
    ];
    // Nobody is redirected who came by https already.
    let answer = ask(&server, &plain(&server), "--http1.1", &fields);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=600"), "{answer}");
    for fact in [
        "REMOTE_ADDR=203.0.113.9 ",
        "wsgi.url_scheme=https ",
        "HTTPS=on ",
        "HTTP_HOST=b.test",
        "SERVER_PORT=443",
        "HTTP_X_FORWARDED_PROTO=https",
        "HTTP_X_FORWARDED_FOR=203.0.113.9",
    ] {
        assert!(answer.contains(fact), "{fact:?} in {answer}");
    }
    assert!(!answer.contains("6.6.6.6"), "{answer}");
    server.wait_for_log("203.0.113.9 - - ");
    let http = ask(&server, &plain(&server), "--http1.1", &["X-Forwarded-Proto: http", "X-Forwarded-Host: b.test"]);
    assert!(http.starts_with("HTTP/1.1 301"), "{http}");
    assert!(!http.contains("strict-transport-security"), "{http}");
    let neither = ask(&server, &plain(&server), "--http1.1", &["X-Forwarded-Proto: https, http", "Host: b.test"]);
    assert!(neither.starts_with("HTTP/1.1 301"), "{neither}");
}

#[test]
fn trusted_proxy_is_believed_over_http2_and_for_asgi() {
    let arguments = ["--trusted-proxy", "127.0.0.0/8", "--trust", "Forwarded", "--no-access-log"];
    let server = Server::with_source(ASGI, &arguments);
    let fields = ["Forwarded: for=6.6.6.6;host=evil.test, for=\"[2001:db8::7]:99\";proto=http;host=b.test"];
    for version in ["--http1.1", "--http2"] {
        let answer = ask(&server, &server.url("/"), version, &fields);
        assert!(answer.contains("location: https://b.test"), "{version}: {answer}");
    }
    let fields = ["Forwarded: for=\"[2001:db8::7]:99\";proto=https;host=b.test"];
    for version in ["--http1.1", "--http2"] {
        let answer = ask(&server, &server.url("/"), version, &fields);
        assert_eq!(body(&answer), "2001:db8::7 https b.test [b'forwarded']", "{version}");
    }
}

#[test]
fn proxy_cannot_open_what_needs_a_client_certificate() {
    let directory = tempfile::tempdir().expect("directory");
    let authority = directory.path().join("authority.pem");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=authority",
        ])
        .arg("-keyout")
        .arg(directory.path().join("key.pem"))
        .arg("-out")
        .arg(&authority)
        .output()
        .expect("openssl runs");
    assert!(made.status.success());
    let authority = authority.display().to_string();
    let arguments = ["--client-ca", &authority, "--client-cert-path", "/api", "--trusted-proxy", "127.0.0.1"];
    let server = Server::with_source(WSGI, &arguments);
    let fields = ["X-Forwarded-Proto: https", "X-Forwarded-For: 203.0.113.9", "X-SSL-Client-Verify: SUCCESS"];
    let url = format!("{}api/x", plain(&server));
    let answer = ask(&server, &url, "--http1.1", &fields);
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}
