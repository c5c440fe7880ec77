//! WebSocket (RFC 6455, RFC 7692) on the server side, over any byte stream.

pub(crate) mod handshake;
pub(crate) mod session;
