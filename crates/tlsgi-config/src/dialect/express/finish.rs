//! What options mean together, and what mod_wsgi-express does where nothing is said.

use super::super::apache::proxy;
use super::super::entry::{Given, difference, refusal};
use super::{Express, has_extension, keep};
use crate::diagnostic::Diagnostic;
use crate::origin::Origin;

/// Everything has been read.
pub(super) fn finish(state: &mut Express) {
    application(state);
    listeners(state);
    certificate(state);
    client_certificates(state);
    policy(state);
    names(state);
    logs(state);
    deadlines(state);
    privileges(state);
    proxies(state);
    error_documents(state);
    warnings(state);
    let defaults =
        [("interface", "wsgi"), ("max-body-size", "10485760"), ("queue-timeout", "45"), ("graceful-timeout", "15")];
    for (native, text) in defaults {
        state.draft.default(native, text);
    }
}

fn application(state: &mut Express) {
    let kind = state.kept("--application-type");
    match kind.as_ref().map(Given::value) {
        None | Some("script" | "module") => {}
        Some("paste") => {
            refuse(state, &kind, "write a module with `application = paste.deploy.loadapp('config:/path/to/file.ini')`")
        }
        Some("static") => refuse(
            state,
            &kind,
            "`tlsgi serve --pool none --document-root DIRECTORY` serves files without an application",
        ),
        Some(_) => {
            if let Some(given) = &kind {
                let told =
                    Diagnostic::invalid(&given.name, given.value(), "expected `script` or `module`").at(&given.origin);
                state.draft.tell(told);
            }
        }
    }
    let is_module = kind.is_some_and(|given| given.value() == "module");
    let entry = state.kept("--entry-point");
    if let Some(extra) = state.positional.get(1).cloned() {
        let told = Diagnostic::error(format!("unexpected argument `{}`", extra.escape_debug()));
        state.draft.tell(told.hint("there is one application; a value with spaces is quoted"));
    }
    let positional = || Given {
        name: "WSGI-SCRIPT".to_owned(),
        values: state.positional.iter().take(1).cloned().collect(),
        origin: Origin::Flag("WSGI-SCRIPT".to_owned()),
    };
    let given = entry.unwrap_or_else(positional);
    if given.values.is_empty() {
        let told = Diagnostic::error("no application is named").hint("`tlsgi mod_wsgi-express start-server wsgi.py`");
        state.draft.tell(told.hint("the documentation that mod_wsgi-express serves then is not here"));
        return;
    }
    let callable =
        state.kept("--callable-object").map_or_else(|| "application".to_owned(), |given| given.value().to_owned());
    let text = given.value().to_owned();
    let target = if is_module {
        text
    } else if state.kept("--working-directory").is_some() {
        // The script is found from where the command is given, not from the directory that is entered.
        state.absolute(&text)
    } else if text.contains('/') || has_extension(&text, "py") || has_extension(&text, "wsgi") {
        state.path(&text)
    } else {
        state.path(&format!("./{text}"))
    };
    state.draft.say("app", &format!("{target}:{callable}"), &given);
    if !is_module && state.kept("--disable-reloading").is_none() {
        state.draft.default("touch-workers", &target);
    }
}

fn listeners(state: &mut Express) {
    let (host, port) = (state.kept("--host"), state.kept("--port"));
    let number = port.as_ref().map_or("8000", Given::value).to_owned();
    if let Some(https) = state.kept("--https-port") {
        match &host {
            Some(host) => state.draft.say("host", host.value(), host),
            None => state.draft.default("host", "*"),
        }
        state.draft.say("https-port", https.value(), &https);
        match &port {
            Some(port) => state.draft.say("port", &number, port),
            None => state.draft.default("port", &number),
        }
        return;
    }
    let address = match host.as_ref().map(Given::value) {
        Some(host) if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
        Some(host) => host.to_owned(),
        None => "*".to_owned(),
    };
    match port.or(host) {
        Some(given) => state.draft.say("bind-http", &format!("{address}:{number}"), &given),
        None => state.draft.default("bind-http", &format!("{address}:{number}")),
    }
    state.draft.tell(
        Diagnostic::warning("without `--https-port`, everything is served over plain HTTP")
            .hint("`--https-port 8443` is enough: without a certificate, the local CA issues one"),
    );
}

