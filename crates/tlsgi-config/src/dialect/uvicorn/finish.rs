//! What options of uvicorn mean, and what needs all of them.

use std::path::Path;

use super::super::Input;
use super::super::entry::{Given, difference, refusal};
use super::super::pyserver::{Pyserver, dotenv, keep, shared};
use crate::diagnostic::Diagnostic;
use crate::origin::Origin;
use crate::value::cipher;

pub(super) fn finish(state: &mut Pyserver, positional: Vec<String>, input: &Input<'_>) {
    application(state, positional, input);
    shared::check_key(state, "--ssl-certfile", "--ssl-keyfile");
    listeners(state);
    let (mode, authorities) = (state.kept("--ssl-cert-reqs"), state.kept("--ssl-ca-certs"));
    shared::verify(state, mode, authorities);
    ciphers(state);
    version(state);
    trust(state);
    env_file(state, input);
    state.draft.default("interface", "asgi");
}

fn application(state: &mut Pyserver, positional: Vec<String>, input: &Input<'_>) {
    const VARIABLE: &str = "UVICORN_APP";
    let variable = || {
        input.environment.get(VARIABLE).filter(|text| !text.is_empty()).map(|text| Given {
            name: "APP".to_owned(),
            values: vec![text.clone()],
            origin: Origin::Variable(VARIABLE.to_owned()),
        })
    };
    match state.application("APP", positional).or_else(variable) {
        Some(given) => state.draft.say("app", given.value(), &given),
        None => state.lacks_application("tlsgi uvicorn main:app"),
    }
}

/// A socket counts before an address, as there.
fn listeners(state: &mut Pyserver) {
    let addresses = match (state.kept("--uds"), state.kept("--fd")) {
        (Some(given), _) => vec![(format!("unix:{}", given.value()), Some(given))],
        (None, Some(given)) => vec![(format!("fd://{}", given.value()), Some(given))],
        (None, None) => {
            let (host, port) = (state.kept("--host"), state.kept("--port"));
            let name = host.as_ref().map_or("127.0.0.1", Given::value);
            let number = port.as_ref().map_or("8000", Given::value);
            let address = if name.contains(':') && !name.starts_with('[') {
                format!("[{name}]:{number}")
            } else if name.is_empty() {
                format!("*:{number}")
            } else {
                format!("{name}:{number}")
            };
            vec![(address, port.or(host))]
        }
    };
    shared::listen(state, &addresses);
}

/// uvicorn believes its neighbours by default. That is right behind a proxy on the same machine, which speaks plain HTTP to it; where clients
/// come over TLS, nobody stands in front.
fn trust(state: &mut Pyserver) {
    if state.kept("--no-proxy-headers").is_some() {
        return;
    }
    let headers = ["X-Forwarded-For", "X-Forwarded-Proto"];
    match (state.kept("--forwarded-allow-ips"), state.kept("--proxy-headers")) {
        (Some(given), _) => shared::proxies(state, given.value(), Some(&given), &headers),
        (None, Some(given)) => shared::proxies(state, "127.0.0.1,::1", Some(&given), &headers),
        (None, None) if state.draft.has("bind-http") => shared::proxies(state, "127.0.0.1,::1", None, &headers),
        (None, None) => {}
    }
}

fn env_file(state: &mut Pyserver, input: &Input<'_>) {
    let Some(given) = state.kept("--env-file") else { return };
    match input.files.read(&input.directory.join(Path::new(given.value()))) {
        Ok(text) => {
            for (name, value) in dotenv::read(&text, input.environment) {
                if !input.environment.contains_key(&name) {
                    state.draft.say("env", &format!("{name}={value}"), &given);
                }
            }
        }
        Err(reason) => state.tell(Diagnostic::error(format!("cannot read {}: {reason}", given.value())), &given),
    }
}

pub(super) fn key(state: &mut Pyserver, given: &Given) {
    state.say_path("keyfile", given);
    keep(state, given);
}

pub(super) fn app_dir(state: &mut Pyserver, given: &Given) {
    if !given.value().is_empty() {
        state.draft.say("python-path", given.value(), given);
    }
}

pub(super) fn interface(state: &mut Pyserver, given: &Given) {
    let word = match given.value() {
        "auto" | "asgi3" | "asgi2" => "asgi",
        other => other,
    };
    state.draft.say("interface", word, given);
}

pub(super) fn contextvars(state: &mut Pyserver, given: &Given) {
    state.draft.tell(difference(given, "a request sees what the lifespan set in its context"));
}

/// A constant of Python's: 3, 4 and 5 are TLS 1.0, 1.1 and 1.2 alone, the others leave the version open.
fn version(state: &mut Pyserver) {
    let Some(given) = state.kept("--ssl-version") else { return };
    match given.value().trim() {
        "2" | "16" | "17" => {}
        "5" => {
            let ciphers = state.kept("--ssl-ciphers").filter(|ciphers| ciphers.value() != UNSAID);
            let list = ciphers.as_ref().map_or("DEFAULT", Given::value);
            state.draft.say("tls-ciphers", &format!("{}:{list}", cipher::WITHOUT_TLS13), &given);
        }
        "0" | "1" | "3" | "4" => {
            let told = difference(&given, "TLS 1.2 is the least: older versions are not built in");
            state.draft.tell(told);
        }
        _ => {
            let reason = "expected one of Python's: 2, 16 or 17 (1.2 and 1.3), 5 (1.2)";
            state.tell(Diagnostic::invalid(&given.name, given.value(), reason), &given);
        }
    }
}

/// The default there.
const UNSAID: &str = "TLSv1";

fn ciphers(state: &mut Pyserver) {
    if let Some(given) = state.kept("--ssl-ciphers").filter(|given| given.value() != UNSAID) {
        state.draft.say("tls-ciphers", given.value(), &given);
    }
}

pub(super) fn event_loop(state: &mut Pyserver, given: &Given) {
    match given.value() {
        "none" => state.draft.say("loop", "asyncio", given),
        "zuvloop" => state.draft.tell(refusal(given, "there are `auto`, `asyncio` and `uvloop`")),
        text if text.contains(':') => state.draft.tell(refusal(given, "there are `auto`, `asyncio` and `uvloop`")),
        text => {
            let text = text.to_owned();
            state.draft.say("loop", &text, given);
        }
    }
}

pub(super) fn websocket(state: &mut Pyserver, given: &Given) {
    if given.value() == "none" {
        state
            .draft
            .tell(difference(given, "the application hears of WebSockets, and refuses those that it does not want"));
    }
}

pub(super) fn deflate(state: &mut Pyserver, given: &Given) {
    if !shared::is_true(given.value()) {
        state.draft.tell(difference(given, "clients that ask for compression get it"));
    }
}

pub(super) fn header(state: &mut Pyserver, given: &Given) {
    if !given.value().contains(':') {
        state.tell(Diagnostic::invalid(&given.name, given.value(), "expected `Name:Value`"), given);
        return;
    }
    let text = format!("add {}", given.value());
    state.draft.say("response-header", &text, given);
}
