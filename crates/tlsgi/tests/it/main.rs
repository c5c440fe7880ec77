//! The whole program: the real binary, a real Python, real sockets.

mod command;
mod first_page;
mod framing;
mod harness;
mod load;
mod resilience;
