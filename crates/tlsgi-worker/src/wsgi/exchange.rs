//! One request with its response, as the reader and the application's thread share it: body that arrived, credit, cancellation.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tlsgi_wire::{
    Credit, Error, INITIAL_REQUEST_CREDIT, INITIAL_RESPONSE_CREDIT, Inbox, Kind, MAX_DATA, Request, Window,
};

use super::environ::{Base, Recent};
use super::link::Link;
use super::server::Shared;
use crate::facts::Facts;

/// An open exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// On its link.
    pub(crate) id: u32,
    /// Where it came from.
    pub(crate) link: Arc<Link>,
    /// Facts of the client's connection.
    pub(crate) facts: Arc<Facts<Recent, Base>>,
    flow: Mutex<Flow>,
    changed: Condvar,
}

#[derive(Debug)]
struct Flow {
    /// Body that arrived and was not read. The window bounds it.
    body: VecDeque<Bytes>,
    is_complete: bool,
    /// What the front may still send.
    request_credit: Credit,
    /// Grants more when the application has read.
    request_window: Window,
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
    Bytes(Bytes),
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
        facts: Arc<Facts<Recent, Base>>,
        request: &Request<'_>,
    ) -> Result<Self, Error> {
        let window = if request.expects_continue { 0 } else { INITIAL_REQUEST_CREDIT };
        let mut request_credit = Credit::new(window);
        request_credit.spend(request.body.len())?;
        let flow = Flow {
            body: VecDeque::new(),
            is_complete: request.is_end,
            request_credit,
            request_window: Window::REQUEST,
            is_continue_awaited: request.expects_continue && !request.is_end,
            response_credit: Credit::new(INITIAL_RESPONSE_CREDIT),
            is_gone: false,
        };
        Ok(Self { id, link, facts, flow: Mutex::new(flow), changed: Condvar::new() })
    }

    /// The first bytes of the body: `frame` from `start` on. They come before whatever the reader added meanwhile.
    pub(crate) fn keep_first(&self, frame: Vec<u8>, start: usize) {
        self.lock().body.push_front(Bytes::from(frame).slice(start..));
    }

    /// A piece of body arrived in `inbox`.
    ///
    /// # Errors
    /// More than was granted, or after the end.
    pub(crate) fn receive(&self, bytes: &[u8], is_end: bool, inbox: &Inbox) -> Result<(), Error> {
        let mut flow = self.lock();
        if flow.is_complete {
            return Err(Error::OutOfOrder(Kind::Data));
        }
        flow.request_credit.spend(bytes.len())?;
        // Whoever waits does so for the first of it.
        let is_awaited = flow.body.is_empty();
        if !bytes.is_empty() {
            flow.body.push_back(inbox.share(bytes));
        }
        flow.is_complete = is_end;
        drop(flow);
        if is_awaited {
            self.changed.notify_all();
        }
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
    pub(crate) fn wait_for_body(&self, shared: &Arc<Shared>) {
        self.wait(shared, |flow| !flow.body.is_empty() || flow.is_complete || flow.is_gone);
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
    pub(crate) fn wait_for_credit(&self, shared: &Arc<Shared>) {
        self.wait(shared, |flow| flow.response_credit.left() > 0 || flow.is_gone);
    }

    /// Waits for the front: reads the links itself, or is told by whoever does. Meanwhile another thread may be needed.
    fn wait(&self, shared: &Arc<Shared>, is_due: impl Fn(&Flow) -> bool) {
        let sleep = || drop(self.changed.wait_while(self.lock(), |flow| !is_due(flow)));
        shared.queue.aside(|| shared.reading.attend(shared, || is_due(&self.lock()), sleep));
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
    fn take(&mut self, limit: usize, is_line: bool) -> Option<Bytes> {
        let first = self.body.front_mut()?;
        let mut length = first.len().min(limit);
        if is_line && let Some(at) = first.iter().take(length).position(|byte| *byte == b'\n') {
            length = at + 1;
        }
        if length == first.len() {
            return self.body.pop_front();
        }
        Some(first.split_to(length))
    }

    /// Counts what the application read; the bytes to grant, if it is time.
    fn consume(&mut self, bytes: usize) -> Option<u32> {
        self.request_window.consume(bytes);
        if self.is_complete || self.is_gone {
            return None;
        }
        let grant = self.request_window.grant()?;
        self.request_credit.grant(grant);
        Some(grant)
    }
}
