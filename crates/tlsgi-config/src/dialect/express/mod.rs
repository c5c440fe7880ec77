//! mod_wsgi-express: `start-server` and `setup-server`.

mod finish;
mod options;
mod setup;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::argv::{self, Style, Word};
use super::draft::{Draft, Drafting};
use super::entry::{Given, Takes};
use super::{Dialect, Input, Outcome, apache, entry, page};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::origin::Origin;

/// The dialect.
pub(super) static DIALECT: Dialect = Dialect {
    name: "mod_wsgi-express",
    original: "mod_wsgi-express 6.0.5",
    usage: "start-server|setup-server WSGI-SCRIPT [OPTIONS]",
    about: "Serve as mod_wsgi-express start-server does",
    notes: NOTES,
    rows: || entry::rows(options::TABLE),
    translate,
};

const NOTES: &str = "\
What mod_wsgi-express promises and does not do is done:

* `--https-port` is enough for HTTPS. There, nothing listens without `--server-name`; without a certificate, here, the local CA issues one.
* `--https-only` redirects for good (301, or 308 where the method must stay) and also without `--server-name`; there it is 302, or nothing.
* `--hsts-policy` may contain spaces, is checked, and stands on every HTTPS response, also on errors that the server makes. It needs no
  `--https-only`.
* `--ssl-verify-client` asks in the first handshake and answers 403 in HTTP, so that it works with browsers, HTTP/2 and uploads of any size;
  the prefix is closed over plain HTTP too. Without `--ssl-ca-certificate-file` it is an error instead of being open.
* The application is loaded once a process, whatever the ports are, and a changed certificate is taken over without a restart.

`setup-server` writes a `tlsgi.toml` and an `apachectl` with `start`, `stop`, `restart`, `graceful` and `configtest` into `--server-root`. There is no Apache, so
`module-config`, `install-module` and `module-location` have nothing to say.";

/// What has been read, and what waits until everything has been.
#[derive(Debug, Default)]
struct Express {
    draft: Draft,
    kept: Vec<Given>,
    positional: Vec<String>,
    /// `setup-server`: what is written is used from elsewhere, so that paths are absolute.
    is_setup: bool,
    directory: PathBuf,
    /// What `--passenv` takes from.
    environment: BTreeMap<String, String>,
}

impl Drafting for Express {
    fn draft(&mut self) -> &mut Draft {
        &mut self.draft
    }
}

impl Express {
    /// The last one of an option that waited.
    fn kept(&self, name: &str) -> Option<Given> {
        self.kept.iter().rev().find(|given| given.name == name).cloned()
    }

    /// All of an option that waited.
    fn every(&self, name: &str) -> Vec<Given> {
        self.kept.iter().filter(|given| given.name == name).cloned().collect()
    }

    /// A path as it is to be written.
    fn path(&self, text: &str) -> String {
        if self.is_setup { self.absolute(text) } else { text.to_owned() }
    }

    fn absolute(&self, text: &str) -> String {
        let path = self.directory.join(text.strip_prefix("./").unwrap_or(text));
        path.to_str().map_or_else(|| text.to_owned(), str::to_owned)
    }
}

/// Waits for the end: what it means depends on other options. Kept under its first spelling.
fn keep(state: &mut Express, given: &Given) {
    state.kept.push(given.clone());
}

