//! uWSGI's sockets as listeners, with the certificates that stand in them.

use super::super::entry::{Given, refusal};
use super::options::LISTENERS;
use super::{Uwsgi, canonical};
use crate::diagnostic::Diagnostic;
use crate::document::Part;

/// What a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// TLS, values by their place.
    Https,
    /// TLS, values by their names.
    Https2,
    /// Plain HTTP to the application.
    Http,
    /// Plain HTTP that redirects.
    Redirect,
}

/// What `https` says.
#[derive(Debug, Default)]
struct Tls {
    address: String,
    certificate: String,
    key: String,
    ciphers: String,
    authority: String,
}

/// All listeners; whether there is any.
pub(super) fn listeners(state: &mut Uwsgi) -> bool {
    let mut has_https = false;
    let mut plain: Option<Given> = None;
    let mut redirect: Option<Given> = None;
    for given in state.kept.clone() {
        let name = canonical(&given.name);
        let is_http_socket =
            name == "socket" && state.kept("protocol").is_some_and(|protocol| protocol.value() == "http");
        let kind = LISTENERS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        match kind.or(is_http_socket.then_some(Kind::Http)) {
            Some(Kind::Https) => has_https |= https(state, &given, by_place(given.value())),
            Some(Kind::Https2) => match by_name(given.value()) {
                Ok(tls) => has_https |= https(state, &given, tls),
                Err(name) => {
                    let reason =
                        format!("`{}` is none of addr, cert, key, ciphers, clientca, spdy", name.escape_debug());
                    state.draft.tell(Diagnostic::invalid(&given.name, given.value(), &reason).at(&given.origin));
                }
            },
            Some(Kind::Http) => {
                bind(state, "bind-http", given.value(), &given);
                plain = Some(given);
            }
            Some(Kind::Redirect) => {
                redirect_to(state, &given);
                redirect = Some(given);
            }
            None => {}
        }
    }
    names(state, has_https);
    match (&plain, &redirect) {
        (Some(_), Some(redirect)) => {
            let reason =
                "plain HTTP serves the application (`http`) or redirects (`http-to-https`), not one on each address";
            state.draft.tell(refusal(redirect, reason));
        }
        (Some(_), None) if state.kept("redirect").is_some() => {
            if let Some(given) = state.kept("redirect") {
                state.draft.say("allow-http", "false", &given);
            }
        }
        (Some(plain), None) => state.draft.say("allow-http", "true", plain),
        (None, Some(redirect)) => state.draft.say("allow-http", "false", redirect),
        (None, None) => {}
    }
    has_https || plain.is_some() || redirect.is_some()
}

/// With an exclamation mark, nobody gets in without a certificate.
fn demand(authority: &str) -> (&'static str, &str) {
    authority.strip_prefix('!').map_or(("request", authority), |file| ("require", file))
}

fn by_place(text: &str) -> Tls {
    let mut parts = text.splitn(5, ',').map(|part| part.trim().to_owned());
    let mut next = || parts.next().unwrap_or_default();
    Tls { address: next(), certificate: next(), key: next(), ciphers: next(), authority: next() }
}

fn by_name(text: &str) -> Result<Tls, String> {
    let mut tls = Tls::default();
    for part in text.split(',') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.trim() {
            "addr" => value.clone_into(&mut tls.address),
            "cert" | "crt" => value.clone_into(&mut tls.certificate),
            "key" => value.clone_into(&mut tls.key),
            "ciphers" => value.clone_into(&mut tls.ciphers),
            "clientca" | "client_ca" => value.clone_into(&mut tls.authority),
            "spdy" | "" => {}
            other => return Err(other.to_owned()),
        }
    }
    Ok(tls)
}

fn https(state: &mut Uwsgi, given: &Given, tls: Tls) -> bool {
    if tls.address.is_empty() || tls.certificate.is_empty() || tls.key.is_empty() {
        let reason = "expected an address, a certificate and a key: `0.0.0.0:8443,foobar.crt,foobar.key`";
        state.draft.tell(Diagnostic::invalid(&given.name, given.value(), reason).at(&given.origin));
        return false;
    }
    bind(state, "bind", &tls.address, given);
    let mut files = vec![("certfile", tls.certificate), ("keyfile", tls.key)];
    if !tls.ciphers.is_empty() {
        match said(state, "tls-ciphers") {
            Some(earlier) if earlier != tls.ciphers => {
                state.draft.tell(refusal(given, "every listener has the same ciphers"));
            }
            _ => state.draft.say("tls-ciphers", &tls.ciphers, given),
        }
    }
    if !tls.authority.is_empty() {
        let (mode, file) = demand(&tls.authority);
        files.push(("client-ca", file.to_owned()));
        let is_other = said(state, "client-cert").is_some_and(|said| said != mode);
        if is_other {
            state.draft.tell(refusal(given, "one listener requires client certificates and another does not"));
        }
        state.draft.say("client-cert", mode, given);
    } else if said(state, "client-ca").is_some() {
        state.draft.tell(refusal(given, "one listener asks for client certificates and another does not"));
    }
    let is_first = state.draft.layer.bind.len() <= 1;
    for (native, file) in files {
        if file.starts_with("-----BEGIN") {
            state.draft.tell(refusal(given, "certificates and keys stand in files, not in the configuration"));
            continue;
        }
        let path = state.path(&file, given);
        match said(state, native) {
            Some(earlier) if earlier != path => {
                state.draft.tell(refusal(given, "every listener has the same certificate, key and client CA"));
            }
            None if native == "client-ca" && !is_first => {
                state.draft.tell(refusal(given, "one listener asks for client certificates and another does not"));
            }
            _ => state.draft.say(native, &path, given),
        }
    }
    true
}

