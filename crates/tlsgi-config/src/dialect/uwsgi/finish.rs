//! What uWSGI's options mean together, and single ones that need more than another name.

use super::super::entry::{Given, difference, refusal};
use super::{Uwsgi, keep, listen};
use crate::diagnostic::Diagnostic;
use crate::document::Part;
use crate::origin::Origin;

/// Everything has been read.
pub(super) fn finish(state: &mut Uwsgi) {
    let has_listener = listen::listeners(state);
    sockets(state, has_listener);
    application(state);
    paths(state);
    if let Some(given) = state.kept("ssl-verify-depth") {
        let depth = if given.value().is_empty() { "1" } else { given.value() };
        state.draft.say("client-verify-depth", depth, &given);
    } else if state.draft.has("client-ca") {
        state.draft.default("client-verify-depth", "1");
    }
    if let Some(given) = state.kept("disable-logging") {
        state.draft.say("access-log", "none", &given);
    }
    for (native, text) in [("interface", "wsgi"), ("threads", "1")] {
        state.draft.default(native, text);
    }
}

fn sockets(state: &mut Uwsgi, has_listener: bool) {
    let protocol = state.kept("protocol");
    let is_http = protocol.as_ref().is_some_and(|given| given.value() == "http");
    if let Some(given) = protocol.filter(|given| !matches!(given.value(), "http" | "uwsgi")) {
        state.draft.tell(refusal(&given, "HTTP is spoken, nothing else"));
    }
    let sockets = if is_http { Vec::new() } else { state.every("socket") };
    match sockets.first() {
        Some(given) if has_listener => {
            let why = "the processes are connected without it";
            state.draft.tell(Diagnostic::without_effect(&given.name, why).at(&given.origin));
        }
        Some(given) => {
            let told = refusal(given, "nothing here listens for the uwsgi protocol");
            state.draft.tell(
                told.hint("`http-socket` listens for HTTP: a proxy in front passes requests on with `proxy_pass`")
                    .hint("`https` needs no proxy in front"),
            );
        }
        None if !has_listener => {
            let told = Diagnostic::error("there is no address to listen on");
            state.draft.tell(told.hint("`--https 0.0.0.0:8443,foobar.crt,foobar.key`, or `--http :8080`"));
        }
        None => {}
    }
    upstreams(state, &sockets);
}

/// `http-to` leads to the own processes, or to another server.
fn upstreams(state: &mut Uwsgi, sockets: &[Given]) {
    let own: Vec<&str> = sockets.iter().map(|given| given.value().trim()).collect();
    let others: Vec<Given> =
        state.every("http-to").into_iter().filter(|given| !own.contains(&given.value().trim())).collect();
    let Some(given) = others.first() else { return };
    if ["module", "wsgi-file", "mount"].iter().any(|name| state.kept(name).is_some()) {
        let told = refusal(given, "it names no socket of this instance, and an application is named as well");
        state.draft.tell(told.hint("leave out one of them"));
        return;
    }
    if let Some(second) = others.get(1) {
        state.draft.tell(refusal(second, "requests are passed on to one server; balance between several behind it"));
    }
    let address = given.value().trim();
    let address = address.strip_prefix("unix:").unwrap_or(address);
    let target = if address.contains('/') {
        format!("uwsgi+unix:{}", state.path(address, given))
    } else if let Some(port) = address.strip_prefix(':') {
        format!("uwsgi://127.0.0.1:{port}")
    } else {
        format!("uwsgi://{address}")
    };
    state.draft.say("route", &format!("/={target}"), given);
}

/// One application of several.
struct App {
    given: Given,
    /// URL prefix; empty where nothing is said.
    prefix: String,
    target: String,
}

