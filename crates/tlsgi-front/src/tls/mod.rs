//! TLS for every listener: one configuration a site, certificates by name, keys that stay with the supervisor.

pub(crate) mod acceptor;
pub(crate) mod client_auth;
pub(crate) mod client_fields;
mod encoding;
pub(crate) mod environ;
mod hello;
mod localhost;
mod presented;
mod provider;
mod resolver;
mod signer;
mod socket;
mod tickets;
pub(crate) mod turnstile;

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::compress::CompressionCache;
use rustls::server::NoServerSessionStorage;
use tlsgi_config::Config;
use tlsgi_config::config::{Site, SuiteOrder, TlsPolicy};

pub(crate) use encoding::{base64, pem};
pub(crate) use resolver::Resolver;
pub(crate) use signer::set_signing_socket;
pub(crate) use socket::Socket;

use crate::control::{SiteCertificate, TicketSecrets};
use crate::route::host;
use client_auth::{ClientPolicy, verifier};
use hello::Hello;
use tickets::Tickets;

/// TLS as the acceptors need it.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    /// Certificates; exchanged in place when they change.
    pub(crate) resolver: Arc<Resolver>,
    sites: Arc<Vec<SiteTls>>,
    compression: Arc<CompressionCache>,
    /// Whether the ClientHello decides about nothing but the certificate: one configuration for everybody.
    is_uniform: bool,
    is_sni_strict: bool,
}

/// What one site offers to and asks of clients in the handshake.
#[derive(Debug)]
struct SiteTls {
    names: Vec<String>,
    policy: TlsPolicy,
    clients: Arc<ClientPolicy>,
    /// Shared by sites without rules about clients.
    tickets: Arc<Tickets>,
    /// Exchanged when hints change.
    config: ArcSwap<Variants>,
}

/// rustls's side, for each kind of client.
#[derive(Debug)]
struct Variants {
    usual: ByTicket,
    /// For clients that do AES in hardware.
    with_aes: ByTicket,
}

/// Once for clients that come with a ticket and once for those that do not. The next connection of a client takes the ticket that this one gave;
/// a client that is new may open several.
#[derive(Debug, Clone)]
struct ByTicket {
    without: Arc<ServerConfig>,
    with: Arc<ServerConfig>,
}

impl Tls {
    /// Builds it. The crypto provider is named, never taken from the process. `clients`: one per site.
    pub(crate) fn new(
        config: &Config,
        certificates: &[SiteCertificate],
        clients: &[Arc<ClientPolicy>],
        secrets: &TicketSecrets,
    ) -> Result<Self, rustls::Error> {
        let resolver = Arc::new(Resolver::new(config, certificates)?);
        let compression = provider::compression_cache();
        let plain = Tickets::new(secrets, b"")?;
        let sites = config.sites.iter().zip(clients).map(|(site, clients)| {
            let tickets = if clients.asks() { Tickets::new(secrets, &ring(site))? } else { Arc::clone(&plain) };
            let config = server_config(&site.tls, &resolver, clients, &tickets, &compression)?;
            let (names, policy, clients) = (site.names.clone(), site.tls.clone(), Arc::clone(clients));
            Ok(SiteTls { names, policy, clients, tickets, config: ArcSwap::new(config) })
        });
        let sites = Arc::new(sites.collect::<Result<Vec<_>, rustls::Error>>()?);
        let is_like_first =
            |site: &SiteTls| !site.clients.asks() && sites.first().is_none_or(|first| first.policy == site.policy);
        let is_uniform = sites.len() < 2 || sites.iter().all(is_like_first);
        Ok(Self { is_uniform, is_sni_strict: config.is_sni_strict, resolver, sites, compression })
    }

    /// Gives clients the hints of what the files hold now.
    pub(crate) fn hint_anew(&self) -> Result<(), rustls::Error> {
        for site in self.sites.iter().filter(|site| site.clients.asks()) {
            let (clients, tickets) = (&site.clients, &site.tickets);
            site.config.store(server_config(&site.policy, &self.resolver, clients, tickets, &self.compression)?);
        }
        Ok(())
    }

