//! What happens to a request: one pure decision, in one order, on one screen.

pub(crate) mod client_gate;
pub(crate) mod files;
pub(crate) mod host;
pub(crate) mod place;
pub(crate) mod reading;
pub(crate) mod redirect;

use tlsgi_config::config::PlainPolicy;

use crate::connection::Connection;
use crate::http::failure::Failure;
use crate::http::head::RequestHead;
use crate::state::{Destination, PoolRoute, SiteState, State};
use crate::tls::client_auth::Standing;
use crate::upstream::UpstreamRoute;
use client_gate::Denial;

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
pub(crate) enum Route<'s> {
    /// To https.
    Redirect(redirect::Redirect),
    /// An error of the client's.
    Refuse(Failure),
    /// No client certificate, or none that holds here.
    Deny(Denial),
    /// A static mount.
    File(&'s files::Mount),
    /// The application, and what it is told of the client.
    Application(&'s PoolRoute, Standing),
    /// Another server, and what it is told of the client.
    Upstream(&'s UpstreamRoute, Standing),
}

/// Decides, at a time in seconds since the epoch. Pure: nothing is read, sent or counted here.
pub(crate) fn decide<'s>(
    state: &State,
    site: &'s SiteState,
    head: &RequestHead,
    connection: &Connection,
    door: Door,
    now: i64,
) -> Route<'s> {
    let SiteState { site: policy, mounts, clients, routes, .. } = site;
    if !host::is_served(policy, head) || client_gate::is_misdirected(state, site, head, connection) {
        return Route::Refuse(Failure::Misdirected);
    }
    match (door, policy.plain) {
        (Door::PlainOnTls, _) => return redirect::to_same_port(head, connection.server_port()),
        (Door::Http, PlainPolicy::Redirect { https_port }) => return redirect::to_port(head, https_port),
        (Door::Http, PlainPolicy::Serve) | (Door::Https, _) => {}
    }
    if let Some(redirect) = redirect::to_canonical(policy, head, door) {
        return redirect;
    }
    let standing = match client_gate::check(clients, head.path(), connection, door, now) {
        Ok(standing) => standing,
        Err(denial) => return Route::Deny(denial),
    };
    if let Some(redirect) = redirect::by_rule(&policy.redirects, head, door) {
        return redirect;
    }
    // The longest prefix counts, and of two alike that of the files.
    match (mounts.find(head.path()), routes.find(head.path())) {
        // Files at the root come before the application, if there are any: `files_first`.
        (Some(mount), Some((length, _))) if mount.prefix().len() >= length && !mount.prefix().is_empty() => {
            Route::File(mount)
        }
        (Some(mount), None) => Route::File(mount),
        (_, Some((_, Destination::Pool(route)))) => Route::Application(route, standing),
        (_, Some((_, Destination::Upstream(route)))) => Route::Upstream(route, standing),
        (None, None) => Route::Refuse(Failure::NotFound),
    }
}

/// Files that come before this answer, where they exist: those at the root of the site before what answers its root.
pub(crate) fn files_first<'s>(site: &'s SiteState, head: &RequestHead, route: &Route<'_>) -> Option<&'s files::Mount> {
    let root = site.mounts.root()?;
    let is_of_root = || site.routes.find(head.path()).is_some_and(|(length, _)| length == 0);
    (matches!(route, Route::Application(..) | Route::Upstream(..)) && is_of_root()).then_some(root)
}
