//! What proxies say about a request: believed from trusted peers in the fields that are named, taken out from everybody else.

mod element;
mod name;
mod node;
mod told;

use std::rc::Rc;

use tlsgi_config::config::Proxies;

use crate::connection::Connection;
use crate::http::head::RequestHead;
use crate::route::Door;
pub(crate) use name::{is_about_certificates, is_proxy_field, letters};
use told::Told;

/// A request as it was before the proxies that are trusted.
#[derive(Clone)]
pub(crate) struct SeenAs {
    /// The client's connection as the nearest of them describes it.
    pub(crate) connection: Rc<Connection>,
    /// By which door it would have come.
    pub(crate) door: Door,
}

impl std::fmt::Debug for SeenAs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SeenAs").field("client", &self.connection.client_text()).field("door", &self.door).finish()
    }
}

/// Takes every field in which proxies speak out of the head, and puts what a trusted one said in the place of what the connection says.
/// What was believed stays in the head in one plain form, for applications that look for it themselves.
pub(crate) fn settle(head: &mut RequestHead, connection: &Rc<Connection>, door: Door, proxies: &Proxies) {
    let is_trusted = connection.is_trusted(proxies);
    let told = if is_trusted { Told::read(head, proxies) } else { Told::default() };
    head.retain_fields(|name| !is_proxy_field(name) || is_trusted && is_about_certificates(name));
    if !is_trusted {
        return;
    }
    for (name, value) in &told.kept {
        head.append_field(name, value.as_bytes());
    }
    let is_https = told.is_https.unwrap_or_else(|| connection.is_https());
    if let Some(authority) = told.authority(head.authority(), is_https) {
        head.set_authority(&authority);
    }
    let door = match (told.is_https, door) {
        (Some(true), Door::Http) => Door::Https,
        (Some(false), Door::Https) => Door::Http,
        (_, door) => door,
    };
    let connection = connection.seen_by(told.client, is_https);
    head.seen_as = Some(SeenAs { connection, door });
}

#[cfg(test)]
mod tests;
