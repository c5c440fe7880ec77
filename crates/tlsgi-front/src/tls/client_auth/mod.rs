//! Client certificates: asked for in the handshake where a site has rules, never required there, judged for every request.

mod allow;
mod holder;
mod policy;
mod verifier;

pub(crate) use holder::Holder;
pub(crate) use policy::{ClientPolicy, TrustError};
pub(crate) use verifier::verifier;

use tlsgi_cert::client::Rejection;

/// What is known of a client where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing was asked.
    Unasked,
    /// It showed no certificate.
    Anonymous,
    /// It showed one that holds here.
    Verified,
    /// It showed one that does not.
    Rejected(Rejection),
}

/// The time, as certificates count it.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
