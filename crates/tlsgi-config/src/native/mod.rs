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
use crate::layer::Layer;

/// Everything that was said, merged: flags over `TLSGI_*` over the file over the variables of other programs.
#[must_use]
pub fn merge(
    flags: Layer,
    environment: &BTreeMap<String, String>,
    file: Option<(PathBuf, &str)>,
) -> (Layer, Diagnostics) {
    let (variables, mut told) = env::parse(environment);
    let mut said = flags.over(variables);
    if let Some((path, text)) = file {
        let (layer, more) = file::parse(path, text);
        said = said.over(layer);
        told.extend(more);
    }
    let (conventions, more) = env::parse_conventions(environment);
    told.extend(more);
    (said.over(conventions), told)
}

/// As [`merge`], where a dialect says what flags say otherwise. Its own defaults weigh less than `TLSGI_*`, and there is no file.
#[must_use]
pub fn merge_foreign(said: &Layer, environment: &BTreeMap<String, String>) -> (Layer, Diagnostics) {
    let (said, defaults) = said.split();
    let (variables, mut told) = env::parse(environment);
    let (conventions, more) = env::parse_conventions(environment);
    told.extend(more);
    (said.over(variables).over(defaults).over(conventions), told)
}
