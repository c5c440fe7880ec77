//! Writes every page and file that is made from the options or from the sources; `--check` fails where one is out of date.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tlsgi_config::dialect::{DIALECTS, page};
use tlsgi_config::native::command::SHELLS;
use tlsgi_config::native::{manual, reference};
use tlsgi_config::tool;

use crate::code_map;

/// Writes what differs.
pub(crate) fn write(root: &Path) -> Result<()> {
    for (path, text) in outdated(root)? {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        crate::report(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Fails where a file differs from what would be written.
pub(crate) fn check(root: &Path) -> Result<()> {
    let outdated: Vec<String> = outdated(root)?.map(|(path, _)| path.display().to_string()).collect();
    if outdated.is_empty() {
        return Ok(());
    }
    bail!("out of date, run `cargo xtask generate`: {}", outdated.join(", "))
}

fn outdated(root: &Path) -> Result<impl Iterator<Item = (PathBuf, String)>> {
    let files = files(root)?.into_iter().map(|(path, text)| (root.join(path), text));
    Ok(files.filter(|(path, text)| std::fs::read_to_string(path).ok().as_ref() != Some(text)))
}

fn files(root: &Path) -> Result<Vec<(String, String)>> {
    let mut files = vec![
        ("docs/reference/options.md".to_owned(), reference::page()),
        ("docs/reference/tlsgi.schema.json".to_owned(), reference::schema()),
        ("docs/reference/commands.md".to_owned(), tool::reference::page()),
        ("docs/man/tlsgi.1".to_owned(), manual::page()),
    ];
    files.extend(SHELLS.map(|shell| (format!("docs/completions/tlsgi.{shell}"), manual::completions(shell))));
    let pages = DIALECTS.iter().map(|dialect| (format!("docs/migrate/from-{}.md", dialect.name), page::page(dialect)));
    files.extend(pages);
    files.extend(code_map::files(root)?);
    Ok(files)
}
