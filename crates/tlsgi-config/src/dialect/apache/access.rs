//! Who is let in: the access rules of directories, files and locations, obeyed or refused.

use super::host::Host;
use super::parse::Directive;
use super::{Apache, every, is_below, last};
use crate::glob::matches;

/// What a section says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Everybody.
    Allowed,
    /// Nobody.
    Denied,
    /// Only over TLS.
    Tls,
    /// Only with a client certificate.
    Certificate,
    /// Only users with their passwords.
    User,
    /// It depends on something that is not looked at here.
    Other,
}

/// What a served path asks for besides being allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) has_tls: bool,
    pub(super) has_certificate: bool,
    /// What asks for users.
    pub(super) user: Option<Directive>,
}

/// Handlers of Apache that answer by themselves: their locations are not the application's.
const HANDLERS: [&str; 4] = ["server-status", "server-info", "balancer-manager", "ldap-status"];

/// The paths that a host serves from: scripts, and directories of files.
pub(super) fn served(state: &Apache, host: &Host) -> Vec<String> {
    let own = every(&host.all, "WSGIScriptAlias").chain(every(&host.all, "Alias"));
    let root = last(&host.all, "DocumentRoot").filter(|_| !has_root_script(host));
    own.map(|directive| state.path(directive.argument(1)))
        .chain(root.map(|directive| state.path(directive.argument(0))))
        .collect()
}

/// Whether everything at the root is the application's, or another server's: files at the root are not looked at then.
pub(super) fn has_root_script(host: &Host) -> bool {
    let mut routes = every(&host.all, "WSGIScriptAlias").chain(every(&host.all, "ProxyPass"));
    routes.any(|directive| directive.argument(0).trim_end_matches('/').is_empty())
}

/// Whether a section is about anything that is served.
pub(super) fn is_relevant(state: &Apache, section: &Directive, served: &[String]) -> bool {
    let pattern = section.argument(0);
    match section.name.to_ascii_lowercase().as_str() {
        "directory" => {
            let pattern = directory(state, section);
            served.iter().any(|path| covers(&pattern, path) || is_below(&pattern, path))
        }
        "location" => !is_own_handler(section),
        "files" => served.iter().any(|path| matches(pattern, file_name(path))),
        // Dot files are never served.
        "filesmatch" => !pattern.starts_with("^\\."),
        _ => true,
    }
}

/// A location with one of Apache's own handlers.
pub(super) fn is_own_handler(section: &Directive) -> bool {
    last(section.inside(), "SetHandler").is_some_and(|handler| HANDLERS.contains(&handler.argument(0)))
}

fn directory(state: &Apache, section: &Directive) -> String {
    state.path(section.argument(0))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a directory, which may have patterns in its parts, has the path in it.
fn covers(pattern: &str, path: &str) -> bool {
    let wanted = pattern.split('/').filter(|part| !part.is_empty());
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    wanted.into_iter().all(|wanted| parts.next().is_some_and(|part| matches(wanted, part)))
}

/// What a section's own directives say together; the directive that decides.
pub(super) fn rule(directives: &[Directive]) -> Option<(Rule, Directive)> {
    let mut found: Option<(Rule, Directive)> = None;
    for directive in directives {
        let next = match directive.name.to_ascii_lowercase().as_str() {
            "require" => Some((required(directive), directive.clone())),
            "requireany" => rule(directive.inside()),
            "requireall" => all_of(directive.inside()),
            "requirenone" => Some((Rule::Other, directive.clone())),
            "sslrequiressl" => Some((Rule::Tls, directive.clone())),
            "satisfy" if directive.argument(0).eq_ignore_ascii_case("any") => Some((Rule::Other, directive.clone())),
            _ => None,
        };
        // One of several is enough.
        let is_stronger = !matches!(found, Some((Rule::Allowed, _)));
        if let Some(next) = next.filter(|(rule, _)| is_stronger || *rule == Rule::Tls) {
            found = Some(next);
        }
    }
    combined(found, ordered(directives))
}

/// Rules of both generations hold together.
fn combined(one: Option<(Rule, Directive)>, other: Option<(Rule, Directive)>) -> Option<(Rule, Directive)> {
    match (one, other) {
        (Some((Rule::Allowed, _)), Some(other)) => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    }
}

fn all_of(directives: &[Directive]) -> Option<(Rule, Directive)> {
    let rules: Vec<_> = directives.iter().filter_map(|directive| rule(std::slice::from_ref(directive))).collect();
    let has = |wanted| rules.iter().any(|(rule, _)| *rule == wanted);
    if has(Rule::User) && has(Rule::Certificate) {
        return rules.into_iter().next().map(|(_, directive)| (Rule::Other, directive));
    }
    // The strictest decides; of what is obeyed, two together are too much.
    rules.into_iter().max_by_key(|(rule, _)| match rule {
        Rule::Allowed => 0,
        Rule::Tls => 1,
        Rule::Certificate => 2,
        Rule::User => 3,
        Rule::Other => 4,
        Rule::Denied => 5,
    })
}

fn required(directive: &Directive) -> Rule {
    let words: Vec<String> = directive.arguments.iter().map(|word| word.to_ascii_lowercase()).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["all", "granted"] => Rule::Allowed,
        ["all", "denied"] => Rule::Denied,
        ["ssl"] => Rule::Tls,
        ["ssl-verify-client"] => Rule::Certificate,
        ["valid-user"] | ["user", _, ..] => Rule::User,
        _ => Rule::Other,
    }
}

