//! What the pages of other servers print is typed with tlsgi in front, and does what the page says.

use std::path::Path;
use std::process::Command;

use crate::harness::{Server, command, python};

/// Says which copy of the application answered, over what, and who the client is.
const APPLICATION: &str = r#"
import os
copy = object()
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    client = environ.get("SSL_CLIENT_S_DN", "nobody")
    tls = environ.get("SSL_CIPHER", "none")
    path = environ["SCRIPT_NAME"] + "|" + environ["PATH_INFO"]
    text = f"{os.getpid()}/{id(copy)} {environ['wsgi.url_scheme']} {client} {tls} {path}"
    return [text.encode("latin-1")]
"#;

const NAME: &str = "www.example.com";

/// A directory with the application, a certificate for localhost and the name, and a CA with a client.
pub(crate) fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("temporary directory");
    for file in ["wsgi.py", "instruments.wsgi"] {
        std::fs::write(directory.path().join(file), APPLICATION).expect("application");
    }
    certificates(directory.path());
    let openssl = |line: &str| openssl(directory.path(), line);
    openssl("req -x509 -newkey rsa:2048 -nodes -days 365 -keyout ca.key -out client-ca.crt -subj /CN=Clients");
    openssl("req -new -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj /CN=Client-01");
    openssl("x509 -req -days 365 -in client.csr -CA client-ca.crt -CAkey ca.key -set_serial 1 -out client.crt");
    directory
}

