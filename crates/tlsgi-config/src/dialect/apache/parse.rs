//! Apache's configuration as a tree: directives and sections with the places where they were written. Nothing is evaluated here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::origin::{Origin, Position};

/// Sections in each other.
const DEEPEST: usize = 64;

/// A directive, or a section with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    /// As written.
    pub(super) name: String,
    /// Unquoted.
    pub(super) arguments: Vec<String>,
    pub(super) origin: Origin,
    /// What is inside of a section.
    pub(super) children: Option<Vec<Self>>,
}

impl Directive {
    /// Whether it is the directive of this name, in any case.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// An argument; empty where there is none.
    pub(super) fn argument(&self, at: usize) -> &str {
        self.arguments.get(at).map_or("", String::as_str)
    }

    /// What is inside; nothing of a directive.
    pub(super) fn inside(&self) -> &[Self] {
        self.children.as_deref().unwrap_or_default()
    }
}

/// Reads a file.
pub(super) fn parse(path: &Path, text: &str, told: &mut Diagnostics) -> Vec<Directive> {
    let mut reader = Reader { file: Arc::new(path.to_owned()), text, told, open: Vec::new(), done: Vec::new() };
    let mut rest = 0;
    while rest < text.len() {
        let (line, next) = logical_line(text, rest);
        reader.line(&line, rest);
        rest = next;
    }
    reader.finish()
}

/// A line with those that continue it, and where the next begins.
fn logical_line(text: &str, start: usize) -> (String, usize) {
    let mut line = String::new();
    let mut at = start;
    loop {
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let part = text[at..end].trim_end_matches('\r');
        let next = (end + 1).min(text.len());
        match part.strip_suffix('\\') {
            Some(begun) if next < text.len() && !begun.ends_with('\\') => {
                line.push_str(begun);
                at = next;
            }
            _ => {
                line.push_str(part);
                return (line, next);
            }
        }
    }
}

struct Reader<'a> {
    file: Arc<PathBuf>,
    text: &'a str,
    told: &'a mut Diagnostics,
    /// Sections that have not ended, outermost first.
    open: Vec<Directive>,
    done: Vec<Directive>,
}

impl Reader<'_> {
    fn line(&mut self, line: &str, start: usize) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return;
        }
        let indent = line.len() - line.trim_start().len();
        let physical = self.text[start..].lines().next().unwrap_or_default().trim_end().len();
        let end = (start + physical).max(start + indent).min(self.text.len());
        let span = (start + indent).min(end)..end;
        let origin = Origin::File(Position::new(&self.file, self.text, span));
        if let Some(name) = trimmed.strip_prefix("</") {
            self.close(name.trim_end_matches('>').trim(), &origin);
        } else if let Some(section) = trimmed.strip_prefix('<') {
            let Some(section) = section.strip_suffix('>') else {
                self.told.push(Diagnostic::error("this section's line does not end with `>`").at(&origin));
                return;
            };
            self.begin(section, origin);
        } else {
            let mut words = words(trimmed);
            let name = if words.is_empty() { String::new() } else { words.remove(0) };
            self.put(Directive { name, arguments: words, origin, children: None });
        }
    }

    fn begin(&mut self, text: &str, origin: Origin) {
        let mut words = words(text);
        if words.is_empty() {
            self.told.push(Diagnostic::error("this section has no name").at(&origin));
            return;
        }
        let name = words.remove(0);
        if self.open.len() >= DEEPEST {
            let told = Diagnostic::error(format!("sections are more than {DEEPEST} deep in each other"));
            self.told.push(told.at(&origin));
            return;
        }
        self.open.push(Directive { name, arguments: words, origin, children: Some(Vec::new()) });
    }

    fn close(&mut self, name: &str, origin: &Origin) {
        match self.open.pop() {
            Some(section) if section.is(name) => self.put(section),
            Some(section) => {
                let message = format!("`</{}>` stands where `</{}>` is missing", name.escape_debug(), section.name);
                self.told.push(Diagnostic::error(message).at(origin));
                self.put(section);
            }
            None => {
                let message = format!("`</{}>` ends nothing", name.escape_debug());
                self.told.push(Diagnostic::error(message).at(origin));
            }
        }
    }

    fn put(&mut self, directive: Directive) {
        match self.open.last_mut() {
            Some(section) => section.children.get_or_insert_default().push(directive),
            None => self.done.push(directive),
        }
    }

    fn finish(mut self) -> Vec<Directive> {
        while let Some(section) = self.open.pop() {
            let told = Diagnostic::error(format!("`<{}>` does not end", section.name));
            self.told.push(told.at(&section.origin));
            self.put(section);
        }
        self.done
    }
}

/// Words as Apache splits them: quotes of both kinds, in which a backslash stands before a quote or a backslash.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut letters = text.chars().peekable();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let Some(&first) = letters.peek() else { return words };
        let mut word = String::new();
        if matches!(first, '"' | '\'') {
            letters.next();
            while let Some(letter) = letters.next() {
                match letter {
                    letter if letter == first => break,
                    '\\' => match letters.next_if(|&next| next == first || next == '\\') {
                        Some(escaped) => word.push(escaped),
                        None => word.push('\\'),
                    },
                    letter => word.push(letter),
                }
            }
        } else {
            while let Some(letter) = letters.next_if(|letter| !letter.is_whitespace()) {
                word.push(letter);
            }
        }
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(directives: &[Directive]) -> String {
        let one = |it: &Directive| {
            let inside = it.children.as_ref().map(|inside| format!("{{{}}}", shown(inside))).unwrap_or_default();
            format!("{}{:?}{inside}", it.name, it.arguments)
        };
        directives.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn check(text: &str, expect: &str) {
        let mut told = Diagnostics::default();
        let directives = parse(Path::new("/a.conf"), text, &mut told);
        let told: String = told.0.iter().map(|told| format!(" ! {}", told.message)).collect();
        assert_eq!(shown(&directives) + &told, expect, "{text}");
    }

    #[test]
    fn directives_have_words_quotes_and_continuation_lines() {
        check("Listen 80\n# no\n\tListen  443 https", r#"Listen["80"] Listen["443", "https"]"#);
        check("Header set A \"b \\\"c\\\" \\d\" 'e f'", r#"Header["set", "A", "b \"c\" \\d", "e f"]"#);
        check("Header always set A \\\n  \"b\"\nX", r#"Header["always", "set", "A", "b"] X[]"#);
        check("A \\", r#"A["\\"]"#);
    }

    #[test]
    fn sections_hold_what_is_in_them() {
        check(
            "<IfModule ssl>\n<Location \"/a b\">\nX y\n</location>\n</IfModule>",
            r#"IfModule["ssl"]{Location["/a b"]{X["y"]}}"#,
        );
        check("<A>\n</B>", "A[]{} ! `</B>` stands where `</A>` is missing");
        check("</A>", " ! `</A>` ends nothing");
        check("<A>", "A[]{} ! `<A>` does not end");
        check("<A", " ! this section's line does not end with `>`");
    }
}
