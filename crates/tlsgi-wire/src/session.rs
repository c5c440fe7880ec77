//! What a worker may send for one exchange, and when: the front checks every frame against this before acting on it.

use crate::frame::{Kind, Payload, RequestKind};
use crate::{Credit, Error, limits};

/// How far a worker's answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Sent to the worker; whether the application was called is not known.
    Sent,
    /// The application was or is about to be called.
    Begun,
    /// The response has started (HTTP), or the WebSocket was accepted.
    Started,
    /// The response is complete; the application may still run.
    Ended,
    /// The worker is through: id and slot are free.
    Done,
}

/// The front's record of one exchange at a worker.
#[derive(Debug, Clone)]
pub struct WorkerExchange {
    kind: RequestKind,
    progress: Progress,
    is_websocket_open: bool,
    /// Response bytes that the worker may still send.
    pub response_credit: Credit,
}

/// What a WSGI worker notes in its ledger, at the exchange's id, when it calls the application for the request that so many came before
/// on its link (rule 3). Never 0 before the first four billion.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the low bits tell a request from the others that had its id")]
pub const fn call_mark(sequence: u64) -> u32 {
    (sequence as u32).wrapping_add(1)
}

impl WorkerExchange {
    /// A request that was just written to the worker.
    #[must_use]
    pub const fn new(kind: RequestKind) -> Self {
        Self {
            kind,
            progress: Progress::Sent,
            is_websocket_open: false,
            response_credit: Credit::new(limits::INITIAL_RESPONSE_CREDIT),
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// Whether another worker may still be given the request: this one never called the application.
    #[must_use]
    pub const fn is_replayable(&self) -> bool {
        matches!(self.progress, Progress::Sent)
    }

    /// The front's own conclusion that the application is being called, without a `Begin` frame.
    pub fn presume_begun(&mut self) {
        if self.progress == Progress::Sent {
            self.progress = Progress::Begun;
        }
    }

    /// Checks a frame of this exchange and moves on.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`], [`Error::OverCredit`]: the worker broke the protocol and its link must be closed.
    pub fn receive(&mut self, kind: Kind, payload: &Payload<'_>) -> Result<(), Error> {
        let out_of_order = Err(Error::OutOfOrder(kind));
        if self.progress == Progress::Done {
            return out_of_order;
        }
        let is_started = self.progress == Progress::Started;
        let is_before = matches!(self.progress, Progress::Sent | Progress::Begun);
        match payload {
            Payload::Begin if self.progress == Progress::Sent => self.progress = Progress::Begun,
            // A begin after the front presumed it is the normal case, not an error.
            Payload::Begin | Payload::Credit(_) => {}
            Payload::EarlyHints(_) if is_before => self.presume_begun(),
            Payload::Response(response) if is_before => {
                self.response_credit.spend(response.body.len())?;
                self.step(kind, response.is_end, response.is_done)?;
            }
            Payload::Data { bytes, is_end, is_done } if is_started && !self.is_websocket_open => {
                self.response_credit.spend(bytes.len())?;
                self.step(kind, *is_end, *is_done)?;
            }
            Payload::File(range) if is_started && !self.is_websocket_open => {
                self.step(kind, range.is_end, range.is_done)?;
            }
            Payload::Trailers { is_done, .. } if is_started && !self.is_websocket_open => {
                self.step(kind, true, *is_done)?
            }
            Payload::Accept { .. } if is_before && self.kind == RequestKind::WebSocket => {
                self.progress = Progress::Started;
                self.is_websocket_open = true;
            }
            Payload::Message(message) if is_started && self.is_websocket_open => {
                self.response_credit.spend(message.bytes.len())?;
            }
            Payload::Close(_) if self.kind == RequestKind::WebSocket && self.progress != Progress::Ended => {
                self.progress = Progress::Ended;
            }
            Payload::Abort { is_done } => self.step(kind, true, *is_done)?,
            Payload::Done => self.progress = Progress::Done,
            _ => return out_of_order,
        }
        Ok(())
    }

    fn step(&mut self, kind: Kind, is_end: bool, is_done: bool) -> Result<(), Error> {
        self.progress = match (is_end, is_done) {
            // Whoever waits for the rest would wait for ever.
            (false, true) => return Err(Error::OutOfOrder(kind)),
            (true, true) => Progress::Done,
            (true, false) => Progress::Ended,
            (false, false) => Progress::Started,
        };
        Ok(())
    }
}
