//! One option of another server: how it is written, and what becomes of it here.

use super::Row;
use super::draft::{Draft, Drafting};
use crate::diagnostic::Diagnostic;
use crate::origin::Origin;

/// What becomes of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It does here what it does there.
    Done,
    /// It is accepted, and what happens is not the same.
    Differs,
    /// It is an error to write it.
    Refused,
}

impl Verdict {
    /// As the page says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Differs => "differs",
            Self::Refused => "refused",
        }
    }
}

/// The values that follow an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A switch.
    Nothing,
    /// One.
    One,
    /// Two.
    Two,
    /// None, or one behind an equals sign.
    Attached,
    /// None, or one that does not look like an option.
    Perhaps,
    /// All that follow and do not look like an option.
    Several,
}

/// What an option does to the translation.
pub enum Action<S> {
    /// Its value is that of this option of tlsgi; a switch says true.
    Says(&'static str),
    /// This option of tlsgi gets this value.
    Sets(&'static str, &'static str),
    /// Something else.
    Runs(fn(&mut S, &Given)),
    /// Nothing.
    Rests,
}

/// An option of the original.
pub struct Entry<S: 'static> {
    /// Every spelling, the usual one first; with dashes where it is written with dashes.
    pub names: &'static [&'static str],
    /// Placeholder of the value.
    pub value: &'static str,
    /// How many values follow.
    pub takes: Takes,
    /// What becomes of it.
    pub verdict: Verdict,
    /// The option of tlsgi, the difference, or the reason. Empty where `Says` says it.
    pub remark: &'static str,
    /// Whether people are told of the difference whenever they write it.
    pub warns: bool,
    /// What it does.
    pub action: Action<S>,
}

/// Options under one heading.
pub struct Section<S: 'static> {
    /// Heading.
    pub title: &'static str,
    /// In the order of the page.
    pub entries: &'static [Entry<S>],
}

/// An option as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its spelling in full, whatever was abbreviated.
    pub name: String,
    /// Its values; none for a switch.
    pub values: Vec<String>,
    /// Where.
    pub origin: Origin,
}

impl Given {
    /// The first value; empty where there is none.
    #[must_use]
    pub fn value(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// The second value; empty where there is none.
    #[must_use]
    pub fn second(&self) -> &str {
        self.values.get(1).map_or("", String::as_str)
    }
}

/// Starts an option with a value.
pub const fn option<S>(names: &'static [&'static str], value: &'static str) -> Entry<S> {
    Entry {
        names,
        value,
        takes: Takes::One,
        verdict: Verdict::Refused,
        remark: "",
        warns: false,
        action: Action::Rests,
    }
}

/// Starts an option without a value.
pub const fn switch<S>(names: &'static [&'static str]) -> Entry<S> {
    Entry { takes: Takes::Nothing, ..option(names, "") }
}

impl<S> Entry<S> {
    /// With so many values.
    #[must_use]
    pub const fn takes(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }

    /// It is this option of tlsgi in other words.
    #[must_use]
    pub const fn says(mut self, native: &'static str) -> Self {
        self.verdict = Verdict::Done;
        self.action = Action::Says(native);
        self
    }

    /// It is this option of tlsgi with this value.
    #[must_use]
    pub const fn sets(mut self, native: &'static str, value: &'static str) -> Self {
        self.verdict = Verdict::Done;
        self.action = Action::Sets(native, value);
        self
    }

    /// It does the same; `remark` says how.
    #[must_use]
    pub const fn done(mut self, remark: &'static str, run: fn(&mut S, &Given)) -> Self {
        self.verdict = Verdict::Done;
        self.remark = remark;
        self.action = Action::Runs(run);
        self
    }

    /// What it asks for happens anyway.
    #[must_use]
    pub const fn always(mut self, remark: &'static str) -> Self {
        self.verdict = Verdict::Done;
        self.remark = remark;
        self
    }

    /// It does nearly the same, and whoever writes it is told in what it differs.
    #[must_use]
    pub const fn differs(mut self, remark: &'static str, run: fn(&mut S, &Given)) -> Self {
        self.verdict = Verdict::Differs;
        self.warns = true;
        self.remark = remark;
        self.action = Action::Runs(run);
        self
    }

