//! The access log as operators read it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Server, command, example, python, read_answer};

/// Lines of the file, once there are so many.
fn lines(server: &Server, path: &Path, count: usize) -> Vec<String> {
    let read = || fs::read_to_string(path).unwrap_or_default();
    server.wait_until(|| read().lines().count() >= count, "lines in the access log");
    read().lines().map(str::to_owned).collect()
}

fn start(directory: &tempfile::TempDir, more: &[&str]) -> (Server, PathBuf) {
    let path = directory.path().join("access.log");
    let name = path.display().to_string();
    let arguments = [&["--access-log", name.as_str()], more].concat();
    (Server::start(&example("wsgi_app.py"), &arguments), path)
}

#[test]
fn every_request_is_one_line_with_its_tls_version_and_id() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let (server, path) = start(&directory, &[]);
    let fields = "Host: localhost\r\nConnection: close\r\nUser-Agent: a\" b\\\r\n";
    assert_eq!(server.request(&format!("GET /a?b=c HTTP/1.1\r\n{fields}\r\n")).status, 200);
    server.plain("GET /plain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let lines = lines(&server, &path, 2);
    let tls = lines.iter().find(|line| line.contains("/a?b=c")).expect("the request");
    assert!(tls.starts_with("127.0.0.1 - - ["), "{tls}");
    assert!(tls.contains("] \"GET /a?b=c HTTP/1.1\" 200 "), "{tls}");
    assert!(tls.contains(" \"-\" \"a\\x22 b\\x5C\" TLSv1.3 "), "{tls}");
    let id = tls.rsplit(' ').nth(1).expect("an id");
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{tls}");
    let plain = lines.iter().find(|line| line.contains("/plain")).expect("the request");
    assert!(plain.contains("\" 301 ") && plain.contains("\" - "), "{plain}");
}

#[test]
fn json_lines_are_objects() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let (server, path) = start(&directory, &["--access-log-format", "json"]);
    assert_eq!(server.get("/x?y=z").status, 200);
    let lines = lines(&server, &path, 1);
    let object: serde_json::Value = serde_json::from_str(&lines[0]).expect("JSON");
    for (key, expect) in
        [("method", "GET"), ("path", "/x"), ("query", "y=z"), ("tls", "TLSv1.3"), ("host", "localhost")]
    {
        assert_eq!(object[key], expect, "{key}: {object}");
    }
    assert_eq!(object["status"], 200);
    assert!(object["worker"].is_u64() && object["duration_ms"].is_f64(), "{object}");
}

#[test]
fn id_on_the_error_page_is_the_one_in_the_log() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mount = format!("/static={}", directory.path().display());
    let (server, path) = start(&directory, &["--static", &mount]);
    let page = server.get("/static/missing").text();
    let lines = lines(&server, &path, 1);
    let id = lines[0].rsplit(' ').nth(1).expect("an id");
    assert!(page.contains(id), "{id} in {page}");
}

#[test]
fn last_lines_are_there_after_the_stop() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let (server, path) = start(&directory, &[]);
    for number in 0..20 {
        assert_eq!(server.get(&format!("/{number}")).status, 200);
    }
    assert_eq!(server.stop(), Some(0));
    assert_eq!(fs::read_to_string(&path).expect("the log").lines().count(), 20);
}

#[test]
fn lines_go_to_standard_error_unless_switched_off() {
    let server = Server::start(&example("wsgi_app.py"), &[]);
    assert_eq!(server.get("/loud").status, 200);
    server.wait_for_log("\"GET /loud HTTP/1.1\" 200");
    let mut server = Server::start(&example("wsgi_app.py"), &["--no-access-log"]);
    assert_eq!(server.get("/quiet").status, 200);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    server.wait_for_log("stopping");
    assert!(!server.log().contains("/quiet"), "{}", server.log());
}

#[test]
fn log_that_nobody_reads_holds_no_request_up() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let fifo = directory.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
    let mut shell = Command::new("sh");
    // Opened for both ends, so that it takes what a pipe holds and then no more.
    shell.args(["-c", "exec \"$@\" 2<>\"$0\""]).arg(&fifo).arg(command().get_program());
    shell.args(["serve", &example("wsgi_app.py"), "--host", "127.0.0.1", "--https-port", "0", "--port", "0"]);
    shell.arg("--python").arg(python()).arg("--state-dir").arg(directory.path().join("state"));
    shell.args(["--log-level", "debug"]);
    let server = Server::run_by(directory, shell);
    let mut stream = server.connect();
    for number in 0..2000 {
        let request = format!("GET /static/{number} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("written");
        assert_eq!(read_answer(&mut stream).status, 200);
    }
    assert_eq!(server.get("/last").status, 200);
    assert_eq!(server.stop(), Some(0));
}
