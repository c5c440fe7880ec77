//! An open WebSocket.

use std::future::Future;

use tlsgi_config::config::Limits;

use super::handshake::Handshake;
use crate::http::client::Client;
use crate::http::failure::Failure;
use crate::pool::Exchange;

/// Accepts the WebSocket with this subprotocol (may be empty) and these further fields, then relays until both sides are
/// through. `draining` resolves when the server stops. Gives the payload bytes sent to the client; an error means that nothing was
/// sent yet.
pub(crate) async fn relay(
    _client: &mut impl Client,
    _exchange: &mut Exchange,
    _handshake: &Handshake,
    _subprotocol: &str,
    _fields: &[u8],
    _limits: &Limits,
    _draining: impl Future<Output = ()>,
) -> Result<u64, Failure> {
    Err(Failure::NotImplemented)
}