pub(crate) fn openssl(directory: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(directory).output().expect("openssl runs");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A new certificate of the server, in place of the one before.
pub(crate) fn certificates(directory: &Path) {
    openssl(
        directory,
        "req -x509 -newkey rsa:2048 -nodes -days 365 -keyout new.key -out new.crt -subj /CN=localhost -addext \
         subjectAltName=DNS:localhost,DNS:www.example.com,IP:127.0.0.1",
    );
    for (made, name) in [("new.key", "server.key"), ("new.crt", "server.crt")] {
        std::fs::rename(directory.join(made), directory.join(name)).expect("in place");
    }
}

/// Runs `tlsgi WORDS` there.
pub(crate) fn serve(directory: tempfile::TempDir, words: &[&str]) -> Server {
    let mut command = command();
    command.current_dir(directory.path()).args(words);
    command.env("TLSGI_HOST", "127.0.0.1").env("TLSGI_PYTHON", python());
    command.env("TLSGI_STATE_DIR", directory.path().join("state"));
    Server::run_by(directory, command)
}

/// `tlsgi mod_wsgi-express start-server wsgi.py` on free ports, with these words too.
pub(crate) fn express(more: &[&str]) -> Server {
    let first = ["mod_wsgi-express", "start-server", "wsgi.py", "--port", "0", "--https-port", "0"];
    let certificate = ["--ssl-certificate-file", "./server.crt", "--ssl-certificate-key-file", "./server.key"];
    serve(directory(), &[&first[..], &certificate, more].concat())
}

/// Apache's configuration on free ports; `DIR` stands for the directory, and ports 80 and 443 for free ones.
pub(crate) fn apache(text: &str) -> Server {
    let directory = directory();
    let text = text.replace("DIR", &directory.path().display().to_string());
    let text = text.replace("*:80>", "127.0.0.1:0>").replace("*:443>", "127.0.0.1:0>");
    std::fs::write(directory.path().join("site.conf"), text).expect("configuration");
    serve(directory, &["apache", "site.conf"])
}

/// uWSGI's configuration, in an ini file.
fn uwsgi(text: &str) -> Server {
    let directory = directory();
    std::fs::write(directory.path().join("uwsgi.ini"), text).expect("configuration");
    serve(directory, &["uwsgi", "uwsgi.ini"])
}

/// What real curl prints, head included; nothing but the exit code where it fails.
pub(crate) fn fetch(server: &Server, scheme: &str, path: &str, more: &[&str]) -> String {
    let port = if scheme == "https" { server.https.port() } else { server.http.expect("a plain listener").port() };
    let mut curl = Command::new("curl");
    curl.current_dir(server.directory()).args(["--silent", "--include", "--max-time", "30", "--cacert", "server.crt"]);
    curl.args(["--resolve", &format!("{NAME}:{port}:127.0.0.1")]).args(more);
    let output = curl.arg(format!("{scheme}://{NAME}:{port}{path}")).output().expect("curl runs");
    assert!(output.status.success(), "{output:?}; log:\n{}", server.log());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

pub(crate) fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let lines = answer.lines().skip(1).take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_once(": "))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Process and object of the copy that answered.
pub(crate) fn copy(answer: &str) -> String {
    assert_eq!(status(answer), 200, "{answer}");
    let body = answer.rsplit("\r\n").next().unwrap_or_default();
    body.split(' ').next().expect("a body").to_owned()
}

/// Both ports are served by one copy of the application.
fn check_one_copy(server: &Server) {
    let (secure, plain) = (fetch(server, "https", "/", &[]), fetch(server, "http", "/", &[]));
    assert_eq!(copy(&secure), copy(&plain));
    assert!(secure.contains(" https ") && plain.contains(" http "), "{secure}\n{plain}");
    assert_eq!(field(&plain, "location"), None);
}

/// Plain HTTP is sent to the same place over https.
fn check_redirect(server: &Server, port: u16) {
    let host = if port == 443 { NAME.to_owned() } else { format!("{NAME}:{port}") };
    for (more, expect) in [(&[][..], 301), (&["--data", "x"][..], 308)] {
        let answer = fetch(server, "http", "/a%20b?c=%20d", more);
        assert_eq!(status(&answer), expect, "{answer}");
        assert_eq!(field(&answer, "location"), Some(format!("https://{host}/a%20b?c=%20d").as_str()));
        assert_eq!(field(&answer, "strict-transport-security"), None);
    }
    copy(&fetch(server, "https", "/", &[]));
}

/// Only who has a certificate gets in under the prefix, on whichever port.
pub(crate) fn check_certificates(server: &Server, prefix: &str) {
    let with_certificate = ["--cert", "client.crt", "--key", "client.key"];
    let denied = fetch(server, "https", prefix, &[]);
    assert_eq!(status(&denied), 403, "{denied}");
    let answer = fetch(server, "https", prefix, &with_certificate);
    copy(&answer);
    if server.http.is_some() {
        assert_ne!(status(&fetch(server, "http", prefix, &[])), 200, "plain HTTP reaches {prefix}");
    }
}

#[test]
fn express_serves_both_ports_from_one_copy() {
    let server = express(&[]);
    check_one_copy(&server);
    assert!(server.log().contains("does not listen without `--server-name`"), "{}", server.log());
}

#[test]
fn express_redirects_when_only_https_is_wanted() {
    let server = express(&["--https-only"]);
    check_redirect(&server, server.https.port());
    assert_eq!(field(&fetch(&server, "https", "/", &[]), "strict-transport-security"), None);
}

#[test]
fn express_sends_the_documented_hsts_policy() {
    let policy = "max-age=63072000; includeSubDomains; preload";
    let server = express(&["--https-only", "--hsts-policy", policy]);
    check_redirect(&server, server.https.port());
    assert_eq!(field(&fetch(&server, "https", "/", &[]), "strict-transport-security"), Some(policy));
}

#[test]
fn express_asks_for_certificates_under_a_prefix() {
    let rule = ["--ssl-ca-certificate-file", "./client-ca.crt", "--ssl-verify-client", "/api/", "--ssl-environment"];
    let server = express(&rule);
    check_certificates(&server, "/api/x");
    check_one_copy(&server);
    let answer = fetch(&server, "https", "/api/x", &["--cert", "client.crt", "--key", "client.key"]);
    assert!(answer.contains("CN=Client-01") && !answer.contains(" none "), "{answer}");
}

#[test]
fn express_takes_the_prefix_of_both_files_and_names() {
    let words = ["mod_wsgi-express", "start-server", "wsgi.py", "--port", "0", "--https-port", "0"];
    let more = ["--ssl-certificate", "server", "--server-name", NAME, "--mount-point", "/app"];
    let server = serve(directory(), &[&words[..], &more].concat());
    assert!(fetch(&server, "https", "/app/x", &[]).ends_with(" /app|/x"));
    let other = fetch(&server, "https", "/app/x", &["--header", "Host: other.example.org"]);
    assert_eq!(status(&other), 421, "{other}");
}

#[test]
fn express_setup_writes_what_can_be_started() {
    let directory = directory();
    let mut setup = command();
    setup.current_dir(directory.path()).args(["mod_wsgi-express", "setup-server", "wsgi.py", "--server-root", "etc"]);
    setup.args([
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--https-port",
        "0",
        "--ssl-certificate",
        "server",
        "--https-only",
    ]);
    let output = setup.output().expect("tlsgi runs");
    assert!(output.status.success(), "{output:?}");
    let mut control = Command::new(directory.path().join("etc/apachectl"));
    control.arg("start").current_dir("/").env("TLSGI", env!("CARGO_BIN_EXE_tlsgi")).env("TLSGI_PYTHON", python());
    control.env("TLSGI_STATE_DIR", directory.path().join("state"));
    let server = Server::run_by(directory, control);
    check_redirect(&server, server.https.port());
    let stopped = Command::new(server.directory().join("etc/apachectl")).arg("stop").status().expect("the script runs");
    assert!(stopped.success());
    let mut server = server;
    assert_eq!(server.wait(), Some(0));
}

/// The pair of virtual hosts of the page on HTTPS.
pub(crate) const PAIR: &str = "
<VirtualHost *:80>
    ServerName www.example.com
    WSGIDaemonProcess example processes=1 threads=15
    WSGIProcessGroup example
    WSGIApplicationGroup %{GLOBAL}
    WSGIScriptAlias / DIR/wsgi.py
    <Directory DIR>
        Require all granted
    </Directory>
</VirtualHost>
<VirtualHost *:443>
    ServerName www.example.com
    SSLEngine on
    SSLCertificateFile DIR/server.crt
    SSLCertificateKeyFile DIR/server.key
    WSGIProcessGroup example
    WSGIApplicationGroup %{GLOBAL}
    WSGIScriptAlias / DIR/wsgi.py
    <Directory DIR>
        Require all granted
    </Directory>
</VirtualHost>
";

/// The virtual host for HTTPS alone; `MORE` stands for what is added.
const SECURE: &str = "
<VirtualHost *:443>
    ServerName www.example.com
    SSLEngine on
    SSLCertificateFile DIR/server.crt
    SSLCertificateKeyFile DIR/server.key
    WSGIDaemonProcess example
    WSGIProcessGroup example
    WSGIScriptAlias / DIR/wsgi.py
    MORE
</VirtualHost>
";

#[test]
fn apache_pairs_virtual_hosts_of_one_name() {
    check_one_copy(&apache(PAIR));
}

#[test]
fn apache_points_out_two_pools_and_runs_one() {
    let twice = PAIR.replace("    SSLEngine on\n", "    SSLEngine on\n    WSGIDaemonProcess secure\n");
    let (first, second) = twice.split_at(twice.find("SSLEngine").expect("the second host"));
    let server = apache(&format!("{first}{}", second.replace("WSGIProcessGroup example", "WSGIProcessGroup secure")));
    assert!(server.log().contains("two copies of the application"), "{}", server.log());
    check_one_copy(&server);
}

#[test]
fn apache_shares_the_pool_that_the_first_virtual_host_declares() {
    let directory = "
    <Directory DIR>
        WSGIProcessGroup instruments_t
        WSGIApplicationGroup %{GLOBAL}
        WSGIScriptReloading On
        Order deny,allow
        Allow from all
    </Directory>
</VirtualHost>
";
    let plain = "
<VirtualHost *:80>
    ServerName www.example.com

    WSGIDaemonProcess instruments_t umask=0002 threads=5 home=DIR
    WSGIScriptAlias / DIR/instruments.wsgi
";
    let secure = "
<VirtualHost *:443>
    ServerName www.example.com

    WSGIScriptAlias / DIR/instruments.wsgi

    SSLEngine On
    SSLCertificateFile DIR/server.crt
    SSLCertificateKeyFile DIR/server.key
    SSLCertificateChainFile DIR/client-ca.crt
";
    check_one_copy(&apache(&[plain, directory, secure, directory].concat()));
}

#[test]
fn apache_redirects_and_sends_hsts() {
    let policy = "max-age=63072000; includeSubDomains; preload";
    let header = format!("Header always set Strict-Transport-Security \\\n        \"{policy}\"");
    let redirect = "<VirtualHost *:80>\nServerName www.example.com\nRedirect permanent / https://www.example.com/\n</VirtualHost>\n";
    let server = apache(&(redirect.to_owned() + &SECURE.replace("MORE", &header)));
    check_redirect(&server, 443);
    assert_eq!(field(&fetch(&server, "https", "/", &[]), "strict-transport-security"), Some(policy));
}

#[test]
fn apache_asks_for_certificates_in_a_location() {
    let more = "SSLCACertificateFile DIR/client-ca.crt
    SSLOptions +StdEnvVars
    <Location /api/>
        SSLVerifyClient require
        SSLVerifyDepth 1
    </Location>";
    let server = apache(&SECURE.replace("MORE", more));
    check_certificates(&server, "/api/x");
    copy(&fetch(&server, "https", "/", &[]));
}

#[test]
fn apache_that_keeps_somebody_out_is_not_served() {
    let directory = directory();
    let text = SECURE.replace("MORE", "<Location /admin>\n        Require ip 10.0.0.0/8\n    </Location>");
    std::fs::write(directory.path().join("site.conf"), text).expect("configuration");
    let output = command().current_dir(directory.path()).args(["apache", "site.conf"]).output().expect("tlsgi runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("error: `Require` cannot be done") && told.contains("site.conf:11:9"), "{told}");
}

#[test]
fn uwsgi_serves_https_from_its_command_line() {
    for words in [
        &["--master", "--https", "127.0.0.1:0,server.crt,server.key"][..],
        &["--shared-socket", "127.0.0.1:0", "--https", "=0,server.crt,server.key", "--wsgi-file", "wsgi.py"],
        &["-w", "wsgi", "--https=127.0.0.1:0,server.crt,server.key"],
    ] {
        let server = serve(directory(), &[&["uwsgi"][..], words].concat());
        copy(&fetch(&server, "https", "/", &[]));
        assert_eq!(server.stop(), Some(0));
    }
}

#[test]
fn uwsgi_serves_both_ports_from_one_copy() {
    let text = "[uwsgi]\nmaster = true\nhttps = 127.0.0.1:0,server.crt,server.key\nhttp = 127.0.0.1:0\nmodule = wsgi\n";
    check_one_copy(&uwsgi(text));
}

#[test]
fn uwsgi_asks_for_certificates_as_the_fifth_field_says() {
    let text = |authority: &str| {
        format!(
            "[uwsgi]\nmaster = true\nshared-socket = 127.0.0.1:0\nhttps = =0,server.crt,server.key,HIGH,{authority}\n\
             wsgi-file = wsgi.py\n"
        )
    };
    check_certificates(&uwsgi(&text("!client-ca.crt")), "/");
    let optional = uwsgi(&text("client-ca.crt"));
    copy(&fetch(&optional, "https", "/", &[]));
    copy(&fetch(&optional, "https", "/", &["--cert", "client.crt", "--key", "client.key"]));
}

#[test]
fn uwsgi_redirects() {
    let text = "[uwsgi]\nhttps = 127.0.0.1:0,server.crt,server.key\nhttp-to-https = 127.0.0.1:0\nmodule = wsgi\n";
    check_redirect(&uwsgi(text), 443);
}

#[test]
fn uwsgi_mounts_several_applications() {
    let text =
        "[uwsgi]\nhttps = 127.0.0.1:0,server.crt,server.key\nmount = /one=wsgi.py\nmount = /two=wsgi:application\n";
    let server = uwsgi(text);
    assert!(fetch(&server, "https", "/one/x", &[]).ends_with(" /one|/x"));
    assert!(fetch(&server, "https", "/two/x", &[]).ends_with(" /two|/x"));
    assert_eq!(status(&fetch(&server, "https", "/three", &[])), 404);
}

#[test]
fn what_import_prints_is_served_the_same() {
    let directory = directory();
    let mut import = command();
    import.current_dir(directory.path()).args(["import", "mod_wsgi-express", "start-server", "wsgi.py"]);
    import.args([
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--https-port",
        "0",
        "--ssl-certificate",
        "server",
        "--https-only",
    ]);
    let output = import.output().expect("tlsgi runs");
    assert!(output.status.success(), "{output:?}");
    std::fs::write(directory.path().join("tlsgi.toml"), &output.stdout).expect("configuration");
    let server = serve(directory, &["--config", "tlsgi.toml"]);
    check_redirect(&server, server.https.port());
}

#[test]
fn a_reload_reads_the_files_of_a_dialect_again() {
    let server = uwsgi("[uwsgi]\nhttps = 127.0.0.1:0,server.crt,server.key\nmodule = wsgi\nworkers = 1\n");
    assert_eq!(server.workers().len(), 1);
    let ini: &Path = &server.directory().join("uwsgi.ini");
    let text = std::fs::read_to_string(ini).expect("configuration");
    std::fs::write(ini, text.replace("workers = 1", "workers = 2")).expect("configuration");
    server.signal("HUP");
    server.wait_until(|| server.workers().len() == 2, "two workers");
    copy(&fetch(&server, "https", "/", &[]));
}

/// Says what it finds in its environ.
const ENVIRON: &str = r#"
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr([environ.get(name) for name in ("STAGE", "FROM_OUTSIDE", "REMOTE_ADDR")]).encode()]
"#;

#[test]
fn variables_of_a_virtual_host_are_in_the_environ_of_every_request() {
    let directory = directory();
    std::fs::write(directory.path().join("wsgi.py"), ENVIRON).expect("application");
    let host = |port: &str, stage: &str| {
        format!(
            "<VirtualHost 127.0.0.1:0>\nServerName {port}.test\nSSLEngine on\nSSLCertificateFile DIR/server.crt\n\
             SSLCertificateKeyFile DIR/server.key\nWSGIProcessGroup app\nWSGIScriptAlias / DIR/wsgi.py\n\
             SetEnv STAGE {stage}\nPassEnv FROM_OUTSIDE\n</VirtualHost>\n"
        )
    };
    let text = format!("WSGIDaemonProcess app\n{}{}", host("one", "first"), host("two", "second"));
    let text = text.replace("DIR", &directory.path().display().to_string());
    std::fs::write(directory.path().join("site.conf"), text).expect("configuration");
    let mut command = command();
    command.current_dir(directory.path()).args(["apache", "site.conf"]).env("FROM_OUTSIDE", "a value");
    command.env("TLSGI_PYTHON", python()).env("TLSGI_STATE_DIR", directory.path().join("state"));
    let server = Server::run_by(directory, command);
    let port = server.https.port();
    // Both sites over one connection: each request has the variables of its own.
    let mut curl = Command::new("curl");
    for (number, name) in ["one", "two", "one"].into_iter().enumerate() {
        curl.args((number > 0).then_some("--next"));
        curl.args(["--silent", "--insecure", "--http1.1", "--max-time", "30", "--header", "STAGE: spoofed"]);
        curl.args(["--header", &format!("Host: {name}.test:{port}")]).arg(format!("https://127.0.0.1:{port}/"));
    }
    let output = curl.output().expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let told = |stage: &str| format!("['{stage}', 'a value', '127.0.0.1']");
    assert!(text.contains(&[told("first"), told("second"), told("first")].concat()), "{text}\n{}", server.log());
}

#[test]
fn touched_script_has_new_processes_and_its_new_code() {
    let server = express(&[]);
    let before = copy(&fetch(&server, "https", "/", &[]));
    let script = std::fs::read_to_string(server.directory().join("wsgi.py")).expect("script");
    std::fs::write(server.directory().join("wsgi.py"), script.replace("\"nobody\"", "\"somebody\"")).expect("written");
    server.wait_until(|| fetch(&server, "https", "/", &[]).contains("somebody"), "the new code");
    assert_ne!(copy(&fetch(&server, "https", "/", &[])), before);
}

/// What a configuration in Python has workers do.
const HOOKS: &str = r#"
def post_fork(server, worker):
    worker.log.info("hook post_fork %s", worker.pid)

def post_worker_init(worker):
    worker.log.info("hook post_worker_init %s", callable(worker.wsgi))

def pre_request(worker, req):
    worker.log.info("hook pre_request %s %s", req.method, req.path)

def post_request(worker, req, environ, resp):
    worker.log.info("hook post_request %s %s %s", req.path, resp.status, resp.sent > 0)

def worker_exit(server, worker):
    worker.log.info("hook worker_exit %s", worker.pid)
"#;

fn hooks(more: &[&str]) {
    let directory = directory();
    std::fs::write(directory.path().join("conf.py"), HOOKS).expect("configuration");
    let first = ["gunicorn", "--bind", "127.0.0.1:0", "--certfile", "server.crt", "--keyfile", "server.key"];
    let server = serve(directory, &[&first[..], &["-c", "conf.py"], more, &["wsgi:application"]].concat());
    let answer = fetch(&server, "https", "/page", &[]);
    let process = copy(&answer).split('/').next().expect("a process").to_owned();
    for line in [
        format!("hook post_fork {process}\n"),
        "hook post_worker_init True\n".to_owned(),
        "hook pre_request GET /page\n".to_owned(),
        "hook post_request /page 200 OK True\n".to_owned(),
    ] {
        server.wait_for_log(&line);
    }
    server.signal("HUP");
    server.wait_for_log(&format!("hook worker_exit {process}\n"));
}

#[test]
fn gunicorn_functions_of_workers_are_called() {
    hooks(&[]);
}

#[test]
fn gunicorn_functions_of_forked_workers_are_called() {
    hooks(&["--preload"]);
}

#[test]
fn redirects_of_a_virtual_host_lead_where_they_say() {
    let server = apache(
        "<VirtualHost *:443>\nServerName www.example.com\nSSLEngine on\nSSLCertificateFile DIR/server.crt\n\
         SSLCertificateKeyFile DIR/server.key\nWSGIDaemonProcess app\nWSGIProcessGroup app\nWSGIScriptAlias / DIR/wsgi.py\n\
         Redirect permanent /old /new\nRedirect /docs https://docs.example.com/\nRedirectMatch ^/$ /start\n</VirtualHost>\n",
    );
    let port = server.https.port();
    for (path, expect_status, location) in [
        ("/old/page?x=1", 301, format!("https://{NAME}:{port}/new/page?x=1")),
        ("/docs/a", 302, "https://docs.example.com/a".to_owned()),
        ("/", 302, format!("https://{NAME}:{port}/start")),
    ] {
        let answer = fetch(&server, "https", path, &[]);
        assert_eq!((status(&answer), field(&answer, "location")), (expect_status, Some(location.as_str())), "{path}");
    }
    assert_eq!(status(&fetch(&server, "https", "/older", &[])), 200);
}
