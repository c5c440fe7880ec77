//! The project's own commands. `cargo xtask check` is all that a change needs.

mod check;
mod code_map;
mod command;
mod environment;
mod generate;
mod promises;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use environment::Environment;

const USAGE: &str = "usage: cargo xtask COMMAND
  dev [ARGUMENTS]     build into target/venv and serve (default: examples/flask_app.py) on https://localhost:8443
  check               everything that must pass: lints, tests, conformance, the wheel
  lint                formatting, clippy, tidy, generated files, borders, documentation
  test                Rust and Python tests, conformance
  install [PROFILE]   build into target/venv (profile: dev, quick, release)
  tidy                rules about the source text, and that promises name tests that exist
  generate [--check]  reference pages, manual page, completions, schema, code map";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> anyhow::Result<()> {
    let root = root();
    match words {
        ["dev", rest @ ..] => dev(&root, rest),
        ["check"] => check::all(&root),
        ["lint"] => check::lint(&root, &Environment::prepare(&root)?),
        ["test"] => check::test(&root, &Environment::prepare(&root)?),
        ["install"] => Environment::prepare(&root)?.install(&root, "dev"),
        ["install", profile] => Environment::prepare(&root)?.install(&root, profile),
        ["tidy"] => tidy::check(&root).and_then(|()| promises::check(&root)),
        ["generate"] => generate::write(&root),
        ["generate", "--check"] => generate::check(&root),
        _ => anyhow::bail!("{USAGE}"),
    }
}

/// Builds everything and serves an example until it is interrupted.
fn dev(root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let environment = Environment::prepare(root)?;
    environment.install(root, "quick")?;
    let arguments = if arguments.is_empty() { &["examples/flask_app.py"] } else { arguments };
    let mut serve = vec!["serve"];
    serve.extend(arguments);
    command::run(environment.command().as_os_str(), &serve, root, &[])
}

/// The top of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

#[expect(clippy::print_stderr, reason = "a command for developers")]
fn report(line: &str) {
    eprintln!("{line}");
}
