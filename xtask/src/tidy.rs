//! Rules about the source text that no linter knows.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::command::output;

/// Words of other servers; they belong to dialects and documentation.
const FOREIGN: [&str; 4] = ["gunicorn", "uwsgi", "mod_wsgi", "hypercorn"];

/// Checks every tracked source file.
pub(crate) fn check(root: &Path) -> Result<()> {
    let listed = output("git".as_ref(), &["ls-files", "--cached", "--others", "--exclude-standard"], root)?;
    let mut faults = Vec::new();
    for path in listed.lines().map(PathBuf::from) {
        let Ok(text) = std::fs::read_to_string(root.join(&path)) else { continue };
        check_file(&path, &text, &mut faults);
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

fn check_file(path: &Path, text: &str, faults: &mut Vec<String>) {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let shown = path.display();
    if extension == "rs" {
        if !text.starts_with("//!") {
            faults.push(format!("{shown}: the first line must say what the file is for (//! …)"));
        }
        let is_unsafe =
            text.lines().any(|line| line.trim_start().starts_with("unsafe ") || line.contains(concat!("unsafe", " {")));
        if is_unsafe && !path.starts_with("crates/tlsgi-sys") && !path.starts_with("crates/tlsgi-worker") {
            faults.push(format!("{shown}: unsafe belongs to tlsgi-sys"));
        }
    }
    if matches!(extension, "rs" | "py") && !path.starts_with("xtask") {
        for (number, line) in text.lines().enumerate() {
            for word in ["TODO", "FIXME", "XXX:"] {
                if line.contains(word) {
                    faults.push(format!("{shown}:{}: {word}: do it or open an issue", number + 1));
                }
            }
        }
    }
    let is_core = path.starts_with("crates") && extension == "rs" && !shown.to_string().contains("dialect");
    if is_core && !path.starts_with("crates/tlsgi/tests") {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = FOREIGN.iter().find(|word| code.contains(*word) && !code.contains('"')) {
                faults.push(format!("{shown}:{}: {word}: words of other servers belong to dialects", number + 1));
            }
        }
    }
}
