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
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::File(at) => write!(f, "{}:{}:{}", at.file.display(), at.line, at.column),
        }
    }
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