/// `Order`, `Allow` and `Deny`.
fn ordered(directives: &[Directive]) -> Option<(Rule, Directive)> {
    let mut deciding = None;
    let (mut allows, mut denies, mut is_other) = (false, false, false);
    let mut denies_first = true;
    for directive in directives {
        match directive.name.to_ascii_lowercase().as_str() {
            "order" => denies_first = directive.arguments.concat().to_ascii_lowercase().starts_with("deny"),
            "allow" | "deny" => {
                let is_all = directive.argument(0).eq_ignore_ascii_case("from")
                    && directive.argument(1).eq_ignore_ascii_case("all");
                is_other |= !is_all;
                if directive.is("Allow") {
                    allows |= is_all;
                } else {
                    denies |= is_all;
                }
            }
            _ => continue,
        }
        deciding = Some(directive.clone());
    }
    let directive = deciding?;
    let is_allowed = if denies_first { allows || !denies } else { allows && !denies };
    let rule = match (is_other, is_allowed) {
        (true, _) => Rule::Other,
        (false, true) => Rule::Allowed,
        (false, false) => Rule::Denied,
    };
    Some((rule, directive))
}

/// Decides about a path that is served at a URL, and tells where nobody or not everybody is let in.
pub(super) fn check(state: &mut Apache, host: &Host, url: &str, path: &str) -> Needs {
    let mut covering: Vec<(usize, &Directive)> = every(&host.all, "Directory")
        .map(|section| (directory(state, section), section))
        .filter(|(pattern, _)| covers(pattern, path))
        .map(|(pattern, section)| (pattern.split('/').filter(|part| !part.is_empty()).count(), section))
        .collect();
    covering.sort_by_key(|(depth, _)| *depth);
    let mut decided = None;
    let mut needs = Needs::default();
    for (_, section) in covering {
        let files = every(section.inside(), "Files").filter(|files| matches(files.argument(0), file_name(path)));
        for inside in std::iter::once(section).chain(files) {
            decided = rule(inside.inside()).or(decided);
            needs.has_certificate |= verifies(inside);
            needs.has_tls |= last(inside.inside(), "SSLRequireSSL").is_some();
        }
    }
    for files in every(&host.all, "Files").filter(|files| matches(files.argument(0), file_name(path))) {
        decided = rule(files.inside()).or(decided);
    }
    for location in every(&host.all, "Location").filter(|location| is_below(url, location.argument(0))) {
        // What else a location says is said of the site.
        if let Some((Rule::Allowed, directive)) = rule(location.inside()) {
            decided = Some((Rule::Allowed, directive));
        }
    }
    if let Some((rule, directive)) = decided {
        obey(state, rule, &directive, &mut needs);
    }
    for below in every(&host.all, "Directory") {
        let pattern = directory(state, below);
        if pattern != path && is_below(&pattern, path) {
            match rule(below.inside()) {
                None | Some((Rule::Allowed, _)) => {}
                Some((rule, directive)) => obey(state, rule, &directive, &mut needs),
            }
        }
    }
    needs
}

/// Obeys a rule, or refuses it.
pub(super) fn obey(state: &mut Apache, rule: Rule, directive: &Directive, needs: &mut Needs) {
    match rule {
        Rule::Allowed => {}
        Rule::Tls => needs.has_tls = true,
        Rule::Certificate => needs.has_certificate = true,
        Rule::User => needs.user = Some(directive.clone()),
        Rule::Denied => state.refuse(directive, "nobody is let in to what is served from there"),
        Rule::Other => {
            let reason = "who is let in is decided by client certificates, by files of users and by the application, not by addresses or expressions";
            state.refuse(directive, reason);
        }
    }
}

/// `SSLVerifyClient require` inside of a section.
pub(super) fn verifies(section: &Directive) -> bool {
    last(section.inside(), "SSLVerifyClient")
        .is_some_and(|directive| directive.argument(0).eq_ignore_ascii_case("require"))
}
