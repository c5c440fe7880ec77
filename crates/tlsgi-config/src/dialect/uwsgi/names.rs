//! The options of uWSGI that are no concern of a Python application's server: known, so that they are refused and not taken for placeholders.

use super::super::Row;
use super::super::entry::Verdict;
use super::options::TABLE;

/// Every option of uWSGI and its plugins, one a line, sorted; with an equals sign where a value follows.
static NAMES: &str = include_str!("names.txt");

/// The beginning of names, and what is said of all of them.
const FAMILIES: [(&str, &str); 48] = [
    ("emperor", EMPEROR),
    ("vassal", EMPEROR),
    ("imperial", EMPEROR),
    ("zerg", "a replaced front or worker takes over the sockets (signals HUP and USR2)"),
    ("legion", "clusters are the business of an orchestrator"),
    ("spooler", JOBS),
    ("mule", JOBS),
    ("farm", JOBS),
    ("cron", "timed jobs belong to systemd timers or cron"),
    ("unique-cron", "timed jobs belong to systemd timers or cron"),
    ("timer", "timed jobs belong to systemd timers or cron"),
    ("cache", "a cache shared by processes is a server of its own, such as Redis or memcached"),
    ("queue", JOBS),
    ("sharedarea", "memory shared by processes belongs to the application"),
    ("attach-daemon", DAEMON),
    ("smart-attach-daemon", DAEMON),
    ("legion-attach-daemon", DAEMON),
    ("route", ROUTES),
    ("final-route", ROUTES),
    ("error-route", ROUTES),
    ("response-route", ROUTES),
    ("collect-header", ROUTES),
    ("pull-header", ROUTES),
    ("fastrouter", ROUTER),
    ("rawrouter", ROUTER),
    ("sslrouter", ROUTER),
    ("forkptyrouter", ROUTER),
    ("http-subscription", ROUTER),
    ("subscri", ROUTER),
    ("hook", HOOK),
    (
        "touch",
        "a touched file reloads the server (`touch-reload`) or replaces its workers (`touch-chain-reload`); USR1 opens log files anew",
    ),
    ("brutal-reload", "workers are replaced one after the other, without an end to running requests"),
    ("fs-brutal-reload", "`fs-reload` reloads without an end to running requests"),
    ("exec", HOOK),
    ("call", HOOK),
    ("wait-for", HOOK),
    ("alarm", "watching logs is the business of a log collector"),
    ("log", "logs are the server's own on standard error, and the access log"),
    ("php", LANGUAGE),
    ("cgi", LANGUAGE),
    ("ruby", LANGUAGE),
    ("perl", LANGUAGE),
    ("psgi", LANGUAGE),
    ("lua", LANGUAGE),
    ("jvm", LANGUAGE),
    ("pypy", LANGUAGE),
    ("fastcgi-socket", "HTTP is spoken, nothing else"),
    ("scgi-socket", "HTTP is spoken, nothing else"),
];

const EMPEROR: &str = "one systemd service for each application replaces the Emperor";
const JOBS: &str = "background work belongs to a job queue in processes of its own";
const DAEMON: &str = "side processes belong to systemd or a container of their own";
const ROUTES: &str = "routing rules are not followed; this may be a rule about who is let in";
const ROUTER: &str = "there is no router process to other instances";
const HOOK: &str = "nothing is run beside the application: `ExecStartPre=`, `ExecStartPost=` and `ExecStopPost=` of a systemd unit do, and code of a worker belongs to the application";
const LANGUAGE: &str = "Python applications are served, no others";
const OTHER: &str = "it has no counterpart here";

/// Why an option of uWSGI is refused; nothing where it is none, or has a line in the table.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    let is_in_table = || {
        let names = TABLE.iter().flat_map(|section| section.entries).flat_map(|entry| entry.names);
        names.into_iter().any(|known| known.trim_start_matches('-') == name)
    };
    if !is_name(name) || is_in_table() {
        return None;
    }
    let family = FAMILIES.iter().filter(|(begin, _)| name.starts_with(begin)).max_by_key(|(begin, _)| begin.len());
    Some(family.map_or(OTHER, |(_, reason)| reason))
}

/// Whether uWSGI has an option of this name.
pub(super) fn is_name(name: &str) -> bool {
    NAMES.lines().any(|known| known.trim_end_matches('=') == name)
}

/// Whether a value follows an option on the command line.
pub(super) fn has_value(name: &str) -> bool {
    NAMES.lines().any(|known| known.strip_suffix('=') == Some(name))
}

/// The families as lines of the page.
pub(super) fn rows() -> Vec<Row> {
    const SECTION: &str = "Everything else of uWSGI, by the beginning of the name";
    let row = |written: String, reason: &str| Row {
        section: SECTION,
        written,
        verdict: Verdict::Refused,
        remark: reason.to_owned(),
    };
    let families = FAMILIES.iter().map(|(begin, reason)| row(format!("`--{begin}…`"), reason));
    families.chain(std::iter::once(row("`--…`, all others".to_owned(), OTHER))).collect()
}
