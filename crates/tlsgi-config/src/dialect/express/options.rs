//! Every option of `mod_wsgi-express start-server`.

use super::super::entry::{Section, Takes, option, switch};
use super::finish;
use super::{Express, keep};

/// By subject.
pub(super) static TABLE: &[Section<Express>] = &[
    Section {
        title: "Application",
        entries: &[
            option(&["--application-type"], "TYPE")
                .nearly("`script` and `module` are served. `paste` and `static` are refused: load the one in a module, serve the other with `--static`", keep),
            option(&["--entry-point"], "FILE-PATH|MODULE").done("the application", keep),
            option(&["--callable-object"], "NAME").done("the attribute of the application", keep),
            option(&["--application-group"], "NAME")
                .nearly("the application always runs in the main interpreter, as with `%{GLOBAL}`, the default", finish::application_group),
            option(&["--process-group"], "NAME").moot("the name is shown nowhere; `ps` shows `tlsgi: worker app/1`"),
            option(&["--mount-point"], "URL-PATH").says("mount"),
            option(&["--working-directory"], "DIRECTORY-PATH").done("`--chdir`", finish::working_directory),
            option(&["--python-path"], "DIRECTORY-PATH").done("`--python-path`", finish::python_path),
            option(&["--python-eggs"], "DIRECTORY-PATH")
                .done("`--env PYTHON_EGG_CACHE=…`", |state, given| finish::variable(state, given, "PYTHON_EGG_CACHE")),
            option(&["--python-warnings"], "SPEC").done("`--env PYTHONWARNINGS=…`", keep),
            option(&["--switch-interval"], "SECONDS").moot("call `sys.setswitchinterval()` in the application"),
            switch(&["--free-threading"]).moot("name a free-threaded interpreter with `TLSGI_PYTHON`"),
            switch(&["--orphan-interpreter"]).moot("workers end with their process"),
            option(&["--map-head-to-get"], "OFF|ON|AUTO")
                .moot("HEAD reaches the application as HEAD, and a body that comes all the same is left out"),
        ],
    },
    Section {
        title: "HTTPS, client certificates, HSTS",
        entries: &[
            option(&["--https-port", "--ssl-port"], "NUMBER").nearly("`--https-port`; it needs no `--server-name` and no certificate", keep),
            option(&["--ssl-certificate-file"], "FILE-PATH").done("`--certfile`", keep),
            option(&["--ssl-certificate-key-file"], "FILE-PATH").done("`--keyfile`", keep),
            option(&["--ssl-certificate"], "FILE-PATH").done("`--certfile FILE-PATH.crt --keyfile FILE-PATH.key`", keep),
            option(&["--ssl-certificate-chain-file"], "FILE-PATH").done("`--chain-file`", keep),
            option(&["--ssl-ca-certificate-file"], "FILE-PATH")
                .nearly("`--client-ca`; alone it is `--client-cert require`, as there and unlike the documentation there", keep),
            option(&["--ssl-verify-client"], "URL-PATH")
                .nearly("`--client-cert-path`: 403 in HTTP instead of a broken handshake; also over plain HTTP", keep),
            switch(&["--ssl-environment"]).says("ssl-environment"),
            switch(&["--https-only"]).nearly("`--https-only`: 301 or 308 instead of 302, also without `--server-name`", keep),
            option(&["--hsts-policy"], "PARAMS").nearly("`--hsts`, on every HTTPS response; also without `--https-only`", keep),
            switch(&["--http2"]).nearly("HTTP/2 is always offered over TLS; it is not spoken in the clear (h2c)", finish::http2),
        ],
    },
    Section {
        title: "Listeners and names",
        entries: &[
            option(&["--host"], "IP-ADDRESS").done("`--host`", keep),
            option(&["--port"], "NUMBER").done("`--port`, or `--bind-http` where there is no HTTPS", keep),
            option(&["--server-name"], "HOSTNAME")
                .nearly("`--server-name`; other names get 421 instead of 403. The parent of a `www.` name is sent to it (`--canonical-name`), unless there are aliases", keep),
            option(&["--server-alias"], "HOSTNAME").nearly("`--server-name`; a wildcard is the whole first label", keep),
            switch(&["--allow-localhost"])
                .differs("`localhost`, `127.0.0.1` and `::1` become names of the site, whoever sends them", keep),
            option(&["--server-backlog"], "NUMBER").says("backlog"),
            option(&["--keep-alive-timeout"], "SECONDS").nearly("`--keep-alive-timeout`; 0 is one request a connection", finish::keep_alive),
        ],
    },
    Section {
        title: "Processes and threads",
        entries: &[
            option(&["--processes"], "NUMBER").says("processes"),
            option(&["--threads"], "NUMBER").done("`--threads`", |state, given| {
                state.draft.say("threads", given.value(), given);
                keep(state, given);
            }),
            option(&["--max-clients"], "NUMBER").says("max-connections"),
            option(&["--initial-workers"], "NUMBER").moot("there are no Apache workers: connections cost no thread"),
            option(&["--minimum-spare-workers"], "NUMBER").moot("there are no Apache workers: connections cost no thread"),
            option(&["--maximum-spare-workers"], "NUMBER").moot("there are no Apache workers: connections cost no thread"),
            option(&["--maximum-requests"], "NUMBER").says("max-requests"),
            option(&["--restart-interval"], "SECONDS")
                .done("`--max-worker-age`; 0 is none", |state, given| finish::or_none(state, given, "max-worker-age")),
            option(&["--cpu-time-limit"], "SECONDS")
                .moot("workers are replaced after requests (`--maximum-requests`) or memory (`TLSGI_MAX_WORKER_MEMORY`), not after CPU time"),
            option(&["--daemon-backlog"], "NUMBER").differs("`--max-queue`: requests wait in the server, not in a socket", |state, given| {
                state.draft.say("max-queue", given.value(), given);
            }),
            option(&["--socket-prefix"], "DIRECTORY-PATH").moot("processes talk over sockets without a name"),
            switch(&["--embedded-mode"]).moot("the application always runs in processes of its own"),
            option(&["--server-mpm"], "NAME").moot("there is no Apache: one process of few threads holds all connections"),
            option(&["--service-script"], "NAME SCRIPT-PATH").takes(Takes::Two).refused(SERVICE),
            option(&["--service-user"], "NAME USERNAME").takes(Takes::Two).refused(SERVICE),
            option(&["--service-group"], "NAME GROUP").takes(Takes::Two).refused(SERVICE),
            option(&["--service-log-file"], "NAME FILE-NAME").takes(Takes::Two).refused(SERVICE),
            option(&["--process-name"], "NAME").moot("`ps` shows `tlsgi: …` with what each process is"),
        ],
    },
    Section {
        title: "Deadlines and limits",
        entries: &[
            option(&["--request-timeout"], "SECONDS")
                .nearly("`--request-timeout`: after exactly that time, for that request alone; 0 is none. The default is the 60 × (1 + ln threads) of there", keep),
            option(&["--interrupt-timeout"], "SECONDS")
                .nearly("`--response-timeout`: 504 after that time, and the worker goes on; no exception is raised in the application", finish::interrupt_timeout),
            option(&["--startup-timeout"], "SECONDS").says("startup-timeout"),
            option(&["--shutdown-timeout"], "SECONDS").moot("a worker has `--graceful-timeout` to end, and ends as soon as it is idle"),
            option(&["--graceful-timeout"], "SECONDS").says("graceful-timeout"),
            option(&["--eviction-timeout"], "SECONDS").moot("`--graceful-timeout` is for every replacement"),
            option(&["--deadlock-timeout"], "SECONDS").moot("`--request-timeout` replaces a worker that is stuck, for whatever reason"),
            option(&["--inactivity-timeout"], "SECONDS").moot("idle workers stay"),
            option(&["--ignore-activity"], "URL-PATH").moot("idle workers stay"),
            option(&["--connect-timeout"], "SECONDS").moot("nothing has to be connected to: workers are always connected"),
            option(&["--queue-timeout"], "SECONDS").nearly("`--queue-timeout`; 503 with Retry-After instead of 504", finish::queue_timeout),
            option(&["--socket-timeout"], "SECONDS").nearly("`--write-timeout`; reading has `--body-timeout`", finish::write_timeout),
            option(&["--response-socket-timeout"], "SECONDS").nearly("`--write-timeout`", finish::write_timeout),
            option(&["--header-timeout"], "SECONDS").nearly("`--header-timeout`: one bound, that bytes do not extend", keep),
            option(&["--header-max-timeout"], "SECONDS").nearly("`--header-timeout`: one bound, that bytes do not extend", keep),
            option(&["--header-min-rate"], "BYTES").moot("a request's header has one bound, that bytes do not extend"),
            option(&["--body-timeout"], "SECONDS").nearly("`--body-grace`", finish::body_timeout),
            option(&["--body-max-timeout"], "SECONDS").moot("an upload is bounded by its rate and its size"),
            option(&["--body-min-rate"], "BYTES").says("min-body-rate"),
            option(&["--limit-request-body"], "NUMBER").nearly("`--max-body-size`; 0 is none", |state, given| finish::or_none(state, given, "max-body-size")),
            option(&["--send-buffer-size"], "NUMBER").moot("processes talk over sockets that the server sizes"),
            option(&["--receive-buffer-size"], "NUMBER").moot("processes talk over sockets that the server sizes"),
            option(&["--header-buffer-size"], "NUMBER").moot("response headers have a bound of their own"),
            option(&["--response-buffer-size"], "NUMBER").moot("responses flow as fast as their clients take them"),
            option(&["--response-flush-delay"], "MILLISECONDS").moot("what the application yields is sent at once"),
            switch(&["--chunked-request"]).always("chunked requests are always accepted"),
            switch(&["--enable-sendfile"]).always("files are handed to the server, which sends them"),
        ],
    },
    Section {
        title: "Reloading and debugging",
        entries: &[
            switch(&["--disable-reloading"]).done("no `--touch-workers WSGI-SCRIPT`, which is said otherwise: a touched script gets new workers", keep),
            switch(&["--reload-on-changes"]).says("reload"),
            switch(&["--debug-mode"]).differs("one process with one thread; output always goes to the terminal", |state, given| {
                state.draft.say("processes", "1", given);
                state.draft.say("threads", "1", given);
            }),
            switch(&["--enable-debugger"]).refused(DEBUGGER),
            switch(&["--debugger-startup"]).refused(DEBUGGER),
            switch(&["--enable-coverage"]).refused(TOOL),
            option(&["--coverage-directory"], "DIRECTORY-PATH").refused(TOOL),
            switch(&["--enable-profiler"]).refused(TOOL),
            option(&["--profiler-directory"], "DIRECTORY-PATH").refused(TOOL),
            switch(&["--enable-recorder"]).refused(TOOL),
            option(&["--recorder-directory"], "DIRECTORY-PATH").refused(TOOL),
            switch(&["--enable-gdb"]).refused("attach with `gdb -p PID` to the worker that `ps` shows"),
            option(&["--gdb-executable"], "FILE-PATH").moot("nothing runs under gdb"),
            switch(&["--setup-only"]).refused("the command `setup-server` writes the files, and starts nothing"),
        ],
    },
    Section {
        title: "Static files and other handlers",
        entries: &[
            option(&["--document-root"], "DIRECTORY-PATH")
                .nearly("`--document-root`: GET and HEAD of a file that is there; every other method reaches the application", finish::document_root),
            option(&["--url-alias"], "URL-PATH FILE-PATH|DIRECTORY-PATH").takes(Takes::Two).done("`--static`, of a directory or a file", finish::url_alias),
            option(&["--directory-index"], "FILE-NAME").done("`--directory-index`", finish::directory_index),
            switch(&["--directory-listing"]).refused("directories are not listed"),
            option(&["--allow-override"], "DIRECTIVE-TYPE").nearly("only `None`: there are no .htaccess files", finish::allow_override),
            option(&["--rewrite-rules"], "FILE-PATH").refused("there is no mod_rewrite; routes belong to the application"),
            option(&["--error-document"], "STATUS URL-PATH").takes(Takes::Two).nearly("`--error-page STATUS=FILE`, with the file that the URL leads to below a `--url-alias`; others are refused", keep),
            switch(&["--error-override"]).done("`--error-page-override all`", keep),
            switch(&["--compress-responses"]).differs("`--compress`; what may hold secrets is not compressed for clients with credentials, unless `compress-secrets` is set in a tlsgi.toml", |state, given| state.draft.say("compress", "true", given)),
            option(&["--add-handler"], "EXTENSION SCRIPT-PATH").takes(Takes::Two).refused("one application answers a URL, whatever its extension"),
            switch(&["--with-cgi"]).refused("there is no CGI"),
            switch(&["--with-php5"]).refused("there is no PHP"),
            switch(&["--enable-docs"]).refused("the documentation of mod_wsgi is not served"),
            option(&["--mime-types"], "FILE-PATH").moot("media types of files are built in"),
        ],
    },
    Section {
        title: "Proxies",
        entries: &[
            option(&["--proxy-mount-point", "--proxy-url-alias"], "URL-PATH URL").takes(Takes::Two).done("`--route URL-PATH=URL`", finish::proxy_mount),
            option(&["--proxy-virtual-host"], "HOSTNAME URL").takes(Takes::Two).refused("a site of its own in tlsgi.toml: `[[site]]` with `server-name` and `route`"),
            option(&["--proxy-timeout"], "SECONDS").says("upstream-timeout"),
            option(&["--trust-proxy-header"], "HEADER-NAME").nearly("`--trust`; without `--trust-proxy` it is an error, where mod_wsgi-express believes everybody", keep),
            option(&["--trust-proxy"], "IP-ADDRESS/SUBNET").done("`--trusted-proxy`", keep),
        ],
    },
    Section {
        title: "Authentication",
        entries: &[
            option(&["--host-access-script"], "SCRIPT-PATH").refused(AUTHENTICATION),
            option(&["--auth-user-script"], "SCRIPT-PATH").refused(AUTHENTICATION),
            option(&["--auth-type"], "TYPE").refused(AUTHENTICATION),
            option(&["--auth-group-script"], "SCRIPT-PATH").refused(AUTHENTICATION),
            option(&["--auth-group"], "NAME").refused(AUTHENTICATION),
        ],
    },
    Section {
        title: "Logging and telemetry",
        entries: &[
            switch(&["--log-to-terminal"]).done("the server's log always goes to standard error", keep),
            option(&["--log-directory"], "DIRECTORY-PATH").differs("the access log goes there; the server's own log stays on standard error", keep),
            option(&["--log-level"], "NAME").nearly("`--log-level`: error, warning, info or debug; not by module", finish::log_level),
            switch(&["--access-log"]).done("`--access-log`", keep),
            option(&["--access-log-format"], "FORMAT").nearly("`combined`, with the TLS version, the request id and the time taken appended", finish::access_log_format),
            option(&["--error-log-format"], "FORMAT").moot("the server's own log is text or JSON (`TLSGI_LOG_FORMAT`)"),
            option(&["--access-log-name"], "FILE-NAME").done("the file of `--access-log`", keep),
            option(&["--error-log-name"], "FILE-NAME").moot("the server's own log goes to standard error"),
            option(&["--startup-log-name"], "FILE-NAME").moot("the server's own log goes to standard error"),
            switch(&["--startup-log"]).moot("the server's own log goes to standard error"),
            switch(&["--rotate-logs"]).moot("logrotate moves the file, and the signal USR1 has it opened again"),
            option(&["--max-log-size"], "MB").moot("logrotate moves the file, and the signal USR1 has it opened again"),
            option(&["--rotatelogs-executable"], "FILE-PATH").moot("logrotate moves the file, and the signal USR1 has it opened again"),
            switch(&["--server-metrics"]).refused("there is no `mod_wsgi` module to ask for metrics"),
            switch(&["--server-status"]).refused("there is no status page"),
            option(&["--telemetry-service"], "TARGET").refused(TELEMETRY),
            switch(&["--enable-telemetry"]).refused(TELEMETRY),
            option(&["--telemetry-ui-port"], "NUMBER").refused(TELEMETRY),
            option(&["--telemetry-interval"], "SECONDS").refused(TELEMETRY),
            option(&["--telemetry-options"], "ARGS").refused(TELEMETRY),
            option(&["--slow-requests"], "SECONDS").moot("the access log has the milliseconds of every request"),
            switch(&["--verbose-debugging"]).moot("it has no effect there either"),
        ],
    },
    Section {
        title: "Privileges, environment and files",
        entries: &[
            option(&["--user"], "USERNAME").done("`--user`", keep),
            option(&["--group"], "GROUP").done("`--group`", keep),
            option(&["--setenv"], "KEY VALUE").takes(Takes::Two)
                .done("`--wsgi-environ`", |state, given| {
                    let text = format!("{}={}", given.value(), given.second());
                    state.draft.say("wsgi-environ", &text, given);
                }),
            option(&["--passenv"], "KEY").done("`--wsgi-environ` with the value at the start", finish::pass_variable),
            option(&["--envvars-script"], "FILE-PATH").refused("no shell runs: put the variables into the environment, or into `[env]` of a tlsgi.toml"),
            option(&["--locale", "--lang"], "NAME").done("`--env LC_ALL=… --env LANG=…`", finish::locale),
            option(&["--server-root"], "DIRECTORY-PATH").done("where `setup-server` writes; `start-server` writes no files", keep),
            option(&["--pid-file"], "FILE-PATH").done("`--pid-file`", finish::pid_file),
            option(&["--include-file"], "FILE-PATH")
                .nearly("Apache's directives about versions and suites of TLS, and about fields; what else changes what is served is refused", keep),
            option(&["--shell-executable"], "FILE-PATH").moot("no shell runs"),
            option(&["--httpd-executable"], "FILE-PATH").moot("there is no Apache"),
            option(&["--modules-directory"], "DIRECTORY-PATH").moot("there is no Apache"),
        ],
    },
];

const SERVICE: &str = "side processes belong to systemd or a container of their own";
const DEBUGGER: &str = "workers have no terminal; use `breakpoint()` with a debugger that listens, or `python -m pdb`";
const TOOL: &str = "run the tool around a test of the application instead";
const AUTHENTICATION: &str =
    "there are no authentication scripts; let the application ask, or ask for client certificates";
const TELEMETRY: &str = "there is no telemetry service; read the access log as JSON (`TLSGI_ACCESS_LOG_FORMAT=json`)";
