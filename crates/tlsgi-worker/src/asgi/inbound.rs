//! What came for one exchange and waits for `receive()`: a request body or WebSocket messages, under credit.

use std::collections::VecDeque;

use bytes::Bytes;
use tlsgi_wire::{Credit, Error, INITIAL_REQUEST_CREDIT, Kind, Message, Window};

/// Unread messages that one WebSocket may have: empty ones cost no credit, so their number is bounded by itself.
const MAX_UNREAD: usize = 4096;

/// A request body as it arrives.
#[derive(Debug)]
pub(super) struct Body {
    pieces: Vec<Bytes>,
    credit: Credit,
    window: Window,
    /// The last of it arrived.
    is_whole: bool,
    /// The application was given the last of it.
    is_given: bool,
    /// The client sends nothing before the application reads.
    is_withheld: bool,
}

impl Body {
    /// The body whose first bytes are `first`.
    pub(super) fn new(first: &[u8], is_whole: bool, is_withheld: bool) -> Result<Self, Error> {
        let mut credit = Credit::new(if is_withheld { 0 } else { INITIAL_REQUEST_CREDIT });
        credit.spend(first.len())?;
        Ok(Self {
            pieces: if first.is_empty() { Vec::new() } else { vec![Bytes::copy_from_slice(first)] },
            credit,
            window: Window::REQUEST,
            is_whole,
            is_given: false,
            is_withheld: is_withheld && !is_whole,
        })
    }

    /// More of it; `share` keeps a piece without a copy where it can.
    pub(super) fn extend(
        &mut self,
        bytes: &[u8],
        is_whole: bool,
        share: impl FnOnce(&[u8]) -> Bytes,
    ) -> Result<(), Error> {
        if self.is_whole {
            return Err(Error::OutOfOrder(Kind::Data));
        }
        self.credit.spend(bytes.len())?;
        if !bytes.is_empty() {
            self.pieces.push(share(bytes));
        }
        self.is_whole = is_whole;
        Ok(())
    }

    /// Hands out everything that arrived, and whether more follows; `None` when there is nothing new.
    pub(super) fn take(&mut self) -> Option<(Vec<Bytes>, bool)> {
        if self.is_given || (self.pieces.is_empty() && !self.is_whole) {
            return None;
        }
        self.is_given = self.is_whole;
        let pieces = std::mem::take(&mut self.pieces);
        self.window.consume(pieces.iter().map(Bytes::len).sum());
        Some((pieces, !self.is_whole))
    }

    /// Credit to be sent now, if any, because the application reads.
    pub(super) fn grant(&mut self) -> Option<u32> {
        if self.is_whole {
            return None;
        }
        let is_first = std::mem::take(&mut self.is_withheld);
        let grant = if is_first { INITIAL_REQUEST_CREDIT } else { self.window.grant()? };
        self.credit.grant(grant);
        Some(grant)
    }
}

/// What `receive()` of a WebSocket finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The client asks for a WebSocket.
    Connect,
    /// A text message.
    Text(String),
    /// A binary message.
    Bytes(Vec<u8>),
    /// The end, for ever after.
    Disconnect {
        /// RFC 6455 code.
        code: u16,
        /// What the peer said.
        reason: String,
    },
}

#[derive(Debug)]
struct Unread {
    bytes: Vec<u8>,
    is_text: bool,
    cost: usize,
}

/// Messages of a WebSocket.
#[derive(Debug)]
pub(super) struct Mailbox {
    is_connect_given: bool,
    partial: Vec<u8>,
    unread: VecDeque<Unread>,
    credit: Credit,
    window: Window,
    closed: Option<(u16, String)>,
}

impl Mailbox {
    pub(super) fn new() -> Self {
        Self {
            is_connect_given: false,
            partial: Vec::new(),
            unread: VecDeque::new(),
            credit: Credit::new(INITIAL_REQUEST_CREDIT),
            window: Window::REQUEST,
            closed: None,
        }
    }

