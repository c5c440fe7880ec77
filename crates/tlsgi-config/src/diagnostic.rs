//! What people are told about their configuration: what, where, and what to do.

use std::fmt::Write as _;

use crate::origin::Origin;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The server does not start with this.
    Error,
    /// It starts, and the user should know.
    Warning,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, naming the option; lower case, no full stop.
    pub message: String,
    /// Where it was written.
    pub origin: Option<Origin>,
    /// What to do, one a line.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), origin: None, hints: Vec::new() }
    }

    /// A warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// A value that its option does not take.
    #[must_use]
    pub fn invalid(option: &str, text: &str, reason: &str) -> Self {
        Self::error(format!("invalid value `{}` for `{option}`: {reason}", text.escape_debug()))
    }

    /// A name that nobody knows, with the nearest that somebody does.
    #[must_use]
    pub fn unknown(kind: &str, name: &str, nearest: Option<&str>) -> Self {
        let told = Self::error(format!("unknown {kind} `{}`", name.escape_debug()));
        match nearest {
            Some(nearest) => told.hint(format!("did you mean `{nearest}`?")),
            None => told,
        }
    }

    /// Two options that exclude each other.
    #[must_use]
    pub fn conflict(one: &str, other: &str, why: &str) -> Self {
        Self::error(format!("`{one}` and `{other}` exclude each other: {why}"))
    }

    /// An option that has no meaning without another.
    #[must_use]
    pub fn lacks(option: &str, needed: &str) -> Self {
        Self::error(format!("`{option}` needs `{needed}`"))
    }

    /// An option that changes nothing here.
    #[must_use]
    pub fn without_effect(option: &str, why: &str) -> Self {
        Self::warning(format!("`{option}` has no effect: {why}"))
    }

    /// The same, only as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, origin: &Origin) -> Self {
        self.origin = Some(origin.clone());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The message as lines of text. `source` is the text of the file that the origin names, for a snippet of it.
    #[must_use]
    pub fn render(&self, source: Option<&str>, paint: Paint) -> String {
        let (word, colour) = match self.severity {
            Severity::Error => ("error", "\x1b[1;31m"),
            Severity::Warning => ("warning", "\x1b[1;33m"),
        };
        let mut text = format!("{}: {}\n", paint.with(colour, word), self.message);
        match (&self.origin, source) {
            (Some(Origin::File(at)), Some(source)) => {
                _ = writeln!(text, " {} {}:{}:{}", paint.with(BLUE, "-->"), at.file.display(), at.line, at.column);
                text.push_str(&snippet(source, at, paint, colour));
            }
            // The message of a flag names it already.
            (Some(Origin::Flag(flag)), _) if self.message.contains(flag.as_str()) => {}
            (Some(Origin::Default) | None, _) => {}
            (Some(origin), _) => _ = writeln!(text, " {} {origin}", paint.with(BLUE, "-->")),
        }
        for hint in &self.hints {
            _ = writeln!(text, "{}: {hint}", paint.with("\x1b[1;36m", "hint"));
        }
        text
    }
}

const BLUE: &str = "\x1b[1;34m";

/// Whether text carries colour; the words carry the meaning either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Plain text.
    Plain,
    /// ANSI escapes.
    Ansi,
}

impl Paint {
    fn with(self, colour: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("{colour}{text}\x1b[0m"),
        }
    }
}

fn snippet(source: &str, at: &crate::origin::Position, paint: Paint, colour: &str) -> String {
    let Some(line) = source.lines().nth(at.line - 1) else { return String::new() };
    let number = at.line.to_string();
    let gutter = " ".repeat(number.len());
    let bar = paint.with(BLUE, "|");
    let end = at.span.end.saturating_sub(at.span.start);
    let marked: usize = line
        .chars()
        .skip(at.column - 1)
        .scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            Some(*bytes)
        })
        .take_while(|&bytes| bytes <= end)
        .count();
    let indent: String = line.chars().take(at.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let carets = paint.with(colour, &"^".repeat(marked.max(1)));
    format!("{gutter} {bar}\n{} {bar} {line}\n{gutter} {bar} {indent}{carets}\n", paint.with(BLUE, &number))
}

/// Every message about one configuration, in the order found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Something forbids the start.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|it| it.severity == Severity::Error)
    }
}

/// The errors on one line, for a log.
impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let errors = self.0.iter().filter(|told| told.severity == Severity::Error);
        for (at, told) in errors.enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            match &told.origin {
                Some(origin @ Origin::File(_)) => write!(f, "{separator}{origin}: {}", told.message)?,
                _ => write!(f, "{separator}{}", told.message)?,
            }
        }
        Ok(())
    }
}

/// How the command ends. Scripts and service managers rely on these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Served and stopped as asked, or the check passed.
    Success = 0,
    /// Something failed while running.
    Failure = 1,
    /// The command line, the environment or the configuration file is wrong.
    Usage = 2,
    /// The application cannot be imported, found or started.
    Application = 3,
    /// The certificate or its key cannot be used.
    Certificate = 4,
    /// An address cannot be bound.
    Address = 5,
}

impl Exit {
    /// All, with what they mean, for the manual.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Success, "served and stopped as asked, or the check passed"),
        (Self::Failure, "something failed while running"),
        (Self::Usage, "the command line, the environment or the configuration file is wrong"),
        (Self::Application, "the application cannot be imported, found or started"),
        (Self::Certificate, "the certificate or its key cannot be used"),
        (Self::Address, "an address cannot be bound"),
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::origin::Position;

    fn check(source: &str, span: std::ops::Range<usize>, expect: &str) {
        let at = Origin::File(Position::new(&Arc::new("a.toml".into()), source, span));
        let told = Diagnostic::error("wrong").at(&at).hint("right");
        assert_eq!(told.render(Some(source), Paint::Plain), expect);
    }

    #[test]
    fn snippet_marks_the_place() {
        check("a = 1\nb = 22\n", 10..12, "error: wrong\n --> a.toml:2:5\n  |\n2 | b = 22\n  |     ^^\nhint: right\n");
    }

    #[test]
    fn snippet_counts_characters_and_keeps_tabs() {
        check(
            "\tü = \"é\"",
            6..10,
            "error: wrong\n --> a.toml:1:6\n  |\n1 | \tü = \"é\"\n  | \t    ^^^\nhint: right\n",
        );
    }

    #[test]
    fn snippet_of_several_lines_marks_the_first() {
        check("a = [\n1,\n]", 4..10, "error: wrong\n --> a.toml:1:5\n  |\n1 | a = [\n  |     ^\nhint: right\n");
    }

    #[test]
    fn end_of_text_is_marked_once() {
        check("a =", 3..3, "error: wrong\n --> a.toml:1:4\n  |\n1 | a =\n  |    ^\nhint: right\n");
    }

    #[test]
    fn colour_adds_to_the_words_and_replaces_none() {
        let told = Diagnostic::warning("odd").at(&Origin::Variable("TLSGI_X".to_owned())).hint("better");
        let plain = told.render(None, Paint::Plain);
        assert_eq!(plain, "warning: odd\n --> environment variable TLSGI_X\nhint: better\n");
        let painted = told.render(None, Paint::Ansi);
        let mut stripped = String::new();
        for part in painted.split('\x1b') {
            stripped.push_str(part.split_once('m').filter(|_| part.starts_with('[')).map_or(part, |(_, text)| text));
        }
        assert_eq!(stripped, plain);
    }

    #[test]
    fn exit_codes_are_those_of_the_manual() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5]);
    }
}
