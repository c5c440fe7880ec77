//! One stream: the `Client` of an HTTP/2 exchange.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::Request;
use tlsgi_config::config::Limits;

use super::meter::Meter;
use super::pace::Pace;
use super::timers::Timers;
use super::{fields, request};
use crate::http::client::{Client, Event, Gone};
use crate::http::failure::Failure;
use crate::http::head::{RequestHead, Upgrade};
use crate::http::response::{Framing, ResponseHead, SitePolicy};

/// Request heads kept for the next streams of a connection.
const KEPT_HEADS: usize = 32;

/// What the streams of a connection share.
pub(super) struct Shared {
    pub(super) timers: Rc<Timers>,
    pub(super) meter: Rc<RefCell<Meter>>,
    pub(super) heads: RefCell<Vec<RequestHead>>,
}

/// A stream that the client opened, before anything of it was looked at.
pub(super) struct Accepted {
    pub(super) request: Request<RecvStream>,
    pub(super) respond: SendResponse<Bytes>,
    pub(super) limits: Rc<Limits>,
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
        let Self { request, respond, limits, shared, lane } = self;
        let (parts, body) = request.into_parts();
        let is_end = body.is_end_stream();
        let mut head = shared.heads.borrow_mut().pop().unwrap_or_default();
        let refusal = request::read(&parts, is_end, &mut head, &limits).err();
        let is_websocket = head.upgrade == Upgrade::WebSocket;
        let policy = policy(refusal.is_none().then_some(&mut head));
        let client = H2Client {
            is_continue_due: head.expects_continue && !is_end,
            head,
            policy,
            body,
            stream: respond.stream_id().as_u32(),
            reply: Reply::Nothing(respond),
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
enum Reply {
    Nothing(SendResponse<Bytes>),
    Head(SendStream<Bytes>),
    /// Complete, or given up.
    End,
}

/// See the module.
pub(super) struct H2Client<'p> {
    head: RequestHead,
    policy: SitePolicy<'p>,
    body: RecvStream,
    stream: u32,
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
    /// The next piece of body, without looking at deadlines. What is handed over opens the client's window again.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            if !self.ahead.is_empty() {
                return Poll::Ready(Event::Body(std::mem::take(&mut self.ahead)));
            }
            let piece = match ready!(self.body.poll_data(cx)) {
                Some(Ok(piece)) => piece,
                Some(Err(_)) => return Poll::Ready(Event::Gone),
                None => return self.poll_end(cx),
            };
            if let Some(event) = self.hand_over(piece) {
                return Poll::Ready(event);
            }
        }
    }

    fn hand_over(&mut self, piece: Bytes) -> Option<Event> {
        if piece.is_empty() {
            return None;
        }
        self.received += piece.len() as u64;
        self.pace.moved(self.shared.timers.now());
        // Fails only for more than was received, or on a stream that is gone.
        let _ = self.body.flow_control().release_capacity(piece.len());
        if !self.is_tunnel && self.limits.body_bytes.is_some_and(|limit| self.received > limit) {
            return Some(Event::Failed(Failure::BodyTooLarge));
        }
        Some(Event::Body(piece))
    }

    /// The data is complete; trailers are checked and dropped (RFC 9110 6.5.1).
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let trailers = ready!(self.body.poll_trailers(cx));
        self.has_told_end = true;
        Poll::Ready(match trailers {
            Err(_) => Event::Gone,
            Ok(Some(fields)) if fields.len() > self.limits.header_count => Event::Failed(Failure::BadTrailer),
            Ok(_) if self.is_tunnel => Event::Gone,
            Ok(_) => Event::BodyEnd,
        })
    }

    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.reply {
            Reply::Nothing(respond) => respond.poll_reset(cx).map(drop),
            Reply::Head(stream) => stream.poll_reset(cx).map(drop),
            Reply::End => Poll::Pending,
        }
    }

    fn poll_event(&mut self, wants_body: bool, cx: &mut Context<'_>) -> Poll<Event> {
        let waits_for_body = wants_body && (self.is_tunnel || !self.has_told_end);
        if waits_for_body && let Poll::Ready(event) = self.poll_body(cx) {
            return Poll::Ready(event);
        }
        if self.poll_gone(cx).is_ready() {
            return Poll::Ready(Event::Gone);
        }
        if !waits_for_body || self.is_tunnel {
            self.pace.pause(self.shared.timers.now());
            return Poll::Pending;
        }
        let timers = &self.shared.timers;
        let seen = self.received + self.shared.meter.borrow().data_in_flight(self.stream);
        let deadline = self.pace.deadline(seen, timers.now(), &self.limits);
        timers.poll_at(self.lane, deadline, cx).map(|()| Event::Failed(Failure::BodyTimeout))
    }

    /// Waits until the client's window and the send buffer take something: how many bytes, at most `wanted`.
    async fn capacity(&mut self, wanted: usize) -> Result<usize, Gone> {
        let Reply::Head(stream) = &mut self.reply else { return Err(Gone) };
        stream.reserve_capacity(wanted);
        let ready = stream.capacity();
        if ready > 0 {
            return Ok(ready.min(wanted));
        }
        let timers = &self.shared.timers;
        let deadline = timers.now() + self.limits.write_timeout;
        let granted = poll_fn(|cx| match stream.poll_capacity(cx) {
            Poll::Ready(Some(Ok(granted))) if granted > 0 => Poll::Ready(Some(granted.min(wanted))),
            Poll::Ready(None | Some(Err(_))) => Poll::Ready(None),
            Poll::Ready(Some(Ok(_))) | Poll::Pending => timers.poll_at(self.lane, deadline, cx).map(|()| None),
        })
        .await;
        if granted.is_none() {
            self.give_up(Reason::CANCEL);
        }
        granted.ok_or(Gone)
    }

    async fn write(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let fits = self.capacity(rest.len()).await?;
            let (piece, after) = rest.split_at(fits.min(rest.len()));
            rest = after;
            if rest.is_empty() {
                // Not so when the client's window cut it: a window that opens byte by byte earns nothing.
                self.shared.meter.borrow_mut().sent_piece();
            }
            self.send(Bytes::copy_from_slice(piece), is_end && rest.is_empty())?;
        }
        if is_end && bytes.is_empty() { self.send(Bytes::new(), true) } else { Ok(()) }
    }

    fn send(&mut self, bytes: Bytes, is_end: bool) -> Result<(), Gone> {
        let Reply::Head(stream) = &mut self.reply else { return Err(Gone) };
        let outcome = stream.send_data(bytes, is_end).map_err(|_| Gone);
        if is_end || outcome.is_err() {
            self.reply = Reply::End;
        }
        outcome
    }

    fn give_up(&mut self, reason: Reason) {
        match std::mem::replace(&mut self.reply, Reply::End) {
            Reply::Nothing(mut respond) => respond.send_reset(reason),
            Reply::Head(mut stream) => stream.send_reset(reason),
            Reply::End => {}
        }
    }

    /// Sends a head of any kind that begins the response.
    fn begin(&mut self, head: &ResponseHead, framing: Framing, is_end: bool) -> Result<(), Gone> {
        self.pace.pause(self.shared.timers.now());
        let Reply::Nothing(respond) = &mut self.reply else { return Err(Gone) };
        let sent = respond.send_response(fields::response(head, framing, self.policy), is_end);
        self.reply = match sent {
            Ok(stream) if !is_end => Reply::Head(stream),
            Ok(_) | Err(_) => Reply::End,
        };
        if matches!(self.reply, Reply::End) && !is_end { Err(Gone) } else { Ok(()) }
    }

    fn interim(&mut self, status: u16, fields: &[u8]) -> Result<(), Gone> {
        match &mut self.reply {
            Reply::Nothing(respond) => respond.send_informational(fields::interim(status, fields)).map_err(|_| Gone),
            Reply::Head(_) | Reply::End => Ok(()),
        }
    }
}

