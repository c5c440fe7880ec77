//! Whatever is written in the words of gunicorn, uvicorn, Hypercorn and Flask, nothing panics, and what can be served means the same when it is printed.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use tlsgi_config::diagnostic::Paint;
use tlsgi_config::dialect::{DIALECTS, Dialect, Files, Input, Outcome, toml};
use tlsgi_config::native::file;

/// Those of servers that are Python programs.
fn dialects() -> impl Iterator<Item = &'static Dialect> {
    let names = ["gunicorn", "uvicorn", "hypercorn", "flask"];
    DIALECTS.iter().copied().filter(move |dialect| names.contains(&dialect.name))
}

/// One text for every file.
struct Everywhere(String);

impl Files for Everywhere {
    fn read(&self, path: &Path) -> Result<String, String> {
        if path.ends_with("absent") { Err("there is none".to_owned()) } else { Ok(self.0.clone()) }
    }

    fn list(&self, _: &Path) -> Vec<String> {
        [".env", ".flaskenv", "gunicorn.conf.py", "site.conf", "x"].map(str::to_owned).to_vec()
    }

    fn evaluate(&self, source: &str) -> Result<String, String> {
        self.read(Path::new(source))
    }
}

/// A spelling that some dialect has.
fn spelling() -> impl Strategy<Value = String> {
    let rows = dialects().flat_map(|dialect| (dialect.rows)());
    let names = rows.flat_map(|row| {
        let parts: Vec<String> = row.written.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        parts.into_iter().filter_map(|part| part.split([' ', '[', '=']).next().map(str::to_owned)).collect::<Vec<_>>()
    });
    proptest::sample::select(names.collect::<Vec<_>>())
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "-?[0-9]{1,6}(\\.[0-9])?",
        "(unix:|fd://|\\[::1\\]|:|0\\.0\\.0\\.0|localhost|=0|tcp://)?[0-9:]{0,6}(,[a-z.]{1,5})*",
        "(adhoc|CERT_REQUIRED|python:a|file:a|absent|sync|gevent|asgi|run|start-server|~|\\*|True|/)",
        "[a-z]{1,6}:[a-z]{1,6}(\\(\\))?",
    ]
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => spelling(),
        1 => (spelling(), value()).prop_map(|(name, value)| format!("{name}={value}")),
        2 => value(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let line = (spelling(), value(), 0..5).prop_map(|(name, value, kind)| {
        let name = name.trim_start_matches('-').replace('-', "_");
        match kind {
            0 => format!("{name} = {value:?}"),
            1 => format!("{{\"{name}\": {value:?}}}"),
            2 => format!("{{\"{name}\": [{value:?}, 1, null, {{\"$callable\": {value:?}}}]}}"),
            3 => format!("[uwsgi]\n{name} = {value}"),
            _ => format!("export {}='{value}", name.to_uppercase()),
        }
    });
    prop_oneof![any::<String>(), proptest::collection::vec(line, 1..4).prop_map(|lines| lines.join("\n"))]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn words_of_other_servers_are_translated_or_refused(
        words in proptest::collection::vec(word(), 0..8),
        variable in spelling(),
        content in value(),
        text in text(),
    ) {
        let variable = variable.trim_start_matches('-').replace('-', "_").to_uppercase();
        let prefixed = ["UVICORN_", "FLASK_RUN_", "FLASK_"].map(|prefix| (format!("{prefix}{variable}"), content.clone()));
        let mut environment = BTreeMap::from(prefixed);
        environment.insert("GUNICORN_CMD_ARGS".to_owned(), content);
        let files = Everywhere(text);
        for dialect in dialects() {
            let input =
                Input { arguments: &words, environment: &environment, directory: Path::new("/work"), files: &files };
            let (outcome, told) = (dialect.translate)(&input);
            for diagnostic in &told.0 {
                prop_assert!(diagnostic.render(Some(&files.0), Paint::Plain).contains(": "));
            }
            if let Outcome::Serve(said) = outcome && !told.has_errors() {
                let printed = toml::write(&said);
                let (again, told) = file::parse("/work/tlsgi.toml".into(), &printed);
                prop_assert!(told.0.is_empty(), "{:?} in\n{}", told, printed);
                prop_assert_eq!(toml::write(&again).lines().count(), printed.lines().count());
            }
        }
    }
}
