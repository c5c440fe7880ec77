//! What the options of several of these servers do.

use super::super::entry::{Given, difference};
use super::Pyserver;
use crate::diagnostic::Diagnostic;
use crate::layer;

/// A bind address as it is written here: a port or a host alone has the other from the server's default.
pub(in super::super) fn address(text: &str, default_port: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("tcp://").unwrap_or(text);
    if text.starts_with("unix:") || text.starts_with("fd://") {
        return text.to_owned();
    }
    let is_whole = match text.rsplit_once(':') {
        Some((host, _)) => host.starts_with('[') && host.ends_with(']') || !host.contains(':'),
        None => false,
    };
    match text {
        _ if is_whole => text.to_owned(),
        _ if text.contains(':') => format!("[{}]:{default_port}", text.trim_matches(['[', ']'])),
        _ => format!("{text}:{default_port}"),
    }
}

/// Listens there: HTTPS where there is a certificate, plain HTTP where there is none, as there.
pub(in super::super) fn listen(state: &mut Pyserver, addresses: &[(String, Option<Given>)]) {
    let is_https = state.draft.has("certfile") || state.draft.has("keyfile");
    for (address, given) in addresses {
        let native = if is_https { "bind" } else { "bind-http" };
        match given {
            Some(given) => state.draft.say(native, address, given),
            None => state.draft.default(native, address),
        }
    }
    if !is_https {
        plain(state);
    }
}

/// Serves in the clear, as there, and says what would not.
fn plain(state: &mut Pyserver) {
    state.draft.default("allow-http", "true");
    let program = state.program;
    state.draft.tell(
        Diagnostic::warning("without a certificate, everything is served over plain HTTP, as there").hint(format!(
            "give `{program}`'s options for certificate and key, or leave out `{program}`: `tlsgi APP` has a local CA issue a certificate"
        )),
    );
}

/// A key alone is no certificate.
pub(in super::super) fn check_key(state: &mut Pyserver, certificate: &str, key: &str) {
    if state.draft.has("keyfile")
        && !state.draft.has("certfile")
        && let Some(given) = state.kept(key)
    {
        state.tell(Diagnostic::lacks(&given.name, certificate), &given);
    }
}

/// Whether clients are asked for a certificate: `CERT_NONE`, `CERT_OPTIONAL`, `CERT_REQUIRED`, or 0, 1, 2.
pub(in super::super) fn verify(state: &mut Pyserver, mode: Option<Given>, authorities: Option<Given>) {
    let word = mode.as_ref().map_or("0", |given| given.value()).trim().trim_start_matches("VerifyMode.").to_owned();
    let wanted = match word.as_str() {
        "0" | "CERT_NONE" => "off",
        "1" | "CERT_OPTIONAL" => "request",
        "2" | "CERT_REQUIRED" => "require",
        _ => {
            if let Some(given) = mode {
                let reason = "expected 0, 1 or 2 (CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED)";
                state.tell(Diagnostic::invalid(&given.name, given.value(), reason), &given);
            }
            return;
        }
    };
    match (mode, authorities) {
        (Some(mode), Some(authorities)) if wanted != "off" => {
            state.say_path("client-ca", &authorities);
            state.draft.say("client-cert", wanted, &mode);
            let how = "who has no good certificate gets a page that says so (403) instead of a broken handshake";
            if wanted == "require" {
                let told = difference(&mode, how);
                state.draft.tell(told);
            }
        }
        (_, Some(authorities)) => {
            let why = "no client is asked for a certificate, as there without a mode that does";
            state.tell(Diagnostic::without_effect(&authorities.name, why), &authorities);
        }
        (Some(mode), None) if wanted == "require" => {
            let told =
                Diagnostic::error(format!("`{}` names no authorities whose certificates are accepted", mode.name));
            state.tell(told.hint("without a file of them nobody could get in"), &mode);
        }
        (Some(mode), None) if wanted == "request" => {
            let why = "without authorities no client is asked for a certificate";
            state.tell(Diagnostic::without_effect(&mode.name, why), &mode);
        }
        _ => {}
    }
}

/// A passphrase in the open, as a command that prints it.
pub(in super::super) fn key_password(state: &mut Pyserver, given: &Given) {
    let quoted = given.value().replace('\'', "'\\''");
    state.draft.say("key-passphrase-command", &format!("printf '%s\\n' '{quoted}'"), given);
    let told = difference(given, "a passphrase on a command line can be read by every user of the machine");
    state.draft.tell_once(
        told.hint("tlsgi has `--key-passphrase-file`, `--key-passphrase-command` and `--key-passphrase-credential`"),
    );
}

