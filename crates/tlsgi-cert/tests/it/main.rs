//! Certificates and keys as real tools write and read them: the `openssl` and `curl` commands are needed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod authority;
mod chain;
mod client;
mod harness;
mod hostile;
mod key;
mod load;
mod local;
mod memory;
mod sealed;
mod source;
mod survey;
mod trust;
