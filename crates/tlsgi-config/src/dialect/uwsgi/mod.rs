//! uWSGI: its command line, and its files in ini, xml, yaml and json.

mod expand;
mod finish;
mod listen;
mod names;
mod options;
mod source;

use std::path::PathBuf;

use super::argv::{self, Style, Word};
use super::draft::{Draft, Drafting};
use super::entry::{Given, Takes};
use super::{Dialect, Input, Outcome, Row, entry, page};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::origin::Origin;
use expand::Setting;

/// The dialect.
pub(super) static DIALECT: Dialect = Dialect {
    name: "uwsgi",
    original: "uWSGI 2.0.31",
    usage: "[FILE.ini|FILE.xml|FILE.yaml|FILE.json] [OPTIONS]",
    about: "Serve as uwsgi does, with its options and files",
    notes: NOTES,
    rows,
    translate,
};

const NOTES: &str = "\
Files are read as there: sections (`file.ini:staging`), `%d` and its kin, `$(VARIABLE)`, `%(option)` with arithmetic, `@(file)`, `for`, `if-env`, `if-exists`
and their kin, `include`. `@(exec://…)` and addresses of the network are refused: reading a configuration runs nothing and asks nobody. A
name that is no option and that nothing refers to is an error when an option is spelled nearly so, as with `strict`.

What is different without being asked for:

* There is no router process: the server has the client connections, and the application has the processes. `http-to` that names
  the instance's own socket is what happens anyway.
* TLS 1.3 and 1.2 with forward secrecy only, X25519 and P-256, HTTP/2, resumption for all; a cipher list selects of the suites with
  forward secrecy and authenticated encryption.
* A client's `X-Forwarded-Proto` and `X-Forwarded-SSL` change nothing, unless `TLSGI_TRUSTED_PROXY` and `TLSGI_TRUST` say whose word is taken.
* Started by root without `uid`, the application runs as root, with a warning, as there; the process that talks to clients does not.
* Signals: TERM stops after what runs, HUP takes over configuration, certificates and code without losing a connection.
* Every process imports the application itself, as with `lazy-apps`; `TLSGI_PRELOAD=true` imports it once.
* The application reads TLS facts in mod_ssl's variables (`SSL_PROTOCOL`, `SSL_CLIENT_S_DN`, …), not in `HTTPS_DN` and `HTTPS_CC`.";

/// What has been read, and what waits until everything has been.
#[derive(Debug, Default)]
struct Uwsgi {
    draft: Draft,
    kept: Vec<Given>,
    directory: PathBuf,
    /// Files of the current directory that an application may be in.
    candidates: Vec<String>,
    /// The names in the directory of `sni-dir`.
    listed: Vec<String>,
    /// `strict` was said.
    is_strict: bool,
}

impl Drafting for Uwsgi {
    fn draft(&mut self) -> &mut Draft {
        &mut self.draft
    }
}

impl Uwsgi {
    /// The last one of an option that waited, by the first of its names.
    fn kept(&self, name: &str) -> Option<Given> {
        self.every(name).pop()
    }

    fn every(&self, name: &str) -> Vec<Given> {
        self.kept.iter().filter(|given| canonical(&given.name) == name).cloned().collect()
    }

    /// A path as it is to be written: what a file says is relative to the current directory there, to the file here.
    fn path(&self, text: &str, given: &Given) -> String {
        let is_from_file = matches!(given.origin, Origin::File(_));
        if is_from_file && !text.starts_with('/') {
            let text = text.strip_prefix("./").unwrap_or(text);
            return self.directory.join(text).to_string_lossy().into_owned();
        }
        text.to_owned()
    }

    /// As [`Self::path`], where uWSGI has entered the directory of `chdir` before it looks.
    fn path_inside(&self, text: &str, given: &Given) -> String {
        match self.kept("chdir") {
            Some(chdir) if !text.starts_with('/') => {
                let text = text.strip_prefix("./").unwrap_or(text);
                format!("{}/{text}", self.path(chdir.value(), &chdir).trim_end_matches('/'))
            }
            _ => self.path(text, given),
        }
    }
}

/// The first spelling of an option, without dashes.
fn canonical(name: &str) -> &str {
    let bare = name.trim_start_matches('-');
    let mut entries = options::TABLE.iter().flat_map(|section| section.entries);
    let entry = entries.find(|entry| entry.names.iter().any(|known| known.trim_start_matches('-') == bare));
    entry.map_or(bare, |entry| entry.names[0].trim_start_matches('-'))
}

/// Waits for the end: what it means depends on other options.
fn keep(state: &mut Uwsgi, given: &Given) {
    state.kept.push(given.clone());
}

fn rows() -> Vec<Row> {
    let mut rows = entry::rows(options::TABLE);
    rows.extend(names::rows());
    rows
}

