//! The guide to requests and responses, done as it says.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::harness::{Server, command, python};

/// A block of the guide: its language and its text.
type Block = (String, String);

fn blocks() -> Vec<Block> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/responses.md");
    let page = std::fs::read_to_string(page).expect("the guide");
    let fenced = page.split("\n```").skip(1).step_by(2);
    let block = |text: &str| text.split_once('\n').map(|(kind, rest)| (kind.to_owned(), format!("{rest}\n")));
    fenced.filter_map(block).collect()
}

/// A command in a home that has nothing else.
fn in_home(home: &Path, mut command: Command) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_tlsgi")).parent().expect("a directory");
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").expect("PATH"));
    command.current_dir(home).env("PATH", path).env("HOME", home).env_remove("CAROOT");
    command.env("XDG_STATE_HOME", home.join(".local/state")).env("TLSGI_PYTHON", python());
    command
}

fn shell(home: &Path, text: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", text]).stdin(Stdio::null());
    let output = in_home(home, shell).output().expect("sh runs");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn guide_to_responses_does_what_it_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let home = directory.path().to_owned();
    let blocks = blocks();
    let named = |block: &str| block.lines().next().and_then(|line| line.strip_prefix("# ")).map(str::to_owned);
    for (_, block) in &blocks {
        if let Some(name @ ("app.py" | "tlsgi.toml")) = named(block).as_deref() {
            std::fs::write(home.join(name), block).expect("written");
        }
    }
    let starts = blocks.iter().position(|(kind, text)| kind == "sh" && text.trim() == "tlsgi").expect("the start");
    blocks[..starts].iter().filter(|(kind, _)| kind == "sh").for_each(|(_, text)| drop(shell(&home, text)));
    let mut tlsgi = in_home(&home, command());
    tlsgi.envs([("TLSGI_HTTPS_PORT", "0"), ("TLSGI_PORT", "0"), ("TLSGI_HOST", "127.0.0.1")]);
    let server = Server::run_by(directory, tlsgi);
    let port = server.https.port().to_string();
    let mut asked = 0;
    for pair in blocks[starts..].windows(2) {
        let [(kind, text), (next, expected)] = pair else { continue };
        if kind != "sh" || next != "text" {
            continue;
        }
        let output = shell(&home, &text.replace("8443", &port));
        let said = String::from_utf8_lossy(&output.stdout);
        let said: Vec<&str> = said.lines().map(str::trim_end).collect();
        let expected: Vec<&str> = expected.trim_end().lines().collect();
        assert_eq!(said, expected, "{text}");
        asked += 1;
    }
    assert_eq!(asked, 4);
}
