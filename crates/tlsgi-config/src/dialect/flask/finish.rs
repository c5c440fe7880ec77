//! What options of `flask run` mean, and what needs all of them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::Input;
use super::super::entry::{Given, difference, refusal};
use super::super::pyserver::{Pyserver, shared};
use crate::diagnostic::Diagnostic;
use crate::origin::Origin;

/// What a worker imports: it has Flask find the application.
const APPLICATION: &str = "tlsgi.flask:load()";

pub(super) fn finish(state: &mut Pyserver, input: &Input<'_>, environment: &BTreeMap<String, String>) {
    application(state);
    let is_https = certificate(state, input);
    let host = state.kept("--host");
    let name = host.as_ref().map_or("127.0.0.1", Given::value).to_owned();
    listener(state, host, &name, is_https);
    development(state, &name, environment);
    state.draft.default("interface", "wsgi");
}

fn application(state: &mut Pyserver) {
    if let Some(given) = state.kept("--app") {
        state.draft.say("app", APPLICATION, &given);
        if !matches!(given.origin, Origin::Variable(_)) || !state.draft.has("env") {
            state.draft.say("env", &format!("FLASK_APP={}", given.value()), &given);
        }
    } else {
        state.draft.default("app", APPLICATION);
    }
}

/// Whether the port is HTTPS.
fn certificate(state: &mut Pyserver, input: &Input<'_>) -> bool {
    let (certificate, key) = (state.kept("--cert"), state.kept("--key"));
    let Some(given) = certificate else {
        if let Some(key) = key {
            state.tell(Diagnostic::lacks("--key", "--cert"), &key);
        }
        return false;
    };
    let text = given.value().to_owned();
    if text == "adhoc" {
        if let Some(key) = key {
            state.tell(Diagnostic::conflict("--key", "--cert adhoc", "the local CA makes a key of its own"), &key);
        }
        return true;
    }
    let (folder, name) = text.rsplit_once('/').unwrap_or((".", &text));
    let folder = if folder.is_empty() { "/" } else { folder };
    let is_file = input.files.list(&input.directory.join(folder)).iter().any(|file| file == name);
    let is_import = !text.contains('/') && text.contains(':');
    if !is_file && is_import {
        let reason = "an SSLContext does not let go of its key";
        state.draft.tell(refusal(&given, reason).hint("give the files: `--cert cert.pem --key key.pem`"));
        return true;
    }
    state.say_path("certfile", &given);
    match key {
        Some(key) => state.say_path("keyfile", &key),
        None if holds_key(&text, input) => {}
        None => {
            let how = "without `--key` the private key must be in the same file";
            state.draft.tell(difference(&given, how));
        }
    }
    true
}

/// A directory as certbot or Kubernetes keeps, and a PKCS#12 file, have the key in them.
fn holds_key(text: &str, input: &Input<'_>) -> bool {
    let inside = input.files.list(&input.directory.join(text));
    let has = |name: &str| inside.iter().any(|file| file == name);
    let ending = text.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    has("privkey.pem") || has("tls.key") || ending.is_some_and(|ending| matches!(ending.as_str(), "p12" | "pfx"))
}

fn listener(state: &mut Pyserver, host: Option<Given>, name: &str, is_https: bool) {
    let port = state.kept("--port");
    let number = port.as_ref().map_or("5000", Given::value).to_owned();
    let address = if let Some(path) = name.strip_prefix("unix://") {
        format!("unix:{path}")
    } else if name.contains(':') && !name.starts_with('[') {
        format!("[{name}]:{number}")
    } else {
        format!("{name}:{number}")
    };
    let given = port.or(host);
    if !is_https {
        return shared::listen(state, &[(address, given)]);
    }
    match given {
        Some(given) => state.draft.say("bind", &address, &given),
        None => state.draft.default("bind", &address),
    }
}

/// A switch and its opposite: what was said last, in the order of strength.
fn said(state: &Pyserver, yes: &str, no: &str) -> Option<(bool, Given)> {
    match (state.kept(yes), state.kept(no)) {
        (Some(yes), Some(no)) if matches!(yes.origin, Origin::Variable(_)) => Some((false, no)),
        (Some(given), _) => Some((true, given)),
        (None, Some(given)) => Some((false, given)),
        (None, None) => None,
    }
}

fn development(state: &mut Pyserver, host: &str, environment: &BTreeMap<String, String>) {
    let debug = said(state, "--debug", "--no-debug");
    let is_debug = debug.as_ref().is_some_and(|(is_debug, _)| *is_debug);
    if let Some((is_debug, given)) = &debug
        && !environment.contains_key("FLASK_DEBUG")
    {
        state.draft.say("env", &format!("FLASK_DEBUG={}", u8::from(*is_debug)), given);
    }
    match (said(state, "--reload", "--no-reload"), &debug) {
        (Some((reloads, given)), _) => state.draft.say("reload", if reloads { "true" } else { "false" }, &given),
        (None, Some((true, given))) => state.draft.say("reload", "true", given),
        _ => {}
    }
    shared::extra_files(state, "--extra-files", ':');
    if state.draft.layer.reload.as_ref().is_some_and(|said| said.value) {
        for given in state.every("--exclude-patterns") {
            for pattern in given.value().split(':').filter(|pattern| !pattern.is_empty()) {
                state.draft.say("reload-exclude", pattern, &given);
            }
        }
    }
    let debugger = said(state, "--debugger", "--no-debugger");
    let wants_debugger = debugger.as_ref().map_or(is_debug, |(wants, _)| *wants);
    if let Some((_, given)) = debugger.or(debug).filter(|_| wants_debugger) {
        if is_loopback(host) {
            state.draft.say("env", "TLSGI__DEBUGGER=1", &given);
        } else {
            let how = format!(
                "the debugger runs what a browser sends, and others than this machine reach {host}: it is left out"
            );
            state.draft.tell(difference(&given, &how));
        }
    }
    if let Some((false, given)) = said(state, "--with-threads", "--without-threads") {
        state.draft.say("threads", "1", &given);
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.starts_with("unix:")
        || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
