//! What the supervisor promises: children are replaced, what does not load changes nothing, and the end is orderly.

use std::io::Write as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use crate::harness::{Server, children, command, python, signal};
use crate::load::Load;

/// Answers with its process; `/sleep?N`, `/grow?MiB` and `/exit` misbehave.
const APPLICATION: &str = r#"
import os, time

kept = []

def application(environ, start_response):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if path == "/sleep":
        time.sleep(float(query))
    if path == "/grow":
        kept.append(b"x" * (int(query) << 20))
    if path == "/exit":
        os._exit(7)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {MARK}".encode()]

MARK = "first"
"#;

fn serve(arguments: &[&str]) -> Server {
    Server::with_source(APPLICATION, arguments)
}

fn source(server: &Server) -> PathBuf {
    server.directory().join("application.py")
}

fn change(server: &Server, mark: &str) {
    std::fs::write(source(server), APPLICATION.replace("first", mark)).expect("written");
}

/// The process that answered, and what it said about its code.
fn answer(server: &Server) -> (u32, String) {
    let text = server.get("/").text();
    let said = text.split_once(' ').and_then(|(process, mark)| Some((process.parse().ok()?, mark.to_owned())));
    assert!(said.is_some(), "{text:?}; log:\n{}", server.log());
    said.unwrap_or_default()
}

/// Runs a command that ends by itself.
fn run(arguments: &[&str]) -> Output {
    let state = tempfile::tempdir().expect("directory");
    let mut command = command();
    command.args(["serve", "--host", "127.0.0.1", "--https-port", "0", "--port", "0", "--state-dir"]).arg(state.path());
    command.arg("--python").arg(python()).args(arguments).output().expect("runs")
}

fn failing(source: &str) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("application.py");
    std::fs::write(&path, source).expect("written");
    let output = run(&[&path.display().to_string()]);
    assert!(output.stdout.is_empty(), "no banner before the application has loaded");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn application_that_does_not_import_ends_the_start_with_its_traceback() {
    let (code, told) = failing("import no_such_module_here");
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("ModuleNotFoundError: No module named 'no_such_module_here'"), "{told}");
    assert!(told.contains("application.py\", line 1"), "{told}");
}

#[test]
fn application_that_is_not_there_ends_the_start_with_what_is() {
    let (code, told) = failing("def aplication(environ, start_response): pass");
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("aplication"), "{told}");
}

#[test]
fn application_that_crashes_the_interpreter_is_named_by_its_signal() {
    let (code, told) = failing("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)");
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("SIGSEGV"), "{told}");
}

#[test]
fn interpreter_without_the_package_is_told_how_to_get_it() {
    let directory = tempfile::tempdir().expect("directory");
    let fake = directory.path().join("python3");
    std::fs::write(&fake, "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'tlsgi'\" >&2\nexit 1\n")
        .expect("written");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&fake, executable).expect("executable");
    let application = directory.path().join("application.py");
    std::fs::write(&application, APPLICATION).expect("written");
    let output = run(&[&application.display().to_string(), "--python", &fake.display().to_string()]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains(&format!("{} -m pip install tlsgi", fake.display())), "{told}");
    // The same as a virtual environment, and asked without serving.
    let check = |environment: &Path| {
        let mut check = command();
        check.arg("check").arg(&application).arg("--virtualenv").arg(environment);
        let output = check.arg("--state-dir").arg(directory.path().join("state")).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    std::fs::create_dir(directory.path().join("bin")).expect("directory");
    std::fs::rename(&fake, directory.path().join("bin/python")).expect("renamed");
    let (status, told) = check(directory.path());
    let install = format!("{}/bin/python -m pip install tlsgi", directory.path().display());
    assert_eq!((status, told.contains(&install)), (Some(3), true), "{told}");
    let (status, told) = check(&directory.path().join("absent"));
    assert_eq!((status, told.contains("absent/bin/python")), (Some(2), true), "{told}");
}

#[test]
fn port_in_use_is_blamed_on_the_process_that_holds_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = taken.local_addr().expect("address").port().to_string();
    let directory = tempfile::tempdir().expect("directory");
    let application = directory.path().join("application.py");
    std::fs::write(&application, APPLICATION).expect("written");
    let output = run(&[&application.display().to_string(), "--https-port", &port]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{told}");
    assert!(told.contains(&format!("process {}", std::process::id())) && told.contains("--https-port"), "{told}");
}

