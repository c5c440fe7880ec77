//! The front: every client socket, TLS, HTTP, routing, static files and the queue of every pool.
//! No private key, no Python.

mod answer;
mod assemble;
pub mod confine;
mod connection;
pub mod control;
mod forwarded;
mod http;
mod listener;
pub mod observe;
mod pool;
#[cfg(feature = "rooms")]
pub mod rooms;
mod route;
mod run;
mod serve;
mod state;
mod stream;
mod thread;
mod tls;
mod upstream;

pub use run::run;