fn translate(input: &Input<'_>) -> (Outcome, Diagnostics) {
    if input.arguments.iter().any(|word| word == "--help" || word == "-h" || word == "--usage") {
        return (Outcome::Print(page::help(&DIALECT)), Diagnostics::default());
    }
    let mut told = Diagnostics::default();
    let mut engine = expand::Engine::new(input);
    let arguments = without_known(input.arguments, &mut told);
    for word in argv::read(options::TABLE, Style::GETOPT, &arguments, &mut told) {
        match word {
            Word::Option(entry, given) => {
                let value = given.values.first().cloned();
                let long = entry.names.iter().find(|name| name.len() > 2).filter(|_| given.name.len() == 2);
                let name = long.map_or(given.name.as_str(), |name| name).trim_start_matches('-').to_owned();
                engine.add(Setting::new(name, value, given.origin));
            }
            Word::Positional(text) => engine.positional(&text),
        }
    }
    let settings = engine.finish(&mut told);
    let mut state = Uwsgi { directory: input.directory.to_owned(), ..Uwsgi::default() };
    state.is_strict = settings.iter().any(|setting| setting.key == "strict" && setting.is_on());
    state.draft.told = told;
    for setting in &settings {
        apply(&mut state, setting, &settings);
    }
    if let Some(given) = state.kept("sni-dir") {
        state.listed = input.files.list(&input.directory.join(given.value()));
    }
    state.candidates = input.files.list(input.directory);
    finish::finish(&mut state);
    let told = std::mem::take(&mut state.draft.told);
    (Outcome::Serve(Box::new(state.draft.document())), told)
}

/// Options of uWSGI that the table does not have are told, with their values, before the rest is read.
fn without_known(arguments: &[String], told: &mut Diagnostics) -> Vec<String> {
    let mut rest = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let name =
            word.strip_prefix("--").map(|name| name.split_once('=').map_or((name, false), |(name, _)| (name, true)));
        match name.and_then(|(name, has_value)| Some((name, has_value, names::reason(name)?))) {
            Some((name, has_value, reason)) => {
                let message = format!("`--{name}` cannot be done: {reason}");
                told.push(Diagnostic::error(message).at(&Origin::Flag(format!("--{name}"))));
                if !has_value && names::has_value(name) {
                    words.next();
                }
            }
            None => rest.push(word.clone()),
        }
    }
    rest
}

fn apply(state: &mut Uwsgi, setting: &Setting, all: &[Setting]) {
    let written = match setting.origin {
        Origin::Flag(_) => format!("--{}", setting.key),
        _ => setting.key.clone(),
    };
    let dashed = format!("--{}", setting.key);
    let entries = options::TABLE.iter().flat_map(|section| section.entries);
    let entry = entries.clone().find(|entry| entry.names.contains(&dashed.as_str()));
    let Some(entry) = entry else {
        unknown(state, setting, &written, all);
        return;
    };
    let has_value = setting.value.as_deref().is_some_and(|value| !value.is_empty());
    let given =
        Given { name: written, values: setting.value.iter().cloned().collect(), origin: setting.origin.clone() };
    match entry.takes {
        Takes::Nothing if !setting.is_on() => {}
        Takes::One if !has_value => {
            state.draft.tell(Diagnostic::error(format!("`{}` needs a value", given.name)).at(&given.origin));
        }
        _ => entry.apply(state, &given),
    }
}

/// uWSGI takes any name for a placeholder.
fn unknown(state: &mut Uwsgi, setting: &Setting, written: &str, all: &[Setting]) {
    if let Some(reason) = names::reason(&setting.key) {
        let message = format!("`{written}` cannot be done: {reason}");
        state.draft.tell_once(Diagnostic::error(message).at(&setting.origin));
        return;
    }
    let is_used = all.iter().any(|other| other.uses.contains(&setting.key));
    if is_used && !state.is_strict {
        return;
    }
    let mut told = argv::unknown(options::TABLE, "option", &format!("--{}", setting.key)).at(&setting.origin);
    told.message = format!("unknown option `{}`", setting.key.escape_debug());
    if told.hints.is_empty() && !state.is_strict {
        told.message.push_str(": nothing refers to it");
        told = told.as_warning();
    }
    state.draft.tell(told);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_tlsgi_exist() {
        for native in entry::natives(options::TABLE) {
            assert!(crate::layer::find(native).is_some(), "{native}");
        }
    }

    #[test]
    fn every_option_of_the_original_is_known() {
        for section in options::TABLE {
            for name in section.entries.iter().flat_map(|entry| entry.names) {
                let bare = name.trim_start_matches('-');
                assert!(bare.len() == 1 || names::is_name(bare), "{name} is no option of uWSGI");
            }
        }
        assert_eq!(names::reason("thread"), None);
        assert!(names::reason("emperor").is_some_and(|reason| reason.contains("systemd")));
    }
}