#[test]
fn reload_of_broken_code_changes_nothing_and_says_so_once() {
    let server = serve(&["--processes", "2"]);
    let before = server.workers();
    std::fs::write(source(&server), "def (").expect("written");
    server.signal("HUP");
    server.wait_for_log("the application does not load; what runs goes on");
    assert!(before.contains(&answer(&server).0));
    change(&server, "second");
    server.signal("HUP");
    server.wait_until(|| server.workers().iter().all(|worker| !before.contains(worker)), "new workers");
    assert_eq!(answer(&server).1, "second");
    assert_eq!(server.log().matches("does not load").count(), 1, "{}", server.log());
}

#[test]
fn reload_of_a_broken_configuration_changes_nothing() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("tlsgi.toml");
    std::fs::write(&file, "processes = 1\n").expect("written");
    let server = serve(&["--config", &file.display().to_string()]);
    let before = answer(&server).0;
    std::fs::write(&file, "processes = \"many\"\n").expect("written");
    server.signal("HUP");
    server.wait_for_log("nothing is reloaded, what runs goes on");
    assert_eq!(answer(&server).0, before);
    std::fs::write(&file, "processes = 3\n").expect("written");
    server.signal("HUP");
    server.wait_until(|| server.workers().len() == 3 && !server.workers().contains(&before), "three new workers");
}

#[test]
fn changed_code_is_served_after_a_save_and_a_syntax_error_keeps_the_old_one() {
    let server = serve(&["--reload"]);
    assert_eq!(answer(&server).1, "first");
    change(&server, "second");
    // Every answer on the way is a page: what is asked for during the change waits for the new code.
    server.wait_until(|| answer(&server).1 == "second", "the new code");
    assert!(server.log().contains("code changed"), "{}", server.log());
    std::fs::write(source(&server), "def (").expect("written");
    server.wait_for_log("SyntaxError");
    assert_eq!(answer(&server).1, "second");
    change(&server, "third");
    server.wait_until(|| answer(&server).1 == "third", "the repaired code");
}

#[test]
fn watched_are_files_of_patterns_too_and_not_those_left_out() {
    let server = serve(&["--reload", "--reload-include", "*.html", "--reload-exclude", "generated"]);
    let first = answer(&server).0;
    std::fs::create_dir(server.directory().join("generated")).expect("a directory");
    std::fs::write(server.directory().join("generated/module.py"), "x = 1").expect("written");
    std::fs::write(server.directory().join("page.html"), "<p>").expect("written");
    server.wait_until(|| answer(&server).0 != first, "a new worker");
    assert_eq!(server.log().matches("code changed").count(), 1, "{}", server.log());
}

#[test]
fn touched_file_has_the_workers_replaced_without_losing_a_request() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("touch-me");
    let name = file.display().to_string();
    let server = serve(&["--processes", "2", "--touch-workers", &name, "--no-access-log"]);
    server.wait_for_log("when it is created, it counts as touched");
    let load = Load::start(server.https, &server.client_config(), 4);
    for round in 0..3 {
        let workers = server.workers();
        let written = directory.path().join("new");
        std::fs::write(&written, format!("{round}")).expect("written");
        std::fs::rename(&written, &file).expect("in place");
        server.wait_until(
            || server.workers().len() == 2 && server.workers().iter().all(|pid| !workers.contains(pid)),
            "two new workers",
        );
    }
    let (good, lost, failures) = load.finish();
    assert!(good > 0 && lost == 0 && failures.is_empty(), "{good} good, {lost} lost, {failures:?}\n{}", server.log());
    let before = answer(&server).0;
    std::fs::write(source(&server), "def (").expect("written");
    std::fs::write(&file, "touched again").expect("written");
    server.wait_for_log("the application does not load; what runs goes on");
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(answer(&server).1, "first");
    assert!(server.workers().contains(&before), "{}", server.log());
}

#[test]
fn touched_file_reloads_the_server_and_replaces_workers_whose_pool_is_as_it_was() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("tlsgi.toml");
    std::fs::write(&file, "touch-reload = \"tlsgi.toml\"\naccess-log = \"none\"\n").expect("written");
    let server = serve(&["--config", &file.display().to_string()]);
    let before = answer(&server).0;
    std::fs::write(&file, "touch-reload = \"tlsgi.toml\"\naccess-log = \"none\"\nheader-timeout = 5\n")
        .expect("written");
    server.wait_for_log("was touched: the server is reloaded");
    server.wait_until(|| answer(&server).0 != before, "a new worker");
    std::fs::write(&file, "touch-reload = \"tlsgi.toml\"\nprocesses = \"many\"\n").expect("written");
    server.wait_for_log("nothing is reloaded, what runs goes on");
    std::fs::write(&file, "touch-reload = \"tlsgi.toml\"\nprocesses = 3\n").expect("written");
    server.wait_until(|| server.workers().len() == 3, "three workers");
}

