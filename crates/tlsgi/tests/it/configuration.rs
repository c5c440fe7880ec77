//! The guide to the configuration file, done as it says; and where configuration comes from.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::harness::{Server, command, python};

/// A block of the guide: its language and its text.
type Block = (String, String);

fn blocks() -> Vec<Block> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/configuration.md");
    let page = std::fs::read_to_string(page).expect("the guide");
    let fenced = page.split("\n```").skip(1).step_by(2);
    let block = |text: &str| text.split_once('\n').map(|(kind, rest)| (kind.to_owned(), format!("{rest}\n")));
    fenced.filter_map(block).collect()
}

/// A directory that is a home, a project, and has nothing else.
struct Desk<'d>(&'d Path);

impl Desk<'_> {
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("written");
    }

    /// A command that finds tlsgi, its interpreter and its state here.
    fn here(&self, mut command: Command) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_tlsgi")).parent().expect("a directory");
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").expect("PATH"));
        command.current_dir(self.0).env("PATH", path).env("HOME", self.0).env_remove("CAROOT");
        command.env("XDG_STATE_HOME", self.0.join(".local/state")).env("TLSGI_PYTHON", python());
        command
    }

    fn shell(&self, text: &str) -> Output {
        let mut shell = Command::new("sh");
        shell.args(["-eu", "-c", text]).stdin(Stdio::null());
        self.here(shell).output().expect("sh runs")
    }

    fn tlsgi(&self, words: &[&str]) -> Output {
        let mut tlsgi = command();
        tlsgi.args(words);
        self.here(tlsgi).output().expect("runs")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn guide_does_what_it_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let home = directory.path().to_owned();
    let desk = Desk(&home);
    let blocks = blocks();
    for (_, block) in &blocks {
        let named = block.lines().next().and_then(|line| line.strip_prefix("# "));
        if let Some(name) = named.filter(|name| matches!(*name, "shop.py" | "tlsgi.toml")) {
            desk.write(name, block);
        }
    }
    let mut tlsgi = desk.here(command());
    tlsgi.envs([("TLSGI_HTTPS_PORT", "0"), ("TLSGI_PORT", "0"), ("TLSGI_HOST", "127.0.0.1")]);
    let server = Server::run_by(directory, tlsgi);
    let (https, http) = (server.https.port().to_string(), server.http.expect("a plain listener").port().to_string());
    let ported = |text: &str| text.replace("8443", &https).replace("8080", &http);
    let mut asked = 0;
    for pair in blocks.windows(2) {
        let [(kind, command), (next, expected)] = pair else { continue };
        if kind != "sh" || next != "text" {
            continue;
        }
        let output = desk.shell(&ported(command));
        assert!(output.status.success(), "{command}\n{}", text(&output.stderr));
        let said: Vec<String> = text(&output.stdout).lines().map(|line| line.trim_end().to_owned()).collect();
        let expected = ported(expected);
        let expected: Vec<&str> = expected.trim_end().lines().map(str::trim_end).collect();
        // What a check says of the machine differs from one to the other, and comes last.
        let compared = if command.contains("check") { expected.len().min(said.len()) } else { said.len() };
        assert_eq!(said[..compared], expected, "{command}");
        asked += 1;
    }
    assert!(asked >= 5, "the guide asks {asked} things");
}

#[test]
fn project_file_counts_where_there_is_no_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk(directory.path());
    desk.write(
        "shop.py",
        "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'shop']\n",
    );
    desk.write("pyproject.toml", "[project]\nname = \"x\"\n[tool.black]\nline-length = 3\n");
    let output = desk.tlsgi(&["check"]);
    assert!(text(&output.stderr).contains("no application is named"), "{}", text(&output.stderr));
    desk.write("pyproject.toml", "[project]\nname = \"x\"\n\n[tool.tlsgi]\napp = \"shop.py\"\nthraeds = 3\n");
    let output = desk.tlsgi(&["check"]);
    let told = text(&output.stderr);
    assert!(told.contains("pyproject.toml:6:1") && told.contains("did you mean `threads`?"), "{told}");
    desk.write("pyproject.toml", "[tool.tlsgi]\napp = \"shop.py\"\n[tool.tlsgi.pool.main]\nthreads = 3\n");
    let shown = text(&desk.tlsgi(&["config", "show", "--only-written"]).stdout);
    assert_eq!(shown.lines().filter(|line| line.contains("# pyproject.toml:")).count(), 2, "{shown}");
    let output = desk.tlsgi(&["check", "--config", "pyproject.toml"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    desk.write("tlsgi.toml", "threads = 4\n");
    let shown = text(&desk.tlsgi(&["config", "show", "--only-written", "--processes", "2"]).stdout);
    assert!(shown.contains("threads = 4") && shown.contains("processes = 2") && !shown.contains("shop"), "{shown}");
    let written = shown.replace("threads = 4", "threads = 6");
    desk.write("tlsgi.toml", &written);
    let again = text(&desk.tlsgi(&["config", "show", "--only-written"]).stdout);
    assert!(again.contains("threads = 6") && again.contains("processes = 2"), "what is printed can be used: {again}");
}

#[test]
fn schema_is_printed_as_it_is_checked_in() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/tlsgi.schema.json");
    let directory = tempfile::tempdir().expect("a directory");
    let output = Desk(directory.path()).shell("tlsgi config schema");
    assert_eq!(text(&output.stdout), std::fs::read_to_string(page).expect("the schema"));
}
