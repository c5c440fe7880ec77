//! `tlsgi ca` as people call it: its files serve and import, it survives being killed at every system call that writes, and
//! openssl's recipes go on with it.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::harness::{Server, command, example};

/// A directory with a CA in `ca`, and commands run in it.
struct Workshop {
    directory: tempfile::TempDir,
}

impl Workshop {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("directory") }
    }

    fn with_ca() -> Self {
        let workshop = Self::new();
        workshop.ca("init");
        workshop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn prepare(&self, words: &str) -> Command {
        let mut tlsgi = command();
        tlsgi.arg("ca").args(words.split(' ')).args(["--dir", "ca"]);
        tlsgi.current_dir(self.directory.path()).stdin(Stdio::null());
        tlsgi
    }

    fn ca(&self, words: &str) -> String {
        let output = self.prepare(words).output().expect("runs");
        assert!(output.status.success(), "tlsgi ca {words}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn refused(&self, words: &str) -> String {
        let output = self.prepare(words).output().expect("runs");
        assert!(!output.status.success(), "tlsgi ca {words}: {}", String::from_utf8_lossy(&output.stdout));
        stderr(&output)
    }

    fn openssl(&self, words: &str) -> String {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(words.split(' ')).current_dir(self.directory.path()).output().expect("openssl");
        assert!(output.status.success(), "openssl {words}: {}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn sh(&self, script: &str) {
        let mut shell = Command::new("sh");
        let output = shell.args(["-euc", script]).current_dir(self.directory.path()).output().expect("sh");
        assert!(output.status.success(), "{script}\n{}", stderr(&output));
    }

    fn serials(&self) -> Vec<String> {
        let list: serde_json::Value = serde_json::from_str(&self.ca("list --json")).expect("JSON");
        let serials = list.as_array().expect("a list").iter().map(|entry| entry["serial"].as_str().expect("serial"));
        serials.map(str::to_owned).collect()
    }

    fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).expect("file").permissions().mode() & 0o777
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Serves an example with these files, and asks for a page with curl that trusts `root`.
fn serves(workshop: &Workshop, arguments: &[&str], root: &str) {
    let server = Server::start(&example("wsgi_app.py"), arguments);
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30", "--cacert", &workshop.text(root), &server.url("/")]);
    let fetched = curl.output().expect("curl");
    assert!(String::from_utf8_lossy(&fetched.stdout).starts_with("Hello"), "{}\n{}", stderr(&fetched), server.log());
}

#[test]
fn a_certificate_of_a_private_ca_serves_and_is_renewed_in_place() {
    let workshop = Workshop::with_ca();
    let told = workshop.ca("issue server localhost 127.0.0.1 --key rsa2048");
    assert!(told.contains("localhost, valid until") && told.contains("localhost-key.pem"), "{told}");
    assert_eq!((workshop.mode("localhost-key.pem"), workshop.mode("localhost.pem")), (0o600, 0o644));
    let files = (workshop.text("localhost.pem"), workshop.text("localhost-key.pem"));
    serves(&workshop, &["--certfile", &files.0, "--keyfile", &files.1], "ca/ca.pem");
    assert!(workshop.refused("issue server localhost").contains("is there already"));
    assert_eq!(workshop.serials().len(), 1, "what was refused leaves no trace");
    workshop.ca("renew localhost.pem");
    workshop.ca("renew localhost.pem --keep-key");
    let list = workshop.ca("list");
    assert_eq!((list.matches("replaced").count(), list.matches("valid   ").count()), (2, 1), "{list}");
    serves(&workshop, &["--certfile", &files.0, "--keyfile", &files.1], "ca/ca.pem");
    assert_eq!(workshop.ca("renew --due"), "nothing is due\n");
}

#[test]
fn a_client_s_pkcs12_file_has_a_random_passphrase_that_is_shown_once() {
    let workshop = Workshop::with_ca();
    for (form, words) in [("modern", "--p12"), ("legacy", "--p12=apple --p12-file alice.p12 --force")] {
        let told = workshop
            .ca(&format!("issue client Alice_Example alice@example.org {words}").replace("Alice_Example", "alice"));
        let passphrase = told.lines().find_map(|line| line.trim().strip_prefix("passphrase")).expect("a passphrase");
        let passphrase = passphrase.split_whitespace().next().expect("a word");
        assert!(
            passphrase.len() > 20
                && !std::fs::read_to_string(workshop.path("ca/index.log")).expect("index").contains(passphrase)
        );
        assert_eq!(workshop.mode("alice.p12"), 0o600);
        let text = workshop.openssl(&format!("pkcs12 -in alice.p12 -passin pass:{passphrase} -nodes"));
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{form}: leaf and root");
    }
    workshop.sh("printf 'my own\\n' > words");
    workshop.ca("issue client bob --p12 --p12-passphrase-file words");
    workshop.sh("openssl pkcs12 -in bob.p12 -passin file:words -nodes -noout");
}

#[test]
fn a_key_behind_a_passphrase_opens_by_file_and_command_and_is_never_shown() {
    let workshop = Workshop::new();
    workshop.sh("printf 'very secret words\\nsecond line\\n' > words");
    let made = workshop.ca("init --encrypt-key --key-passphrase-file words");
    assert!(std::fs::read_to_string(workshop.path("ca/ca-key.pem")).expect("key").contains("ENCRYPTED PRIVATE KEY"));
    let mut told = workshop.ca("issue server a.test --key-passphrase-file words");
    let mut by_command = workshop.prepare("issue server b.test");
    let output = by_command.args(["--key-passphrase-command", "head -n 1 words"]).output().expect("runs");
    assert!(output.status.success(), "{}", stderr(&output));
    workshop.sh("echo wrong > wrong");
    told.push_str(&workshop.refused("crl --key-passphrase-file wrong"));
    assert!(told.contains("does not open"), "{told}");
    let mut failing = workshop.prepare("crl");
    let output = failing.args(["--key-passphrase-command", "exit 3"]).output().expect("runs");
    assert!(!output.status.success() && stderr(&output).contains("command failed"), "{}", stderr(&output));
    // Without a terminal nobody can be asked.
    let mut asking = Command::new("setsid");
    asking.arg("--wait").arg(env!("CARGO_BIN_EXE_tlsgi")).args(["ca", "crl", "--dir", "ca"]);
    let output = asking.current_dir(workshop.directory.path()).stdin(Stdio::null()).output().expect("runs");
    assert!(stderr(&output).contains("--key-passphrase-file"), "{}", stderr(&output));
    assert!(!made.contains("secret") && !told.contains("secret"), "{made}{told}");
    assert_eq!(workshop.serials().len(), 2, "listing needs no key");
}

/// Runs a command with a terminal, and types a line each time it asks; what the terminal showed.
fn typed(workshop: &Workshop, words: &str, lines: &[&str]) -> String {
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{} {words}", env!("CARGO_BIN_EXE_tlsgi")), "/dev/null"]);
    script.current_dir(workshop.directory.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().expect("this test needs `script` of util-linux");
    let (mut keyboard, mut screen) = (child.stdin.take().expect("stdin"), child.stdout.take().expect("stdout"));
    let mut shown = String::new();
    for line in lines {
        let mut byte = [0];
        while !shown.ends_with(": ") {
            screen.read_exact(&mut byte).unwrap_or_else(|error| panic!("{error}: {shown}"));
            shown.push(char::from(byte[0]));
        }
        writeln!(keyboard, "{line}").expect("typed");
        shown.push('|');
    }
    screen.read_to_string(&mut shown).expect("the rest");
    child.wait().expect("ends");
    shown
}

#[test]
fn a_terminal_is_asked_and_shows_nothing_of_what_is_typed() {
    let workshop = Workshop::new();
    let shown = typed(&workshop, "ca init --encrypt-key --dir ca", &["typed words", "other words"]);
    assert!(shown.contains("differ") && !workshop.path("ca/ca.pem").exists(), "{shown}");
    let shown = typed(&workshop, "ca init --encrypt-key --dir ca", &["typed words", "typed words"]);
    assert!(shown.contains("valid until") && !shown.contains("typed"), "{shown}");
    let shown = typed(&workshop, "ca crl --dir ca", &["typed words"]);
    assert!(shown.contains("revocation list") && !shown.contains("typed"), "{shown}");
    let shown = typed(&workshop, "ca crl --dir ca", &["wrong words"]);
    assert!(shown.contains("does not open") && !shown.contains("wrong words"), "{shown}");
}

#[test]
fn a_terminal_is_as_before_when_the_question_is_interrupted() {
    let workshop = Workshop::new();
    let shown = typed(&workshop, "ca init --encrypt-key --dir ca; stty -a", &["half a phrase\u{3}"]);
    assert!(shown.contains("interrupted") && !shown.contains("half"), "{shown}");
    for mode in [" echo ", " icanon ", "isig "] {
        assert!(shown.contains(mode), "{mode}: {shown}");
    }
    assert!(!workshop.path("ca/ca.pem").exists());
}

#[test]
fn processes_that_issue_at_once_take_turns() {
    let workshop = Workshop::with_ca();
    let start = |name: &str| {
        let mut tlsgi = workshop.prepare(&format!("issue server {name}.test"));
        tlsgi.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts")
    };
    let running: Vec<_> = ["a", "b", "c", "d", "e", "f"].into_iter().map(start).collect();
    for child in running {
        let output = child.wait_with_output().expect("ends");
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let serials = workshop.serials();
    assert_eq!((serials.len(), serials.iter().collect::<BTreeSet<_>>().len()), (6, 6));
}

/// System calls with which a file changes or comes to be.
const WRITING: [&str; 10] =
    ["openat", "write", "fsync", "fdatasync", "ftruncate", "rename", "renameat2", "unlink", "mkdir", "flock"];

/// Runs a command that is killed as it enters the `count`th of these calls; whether it came that far.
fn killed_at(workshop: &Workshop, call: &str, count: usize, words: &str) -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    strace.args(["-e", &format!("inject={call}:signal=KILL:when={count}")]).arg(env!("CARGO_BIN_EXE_tlsgi"));
    strace.arg("ca").args(words.split(' ')).args(["--dir", "ca"]).current_dir(workshop.directory.path());
    let output = strace.stdin(Stdio::null()).output().expect("this test needs strace");
    let is_killed = std::os::unix::process::ExitStatusExt::signal(&output.status) == Some(9);
    let is_fine = output.status.success();
    assert!(is_killed || is_fine, "tlsgi ca {words} at {call} {count}: {:?} {}", output.status, stderr(&output));
    is_killed
}

/// Kills a command at each of its calls in turn, and looks at the CA each time.
fn survives(workshop: &Workshop, words: &str, mut check: impl FnMut(&str)) {
    let mut killed = 0;
    for call in WRITING {
        // The first files that a process opens are its libraries.
        for count in 1..200 {
            if !killed_at(workshop, call, count, words) {
                break;
            }
            killed += 1;
            if call != "openat" || count > 8 {
                check(&format!("tlsgi ca {words}, killed at {call} {count}"));
            }
        }
    }
    assert!(killed > 10, "strace killed {killed} times only");
}

#[test]
fn killed_at_any_write_a_ca_stays_whole_and_uses_no_serial_twice() {
    let workshop = Workshop::with_ca();
    workshop.ca("issue server first.test");
    let mut known: BTreeSet<String> = workshop.serials().into_iter().collect();
    let mut list_number = 0;
    survives(&workshop, "issue server a.test --p12 --force", |when| {
        let serials = workshop.serials();
        let distinct: BTreeSet<String> = serials.iter().cloned().collect();
        assert_eq!(serials.len(), distinct.len(), "{when}");
        assert!(known.is_subset(&distinct), "{when}: a certificate was forgotten");
        known = distinct;
        // What is outside is in the index, whole.
        if workshop.path("a.test.pem").exists() {
            let serial = workshop.openssl("x509 -in a.test.pem -noout -serial");
            let serial = serial.trim().trim_start_matches("serial=").to_owned();
            assert!(known.contains(&serial), "{when}: {serial} left without being recorded");
        }
        if workshop.path("a.test-key.pem").exists() {
            workshop.openssl("pkey -in a.test-key.pem -noout");
        }
    });
    workshop.ca("issue server a.test --force");
    survives(&workshop, "revoke first.test.pem", |when| {
        assert!(known.is_subset(&workshop.serials().into_iter().collect()), "{when}");
        if workshop.path("ca/crl.pem").exists() {
            let number = list_number_of(&workshop);
            assert!(number >= list_number, "{when}: the list's number went back from {list_number} to {number}");
            list_number = number;
        }
    });
    workshop.ca("crl");
    assert!(list_number_of(&workshop) > list_number);
    let verified = workshop.openssl("crl -in ca/crl.pem -CAfile ca/ca.pem -noout -text");
    assert_eq!(verified.matches("Serial Number:").count(), 1, "{verified}");
    survives(&workshop, "renew a.test.pem", |when| {
        let serials = workshop.serials();
        assert_eq!(serials.len(), serials.iter().collect::<BTreeSet<_>>().len(), "{when}");
    });
    workshop.ca("renew a.test.pem");
    assert_eq!(
        workshop.openssl("pkey -in a.test-key.pem -pubout"),
        workshop.openssl("x509 -in a.test.pem -noout -pubkey")
    );
}

fn list_number_of(workshop: &Workshop) -> u64 {
    let text = workshop.openssl("crl -in ca/crl.pem -noout -crlnumber");
    u64::from_str_radix(text.trim().trim_start_matches("crlNumber=0x").trim_start_matches("crlNumber="), 16)
        .expect("a number")
}

#[test]
fn killed_while_it_is_made_a_ca_is_there_or_can_be_made_again() {
    let mut made = 0;
    for call in WRITING {
        for count in 1..200 {
            let workshop = Workshop::new();
            if !killed_at(&workshop, call, count, "init") {
                break;
            }
            if workshop.path("ca/ca.pem").exists() {
                made += 1;
            } else {
                workshop.ca("init");
            }
            workshop.ca("issue server a.test");
            assert_eq!(workshop.serials().len(), 1, "{call} {count}");
        }
    }
    assert!(made > 0, "never killed after the last file");
}

#[test]
fn recipe_of_a_server_certificate_without_names_serves_and_says_what_is_wrong() {
    let workshop = Workshop::new();
    workshop.sh("openssl genrsa -out foobar.key 2048
         openssl req -new -key foobar.key -subj /CN=localhost -out foobar.csr
         openssl x509 -req -days 365 -in foobar.csr -signkey foobar.key -out foobar.crt");
    let files = (workshop.text("foobar.crt"), workshop.text("foobar.key"));
    let server = Server::start(&example("wsgi_app.py"), &["--certfile", &files.0, "--keyfile", &files.1]);
    let fetched = Command::new("curl").args(["--silent", "--insecure", &server.url("/")]).output().expect("curl");
    assert!(String::from_utf8_lossy(&fetched.stdout).starts_with("Hello"), "{}", server.log());
    assert!(
        server.log().contains("subject alternative name") || server.log().contains("version 1"),
        "{}",
        server.log()
    );
    drop(server);
    // The same request, signed by a CA of ours, is what browsers want.
    workshop.ca("init");
    workshop.ca("sign foobar.csr localhost 127.0.0.1 --cert-file good.crt");
    let files = (workshop.text("good.crt"), workshop.text("foobar.key"));
    serves(&workshop, &["--certfile", &files.0, "--keyfile", &files.1], "ca/ca.pem");
}

#[test]
fn recipe_of_a_self_signed_certificate_in_one_line_serves() {
    let workshop = Workshop::new();
    workshop.sh(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout server.key -out server.crt -subj /CN=localhost \
         -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'",
    );
    let files = (workshop.text("server.crt"), workshop.text("server.key"));
    serves(&workshop, &["--certfile", &files.0, "--keyfile", &files.1], "server.crt");
}

#[test]
fn recipe_of_a_ca_with_an_encrypted_key_is_taken_over() {
    let workshop = Workshop::new();
    workshop.sh("echo secret > words
         openssl genrsa -des3 -passout file:words -out ca.key 4096
         openssl req -new -x509 -days 365 -key ca.key -passin file:words -subj '/C=US/O=Foobar/CN=Foobar CA' -out ca.crt
         openssl genrsa -out foobar.key 2048
         openssl req -new -key foobar.key -subj /CN=localhost -out foobar.csr
         openssl genrsa -des3 -passout file:words -out client.key 2048
         openssl req -new -key client.key -passin file:words -subj '/CN=Client 01' -out client.csr");
    workshop.ca("init --from ca.crt --from-key ca.key --key-passphrase-file words");
    workshop.ca("sign foobar.csr --cert-file foobar.crt --key-passphrase-file words");
    workshop.ca("sign client.csr --client --cert-file client.crt --key-passphrase-file words");
    let files = (workshop.text("foobar.crt"), workshop.text("foobar.key"));
    serves(&workshop, &["--certfile", &files.0, "--keyfile", &files.1], "ca.crt");
    let verified = workshop.openssl("verify -CAfile ca.crt -purpose sslclient client.crt");
    assert!(verified.contains("OK"), "{verified}");
    workshop.sh(
        "openssl pkcs12 -export -in client.crt -inkey client.key -passin file:words -name 'Client 01' -passout pass:secret -out client.p12
         openssl pkcs12 -in client.p12 -passin file:words -nodes -noout",
    );
    // The seed's own way of signing, which leaves the same number in two certificates, and no names.
    workshop.sh(
        "openssl x509 -req -days 365 -in foobar.csr -CA ca.crt -CAkey ca.key -passin file:words -set_serial 01 -out old.crt",
    );
    let old = workshop.text("old.crt");
    let server = Server::start(&example("wsgi_app.py"), &["--certfile", &old, "--keyfile", &files.1]);
    let fetched = Command::new("curl").args(["--silent", "--insecure", &server.url("/")]).output().expect("curl");
    assert!(String::from_utf8_lossy(&fetched.stdout).starts_with("Hello"), "{}", server.log());
    workshop.ca("revoke old.crt --key-passphrase-file words");
    let listed = workshop.openssl("crl -in ca/crl.pem -CAfile ca.crt -noout -text");
    assert!(listed.contains("Serial Number: 01"), "{listed}");
    workshop.sh("openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=a -keyout other.key -out other.crt");
    let told = workshop.refused("revoke other.crt --key-passphrase-file words");
    assert!(told.contains("neither the serial nor the file"), "{told}");
}

#[test]
fn encrypted_server_keys_open_by_file_command_and_credential_and_reload() {
    let workshop = Workshop::with_ca();
    workshop.sh("printf 'hush hush words\\n' > words");
    workshop.ca("issue server localhost");
    workshop.sh("openssl pkey -in localhost-key.pem -aes256 -passout file:words -out sealed.pem; chmod 600 sealed.pem");
    let (certificate, key, words) =
        (workshop.text("localhost.pem"), workshop.text("sealed.pem"), workshop.text("words"));
    let by_command = format!("cat {words}");
    let directory = workshop.directory.path().display().to_string();
    let ways = [
        (["--key-passphrase-file", &words], ("UNUSED", "")),
        (["--key-passphrase-command", &by_command], ("UNUSED", "")),
        (["--key-passphrase-credential", "words"], ("CREDENTIALS_DIRECTORY", directory.as_str())),
    ];
    for (more, environment) in ways {
        let arguments = [&["--certfile", &certificate, "--keyfile", &key][..], &more].concat();
        let source = "def app(environ, start):\n    start('200 OK', [])\n    return [b'Hello']\n";
        let server = Server::with_environment(source, &arguments, &[environment]);
        let ask = || {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--max-time", "30", "--cacert", &workshop.text("ca/ca.pem"), &server.url("/")]);
            String::from_utf8_lossy(&curl.output().expect("curl").stdout).into_owned()
        };
        assert_eq!(ask(), "Hello", "{more:?}: {}", server.log());
        server.signal("HUP");
        server.wait_for_log("reload");
        assert_eq!(ask(), "Hello", "{more:?}: {}", server.log());
        assert!(!server.log().contains("hush"), "{}", server.log());
    }
}

#[test]
fn an_encrypted_key_without_a_passphrase_is_a_start_error_that_says_what_to_do() {
    let workshop = Workshop::with_ca();
    workshop.ca("issue server localhost");
    workshop.sh("openssl pkey -in localhost-key.pem -aes256 -passout pass:secret -out sealed.pem; echo wrong > wrong");
    let run = |more: &[&str]| {
        let mut serve = Command::new("setsid");
        serve.arg("--wait").arg(env!("CARGO_BIN_EXE_tlsgi")).args(["check", &example("wsgi_app.py")]);
        serve
            .args(["--certfile", &workshop.text("localhost.pem"), "--keyfile", &workshop.text("sealed.pem")])
            .args(more);
        serve.arg("--state-dir").arg(workshop.path("state")).stdin(Stdio::null());
        let output = serve.output().expect("runs");
        (output.status.code(), stderr(&output))
    };
    let (code, told) = run(&[]);
    assert!(code == Some(4) && told.contains("encrypted") && told.contains("--key-passphrase-file"), "{code:?} {told}");
    let (code, told) = run(&["--key-passphrase-file", &workshop.text("wrong")]);
    assert!(code == Some(4) && told.contains("does not open"), "{code:?} {told}");
    let (code, told) = run(&["--key-passphrase-file", "/nowhere"]);
    assert!(code == Some(4) && told.contains("/nowhere"), "{code:?} {told}");
    let (code, told) = run(&["--key-passphrase-file", "/x", "--key-passphrase-command", "y"]);
    assert!(code == Some(2) && told.contains("exclude each other"), "{code:?} {told}");
}

#[test]
fn a_server_s_certificates_are_inspected_as_they_are_sent() {
    let workshop = Workshop::with_ca();
    workshop.ca("issue server localhost 127.0.0.1");
    let files = (workshop.text("localhost.pem"), workshop.text("localhost-key.pem"));
    let server = Server::start(&example("wsgi_app.py"), &["--certfile", &files.0, "--keyfile", &files.1]);
    let inspect = |target: &str, more: &[&str]| {
        let output = command().args(["cert", "inspect", target]).args(more).output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output))
    };
    let target = format!("localhost:{}", server.https.port());
    let (code, text) = inspect(&target, &[]);
    assert_eq!(code, Some(0), "{text}");
    for words in ["TLS 1.3", "h2", "names    localhost, 127.0.0.1", "ECDSA P-256", "Let's Encrypt no"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let (_, json) = inspect(&target, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (json[0]["chain"].as_str(), json[0]["connection"]["version"].as_str()),
        (Some("complete"), Some("TLS 1.3"))
    );
    let (code, text) = inspect(&format!("[::1]:{}", server.https.port()), &[]);
    assert!(code == Some(1) || code == Some(4), "not listening there, or not for that address: {text}");
    let plain = server.http.expect("a plain listener").port();
    let (code, text) = inspect(&format!("localhost:{plain}"), &[]);
    assert!(code == Some(1) && text.contains("no certificate from"), "{text}");
    let (code, text) = inspect(&files.0, &["--key", &files.1, "--name", "other.test"]);
    assert!(code == Some(4) && text.contains("not for other.test") && text.contains("the key belongs to it"), "{text}");
    let (code, text) = inspect(&workshop.text("nothing.pem"), &[]);
    assert!(code == Some(1) && text.contains("nothing.pem"), "{text}");
}

#[test]
fn the_guide_s_commands_run_as_they_stand() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/private-ca.md");
    let page = std::fs::read_to_string(page).expect("the guide");
    let blocks: Vec<&str> = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() > 5, "the guide has {} blocks", blocks.len());
    let workshop = Workshop::new();
    let binary = Path::new(env!("CARGO_BIN_EXE_tlsgi")).parent().expect("a directory").to_owned();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").expect("PATH"));
    let mut shell = Command::new("sh");
    shell.arg("-eu").current_dir(workshop.directory.path()).env("PATH", path).env("HOME", workshop.directory.path());
    shell
        .env("XDG_STATE_HOME", workshop.path("state"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = shell.spawn().expect("sh");
    child.stdin.take().expect("stdin").write_all(blocks.join("\n").as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
}
