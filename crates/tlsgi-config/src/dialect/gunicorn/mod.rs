//! gunicorn: its command line, `GUNICORN_CMD_ARGS` and its configuration, which is a Python file.

mod finish;
mod options;
mod words;

use super::argv::{self, Style};
use super::entry::{Given, rows};
use super::pyserver::{Pyserver, Written, merge, settings, sort, variable};
use super::{Dialect, Input, Outcome, page};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::origin::Origin;

/// The dialect.
pub(super) static DIALECT: Dialect = Dialect {
    name: "gunicorn",
    original: "gunicorn 27.0.1",
    usage: "[OPTIONS] [APP_MODULE]",
    about: "Serve as gunicorn does",
    notes: NOTES,
    rows: || rows(options::TABLE),
    translate,
};

const NOTES: &str = "\
Settings come from `gunicorn.conf.py` (or `-c FILE`, `-c python:MODULE`), `GUNICORN_CMD_ARGS` and the command line, the later ones stronger; and
from `WEB_CONCURRENCY`, `PORT` and `FORWARDED_ALLOW_IPS`. The file is run by the interpreter that runs the application, for at most 30 seconds, at the
start and on every reload.

With `--certfile` or `--keyfile`, every `--bind` is HTTPS; without, everything is plain HTTP, with a warning that says how to get HTTPS. What gunicorn does not
do and happens here:

* TLS sessions are resumed, a client that is slow in its handshake or its header holds up nobody, and there is a deadline for both.
* Plain HTTP on an HTTPS port is redirected. HTTP/2 is offered, with every worker class.
* A changed certificate is taken over without a restart, also by connections of the same worker; the key is read by a process that the application does not
  run in, so that it need not be readable for `--user`.
* `HTTPS`, `SSL_PROTOCOL` and `SSL_CIPHER` are in the environ; `--ssl-environment` adds the rest.

A worker class says what is served: the synchronous ones WSGI, with threads; `asgi` and `uvicorn.workers.UvicornWorker` ASGI. Without
`--threads` a process runs one request at a time, as there; `tlsgi APP` has five threads.";

fn translate(input: &Input<'_>) -> (Outcome, Diagnostics) {
    if input.arguments.iter().any(|word| word == "--help" || word == "-h") {
        return (Outcome::Print(page::help(&DIALECT)), Diagnostics::default());
    }
    if input.arguments.iter().any(|word| word == "--version" || word == "-v") {
        return (
            Outcome::Print(format!("tlsgi {}, in the words of {}\n", env!("CARGO_PKG_VERSION"), DIALECT.original)),
            Diagnostics::default(),
        );
    }
    let mut told = Diagnostics::default();
    let (flags, positional) = sort(argv::read(options::TABLE, Style::ARGPARSE, input.arguments, &mut told));
    let (variables, more) = command_variable(input, &mut told);
    let config = last(&flags, "--config").or_else(|| last(&variables, "--config"));
    let file = configuration(config.as_ref(), input, &mut told);
    let conventions = [
        variable(options::TABLE, input, "WEB_CONCURRENCY", "--workers"),
        variable(options::TABLE, input, "FORWARDED_ALLOW_IPS", "--forwarded-allow-ips"),
    ];
    let mut state = Pyserver::new("gunicorn", options::TABLE);
    let chdir = [&flags, &variables, &file].into_iter().find_map(|source| last(source, "--chdir"));
    state.base = chdir.map(|given| input.directory.join(given.value()));
    state.apply(merge(vec![conventions.into_iter().flatten().collect(), file, variables, flags]));
    state.told_before(told);
    finish::finish(&mut state, positional.into_iter().chain(more).collect(), input);
    (Outcome::Serve(Box::new(state.draft.layer.into())), state.draft.told)
}

fn last(written: &[Written], name: &str) -> Option<Given> {
    written.iter().rev().find(|(entry, _)| entry.names.contains(&name)).map(|(_, given)| given.clone())
}

/// `GUNICORN_CMD_ARGS`: a command line in a variable.
fn command_variable(input: &Input<'_>, told: &mut Diagnostics) -> (Vec<Written>, Vec<String>) {
    const NAME: &str = "GUNICORN_CMD_ARGS";
    let Some(text) = input.environment.get(NAME) else { return (Vec::new(), Vec::new()) };
    let origin = Origin::Variable(NAME.to_owned());
    let Some(words) = words::split(text) else {
        told.push(Diagnostic::error(format!("`{NAME}` has a quotation mark without its pair")).at(&origin));
        return (Vec::new(), Vec::new());
    };
    let mut own = Diagnostics::default();
    let (mut options, positional) = sort(argv::read(options::TABLE, Style::ARGPARSE, &words, &mut own));
    for (_, given) in &mut options {
        given.origin = origin.clone();
    }
    told.0.extend(own.0.into_iter().map(|told| told.at(&origin)));
    (options, positional)
}

/// The configuration that is named, else `gunicorn.conf.py` where it is.
fn configuration(named: Option<&Given>, input: &Input<'_>, told: &mut Diagnostics) -> Vec<Written> {
    const USUAL: &str = "gunicorn.conf.py";
    let (source, origin) = match named {
        Some(given) => (given.value().to_owned(), given.origin.clone()),
        None if input.files.list(input.directory).iter().any(|name| name == USUAL) => {
            (USUAL.to_owned(), Origin::Default)
        }
        None => return Vec::new(),
    };
    let source = source.strip_prefix("file:").unwrap_or(&source).to_owned();
    let source = if source.starts_with("python:") {
        source
    } else {
        input.directory.join(source.strip_prefix("./").unwrap_or(&source)).display().to_string()
    };
    settings::python(options::TABLE, &source, &origin, input.files, told)
}
