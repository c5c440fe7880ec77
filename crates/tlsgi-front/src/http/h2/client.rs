//! One stream: the `Client` of an HTTP/2 exchange.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tlsgi_config::config::Limits;
use tokio::time::Instant;

use super::frame::Code;
use super::pace::Pace;
use super::protocol::{Body, Connection, Opened, Sent};
use super::timers::Timers;
use crate::http::client::{Client, Event, Gone};
use crate::http::failure::Failure;
use crate::http::head::{RequestHead, Upgrade};
use crate::http::response::{Framing, ResponseHead, SitePolicy};

/// What a connection and its streams share. Nobody holds the connection while it waits or calls others.
pub(super) struct Shared {
    pub(super) timers: Timers,
    pub(super) connection: RefCell<Connection>,
}

/// A stream that the client opened, before anything of it was looked at.
pub(super) struct Accepted {
    pub(super) opened: Opened,
    pub(super) shared: Rc<Shared>,
    pub(super) lane: u32,
}

impl Accepted {
    /// The client, whose responses carry what `policy` says for its head, and why its request cannot be served. A head that was
    /// refused is not shown.
    pub(super) fn client<'p>(
        self,
        policy: impl FnOnce(Option<&mut RequestHead>) -> SitePolicy<'p>,
    ) -> (H2Client<'p>, Option<Failure>) {
        let Self { opened: Opened { slot, mut head, refusal, is_end, limits }, shared, lane } = self;
        let is_websocket = head.upgrade == Upgrade::WebSocket;
        let policy = policy(refusal.is_none().then_some(&mut head));
        let client = H2Client {
            is_continue_due: head.expects_continue && !is_end,
            head,
            policy,
            slot,
            reply: Reply::Nothing,
            ahead: Bytes::new(),
            received: 0,
            has_told_end: is_end || is_websocket,
            is_tunnel: false,
            pace: Pace::default(),
            limits,
            shared,
            lane,
        };
        (client, refusal)
    }
}

/// How far the answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    Nothing,
    Head,
    /// Complete, or given up.
    End,
}

/// See the module.
pub(super) struct H2Client<'p> {
    head: RequestHead,
    policy: SitePolicy<'p>,
    slot: u32,
    reply: Reply,
    /// Taken from the stream, not handed over yet.
    ahead: Bytes,
    received: u64,
    has_told_end: bool,
    is_tunnel: bool,
    is_continue_due: bool,
    pace: Pace,
    limits: Rc<Limits>,
    shared: Rc<Shared>,
    lane: u32,
}

impl H2Client<'_> {
    /// The next piece of body, at most so much, without looking at deadlines.
    fn next_body(&mut self, limit: usize) -> Poll<Event> {
        if !self.ahead.is_empty() {
            return Poll::Ready(Event::Body(self.ahead.split_to(limit.min(self.ahead.len()))));
        }
        let next = self.shared.connection.borrow_mut().take_body(self.slot, limit);
        Poll::Ready(match next {
            Body::Bytes(piece) => self.hand_over(piece),
            Body::Wait => return Poll::Pending,
            Body::Gone => Event::Gone,
            Body::Failed(failure) => {
                self.has_told_end = true;
                Event::Failed(failure)
            }
            Body::End => {
                self.has_told_end = true;
                if self.is_tunnel { Event::Gone } else { Event::BodyEnd }
            }
        })
    }

    fn hand_over(&mut self, piece: Bytes) -> Event {
        self.received += piece.len() as u64;
        self.pace.moved(self.shared.timers.now());
        if !self.is_tunnel && self.limits.body_bytes.is_some_and(|limit| self.received > limit) {
            return Event::Failed(Failure::BodyTooLarge);
        }
        Event::Body(piece)
    }

    fn poll_event(&mut self, wants_body: bool, cx: &mut Context<'_>) -> Poll<Event> {
        let waits_for_body = wants_body && (self.is_tunnel || !self.has_told_end);
        if waits_for_body && let Poll::Ready(event) = self.next_body(usize::MAX) {
            return Poll::Ready(event);
        }
        if self.reply != Reply::End && self.shared.connection.borrow().is_gone(self.slot) {
            return Poll::Ready(Event::Gone);
        }
        if !waits_for_body || self.is_tunnel {
            self.pace.pause(self.shared.timers.now());
            return Poll::Pending;
        }
        let timers = &self.shared.timers;
        let deadline = self.pace.deadline(self.received, timers.now(), &self.limits);
        timers.poll_at(self.lane, deadline, cx).map(|()| Event::Failed(Failure::BodyTimeout))
    }

    /// Waits until the output takes something from this stream.
    async fn room(&mut self) -> Result<(), Gone> {
        let mut since = None;
        poll_fn(|cx| {
            let has_room = {
                let mut connection = self.shared.connection.borrow_mut();
                if connection.is_gone(self.slot) {
                    return Poll::Ready(Err(Gone));
                }
                connection.has_room(self.slot)
            };
            if has_room { Poll::Ready(Ok(())) } else { self.poll_stall(&mut since, true, cx) }
        })
        .await
    }

    async fn write(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        let (mut rest, mut since) = (bytes, None);
        poll_fn(|cx| self.poll_write(&mut rest, is_end, &mut since, cx)).await
    }

    fn poll_write(
        &mut self,
        rest: &mut &[u8],
        is_end: bool,
        since: &mut Option<Instant>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), Gone>> {
        if self.reply != Reply::Head {
            return Poll::Ready(Err(Gone));
        }
        let sent = self.shared.connection.borrow_mut().send_body(self.slot, rest, is_end);
        let (count, is_shared) = match sent {
            Ok(Sent::All) => {
                if is_end {
                    self.reply = Reply::End;
                }
                return Poll::Ready(Ok(()));
            }
            Ok(Sent::Blocked(count)) => (count, false),
            Ok(Sent::Waiting(count)) => (count, true),
            Err(Gone) => {
                self.reply = Reply::End;
                return Poll::Ready(Err(Gone));
            }
        };
        *rest = rest.get(count..).unwrap_or_default();
        if count > 0 {
            *since = None;
        }
        self.poll_stall(since, is_shared, cx)
    }

    /// Nothing can be sent now: until when the client may take something. `is_shared`: others may have had their turn meanwhile.
    fn poll_stall(&mut self, since: &mut Option<Instant>, is_shared: bool, cx: &Context<'_>) -> Poll<Result<(), Gone>> {
        let timers = &self.shared.timers;
        let mut since = *since.get_or_insert(timers.now());
        if is_shared {
            since = since.max(self.shared.connection.borrow().moved());
        }
        ready!(timers.poll_at(self.lane, since + self.limits.write_timeout, cx));
        self.give_up(Code::Cancel);
        Poll::Ready(Err(Gone))
    }

    fn give_up(&mut self, code: Code) {
        if self.reply != Reply::End {
            self.reply = Reply::End;
            self.shared.connection.borrow_mut().reset(self.slot, code);
        }
    }

    /// Sends a head of any kind that begins the response.
    async fn begin(&mut self, head: &ResponseHead, framing: Framing, is_end: bool) -> Result<(), Gone> {
        self.pace.pause(self.shared.timers.now());
        if self.reply != Reply::Nothing {
            return Err(Gone);
        }
        self.room().await?;
        self.reply = if is_end { Reply::End } else { Reply::Head };
        self.shared.connection.borrow_mut().send_head(self.slot, head, framing, self.policy, is_end)
    }

    async fn interim(&mut self, status: u16, fields: &[u8]) -> Result<(), Gone> {
        if self.reply != Reply::Nothing {
            return Ok(());
        }
        self.room().await?;
        self.shared.connection.borrow_mut().send_interim(self.slot, status, fields)
    }
}

