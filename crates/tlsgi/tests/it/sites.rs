//! Several sites and several pools in one server.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::authority::Authority;
use crate::harness::{Server, command, python};

/// Says who answers, and what it was told of the request.
const APPLICATION: &str = r#"
import os

def application(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    told = [environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "wsgi.url_scheme")]
    identity = f"{os.getpid()} {id(application)}"
    return ["|".join([os.environ.get("NAME", "-"), identity, *told]).encode("latin-1")]
"#;

const SITES: &str = r#"
app = "application.py"

[[site]]
name = "shop"
server-name = ["shop.test", "www.shop.test"]
canonical-name = "shop.test"
hsts = "max-age=100"
route = { "/api" = "pool:api", "/api/raw" = "pool:api@/", "/api/files/deep" = "pool:main@/" }
static = { "/api/files" = "public" }

[[site]]
server-name = "plain.test"
allow-http = true
pool = "main"
mount = "/in"

[[site]]
server-name = "own.test"
certfile = "own.pem"
hsts = "max-age=200"
pool = "api"

[pool.main]
threads = 2

[pool.main.env]
NAME = "main"

[pool.api.env]
NAME = "api"
"#;

/// A directory with a configuration, the application and what else it names.
fn directory(toml: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("written");
    write("tlsgi.toml", toml);
    write("application.py", APPLICATION);
    std::fs::create_dir(directory.path().join("public")).expect("created");
    write("public/a.txt", "a file");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9"]);
    openssl.args(["-subj", "/CN=own.test", "-addext", "subjectAltName=DNS:own.test", "-keyout"]);
    openssl.arg(directory.path().join("own.key")).arg("-out").arg(directory.path().join("own.crt"));
    let made = openssl.output().expect("openssl runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let part = |name: &str| std::fs::read_to_string(directory.path().join(name)).expect("read");
    write("own.pem", &(part("own.crt") + &part("own.key")));
    directory
}

/// The command, in the directory of its file.
fn tlsgi(directory: &Path, words: &[&str]) -> Command {
    let mut command = command();
    command.args(words).current_dir(directory).arg("--python").arg(python());
    command.arg("--state-dir").arg(directory.join("state"));
    command
}

fn serve(directory: tempfile::TempDir, words: &[&str]) -> Server {
    let mut all = vec!["serve", "--host", "127.0.0.1", "--https-port", "0", "--port", "0"];
    all.extend(words);
    let command = tlsgi(directory.path(), &all);
    Server::run_by(directory, command)
}

/// What curl gets there: status, fields it was asked for, body.
fn ask(server: &Server, scheme: &str, host: &str, path: &str, more: &[&str]) -> String {
    let port = if scheme == "https" { server.https } else { server.http.expect("a plain listener") }.port();
    let connect = format!("{host}:{port}:127.0.0.1:{port}");
    let url = format!("{scheme}://{host}:{port}{path}");
    let mut words = vec!["--connect-to", &connect, "--path-as-is", "-w"];
    words.push("\n%{http_code} %header{location} %header{strict-transport-security}");
    words.extend(more);
    words.push(&url);
    said(&server.curl(&words))
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The parts of an answer of the application: pool, identity, the rest.
fn parts(answer: &str) -> (String, String, String) {
    let mut parts = answer.splitn(3, '|').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_else(|| panic!("not an answer of the application: {answer}"));
    (next(), next(), next())
}

fn check(answer: &str, pool: &str, rest: &str) {
    let (answered, _, told) = parts(answer);
    assert_eq!((answered.as_str(), told.as_str()), (pool, rest), "{answer}");
}

#[test]
fn sites_have_their_own_routes_policies_and_certificates() {
    let server = serve(directory(SITES), &[]);
    for version in ["--http1.1", "--http2"] {
        let shop = |path: &str| ask(&server, "https", "shop.test", path, &[version]);
        check(&shop("/x"), "main", "|/x|https\n200  max-age=100");
        check(&shop("/api"), "api", "/api||https\n200  max-age=100");
        check(&shop("/api/x"), "api", "/api|/x|https\n200  max-age=100");
        check(&shop("/%61pi/x%20y"), "api", "/api|/x y|https\n200  max-age=100");
        check(&shop("/api%2Fx"), "api", "/api|/x|https\n200  max-age=100");
        check(&shop("/apix"), "main", "|/apix|https\n200  max-age=100");
        check(&shop("/api/raw/x"), "api", "|/api/raw/x|https\n200  max-age=100");
        assert_eq!(shop("/api/files/a.txt"), "a file\n200  max-age=100");
        check(&shop("/api/files/deep/x"), "main", "|/api/files/deep/x|https\n200  max-age=100");

        let plain = |path: &str| ask(&server, "https", "plain.test", path, &[version]);
        check(&plain("/in/x"), "main", "/in|/x|https\n200");
        assert!(plain("/out").ends_with("\n404"), "{}", plain("/out"));

        let root = server.directory().join("own.crt").display().to_string();
        let own = |root: &str| ask(&server, "https", "own.test", "/", &[version, "--cacert", root]);
        check(&own(&root), "api", "|/|https\n200  max-age=200");
    }
    // A certificate of its own means that no other is presented.
    let port = server.https.port();
    let connect = format!("own.test:{port}:127.0.0.1:{port}");
    let distrusted = server.curl(&["--connect-to", &connect, &format!("https://own.test:{port}/")]);
    assert_eq!(distrusted.status.code(), Some(60), "the root of the local CA vouches for the others only");
}

#[test]
fn sites_decide_about_plain_http_and_their_name() {
    let server = serve(directory(SITES), &[]);
    let (http, https) = (server.http.expect("a plain listener").port(), server.https.port());
    check(&ask(&server, "http", "plain.test", "/in/x", &[]), "main", "/in|/x|http\n200");
    let redirect = |host: &str, method: &str| ask(&server, "http", host, "/a%2Fb?c", &["-X", method]);
    assert_eq!(redirect("shop.test", "GET"), format!("\n301 https://shop.test:{https}/a%2Fb?c"));
    assert_eq!(redirect("www.shop.test", "POST"), format!("\n308 https://www.shop.test:{https}/a%2Fb?c"));
    let canonical = |method: &str| ask(&server, "https", "www.shop.test", "/a?b", &["-X", method]);
    assert_eq!(canonical("GET"), format!("\n301 https://shop.test:{https}/a?b max-age=100"));
    assert_eq!(canonical("DELETE"), format!("\n308 https://shop.test:{https}/a?b max-age=100"));
    assert_ne!(http, https);
}

#[test]
fn names_that_no_site_has_are_refused() {
    let server = serve(directory(SITES), &[]);
    for version in ["--http1.1", "--http2"] {
        let answer = ask(&server, "https", "shop.test", "/", &[version, "-H", "Host: other.test"]);
        assert!(answer.contains("421"), "{answer}");
    }
    assert!(ask(&server, "http", "other.test", "/", &[]).contains("\n421"));
}

#[test]
fn pool_has_one_copy_of_its_application_behind_every_port_and_site() {
    let server = serve(directory(SITES), &["--allow-http"]);
    let root = server.directory().join("own.crt").display().to_string();
    let identity = |answer: String| {
        let (pool, identity, _) = parts(&answer);
        (pool, identity)
    };
    let main = identity(ask(&server, "https", "shop.test", "/", &[]));
    for (scheme, host, path) in
        [("http", "shop.test", "/"), ("https", "plain.test", "/in"), ("http", "plain.test", "/in/x")]
    {
        assert_eq!(identity(ask(&server, scheme, host, path, &[])), main, "{scheme}://{host}{path}");
    }
    let api = identity(ask(&server, "https", "shop.test", "/api", &[]));
    assert_eq!(identity(ask(&server, "https", "own.test", "/", &["--cacert", &root])), api);
    assert_eq!(identity(ask(&server, "http", "own.test", "/", &[])), api);
    assert_eq!((main.0.as_str(), api.0.as_str()), ("main", "api"));
    assert_ne!(main.1, api.1, "pools share nothing");
    assert_eq!(server.workers().len(), 2);
}

#[test]
fn unix_sockets_speak_tls_or_plain_http_as_they_were_bound() {
    let directory = directory(SITES);
    let socket = |name: &str| directory.path().join(name).display().to_string();
    let (tls, plain) = (socket("tls.sock"), socket("plain.sock"));
    let server = serve(directory, &["--bind", &format!("unix:{tls}"), "--bind-http", &format!("unix:{plain}")]);
    let through = |socket: &str, url: &str, more: &[&str]| {
        let words = ["--unix-socket", socket, "-w", "\n%{http_code} %header{location}", url];
        said(&server.curl(&[&words[..], more].concat()))
    };
    let identity = |answer: &str| parts(answer).1;
    let tcp = ask(&server, "https", "shop.test", "/x", &[]);
    for version in ["--http1.1", "--http2"] {
        let answer = through(&tls, "https://shop.test/x", &[version]);
        check(&answer, "main", "|/x|https\n200");
        assert_eq!(identity(&answer), identity(&tcp), "the same application");
    }
    check(&through(&plain, "http://plain.test/in", &[]), "main", "/in||http\n200");
    let https = server.https.port();
    assert_eq!(through(&plain, "http://shop.test/x", &[]), format!("\n301 https://shop.test:{https}/x"));
    assert_eq!(through(&tls, "http://shop.test/x", &[]), "\n301 https://shop.test/x");
    let distrusted = ["--unix-socket", &tls, "https://www.other.test/"];
    assert_eq!(server.curl(&distrusted).status.code(), Some(60), "names count there too");
}

#[test]
fn access_log_says_the_site() {
    let server = serve(directory(SITES), &["--access-log-format", "json"]);
    ask(&server, "https", "www.shop.test", "/logged", &[]);
    server.wait_for_log("\"/logged\"");
    let log = server.log();
    let line = log.lines().find(|line| line.contains("\"/logged\"")).expect("a line");
    let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(
        (&object["site"], &object["host"].as_str().map(|host| host.starts_with("www.shop.test"))),
        (&serde_json::json!("shop"), &Some(true))
    );
}

#[test]
fn reload_brings_pools_and_sites_and_takes_them_away() {
    let directory = directory("app = \"application.py\"\nserver-name = \"a.test\"\n");
    let server = serve(directory, &[]);
    let file = server.directory().join("tlsgi.toml");
    let more = "\n[[site]]\nserver-name = \"b.test\"\npool = \"two\"\n[[site]]\nserver-name = \"a.test\"\n\
                [pool.one]\n[pool.two]\nenv = { NAME = \"two\" }\n";
    check(&ask(&server, "https", "a.test", "/", &[]), "-", "|/|https\n200");
    std::fs::write(&file, format!("app = \"application.py\"\nallow-http = true\n{more}")).expect("written");
    let begun = Instant::now();
    server.signal("HUP");
    server.wait_until(|| server.log().lines().any(|line| line.ends_with("reloaded")), "the reload");
    check(&ask(&server, "https", "b.test", "/", &[]), "two", "|/|https\n200");
    server.wait_until(|| server.workers().len() == 2, "the old pool's worker to end");
    assert!(
        !server.log().contains("not finished") && begun.elapsed() < Duration::from_secs(20),
        "it had nothing to finish"
    );
    std::fs::write(&file, "app = \"application.py\"\nserver-name = \"a.test\"\n").expect("written");
    server.signal("HUP");
    let reloads = || server.log().lines().filter(|line| line.ends_with("reloaded")).count();
    server.wait_until(|| reloads() == 2, "the second reload");
    server.wait_until(|| server.workers().len() == 1, "the workers of both pools to end");
    check(&ask(&server, "https", "a.test", "/", &[]), "-", "|/|https\n200");
}

#[test]
fn wsgi_and_asgi_stand_side_by_side() {
    let directory = directory("");
    let asgi = "async def application(scope, receive, send):\n    assert scope['type'] == 'http'\n    \
                body = f\"{scope['root_path']}|{scope['path']}\".encode()\n    \
                await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n    \
                await send({'type': 'http.response.body', 'body': body})\n";
    std::fs::write(directory.path().join("asgi.py"), asgi).expect("written");
    let toml = "app = \"application.py\"\nroute = { \"/live\" = \"pool:live\", \"/raw\" = \"pool:live@/\" }\n\
                [pool.main]\n[pool.live]\napp = \"asgi.py\"\n";
    std::fs::write(directory.path().join("tlsgi.toml"), toml).expect("written");
    let server = serve(directory, &[]);
    for version in ["--http1.1", "--http2"] {
        let of = |path: &str| ask(&server, "https", "localhost", path, &[version]);
        check(&of("/x"), "-", "|/x|https\n200");
        // ASGI has the whole path in `path`, the mount included.
        assert_eq!(of("/live/x"), "/live|/live/x\n200");
        assert_eq!(of("/raw/x"), "|/raw/x\n200");
    }
}

#[test]
fn reload_replaces_the_workers_of_pools_that_changed() {
    let server = serve(directory(SITES), &[]);
    let write = |text: &str| std::fs::write(server.directory().join("tlsgi.toml"), text).expect("written");
    let identity = |path: &str| parts(&ask(&server, "https", "shop.test", path, &[])).1;
    let both = || (identity("/"), identity("/api"));
    let reloads = std::cell::Cell::new(0);
    let reload = || {
        reloads.set(reloads.get() + 1);
        server.signal("HUP");
        let count = || server.log().lines().filter(|line| line.ends_with(" reloaded")).count();
        server.wait_until(|| count() == reloads.get(), "the reload");
        server.wait_until(|| server.workers().len() == 2, "the end of those that were replaced");
    };
    let first = both();
    let toml = SITES.replace("max-age=100", "max-age=101");
    write(&toml);
    reload();
    assert_eq!(both(), first, "a site changed, no application");
    assert!(ask(&server, "https", "shop.test", "/", &[]).ends_with("max-age=101"));
    let toml = toml.replace("threads = 2", "threads = 3");
    write(&toml);
    reload();
    let second = both();
    assert!(second.0 != first.0 && second.1 == first.1, "{first:?} {second:?}");
    std::fs::write(server.directory().join("helper.py"), "").expect("written");
    write(&toml.replace("max-age=101", "max-age=102"));
    reload();
    let third = both();
    assert!(third.0 != second.0 && third.1 != second.1, "the code changed: {second:?} {third:?}");
    reload();
    let fourth = both();
    assert!(
        fourth.0 != third.0 && fourth.1 != third.1,
        "nothing is new that the server knows of: {third:?} {fourth:?}"
    );
}

#[test]
fn pool_that_cannot_be_imported_is_named() {
    let broken = format!("{SITES}\n[pool.broken]\napp = \"broken.py\"\n");
    let directory = directory(&broken);
    std::fs::write(directory.path().join("broken.py"), "import nothing_of_this_name\n").expect("written");
    for (words, expected) in [(&["serve", "--bind", "127.0.0.1:0"][..], 3), (&["check"], 3)] {
        let output = tlsgi(directory.path(), words).output().expect("runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{text}");
        assert!(text.contains("pool broken: ") && text.contains("nothing_of_this_name"), "{text}");
    }
    std::fs::write(directory.path().join("tlsgi.toml"), SITES).expect("written");
    let server = serve(directory, &[]);
    std::fs::write(server.directory().join("tlsgi.toml"), &broken).expect("written");
    server.signal("HUP");
    server.wait_for_log("pool broken: ");
    check(&ask(&server, "https", "shop.test", "/", &[]), "main", "|/|https\n200  max-age=100");
}

#[test]
fn changed_code_reloads_the_pools_that_import_it() {
    let directory = directory("");
    let source = |text: &str| APPLICATION.replace("os.environ.get(\"NAME\", \"-\")", &format!("{text:?}"));
    for pool in ["one", "two"] {
        let folder = directory.path().join(pool);
        std::fs::create_dir(&folder).expect("created");
        std::fs::write(folder.join("application.py"), source(pool)).expect("written");
    }
    let pools = "route = { \"/one\" = \"pool:one\", \"/two\" = \"pool:two\" }\n[pool.one]\napp = \"application.py\"\n\
                 chdir = \"one\"\n[pool.two]\napp = \"application.py\"\nchdir = \"two\"\n";
    std::fs::write(directory.path().join("tlsgi.toml"), pools).expect("written");
    let server = serve(directory, &["--reload"]);
    let of = |path: &str| parts(&ask(&server, "https", "localhost", path, &[]));
    let before = (of("/one"), of("/two"));
    std::fs::write(server.directory().join("two/application.py"), source("new")).expect("written");
    server.wait_until(|| of("/two").0 == "new", "the new code");
    assert_eq!(of("/one"), before.0, "the other pool's worker goes on");
    assert_ne!(of("/two").1, before.1.1);
    std::fs::write(server.directory().join("one/application.py"), "broken(\n").expect("written");
    server.wait_for_log("pool one: ");
    assert_eq!((of("/one"), of("/two").0), (before.0, "new".to_owned()));
}

#[test]
fn address_that_cannot_be_had_is_shown_in_the_file() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let directory = directory(&format!("app = \"application.py\"\nbind = [\n  \"{address}\",\n]\n"));
    let output = tlsgi(directory.path(), &["serve"]).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("--> tlsgi.toml:3:3"), "{text}");
}

