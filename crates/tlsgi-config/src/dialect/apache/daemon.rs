//! `WSGIDaemonProcess`: the processes that scripts run in.

use std::cell::Cell;

use super::super::Row;
use super::super::entry::Verdict;
use super::parse::Directive;
use super::{Apache, every, given, is_on, last};
use crate::diagnostic::Diagnostic;
use crate::document::Part;

/// One process group.
#[derive(Debug)]
pub(super) struct Daemon {
    pub(super) name: String,
    pub(super) directive: Directive,
    pub(super) is_used: Cell<bool>,
}

/// All process groups, of the server and of every virtual host.
pub(super) fn daemons(state: &mut Apache, directives: &[Directive]) -> Vec<Daemon> {
    let inside = directives
        .iter()
        .filter(|directive| directive.is("VirtualHost"))
        .flat_map(|host| every(host.inside(), "WSGIDaemonProcess"));
    let found: Vec<Directive> = every(directives, "WSGIDaemonProcess").chain(inside).cloned().collect();
    let mut daemons: Vec<Daemon> = Vec::new();
    for directive in found {
        let name = directive.argument(0).to_owned();
        if name.is_empty() || name.contains('=') {
            state.invalid(&directive, "expected the name of a process group first");
            continue;
        }
        let Some(first) = daemons.iter().find(|daemon| daemon.name == name) else {
            daemons.push(Daemon { name, directive, is_used: Cell::new(false) });
            continue;
        };
        if first.directive.arguments == directive.arguments {
            let how = "it stands twice, where httpd refuses to start; one pool serves both virtual hosts, from one copy of the application";
            state.warn(&directive, how);
        } else {
            let reason = format!("the process group `{name}` stands twice, with other options");
            let told = super::entry::refusal(&given(&directive), &reason);
            state.draft.tell(told.hint("keep one: virtual hosts of the same `ServerName` share it"));
        }
    }
    daemons
}

/// Points out process groups that no script runs in.
pub(super) fn unused(state: &mut Apache, daemons: &[Daemon]) {
    for daemon in daemons.iter().filter(|daemon| !daemon.is_used.get()) {
        let told = Diagnostic::without_effect(&format!("WSGIDaemonProcess {}", daemon.name), "no script runs in it");
        state.draft.tell(told.at(&daemon.directive.origin));
    }
}

/// The pool of a script: its number. Scripts of one group have a pool each.
pub(super) fn pool(
    state: &mut Apache,
    script: &super::site::Script,
    daemon: Option<&Daemon>,
    directives: &[Directive],
) -> String {
    let base: String = daemon.map_or("app", |daemon| daemon.name.as_str()).chars().map(fit).collect();
    let base = if base.starts_with(['.', '-']) || base.is_empty() { format!("pool{base}") } else { base };
    let target = format!("{}:{}", script.file, script.callable);
    let mut name = base.clone();
    for number in 2.. {
        match state.draft.pools.iter().find(|pool| pool.name == name) {
            None => break,
            Some(pool) if pool.layer.app.as_ref().is_some_and(|app| app.value.target == target) => return name,
            Some(_) => name = format!("{base}-{number}"),
        }
    }
    if name != base {
        let how = format!(
            "the process group `{base}` runs another script already; this one has processes of its own (pool `{name}`)"
        );
        state.warn(&script.directive, &how);
    }
    state.draft.pools.push(Part::new(name.clone(), script.directive.origin.clone()));
    let at = state.draft.pools.len() - 1;
    state.draft.say_pool(at, "app", &target, &given(&script.directive));
    let home = script.file.rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned();
    let options: Vec<(String, String)> = daemon.iter().flat_map(|daemon| options(&daemon.directive)).collect();
    if !options.iter().any(|(name, _)| name == "home") {
        state.draft.say_pool(at, "chdir", if home.is_empty() { "/" } else { &home }, &given(&script.directive));
    }
    if last(directives, "WSGIScriptReloading").is_none_or(is_on) {
        state.draft.default_pool(at, "touch-workers", &script.file);
    }
    let at_daemon = daemon.map_or_else(|| script.directive.clone(), |daemon| daemon.directive.clone());
    if !options.iter().any(|(name, _)| name == "threads") {
        state.draft.say_pool(at, "threads", "15", &given(&at_daemon));
    }
    for (name, value) in options {
        option(state, at, &at_daemon, &name, &value);
    }
    name
}

fn fit(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }
}

fn options(directive: &Directive) -> Vec<(String, String)> {
    let words = directive.arguments.iter().skip(1);
    words
        .map(|word| {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            // `display-name="a b"` keeps its quotes when it is split at spaces.
            (name.to_ascii_lowercase(), value.trim_matches('"').to_owned())
        })
        .collect()
}

