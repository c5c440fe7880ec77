//! Hypercorn: its command line, and its configuration in TOML or Python.

mod finish;
mod options;

use super::argv::{self, Style};
use super::entry::{Given, rows};
use super::pyserver::{Pyserver, Written, merge, settings, sort};
use super::{Dialect, Input, Outcome, page};
use crate::diagnostic::Diagnostics;

/// The dialect.
pub(super) static DIALECT: Dialect = Dialect {
    name: "hypercorn",
    original: "Hypercorn 0.18.0",
    usage: "[OPTIONS] APPLICATION",
    about: "Serve as hypercorn does",
    notes: NOTES,
    rows: || rows(options::TABLE),
    translate,
};

const NOTES: &str = "\
The configuration of `-c` is TOML, or Python behind `file:` and `python:`; the command line is stronger. A Python one is run by the interpreter that runs the
application, for at most 30 seconds, at the start and on every reload.

With `--certfile` every `--bind` is HTTPS, and `--insecure-bind` serves the same in the clear beside it. What Hypercorn does not do and happens here:

* A reload cuts nothing: running requests have `--graceful-timeout`, and new ones wait for the new workers.
* A changed certificate is taken over without a signal.
* WSGI request bodies reach the application as they come; nothing is collected in memory first.
* The `tls` extension is in every scope, with the client's certificate. A path is decoded once, byte for byte.

HTTP/3 is not spoken: `--quic-bind` is told, and left out.";

fn translate(input: &Input<'_>) -> (Outcome, Diagnostics) {
    if input.arguments.iter().any(|word| word == "--help" || word == "-h") {
        return (Outcome::Print(page::help(&DIALECT)), Diagnostics::default());
    }
    let mut told = Diagnostics::default();
    let (flags, positional) = sort(argv::read(options::TABLE, Style::ARGPARSE, input.arguments, &mut told));
    let named = flags.iter().rev().find(|(entry, _)| entry.names.contains(&"--config")).map(|(_, given)| given.clone());
    let file = named.map(|given| configuration(&given, input, &mut told)).unwrap_or_default();
    let mut state = Pyserver::new("hypercorn", options::TABLE);
    state.apply(merge(vec![file, flags]));
    state.told_before(told);
    finish::finish(&mut state, positional);
    (Outcome::Serve(Box::new(state.draft.layer.into())), state.draft.told)
}

fn configuration(given: &Given, input: &Input<'_>, told: &mut Diagnostics) -> Vec<Written> {
    let text = given.value();
    let absolute = |text: &str| input.directory.join(text.strip_prefix("./").unwrap_or(text));
    if text.starts_with("python:") {
        return settings::python(options::TABLE, text, &given.origin, input.files, told);
    }
    match text.strip_prefix("file:") {
        Some(file) => {
            let source = absolute(file).display().to_string();
            settings::python(options::TABLE, &source, &given.origin, input.files, told)
        }
        None => settings::toml(options::TABLE, &absolute(text), &given.origin, input.files, told),
    }
}
