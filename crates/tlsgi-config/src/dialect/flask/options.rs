//! Every option of `flask` and `flask run`.

use super::super::entry::{Section, option, switch};
use super::super::pyserver::{Pyserver, keep};

/// Switches and what turns them off.
pub(super) const OPPOSITES: [(&str, &str); 4] = [
    ("--debug", "--no-debug"),
    ("--reload", "--no-reload"),
    ("--debugger", "--no-debugger"),
    ("--with-threads", "--without-threads"),
];

/// By subject.
pub(super) static TABLE: &[Section<Pyserver>] = &[
    Section {
        title: "Application",
        entries: &[
            option(&["--app", "-A"], "IMPORT").done("found by Flask itself, in the worker", keep),
            option(&["--env-file", "-e"], "FILE")
                .done("`--env`, once for each variable that the environment does not have", |_, _| {}),
            switch(&["--debug"])
                .nearly("`--reload`, and the debugger where only this machine reaches the server", keep),
            switch(&["--no-debug"]).done("the default", keep),
        ],
    },
    Section {
        title: "Listener and certificate",
        entries: &[
            option(&["--host", "-h"], "TEXT")
                .done("`--bind` with a certificate, `--bind-http --allow-http` without", keep),
            option(&["--port", "-p"], "INTEGER")
                .done("`--bind` with a certificate, `--bind-http --allow-http` without; 5000", keep),
            option(&["--cert"], "adhoc|FILE").nearly(
                "`adhoc`: the local CA; a file: `--certfile`; the import path of an SSLContext is refused",
                keep,
            ),
            option(&["--key"], "FILE").done("`--keyfile`", keep),
        ],
    },
    Section {
        title: "Development",
        entries: &[
            switch(&["--reload"]).done("`--reload`", keep),
            switch(&["--no-reload"]).done("`--no-reload`", keep),
            switch(&["--debugger"]).nearly("Werkzeug's, where only this machine reaches the server", keep),
            switch(&["--no-debugger"]).done("none", keep),
            switch(&["--with-threads"]).done("`--threads`, five unless `TLSGI_THREADS` says otherwise", keep),
            switch(&["--without-threads"]).done("`--threads 1`", keep),
            option(&["--extra-files"], "PATH").done("`--touch-workers`, with `--reload`", keep),
            option(&["--exclude-patterns"], "PATH").done("`--reload-exclude`", keep),
        ],
    },
];
