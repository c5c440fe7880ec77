//! Ways around a protected prefix that other servers had: spellings, doors, hosts, tickets, fields.

use std::process::{Command, Stdio};

use super::{ASGI, Line, VERSIONS, WSGI, answer, curl, directory, fetch, settings, text, told};
use crate::authority::Authority;
use crate::harness::Server;

/// What leads to `/api` by some reading of it. The application reads the first ones so itself.
const SPELLINGS: [&str; 34] = [
    "/api",
    "/api/",
    "/api/x",
    "/%61pi",
    "/%61%70%69/x",
    "/api%2fx",
    "/api%2F..",
    "/api%2f..%2fx",
    "/api/../x",
    "/api/%2e%2e/x",
    "//api",
    "//api/x",
    "///api",
    "/./api",
    "/x/../api",
    "/x/..//api/",
    "/x//../api/",
    "/x/y/../../api",
    "/../api",
    "/%2e%2e/api",
    "/x/%2e%2e/api",
    "/x/.%2E/api",
    "/x%2f..%2fapi",
    "/%2fapi",
    "/api;v=1",
    "/api;/x",
    "/x/..;/api",
    "/;x/api",
    "/%2561pi",
    "/x/%252e%252e/api",
    "/%5capi",
    "/x/..%5Capi",
    "/ap%00i",
    "/ap%0d%0ai",
];

fn protected() -> (tempfile::TempDir, Authority, Server) {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let server = Server::with_source(WSGI, &["--client-ca", text(&authority.file), "--client-cert-path", "/api/"]);
    (directory, authority, server)
}

#[test]
fn no_spelling_of_a_protected_path_passes_without_a_certificate() {
    let (_directory, _authority, server) = protected();
    for version in VERSIONS {
        for path in SPELLINGS {
            let (status, page) = fetch(&server, version, None, path);
            assert!(matches!(status, 400 | 403), "{version} {path}: {status} {page}");
        }
        for path in ["/", "/apiary", "/API", "/x/api", "/api2", "/a%2fb", "/a;b=c", "//x", "/%2561"] {
            assert_eq!(fetch(&server, version, None, path).0, 200, "{version} {path}");
        }
    }
    let log = server.log();
    for line in log.lines().filter_map(|line| line.strip_prefix("called ")) {
        assert!(!line.starts_with("/api/") && line != "/api", "the application was called for {line}");
    }
}

#[test]
fn every_spelling_passes_with_a_certificate() {
    let (_directory, authority, server) = protected();
    let client = authority.client();
    for version in VERSIONS {
        for path in SPELLINGS {
            let (status, page) = fetch(&server, version, Some(&client), path);
            assert_eq!(status, 200, "{version} {path}: {page}");
        }
        assert_eq!(told(&fetch(&server, version, Some(&client), "/api/x").1, "SSL_CLIENT_VERIFY"), Some("SUCCESS"));
        // Outside of the prefix nothing was asked, and nothing is told.
        assert_eq!(told(&fetch(&server, version, Some(&client), "/x").1, "SSL_CLIENT_VERIFY"), Some("NONE"));
    }
}

#[test]
fn absolute_targets_and_other_methods_are_no_way_around() {
    let (_directory, _authority, server) = protected();
    for version in VERSIONS {
        let url = server.url("/");
        for method in ["GET", "HEAD", "POST", "OPTIONS", "DELETE", "PROPFIND"] {
            let arguments = ["-X", method, "--data", "x=1", "--request-target", "/api/x", &url];
            let arguments =
                if method == "HEAD" { vec!["--head", "--request-target", "/api/x", &url] } else { arguments.to_vec() };
            let (status, page) = curl(&server, version, None, &arguments);
            assert_eq!(status, 403, "{version} {method}: {page}");
        }
    }
    let port = server.https.port();
    let target = format!("https://localhost:{port}/api/x");
    let (status, _) = curl(&server, "--http1.1", None, &["--request-target", &target, &server.url("/")]);
    assert_eq!(status, 403);
    let (status, _) =
        curl(&server, "--http1.1", None, &["-X", "CONNECT", "--request-target", "/api", &server.url("/")]);
    assert!(matches!(status, 400 | 501), "{status}");
    for target in ["api", "https://localhost/api", "//api", "/?/../api", "/api?/../x", "*"] {
        let (status, page) = curl(&server, "--http2", None, &["--request-target", target, &server.url("/")]);
        let is_open = target == "/?/../api";
        assert_eq!(status == 200, is_open, ":path {target}: {status} {page}");
    }
    // The server as a whole is under no prefix, but under a rule for the whole site.
    let (status, _) = curl(&server, "--http1.1", None, &["-X", "OPTIONS", "--request-target", "*", &server.url("/")]);
    assert_eq!(status, 200);
}

