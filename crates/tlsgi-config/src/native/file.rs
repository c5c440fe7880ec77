//! tlsgi.toml: options of the server at the top, `[[site]]` and `[pool.NAME]` below. The same below `[tool.tlsgi]` in pyproject.toml.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, Part};
use crate::layer::{Layer, OPTIONS, find};
use crate::nearest::nearest;
use crate::option::{Scope, Spec};
use crate::origin::{Origin, Position};
use crate::value::{Form, PoolName, Value as _};

/// Most sites, and most pools, of one file: each pool is processes, each site a certificate.
const MOST_PARTS: usize = 1000;

/// The name of a file that belongs to others too.
const SHARED: &str = "pyproject.toml";

/// Whether the text of a `pyproject.toml` has something for tlsgi. One that is no TOML has, if it looks so.
#[must_use]
pub fn is_addressed(text: &str) -> bool {
    match DeTable::parse(text) {
        Ok(table) => own(table.get_ref()).is_some(),
        Err(_) => text.contains("[tool.tlsgi"),
    }
}

/// The table of ours in a file that belongs to others too.
fn own<'t, 'a>(table: &'t DeTable<'a>) -> Option<&'t Spanned<DeValue<'a>>> {
    let below = |table: &'t DeTable<'a>, key| table.get(key);
    match below(table, "tool")?.get_ref() {
        DeValue::Table(tool) => below(tool, "tlsgi"),
        _ => None,
    }
}

/// Reads the text of a configuration file; of one named `pyproject.toml`, the table `[tool.tlsgi]`.
#[must_use]
pub fn parse(file: PathBuf, text: &str) -> (Document, Diagnostics) {
    let mut reader = Reader { file: Arc::new(file), text, said: Document::default(), told: Diagnostics::default() };
    match DeTable::parse(text) {
        Ok(table) if reader.file.file_name().is_some_and(|name| name == SHARED) => reader.shared(table.get_ref()),
        Ok(table) => reader.document(table.get_ref()),
        Err(error) => {
            let told = Diagnostic::error(format!("this is not TOML: {}", error.message().trim().replace('\n', ", ")));
            let at = reader.origin(error.span().unwrap_or(0..0));
            reader.told.push(told.at(&at));
        }
    }
    // A table has no order of its own.
    let place = |origin: &Origin| match origin {
        Origin::File(at) => at.span.start,
        _ => 0,
    };
    reader.told.0.sort_by_key(|told| told.origin.as_ref().map_or(0, place));
    reader.said.pools.sort_by_key(|pool| place(&pool.origin));
    (reader.said, reader.told)
}

struct Reader<'a> {
    file: Arc<PathBuf>,
    text: &'a str,
    said: Document,
    told: Diagnostics,
}

/// A key with its value.
type Entry<'t, 'a> = (&'t Spanned<Cow<'a, str>>, &'t Spanned<DeValue<'a>>);

