//! Certificates for names below `localhost` that clients ask for: issued by the local CA when they turn up, and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::presented::Presented;
use super::signer;

/// Names that get a certificate until the next renewal. Whoever asks for more gets the site's.
const MAX_NAMES: usize = 256;

/// Whether browsers take this name for the machine itself (RFC 6761, 6.3) and would not accept a wildcard for it.
pub(super) fn is_below(name: &str) -> bool {
    const DOMAIN: &str = ".localhost";
    let start = name.len().checked_sub(DOMAIN.len()).filter(|start| *start > 0);
    start.and_then(|start| name.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(DOMAIN))
}

/// The supervisor's number of a key, and a name in lower case.
type Wanted = (u32, String);

/// What was issued, and what was refused.
#[derive(Debug, Default)]
pub(super) struct Issued {
    known: Mutex<BTreeMap<Wanted, Option<Arc<Presented>>>>,
}

impl Issued {
    /// The certificate of this name for the key of `site`; none where the local CA did not make that one.
    pub(super) fn find(&self, name: &str, site: &Presented) -> Option<Arc<Presented>> {
        self.find_with(name, site.number, |name| {
            let leaf = signer::issue(site.number, name).ok()?;
            Some(Arc::new(site.with_leaf(leaf)))
        })
    }

    fn find_with(
        &self,
        name: &str,
        key: u32,
        issue: impl FnOnce(&str) -> Option<Arc<Presented>>,
    ) -> Option<Arc<Presented>> {
        let wanted = (key, name.to_ascii_lowercase());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&wanted) {
            return found.clone();
        }
        if known.len() >= MAX_NAMES {
            return None;
        }
        let issued = issue(&wanted.1);
        known.insert(wanted, issued.clone());
        issued
    }

    /// Forgets everything: the certificates were exchanged.
    pub(super) fn clear(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_localhost_are_known() {
        for (name, expected) in [
            ("app.localhost", true),
            ("a.b.LOCALHOST", true),
            ("localhost", false),
            (".localhost", false),
            ("notlocalhost", false),
            ("app.localhost.example.org", false),
            ("ü.localhost", true),
        ] {
            assert_eq!(is_below(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_is_asked_for_once_and_names_are_bounded() {
        let issued = Issued::default();
        let mut asked = 0;
        for name in 0..MAX_NAMES {
            for _ in 0..2 {
                issued.find_with(&format!("app{name}.localhost"), 1, |_| {
                    asked += 1;
                    None
                });
            }
        }
        issued.find_with("more.localhost", 1, |_| {
            asked += 1;
            None
        });
        assert_eq!(asked, MAX_NAMES);
        issued.clear();
        issued.find_with("APP.localhost", 1, |name| {
            assert_eq!(name, "app.localhost");
            asked += 1;
            None
        });
        assert_eq!(asked, MAX_NAMES + 1);
    }
}