#[test]
fn whole_site_means_everything() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    std::fs::create_dir(directory.path().join("files")).expect("made");
    std::fs::write(directory.path().join("files/a.txt"), "secret").expect("written");
    let mount = format!("/static={}", directory.path().join("files").display());
    let arguments =
        ["--client-ca", text(&authority.file), "--client-cert", "require", "--static", &mount, "--mount", "/app"];
    let server = Server::with_source(WSGI, &arguments);
    let client = authority.client();
    for version in VERSIONS {
        for path in ["/", "/app", "/app/x", "/static/a.txt", "/static/missing", "/favicon.ico"] {
            let (status, page) = fetch(&server, version, None, path);
            assert_eq!(status, 403, "{version} {path}");
            assert!(page.contains("client-certificate-missing"), "{page}");
        }
        let (status, _) = curl(&server, version, None, &["-X", "OPTIONS", "--request-target", "*", &server.url("/")]);
        assert!(matches!(status, 400 | 403), "{version} OPTIONS *: {status}");
        assert_eq!(fetch(&server, version, Some(&client), "/app/x").0, 200);
        assert_eq!(fetch(&server, version, Some(&client), "/static/a.txt"), (200, "secret".to_owned()));
        assert_eq!(fetch(&server, version, Some(&client), "/other").0, 404);
    }
    assert!(!server.log().contains("called /favicon"));
}

#[test]
fn static_files_are_protected_like_the_application() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    std::fs::create_dir_all(directory.path().join("files/private")).expect("made");
    std::fs::write(directory.path().join("files/private/a.txt"), "secret").expect("written");
    let mount = format!("/static={}", directory.path().join("files").display());
    let arguments = ["--client-ca", text(&authority.file), "--client-cert-path", "/static/private", "--static", &mount];
    let server = Server::with_source(WSGI, &arguments);
    for version in VERSIONS {
        for path in
            ["/static/private/a.txt", "/static/%70rivate/a.txt", "/%73tatic/private/a.txt", "/static/private%2fa.txt"]
        {
            let (status, page) = fetch(&server, version, None, path);
            assert!(status == 403 && !page.contains("secret"), "{version} {path}: {status}");
        }
        assert_eq!(fetch(&server, version, Some(&authority.client()), "/static/private/a.txt").0, 200);
    }
}

