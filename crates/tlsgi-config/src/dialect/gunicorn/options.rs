//! Every setting of gunicorn, by its flags and by its name in the configuration file.

use super::super::entry::{Section, Takes, option, switch};
use super::super::pyserver::{Pyserver, keep, shared};
use super::finish;

const ARBITER: &str = "no Python runs in the process that starts the workers";
const DIRTY: &str = "there are no such processes; run them as a service beside";
const STRICT: &str = "requests are read strictly: what two readers may understand differently is refused";
const LOGGER: &str = "the server writes its log to standard error by itself: `--log-level`, `--log-format`; the application configures its own";
const STATSD: &str = "no metrics are sent to statsd";

/// By subject.
pub(super) static TABLE: &[Section<Pyserver>] = &[
    Section {
        title: "Configuration and application",
        entries: &[
            option(&["--config", "-c", "config"], "CONFIG").done("read as there: `FILE`, `file:FILE` or `python:MODULE`", |_, _| {}),
            option(&["wsgi_app"], "STRING").done("the application", keep),
            option(&["--chdir", "chdir"], "DIR").done("`--chdir`", |state, given| state.draft.say("chdir", given.value(), given)),
            option(&["--pythonpath", "pythonpath"], "DIRS").done("`--python-path`, once for each", finish::python_path),
            option(&["--env", "-e", "raw_env"], "NAME=VALUE").done("`--env`; `SCRIPT_NAME` is `--mount`", finish::variable),
            option(&["--paste", "--paster", "paste"], "FILE").refused("load the file in a module: `from paste.deploy import loadapp`"),
            option(&["--paste-global", "raw_paste_global_conf"], "CONF").refused("it belongs to `--paste`"),
            switch(&["--check-config", "check_config"]).refused("it is `tlsgi check gunicorn …` here"),
            switch(&["--print-config", "print_config"]).refused("it is `tlsgi import gunicorn …` here"),
        ],
    },
    Section {
        title: "Listeners",
        entries: &[
            option(&["--bind", "-b", "bind"], "ADDRESS").done("`--bind` with a certificate, `--bind-http --allow-http` without", keep),
            option(&["--backlog", "backlog"], "INT").says("backlog"),
            switch(&["--reuse-port", "reuse_port"]).always("one process accepts, and every worker gets its share"),
            option(&["--protocol", "protocol"], "STRING").nearly("`http` is; `uwsgi` is refused: let the web server proxy over HTTP", finish::protocol),
            option(&["--uwsgi-allow-from", "uwsgi_allow_ips"], "IPS").moot("that protocol is not spoken"),
        ],
    },
    Section {
        title: "TLS",
        entries: &[
            option(&["--certfile", "certfile"], "FILE").done("`--certfile`", finish::certificate),
            option(&["--keyfile", "keyfile"], "FILE").done("`--keyfile`", finish::key),
            option(&["--ca-certs", "ca_certs"], "FILE").done("`--client-ca`", keep),
            option(&["--cert-reqs", "cert_reqs"], "0|1|2").nearly("`--client-cert request|require`; refused in HTTP (403) instead of by a broken handshake", keep),
            option(&["--ciphers", "ciphers"], "CIPHERS").nearly("`--tls-ciphers`; only suites with forward secrecy and authenticated encryption are offered", |state, given| {
                    state.draft.say("tls-ciphers", given.value(), given);
                }),
            option(&["--ssl-version", "ssl_version"], "VERSION").nearly("without effect, as there: TLS 1.2 and 1.3 are served", |_, _| {}),
            switch(&["--suppress-ragged-eofs", "suppress_ragged_eofs"]).always("a connection that ends without a goodbye is no error"),
            switch(&["--do-handshake-on-connect", "do_handshake_on_connect"]).always("handshakes take place outside of workers, within `--handshake-timeout`"),
            option(&["ssl_context"], "FUNCTION").refused("the key never is where Python is: certificate, client certificates and TLS versions are options"),
        ],
    },
    Section {
        title: "HTTP",
        entries: &[
            option(&["--keep-alive", "keepalive"], "INT").nearly("`--keep-alive-timeout`; 75 s unless said, instead of 2 s or, with the sync worker, none", shared::keep_alive),
            option(&["--limit-request-line", "limit_request_line"], "INT").done("`--max-request-line`", |state, given| shared::bound(state, "max-request-line", given, "1MiB")),
            option(&["--limit-request-fields", "limit_request_fields"], "INT").done("`--max-header-count`", |state, given| shared::bound(state, "max-header-count", given, "32768")),
            option(&["--limit-request-field_size", "limit_request_field_size"], "INT")
                .nearly("`--max-header-size` bounds all fields together: 64 KiB, or this where it is more", finish::field_size),
            option(&["--http-protocols", "http_protocols"], "STRING").nearly("HTTP/2 and HTTP/1.1 are always offered over TLS", |_, _| {}),
            option(&["--http2-cleartext", "http2_cleartext"], "STRING").nearly("only `off`: HTTP/2 is spoken over TLS", finish::cleartext),
            option(&["--http2-max-concurrent-streams", "http2_max_concurrent_streams"], "INT").says("max-h2-streams"),
            option(&["--http2-max-header-list-size", "http2_max_header_list_size"], "INT").says("max-header-size"),
            option(&["--http2-initial-window-size", "http2_initial_window_size"], "INT").moot("windows follow what the application reads"),
            option(&["--http2-max-frame-size", "http2_max_frame_size"], "INT").moot("frames have the size that the protocol starts with"),
            option(&["--http-parser", "http_parser"], "STRING").always("there is one parser"),
            option(&["--websocket-max-message-size", "websocket_max_message_size"], "INT").says("websocket-max-message"),
            switch(&["--permit-obsolete-folding", "permit_obsolete_folding"]).refused(STRICT),
            switch(&["--strip-header-spaces", "strip_header_spaces"]).refused(STRICT),
            switch(&["--permit-unconventional-http-method", "permit_unconventional_http_method"]).refused(STRICT),
            switch(&["--permit-unconventional-http-version", "permit_unconventional_http_version"]).refused(STRICT),
            switch(&["--casefold-http-method", "casefold_http_method"]).refused(STRICT),
            option(&["--header-map", "header_map"], "drop|refuse|dangerous").nearly("`drop`, the default, is; fields with `_` never reach the application", finish::header_map),
        ],
    },
    Section {
        title: "Proxies in front",
        entries: &[
            option(&["--forwarded-allow-ips", "forwarded_allow_ips"], "IPS").nearly("`--trusted-proxy`, believed in `X-Forwarded-Proto`, and in `X-Forwarded-For`, which sets the address of the client; the loopback addresses unless said, as there, where everything is plain HTTP", keep),
            option(&["secure_scheme_headers"], "DICT").nearly("`X-Forwarded-Proto` is the field that tells the scheme; another one is refused", finish::scheme_headers),
            option(&["--forwarder-headers", "forwarder_headers"], "NAMES").moot("a proxy sets no variables of the application; the prefix is `--mount`"),
            option(&["--proxy-protocol", "proxy_protocol"], "MODE").takes(Takes::Perhaps).nearly("`--proxy-protocol`: both versions, whichever is named; who is no trusted proxy is not served", finish::proxy_protocol),
            option(&["--proxy-allow-from", "proxy_allow_ips"], "IPS").done("`--trusted-proxy`, with `--proxy-protocol`", keep),
            option(&["--root-path", "root_path"], "STRING").done("`--route /=pool:app@PREFIX`: requests come with the prefix, or without it where a proxy cut it off", shared::mount),
        ],
    },
    Section {
        title: "Workers",
        entries: &[
            option(&["--workers", "-w", "workers"], "INT").done("`--processes`", |state, given| state.draft.say("processes", given.value(), given)),
            option(&["--worker-class", "-k", "worker_class"], "STRING").nearly("`sync`, `gthread`: WSGI; `gevent`, `eventlet`, `tornado`: WSGI with threads; `asgi`, `uvicorn.workers.…`: ASGI", keep),
            option(&["--threads", "threads"], "INT").done("`--threads`", keep),
            option(&["--worker-connections", "worker_connections"], "INT").nearly("`--concurrency` with ASGI, `--threads` with gevent; elsewhere without effect", keep),
            option(&["--max-requests", "max_requests"], "INT").says("max-requests"),
            option(&["--max-requests-jitter", "max_requests_jitter"], "INT").says("max-requests-jitter"),
            option(&["--timeout", "-t", "timeout"], "INT").nearly("`--request-timeout` with the sync worker; elsewhere it is a heartbeat there, and without effect here", keep),
            option(&["--graceful-timeout", "graceful_timeout"], "INT").done("`--graceful-timeout`", |state, given| shared::seconds(state, "graceful-timeout", given, "100ms")),
            switch(&["--preload", "preload_app"]).says("preload"),
            switch(&["--reload", "reload"]).says("reload"),
            option(&["--reload-engine", "reload_engine"], "STRING").always("the kernel reports changes"),
            option(&["--reload-extra-file", "reload_extra_files"], "FILES").done("`--touch-workers`, with `--reload`", keep),
            option(&["--asgi-loop", "asgi_loop"], "STRING").says("loop"),
            option(&["--asgi-lifespan", "asgi_lifespan"], "STRING").says("lifespan"),
            option(&["--asgi-disconnect-grace-period", "asgi_disconnect_grace_period"], "INT").moot("`receive()` hears at once that the client is gone, and the application decides"),
            option(&["--worker-tmp-dir", "worker_tmp_dir"], "DIR").always("there is no heartbeat file"),
            option(&["tmp_upload_dir"], "DIR").always("bodies are not written to files"),
            switch(&["--no-sendfile"]).moot("files that the application hands over are sent by the server"),
            option(&["sendfile"], "BOOL").always("files that the application hands over are sent by the server"),
            switch(&["--spew", "spew"]).refused("use a debugger or a profiler"),
        ],
    },
    Section {
        title: "Process",
        entries: &[
            option(&["--user", "-u", "user"], "USER").done("`--user`", |state, given| state.draft.say("user", given.value(), given)),
            option(&["--group", "-g", "group"], "GROUP").done("`--group`", |state, given| state.draft.say("group", given.value(), given)),
            option(&["--umask", "-m", "umask"], "INT").done("`--umask`", finish::umask),
            switch(&["--initgroups", "initgroups"]).always("a user comes with his groups"),
            option(&["--pid", "-p", "pidfile"], "FILE").done("`--pid-file`", |state, given| state.say_path("pid-file", given)),
            option(&["--name", "-n", "proc_name"], "STRING").moot("`ps` shows `tlsgi: worker app/1`"),
            option(&["default_proc_name"], "STRING").moot("`ps` shows `tlsgi: worker app/1`"),
            switch(&["--daemon", "-D", "daemon"]).refused("what keeps a service in the background is its manager: a systemd unit, a container, `setsid tlsgi … &`"),
            switch(&["--enable-stdio-inheritance", "-R", "enable_stdio_inheritance"]).always("standard output and error of workers are the server's"),
            option(&["--control-socket", "control_socket"], "PATH").moot("the server is controlled by signals: HUP, TTIN, TTOU, USR1, USR2, TERM"),
            option(&["--control-socket-mode", "control_socket_mode"], "INT").moot("there is no such socket"),
            switch(&["--no-control-socket", "control_socket_disable"]).always("there is no such socket"),
        ],
    },
    Section {
        title: "Logging",
        entries: &[
            option(&["--access-logfile", "accesslog"], "FILE").nearly("`--access-log`; `-` is standard error. None unless said, as there", finish::access_log),
            option(&["--access-logformat", "access_log_format"], "STRING").differs("the line is Apache's `combined`, with TLS version, request id and milliseconds, or `--access-log-format json`", |_, _| {}),
            option(&["--error-logfile", "--log-file", "errorlog"], "FILE").nearly("standard error; a file is for the shell or the service manager", finish::error_log),
            option(&["--log-level", "loglevel"], "LEVEL").done("`--log-level`", shared::log_level),
            switch(&["--capture-output", "capture_output"]).always("standard output and error of workers are the server's"),
            option(&["--logger-class", "logger_class"], "STRING").moot(LOGGER),
            option(&["--log-config", "logconfig"], "FILE").moot(LOGGER),
            option(&["logconfig_dict"], "DICT").moot(LOGGER),
            option(&["--log-config-json", "logconfig_json"], "FILE").moot(LOGGER),
            switch(&["--log-syslog", "syslog"]).moot("the service manager takes standard error to the journal or to syslog"),
            option(&["--log-syslog-to", "syslog_addr"], "ADDRESS").moot("the service manager takes standard error to the journal or to syslog"),
            option(&["--log-syslog-prefix", "syslog_prefix"], "STRING").moot("the service manager names the service"),
            option(&["--log-syslog-facility", "syslog_facility"], "STRING").moot("the service manager takes standard error to syslog"),
            switch(&["--disable-redirect-access-to-syslog", "disable_redirect_access_to_syslog"]).always("nothing goes to syslog"),
            option(&["--statsd-host", "statsd_host"], "ADDRESS").moot(STATSD),
            option(&["--statsd-prefix", "statsd_prefix"], "STRING").moot(STATSD),
            option(&["--dogstatsd-tags", "dogstatsd_tags"], "TAGS").moot(STATSD),
            switch(&["--enable-backlog-metric", "enable_backlog_metric"]).moot(STATSD),
        ],
    },
    Section {
        title: "Server hooks",
        entries: &[
            option(&["on_starting"], "FUNCTION").refused("no Python runs in the process that starts the workers: run it before the server, with `ExecStartPre=` of a systemd unit"),
            option(&["on_reload"], "FUNCTION").refused(ARBITER),
            option(&["when_ready"], "FUNCTION").refused("no Python runs in the process that starts the workers: the service manager is told when the server is ready (`Type=notify`)"),
            option(&["pre_fork"], "FUNCTION").refused("no Python runs in the process that starts the workers; `post_fork` and `post_worker_init` are called in each worker"),
            option(&["post_fork"], "FUNCTION").nearly("`--hooks`: called in the worker, with a stand-in for the arbiter that has `pid`, `log` and `cfg`", finish::hook),
            option(&["post_worker_init"], "FUNCTION").nearly("`--hooks`: called in the worker once the application is imported", finish::hook),
            option(&["worker_int"], "FUNCTION").refused("workers end when they are told to, without a signal; `worker_exit` is called then"),
            option(&["worker_abort"], "FUNCTION").refused("the stacks of a worker that is stuck are in the log; no Python can run in it any more"),
            option(&["pre_exec"], "FUNCTION").refused("the server is not executed anew: HUP replaces the workers, USR2 the process that talks to clients"),
            option(&["pre_request"], "FUNCTION").nearly("`--hooks`, with WSGI; `request` has `method`, `path`, `query`, `uri`, `headers`, `version`, `scheme`, `remote_addr`", finish::request_hook),
            option(&["post_request"], "FUNCTION").nearly("`--hooks`, with WSGI; `response` has `status`, `status_code`, `headers`, `sent`", finish::request_hook),
            option(&["child_exit"], "FUNCTION").refused("no Python runs in the process that outlives a worker; `worker_exit` is called in the worker at its orderly end"),
            option(&["worker_exit"], "FUNCTION").nearly("`--hooks`: called in the worker at its orderly end", finish::hook),
            option(&["nworkers_changed"], "FUNCTION").refused(ARBITER),
            option(&["on_exit"], "FUNCTION").refused("no Python runs in the process that starts the workers: run it after the server, with `ExecStopPost=` of a systemd unit"),
        ],
    },
    Section {
        title: "Dirty arbiters",
        entries: &[
            option(&["--dirty-app", "dirty_apps"], "STRING").refused(DIRTY),
            option(&["--dirty-workers", "dirty_workers"], "INT").nearly("0 only: there are no such processes", finish::dirty),
            option(&["--dirty-timeout", "dirty_timeout"], "INT").moot(DIRTY),
            option(&["--dirty-threads", "dirty_threads"], "INT").moot(DIRTY),
            option(&["--dirty-graceful-timeout", "dirty_graceful_timeout"], "INT").moot(DIRTY),
            option(&["on_dirty_starting"], "FUNCTION").refused(DIRTY),
            option(&["dirty_post_fork"], "FUNCTION").refused(DIRTY),
            option(&["dirty_worker_init"], "FUNCTION").refused(DIRTY),
            option(&["dirty_worker_exit"], "FUNCTION").refused(DIRTY),
        ],
    },
];
