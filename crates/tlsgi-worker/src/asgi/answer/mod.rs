//! What goes back for one exchange: the order of its frames, its credit and its declared length. Makes no Python calls.

mod piece;

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tlsgi_wire::{Credit, INITIAL_RESPONSE_CREDIT, MAX_DATA, Message};

use self::piece::Piece;
use super::outgoing::{Mark, Outgoing};

/// Ranges of one response that travel as descriptors; further ones are read here, under credit, because nothing
/// else bounds how many descriptors wait in the front.
const HANDED_OVER: u32 = 8;

/// A response head that waits for the first piece of its body.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) fields: Vec<u8>,
    pub(super) length: Option<u64>,
    pub(super) has_trailers: bool,
}

/// Where the answer stands on the wire.
#[derive(Debug)]
pub(super) enum Stage {
    /// Nothing was said.
    Open,
    /// The application gave the head; it leaves with the first of the body.
    Held(Box<Head>),
    /// The head left, or the WebSocket was accepted.
    Sent,
    /// The last of the body left.
    Ended,
}

/// How the body fits the declared length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// As declared so far.
    Well,
    /// Bytes beyond the declared length were dropped; said once.
    TooLong,
    /// The application ended before the declared length; the answer is cut.
    TooShort,
}

/// How much the application said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// More will follow.
    More,
    /// The whole body, but not the trailers that it announced.
    Body,
    /// Everything.
    All,
}

/// The application's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Running,
    Over,
    /// Over, and the front was told.
    Reported,
}

/// The answering side of an exchange.
#[derive(Debug)]
pub(super) struct Answer {
    id: u32,
    pub(super) stage: Stage,
    credit: Credit,
    queue: VecDeque<Piece>,
    left: Option<u64>,
    files: u32,
    /// The body is dropped: HEAD, or a status that has none.
    is_bodyless: bool,
    has_trailers: bool,
    /// The application heard that its body is too long.
    is_warned: bool,
    said: Said,
    call: Call,
    /// The frame with END, while DONE can still be set on it.
    end: Option<Mark>,
}

impl Answer {
    pub(super) fn new(id: u32) -> Self {
        Self {
            id,
            stage: Stage::Open,
            credit: Credit::new(INITIAL_RESPONSE_CREDIT),
            queue: VecDeque::new(),
            left: None,
            files: 0,
            is_bodyless: false,
            has_trailers: false,
            is_warned: false,
            said: Said::More,
            call: Call::Running,
            end: None,
        }
    }

    /// DONE was said: nothing more may be sent under this id.
    pub(super) fn is_reported(&self) -> bool {
        self.call == Call::Reported
    }

    /// The application said its last word of the body, or of the WebSocket.
    pub(super) fn is_complete(&self) -> bool {
        self.said != Said::More
    }

    /// Everything that the application said has left, as far as the link is concerned.
    pub(super) fn is_drained(&self) -> bool {
        self.queue.is_empty()
    }

    /// The application's task is over.
    pub(super) fn is_over(&self) -> bool {
        self.call != Call::Running
    }

    /// Whether the head is still here, so that early hints may go before it.
    pub(super) const fn is_unsent(&self) -> bool {
        matches!(self.stage, Stage::Open | Stage::Held(_))
    }

    /// Whether trailers are expected now.
    pub(super) fn wants_trailers(&self) -> bool {
        self.said == Said::Body
    }

    /// Takes the head. `is_head` is a HEAD request.
    pub(super) fn start(&mut self, head: Head, is_head: bool) {
        self.is_bodyless = is_head || matches!(head.status, 204 | 205 | 304);
        self.left = if self.is_bodyless { None } else { head.length };
        self.has_trailers = head.has_trailers && !self.is_bodyless;
        let has_trailers = self.has_trailers;
        self.stage = Stage::Held(Box::new(Head { has_trailers, ..head }));
    }

    /// The head that is still held, to be completed.
    pub(super) fn held(&mut self) -> Option<&mut Head> {
        match &mut self.stage {
            Stage::Held(head) => Some(head),
            _ => None,
        }
    }

    /// Takes a piece of body and sends what may be sent.
    pub(super) fn body(&mut self, out: &mut Outgoing, data: &Bound<'_, PyBytes>, is_complete: bool) -> Fit {
        let mut bytes = data.as_bytes();
        let (allowed, fit, is_last) = self.account(bytes.len() as u64, is_complete);
        if fit == Fit::TooShort {
            self.cut(out);
            return fit;
        }
        bytes = &bytes[..usize::try_from(allowed).unwrap_or(usize::MAX).min(bytes.len())];
        if matches!(self.stage, Stage::Ended) || (bytes.is_empty() && !is_last && !matches!(self.stage, Stage::Held(_)))
        {
            return fit;
        }
        if self.queue.is_empty() && bytes.len() <= MAX_DATA && bytes.len() <= self.credit.left() as usize {
            self.credit.take(bytes.len());
            self.emit(out, bytes, is_last);
            return fit;
        }
        let kept = if bytes.len() == data.as_bytes().len() { data.clone() } else { PyBytes::new(data.py(), bytes) };
        self.queue.push_back(Piece::Bytes { bytes: kept.unbind(), at: 0, is_last });
        self.pump(data.py(), out);
        fit
    }

