//! Golden tests of the dialects: another server's words → the tlsgi.toml that means the same, and the messages.
//!
//! `tests/golden/DIALECT/NAME.in` has a command line (`$ DIALECT …`), variables (`> NAME=VALUE`), facts (`! root`), and the texts of
//! files, each behind a line `@ PATH` (relative to /work); Python files have assignments of literals only. `NAME.toml` beside it has what is expected. The server is started with what was
//! said and with the printed file, and both must mean the same.
//! `UPDATE_GOLDEN=1 cargo test -p tlsgi-config` writes the outcomes anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::test_runner::{Config, TestRunner};
use tlsgi_config::diagnostic::Paint;
use tlsgi_config::dialect::{self, DIALECTS, Files, Input, Outcome, page, toml};
use tlsgi_config::native;
use tlsgi_config::{Diagnostics, Document, Facts, resolve};

#[test]
fn golden_files_hold() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for dialect in DIALECTS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(dialect.name);
        let mut count = 0;
        for entry in std::fs::read_dir(&folder).expect("the folder of golden files") {
            let path = entry.expect("a directory entry").path();
            if path.extension().is_none_or(|extension| extension != "in") {
                continue;
            }
            let outcome = Case::read(&std::fs::read_to_string(&path).expect("a golden file")).outcome();
            let beside = path.with_extension("toml");
            count += 1;
            if update {
                std::fs::write(&beside, &outcome).expect("a golden file");
                continue;
            }
            let expected = std::fs::read_to_string(&beside).unwrap_or_default();
            if outcome != expected {
                wrong.push(format!("--- {}\nexpected:\n{expected}\ngot:\n{outcome}", path.display()));
            }
        }
        assert!(count > 5, "only {count} golden files in {}", folder.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Golden files with parts lost, doubled and exchanged: translated or refused, whatever becomes of them.
#[test]
fn damaged_words_and_files_are_translated_or_refused() {
    let mut cases = Vec::new();
    for dialect in DIALECTS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(dialect.name);
        for entry in std::fs::read_dir(&folder).expect("the folder of golden files") {
            let path = entry.expect("a directory entry").path();
            if path.extension().is_some_and(|extension| extension == "in") {
                cases.push(std::fs::read_to_string(&path).expect("a golden file"));
            }
        }
    }
    let pieces = "([<>/=\"'%$@(){},:;~!*\\\\\n\\[\\] -]|[a-zA-Z0-9]|é){0,3}";
    let damage = proptest::collection::vec((0_usize..4000, 0_usize..12, pieces), 1..4);
    let mut runner = TestRunner::new(Config { failure_persistence: None, cases: 1_000, ..Config::default() });
    let damaged = (0..cases.len(), damage, proptest::bool::ANY);
    let outcome = runner.run(&damaged, |(at, damage, is_in_words)| {
        let mut case = Case::read(&cases[at]);
        for (place, length, text) in damage {
            if is_in_words || case.files.0.is_empty() {
                let at = place % case.arguments.len().max(1);
                if let Some(word) = case.arguments.get_mut(at) {
                    cut(word, place / 7, length, &text);
                }
            } else {
                let at = place % case.files.0.len();
                if let Some(file) = case.files.0.values_mut().nth(at) {
                    cut(file, place, length, &text);
                }
            }
        }
        let outcome = case.outcome();
        proptest::prop_assert!(!outcome.is_empty());
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
}

/// Puts a text in the place of some characters.
fn cut(word: &mut String, place: usize, length: usize, text: &str) {
    let letters: Vec<char> = word.chars().collect();
    let from = place % (letters.len() + 1);
    let to = (from + length).min(letters.len());
    *word = letters[..from].iter().copied().chain(text.chars()).chain(letters[to..].iter().copied()).collect();
}

#[test]
fn every_option_has_a_line_with_a_remark() {
    for dialect in DIALECTS {
        for row in (dialect.rows)() {
            assert!(!row.remark.is_empty() && row.written.starts_with('`'), "{}: {row:?}", dialect.name);
        }
        assert!(page::page(dialect).contains(dialect.original));
        assert!(page::help(dialect).contains(dialect.usage));
    }
}

/// One golden file.
struct Case {
    name: String,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    files: Texts,
    facts: Facts,
}

struct Texts(BTreeMap<PathBuf, String>);

impl Files for Texts {
    fn read(&self, path: &Path) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| "No such file or directory (os error 2)".to_owned())
    }

    fn list(&self, directory: &Path) -> Vec<String> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(directory).ok());
        let mut names: Vec<String> = below
            .filter_map(|path| path.components().next())
            .map(|name| name.as_os_str().to_string_lossy().into_owned())
            .collect();
        names.dedup();
        names
    }

    /// A file of assignments on single lines, and of functions.
    fn evaluate(&self, source: &str) -> Result<String, String> {
        let module = source.strip_prefix("python:").map(|name| format!("/work/{}.py", name.replace('.', "/")));
        let text = self.read(Path::new(module.as_deref().unwrap_or(source)))?;
        let mut settings = serde_json::Map::new();
        for line in text.lines() {
            if let Some((name, literal)) = line.split_once(" = ") {
                let literal = literal.replace('\'', "\"").replace("True", "true").replace("False", "false");
                let value = serde_json::from_str(&literal.replace("None", "null"));
                settings.insert(name.to_owned(), value.map_err(|error| format!("{line}: {error}"))?);
            } else if let Some((name, _)) = line.strip_prefix("def ").and_then(|rest| rest.split_once('(')) {
                settings.insert(name.to_owned(), serde_json::json!({ "$callable": name }));
            } else if let Some(error) = line.strip_prefix("raise ") {
                return Err(error.to_owned());
            }
        }
        Ok(serde_json::Value::Object(settings).to_string())
    }
}

