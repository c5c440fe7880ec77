//! Which Python runs a pool, and why one that did not get as far as our module could not.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tlsgi_config::config::Pool;

use tlsgi_sys::process::{self, Keyboard};

use super::error::Error;
use super::pool::Release;
use super::worker;

const NAMES: [&str; 2] = ["python3", "python"];

/// The pool's interpreter: the one named, else the one that is [found](look).
pub(super) fn find(pool: &Pool, executable: &Path) -> Result<PathBuf, Error> {
    pool.python.clone().or_else(|| look(executable)).ok_or(Error::NoInterpreter)
}

/// The interpreter beside the executable that the user started (a virtual environment's `bin`), else the active virtual environment's,
/// else the first on PATH.
pub(crate) fn look(executable: &Path) -> Option<PathBuf> {
    let beside = executable.parent().map(Path::to_owned);
    let active = std::env::var_os("VIRTUAL_ENV").map(|environment| PathBuf::from(environment).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = beside.into_iter().chain(active).chain(std::env::split_paths(&path));
    let candidates = directories.flat_map(|directory| NAMES.map(|name| directory.join(name)));
    candidates.into_iter().find(|candidate| is_executable(candidate))
}

/// The installed package beside the executable, for an interpreter that the pool names: another virtual environment need not have it, as
/// long as the interpreter is of the same version.
pub(super) fn packages(pool: &Pool, executable: &Path) -> Vec<PathBuf> {
    let Some(library) = pool.python.as_ref().and_then(|_| Some(executable.parent()?.parent()?.join("lib"))) else {
        return Vec::new();
    };
    let versions = std::fs::read_dir(library).into_iter().flatten().flatten().map(|entry| entry.path());
    let pythons = versions.filter(|path| path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"python")));
    let sites = pythons.flat_map(|path| ["site-packages", "dist-packages"].map(|site| path.join(site)));
    let places = sites
        .flat_map(|site| linked(&site).into_iter().chain([site]).map(|place| place.join("tlsgi")).collect::<Vec<_>>());
    places.filter(|place| place.join("__init__.py").is_file()).collect()
}

/// Directories that the path files of a site directory add: where an editable installation has its packages.
fn linked(site: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(site).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "pth"));
    let texts = files.filter_map(|path| std::fs::read_to_string(path).ok());
    texts
        .flat_map(|text| text.lines().map(PathBuf::from).collect::<Vec<_>>())
        .filter(|path| path.is_absolute())
        .collect()
}

/// What an interpreter runs to have our package: its own, or the first of those named in its arguments that it can load.
pub(super) const LOAD_PACKAGE: &str = "\
import importlib.util, sys
folders = sys.argv[2:]
del sys.argv[2:]
try:
    import tlsgi._worker
except ModuleNotFoundError as error:
    if error.name not in ('tlsgi', 'tlsgi._worker') or not folders:
        raise
    for folder in folders:
        for name in [name for name in sys.modules if name.partition('.')[0] == 'tlsgi']:
            del sys.modules[name]
        spec = importlib.util.spec_from_file_location('tlsgi', folder + '/__init__.py', submodule_search_locations=[folder])
        sys.modules['tlsgi'] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(sys.modules['tlsgi'])
            import tlsgi._worker
            break
        except ModuleNotFoundError as failure:
            error = failure
    else:
        raise error
";

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Why a worker of this interpreter ended without a word, when the reason is the interpreter: our package is not installed
/// there, or cannot be loaded.
pub(super) fn diagnose(release: &Release) -> Option<String> {
    let interpreter = &release.interpreter;
    let mut command = worker::command(release);
    command.args(["-c", LOAD_PACKAGE, "0"]).args(&release.packages).stdin(Stdio::null()).stdout(Stdio::null());
    process::prepare(&mut command, worker::setup(release, Keyboard::Apart));
    let shown = interpreter.display();
    match command.output() {
        Err(error) => Some(worker::cannot_start(release, &error)),
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.trim_end().lines().last().unwrap_or_default().to_owned();
            if last.starts_with("ModuleNotFoundError: No module named 'tlsgi") {
                let other = if release.packages.is_empty() {
                    ""
                } else {
                    ", and this server's own is for another version of Python"
                };
                Some(format!(
                    "tlsgi is not installed for {shown}{other}; install it with: {shown} -m pip install tlsgi"
                ))
            } else {
                Some(format!("{shown} cannot load tlsgi: {last}"))
            }
        }
    }
}

/// The executable as the user started it, so that a new one put in its place is found: not what a link pointed to then.
pub(crate) fn executable() -> PathBuf {
    let running = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
    let is_running = |path: &PathBuf| path.canonicalize().is_ok_and(|found| found == running);
    let started = std::env::args_os().next().unwrap_or_default();
    let candidate = if Path::new(&started).components().count() > 1 {
        std::path::absolute(&started).ok()
    } else {
        on_path(&started)
    };
    candidate.filter(is_running).unwrap_or(running)
}

fn on_path(name: &OsStr) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|candidate| is_executable(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::listener;

    fn script(directory: &Path, name: &str, text: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
        path
    }

    fn release(interpreter: PathBuf) -> Release {
        let config = listener::tests::config(Vec::new()).pools.remove(0);
        Release { generation: 0, config, interpreter, packages: Vec::new(), account: None, code: None }
    }

    #[test]
    fn missing_package_is_answered_with_the_command_that_installs_it() {
        let directory = tempfile::tempdir().expect("directory");
        let python =
            script(directory.path(), "python3", "echo \"ModuleNotFoundError: No module named 'tlsgi'\" >&2; exit 1");
        let text = diagnose(&release(python.clone())).expect("a reason");
        assert!(text.ends_with(&format!("{} -m pip install tlsgi", python.display())), "{text}");
    }

    #[test]
    fn package_that_cannot_be_loaded_is_answered_with_the_reason() {
        let directory = tempfile::tempdir().expect("directory");
        let python = script(directory.path(), "python3", "echo 'ImportError: libfoo.so.1: cannot open' >&2; exit 1");
        assert!(
            diagnose(&release(python))
                .expect("a reason")
                .ends_with("cannot load tlsgi: ImportError: libfoo.so.1: cannot open")
        );
        assert_eq!(diagnose(&release(script(directory.path(), "good", "exit 0"))), None);
        assert!(diagnose(&release(directory.path().join("absent"))).expect("a reason").contains("cannot be started"));
    }

    #[test]
    fn only_files_that_can_be_executed_are_interpreters() {
        let directory = tempfile::tempdir().expect("directory");
        let python = script(directory.path(), "python", "exit 0");
        assert!(is_executable(&python));
        assert!(!is_executable(directory.path()));
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o644)).expect("not executable");
        assert!(!is_executable(&python));
    }
}
