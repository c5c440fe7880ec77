//! A layer as a tlsgi.toml: every value with the place where it was written.

use crate::layer::{Layer, OPTIONS};
use crate::option::{Group, Spec};
use crate::origin::Origin;
use crate::value::Form;

/// Every option; what nobody wrote and has no fixed default stands as a comment. Values of variables are not shown: they are
/// where secrets travel, and this text travels to bug reports.
#[must_use]
pub fn show(layer: &Layer) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        text.push_str(&format!("# {}\n", group.title()));
        for spec in OPTIONS.iter().filter(|spec| spec.group == group && spec.is_in_file) {
            text.push_str(&line(spec, layer));
            text.push('\n');
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
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
