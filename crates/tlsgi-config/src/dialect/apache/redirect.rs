//! Redirects: of plain HTTP to HTTPS, and of one name to another.

use super::host::{Group, Host};
use super::parse::Directive;
use super::{Apache, every, given, is_on, last};

/// Where a host sends everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whole {
    /// Lower case; none for the name that was asked for.
    pub(super) host: Option<String>,
    pub(super) port: u16,
    pub(super) directive: Directive,
}

/// Whether a host does nothing but send everything to https, and where to.
pub(super) fn whole(host: &Host) -> Option<Whole> {
    let own = redirects(&host.own).find(|(from, ..)| from == "/").and_then(|(_, target, directive)| {
        let rest = target.strip_prefix("https://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        path.is_empty().then(|| at(authority, directive))
    });
    own.or_else(|| rewritten(&host.own))
}

/// `Redirect [STATUS] URL TARGET`.
fn redirects(directives: &[Directive]) -> impl Iterator<Item = (String, String, &Directive)> {
    let found = directives.iter().filter(|it| it.is("Redirect") || it.is("RedirectPermanent"));
    found.filter_map(|directive| match directive.arguments.as_slice() {
        [from, target] => Some((from.clone(), target.clone(), directive)),
        [status, from, target]
            if matches!(status.as_str(), "permanent" | "temp" | "301" | "302" | "303" | "307" | "308") =>
        {
            Some((from.clone(), target.clone(), directive))
        }
        _ => None,
    })
}

fn at(authority: &str, directive: &Directive) -> Whole {
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().unwrap_or(443)),
        None => (authority, 443),
    };
    let is_asked = name.starts_with("%{");
    Whole { host: (!is_asked).then(|| name.to_ascii_lowercase()), port, directive: directive.clone() }
}

/// The usual rules that send everything to https.
fn rewritten(directives: &[Directive]) -> Option<Whole> {
    last(directives, "RewriteEngine").filter(|engine| is_on(engine))?;
    let mut conditions = every(directives, "RewriteCond");
    if !conditions.all(is_about_tls) {
        return None;
    }
    let mut rules = every(directives, "RewriteRule");
    let rule = rules.next().filter(|_| rules.next().is_none())?;
    const PATTERNS: [&str; 10] =
        ["^", ".*", "^.*$", "(.*)", "^(.*)$", "^/?(.*)", "^/?(.*)$", "^/(.*)", "^/(.*)$", "^.*"];
    let rest = rule.argument(1).strip_prefix("https://").filter(|_| PATTERNS.contains(&rule.argument(0)))?;
    let flags = rule.argument(2).trim_matches(['[', ']']);
    let is_redirect = flags.split(',').any(|flag| {
        let flag = flag.trim();
        flag.eq_ignore_ascii_case("R")
            || flag.to_ascii_lowercase().starts_with("r=")
            || flag.to_ascii_lowercase().starts_with("redirect")
    });
    let whole = [("%{REQUEST_URI}", ""), ("/$1", ""), ("$1", ""), ("/%{REQUEST_URI}", "")];
    let authority = whole.iter().find_map(|(end, _)| rest.strip_suffix(end))?;
    let is_plain = !authority.is_empty() && !authority.contains('/');
    (is_redirect && is_plain).then(|| at(authority, rule))
}

/// `%{HTTPS} off`, `%{HTTPS} !=on`, `%{SERVER_PORT} 80`, and names, which are those of the host.
fn is_about_tls(condition: &Directive) -> bool {
    let test = condition.argument(0).to_ascii_uppercase();
    match test.as_str() {
        "%{HTTPS}" => matches!(condition.argument(1), "off" | "!=on" | "!on" | "=off" | "^off$"),
        "%{SERVER_PORT}" => matches!(condition.argument(1), "80" | "^80$" | "!443" | "!^443$"),
        // certbot writes these: the name that the host has anyway.
        "%{SERVER_NAME}" | "%{HTTP_HOST}" => condition.argument(1).starts_with('='),
        _ => false,
    }
}

/// Says whether the site's plain port serves or redirects. `is_served` is whether the plain host serves something itself.
pub(super) fn plain(state: &mut Apache, at: usize, group: &Group) {
    if let Some(whole) = group.https.as_ref().and_then(whole) {
        elsewhere(state, at, &whole);
    }
    let Some(http) = &group.http else { return };
    match (whole(http), &group.https) {
        (Some(whole), Some(_)) => {
            state.draft.say_site(at, "allow-http", "false", &given(&whole.directive));
            state.draft.say_site(at, "public-https-port", &whole.port.to_string(), &given(&whole.directive));
        }
        (Some(whole), None) if whole.host.as_ref().is_some_and(|host| !http.names.contains(host)) => {
            state.draft.say_site(at, "allow-http", "true", &given(&whole.directive));
            elsewhere(state, at, &whole);
        }
        (Some(whole), None) => {
            // The HTTPS host is of another name, and this one's names were given to it; or there is none at all.
            state.refuse(&whole.directive, "there is no HTTPS virtual host that it leads to");
        }
        (None, _) => state.draft.say_site(at, "allow-http", "true", &given(&http.directive)),
    }
}

