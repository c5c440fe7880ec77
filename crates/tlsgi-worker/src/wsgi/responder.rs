//! What may be sent for one request and what was: the rules about head, length and end, and the frames.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyAssertionError, PyConnectionResetError, PyValueError};
use pyo3::prelude::*;
use tlsgi_wire::{Encoder, FileRange, Patch};

use super::exchange::{Exchange, Gone};
use super::headers::Head;
use super::server::Shared;
use crate::link::LARGE_PIECE;

/// The response side of an exchange.
#[derive(Debug)]
pub(crate) struct Responder {
    /// The exchange.
    pub(crate) exchange: Arc<Exchange>,
    /// The client asked for the head only.
    is_head_request: bool,
    /// The client's protocol knows interim responses.
    pub(crate) takes_hints: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Given by the application, not sent.
    head: Option<Head>,
    stage: Stage,
    /// The application is through: what still holds `write` may not use it.
    is_over: bool,
    /// No body is allowed whatever the application gives.
    is_bodiless: bool,
    /// Bytes to come by the declared length.
    remaining: Option<u64>,
}

/// What has gone to the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Stage {
    #[default]
    Unsent,
    /// The head.
    Started,
    /// The last byte of the body.
    Ended,
}

/// How far a chunk got.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nobody waits for it.
    Gone,
    /// There is no head to send before it.
    NotStarted,
    /// More than the declared length; what fitted was sent.
    TooMuch,
    /// The response ended, or the application did.
    Over,
}

/// How a response stands when the application gives no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// `start_response` was never called.
    NotStarted,
    /// The head waits, and no body came.
    Unsent,
    /// The body is open-ended.
    Open,
    /// So many bytes are missing to the declared length.
    Missing(u64),
    /// Complete.
    Ended,
}

impl State {
    fn is_sent(&self) -> bool {
        self.stage > Stage::Unsent
    }

    /// A body of one known piece has a known length. An empty one in answer to HEAD says nothing about the length that GET has.
    fn add_length(&mut self, length: usize, is_head_request: bool) {
        let is_head_unknown = is_head_request && length == 0;
        if let Some(head) = &mut self.head
            && head.content_length.is_none()
            && !is_head_unknown
            && !matches!(head.status, 204 | 205 | 304)
        {
            head.set_length(length);
            self.remaining = Some(length as u64);
        }
    }

    /// Takes `wanted` bytes off what may be sent: the head if it must go first, and how many bytes fit.
    fn account(&mut self, wanted: usize) -> Result<(Option<Head>, usize), Refusal> {
        if self.head.is_none() && !self.is_sent() {
            return Err(Refusal::NotStarted);
        }
        if self.is_over {
            return Err(Refusal::Over);
        }
        if self.is_bodiless {
            self.stage = Stage::Ended;
            return Ok((self.head.take(), 0));
        }
        let mut fitting = wanted;
        if let Some(remaining) = &mut self.remaining {
            fitting = usize::try_from(*remaining).map_or(wanted, |remaining| wanted.min(remaining));
            *remaining -= fitting as u64;
            if *remaining == 0 && wanted > 0 {
                self.stage = Stage::Ended;
            }
        }
        self.stage = self.stage.max(Stage::Started);
        Ok((self.head.take(), fitting))
    }
}

impl From<Gone> for Refusal {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl From<Refusal> for PyErr {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Gone => PyConnectionResetError::new_err("the client is gone"),
            Refusal::NotStarted => {
                PyAssertionError::new_err("the application gave body before it called start_response")
            }
            Refusal::TooMuch => PyValueError::new_err("more body than Content-Length said"),
            Refusal::Over => PyAssertionError::new_err("write() after the end of the response"),
        }
    }
}

impl Responder {
    /// Nothing given, nothing sent.
    pub(crate) fn new(exchange: Arc<Exchange>, is_head_request: bool, takes_hints: bool) -> Self {
        Self { exchange, is_head_request, takes_hints, state: Mutex::default() }
    }