#[test]
fn check_looks_at_the_certificates_of_all_sites() {
    let directory = directory(&SITES.replace("mount = \"/in\"", "certfile = \"own.pem\""));
    let check = || tlsgi(directory.path(), &["check"]).output().expect("runs");
    let output = check();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && text.contains("plain.test"), "it is not for that name: {text}");
    std::fs::remove_file(directory.path().join("own.pem")).expect("removed");
    let output = check();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("own.pem") && text.contains("tlsgi.toml:"), "it points into the file: {text}");
    let more =
        "\n[[site]]\nserver-name = \"last.test\"\ncertfile = \"missing.pem\"\n[pool.broken]\napp = \"gone.py\"\n";
    let toml = std::fs::read_to_string(directory.path().join("tlsgi.toml")).expect("read");
    std::fs::write(directory.path().join("tlsgi.toml"), toml + more).expect("written");
    let output = check();
    let text = String::from_utf8_lossy(&output.stderr);
    for expected in ["own.pem", "missing.pem", "pool broken: "] {
        assert!(text.contains(expected), "all that is wrong is said: {text}");
    }
    assert_eq!((output.status.code(), text.matches("--> tlsgi.toml:").count()), (Some(4), 4), "{text}");
}

/// Client certificates: one site wants those of one authority, one those of another, one none.
struct Separated {
    server: Server,
    alice: String,
    bob: String,
}

