//! What happens to a request: one pure decision, in one order, on one screen.

pub(crate) mod files;
pub(crate) mod host;
pub(crate) mod redirect;

use tlsgi_config::config::{PlainPolicy, Site};

use crate::connection::Connection;
use crate::http::failure::Failure;
use crate::http::head::RequestHead;

/// Through which door a connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// TLS.
    Https,
    /// The plain listener.
    Http,
    /// Plain HTTP on a TLS port: sent to the same place over https, whatever it asks.
    PlainOnTls,
}

/// The decision.
#[derive(Debug)]
pub(crate) enum Route<'m> {
    /// To https.
    Redirect(redirect::Redirect),
    /// An error of the client's.
    Refuse(Failure),
    /// A static mount.
    File(&'m files::Mount),
    /// The application.
    Application,
}

/// Decides. Pure: nothing is read, sent or counted here.
pub(crate) fn decide<'m>(
    site: &Site,
    mounts: &'m files::Mounts,
    head: &RequestHead,
    connection: &Connection,
    door: Door,
) -> Route<'m> {
    if !host::is_served(site, head) {
        return Route::Refuse(Failure::Misdirected);
    }
    match (door, site.plain) {
        (Door::PlainOnTls, _) => return redirect::to_same_port(head, connection.server_port()),
        (Door::Http, PlainPolicy::Redirect { https_port }) => return redirect::to_port(head, https_port),
        (Door::Http, PlainPolicy::Serve) | (Door::Https, _) => {}
    }
    match mounts.find(head.path()) {
        Some(mount) => Route::File(mount),
        // `OPTIONS *` asks about the server as a whole; it is under no prefix.
        None if head.path() != b"*" && files::path::under(head.path(), &site.mount).is_none() => {
            Route::Refuse(Failure::NotFound)
        }
        None => Route::Application,
    }
}
