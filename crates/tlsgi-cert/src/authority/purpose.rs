//! What a certificate is for, and why it is taken back.

use serde::{Deserialize, Serialize};
use time::Duration;

/// What a certificate is for: exactly one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To be a TLS server.
    Server,
    /// To authenticate as a TLS client.
    Client,
}

impl Purpose {
    /// Longest life: what Apple's systems accept from a private root, for a server; ten years for a client.
    #[must_use]
    pub fn longest(self) -> Duration {
        match self {
            Self::Server => Duration::days(825),
            Self::Client => Duration::days(3650),
        }
    }
}

/// Why a certificate is revoked (RFC 5280, 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// None is given.
    #[default]
    Unspecified,
    /// Somebody else may have the key.
    KeyCompromise,
    /// The owner is not what the certificate says any more.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
}

impl Reason {
    /// Every reason with its name.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("unspecified", Self::Unspecified),
        ("key-compromise", Self::KeyCompromise),
        ("affiliation-changed", Self::AffiliationChanged),
        ("superseded", Self::Superseded),
        ("cessation-of-operation", Self::CessationOfOperation),
    ];

    /// Its code in a revocation list.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
        }
    }
}
