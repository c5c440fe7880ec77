//! `Header` and `RequestHeader` as rules about fields.

use super::host::{Group, Host};
use super::parse::Directive;
use super::{Apache, every, given, is_below, last};

/// What directives about fields say, in order.
pub(super) fn headers(state: &mut Apache, at: usize, group: &Group) {
    let hosts: Vec<&Host> = group.hosts().collect();
    let mut said: Vec<String> = Vec::new();
    for host in &hosts {
        let is_proxied = last(&host.all, "ProxyPass").is_some();
        let others: Vec<&Host> = hosts.iter().copied().filter(|other| other.is_tls != host.is_tls).collect();
        for (prefix, directive) in found(state, host) {
            // What both say holds for both, and is said once.
            let is_shared = others.iter().all(|other| has(other, &directive));
            let scheme = match (is_shared, host.is_tls) {
                (true, _) => "",
                (false, true) => "https ",
                (false, false) => "http ",
            };
            let key =
                format!("{scheme}{prefix}{} {}", directive.name.to_ascii_lowercase(), directive.arguments.join(" "));
            let is_known = said.contains(&key) && is_shared;
            said.push(key);
            let place = Place { at, scheme, prefix: &prefix, is_tls: host.is_tls, is_proxied };
            if !is_known {
                one(state, &place, &directive);
            }
        }
    }
}

/// Where a directive holds.
struct Place<'a> {
    at: usize,
    /// With a space behind it; empty for both.
    scheme: &'a str,
    /// As the site's URLs begin; empty for all.
    prefix: &'a str,
    is_tls: bool,
    is_proxied: bool,
}

fn is_about_fields(directive: &Directive) -> bool {
    directive.is("Header") || directive.is("RequestHeader")
}

fn has(host: &Host, directive: &Directive) -> bool {
    let is_it = |other: &Directive| other.is(&directive.name) && other.arguments == directive.arguments;
    host.all.iter().any(is_it) || host.all.iter().any(|section| section.inside().iter().any(is_it))
}

/// Directives with the prefix under which they hold: those of the host, then those of its sections.
fn found(state: &mut Apache, host: &Host) -> Vec<(String, Directive)> {
    let own = host.all.iter().filter(|directive| is_about_fields(directive)).cloned();
    let mut found: Vec<(String, Directive)> = own.map(|directive| (String::new(), directive)).collect();
    for section in &host.all {
        let inside: Vec<Directive> = section.inside().iter().filter(|it| is_about_fields(it)).cloned().collect();
        let Some(first) = inside.first() else { continue };
        match prefixes(state, host, section) {
            Some(prefixes) => {
                for prefix in prefixes {
                    found.extend(inside.iter().map(|directive| (prefix.clone(), directive.clone())));
                }
            }
            None => state.refuse(first, "fields are changed for a site or for a prefix of it: `<Location /PREFIX>`"),
        }
    }
    found
}

/// The URLs that a section is about; none where it is about something else. A directory that nothing is served from has none.
fn prefixes(state: &Apache, host: &Host, section: &Directive) -> Option<Vec<String>> {
    let whole = |url: &str| if url == "/" { String::new() } else { url.trim_end_matches('/').to_owned() };
    if section.is("Location") {
        let url = section.argument(0);
        return (url.starts_with('/') && !url.contains(['*', '?', '['])).then(|| vec![whole(url)]);
    }
    if !section.is("Directory") || section.argument(0).contains(['*', '?', '[']) {
        return None;
    }
    let directory = state.path(section.argument(0));
    let directory = directory.trim_end_matches('/');
    let mut urls = Vec::new();
    for alias in every(&host.all, "Alias").chain(every(&host.all, "WSGIScriptAlias")) {
        let target = state.path(alias.argument(1));
        let target = target.trim_end_matches('/');
        if is_below(target, directory) {
            urls.push(whole(alias.argument(0)));
        } else if let Some(rest) = target_below(directory, target).filter(|_| alias.is("Alias")) {
            urls.push(format!("{}{rest}", whole(alias.argument(0))));
        }
    }
    Some(urls)
}

/// What a directory has behind the one above it.
fn target_below<'a>(directory: &'a str, above: &str) -> Option<&'a str> {
    directory.strip_prefix(above).filter(|rest| rest.starts_with('/'))
}

fn one(state: &mut Apache, place: &Place<'_>, directive: &Directive) {
    let is_response = directive.is("Header");
    let mut words: Vec<&str> = directive.arguments.iter().map(String::as_str).collect();
    if is_response
        && words.first().is_some_and(|word| matches!(word.to_ascii_lowercase().as_str(), "always" | "onsuccess"))
    {
        words.remove(0);
    }
    let mut scheme = place.scheme;
    if let Some(condition) = words.last().filter(|word| words.len() > 2 && is_condition(word)) {
        scheme = match scheme_of(condition) {
            Some(asked) if scheme.is_empty() || scheme == asked => asked,
            // HTTPS is asked for where there is none.
            Some(_) => return,
            None => return state.refuse(directive, "conditions are not evaluated, except `env=HTTPS`"),
        };
        words.pop();
    }
    let [action, name, values @ ..] = words.as_slice() else {
        return state.invalid(directive, "expected `ACTION NAME VALUE`");
    };
    let (action, name) = (action.to_ascii_lowercase(), name.trim_end_matches(':'));
    if is_response && name.eq_ignore_ascii_case("Strict-Transport-Security") {
        return hsts(state, place, directive, &action, values, scheme);
    }
    if !is_response && is_of_proxies(name) {
        return of_proxies(state, place, directive, &action, name, values);
    }
    match rule(&action, name, values) {
        Ok(rule) => {
            let (action, rest) = rule.split_once(' ').unwrap_or((&rule, ""));
            let prefix = if place.prefix.is_empty() { String::new() } else { format!("{} ", place.prefix) };
            let native = if is_response { "response-header" } else { "request-header" };
            state.draft.say_site(place.at, native, &format!("{action} {scheme}{prefix}{rest}"), &given(directive));
        }
        Err(reason) => state.refuse(directive, reason),
    }
}