impl Reader<'_> {
    fn origin(&self, span: std::ops::Range<usize>) -> Origin {
        Origin::File(Position::new(&self.file, self.text, span))
    }

    fn shared(&mut self, table: &DeTable<'_>) {
        let Some(own) = own(table) else { return };
        match own.get_ref() {
            DeValue::Table(table) => self.document(table),
            _ => {
                let at = self.origin(own.span());
                self.told.push(Diagnostic::error("`tool.tlsgi` is a section: `[tool.tlsgi]`").at(&at));
            }
        }
    }

    fn document(&mut self, table: &DeTable<'_>) {
        let mut options = Vec::new();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("site", DeValue::Array(sites)) => self.sites(sites),
                ("pool", DeValue::Table(pools)) => self.pools(pools),
                ("pool", DeValue::Array(_)) => {
                    let at = self.origin(key.span());
                    let told = Diagnostic::error("pools are written as `[pool.NAME]`, each with its own heading");
                    self.told.push(told.at(&at));
                }
                ("site", _) => {
                    let told = Diagnostic::error("sites are written as `[[site]]`, each with its own heading");
                    let at = self.origin(key.span());
                    self.told.push(told.at(&at));
                }
                _ => options.push((key, value)),
            }
        }
        self.said.server = self.section(options, Scope::Server);
    }

    fn sites(&mut self, sites: &DeArray<'_>) {
        for item in sites.iter() {
            let at = self.origin(self.heading(item.span()));
            let DeValue::Table(table) = item.get_ref() else {
                self.told.push(Diagnostic::error("sites are written as `[[site]]`, each with its own heading").at(&at));
                continue;
            };
            let mut part = Part::new("", at);
            let mut options = Vec::new();
            for (key, value) in table {
                match (key.get_ref().as_ref(), value.get_ref()) {
                    ("name", DeValue::String(name)) if is_name(name) => part.name = name.to_string(),
                    ("name", _) => {
                        let at = self.origin(value.span());
                        let told = Diagnostic::error("the name of a site is a text of 1 to 253 visible characters");
                        self.told.push(told.at(&at));
                    }
                    _ => options.push((key, value)),
                }
            }
            part.layer = self.section(options, Scope::Site);
            self.add(part, Scope::Site);
        }
    }

    fn pools(&mut self, pools: &DeTable<'_>) {
        for (key, value) in pools {
            let at = self.origin(key.span());
            let name = key.get_ref().as_ref();
            let DeValue::Table(table) = value.get_ref() else {
                let told = Diagnostic::error(format!("`pool.{}` is no section", name.escape_debug()));
                self.told.push(told.hint("pools are written as `[pool.NAME]`").at(&at));
                continue;
            };
            match PoolName::read(name) {
                Ok(name) => {
                    let mut part = Part::new(name.0, at);
                    part.layer = self.section(table.iter().collect(), Scope::Pool);
                    self.add(part, Scope::Pool);
                }
                Err(refusal) => self.told.push(Diagnostic::invalid("pool", name, &refusal.reason).at(&at)),
            }
        }
    }

    fn add(&mut self, part: Part, scope: Scope) {
        let parts = if scope == Scope::Site { &mut self.said.sites } else { &mut self.said.pools };
        if parts.len() == MOST_PARTS {
            self.told.push(
                Diagnostic::error(format!("there are more than {MOST_PARTS} of these sections")).at(&part.origin),
            );
        }
        if parts.len() < MOST_PARTS {
            parts.push(part);
        }
    }

    /// The line where a section begins, not all that stands below it.
    fn heading(&self, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let text = self.text.get(span.clone()).unwrap_or_default();
        span.start..span.start + text.lines().next().map_or(0, |line| line.trim_end().len())
    }

    fn section(&mut self, entries: Vec<Entry<'_, '_>>, scope: Scope) -> Layer {
        let mut layer = Layer::default();
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let at = self.origin(key.span());
            match find(name) {
                Some(spec) if seen.contains(&spec.name()) => {
                    self.told.push(Diagnostic::error(format!("`{}` stands twice", spec.name())).at(&at));
                }
                Some(spec) if !spec.is_in_file => {
                    self.told.push(Diagnostic::error(format!("`{}` cannot stand in a file", spec.name())).at(&at))
                }
                Some(spec) if scope != Scope::Server && spec.scope() != scope => {
                    self.told.push(misplaced(spec, scope).at(&at));
                }
                Some(spec) => {
                    seen.push(spec.name());
                    self.setting(spec, value, &mut layer);
                }
                None => self.unknown(name, scope, &at),
            }
        }
        layer
    }

    fn unknown(&mut self, name: &str, scope: Scope, at: &Origin) {
        if let Some(spec) = OPTIONS
            .iter()
            .find(|spec| spec.aliases.iter().any(|alias| alias.trim_start_matches('-') == name.replace('_', "-")))
        {
            self.told.push(Diagnostic::unknown("setting", name, Some(spec.name())).at(at));
            return;
        }
        let fits = |spec: &&Spec| spec.is_in_file && (scope == Scope::Server || spec.scope() == scope);
        let own: &[&str] = match scope {
            Scope::Server => &["site", "pool"],
            Scope::Site => &["name"],
            Scope::Pool => &[],
        };
        let known = OPTIONS.iter().filter(fits).map(Spec::name).chain(own.iter().copied());
        let nearest = nearest(&name.replace('_', "-"), known);
        self.told.push(Diagnostic::unknown("setting", name, nearest).at(at));
    }

    fn setting(&mut self, spec: &'static Spec, value: &Spanned<DeValue<'_>>, layer: &mut Layer) {
        match value.get_ref() {
            DeValue::Array(array) if spec.is_repeatable => self.list(spec, array, layer),
            DeValue::Table(table) if spec.form == Form::Pair => {
                for (key, value) in table {
                    match scalar(value.get_ref()) {
                        Some(text) => self.say(spec, &format!("{}={text}", key.get_ref()), value.span(), layer),
                        None => self.wrong_type(spec, value),
                    }
                }
            }
            // As it is written: `0o027` and `27` are the same bits.
            DeValue::Integer(number) if spec.form == Form::Mode && matches!(number.radix(), 8 | 10) => {
                self.say(spec, number.as_str(), value.span(), layer);
            }
            other => match scalar(other) {
                Some(text) => self.say(spec, &text, value.span(), layer),
                None => self.wrong_type(spec, value),
            },
        }
    }

    fn list(&mut self, spec: &'static Spec, array: &DeArray<'_>, layer: &mut Layer) {
        for item in array.iter() {
            match scalar(item.get_ref()) {
                Some(text) => self.say(spec, &text, item.span(), layer),
                None => self.wrong_type(spec, item),
            }
        }
    }

    fn say(&mut self, spec: &'static Spec, text: &str, span: std::ops::Range<usize>, layer: &mut Layer) {
        let origin = self.origin(span);
        if let Err(refusal) = (spec.slot_mut)(layer).say(text, origin.clone()) {
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

/// An option of another scope than that of the section.
fn misplaced(spec: &Spec, scope: Scope) -> Diagnostic {
    let section = if scope == Scope::Site { "a site" } else { "a pool" };
    let told = Diagnostic::error(format!("`{}` is no option of {section}", spec.name()));
    told.hint(match spec.scope() {
        Scope::Server => "it is said once for the server, at the top of the file",
        Scope::Site => "it belongs into a `[[site]]`, or at the top of the file for every site",
        Scope::Pool => "it belongs into a `[pool.NAME]`, or at the top of the file for every pool",
    })
}

fn is_name(name: &str) -> bool {
    (1..=253).contains(&name.len()) && !name.chars().any(char::is_control)
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
