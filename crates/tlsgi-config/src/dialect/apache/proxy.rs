//! `ProxyPass` as routes to other servers, and lists of proxies in front.

use std::path::Path;

use super::super::Input;
use super::host::Host;
use super::parse::Directive;
use super::{Apache, access, every, given};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// A file of proxies becomes the directive that names each of them.
pub(super) fn lists(input: &Input<'_>, root: &Path, directives: &mut [Directive], told: &mut Diagnostics) {
    for directive in directives {
        if let Some(children) = &mut directive.children {
            lists(input, root, children, told);
        }
        if !directive.is("RemoteIPTrustedProxyList") && !directive.is("RemoteIPInternalProxyList") {
            continue;
        }
        match input.files.read(&root.join(directive.argument(0))) {
            Ok(text) => {
                let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(address, _)| address));
                let addresses: Vec<String> = lines.flat_map(str::split_whitespace).map(str::to_owned).collect();
                (directive.name, directive.arguments) = ("RemoteIPTrustedProxy".to_owned(), addresses);
            }
            Err(reason) => {
                let text = directive.argument(0);
                told.push(Diagnostic::invalid(&directive.name, text, &reason).at(&directive.origin));
            }
        }
    }
}

/// Says a route for each; whether something answers the root.
pub(super) fn routes(state: &mut Apache, at: usize, host: &Host) -> bool {
    let mut has_root = false;
    let locations = every(&host.all, "Location").flat_map(|location| {
        let inside = every(location.inside(), "ProxyPass");
        inside.map(|pass| (location.argument(0).to_owned(), pass.argument(0).to_owned(), pass))
    });
    let own =
        every(&host.all, "ProxyPass").map(|pass| (pass.argument(0).to_owned(), pass.argument(1).to_owned(), pass));
    let found: Vec<(String, String, &Directive)> = own.chain(locations).collect();
    for (prefix, target, directive) in found {
        if target == "!" {
            // What is not passed on is the application's, or a directory's.
            let is_ours = every(&host.all, "Alias")
                .chain(every(&host.all, "WSGIScriptAlias"))
                .any(|alias| alias.argument(0).trim_end_matches('/') == prefix.trim_end_matches('/'));
            if !is_ours {
                state.refuse(directive, "nothing else is served under this prefix");
            }
            continue;
        }
        match upstream(&prefix, &target) {
            Ok(upstream) => {
                has_root |= prefix == "/";
                state.draft.say_site(at, "route", &format!("{prefix}={upstream}"), &given(directive));
            }
            Err(reason) => state.refuse(directive, reason),
        }
    }
    for proxy in every(&host.all, "Proxy") {
        if let Some((rule, directive)) = access::rule(proxy.inside()) {
            let mut needs = access::Needs::default();
            access::obey(state, rule, &directive, &mut needs);
            if needs.user.is_some() {
                state.refuse(&directive, "users are asked for in a `<Location>`");
            }
        }
    }
    has_root
}

/// A target of `ProxyPass` as one of a route.
pub(in crate::dialect) fn upstream(prefix: &str, target: &str) -> Result<String, &'static str> {
    let (socket, target) = match target.strip_prefix("unix:").and_then(|rest| rest.split_once('|')) {
        Some((socket, target)) => (Some(socket), target),
        None => (None, target),
    };
    let Some((scheme, rest)) = target.split_once("://") else { return Err("expected `http://HOST:PORT/`") };
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        // WebSockets are passed on with everything else.
        "http" | "ws" | "h2c" => "http",
        "uwsgi" => "uwsgi",
        "https" | "wss" | "h2" => return Err("requests are passed on over plain HTTP or a socket only"),
        "balancer" => return Err("requests are passed on to one server; balance between several behind it"),
        _ => return Err("other servers speak HTTP or uwsgi"),
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    // Without a path the other server gets what is behind the prefix, as with a single slash.
    let base = match (path.trim_end_matches('/'), prefix.trim_end_matches('/')) {
        (path, prefix) if path == prefix => "",
        ("", _) => "/",
        (path, _) => path,
    };
    if let Some(socket) = socket {
        let separator = if base.is_empty() { "" } else { ":" };
        return Ok(format!("{scheme}+unix:{socket}{separator}{base}"));
    }
    let default = if scheme == "http" { "80" } else { "3031" };
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let port = if has_port { String::new() } else { format!(":{default}") };
    Ok(format!("{scheme}://{authority}{port}{base}"))
}
