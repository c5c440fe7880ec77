//! Servers behind this one that routes lead to: connections to them, what they are told, and what of their answers is believed.

mod body;
mod dial;
mod health;
mod line;
mod outbound;
mod packet;
mod place;
mod relay;
mod request;
mod response;
mod shelf;
mod told;
mod tunnel;

use std::rc::Rc;

use tlsgi_config::config::{self, UpstreamAddress};

use dial::Addresses;
use health::Health;
pub(crate) use place::Place;
pub(crate) use relay::relay;
use shelf::Shelf;

/// A server behind this one, as one thread of the front knows it.
pub(crate) struct Upstream {
    target: config::Upstream,
    name: String,
    /// `Host` for clients that name none.
    host: String,
    addresses: Addresses,
    shelf: Shelf,
    health: Health,
}

/// A route to one.
pub(crate) struct UpstreamRoute {
    /// Where it goes.
    pub(crate) upstream: Rc<Upstream>,
    /// How its paths are written there.
    pub(crate) place: Place,
}

impl Upstream {
    /// One that has not been spoken to.
    pub(crate) fn new(target: &config::Upstream) -> Rc<Self> {
        let host = match &target.address {
            UpstreamAddress::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            UpstreamAddress::Tcp { host, port } => format!("{host}:{port}"),
            UpstreamAddress::Unix(_) => "localhost".to_owned(),
        };
        Rc::new(Self {
            host,
            name: target.to_string(),
            target: target.clone(),
            addresses: Addresses::default(),
            shelf: Shelf::default(),
            health: Health::default(),
        })
    }

    const fn is_unix(&self) -> bool {
        matches!(self.target.address, UpstreamAddress::Unix(_))
    }

    /// Whether it is the one that the configuration means.
    pub(crate) fn is(&self, target: &config::Upstream) -> bool {
        self.target == *target
    }
}

impl std::fmt::Debug for UpstreamRoute {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("UpstreamRoute").field(&self.upstream.name).finish()
    }
}
