//! What the servers inside Python programs have in common: where settings are read from, addresses, certificates and proxies.

pub(super) mod dotenv;
pub(super) mod settings;
pub(super) mod shared;

use std::path::PathBuf;

use super::Input;
use super::argv::Word;
use super::draft::{Draft, Drafting};
use super::entry::{Entry, Given, Section};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::origin::Origin;

/// Options under their headings.
pub(super) type Table = &'static [Section<Pyserver>];

/// An option of the table, as it was written somewhere.
pub(super) type Written = (&'static Entry<Pyserver>, Given);

/// What has been read, and what waits until everything has been.
pub(super) struct Pyserver {
    pub(super) draft: Draft,
    /// The program, as messages name it.
    pub(super) program: &'static str,
    /// What paths are relative to; none when that is the current directory.
    pub(super) base: Option<PathBuf>,
    table: Table,
    kept: Vec<(&'static str, Given)>,
}

impl Drafting for Pyserver {
    fn draft(&mut self) -> &mut Draft {
        &mut self.draft
    }
}

impl Pyserver {
    pub(super) fn new(program: &'static str, table: Table) -> Self {
        Self { draft: <Draft as Default>::default(), program, base: None, table, kept: Vec::new() }
    }

    /// The last one of an option that waited, by its first spelling.
    pub(super) fn kept(&self, name: &str) -> Option<Given> {
        self.kept.iter().rev().find(|(known, _)| *known == name).map(|(_, given)| given.clone())
    }

    /// All of an option that waited.
    pub(super) fn every(&self, name: &str) -> Vec<Given> {
        self.kept.iter().filter(|(known, _)| *known == name).map(|(_, given)| given.clone()).collect()
    }

    /// A path as it is to be written.
    pub(super) fn path(&self, text: &str) -> String {
        let joined = self.base.as_ref().map(|base| base.join(text.strip_prefix("./").unwrap_or(text)));
        joined.and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| text.to_owned())
    }

    /// Says a path.
    pub(super) fn say_path(&mut self, native: &str, given: &Given) {
        let path = self.path(given.value());
        self.draft.say(native, &path, given);
    }

    /// Does what the options say, in the order of their sources.
    pub(super) fn apply(&mut self, written: Vec<Written>) {
        for (entry, given) in written {
            entry.apply(self, &given);
        }
    }

    /// What was told of the words themselves stands before what is told of their meaning.
    pub(super) fn told_before(&mut self, mut told: Diagnostics) {
        told.extend(std::mem::take(&mut self.draft.told));
        self.draft.told = told;
    }

    /// The application, which is the only word that is no option; none after the value of an unknown option, which looks the same.
    pub(super) fn application(&mut self, name: &str, positional: Vec<String>) -> Option<Given> {
        let is_sure = !self.draft.told.has_errors();
        let mut words = positional.into_iter();
        let first = words.next();
        for more in words.filter(|_| is_sure) {
            let told = Diagnostic::error(format!("`{}` is one word too many", more.escape_debug()));
            self.draft.tell(told.hint("there is one application; options begin with a dash"));
        }
        first.map(|text| Given { name: name.to_owned(), values: vec![text.clone()], origin: Origin::Flag(text) })
    }

    /// Nothing is named that could be served.
    pub(super) fn lacks_application(&mut self, example: &str) {
        if !self.draft.told.has_errors() {
            self.draft.tell(Diagnostic::error("no application is named").hint(format!("for example `{example}`")));
        }
    }

    pub(super) fn tell(&mut self, told: Diagnostic, given: &Given) {
        self.draft.tell(told.at(&given.origin));
    }
}

/// Waits for the end: what it means depends on other options.
pub(super) fn keep(state: &mut Pyserver, given: &Given) {
    let entries = state.table.iter().flat_map(|section| section.entries);
    let known =
        entries.filter(|entry| entry.names.contains(&given.name.as_str())).find_map(|entry| entry.names.first());
    if let Some(name) = known {
        state.kept.push((name, given.clone()));
    }
}

/// Options and other words apart.
pub(super) fn sort(words: Vec<Word<'static, Pyserver>>) -> (Vec<Written>, Vec<String>) {
    let (mut options, mut positional) = (Vec::new(), Vec::new());
    for word in words {
        match word {
            Word::Option(entry, given) => options.push((entry, given)),
            Word::Positional(text) => positional.push(text),
        }
    }
    (options, positional)
}

/// One list from several, weakest first: what a stronger source says of an option, it says alone.
pub(super) fn merge(sources: Vec<Vec<Written>>) -> Vec<Written> {
    let mut merged: Vec<Written> = Vec::new();
    for source in sources {
        let said: Vec<_> = source.iter().filter_map(|(entry, _)| entry.names.first()).collect();
        merged.retain(|(entry, _)| entry.names.first().is_none_or(|name| !said.contains(&name)));
        merged.extend(source);
    }
    merged
}

/// A variable that stands for an option of the table.
pub(super) fn variable(table: Table, input: &Input<'_>, variable: &str, option: &str) -> Option<Written> {
    let text = input.environment.get(variable).filter(|text| !text.is_empty())?;
    let entry = find(table, option)?;
    let given =
        Given { name: variable.to_owned(), values: vec![text.clone()], origin: Origin::Variable(variable.to_owned()) };
    Some((entry, Given { name: option.to_owned(), ..given }))
}

/// The option with this spelling.
pub(super) fn find(table: Table, name: &str) -> Option<&'static Entry<Pyserver>> {
    table.iter().flat_map(|section| section.entries).find(|entry| entry.names.contains(&name))
}
