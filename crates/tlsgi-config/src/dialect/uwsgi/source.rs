//! uWSGI's files: ini, xml, yaml and json as lists of settings, with the places where they were written.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::Input;
use super::expand::Setting;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::origin::{Origin, Position};

/// Endings of files, and the option that loads such a file.
pub(super) const FORMATS: [(&str, &str); 6] =
    [(".ini", "ini"), (".xml", "xml"), (".yaml", "yaml"), (".yml", "yaml"), (".json", "json"), (".js", "json")];

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Ini,
    Xml,
    Yaml,
    Json,
}

/// By the option, else by the ending.
pub(super) fn format(key: &str, file: &str) -> Format {
    let named = match key {
        "include" | "inherit" | "config" => {
            FORMATS.iter().find(|(ending, _)| file.ends_with(ending)).map_or("ini", |(_, key)| *key)
        }
        key => key,
    };
    match named {
        "xml" | "xmlconfig" => Format::Xml,
        "yaml" | "yml" => Format::Yaml,
        "json" | "js" => Format::Json,
        _ => Format::Ini,
    }
}

/// `FILE:SECTION`.
pub(super) fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((file, section)) if !section.contains('/') => (file, Some(section).filter(|section| !section.is_empty())),
        _ => (name, None),
    }
}

/// The settings of one section.
pub(super) fn read(
    format: Format,
    path: &Path,
    text: &str,
    section: &str,
    magic: &BTreeMap<char, String>,
) -> (Vec<Setting>, Diagnostics) {
    let mut reader = Reader {
        file: Arc::new(path.to_owned()),
        text,
        section,
        magic,
        settings: Vec::new(),
        told: Diagnostics::default(),
        has_section: false,
    };
    match format {
        Format::Ini => reader.ini(),
        Format::Yaml => reader.yaml(),
        Format::Xml => reader.xml(),
        Format::Json => reader.json(),
    }
    if !reader.has_section && !reader.told.has_errors() {
        let message = format!("{} has no section `{}`", path.display(), section.escape_debug());
        reader.told.push(Diagnostic::error(message));
    }
    (reader.settings, reader.told)
}

struct Reader<'a> {
    file: Arc<PathBuf>,
    text: &'a str,
    section: &'a str,
    magic: &'a BTreeMap<char, String>,
    settings: Vec<Setting>,
    told: Diagnostics,
    has_section: bool,
}

impl<'a> Reader<'a> {
    fn origin(&self, span: Range<usize>) -> Origin {
        Origin::File(Position::new(&self.file, self.text, span))
    }

    /// Where a part of the text is.
    fn span(&self, part: &str) -> Range<usize> {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        start..start + part.len()
    }

    fn wrong(&mut self, message: impl Into<String>, part: &str) {
        let origin = self.origin(self.span(part));
        self.told.push(Diagnostic::error(message).at(&origin));
    }

    fn say(&mut self, key: &str, value: Option<&str>, part: &str) {
        let origin = self.origin(self.span(part));
        let value = value.map(|value| self.with_magic(value));
        let key = self.with_magic(key);
        self.settings.push(Setting::new(key, value, origin));
    }

