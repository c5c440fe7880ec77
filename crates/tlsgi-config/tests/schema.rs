//! The JSON schema against the reader: what the one takes, the other does, and what is misspelt or misplaced neither does.

use std::path::Path;

use serde_json::Value;
use tlsgi_config::diagnostic::Severity;
use tlsgi_config::native::{file, reference};

/// The part of JSON Schema that ours uses; patterns are left to the reader's own tests.
fn is_valid(schema: &Value, value: &Value) -> bool {
    let Value::Object(rules) = schema else { return schema.as_bool().unwrap_or(true) };
    rules.iter().all(|(rule, wanted)| match (rule.as_str(), value) {
        ("type", _) => one_or_many(wanted).iter().any(|kind| is_of(kind, value)),
        ("const", _) => wanted == value,
        ("enum", _) => wanted.as_array().is_some_and(|words| words.contains(value)),
        ("anyOf", _) => wanted.as_array().is_some_and(|schemas| schemas.iter().any(|schema| is_valid(schema, value))),
        ("minLength", Value::String(text)) => text.chars().count() as u64 >= wanted.as_u64().unwrap_or_default(),
        ("minimum", Value::Number(number)) => number.as_f64() >= wanted.as_f64(),
        ("exclusiveMinimum", Value::Number(number)) => number.as_f64() > wanted.as_f64(),
        ("maximum", Value::Number(number)) => number.as_f64() <= wanted.as_f64(),
        ("items", Value::Array(items)) => items.iter().all(|item| is_valid(wanted, item)),
        ("properties", Value::Object(object)) => {
            object.iter().all(|(key, value)| wanted.get(key).is_none_or(|schema| is_valid(schema, value)))
        }
        ("additionalProperties", Value::Object(object)) => {
            let known = |key: &str| rules.get("properties").is_some_and(|known| known.get(key).is_some());
            object.iter().filter(|(key, _)| !known(key)).all(|(_, value)| is_valid(wanted, value))
        }
        ("pattern" | "propertyNames" | "minLength" | "minimum" | "exclusiveMinimum" | "maximum", _) => true,
        ("items" | "properties" | "additionalProperties" | "description" | "default" | "title" | "$schema", _) => true,
        (rule, _) => unreachable!("the schema has a rule that is not looked at: {rule}"),
    })
}

fn one_or_many(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        word => word.as_str().into_iter().collect(),
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => unreachable!("unknown type {other}"),
    }
}

fn schema() -> Value {
    serde_json::from_str(&reference::schema()).expect("the schema is JSON")
}

fn read(text: &str) -> Option<Value> {
    serde_json::to_value(toml::from_str::<toml::Table>(text).ok()?).ok()
}

/// The blocks of TOML in a page.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

fn pages(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let page = std::fs::read_to_string(&path).expect("a page");
            found.extend(blocks(&page).into_iter().map(|block| (path.display().to_string(), block.to_owned())));
        }
    }
}

#[test]
fn every_example_of_the_documentation_is_read_and_fits_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    pages(&root.join("docs"), &mut found);
    let schema = schema();
    let mut count = 0;
    for (page, block) in found {
        let is_shared = block.contains("[tool.tlsgi");
        let name = if is_shared { "pyproject.toml" } else { "tlsgi.toml" };
        let (_, told) = file::parse(name.into(), &block);
        assert!(told.0.is_empty(), "{page}: {told:?} in\n{block}");
        let value = read(&block).expect("TOML");
        let value = if is_shared { value["tool"]["tlsgi"].clone() } else { value };
        assert!(is_valid(&schema, &value), "{page}: the schema refuses\n{block}");
        count += 1;
    }
    assert!(count > 5, "only {count} examples");
}

#[test]
fn schema_and_reader_agree_on_the_golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/native");
    let schema = schema();
    let (mut taken, mut refused) = (0, 0);
    for entry in std::fs::read_dir(&folder).expect("the golden files") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a golden file");
        let input = text.split("=====\n").next().unwrap_or_default();
        let lines =
            input.lines().filter(|line| !line.starts_with("$ ") && !line.starts_with("> ") && !line.starts_with("! "));
        let toml = lines.collect::<Vec<_>>().join("\n");
        let Some(value) = read(&toml) else { continue };
        let (_, told) = file::parse("tlsgi.toml".into(), &toml);
        let errors: Vec<_> = told.0.iter().filter(|told| told.severity == Severity::Error).collect();
        if errors.is_empty() {
            // Keys may have underscores; the schema has them in one form.
            let is_plain = toml.lines().all(|line| !line.split('=').next().unwrap_or_default().contains('_'));
            assert!(!is_plain || is_valid(&schema, &value), "{}: the schema refuses\n{toml}", path.display());
            taken += 1;
        }
        let is_about_a_key =
            |message: &str| message.starts_with("unknown setting") || message.contains("is no option of");
        if errors.iter().any(|told| is_about_a_key(&told.message)) {
            assert!(!is_valid(&schema, &value), "{}: the schema takes\n{toml}", path.display());
            refused += 1;
        }
    }
    assert!(taken > 10 && refused > 1, "{taken} taken, {refused} refused");
}
