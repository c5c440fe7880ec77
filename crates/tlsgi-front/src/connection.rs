//! What is known about a client connection, what applications are told of it, and which workers have been told.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use smallvec::SmallVec;
use tlsgi_cert::client::Identity;
use tlsgi_config::config::{Proxies, TlsVariables};
use tlsgi_wire::{Connection as Facts, Encoder, Fields, TlsFacts};

use crate::pool::Link;
use crate::tls::client_auth::{Holder, Standing};
use crate::tls::client_fields;
use crate::tls::environ;

/// Views that a connection keeps: more are needed only while files about clients change.
const KEPT_VIEWS: usize = 8;

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
    pub(crate) certificate: Arc<str>,
    /// What that leaf says.
    pub(crate) identity: Option<Arc<Identity>>,
    /// Whether an earlier session was resumed.
    pub(crate) is_resumed: bool,
    /// The client, if it showed a certificate.
    pub(crate) client: Option<Rc<Holder>>,
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

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    /// None on a Unix socket.
    pub(crate) address: Option<SocketAddr>,
    /// Whether it can be one that speaks for others: not where a proxy connects for a client that it does not know.
    pub(crate) may_be_proxy: bool,
}

impl From<Option<SocketAddr>> for Peer {
    fn from(address: Option<SocketAddr>) -> Self {
        Self { address, may_be_proxy: true }
    }
}

/// One client connection.
pub(crate) struct Connection {
    client: Option<SocketAddr>,
    may_be_proxy: bool,
    client_text: String,
    server_text: String,
    server_port: u16,
    tls: Option<TlsSession>,
    is_https: bool,
    /// As trusted proxies described it, the latest last.
    seen: RefCell<SmallVec<[SeenBy; 1]>>,
    views: RefCell<SmallVec<[Seen; 1]>>,
}

/// A connection with what a proxy said of it.
type SeenBy = (Option<(IpAddr, u16)>, bool, Rc<Connection>);

/// A view with what it was made for.
type Seen = (Standing, ViewOptions, Rc<View>);

/// What a site wants its application to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ViewOptions {
    /// Further WSGI variables; none for most sites.
    pub(crate) environ: Option<SiteEnviron>,
    /// WSGI variables about TLS.
    pub(crate) variables: TlsVariables,
    /// The fields of RFC 9440.
    pub(crate) sends_headers: bool,
    /// Who gave the right password.
    pub(crate) user: Option<Arc<str>>,
}

/// WSGI variables of a site. Two are the same when they are one object: they live as long as their configuration.
#[derive(Debug, Clone)]
pub(crate) struct SiteEnviron(Rc<[(String, String)]>);

impl SiteEnviron {
    /// None for none.
    pub(crate) fn new(variables: &[(String, String)]) -> Option<Self> {
        (!variables.is_empty()).then(|| Self(variables.into()))
    }
}

impl PartialEq for SiteEnviron {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SiteEnviron {}

/// A connection as an application sees it. What is known of the client differs from path to path, so there may be several.
pub(crate) struct View {
    id: u32,
    connection: Weak<Connection>,
    standing: Standing,
    variables: TlsVariables,
    environ: Option<SiteEnviron>,
    /// Who gave the right password.
    user: Option<Arc<str>>,
    fields: Vec<(&'static str, String)>,
    announced: RefCell<SmallVec<[Announced; 4]>>,
}

impl Connection {
    /// A connection.
    pub(crate) fn new(peer: impl Into<Peer>, server: &Local, tls: Option<TlsSession>) -> Rc<Self> {
        let Peer { address: client, may_be_proxy } = peer.into();
        let (server_text, server_port) = match server {
            Local::Tcp(address) => (address.ip().to_canonical().to_string(), address.port()),
            Local::Unix(path) => (path.clone(), 0),
        };
        let client_text = client.map(|address| address.ip().to_canonical().to_string()).unwrap_or_default();
        let is_https = tls.is_some();
        let (seen, views) = (RefCell::default(), RefCell::default());
        Rc::new(Self { client, may_be_proxy, client_text, server_text, server_port, tls, is_https, seen, views })
    }

    /// Address of whoever is at the other end; none on a Unix socket.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.client.map(|address| address.ip())
    }

    /// Its port; 0 where it is not known.
    pub(crate) fn client_port(&self) -> u16 {
        self.client.map_or(0, |address| address.port())
    }

    /// Whether what the other end says of others is believed.
    pub(crate) fn is_trusted(&self, proxies: &Proxies) -> bool {
        self.may_be_proxy && proxies.trusts(self.peer())
    }