impl Separated {
    fn start() -> Self {
        let directory = directory("");
        let holder = |authority: &str, name: &str| {
            let folder = directory.path().join(authority);
            std::fs::create_dir(&folder).expect("created");
            let issued = Authority::root(&folder, authority).client();
            let parts = [&issued.certificate, &issued.key].map(|file| std::fs::read_to_string(file).expect("read"));
            let file = directory.path().join(format!("{name}.pem"));
            std::fs::write(&file, parts.concat()).expect("written");
            file.display().to_string()
        };
        let (alice, bob) = (holder("one", "alice"), holder("two", "bob"));
        let toml = "app = \"application.py\"\n[[site]]\nserver-name = \"open.test\"\n\
                    [[site]]\nserver-name = \"one.test\"\nclient-ca = \"one/one.pem\"\nclient-cert = \"require\"\n\
                    [[site]]\nserver-name = \"two.test\"\nclient-ca = \"two/two.pem\"\nclient-cert-path = \"/in\"\n";
        std::fs::write(directory.path().join("tlsgi.toml"), toml).expect("written");
        Self { server: serve(directory, &[]), alice, bob }
    }

    fn ask(&self, host: &str, path: &str, more: &[&str]) -> String {
        let answer = ask(&self.server, "https", host, path, more);
        answer.lines().last().unwrap_or_default().to_owned()
    }
}

