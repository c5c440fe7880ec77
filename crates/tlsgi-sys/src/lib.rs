//! The kernel's side of things: descriptors across sockets, inherited descriptors, processes, and what they give up.

pub mod account;
pub mod channel;
pub mod descriptor;
pub mod inherited;
pub mod landlock;
pub mod ledger;
pub mod privilege;
pub mod process;
pub mod seccomp;
pub mod title;
