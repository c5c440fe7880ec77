//! Which certificate a ClientHello gets.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::Error;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tlsgi_config::Config;
use tlsgi_config::config::Role;

use super::localhost::{self, Issued};
use super::presented::{Abilities, Naming, Presented};
use crate::control::SiteCertificate;
use crate::route::host;

/// The certificates of one site.
#[derive(Debug)]
struct Entry {
    names: Vec<String>,
    /// Suites that the site offers.
    suites: Vec<u16>,
    /// At least one where the site has any.
    certificates: Vec<Arc<Presented>>,
}

/// Names and their certificates; the first site's answers everybody else.
#[derive(Debug)]
pub(crate) struct Resolver {
    table: ArcSwap<Vec<Entry>>,
    below_localhost: Issued,
}

impl Resolver {
    /// At least one certificate per site.
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

    /// Whether a site has several certificates, so that a server name alone does not tell which one a client got.
    pub(super) fn has_choice(&self) -> bool {
        self.table.load().iter().any(|entry| entry.certificates.len() > 1)
    }

    /// What a client with these abilities gets. The site is that of the name, else the first; of its certificates those that name the host
    /// exactly come before those with a wildcard and the others, those that the client can verify before those that it cannot.
    /// A name below `localhost` gets a certificate of its own where the local CA can make one, because browsers honour no
    /// `*.localhost`. Without abilities: of the certificates that name the host best, the first.
    pub(super) fn presented(&self, server_name: Option<&str>, client: Option<Abilities<'_>>) -> Option<Arc<Presented>> {
        let presented = self.configured(server_name, client)?;
        match server_name.filter(|name| localhost::is_below(name)) {
            Some(name) => Some(self.below_localhost.find(name, &presented).unwrap_or(presented)),
            None => Some(presented),
        }
    }

    /// Whether a site, or the certificate of a site that serves every name, has this name.
    pub(super) fn knows(&self, server_name: &str) -> bool {
        let name = host::normal(server_name);
        let table = self.table.load();
        let is_known = |entry: &Entry| match entry.names.as_slice() {
            [] => entry.certificates.iter().any(|presented| presented.naming(&name) > Naming::Not),
            names => names.iter().any(|known| host::matches(known, &name)),
        };
        if table.iter().any(is_known) {
            return true;
        }
        let has_own = |presented: Arc<Presented>| presented.naming(&name) > Naming::Not;
        localhost::is_below(&name) && self.presented(Some(&name), None).is_some_and(has_own)
    }

    fn configured(&self, server_name: Option<&str>, client: Option<Abilities<'_>>) -> Option<Arc<Presented>> {
        let table = self.table.load();
        let names = table.iter().map(|entry| entry.names.as_slice());
        let name = host::normal(server_name.unwrap_or_default());
        let entry = table.get(host::site_of(&names, &name))?;
        if let [only] = entry.certificates.as_slice() {
            return Some(Arc::clone(only));
        }
        let first = entry.certificates.first()?;
        let suits = |presented: &Presented| client.is_none_or(|client| presented.suits(client, &entry.suites));
        let rank = |presented: &Arc<Presented>| {
            let naming = presented.naming(&name);
            // Whoever is named by none gets the first, or the same with another key.
            let is_default = naming == Naming::Not && presented.is_twin(first);
            (suits(presented), naming, is_default, !presented.is_rsa())
        };
        // The last of equals would win: the first is meant.
        entry.certificates.iter().rev().max_by_key(|presented| rank(presented)).cloned()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let client = Abilities { schemes: hello.signature_schemes(), suites: hello.cipher_suites() };
        self.presented(hello.server_name(), Some(client)).map(|presented| Arc::clone(&presented.key))
    }
}

fn table(config: &Config, certificates: &[SiteCertificate]) -> Result<Vec<Entry>, Error> {
    let entry = |(index, site): (usize, &tlsgi_config::config::Site)| {
        let own = certificates.iter().filter(|certificate| certificate.site == index);
        let certificates: Vec<_> = own.filter_map(Presented::new).map(Arc::new).collect();
        let is_served = !certificates.is_empty();
        is_served.then(|| Entry { names: site.names.clone(), suites: site.tls.suites.clone(), certificates })
    };
    let table: Vec<_> = config.sites.iter().enumerate().filter_map(entry).collect();
    let needs_one = config.listeners.iter().any(|listener| listener.role == Role::Https);
    if table.is_empty() && needs_one { Err(Error::NoCertificatesPresented) } else { Ok(table) }
}

#[cfg(test)]
mod tests;