#[test]
fn client_rules_of_one_site_are_not_those_of_another() {
    let separated = Separated::start();
    let (alice, bob) = (separated.alice.as_str(), separated.bob.as_str());
    for version in ["--http1.1", "--http2"] {
        for (host, path, client, expect) in [
            ("open.test", "/", None, "200"),
            ("open.test", "/", Some(alice), "200"),
            ("one.test", "/", None, "403"),
            ("one.test", "/", Some(alice), "200"),
            ("one.test", "/", Some(bob), "403"),
            ("two.test", "/", None, "200"),
            ("two.test", "/in", None, "403"),
            ("two.test", "/in", Some(alice), "403"),
            ("two.test", "/in", Some(bob), "200"),
            ("two.test", "/x/..//in", Some(alice), "403"),
        ] {
            let certificate: Vec<&str> = client.map(|file| vec!["--cert", file]).unwrap_or_default();
            let words: Vec<&str> = [version].into_iter().chain(certificate).collect();
            assert_eq!(separated.ask(host, path, &words), expect, "{host}{path} as {client:?} by {version}");
        }
        // Under the name of another site's handshake there is nothing, whoever asks.
        for (sni, host) in
            [("open.test", "one.test"), ("one.test", "two.test"), ("two.test", "one.test"), ("one.test", "open.test")]
        {
            let field = format!("Host: {host}");
            let words = [version, "--cert", alice, "-H", &field];
            assert_eq!(separated.ask(sni, "/in", &words), "421", "{host} by the handshake of {sni}");
        }
    }
}

