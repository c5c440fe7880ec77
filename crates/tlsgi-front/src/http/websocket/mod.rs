//! WebSocket (RFC 6455, RFC 7692) on the server side, over any byte stream. Everything but `session` is pure: bytes in,
//! bytes and facts out.

pub(crate) mod close;
pub(crate) mod deflate;
pub(crate) mod extension;
pub(crate) mod frame;
pub(crate) mod handshake;
pub(crate) mod heartbeat;
pub(crate) mod reader;
pub(crate) mod session;
mod utf8;
pub(crate) mod writer;

#[cfg(test)]
mod tests;
