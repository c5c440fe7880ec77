//! What was understood, as a tlsgi.toml.

use crate::document::Document;
use crate::layer::{Layer, OPTIONS};
use crate::option::{Group, Spec};
use crate::origin::Origin;
use crate::value::Form;

/// Every option that was said, in the order of the reference, each with the place where it was written. Values of variables stand in
/// full: this text is meant to be used.
#[must_use]
pub fn write(said: &Document) -> String {
    let mut blocks = groups(&said.server);
    for site in &said.sites {
        let name = if site.name.is_empty() { String::new() } else { format!("name = {}\n", text(&site.name)) };
        blocks.push(format!("[[site]]\n{name}{}", groups(&site.layer).join("\n")));
    }
    for pool in &said.pools {
        let name = if pool.name.contains('.') { text(&pool.name) } else { pool.name.clone() };
        blocks.push(format!("[pool.{name}]\n{}", groups(&pool.layer).join("\n")));
    }
    blocks.join("\n")
}

fn groups(layer: &Layer) -> Vec<String> {
    let mut blocks = Vec::new();
    for group in Group::ALL {
        let specs = OPTIONS.iter().filter(|spec| spec.group == group && spec.is_in_file);
        let lines: Vec<String> = specs.filter_map(|spec| line(spec, layer)).collect();
        if !lines.is_empty() {
            blocks.push(format!("# {}\n{}", group.title(), lines.concat()));
        }
    }
    blocks
}

fn line(spec: &Spec, layer: &Layer) -> Option<String> {
    let said = (spec.slot)(layer).said();
    let (_, origin) = said.first()?;
    let origin = match origin {
        Origin::Default => "the default there".to_owned(),
        other => other.to_string(),
    };
    let values: Vec<String> = said.iter().map(|(text, _)| value(spec, text)).collect();
    // Of certificates there is mostly one, and it reads better so.
    let is_list =
        spec.is_repeatable && (values.len() > 1 || !matches!(spec.name(), "certfile" | "keyfile" | "chain-file"));
    let value = if is_list { format!("[{}]", values.join(", ")) } else { values.concat() };
    Some(format!("{:<44} # {}\n", format!("{} = {value}", spec.name()), origin))
}

fn value(spec: &Spec, text: &str) -> String {
    match spec.form {
        Form::Switch | Form::Integer { .. } => text.to_owned(),
        Form::IntegerOrNone if text != "none" => text.to_owned(),
        _ => self::text(text),
    }
}

fn text(text: &str) -> String {
    ::toml::Value::from(text).to_string()
}
