//! Listening sockets that somebody else bound: systemd's way, and any parent's.

use std::io::Read;
use std::process::Command;

use crate::harness::{Server, example, python};

/// Binds two sockets on free ports, and becomes the server with them as descriptors 3 and 4.
const PARENT: &str = r#"
import fcntl, os, socket, sys
sockets = [socket.socket() for _ in range(2)]
for one in sockets:
    one.bind(("127.0.0.1", 0))
    one.listen()
copies = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10) for one in sockets]
for number, copy in zip((3, 4), copies):
    os.dup2(copy, number, inheritable=True)
if sys.argv[1] == "systemd":
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="https:http")
os.execv(sys.argv[2], sys.argv[2:])
"#;

fn start(manner: &str, more: &[&str]) -> Server {
    let directory = tempfile::tempdir().expect("directory");
    let mut command = Command::new(python());
    command.args(["-c", PARENT, manner, env!("CARGO_BIN_EXE_tlsgi"), "serve", &example("wsgi_app.py")]);
    command.arg("--python").arg(python()).arg("--state-dir").arg(directory.path().join("state")).args(more);
    Server::run_by(directory, command)
}

fn serves(server: &Server) {
    assert_eq!(server.get("/").status, 200);
    let redirect = server.plain("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let location = redirect.field("location").expect("a location").to_owned();
    assert_eq!((redirect.status, location), (301, server.url("/")));
}

#[test]
fn sockets_of_systemd_are_served_by_their_names_and_survive_reload_and_front() {
    let server = start("systemd", &[]);
    serves(&server);
    server.signal("HUP");
    server.wait_for_log("reloaded");
    serves(&server);
    let front = server.front();
    crate::harness::signal(front, "KILL");
    server.wait_until(
        || server.children().iter().any(|(pid, title)| *pid != front && title.contains("front")),
        "a front",
    );
    serves(&server);
    // The sockets are the service manager's: nothing of them reaches a worker, and nothing of its protocol.
    let worker = server.workers()[0];
    let mut environment = String::new();
    let mut file = std::fs::File::open(format!("/proc/{worker}/environ")).expect("environment");
    file.read_to_string(&mut environment).expect("text");
    assert!(!environment.contains("LISTEN_"), "{environment}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn sockets_of_any_parent_are_served_by_their_numbers() {
    let server = start("parent", &["--bind", "fd://3", "--bind-http", "fd://4"]);
    serves(&server);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn number_that_is_no_listening_socket_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_tlsgi"))
        .args(["serve", &example("wsgi_app.py"), "--bind", "fd://77", "--no-http"])
        .args(["--state-dir", tempfile::tempdir().expect("directory").path().to_str().expect("a path")])
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), text.contains("the inherited descriptor 77")), (Some(5), true), "{text}");
}
