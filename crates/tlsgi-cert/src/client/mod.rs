//! Certificates of clients: whose are accepted, which are revoked, whether a chain holds, and what it says about its holder.
//!
//! Nothing here asks a client or decides what a request may do: [`verify()`] is a function of a chain, of [`Authorities`], of
//! [`RevocationLists`] and of the time.

mod authority;
mod distinguished;
mod identity;
mod rejection;
mod revocation;
mod signature;
mod verify;

pub use authority::Authorities;
pub use distinguished::{DistinguishedName, NameStyle};
pub use identity::{Identity, serial_text};
pub use rejection::Rejection;
pub use revocation::RevocationLists;
pub use signature::{is_signed_in_handshake, public_key};
pub use verify::{Policy, verify};
