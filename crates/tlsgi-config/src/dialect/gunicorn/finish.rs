//! What settings of gunicorn mean, and what needs all of them.

use super::super::Input;
use super::super::entry::{Given, difference, refusal};
use super::super::pyserver::{Pyserver, shared};
use crate::diagnostic::Diagnostic;
use crate::origin::Origin;

/// Threads of a worker that stands in for one of thousands of green ones.
const GREEN_THREADS: &str = "64";

/// What a worker class runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// One request at a time.
    Sync,
    /// Threads.
    Threads,
    /// Green threads there, threads here.
    Green,
    /// ASGI.
    Asgi,
}

pub(super) fn finish(state: &mut Pyserver, positional: Vec<String>, input: &Input<'_>) {
    application(state, positional);
    let class = workers(state);
    timeout(state, class);
    shared::check_key(state, "--certfile", "--keyfile");
    listeners(state, input);
    let (mode, authorities) = (state.kept("--cert-reqs"), state.kept("--ca-certs"));
    shared::verify(state, mode, authorities);
    trust(state);
    hooks(state, class);
    shared::extra_files(state, "--reload-extra-file", ',');
    state.draft.default("access-log", "none");
}

fn application(state: &mut Pyserver, positional: Vec<String>) {
    let named = state.application("APP_MODULE", positional).or_else(|| state.kept("wsgi_app"));
    match named {
        Some(given) => state.draft.say("app", given.value(), &given),
        None => state.lacks_application("tlsgi gunicorn shop.wsgi"),
    }
}

/// Interface and threads, from the worker class.
fn workers(state: &mut Pyserver) -> Class {
    let said = state.kept("--worker-class");
    let threads = state.kept("--threads");
    let name = said.as_ref().map_or("sync", Given::value).to_owned();
    let short = name.strip_prefix("egg:gunicorn#").unwrap_or(&name);
    let short = short.strip_prefix("gunicorn.workers.").unwrap_or(short);
    let word = short.split(['.', ':']).next().unwrap_or_default();
    let class = match word {
        "asgi" | "gasgi" | "uvicorn" | "uvicorn_worker" | "hypercorn" => Class::Asgi,
        "gevent" | "ggevent" | "geventlet" | "eventlet" | "gevent_wsgi" | "gevent_pywsgi" | "tornado" | "gtornado" => {
            Class::Green
        }
        "gthread" => Class::Threads,
        "sync" if threads.as_ref().is_some_and(|given| given.value() != "1") => Class::Threads,
        "sync" => Class::Sync,
        _ => {
            if let Some(given) = &said {
                let known = "known are sync, gthread, gevent, eventlet, tornado, asgi and those of uvicorn";
                state
                    .draft
                    .tell(refusal(given, &format!("the class {} is gunicorn's to run", given.value())).hint(known));
            }
            Class::Sync
        }
    };
    if let Some(given) = &said {
        state.draft.say("interface", if class == Class::Asgi { "asgi" } else { "wsgi" }, given);
        if class == Class::Green {
            let how = format!(
                "requests run in threads, {GREEN_THREADS} unless `--worker-connections` says fewer; nothing is patched"
            );
            state.draft.tell(
                difference(given, &how)
                    .hint("an application that calls `gevent.monkey.patch_all()` itself goes on doing so"),
            );
        }
    }
    concurrency(state, class, threads);
    class
}

fn concurrency(state: &mut Pyserver, class: Class, threads: Option<Given>) {
    let connections = state.kept("--worker-connections");
    match (class, threads, connections) {
        (Class::Asgi, threads, connections) => {
            if let Some(given) = connections {
                state.draft.say("concurrency", given.value(), &given);
            }
            if let Some(given) = threads.filter(|given| given.value() != "1") {
                state.tell(Diagnostic::without_effect(&given.name, "it is for WSGI"), &given);
            }
        }
        (Class::Green, _, Some(given)) => {
            let most: u64 = GREEN_THREADS.parse().unwrap_or(1);
            let wanted = given.value().trim().parse::<u64>().unwrap_or(most);
            state.draft.say("threads", &wanted.min(most).to_string(), &given);
        }
        (Class::Green, _, None) => state.draft.default("threads", GREEN_THREADS),
        (Class::Sync | Class::Threads, threads, connections) => {
            match threads {
                Some(given) => state.draft.say("threads", given.value(), &given),
                None => state.draft.default("threads", "1"),
            }
            if let Some(given) = connections {
                let why = "connections are kept outside of workers: `--max-connections` bounds them";
                state.tell(Diagnostic::without_effect(&given.name, why), &given);
            }
        }
    }
}

