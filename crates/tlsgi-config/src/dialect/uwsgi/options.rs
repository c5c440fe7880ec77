//! The options of uWSGI that serve Python applications.

use super::super::entry::{Section, Takes, option, switch};
use super::{Uwsgi, finish, keep, listen};

/// By subject. What is not here is in `names`.
pub(super) static TABLE: &[Section<Uwsgi>] = &[
    Section {
        title: "HTTPS and certificates",
        entries: &[
            option(&["--https"], "SOCKET,CERT,KEY[,CIPHERS[,[!]CA]]")
                .nearly("`--bind`, `--certfile`, `--keyfile`; `CA` is `--client-ca` with `--client-cert request`, `!CA` with `require`; CIPHERS are `--tls-ciphers`, of which only suites with forward secrecy and authenticated encryption are offered", keep),
            option(&["--https2"], "addr=…,cert=…,key=…").nearly("as `https`; `spdy` changes nothing", keep),
            option(&["--https-socket"], "SOCKET,CERT,KEY[,…]").nearly("as `https`", keep),
            option(&["--ssl-verify-depth"], "N").takes(Takes::Attached).done("`--client-verify-depth`; it may stand behind `https`", keep),
            switch(&["--https-export-cert"]).nearly("`--ssl-export-pem`: `SSL_CLIENT_CERT` instead of `HTTPS_CC`", finish::export_certificate),
            option(&["--https-session-context"], "TEXT").moot("sessions are resumed with tickets, on every listener"),
            option(&["--ssl-sessions-use-cache", "--ssl-session-use-cache"], "CACHE").takes(Takes::Attached).moot("sessions are resumed with tickets"),
            option(&["--ssl-sessions-timeout", "--ssl-session-timeout"], "SECONDS").moot("sessions are resumed with tickets"),
            switch(&["--ssl-enable3", "--ssl-enable-sslv3"]).moot("SSL 3 is not spoken"),
            switch(&["--ssl-enable-tlsv1"]).moot("TLS 1.0 and 1.1 are not spoken"),
            option(&["--ssl-option"], "N").moot("it is a bit of OpenSSL's"),
            option(&["--ssl-tmp-dir"], "DIR").moot("keys are not written anywhere"),
            switch(&["--ssl-verbose"]).moot("handshakes that fail are logged at the level debug"),
            option(&["--sni"], "NAME CERT,KEY[,CIPHERS[,CA]]").done("a `[[site]]` of that name", keep),
            option(&["--sni-regexp"], "PATTERN CERT,KEY[,…]").refused(SNI),
            option(&["--sni-dir"], "DIR").nearly("a `[[site]]` for each `NAME.crt` that is there at the start", keep),
            option(&["--sni-dir-ciphers"], "CIPHERS").done("`--tls-ciphers` of the sites of `sni-dir`", keep),
        ],
    },
    Section {
        title: "Other sockets",
        entries: &[
            option(&["--http", "--httprouter"], "SOCKET").done("`--bind-http` with `--allow-http`", keep),
            option(&["--http-socket"], "SOCKET").done("as `http`", keep),
            option(&["--http11-socket"], "SOCKET").done("as `http`", keep),
            option(&["--http-to-https"], "SOCKET[,PORT]").nearly("`--bind-http`, which redirects; 308 where the method must stay", keep),
            option(&["--http-to"], "SOCKET").nearly("the application's own processes where it names their socket, else `--route /=uwsgi://…`; several are refused", keep),
            option(&["--shared-socket", "--undeferred-shared-socket"], "SOCKET").done("the address that `=N` stands for", keep),
            option(&["--socket", "--uwsgi-socket", "-s"], "SOCKET").nearly("beside `http` or `https` it is not needed; alone it is refused, since nothing here listens for the uwsgi protocol", keep),
            option(&["--protocol", "--socket-protocol"], "NAME").done("`http` makes `socket` an `http-socket`", keep),
            option(&["--listen", "-l"], "N").says("backlog"),
            option(&["--http-processes", "--http-workers"], "N").moot("one process with a thread per two cores holds all connections (`TLSGI_FRONT_THREADS`)"),
            option(&["--http-timeout"], "SECONDS").done("`--write-timeout`, `--body-grace` and `--upstream-timeout`", finish::http_timeout),
            option(&["--http-headers-timeout"], "SECONDS").says("header-timeout"),
            option(&["--http-connect-timeout"], "SECONDS").says("upstream-connect-timeout"),
            option(&["--http-keepalive"], "SECONDS").takes(Takes::Attached).done("`--keep-alive-timeout`; connections are always kept", finish::keep_alive),
            switch(&["--http-auto-chunked"]).always("responses are always framed"),
            switch(&["--http-auto-gzip"]).nearly("`--compress --compress-coding gzip`, whether or not the response has `uWSGI-Encoding: gzip`; what may hold secrets is not compressed for clients with credentials", finish::auto_gzip),
            switch(&["--http-websockets"]).always("WebSockets reach ASGI applications"),
            switch(&["--http-raw-body"]).always("bodies reach the application whatever their framing"),
            switch(&["--http-chunked-input"]).always("chunked requests are always accepted"),
            option(&["--http-manage-expect"], "N").takes(Takes::Attached).always("100 Continue is sent when the application reads"),
            option(&["--http-buffer-size"], "BYTES").moot("`buffer-size` bounds a request's header"),
            switch(&["--http-enable-proxy-protocol"]).refused("uWSGI believes everybody's header; `tlsgi serve --proxy-protocol --trusted-proxy NETWORK` takes it from proxies that are named"),
            option(&["--http-var"], "KEY=VALUE").done("`--wsgi-environ`", |state, given| state.draft.say("wsgi-environ", given.value(), given)),
            option(&["--http-modifier1", "--http-modifier2", "--http-socket-modifier1", "--http-socket-modifier2"], "N").moot("there is no uwsgi protocol between the processes"),
            switch(&["--so-keepalive", "--tcp-nodelay", "--reuse-port", "--thunder-lock", "--thunder-lock-watchdog"]).moot("the server accepts connections in one process and sets its sockets by itself"),
            option(&["--socket-timeout", "-z"], "SECONDS").moot("processes talk over sockets without a deadline; clients have `http-timeout`"),
            option(&["--so-send-timeout", "--socket-send-timeout", "--socket-write-timeout"], "SECONDS").says("write-timeout"),
        ],
    },
    Section {
        title: "Application",
        entries: &[
            option(&["--module", "--wsgi", "-w"], "MODULE[:NAME]").done("the application", keep),
            option(&["--wsgi-file", "--file"], "FILE").done("the application", keep),
            option(&["--callable"], "NAME").done("the attribute of the application", keep),
            option(&["--mount"], "PREFIX=APP").done("the application with `--mount`; several have a `[pool.NAME]` and a `--route` each", keep),
            switch(&["--manage-script-name"]).always("`SCRIPT_NAME` is the prefix of `mount`"),
            option(&["--virtualenv", "--home", "--venv", "--pyhome", "-H"], "DIR").done("`--python DIR/bin/python`; tlsgi must be installed there", keep),
            option(&["--pythonpath", "--python-path", "--pp"], "DIR").done("`--python-path`", keep),
            option(&["--chdir"], "DIR").done("`--chdir`", keep),
            option(&["--env"], "NAME=VALUE").done("`--env`", finish::environment),
            option(&["--paste", "--ini-paste", "--ini-paste-logged"], "FILE").refused("write a module with `application = paste.deploy.loadapp('config:/path/to/file.ini')`"),
            option(&["--pyargv"], "TEXT").moot("`sys.argv` is that of the worker"),
            option(&["--optimize", "-O"], "N").done("`--env PYTHONOPTIMIZE=N`", |state, given| {
                let text = format!("PYTHONOPTIMIZE={}", given.value());
                state.draft.say("env", &text, given);
            }),
            switch(&["--need-app"]).always("an application that does not load is a start error"),
            switch(&["--single-interpreter", "-i"]).always("an application has processes of its own"),
            switch(&["--lazy-apps", "--lazy"]).always("every process imports the application itself"),
            switch(&["--wsgi-accept-buffer", "--wsgi-accept-buffers"]).moot("the application yields bytes"),
            option(&["--wsgi-env-behavior", "--wsgi-env-behaviour"], "NAME").moot("every request has an `environ` of its own"),
            switch(&["--wsgi-disable-file-wrapper"]).moot("`wsgi.file_wrapper` is there for applications that use it"),
            switch(&["--wsgi-strict", "--wsgi-manage-chunked-input"]).always("it is so"),
            option(&["--plugin", "--plugins", "--need-plugin", "--need-plugins"], "NAMES").moot("there are no plugins: Python, HTTP and TLS are built in"),
            option(&["--plugins-dir", "--plugin-dir"], "DIR").moot("there are no plugins: Python, HTTP and TLS are built in"),
        ],
    },
    Section {
        title: "Processes and threads",
        entries: &[
            switch(&["--master", "-M"]).always("there is a supervisor"),
            option(&["--processes", "--workers", "-p"], "N").says("processes"),
            option(&["--threads"], "N").done("`--threads`; 1 where nothing is said", |state, given| {
                state.draft.say("threads", given.value(), given);
            }),
            switch(&["--enable-threads", "-T"]).always("threads of the application run"),
            option(&["--gevent", "--asyncio", "--async"], "N").refused("WSGI runs in threads (`threads`); an ASGI application runs on asyncio or uvloop"),
            option(&["--harakiri", "-t"], "SECONDS").nearly("`--request-timeout`: the client gets 504, and the worker is replaced", finish::harakiri),
            switch(&["--harakiri-verbose"]).always("what a stuck worker was doing is logged"),
            option(&["--harakiri-graceful-timeout", "--harakiri-graceful-signal", "--harakiri-queue-threshold"], "N").moot("a worker whose request is over its time is replaced at once, others take its requests"),
            option(&["--max-requests", "-R"], "N").says("max-requests"),
            option(&["--max-requests-delta"], "N").nearly("`--max-requests-jitter`: by chance, not by worker", |state, given| {
                state.draft.say("max-requests-jitter", given.value(), given);
            }),
            option(&["--max-worker-lifetime"], "SECONDS").done("`--max-worker-age`; 0 is none", |state, given| finish::or_none(state, given, "max-worker-age")),
            option(&["--max-worker-lifetime-delta", "--min-worker-lifetime"], "SECONDS").moot("workers that are due are replaced one after the other, each when its successor is ready"),
            option(&["--reload-on-rss", "--evil-reload-on-rss"], "MB").done("`--max-worker-memory`", finish::memory),
            option(&["--reload-on-as", "--evil-reload-on-as", "--limit-as"], "MB").moot("memory is bounded by what is resident (`reload-on-rss`)"),
            option(&["--worker-reload-mercy", "--reload-mercy"], "SECONDS").says("graceful-timeout"),
            option(&["--cheaper", "--cheaper-initial", "--cheaper-step", "--cheaper-algo", "--cheaper-overload", "--cheaper-idle"], "N").moot("all workers always run"),
            switch(&["--cheap", "--die-on-idle"]).moot("all workers always run; systemd can start the server on the first connection"),
            option(&["--idle"], "SECONDS").moot("all workers always run"),
            switch(&["--die-on-term"]).always("TERM stops"),
            switch(&["--no-orphans", "--vacuum", "--close-on-exec", "--close-on-exec2"]).always("it is so"),
            switch(&["--auto-procname"]).always("`ps` shows what each process is"),
            option(&["--procname", "--procname-prefix", "--procname-prefix-spaced", "--procname-append", "--procname-master"], "TEXT").moot("`ps` shows `tlsgi: …` with what each process is"),
            option(&["--thread-stacksize", "--threads-stacksize", "--thread-stack-size", "--threads-stack-size"], "KB").moot("threads have the stack of the system"),
            option(&["--offload-threads"], "N").always("files never occupy a worker"),
            option(&["--ugreen", "--cpu-affinity"], "N").moot("the kernel places processes"),
        ],
    },
    Section {
        title: "Limits",
        entries: &[
            option(&["--buffer-size", "-b"], "BYTES").done("`--max-header-size`", finish::buffer_size),
            option(&["--max-vars", "-v"], "N").says("max-header-count"),
            option(&["--limit-post"], "BYTES").done("`--max-body-size`; 0 is none", |state, given| finish::or_none(state, given, "max-body-size")),
            option(&["--post-buffering", "--post-buffering-bufsize"], "BYTES").moot("`wsgi.input` is a stream; the server waits for small bodies before it occupies a worker"),
            option(&["--chunked-input-limit"], "BYTES").moot("`limit-post` bounds every body"),
            option(&["--chunked-input-timeout"], "SECONDS").moot("every body has a floor of its rate"),
            switch(&["--ignore-sigpipe", "--ignore-write-errors", "--disable-write-exception"]).always("a client that goes away is no error"),
            option(&["--write-errors-tolerance"], "N").always("a client that goes away is no error"),
        ],
    },
    Section {
        title: "Privileges",
        entries: &[
            option(&["--uid"], "USER").done("`--user`", |state, given| state.draft.say("user", given.value(), given)),
            option(&["--gid"], "GROUP").done("`--group`", |state, given| state.draft.say("group", given.value(), given)),
            option(&["--http-uid"], "USER").done("`--front-user`", |state, given| state.draft.say("front-user", given.value(), given)),
            option(&["--http-gid"], "GROUP").done("`--front-group`", |state, given| state.draft.say("front-group", given.value(), given)),
            option(&["--add-gid"], "GROUP").differs("`--supplementary-group`: those named are all, the user's others are left out", |state, given| {
                state.draft.say("supplementary-group", given.value(), given);
            }),
            option(&["--umask"], "MASK").done("`--umask`", |state, given| state.draft.say("umask", given.value(), given)),
            option(&["--chmod-socket", "-C"], "MODE").takes(Takes::Attached).done("`--socket-mode`, 666 without a value", |state, given| {
                let mode = Some(given.value()).filter(|mode| !mode.is_empty()).unwrap_or("666");
                state.draft.say("socket-mode", mode, given);
            }),
            option(&["--chown-socket"], "USER[:GROUP]").refused("started by root, a Unix socket belongs to the user and group of the front: `--front-user`, `--front-group`"),
            option(&["--chroot"], "DIR").refused("a service manager or a container gives the server a root of its own"),
            option(&["--cap"], "NAMES").refused("a service manager gives capabilities (`AmbientCapabilities=`)"),
            switch(&["--master-as-root"]).always("the supervisor keeps what it needs for a reload"),
            switch(&["--drop-after-init", "--drop-after-apps"]).moot("processes have their user before the application is imported"),
        ],
    },
    Section {
        title: "Static files, headers and routes",
        entries: &[
            option(&["--static-map", "--static-map2"], "PREFIX=DIR").nearly("`--static`; `static-map2` appends the prefix to the directory", finish::static_map),
            option(&["--check-static"], "DIR").done("`--document-root`; several are refused", finish::check_static),
            switch(&["--check-static-docroot"]).refused("name the directory with `check-static`"),
            option(&["--static-index"], "NAME").says("directory-index"),
            option(&["--static-expires", "--static-expires-uri", "--static-expires-path-info"], "PATTERN SECONDS").moot("one `max-age` is for all files (`TLSGI_STATIC_MAX_AGE`)"),
            option(&["--static-expires-type"], "TYPE=SECONDS").moot("one `max-age` is for all files (`TLSGI_STATIC_MAX_AGE`)"),
            switch(&["--static-gzip-all"]).always("a `.br`, `.zst` or `.gz` sibling of a file is sent to who accepts it"),
            option(&["--static-gzip", "--static-gzip-dir", "--static-gzip-prefix", "--static-gzip-ext", "--static-gzip-suffix"], "NAME").always("a `.br`, `.zst` or `.gz` sibling of a file is sent to who accepts it"),
            option(&["--static-safe"], "DIR").refused("nothing outside of a mapped directory is served"),
            option(&["--static-skip-ext"], "NAME").refused("every file of a mapped directory is served, except dot files"),
            option(&["--mimefile", "--mime-file"], "FILE").moot("media types of files are built in"),
            option(&["--add-header"], "NAME: VALUE").nearly("`--response-header 'add NAME: VALUE'`; `Strict-Transport-Security` is `--hsts`, over HTTPS only", finish::add_header),
            option(&["--del-header"], "NAME").done("`--response-header 'remove NAME'`", |state, given| {
                state.draft.say("response-header", &format!("remove {}", given.value()), given);
            }),
            option(&["--route-if"], "CONDITION ACTION").nearly("`equal:${HTTPS};on addheader:…` and `delheader:` are `--response-header`, `Strict-Transport-Security` is `--hsts`; others are refused", finish::route_if),
            option(&["--route-if-not"], "CONDITION ACTION").nearly("`equal:${HTTPS};on redirect-permanent:https://${HTTP_HOST}${REQUEST_URI}` is the redirect of plain HTTP; others are refused", finish::route_if_not),
        ],
    },
    Section {
        title: "Logging and watching",
        entries: &[
            option(&["--logto", "--logto2"], "FILE").differs("the access log goes there; the server's own log stays on standard error", finish::log_to),
            option(&["--req-logger"], "file:FILE|stdio").nearly("`--access-log`; only files and standard error", finish::request_logger),
            option(&["--logger", "--log-encoder", "--log-req-encoder"], "TEXT").moot("the server's own log goes to standard error, as text or JSON (`TLSGI_LOG_FORMAT`)"),
            option(&["--log-format", "--logformat"], "TEXT").moot("lines are Apache's `combined` with TLS version, request id and time, or JSON (`TLSGI_ACCESS_LOG_FORMAT`)"),
            switch(&["--log-master", "--threaded-logger", "--log-reopen", "--log-micros", "--logformat-strftime"]).always("nobody who logs waits; USR1 opens the files again"),
            switch(&["--disable-logging", "-L"]).done("`--no-access-log`", keep),
            switch(&["--log-4xx", "--log-5xx", "--log-zero", "--log-ioerror", "--log-sendfile"]).moot("all requests are logged, or none"),
            option(&["--log-slow", "--log-big"], "N").moot("all requests are logged, or none"),
            option(&["--log-date", "--logdate", "--log-prefix"], "FORMAT").takes(Takes::Attached).always("lines have their time"),
            switch(&["--log-x-forwarded-for"]).moot("`TLSGI_TRUSTED_PROXY` and `TLSGI_TRUST` say whose word on the client's address is taken, and logged"),
            option(&["--log-maxsize", "--log-backupname"], "N").moot("logrotate moves the file, and the signal USR1 has it opened again"),
            option(&["--daemonize", "--daemonize2", "-d"], "FILE").differs("the server stays in the foreground, for a service manager; the access log goes to the file", finish::log_to),
            option(&["--pidfile", "--pidfile2", "--safe-pidfile", "--safe-pidfile2"], "FILE").done("`--pid-file`", finish::pid_file),
            option(&["--stats", "--stats-server", "--http-stats", "--http-stats-server"], "SOCKET").takes(Takes::One).moot("there is no statistics socket; the access log can be JSON (`TLSGI_ACCESS_LOG_FORMAT`)"),
            switch(&["--stats-http", "--stats-no-cores", "--stats-no-metrics", "--memory-report", "--enable-metrics"]).moot("there is no statistics socket; the access log can be JSON (`TLSGI_ACCESS_LOG_FORMAT`)"),
            option(&["--py-autoreload", "--py-auto-reload", "--python-autoreload", "--python-auto-reload"], "SECONDS").done("`--reload`", finish::auto_reload),
            option(&["--touch-reload", "--fs-reload"], "FILE").done("`--touch-reload`: configuration, certificates and code, without losing a request", finish::touch_reload),
            option(&["--touch-chain-reload", "--touch-workers-reload"], "FILE").done("`--touch-workers`: one worker after the other, each when its successor is ready", finish::touch_workers),
            option(&["--master-fifo"], "FILE").moot("signals do what the fifo does: HUP, TERM, TTIN, TTOU, USR1"),
        ],
    },
    Section {
        title: "Configuration",
        entries: &[
            option(&["--ini"], "FILE[:SECTION]").always("read"),
            option(&["--xml", "--xmlconfig", "-x"], "FILE[:SECTION]").always("read"),
            option(&["--yaml", "--yml", "-y"], "FILE[:SECTION]").always("read"),
            option(&["--json", "--js", "-j"], "FILE[:SECTION]").always("read"),
            option(&["--config", "--include", "--inherit"], "FILE").always("read"),
            option(&["--set", "--set-placeholder", "--set-ph", "-S"], "NAME=VALUE").always("a placeholder"),
            option(&["--for", "--for-times", "--for-readline", "--for-glob"], "WORDS").always("as there"),
            option(&["--if-opt", "--if-not-opt", "--if-env", "--ifenv", "--if-not-env"], "NAME[=VALUE]").always("as there"),
            option(&["--if-exists", "--ifexists", "--if-not-exists", "--if-file", "--if-not-file", "--if-dir", "--ifdir", "--if-directory", "--if-not-dir"], "PATH").always("as there"),
            switch(&["--if-reload", "--if-not-reload"]).always("what is read again on a reload is read as at the start"),
            option(&["--else", "--endfor", "--end-for", "--endif", "--end-if"], "TEXT").takes(Takes::Attached).always("as there"),
            switch(&["--strict"]).always("a name that is no option is an error"),
            option(&["--print"], "TEXT").moot("nothing is printed or run while reading"),
            switch(&["--skip-atexit", "--skip-atexit-teardown", "--no-default-app"]).always("it is so"),
        ],
    },
];

const SNI: &str = "a site has names, or a wildcard for one label: `sni` with each";

/// Listeners are made when all addresses are known.
pub(super) const LISTENERS: [(&str, listen::Kind); 7] = [
    ("https", listen::Kind::Https),
    ("https2", listen::Kind::Https2),
    ("https-socket", listen::Kind::Https),
    ("http", listen::Kind::Http),
    ("http-socket", listen::Kind::Http),
    ("http11-socket", listen::Kind::Http),
    ("http-to-https", listen::Kind::Redirect),
];
