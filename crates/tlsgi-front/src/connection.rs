//! What is known about a client connection, and which workers have been told.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};

use smallvec::SmallVec;
use tlsgi_wire::{Connection as Facts, Encoder, Fields, TlsFacts};

use crate::pool::Link;
use crate::tls::environ;

/// Facts of the TLS session, owned.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsSession {
    /// Wire number of the version, such as 0x0304.
    pub(crate) version: u16,
    /// IANA number of the suite.
    pub(crate) cipher_suite: u16,
    /// Server name from SNI, lower-case; empty for none.
    pub(crate) server_name: String,
    /// The leaf that was presented, PEM.
    pub(crate) certificate: std::sync::Arc<str>,
    /// Whether an earlier session was resumed.
    pub(crate) is_resumed: bool,
}

impl TlsSession {
    /// Name of the version as logs show it.
    pub(crate) const fn version_name(&self) -> &'static str {
        match self.version {
            0x0303 => "TLSv1.2",
            0x0304 => "TLSv1.3",
            _ => "-",
        }
    }
}

/// A link that has the facts, by its address and while it lives.
type Announced = (u64, Weak<Link>);

/// One client connection.
pub(crate) struct Connection {
    id: u32,
    client: Option<SocketAddr>,
    client_text: String,
    server_text: String,
    server_port: u16,
    tls: Option<TlsSession>,
    announced: RefCell<SmallVec<[Announced; 4]>>,
}

impl Connection {
    /// A connection with an id that no other open connection of this thread has.
    pub(crate) fn new(id: u32, client: Option<SocketAddr>, server: &Local, tls: Option<TlsSession>) -> Rc<Self> {
        let (server_text, server_port) = match server {
            Local::Tcp(address) => (address.ip().to_canonical().to_string(), address.port()),
            Local::Unix(path) => (path.clone(), 0),
        };
        let client_text = client.map(|address| address.ip().to_canonical().to_string()).unwrap_or_default();
        Rc::new(Self { id, client, client_text, server_text, server_port, tls, announced: RefCell::default() })
    }

    /// Its id on every link.
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// Client address as text, for logs; `-` on a Unix socket.
    pub(crate) fn client_text(&self) -> &str {
        if self.client_text.is_empty() { "-" } else { &self.client_text }
    }

    /// Local port.
    pub(crate) const fn server_port(&self) -> u16 {
        self.server_port
    }

    /// The TLS session, if there is one.
    pub(crate) const fn tls(&self) -> Option<&TlsSession> {
        self.tls.as_ref()
    }

    /// Whether it is HTTPS.
    pub(crate) const fn is_https(&self) -> bool {
        self.tls.is_some()
    }

    /// Writes the facts for this link unless it has them already.
    pub(crate) fn announce(&self, link: &Rc<Link>, out: &mut Vec<u8>) {
        let number = Rc::as_ptr(link) as u64;
        let mut announced = self.announced.borrow_mut();
        if announced.iter().any(|(known, _)| *known == number) {
            return;
        }
        announced.retain(|(_, link)| link.strong_count() > 0);
        announced.push((number, Rc::downgrade(link)));
        let facts = Facts {
            client: &self.client_text,
            client_port: self.client.map_or(0, |address| address.port()),
            server: &self.server_text,
            server_port: self.server_port,
            is_https: self.is_https(),
            tls: self.tls.as_ref().map(|tls| TlsFacts {
                version: tls.version,
                cipher_suite: tls.cipher_suite,
                server_name: &tls.server_name,
                server_certificate: &tls.certificate,
                client_chain: "",
                client_name: "",
                client_error: "",
            }),
            environ: Fields::EMPTY,
        };
        Encoder::new(out).connection(self.id, &facts, self.tls.iter().flat_map(environ::variables));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for (_, link) in self.announced.borrow_mut().drain(..) {
            if let Some(link) = link.upgrade() {
                link.write(|out| Encoder::new(out).connection_end(self.id));
            }
        }
    }
}

/// The local end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Local {
    /// Address and port.
    Tcp(SocketAddr),
    /// Path of a Unix socket.
    Unix(String),
}
