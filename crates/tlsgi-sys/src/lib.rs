//! The kernel's side of things: descriptors across sockets, inherited descriptors, processes.

pub mod channel;
pub mod descriptor;
pub mod inherited;
pub mod process;
pub mod title;