impl Client for H2Client<'_> {
    fn head(&self) -> &RequestHead {
        &self.head
    }

    fn ready_body(&mut self, limit: usize) -> Result<(Bytes, bool), Failure> {
        let (mut first, mut more) = (Bytes::new(), BytesMut::new());
        while !self.has_told_end && first.len() + more.len() < limit {
            let piece = match self.next_body(limit - first.len() - more.len()) {
                Poll::Ready(Event::Body(piece)) => piece,
                Poll::Ready(Event::Failed(failure)) => return Err(failure),
                Poll::Ready(Event::BodyEnd | Event::Gone) | Poll::Pending => break,
            };
            if first.is_empty() {
                first = piece;
            } else {
                more.extend_from_slice(&piece);
            }
        }
        if !more.is_empty() {
            first = [first.as_ref(), more.as_ref()].concat().into();
        }
        Ok((first, self.has_told_end))
    }

    async fn event(&mut self, wants_body: bool) -> Event {
        poll_fn(|cx| self.poll_event(wants_body, cx)).await
    }

    async fn send_continue(&mut self) -> Result<(), Gone> {
        if std::mem::take(&mut self.is_continue_due) { self.interim(100, &[]).await } else { Ok(()) }
    }

    async fn send_early_hints(&mut self, fields: &[u8]) -> Result<(), Gone> {
        self.interim(103, fields).await
    }

    async fn send_head(&mut self, head: &ResponseHead, body: &[u8], is_end: bool) -> Result<(), Gone> {
        if self.head.upgrade == Upgrade::WebSocket && (200..300).contains(&head.status) {
            // A 2xx would tell the client that the WebSocket is open (RFC 8441 5).
            let refusal = ResponseHead { status: 501, fields: Vec::new(), length: Some(0), has_trailers: false };
            return self.begin(&refusal, Framing { content_length: Some(0), sends_body: false }, true).await;
        }
        let framing = Framing::of(&self.head, head);
        let is_bodiless = !framing.sends_body || is_end && body.is_empty();
        self.begin(head, framing, is_bodiless).await?;
        if is_bodiless { Ok(()) } else { self.write(body, is_end).await }
    }

    async fn send_data(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        self.pace.pause(self.shared.timers.now());
        match self.reply {
            Reply::End => Ok(()),
            Reply::Nothing | Reply::Head => self.write(bytes, is_end).await,
        }
    }

    async fn send_trailers(&mut self, fields: &[u8]) -> Result<(), Gone> {
        if self.reply != Reply::Head {
            return Ok(());
        }
        if !self.head.accepts_trailers {
            return self.write(&[], true).await;
        }
        self.room().await?;
        self.reply = Reply::End;
        self.shared.connection.borrow_mut().send_trailers(self.slot, fields)
    }

    async fn accept_websocket(&mut self, fields: &[u8]) -> Result<(), Gone> {
        let head = ResponseHead { status: 200, fields: fields.to_vec(), length: None, has_trailers: false };
        self.begin(&head, Framing { content_length: None, sends_body: true }, false).await?;
        self.is_tunnel = true;
        self.has_told_end = false;
        Ok(())
    }

    fn close_afterwards(&mut self) {}

    fn abort(&mut self) {
        self.give_up(Code::Internal);
    }
}

impl Drop for H2Client<'_> {
    fn drop(&mut self) {
        let mut connection = self.shared.connection.borrow_mut();
        if self.is_tunnel && self.reply == Reply::Head {
            // The orderly end of a WebSocket (RFC 8441 5); a reset would overtake its last frames. Fails if the client left.
            let _ = connection.send_body(self.slot, &[], true);
        }
        connection.release(self.slot, std::mem::take(&mut self.head));
    }
}