#[test]
fn worker_is_replaced_when_it_has_served_for_its_time() {
    let server = serve(&["--max-worker-age", "1s"]);
    let first = answer(&server).0;
    server.wait_until(|| answer(&server).0 != first, "a new worker");
    server.wait_for_log("is replaced: it has served for");
}

#[test]
fn worker_is_replaced_after_its_share_of_requests() {
    let server = serve(&["--max-requests", "3"]);
    let first = answer(&server).0;
    server.wait_until(|| answer(&server).0 != first, "a new worker");
    server.wait_for_log("is replaced: max_requests");
}

#[test]
fn worker_that_grows_too_large_is_replaced() {
    let server = serve(&["--max-worker-memory", "150M"]);
    let first = answer(&server).0;
    assert_eq!(server.get("/grow?200").status, 200);
    server.wait_until(|| answer(&server).0 != first, "a new worker");
    server.wait_for_log("the limit is 150 MiB");
}

#[test]
fn stuck_worker_shows_its_stacks_and_is_replaced() {
    let server = serve(&["--request-timeout", "1s", "--graceful-timeout", "1s"]);
    let first = answer(&server).0;
    assert_eq!(server.get("/sleep?600").status, 504);
    server.wait_for_log("is stuck in GET /sleep");
    server.wait_for_log("application.py\", line 9 in application");
    server.wait_until(|| !server.workers().contains(&first), "the stuck worker to end");
    assert_ne!(answer(&server).0, first);
}

#[test]
fn worker_that_exits_costs_one_request_and_is_replaced() {
    let server = serve(&[]);
    assert_eq!(server.get("/exit").status, 502);
    assert_eq!(server.get("/").status, 200);
    server.wait_for_log("exited with status 7; it is replaced");
}

#[test]
fn crash_loop_is_reported_once_answers_503_and_ends_with_the_cause() {
    let server = serve(&[]);
    std::fs::write(source(&server), "raise RuntimeError('broken at import')").expect("written");
    signal(server.workers()[0], "KILL");
    server.wait_for_log("is in a crash loop");
    server.wait_until(|| server.get("/").status == 503, "an answer at once");
    change(&server, "second");
    server.signal("HUP");
    server.wait_for_log("is up again");
    assert_eq!(answer(&server).1, "second");
    assert_eq!(server.log().matches("crash loop").count(), 1);
}

