//! The words of other servers: text in, what tlsgi is to do and what people are told out. Reads no file and asks no machine by itself.
//!
//! A dialect is one function next to one table: the table has every option of the original, each done, done differently or refused.

mod apache;
pub mod argv;
pub mod draft;
pub mod entry;
mod express;
mod flask;
mod gunicorn;
mod hypercorn;
pub mod page;
mod pyserver;
pub mod toml;
mod uvicorn;
mod uwsgi;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::Document;
use crate::nearest::nearest;

/// Another server's way to be told what to do.
#[derive(Debug)]
pub struct Dialect {
    /// The word behind `tlsgi`: the name of the original's program.
    pub name: &'static str,
    /// The release whose options the table has, for the page.
    pub original: &'static str,
    /// How it is written behind the name.
    pub usage: &'static str,
    /// What `tlsgi --help` and the manual say, one line.
    pub about: &'static str,
    /// What its users should know besides the table, in Markdown.
    pub notes: &'static str,
    /// The table as the page shows it.
    pub rows: fn() -> Vec<Row>,
    /// What is meant.
    pub translate: fn(&Input<'_>) -> (Outcome, Diagnostics),
}

/// Every dialect.
pub static DIALECTS: &[&Dialect] = &[
    &express::DIALECT,
    &apache::DIALECT,
    &uwsgi::DIALECT,
    &gunicorn::DIALECT,
    &uvicorn::DIALECT,
    &hypercorn::DIALECT,
    &flask::DIALECT,
];

/// The dialect of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Dialect> {
    DIALECTS.iter().copied().find(|dialect| dialect.name == name)
}

/// What a dialect may look at.
pub struct Input<'a> {
    /// The words behind the dialect's name.
    pub arguments: &'a [String],
    /// Every variable of the environment.
    pub environment: &'a BTreeMap<String, String>,
    /// The current directory, absolute.
    pub directory: &'a Path,
    /// The files that the words name.
    pub files: &'a dyn Files,
}

/// Files by their names. The command has those of the machine, tests have their own.
pub trait Files {
    /// The whole text of a file.
    ///
    /// # Errors
    /// Why it cannot be had, in words.
    fn read(&self, path: &Path) -> Result<String, String>;

    /// The names in a directory, sorted; none where there is no such directory.
    fn list(&self, directory: &Path) -> Vec<String>;

    /// What a Python file or, behind `python:`, a module binds to names that begin with no underscore, as a JSON object. What JSON
    /// cannot say is `{"$callable": NAME}` or `{"$object": TYPE}`.
    ///
    /// # Errors
    /// Why it cannot be had, in words.
    fn evaluate(&self, source: &str) -> Result<String, String>;
}

/// What is to be done.
#[derive(Debug)]
pub enum Outcome {
    /// Serve. What has no origin is the original's default and weighs less than `TLSGI_*`.
    Serve(Box<Document>),
    /// Print this, as `--help` asks for.
    Print(String),
    /// Write these files, and say what was done.
    Write(Vec<NewFile>, String),
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Where, absolute.
    pub path: PathBuf,
    /// What.
    pub text: String,
    /// It is a program.
    pub is_executable: bool,
}

/// A line of a dialect's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The heading it stands under.
    pub section: &'static str,
    /// Every spelling, with the form of the value.
    pub written: String,
    /// What becomes of it.
    pub verdict: entry::Verdict,
    /// The option of tlsgi, the difference, or the reason.
    pub remark: String,
}

/// What is asked of another server's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Serve as they say.
    Serve,
    /// Check what they say, and serve nothing.
    Check,
    /// Print them as a `tlsgi.toml`.
    Import,
}

/// A command line that begins with a dialect.
#[derive(Debug, Clone)]
pub struct Foreign {
    /// Whose words follow.
    pub dialect: &'static Dialect,
    /// They.
    pub arguments: Vec<String>,
    /// What for.
    pub purpose: Purpose,
}

/// Reads `DIALECT …`, `import DIALECT …` and `check DIALECT …`; nothing for any other command line. `words` are those behind the program's name.
#[must_use]
pub fn asked(words: &[std::ffi::OsString]) -> Option<Result<Foreign, Diagnostic>> {
    let word = |at: usize| words.get(at).and_then(|word| word.to_str());
    let (purpose, skipped) = match word(0)? {
        "import" => (Purpose::Import, 1),
        "check" if word(1).is_some_and(|name| find(name).is_some()) => (Purpose::Check, 1),
        name if find(name).is_some() => (Purpose::Serve, 0),
        _ => return None,
    };
    let Some(name) = word(skipped) else { return Some(Err(no_dialect(None))) };
    if matches!(name, "--help" | "-h") {
        return None;
    }
    let Some(dialect) = find(name) else { return Some(Err(no_dialect(Some(name)))) };
    let arguments = words.iter().skip(skipped + 1).map(|word| word.to_str().map(str::to_owned)).collect();
    Some(match arguments {
        Some(arguments) => Ok(Foreign { dialect, arguments, purpose }),
        None => Err(Diagnostic::error("an argument is not UTF-8")),
    })
}

fn no_dialect(name: Option<&str>) -> Diagnostic {
    let names = || DIALECTS.iter().map(|dialect| dialect.name);
    let told = match name {
        Some(name) => Diagnostic::unknown("server", name, nearest(name, names())),
        None => Diagnostic::error("`tlsgi import` needs the command line of another server"),
    };
    let known: Vec<&str> = names().collect();
    told.hint(format!("known are {}", known.join(", ")))
}