/// Certificates are for a listener; without one they are an error, as there.
fn certificate(state: &mut Express) {
    const FILES: [(&str, &str); 3] = [
        ("--ssl-certificate-file", "certfile"),
        ("--ssl-certificate-key-file", "keyfile"),
        ("--ssl-certificate-chain-file", "chain-file"),
    ];
    let prefix = state.kept("--ssl-certificate");
    for (name, native) in FILES {
        let Some(given) = state.kept(name) else { continue };
        if prefix.is_some() && native != "chain-file" {
            let why = "`--ssl-certificate` names both files";
            state.draft.tell(Diagnostic::without_effect(name, why).at(&given.origin));
            continue;
        }
        let path = state.path(given.value());
        state.draft.say(native, &path, &given);
    }
    if let Some(given) = &prefix {
        for (native, extension) in [("certfile", "crt"), ("keyfile", "key")] {
            let path = state.path(&format!("{}.{extension}", given.value()));
            state.draft.say(native, &path, given);
        }
    }
    let has_certificate = state.draft.has("certfile");
    if let Some(key) = state.kept("--ssl-certificate-key-file").filter(|_| !has_certificate) {
        state.draft.tell(Diagnostic::lacks("--ssl-certificate-key-file", "--ssl-certificate-file").at(&key.origin));
        state.draft.layer.keyfile = Vec::new();
    }
    const OF_TLS: [&str; 8] = [
        "--ssl-certificate-file",
        "--ssl-certificate-key-file",
        "--ssl-certificate",
        "--ssl-certificate-chain-file",
        "--ssl-ca-certificate-file",
        "--ssl-verify-client",
        "--https-only",
        "--hsts-policy",
    ];
    if state.kept("--https-port").is_some() {
        return;
    }
    if let Some(given) = OF_TLS.iter().find_map(|name| state.kept(name)) {
        state.draft.tell(Diagnostic::lacks(&given.name, "--https-port").at(&given.origin));
    }
}

fn client_certificates(state: &mut Express) {
    let authority = state.kept("--ssl-ca-certificate-file");
    let prefixes = state.every("--ssl-verify-client");
    let Some(authority) = authority else {
        if let Some(given) = prefixes.first() {
            let told = Diagnostic::lacks(&given.name, "--ssl-ca-certificate-file").at(&given.origin);
            state.draft.tell(told.hint("mod_wsgi-express leaves the prefix open to everybody then"));
        }
        return;
    };
    let path = state.path(authority.value());
    state.draft.say("client-ca", &path, &authority);
    state.draft.default("client-verify-depth", "1");
    if prefixes.is_empty() {
        state.draft.say("client-cert", "require", &authority);
        let how =
            "it requires a certificate for the whole site, as mod_wsgi-express does and unlike its documentation says";
        let hint = "`--ssl-verify-client PREFIX` requires one only there";
        state.draft.tell(difference(&authority, how).hint(hint));
    }
    for given in prefixes {
        state.draft.say("client-cert-path", given.value(), &given);
    }
}

fn policy(state: &mut Express) {
    let has_https = state.kept("--https-port");
    match (state.kept("--https-only"), &has_https) {
        (Some(given), Some(_)) => {
            state.draft.say("allow-http", "false", &given);
            state.draft.tell(difference(
                &given,
                "the redirect is permanent (301, or 308 where the method must stay), not 302",
            ));
        }
        (None, Some(https)) => state.draft.say("allow-http", "true", https),
        (_, None) => state.draft.default("allow-http", "true"),
    }
    let Some(given) = state.kept("--hsts-policy") else { return };
    state.draft.say("hsts", given.value(), &given);
    if state.kept("--https-only").is_none() && has_https.is_some() {
        state.draft.tell(difference(
            &given,
            "it is sent over HTTPS also without `--https-only`, where mod_wsgi-express leaves it out",
        ));
    }
}

