//! tlsgi.toml with its sites and pools: read or refused with places inside the text; what is read is printed as a file that says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlsgi_config::native::{file, show};
use tlsgi_config::{Document, Facts, Origin, dialect, resolve};

fuzz_target!(|text: &str| {
    for name in ["tlsgi.toml", "pyproject.toml"] {
        let (said, told) = file::parse(name.into(), text);
        for diagnostic in &told.0 {
            if let Some(Origin::File(at)) = &diagnostic.origin {
                assert!(at.span.start <= at.span.end && at.span.end <= text.len());
            }
        }
        let (again, told) = file::parse("tlsgi.toml".into(), &dialect::toml::write(&said));
        assert!(told.0.is_empty(), "{told:?}");
        assert_eq!(names(&again), names(&said));
        _ = show::show(&said.clone().with_defaults());
        _ = resolve(said, &facts());
    }
});

fn names(said: &Document) -> Vec<&str> {
    said.sites.iter().chain(&said.pools).map(|part| part.name.as_str()).collect()
}

fn facts() -> Facts {
    Facts {
        directory: "/work".into(),
        home: None,
        state_home: None,
        ca_root: None,
        mkcert_root: None,
        is_root: false,
        cores: 2,
        open_files: 1 << 16,
        credentials: None,
        passed_sockets: Vec::new(),
    }
}
