//! Whatever is written, nothing panics, messages point into the text, and values survive being written and read again.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tlsgi_config::diagnostic::Paint;
use tlsgi_config::dialect::toml;
use tlsgi_config::layer::OPTIONS;
use tlsgi_config::native::{argv, env, file, show};
use tlsgi_config::{Document, Facts, Layer, Origin, resolve};

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

/// Text that is often nearly a value.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9._]{1,6} ?(ms|s|m|h|k|MiB|G|x)?([0-9]{1,3}s)?",
        "(/|unix:|fd://|localhost|\\*|\\[::1\\]|-|none|auto|max-age=|true|a\\.b|xn--a)[a-z0-9:=;./ -]{0,12}",
        "[a-z.]{0,8}(\\.py)?:?[a-z]{0,5}(\\(\\))?",
    ]
}

/// Text that is often nearly a file.
fn source() -> impl Strategy<Value = String> {
    let key = proptest::sample::select(OPTIONS.iter().map(|spec| spec.name()).collect::<Vec<_>>());
    let line = (key, value(), 0..8).prop_map(|(key, value, quoting)| match quoting {
        4 => "[[site]]".to_owned(),
        5 => format!("[pool.{value:?}]"),
        6 => format!("[pool.a]\n{key} = {value:?}"),
        7 => format!("route = {{ \"/\" = \"pool:a\", {value:?} = {value:?} }}"),
        0 => format!("{key} = {value}"),
        1 => format!("{key} = {value:?}"),
        2 => format!("{key} = [{value:?}, 1]"),
        _ => format!("[{key}]\n{value:?} = {value:?}"),
    });
    prop_oneof![any::<String>(), proptest::collection::vec(line, 0..6).prop_map(|lines| lines.join("\n"))]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_are_read_or_refused_with_places_inside_them(text in source()) {
        let (layer, told) = file::parse("tlsgi.toml".into(), &text);
        for diagnostic in &told.0 {
            prop_assert!(diagnostic.render(Some(&text), Paint::Plain).starts_with("error: "));
            if let Some(Origin::File(at)) = &diagnostic.origin {
                prop_assert!(at.span.start <= at.span.end && at.span.end <= text.len().max(at.span.start));
                prop_assert!(at.line >= 1 && at.line <= text.matches('\n').count() + 1);
            }
        }
        let (again, told) = file::parse("tlsgi.toml".into(), &toml::write(&layer));
        prop_assert!(told.0.is_empty(), "what was read is printed so that it can be read: {told:?}");
        let names = |said: &Document| {
            said.sites.iter().chain(&said.pools).map(|part| part.name.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(names(&again), names(&layer));
        _ = resolve(layer, &facts());
    }

    #[test]
    fn values_survive_being_written_and_read_again(text in value(), at in 0..OPTIONS.len()) {
        let spec = &OPTIONS[at];
        let mut layer = Layer::default();
        if (spec.slot_mut)(&mut layer).say(&text, Origin::Default).is_ok() {
            let written = (spec.slot)(&layer).said()[0].0.clone();
            let mut again = Layer::default();
            prop_assert!((spec.slot_mut)(&mut again).say(&written, Origin::Default).is_ok(), "{} {written:?}", spec.flag);
            prop_assert_eq!(&again, &layer);
        }
    }

    #[test]
    fn what_is_shown_is_a_file_that_means_the_same(values in proptest::collection::vec((value(), 0..OPTIONS.len()), 0..8)) {
        let mut layer = Layer::default();
        for (text, at) in values {
            let spec = &OPTIONS[at];
            // Variables are not shown with their values; the file itself cannot name a file.
            if spec.is_in_file && spec.name() != "env" {
                _ = (spec.slot_mut)(&mut layer).say(&text, Origin::Default);
            }
        }
        let (again, told) = file::parse("tlsgi.toml".into(), &show::show(&layer.clone().into()));
        prop_assert!(told.0.is_empty(), "{told:?}");
        for spec in OPTIONS.iter().filter(|spec| spec.is_in_file && spec.name() != "env") {
            let texts = |layer: &Layer| (spec.slot)(layer).said().into_iter().map(|(text, _)| text).collect::<Vec<_>>();
            prop_assert_eq!(texts(&again.server), texts(&layer), "{}", spec.flag);
        }
    }

    #[test]
    fn command_lines_and_variables_are_read_or_refused(words in proptest::collection::vec(value(), 0..5), flag in 0..OPTIONS.len()) {
        let flags = [OPTIONS[flag].flag.to_owned()];
        let arguments = std::iter::once("tlsgi".to_owned()).chain(flags).chain(words.clone());
        if let Ok(argv::Invocation::Serve(layer)) = argv::parse(arguments.map(Into::into).collect()) {
            _ = resolve(*layer, &facts());
        }
        let variables: BTreeMap<_, _> = words.into_iter().map(|text| (OPTIONS[flag].variable(), text)).collect();
        _ = resolve(env::parse(&variables).0, &facts());
    }
}
