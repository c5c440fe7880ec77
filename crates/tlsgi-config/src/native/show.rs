//! A document as a tlsgi.toml: every value with the place where it was written.

use crate::document::{Document, Part};
use crate::layer::{Layer, OPTIONS};
use crate::option::{Group, Spec};
use crate::origin::Origin;
use crate::value::Form;

/// Every option; what nobody wrote and has no fixed default stands as a comment. Values of variables are not shown: they are
/// where secrets travel, and this text travels to bug reports.
#[must_use]
pub fn show(said: &Document) -> String {
    let mut text = String::new();
    let layer = &said.server;
    for group in Group::ALL {
        text.push_str(&format!("# {}\n", group.title()));
        for spec in OPTIONS.iter().filter(|spec| spec.group == group && spec.is_in_file) {
            text.push_str(&line(spec, layer));
            text.push('\n');
        }
        text.push('\n');
    }
    for site in &said.sites {
        let name = if site.name.is_empty() { String::new() } else { format!("name = {}\n", quoted(&site.name)) };
        section(&mut text, "[[site]]", &name, site);
    }
    for pool in &said.pools {
        let heading = format!("[pool.{}]", quoted_key(&pool.name));
        section(&mut text, &heading, "", pool);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// A section says what differs from the top.
fn section(text: &mut String, heading: &str, name: &str, part: &Part) {
    text.push_str(&format!("{heading:<44} # {}\n{name}", part.origin));
    for spec in OPTIONS.iter().filter(|spec| spec.is_in_file && !(spec.slot)(&part.layer).said().is_empty()) {
        text.push_str(&line(spec, &part.layer));
        text.push('\n');
    }
    text.push('\n');
}

/// Dots part keys.
fn quoted_key(name: &str) -> String {
    if name.contains('.') { quoted(name) } else { name.to_owned() }
}

fn line(spec: &Spec, layer: &Layer) -> String {
    let said = (spec.slot)(layer).said();
    let Some((_, origin)) = said.first() else {
        let default = spec.computed.map(|words| format!(" {words}")).unwrap_or_default();
        return format!("# {} ={default}", spec.name());
    };
    let values: Vec<String> = said.iter().map(|(text, _)| written(spec, text)).collect();
    let value = if spec.is_repeatable { format!("[{}]", values.join(", ")) } else { values.concat() };
    let origin = match origin {
        Origin::Default => "default".to_owned(),
        other => other.to_string(),
    };
    format!("{:<44} # {origin}", format!("{} = {value}", spec.name()))
}

/// The value in TOML.
fn written(spec: &Spec, text: &str) -> String {
    match spec.form {
        Form::Switch | Form::Integer { .. } => text.to_owned(),
        Form::IntegerOrNone if text != "none" => text.to_owned(),
        Form::Pair if spec.name() == "env" => {
            quoted(&format!("{}=…", text.split_once('=').map_or(text, |(name, _)| name)))
        }
        _ => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