/// Every option of `WSGIDaemonProcess`, what it says here, and whether that needs no telling.
const KNOWN: [(&str, &str); 38] = [
    ("processes", "processes"),
    ("threads", "threads"),
    ("user", "user"),
    ("group", "group"),
    ("supplementary-groups", "supplementary-group"),
    ("umask", "umask"),
    ("home", "chdir"),
    ("python-home", "python"),
    ("python-path", "python-path"),
    ("python-eggs", "env"),
    ("lang", "env"),
    ("locale", "env"),
    ("maximum-requests", "max-requests"),
    ("request-timeout", "request-timeout"),
    ("interrupt-timeout", "response-timeout"),
    ("startup-timeout", "startup-timeout"),
    ("graceful-timeout", "graceful-timeout"),
    ("queue-timeout", "queue-timeout"),
    ("socket-timeout", "write-timeout"),
    ("memory-limit", "max-worker-memory"),
    ("display-name", ""),
    ("stack-size", "threads have the stack of the system"),
    ("shutdown-timeout", "`graceful-timeout` is for every replacement"),
    ("eviction-timeout", "`graceful-timeout` is for every replacement"),
    ("deadlock-timeout", "`request-timeout` replaces a worker that is stuck, for whatever reason"),
    ("inactivity-timeout", "idle workers stay"),
    ("restart-interval", "max-worker-age"),
    ("cpu-time-limit", "workers are replaced after requests or memory, not after CPU time"),
    ("cpu-priority", "a service manager gives priorities"),
    ("virtual-memory-limit", "memory is bounded by what is resident (`memory-limit`)"),
    ("connect-timeout", ""),
    ("listen-backlog", ""),
    ("send-buffer-size", ""),
    ("receive-buffer-size", ""),
    ("header-buffer-size", ""),
    ("response-buffer-size", ""),
    ("response-flush-delay", ""),
    ("server-metrics", ""),
];

/// Options that may not be left out silently.
const REFUSED: [(&str, &str); 4] = [
    ("chroot", "a service manager or a container gives processes a root of their own"),
    ("script-user", "give the files of the application to root, and let its processes only read them"),
    ("script-group", "give the files of the application to root, and let its processes only read them"),
    ("socket-user", "processes talk over sockets without a name"),
];

fn option(state: &mut Apache, at: usize, directive: &Directive, name: &str, value: &str) {
    let mut written = given(directive);
    written.name = format!("WSGIDaemonProcess {name}");
    if let Some((_, reason)) = REFUSED.iter().find(|(known, _)| *known == name) {
        state.draft.tell(super::entry::refusal(&written, reason));
        return;
    }
    let Some((_, native)) = KNOWN.iter().find(|(known, _)| *known == name) else {
        let names = KNOWN.iter().chain(&REFUSED).map(|(known, _)| *known);
        let told = Diagnostic::unknown("option of WSGIDaemonProcess", name, crate::nearest::nearest(name, names));
        state.draft.tell(told.at(&directive.origin));
        return;
    };
    let is_off = value == "0";
    match name {
        "python-home" => {
            let path = state.path(value.trim_end_matches('/'));
            state.draft.say_pool(at, native, &format!("{path}/bin/python"), &written);
        }
        "python-path" => {
            for part in value.split(':').filter(|part| !part.is_empty()) {
                let path = state.path(part);
                state.draft.say_pool(at, native, &path, &written);
            }
        }
        "home" => {
            let path = state.path(value);
            state.draft.say_pool(at, native, &path, &written);
        }
        "user" | "group" => state.draft.say_pool(at, native, value.trim_start_matches('#'), &written),
        "supplementary-groups" => {
            for group in value.split(',') {
                state.draft.say_pool(at, native, group, &written);
            }
        }
        "lang" | "locale" => {
            let variable = if name == "lang" { "LANG" } else { "LC_ALL" };
            state.draft.say_pool(at, native, &format!("{variable}={value}"), &written);
        }
        "python-eggs" => state.draft.say_pool(at, native, &format!("PYTHON_EGG_CACHE={value}"), &written),
        "request-timeout" => state.draft.say_pool(at, native, if is_off { "none" } else { value }, &written),
        // These are the server's, for all pools.
        "interrupt-timeout" => state.draft.say(native, if is_off { "none" } else { value }, &written),
        "queue-timeout" | "socket-timeout" | "startup-timeout" | "graceful-timeout" if is_off => {}
        "queue-timeout" | "socket-timeout" | "graceful-timeout" => state.draft.say(native, value, &written),
        "memory-limit" | "maximum-requests" | "restart-interval" if is_off => {}
        _ if native.is_empty() => {}
        _ if is_off && native.contains(' ') => {}
        _ if crate::layer::find(native).is_some() || matches!(name, "umask" | "user" | "group") => {
            state.draft.say_pool(at, native, value, &written);
        }
        _ => state.draft.tell_once(Diagnostic::without_effect(&written.name, native).at(&directive.origin)),
    }
}

/// The options as lines of the page.
pub(super) fn rows() -> Vec<Row> {
    let row = |name: &str, verdict, remark: String| Row {
        section: "Options of WSGIDaemonProcess",
        written: format!("`{name}=`"),
        verdict,
        remark,
    };
    let known = KNOWN.iter().map(|(name, native)| match *native {
        "" => {
            row(name, Verdict::Done, "it changes nothing here: processes are connected and shown without it".to_owned())
        }
        native if native.contains(' ') => row(name, Verdict::Differs, native.to_owned()),
        native => row(name, Verdict::Done, format!("`--{native}`")),
    });
    known.chain(REFUSED.iter().map(|(name, reason)| row(name, Verdict::Refused, (*reason).to_owned()))).collect()
}

/// The process group that a script's own directives, its locations and its directories name.
pub(super) fn group_of<'a>(sections: &[&'a [Directive]]) -> Option<&'a Directive> {
    sections.iter().rev().find_map(|section| last(section, "WSGIProcessGroup"))
}
