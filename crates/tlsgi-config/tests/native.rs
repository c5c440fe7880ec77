//! Golden tests of tlsgi's own options: what is written → what is meant, and what people are told.
//!
//! A file has a command line (`$ tlsgi …`), variables (`> NAME=VALUE`), facts (`! root`), the text of a tlsgi.toml, and after `=====`
//! the expected outcome: every value of the configuration that differs from plain `tlsgi app:app`, and the messages.
//! `UPDATE_GOLDEN=1 cargo test -p tlsgi-config` writes the outcome anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use tlsgi_config::diagnostic::Paint;
use tlsgi_config::native::{self, argv};
use tlsgi_config::resolve::PassedSocket;
use tlsgi_config::{Config, Diagnostics, Facts, resolve};

const FILE: &str = "/etc/tlsgi.toml";

#[test]
fn golden_files_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/native");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of golden files") {
        let path = entry.expect("a directory entry").path();
        let text = std::fs::read_to_string(&path).expect("a golden file");
        let (input, expected) = text.split_once("=====\n").unwrap_or((&text, ""));
        let outcome = outcome(input);
        count += 1;
        if update {
            std::fs::write(&path, format!("{}\n=====\n{outcome}", input.trim_end())).expect("a golden file");
        } else if outcome != expected {
            wrong.push(format!("--- {}\nexpected:\n{expected}\ngot:\n{outcome}", path.display()));
        }
    }
    assert!(count > 20, "only {count} golden files in {}", folder.display());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn outcome(input: &str) -> String {
    let mut arguments = vec!["tlsgi".to_owned()];
    let mut environment = BTreeMap::new();
    let mut facts = facts();
    let mut file = String::new();
    for line in input.lines() {
        if let Some(rest) = line.strip_prefix("$ tlsgi") {
            arguments.extend(words(rest));
        } else if let Some((name, value)) = line.strip_prefix("> ").and_then(|rest| rest.split_once('=')) {
            environment.insert(name.to_owned(), value.to_owned());
        } else if let Some(fact) = line.strip_prefix("! ") {
            assume(&mut facts, fact);
        } else {
            _ = writeln!(file, "{line}");
        }
    }
    let layer = match argv::parse(arguments.into_iter().map(Into::into).collect()) {
        Ok(argv::Invocation::Serve(layer) | argv::Invocation::Check(layer)) => *layer,
        Ok(argv::Invocation::Tool(asked)) => {
            return format!("{:?}\nstate-dir: {:?}\n", asked.tool, asked.flags.state_dir);
        }
        Ok(other) => return format!("{other:?}\n"),
        Err(told) => return messages(&told, ""),
    };
    let file_given = (!file.trim().is_empty()).then(|| (FILE.into(), file.as_str()));
    let (said, mut told) = native::merge(layer, &environment, file_given);
    let (config, more) = resolve(said, &facts);
    told.extend(more);
    let difference = match config {
        Some(config) if !told.has_errors() => difference(&config),
        _ => "no configuration\n".to_owned(),
    };
    difference + &messages(&told, &file)
}

fn facts() -> Facts {
    Facts {
        directory: "/work".into(),
        home: Some("/home/me".into()),
        state_home: None,
        ca_root: None,
        mkcert_root: None,
        is_root: false,
        cores: 2,
        open_files: 1 << 20,
        credentials: None,
        passed_sockets: Vec::new(),
    }
}

fn assume(facts: &mut Facts, fact: &str) {
    match fact.split_once(' ').unwrap_or((fact, "")) {
        ("root", _) => facts.is_root = true,
        ("cores", count) => facts.cores = count.parse().expect("a number of cores"),
        ("open-files", count) => facts.open_files = count.parse().expect("a number of descriptors"),
        ("socket", name) => {
            let descriptor = 3 + i32::try_from(facts.passed_sockets.len()).expect("few sockets");
            facts.passed_sockets.push(PassedSocket { descriptor, name: name.to_owned() });
        }
        _ => unreachable!("unknown fact {fact}"),
    }
}

/// Words as a shell splits them, with double quotes.
fn words(line: &str) -> Vec<String> {
    let quoted = line.split('"').enumerate();
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for (at, part) in quoted {
        if at % 2 == 1 {
            match words.last_mut().filter(|_| is_open) {
                Some(word) => word.push_str(part),
                None => words.push(part.to_owned()),
            }
            is_open = true;
            continue;
        }
        is_open &= !part.starts_with(' ') && !part.is_empty();
        for word in part.split_whitespace() {
            match words.last_mut().filter(|_| is_open) {
                Some(last) => last.push_str(word),
                None => words.push(word.to_owned()),
            }
            is_open = false;
        }
        is_open = !part.ends_with(' ') && !part.is_empty();
    }
    words
}

fn messages(told: &Diagnostics, file: &str) -> String {
    told.0.iter().map(|it| format!("\n{}", it.render(Some(file), Paint::Plain))).collect()
}

fn difference(config: &Config) -> String {
    let plain = argv::parse(vec!["tlsgi".into(), "app:app".into()]);
    let Ok(argv::Invocation::Serve(layer)) = plain else { unreachable!("plain command: {plain:?}") };
    let plain = resolve(*layer, &facts()).0.expect("the plain configuration");
    let flat = |config: &Config| {
        let mut lines = Vec::new();
        flatten("", &serde_json::to_value(config).expect("JSON"), &mut lines);
        lines
    };
    let plain = flat(&plain);
    flat(config).into_iter().filter(|line| !plain.contains(line)).map(|line| line + "\n").collect()
}

fn flatten(path: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(object) if is_duration(value) => {
            let number = |key: &str| object.get(key).and_then(Value::as_u64).unwrap_or_default();
            lines.push(format!(
                "{} = {}.{:03} s",
                path.trim_start_matches('.'),
                number("secs"),
                number("nanos") / 1_000_000
            ));
        }
        Value::Object(object) if !object.is_empty() => {
            for (key, value) in object {
                flatten(&format!("{path}.{key}"), value, lines);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            lines.push(format!("{}.count = {}", path.trim_start_matches('.'), items.len()));
            for (at, value) in items.iter().enumerate() {
                flatten(&format!("{path}[{at}]"), value, lines);
            }
        }
        _ => lines.push(format!("{} = {value}", path.trim_start_matches('.'))),
    }
}

fn is_duration(value: &Value) -> bool {
    value.get("secs").is_some() && value.get("nanos").is_some()
}