/// Names with certificates of their own.
fn names(state: &mut Uwsgi, has_https: bool) {
    for given in state.every("sni") {
        let Some((name, rest)) = given.value().trim().split_once(' ') else {
            let reason = "expected `NAME CERT,KEY`";
            state.draft.tell(Diagnostic::invalid(&given.name, given.value(), reason).at(&given.origin));
            continue;
        };
        let tls = by_place(&format!("-,{}", rest.trim()));
        site(state, &given, name, &tls);
    }
    for given in state.every("sni-dir") {
        for name in
            state.listed.iter().filter_map(|name| name.strip_suffix(".crt")).map(str::to_owned).collect::<Vec<_>>()
        {
            let below = |ending: &str| format!("{}/{name}.{ending}", given.value().trim_end_matches('/'));
            let authority = if state.listed.contains(&format!("{name}.ca")) { below("ca") } else { String::new() };
            let ciphers = state.kept("sni-dir-ciphers").map(|given| given.value().to_owned()).unwrap_or_default();
            let tls = Tls { certificate: below("crt"), key: below("key"), ciphers, authority, ..Tls::default() };
            site(state, &given, &name, &tls);
        }
    }
    if state.draft.sites.is_empty() {
        return;
    }
    if !has_https {
        let given = state.kept("sni").or_else(|| state.kept("sni-dir"));
        if let Some(given) = given {
            state.draft.tell(Diagnostic::lacks(&given.name, "https").at(&given.origin));
        }
        return;
    }
    // The certificate of `https` is for every other name: the first site answers those that no site has.
    let mut first = Part::new("default", state.draft.sites[0].origin.clone());
    let own = ["certfile", "keyfile", "tls-ciphers", "client-ca", "client-cert"];
    for spec in own.iter().filter_map(|name| crate::layer::find(name)) {
        for (text, origin) in (spec.slot)(&state.draft.layer).said() {
            // A value is written so that it can be read again.
            _ = (spec.slot_mut)(&mut first.layer).say(&text, origin.clone());
        }
    }
    let layer = &mut state.draft.layer;
    (layer.certfile, layer.keyfile) = (Vec::new(), Vec::new());
    (layer.client_ca, layer.client_cert, layer.tls_ciphers) = (None, None, None);
    state.draft.sites.insert(0, first);
}

fn site(state: &mut Uwsgi, given: &Given, name: &str, tls: &Tls) {
    if tls.certificate.is_empty() || tls.key.is_empty() {
        let told = Diagnostic::invalid(&given.name, given.value(), "expected `NAME CERT,KEY`").at(&given.origin);
        state.draft.tell(told);
        return;
    }
    state.draft.sites.push(Part::new("", given.origin.clone()));
    let at = state.draft.sites.len() - 1;
    state.draft.say_site(at, "server-name", name, given);
    for (native, file) in [("certfile", &tls.certificate), ("keyfile", &tls.key)] {
        let path = state.path(file, given);
        state.draft.say_site(at, native, &path, given);
    }
    if !tls.authority.is_empty() {
        let (mode, file) = demand(&tls.authority);
        let path = state.path(file, given);
        state.draft.say_site(at, "client-ca", &path, given);
        state.draft.say_site(at, "client-cert", mode, given);
    }
    if !tls.ciphers.is_empty() {
        state.draft.say_site(at, "tls-ciphers", &tls.ciphers, given);
    }
}

fn redirect_to(state: &mut Uwsgi, given: &Given) {
    let (address, port) = match given.value().split_once(',') {
        Some((address, port)) => (address.to_owned(), Some(port.to_owned())),
        None => (given.value().to_owned(), None),
    };
    bind(state, "bind-http", &address, given);
    match port {
        Some(port) => state.draft.say("public-https-port", &port, given),
        // Where no port is said, uWSGI names none, which is 443.
        None => state.draft.say("public-https-port", "443", given),
    }
}

fn said(state: &Uwsgi, native: &str) -> Option<String> {
    let spec = crate::layer::find(native)?;
    let said = (spec.slot)(&state.draft.layer).said();
    said.last().map(|(text, _)| text.clone())
}

/// An address as uWSGI writes it: `HOST:PORT`, `:PORT`, a path, `fd://N`, or `=N` for a shared socket.
fn bind(state: &mut Uwsgi, native: &str, text: &str, given: &Given) {
    let text = text.trim();
    let address = match text.strip_prefix('=') {
        Some(number) => {
            let shared = state.every("shared-socket");
            match number.trim().parse::<usize>().ok().and_then(|number| shared.get(number)) {
                Some(socket) => socket.value().trim().to_owned(),
                None => {
                    let reason = format!("there is no shared socket {}", number.escape_debug());
                    let told = Diagnostic::invalid(&given.name, given.value(), &reason).at(&given.origin);
                    state.draft.tell(told.hint("`=0` is the first `shared-socket`"));
                    return;
                }
            }
        }
        None => text.to_owned(),
    };
    let address = match address.as_str() {
        text if text.starts_with('@') => {
            state.draft.tell(refusal(given, "an abstract socket has no permissions; use a path"));
            return;
        }
        text if text.starts_with("fd://") || text.starts_with("unix:") => text.to_owned(),
        text if text.contains('/') => format!("unix:{}", state.path(text, given)),
        text => text.to_owned(),
    };
    state.draft.say(native, &address, given);
}