fn names(state: &mut Express) {
    let name = state.kept("--server-name");
    let Some(name) = name else {
        if let Some(given) = state.kept("--server-alias") {
            state.draft.tell(Diagnostic::lacks("--server-alias", "--server-name").at(&given.origin));
        }
        if let Some(https) = state.kept("--https-port") {
            let how = "HTTPS is served for every name; mod_wsgi-express does not listen without `--server-name`";
            state.draft.tell(difference(&https, how));
        }
        return;
    };
    state.draft.say("server-name", name.value(), &name);
    parent(state, &name);
    for alias in state.every("--server-alias") {
        state.draft.say("server-name", alias.value(), &alias);
    }
    if let Some(given) = state.kept("--allow-localhost") {
        for local in ["localhost", "127.0.0.1", "::1"] {
            state.draft.say("server-name", local, &given);
        }
    }
}

/// The parent domain of a `www.` name is sent to it.
fn parent(state: &mut Express, name: &Given) {
    let Some(parent) = name.value().strip_prefix("www.").filter(|parent| parent.contains('.')) else { return };
    let aliases = state.every("--server-alias");
    if aliases.iter().any(|alias| alias.value().eq_ignore_ascii_case(parent)) {
        return;
    }
    if aliases.is_empty() {
        state.draft.say("server-name", parent, name);
        state.draft.say("canonical-name", name.value(), name);
        return;
    }
    // A canonical name would take the aliases along, which are served as they are.
    let told = difference(name, &format!("`{parent}` is not redirected to it, because there are aliases"));
    state.draft.tell(told.hint(format!("`--server-alias {parent}` serves it as well")));
}

fn logs(state: &mut Express) {
    let directory = state.kept("--log-directory");
    let file = state.kept("--access-log-name");
    let Some(asked) = state.kept("--access-log") else {
        state.draft.default("access-log", "none");
        if let Some(given) = &file {
            state.draft.tell(Diagnostic::without_effect(&given.name, "`--access-log` is not given").at(&given.origin));
        }
        return;
    };
    let name = file.as_ref().map_or("access_log", Given::value);
    match &directory {
        Some(directory) => {
            let path = state.path(&format!("{}/{name}", directory.value().trim_end_matches('/')));
            state.draft.say("access-log", &path, &asked);
        }
        None => state.draft.say("access-log", "-", &asked),
    }
}

fn deadlines(state: &mut Express) {
    let bounds = [state.kept("--header-timeout"), state.kept("--header-max-timeout")];
    let seconds = |given: &Given| given.value().trim().parse::<f64>().unwrap_or(0.0);
    let longest = bounds.into_iter().flatten().max_by(|one, other| seconds(one).total_cmp(&seconds(other)));
    match longest {
        Some(given) if seconds(&given) > 0.0 => state.draft.say("header-timeout", given.value(), &given),
        Some(given) => {
            let how = "a request's header always has a bound, of 30 seconds then";
            state.draft.tell(difference(&given, how));
            state.draft.default("header-timeout", "30");
        }
        None => state.draft.default("header-timeout", "30"),
    }
    match state.kept("--request-timeout") {
        Some(given) => or_none(state, &given, "request-timeout"),
        None => {
            let threads = state.kept("--threads").and_then(|given| given.value().parse::<f64>().ok()).unwrap_or(5.0);
            let bound = 60.0 * (1.0 + threads.max(1.0).ln());
            state.draft.default("request-timeout", &format!("{}s", bound.ceil()));
        }
    }
}

fn privileges(state: &mut Express) {
    for (name, native) in [("--user", "user"), ("--group", "group")] {
        if let Some(given) = state.kept(name) {
            // A number has the mark of Apache's directives.
            state.draft.say(native, given.value().trim_start_matches('#'), &given);
        }
    }
}