#[test]
fn preloaded_workers_are_forked_from_one_import_and_replaced() {
    let server = serve(&["--preload", "--processes", "2"]);
    let parent = server.children().into_iter().find(|(_, title)| title.contains("preload")).expect("a parent").0;
    let forked = || children(parent).into_iter().map(|(process, _)| process).collect::<Vec<_>>();
    server.wait_until(|| forked().len() == 2, "two forked workers");
    let victim = forked()[0];
    signal(victim, "KILL");
    server.wait_until(|| forked().len() == 2 && !forked().contains(&victim), "a worker forked anew");
    server.wait_for_log("was killed by SIGKILL");
    change(&server, "second");
    server.signal("HUP");
    server.wait_until(|| answer(&server).1 == "second", "the new code");
    server.wait_until(|| !server.children().iter().any(|(process, _)| *process == parent), "the old parent to end");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn workers_are_added_and_taken_away_by_signals() {
    let server = serve(&[]);
    server.signal("TTIN");
    server.wait_until(|| server.workers().len() == 2, "two workers");
    server.signal("TTOU");
    server.wait_until(|| server.workers().len() == 1, "one worker");
    server.signal("TTOU");
    server.wait_for_log("has 1 workers from now on");
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn running_requests_finish_after_term_and_new_connections_are_refused() {
    let server = serve(&[]);
    let mut busy = server.connect();
    busy.write_all(b"GET /sleep?2 HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
    busy.flush().expect("sent");
    server.wait_until(|| server.get("/").status == 200, "the server to have read it");
    server.signal("TERM");
    server.wait_for_log("stopping");
    let refused = || std::net::TcpStream::connect(server.https).is_err();
    server.wait_until(refused, "connections to be refused");
    assert_eq!(crate::harness::read_answer(&mut busy).status, 200);
    let mut server = server;
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn graceful_timeout_bounds_the_end_and_a_second_interrupt_is_immediate() {
    for (signals, timeout) in [(&["TERM"][..], "1s"), (&["INT", "INT"][..], "60s"), (&["QUIT"][..], "60s")] {
        let mut server = serve(&["--graceful-timeout", timeout]);
        let mut busy = server.connect();
        busy.write_all(b"GET /sleep?600 HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
        busy.flush().expect("sent");
        server.wait_until(|| server.get("/").status == 200, "the server to have read it");
        let (start, processes) = (Instant::now(), server.children());
        for name in signals {
            server.signal(name);
            server.wait_for_log("stopping");
        }
        assert_eq!(server.wait(), Some(0), "{signals:?}");
        assert!(start.elapsed() < Duration::from_secs(20), "{signals:?}: {:?}", start.elapsed());
        for (process, title) in processes {
            assert!(!Path::new(&format!("/proc/{process}")).exists(), "{title} is left after {signals:?}");
        }
    }
}

#[test]
fn access_log_is_opened_anew_by_usr1() {
    let logs = tempfile::tempdir().expect("directory");
    let (now, before) = (logs.path().join("access.log"), logs.path().join("access.log.1"));
    let server = serve(&["--access-log", &now.display().to_string()]);
    let lines = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default().lines().count();
    server.get("/one");
    server.wait_until(|| lines(&now) == 1, "the first line");
    std::fs::rename(&now, &before).expect("moved away");
    server.signal("USR1");
    server.wait_for_log("opened anew");
    server.get("/two");
    server.wait_until(|| lines(&now) == 1, "a line in the new file");
    assert_eq!(lines(&before), 1);
}

#[test]
fn service_manager_is_told_of_start_reload_and_stop() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("bind");
    manager.set_read_timeout(Some(crate::harness::PATIENCE)).expect("timeout");
    let heard = |text: &str| {
        let mut datagram = [0; 4096];
        loop {
            let length = manager.recv(&mut datagram).expect(text);
            let said = String::from_utf8_lossy(&datagram[..length]).into_owned();
            if said.contains(text) {
                return said;
            }
        }
    };
    let server = Server::with_environment(APPLICATION, &[], &[("NOTIFY_SOCKET", &path.display().to_string())]);
    assert!(heard("READY=1").contains(&format!("MAINPID={}", server.pid())));
    server.signal("HUP");
    assert!(heard("RELOADING=1").contains("MONOTONIC_USEC="));
    heard("READY=1");
    server.signal("TERM");
    heard("STOPPING=1");
}

#[test]
fn pid_file_is_there_while_the_server_is() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("tlsgi.pid");
    let server = serve(&["--pid-file", &path.display().to_string()]);
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), format!("{}\n", server.pid()));
    assert_eq!(server.stop(), Some(0));
    assert!(!path.exists());
}

#[test]
fn children_die_with_a_killed_supervisor() {
    let mut server = serve(&["--processes", "2"]);
    let processes: Vec<u32> = server.children().into_iter().map(|(process, _)| process).collect();
    assert!(processes.len() >= 2, "{processes:?}");
    signal(server.pid(), "KILL");
    server.wait();
    let is_gone = |process: &u32| {
        std::fs::read_to_string(format!("/proc/{process}/stat")).map_or(true, |stat| stat.contains(") Z"))
    };
    server.wait_until(|| processes.iter().all(is_gone), "the children to end");
}

#[test]
fn python_program_is_its_own_worker() {
    let directory = tempfile::tempdir().expect("directory");
    let program = directory.path().join("program.py");
    let text = r#"
import os, sys, tlsgi

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {here}".encode()]

here = "set up in this process"
tlsgi.run(application, host="127.0.0.1", https_port=0, port=0, state_dir=sys.argv[1])
print("run has returned", flush=True)
"#;
    std::fs::write(&program, text).expect("written");
    let tested = PathBuf::from(env!("CARGO_BIN_EXE_tlsgi"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories =
        std::iter::once(tested.parent().expect("a directory").to_owned()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(directories).expect("PATH");
    let mut python = std::process::Command::new(python());
    python.arg(&program).arg(directory.path().join("state")).env("PATH", &path);
    let server = Server::run_by(directory, python);
    assert_eq!(answer(&server), (server.pid(), "set up in this process".to_owned()));
    let refused = text.replace("https_port=0, ", "https_port=0, user=\"nobody\", ");
    let program = server.directory().join("refused.py");
    std::fs::write(&program, refused).expect("written");
    let mut again = std::process::Command::new(crate::harness::python());
    let output = again.arg(&program).arg(server.directory()).env("PATH", path).output().expect("runs");
    let told = String::from_utf8_lossy(&output.stderr);
    if rustix::process::geteuid().is_root() {
        assert!(told.contains("which keeps its user"), "{told}");
    }
    assert_eq!(output.status.code(), Some(2), "{told}");
    let supervisor = server.children()[0].0;
    signal(supervisor, "INT");
    server.wait_for_line("run has returned");
    let mut server = server;
    assert_eq!(server.wait(), Some(0));
}
