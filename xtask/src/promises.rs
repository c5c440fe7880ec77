//! Every promise of docs/promises.md names a test that exists.

use std::path::Path;

use anyhow::{Context, Result, ensure};

const PAGE: &str = "docs/promises.md";

/// Looks for each test that the page names.
pub(crate) fn check(root: &Path) -> Result<()> {
    let page = std::fs::read_to_string(root.join(PAGE)).with_context(|| format!("reading {PAGE}"))?;
    let mut missing = Vec::new();
    for (package, test) in tests(&page) {
        let (folder, keyword) = match package {
            "python" => ("python/tests".to_owned(), "def"),
            "conformance" => ("conformance".to_owned(), "def"),
            _ => (format!("crates/{package}"), "fn"),
        };
        if !is_defined(&root.join(folder), &format!("{keyword} {test}("))? {
            missing.push(format!("{package}::{test}"));
        }
    }
    ensure!(missing.is_empty(), "{PAGE} names tests that do not exist: {}", missing.join(", "));
    Ok(())
}

/// What stands in the last column of a table as `package::test`.
fn tests(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let rows = page.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')?.rsplit_once('|'));
    rows.flat_map(|(_, shown)| shown.split('`')).filter_map(|name| name.split_once("::"))
}

fn is_defined(folder: &Path, definition: &str) -> Result<bool> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs" || extension == "py");
        let is_found = if path.is_dir() {
            is_defined(&path, definition)?
        } else {
            is_source && std::fs::read_to_string(&path).is_ok_and(|text| text.contains(definition))
        };
        if is_found {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_last_column() {
        let page = "| a `b::c` | `x::y`, `x::z` |\n|---|---|\ntext `d::e`\n";
        assert_eq!(tests(page).collect::<Vec<_>>(), [("x", "y"), ("x", "z")]);
    }
}
