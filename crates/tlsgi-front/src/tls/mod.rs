//! TLS for every listener: one configuration, certificates by name, keys that stay with the supervisor.

pub(crate) mod acceptor;
pub(crate) mod client_auth;
pub(crate) mod client_fields;
mod encoding;
pub(crate) mod environ;
mod localhost;
mod resolver;
mod signer;
mod tickets;

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use tlsgi_config::Config;
use tlsgi_config::config::Site;

pub(crate) use encoding::{base64, pem};
pub(crate) use resolver::Resolver;
pub(crate) use signer::set_signing_socket;

use crate::control::SiteCertificate;
use crate::route::host;
use client_auth::{ClientPolicy, verifier};
use tickets::Tickets;

/// TLS as the acceptors need it.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    /// Certificates; exchanged in place when they change.
    pub(crate) resolver: Arc<Resolver>,
    /// rustls's side, for clients that are asked for no certificate.
    plain: Arc<ServerConfig>,
    sites: Arc<Vec<SiteTls>>,
}

/// What one site asks of clients in the handshake.
#[derive(Debug)]
struct SiteTls {
    names: Vec<String>,
    /// Names the rules, so that tickets of others are not taken.
    ring: Vec<u8>,
    clients: Arc<ClientPolicy>,
    /// None where nothing is asked; exchanged when hints change.
    asking: Option<ArcSwap<ServerConfig>>,
}

impl Tls {
    /// Builds it. The crypto provider is named, never taken from the process. `clients`: one per site.
    pub(crate) fn new(
        config: &Config,
        certificates: &[SiteCertificate],
        clients: &[Arc<ClientPolicy>],
        secret: &[u8],
    ) -> Result<Self, rustls::Error> {
        let resolver = Arc::new(Resolver::new(config, certificates)?);
        let sites = config.sites.iter().zip(clients).map(|(site, clients)| {
            let ring = ring(site);
            let asking = if clients.asks() {
                Some(ArcSwap::new(server_config(&resolver, Some(clients), Tickets::new(secret, &ring)?)?))
            } else {
                None
            };
            Ok(SiteTls { names: site.names.clone(), ring, clients: Arc::clone(clients), asking })
        });
        let sites = Arc::new(sites.collect::<Result<Vec<_>, rustls::Error>>()?);
        Ok(Self { plain: server_config(&resolver, None, Tickets::new(secret, b"")?)?, resolver, sites })
    }

    /// Gives clients the hints of what the files hold now.
    pub(crate) fn hint_anew(&self, secret: &[u8]) -> Result<(), rustls::Error> {
        for site in self.sites.iter() {
            if let Some(asking) = &site.asking {
                let tickets = Tickets::new(secret, &site.ring)?;
                asking.store(server_config(&self.resolver, Some(&site.clients), tickets)?);
            }
        }
        Ok(())
    }

    /// rustls's side for a server name.
    fn config(&self, server_name: Option<&str>) -> Arc<ServerConfig> {
        let names = self.sites.iter().map(|site| site.names.as_slice());
        let site = self.sites.get(host::site_of(&names, &host::normal(server_name.unwrap_or_default())));
        match site.and_then(|site| site.asking.as_ref()) {
            Some(asking) => asking.load_full(),
            None => Arc::clone(&self.plain),
        }
    }

    /// The configuration that every client gets, where they do not differ.
    fn only_config(&self) -> Option<Arc<ServerConfig>> {
        match self.sites.as_slice() {
            [] | [_] => Some(self.config(None)),
            sites if sites.iter().all(|site| site.asking.is_none()) => Some(Arc::clone(&self.plain)),
            _ => None,
        }
    }
}

/// A digest of what decides about clients; sites without rules share one.
fn ring(site: &Site) -> Vec<u8> {
    let rules = serde_json::to_vec(&(&site.names, &site.client_certificates)).unwrap_or_default();
    digest(&SHA256, &rules).as_ref().to_vec()
}

fn server_config(
    resolver: &Arc<Resolver>,
    clients: Option<&Arc<ClientPolicy>>,
    tickets: Tickets,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(verifier(clients)),
        None => builder.with_no_client_auth(),
    };
    let mut server = builder.with_cert_resolver(Arc::clone(resolver) as Arc<dyn rustls::server::ResolvesServerCert>);
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Resumption by tickets only: they work whichever thread or front gets the client next.
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.ticketer = Arc::new(tickets);
    Ok(Arc::new(server))
}
