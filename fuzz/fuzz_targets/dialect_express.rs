//! Command lines of mod_wsgi-express: translated or refused, and readable when printed.
#![no_main]

use std::collections::BTreeMap;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use tlsgi_config::dialect::{self, Files, Input, Outcome, toml};
use tlsgi_config::native::file;

/// It reads no files.
struct Nowhere;

impl Files for Nowhere {
    fn read(&self, _: &Path) -> Result<String, String> {
        Err("there are no files".to_owned())
    }

    fn list(&self, _: &Path) -> Vec<String> {
        Vec::new()
    }

    fn evaluate(&self, _: &str) -> Result<String, String> {
        Err("there is no Python".to_owned())
    }
}

fuzz_target!(|text: &str| {
    let mut words = vec!["start-server".to_owned()];
    words.extend(text.lines().map(str::to_owned));
    let environment = BTreeMap::from([("BASE".to_owned(), "/srv".to_owned())]);
    let input =
        Input { arguments: &words, environment: &environment, directory: Path::new("/work"), files: &Nowhere };
    let dialect = dialect::find("mod_wsgi-express").expect("a dialect");
    let (outcome, told) = (dialect.translate)(&input);
    if let Outcome::Serve(said) = outcome
        && !told.has_errors()
    {
        let printed = toml::write(&said);
        assert!(file::parse("/work/tlsgi.toml".into(), &printed).1.0.is_empty(), "{printed}");
    }
});
