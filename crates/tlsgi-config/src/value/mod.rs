//! The kinds of value an option can have: how each is read from text, written back and described.

pub mod account;
pub mod address;
pub mod auth;
pub mod cipher;
pub mod client;
pub mod header;
pub mod hsts;
pub mod name;
pub mod page;
pub mod path;
pub mod proxy;
pub mod quantity;
mod redirect;
pub mod route;
pub mod tls;
pub mod word;

pub use account::{AccountName, Mode};
pub use address::{Bind, Host};
pub use auth::{AuthPath, AuthUser, Realm};
pub use cipher::CipherList;
pub use client::{AllowRule, ClientCertificate, ProtectedPrefix};
pub use header::{MediaType, RequestHeader, ResponseHeader};
pub use hsts::Hsts;
pub use name::ServerName;
pub use page::ErrorPage;
pub use path::{Destination, Directory, FilePath, Prefix, StaticFolder};
pub use quantity::{Bytes, Count, Number, OrNone, Period, Port};
pub use redirect::RedirectRule;
pub use route::{PoolName, RouteRule, RouteTarget};
pub use tls::{GroupList, TlsProfile};
pub use word::{EnvironVariable, Reference, Text, Variable};

/// A kind of value. All origins (flag, variable, file) come through `read`, so that they cannot differ.
pub trait Value: Sized {
    /// What is shown in the schema, in completions and in "expected …".
    const FORM: Form;

    /// Reads what was written.
    ///
    /// # Errors
    /// The reason why it is not such a value.
    fn read(text: &str) -> Result<Self, Refusal>;

    /// The text that reads as this value.
    fn write(&self) -> String;
}

/// The outer shape of a value, for schema, completions and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// True or false; on the command line a flag without value.
    Switch,
    /// A whole number within bounds.
    Integer {
        /// Least.
        least: u64,
        /// Most.
        most: u64,
    },
    /// `10`, `10s`, `1m30s`, `500ms`.
    Duration,
    /// `65536`, `64k`, `10MiB`.
    Size,
    /// Free text.
    Text,
    /// Path of a file.
    File,
    /// Path of a directory.
    Directory,
    /// `KEY=VALUE`; a table in TOML.
    Pair,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A duration, or `none`.
    DurationOrNone,
    /// A size, or `none`.
    SizeOrNone,
    /// A whole number, or `none`.
    IntegerOrNone,
    /// Name or number of a user or group.
    Account,
    /// Permission bits in octal.
    Mode,
}

/// Why a text is not a value of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Completes "invalid value …: ".
    pub reason: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal with its reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: None }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
