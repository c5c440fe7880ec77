//! Files of Apache and uWSGI: translated or refused with places inside of them, and readable when printed.
#![no_main]

use std::collections::BTreeMap;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use tlsgi_config::dialect::{self, Files, Input, Outcome, toml};
use tlsgi_config::native::file;
use tlsgi_config::Origin;

/// One text for every file that has a name with a dot.
struct Everywhere<'a>(&'a str);

impl Files for Everywhere<'_> {
    fn read(&self, path: &Path) -> Result<String, String> {
        if path.extension().is_some() { Ok(self.0.to_owned()) } else { Err("there is no such file".to_owned()) }
    }

    fn list(&self, directory: &Path) -> Vec<String> {
        if directory.ends_with("work") { vec!["a.crt".to_owned(), "b.conf".to_owned()] } else { Vec::new() }
    }

    fn evaluate(&self, _: &str) -> Result<String, String> {
        Err("there is no Python".to_owned())
    }
}

fuzz_target!(|input: (u8, &str)| {
    const FILES: [(&str, &str); 5] = [
        ("apache", "site.conf"),
        ("uwsgi", "uwsgi.ini"),
        ("uwsgi", "uwsgi.xml"),
        ("uwsgi", "uwsgi.yaml"),
        ("uwsgi", "uwsgi.json"),
    ];
    let (at, text) = input;
    let (name, file_name) = FILES[usize::from(at) % FILES.len()];
    let environment = BTreeMap::from([("BASE".to_owned(), "/srv".to_owned())]);
    let words = [file_name.to_owned()];
    let input = Input {
        arguments: &words,
        environment: &environment,
        directory: Path::new("/work"),
        files: &Everywhere(text),
    };
    let (outcome, told) = (dialect::find(name).expect("a dialect").translate)(&input);
    for told in &told.0 {
        if let Some(Origin::File(at)) = &told.origin {
            assert!(at.span.start <= at.span.end && at.span.end <= text.len(), "{told:?}");
        }
    }
    if let Outcome::Serve(said) = outcome
        && !told.has_errors()
    {
        let printed = toml::write(&said);
        assert!(file::parse("/work/tlsgi.toml".into(), &printed).1.0.is_empty(), "{printed}");
    }
});
