//! Command lines as the usual readers of Python programs take them: argparse, optparse, click, and C's getopt_long.

use super::entry::{Entry, Given, Section, Takes};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::origin::Origin;

/// In what readers differ. All take `--name value`, `--name=value`, `-n value`, `-nvalue`, `-ab` and `--`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// A long option may be cut short as long as it is the only one that begins so.
    pub abbreviations: Abbreviations,
    /// A value may look like an option.
    pub values: Values,
}

/// Whether `--certf` is `--certfile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abbreviations {
    /// Yes, when nothing else begins so.
    Accepted,
    /// No.
    Refused,
}

/// Which words can be the value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Whatever follows.
    Anything,
    /// What does not begin with a dash; a number may.
    NoDash,
}

impl Style {
    /// Python's argparse.
    pub const ARGPARSE: Self = Self { abbreviations: Abbreviations::Accepted, values: Values::NoDash };
    /// Python's optparse.
    pub const OPTPARSE: Self = Self { abbreviations: Abbreviations::Accepted, values: Values::Anything };
    /// click.
    pub const CLICK: Self = Self { abbreviations: Abbreviations::Refused, values: Values::Anything };
    /// C's getopt_long.
    pub const GETOPT: Self = Self { abbreviations: Abbreviations::Accepted, values: Values::Anything };
}

/// A word that was understood.
pub enum Word<'a, S: 'static> {
    /// An option with its values.
    Option(&'a Entry<S>, Given),
    /// Something that is no option.
    Positional(String),
}

/// Reads a command line. What cannot be read is told and left out.
pub fn read<'a, S>(
    table: &'a [Section<S>],
    style: Style,
    arguments: &[String],
    told: &mut Diagnostics,
) -> Vec<Word<'a, S>> {
    let mut reader = Reader { table, style, rest: arguments.iter().map(String::as_str).collect(), told };
    reader.rest.reverse();
    let mut words = Vec::new();
    while let Some(argument) = reader.rest.pop() {
        if argument == "--" {
            words.extend(reader.rest.drain(..).rev().map(|word| Word::Positional(word.to_owned())));
        } else if let Some(long) = argument.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            words.extend(reader.long(name, value));
        } else if argument.len() > 1 && argument.starts_with('-') && !is_number(argument) {
            reader.short(argument, &mut words);
        } else {
            words.push(Word::Positional(argument.to_owned()));
        }
    }
    words
}

struct Reader<'a, 'b, S: 'static> {
    table: &'a [Section<S>],
    style: Style,
    /// What is still to be read, last word first.
    rest: Vec<&'b str>,
    told: &'b mut Diagnostics,
}

impl<'a, S> Reader<'a, '_, S> {
    fn long(&mut self, name: &str, attached: Option<&str>) -> Option<Word<'a, S>> {
        let written = format!("--{name}");
        let (entry, name) = self.find(&written)?;
        let given = self.values(entry, name, attached)?;
        Some(Word::Option(entry, given))
    }

    /// `-w4`, `-w 4`, `-abw4`.
    fn short(&mut self, argument: &str, words: &mut Vec<Word<'a, S>>) {
        // Some programs have long options with one dash.
        let whole = argument.split_once('=').map_or(argument, |(name, _)| name);
        if whole.chars().count() > 2
            && let Some((entry, name)) = self.exact(whole)
        {
            let attached = argument.split_once('=').map(|(_, value)| value);
            words.extend(self.values(entry, name, attached).map(|given| Word::Option(entry, given)));
            return;
        }
        for (at, letter) in argument.char_indices().skip(1) {
            let name = format!("-{letter}");
            let Some((entry, name)) = self.exact(&name) else {
                let shown = if at == 1 { whole } else { name.as_str() };
                self.unknown(shown);
                return;
            };
            let behind = argument.get(at + letter.len_utf8()..).filter(|rest| !rest.is_empty());
            if entry.takes == Takes::Nothing {
                words.extend(self.values(entry, name, None).map(|given| Word::Option(entry, given)));
                continue;
            }
            let attached = behind.map(|rest| rest.strip_prefix('=').unwrap_or(rest));
            words.extend(self.values(entry, name, attached).map(|given| Word::Option(entry, given)));
            return;
        }
    }

    fn exact(&self, name: &str) -> Option<(&'a Entry<S>, &'static str)> {
        let entries = self.table.iter().flat_map(|section| section.entries);
        entries.filter_map(|entry| Some((entry, *entry.names.iter().find(|known| **known == name)?))).next()
    }

    fn find(&mut self, name: &str) -> Option<(&'a Entry<S>, &'static str)> {
        if let Some(found) = self.exact(name) {
            return Some(found);
        }
        if self.style.abbreviations == Abbreviations::Accepted && name.len() > 2 {
            let entries = self.table.iter().flat_map(|section| section.entries);
            let begun: Vec<_> = entries
                .filter_map(|entry| Some((entry, *entry.names.iter().find(|known| known.starts_with(name))?)))
                .collect();
            match begun[..] {
                [found] => return Some(found),
                [] => {}
                [..] => {
                    let names: Vec<String> = begun.iter().map(|(_, name)| format!("`{name}`")).collect();
                    let told = Diagnostic::error(format!("`{name}` is short for several options"));
                    let told = told.hint(format!("it could be {}", names.join(", ")));
                    self.told.push(told.at(&Origin::Flag(name.to_owned())));
                    return None;
                }
            }
        }
        self.unknown(name);
        None
    }

    fn unknown(&mut self, name: &str) {
        self.told.push(unknown(self.table, "option", name).at(&Origin::Flag(name.to_owned())));
    }

    fn values(&mut self, entry: &Entry<S>, name: &str, attached: Option<&str>) -> Option<Given> {
        let mut values: Vec<String> = attached.into_iter().map(str::to_owned).collect();
        let wanted = match entry.takes {
            Takes::Nothing if attached.is_some() => {
                self.complain(name, "takes no value");
                return None;
            }
            Takes::Nothing | Takes::Attached => 0..0,
            Takes::One => 1..1,
            Takes::Two => 2..2,
            Takes::Perhaps => 0..1,
            Takes::Several => 1..usize::MAX,
        };
        while values.len() < wanted.start.max(wanted.end) {
            let is_optional = values.len() >= wanted.start;
            match self.rest.last() {
                Some(next) if self.can_be_value(next, is_optional) => {
                    values.push((*next).to_owned());
                    self.rest.pop();
                }
                _ if is_optional => break,
                _ => {
                    self.complain(name, if wanted.start == 2 { "needs two values" } else { "needs a value" });
                    return None;
                }
            }
        }
        Some(Given { name: name.to_owned(), values, origin: Origin::Flag(name.to_owned()) })
    }

    fn can_be_value(&self, word: &str, is_optional: bool) -> bool {
        let looks_like_option = word.len() > 1 && word.starts_with('-') && !is_number(word) && !word.contains(' ');
        !looks_like_option || (self.style.values == Values::Anything && !is_optional)
    }

    fn complain(&mut self, name: &str, what: &str) {
        self.told.push(Diagnostic::error(format!("`{name}` {what}")).at(&Origin::Flag(name.to_owned())));
    }
}

