//! TLS for every listener: one configuration, certificates by name, keys that stay with the supervisor.

pub(crate) mod acceptor;
pub(crate) mod environ;
mod resolver;
mod signer;
mod tickets;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use tlsgi_config::Config;

pub(crate) use resolver::Resolver;
pub(crate) use signer::set_signing_socket;

use crate::control::SiteCertificate;
use tickets::Tickets;

/// TLS as the acceptors need it.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    /// rustls's side.
    pub(crate) config: Arc<ServerConfig>,
    /// Certificates; exchanged in place when they change.
    pub(crate) resolver: Arc<Resolver>,
}

impl Tls {
    /// Builds it. The crypto provider is named, never taken from the process.
    pub(crate) fn new(config: &Config, certificates: &[SiteCertificate], secret: &[u8]) -> Result<Self, rustls::Error> {
        let resolver = Arc::new(Resolver::new(config, certificates)?);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&resolver) as Arc<dyn rustls::server::ResolvesServerCert>);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Resumption by tickets only: they work whichever thread or front gets the client next.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.ticketer = Arc::new(Tickets::new(secret)?);
        Ok(Self { config: Arc::new(server), resolver })
    }
}
