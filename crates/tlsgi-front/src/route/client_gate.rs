//! Whether a request may go on without, or with this, client certificate. Decided on every reading of its path.

use tlsgi_cert::client::Rejection;

use super::Door;
use crate::connection::Connection;
use crate::http::head::RequestHead;
use crate::route::host;
use crate::state::{SiteState, State};
use crate::tls::client_auth::{ClientPolicy, Standing};

/// Why a request is refused for want of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    /// It came over plain HTTP.
    Plain,
    /// The client showed no certificate.
    Missing,
    /// The client showed one that does not hold here.
    Rejected(Rejection),
}

/// Whether the host of a request is another one than that of its handshake, where it matters who the client is.
pub(super) fn is_misdirected(state: &State, site: &SiteState, head: &RequestHead, connection: &Connection) -> bool {
    let Some(tls) = connection.tls() else { return false };
    let entered = state.site_named(&tls.server_name);
    let asks = |site: &SiteState| site.clients.asks();
    if !asks(site) && !entered.is_some_and(asks) {
        return false;
    }
    if tls.server_name.is_empty() {
        // Clients name no server by address: they came in by the first site, and stay there.
        return !entered.is_some_and(|entered| std::ptr::eq(entered, site));
    }
    host::normal(&tls.server_name) != host::normal(head.host())
}

/// What is known of the client where the request goes, or why it goes nowhere.
pub(crate) fn check(
    clients: &ClientPolicy,
    path: &[u8],
    connection: &Connection,
    door: Door,
    now: i64,
) -> Result<Standing, Denial> {
    if !clients.asks() {
        return Ok(Standing::Unasked);
    }
    let touched = clients.prefixes().touched(path);
    for rule in &touched.any {
        if !clients.rule(*rule).is_some_and(|rule| rule.is_required) {
            continue;
        }
        if door != Door::Https {
            return Err(Denial::Plain);
        }
        match standing(clients, *rule, connection, now) {
            Standing::Verified => {}
            Standing::Rejected(rejection) => return Err(Denial::Rejected(rejection)),
            Standing::Anonymous | Standing::Unasked => return Err(Denial::Missing),
        }
    }
    // The application hears what the rule of its own reading of the path says, and nothing outside of rules.
    Ok(touched.plain.map_or(Standing::Unasked, |rule| standing(clients, rule, connection, now)))
}

fn standing(clients: &ClientPolicy, rule: usize, connection: &Connection, now: i64) -> Standing {
    match connection.tls().map(|tls| &tls.client) {
        Some(Some(holder)) => holder.standing(clients, rule, now),
        Some(None) => Standing::Anonymous,
        None => Standing::Unasked,
    }
}
