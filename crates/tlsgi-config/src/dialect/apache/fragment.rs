//! Directives outside of every virtual host, as mod_wsgi-express includes them: what they say of TLS and of fields.

use std::path::PathBuf;

use super::super::Input;
use super::super::entry::Action;
use super::host::{Group, Host};
use super::parse::Directive;
use super::{Apache, entry_of, evaluate, headers, inspect, nowhere, tls};
use crate::diagnostic::Diagnostics;
use crate::document::Part;
use crate::layer::Layer;

/// What is understood without virtual hosts.
const UNDERSTOOD: [&str; 7] = [
    "SSLProtocol",
    "SSLCipherSuite",
    "SSLHonorCipherOrder",
    "SSLStrictSNIVHostCheck",
    "SSLOpenSSLConfCmd",
    "Header",
    "RequestHeader",
];

/// Reads files in order. What changes what is served and is not understood is an error.
pub(in crate::dialect) fn fragment(input: &Input<'_>, files: &[PathBuf]) -> (Layer, Diagnostics) {
    let mut told = Diagnostics::default();
    let evaluated = evaluate::evaluate(input, files, Some(input.directory.to_owned()), Vec::new(), &mut told);
    let mut state = Apache { root: evaluated.root, ..Apache::default() };
    state.draft.told = told;
    state.draft.sites.push(Part::new(String::new(), nowhere()));
    for directive in &evaluated.directives {
        look(&mut state, directive);
    }
    let host = everywhere(evaluated.directives);
    tls::policy(&mut state, 0, &host);
    headers::headers(&mut state, 0, &Group { https: Some(host), http: None });
    let site = state.draft.sites.swap_remove(0).layer;
    (site.over(state.draft.layer), state.draft.told)
}

fn look(state: &mut Apache, directive: &Directive) {
    if directive.is("Location") && directive.children.is_some() {
        return directive.inside().iter().for_each(|inside| look(state, inside));
    }
    let has_meaning = entry_of(directive).is_some_and(|entry| matches!(entry.action, Action::Runs(_)));
    if has_meaning && !UNDERSTOOD.iter().any(|name| directive.is(name)) {
        return state
            .refuse(directive, "what is included here can be about versions and suites of TLS, and about fields");
    }
    inspect(state, directive);
}

/// The host that stands for all, which are HTTPS as far as TLS is concerned.
fn everywhere(all: Vec<Directive>) -> Host {
    let directive = Directive {
        name: "VirtualHost".to_owned(),
        arguments: Vec::new(),
        origin: nowhere(),
        children: Some(Vec::new()),
    };
    Host { directive, addresses: Vec::new(), own: Vec::new(), all, names: Vec::new(), is_tls: true }
}