impl Client for H2Client<'_> {
    fn head(&self) -> &RequestHead {
        &self.head
    }

    fn ready_body(&mut self, limit: usize) -> Result<(Bytes, bool), Failure> {
        let (mut first, mut more) = (Bytes::new(), BytesMut::new());
        let cx = &mut Context::from_waker(Waker::noop());
        while !self.has_told_end && first.len() + more.len() < limit {
            let room = limit - first.len() - more.len();
            let mut piece = match self.poll_body(cx) {
                Poll::Ready(Event::Body(piece)) => piece,
                Poll::Ready(Event::Failed(failure)) => return Err(failure),
                Poll::Ready(Event::BodyEnd | Event::Gone) | Poll::Pending => break,
            };
            if piece.len() > room {
                self.ahead = piece.split_off(room);
            }
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
        if std::mem::take(&mut self.is_continue_due) { self.interim(100, &[]) } else { Ok(()) }
    }

    async fn send_early_hints(&mut self, fields: &[u8]) -> Result<(), Gone> {
        self.interim(103, fields)
    }

    async fn send_head(&mut self, head: &ResponseHead, body: &[u8], is_end: bool) -> Result<(), Gone> {
        if self.head.upgrade == Upgrade::WebSocket && (200..300).contains(&head.status) {
            // A 2xx would tell the client that the WebSocket is open (RFC 8441 5).
            let refusal = ResponseHead { status: 501, fields: Vec::new(), length: Some(0), has_trailers: false };
            return self.begin(&refusal, Framing { content_length: Some(0), sends_body: false }, true);
        }
        let framing = Framing::of(&self.head, head);
        let is_bodiless = !framing.sends_body || is_end && body.is_empty();
        self.begin(head, framing, is_bodiless)?;
        if is_bodiless { Ok(()) } else { self.write(body, is_end).await }
    }

    async fn send_data(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        self.pace.pause(self.shared.timers.now());
        match self.reply {
            Reply::End => Ok(()),
            Reply::Nothing(_) | Reply::Head(_) => self.write(bytes, is_end).await,
        }
    }

    async fn send_trailers(&mut self, fields: &[u8]) -> Result<(), Gone> {
        let Reply::Head(stream) = &mut self.reply else { return Ok(()) };
        if !self.head.accepts_trailers {
            return self.send(Bytes::new(), true);
        }
        let outcome = stream.send_trailers(fields::trailers(fields)).map_err(|_| Gone);
        self.reply = Reply::End;
        outcome
    }

    async fn accept_websocket(&mut self, fields: &[u8]) -> Result<(), Gone> {
        let head = ResponseHead { status: 200, fields: fields.to_vec(), length: None, has_trailers: false };
        self.begin(&head, Framing { content_length: None, sends_body: true }, false)?;
        self.is_tunnel = true;
        self.has_told_end = false;
        Ok(())
    }

    fn close_afterwards(&mut self) {}

    fn abort(&mut self) {
        self.give_up(Reason::INTERNAL_ERROR);
    }
}

impl Drop for H2Client<'_> {
    fn drop(&mut self) {
        if self.is_tunnel && matches!(self.reply, Reply::Head(_)) {
            // The orderly end of a WebSocket (RFC 8441 5); a reset would overtake its last frames. Fails if the client left.
            let _ = self.send(Bytes::new(), true);
        }
        let mut heads = self.shared.heads.borrow_mut();
        if heads.len() < KEPT_HEADS {
            heads.push(std::mem::take(&mut self.head));
        }
    }
}
