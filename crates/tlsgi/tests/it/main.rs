//! The whole program: the real binary, a real Python, real sockets.

mod first_page;
mod framing;
mod harness;
mod load;
mod resilience;
