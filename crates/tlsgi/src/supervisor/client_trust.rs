//! Files that sites name besides their own certificates: authorities, revocation lists and others, read for the front and looked at again when they
//! change.

use std::path::{Path, PathBuf};

use tlsgi_cert::Stamp;
use tlsgi_cert::client::{Authorities, RevocationLists};
use tlsgi_config::Config;
use tlsgi_front::control::{NamedFiles, TrustFiles};

use super::error::Error;
use super::named_files;

/// All of one configuration travel in one message: together no more than this.
const MOST_TEXT: usize = 12 << 20;

/// What the files hold, and what a person should know of them.
#[derive(Debug, Default)]
pub(super) struct ClientTrust {
    /// For the front.
    pub(super) files: TrustFiles,
    /// For the front, too.
    pub(super) named: NamedFiles,
    pub(super) remarks: Vec<String>,
}

impl ClientTrust {
    /// Reads every file that the configuration names.
    pub(super) fn load(config: &Config) -> Result<Self, Error> {
        let (named, remarks) = named_files::load(config)?;
        let mut trust = Self { named, remarks, ..Self::default() };
        for clients in config.sites.iter().map(|site| &site.client_certificates) {
            for rule in &clients.rules {
                trust.authorities(&rule.option, &rule.authority)?;
            }
            for path in &clients.revocation {
                trust.revocation(path)?;
            }
        }
        Ok(trust)
    }

    fn authorities(&mut self, option: &str, path: &Path) -> Result<(), Error> {
        if is_among(&self.files.authorities, path) {
            return Ok(());
        }
        let read = Authorities::read(path)
            .map_err(|source| Error::ClientTrust { option: option.to_owned(), source: Box::new(source) })?;
        self.remark(path, read.remarks());
        self.files.authorities.push((path.to_owned(), read.pem().to_owned()));
        Ok(())
    }

    fn revocation(&mut self, path: &Path) -> Result<(), Error> {
        if is_among(&self.files.revocation, path) {
            return Ok(());
        }
        let failed = |source| Error::ClientTrust { option: "--client-crl".to_owned(), source: Box::new(source) };
        let mut lists = RevocationLists::default();
        lists.read(path).map_err(failed)?;
        self.remark(path, lists.remarks());
        self.files.revocation.push((path.to_owned(), lists.pem().to_owned()));
        let text: usize = self.files.revocation.iter().map(|(_, text)| text.len()).sum();
        if text > MOST_TEXT {
            let reason = format!("with the others it is larger than {MOST_TEXT} bytes");
            return Err(failed(tlsgi_cert::Error::BadRevocationList { path: path.to_owned(), reason }));
        }
        Ok(())
    }

    fn remark(&mut self, path: &Path, remarks: &[String]) {
        self.remarks.extend(remarks.iter().map(|remark| format!("{}: {remark}", path.display())));
    }
}

fn is_among(files: &[(PathBuf, String)], path: &Path) -> bool {
    files.iter().any(|(known, _)| known == path)
}

/// The state of every such file.
pub(super) fn stamps(config: &Config) -> Vec<Stamp> {
    let mut paths: Vec<PathBuf> = named_files::paths(config);
    for clients in config.sites.iter().map(|site| &site.client_certificates) {
        paths.extend(clients.rules.iter().map(|rule| rule.authority.clone()));
        paths.extend(clients.revocation.iter().cloned());
    }
    paths.sort();
    paths.dedup();
    if paths.is_empty() { Vec::new() } else { vec![Stamp::of(&paths)] }
}
