//! The virtual hosts of one name as a site: names, certificates, scripts, files and rules.

use super::access::{self, Needs, Rule};
use super::daemon::{self, Daemon};
use super::host::{Group, Host};
use super::parse::Directive;
use super::{
    Apache, auth, compress, document, every, given, headers, is_below, last, pages, proxy, redirect, tls, variable,
};
use crate::document::Part;
use crate::origin::Origin;

/// A script and where it is mounted.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) url: String,
    /// Absolute.
    pub(super) file: String,
    pub(super) callable: String,
    /// The directive that names its process group.
    group: Option<(String, Directive)>,
    pub(super) directive: Directive,
}

/// Says a site.
pub(super) fn site(state: &mut Apache, group: &Group, daemons: &[Daemon]) {
    let Some(main) = group.main() else { return };
    let name = main.names.first().cloned().unwrap_or_default();
    let origin = main.directive.origin.clone();
    let is_taken = state.draft.sites.iter().any(|site| site.name == name);
    state.draft.sites.push(Part::new(if is_taken { String::new() } else { name }, origin));
    let at = state.draft.sites.len() - 1;
    names(state, at, main);
    if let Some(https) = &group.https {
        tls::certificates(state, at, https);
        tls::policy(state, at, https);
    }
    redirect::plain(state, at, group);
    redirect::others(state, at, group);
    headers::headers(state, at, group);
    compress::compression(state, at, group);
    pages::pages(state, at, group);
    let mut needs = scripts(state, at, group, main, daemons);
    let has_root = proxy::routes(state, at, main) || state_has_root(state, at) || redirect::whole(main).is_some();
    files(state, at, main, &mut needs);
    single_files(state, main);
    plain_only(state, group);
    document::root(state, at, main, has_root, &mut needs);
    document::index(state, at, main);
    let has_files = state.draft.sites[at].layer.document_root.is_some();
    let leads_away = !state.draft.sites[at].layer.redirect.is_empty();
    if state.draft.sites[at].layer.route.is_empty() && !has_files && !leads_away {
        let directive = main.directive.clone();
        state.refuse(&directive, "it has neither `WSGIScriptAlias` nor `ProxyPass` nor `DocumentRoot`");
    } else if !has_root || state.draft.sites[at].layer.route.is_empty() {
        state.draft.say_site(at, "pool", "none", &given(&main.directive));
    }
    variable::variables(state, at, group, main);
    clients(state, at, group, main, needs);
}

fn state_has_root(state: &Apache, at: usize) -> bool {
    state.draft.sites[at].layer.route.iter().any(|route| route.value.prefix.is_empty())
}

fn names(state: &mut Apache, at: usize, main: &Host) {
    let own: Vec<&Directive> = every(&main.own, "ServerName").chain(every(&main.own, "ServerAlias")).collect();
    for name in &main.names {
        // Names may have come from a host that redirects here.
        let said = own.iter().find(|it| it.arguments.iter().any(|text| text.to_ascii_lowercase().contains(name)));
        let directive = said.map_or_else(|| main.directive.clone(), |directive| (*directive).clone());
        state.draft.say_site(at, "server-name", name, &given(&directive));
    }
    if let Some(directive) = last(&main.all, "CanonicalName") {
        let (name, directive) = (directive.argument(0).to_owned(), directive.clone());
        state.draft.say_site(at, "canonical-name", &name, &given(&directive));
    }
}

/// The scripts of a host, in the order written.
fn found(state: &Apache, host: &Host) -> Vec<Script> {
    let callable = last(&host.all, "WSGICallableObject").map_or("application", |directive| directive.argument(0));
    let mut scripts = Vec::new();
    for directive in every(&host.all, "WSGIScriptAlias") {
        let url = match directive.argument(0).trim_end_matches('/') {
            "" => "/".to_owned(),
            url => url.to_owned(),
        };
        let file = state.path(directive.argument(1));
        let mut sections: Vec<&[Directive]> = vec![&host.all];
        let directories =
            every(&host.all, "Directory").filter(|section| is_below(&file, &state.path(section.argument(0))));
        sections.extend(directories.map(Directive::inside));
        let locations = every(&host.all, "Location").filter(|section| is_below(&url, section.argument(0)));
        sections.extend(locations.map(Directive::inside));
        let own = directive.arguments.iter().skip(2).find_map(|word| word.strip_prefix("process-group="));
        let group = match own {
            Some(name) => Some((name.to_owned(), directive.clone())),
            None => daemon::group_of(&sections).map(|group| (group.argument(0).to_owned(), group.clone())),
        };
        let callable = own_callable(directive).unwrap_or(callable).to_owned();
        scripts.push(Script { url, file, callable, group, directive: directive.clone() });
    }
    scripts
}