    /// `%d` and its kin; a percent sign before anything else vanishes with it, as there.
    fn with_magic(&self, text: &str) -> String {
        let mut letters = text.chars();
        let mut result = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                '%' => match letters.next() {
                    Some(name) => result.push_str(self.magic.get(&name).map_or("", String::as_str)),
                    None => result.push('%'),
                },
                other => result.push(other),
            }
        }
        result
    }

    fn ini(&mut self) {
        let mut section = "";
        for line in self.text.lines() {
            let line = line.trim_matches([' ', '\t', '\r']);
            if line.is_empty() || line.starts_with([';', '#']) {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                section = rest.strip_suffix(']').unwrap_or(rest);
                self.has_section |= section == self.section;
                continue;
            }
            if section != self.section {
                continue;
            }
            match line.split_once('=') {
                Some((key, value)) => self.say(key.trim(), Some(value.trim()), line),
                None => self.say(line, None, line),
            }
        }
    }

    /// A section of `key: value` lines, and of lists below a key.
    fn yaml(&mut self) {
        let mut section = String::new();
        let mut list: Option<&str> = None;
        for line in self.text.lines() {
            let line = without_comment(line).trim_end();
            let trimmed = line.trim_start();
            if trimmed.is_empty() || matches!(trimmed, "---" | "...") {
                continue;
            }
            if let (Some(item), Some(key)) = (trimmed.strip_prefix("- "), list) {
                if section == self.section {
                    self.say(key, Some(unquoted(item.trim())), trimmed);
                }
                continue;
            }
            let Some((key, value)) = pair(trimmed) else {
                self.wrong("expected `key: value`", trimmed);
                continue;
            };
            list = None;
            if trimmed.len() == line.len() {
                section = unquoted(key).to_owned();
                self.has_section |= section == self.section;
            } else if section == self.section {
                match value {
                    "" => list = Some(unquoted(key)),
                    value => self.say(unquoted(key), Some(unquoted(value)), trimmed),
                }
            }
        }
    }

    fn json(&mut self) {
        let text = self.text;
        let value: serde_json::Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or("");
                self.wrong(format!("this is not JSON: {error}"), if line.is_empty() { &text[..0] } else { line });
                return;
            }
        };
        let Some(section) = value.get(self.section) else { return };
        self.has_section = true;
        let Some(table) = section.as_object() else {
            self.wrong(format!("`{}` is not an object", self.section.escape_debug()), &text[..0]);
            return;
        };
        for (key, value) in table {
            let written = format!("{:?}", key);
            let part = text.find(&written).map_or(&text[..0], |at| &text[at..at + written.len()]);
            let values = match value {
                serde_json::Value::Array(values) => values.as_slice(),
                value => std::slice::from_ref(value),
            };
            for value in values {
                match value {
                    serde_json::Value::String(value) => self.say(key, Some(value), part),
                    serde_json::Value::Bool(is_on) => self.say(key, Some(&is_on.to_string()), part),
                    serde_json::Value::Number(number) => self.say(key, Some(&number.to_string()), part),
                    serde_json::Value::Null => self.say(key, None, part),
                    _ => self.wrong(format!("`{}` is neither a value nor a list of values", key.escape_debug()), part),
                }
            }
        }
    }

    /// `<uwsgi><key>value</key><switch/></uwsgi>`; a section is the element's `id`.
    fn xml(&mut self) {
        let mut depth = 0_usize;
        let mut is_inside = false;
        let mut open: Option<(&str, &str)> = None;
        let mut value = String::new();
        let mut rest = self.text;
        while let Some(at) = rest.find('<') {
            let before = &rest[..at];
            value.push_str(&entities(before));
            rest = &rest[at..];
            if let Some(skipped) = markup(rest) {
                if let Some(data) =
                    rest.strip_prefix("<![CDATA[").and_then(|data| data.get(..skipped.saturating_sub(12)))
                {
                    value.push_str(data);
                }
                rest = rest.get(skipped..).unwrap_or("");
                continue;
            }
            let Some(end) = rest.find('>') else {
                self.wrong("this tag does not end", rest.lines().next().unwrap_or(rest));
                return;
            };
            let tag = &rest[1..end];
            let part = &rest[..=end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                depth = depth.saturating_sub(1);
                match open.take() {
                    Some((key, part)) if is_inside && name.trim() == key => {
                        let value = std::mem::take(&mut value);
                        self.say(key, Some(value.trim()).filter(|value| !value.is_empty()), part);
                    }
                    _ => is_inside &= name.trim() != "uwsgi",
                }
                continue;
            }
            let is_empty = tag.ends_with('/');
            let tag = tag.trim_end_matches('/').trim();
            let name = tag.split_whitespace().next().unwrap_or("");
            value.clear();
            if is_inside && is_empty {
                self.say(name, None, part);
            } else if is_inside {
                open = Some((name, part));
            } else if name == "uwsgi" && self.is_section(tag) {
                is_inside = true;
                self.has_section = true;
            }
            depth += usize::from(!is_empty);
        }
        if depth > 0 {
            self.wrong("an element does not end", &self.text[self.text.len()..]);
        }
    }

    fn is_section(&self, tag: &str) -> bool {
        let id = tag
            .split_once("id=")
            .map(|(_, rest)| rest.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace()));
        self.section == "uwsgi" || id == Some(self.section)
    }
}

/// Length of a comment, a declaration or literal text.
fn markup(text: &str) -> Option<usize> {
    let ends = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")];
    let (_, end) = ends.into_iter().find(|(begin, _)| text.starts_with(begin))?;
    Some(text.find(end).map_or(text.len(), |at| at + end.len()))
}

fn entities(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

/// `key: value`, also with a quoted key.
fn pair(line: &str) -> Option<(&str, &str)> {
    if let Some(key) = line.strip_suffix(':') {
        return Some((key.trim(), ""));
    }
    line.split_once(": ").map(|(key, value)| (key.trim(), value.trim()))
}

/// A number sign begins a comment where a space or nothing is before it.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match quote {
            Some(open) if open == letter => quote = None,
            None if letter == '#' && before.is_whitespace() => return &line[..at],
            None if matches!(letter, '"' | '\'') && (before.is_whitespace() || before == ':') => quote = Some(letter),
            _ => {}
        }
        before = letter;
    }
    line
}

fn unquoted(text: &str) -> &str {
    let quoted = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    quoted.unwrap_or(text)
}

/// The paths that a pattern with `*` and `?` in its last part stands for; the pattern itself when there is none, as there.
pub(super) fn glob(input: &Input<'_>, pattern: &str) -> Vec<String> {
    let (folder, last) = pattern.rsplit_once('/').map_or(("", pattern), |(folder, last)| (folder, last));
    let names = input.files.list(&input.directory.join(if pattern.starts_with('/') && folder.is_empty() {
        "/"
    } else {
        folder
    }));
    let matching = names.into_iter().filter(|name| !name.starts_with('.') && crate::glob::matches(last, name));
    let found: Vec<String> =
        matching.map(|name| if pattern.contains('/') { format!("{folder}/{name}") } else { name }).collect();
    if found.is_empty() { vec![pattern.to_owned()] } else { found }
}
