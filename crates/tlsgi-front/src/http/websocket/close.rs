//! How a WebSocket ends: codes, reasons, and what a client did wrong (RFC 6455 7.4).

use super::frame::MAX_CONTROL;
use super::utf8::Utf8;

/// A client breaks the protocol or a limit: the connection is failed with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    /// Framing.
    #[error("{0}")]
    Protocol(&'static str),
    /// Text, or a close reason, that is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// A compressed message that does not inflate.
    #[error("compressed message is not valid")]
    Deflate,
    /// Message over the limit, after inflation.
    #[error("message is too big")]
    TooBig,
}

impl Violation {
    /// The code to close with.
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Protocol(_) => code::PROTOCOL_ERROR,
            Self::Utf8 | Self::Deflate => code::INVALID_PAYLOAD,
            Self::TooBig => code::TOO_BIG,
        }
    }
}

/// Close codes by name.
pub(crate) mod code {
    /// The purpose is fulfilled.
    pub(crate) const NORMAL: u16 = 1000;
    /// The peer broke the protocol.
    pub(crate) const PROTOCOL_ERROR: u16 = 1002;
    /// Only told to applications: the close frame had no code.
    pub(crate) const NONE: u16 = 1005;
    /// Only told to applications: the connection broke.
    pub(crate) const ABNORMAL: u16 = 1006;
    /// Bytes do not fit the type of the message.
    pub(crate) const INVALID_PAYLOAD: u16 = 1007;
    /// A rule of the server's.
    pub(crate) const POLICY: u16 = 1008;
    /// The message is too big.
    pub(crate) const TOO_BIG: u16 = 1009;
    /// The server cannot go on.
    pub(crate) const INTERNAL_ERROR: u16 = 1011;
    /// The server is being stopped or restarted.
    pub(crate) const RESTART: u16 = 1012;
}

/// Whether a code may stand in a close frame: registered with IANA for that, or of the ranges for libraries and applications.
pub(crate) const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// What a close frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CloseReason {
    /// 1005 when the frame has none.
    pub(crate) code: u16,
    /// Empty for none.
    pub(crate) text: String,
}

impl CloseReason {
    /// A code without a text.
    pub(crate) const fn bare(code: u16) -> Self {
        Self { code, text: String::new() }
    }

    /// The server stops.
    pub(crate) fn restart() -> Self {
        Self { code: code::RESTART, text: "the server is being restarted".to_owned() }
    }

    /// The client is not let in any more.
    pub(crate) fn refused() -> Self {
        Self { code: code::POLICY, text: "the client certificate is no longer accepted".to_owned() }
    }

    /// Reads the payload of a close frame.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Violation> {
        if payload.is_empty() {
            return Ok(Self::bare(code::NONE));
        }
        let (bytes, text) = payload.split_first_chunk::<2>().ok_or(Violation::Protocol("close frame of one byte"))?;
        let code = u16::from_be_bytes(*bytes);
        if !may_be_sent(code) {
            return Err(Violation::Protocol("close code that may not be sent"));
        }
        let text = str::from_utf8(text).map_err(|_| Violation::Utf8)?;
        Ok(Self { code, text: text.to_owned() })
    }

    /// What the application asks for, as it may be sent: a code that no endpoint may send becomes 1011.
    pub(crate) fn from_application(code: u16, text: &str) -> Self {
        if code == code::NONE {
            return Self::bare(code::NONE);
        }
        let code = if may_be_sent(code) { code } else { code::INTERNAL_ERROR };
        Self { code, text: text.to_owned() }
    }

    /// The payload of a close frame; the text is cut at a character to fit.
    pub(crate) fn payload(&self) -> Vec<u8> {
        if self.code == code::NONE {
            return Vec::new();
        }
        let mut payload = self.code.to_be_bytes().to_vec();
        payload.extend_from_slice(Utf8::prefix(&self.text, MAX_CONTROL - 2).as_bytes());
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_checked_as_the_registry_says() {
        for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
            assert!(CloseReason::parse(&u16::to_be_bytes(code)).is_ok(), "{code}");
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
            let outcome = CloseReason::parse(&u16::to_be_bytes(code));
            assert_eq!(outcome.map_err(Violation::code), Err(code::PROTOCOL_ERROR), "{code}");
        }
    }

    #[test]
    fn payloads_are_read_as_they_are_written() {
        assert_eq!(CloseReason::parse(b""), Ok(CloseReason::bare(code::NONE)));
        assert_eq!(CloseReason::parse(b"\x03").map_err(Violation::code), Err(code::PROTOCOL_ERROR));
        assert_eq!(CloseReason::parse(b"\x03\xe8\xff").map_err(Violation::code), Err(code::INVALID_PAYLOAD));
        let reason = CloseReason { code: 3001, text: "bye".into() };
        assert_eq!(CloseReason::parse(&reason.payload()), Ok(reason));
        assert!(CloseReason::bare(code::NONE).payload().is_empty());
    }

    #[test]
    fn long_reason_is_cut_at_a_character() {
        let reason = CloseReason { code: 1000, text: "é".repeat(100) };
        let payload = reason.payload();
        assert_eq!(payload.len(), 124);
        assert!(CloseReason::parse(&payload).is_ok());
    }

    #[test]
    fn application_cannot_send_reserved_codes() {
        assert_eq!(CloseReason::from_application(1006, "x").code, code::INTERNAL_ERROR);
        assert_eq!(CloseReason::from_application(1005, "x"), CloseReason::bare(code::NONE));
        assert_eq!(CloseReason::from_application(4000, "x").code, 4000);
    }
}
