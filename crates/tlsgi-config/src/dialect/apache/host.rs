//! Virtual hosts: which belong together, and what each of them takes from the server.

use super::listen::{self, Address};
use super::parse::Directive;
use super::{Apache, access, daemon, every, given, inspect, is_on, last, redirect, site};
use crate::diagnostic::Diagnostic;
use crate::origin::Origin;

/// A virtual host, or the server itself where there is none.
#[derive(Debug, Clone)]
pub(super) struct Host {
    /// The line that begins it.
    pub(super) directive: Directive,
    pub(super) addresses: Vec<Address>,
    /// What stands in it.
    pub(super) own: Vec<Directive>,
    /// The server's directives, then its own.
    pub(super) all: Vec<Directive>,
    /// Lower case, without a port; the first is `ServerName`.
    pub(super) names: Vec<String>,
    pub(super) is_tls: bool,
}

/// The hosts of one name.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) https: Option<Host>,
    pub(super) http: Option<Host>,
}

impl Group {
    /// The host that says what is served.
    pub(super) fn main(&self) -> Option<&Host> {
        self.https.as_ref().or(self.http.as_ref())
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.https.iter().chain(&self.http)
    }
}

/// Understands everything.
pub(super) fn build(state: &mut Apache, directives: &[Directive]) {
    let (sections, server): (Vec<_>, Vec<_>) =
        directives.iter().cloned().partition(|directive| directive.is("VirtualHost") && directive.children.is_some());
    let hosts = hosts(state, &sections, &server);
    let served: Vec<String> = hosts.iter().flat_map(|host| access::served(state, host)).collect();
    inspect_all(state, directives, &served);
    whole_server(state, &server);
    listen::listeners(state, &server, &hosts);
    let daemons = daemon::daemons(state, directives);
    let mut groups = groups(state, hosts);
    redirect::canonical(state, &mut groups);
    for group in &groups {
        site::site(state, group, &daemons);
    }
    daemon::unused(state, &daemons);
    whole_log(state, directives);
}

fn hosts(state: &mut Apache, sections: &[Directive], server: &[Directive]) -> Vec<Host> {
    let mut hosts = Vec::new();
    for section in sections {
        let mut addresses = Vec::new();
        for text in &section.arguments {
            match Address::read(text) {
                Some(address) => addresses.push(address),
                None => state.invalid(section, "expected `ADDRESS:PORT`"),
            }
        }
        let all = server.iter().chain(section.inside()).cloned().collect();
        hosts.push(host(section.clone(), addresses, section.inside().to_vec(), all));
    }
    let has_content = ["WSGIScriptAlias", "ProxyPass", "SSLEngine"].iter().any(|name| last(server, name).is_some());
    if hosts.is_empty() && has_content {
        let directive = Directive {
            name: "Listen".to_owned(),
            arguments: Vec::new(),
            origin: server.first().map_or_else(super::nowhere, |first| first.origin.clone()),
            children: None,
        };
        let addresses = every(server, "Listen").filter_map(|listen| Address::read(listen.argument(0))).collect();
        hosts.push(host(directive, addresses, server.to_vec(), server.to_vec()));
    } else if hosts.is_empty() && !state.draft.told.has_errors() {
        let told = Diagnostic::error("there is nothing to serve")
            .hint("a `<VirtualHost>` with `WSGIScriptAlias / /path/to/wsgi.py`");
        state.draft.tell(told);
    }
    hosts
}

fn host(directive: Directive, addresses: Vec<Address>, own: Vec<Directive>, all: Vec<Directive>) -> Host {
    let name = last(&own, "ServerName").map(|name| bare(name.argument(0)));
    let aliases = every(&own, "ServerAlias").flat_map(|alias| alias.arguments.iter().map(|name| bare(name)));
    let names = name.into_iter().chain(aliases).collect();
    let is_tls = last(&all, "SSLEngine").is_some_and(is_on);
    Host { directive, addresses, own, all, names, is_tls }
}

