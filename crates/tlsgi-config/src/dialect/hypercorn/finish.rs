//! What options of Hypercorn mean, and what needs all of them.

use super::super::entry::{Given, difference, refusal};
use super::super::pyserver::{Pyserver, keep, shared};
use crate::diagnostic::Diagnostic;

pub(super) fn finish(state: &mut Pyserver, positional: Vec<String>) {
    application(state, positional);
    shared::check_key(state, "--certfile", "--keyfile");
    listeners(state);
    let mode = state.kept("--verify-mode").or_else(|| state.kept("--cert-reqs"));
    let authorities = state.kept("--ca-certs");
    shared::verify(state, mode, authorities);
    state.draft.default("access-log", "none");
}

/// `module:app`, with `asgi:` or `wsgi:` before it.
fn application(state: &mut Pyserver, positional: Vec<String>) {
    let named = state.application("APPLICATION", positional).or_else(|| state.kept("application_path"));
    let Some(given) = named else { return state.lacks_application("tlsgi hypercorn shop:app") };
    let text = given.value().to_owned();
    match text.split_once(':') {
        Some((word @ ("asgi" | "wsgi"), rest)) if rest.contains(':') => {
            state.draft.say("interface", word, &given);
            state.draft.say("app", rest, &given);
        }
        _ => state.draft.say("app", &text, &given),
    }
}

fn listeners(state: &mut Pyserver) {
    let address = |given: Given| (shared::address(given.value(), "8000"), Some(given));
    let mut addresses: Vec<_> = state.every("--bind").into_iter().map(address).collect();
    if addresses.is_empty() {
        addresses.push(("127.0.0.1:8000".to_owned(), None));
    }
    let has_certificate = state.draft.has("certfile");
    let insecure = state.every("--insecure-bind");
    if !has_certificate && let Some(given) = insecure.first() {
        let why = "without a certificate every address is plain HTTP, and these are not listened on, as there";
        state.tell(Diagnostic::without_effect(&given.name, why), given);
    }
    shared::listen(state, &addresses);
    for given in insecure.into_iter().filter(|_| has_certificate) {
        state.draft.say("bind-http", &shared::address(given.value(), "8000"), &given);
        state.draft.say("allow-http", "true", &given);
    }
}

pub(super) fn key(state: &mut Pyserver, given: &Given) {
    state.say_path("keyfile", given);
    keep(state, given);
}

pub(super) fn server_name(state: &mut Pyserver, given: &Given) {
    state.draft.say("server-name", given.value(), given);
    state.draft.tell_once(difference(given, "requests for other names get 421 instead of 404"));
}

pub(super) fn ciphers(state: &mut Pyserver, given: &Given) {
    // The default there.
    if given.value() != "ECDHE+AESGCM" {
        state.draft.say("tls-ciphers", given.value(), given);
    }
}

pub(super) fn worker_class(state: &mut Pyserver, given: &Given) {
    match given.value() {
        "asyncio" | "uvloop" => state.draft.say("loop", given.value(), given),
        "trio" => state.draft.tell(refusal(given, "applications run on asyncio or uvloop")),
        other => {
            let told = Diagnostic::invalid(&given.name, other, "expected `asyncio` or `uvloop`");
            state.tell(told, given);
        }
    }
}

pub(super) fn boolean(state: &mut Pyserver, native: &str, given: &Given) {
    let text = if shared::is_true(given.value()) { "true" } else { "false" };
    state.draft.say(native, text, given);
}

pub(super) fn access_log(state: &mut Pyserver, given: &Given) {
    if given.value() == "-" {
        state.draft.say("access-log", "-", given);
    } else {
        state.say_path("access-log", given);
    }
}

pub(super) fn error_log(state: &mut Pyserver, given: &Given) {
    if given.value() != "-" {
        let how = "the server's log goes to standard error";
        state.draft.tell(difference(given, how).hint(format!("append `2>>{}`", given.value())));
    }
}