/// Says the redirects of single prefixes, and refuses what is no such.
pub(super) fn others(state: &mut Apache, at: usize, group: &Group) {
    let Some(main) = group.main() else { return };
    for host in group.hosts() {
        let whole = whole(host).map(|whole| whole.directive);
        let is_main = std::ptr::eq(host, main);
        if whole.is_some() && !is_main {
            continue;
        }
        for directive in host.all.iter().filter(|it| is_redirect(it)).cloned().collect::<Vec<_>>() {
            if whole.as_ref() == Some(&directive) {
                continue;
            }
            let is_shared = is_main || main.all.iter().any(|it| it.arguments == directive.arguments);
            if !is_shared {
                let reason = "the HTTPS virtual host of this name has no such line, and one site serves both";
                state.refuse(&directive, reason);
            } else if is_main {
                one(state, at, &directive);
            }
        }
        for rule in
            every(&host.all, "RewriteRule").filter(|rule| whole.as_ref() != Some(*rule)).cloned().collect::<Vec<_>>()
        {
            state.refuse(
                &rule,
                "URLs are not rewritten, except that everything is sent to https; `Redirect` sends a prefix elsewhere",
            );
        }
        let inside = host.all.iter().flat_map(Directive::inside).filter(|it| is_redirect(it));
        for directive in inside.cloned().collect::<Vec<_>>() {
            state.refuse(&directive, "a redirect stands outside of sections, with the prefix that it is for");
        }
    }
}

fn is_redirect(directive: &Directive) -> bool {
    ["Redirect", "RedirectPermanent", "RedirectTemp", "RedirectMatch"].iter().any(|name| directive.is(name))
}

/// `Redirect [STATUS] URL TARGET` and its kin.
fn one(state: &mut Apache, at: usize, directive: &Directive) {
    let words: Vec<&str> = directive.arguments.iter().map(String::as_str).collect();
    let usual = if directive.is("RedirectPermanent") { "301" } else { "302" };
    let (status, from, to) = match words.as_slice() {
        [from, to] if from.starts_with('/') || directive.is("RedirectMatch") => (usual, *from, *to),
        [status, from, to] if directive.is("Redirect") || directive.is("RedirectMatch") => (*status, *from, *to),
        _ => ("", "", ""),
    };
    let status = match status {
        "permanent" => "301",
        "temp" => "302",
        "seeother" => "303",
        status => status,
    };
    if !["301", "302", "303", "307", "308"].contains(&status) {
        let reason = "a redirect has a URL, a target, and one of the statuses 301, 302, 303, 307 and 308";
        return state.refuse(directive, reason);
    }
    let (prefix, to) = if directive.is("RedirectMatch") {
        match pattern(from, to) {
            Some(found) => found,
            None => {
                let reason = "only `^/path$`, and `^/path/(.*)` with `$1` at the end of the target, are understood";
                return state.refuse(directive, reason);
            }
        }
    } else {
        (from.to_owned(), to.to_owned())
    };
    state.draft.say_site(at, "redirect", &format!("{prefix}={status}:{to}"), &given(directive));
}

/// A pattern that is a plain path, or everything below one.
fn pattern(from: &str, to: &str) -> Option<(String, String)> {
    let from = from.strip_prefix('^')?;
    let plain = |text: &str| {
        let text = text.replace("\\.", ".").replace("\\-", "-");
        (text.starts_with('/') && !text.contains(['*', '+', '?', '(', ')', '[', ']', '{', '|', '^', '$', '\\']))
            .then_some(text)
    };
    let below = from.strip_suffix('$').unwrap_or(from).strip_suffix("(.*)");
    if let Some(path) = below.and_then(|path| path.strip_suffix('/')) {
        let to = to.strip_suffix("$1").filter(|to| to.ends_with('/') && !to.contains('$'))?;
        return Some((if path.is_empty() { "/".to_owned() } else { plain(path)? }, to.to_owned()));
    }
    let path = plain(from.strip_suffix('$')?)?;
    let is_folder = path.len() > 1 && path.ends_with('/');
    (!to.contains('$') && !is_folder).then(|| (format!("exact:{path}"), to.to_owned()))
}

/// Says that a host sends everything to another name, which no host here has.
fn elsewhere(state: &mut Apache, at: usize, whole: &Whole) {
    let Some(host) = &whole.host else { return };
    let port = if whole.port == 443 { String::new() } else { format!(":{}", whole.port) };
    let is_permanent = whole.directive.is("RedirectPermanent")
        || whole.directive.arguments.iter().any(|word| word.contains("301") || word.eq_ignore_ascii_case("permanent"));
    let status = if is_permanent { 301 } else { 302 };
    state.draft.say_site(at, "redirect", &format!("/={status}:https://{host}{port}/"), &given(&whole.directive));
}

/// A host that sends everything to another name becomes one more name of that site.
pub(super) fn canonical(state: &mut Apache, groups: &mut Vec<Group>) {
    let mut at = 0;
    while at < groups.len() {
        let target = groups[at].main().and_then(whole).and_then(|whole| Some((whole.host.clone()?, whole)));
        let own = groups[at].main().map(|main| main.names.clone()).unwrap_or_default();
        let Some((name, whole)) = target.filter(|(name, _)| !own.contains(name)) else {
            at += 1;
            continue;
        };
        let other =
            groups.iter().position(|group| group.https.as_ref().is_some_and(|https| https.names.contains(&name)));
        match other {
            Some(other) => {
                if let Some(https) = &mut groups[other].https {
                    https
                        .names
                        .extend(own.iter().filter(|own| !https.names.contains(own)).cloned().collect::<Vec<_>>());
                }
                if groups[other].http.is_none() {
                    // The plain port of that name redirects as this one does.
                    groups[other].http = groups[at].http.take();
                }
                if crate::layer::find("canonical-name").is_none() {
                    state.warn(
                        &whole.directive,
                        &format!("it leads to https of the name that was asked for, which `{name}` serves as well"),
                    );
                } else if let Some(https) = &mut groups[other].https {
                    let directive =
                        Directive { name: "CanonicalName".to_owned(), arguments: vec![name], ..whole.directive };
                    https.all.push(directive);
                }
                groups.remove(at);
            }
            // It leads away from here.
            None => at += 1,
        }
    }
}
