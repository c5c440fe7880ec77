//! Every option of Hypercorn, by its flags and by its name in the configuration.

use super::super::entry::{Section, option, switch};
use super::super::pyserver::{Pyserver, keep, shared};
use super::finish;

const LOGGER: &str = "the server writes its log to standard error by itself: `--log-level`, `--log-format`; the application configures its own";
const STATSD: &str = "no metrics are sent to statsd";
const OWNER: &str = "it is the owner of unix sockets there; whoever starts the server owns them, and `--socket-mode` says who else may connect";

/// By subject.
pub(super) static TABLE: &[Section<Pyserver>] = &[
    Section {
        title: "Configuration and application",
        entries: &[
            option(&["--config", "-c"], "CONFIG").done("read as there: TOML, `file:FILE.py` or `python:MODULE`", |_, _| {}),
            option(&["application_path"], "STRING").done("the application", keep),
            option(&["--root-path", "root_path"], "ROOT_PATH").done("`--route /=pool:app@PREFIX`: requests come with the prefix, or without it where a proxy cut it off", shared::mount),
            switch(&["--debug", "debug"]).done("`--log-level debug`", |state, given| state.draft.say("log-level", "debug", given)),
        ],
    },
    Section {
        title: "Listeners and names",
        entries: &[
            option(&["--bind", "-b", "bind"], "BINDS").done("`--bind` with a certificate, `--bind-http --allow-http` without", keep),
            option(&["--insecure-bind", "insecure_bind"], "BINDS").done("`--bind-http --allow-http`: the application in the clear, beside TLS", keep),
            option(&["--quic-bind", "quic_bind"], "BINDS").moot("HTTP/3 is not spoken; HTTP/2 is"),
            option(&["alt_svc_headers"], "LIST").moot("HTTP/3 is not spoken; HTTP/2 is"),
            option(&["--backlog", "backlog"], "BACKLOG").says("backlog"),
            option(&["--server-name", "server_names"], "NAMES").nearly("`--server-name`; requests for other names get 421 instead of 404", finish::server_name),
        ],
    },
    Section {
        title: "TLS",
        entries: &[
            option(&["--certfile", "certfile"], "FILE").done("`--certfile`", |state, given| state.say_path("certfile", given)),
            option(&["--keyfile", "keyfile"], "FILE").done("`--keyfile`", finish::key),
            option(&["--keyfile-password", "keyfile_password"], "PASSWORD").nearly("`--key-passphrase-command`; better a file or a credential", shared::key_password),
            option(&["--ca-certs", "ca_certs"], "FILE").done("`--client-ca`", keep),
            option(&["--verify-mode", "verify_mode"], "MODE").nearly("`--client-cert request|require`; refused in HTTP (403) instead of by a broken handshake", keep),
            option(&["--cert-reqs", "cert_reqs"], "0|1|2").nearly("as `--verify-mode`", keep),
            option(&["verify_flags"], "FLAGS").moot("revocation is checked with `--client-crl`"),
            option(&["--ciphers", "ciphers"], "CIPHERS").nearly("`--tls-ciphers`; only suites with forward secrecy and authenticated encryption are offered", finish::ciphers),
            option(&["alpn_protocols"], "LIST").nearly("`h2` and `http/1.1` are always offered", |_, _| {}),
            option(&["ssl_handshake_timeout"], "SECONDS").nearly("`--handshake-timeout`; 10 s unless said, instead of 60 s", |state, given| shared::seconds(state, "handshake-timeout", given, "1ms")),
        ],
    },
    Section {
        title: "Workers",
        entries: &[
            option(&["--workers", "-w", "workers"], "COUNT").nearly("`--processes`; 0 is 1", |state, given| shared::bound(state, "processes", given, "1")),
            option(&["--worker-class", "-k", "worker_class"], "NAME").nearly("`--loop asyncio` or `--loop uvloop`; `trio` is refused", finish::worker_class),
            option(&["--max-requests", "max_requests"], "COUNT").says("max-requests"),
            option(&["--max-requests-jitter", "max_requests_jitter"], "COUNT").says("max-requests-jitter"),
            option(&["--graceful-timeout", "graceful_timeout"], "SECONDS").nearly("`--graceful-timeout`; 30 s unless said, instead of 3 s", |state, given| shared::seconds(state, "graceful-timeout", given, "100ms")),
            option(&["startup_timeout"], "SECONDS").done("`--startup-timeout`", |state, given| shared::seconds(state, "startup-timeout", given, "1ms")),
            option(&["shutdown_timeout"], "SECONDS").moot("the lifespan's shutdown has what is left of `--graceful-timeout`, and 5 s at least"),
            option(&["max_app_queue_size"], "COUNT").always("what a client sends waits until the application receives it"),
            switch(&["--reload", "use_reloader"]).says("reload"),
        ],
    },
    Section {
        title: "HTTP and WebSocket",
        entries: &[
            option(&["--keep-alive", "keep_alive_timeout"], "SECONDS").nearly("`--keep-alive-timeout`; 75 s unless said, instead of 5 s. Headers have a deadline of their own", shared::keep_alive),
            option(&["keep_alive_max_requests"], "COUNT").nearly("`--max-keep-alive-requests`; none unless said, instead of 1000: rapid resets have a bound of their own", |state, given| shared::bound(state, "max-keep-alive-requests", given, "none")),
            option(&["--read-timeout", "read_timeout"], "SECONDS").nearly("`--body-grace`: the longest silence in a body", |state, given| shared::seconds(state, "body-grace", given, "1ms")),
            option(&["h11_max_incomplete_size"], "BYTES").done("`--max-header-size`", |state, given| state.draft.say("max-header-size", given.value(), given)),
            switch(&["h11_pass_raw_headers"]).moot("names of fields are lower-case in every version of HTTP"),
            option(&["h2_max_concurrent_streams"], "COUNT").says("max-h2-streams"),
            option(&["h2_max_header_list_size"], "BYTES").says("max-header-size"),
            option(&["h2_max_inbound_frame_size"], "BYTES").moot("frames have the size that the protocol starts with"),
            option(&["wsgi_max_body_size"], "BYTES").nearly("`--max-body-size`, of every request; unlimited unless said, instead of 16 MiB", |state, given| state.draft.say("max-body-size", given.value(), given)),
            option(&["websocket_max_message_size"], "BYTES").says("websocket-max-message"),
            option(&["--websocket-ping-interval", "websocket_ping_interval"], "SECONDS").done("`--websocket-ping-interval`", |state, given| shared::seconds(state, "websocket-ping-interval", given, "1d")),
            option(&["include_server_header"], "BOOL").done("`--server-header`: `Server: tlsgi`", |state, given| finish::boolean(state, "server-header", given)),
            option(&["include_date_header"], "BOOL").done("`--date-header`", |state, given| finish::boolean(state, "date-header", given)),
        ],
    },
    Section {
        title: "Process",
        entries: &[
            option(&["--pid", "-p", "pid_path"], "FILE").done("`--pid-file`", |state, given| state.say_path("pid-file", given)),
            switch(&["--daemon", "-D"]).moot("workers end with the server"),
            option(&["daemon"], "BOOL").always("workers end with the server"),
            option(&["--user", "-u", "user"], "USER").moot(OWNER),
            option(&["--group", "-g", "group"], "GROUP").moot(OWNER),
            option(&["--umask", "-m", "umask"], "MASK").moot(OWNER),
        ],
    },
    Section {
        title: "Logging",
        entries: &[
            option(&["--access-logfile", "--access-log", "accesslog"], "FILE").nearly("`--access-log`; `-` is standard error. None unless said, as there", finish::access_log),
            option(&["--access-logformat", "access_log_format"], "FORMAT").differs("the line is Apache's `combined`, with TLS version, request id and milliseconds, or `--access-log-format json`", |_, _| {}),
            option(&["--error-logfile", "--error-log", "--log-file", "errorlog"], "FILE").nearly("standard error; a file is for the shell or the service manager", finish::error_log),
            option(&["--log-level", "loglevel"], "LEVEL").done("`--log-level`", shared::log_level),
            option(&["--log-config", "logconfig"], "FILE").moot(LOGGER),
            option(&["logconfig_dict"], "DICT").moot(LOGGER),
            option(&["logger_class"], "CLASS").moot(LOGGER),
            option(&["--statsd-host", "statsd_host"], "HOST").moot(STATSD),
            option(&["--statsd-prefix", "statsd_prefix"], "PREFIX").moot(STATSD),
            option(&["dogstatsd_tags"], "TAGS").moot(STATSD),
        ],
    },
];