/// Of the sync worker the timeout is the longest time that a request may take. Of the others it is not.
fn timeout(state: &mut Pyserver, class: Class) {
    let said = state.kept("--timeout");
    match (class, said) {
        (Class::Sync, Some(given)) => shared::seconds(state, "request-timeout", &given, "none"),
        (Class::Sync, None) => state.draft.default("request-timeout", "30s"),
        (_, Some(given)) if given.value().trim() != "0" => {
            let why = "with this worker class it is a heartbeat, not a bound on requests";
            state.tell(
                Diagnostic::without_effect(&given.name, why)
                    .hint("`tlsgi --request-timeout` bounds a request with every kind of worker"),
                &given,
            );
        }
        _ => {}
    }
}

fn listeners(state: &mut Pyserver, input: &Input<'_>) {
    let mut addresses: Vec<(String, Option<Given>)> = Vec::new();
    for given in state.every("--bind") {
        // A string in the file may name several.
        for one in given.value().split(',').filter(|one| !one.trim().is_empty()) {
            addresses.push((shared::address(one, "8000"), Some(given.clone())));
        }
    }
    if addresses.is_empty() {
        let port = input.environment.get("PORT").filter(|port| !port.is_empty());
        addresses.push(match port {
            Some(port) => {
                let origin = Origin::Variable("PORT".to_owned());
                let given = Given { name: "PORT".to_owned(), values: vec![port.clone()], origin };
                (format!("0.0.0.0:{port}"), Some(given))
            }
            None => ("127.0.0.1:8000".to_owned(), None),
        });
    }
    shared::listen(state, &addresses);
}

/// Who is believed where nobody is named.
const NEIGHBOURS: &str = "127.0.0.1,::1";

/// gunicorn believes its neighbours by default. That is right behind a proxy on the same machine, which speaks plain HTTP to it; where clients
/// come over TLS, nobody stands in front.
fn trust(state: &mut Pyserver) {
    let headers = ["X-Forwarded-For", "X-Forwarded-Proto"];
    let are_announced = state.draft.has("proxy-protocol");
    let announcing = state.kept("--proxy-allow-from").filter(|_| are_announced);
    if let Some(given) = &announcing {
        shared::proxies(state, given.value(), Some(given), &[]);
    }
    match state.kept("--forwarded-allow-ips") {
        Some(given) => shared::proxies(state, given.value(), Some(&given), &headers),
        None if announcing.is_some() => {}
        None if are_announced => shared::proxies(state, NEIGHBOURS, None, &[]),
        None if state.draft.has("bind-http") => shared::proxies(state, NEIGHBOURS, None, &headers),
        None => {}
    }
}

pub(super) fn hook(state: &mut Pyserver, given: &Given) {
    let Origin::File(at) = &given.origin else {
        state.draft.tell(refusal(given, "a function is written in a configuration file"));
        return;
    };
    let source = at.file.to_string_lossy().into_owned();
    state.draft.say("hooks", &source, given);
}

/// With ASGI nobody calls these there either, except gunicorn's own worker.
pub(super) fn request_hook(state: &mut Pyserver, given: &Given) {
    hook(state, given);
    super::super::pyserver::keep(state, given);
}

fn hooks(state: &mut Pyserver, class: Class) {
    for name in ["pre_request", "post_request"] {
        if let Some(given) = state.kept(name).filter(|_| class == Class::Asgi) {
            state.draft.tell(refusal(&given, "with ASGI it is what a middleware does, around the application"));
        }
    }
}

pub(super) fn certificate(state: &mut Pyserver, given: &Given) {
    state.say_path("certfile", given);
}

pub(super) fn key(state: &mut Pyserver, given: &Given) {
    state.say_path("keyfile", given);
    super::super::pyserver::keep(state, given);
}

