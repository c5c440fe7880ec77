//! What can be wrong with bytes from the other side.

use crate::frame::Kind;

/// A frame that breaks the protocol. The link it came on is of no further use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A payload longer than [`crate::MAX_PAYLOAD`].
    #[error("frame of {0} bytes is over the limit")]
    TooLong(usize),
    /// A kind that this version does not know.
    #[error("unknown frame kind {0}")]
    UnknownKind(u8),
    /// The payload ends before its fields do.
    #[error("frame of kind {0:?} is cut short")]
    Truncated(Kind),
    /// A number or text outside what the field allows.
    #[error("frame of kind {kind:?} has an invalid {field}")]
    Invalid {
        /// The frame.
        kind: Kind,
        /// The field inside it.
        field: &'static str,
    },
    /// A frame that may not come now.
    #[error("frame of kind {0:?} is out of order")]
    OutOfOrder(Kind),
    /// A frame that this side never receives.
    #[error("frame of kind {0:?} came from the wrong side")]
    WrongDirection(Kind),
    /// More bytes than were granted.
    #[error("{over} bytes over the credit")]
    OverCredit {
        /// By how much.
        over: u32,
    },
    /// An exchange or connection nobody opened.
    #[error("unknown exchange {0}")]
    UnknownExchange(u32),
}
