//! Which certificate a ClientHello gets.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::Error;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tlsgi_config::Config;
use tlsgi_config::config::Role;

use super::signer::RemoteKey;
use crate::control::SiteCertificate;
use crate::route::host;

/// A certificate as it is presented.
#[derive(Debug)]
pub(crate) struct Presented {
    key: Arc<CertifiedKey>,
    /// The leaf, PEM.
    pub(crate) pem: Arc<str>,
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
        let name = server_name.unwrap_or_default();
        let exact = table.iter().find(|(names, _)| names.iter().any(|known| known == name));
        let wildcard = || table.iter().find(|(names, _)| names.iter().any(|known| host::matches(known, name)));
        exact.or_else(wildcard).or_else(|| table.first()).map(|(_, presented)| Arc::clone(presented))
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
        Some((site.names.clone(), Arc::new(Presented { key, pem: pem(leaf).into() })))
    };
    let table: Vec<_> = certificates.iter().filter_map(entry).collect();
    let needs_one = config.listeners.iter().any(|listener| listener.role == Role::Https);
    if table.is_empty() && needs_one { Err(Error::NoCertificatesPresented) } else { Ok(table) }
}

/// RFC 7468.
fn pem(der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut column = 0;
    for group in der.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) & 63;
            let is_padding = place > group.len();
            text.push(if is_padding { '=' } else { char::from(ALPHABET[sextet as usize]) });
        }
        column += 4;
        if column == 64 {
            text.push('\n');
            column = 0;
        }
    }
    if column > 0 {
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
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

    #[test]
    fn pem_is_padded_and_wrapped() {
        assert!(pem(b"f").contains("\nZg==\n"));
        assert!(pem(b"fo").contains("\nZm8=\n"));
        assert!(pem(b"foo").contains("\nZm9v\n"));
        assert!(pem(&[0; 100]).lines().all(|line| line.len() <= 64));
    }
}
