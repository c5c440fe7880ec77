//! The layer that a dialect writes, and what it tells meanwhile.

use super::entry::Given;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::layer::{Layer, find};
use crate::origin::Origin;

/// What has been understood so far.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// In tlsgi's words.
    pub layer: Layer,
    /// What people are told.
    pub told: Diagnostics,
}

/// The state of a translation has a draft in it.
pub trait Drafting {
    /// The draft.
    fn draft(&mut self) -> &mut Draft;
}

impl Draft {
    /// Gives an option of tlsgi a value, in the name of the option that was written. A value that it does not take is told as one
    /// of the option that was written.
    pub fn say(&mut self, native: &str, text: &str, given: &Given) {
        let Some(spec) = find(native) else {
            let told = Diagnostic::error(format!("`{}` cannot be done: tlsgi has no `--{native}`", given.name));
            self.told.push(told.at(&given.origin));
            return;
        };
        if let Err(refusal) = (spec.slot_mut)(&mut self.layer).say(text, given.origin.clone()) {
            let mut told = Diagnostic::invalid(&given.name, text, &refusal.reason).at(&given.origin);
            told.hints.extend(refusal.hint);
            self.told.push(told);
        }
    }

    /// Gives an option the original's default, unless something was said.
    pub fn default(&mut self, native: &str, text: &str) {
        if let Some(spec) = find(native).filter(|_| !self.has(native)) {
            // A test reads every default.
            _ = (spec.slot_mut)(&mut self.layer).say(text, Origin::Default);
        }
    }

    /// Whether an option was said, or has the original's default.
    #[must_use]
    pub fn has(&self, native: &str) -> bool {
        find(native).is_some_and(|spec| !(spec.slot)(&self.layer).said().is_empty())
    }

    /// Tells something.
    pub fn tell(&mut self, told: Diagnostic) {
        self.told.push(told);
    }

    /// Tells something, unless the same was told already.
    pub fn tell_once(&mut self, told: Diagnostic) {
        if !self.told.0.iter().any(|earlier| earlier.message == told.message) {
            self.told.push(told);
        }
    }
}