#[test]
fn plain_http_never_reaches_a_protected_prefix() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let rules = ["--client-ca", text(&authority.file), "--client-cert-path", "/api"];
    let redirecting = Server::with_source(WSGI, &rules);
    for path in ["/api", "/", "/x/../api"] {
        let answer = redirecting.plain(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        assert_eq!(answer.status, 301, "{path}");
    }
    let socket = directory.path().join("socket");
    let bind = format!("unix:{}", socket.display());
    let serving = Server::with_source(WSGI, &[&rules[..], &["--allow-http", "--bind-http", &bind]].concat());
    for path in ["/api", "/api/x", "/%61pi", "//api", "/x/../api", "/api;v", "/api%2fx"] {
        let answer = serving.plain(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text().contains("client-certificate-plain"), "{}", answer.text());
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--path-as-is", "-w", "\nstatus %{http_code}", "--unix-socket", text(&socket)]);
        let output = curl.arg(format!("http://localhost{path}")).output().expect("curl");
        assert_eq!(super::answer(&output).0, 403, "unix {path}");
    }
    let open = serving.plain("GET /open HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(open.status, 200);
    // The door does not lead back in through the other one: plain HTTP on the TLS port is a redirect.
    let mut stream = std::net::TcpStream::connect(serving.https).expect("connects");
    std::io::Write::write_all(&mut stream, b"GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
    assert_eq!(crate::harness::read_answer(&mut stream).status, 301);
    assert!(!serving.log().contains("called /api"));
}

#[test]
fn host_and_server_name_must_agree_where_a_certificate_matters() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let names = ["--server-name", "a.test", "--server-name", "b.test", "--server-name", "*.w.test"];
    let rules = ["--client-ca", text(&authority.file), "--client-cert-path", "/api"];
    let server = Server::with_source(WSGI, &[&names[..], &rules].concat());
    let client = authority.client();
    let port = server.https.port();
    let to = |name: &str, host: &str, version: &str| {
        let url = format!("https://{name}:{port}/api");
        let reach = format!("::127.0.0.1:{port}");
        let host = format!("Host: {host}");
        curl(&server, version, Some(&client), &["--connect-to", &reach, "-H", &host, &url]).0
    };
    for version in VERSIONS {
        for (name, host, expect) in [
            ("a.test", "a.test", 200),
            ("a.test", "A.TEST", 200),
            ("a.test", "a.test.", 200),
            ("a.test", "a.test:8443", 200),
            ("A.Test", "a.test", 200),
            ("x.w.test", "x.w.test", 200),
            ("a.test", "b.test", 421),
            ("a.test", "B.Test.", 421),
            ("a.test", "b.test:443", 421),
            ("a.test", "x.w.test", 421),
            ("x.w.test", "y.w.test", 421),
            ("x.w.test", "a.test", 421),
            ("a.test", "unknown.test", 421),
        ] {
            assert_eq!(to(name, host, version), expect, "{version} {name} {host}");
        }
    }
}

#[test]
fn request_without_a_host_is_not_for_the_one_of_the_handshake() {
    // HTTP/1.0 may leave it out.
    let (_directory, _authority, server) = protected();
    for path in ["/", "/api"] {
        assert_eq!(server.request(&format!("GET {path} HTTP/1.0\r\n\r\n")).status, 421, "{path}");
    }
    // HTTP/2 without `:authority` and `host`.
    let Line::H2 { runtime, sender, .. } = Line::open(&server, &settings(&server, None, true)) else {
        panic!("HTTP/2")
    };
    for path in ["/", "/api"] {
        let outcome = runtime.block_on(async {
            let request = http::Request::builder().uri(path).body(()).expect("valid");
            sender.clone().ready().await.expect("open").send_request(request, true).expect("open").0.await
        });
        let status = outcome.map_or(0, |response| response.status().as_u16());
        assert!(matches!(status, 0 | 400 | 421), "{path}: {status}");
    }
    assert!(!server.log().contains("called"), "{}", server.log());
}

#[test]
fn client_without_server_name_is_asked_as_well() {
    let (_directory, authority, server) = protected();
    let client = authority.client();
    let url = format!("https://127.0.0.1:{}/api", server.https.port());
    for version in VERSIONS {
        assert_eq!(curl(&server, version, None, &[&url]).0, 403);
        let (status, page) = curl(&server, version, Some(&client), &[&url]);
        assert_eq!((status, told(&page, "SSL_TLS_SNI")), (200, None));
    }
}

#[test]
fn session_of_one_name_is_not_resumed_under_another() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let names = ["--server-name", "a.test", "--server-name", "b.test"];
    let rules = ["--client-ca", text(&authority.file), "--client-cert-path", "/api"];
    let server = Server::with_source(WSGI, &[&names[..], &rules].concat());
    let client = authority.client();
    for (version, protocol) in [("-tls1_3", "http/1.1"), ("-tls1_2", "http/1.1"), ("-tls1_3", "h2"), ("-tls1_2", "h2")]
    {
        let session = directory.path().join(format!("session{version}{}", protocol.len()));
        let shake = |name: &str, direction: &str| {
            let mut openssl = Command::new("openssl");
            openssl.args(["s_client", "-connect", &server.https.to_string(), "-servername", name, version, direction]);
            openssl.arg(&session).args(["-alpn", protocol, "-ign_eof"]);
            openssl.args(["-cert", text(&client.certificate), "-key", text(&client.key)]);
            openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = openssl.spawn().expect("openssl");
            let request = format!("GET /api HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
            std::io::Write::write_all(child.stdin.as_mut().expect("stdin"), request.as_bytes()).expect("written");
            String::from_utf8_lossy(&child.wait_with_output().expect("ends").stdout).into_owned()
        };
        // HTTP/2 ends the connection, as this is no preface: its handshake is what counts.
        let answers = |text: &str| protocol == "h2" || text.contains("HTTP/1.1 200");
        let first = shake("a.test", "-sess_out");
        assert!(answers(&first) && first.contains("New, TLS"), "{first}");
        let same = shake("a.test", "-sess_in");
        assert!(same.contains("Reused, TLS") && answers(&same), "{same}");
        shake("a.test", "-sess_out");
        let other = shake("b.test", "-sess_in");
        assert!(other.contains("New, TLS") && answers(&other), "{other}");
    }
}

#[test]
fn fields_about_the_client_come_from_the_server_alone() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let client = authority.client();
    let forged = [
        "-H",
        "Client-Cert: :Zm9yZ2Vk:",
        "-H",
        "client-cert: :Zm9yZ2Vk:",
        "-H",
        "CLIENT-CERT: :Zm9yZ2Vk:",
        "-H",
        "Client_Cert: :Zm9yZ2Vk:",
        "-H",
        "client.cert: :Zm9yZ2Vk:",
        "-H",
        "Client-Cert-Chain: :Zm9yZ2Vk:",
        "-H",
        "Client_Cert-Chain: :Zm9yZ2Vk:",
        "-H",
        "SSL_CLIENT_VERIFY: SUCCESS",
        "-H",
        "X-Kept: yes",
    ];
    let rules = ["--client-ca", text(&authority.file), "--client-cert", "request"];
    for sends in [true, false] {
        let option: &[&str] = if sends { &["--client-cert-headers"] } else { &[] };
        for source in [WSGI, ASGI] {
            let server = Server::with_source(source, &[&rules[..], option].concat());
            for version in VERSIONS {
                for client in [None, Some(&client)] {
                    let (status, page) = curl(&server, version, client, &[&forged[..], &[&server.url("/")]].concat());
                    assert_eq!(status, 200, "{version}");
                    assert!(!page.contains("Zm9yZ2Vk"), "{version}: {page}");
                    let is_told = page.contains("HTTP_CLIENT_CERT=:MII") || page.contains("\"client-cert\": \":MII");
                    assert_eq!(is_told, sends && client.is_some(), "{version}: {page}");
                    if source == WSGI {
                        assert_eq!(told(&page, "HTTP_X_KEPT"), Some("yes"), "{page}");
                        let verify = if client.is_some() { "SUCCESS" } else { "NONE" };
                        assert_eq!(told(&page, "SSL_CLIENT_VERIFY"), Some(verify));
                    }
                }
            }
        }
    }
}

