//! Started by root: who runs as whom, what each may do, and that nobody gets back what was given up.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Server, command, python};

/// Users without an entry anywhere: the kernel needs none.
pub(crate) const SHOP: u32 = 54_321;
pub(crate) const BLOG: u32 = 54_322;

/// An application that tells what its process is, and does what the query says.
const APPLICATION: &str = r#"
import ctypes, json, os, signal, socket, sys

def attempt(act):
    try:
        act()
    except OSError as error:
        return error.__class__.__name__
    return "done"

def process(number):
    return {
        "signal": attempt(lambda: os.kill(number, 0)),
        "memory": attempt(lambda: open(f"/proc/{number}/mem", "rb")),
        "environment": attempt(lambda: open(f"/proc/{number}/environ", "rb")),
        "descriptors": attempt(lambda: os.listdir(f"/proc/{number}/fd")),
        "trace": ctypes.CDLL(None).ptrace(16, number, 0, 0),
    }

def descriptors():
    kinds = []
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if number < 3:
            continue
        if target.startswith("socket:"):
            with socket.socket(fileno=os.dup(number)) as end:
                kinds.append([end.family.name, repr(end.getsockname()), bool(end.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))])
        else:
            kinds.append([target, "", False])
    return kinds

def application(environ, start_response):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if path == "/regain":
        answer = [attempt(lambda: os.setuid(0)), attempt(lambda: os.setresuid(0, 0, 0)), attempt(lambda: os.setgid(0)),
                  attempt(lambda: os.setgroups([0])), attempt(lambda: os.chown("/etc/passwd", 0, 0))]
    elif path == "/process":
        answer = process(int(query))
    elif path == "/read":
        answer = attempt(lambda: open(query).read())
    elif path == "/write":
        answer = attempt(lambda: open(query, "w").write("x"))
    elif path == "/descriptors":
        answer = descriptors()
    else:
        answer = {"user": os.getresuid(), "group": os.getresgid(), "groups": sorted(os.getgroups()),
                  "home": os.environ.get("HOME"), "name": os.environ.get("USER"), "session": os.getsid(0) == os.getpid(),
                  "runtime": os.environ.get("XDG_RUNTIME_DIR"), "pid": os.getpid()}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
"#;

/// A directory that everybody may enter, and an interpreter that everybody may run: what a test as other users needs.
pub(crate) struct Ground {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) python: PathBuf,
}

/// `None`, with the reason said, where this machine cannot run a worker as somebody else. That is a failure where the variable
/// says that it must be able to: what is skipped proves nothing.
pub(crate) fn ground() -> Option<Ground> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can start processes as other users");
        return None;
    }
    let directory = tempfile::tempdir().expect("directory");
    open_to_all(directory.path());
    let package = directory.path().join("package");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/tlsgi");
    let copied = Command::new("cp").arg("-r").arg(&sources).arg(&package).status().expect("cp runs");
    assert!(copied.success());
    std::fs::create_dir(directory.path().join("path")).expect("directory");
    std::fs::rename(&package, directory.path().join("path/tlsgi")).expect("renamed");
    let modes = Command::new("chmod").args(["-R", "a+rX"]).arg(directory.path().join("path")).status();
    assert!(modes.expect("chmod runs").success());
    let works = |python: &Path| {
        let mut trial = Command::new(python);
        trial.uid(SHOP).gid(SHOP).env("PYTHONPATH", directory.path().join("path")).current_dir("/");
        trial.args(["-c", "import tlsgi._worker"]).stdin(Stdio::null()).stderr(Stdio::null());
        trial.status().is_ok_and(|status| status.success())
    };
    let candidates = [python(), "/usr/bin/python3".into(), "/usr/local/bin/python3".into()];
    let Some(python) = candidates.into_iter().find(|python| works(python)) else {
        let reason = "no interpreter here can be run by other users and has the version of the worker module";
        assert!(std::env::var_os("TLSGI_TEST_USERS").is_none(), "{reason}");
        eprintln!("skipped: {reason}");
        return None;
    };
    std::fs::write(directory.path().join("application.py"), APPLICATION).expect("application");
    Some(Ground { directory, python })
}