    /// Takes the head. `replaces` says that the call came with `exc_info`.
    ///
    /// # Errors
    /// A second head without `exc_info`, or a head after the first was sent.
    pub(crate) fn set_head(&self, head: Head, replaces: bool) -> PyResult<()> {
        let mut state = self.lock();
        if state.is_over {
            return Err(PyAssertionError::new_err("start_response after the end of the request"));
        }
        if state.is_sent() || (state.head.is_some() && !replaces) {
            return Err(PyAssertionError::new_err("start_response was called a second time without exc_info"));
        }
        state.is_bodiless = self.is_head_request || matches!(head.status, 204 | 205 | 304);
        state.remaining = head.content_length;
        state.head = Some(head);
        Ok(())
    }

    /// Whether the head is on its way to the client.
    pub(crate) fn is_sent(&self) -> bool {
        self.lock().is_sent()
    }

    /// Sends a 103, unless the head went before it.
    pub(crate) fn hint(&self, fields: &[u8]) {
        // The lock is held over the write, so that the head cannot overtake the hint.
        let state = self.lock();
        if state.is_sent() || state.is_over || self.exchange.is_gone() {
            return;
        }
        self.exchange.link.write(|outbox| {
            let mut patch = outbox.encoder().early_hints(self.exchange.id);
            patch.encoded_fields(fields);
            patch.body(&[]).finish();
        });
        drop(state);
    }

    /// The application is through; returns whether the response was sent, and whether it ended.
    pub(crate) fn close(&self) -> (bool, bool) {
        let mut state = self.lock();
        state.is_over = true;
        (state.is_sent(), state.stage == Stage::Ended)
    }

    /// How the response stands.
    pub(crate) fn standing(&self) -> Standing {
        let state = self.lock();
        match (&state.head, state.remaining) {
            _ if state.stage == Stage::Ended => Standing::Ended,
            (None, _) if !state.is_sent() => Standing::NotStarted,
            (_, Some(missing)) if missing > 0 && !state.is_bodiless => Standing::Missing(missing),
            (Some(_), _) => Standing::Unsent,
            (None, _) => Standing::Open,
        }
    }

