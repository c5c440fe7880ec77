//! Every option of uvicorn.

use super::super::entry::{Section, option, switch};
use super::super::pyserver::{Pyserver, keep, shared};
use super::finish;

/// Options whose variable has the name of a list.
pub(super) const PLURALS: [(&str, &str); 4] = [
    ("--reload-dir", "reload-dirs"),
    ("--reload-include", "reload-includes"),
    ("--reload-exclude", "reload-excludes"),
    ("--header", "headers"),
];

/// By subject.
pub(super) static TABLE: &[Section<Pyserver>] = &[
    Section {
        title: "Application",
        entries: &[
            option(&["--app-dir"], "TEXT").done("`--python-path`", finish::app_dir),
            switch(&["--factory"]).says("factory"),
            option(&["--interface"], "auto|asgi3|asgi2|wsgi").done("`--interface`", finish::interface),
            option(&["--lifespan"], "auto|on|off").says("lifespan"),
            option(&["--root-path"], "TEXT").done("`--route /=pool:app@PREFIX`: requests come with the prefix, or without it where a proxy cut it off", shared::mount),
            option(&["--env-file"], "PATH").done("`--env`, once for each variable that the environment does not have", keep),
            switch(&["--reset-contextvars"]).nearly("a request sees what the lifespan set in its context", finish::contextvars),
        ],
    },
    Section {
        title: "Listeners",
        entries: &[
            option(&["--host"], "TEXT").done("`--bind` with a certificate, `--bind-http --allow-http` without", keep),
            option(&["--port"], "INTEGER").done("`--bind` with a certificate, `--bind-http --allow-http` without", keep),
            option(&["--uds"], "TEXT").done("`--bind unix:PATH`, or `--bind-http` without a certificate", keep),
            option(&["--fd"], "INTEGER").done("`--bind fd://N`, or `--bind-http` without a certificate", keep),
            option(&["--backlog"], "INTEGER").says("backlog"),
        ],
    },
    Section {
        title: "TLS",
        entries: &[
            option(&["--ssl-keyfile"], "TEXT").done("`--keyfile`", finish::key),
            option(&["--ssl-certfile"], "TEXT").done("`--certfile`", |state, given| state.say_path("certfile", given)),
            option(&["--ssl-keyfile-password"], "TEXT").nearly("`--key-passphrase-command`; better a file or a credential", shared::key_password),
            option(&["--ssl-version"], "INTEGER").nearly("5, which is TLS 1.2 alone, is `--tls-ciphers` without those of TLS 1.3; older versions are not built in", keep),
            option(&["--ssl-cert-reqs"], "INTEGER").nearly("`--client-cert request|require`; refused in HTTP (403) instead of by a broken handshake", keep),
            option(&["--ssl-ca-certs"], "TEXT").done("`--client-ca`", keep),
            option(&["--ssl-ciphers"], "TEXT").nearly("`--tls-ciphers`; only suites with forward secrecy and authenticated encryption are offered", keep),
        ],
    },
    Section {
        title: "Workers",
        entries: &[
            option(&["--workers"], "INTEGER").says("processes"),
            switch(&["--reload"]).says("reload"),
            option(&["--reload-dir"], "PATH").says("reload-dir"),
            option(&["--reload-include"], "TEXT").says("reload-include"),
            option(&["--reload-exclude"], "TEXT").says("reload-exclude"),
            option(&["--reload-delay"], "FLOAT").always("the kernel reports changes at once"),
            option(&["--loop"], "auto|asyncio|uvloop|zuvloop").nearly("`--loop`; `zuvloop` and classes of one's own are refused", finish::event_loop),
            option(&["--limit-concurrency"], "INTEGER").differs("it is `--concurrency`: further requests wait, up to `--queue-timeout`, instead of being answered with 503 at once", |state, given| {
                state.draft.say("concurrency", given.value(), given);
            }),
            option(&["--limit-max-requests"], "INTEGER").says("max-requests"),
            option(&["--limit-max-requests-jitter"], "INTEGER").says("max-requests-jitter"),
            option(&["--timeout-graceful-shutdown"], "INTEGER").nearly("`--graceful-timeout`; 30 s unless said, instead of for ever", |state, given| shared::seconds(state, "graceful-timeout", given, "100ms")),
            option(&["--timeout-worker-healthcheck"], "INTEGER").always("the end of a worker is noticed at once"),
        ],
    },
    Section {
        title: "HTTP and WebSocket",
        entries: &[
            option(&["--http"], "auto|h11|httptools|zttp").always("there is one implementation"),
            switch(&["--http2"]).always("HTTP/2 is offered over TLS"),
            option(&["--timeout-keep-alive"], "INTEGER").nearly("`--keep-alive-timeout`; 75 s unless said, instead of 5 s", shared::keep_alive),
            option(&["--h11-max-incomplete-event-size"], "INTEGER").nearly("`--max-header-size`", |state, given| shared::bound(state, "max-header-size", given, "1MiB")),
            option(&["--ws"], "auto|websockets|websockets-sansio|wsproto|none").nearly("there is one implementation; `none` does not switch it off", finish::websocket),
            option(&["--ws-max-size"], "INTEGER").says("websocket-max-message"),
            option(&["--ws-max-queue"], "INTEGER").always("a message waits until the application receives it"),
            option(&["--ws-ping-interval"], "FLOAT").done("`--websocket-ping-interval`", |state, given| shared::seconds(state, "websocket-ping-interval", given, "1d")),
            option(&["--ws-ping-timeout"], "FLOAT").done("`--websocket-ping-timeout`", |state, given| shared::seconds(state, "websocket-ping-timeout", given, "1d")),
            option(&["--ws-per-message-deflate"], "BOOLEAN").nearly("clients that ask for compression get it", finish::deflate),
            option(&["--header"], "NAME:VALUE").done("`--response-header 'add NAME: VALUE'`", finish::header),
            switch(&["--server-header"]).sets("server-header", "true"),
            switch(&["--no-server-header"]).done("`--no-server-header`", |state, given| state.draft.say("server-header", "false", given)),
            switch(&["--date-header"]).sets("date-header", "true"),
            switch(&["--no-date-header"]).done("`--no-date-header`", |state, given| state.draft.say("date-header", "false", given)),
        ],
    },
    Section {
        title: "Proxies in front",
        entries: &[
            switch(&["--proxy-headers"]).done("`--trusted-proxy`, as `--forwarded-allow-ips` says", keep),
            switch(&["--no-proxy-headers"]).done("nobody is believed", keep),
            option(&["--forwarded-allow-ips"], "TEXT").nearly("`--trusted-proxy`, believed in `X-Forwarded-For` and `X-Forwarded-Proto`; the loopback addresses unless said, as there, where everything is plain HTTP", keep),
        ],
    },
    Section {
        title: "Logging",
        entries: &[
            option(&["--log-level"], "LEVEL").done("`--log-level`", shared::log_level),
            option(&["--log-config"], "PATH").moot("it configures uvicorn's loggers; here it is `--log-level`, `--log-format` and `--access-log`, and the application configures its own"),
            switch(&["--access-log"]).done("`--access-log -`", |state, given| state.draft.say("access-log", "-", given)),
            switch(&["--no-access-log"]).done("`--no-access-log`", |state, given| state.draft.say("access-log", "none", given)),
            switch(&["--use-colors"]).moot("colours are used on a terminal, and not otherwise"),
            switch(&["--no-use-colors"]).always("colours are used on a terminal only"),
        ],
    },
];