/// Which proxies may say who the client is. `headers` are those that are believed.
pub(in super::super) fn proxies(state: &mut Pyserver, allowed: &str, given: Option<&Given>, headers: &[&str]) {
    if layer::find("trusted-proxy").is_none() {
        if let Some(given) = given {
            state.tell(Diagnostic::without_effect(&given.name, "no proxy is believed"), given);
        }
        return;
    }
    let networks = allowed.split(',').map(str::trim).filter(|network| !network.is_empty());
    for network in networks.flat_map(|network| if network == "*" { vec!["0.0.0.0/0", "::/0"] } else { vec![network] }) {
        match given {
            Some(given) => state.draft.say("trusted-proxy", network, given),
            None => default_many(state, "trusted-proxy", network),
        }
    }
    for header in headers {
        match given {
            Some(given) => state.draft.say("trust", header, given),
            None => default_many(state, "trust", header),
        }
    }
    if let Some(given) = given.filter(|given| given.value().contains('*')) {
        let told = Diagnostic::warning(format!("`{}` lets every client say where it comes from", given.name));
        state.tell(told.hint("name the addresses of your proxies"), given);
    }
}

/// As [`Draft::default`](super::super::draft::Draft::default) for one of several values.
fn default_many(state: &mut Pyserver, native: &str, text: &str) {
    if let Some(spec) = layer::find(native) {
        // A test reads every default.
        _ = (spec.slot_mut)(&mut state.draft.layer).say(text, crate::origin::Origin::Default);
    }
}

/// A duration in seconds; 0, which switches a deadline off or makes it immediate there, is `zero`.
pub(in super::super) fn seconds(state: &mut Pyserver, native: &str, given: &Given, zero: &str) {
    let text = given.value().trim().to_owned();
    match text.parse::<f64>() {
        Ok(0.0) => state.draft.say(native, zero, given),
        Ok(number) if number.is_finite() && number > 0.0 => {
            let text = if text.contains('.') { format!("{}ms", (number * 1000.0).round().max(1.0)) } else { text };
            state.draft.say(native, &text, given);
        }
        _ => state.tell(Diagnostic::invalid(&given.name, given.value(), "expected a number of seconds"), given),
    }
}

/// Idle time between requests; 0 closes after each response.
pub(in super::super) fn keep_alive(state: &mut Pyserver, given: &Given) {
    if given.value().trim() == "0" {
        state.draft.say("max-keep-alive-requests", "1", given);
    } else {
        seconds(state, "keep-alive-timeout", given, "1ms");
    }
}

/// A level of Python's logging.
pub(in super::super) fn log_level(state: &mut Pyserver, given: &Given) {
    let word = given.value().trim().to_ascii_lowercase();
    let level = match word.as_str() {
        "trace" | "notset" => "debug",
        "fatal" => "error",
        other => other,
    };
    state.draft.say("log-level", level, given);
}

/// A whole number; 0 stands for no bound there, which is `unbounded` here.
pub(in super::super) fn bound(state: &mut Pyserver, native: &str, given: &Given, unbounded: &str) {
    let text = if given.value().trim() == "0" { unbounded } else { given.value() };
    state.draft.say(native, text, given);
}

/// A URL prefix, with or without its slash.
pub(in super::super) fn mount(state: &mut Pyserver, given: &Given) {
    let prefix = format!("/{}", given.value().trim_matches('/'));
    if prefix == "/" {
        return;
    }
    // One pool of the usual name: no dialect of these has others.
    state.draft.say("route", &format!("/=pool:app@{prefix}"), given);
}

/// Whether a text of Python's, a variable's or a flag's says yes.
pub(in super::super) fn is_true(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "" | "1" | "true" | "yes" | "on" | "t" | "y")
}

/// Files that count beside the code, where code is watched at all.
pub(in super::super) fn extra_files(state: &mut Pyserver, name: &str, separator: char) {
    let is_watched = state.draft.layer.reload.as_ref().is_some_and(|said| said.value);
    for given in state.every(name) {
        if !is_watched {
            state.draft.tell_once(Diagnostic::without_effect(&given.name, "`--reload` is not given").at(&given.origin));
            continue;
        }
        for file in given.value().split(separator).map(str::trim).filter(|file| !file.is_empty()) {
            let path = state.path(file);
            state.draft.say("touch-workers", &path, &given);
        }
    }
}