    /// Sends one chunk now. `Err(Over)` for a response without body means that it is complete.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub(crate) fn send(&self, py: Python<'_>, shared: &Arc<Shared>, chunk: &[u8]) -> Result<(), Refusal> {
        if chunk.is_empty() {
            return Ok(());
        }
        let (head, fitting) = self.lock().account(chunk.len())?;
        let data = chunk.get(..fitting).unwrap_or_default();
        let ends = self.lock().stage == Stage::Ended;
        if head.is_some() || !data.is_empty() {
            self.transmit(py, shared, head, data, ends, None)?;
        }
        match (fitting == chunk.len(), self.is_bodiless()) {
            (true, _) => Ok(()),
            (false, true) => Err(Refusal::Over),
            (false, false) => Err(Refusal::TooMuch),
        }
    }

    /// Sends a complete body, or with `body` empty just the end. The last frame is left in `tail` with its done flag.
    /// `is_single` allows a `Content-Length` of our own.
    ///
    /// # Errors
    /// See [`Refusal`]; after `TooMuch` the response is complete all the same and `tail` filled.
    pub(crate) fn send_whole(
        &self,
        py: Python<'_>,
        shared: &Arc<Shared>,
        body: &[u8],
        is_single: bool,
        tail: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let mut state = self.lock();
        if is_single {
            state.add_length(body.len(), self.is_head_request);
        }
        if state.stage == Stage::Ended {
            return if body.is_empty() || state.is_bodiless { Ok(()) } else { Err(Refusal::TooMuch) };
        }
        let (head, fitting) = state.account(body.len())?;
        let is_too_much = fitting < body.len() && !state.is_bodiless;
        state.stage = Stage::Ended;
        drop(state);
        let data = body.get(..fitting).unwrap_or_default();
        self.transmit(py, shared, head, data, true, Some(tail))?;
        if is_too_much { Err(Refusal::TooMuch) } else { Ok(()) }
    }

    /// Ends an open response now, before more of the application runs.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub(crate) fn end(&self, py: Python<'_>, shared: &Arc<Shared>) -> Result<(), Refusal> {
        let mut state = self.lock();
        let (head, _) = state.account(0)?;
        state.stage = Stage::Ended;
        drop(state);
        self.transmit(py, shared, head, &[], true, None)
    }

    /// Leaves the frame that ends an open response and the exchange at once.
    pub(crate) fn encode_end(&self, tail: &mut Vec<u8>) {
        let mut state = self.lock();
        state.stage = Stage::Ended;
        match state.head.take() {
            Some(head) => encode_head(tail, self.exchange.id, &head, &[], true, true),
            None => Encoder::new(tail).data(self.exchange.id, &[], true, true),
        }
    }

    /// Sends part of a file as the rest of the body; says how many bytes of the declared length it lacks.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub(crate) fn send_file(&self, file: OwnedFd, offset: u64, available: u64) -> Result<u64, Refusal> {
        if self.exchange.is_gone() {
            return Err(Refusal::Gone);
        }
        let (head, length, missing) = {
            let mut state = self.lock();
            if state.head.is_none() && !state.is_sent() {
                return Err(Refusal::NotStarted);
            }
            let wanted = if state.is_bodiless { 0 } else { state.remaining.unwrap_or(available) };
            let length = wanted.min(available);
            state.stage = if length == wanted { Stage::Ended } else { Stage::Started };
            state.remaining = state.remaining.map(|remaining| remaining - length.min(remaining));
            (state.head.take(), length, wanted - length)
        };
        let id = self.exchange.id;
        self.exchange.link.write(|outbox| {
            let is_end = missing == 0;
            if let Some(head) = head {
                encode_head(outbox.buffer(), id, &head, &[], is_end && length == 0, false);
            }
            if length > 0 {
                outbox.push_descriptor(file);
                outbox.encoder().file(id, &FileRange { offset, length, is_end, is_done: false });
            }
        });
        Ok(missing)
    }

    /// Body is dropped without a word as long as the application runs: the response has none.
    pub(crate) fn is_silent(&self) -> bool {
        let state = self.lock();
        state.is_bodiless && !state.is_over
    }

    fn is_bodiless(&self) -> bool {
        self.lock().is_bodiless
    }

    /// Writes the head, if it is still to be sent, and the bytes, as credit allows.
    fn transmit(
        &self,
        py: Python<'_>,
        shared: &Arc<Shared>,
        mut head: Option<Head>,
        data: &[u8],
        ends: bool,
        mut tail: Option<&mut Vec<u8>>,
    ) -> Result<(), Refusal> {
        let exchange = &*self.exchange;
        let mut rest = data;
        loop {
            let taken = exchange.take_credit(rest.len())?;
            if taken == 0 && !rest.is_empty() {
                py.detach(|| exchange.wait_for_credit(shared));
                continue;
            }
            let (piece, after) = rest.split_at(taken);
            let is_last = after.is_empty();
            let is_end = is_last && ends;
            let is_large = piece.len() >= LARGE_PIECE;
            let encode = |buffer: &mut Vec<u8>, is_done| match &head {
                Some(head) if is_large => {
                    open_head(buffer, exchange.id, head, is_end, is_done).body(&[]).finish_apart(piece.len())
                }
                Some(head) => encode_head(buffer, exchange.id, head, piece, is_end, is_done),
                None if is_large => Encoder::new(buffer).data_apart(exchange.id, piece.len(), is_end, is_done),
                None => Encoder::new(buffer).data(exchange.id, piece, is_end, is_done),
            };
            match &mut tail {
                Some(tail) if is_last && is_large => {
                    exchange.link.write_apart(|buffer| encode(buffer, false), piece);
                    Encoder::new(tail).done(exchange.id);
                }
                Some(tail) if is_last => encode(tail, true),
                _ if is_large => exchange.link.write_apart(|buffer| encode(buffer, false), piece),
                _ if is_end => exchange.link.write_soon(|buffer| encode(buffer, false), || shared.may_leave()),
                _ => exchange.link.write(|outbox| encode(outbox.buffer(), false)),
            }
            if is_last {
                return Ok(());
            }
            head = None;
            rest = after;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_head<'a>(out: &'a mut Vec<u8>, id: u32, head: &Head, is_end: bool, is_done: bool) -> Patch<'a> {
    let mut patch = Encoder::new(out).response(id, head.status, is_end, is_done, false);
    patch.encoded_fields(&head.fields);
    patch
}

fn encode_head(out: &mut Vec<u8>, id: u32, head: &Head, body: &[u8], is_end: bool, is_done: bool) {
    open_head(out, id, head, is_end, is_done).body(body).finish();
}
