//! Other servers' words for users, started by root: as whom is served, that nobody gets root back, and that pools are strangers.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Server, command};
use crate::privileges::{BLOG, Ground, SHOP, ground, has_no_powers, status};

/// A key that only root can read, its certificate, and a configuration in whose files `DIR` is the directory.
fn prepared(configuration: &str) -> Option<Ground> {
    let ground = ground()?;
    let directory = ground.directory.path();
    let line = "req -x509 -newkey rsa:2048 -nodes -days 9 -keyout server.key -out server.crt -subj /CN=localhost -addext \
                subjectAltName=DNS:localhost,DNS:shop.example.com,DNS:blog.example.com";
    let made = Command::new("openssl").args(line.split(' ')).current_dir(directory).output().expect("openssl runs");
    assert!(made.status.success(), "{made:?}");
    std::fs::set_permissions(ground.path("server.key"), PermissionsExt::from_mode(0o600)).expect("mode");
    let text = configuration.replace("DIR", &directory.display().to_string());
    std::fs::write(ground.path("site.conf"), text).expect("configuration");
    Some(ground)
}

fn typed(ground: &Ground, words: &str) -> Command {
    let mut command = command();
    command.current_dir(ground.directory.path()).args(words.split(' ')).env("XDG_RUNTIME_DIR", "/run/user/0");
    command.env("TLSGI_PYTHON", &ground.python).env("PYTHONPATH", ground.path("path"));
    command.env("TLSGI_STATE_DIR", ground.path("state"));
    command
}

fn start(ground: Ground, words: &str) -> Server {
    let command = typed(&ground, words);
    Server::run_by(ground.directory, command)
}

/// What the application says at this path, over the port of this scheme.
fn ask(server: &Server, scheme: &str, host: &str, path: &str) -> Value {
    let port = if scheme == "https" { server.https.port() } else { server.http.expect("a plain port").port() };
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--max-time", "30", "--cacert", "server.crt"]).current_dir(server.directory());
    curl.args(["--resolve", &format!("{host}:{port}:127.0.0.1"), &format!("{scheme}://{host}:{port}{path}")]);
    let output = curl.output().expect("curl runs");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{scheme}://{host}{path}: {error}: {}; log:\n{}", String::from_utf8_lossy(&output.stdout), server.log())
    })
}

/// The worker is SHOP, and neither it nor the front can become anybody else, read the key or touch the supervisor.
fn has_given_up_root(server: &Server, host: &str) {
    let process = ask(server, "https", host, "/");
    assert_eq!(
        (&process["user"], &process["group"]),
        (&json!([SHOP, SHOP, SHOP]), &json!([SHOP, SHOP, SHOP])),
        "{process}"
    );
    assert_eq!(ask(server, "https", host, "/regain"), json!(vec!["PermissionError"; 5]));
    for file in ["server.key", "/etc/shadow"] {
        let path = server.directory().join(file);
        assert_eq!(ask(server, "https", host, &format!("/read?{}", path.display())), "PermissionError", "{file}");
    }
    assert_ne!(status(server.front(), "Uid").split(' ').next(), Some("0"));
    has_no_powers(server.front());
    for worker in server.workers() {
        assert_eq!(status(worker, "Uid"), [SHOP.to_string().as_str(); 4].join(" "));
        has_no_powers(worker);
    }
    let supervisor = ask(server, "https", host, &format!("/process?{}", server.pid()));
    assert_eq!(supervisor["signal"], "PermissionError", "{supervisor}");
}

