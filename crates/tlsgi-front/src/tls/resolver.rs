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
use super::localhost::{self, Issued};
use super::signer::RemoteKey;
use crate::control::SiteCertificate;
use crate::route::host;

/// A certificate as it is presented.
#[derive(Debug)]
pub(crate) struct Presented {
    key: Arc<CertifiedKey>,
    /// The supervisor's number of the key.
    pub(super) number: u32,
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
    below_localhost: Issued,
}

impl Resolver {
    /// One entry per site.
    pub(crate) fn new(config: &Config, certificates: &[SiteCertificate]) -> Result<Self, Error> {
        let table = ArcSwap::from_pointee(table(config, certificates)?);
        Ok(Self { table, below_localhost: Issued::default() })
    }

    /// Exchanges every certificate at once: handshakes from now on get the new ones.
    pub(crate) fn replace(&self, config: &Config, certificates: &[SiteCertificate]) -> Result<(), Error> {
        self.table.store(Arc::new(table(config, certificates)?));
        self.below_localhost.clear();
        Ok(())
    }

    /// What this server name gets: an exact name before a wildcard, else the first site's. A name below `localhost` gets a
    /// certificate of its own where the local CA can make one, because browsers honour no `*.localhost`.
    pub(crate) fn presented(&self, server_name: Option<&str>) -> Option<Arc<Presented>> {
        let presented = self.configured(server_name)?;
        match server_name.filter(|name| localhost::is_below(name)) {
            Some(name) => Some(self.below_localhost.find(name, &presented).unwrap_or(presented)),
            None => Some(presented),
        }
    }

    fn configured(&self, server_name: Option<&str>) -> Option<Arc<Presented>> {
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

impl Presented {
    /// Another certificate for the same key.
    pub(super) fn with_leaf(&self, leaf: Vec<u8>) -> Self {
        let pem = pem(&leaf).into();
        let identity = Identity::read(&leaf).map(Arc::new);
        let key = CertifiedKey::new(vec![CertificateDer::from(leaf)], Arc::clone(&self.key.key));
        Self { key: Arc::new(key), number: self.number, pem, identity }
    }
}

fn table(config: &Config, certificates: &[SiteCertificate]) -> Result<Vec<Named>, Error> {
    let entry = |certificate: &SiteCertificate| {
        let site = config.sites.get(certificate.site)?;
        let leaf = certificate.chain.first()?;
        let chain = certificate.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let number = certificate.key;
        let key = Arc::new(RemoteKey::new(number, certificate.algorithm));
        let key = Arc::new(CertifiedKey::new(chain, key));
        let identity = Identity::read(leaf).map(Arc::new);
        Some((site.names.clone(), Arc::new(Presented { key, number, pem: pem(leaf).into(), identity })))
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
            ca_root: None,
            mkcert_root: None,
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
