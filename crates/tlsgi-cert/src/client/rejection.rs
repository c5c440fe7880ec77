//! Why a client's certificate is not accepted, in the words of this server, of OpenSSL, and as a stable name.

use std::fmt;

use time::OffsetDateTime;

use crate::facts::minute;

/// Why a client's certificate is not accepted. Times are seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// It cannot be read.
    Unreadable,
    /// Its time is over, or that of an issuer.
    Expired {
        /// The end of its validity.
        at: i64,
        /// It is an issuer's.
        is_issuer: bool,
    },
    /// Its time has not come, or that of an issuer.
    NotYetValid {
        /// The start of its validity.
        at: i64,
        /// It is an issuer's.
        is_issuer: bool,
    },
    /// Nobody who is trusted here vouches for it.
    UnknownAuthority {
        /// It vouches for itself.
        is_self_signed: bool,
    },
    /// Its issuer has taken it back, or somebody took back an issuer.
    Revoked {
        /// It is an issuer's.
        is_issuer: bool,
    },
    /// Lists are configured, and none of them is of its issuer.
    RevocationUnknown,
    /// The list of its issuer should have been replaced by then.
    RevocationExpired(i64),
    /// More issuers than the depth allows.
    TooDeep,
    /// It says that it is for something else than clients.
    WrongPurpose,
    /// A signature does not fit.
    BadSignature,
    /// Signed by an algorithm that nobody should rely on, or that is not known here.
    WeakSignature,
    /// Its names are outside of what an issuer may vouch for.
    OutsideConstraints,
    /// Another rule of RFC 5280 is broken.
    Invalid,
    /// It holds, and its owner is not one of those let in.
    NotAllowed,
}

impl Rejection {
    /// A stable name.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Unreadable => "client-certificate-unreadable",
            Self::Expired { .. } => "client-certificate-expired",
            Self::NotYetValid { .. } => "client-certificate-not-yet-valid",
            Self::UnknownAuthority { .. } => "client-certificate-unknown-ca",
            Self::Revoked { .. } => "client-certificate-revoked",
            Self::RevocationUnknown => "client-certificate-revocation-unknown",
            Self::RevocationExpired(_) => "client-certificate-revocation-expired",
            Self::TooDeep => "client-certificate-chain-too-long",
            Self::WrongPurpose => "client-certificate-wrong-purpose",
            Self::BadSignature => "client-certificate-bad-signature",
            Self::WeakSignature => "client-certificate-weak-signature",
            Self::OutsideConstraints => "client-certificate-outside-constraints",
            Self::Invalid => "client-certificate-invalid",
            Self::NotAllowed => "client-certificate-not-allowed",
        }
    }

    /// What OpenSSL would say.
    #[must_use]
    pub const fn openssl(self) -> &'static str {
        match self {
            Self::Unreadable | Self::Invalid => "invalid certificate",
            Self::Expired { .. } => "certificate has expired",
            Self::NotYetValid { .. } => "certificate is not yet valid",
            Self::UnknownAuthority { is_self_signed: true } => "self-signed certificate",
            Self::UnknownAuthority { is_self_signed: false } => "unable to verify the first certificate",
            Self::Revoked { .. } => "certificate revoked",
            Self::RevocationUnknown => "unable to get certificate CRL",
            Self::RevocationExpired(_) => "CRL has expired",
            Self::TooDeep => "certificate chain too long",
            Self::WrongPurpose => "unsuitable certificate purpose",
            Self::BadSignature => "certificate signature failure",
            Self::WeakSignature => "CA signature digest algorithm too weak",
            Self::OutsideConstraints => "permitted subtree violation",
            Self::NotAllowed => "application verification failure",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose =
            |is_issuer: bool| if is_issuer { "an issuer of the client certificate" } else { "the client certificate" };
        match *self {
            Self::Unreadable => f.write_str("the client certificate cannot be read"),
            Self::Expired { at, is_issuer } => write!(f, "{} expired on {}", whose(is_issuer), time(at)),
            Self::NotYetValid { at, is_issuer } => write!(f, "{} is valid only from {}", whose(is_issuer), time(at)),
            Self::UnknownAuthority { is_self_signed: true } => {
                f.write_str("the client certificate is self-signed, and not one of those that are trusted here")
            }
            Self::UnknownAuthority { is_self_signed: false } => {
                f.write_str("the client certificate was issued by an authority that is not trusted here")
            }
            Self::Revoked { is_issuer } => write!(f, "{} is revoked", whose(is_issuer)),
            Self::RevocationUnknown => f.write_str("there is no revocation list of the client certificate's issuer"),
            Self::RevocationExpired(at) => {
                write!(f, "the revocation list of the client certificate's issuer was valid until {}", time(at))
            }
            Self::TooDeep => f.write_str("the client certificate has more issuers above it than are allowed"),
            Self::WrongPurpose => f.write_str("the client certificate is not meant for clients"),
            Self::BadSignature => f.write_str("a signature in the client certificate's chain does not fit"),
            Self::WeakSignature => {
                f.write_str("the client certificate or an issuer is signed by an algorithm that is not accepted")
            }
            Self::OutsideConstraints => {
                f.write_str("the client certificate's names are outside of what its issuer may vouch for")
            }
            Self::Invalid => f.write_str("the client certificate's chain breaks a rule of X.509"),
            Self::NotAllowed => f.write_str("the client certificate is valid, but its owner is not let in here"),
        }
    }
}

fn time(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at).map(minute).unwrap_or_default()
}