fn gives_up_root(words: &str, configuration: &str, host: &str) {
    let Some(ground) = prepared(configuration) else { return };
    let server = start(ground, words);
    has_given_up_root(&server, host);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn uwsgi_gives_up_root_after_its_shared_socket_and_key() {
    let words = "uwsgi --shared-socket 127.0.0.1:0 --uid 54321 --gid 54321 --https =0,server.crt,server.key --wsgi-file application.py";
    gives_up_root(words, "", "localhost");
}

#[test]
fn uwsgi_gives_up_root_as_its_file_says() {
    let text = "[uwsgi]\nmaster = true\nshared-socket = 127.0.0.1:0\nuid = 54321\ngid = 54321\n\
                https = =0,server.crt,server.key,HIGH\nwsgi-file = application.py\n";
    gives_up_root("uwsgi --ini site.conf", text, "localhost");
}

#[test]
fn express_gives_up_root() {
    let words = "mod_wsgi-express start-server application.py --host 127.0.0.1 --port 0 --https-port 0 --ssl-certificate server \
                 --user #54321 --group #54321";
    gives_up_root(words, "", "localhost");
}

#[test]
fn gunicorn_gives_up_root() {
    let words =
        "gunicorn application -b 127.0.0.1:0 --certfile server.crt --keyfile server.key --user 54321 --group 54321";
    gives_up_root(words, "", "localhost");
}

#[test]
fn apache_gives_up_root_as_its_main_file_says() {
    let text = "
User #54321
Group #54321
<VirtualHost 127.0.0.1:0>
    ServerName shop.example.com
    WSGIDaemonProcess shop
    WSGIProcessGroup shop
    WSGIScriptAlias / DIR/application.py
    SSLEngine On
    SSLCertificateFile DIR/server.crt
    SSLCertificateKeyFile DIR/server.key
</VirtualHost>
";
    gives_up_root("apache site.conf", text, "shop.example.com");
}

/// A pair of hosts as documented; `NUMBER`, `NAME` and ports are filled in.
const PAIR: &str = "
<VirtualHost 127.0.0.1:PLAIN>
    ServerName NAME.example.com

    WSGIDaemonProcess NAME user=#NUMBER group=#NUMBER umask=0002 threads=5 home=DIR
    WSGIScriptAlias / DIR/application.py

    <Directory DIR>
        WSGIProcessGroup NAME
        WSGIApplicationGroup %{GLOBAL}
        WSGIScriptReloading On
        Order deny,allow
        Allow from all
    </Directory>
</VirtualHost>

<VirtualHost 127.0.0.1:SECURE>
    ServerName NAME.example.com

    WSGIScriptAlias / DIR/application.py

    SSLEngine On
    SSLCertificateFile DIR/server.crt
    SSLCertificateKeyFile DIR/server.key

    <Directory DIR>
        WSGIProcessGroup NAME
        WSGIApplicationGroup %{GLOBAL}
        WSGIScriptReloading On
        Order deny,allow
        Allow from all
    </Directory>
</VirtualHost>
";

fn pair(name: &str, number: u32, plain: u16, secure: u16) -> String {
    PAIR.replace("NAME", name)
        .replace("NUMBER", &number.to_string())
        .replace("PLAIN", &plain.to_string())
        .replace("SECURE", &secure.to_string())
}

#[test]
fn apache_pair_runs_as_its_user_in_its_directory_and_loads_changed_scripts() {
    let Some(ground) = prepared(&pair("shop", SHOP, 0, 0)) else { return };
    let server = start(ground, "apache site.conf");
    has_given_up_root(&server, "shop.example.com");
    let [secure, plain] = ["https", "http"].map(|scheme| ask(&server, scheme, "shop.example.com", "/"));
    assert_eq!(secure, plain, "one process, whatever the port");
    let worker = server.workers()[0];
    assert_eq!(status(worker, "Umask"), "0002");
    let directory = std::fs::read_link(format!("/proc/{worker}/cwd")).expect("a directory");
    assert_eq!(directory, server.directory().canonicalize().expect("a directory"));
    let script = server.directory().join("application.py");
    let text = std::fs::read_to_string(&script).expect("script").replace("\"pid\":", "\"changed\": 1, \"pid\":");
    std::fs::write(&script, text).expect("script");
    for scheme in ["https", "http"] {
        server.wait_until(|| ask(&server, scheme, "shop.example.com", "/")["changed"] == 1, "the changed script");
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn apache_hosts_of_different_users_are_strangers_to_each_other() {
    let Some(ground) = prepared(&(pair("shop", SHOP, 0, 0) + &pair("blog", BLOG, 0, 0))) else { return };
    let [shop, blog] = [ground.private_file("shop.txt", SHOP), ground.private_file("blog.txt", BLOG)];
    let server = start(ground, "apache site.conf");
    let asked = |pool: &str, path: &str| ask(&server, "https", &format!("{pool}.example.com"), path);
    let (own, other) = (asked("shop", "/"), asked("blog", "/"));
    assert_eq!((&own["user"][0], &other["user"][0]), (&json!(SHOP), &json!(BLOG)));
    let read = |pool: &str, file: &Path| asked(pool, &format!("/read?{}", file.display()));
    assert_eq!([read("shop", &shop), read("blog", &blog)], ["done", "done"]);
    assert_eq!([read("shop", &blog), read("blog", &shop)], ["PermissionError"; 2]);
    let processes = [other["pid"].clone(), json!(server.front()), json!(server.pid())];
    for process in processes {
        let attempts = asked("shop", &format!("/process?{process}"));
        let expect = json!({
            "signal": "PermissionError", "memory": "PermissionError", "environment": "PermissionError",
            "descriptors": "PermissionError", "trace": -1,
        });
        assert_eq!(attempts, expect, "{process}");
    }
    for descriptor in asked("shop", "/descriptors").as_array().expect("a list") {
        // A socket without a name and not listening: nothing that another pool could reach, or that it could be reached by.
        let [kind, name, listens] = [0, 1, 2].map(|at| &descriptor[at]);
        let is_pair = kind == "AF_UNIX" && name == "''";
        let is_own = kind.as_str().is_some_and(|kind| kind.starts_with("anon_inode:") || kind.starts_with("/proc"));
        assert!((is_pair || is_own) && listens == false, "{descriptor}");
    }
    assert_eq!(server.stop(), Some(0));
}

/// Runs a server in a network of its own, where every port is free, and asks it what a visitor asks: URLs, `--`, the command.
const NETWORK: &str = r#"
ip link set lo up || exit 77
urls=
while [ "$1" != -- ]; do urls="$urls $1"; shift; done
shift
"$@" >banner.txt 2>log.txt &
server=$!
for attempt in $(seq 600); do grep -q ' front ' banner.txt && break; kill -0 $server || break; sleep 0.1; done
for url in $urls; do
    curl --silent --max-time 20 --cacert server.crt --resolve '*:80:127.0.0.1' --resolve '*:443:127.0.0.1' \
        --write-out ' %{http_code} %{redirect_url}\n' "$url"
done
kill $server
wait $server
echo "ended with $?"
"#;

/// What was answered, one line for each URL; `None`, with the reason said, where no network can be made.
fn on_low_ports(words: &str, configuration: &str, urls: &[&str]) -> Option<Vec<String>> {
    let ground = prepared(configuration)?;
    let served = typed(&ground, words);
    let mut network = Command::new("unshare");
    network.args(["--net", "sh", "-c", NETWORK, "sh"]).args(urls).arg("--").arg(env!("CARGO_BIN_EXE_tlsgi"));
    network.args(served.get_args()).current_dir(ground.directory.path());
    network.envs(served.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = network.output().expect("unshare runs");
    let (text, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(77) || complaint.contains("unshare") {
        eprintln!("skipped: no network can be made here: {complaint}");
        return None;
    }
    let log = std::fs::read_to_string(ground.path("log.txt")).unwrap_or_default();
    assert!(text.ends_with("ended with 0\n"), "{text}{complaint}{log}");
    Some(text.lines().map(str::to_owned).collect())
}

fn is_served_as(line: &str, user: u32) {
    assert!(line.contains(&format!("\"user\": [{user}, {user}, {user}]")) && line.ends_with(" 200 "), "{line}");
}

#[test]
fn uwsgi_serves_443_as_another_user() {
    let words = "uwsgi --shared-socket 0.0.0.0:443 --uid 54321 --gid 54321 --https =0,server.crt,server.key --wsgi-file application.py";
    let Some(lines) = on_low_ports(words, "", &["https://localhost/"]) else { return };
    is_served_as(&lines[0], SHOP);
}

#[test]
fn express_serves_443_and_80_as_another_user() {
    let words = "mod_wsgi-express start-server application.py --port 80 --https-port 443 --ssl-certificate server --https-only \
                 --user #54321 --group #54321";
    let Some(lines) = on_low_ports(words, "", &["http://localhost/a", "https://localhost/"]) else { return };
    assert!(lines[0].ends_with(" 301 https://localhost/a"), "{lines:?}");
    is_served_as(&lines[1], SHOP);
}

#[test]
fn apache_serves_443_and_80_as_the_users_of_its_pools() {
    let text = "Listen 80\nListen 443\n".to_owned() + &pair("shop", SHOP, 80, 443) + &pair("blog", BLOG, 80, 443);
    let text = text.replace("127.0.0.1:", "*:");
    let urls = [
        "http://shop.example.com/",
        "https://shop.example.com/",
        "http://blog.example.com/",
        "https://blog.example.com/",
    ];
    let Some(lines) = on_low_ports("apache site.conf", &text, &urls) else { return };
    for (line, user) in lines.iter().zip([SHOP, SHOP, BLOG, BLOG]) {
        is_served_as(line, user);
    }
    assert_eq!((&lines[0], &lines[2]), (&lines[1], &lines[3]), "one process for both ports");
}

#[test]
fn gunicorn_serves_443_as_another_user() {
    let words =
        "gunicorn application -b 0.0.0.0:443 --certfile server.crt --keyfile server.key --user 54321 --group 54321";
    let Some(lines) = on_low_ports(words, "", &["https://localhost/"]) else { return };
    is_served_as(&lines[0], SHOP);
}
