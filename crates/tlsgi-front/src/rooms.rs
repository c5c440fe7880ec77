//! Rooms of the front by themselves, for its benchmark: the parser of heads and the decision. Not for use by other crates.

use std::rc::Rc;

use tlsgi_config::config::{CertificateSource, Limits, PlainPolicy, Site};

use crate::connection::{Connection, Local};
use crate::http::h1::parse::{Scan, parse};
use crate::http::head::RequestHead;
use crate::route::files::Mounts;
use crate::route::{Door, Route, decide};

/// One site and one connection, as a request finds them.
pub struct Rooms {
    limits: Limits,
    head: RequestHead,
    site: Site,
    mounts: Mounts,
    connection: Rc<Connection>,
}

impl Default for Rooms {
    fn default() -> Self {
        let site = Site {
            names: vec!["example.org".to_owned(), "*.example.org".to_owned()],
            certificate: CertificateSource::Local { names: Vec::new() },
            plain: PlainPolicy::Redirect { https_port: 443 },
            hsts: None,
            mounts: Vec::new(),
            pool: "app".to_owned(),
            mount: String::new(),
        };
        let local = Local::Tcp(([127, 0, 0, 1], 443).into());
        Self {
            limits: Limits::default(),
            head: RequestHead::default(),
            site,
            mounts: Mounts::default(),
            connection: Connection::new(1, None, &local, None),
        }
    }
}

impl Rooms {
    /// Parses a whole head of HTTP/1 and keeps it; false where it is refused or incomplete.
    pub fn parse(&mut self, text: &[u8]) -> bool {
        matches!(parse(text, &mut Scan::default(), &mut self.head, &self.limits), Ok(Some(_)))
    }

    /// Decides about the head parsed last, come through TLS; true for the application.
    #[must_use]
    pub fn decide(&self) -> bool {
        matches!(decide(&self.site, &self.mounts, &self.head, &self.connection, Door::Https), Route::Application)
    }
}