/// A name that the table does not have, with the nearest that it has.
pub fn unknown<S>(table: &[Section<S>], kind: &str, name: &str) -> Diagnostic {
    let names = table.iter().flat_map(|section| section.entries).flat_map(|entry| entry.names.iter().copied());
    let bare = name.trim_start_matches('-');
    let found = nearest(bare, names.clone().map(|name| name.trim_start_matches('-')).filter(|name| name.len() > 1));
    let found = found.and_then(|found| names.into_iter().find(|name| name.trim_start_matches('-') == found));
    Diagnostic::unknown(kind, name, found)
}

fn is_number(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.parse::<f64>().is_ok_and(f64::is_finite))
}

#[cfg(test)]
mod tests {
    use super::super::draft::Draft;
    use super::super::entry::{option, switch};
    use super::*;

    static TABLE: &[Section<Draft>] = &[Section {
        title: "All",
        entries: &[
            option(&["-w", "--workers"], "COUNT"),
            option(&["--worker-class", "-k"], "NAME"),
            option(&["--certfile"], "FILE"),
            option(&["--setenv"], "KEY VALUE").takes(Takes::Two),
            option(&["--stats"], "ADDRESS").takes(Takes::Attached),
            option(&["--log"], "FILE").takes(Takes::Perhaps),
            option(&["--all"], "NAME").takes(Takes::Several),
            switch(&["-v", "--verbose"]),
            switch(&["-q"]),
        ],
    }];

    fn check(style: Style, line: &str, expect: &str) {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut told = Diagnostics::default();
        let words = read(TABLE, style, &arguments, &mut told);
        let words = words.into_iter().map(|word| match word {
            Word::Option(_, given) => {
                let mut text = given.name;
                for value in given.values {
                    text.push_str(&format!("({value})"));
                }
                text
            }
            Word::Positional(text) => text,
        });
        let told = told.0.into_iter().map(|told| format!("! {}", told.message));
        assert_eq!(words.chain(told).collect::<Vec<_>>().join(" "), expect, "{line}");
    }

    #[test]
    fn options_are_written_in_every_usual_way() {
        for style in [Style::ARGPARSE, Style::OPTPARSE, Style::CLICK, Style::GETOPT] {
            check(style, "app --workers 4 -w 5 -w6 --workers=7", "app --workers(4) -w(5) -w(6) --workers(7)");
            check(style, "-vqw4 app", "-v -q -w(4) app");
            check(style, "--setenv A -1 --stats --stats=x --verbose", "--setenv(A)(-1) --stats --stats(x) --verbose");
            check(style, "--log --log x -v -- -w --x", "--log --log(x) -v -w --x");
            check(style, "--all a b -v c", "--all(a)(b) -v c");
            check(style, "- -5", "- -5");
        }
    }

    #[test]
    fn abbreviations_hold_where_the_original_has_them() {
        check(Style::ARGPARSE, "--certf x --verb", "--certfile(x) --verbose");
        check(Style::OPTPARSE, "--worker", "! `--worker` is short for several options");
        check(Style::CLICK, "--certf", "! unknown option `--certf`");
        check(Style::ARGPARSE, "--workers=1", "--workers(1)");
    }

    #[test]
    fn values_with_dashes_are_taken_or_missed_as_there() {
        check(Style::OPTPARSE, "--certfile -v", "--certfile(-v)");
        check(Style::ARGPARSE, "--certfile -v", "-v ! `--certfile` needs a value");
        check(Style::ARGPARSE, "--workers -4", "--workers(-4)");
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(Style::ARGPARSE, "--workers", "! `--workers` needs a value");
        check(Style::ARGPARSE, "--setenv A", "! `--setenv` needs two values");
        check(Style::ARGPARSE, "--verbose=1", "! `--verbose` takes no value");
        check(Style::ARGPARSE, "-x", "! unknown option `-x`");
        check(Style::ARGPARSE, "-threads", "! unknown option `-threads`");
    }
}