/// A name as hosts are compared: without scheme and port, in lower case.
fn bare(text: &str) -> String {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split_once(':').map_or(text, |(name, _)| name);
    text.trim_end_matches('/').to_ascii_lowercase()
}

/// Hosts of one `ServerName` belong together; each speaks TLS or does not.
fn groups(state: &mut Apache, hosts: Vec<Host>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for host in hosts {
        let name = host.names.first().cloned();
        let same = groups.iter_mut().find(|group| group.main().is_some_and(|main| main.names.first() == name.as_ref()));
        let group = match same {
            Some(group) => group,
            None => {
                groups.push(Group { https: None, http: None });
                let at = groups.len() - 1;
                &mut groups[at]
            }
        };
        let place = if host.is_tls { &mut group.https } else { &mut group.http };
        match place {
            None => *place = Some(host),
            Some(first) => {
                let name = name.unwrap_or_else(|| "no name".to_owned());
                let message =
                    format!("two virtual hosts of {name} are for {}", if host.is_tls { "HTTPS" } else { "plain HTTP" });
                let told = Diagnostic::error(message).at(&host.directive.origin);
                let Origin::File(at) = &first.directive.origin else { continue };
                state.draft.tell(told.hint(format!("the first begins at line {} of {}", at.line, at.file.display())));
            }
        }
    }
    groups
}

/// Looks at every directive that matters: a section for what is not served is left alone.
fn inspect_all(state: &mut Apache, directives: &[Directive], served: &[String]) {
    for directive in directives {
        inspect(state, directive);
        if directive.children.is_some() && access::is_relevant(state, directive, served) {
            inspect_all(state, directive.inside(), served);
        }
    }
}

/// What is said once for the whole server.
fn whole_server(state: &mut Apache, server: &[Directive]) {
    for (name, native) in [("User", "user"), ("Group", "group")] {
        if let Some(directive) = last(server, name) {
            let text = directive.argument(0).trim_start_matches('#').to_owned();
            state.draft.say(native, &text, &given(directive));
        }
    }
    default_user(state);
    if let Some(directive) = last(server, "PidFile") {
        let path = state.path(directive.argument(0));
        state.draft.say("pid-file", &path, &given(directive));
    }
    if let Some(directive) = last(server, "WSGIPythonHome") {
        let path = state.path(directive.argument(0).trim_end_matches('/'));
        state.draft.say("python", &format!("{path}/bin/python"), &given(directive));
    }
    if let Some(directive) = last(server, "WSGIPythonPath") {
        for part in directive.argument(0).split(':').filter(|part| !part.is_empty()) {
            let path = state.path(part);
            state.draft.say("python-path", &path, &given(directive));
        }
    }
}

/// httpd serves as nobody else than root only with a `User`: as the one of the distribution where the file of a single host names none.
fn default_user(state: &mut Apache) {
    if let Some(user) = state.usual_user.clone() {
        state.draft.default("user", &user);
    }
}

/// The access log of the first that has one.
fn whole_log(state: &mut Apache, directives: &[Directive]) {
    let inside = directives.iter().filter(|directive| directive.is("VirtualHost")).flat_map(Directive::inside);
    let logs: Vec<&Directive> =
        directives.iter().chain(inside).filter(|it| it.is("CustomLog") || it.is("TransferLog")).collect();
    let Some(first) = logs.first() else {
        state.draft.default("access-log", "none");
        return;
    };
    if first.argument(0).starts_with('|') {
        state.refuse(first, "lines go to a file, or to standard error; no program is started");
        return;
    }
    let path = state.path(first.argument(0));
    state.draft.say("access-log", &path, &given(first));
    for other in &logs[1..] {
        if other.argument(0) != first.argument(0) {
            state.warn(other, "one access log is for all sites; each line of JSON names its site");
        }
    }
}
