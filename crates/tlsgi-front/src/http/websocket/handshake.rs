//! The opening handshake.

use crate::http::failure::Failure;
use crate::http::head::RequestHead;

/// What a client offers.
#[derive(Debug)]
pub(crate) struct Handshake;

/// Checks the opening handshake.
pub(crate) fn check(_head: &RequestHead) -> Result<Handshake, Failure> {
    Err(Failure::NotImplemented)
}

/// Value of `sec-websocket-accept`.
pub(crate) fn accept_key(_key: &[u8]) -> String {
    String::new()
}
