//! HTTP as the client speaks it: one `RequestHead`, one `ResponseHead`, one `Client` per protocol version.

pub(crate) mod client;
pub(crate) mod coding;
pub(crate) mod date;
pub(crate) mod deadline;
pub(crate) mod failure;
pub(crate) mod field;
pub(crate) mod h1;
pub(crate) mod h2;
pub(crate) mod head;
pub(crate) mod response;
pub(crate) mod websocket;
