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
    let Some(http) = &group.http else { return };
    match (whole(http), &group.https) {
        (Some(whole), Some(_)) => {
            state.draft.say_site(at, "allow-http", "false", &given(&whole.directive));
            state.draft.say_site(at, "public-https-port", &whole.port.to_string(), &given(&whole.directive));
        }
        (Some(whole), None) => {
            // The HTTPS host is of another name, and this one's names were given to it; or there is none at all.
            state.refuse(&whole.directive, "there is no HTTPS virtual host that it leads to");
        }
        (None, _) => state.draft.say_site(at, "allow-http", "true", &given(&http.directive)),
    }
}

/// Refuses what is no redirect of everything.
pub(super) fn others(state: &mut Apache, group: &Group) {
    for host in group.hosts() {
        let whole = whole(host).map(|whole| whole.directive);
        let is_rule = |it: &&Directive| it.is("Redirect") || it.is("RedirectPermanent") || it.is("RewriteRule");
        let found: Vec<Directive> = host.all.iter().filter(is_rule).cloned().collect();
        for directive in found {
            if whole.as_ref() != Some(&directive) {
                state.refuse(
                    &directive,
                    "redirects and rules belong to the application, except that of everything to https",
                );
            }
        }
    }
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
            None => {
                state.refuse(&whole.directive, "it leads to a name that no HTTPS virtual host has");
                at += 1;
            }
        }
    }
}
