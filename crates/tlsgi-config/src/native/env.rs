//! tlsgi's environment variables, and the two that platforms set for every server.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::layer::{Layer, OPTIONS};
use crate::nearest::nearest;
use crate::origin::Origin;

/// Variables of other programs that are honoured, and the option that each sets.
pub const CONVENTIONS: [(&str, &str); 2] = [("WEB_CONCURRENCY", "--processes"), ("PORT", "--port")];

/// Reads the `TLSGI_*` variables. A list is separated by commas, or by line ends where there is one.
#[must_use]
pub fn parse(environment: &BTreeMap<String, String>) -> (Layer, Diagnostics) {
    let (mut layer, mut told) = (Layer::default(), Diagnostics::default());
    for (variable, text) in environment.iter().filter(|(name, text)| is_ours(name) && !text.is_empty()) {
        let origin = Origin::Variable(variable.clone());
        let Some(spec) = OPTIONS.iter().find(|spec| spec.variable() == *variable) else {
            let known: Vec<String> = OPTIONS.iter().map(crate::option::Spec::variable).collect();
            let nearest = nearest(variable, known.iter().map(String::as_str));
            // The environment is shared with others: what we do not know stops nothing.
            told.push(Diagnostic::unknown("environment variable", variable, nearest).as_warning());
            continue;
        };
        let mark = if text.contains('\n') { '\n' } else { ',' };
        let texts: Vec<&str> = match spec.is_repeatable {
            true => text.split(mark).filter(|part| mark == ',' || !part.trim().is_empty()).collect(),
            false => vec![text.as_str()],
        };
        for text in texts {
            if let Err(refusal) = (spec.slot_mut)(&mut layer).say(text, origin.clone()) {
                let mut diagnostic = Diagnostic::invalid(variable, text, &refusal.reason).at(&origin);
                diagnostic.hints.extend(refusal.hint);
                told.push(diagnostic);
            }
        }
    }
    (layer, told)
}

/// Reads the variables of other programs. They weigh less than everything that names tlsgi, and a bad one stops nothing.
#[must_use]
pub fn parse_conventions(environment: &BTreeMap<String, String>) -> (Layer, Diagnostics) {
    let (mut layer, mut told) = (Layer::default(), Diagnostics::default());
    for (variable, flag) in CONVENTIONS {
        let Some(text) = environment.get(variable).filter(|text| !text.is_empty()) else { continue };
        let origin = Origin::Variable(variable.to_owned());
        for spec in OPTIONS.iter().filter(|spec| spec.flag == flag) {
            if let Err(refusal) = (spec.slot_mut)(&mut layer).say(text, origin.clone()) {
                told.push(Diagnostic::invalid(variable, text, &refusal.reason).as_warning().at(&origin));
            }
        }
    }
    (layer, told)
}

/// Two underscores mark what tlsgi's processes tell each other.
fn is_ours(name: &str) -> bool {
    name.strip_prefix("TLSGI_").is_some_and(|rest| !rest.starts_with('_'))
}
