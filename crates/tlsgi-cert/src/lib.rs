//! Certificates and keys: loading, inspection, the local CA. Nothing here prints, and no key leaves [`PrivateKey`].

mod chain;
mod contents;
mod der;
mod error;
mod facts;
mod finding;
mod handshake;
mod inspect;
mod key;
pub mod limits;
mod load;
mod local;
mod name;
mod oid;
mod pem;
mod source;
mod stamp;

pub use error::Error;
pub use facts::Facts;
pub use finding::{Finding, Moment};
pub use handshake::is_tls_handshake_message;
pub use inspect::{Message, Severity, messages};
pub use key::{Algorithm, PrivateKey};
pub use load::{Input, Loaded, Material, load};
pub use local::LocalCa;
pub use name::Name;
pub use source::Source;
pub use stamp::Stamp;