#[test]
fn session_of_one_site_is_not_resumed_at_another() {
    let separated = Separated::start();
    let port = separated.server.https.port();
    let ticket = separated.server.directory().join("session");
    let connect = |name: &str, certificate: &str, keep: &str| {
        let mut openssl = Command::new("openssl");
        let address = format!("127.0.0.1:{port}");
        openssl.args(["s_client", "-connect", &address, "-servername", name, "-cert", certificate, keep]).arg(&ticket);
        openssl.args(["-ign_eof", "-quiet", "-msg"]).stdin(std::process::Stdio::piped());
        openssl.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = openssl.spawn().expect("openssl runs");
        let request = format!("GET /in HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), request.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("openssl ends");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // A server that resumes sends no certificate.
        (text.contains("Certificate\n") || text.contains(", Certificate"), text)
    };
    let (is_full, text) = connect("one.test", &separated.alice, "-sess_out");
    assert!(is_full && text.contains("HTTP/1.1 200"), "{text}");
    for (name, expect) in [("open.test", "HTTP/1.1 200"), ("two.test", "HTTP/1.1 403")] {
        let (is_full, text) = connect(name, &separated.alice, "-sess_in");
        assert!(is_full && text.contains(expect), "{name}: {text}");
    }
    let (is_full, text) = connect("one.test", &separated.alice, "-sess_in");
    assert!(!is_full && text.contains("HTTP/1.1 200"), "at home it is resumed: {text}");
}