fn own_callable(directive: &Directive) -> Option<&str> {
    directive.arguments.iter().skip(2).find_map(|word| word.strip_prefix("callable-object="))
}

fn scripts(state: &mut Apache, at: usize, group: &Group, main: &Host, daemons: &[Daemon]) -> Needs {
    let own = found(state, main);
    if let (Some(_), Some(http)) = (&group.https, &group.http) {
        compare(state, &own, main, http, daemons);
    }
    let mut needs = Needs::default();
    for script in &own {
        if script.directive.argument(1).is_empty() || script.directive.argument(1).ends_with('/') {
            state.refuse(&script.directive, "a route leads to one script, not to a directory of scripts");
            continue;
        }
        let daemon = match &script.group {
            Some((name, _)) if name == "%{GLOBAL}" => None,
            Some((name, directive)) => match daemons.iter().find(|daemon| daemon.name == *name) {
                Some(daemon) => Some(daemon),
                None => {
                    let reason = format!("there is no `WSGIDaemonProcess {}`", name.escape_debug());
                    state.refuse(directive, &reason);
                    continue;
                }
            },
            None => None,
        };
        match daemon {
            Some(daemon) => daemon.is_used.set(true),
            None => state.warn(
                &script.directive,
                "embedded mode is one process with 15 threads here: `WSGIDaemonProcess` says its size",
            ),
        }
        let pool = daemon::pool(state, script, daemon, &main.all);
        state.draft.say_site(at, "route", &format!("{}=pool:{pool}", script.url), &given(&script.directive));
        let of_script = access::check(state, main, &script.url, &script.file);
        needs.has_tls |= of_script.has_tls;
        if of_script.has_certificate {
            state.draft.say_site(at, "client-cert-path", &script.url, &given(&script.directive));
        }
        if let Some(directive) = &of_script.user {
            auth::protect(state, at, main, &script.url, directive);
        }
    }
    needs
}

/// Both ports of a name serve the same, from one pool.
fn compare(state: &mut Apache, own: &[Script], main: &Host, http: &Host, daemons: &[Daemon]) {
    for other in found(state, http) {
        let Some(same) = own.iter().find(|script| script.url == other.url) else {
            state.refuse(
                &other.directive,
                "the HTTPS virtual host of this name has no such script, and one site serves both",
            );
            continue;
        };
        if same.file != other.file {
            state.refuse(
                &other.directive,
                "the HTTPS virtual host of this name has another script there, and one site serves both",
            );
            continue;
        }
        let of_plain = access::check(state, http, &other.url, &other.file);
        if let Some(directive) = of_plain.user.filter(|directive| !auth::has(main, directive)) {
            state.refuse(
                &directive,
                "the HTTPS virtual host of this name does not ask for users, and one site serves both",
            );
        }
        let names = |script: &Script| script.group.as_ref().map(|(name, _)| name.clone());
        if names(same) != names(&other)
            && let Some(daemon) = daemons.iter().find(|daemon| Some(&daemon.name) == names(&other).as_ref())
        {
            daemon.is_used.set(true);
            let used = names(same).unwrap_or_else(|| "app".to_owned());
            let how = format!(
                "with a process group for each port, Apache runs two copies of the application; here both ports are served by `{used}`"
            );
            state.warn(&daemon.directive, &how);
        }
    }
}

/// What stands for the plain port alone: it must be what stands for both.
fn plain_only(state: &mut Apache, group: &Group) {
    let (Some(https), Some(http)) = (&group.https, &group.http) else { return };
    if redirect::whole(http).is_some() {
        return;
    }
    for name in ["Alias", "ProxyPass"] {
        for directive in every(&http.own, name).cloned().collect::<Vec<_>>() {
            if !every(&https.all, name).any(|other| other.arguments == directive.arguments) {
                state.refuse(
                    &directive,
                    "the HTTPS virtual host of this name has no such line, and one site serves both",
                );
            }
        }
    }
    for location in every(&http.own, "Location").cloned().collect::<Vec<_>>() {
        match access::rule(location.inside()) {
            None | Some((Rule::Allowed, _)) => {}
            Some((_, directive))
                if every(&https.all, "Location").any(|other| {
                    other.inside().iter().any(|it| it.arguments == directive.arguments && it.is(&directive.name))
                        && other.arguments == location.arguments
                }) => {}
            Some((_, directive)) => {
                state.refuse(
                    &directive,
                    "the HTTPS virtual host of this name has no such rule, and one site serves both",
                );
            }
        }
    }
}