/// Who is believed about clients, and in what.
fn proxies(state: &mut Express) {
    let (proxies, headers) = (state.every("--trust-proxy"), state.every("--trust-proxy-header"));
    match (proxies.first(), headers.first()) {
        (None, Some(header)) => {
            let told = Diagnostic::lacks(&header.name, "--trust-proxy").at(&header.origin);
            state.draft.tell(told.hint("mod_wsgi-express believes everybody then, also who spoofs"));
        }
        (Some(proxy), None) => {
            let why = "`--trust-proxy-header` names nothing to believe";
            state.draft.tell(Diagnostic::without_effect(&proxy.name, why).at(&proxy.origin));
        }
        (Some(_), Some(_)) => {
            for given in &proxies {
                state.draft.say("trusted-proxy", given.value(), given);
            }
            for given in &headers {
                state.draft.say("trust", given.value(), given);
            }
        }
        (None, None) => {}
    }
}

fn warnings(state: &mut Express) {
    let filters = state.every("--python-warnings");
    let (Some(first), values) = (filters.first(), filters.iter().map(Given::value).collect::<Vec<_>>().join(","))
    else {
        return;
    };
    state.draft.say("env", &format!("PYTHONWARNINGS={values}"), first);
}

fn refuse(state: &mut Express, given: &Option<Given>, reason: &str) {
    if let Some(given) = given {
        state.draft.tell(refusal(given, &format!("`{}`: {reason}", given.value())));
    }
}

pub(super) fn application_group(state: &mut Express, given: &Given) {
    if !matches!(given.value(), "%{GLOBAL}" | "") {
        state.draft.tell(difference(given, "the application runs in the main interpreter of its processes"));
    }
}

pub(super) fn working_directory(state: &mut Express, given: &Given) {
    let path = state.path(given.value());
    state.draft.say("chdir", &path, given);
    keep(state, given);
}

pub(super) fn python_path(state: &mut Express, given: &Given) {
    let path = state.path(given.value());
    state.draft.say("python-path", &path, given);
}

pub(super) fn pid_file(state: &mut Express, given: &Given) {
    let path = state.path(given.value());
    state.draft.say("pid-file", &path, given);
}

/// A path as a variable of the application.
pub(super) fn variable(state: &mut Express, given: &Given, name: &str) {
    let path = state.path(given.value());
    state.draft.say("env", &format!("{name}={path}"), given);
}

pub(super) fn pass_variable(state: &mut Express, given: &Given) {
    match state.environment.get(given.value()).cloned() {
        Some(value) => state.draft.say("wsgi-environ", &format!("{}={value}", given.value()), given),
        None => {
            let why = format!("the environment has no `{}`", given.value().escape_debug());
            state.draft.tell(Diagnostic::without_effect(&given.name, &why).at(&given.origin));
        }
    }
}

pub(super) fn locale(state: &mut Express, given: &Given) {
    for name in ["LC_ALL", "LANG"] {
        state.draft.say("env", &format!("{name}={}", given.value()), given);
    }
}

/// A page is sent from the file that its URL leads to.
fn error_documents(state: &mut Express) {
    for given in state.every("--error-document") {
        let url = given.second().to_owned();
        let mut mounts: Vec<_> = state.draft.layer.static_folder.iter().map(|said| said.value.clone()).collect();
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.prefix.len()));
        let file = mounts.iter().find_map(|mount| {
            let rest = url.strip_prefix(&mount.prefix).filter(|rest| rest.starts_with('/'))?;
            Some(format!("{}{rest}", mount.directory.display()))
        });
        match file {
            Some(file) => state.draft.say("error-page", &format!("{}={file}", given.value()), &given),
            None => state.draft.tell(refusal(&given, "a page is a file: give its URL a directory with `--url-alias`")),
        }
    }
    if let Some(given) = state.kept("--error-override") {
        state.draft.say("error-page-override", "all", &given);
    }
}

pub(super) fn url_alias(state: &mut Express, given: &Given) {
    let path = state.path(given.second());
    state.draft.say("static", &format!("{}={path}", given.value()), given);
}