fn application(state: &mut Uwsgi) {
    let module = state.kept("module");
    let file = state.kept("wsgi-file");
    if let (Some(_), Some(file)) = (&module, &file) {
        state.draft.tell(refusal(file, "`module` names an application already"));
    }
    let mut apps = Vec::new();
    if let Some(given) = module.or(file) {
        let is_file = given.name.trim_start_matches('-').ends_with("file");
        let target = target(state, given.value(), is_file, &given);
        apps.push(App { prefix: String::new(), target, given });
    }
    for given in state.every("mount") {
        match given.value().split_once('=') {
            Some((prefix, app)) if prefix.starts_with('/') => {
                let is_file = [".py", ".wsgi"].iter().any(|ending| app.ends_with(ending));
                let (prefix, target) = (prefix.to_owned(), target(state, app, is_file, &given));
                apps.push(App { given, prefix, target });
            }
            Some(_) => state.draft.tell(refusal(&given, "an application is mounted at a path, not at a host name")),
            None => {
                let told = Diagnostic::invalid(&given.name, given.value(), "expected `PREFIX=APP`").at(&given.origin);
                state.draft.tell(told);
            }
        }
    }
    match apps.as_slice() {
        [] if state.every("http-to").is_empty() && state.every("mount").is_empty() => guess(state),
        [] => {}
        [app] => {
            state.draft.say("app", &app.target, &app.given);
            if !app.prefix.is_empty() {
                state.draft.say("mount", &app.prefix, &app.given);
            }
        }
        apps => pools(state, apps),
    }
    if let Some(app) = apps.first().filter(|app| matches!(app.given.origin, Origin::File(_)))
        && state.kept("chdir").is_none()
    {
        // A file's words are about the current directory there, about the file's here.
        let directory = state.directory.to_string_lossy().into_owned();
        state.draft.say("chdir", &directory, &app.given);
    }
}

/// uWSGI starts without an application and answers every request with an error. Here a file of the usual name is taken.
fn guess(state: &mut Uwsgi) {
    const USUAL: [&str; 4] = ["wsgi.py", "app.py", "application.py", "main.py"];
    let hint = "`--module MODULE:NAME`, `--wsgi-file FILE`, or the file as the last word";
    let found = USUAL.iter().find(|file| state.candidates.iter().any(|name| name == *file));
    match found.filter(|_| state.kept("chdir").is_none()) {
        Some(file) => {
            let told = Diagnostic::warning(format!("no application is named: `{file}` is served, because it is there"));
            state.draft.tell(told.hint(hint));
            state.draft.default("app", file);
        }
        None => state.draft.tell(Diagnostic::error("no application is named").hint(hint)),
    }
}

/// A pool for each application. What is said of processes is said of each.
fn pools(state: &mut Uwsgi, apps: &[App]) {
    for app in apps {
        let fit = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let name: String = app.prefix.trim_matches('/').chars().map(fit).collect();
        let name = if name.is_empty() { "app".to_owned() } else { name };
        let prefix = if app.prefix.is_empty() { "/" } else { app.prefix.as_str() };
        state.draft.pools.push(Part::new(name.clone(), app.given.origin.clone()));
        let at = state.draft.pools.len() - 1;
        state.draft.say_pool(at, "app", &app.target, &app.given);
        state.draft.say("route", &format!("{prefix}=pool:{name}"), &app.given);
    }
    if apps.iter().all(|app| !app.prefix.is_empty() && app.prefix != "/") {
        // What is under no prefix is nobody's.
        if state.draft.sites.is_empty() {
            state.draft.sites.push(Part::new("default", apps[0].given.origin.clone()));
        }
        for at in 0..state.draft.sites.len() {
            state.draft.say_site(at, "pool", "none", &apps[0].given);
        }
    }
}

fn target(state: &Uwsgi, text: &str, is_file: bool, given: &Given) -> String {
    let callable = state.kept("callable").map_or_else(|| "application".to_owned(), |given| given.value().to_owned());
    if !is_file {
        return if text.contains(':') { text.to_owned() } else { format!("{text}:{callable}") };
    }
    let is_plain = !text.contains('/') && ![".py", ".wsgi"].iter().any(|ending| text.ends_with(ending));
    let path = if is_plain { format!("./{text}") } else { text.to_owned() };
    // With `chdir`, the file is looked for from there, here as there.
    let path = if state.kept("chdir").is_some() { path } else { state.path(&path, given) };
    format!("{path}:{callable}")
}

