//! The layer that a dialect writes, and what it tells meanwhile.

use super::entry::Given;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, Part};
use crate::layer::{Layer, find};
use crate::origin::Origin;

/// What has been understood so far.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// In tlsgi's words: of the server, and of every site and pool.
    pub layer: Layer,
    /// Sites of their own.
    pub sites: Vec<Part>,
    /// Pools of their own.
    pub pools: Vec<Part>,
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
        say(&mut self.layer, &mut self.told, native, text, given);
    }

    /// As [`Self::say`], for one site; its number is that of [`Self::sites`].
    pub fn say_site(&mut self, at: usize, native: &str, text: &str, given: &Given) {
        if let Some(site) = self.sites.get_mut(at) {
            say(&mut site.layer, &mut self.told, native, text, given);
        }
    }

    /// As [`Self::say_site`], beside what was said of certificates before.
    pub fn add_site(&mut self, at: usize, native: &str, text: &str, given: &Given) {
        if let Some(site) = self.sites.get_mut(at) {
            add(&mut site.layer, &mut self.told, native, text, given);
        }
    }

    /// As [`Self::say`], for one pool; its number is that of [`Self::pools`].
    pub fn say_pool(&mut self, at: usize, native: &str, text: &str, given: &Given) {
        if let Some(pool) = self.pools.get_mut(at) {
            say(&mut pool.layer, &mut self.told, native, text, given);
        }
    }

    /// As [`Self::default`], for one pool.
    pub fn default_pool(&mut self, at: usize, native: &str, text: &str) {
        if let (Some(pool), Some(spec)) = (self.pools.get_mut(at), find(native)) {
            _ = (spec.slot_mut)(&mut pool.layer).say(text, Origin::Default);
        }
    }

    /// Everything that was understood.
    #[must_use]
    pub fn document(self) -> Document {
        Document { server: self.layer, sites: self.sites, pools: self.pools }
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

fn say(layer: &mut Layer, told: &mut Diagnostics, native: &str, text: &str, given: &Given) {
    // Nearly all originals have one certificate; what is said last counts.
    match native {
        "certfile" => layer.certfile.clear(),
        "keyfile" => layer.keyfile.clear(),
        "chain-file" => layer.chain_file.clear(),
        _ => {}
    }
    add(layer, told, native, text, given);
}

fn add(layer: &mut Layer, told: &mut Diagnostics, native: &str, text: &str, given: &Given) {
    let Some(spec) = find(native) else {
        let message = format!("`{}` cannot be done: tlsgi has no `--{native}`", given.name);
        told.push(Diagnostic::error(message).at(&given.origin));
        return;
    };
    if let Err(refusal) = (spec.slot_mut)(layer).say(text, given.origin.clone()) {
        let mut diagnostic = Diagnostic::invalid(&given.name, text, &refusal.reason).at(&given.origin);
        diagnostic.hints.extend(refusal.hint);
        told.push(diagnostic);
    }
}
