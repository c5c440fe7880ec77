//! All that a change needs before it lands, in the order in which it fails soonest.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::{output, run, succeeds};
use crate::environment::Environment;
use crate::{generate, promises, report, tidy};

/// Formatting, lints, generated files, borders between crates, documentation.
pub(crate) fn lint(root: &Path, environment: &Environment) -> Result<()> {
    let python = environment.python().display().to_string();
    let pyo3 = [("PYO3_PYTHON", python.as_str())];
    run("cargo".as_ref(), &["fmt", "--all", "--check"], root, &[])?;
    tidy::check(root)?;
    generate::check(root)?;
    promises::check(root)?;
    borders(root)?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        "tlsgi-front/rooms",
        "--quiet",
        "--",
        "--deny",
        "warnings",
    ];
    run("cargo".as_ref(), &clippy, root, &pyo3)?;
    let doc = ["doc", "--workspace", "--no-deps", "--quiet", "--document-private-items"];
    run("cargo".as_ref(), &doc, root, &[("RUSTDOCFLAGS", "--deny warnings"), ("PYO3_PYTHON", python.as_str())])
}

/// Everything: lints, Rust tests, Python tests on the oldest and newest interpreter present, conformance, the wheel.
pub(crate) fn all(root: &Path) -> Result<()> {
    let environment = Environment::prepare(root)?;
    lint(root, &environment)?;
    test(root, &environment)?;
    wheel(root)
}

/// The tests alone.
pub(crate) fn test(root: &Path, environment: &Environment) -> Result<()> {
    environment.install(root, "dev")?;
    let python = environment.python().display().to_string();
    let rust = ["test", "--workspace", "--exclude", "tlsgi-worker"];
    twice(|_| run("cargo".as_ref(), &rust, root, &[("TLSGI_TEST_PYTHON", &python)]))?;
    pytest(root, environment, &["python/tests"])?;
    pytest(root, environment, &["conformance"])?;
    for (name, python) in other_interpreters() {
        let other = Environment::prepare_with(root, &python.display().to_string(), &name)?;
        other.install(root, "dev")?;
        pytest(root, &other, &["python/tests"])?;
    }
    Ok(())
}

fn pytest(root: &Path, environment: &Environment, paths: &[&str]) -> Result<()> {
    let command = environment.command().display().to_string();
    twice(|is_repeated| {
        let mut arguments = vec!["-m", "pytest", "--quiet"];
        arguments.extend(if is_repeated { &["--last-failed"][..] } else { &[] });
        arguments.extend(paths);
        run(environment.python().as_os_str(), &arguments, root, &[("TLSGI_COMMAND", &command)])
    })
}

/// Whole programs under deadlines on a busy machine: what fails is tried once more, and said to have failed.
fn twice(attempt: impl Fn(bool) -> Result<()>) -> Result<()> {
    attempt(false).or_else(|error| {
        report(&format!("failed, tried once more: {error:#}"));
        attempt(true)
    })
}

/// What a dependency must never reach (see the table in ARCHITECTURE.md).
fn borders(root: &Path) -> Result<()> {
    let forbidden: [(&str, &[&str]); 7] = [
        ("tlsgi-wire", &["tokio", "pyo3", "rustls", "rustix"]),
        ("tlsgi-sys", &["tokio", "pyo3", "rustls", "tlsgi-wire", "tlsgi-config"]),
        ("tlsgi-config", &["tokio", "hyper", "rustls", "pyo3"]),
        ("tlsgi-cert", &["tokio", "hyper", "pyo3", "tlsgi-config"]),
        ("tlsgi-front", &["pyo3", "hyper", "openssl", "native-tls", "ring"]),
        ("tlsgi", &["pyo3", "hyper", "openssl", "native-tls", "ring"]),
        ("tlsgi-worker", &["tokio", "hyper", "rustls", "tlsgi-config", "tlsgi-front"]),
    ];
    for (package, names) in forbidden {
        let tree =
            output("cargo".as_ref(), &["tree", "--package", package, "--edges", "normal", "--prefix", "none"], root)?;
        for name in names {
            let reached = tree.lines().any(|line| line.split(' ').next() == Some(*name));
            anyhow::ensure!(
                !reached,
                "{package} must not depend on {name}: cargo tree --package {package} --invert {name}"
            );
        }
    }
    Ok(())
}

/// A wheel, installed into a clean environment and asked for one page.
fn wheel(root: &Path) -> Result<()> {
    let environment = Environment::prepare(root)?;
    run(environment.python().as_os_str(), &["python/tests/wheel_check.py"], root, &[])
}

/// The oldest and the newest interpreter of pyenv besides the default one.
fn other_interpreters() -> Vec<(String, PathBuf)> {
    let home = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv")));
    let entries = home.and_then(|home| std::fs::read_dir(home.join("versions")).ok());
    let mut found: Vec<_> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let mut parts = name.split('.').map(|part| part.parse::<u32>().ok());
            let (Some(Some(3)), Some(Some(minor))) = (parts.next(), parts.next()) else { return None };
            let python = entry.path().join("bin/python3");
            ((9..=14).contains(&minor) && succeeds(python.as_os_str(), &["-c", "import venv"]))
                .then_some((minor, python))
        })
        .collect();
    found.sort();
    let oldest = found.first().cloned();
    let newest = found.last().cloned().filter(|newest| Some(newest) != oldest.as_ref());
    oldest.into_iter().chain(newest).map(|(minor, python)| (format!("venv-3.{minor}"), python)).collect()
}
