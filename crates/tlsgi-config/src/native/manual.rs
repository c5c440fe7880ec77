//! The manual page and the completions, from the same command that reads the command line.

use clap_complete::Shell;

use super::command::command;
use crate::diagnostic::Exit;

/// The manual page in roff.
#[must_use]
pub fn page() -> String {
    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(command()).date("");
    // Writing into memory does not fail.
    _ = manual.render(&mut page);
    let mut page = String::from_utf8_lossy(&page).into_owned();
    page.push_str(".SH \"EXIT STATUS\"\n");
    for (exit, meaning) in Exit::ALL {
        page.push_str(&format!(".TP\n{}\n{meaning}\n", exit.code()));
    }
    page
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