/// Paths that depend on `chdir`.
fn paths(state: &mut Uwsgi) {
    if let Some(given) = state.kept("chdir") {
        let path = state.path(given.value(), &given);
        state.draft.say("chdir", &path, &given);
    }
    if let Some(given) = state.kept("virtualenv") {
        let home = state.path(given.value().trim_end_matches('/'), &given);
        state.draft.say("python", &format!("{home}/bin/python"), &given);
    }
    for given in state.every("pythonpath") {
        if given.value().contains(['*', '?']) {
            state.draft.tell(refusal(&given, "a pattern is not expanded; name each directory"));
            continue;
        }
        let path = state.path_inside(given.value(), &given);
        state.draft.say("python-path", &path, &given);
    }
    for given in state.every("static-map") {
        match given.value().split_once('=') {
            Some((prefix, directory)) => {
                let directory = state.path_inside(directory, &given);
                state.draft.say("static", &format!("{prefix}={directory}"), &given);
            }
            None => state.draft.say("static", given.value(), &given),
        }
    }
}

pub(super) fn export_certificate(state: &mut Uwsgi, given: &Given) {
    state.draft.say("ssl-export-pem", "true", given);
    state.draft.tell(difference(given, "the client's certificate is in `SSL_CLIENT_CERT`, not in `HTTPS_CC`"));
}

pub(super) fn http_timeout(state: &mut Uwsgi, given: &Given) {
    state.draft.say("write-timeout", given.value(), given);
    state.draft.say("body-grace", given.value(), given);
    state.draft.say("upstream-timeout", given.value(), given);
}

pub(super) fn keep_alive(state: &mut Uwsgi, given: &Given) {
    if given.value().parse::<u64>().is_ok_and(|seconds| seconds > 1) {
        state.draft.say("keep-alive-timeout", given.value(), given);
    }
}

pub(super) fn environment(state: &mut Uwsgi, given: &Given) {
    state.draft.say("env", given.value(), given);
}

pub(super) fn harakiri(state: &mut Uwsgi, given: &Given) {
    or_none(state, given, "request-timeout");
}

/// 0 is none.
pub(super) fn or_none(state: &mut Uwsgi, given: &Given, native: &str) {
    let is_zero = given.value().trim().parse::<u64>().is_ok_and(|number| number == 0);
    state.draft.say(native, if is_zero { "none" } else { given.value().trim() }, given);
}

/// Megabytes.
pub(super) fn memory(state: &mut Uwsgi, given: &Given) {
    state.draft.say("max-worker-memory", &format!("{}MiB", given.value().trim()), given);
}

/// The request line is part of it there.
pub(super) fn buffer_size(state: &mut Uwsgi, given: &Given) {
    state.draft.say("max-header-size", given.value(), given);
    if given.value().trim().parse::<u64>().is_ok_and(|bytes| bytes > 8192) {
        state.draft.say("max-request-line", given.value(), given);
    }
}

pub(super) fn static_map(state: &mut Uwsgi, given: &Given) {
    if given.name.ends_with("map2") {
        let appended = given.value().split_once('=').map(|(prefix, directory)| {
            format!("{prefix}={}/{}", directory.trim_end_matches('/'), prefix.trim_start_matches('/'))
        });
        let values = appended.into_iter().collect();
        keep(state, &Given { values, ..given.clone() });
    } else {
        keep(state, given);
    }
}

pub(super) fn check_static(state: &mut Uwsgi, given: &Given) {
    if state.draft.has("document-root") {
        let told = refusal(given, "files are looked for in one directory before the application");
        state.draft.tell(told.hint("give each its prefix with `static-map`"));
        return;
    }
    let path = state.path(given.value(), given);
    state.draft.say("document-root", &path, given);
}

pub(super) fn add_header(state: &mut Uwsgi, given: &Given) {
    match header(given.value()) {
        Some(policy) => {
            let policy = policy.to_owned();
            state.draft.say("hsts", &policy, given);
            state.draft.tell(difference(given, "the policy is sent over HTTPS only, where browsers obey it"));
        }
        None => state.draft.say("response-header", &format!("add {}", given.value()), given),
    }
}

