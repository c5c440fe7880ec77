//! Command lines of other servers: gives the dialect what it may look at, and does what it says.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tlsgi_config::dialect::{Files, Foreign, Input, NewFile, Outcome, Purpose, toml};
use tlsgi_config::{Diagnostic, Diagnostics, Document, Exit};

use super::evaluate;
use super::startup::{self, Reading, Source};
use super::{Roles, print, with_startup};

/// Does what is asked for.
pub(super) fn run(foreign: Foreign, roles: &Roles) -> Exit {
    let directory = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let (outcome, told) =
        translate(&foreign, &startup::environment(), &directory, &Disk { evaluate: evaluate::remember });
    match outcome {
        Outcome::Print(text) => return print::out(&text),
        Outcome::Write(files, said) => {
            print::diagnostics(&told, None);
            return write(&files, &said);
        }
        Outcome::Serve(_) => {}
    }
    match foreign.purpose {
        Purpose::Serve => with_startup(Source::Foreign(foreign), None, roles.serve),
        Purpose::Check => with_startup(Source::Foreign(foreign), None, roles.check),
        Purpose::Import => import(&foreign, outcome, &told),
    }
}

/// What is said, for serving; nothing when something else was asked for.
pub(super) fn said(
    foreign: &Foreign,
    environment: &BTreeMap<String, String>,
    directory: &Path,
) -> (Document, Diagnostics) {
    match translate(foreign, environment, directory, &Disk { evaluate: evaluate::settings }) {
        (Outcome::Serve(said), told) => (*said, told),
        (Outcome::Print(_) | Outcome::Write(..), told) => (Document::default(), told),
    }
}

fn translate(
    foreign: &Foreign,
    environment: &BTreeMap<String, String>,
    directory: &Path,
    files: &Disk,
) -> (Outcome, Diagnostics) {
    let input = Input { arguments: &foreign.arguments, environment, directory, files };
    (foreign.dialect.translate)(&input)
}

/// Prints the `tlsgi.toml`, or says why there is none: half a configuration must not look like a whole one.
fn import(foreign: &Foreign, outcome: Outcome, told: &Diagnostics) -> Exit {
    let Outcome::Serve(mut said) = outcome else { return Exit::Failure };
    let read = Reading::of_foreign(foreign);
    if read.said.server.user.is_none() {
        said.server.user = None;
    }
    let mut all = told.clone();
    if !all.has_errors() {
        all.extend(read.resolve().1);
    }
    print::diagnostics(&all, None);
    if all.has_errors() {
        return Exit::Usage;
    }
    print::out(&toml::write(&said))
}

fn write(files: &[NewFile], said: &str) -> Exit {
    for file in files {
        if let Err(error) = write_one(file) {
            let told = Diagnostic::error(format!("cannot write {}: {error}", file.path.display()));
            print::diagnostics(&Diagnostics(vec![told]), None);
            return Exit::Failure;
        }
    }
    print::out(said)
}

fn write_one(file: &NewFile) -> std::io::Result<()> {
    if let Some(folder) = file.path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&file.path, &file.text)?;
    if file.is_executable {
        std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// The files of this machine.
struct Disk {
    evaluate: fn(&str) -> Result<String, String>,
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<String, String> {
        startup::text(path).map_err(|error| error.to_string())
    }

    fn list(&self, directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn evaluate(&self, source: &str) -> Result<String, String> {
        (self.evaluate)(source)
    }
}
