//! `flask run`: its command line, `FLASK_…`, `.env` and `.flaskenv`.

mod finish;
mod options;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::argv::{self, Style};
use super::entry::{Given, Takes, rows};
use super::pyserver::{Pyserver, Written, dotenv, merge, shared, sort};
use super::{Dialect, Input, Outcome, page};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::origin::{Origin, Position};

/// The dialect.
pub(super) static DIALECT: Dialect = Dialect {
    name: "flask",
    original: "Flask 3.1.3",
    usage: "[--app APP] run [OPTIONS]",
    about: "Serve as flask run does",
    notes: NOTES,
    rows: || rows(options::TABLE),
    translate,
};

const NOTES: &str = "\
Options come from the command line and from variables: `FLASK_APP`, `FLASK_DEBUG`, `FLASK_RUN_HOST`, `FLASK_RUN_PORT`, `FLASK_RUN_CERT` and so on. `.flaskenv` and
`.env` of the current directory and those above are read, and `--env-file`; what the environment has already stays. python-dotenv is not
needed. `app.run(ssl_context=…)` is `tlsgi.run(app, ssl_context=…)`, which takes the same keywords.

The application is found as Flask finds it: `--app`, `FLASK_APP`, `wsgi.py` or `app.py`; with a factory and its arguments. With `--cert` the port is HTTPS;
without, it is plain HTTP, with a warning that says how to get HTTPS. What `flask run` does not do and happens here:

* `--cert adhoc` needs no package: the local CA issues a certificate that stays the same, and that browsers trust after `tlsgi trust install`.
* A client that says nothing holds up nobody; there it stops the whole server.
* The interactive debugger of `--debug` is there for this machine alone: with `--host 0.0.0.0` it is left out, and tracebacks go to the log.";

fn translate(input: &Input<'_>) -> (Outcome, Diagnostics) {
    if input.arguments.iter().any(|word| word == "--help") {
        return (Outcome::Print(page::help(&DIALECT)), Diagnostics::default());
    }
    if input.arguments.iter().any(|word| word == "--version") {
        return (
            Outcome::Print(format!("tlsgi {}, in the words of {}\n", env!("CARGO_PKG_VERSION"), DIALECT.original)),
            Diagnostics::default(),
        );
    }
    let mut told = Diagnostics::default();
    let (flags, positional) = sort(argv::read(options::TABLE, Style::CLICK, input.arguments, &mut told));
    command(&positional, &mut told);
    let loaded = files(input, &flags, &mut told);
    let mut environment = input.environment.clone();
    for (name, (value, _)) in &loaded {
        environment.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let mut state = Pyserver::new("flask run", options::TABLE);
    state.apply(merge(vec![variables(&environment), flags]));
    let loaded = loaded.into_iter().filter(|(name, _)| !input.environment.contains_key(name));
    for (name, (value, file)) in loaded {
        let given = Given { name: "--env-file".to_owned(), values: Vec::new(), origin: file };
        state.draft.say("env", &format!("{name}={value}"), &given);
    }
    state.told_before(told);
    finish::finish(&mut state, input, &environment);
    (Outcome::Serve(Box::new(state.draft.layer.into())), state.draft.told)
}

/// Only `run` serves.
fn command(positional: &[String], told: &mut Diagnostics) {
    let hint = "`tlsgi flask --app APP run --cert adhoc`";
    match positional.split_first() {
        Some((word, rest)) if word == "run" => {
            if let Some(more) = rest.first().filter(|_| !told.has_errors()) {
                let message = format!("`{}` is one word too many", more.escape_debug());
                told.push(Diagnostic::error(message).hint("the application is named with `--app`"));
            }
        }
        Some((word, _)) if matches!(word.as_str(), "routes" | "shell") => {
            let message = format!("`flask {word}` cannot be done: it does not serve");
            told.push(Diagnostic::error(message).hint(format!("run it without tlsgi; what serves is {hint}")));
        }
        Some((word, _)) => told.push(Diagnostic::unknown("command", &format!("flask {word}"), Some("flask run"))),
        None => told.push(Diagnostic::error("`flask` needs a command: `run`").hint(hint)),
    }
}

/// Variables from files, weakest first: `.flaskenv`, `.env`, `--env-file`. Each with its place.
fn files(input: &Input<'_>, flags: &[Written], told: &mut Diagnostics) -> BTreeMap<String, (String, Origin)> {
    let mut found = BTreeMap::new();
    let mut add = |text: &str, file: &str| {
        let file = Arc::new(PathBuf::from(file));
        for (name, value) in dotenv::read(text, input.environment) {
            let at = text.find(&name).unwrap_or_default();
            found.insert(name, (value, Origin::File(Position::new(&file, text, at..at))));
        }
    };
    let skip = input.environment.get("FLASK_SKIP_DOTENV").is_some_and(|text| !text.is_empty() && shared::is_true(text));
    for name in [".flaskenv", ".env"].into_iter().filter(|_| !skip) {
        let nearest =
            input.directory.ancestors().find(|directory| input.files.list(directory).iter().any(|file| file == name));
        if let Some(Ok(text)) = nearest.map(|directory| input.files.read(&directory.join(name))) {
            add(&text, name);
        }
    }
    let named =
        flags.iter().rev().find(|(entry, _)| entry.names.contains(&"--env-file")).map(|(_, given)| given.clone());
    let variable = input.environment.get("FLASK_ENV_FILE").filter(|text| !text.is_empty()).map(|text| Given {
        name: "FLASK_ENV_FILE".to_owned(),
        values: vec![text.clone()],
        origin: Origin::Variable("FLASK_ENV_FILE".to_owned()),
    });
    if let Some(given) = named.or(variable) {
        match input.files.read(&input.directory.join(given.value())) {
            Ok(text) => add(&text, given.value()),
            Err(reason) => {
                told.push(Diagnostic::error(format!("cannot read {}: {reason}", given.value())).at(&given.origin));
            }
        }
    }
    found
}

/// `FLASK_APP`, `FLASK_DEBUG` and `FLASK_RUN_…`.
fn variables(environment: &BTreeMap<String, String>) -> Vec<Written> {
    let mut found = Vec::new();
    for entry in options::TABLE.iter().flat_map(|section| section.entries) {
        let Some(long) = entry.names.iter().find(|name| name.starts_with("--")) else { continue };
        let variable = match *long {
            "--app" => "FLASK_APP".to_owned(),
            "--debug" => "FLASK_DEBUG".to_owned(),
            long => format!("FLASK_RUN_{}", long[2..].replace('-', "_").to_ascii_uppercase()),
        };
        let Some(text) = environment.get(&variable).filter(|text| !text.is_empty()) else { continue };
        let origin = Origin::Variable(variable);
        let given = |name: &str, values: Vec<String>| Given { name: name.to_owned(), values, origin: origin.clone() };
        if entry.takes != Takes::Nothing {
            found.push((entry, given(long, vec![text.clone()])));
            continue;
        }
        let negation = options::OPPOSITES.iter().find(|(positive, _)| positive == long).map(|(_, negative)| *negative);
        let opposite = negation.and_then(|name| Some((super::pyserver::find(options::TABLE, name)?, name)));
        if shared::is_true(text) {
            found.push((entry, given(long, Vec::new())));
        } else if let Some((opposite, name)) = opposite {
            found.push((opposite, given(name, Vec::new())));
        }
    }
    found
}
