//! The whole program: the real binary, a real Python, real sockets.

mod access_log;
mod command;
mod first_page;
mod framing;
mod harness;
mod load;
mod resilience;
mod static_files;