/// Rules for single files of directories that are served.
fn single_files(state: &mut Apache, main: &Host) {
    if last(&main.all, "Alias").is_none() {
        return;
    }
    let served = access::served(state, main);
    let inside = every(&main.all, "Directory")
        .filter(|section| access::is_relevant(state, section, &served))
        .flat_map(Directive::inside);
    let found = main.all.iter().chain(inside).filter(|it| it.is("Files") || it.is("FilesMatch"));
    for section in found.cloned().collect::<Vec<_>>() {
        let is_of_dots = section.argument(0).starts_with("^\\.") || section.argument(0).starts_with('.');
        if !is_of_dots && access::rule(section.inside()).is_some_and(|(rule, _)| rule != Rule::Allowed) {
            state.refuse(&section, "every file of a directory is served, except dot files");
        }
    }
}

/// `Alias`: directories of files.
fn files(state: &mut Apache, at: usize, main: &Host, needs: &mut Needs) {
    for alias in every(&main.all, "Alias").cloned().collect::<Vec<_>>() {
        // Apache's own icons for listings.
        if alias.argument(0).starts_with("/icons") {
            continue;
        }
        let path = state.path(alias.argument(1));
        let of_files = access::check(state, main, alias.argument(0), &path);
        needs.has_tls |= of_files.has_tls;
        if of_files.has_certificate {
            state.draft.say_site(at, "client-cert-path", alias.argument(0), &given(&alias));
        }
        match &of_files.user {
            Some(directive) => auth::protect(state, at, main, alias.argument(0), directive),
            None => auth::open(state, at, alias.argument(0), &alias),
        }
        let text = format!("{}={path}", alias.argument(0));
        state.draft.say_site(at, "static", &text, &given(&alias));
    }
    for section in every(&main.all, "Directory").cloned().collect::<Vec<_>>() {
        let is_served = access::is_relevant(state, &section, &access::served(state, main));
        let overrides =
            last(section.inside(), "AllowOverride").filter(|it| !it.argument(0).eq_ignore_ascii_case("none"));
        if let Some(directive) = overrides.filter(|_| is_served) {
            state.refuse(directive, "there are no .htaccess files, and one may have rules about who is let in");
        }
    }
}

/// Client certificates, and whoever insists on TLS.
fn clients(state: &mut Apache, at: usize, group: &Group, main: &Host, mut needs: Needs) {
    let mut is_asked = !state.draft.sites[at].layer.client_cert_path.is_empty();
    if let Some(directive) = last(&main.all, "SSLVerifyClient") {
        let mode = match directive.argument(0).to_ascii_lowercase().as_str() {
            "none" => None,
            "optional" => Some("request"),
            "require" => Some("require"),
            _ => {
                state.refuse(
                    directive,
                    "a certificate is required, or asked for; one that does not hold is never taken",
                );
                None
            }
        };
        if let Some(mode) = mode {
            is_asked = true;
            state.draft.say_site(at, "client-cert", mode, &given(directive));
        }
    }
    for location in every(&main.all, "Location").cloned().collect::<Vec<_>>() {
        is_asked |= location_rules(state, at, main, &location, &mut needs);
    }
    auth::exceptions(state, at, main);
    let patterns = main.all.iter().filter(|it| {
        let is_pattern = ["LocationMatch", "DirectoryMatch", "ProxyMatch"].iter().any(|name| it.is(name));
        is_pattern || it.is("FilesMatch") && !it.argument(0).starts_with("^\\.")
    });
    for pattern in patterns.cloned().collect::<Vec<_>>() {
        if access::rule(pattern.inside()).is_some_and(|(rule, _)| rule != Rule::Allowed) || access::verifies(&pattern) {
            state.refuse(&pattern, "rules are for a prefix: `<Location>` or `<Directory>`");
        }
    }
    needs.has_tls |= last(&main.all, "SSLRequireSSL").is_some();
    if let Some(plain) = group.http.as_ref().filter(|http| needs.has_tls && redirect::whole(http).is_none()) {
        let directive = plain.directive.clone();
        state.refuse(
            &directive,
            "something in it asks for TLS (`SSLRequireSSL`, `Require ssl`); let plain HTTP redirect",
        );
    }
    certificates(state, at, main, is_asked);
    variables(state, at, main);
}