impl Case {
    fn read(text: &str) -> Self {
        let mut case = Self {
            name: String::new(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            files: Texts(BTreeMap::new()),
            facts: facts(),
        };
        let mut file: Option<PathBuf> = None;
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("@ ") {
                let path = Path::new("/work").join(path);
                case.files.0.insert(path.clone(), String::new());
                file = Some(path);
            } else if let Some(path) = &file {
                let text = case.files.0.entry(path.clone()).or_default();
                text.push_str(line);
                text.push('\n');
            } else if let Some(words) = line.strip_prefix("$ ") {
                let mut words = split(words).into_iter();
                case.name = words.next().expect("the name of a dialect");
                case.arguments = words.collect();
            } else if let Some((name, value)) = line.strip_prefix("> ").and_then(|rest| rest.split_once('=')) {
                case.environment.insert(name.to_owned(), value.to_owned());
            } else if line == "! root" {
                case.facts.is_root = true;
            } else {
                assert!(line.trim().is_empty(), "what is {line:?}?");
            }
        }
        case
    }

    fn outcome(&self) -> String {
        let dialect = dialect::find(&self.name).expect("a dialect");
        let input = Input {
            arguments: &self.arguments,
            environment: &self.environment,
            directory: &self.facts.directory,
            files: &self.files,
        };
        let (outcome, mut told) = (dialect.translate)(&input);
        let said = match outcome {
            Outcome::Serve(said) => said,
            Outcome::Print(text) => return text,
            Outcome::Write(files, said) => {
                let files = files.into_iter().map(|file| format!("# {}\n{}\n", file.path.display(), file.text));
                return files.collect::<String>() + &said + &self.messages(&told);
            }
        };
        if told.has_errors() {
            return self.messages(&told);
        }
        let (merged, more) = native::merge_foreign(&said, &self.environment);
        told.extend(more);
        let (config, more) = resolve(merged, &self.facts);
        told.extend(more);
        let text = toml::write(&said);
        if config.is_some() {
            self.check_printed(&text, *said);
        }
        text + &self.messages(&told)
    }

    /// The printed file means what was said.
    fn check_printed(&self, text: &str, said: Document) {
        let (again, told) = native::file::parse("/work/tlsgi.toml".into(), text);
        assert!(told.0.is_empty(), "{told:?} in\n{text}");
        let config =
            |said: Document| resolve(said, &self.facts).0.expect("what can be served with variables can be without");
        let (mut again, mut config) = (config(again), config(said));
        for pool in config.pools.iter_mut().chain(&mut again.pools) {
            // What a file says is looked for from its directory, which is the current one here.
            pool.directory.get_or_insert_with(|| self.facts.directory.clone());
        }
        assert_eq!(again, config, "{text}");
    }

    fn messages(&self, told: &Diagnostics) -> String {
        let source = |told: &tlsgi_config::Diagnostic| match &told.origin {
            Some(tlsgi_config::Origin::File(at)) => self.files.0.get(at.file.as_path()).map(String::as_str),
            _ => None,
        };
        let texts = told.0.iter().map(|told| told.render(source(told), Paint::Plain));
        texts.flat_map(|text| text.lines().map(|line| format!("# {line}\n")).collect::<Vec<_>>()).collect()
    }
}

/// Words as a shell splits them, with double and single quotes.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
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
