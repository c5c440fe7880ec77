//! uvicorn: its command line and `UVICORN_…`.

mod finish;
mod options;

use super::argv::{self, Style};
use super::entry::{Given, Takes, Verdict, rows};
use super::pyserver::{Pyserver, Written, merge, shared, sort, variable};
use super::{Dialect, Input, Outcome, page};
use crate::diagnostic::Diagnostics;
use crate::origin::Origin;

/// The dialect.
pub(super) static DIALECT: Dialect = Dialect {
    name: "uvicorn",
    original: "uvicorn 0.54.0",
    usage: "[OPTIONS] APP",
    about: "Serve as uvicorn does",
    notes: NOTES,
    rows: || rows(options::TABLE),
    translate,
};

const NOTES: &str = "\
Options come from the command line, from variables such as `UVICORN_PORT` and `UVICORN_SSL_CERTFILE`, and from `WEB_CONCURRENCY` and
`FORWARDED_ALLOW_IPS`. `uvicorn.run(app, …)` is `tlsgi.run(app, …)`, which takes the same keywords.

With `--ssl-certfile` the port is HTTPS; without, it is plain HTTP, with a warning that says how to get HTTPS. What uvicorn does not do and happens here:

* Plain HTTP on the HTTPS port is redirected. HTTP/2 is offered, WebSockets over it included.
* There are deadlines for handshakes, header blocks and slow bodies; a graceful stop ends after 30 s instead of never.
* A changed certificate is taken over without a restart. HUP reloads with one worker too.
* The `tls` extension is in every scope, with the client's certificate.";

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
    let conventions = [
        variable(options::TABLE, input, "WEB_CONCURRENCY", "--workers"),
        variable(options::TABLE, input, "FORWARDED_ALLOW_IPS", "--forwarded-allow-ips"),
    ];
    let mut state = Pyserver::new("uvicorn", options::TABLE);
    state.apply(merge(vec![conventions.into_iter().flatten().collect(), variables(input), flags]));
    state.told_before(told);
    finish::finish(&mut state, positional, input);
    (Outcome::Serve(Box::new(state.draft.layer.into())), state.draft.told)
}

/// `UVICORN_…`, as click names them: after the option, several values apart by blanks.
fn variables(input: &Input<'_>) -> Vec<Written> {
    let mut found = Vec::new();
    for entry in options::TABLE.iter().flat_map(|section| section.entries) {
        let Some(long) = entry.names.iter().find(|name| name.starts_with("--")) else { continue };
        let name =
            options::PLURALS.iter().find(|(option, _)| option == long).map_or(&long[2..], |(_, parameter)| parameter);
        let variable = format!("UVICORN_{}", name.replace('-', "_").to_ascii_uppercase());
        let Some(text) = input.environment.get(&variable).filter(|text| !text.is_empty()) else { continue };
        let origin = Origin::Variable(variable);
        let given = |name: &str, values: Vec<String>| Given { name: name.to_owned(), values, origin: origin.clone() };
        if entry.takes == Takes::Nothing {
            let negation = format!("--no-{}", &long[2..]);
            let opposite = options::TABLE
                .iter()
                .flat_map(|section| section.entries)
                .find(|entry| entry.names.contains(&negation.as_str()));
            match opposite {
                _ if shared::is_true(text) => found.push((entry, given(long, Vec::new()))),
                Some(opposite) => found.push((opposite, given(&negation, Vec::new()))),
                None => {}
            }
        } else if options::PLURALS.iter().any(|(option, _)| option == long) {
            found.extend(text.split_whitespace().map(|value| (entry, given(long, vec![value.to_owned()]))));
        } else {
            found.push((entry, given(long, vec![text.clone()])));
        }
    }
    // What is refused is refused when it is asked for, not because a variable says that it is off.
    found.retain(|(entry, given)| {
        entry.verdict != Verdict::Refused || given.values.first().is_none_or(|value| value != "0")
    });
    found
}
