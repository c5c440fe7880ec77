//! One request at one worker, from the front's side.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::task::{Poll, Waker};

use bytes::Bytes;
use tlsgi_wire::{CancelReason, Close, Credit, Encoder, FileRange, Message, Window, WorkerExchange};
use tokio::time::Instant;

use super::Slot;
use super::link::Link;
use crate::http::response::ResponseHead;

/// From this size on, a piece of request body goes to the socket from the memory that it was read into.
const LARGE_PIECE: usize = 8 << 10;

/// What a worker says about an exchange.
#[derive(Debug)]
pub(crate) enum WorkerEvent {
    /// A 103 to send; encoded fields.
    EarlyHints(Vec<u8>),
    /// The response begins; with `is_end` it is complete.
    Response { head: ResponseHead, body: Bytes, is_end: bool },
    /// More body.
    Data { bytes: Bytes, is_end: bool },
    /// Trailers; the response is complete.
    Trailers(Vec<u8>),
    /// The next body bytes stand in this file.
    File { descriptor: OwnedFd, range: FileRange },
    /// The WebSocket is accepted: subprotocol (may be empty) and further fields.
    Accept { subprotocol: String, fields: Vec<u8> },
    /// A WebSocket message or a piece of one.
    Message { is_text: bool, is_end: bool, bytes: Bytes },
    /// The application closes the WebSocket.
    Close { code: u16, reason: String },
    /// More request body may be sent; the first one says that the application reads.
    Credit,
    /// The response cannot be finished.
    Abort,
    /// The application is through. Comes only when no END, `Abort` or `Close` came before.
    Done,
    /// Nobody began it within the time that it may wait.
    Overdue,
    /// The worker is gone. `is_replayable`: the application was never called for this request.
    Lost { is_replayable: bool },
}

/// The link's record of an exchange.
pub(super) struct Entry {
    /// Tells it from an earlier holder of the same id.
    pub(super) sequence: u64,
    /// Where its request ends among all bytes of the link.
    pub(super) end: u64,
    pub(super) wire: WorkerExchange,
    pub(super) events: VecDeque<WorkerEvent>,
    pub(super) waker: Option<Waker>,
    pub(super) request_credit: Credit,
    pub(super) is_abandoned: bool,
    pub(super) has_ended: bool,
    pub(super) slot: Option<Slot>,
    /// Until when it may wait to be begun; none where a thread was free for it.
    pub(super) begins_by: Option<Instant>,
}

impl Entry {
    /// Has whoever relays the exchange hear this.
    pub(super) fn tell(&mut self, event: WorkerEvent) {
        self.events.push_back(event);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// The handle of whoever relays the exchange. Dropped before the end, it cancels.
pub(crate) struct Exchange {
    link: Rc<Link>,
    id: u32,
    window: Window,
    is_over: bool,
}

impl Exchange {
    pub(super) const fn new(link: Rc<Link>, id: u32) -> Self {
        Self { link, id, window: Window::RESPONSE, is_over: false }
    }

    /// The supervisor's number of the worker that has it.
    pub(crate) fn worker(&self) -> u64 {
        self.link.worker().number()
    }

    /// The next thing that the worker says. Cancel-safe.
    pub(crate) async fn next(&mut self) -> WorkerEvent {
        std::future::poll_fn(|cx| {
            self.link
                .with_entry(self.id, |entry| match entry.events.pop_front() {
                    Some(event) => Poll::Ready(event),
                    None => {
                        if !entry.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                            entry.waker = Some(cx.waker().clone());
                        }
                        Poll::Pending
                    }
                })
                .unwrap_or(Poll::Ready(WorkerEvent::Lost { is_replayable: false }))
        })
        .await
    }

    /// Request bytes that may be sent now.
    pub(crate) fn request_credit(&self) -> usize {
        self.link.with_entry(self.id, |entry| entry.request_credit.left() as usize).unwrap_or(0)
    }

    /// Sends request body; `bytes` within [`Self::request_credit`].
    pub(crate) fn send_data(&mut self, bytes: &Bytes, is_end: bool) {
        self.spend(bytes.len());
        if bytes.len() < LARGE_PIECE {
            self.link.write(|out| Encoder::new(out).data(self.id, bytes, is_end, false));
        } else {
            let encode = |out: &mut Vec<u8>| Encoder::new(out).data_apart(self.id, bytes.len(), is_end, false);
            self.link.write_apart(encode, bytes.clone());
        }
    }

    /// Sends a WebSocket message or a piece of one; its bytes within [`Self::request_credit`].
    pub(crate) fn send_message(&mut self, message: &Message<'_>) {
        self.spend(message.bytes.len());
        self.link.write(|out| Encoder::new(out).message(self.id, message));
    }

    /// Tells the application that the WebSocket is closed.
    pub(crate) fn send_close(&mut self, close: &Close<'_>) {
        self.link.write(|out| Encoder::new(out).websocket_close(self.id, close));
    }

    /// Counts response bytes that the client has taken and grants the worker more when it is time.
    pub(crate) fn consumed(&mut self, bytes: usize) {
        self.window.consume(bytes);
        if self.is_over {
            return;
        }
        let Some(granted) = self.window.grant() else { return };
        let grant = |entry: &mut Entry| {
            entry.wire.response_credit.grant(granted);
            !entry.has_ended
        };
        if self.link.with_entry(self.id, grant).unwrap_or(false) {
            self.link.write(|out| Encoder::new(out).credit(self.id, granted));
        }
    }

    /// Gives the exchange up: nothing more is heard of it.
    pub(crate) fn cancel(&mut self, reason: CancelReason) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.link.abandon(self.id, Some(reason));
        }
    }

    /// Tells the worker that nobody waits any more, and goes on listening for its end.
    pub(crate) fn tell_cancelled(&mut self, reason: CancelReason) {
        self.link.write(|out| Encoder::new(out).cancel(self.id, reason));
    }

    /// The answer is complete; the application may still run, nobody listens any more.
    pub(crate) fn finish(&mut self) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.link.abandon(self.id, None);
        }
    }

    fn spend(&self, bytes: usize) {
        self.link.with_entry(self.id, |entry| {
            let taken = entry.request_credit.take(bytes);
            debug_assert_eq!(taken, bytes, "request bytes beyond the credit");
        });
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.cancel(CancelReason::ClientGone);
    }
}
