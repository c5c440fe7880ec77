//! One request with its response, as the reader and the application's thread share it: body that arrived, credit, cancellation.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tlsgi_wire::{Credit, Error, INITIAL_REQUEST_CREDIT, INITIAL_RESPONSE_CREDIT, Kind, MAX_DATA, Request};

use super::environ::Templates;
use super::link::Link;
use crate::facts::Facts;

/// An open exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// On its link.
    pub(crate) id: u32,
    /// Where it came from.
    pub(crate) link: Arc<Link>,
    /// Facts of the client's connection.
    pub(crate) facts: Arc<Facts<Templates>>,
    flow: Mutex<Flow>,
    changed: Condvar,
}

#[derive(Debug)]
struct Flow {
    /// Body that arrived and was not read. The window bounds it.
    body: VecDeque<Vec<u8>>,
    /// Bytes of the first piece that were read already.
    offset: usize,
    is_complete: bool,
    /// What the front may still send.
    request_credit: Credit,
    /// Read by the application since the last grant.
    consumed: u32,
    /// The client waits for the first grant before it sends the body.
    is_continue_awaited: bool,
    /// What may still be sent to the front.
    response_credit: Credit,
    /// Nobody waits for the answer.
    is_gone: bool,
}

/// The client left, or the front did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// What there is to read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Some bytes of the body.
    Bytes(Vec<u8>),
    /// All of it was read.
    End,
    /// Nothing until more arrives.
    Wait,
}

impl Exchange {
    /// For a request whose body bytes in the frame are kept by [`Self::keep_first`], if there are any.
    ///
    /// # Errors
    /// More body than the window allows.
    pub(crate) fn new(
        id: u32,
        link: Arc<Link>,
        facts: Arc<Facts<Templates>>,
        request: &Request<'_>,
    ) -> Result<Self, Error> {
        let window = if request.expects_continue { 0 } else { INITIAL_REQUEST_CREDIT };
        let mut request_credit = Credit::new(window);
        request_credit.spend(request.body.len())?;
        let flow = Flow {
            body: VecDeque::new(),
            offset: 0,
            is_complete: request.is_end,
            request_credit,
            consumed: 0,
            is_continue_awaited: request.expects_continue && !request.is_end,
            response_credit: Credit::new(INITIAL_RESPONSE_CREDIT),
            is_gone: false,
        };
        Ok(Self { id, link, facts, flow: Mutex::new(flow), changed: Condvar::new() })
    }

    /// The first bytes of the body: `frame` from `start` on. They come before whatever the reader added meanwhile.
    pub(crate) fn keep_first(&self, frame: Vec<u8>, start: usize) {
        let mut flow = self.lock();
        flow.body.push_front(frame);
        flow.offset = start;
    }

    /// A piece of body arrived.
    ///
    /// # Errors
    /// More than was granted, or after the end.
    pub(crate) fn receive(&self, bytes: &[u8], is_end: bool) -> Result<(), Error> {
        let mut flow = self.lock();
        if flow.is_complete {
            return Err(Error::OutOfOrder(Kind::Data));
        }
        flow.request_credit.spend(bytes.len())?;
        if !bytes.is_empty() {
            flow.body.push_back(bytes.to_vec());
        }
        flow.is_complete = is_end;
        self.changed.notify_all();
        Ok(())
    }

    /// The front takes more.
    pub(crate) fn grant(&self, bytes: u32) {
        self.lock().response_credit.grant(bytes);
        self.changed.notify_all();
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn cancel(&self) {
        self.lock().is_gone = true;
        self.changed.notify_all();
    }

    /// Whether nobody waits for the answer.
    pub(crate) fn is_gone(&self) -> bool {
        self.lock().is_gone
    }

    /// Up to `limit` bytes of what arrived, at most to the end of a line if `is_line`.
    ///
    /// # Errors
    /// The client left before it had sent everything.
    pub(crate) fn read(&self, limit: usize, is_line: bool) -> Result<Piece, Gone> {
        let mut flow = self.lock();
        if let Some(bytes) = flow.take(limit, is_line) {
            let grant = flow.consume(bytes.len());
            drop(flow);
            self.send_grant(grant);
            return Ok(Piece::Bytes(bytes));
        }
        if flow.is_complete {
            return Ok(Piece::End);
        }
        if flow.is_gone {
            return Err(Gone);
        }
        if flow.is_continue_awaited {
            flow.is_continue_awaited = false;
            flow.request_credit.grant(INITIAL_REQUEST_CREDIT);
            drop(flow);
            self.send_grant(Some(INITIAL_REQUEST_CREDIT));
        }
        Ok(Piece::Wait)
    }

    /// Sleeps until there is body to read, or its end. Not with the interpreter lock.
    pub(crate) fn wait_for_body(&self) {
        let is_waiting = |flow: &mut Flow| flow.body.is_empty() && !flow.is_complete && !flow.is_gone;
        drop(self.changed.wait_while(self.lock(), is_waiting));
    }

    /// How many of `wanted` bytes may be sent now, at most one piece.
    ///
    /// # Errors
    /// Nobody waits for them.
    pub(crate) fn take_credit(&self, wanted: usize) -> Result<usize, Gone> {
        let mut flow = self.lock();
        if flow.is_gone { Err(Gone) } else { Ok(flow.response_credit.take(wanted.min(MAX_DATA))) }
    }

    /// Sleeps until something may be sent. Not with the interpreter lock.
    pub(crate) fn wait_for_credit(&self) {
        let is_waiting = |flow: &mut Flow| flow.response_credit.left() == 0 && !flow.is_gone;
        drop(self.changed.wait_while(self.lock(), is_waiting));
    }

    fn send_grant(&self, grant: Option<u32>) {
        if let Some(bytes) = grant {
            self.link.write(|outbox| outbox.encoder().credit(self.id, bytes));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flow {
    fn take(&mut self, limit: usize, is_line: bool) -> Option<Vec<u8>> {
        let first = self.body.front()?;
        let rest = first.get(self.offset..).unwrap_or_default();
        let mut length = rest.len().min(limit);
        if is_line && let Some(at) = rest.iter().take(length).position(|byte| *byte == b'\n') {
            length = at + 1;
        }
        if length == rest.len() && self.offset == 0 {
            return self.body.pop_front();
        }
        let bytes = rest.get(..length).unwrap_or_default().to_vec();
        if length == rest.len() {
            self.body.pop_front();
            self.offset = 0;
        } else {
            self.offset += length;
        }
        Some(bytes)
    }

    /// Counts what the application read; the bytes to grant, if it is time.
    fn consume(&mut self, bytes: usize) -> Option<u32> {
        self.consumed += u32::try_from(bytes).unwrap_or(u32::MAX);
        if self.is_complete || self.is_gone || !Credit::should_grant(self.consumed, INITIAL_REQUEST_CREDIT) {
            return None;
        }
        self.request_credit.grant(self.consumed);
        Some(std::mem::take(&mut self.consumed))
    }
}
