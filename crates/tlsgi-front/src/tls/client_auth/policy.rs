//! The rules of one site, and what their files hold just now.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use tlsgi_cert::client::{Authorities, Policy, RevocationLists};
use tlsgi_config::config::{ClientCertificates, ClientRule, ExpiredRevocation};

use crate::control::TrustFiles;
use crate::route::reading::Prefixes;

/// Every content of files has a number of its own, whatever site it belongs to.
static GENERATIONS: AtomicU64 = AtomicU64::new(1);

/// What was sent with a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    /// A file that a rule names did not come with it.
    #[error("the authorities of {0} did not come with the configuration")]
    Missing(PathBuf),
    /// A file that cannot be read.
    #[error(transparent)]
    File(#[from] tlsgi_cert::Error),
}

/// The client certificates of one site.
#[derive(Debug)]
pub(crate) struct ClientPolicy {
    config: ClientCertificates,
    prefixes: Prefixes,
    trust: ArcSwap<Trust>,
}

/// What the files hold.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) generation: u64,
    /// As many as rules.
    pub(super) authorities: Vec<Arc<Authorities>>,
    pub(super) lists: RevocationLists,
}

impl ClientPolicy {
    /// The rules, with their files.
    pub(crate) fn new(config: &ClientCertificates, files: &TrustFiles) -> Result<Self, TrustError> {
        Ok(Self {
            trust: ArcSwap::from_pointee(Trust::of(config, files)?),
            prefixes: Prefixes::new(config.rules.iter().map(|rule| rule.prefix.as_str())),
            config: config.clone(),
        })
    }

    /// Takes new files over: requests from now on are judged by them.
    pub(crate) fn replace(&self, files: &TrustFiles) -> Result<(), TrustError> {
        self.trust.store(Arc::new(Trust::of(&self.config, files)?));
        Ok(())
    }

    /// Whether clients are asked for a certificate.
    pub(crate) const fn asks(&self) -> bool {
        !self.config.rules.is_empty()
    }

    /// Which rules a path falls under.
    pub(crate) const fn prefixes(&self) -> &Prefixes {
        &self.prefixes
    }

    /// A rule by its place.
    pub(crate) fn rule(&self, at: usize) -> Option<&ClientRule> {
        self.config.rules.get(at)
    }

    /// The application gets the fields of RFC 9440.
    pub(crate) const fn sends_headers(&self) -> bool {
        self.config.sends_headers
    }

    /// What is demanded of every chain.
    pub(super) const fn demands(&self) -> Policy {
        let accepts_expired_lists = matches!(self.config.expired_revocation, ExpiredRevocation::Accept);
        Policy { depth: self.config.depth, accepts_expired_lists }
    }

    pub(super) fn trust(&self) -> Arc<Trust> {
        self.trust.load_full()
    }

    /// Names that clients choose their certificate by, DER; each once.
    pub(super) fn hints(&self) -> Vec<Vec<u8>> {
        let trust = self.trust();
        let mut hints: Vec<Vec<u8>> = Vec::new();
        for hint in trust.authorities.iter().flat_map(|authorities| authorities.hints()) {
            if !hints.iter().any(|known| known == hint) {
                hints.push(hint.to_vec());
            }
        }
        hints
    }
}

impl Trust {
    fn of(config: &ClientCertificates, files: &TrustFiles) -> Result<Self, TrustError> {
        let mut known: Vec<(&Path, Arc<Authorities>)> = Vec::new();
        let mut authorities = Vec::new();
        for rule in &config.rules {
            let path = rule.authority.as_path();
            let read = match known.iter().find(|(known, _)| *known == path) {
                Some((_, read)) => Arc::clone(read),
                None => {
                    let (_, text) = files
                        .authorities
                        .iter()
                        .find(|(file, _)| file == path)
                        .ok_or_else(|| TrustError::Missing(path.to_owned()))?;
                    let read = Arc::new(Authorities::from_pem(path, text)?);
                    known.push((path, Arc::clone(&read)));
                    read
                }
            };
            authorities.push(read);
        }
        let mut lists = RevocationLists::default();
        for path in &config.revocation {
            let found = files.revocation.iter().find(|(file, _)| file == path);
            let (_, text) = found.ok_or_else(|| TrustError::Missing(path.clone()))?;
            lists.add(path, text.as_bytes())?;
        }
        Ok(Self { generation: GENERATIONS.fetch_add(1, Ordering::Relaxed), authorities, lists })
    }
}
