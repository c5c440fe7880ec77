//! Which directory holds the local CA: the one that is named, tlsgi's own, or that of an existing mkcert.

use std::path::{Path, PathBuf};

use super::store::{KEY, ROOT};

/// Where the local root is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// `CAROOT`: the only place when it is set.
    pub named: Option<PathBuf>,
    /// tlsgi's own, where a new root is made.
    pub own: PathBuf,
    /// Where mkcert keeps its root: used when there is one with its key, and none in `own`.
    pub mkcert: Option<PathBuf>,
}

impl Places {
    /// A single directory.
    #[must_use]
    pub fn only(directory: &Path) -> Self {
        Self { own: directory.to_owned(), ..Self::default() }
    }

    /// The directory that counts.
    #[must_use]
    pub fn directory(&self) -> &Path {
        if let Some(named) = &self.named {
            return named;
        }
        let is_usable = |path: &&PathBuf| [ROOT, KEY].iter().all(|name| std::fs::File::open(path.join(name)).is_ok());
        match self.mkcert.as_ref().filter(is_usable) {
            Some(mkcert) if !self.own.join(ROOT).exists() => mkcert,
            _ => &self.own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_place_counts_then_the_own_root_then_an_existing_mkcert_with_its_key() {
        let folder = tempfile::tempdir().expect("a directory");
        let place = |name: &str| folder.path().join(name);
        for name in ["own", "mkcert"] {
            std::fs::create_dir(place(name)).expect("made");
        }
        let mut places = Places { named: None, own: place("own"), mkcert: Some(place("mkcert")) };
        assert_eq!(places.directory(), place("own"), "nothing is anywhere");
        std::fs::write(place("mkcert").join(ROOT), "").expect("written");
        assert_eq!(places.directory(), place("own"), "a root without its key cannot issue");
        std::fs::write(place("mkcert").join(KEY), "").expect("written");
        assert_eq!(places.directory(), place("mkcert"));
        std::fs::write(place("own").join(ROOT), "").expect("written");
        assert_eq!(places.directory(), place("own"));
        places.named = Some(place("named"));
        assert_eq!(places.directory(), place("named"));
    }
}