pub(super) fn proxy_mount(state: &mut Express, given: &Given) {
    match proxy::upstream(given.value(), given.second()) {
        Ok(target) => state.draft.say("route", &format!("{}={target}", given.value()), given),
        Err(reason) => state.draft.tell(refusal(given, reason)),
    }
}

pub(super) fn document_root(state: &mut Express, given: &Given) {
    let path = state.path(given.value());
    state.draft.say("document-root", &path, given);
}

/// Several may stand in one value, as in Apache's directive.
pub(super) fn directory_index(state: &mut Express, given: &Given) {
    for name in given.value().split_whitespace() {
        state.draft.say("directory-index", name, given);
    }
}

pub(super) fn allow_override(state: &mut Express, given: &Given) {
    if !given.value().eq_ignore_ascii_case("none") {
        state.draft.tell(refusal(given, "there are no .htaccess files"));
    }
}

pub(super) fn http2(state: &mut Express, given: &Given) {
    state.draft.tell(difference(given, "HTTP/2 is always offered over TLS, and never spoken in the clear (h2c)"));
}

pub(super) fn keep_alive(state: &mut Express, given: &Given) {
    if is_zero(given) {
        state.draft.say("max-keep-alive-requests", "1", given);
    } else {
        state.draft.say("keep-alive-timeout", given.value(), given);
    }
}

pub(super) fn interrupt_timeout(state: &mut Express, given: &Given) {
    or_none(state, given, "response-timeout");
    if !is_zero(given) {
        state.draft.tell(difference(
            given,
            "the client gets 504 and the worker goes on; no exception is raised in the application",
        ));
    }
}

pub(super) fn queue_timeout(state: &mut Express, given: &Given) {
    if is_zero(given) {
        state.draft.tell(difference(given, "waiting for a worker always has a bound, of a day then"));
        state.draft.say("queue-timeout", "86400", given);
    } else {
        state.draft.say("queue-timeout", given.value(), given);
    }
}

/// 0 leaves the bound to another option there.
pub(super) fn write_timeout(state: &mut Express, given: &Given) {
    if !is_zero(given) {
        state.draft.say("write-timeout", given.value(), given);
    }
}

pub(super) fn body_timeout(state: &mut Express, given: &Given) {
    if is_zero(given) {
        state.draft.tell(difference(
            given,
            "an upload always has a bound; `--body-min-rate 0` switches off the floor of its rate",
        ));
    } else {
        state.draft.say("body-grace", given.value(), given);
    }
}

/// 0 is none.
pub(super) fn or_none(state: &mut Express, given: &Given, native: &str) {
    let text = if is_zero(given) { "none" } else { given.value() };
    state.draft.say(native, text, given);
}

pub(super) fn log_level(state: &mut Express, given: &Given) {
    let mut words = given.value().split_whitespace();
    let level = words.next().unwrap_or_default().to_ascii_lowercase();
    let native = match level.as_str() {
        "emerg" | "alert" | "crit" | "error" => "error",
        "warn" => "warning",
        "notice" | "info" => "info",
        level if level == "debug" || level.starts_with("trace") => "debug",
        _ => {
            let told = Diagnostic::invalid(
                &given.name,
                given.value(),
                "expected one of `error`, `warn`, `notice`, `info`, `debug`",
            );
            state.draft.tell(told.at(&given.origin));
            return;
        }
    };
    if words.next().is_some() {
        state.draft.tell(difference(given, "levels of single modules are left out"));
    }
    state.draft.say("log-level", native, given);
}

pub(super) fn access_log_format(state: &mut Express, given: &Given) {
    if given.value() != "combined" {
        let how =
            "lines are Apache's `combined`, with the TLS version, the request id and the milliseconds taken appended";
        state.draft.tell(difference(given, how));
    }
}

fn is_zero(given: &Given) -> bool {
    given.value().trim().parse::<f64>().is_ok_and(|number| number == 0.0)
}
