//! What the front told about client connections, by connection id, with the Python objects made from it.

use std::sync::Arc;

use tlsgi_wire::{Connection, Error};

use crate::ids::Ids;

/// The facts of one client connection. `T` is what an interface makes of them, once a connection.
#[derive(Debug)]
pub(crate) struct Facts<T> {
    /// Client address; empty when not known.
    pub(crate) client: Box<str>,
    /// Client port.
    pub(crate) client_port: u16,
    /// Local address, or the path of a Unix socket.
    pub(crate) server: Box<str>,
    /// Local port; 0 for a Unix socket.
    pub(crate) server_port: u16,
    /// The scheme the client used.
    pub(crate) is_https: bool,
    /// Present on TLS connections.
    pub(crate) tls: Option<Tls>,
    /// Further `environ` entries: names and values.
    pub(crate) environ: Vec<Pair>,
    /// What the interface keeps with them.
    pub(crate) objects: T,
}

/// Name and value of an `environ` entry.
pub(crate) type Pair = (Box<[u8]>, Box<[u8]>);

/// The facts of the `tls` extension.
#[derive(Debug)]
pub(crate) struct Tls {
    /// Wire number of the version.
    pub(crate) version: u16,
    /// IANA number of the suite.
    pub(crate) cipher_suite: u16,
    /// Server name from SNI.
    pub(crate) server_name: Box<str>,
    /// The server's leaf certificate, PEM: one text for all connections that were shown the same.
    pub(crate) server_certificate: Arc<str>,
    /// The client's chain, leaf first, as concatenated PEM.
    pub(crate) client_chain: Box<str>,
    /// RFC 4514 name of the client's leaf.
    pub(crate) client_name: Box<str>,
    /// Why the client's certificate was not accepted.
    pub(crate) client_error: Box<str>,
}

/// The connections that the front told a link about.
#[derive(Debug)]
pub(crate) struct FactTable<T> {
    by_id: Ids<Arc<Facts<T>>>,
    /// The certificate of the latest connection.
    certificate: Arc<str>,
}

impl<T: Default> FactTable<T> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { by_id: Ids::default(), certificate: Arc::from("") }
    }

    /// Keeps a copy of the facts.
    ///
    /// # Errors
    /// A broken list of environ pairs.
    pub(crate) fn insert(&mut self, id: u32, connection: &Connection<'_>) -> Result<(), Error> {
        let environ = connection.environ.iter().map(|pair| pair.map(|(_, name, value)| (name.into(), value.into())));
        if let Some(tls) = connection.tls.as_ref().filter(|tls| *tls.server_certificate != *self.certificate) {
            self.certificate = tls.server_certificate.into();
        }
        let facts = Facts {
            client: connection.client.into(),
            client_port: connection.client_port,
            server: connection.server.into(),
            server_port: connection.server_port,
            is_https: connection.is_https,
            tls: connection.tls.as_ref().map(|tls| Tls {
                version: tls.version,
                cipher_suite: tls.cipher_suite,
                server_name: tls.server_name.into(),
                server_certificate: Arc::clone(&self.certificate),
                client_chain: tls.client_chain.into(),
                client_name: tls.client_name.into(),
                client_error: tls.client_error.into(),
            }),
            environ: environ.collect::<Result<_, _>>()?,
            objects: T::default(),
        };
        self.by_id.insert(id, Arc::new(facts));
        Ok(())
    }

    /// Forgets a connection; exchanges that still run keep their share of it.
    pub(crate) fn remove(&mut self, id: u32) {
        self.by_id.remove(&id);
    }

    /// The facts of a connection.
    ///
    /// # Errors
    /// The front never told about it.
    pub(crate) fn find(&self, id: u32) -> Result<&Arc<Facts<T>>, Error> {
        self.by_id.get(&id).ok_or(Error::UnknownExchange(id))
    }
}