pub(super) fn error_page(state: &mut Uwsgi, given: &Given) {
    let status = given.name.rsplit('-').next().unwrap_or_default().to_owned();
    let path = state.path(given.value(), given);
    state.draft.say("error-page", &format!("{status}={path}"), given);
}

pub(super) fn auto_gzip(state: &mut Uwsgi, given: &Given) {
    state.draft.say("compress", "true", given);
    state.draft.say("compress-coding", "gzip", given);
    state.draft.tell(difference(given, "responses are compressed by their type, not by a field `uWSGI-Encoding`"));
}

/// The policy of a `Strict-Transport-Security` header.
fn header(text: &str) -> Option<&str> {
    let (name, value) = text.split_once(':')?;
    name.trim().eq_ignore_ascii_case("strict-transport-security").then(|| value.trim())
}

const OVER_HTTPS: &str = "equal:${HTTPS};on";
const ROUTES: &str = "routing rules are not followed; this may be a rule about who is let in";

pub(super) fn route_if(state: &mut Uwsgi, given: &Given) {
    let action = given.value().split_once(' ').filter(|(condition, _)| *condition == OVER_HTTPS);
    let action = action.map(|(_, action)| action.trim().to_owned()).unwrap_or_default();
    match (action.strip_prefix("addheader:"), action.strip_prefix("delheader:")) {
        (Some(field), _) => match header(field).map(str::to_owned) {
            Some(policy) => state.draft.say("hsts", &policy, given),
            None => state.draft.say("response-header", &format!("add https {}", field.trim()), given),
        },
        (None, Some(name)) => {
            state.draft.say("response-header", &format!("remove https {}", name.trim()), given);
        }
        (None, None) => state.draft.tell(refusal(given, ROUTES)),
    }
}

pub(super) fn route_if_not(state: &mut Uwsgi, given: &Given) {
    let action = given.value().split_once(' ').filter(|(condition, _)| *condition == OVER_HTTPS);
    let target = action.and_then(|(_, action)| {
        let action = action.trim();
        action.strip_prefix("redirect-permanent:").or_else(|| action.strip_prefix("redirect:"))
    });
    if target.is_some_and(|target| {
        target == "https://${HTTP_HOST}${REQUEST_URI}" || target == "https://${SERVER_NAME}${REQUEST_URI}"
    }) {
        keep(state, &Given { name: "redirect".to_owned(), ..given.clone() });
    } else {
        state.draft.tell(refusal(given, ROUTES));
    }
}

pub(super) fn log_to(state: &mut Uwsgi, given: &Given) {
    let path = state.path(given.value(), given);
    state.draft.say("access-log", &path, given);
}

pub(super) fn request_logger(state: &mut Uwsgi, given: &Given) {
    match given.value().split_once(':') {
        Some(("file", path)) => {
            let path = state.path(path, given);
            state.draft.say("access-log", &path, given);
        }
        None if matches!(given.value(), "stdio" | "stdout" | "stderr") => state.draft.say("access-log", "-", given),
        _ => state.draft.tell(refusal(given, "the access log goes to a file or to standard error")),
    }
}

pub(super) fn pid_file(state: &mut Uwsgi, given: &Given) {
    let path = state.path(given.value(), given);
    state.draft.say("pid-file", &path, given);
}

pub(super) fn auto_reload(state: &mut Uwsgi, given: &Given) {
    let is_on = given.value() != "0";
    state.draft.say("reload", if is_on { "true" } else { "false" }, given);
}

pub(super) fn touch_reload(state: &mut Uwsgi, given: &Given) {
    let path = state.path(given.value(), given);
    state.draft.say("touch-reload", &path, given);
}

pub(super) fn touch_workers(state: &mut Uwsgi, given: &Given) {
    let path = state.path(given.value(), given);
    state.draft.say("touch-workers", &path, given);
}
