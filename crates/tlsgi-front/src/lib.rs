//! The front: every client socket, TLS, HTTP, routing, static files and the queue of every pool.
//! No private key, no Python.

mod connection;
pub mod control;
mod http;
mod pool;
