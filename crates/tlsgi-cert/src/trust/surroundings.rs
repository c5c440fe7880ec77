//! What the trust stores of a machine depend on. Passed in, so that another machine can be looked at the same way.

use std::path::{Path, PathBuf};

/// Kinds of trust stores, by the words of `TRUST_STORES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The operating system's.
    System,
    /// The databases of Chromium, Firefox and their relatives.
    Nss,
    /// That of one Java installation.
    Java,
}

impl Kind {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::System, Self::Nss, Self::Java];

    /// The word of `TRUST_STORES`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Nss => "nss",
            Self::Java => "java",
        }
    }
}

/// Operating systems with a trust store of their own kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Linux.
    Linux,
    /// Linux inside of Windows: what browsers of Windows trust is elsewhere.
    Wsl,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// The machine and the user, as far as trust stores depend on them.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The operating system.
    pub platform: Platform,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// `XDG_DATA_HOME`.
    pub data_home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub config_home: Option<PathBuf>,
    /// `JAVA_HOME`.
    pub java_home: Option<PathBuf>,
    /// `PATH`.
    pub search_path: Vec<PathBuf>,
    /// Below this directory lies the system whose store is meant: `/`, or an image that is being made.
    pub sysroot: PathBuf,
    /// `TRUST_STORES`: the stores that are wanted.
    pub wanted: Vec<Kind>,
    /// Nobody has to be asked for permission.
    pub is_root: bool,
    /// Somebody can type a password.
    pub has_terminal: bool,
}

impl Surroundings {
    /// Whether this kind is wanted.
    #[must_use]
    pub fn wants(&self, kind: Kind) -> bool {
        self.wanted.contains(&kind)
    }

    /// Reads `TRUST_STORES`. Nothing said means everything; what is no store is given back.
    ///
    /// # Errors
    /// The first word that is no store.
    pub fn wanted(text: Option<&str>) -> Result<Vec<Kind>, String> {
        let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
        let kinds = words.map(|word| Kind::ALL.into_iter().find(|kind| kind.word() == word).ok_or(word.to_owned()));
        let kinds: Vec<Kind> = kinds.collect::<Result<_, _>>()?;
        Ok(if kinds.is_empty() { Kind::ALL.to_vec() } else { kinds })
    }

    /// A path of the system that is meant.
    pub(super) fn system(&self, path: &str) -> PathBuf {
        self.sysroot.join(path.trim_start_matches('/'))
    }

    /// Whether the system that is meant is the one that runs.
    pub(super) fn is_live(&self) -> bool {
        self.sysroot == Path::new("/")
    }

    /// A program of `PATH`, or of the administrator's directories that users often do not have in it.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        let further = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
        let further = further.into_iter().filter(|_| self.platform != Platform::Windows);
        self.search_path.iter().cloned().chain(further).map(|folder| folder.join(name)).find(|path| path.is_file())
    }
}