pub(super) fn python_path(state: &mut Pyserver, given: &Given) {
    for entry in given.value().split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        state.draft.say("python-path", entry, given);
    }
}

pub(super) fn variable(state: &mut Pyserver, given: &Given) {
    match given.value().strip_prefix("SCRIPT_NAME=") {
        Some(prefix) if prefix.trim_matches('/').is_empty() => {}
        Some(prefix) => state.draft.say("mount", &format!("/{}", prefix.trim_matches('/')), given),
        None => state.draft.say("env", given.value(), given),
    }
}

pub(super) fn protocol(state: &mut Pyserver, given: &Given) {
    if given.value() != "http" {
        state.draft.tell(refusal(given, "only HTTP is spoken: let the web server proxy over HTTP"));
    }
}

pub(super) fn cleartext(state: &mut Pyserver, given: &Given) {
    if given.value() != "off" {
        state.draft.tell(refusal(given, "HTTP/2 is spoken over TLS"));
    }
}

pub(super) fn field_size(state: &mut Pyserver, given: &Given) {
    match given.value().trim().parse::<u64>() {
        Ok(0) => state.draft.say("max-header-size", "1MiB", given),
        Ok(size) if size > 65_536 => state.draft.say("max-header-size", &size.to_string(), given),
        Ok(_) => {}
        Err(_) => state.tell(Diagnostic::invalid(&given.name, given.value(), "expected a number of bytes"), given),
    }
}

pub(super) fn header_map(state: &mut Pyserver, given: &Given) {
    match given.value() {
        "drop" => {}
        "refuse" => {
            state
                .draft
                .tell(difference(given, "fields with `_` in their names are left out; the request is not refused"));
        }
        "dangerous" => state.draft.tell(refusal(given, "a client could write fields that pass for others")),
        other => {
            let told = Diagnostic::invalid(&given.name, other, "expected `drop`, `refuse` or `dangerous`");
            state.tell(told, given);
        }
    }
}

/// The dictionary, as JSON: X-Forwarded-Proto is the one that there is.
pub(super) fn scheme_headers(state: &mut Pyserver, given: &Given) {
    let usual = [("X-FORWARDED-PROTOCOL", "ssl"), ("X-FORWARDED-PROTO", "https"), ("X-FORWARDED-SSL", "on")];
    let parsed: Option<std::collections::BTreeMap<String, String>> = serde_json::from_str(given.value()).ok();
    let is_usual =
        |(name, value): (&String, &String)| usual.contains(&(name.to_ascii_uppercase().as_str(), value.as_str()));
    if !parsed.is_some_and(|fields| fields.iter().all(is_usual)) {
        state.draft.tell(
            refusal(given, "`X-Forwarded-Proto` is the field that tells the scheme").hint("have the proxy set it"),
        );
    }
}

pub(super) fn proxy_protocol(state: &mut Pyserver, given: &Given) {
    if !matches!(given.value().to_ascii_lowercase().as_str(), "off" | "false" | "0") {
        state.draft.say("proxy-protocol", "true", given);
    }
}

/// A number in Python's spelling, or one that begins with 0, which is octal.
pub(super) fn umask(state: &mut Pyserver, given: &Given) {
    let text = given.value().trim().to_ascii_lowercase();
    let digits = |prefix: &str, radix| text.strip_prefix(prefix).and_then(|rest| u32::from_str_radix(rest, radix).ok());
    let mode = digits("0o", 8)
        .or_else(|| digits("0x", 16))
        .or_else(|| digits("0b", 2))
        .or_else(|| digits("0", 8))
        .or_else(|| text.parse().ok());
    match mode.filter(|mode| *mode <= 0o777).or_else(|| (text == "0").then_some(0)) {
        Some(mode) => state.draft.say("umask", &format!("{mode:04o}"), given),
        None => {
            state.tell(Diagnostic::invalid(&given.name, given.value(), "expected a file mode such as 0o022"), given)
        }
    }
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

pub(super) fn dirty(state: &mut Pyserver, given: &Given) {
    if given.value() != "0" {
        state.draft.tell(refusal(given, "there are no such processes; run them as a service beside"));
    }
}
