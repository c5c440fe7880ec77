//! mod_deflate and mod_brotli as `--compress`.

use super::host::Group;
use super::parse::Directive;
use super::{Apache, given};

const SECRETS: &str = "what may hold secrets is not compressed for clients with credentials, unless `compress-secrets` is set in a tlsgi.toml";

/// What the hosts of a site say of compression, in sections too: a site compresses, or does not.
pub(super) fn compression(state: &mut Apache, at: usize, group: &Group) {
    let mut found = Vec::new();
    group.hosts().for_each(|host| collect(&host.all, &mut found));
    let (mut codings, mut types): (Vec<&str>, Vec<(String, Directive)>) = (Vec::new(), Vec::new());
    for directive in &found {
        let by_type = directive.is("AddOutputFilterByType");
        if !by_type && !directive.is("SetOutputFilter") {
            continue;
        }
        for filter in directive.argument(0).split(';') {
            match filter.trim().to_ascii_uppercase().as_str() {
                "DEFLATE" => add(&mut codings, "gzip"),
                "BROTLI_COMPRESS" => add(&mut codings, "br"),
                "NONE" | "" => continue,
                _ => {
                    state.warn(directive, "only the filters `DEFLATE` and `BROTLI_COMPRESS` are known");
                    continue;
                }
            }
            let named = directive.arguments.iter().skip(1).map(String::as_str);
            let named: Vec<&str> = if by_type { named.collect() } else { vec!["*/*"] };
            for media_type in named {
                let bare = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                if !types.iter().any(|(known, _)| *known == bare) {
                    types.push((bare, directive.clone()));
                }
            }
        }
    }
    let Some((_, first)) = types.first().cloned() else { return };
    state.draft.say_site(at, "compress", "true", &given(&first));
    // The denser one first, as the order of filters has it wherever both are named.
    codings.sort_unstable();
    codings.iter().for_each(|coding| state.draft.say_site(at, "compress-coding", coding, &given(&first)));
    for (media_type, directive) in &types {
        state.draft.say_site(at, "compress-type", media_type, &given(directive));
    }
    let level = found.iter().rev().find(|it| it.is("DeflateCompressionLevel") || it.is("BrotliCompressionQuality"));
    if let Some(level) = level {
        let text = match level.argument(0).parse::<u8>() {
            Ok(level) => level.clamp(1, 9).to_string(),
            Err(_) => level.argument(0).to_owned(),
        };
        state.draft.say_site(at, "compress-level", &text, &given(level));
    }
    state.warn(&first, SECRETS);
}

fn add(codings: &mut Vec<&'static str>, coding: &'static str) {
    if !codings.contains(&coding) {
        codings.push(coding);
    }
}

fn collect(directives: &[Directive], found: &mut Vec<Directive>) {
    const NAMES: [&str; 4] =
        ["AddOutputFilterByType", "SetOutputFilter", "DeflateCompressionLevel", "BrotliCompressionQuality"];
    for directive in directives {
        if NAMES.iter().any(|name| directive.is(name)) && !found.contains(directive) {
            found.push(directive.clone());
        }
        collect(directive.inside(), found);
    }
}