    /// Takes a message or a piece of one; false when too many are unread.
    pub(super) fn push(&mut self, message: &Message<'_>) -> Result<bool, Error> {
        self.credit.spend(message.bytes.len())?;
        if self.closed.is_some() {
            return Ok(true);
        }
        let cost = message.bytes.len();
        self.partial.extend_from_slice(message.bytes);
        if !message.is_end {
            self.window.consume(cost);
            return Ok(true);
        }
        let bytes = std::mem::take(&mut self.partial);
        if message.is_text && str::from_utf8(&bytes).is_err() {
            return Err(Error::Invalid { kind: Kind::Message, field: "text" });
        }
        self.unread.push_back(Unread { bytes, is_text: message.is_text, cost });
        Ok(self.unread.len() <= MAX_UNREAD)
    }

    /// Nothing more will come.
    pub(super) fn close(&mut self, code: u16, reason: &str) {
        self.closed.get_or_insert_with(|| (code, reason.to_owned()));
    }

    /// The next thing to hear, or `None` when it is still to come.
    pub(super) fn take(&mut self) -> Option<Heard> {
        if !self.is_connect_given {
            self.is_connect_given = true;
            return Some(Heard::Connect);
        }
        if let Some(Unread { bytes, is_text, cost }) = self.unread.pop_front() {
            self.window.consume(cost);
            if !is_text {
                return Some(Heard::Bytes(bytes));
            }
            // Checked when it arrived.
            return Some(Heard::Text(String::from_utf8(bytes).unwrap_or_default()));
        }
        self.closed.clone().map(|(code, reason)| Heard::Disconnect { code, reason })
    }

    /// Credit to be sent now, if any.
    pub(super) fn grant(&mut self) -> Option<u32> {
        if self.closed.is_some() {
            return None;
        }
        let grant = self.window.grant()?;
        self.credit.grant(grant);
        Some(grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: usize = INITIAL_REQUEST_CREDIT as usize / 2;

    #[test]
    fn body_is_granted_at_half_a_window() {
        let mut body = Body::new(&[1; HALF - 1], false, false).expect("within credit");
        assert_eq!(body.take(), Some((vec![Bytes::from(vec![1; HALF - 1])], true)));
        assert_eq!(body.grant(), None);
        body.extend(b"2", false, Bytes::copy_from_slice).expect("within credit");
        assert_eq!(body.take(), Some((vec![Bytes::from_static(b"2")], true)));
        let doubled = INITIAL_REQUEST_CREDIT / 2 + INITIAL_REQUEST_CREDIT;
        assert_eq!(body.grant(), Some(doubled));
        assert_eq!(body.take(), None);
    }

    #[test]
    fn withheld_body_is_asked_for_by_the_first_read() {
        let mut body = Body::new(b"", false, true).expect("within credit");
        assert!(body.extend(b"x", false, Bytes::copy_from_slice).is_err());
        assert_eq!(body.grant(), Some(INITIAL_REQUEST_CREDIT));
        assert_eq!(body.grant(), None);
    }

    #[test]
    fn empty_body_is_given_once() {
        let mut body = Body::new(b"", true, false).expect("within credit");
        assert_eq!(body.take(), Some((Vec::new(), false)));
        assert_eq!(body.take(), None);
    }

    #[test]
    fn unfinished_message_is_granted_on_arrival() {
        let mut mailbox = Mailbox::new();
        assert_eq!(mailbox.take(), Some(Heard::Connect));
        let mut granted = 0;
        for _ in 0..10 {
            mailbox.push(&Message { is_text: false, is_end: false, bytes: &[0; HALF] }).expect("within credit");
            granted += mailbox.grant().unwrap_or_default() as usize;
        }
        assert!(granted >= 10 * HALF, "only {granted} bytes");
        mailbox.push(&Message { is_text: false, is_end: true, bytes: &[0; 4 * HALF] }).expect("within credit");
        assert_eq!(mailbox.grant(), None);
        assert_eq!(mailbox.take(), Some(Heard::Bytes(vec![0; 14 * HALF])));
        assert!(mailbox.grant().is_some());
    }

    #[test]
    fn messages_are_heard_before_the_end() {
        let mut mailbox = Mailbox::new();
        mailbox.push(&Message { is_text: true, is_end: true, bytes: b"hi" }).expect("within credit");
        mailbox.close(1001, "bye");
        assert_eq!(mailbox.take(), Some(Heard::Connect));
        assert_eq!(mailbox.take(), Some(Heard::Text("hi".to_owned())));
        for _ in 0..2 {
            assert_eq!(mailbox.take(), Some(Heard::Disconnect { code: 1001, reason: "bye".to_owned() }));
        }
    }
}