    /// The same connection as a trusted proxy describes it: for this client, where it names one, with address and port or 0.
    pub(crate) fn seen_by(&self, client: Option<(IpAddr, u16)>, is_https: bool) -> Rc<Self> {
        let mut seen = self.seen.borrow_mut();
        if let Some((.., known)) = seen.iter().find(|(known, scheme, _)| *known == client && *scheme == is_https) {
            return Rc::clone(known);
        }
        let address = client.map(|(address, port)| SocketAddr::new(address, port)).or(self.client);
        let described = Rc::new(Self {
            client: address,
            may_be_proxy: false,
            client_text: address.map(|address| address.ip().to_canonical().to_string()).unwrap_or_default(),
            server_text: self.server_text.clone(),
            server_port: self.server_port,
            tls: self.tls.clone(),
            is_https,
            seen: RefCell::default(),
            views: RefCell::default(),
        });
        if seen.len() >= KEPT_VIEWS {
            seen.remove(0);
        }
        seen.push((client, is_https, Rc::clone(&described)));
        described
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
        self.is_https
    }

    /// What an application is told where the client has this standing. A new view gets an id that no other view of this thread has.
    pub(crate) fn view(
        self: &Rc<Self>,
        standing: Standing,
        options: ViewOptions,
        id: impl FnOnce() -> u32,
    ) -> Rc<View> {
        let mut views = self.views.borrow_mut();
        let is_this = |(known, others, _): &&Seen| *known == standing && *others == options;
        if let Some((_, _, view)) = views.iter().find(is_this) {
            return Rc::clone(view);
        }
        let fields = match self.tls.as_ref().and_then(|tls| tls.client.as_ref()) {
            Some(holder) if options.sends_headers && standing == Standing::Verified => client_fields::fields(holder),
            _ => Vec::new(),
        };
        let view = Rc::new(View {
            id: id(),
            connection: Rc::downgrade(self),
            standing,
            variables: options.variables,
            environ: options.environ.clone(),
            user: options.user.clone(),
            fields,
            announced: RefCell::default(),
        });
        if views.len() >= KEPT_VIEWS {
            // Exchanges keep the views that they use.
            views.remove(0);
        }
        views.push((standing, options, Rc::clone(&view)));
        view
    }

    /// Forgets what only requests need, here and in the workers; the next one says it again.
    pub(crate) fn rest(&self) {
        self.views.borrow_mut().clear();
        self.seen.borrow_mut().clear();
    }
}

impl View {
    /// Its id on every link.
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// Fields that every request carries besides the client's.
    pub(crate) fn fields(&self) -> &[(&'static str, String)] {
        &self.fields
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
        // A view is used by requests of its connection only.
        if let Some(connection) = self.connection.upgrade() {
            self.write(&connection, out);
        }
    }

    fn write(&self, connection: &Connection, out: &mut Vec<u8>) {
        let tls = connection.tls.as_ref();
        let told = tls.map(|tls| environ::client(tls, self.standing)).unwrap_or_default();
        let facts = Facts {
            client: &connection.client_text,
            client_port: connection.client_port(),
            server: &connection.server_text,
            server_port: connection.server_port,
            is_https: connection.is_https(),
            tls: tls.map(|tls| TlsFacts {
                version: tls.version,
                cipher_suite: tls.cipher_suite,
                server_name: &tls.server_name,
                server_certificate: &tls.certificate,
                client_chain: &told.chain,
                client_name: &told.name,
                client_error: &told.error,
            }),
            environ: Fields::EMPTY,
        };
        let variables = tls.map(|tls| environ::variables(tls, self.standing, self.variables)).unwrap_or_default();
        let of_site = self.environ.iter().flat_map(|environ| environ.0.iter());
        // What the server says of TLS stands last, and counts.
        let variables = of_site
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(variables.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
            .chain(self.user.iter().flat_map(|user| [("AUTH_TYPE", "Basic"), ("REMOTE_USER", &**user)]));
        Encoder::new(out).connection(self.id, &facts, variables);
    }
}

impl Drop for View {
    fn drop(&mut self) {
        for (_, link) in self.announced.borrow_mut().drain(..) {
            if let Some(link) = link.upgrade() {
                link.leave(|out| Encoder::new(out).connection_end(self.id));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_rested_is_told_anew() {
        let local = Local::Tcp(SocketAddr::from(([127, 0, 0, 1], 443)));
        let connection = Connection::new(None, &local, None);
        let view = |id| connection.view(Standing::Unasked, ViewOptions::default(), || id);
        let first = Rc::downgrade(&view(1));
        assert_eq!(view(2).id(), 1, "one view is enough");
        connection.rest();
        assert!(first.upgrade().is_none(), "a worker would keep what it was told");
        assert_eq!(view(3).id(), 3);
    }
}