    /// Takes other secrets of session tickets.
    pub(crate) fn rotate(&self, secrets: &TicketSecrets) -> Result<(), rustls::Error> {
        self.sites.iter().try_for_each(|site| site.tickets.replace(secrets))
    }

    /// Whether TLS 1.3 is spoken, whichever site a client asks for.
    fn speaks_tls13(&self) -> bool {
        self.sites.iter().all(|site| site.policy.suites.iter().any(|suite| suite >> 8 == 0x13))
    }

    /// rustls's side for a server name.
    fn config(&self, server_name: Option<&str>, hello: Option<Hello>) -> Option<Arc<ServerConfig>> {
        let names = self.sites.iter().map(|site| site.names.as_slice());
        let site = self.sites.get(host::site_of(&names, &host::normal(server_name.unwrap_or_default())))?;
        Some(site.config(hello))
    }

    /// The configuration that every client gets, where nothing has to be known of a client before.
    fn only_config(&self, hello: Option<Hello>) -> Option<Arc<ServerConfig>> {
        let is_simple = self.is_uniform && !self.is_sni_strict && !self.resolver.has_choice();
        self.sites.first().filter(|_| is_simple).map(|site| site.config(hello))
    }
}

impl SiteTls {
    /// For the client that said this, as far as it is known.
    fn config(&self, hello: Option<Hello>) -> Arc<ServerConfig> {
        let variants = self.config.load();
        let has_aes = hello.is_some_and(|hello| !hello.prefers_chacha);
        let ByTicket { with, without } = if has_aes { &variants.with_aes } else { &variants.usual };
        Arc::clone(if hello.is_some_and(|hello| hello.resumes) { with } else { without })
    }
}

impl ByTicket {
    fn new(server: ServerConfig) -> Self {
        let mut with = server.clone();
        with.send_tls13_tickets = 1;
        Self { without: Arc::new(server), with: Arc::new(with) }
    }
}

/// A digest of what decides about clients; sites without rules share one.
fn ring(site: &Site) -> Vec<u8> {
    let rules = serde_json::to_vec(&(&site.names, &site.client_certificates)).unwrap_or_default();
    digest(&SHA256, &rules).as_ref().to_vec()
}

fn server_config(
    policy: &TlsPolicy,
    resolver: &Arc<Resolver>,
    clients: &Arc<ClientPolicy>,
    tickets: &Arc<Tickets>,
    compression: &Arc<CompressionCache>,
) -> Result<Arc<Variants>, rustls::Error> {
    let provider = provider::provider(policy)?;
    let versions = provider::versions(&provider);
    let builder = ServerConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(&versions)?;
    let builder = match clients.asks() {
        true => builder.with_client_cert_verifier(verifier(clients)),
        false => builder.with_no_client_auth(),
    };
    let mut server = builder.with_cert_resolver(Arc::clone(resolver) as Arc<dyn rustls::server::ResolvesServerCert>);
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    server.ignore_client_order = policy.order == SuiteOrder::Server;
    // Resumption by tickets only: they work whichever thread or front gets the client next.
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.ticketer = Arc::clone(tickets) as Arc<dyn rustls::server::ProducesTickets>;
    server.cert_compression_cache = Arc::clone(compression);
    // Chains of clients are short, and nothing of a stranger's is unpacked without need.
    server.cert_decompressors = Vec::new();
    let usual = ByTicket::new(server.clone());
    let with_aes = match policy.order {
        SuiteOrder::Auto => {
            server.ignore_client_order = true;
            ByTicket::new(server)
        }
        SuiteOrder::Client | SuiteOrder::Server => usual.clone(),
    };
    Ok(Arc::new(Variants { usual, with_aes }))
}
