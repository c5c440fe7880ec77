//! Which certificate a ClientHello gets.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::Error;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tlsgi_cert::client::Identity;
use tlsgi_config::Config;
use tlsgi_config::config::Role;

use super::encoding::pem;
use super::signer::RemoteKey;
use crate::control::SiteCertificate;
use crate::route::host;

/// A certificate as it is presented.
#[derive(Debug)]
pub(crate) struct Presented {
    key: Arc<CertifiedKey>,
    /// The leaf, PEM.
    pub(crate) pem: Arc<str>,
    /// What the leaf says.
    pub(crate) identity: Option<Arc<Identity>>,
}

/// Names and the certificate for them.
type Named = (Vec<String>, Arc<Presented>);

/// Names and their certificates; the first site's answers everybody else.
#[derive(Debug)]
pub(crate) struct Resolver {
    table: ArcSwap<Vec<Named>>,
}

impl Resolver {
    /// One entry per site.
    pub(crate) fn new(config: &Config, certificates: &[SiteCertificate]) -> Result<Self, Error> {
        Ok(Self { table: ArcSwap::from_pointee(table(config, certificates)?) })
    }

    /// Exchanges every certificate at once: handshakes from now on get the new ones.
    pub(crate) fn replace(&self, config: &Config, certificates: &[SiteCertificate]) -> Result<(), Error> {
        self.table.store(Arc::new(table(config, certificates)?));
        Ok(())
    }

    /// What this server name gets: an exact name before a wildcard, else the first site's.
    pub(crate) fn presented(&self, server_name: Option<&str>) -> Option<Arc<Presented>> {
        let table = self.table.load();
        let names = table.iter().map(|(names, _)| names.as_slice());
        let site = host::site_of(&names, &host::normal(server_name.unwrap_or_default()));
        table.get(site).map(|(_, presented)| Arc::clone(presented))
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.presented(hello.server_name()).map(|presented| Arc::clone(&presented.key))
    }
}

fn table(config: &Config, certificates: &[SiteCertificate]) -> Result<Vec<Named>, Error> {
    let entry = |certificate: &SiteCertificate| {
        let site = config.sites.get(certificate.site)?;
        let leaf = certificate.chain.first()?;
        let chain = certificate.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = Arc::new(RemoteKey::new(certificate.key, certificate.algorithm));
        let key = Arc::new(CertifiedKey::new(chain, key));
        let identity = Identity::read(leaf).map(Arc::new);
        Some((site.names.clone(), Arc::new(Presented { key, pem: pem(leaf).into(), identity })))
    };
    let table: Vec<_> = certificates.iter().filter_map(entry).collect();
    let needs_one = config.listeners.iter().any(|listener| listener.role == Role::Https);
    if table.is_empty() && needs_one { Err(Error::NoCertificatesPresented) } else { Ok(table) }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tlsgi_config::native::argv::{self, Invocation};
    use tlsgi_config::{Facts, resolve};

    use super::*;

    fn config(arguments: &[&str]) -> Config {
        let words = ["tlsgi", "app"].iter().chain(arguments).map(Into::into).collect();
        let Ok(Invocation::Serve(said)) = argv::parse(words) else { panic!("not a command line: {arguments:?}") };
        let facts = Facts {
            directory: PathBuf::from("/"),
            home: None,
            state_home: None,
            is_root: false,
            cores: 1,
            open_files: 1024,
            credentials: None,
            passed_sockets: Vec::new(),
        };
        resolve(*said, &facts).0.expect("a configuration")
    }

    #[test]
    fn only_https_needs_a_certificate() {
        assert!(Resolver::new(&config(&["--bind-http", "127.0.0.1:0", "--allow-http"]), &[]).is_ok());
        assert!(Resolver::new(&config(&[]), &[]).is_err());
    }
}