fn translate(input: &Input<'_>) -> (Outcome, Diagnostics) {
    let nothing = || Outcome::Serve(Box::default());
    let (is_setup, rest) = match input.arguments.split_first() {
        Some((command, rest)) if command == "start-server" => (false, rest),
        Some((command, rest)) if command == "setup-server" => (true, rest),
        Some((word, _)) if word == "--help" || word == "-h" => return (help(), Diagnostics::default()),
        other => return (nothing(), Diagnostics(vec![no_command(other.map(|(word, _)| word.as_str()))])),
    };
    if rest.iter().any(|word| word == "--help" || word == "-h") {
        return (help(), Diagnostics::default());
    }
    let expanded: Vec<String> = rest.iter().map(|word| expand(word, input)).collect();
    let mut state = Express {
        is_setup,
        directory: input.directory.to_owned(),
        environment: input.environment.clone(),
        ..Express::default()
    };
    let mut told = Diagnostics::default();
    for word in argv::read(options::TABLE, Style::OPTPARSE, &expanded, &mut told) {
        match word {
            Word::Option(entry, mut given) => {
                // Hidden spellings are the same option.
                if let Some(wrong) = wrong_number(entry, &given) {
                    state.draft.tell(wrong);
                    continue;
                }
                if !matches!(entry.names, [_]) {
                    given.origin = Origin::Flag(std::mem::replace(&mut given.name, entry.names[0].to_owned()));
                }
                entry.apply(&mut state, &given);
            }
            Word::Positional(text) => state.positional.push(text),
        }
    }
    told.extend(std::mem::take(&mut state.draft.told));
    state.draft.told = told;
    finish::finish(&mut state);
    included(&mut state, input);
    let told = std::mem::take(&mut state.draft.told);
    if told.has_errors() || !is_setup {
        return (Outcome::Serve(Box::new(state.draft.document())), told);
    }
    (setup::files(&state), told)
}

/// What `--include-file` adds holds for both ports, and over what options say.
fn included(state: &mut Express, input: &Input<'_>) {
    let files: Vec<PathBuf> =
        state.every("--include-file").iter().map(|given| input.directory.join(given.value())).collect();
    if !files.is_empty() {
        let (layer, told) = apache::fragment(input, &files);
        state.draft.layer = layer.over(std::mem::take(&mut state.draft.layer));
        state.draft.told.extend(told);
    }
}

fn help() -> Outcome {
    Outcome::Print(page::help(&DIALECT))
}

fn no_command(word: Option<&str>) -> Diagnostic {
    const COMMANDS: [&str; 2] = ["start-server", "setup-server"];
    let told = match word {
        Some(word @ ("module-config" | "install-module" | "module-location")) => {
            return Diagnostic::error(format!(
                "`mod_wsgi-express {word}` cannot be done: there is no Apache to give a module to"
            ))
            .hint("`tlsgi import apache FILE` translates the configuration of an Apache that has mod_wsgi");
        }
        Some(word) if word.starts_with('-') => Diagnostic::error("`mod_wsgi-express` needs a command"),
        Some(word) => Diagnostic::unknown("command", &format!("mod_wsgi-express {word}"), nearest(word, COMMANDS)),
        None => Diagnostic::error("`mod_wsgi-express` needs a command"),
    };
    told.hint("`tlsgi mod_wsgi-express start-server WSGI-SCRIPT` serves, `setup-server` writes a tlsgi.toml")
}

/// Numbers are checked as there, also where they change nothing here.
fn wrong_number(entry: &entry::Entry<Express>, given: &Given) -> Option<Diagnostic> {
    let wants_number = matches!(entry.value, "NUMBER" | "SECONDS" | "BYTES" | "MB" | "MILLISECONDS");
    let is_number = given.value().trim().parse::<f64>().is_ok_and(|number| number.is_finite() && number >= 0.0);
    (wants_number && entry.takes == Takes::One && !is_number)
        .then(|| Diagnostic::invalid(&given.name, given.value(), "expected a number, 0 or more").at(&given.origin))
}

/// `$NAME` and `${NAME}`, where there is such a variable.
fn expand(text: &str, input: &Input<'_>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        expanded.push_str(before);
        let is_braced = behind.starts_with('{');
        let name_from = if is_braced { &behind[1..] } else { behind };
        let length = if is_braced {
            name_from.find('}').unwrap_or(0)
        } else {
            name_from.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name_from.len())
        };
        let (name, after) = name_from.split_at(length);
        match input.environment.get(name) {
            Some(value) if !name.is_empty() => {
                expanded.push_str(value);
                rest = if is_braced { &after[1..] } else { after };
            }
            _ => {
                expanded.push('$');
                rest = behind;
            }
        }
    }
    expanded.push_str(rest);
    expanded
}

/// Whether a path ends in this.
fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_the_original_has_a_line() {
        let names: usize =
            options::TABLE.iter().flat_map(|section| section.entries).map(|entry| entry.names.len()).sum();
        assert_eq!(names, 152);
    }

    #[test]
    fn options_of_tlsgi_exist() {
        for native in entry::natives(options::TABLE) {
            assert!(crate::layer::find(native).is_some(), "{native}");
        }
    }
}