/// What a `<Location>` asks for; whether it asks for a certificate.
fn location_rules(state: &mut Apache, at: usize, main: &Host, location: &Directive, needs: &mut Needs) -> bool {
    if access::is_own_handler(location) {
        state.warn(location, "there is no such page; the path is the application's");
        return false;
    }
    let mut of_location = Needs::default();
    if let Some((rule, directive)) = access::rule(location.inside()) {
        access::obey(state, rule, &directive, &mut of_location);
    }
    needs.has_tls |= of_location.has_tls;
    if let Some(directive) = &of_location.user {
        auth::protect_location(state, at, main, location, directive);
    }
    let verify = last(location.inside(), "SSLVerifyClient");
    let mode = verify.map_or("", |directive| directive.argument(0)).to_ascii_lowercase();
    match (mode.as_str(), verify) {
        ("" | "require", _) | (_, None) => {}
        (_, Some(directive)) => state
            .refuse(directive, "in a `<Location>`, a certificate is required; `optional` and `none` are for the site"),
    }
    if (mode == "require" || of_location.has_certificate) && location.argument(0).contains(['*', '?', '[']) {
        state.refuse(location, "a client certificate is asked for under a prefix, not a pattern");
        return false;
    }
    if mode == "require" || of_location.has_certificate {
        state.draft.say_site(at, "client-cert-path", location.argument(0), &given(location));
        return true;
    }
    false
}

fn certificates(state: &mut Apache, at: usize, main: &Host, is_asked: bool) {
    let authority = last(&main.all, "SSLCACertificateFile").cloned();
    match (&authority, is_asked) {
        (Some(directive), true) => {
            let path = state.path(directive.argument(0));
            state.draft.say_site(at, "client-ca", &path, &given(directive));
        }
        (None, true) => {
            let directive = last(&main.all, "SSLVerifyClient").unwrap_or(&main.directive).clone();
            state.refuse(&directive, "`SSLCACertificateFile` says whose client certificates are accepted");
        }
        (Some(directive), false) => {
            let told =
                crate::Diagnostic::without_effect("SSLCACertificateFile", "`SSLVerifyClient` asks for no certificate");
            state.draft.tell(told.at(&directive.origin));
        }
        (None, false) => return,
    }
    if !is_asked {
        return;
    }
    let inside = every(&main.all, "Location").chain(every(&main.all, "Directory"));
    let depth = last(&main.all, "SSLVerifyDepth")
        .or_else(|| inside.filter_map(|section| last(section.inside(), "SSLVerifyDepth")).last());
    match depth {
        Some(directive) => {
            let directive = directive.clone();
            state.draft.say_site(at, "client-verify-depth", directive.argument(0), &given(&directive));
        }
        None => {
            let mut default = given(&main.directive);
            default.origin = Origin::Default;
            state.draft.say_site(at, "client-verify-depth", "1", &default);
        }
    }
    let check = last(&main.all, "SSLCARevocationCheck").filter(|check| !check.argument(0).eq_ignore_ascii_case("none"));
    if let Some(list) = last(&main.all, "SSLCARevocationFile").cloned() {
        match check {
            Some(_) => {
                let path = state.path(list.argument(0));
                state.draft.say_site(at, "client-crl", &path, &given(&list));
            }
            None => state.warn(&list, "without `SSLCARevocationCheck` nothing is looked up in the list, as there"),
        }
    } else if let Some(check) = check.cloned() {
        state.refuse(&check, "`SSLCARevocationFile` names no list");
    }
}

/// `SSLOptions`.
fn variables(state: &mut Apache, at: usize, main: &Host) {
    let inside = every(&main.all, "Directory").chain(every(&main.all, "Location")).chain(every(&main.all, "Files"));
    let inside = inside.flat_map(Directive::inside).filter(|directive| directive.is("SSLOptions"));
    let found: Vec<Directive> = every(&main.all, "SSLOptions").chain(inside).cloned().collect();
    for directive in found {
        for word in &directive.arguments {
            if word.starts_with('-') {
                continue;
            }
            let native = match word.trim_start_matches('+').to_ascii_lowercase().as_str() {
                "stdenvvars" => "ssl-environment",
                "exportcertdata" => "ssl-export-pem",
                "strictrequire" | "optrenegotiate" | "legacydnstringformat" => continue,
                _ => {
                    state.refuse(&directive, "certificates make no users (`FakeBasicAuth`)");
                    continue;
                }
            };
            state.draft.say_site(at, native, "true", &given(&directive));
        }
    }
}
