//! The manual page and the completions, from the same command that reads the command line.

use clap_complete::Shell;

use super::command::{COMMANDS, command, manual};
use super::env::CONVENTIONS;
use crate::diagnostic::Exit;
use crate::dialect::DIALECTS;
use crate::tool::reference::leaves;

/// Files that are read or written without being named.
pub const FILES: [(&str, &str); 2] = [
    ("./tlsgi.toml", "Options, by their names without dashes in front: `https-port = 443`."),
    ("~/.local/state/tlsgi", "The local CA and other state; /var/lib/tlsgi for root; see `--state-dir`."),
];

/// What the running server listens to besides its sockets.
pub const SIGNALS: [(&str, &str); 6] = [
    ("TERM, INT", "Accept nothing more, finish what runs within `--graceful-timeout`, stop."),
    ("QUIT, a second INT", "Stop at once."),
    ("HUP", "Take over changed configuration, certificates and code; what does not load leaves the old in use."),
    ("USR1", "Open the log files again."),
    ("USR2", "Replace the process that talks to the clients by the program now on disk, without losing a connection."),
    ("TTIN, TTOU", "One worker more, one worker less."),
];

/// The manual page in roff.
#[must_use]
pub fn page() -> String {
    let manual = clap_mangen::Man::new(manual()).date("").manual("tlsgi manual");
    let mut page = Vec::new();
    // Writing into memory does not fail.
    _ = manual.render_title(&mut page);
    _ = manual.render_name_section(&mut page);
    _ = manual.render_synopsis_section(&mut page);
    _ = manual.render_description_section(&mut page);
    _ = manual.render_options_section(&mut page);
    let mut page = String::from_utf8_lossy(&page).into_owned();
    page.push_str(&section("COMMANDS", COMMANDS));
    let dialects = DIALECTS.iter().map(|dialect| (format!("{} {}", dialect.name, dialect.usage), dialect.about));
    page.push_str(&section("COMMANDS OF OTHER SERVERS", dialects));
    page.push_str(&tools());
    page.push_str(&section("ENVIRONMENT", environment()));
    page.push_str(&section("FILES", FILES));
    page.push_str(&section("SIGNALS", SIGNALS));
    page.push_str(&section("EXIT STATUS", Exit::ALL.map(|(exit, text)| (exit.code().to_string(), text))));
    page
}

/// A section for each command of the tools.
fn tools() -> String {
    let sections = leaves().into_iter().map(|leaf| {
        let usage = (format!("{} {}", leaf.path, leaf.usage), leaf.about);
        section(&leaf.path.to_uppercase(), std::iter::once(usage).chain(leaf.options))
    });
    sections.collect()
}

fn environment() -> Vec<(String, String)> {
    let ours =
        "Every option; its name in capitals, a list separated by commas. Flags weigh more, the file less.".to_owned();
    let others =
        CONVENTIONS.map(|(name, flag)| (name.to_owned(), format!("As {flag}, but everything else weighs more.")));
    std::iter::once(("TLSGI_*".to_owned(), ours)).chain(others).collect()
}

fn section<N: AsRef<str>, T: AsRef<str>>(title: &str, entries: impl IntoIterator<Item = (N, T)>) -> String {
    let entries = entries.into_iter();
    let entries =
        entries.map(|(name, text)| format!(".TP\n\\fB{}\\fR\n{}\n", roff(name.as_ref()), roff(text.as_ref())));
    format!(".SH \"{title}\"\n{}", entries.collect::<String>())
}

/// One line of text without meaning for roff.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if escaped.starts_with('.') { format!("\\&{escaped}") } else { escaped }
}

/// Completions; nothing for a shell that is not one of [`super::command::SHELLS`].
#[must_use]
pub fn completions(shell: &str) -> String {
    let mut text = Vec::new();
    if let Ok(shell) = shell.parse::<Shell>() {
        clap_complete::generate(shell, &mut command(), "tlsgi", &mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}
