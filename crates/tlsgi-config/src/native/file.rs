//! tlsgi.toml.

use std::path::PathBuf;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::layer::{Layer, OPTIONS, find};
use crate::nearest::nearest;
use crate::option::Spec;
use crate::origin::{Origin, Position};
use crate::value::Form;

/// Reads the text of a configuration file.
#[must_use]
pub fn parse(file: PathBuf, text: &str) -> (Layer, Diagnostics) {
    let mut reader = Reader { file: Arc::new(file), text, layer: Layer::default(), told: Diagnostics::default() };
    match DeTable::parse(text) {
        Ok(table) => reader.table(table.get_ref()),
        Err(error) => {
            let told = Diagnostic::error(format!("this is not TOML: {}", error.message().trim().replace('\n', ", ")));
            let at = reader.origin(error.span().unwrap_or(0..0));
            reader.told.push(told.at(&at));
        }
    }
    // A table has no order of its own.
    reader.told.0.sort_by_key(|told| match &told.origin {
        Some(Origin::File(at)) => at.span.start,
        _ => 0,
    });
    (reader.layer, reader.told)
}

struct Reader<'a> {
    file: Arc<PathBuf>,
    text: &'a str,
    layer: Layer,
    told: Diagnostics,
}

impl Reader<'_> {
    fn origin(&self, span: std::ops::Range<usize>) -> Origin {
        Origin::File(Position::new(&self.file, self.text, span))
    }

    fn table(&mut self, table: &DeTable<'_>) {
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let at = self.origin(key.span());
            match find(name) {
                Some(spec) if seen.contains(&spec.name()) => {
                    self.told.push(Diagnostic::error(format!("`{}` stands twice", spec.name())).at(&at));
                }
                Some(spec) if spec.is_in_file => {
                    seen.push(spec.name());
                    self.setting(spec, value);
                }
                Some(spec) => {
                    self.told.push(Diagnostic::error(format!("`{}` cannot stand in a file", spec.name())).at(&at))
                }
                None => self.unknown(name, &at),
            }
        }
    }

    fn unknown(&mut self, name: &str, at: &Origin) {
        if let Some(spec) = OPTIONS
            .iter()
            .find(|spec| spec.aliases.iter().any(|alias| alias.trim_start_matches('-') == name.replace('_', "-")))
        {
            self.told.push(Diagnostic::unknown("setting", name, Some(spec.name())).at(at));
            return;
        }
        let known = OPTIONS.iter().filter(|spec| spec.is_in_file).map(Spec::name);
        let nearest = nearest(&name.replace('_', "-"), known);
        self.told.push(Diagnostic::unknown("setting", name, nearest).at(at));
    }

    fn setting(&mut self, spec: &'static Spec, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Array(array) if spec.is_repeatable => self.list(spec, array),
            DeValue::Table(table) if spec.form == Form::Pair => {
                for (key, value) in table {
                    match scalar(value.get_ref()) {
                        Some(text) => self.say(spec, &format!("{}={text}", key.get_ref()), value.span()),
                        None => self.wrong_type(spec, value),
                    }
                }
            }
            other => match scalar(other) {
                Some(text) => self.say(spec, &text, value.span()),
                None => self.wrong_type(spec, value),
            },
        }
    }

    fn list(&mut self, spec: &'static Spec, array: &DeArray<'_>) {
        for item in array.iter() {
            match scalar(item.get_ref()) {
                Some(text) => self.say(spec, &text, item.span()),
                None => self.wrong_type(spec, item),
            }
        }
    }

    fn say(&mut self, spec: &'static Spec, text: &str, span: std::ops::Range<usize>) {
        let origin = self.origin(span);
        if let Err(refusal) = (spec.slot_mut)(&mut self.layer).say(text, origin.clone()) {
            let mut diagnostic = Diagnostic::invalid(spec.name(), text, &refusal.reason).at(&origin);
            diagnostic.hints.extend(refusal.hint);
            self.told.push(diagnostic);
        }
    }

    fn wrong_type(&mut self, spec: &'static Spec, value: &Spanned<DeValue<'_>>) {
        let expected = match (spec.form, spec.is_repeatable) {
            (Form::Pair, _) => "a table, or a list of texts",
            (_, true) => "a value or a list of values",
            (_, false) => "one value",
        };
        let told = match value.get_ref() {
            DeValue::Integer(_) => Diagnostic::error(format!("this number is too large for `{}`", spec.name())),
            other => Diagnostic::error(format!("`{}` takes {expected}, not {}", spec.name(), kind(other))),
        };
        let at = self.origin(value.span());
        self.told.push(told.at(&at));
    }
}

/// The text of a plain value, read as if it had been written on the command line.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(is_set) => Some(is_set.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
        DeValue::Datetime(_) => "a date",
        _ => "this",
    }
}
