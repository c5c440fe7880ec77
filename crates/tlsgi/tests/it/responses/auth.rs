//! Basic authentication by a file of users.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{VERSIONS, ask, ask_url, written};
use crate::harness::{Server, command, python};

/// Says who it was told is there, and which fields came.
const WSGI: &str = r#"
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = ("REMOTE_USER", "AUTH_TYPE", "HTTP_AUTHORIZATION", "HTTP_REMOTE_USER", "HTTP_X_REMOTE_USER")
    return ["|".join(environ.get(name, "-") for name in names).encode("latin-1")]
"#;

const ASGI: &str = r#"
async def application(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only http")
    auth = scope["extensions"].get("tlsgi.auth")
    names = sorted(name.decode() for name, _ in scope["headers"] if b"auth" in name or b"user" in name)
    names = [name for name in names if name != "user-agent"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"{auth and sorted(auth.items())} {names}".encode()})
"#;

/// A file with `me` and `secret` in bcrypt and `you` and `other` in Apache's MD5.
fn users(directory: &Path) -> PathBuf {
    let path = directory.join("users");
    for (at, (form, user, password)) in [("-B", "me", "secret"), ("-m", "you", "other")].into_iter().enumerate() {
        let mut htpasswd = Command::new("htpasswd");
        htpasswd.arg(if at == 0 { "-cb" } else { "-b" }).arg(form).arg(&path).args([user, password]);
        let made = htpasswd.output().expect("htpasswd runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    Command::new("chmod").arg("600").arg(&path).status().expect("chmod runs");
    path
}

fn server(source: &str, more: &[&str]) -> (Server, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory").keep();
    let path = users(&directory);
    written(&directory.join("files"), "a.txt", b"a file");
    let mount = format!("/files={}", directory.join("files").display());
    let file = path.display().to_string();
    let all: Vec<&str> =
        ["--basic-auth-file", &file, "--static", &mount].into_iter().chain(more.iter().copied()).collect();
    (Server::with_source(source, &all), path)
}

#[test]
fn users_of_the_file_are_let_in_and_nobody_else() {
    let (server, _) = server(WSGI, &["--basic-auth-realm", "Members only"]);
    for version in VERSIONS {
        for path in ["/", "/files/a.txt", "/files/none", "/any%2fthing"] {
            let asked = ask(&server, path, &[version]);
            assert_eq!(asked.status, "401", "{version} {path}");
            assert_eq!(asked.field("www-authenticate"), "Basic realm=\"Members only\", charset=\"UTF-8\"", "{version}");
            for wrong in ["me:other", "you:secret", "nobody:secret", "me:", ":secret", "ME:secret"] {
                assert_eq!(ask(&server, path, &[version, "--user", wrong]).status, "401", "{version} {path} {wrong}");
            }
        }
        assert_eq!(ask(&server, "/files/a.txt", &[version, "--user", "you:other"]).text(), "a file", "{version}");
        assert_eq!(ask(&server, "/files/none", &[version, "--user", "you:other"]).status, "404", "{version}");
        let forged = ["-H", "Remote-User: root", "-H", "X-Remote-User: root", "-H", "Remote.User: root"];
        for user in ["me:secret", "you:other"] {
            let words: Vec<&str> = [version, "--user", user].into_iter().chain(forged).collect();
            let name = user.split(':').next().expect("a name");
            assert_eq!(ask(&server, "/", &words).text(), format!("{name}|Basic|-|-|-"), "{version}");
        }
        // Two users on one connection are told apart.
        let url = server.url("/");
        let both = [version, "--user", "me:secret", &url, "--next", version, "--silent", "--user", "you:other", &url];
        let output = server.curl(&[&both[..], &["--cacert", &server.root().display().to_string()]].concat());
        assert_eq!(String::from_utf8_lossy(&output.stdout), "me|Basic|-|-|-you|Basic|-|-|-", "{version}");
    }
    let port = server.http.expect("a plain listener").port();
    let plain = ask_url(&server, &format!("http://localhost:{port}/"), &["--user", "me:secret"]);
    assert_eq!((plain.status.as_str(), plain.field("www-authenticate").as_str()), ("301", ""));
    server.wait_for_log("error=password-rejected");
    assert!(!server.log().contains("secret"), "{}", server.log());
}

#[test]
fn asgi_applications_are_told_in_an_extension() {
    let (quiet, _) = server(ASGI, &[]);
    let (forwarding, _) = server(ASGI, &["--basic-auth-forward"]);
    for version in VERSIONS {
        let words = [version, "--user", "me:secret"];
        assert_eq!(ask(&quiet, "/", &words).text(), "[('type', 'Basic'), ('user', 'me')] []", "{version}");
        let told = ask(&forwarding, "/", &words).text();
        assert_eq!(told, "[('type', 'Basic'), ('user', 'me')] ['authorization']", "{version}");
    }
}

#[test]
fn prefixes_have_their_own_users_and_exceptions() {
    let (server, _) = server(
        WSGI,
        &[
            "--basic-auth-path",
            "/admin",
            "--basic-auth-path",
            "/admin/help=none",
            "--basic-auth-user",
            "/admin=you",
            "--client-cert-headers",
            "--response-header",
            "X-Own: 1",
            "--error-page",
            "401=text:who are you?",
        ],
    );
    for version in VERSIONS {
        for path in ["/", "/administrator", "/admin/help", "/files/a.txt"] {
            assert_eq!(ask(&server, path, &[version]).status, "200", "{version} {path}");
        }
        for path in ["/admin", "/%61dmin/x", "//admin", "/x/../admin", "/admin/help/../x", "/x%2f..%2fadmin"] {
            let asked = ask(&server, path, &[version]);
            assert_eq!((asked.status.as_str(), asked.text().as_str()), ("401", "who are you?"), "{version} {path}");
            assert_eq!(asked.field("x-own"), "1", "{version} {path}");
            assert_eq!(ask(&server, path, &[version, "--user", "me:secret"]).status, "401", "{version} {path}");
            assert_eq!(ask(&server, path, &[version, "--user", "you:other"]).status, "200", "{version} {path}");
        }
        // What nobody is asked for is the application's, but no name is taken from a client.
        let open = ask(&server, "/", &[version, "--user", "me:secret", "-H", "Remote-User: root"]);
        assert_eq!(open.text(), "-|-|-|-|-", "{version}");
    }
}

#[test]
fn changed_file_holds_without_a_reload() {
    let (server, path) = server(WSGI, &[]);
    let status = |user: &str| ask(&server, "/", &["--user", user]).status;
    assert_eq!((status("me:secret"), status("you:other")), ("200".to_owned(), "200".to_owned()));
    let text = std::fs::read_to_string(&path).expect("the file");
    let rest: String = text.lines().filter(|line| !line.starts_with("me:")).map(|line| format!("{line}\n")).collect();
    written(path.parent().expect("a directory"), "users", rest.as_bytes());
    server.wait_until(|| status("me:secret") == "401", "the removed user to be refused");
    assert_eq!(status("you:other"), "200");
    written(path.parent().expect("a directory"), "users", b"me:plain\n");
    server.wait_for_log("line 1: plain passwords");
    assert_eq!((status("you:other"), status("me:plain")), ("200".to_owned(), "401".to_owned()));
}

#[test]
fn password_that_would_be_read_on_the_way_is_a_start_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let app = written(directory.path(), "application.py", WSGI.as_bytes());
    let file = users(directory.path()).display().to_string();
    let open = written(directory.path(), "open", b"me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n");
    Command::new("chmod").arg("644").arg(&open).status().expect("chmod runs");
    let plain = written(directory.path(), "plain", b"# users\nme:secret\n");
    let check = |words: &[&str]| {
        let mut tlsgi = command();
        tlsgi.args(["check", &app]).args(words).arg("--python").arg(python()).arg("--state-dir").arg(directory.path());
        let output = tlsgi.output().expect("runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (words, told) in [
        (&["--basic-auth-file", &file, "--allow-http"][..], "everybody on the way reads the passwords"),
        (&["--basic-auth-file", &plain], "line 2: plain passwords"),
        (&["--basic-auth-file", "/no/such/file"], "/no/such/file"),
        (&["--basic-auth-path", "/admin"], "needs `--basic-auth-file`"),
    ] {
        let (is_good, text) = check(words);
        assert!(!is_good && text.contains(told) && !text.contains("secret"), "{words:?}: {text}");
    }
    assert!(check(&["--basic-auth-file", &file, "--allow-http", "--basic-auth-plain"]).0);
    let (is_good, text) = check(&["--basic-auth-file", &open]);
    assert!(
        is_good && text.contains("plain SHA-1") && text.contains("everybody on this machine can read it"),
        "{text}"
    );
}
