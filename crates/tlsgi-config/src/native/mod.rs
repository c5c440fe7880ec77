//! tlsgi's own command line, environment variables and file.

pub mod argv;
pub mod command;
pub mod env;
pub mod file;
pub mod manual;
pub mod reference;
pub mod show;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::diagnostic::Diagnostics;
use crate::document::Document;

/// Everything that was said, merged: flags (or what a foreign command line means) over `TLSGI_*` over the file over the variables of
/// other programs.
#[must_use]
pub fn merge(
    flags: impl Into<Document>,
    environment: &BTreeMap<String, String>,
    file: Option<(PathBuf, &str)>,
) -> (Document, Diagnostics) {
    let (variables, mut told) = env::parse(environment);
    let mut said = flags.into().over(variables.into());
    if let Some((path, text)) = file {
        let (document, more) = file::parse(path, text);
        said = said.over(document);
        told.extend(more);
    }
    let (conventions, more) = env::parse_conventions(environment);
    told.extend(more);
    (said.over(conventions.into()), told)
}

/// As [`merge`], where a dialect says what flags say otherwise. Its own defaults weigh less than `TLSGI_*`, and there is no file.
#[must_use]
pub fn merge_foreign(said: &Document, environment: &BTreeMap<String, String>) -> (Document, Diagnostics) {
    let (server, defaults) = said.server.split();
    let said = Document { server, ..said.clone() };
    let (variables, mut told) = env::parse(environment);
    let (conventions, more) = env::parse_conventions(environment);
    told.extend(more);
    (said.over(variables.into()).over(defaults.into()).over(conventions.into()), told)
}