    /// As [`Self::differs`], where the action itself decides whether there is anything to tell.
    #[must_use]
    pub const fn nearly(mut self, remark: &'static str, run: fn(&mut S, &Given)) -> Self {
        self.verdict = Verdict::Differs;
        self.remark = remark;
        self.action = Action::Runs(run);
        self
    }

    /// It changes nothing here, and whoever writes it is told why.
    #[must_use]
    pub const fn moot(mut self, reason: &'static str) -> Self {
        self.verdict = Verdict::Differs;
        self.warns = true;
        self.remark = reason;
        self
    }

    /// It is an error, for this reason.
    #[must_use]
    pub const fn refused(mut self, reason: &'static str) -> Self {
        self.verdict = Verdict::Refused;
        self.remark = reason;
        self
    }

    /// Its line on the page.
    #[must_use]
    pub fn row(&self, section: &'static str) -> Row {
        let remark = match (&self.action, self.remark) {
            (Action::Says(native), "") => format!("`{}`", flag(native)),
            (Action::Sets(native, "true"), "") => format!("`{}`", flag(native)),
            (Action::Sets(native, value), "") => format!("`{} {value}`", flag(native)),
            (_, remark) => remark.to_owned(),
        };
        let value = match (self.value, self.takes) {
            ("", _) => String::new(),
            (value, Takes::Attached) => format!("[={value}]"),
            (value, Takes::Perhaps) => format!(" [{value}]"),
            (value, _) => format!(" {value}"),
        };
        let mut names = self.names.iter();
        let first = names.next().map(|name| format!("`{name}{value}`"));
        let written: Vec<String> = first.into_iter().chain(names.map(|name| format!("`{name}`"))).collect();
        Row { section, written: written.join(", "), verdict: self.verdict, remark }
    }
}

impl<S: Drafting> Entry<S> {
    /// Does what the option says.
    pub fn apply(&self, state: &mut S, given: &Given) {
        match self.verdict {
            Verdict::Refused => {
                let told = Diagnostic::error(format!("`{}` cannot be done: {}", given.name, plain(self.remark)));
                state.draft().tell_once(told.at(&given.origin));
                return;
            }
            Verdict::Differs if self.warns => {
                let effect = if matches!(self.action, Action::Rests) { "has no effect" } else { "differs" };
                let told = Diagnostic::warning(format!("`{}` {effect}: {}", given.name, plain(self.remark)));
                state.draft().tell_once(told.at(&given.origin));
            }
            Verdict::Differs | Verdict::Done => {}
        }
        match &self.action {
            Action::Says(native) if self.takes == Takes::Nothing => state.draft().say(native, "true", given),
            Action::Says(native) => state.draft().say(native, given.value(), given),
            Action::Sets(native, value) => state.draft().say(native, value, given),
            Action::Runs(run) => run(state, given),
            Action::Rests => {}
        }
    }
}

/// Lines of every section.
#[must_use]
pub fn rows<S>(table: &[Section<S>]) -> Vec<Row> {
    table.iter().flat_map(|section| section.entries.iter().map(|entry| entry.row(section.title))).collect()
}

/// The options of tlsgi that the table names, for a test that they exist.
#[cfg(test)]
pub(super) fn natives<S>(table: &[Section<S>]) -> Vec<&'static str> {
    let entries = table.iter().flat_map(|section| section.entries);
    entries
        .filter_map(|entry| match entry.action {
            Action::Says(native) | Action::Sets(native, _) => Some(native),
            Action::Runs(_) | Action::Rests => None,
        })
        .collect()
}

/// Starts what is told about an option.
#[must_use]
pub fn refusal(given: &Given, reason: &str) -> Diagnostic {
    Diagnostic::error(format!("`{}` cannot be done: {reason}", given.name)).at(&given.origin)
}

/// Says in what an option differs.
#[must_use]
pub fn difference(given: &Given, how: &str) -> Diagnostic {
    Diagnostic::warning(format!("`{}` differs: {how}", given.name)).at(&given.origin)
}

fn flag(native: &str) -> String {
    crate::layer::find(native).map_or_else(|| native.to_owned(), |spec| spec.flag.to_owned())
}

/// Links belong to the page.
fn plain(remark: &str) -> &str {
    remark.split(" ([").next().unwrap_or(remark)
}

/// A draft alone is enough of a state for a dialect whose options do not depend on each other.
impl Drafting for Draft {
    fn draft(&mut self) -> &mut Draft {
        self
    }
}
