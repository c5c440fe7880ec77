//! A configuration that is a mapping of names to values: what a Python file evaluates to, or a TOML file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::Files;
use super::super::entry::{Given, Takes};
use super::{Table, Written, find};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::origin::{Origin, Position};

/// Most values of one setting.
const MOST_VALUES: usize = 1000;

/// Reads the settings of a Python file or, behind `python:`, of a module. What is wrong is told.
pub(in super::super) fn python(
    table: Table,
    source: &str,
    named: &Origin,
    files: &dyn Files,
    told: &mut Diagnostics,
) -> Vec<Written> {
    let json = match files.evaluate(source) {
        Ok(json) => json,
        Err(reason) => {
            told.push(Diagnostic::error(format!("cannot read the configuration {source}: {reason}")).at(named));
            return Vec::new();
        }
    };
    let Ok(Value::Object(settings)) = serde_json::from_str(&json) else {
        told.push(Diagnostic::error(format!("the configuration {source} has no settings")).at(named));
        return Vec::new();
    };
    let text =
        if source.starts_with("python:") { String::new() } else { files.read(Path::new(source)).unwrap_or_default() };
    written(table, &settings, &Place { file: Arc::new(PathBuf::from(source)), text: &text }, told)
}

/// Reads the settings of a TOML file.
pub(in super::super) fn toml(
    table: Table,
    path: &Path,
    named: &Origin,
    files: &dyn Files,
    told: &mut Diagnostics,
) -> Vec<Written> {
    let parsed = files.read(path).and_then(|text| {
        let parsed = ::toml::from_str::<Map<String, Value>>(&text).map_err(|error| error.message().to_owned())?;
        Ok((text, parsed))
    });
    match parsed {
        Ok((text, settings)) => {
            written(table, &settings, &Place { file: Arc::new(path.to_owned()), text: &text }, told)
        }
        Err(reason) => {
            told.push(
                Diagnostic::error(format!("cannot read the configuration {}: {reason}", path.display())).at(named),
            );
            Vec::new()
        }
    }
}

/// Where settings stand.
struct Place<'a> {
    file: Arc<PathBuf>,
    text: &'a str,
}

impl Place<'_> {
    /// The line that sets a name, or defines a function of it.
    fn of(&self, name: &str) -> Origin {
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let bare = line.trim_start();
            let bare = bare.strip_prefix("def ").unwrap_or(bare);
            let rest = bare.strip_prefix(name).map(str::trim_start);
            let sets = rest.is_some_and(|rest| {
                (rest.starts_with('=') && !rest.starts_with("==")) || rest.starts_with('(') || rest.starts_with(':')
            });
            if sets {
                let indent = line.len() - line.trim_start().len();
                return self.position(start + indent..start + line.trim_end().len());
            }
            start += line.len();
        }
        self.position(0..0)
    }

    fn position(&self, span: std::ops::Range<usize>) -> Origin {
        Origin::File(Position::new(&self.file, self.text, span))
    }
}

fn written(table: Table, settings: &Map<String, Value>, place: &Place<'_>, told: &mut Diagnostics) -> Vec<Written> {
    let mut found = Vec::new();
    for (name, value) in settings {
        let Some(entry) = find(table, name) else {
            told.0.extend(mistyped(table, name, value).map(|told| told.at(&place.of(name))));
            continue;
        };
        let given = |values: Vec<String>| Given { name: name.clone(), values, origin: place.of(name) };
        match value {
            Value::Null | Value::Bool(false) if entry.takes == Takes::Nothing => {}
            Value::Null => {}
            Value::Bool(true) if entry.takes == Takes::Nothing => found.push((entry, given(Vec::new()))),
            Value::Array(values) => {
                let texts = values.iter().take(MOST_VALUES).filter_map(text);
                found.extend(texts.map(|text| (entry, given(vec![text]))));
            }
            _ => found.extend(text(value).filter(|text| !text.is_empty()).map(|text| (entry, given(vec![text])))),
        }
    }
    found
}

/// Other names are the file's own business, unless one looks like a setting.
fn mistyped(table: Table, name: &str, value: &Value) -> Option<Diagnostic> {
    if value.is_object() || name.len() < 4 {
        return None;
    }
    let known = table.iter().flat_map(|section| section.entries).flat_map(|entry| entry.names.iter().copied());
    let near = nearest(name, known.filter(|known| !known.starts_with('-')))?;
    Some(Diagnostic::unknown("setting", name, Some(near)).as_warning())
}

/// A value as it would stand on a command line; what is no plain value by what it is.
fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Object(object) => match object.get("$callable").and_then(Value::as_str) {
            Some(name) => format!("{name}()"),
            None => value.to_string(),
        },
        Value::Array(_) => value.to_string(),
    })
}
