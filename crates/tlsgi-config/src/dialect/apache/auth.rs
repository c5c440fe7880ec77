//! `AuthType Basic` with `Require valid-user` or `Require user` as `--basic-auth-path`.

use super::access::{self, Rule};
use super::host::Host;
use super::parse::Directive;
use super::{Apache, every, given, is_below, is_on, last};
use crate::value::auth::UsersOf;

/// Whether a host asks for users as this directive does.
pub(super) fn has(host: &Host, directive: &Directive) -> bool {
    let is_it = |other: &Directive| other.is(&directive.name) && other.arguments == directive.arguments;
    sections(&host.all).iter().any(|section| section.inside().iter().any(is_it))
}

/// Users are asked for at a URL, because this directive says so.
pub(super) fn protect(state: &mut Apache, at: usize, host: &Host, url: &str, directive: &Directive) {
    let all = sections(&host.all);
    let section = all.iter().find(|section| section.inside().iter().any(|inside| inside.origin == directive.origin));
    let of = |name: &str| {
        let own = section.and_then(|section| last(section.inside(), name));
        own.or_else(|| {
            all.iter().filter(|other| is_around(other, directive)).find_map(|other| last(other.inside(), name))
        })
        .or_else(|| last(&host.all, name))
        .cloned()
    };
    let kind = of("AuthType");
    if !kind.as_ref().is_some_and(|kind| kind.argument(0).eq_ignore_ascii_case("basic")) {
        return state.refuse(kind.as_ref().unwrap_or(directive), "passwords are asked for with `AuthType Basic`");
    }
    if let Some(provider) = of("AuthBasicProvider").filter(|it| it.arguments != ["file"]) {
        return state.refuse(&provider, "users stand in a file: `AuthBasicProvider file`");
    }
    let Some(file) = of("AuthUserFile") else {
        return state.refuse(directive, "`AuthUserFile` names no file of users");
    };
    let path = state.path(file.argument(0));
    let prefix = if url == "/" { "/" } else { url.trim_end_matches('/') };
    let mut known = state.draft.sites[at].layer.basic_auth_path.iter().map(|said| &said.value);
    let known = known.find(|rule| rule.prefix == prefix.trim_end_matches('/')).cloned();
    match known.map(|rule| rule.users) {
        Some(UsersOf::File(known)) if known.as_os_str() == path.as_str() => {}
        Some(_) => return state.refuse(directive, "another section has other users for the same URLs"),
        None => state.draft.say_site(at, "basic-auth-path", &format!("{prefix}={path}"), &given(directive)),
    }
    if let Some(name) = of("AuthName") {
        let known = state.draft.sites[at].layer.basic_auth_realm.as_ref().map(|said| said.value.0.clone());
        match known {
            Some(known) if known != name.argument(0) => state.warn(&name, "a site has one name for browsers to show"),
            _ => state.draft.say_site(at, "basic-auth-realm", name.argument(0), &given(&name)),
        }
    }
    users(state, at, prefix, section.map_or(std::slice::from_ref(directive), |section| section.inside()));
    if let Some(pass) = last(&host.all, "WSGIPassAuthorization").filter(|directive| is_on(directive)).cloned() {
        state.draft.say_site(at, "basic-auth-forward", "true", &given(&pass));
    }
}

/// Who is named by `Require user`, unless all are let in.
fn users(state: &mut Apache, at: usize, prefix: &str, inside: &[Directive]) {
    let required: Vec<Directive> = every(inside, "Require").cloned().collect();
    if required.iter().any(|directive| directive.argument(0).eq_ignore_ascii_case("valid-user")) {
        return;
    }
    for directive in required.iter().filter(|directive| directive.argument(0).eq_ignore_ascii_case("user")) {
        for name in directive.arguments.iter().skip(1) {
            state.draft.say_site(at, "basic-auth-user", &format!("{prefix}={name}"), &given(directive));
        }
    }
}

/// The same for a `<Location>`. What directories below it leave open, it would not.
pub(super) fn protect_location(
    state: &mut Apache,
    at: usize,
    host: &Host,
    location: &Directive,
    directive: &Directive,
) {
    let url = location.argument(0);
    if !url.starts_with('/') || url.contains(['*', '?', '[']) {
        return state.refuse(location, "users are asked for under a prefix, not a pattern");
    }
    let below = |prefix: &str| is_below(if prefix.is_empty() { "/" } else { prefix }, url);
    let known = &state.draft.sites[at].layer.basic_auth_path;
    if known.iter().any(|said| said.value.users == UsersOf::Nobody && below(&said.value.prefix)) {
        return state.refuse(directive, "a `<Directory>` and a `<Location>` have rules about users for the same URLs");
    }
    protect(state, at, host, url, directive);
}

/// A directory beside one that asks for users asks nobody itself.
pub(super) fn open(state: &mut Apache, at: usize, url: &str, directive: &Directive) {
    let known = &state.draft.sites[at].layer.basic_auth_path;
    if known.iter().any(|said| is_below(url, &said.value.prefix)) {
        let text = format!("{}=none", url.trim_end_matches('/'));
        state.draft.say_site(at, "basic-auth-path", &text, &given(directive));
    }
}

/// `Require all granted` in a `<Location>` below one that asks for users.
pub(super) fn exceptions(state: &mut Apache, at: usize, host: &Host) {
    for location in every(&host.all, "Location").cloned().collect::<Vec<_>>() {
        let url = location.argument(0).trim_end_matches('/');
        let rule = access::rule(location.inside());
        let known = &state.draft.sites[at].layer.basic_auth_path;
        let is_inside = known.iter().any(|said| said.value.prefix != url && is_below(url, &said.value.prefix));
        if let Some((Rule::Allowed, directive)) = rule.filter(|_| is_inside && !url.is_empty()) {
            let text = format!("{url}=none");
            state.draft.say_site(at, "basic-auth-path", &text, &given(&directive));
        }
    }
}

/// Sections, and those inside of them.
fn sections(directives: &[Directive]) -> Vec<&Directive> {
    let mut found = Vec::new();
    for directive in directives.iter().filter(|directive| directive.children.is_some()) {
        found.push(directive);
        found.extend(sections(directive.inside()));
    }
    found
}

fn is_around(section: &Directive, directive: &Directive) -> bool {
    sections(section.inside()).iter().any(|inner| inner.inside().iter().any(|inside| inside.origin == directive.origin))
}
