//! Rooms of the front by themselves, for its benchmark and for fuzzing: the parser of heads, the decision, HTTP/2. Not for use by other crates.

use std::rc::Rc;
use std::sync::Arc;

use tlsgi_config::config::{
    BasicAuth, CertificateSource, ClientCertificates, ErrorPages, Headers, Limits, PlainPolicy, Site, TlsPolicy,
    TlsVariables,
};

use crate::answer::Answers;
use crate::connection::{Connection, Local};
use crate::control::{NamedFiles, TrustFiles};
use crate::http::h1::parse::{Scan, parse};
use crate::http::h2::rehearsal::Rehearsal;
use crate::http::head::RequestHead;
use crate::pool::{Pool, PoolShared};
use crate::route::place::Routes;
use crate::route::{Door, Route, decide};
use crate::state::{Destination, PoolRoute, SiteState, State};
use crate::tls::client_auth::ClientPolicy;

/// One site and one connection, as a request finds them.
pub struct Rooms {
    head: RequestHead,
    state: State,
    connection: Rc<Connection>,
}

impl Rooms {
    /// A site with two names that asks for no client certificates.
    #[must_use]
    pub fn new() -> Option<Self> {
        let client_certificates = ClientCertificates::default();
        let clients = Arc::new(ClientPolicy::new(&client_certificates, &TrustFiles::default()).ok()?);
        let site = Site {
            name: "example.org".to_owned(),
            names: vec!["example.org".to_owned(), "*.example.org".to_owned()],
            certificates: vec![CertificateSource::Local { names: Vec::new() }],
            tls: TlsPolicy::default(),
            plain: PlainPolicy::Redirect { https_port: 443 },
            hsts: None,
            mounts: Vec::new(),
            canonical: None,
            routes: Vec::new(),
            client_certificates,
            tls_variables: TlsVariables::default(),
            headers: Headers::default(),
            compression: None,
            redirects: Vec::new(),
            environ: Vec::new(),
            error_pages: ErrorPages::default(),
            basic_auth: BasicAuth::default(),
        };
        let answers = Arc::new(Answers::new(&site, &NamedFiles::default()).ok()?);
        let pool = Pool::new("app", PoolShared::new(Vec::new()), 0);
        let route = PoolRoute { pool, mount: String::new(), request_timeout: None };
        let routes = Routes::new(vec![(String::new(), Destination::Pool(route))]);
        let site = SiteState { site, routes, environ: None, mounts: Arc::default(), clients, answers };
        let local = Local::Tcp(([127, 0, 0, 1], 443).into());
        Some(Self {
            head: RequestHead::default(),
            state: State {
                sites: vec![site],
                limits: Rc::new(Limits::default()),
                proxies: tlsgi_config::config::Proxies::default(),
            },
            connection: Connection::new(None, &local, None),
        })
    }

    /// Parses a whole head of HTTP/1 and keeps it; false where it is refused or incomplete.
    pub fn parse(&mut self, text: &[u8]) -> bool {
        matches!(parse(text, &mut Scan::default(), &mut self.head, &self.state.limits), Ok(Some(_)))
    }

    /// Decides about the head parsed last, come through TLS; true for the application.
    #[must_use]
    pub fn decide(&self) -> bool {
        let Self { head, state, connection } = self;
        let route = state.site(head).map(|site| decide(state, site, head, connection, Door::Https, 0));
        matches!(route, Some(Route::Application(..)))
    }
}

/// One HTTP/2 connection without a network, whose requests are answered with a constant.
#[derive(Debug)]
pub struct Http2(Rehearsal);

impl Http2 {
    /// A connection that begins.
    #[must_use]
    pub fn new() -> Self {
        Self(Rehearsal::new())
    }

    /// Takes bytes of the client; false when they end the connection.
    pub fn receive(&mut self, bytes: &[u8]) -> bool {
        self.0.receive(bytes)
    }

    /// Answers what came: how many requests did.
    pub fn answer(&mut self) -> usize {
        self.0.answer()
    }

    /// Hands what is to be written to `take`.
    pub fn take_output(&mut self, take: impl FnOnce(&[u8])) {
        self.0.take_output(take);
    }
}

impl Default for Http2 {
    fn default() -> Self {
        Self::new()
    }
}
