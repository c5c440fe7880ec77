//! `Listen` and the addresses of virtual hosts as listeners.

use super::host::Host;
use super::parse::Directive;
use super::{Apache, every, given};
use crate::diagnostic::Diagnostic;

/// An address of a virtual host, or of `Listen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// `*` for all.
    pub(super) host: String,
    /// None for all.
    pub(super) port: Option<u16>,
}

impl Address {
    /// `443`, `*:443`, `192.0.2.1:443`, `[::1]:443`, `_default_`.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Ok(port) = text.parse() {
            return Some(Self { host: "*".to_owned(), port: Some(port) });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            None | Some("*") => None,
            Some(port) => Some(port.parse().ok()?),
        };
        let host = if matches!(host, "_default_" | "") { "*" } else { host };
        Some(Self { host: host.to_owned(), port })
    }
}

/// Says every listener, once.
pub(super) fn listeners(state: &mut Apache, server: &[Directive], hosts: &[Host]) {
    let is_tls = |port: u16| {
        hosts.iter().any(|host| host.is_tls && host.addresses.iter().any(|it| it.port.is_none_or(|own| own == port)))
    };
    let mut said: Vec<(String, bool)> = Vec::new();
    let mut has_listen = false;
    for directive in every(server, "Listen") {
        has_listen = true;
        let Some(Address { host, port: Some(port) }) = Address::read(directive.argument(0)) else {
            state.invalid(directive, "expected `[ADDRESS:]PORT`");
            continue;
        };
        let is_https = is_tls(port) || directive.argument(1).eq_ignore_ascii_case("https");
        say(state, &mut said, directive, &format!("{host}:{port}"), is_https);
    }
    if !has_listen {
        for host in hosts {
            for address in &host.addresses {
                let port = address.port.unwrap_or(if host.is_tls { 443 } else { 80 });
                say(state, &mut said, &host.directive, &format!("{}:{port}", address.host), host.is_tls);
            }
        }
    }
    if said.is_empty() && !state.draft.told.has_errors() {
        let told = Diagnostic::error("there is no address to listen on");
        state.draft.tell(told.hint("`Listen 443`, or a `<VirtualHost *:443>`"));
    }
    if let Some(backlog) = super::last(server, "ListenBackLog") {
        state.draft.say("backlog", backlog.argument(0), &given(backlog));
    }
}

fn say(state: &mut Apache, said: &mut Vec<(String, bool)>, directive: &Directive, address: &str, is_https: bool) {
    let wanted = (address.to_owned(), is_https);
    if said.contains(&wanted) {
        return;
    }
    said.push(wanted);
    state.draft.say(if is_https { "bind" } else { "bind-http" }, address, &given(directive));
}
