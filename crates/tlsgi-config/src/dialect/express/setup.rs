//! `setup-server`: a tlsgi.toml, and a script with the words of apachectl.

use std::path::Path;

use super::super::{NewFile, Outcome, toml};
use super::Express;

/// What is written, and what is said about it.
pub(super) fn files(state: &Express) -> Outcome {
    let root = state
        .kept("--server-root")
        .map_or_else(|| state.directory.clone(), |given| state.directory.join(given.value()));
    let config = root.join("tlsgi.toml");
    let script = root.join("apachectl");
    let mut text = "# Written by `tlsgi mod_wsgi-express setup-server`.\n\n".to_owned();
    text.push_str(&toml::write(&state.draft.layer.clone().into()));
    let has_pid_file = state.draft.has("pid-file");
    if !has_pid_file {
        text.push_str(&format!(
            "\n# Read by apachectl.\npid-file = {}\n",
            ::toml::Value::from(shown(&root.join("tlsgi.pid")))
        ));
    }
    let pid_file = crate::layer::find("pid-file").map(|spec| (spec.slot)(&state.draft.layer).said());
    let pid_file = pid_file.and_then(|said| said.first().map(|(text, _)| text.clone()));
    let pid_file = pid_file.unwrap_or_else(|| shown(&root.join("tlsgi.pid")));
    let said = format!(
        "Configuration      : {}\nControl script     : {}\n\n{script} start\n",
        config.display(),
        script.display(),
        script = script.display(),
    );
    let files = vec![
        NewFile { path: config.clone(), text, is_executable: false },
        NewFile { path: script, text: control(&shown(&config), &pid_file), is_executable: true },
    ];
    Outcome::Write(files, said)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The control script. `start` stays in the foreground, as a service manager wants it.
fn control(config: &str, pid_file: &str) -> String {
    format!(
        r#"#!/bin/sh
# Written by `tlsgi mod_wsgi-express setup-server`: the words of apachectl for tlsgi.
set -e
CONFIG={config}
PID_FILE={pid_file}
TLSGI="${{TLSGI:-tlsgi}}"

case "${{1:-}}" in
start) exec "$TLSGI" --config "$CONFIG" ;;
stop | graceful-stop) kill -TERM "$(cat "$PID_FILE")" ;;
restart | graceful) kill -HUP "$(cat "$PID_FILE")" ;;
configtest | -t) exec "$TLSGI" check --config "$CONFIG" ;;
status) kill -0 "$(cat "$PID_FILE")" && echo "running: $(cat "$PID_FILE")" ;;
*)
    echo "usage: $0 start|stop|restart|graceful|graceful-stop|configtest|status" >&2
    exit 2
    ;;
esac
"#,
        config = quoted(config),
        pid_file = quoted(pid_file),
    )
}

/// A word as a shell reads it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
