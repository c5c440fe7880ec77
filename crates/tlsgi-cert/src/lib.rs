//! Certificates and keys: loading, inspection, the local CA. Nothing here prints, and no key leaves [`PrivateKey`].
//!
//! # From files
//!
//! A [`Source`] names the files, reads them and gives a [`Loaded`]: the chain in the order in which it is sent, the key that
//! belongs to it, the [`Facts`] of the leaf, and [`Finding`]s. An [`Error`] is what prevents serving, and says what to do in
//! [`Error::hint`]; a finding is what a person should know although it is served, and says so in [`Finding::message`].
//!
//! ```no_run
//! use time::OffsetDateTime;
//! use tlsgi_cert::{Name, Source, messages};
//!
//! # fn main() -> Result<(), tlsgi_cert::Error> {
//! let source = Source::new("/etc/letsencrypt/live/example.org", None, None);
//! let mut stamp = source.stamp(); // before loading, so that no change in between is missed
//! let now = OffsetDateTime::now_utc();
//! let loaded = source.load(&[Name::parse("example.org")?], now)?;
//! for message in messages(&loaded.findings, now) {
//!     // … print `message.what` and, on a line of its own, `message.hint`
//! }
//!
//! // Whenever a directory of `stamp.directories()` changes, or every second:
//! if let Some(changed) = stamp.changed() {
//!     stamp = changed;
//!     let loaded = source.load(&[Name::parse("example.org")?], OffsetDateTime::now_utc());
//!     // … an error leaves the old certificate in place: its other file may still be on the way.
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | Accepted | |
//! |---|---|
//! | keys | RSA 2048–8192, ECDSA P-256, P-384, P-521, Ed25519; PKCS#8, PKCS#1, SEC1 |
//! | files | PEM with any line ends and any text around, or DER; leaf, chain and key in one file or in several |
//! | certificates | X.509 versions 1 and 3, `TRUSTED CERTIFICATE`; chains in any order, with strangers among them |
//! | directories | certbot's `live/NAME` (`fullchain.pem`, `privkey.pem`), a Kubernetes TLS secret (`tls.crt`, `tls.key`) |
//!
//! | encrypted keys | PBES2 (PBKDF2 or scrypt; AES or 3DES), older PKCS#8 with DES or 3DES, OpenSSL's `DEK-Info` |
//!
//! A PKCS#12 file is opened with its passphrase; PKCS#7, Java and OpenSSH files are refused with the command that converts them.
//!
//! # Without files
//!
//! [`LocalCa`] keeps a root in a directory and issues a leaf on the spot. The root can vouch only for names of this machine
//! and its private network, so that a stolen copy of its key cannot impersonate the internet.
//!
//! ```
//! use time::OffsetDateTime;
//! use tlsgi_cert::{LocalCa, Name};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let state = tempfile::tempdir()?;
//! let now = OffsetDateTime::now_utc();
//! let ca = LocalCa::open_or_create(&state.path().join("ca"), now)?;
//! let loaded = ca.issue(&[Name::parse("shop.test")?], now)?;
//! assert_eq!(loaded.facts.names, ["localhost", "shop.test"]);
//! assert!(loaded.renew_at() < loaded.facts.not_after);
//! # Ok(())
//! # }
//! ```
//!
//! # Clients
//!
//! [`client`] verifies what clients show: [`client::verify()`] is a function of a chain, of authorities, of revocation lists and of the time.
//!
//! # Issuing to others
//!
//! [`authority::Authority`] is a private CA in a directory, with a record of what it issued; [`survey`] looks at the certificates
//! of files and servers without trusting them; [`pkcs12()`] packs a key with its chain for browsers and key chains.
//!
//! # Signing
//!
//! [`PrivateKey::sign_handshake`] serves askers that are not trusted: it signs what a TLS server signs in a handshake, and
//! refuses everything else, so that whoever takes over the front cannot have certificates, tokens or client handshakes signed.

pub mod authority;
mod chain;
pub mod client;
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
mod passphrase;
pub mod password;
mod pem;
mod pkcs12;
mod sealed;
mod source;
mod stamp;
pub mod survey;
mod tlv;
pub mod trust;
mod unpack;
mod write;

pub use error::Error;
pub use facts::Facts;
pub use finding::{Finding, Moment};
pub use handshake::is_tls_handshake_message;
pub use inspect::{Message, Severity, messages};
pub use key::{Algorithm, KeyKind, PrivateKey};
pub use load::{Input, Loaded, Material, load};
pub use local::{Entry, FileNames, Form, Issued, LocalCa, MAX_DAYS, NewRoot, Order, Places, Scope, Signed};
pub use name::Name;
pub use passphrase::Passphrase;
pub use pkcs12::{Pkcs12Form, pkcs12};
pub use source::Source;
pub use stamp::Stamp;
pub use write::{Overwrite, write_file};
