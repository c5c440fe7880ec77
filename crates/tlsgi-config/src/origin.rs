//! Where a value was written, so that every message can point there.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody wrote it.
    Default,
    /// The command line, with the flag as written: `--workers`.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// A configuration file.
    File(Position),
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The file as the user named it.
    pub file: Arc<PathBuf>,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Bytes of the text.
    pub span: Range<usize>,
}

impl Position {
    /// The place of these bytes of the file's text.
    #[must_use]
    pub fn new(file: &Arc<PathBuf>, text: &str, span: Range<usize>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: Arc::clone(file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Flag(flag) => printable(f, flag),
            Self::Variable(name) => {
                f.write_str("environment variable ")?;
                printable(f, name)
            }
            Self::File(at) => {
                printable(f, &at.file.to_string_lossy())?;
                write!(f, ":{}:{}", at.line, at.column)
            }
        }
    }
}

/// Words and names are somebody's: they end no line and tell a terminal nothing.
fn printable(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_debug()) } else { write!(f, "{c}") })
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub origin: Origin,
}

impl<T> std::ops::Deref for Said<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_one_line_whatever_was_written() {
        let shown = |origin: Origin| origin.to_string();
        assert_eq!(shown(Origin::Flag("a\0b\nc é".to_owned())), "a\\0b\\nc é");
        assert_eq!(shown(Origin::Variable("A\u{1b}[2J".to_owned())), "environment variable A\\u{1b}[2J");
        let file = Arc::new(PathBuf::from("a\nb"));
        assert_eq!(shown(Origin::File(Position::new(&file, "x", 0..1))), "a\\nb:1:1");
    }
}
