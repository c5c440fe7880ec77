//! What operators see: request ids, access log, the server's own log.

pub(crate) mod access_log;
mod escape;
mod line;
pub mod log;
pub(crate) mod request_id;
mod spool;