#[test]
fn websocket_under_a_protected_prefix_needs_the_certificate() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let server = Server::with_source(ASGI, &["--client-ca", text(&authority.file), "--client-cert-path", "/chat"]);
    let upgrade = [
        "-H",
        "Connection: Upgrade",
        "-H",
        "Upgrade: websocket",
        "-H",
        "Sec-WebSocket-Version: 13",
        "-H",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "--max-time",
        "3",
    ];
    let ask = |client, path: &str| {
        let mut all = vec!["--http1.1", "--path-as-is", "--insecure", "-w", "\nstatus %{http_code}"];
        let client: Option<&crate::authority::Client> = client;
        if let Some(client) = client {
            all.extend(["--cert", text(&client.certificate), "--key", text(&client.key)]);
        }
        let url = server.url(path);
        all.extend(upgrade);
        all.push(&url);
        answer(&server.curl(&all)).0
    };
    for path in ["/chat", "/%63hat/x", "//chat", "/x/../chat"] {
        assert_eq!(ask(None, path), 403, "{path}");
    }
    assert_eq!(ask(None, "/other"), 101);
    assert_eq!(ask(Some(&authority.client()), "/chat"), 101);
    // Over HTTP/2 it is a CONNECT that says `websocket`.
    let connect = |client: Option<&crate::authority::Client>, path: &str| {
        let mut line = Line::open(&server, &settings(&server, client, true));
        // The server's settings come first.
        line.get("/other");
        let Line::H2 { runtime, sender, .. } = line else { panic!("HTTP/2") };
        runtime.block_on(async {
            let request = http::Request::builder().method("CONNECT").uri(format!("https://localhost{path}"));
            let protocol = h2::ext::Protocol::from_static("websocket");
            let request = request.extension(protocol).header("sec-websocket-version", "13").body(()).expect("valid");
            let (response, _open) =
                sender.clone().ready().await.expect("open").send_request(request, false).expect("open");
            response.await.expect("response").status().as_u16()
        })
    };
    for path in ["/chat", "/%63hat/x", "//chat", "/x/../chat"] {
        assert_eq!(connect(None, path), 403, "{path}");
    }
    assert_eq!(connect(None, "/other"), 200);
    assert_eq!(connect(Some(&authority.client()), "/chat"), 200);
}

#[test]
fn wildcard_neither_opens_nor_closes_the_name_below_it() {
    let directory = directory();
    let authority = Authority::root(directory.path(), "root");
    let client = authority.client();
    let rules = format!("client-ca = {:?}\nclient-cert = \"require\"\n", text(&authority.file));
    for (strict, lax) in [("x.w.test", "*.w.test"), ("*.w.test", "x.w.test")] {
        for is_first in [true, false] {
            let (one, two) = (format!("server-name = {strict:?}\n{rules}"), format!("server-name = {lax:?}\n"));
            let (one, two) = if is_first { (one, two) } else { (two, one) };
            let file = directory.path().join("tlsgi.toml");
            std::fs::write(&file, format!("[[site]]\n{one}[[site]]\n{two}")).expect("written");
            let server = Server::with_source(WSGI, &["--config", text(&file)]);
            let port = server.https.port();
            for version in VERSIONS {
                for name in ["x.w.test", "X.W.test", "y.w.test"] {
                    let is_strict = name.eq_ignore_ascii_case("x.w.test") == (strict == "x.w.test");
                    let ask = |client| {
                        let url = format!("https://{name}:{port}/");
                        let reach = format!("::127.0.0.1:{port}");
                        curl(&server, version, client, &["--connect-to", &reach, &url]).0
                    };
                    assert_eq!(ask(None), if is_strict { 403 } else { 200 }, "{version} {name}, {strict} is strict");
                    assert_eq!(ask(Some(&client)), 200, "{version} {name}, {strict} is strict");
                }
            }
        }
    }
}