fn is_condition(word: &str) -> bool {
    word.starts_with("env=") || word.starts_with("expr=") || word == "early"
}

/// The scheme that a condition asks for, with a space behind it.
fn scheme_of(condition: &str) -> Option<&'static str> {
    let plain: String = condition.chars().filter(|c| !c.is_whitespace() && *c != '"' && *c != '\'').collect();
    match plain.to_ascii_lowercase().as_str() {
        "env=https" | "expr=%{https}==on" | "expr=%{request_scheme}==https" => Some("https "),
        "env=!https" | "expr=%{https}==off" | "expr=%{https}!=on" | "expr=%{request_scheme}==http" => Some("http "),
        _ => None,
    }
}

/// A rule without its place, or why there is none.
fn rule(action: &str, name: &str, values: &[&str]) -> Result<String, &'static str> {
    let value = || -> Result<String, &'static str> {
        let text = values.first().copied().unwrap_or_default();
        if text.starts_with("expr=") {
            return Err("expressions are not evaluated");
        }
        let plain = text.replace("%%", "\u{0}");
        if plain.contains('%') {
            return Err("a value is sent as it is written: nothing is filled in");
        }
        Ok(plain.replace('\u{0}', "%"))
    };
    Ok(match action {
        "set" => format!("set {name}: {}", value()?),
        "add" => format!("add {name}: {}", value()?),
        "append" | "merge" => format!("append {name}: {}", value()?),
        "setifempty" => format!("default {name}: {}", value()?),
        "unset" => format!("remove {name}"),
        "edit" | "edit*" => {
            let is_whole = matches!(values.first(), Some(&("^(.*)$" | "(.*)" | "^(.+)$" | "(.+)" | "^(.*)" | "^(.+)")));
            let suffix = values.get(1).and_then(|to| to.strip_prefix("$1")).filter(|to| !to.contains(['$', '%', '\\']));
            match suffix.filter(|_| is_whole && !name.is_empty()) {
                Some(suffix) => format!("suffix {name}: {suffix}"),
                None => {
                    return Err("patterns are not matched, except `^(.*)$` with a replacement that begins with `$1`");
                }
            }
        }
        "echo" | "note" | "edit_r" => return Err("requests are not echoed, and have no notes"),
        _ => return Err("expected `set`, `add`, `append`, `setifempty`, `unset` or `edit`"),
    })
}

fn hsts(state: &mut Apache, place: &Place<'_>, directive: &Directive, action: &str, values: &[&str], scheme: &str) {
    if !place.is_tls || scheme == "http " {
        state.warn(directive, "the policy is sent over HTTPS only, where browsers obey it");
    } else if matches!(action, "set" | "add" | "append" | "merge" | "setifempty") {
        let value = values.first().copied().unwrap_or_default().to_owned();
        state.draft.say_site(place.at, "hsts", &value, &given(directive));
    }
}

fn is_of_proxies(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("x-forwarded-") || name == "forwarded" || name == "x-real-ip" || name == "x-scheme"
}

/// Fields about the client are the server's own, whatever is said.
fn of_proxies(state: &mut Apache, place: &Place<'_>, directive: &Directive, action: &str, name: &str, values: &[&str]) {
    let value = values.first().copied().unwrap_or_default();
    let is_conditional = directive.arguments.len() > 3;
    let is_true = match (action, name.to_ascii_lowercase().as_str()) {
        ("unset", _) => true,
        _ if !place.is_proxied => false,
        ("set" | "setifempty" | "add" | "append", "x-forwarded-proto") => {
            // What TLS is, nothing else says.
            matches!(value, "https" | "expr=%{REQUEST_SCHEME}" | "%{REQUEST_SCHEME}s")
                && (is_conditional || place.is_tls || value != "https")
        }
        ("set" | "setifempty", "x-forwarded-port" | "x-forwarded-ssl") => place.is_tls,
        _ => false,
    };
    if is_true {
        return;
    }
    // What the connection says as well, and in no other field.
    let says_https = match name.to_ascii_lowercase().as_str() {
        "x-forwarded-proto" => matches!(value, "https" | "expr=%{REQUEST_SCHEME}"),
        "x-forwarded-ssl" | "x-forwarded-https" => value.eq_ignore_ascii_case("on"),
        _ => false,
    };
    if says_https && (is_conditional || place.is_tls) && !place.is_proxied {
        state.warn(
            directive,
            "the application reads the scheme from its connection (`wsgi.url_scheme`); the field reaches it from nobody",
        );
    } else if place.is_proxied {
        state.refuse(directive, "`X-Forwarded-*` are stripped and set by the server");
    } else {
        state.refuse(
            directive,
            "who the client is comes from its connection; the application reads the scheme from there",
        );
    }
}
