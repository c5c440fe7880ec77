//! Command lines, variables and files of gunicorn, uvicorn, Hypercorn and Flask: translated or refused, and readable when printed.
#![no_main]

use std::collections::BTreeMap;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use tlsgi_config::dialect::{self, Files, Input, Outcome, toml};
use tlsgi_config::native::file;

/// One text for every file.
struct Everywhere<'a>(&'a str);

impl Files for Everywhere<'_> {
    fn read(&self, _: &Path) -> Result<String, String> {
        Ok(self.0.to_owned())
    }

    fn list(&self, _: &Path) -> Vec<String> {
        [".env", ".flaskenv", "gunicorn.conf.py"].map(str::to_owned).to_vec()
    }

    fn evaluate(&self, _: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

fuzz_target!(|text: &str| {
    // Words, one a line; an empty line; variables; an empty line; the text of every file.
    let mut parts = text.splitn(3, "\n\n");
    let words: Vec<String> = parts.next().unwrap_or_default().lines().map(str::to_owned).collect();
    let variables = parts.next().unwrap_or_default().lines().filter_map(|line| line.split_once('='));
    let environment: BTreeMap<String, String> =
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let files = Everywhere(parts.next().unwrap_or_default());
    for name in ["gunicorn", "uvicorn", "hypercorn", "flask"] {
        let dialect = dialect::find(name).expect("a dialect");
        let input =
            Input { arguments: &words, environment: &environment, directory: Path::new("/work"), files: &files };
        let (outcome, told) = (dialect.translate)(&input);
        if let Outcome::Serve(said) = outcome
            && !told.has_errors()
        {
            let printed = toml::write(&said);
            assert!(file::parse("/work/tlsgi.toml".into(), &printed).1.0.is_empty(), "{printed}");
        }
    }
});
