//! The trust stores of a machine: what is there, whether a root is trusted by looking, how it gets in and out. Prints nothing.

mod command;
mod java;
mod layout;
mod macos;
mod nss;
mod profile;
mod root;
mod surroundings;
mod system;
mod windows;

use std::path::PathBuf;

pub use command::Error;
pub use root::TrustedRoot;
pub use surroundings::{Kind, Platform, Surroundings};
pub use windows::from_wsl;

/// A trust store of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Which of the three kinds.
    pub kind: Kind,
    /// Whose it is: `Debian`, `Chromium`, `Firefox`.
    pub owner: String,
    /// Its file or directory.
    pub place: PathBuf,
}

/// What was found, or done, at a store.
#[derive(Debug)]
pub enum Outcome {
    /// The root is in it.
    Trusted,
    /// The root is not in it.
    NotTrusted,
    /// The root was put into it just now.
    Installed,
    /// The root was taken out just now.
    Removed,
    /// It could not be looked at, or changed.
    Failed(Error),
}

impl Outcome {
    /// Whether programs that use this store trust the root now.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Trusted | Self::Installed)
    }
}

/// One store, and what is to be said of it.
#[derive(Debug)]
pub struct Report {
    /// The store.
    pub store: Store,
    /// What was found or done.
    pub outcome: Outcome,
}

/// Every store that is there and wanted.
#[must_use]
pub fn stores(around: &Surroundings) -> Vec<Store> {
    let mut stores = Vec::new();
    if around.wants(Kind::System) {
        stores.extend(system::store(around));
    }
    if around.wants(Kind::Nss) {
        stores.extend(profile::databases(around));
    }
    if around.wants(Kind::Java) {
        stores.extend(java::store(around));
    }
    stores
}

/// Looks into every store.
#[must_use]
pub fn status(root: &TrustedRoot, around: &Surroundings) -> Vec<Report> {
    each(around, |store| Ok(if holds(store, root, around)? { Outcome::Trusted } else { Outcome::NotTrusted }))
}

/// Puts the root into every store that does not hold it, and looks again. A browser database is made where Chromium would look
/// for one and there is none.
#[must_use]
pub fn install(root: &TrustedRoot, around: &Surroundings) -> Vec<Report> {
    let made = if around.wants(Kind::Nss) { nss::make_missing(around) } else { None };
    let mut reports = each(around, |store| {
        if holds(store, root, around)? {
            return Ok(Outcome::Trusted);
        }
        match store.kind {
            Kind::System => system::install(store, root, around),
            Kind::Nss => nss::install(store, root, around),
            Kind::Java => java::install(store, root, around),
        }?;
        if holds(store, root, around)? { Ok(Outcome::Installed) } else { Err(Error::NotTaken) }
    });
    reports.extend(made);
    reports
}

/// Takes the root out of every store that holds it; browsers and Java first, as they may read the system's.
#[must_use]
pub fn uninstall(root: &TrustedRoot, around: &Surroundings) -> Vec<Report> {
    each(around, |store| {
        let is_held = match store.kind {
            // An anchor that was not taken over into the bundle goes as well.
            Kind::System => holds(store, root, around)? || system::has_anchor(store, root, around),
            Kind::Nss | Kind::Java => holds(store, root, around)?,
        };
        if !is_held {
            return Ok(Outcome::NotTrusted);
        }
        match store.kind {
            Kind::System => system::remove(store, root, around),
            Kind::Nss => nss::remove(store, root, around),
            Kind::Java => java::remove(store, root, around),
        }?;
        if holds(store, root, around)? { Err(Error::NotTaken) } else { Ok(Outcome::Removed) }
    })
}

fn each(around: &Surroundings, mut act: impl FnMut(&Store) -> Result<Outcome, Error>) -> Vec<Report> {
    let report = |store: Store| Report { outcome: act(&store).unwrap_or_else(Outcome::Failed), store };
    stores(around).into_iter().map(report).collect()
}

fn holds(store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<bool, Error> {
    match store.kind {
        Kind::System => system::holds(store, root, around),
        Kind::Nss => nss::holds(store, root, around),
        Kind::Java => java::holds(store, root, around),
    }
}