fn open_to_all(path: &Path) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("mode");
}

impl Ground {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A file that its owner alone may read.
    pub(crate) fn private_file(&self, name: &str, owner: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, "secret").expect("file");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("mode");
        chown(&path, Some(owner), Some(owner)).expect("owner");
        path
    }

    fn command(&self, action: &str) -> Command {
        let mut command = command();
        command.arg(action).arg("--state-dir").arg(self.path("state")).arg("--python").arg(&self.python);
        command.arg("--env").arg(format!("PYTHONPATH={}", self.path("path").display()));
        command.env("XDG_RUNTIME_DIR", "/run/user/0");
        command
    }

    fn start(self, arguments: &[&str]) -> Server {
        let mut command = self.command("serve");
        command.args(["--host", "127.0.0.1", "--https-port", "0", "--port", "0"]).args(arguments);
        command.current_dir(self.directory.path());
        Server::run_by(self.directory, command)
    }
}

fn json(server: &Server, path: &str) -> serde_json::Value {
    let answer = server.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", server.log());
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// A field of `/proc/PID/status`, spaces as one.
pub(crate) fn status(pid: u32, field: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("status");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect("field");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn has_no_powers(pid: u32) {
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(status(pid, set), "0000000000000000", "{set}");
    }
    assert_eq!(status(pid, "NoNewPrivs"), "1");
}

#[test]
fn front_and_worker_run_as_the_user_that_is_named_and_cannot_get_back() {
    let Some(ground) = ground() else { return };
    let user = SHOP.to_string();
    let server = ground.start(&["application.py", "--user", &user, "--supplementary-group", "54400", "--umask", "027"]);
    let answer = json(&server, "/");
    assert_eq!(answer["user"], serde_json::json!([SHOP, SHOP, SHOP]));
    assert_eq!(answer["group"], serde_json::json!([SHOP, SHOP, SHOP]));
    assert_eq!(answer["groups"], serde_json::json!([SHOP, 54400]));
    assert_eq!((answer["home"].as_str(), answer["name"].as_str()), (Some("/"), Some(user.as_str())));
    assert_eq!((answer["session"].as_bool(), answer["runtime"].as_str()), (Some(true), None));
    let refused = ["PermissionError"; 5];
    assert_eq!(json(&server, "/regain"), serde_json::json!(refused));
    for pid in [server.front(), server.workers()[0]] {
        assert_eq!(status(pid, "Uid"), [user.as_str(); 4].join(" "));
        has_no_powers(pid);
    }
    assert_eq!(status(server.workers()[0], "Umask"), "0027");
    assert_eq!(status(server.pid(), "CapPrm"), "00000000000005ef", "ports, files, children of other users");
    let key = server.directory().join("state/ca/rootCA-key.pem");
    assert_eq!(json(&server, &format!("/read?{}", key.display())), "PermissionError");
    assert_eq!(json(&server, "/read?/etc/shadow"), "PermissionError");
    for pid in [server.pid(), server.front()] {
        let attempts = json(&server, &format!("/process?{pid}"));
        for what in ["memory", "environment", "descriptors"] {
            assert_eq!(attempts[what], "PermissionError", "{pid} {what}");
        }
        assert_eq!(attempts["trace"], -1);
    }
    assert_eq!(json(&server, &format!("/process?{}", server.pid()))["signal"], "PermissionError");
    assert_eq!(server.stop(), Some(0));
}

/// Runs the server named by its arguments in a network of its own, where every port is free, and asks it what a visitor asks.
const NETWORK: &str = r#"
ip link set lo up || exit 77
"$@" >banner.txt 2>log.txt &
server=$!
for attempt in $(seq 600); do grep -q ' front ' banner.txt && break; kill -0 $server || break; sleep 0.1; done
ask() { curl --silent --max-time 20 --cacert state/ca/rootCA.pem --write-out '\n%{http_code} %{redirect_url}\n' "$1"; }
ask http://localhost/
ask https://localhost/
kill $server
wait $server
echo "ended with $?"
"#;

#[test]
fn root_serves_443_and_80_as_another_user() {
    let Some(ground) = ground() else { return };
    let mut network = Command::new("unshare");
    network.args(["--net", "sh", "-c", NETWORK, "sh"]).arg(env!("CARGO_BIN_EXE_tlsgi"));
    let served = ground.command("serve");
    network.args(served.get_args());
    network.args(["application.py", "--user", "54321", "--host", "127.0.0.1", "--https-port", "443", "--port", "80"]);
    let output = network.current_dir(ground.directory.path()).output().expect("unshare runs");
    let (text, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(77) || complaint.contains("unshare") {
        eprintln!("skipped: no network can be made here: {complaint}");
        return;
    }
    let log = std::fs::read_to_string(ground.path("log.txt")).unwrap_or_default();
    let banner = std::fs::read_to_string(ground.path("banner.txt")).unwrap_or_default();
    assert!(text.contains("301 https://localhost/\n"), "{text}{log}");
    assert!(text.contains("\"user\": [54321, 54321, 54321]") && text.contains("\n200 \n"), "{text}{log}");
    assert!(text.contains("ended with 0"), "{text}{log}");
    assert!(banner.contains("  https://localhost/\n") && banner.contains("as 54321; sandbox: "), "{banner}");
}

#[test]
fn root_that_can_be_nobody_else_serves_all_the_same() {
    let directory = tempfile::tempdir().expect("directory");
    let mut alone = Command::new("unshare");
    alone.args(["--user", "--map-root-user"]);
    let can = Command::new("unshare").args(["--user", "--map-root-user", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no user namespace can be made here");
        return;
    }
    alone.arg(env!("CARGO_BIN_EXE_tlsgi")).args([
        "serve",
        &crate::harness::example("wsgi_app.py"),
        "--host",
        "127.0.0.1",
    ]);
    alone.args(["--https-port", "0", "--port", "0", "--state-dir"]).arg(directory.path().join("state"));
    let server = Server::run_by(directory, {
        alone.arg("--python").arg(python());
        alone
    });
    assert_eq!(server.get("/").status, 200);
    has_no_powers_left(server.front());
    assert_eq!(server.stop(), Some(0));
}

/// Root in name only.
fn has_no_powers_left(pid: u32) {
    for set in ["CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status(pid, set), "0000000000000000", "{set}");
    }
}

#[test]
fn pools_of_different_users_are_strangers_to_each_other() {
    let Some(ground) = ground() else { return };
    let [shop, blog] = [ground.private_file("shop.txt", SHOP), ground.private_file("blog.txt", BLOG)];
    let file = format!(
        "app = \"application.py\"\n[pool.shop]\nuser = {SHOP}\n[pool.blog]\nuser = {BLOG}\n\
         [[site]]\nroute = {{ \"/shop\" = \"pool:shop\", \"/blog\" = \"pool:blog\" }}\n"
    );
    std::fs::write(ground.path("tlsgi.toml"), file).expect("file");
    let server = ground.start(&[]);
    let workers = [json(&server, "/shop/"), json(&server, "/blog/")];
    assert_eq!(workers.each_ref().map(|worker| worker["user"][0].as_u64()), [Some(SHOP.into()), Some(BLOG.into())]);
    assert_eq!(status(server.front(), "Uid"), ["65534"; 4].join(" "), "nobody: the front is in neither pool");
    has_no_powers(server.front());
    let read = |pool: &str, file: &Path| json(&server, &format!("/{pool}/read?{}", file.display()));
    assert_eq!((read("shop", &shop).as_str(), read("blog", &blog).as_str()), (Some("done"), Some("done")));
    assert_eq!(
        (read("shop", &blog).as_str(), read("blog", &shop).as_str()),
        (Some("PermissionError"), Some("PermissionError"))
    );
    let others = [workers[1]["pid"].as_u64(), Some(u64::from(server.front())), Some(u64::from(server.pid()))];
    for other in others.map(|other| other.expect("a process")) {
        let attempts = json(&server, &format!("/shop/process?{other}"));
        let expect = serde_json::json!({
            "signal": "PermissionError", "memory": "PermissionError", "environment": "PermissionError",
            "descriptors": "PermissionError", "trace": -1,
        });
        assert_eq!(attempts, expect, "{other}");
    }
    // Anonymous pairs and nothing else: no listening socket, no name that somebody could connect to, no file.
    let descriptors = json(&server, "/shop/descriptors");
    for descriptor in descriptors.as_array().expect("a list") {
        let kind = [&descriptor[0], &descriptor[1]].map(|text| text.as_str().unwrap_or_default());
        let is_anonymous = kind == ["AF_UNIX", "''"] || kind[0].starts_with("anon_inode:") || kind[0] == "/proc";
        assert!(is_anonymous || kind[0].starts_with("/proc/"), "{descriptor}");
        assert_eq!(descriptor[2], false, "{descriptor}");
    }
}

#[test]
fn front_in_its_sandbox_still_serves_files_follows_them_and_opens_its_logs_anew() {
    let Some(ground) = ground() else { return };
    let folder = ground.path("static");
    std::fs::create_dir(&folder).expect("directory");
    open_to_all(&folder);
    std::fs::write(folder.join("a.txt"), "first").expect("file");
    let log = ground.path("access.log");
    let user = SHOP.to_string();
    let mount = format!("/static={}", folder.display());
    let arguments =
        ["application.py", "--user", &user, "--static", &mount, "--access-log", log.to_str().expect("a path")];
    let server = ground.start(&arguments);
    assert_eq!(server.get("/static/a.txt").text(), "first");
    let confined = status(server.front(), "Seccomp");
    assert_eq!(confined, "2", "a filter is in force");
    let first_front = server.front();
    std::fs::rename(&log, server.directory().join("access.log.1")).expect("renamed");
    server.signal("USR1");
    server.wait_for_log("log files are opened anew");
    server.get("/?after");
    server.wait_until(|| std::fs::read_to_string(&log).is_ok_and(|text| text.contains("/?after")), "the new log");
    // A deployment: another folder under the same name.
    std::fs::rename(&folder, server.directory().join("static.old")).expect("renamed");
    std::fs::create_dir(&folder).expect("directory");
    open_to_all(&folder);
    std::fs::write(folder.join("a.txt"), "second").expect("file");
    server.wait_until(|| server.get("/static/a.txt").text() == "second", "the new folder");
    server.wait_until(|| server.children().iter().all(|(pid, _)| *pid != first_front), "the old front's end");
    assert_eq!(status(server.front(), "Uid"), [user.as_str(); 4].join(" "), "its successor gave up the same");
    has_no_powers(server.front());
    assert_eq!(server.stop(), Some(0));
}

/// What the kernel answers the running front; `None`, with the reason said, where no process can be traced.
#[cfg(target_arch = "x86_64")]
fn asked_as(pid: u32, questions: &[&str]) -> Option<Vec<i64>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/as_the_front.py");
    let output = Command::new(python()).arg(script).arg(pid.to_string()).args(questions).output().expect("python runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    if complaint.contains("ptrace 16") {
        eprintln!("skipped: root may not trace processes here: {complaint}");
        return None;
    }
    assert!(output.status.success(), "{text}{complaint}");
    Some(text.lines().map(|line| line.parse().expect("a number")).collect())
}

#[cfg(target_arch = "x86_64")]
#[test]
fn running_front_is_refused_what_a_server_has_no_use_for() {
    let Some(ground) = ground() else { return };
    let folder = ground.path("static");
    std::fs::create_dir(&folder).expect("directory");
    open_to_all(&folder);
    std::fs::write(folder.join("a.txt"), "text").expect("file");
    let outside = ground.path("outside.txt");
    std::fs::write(&outside, "text").expect("file");
    let mount = format!("/static={}", folder.display());
    let user = SHOP.to_string();
    let server = ground.start(&["application.py", "--user", &user, "--static", &mount]);
    let (front, parent) = (server.front(), server.pid());
    const EPERM: i64 = -1;
    const EACCES: i64 = -13;
    let here = -100;
    let open = |path: &Path, flags: i32| format!("257:{here}:{}:{flags}:420", path.display());
    let (signal, trace) = (format!("62:{parent}"), format!("101:16:{parent}"));
    let (send, memory) = (format!("234:{parent}:{parent}:9"), format!("310:{parent}"));
    let questions = [
        // execve, execveat, ptrace, process_vm_readv, kill, tgkill
        ("59:/bin/true", EPERM),
        ("322:-100:/bin/true", EPERM),
        (trace.as_str(), EPERM),
        (memory.as_str(), EPERM),
        (signal.as_str(), EPERM),
        (send.as_str(), EPERM),
        // fork, vfork, clone without a thread, clone3 (so that the C library takes clone), unshare, setns
        ("57", EPERM),
        ("58", EPERM),
        ("56:17", EPERM),
        ("435", -38),
        ("272:268435456", EPERM),
        ("308", EPERM),
        // mount, init_module, bpf, keyctl, perf_event_open, io_uring_setup, userfaultfd, reboot
        ("165", EPERM),
        ("175", EPERM),
        ("321", EPERM),
        ("250", EPERM),
        ("298", EPERM),
        ("425", EPERM),
        ("323", EPERM),
        ("169", EPERM),
        // socket of each family, connect, bind, listen
        ("41:1:1", EPERM),
        ("41:2:1", EPERM),
        ("41:10:1", EPERM),
        ("41:16:3", EPERM),
        ("42:3", EPERM),
        ("49:3", EPERM),
        ("50:3", EPERM),
        // setuid, setresuid, setgroups, capset, chmod, fchownat, setxattr
        ("105", EPERM),
        ("117", EPERM),
        ("116", EPERM),
        ("126", EPERM),
        ("90:/etc/passwd:511", EPERM),
        ("260", EPERM),
        ("188", EPERM),
        // The same numbers with the bit of x32.
        ("1073741863", EPERM),
    ];
    let asked: Vec<&str> = questions.iter().map(|(question, _)| *question).collect();
    let Some(answers) = asked_as(front, &asked) else { return };
    assert_eq!(answers.len(), questions.len());
    for ((question, expect), answer) in questions.iter().zip(answers) {
        assert_eq!(answer, *expect, "system call {question}");
    }
    if tlsgi_sys::landlock::version().is_some() {
        let (inside, passwd) = (open(&folder.join("a.txt"), 0), open(Path::new("/etc/passwd"), 0));
        let (other, made) = (open(&outside, 0), open(&folder.join("new.txt"), 0o101));
        let answers = asked_as(front, &[&inside, &passwd, &other, &made]).expect("as before");
        assert!(answers[0] > 2, "{answers:?}");
        assert_eq!(answers[1..], [EACCES; 3]);
    }
    assert_eq!(server.get("/static/a.txt").text(), "text", "it goes on");
    assert_eq!(server.get("/").status, 200);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn reload_changes_users_and_folders() {
    let Some(ground) = ground() else { return };
    let file = ground.path("tlsgi.toml");
    let write = |user: u32, more: &str| {
        std::fs::write(&file, format!("app = \"application.py\"\nuser = {user}\n{more}")).expect("file");
    };
    write(SHOP, "");
    let folder = ground.path("static");
    std::fs::create_dir(&folder).expect("directory");
    open_to_all(&folder);
    std::fs::write(folder.join("a.txt"), "text").expect("file");
    let server = ground.start(&[]);
    assert_eq!(json(&server, "/")["user"][0], SHOP);
    write(BLOG, &format!("static = {{ \"/static\" = \"{}\" }}\n", folder.display()));
    server.signal("HUP");
    server.wait_until(|| json(&server, "/")["user"][0] == BLOG, "the other user");
    server.wait_until(|| server.get("/static/a.txt").text() == "text", "a front that may read the folder");
    let facts = |front: u32| std::fs::read_to_string(format!("/proc/{front}/status"));
    let other = format!("Uid:\t{BLOG}\t{BLOG}\t{BLOG}\t{BLOG}\n");
    server.wait_until(|| facts(server.front()).is_ok_and(|text| text.contains(&other)), "the end of the front before");
    write(BLOG, "group = \"no-such-group\"\n");
    server.signal("HUP");
    server.wait_for_log("there is no group `no-such-group`");
    assert_eq!(json(&server, "/")["user"][0], BLOG, "what ran goes on");
}

#[test]
fn who_cannot_be_anybody_else_is_told_at_the_start() {
    let Some(ground) = ground() else { return };
    let run = |mut command: Command, arguments: &[&str]| {
        let output = command.arg("application.py").args(arguments).current_dir(ground.directory.path()).output();
        let output = output.expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, text) = run(ground.command("check"), &["--user", "no-such-user"]);
    assert_eq!((status, text.contains("there is no user `no-such-user`")), (Some(2), true), "{text}");
    let mut unprivileged = ground.command("check");
    unprivileged.uid(SHOP).gid(SHOP).arg("--state-dir").arg(ground.path("own"));
    let (status, text) = run(unprivileged, &["--user", "54322"]);
    assert_eq!((status, text.contains("only root")), (Some(2), true), "{text}");
    let closed = ground.path("closed");
    std::fs::create_dir(&closed).expect("directory");
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).expect("mode");
    std::fs::write(closed.join("inside.py"), APPLICATION).expect("application");
    let mut elsewhere = ground.command("check");
    elsewhere
        .arg(closed.join("inside.py"))
        .args(["--user", "54321"])
        .args(["--static", &format!("/s={}", closed.display())]);
    let output = elsewhere.output().expect("runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.contains(&format!("inside.py cannot be read: the user 54321 may not enter {}", closed.display())),
        "{text}"
    );
    assert!(text.contains(&format!("served by the user 54321, who may not enter {}", closed.display())), "{text}");
    std::os::unix::fs::symlink(&ground.python, closed.join("python")).expect("link");
    let python = closed.join("python").display().to_string();
    let (status, text) = run(ground.command("check"), &["--user", "54321", "--python", &python]);
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains(&format!("the user 54321 may not enter {}", closed.display())), "{text}");
}

/// A virtual host without a `User`, where this environment says as whom Apache runs.
fn apache(ground: Ground, mode: u32) -> Server {
    std::fs::create_dir(ground.path("site")).expect("directory");
    std::fs::rename(ground.path("application.py"), ground.path("site/wsgi.py")).expect("renamed");
    std::fs::set_permissions(ground.path("site"), PermissionsExt::from_mode(mode)).expect("mode");
    let text = format!(
        "<VirtualHost 127.0.0.1:0>\nServerName localhost\nSSLEngine on\nWSGIDaemonProcess site home={0}/site\n\
         WSGIProcessGroup site\nWSGIScriptAlias / {0}/site/wsgi.py\n</VirtualHost>\n",
        ground.path("").display().to_string().trim_end_matches('/')
    );
    std::fs::write(ground.path("site.conf"), text).expect("configuration");
    let mut command = command();
    command.args(["apache", "site.conf"]).current_dir(ground.directory.path());
    command.env("APACHE_RUN_USER", SHOP.to_string()).env("PYTHONPATH", ground.path("path"));
    command.env("TLSGI_PYTHON", &ground.python).env("TLSGI_STATE_DIR", ground.path("state"));
    Server::run_by(ground.directory, command)
}

#[test]
fn host_without_a_user_runs_as_the_one_of_the_distribution_where_it_can() {
    let Some(ground) = ground() else { return };
    let server = apache(ground, 0o755);
    for pid in [server.front(), server.workers()[0]] {
        assert_eq!(status(pid, "Uid"), [SHOP.to_string().as_str(); 4].join(" "), "{}", server.log());
    }
    assert!(!server.log().contains("runs as root"), "{}", server.log());
}

#[test]
fn host_without_a_user_runs_as_root_with_a_warning_where_that_user_cannot() {
    let Some(ground) = ground() else { return };
    let server = apache(ground, 0o700);
    assert_eq!(status(server.workers()[0], "Uid"), "0 0 0 0");
    assert_ne!(status(server.front(), "Uid"), "0 0 0 0");
    for text in ["that user may not enter", "the application of the pool `site` runs as root"] {
        server.wait_for_log(text);
    }
}