    /// Takes a range of a file as the next part of the body.
    pub(super) fn file(
        &mut self,
        py: Python<'_>,
        out: &mut Outgoing,
        file: OwnedFd,
        range: (u64, u64),
        is_complete: bool,
    ) -> Fit {
        let (offset, length) = range;
        let (allowed, fit, is_last) = self.account(length, is_complete);
        if fit == Fit::TooShort {
            self.cut(out);
            return fit;
        }
        if matches!(self.stage, Stage::Ended) {
            return fit;
        }
        let piece = if allowed == 0 {
            Piece::Bytes { bytes: PyBytes::new(py, b"").unbind(), at: 0, is_last }
        } else if self.files < HANDED_OVER || is_last {
            self.files += 1;
            Piece::File { file, offset, length: allowed, is_last }
        } else {
            Piece::Read { file: file.into(), offset, length: allowed, is_last }
        };
        self.queue.push_back(piece);
        self.pump(py, out);
        fit
    }

    /// Ends the body with trailer fields.
    pub(super) fn trailers(&mut self, py: Python<'_>, out: &mut Outgoing, fields: Vec<u8>) {
        self.said = Said::All;
        self.queue.push_back(Piece::Trailers(fields));
        self.pump(py, out);
    }

    /// Takes a WebSocket message.
    pub(super) fn message(&mut self, py: Python<'_>, out: &mut Outgoing, bytes: &[u8], is_text: bool) {
        if self.queue.is_empty() && bytes.len() <= MAX_DATA && bytes.len() <= self.credit.left() as usize {
            self.credit.take(bytes.len());
            out.encode().message(self.id, &Message { is_text, is_end: true, bytes });
            return;
        }
        self.queue.push_back(Piece::Message { bytes: PyBytes::new(py, bytes).unbind(), at: 0, is_text });
        self.pump(py, out);
    }

    /// Closes the WebSocket, after everything before it.
    pub(super) fn close(&mut self, py: Python<'_>, out: &mut Outgoing, code: u16, reason: String) {
        self.said = Said::All;
        self.queue.push_back(Piece::Close { code, reason });
        self.pump(py, out);
    }

    /// More may be sent.
    pub(super) fn grant(&mut self, py: Python<'_>, out: &mut Outgoing, bytes: u32) {
        self.credit.grant(bytes);
        self.pump(py, out);
    }

    /// Nobody waits for the rest.
    pub(super) fn abandon(&mut self) {
        self.queue.clear();
        self.stage = Stage::Ended;
        self.said = Said::All;
    }

    /// The task is over. Says DONE now, or when the rest has left.
    pub(super) fn conclude(&mut self, py: Python<'_>, out: &mut Outgoing) {
        self.call = Call::Over;
        if self.wants_trailers() {
            self.trailers(py, out, Vec::new());
        }
        if matches!(self.stage, Stage::Ended) {
            self.report(out);
        } else if !self.is_complete() || self.queue.is_empty() {
            self.queue.clear();
            let is_started = matches!(self.stage, Stage::Sent);
            self.stage = Stage::Ended;
            self.call = Call::Reported;
            if is_started { out.encode().abort(self.id, true) } else { out.encode().done(self.id) }
        }
    }

    /// How many of `offered` body bytes may go, and whether they are the last.
    fn account(&mut self, offered: u64, is_complete: bool) -> (u64, Fit, bool) {
        if is_complete {
            self.said = if self.has_trailers { Said::Body } else { Said::All };
        }
        let ends = is_complete && !self.has_trailers;
        if self.is_bodyless {
            return (0, Fit::Well, true);
        }
        let Some(left) = self.left else { return (offered, Fit::Well, ends) };
        let allowed = offered.min(left);
        self.left = Some(left - allowed);
        if offered > left {
            let fit = if self.is_warned { Fit::Well } else { Fit::TooLong };
            self.is_warned = true;
            return (allowed, fit, !self.has_trailers);
        }
        if left > allowed && is_complete {
            return (allowed, Fit::TooShort, false);
        }
        (allowed, Fit::Well, left == allowed && !self.has_trailers)
    }

    /// The answer cannot be finished.
    fn cut(&mut self, out: &mut Outgoing) {
        self.queue.clear();
        self.stage = Stage::Ended;
        out.encode().abort(self.id, false);
    }
}
