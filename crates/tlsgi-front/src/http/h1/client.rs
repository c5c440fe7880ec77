//! One HTTP/1 exchange: the `Client` of a connection that serves one request after the other.

use bytes::Bytes;
use tlsgi_config::config::Limits;
use tlsgi_wire::{HttpVersion, REASON_FIELD, reason};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Duration, Instant};

use super::body::{Body, Step};
use super::transport::{MAX_AHEAD, Read, Transport};
use crate::http::client::{Client, Event, Gone};
use crate::http::failure::Failure;
use crate::http::field;
use crate::http::head::{RequestHead, Upgrade};
use crate::http::response::{Framing, ResponseHead, SitePolicy, decimal, emit};
use crate::http::websocket::handshake::accept_key;

/// A client that has closed its sending side may still wait for its answer; after this it counts as gone.
const HALF_CLOSED_GRACE: Duration = Duration::from_secs(1);

/// A body of which so much came is read without sparing memory; pieces of this size are passed on without a copy.
const BULK: usize = 16 << 10;

/// How far the answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Nothing,
    Head,
    End,
    /// The connection speaks WebSocket from here on.
    Upgraded,
}

/// What becomes of a connection after an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// Another request may follow.
    Next,
    /// The answer is complete; the connection is closed in order.
    Close,
    /// The answer is not complete: the connection is cut, so that the client can tell.
    Cut,
}

/// See the module.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact of one exchange")]
pub(crate) struct H1Client<'a, IO> {
    transport: &'a mut Transport<IO>,
    head: &'a RequestHead,
    limits: &'a Limits,
    policy: SitePolicy<'a>,
    body: Body,
    has_told_end: bool,
    waited: Duration,
    sent: Sent,
    is_continue_due: bool,
    is_chunked: bool,
    sends_body: bool,
    keeps_alive: bool,
}

impl<'a, IO: AsyncRead + AsyncWrite + Unpin> H1Client<'a, IO> {
    /// The exchange of `head`. `keeps_alive`: the server would keep the connection.
    pub(crate) fn new(
        transport: &'a mut Transport<IO>,
        head: &'a RequestHead,
        limits: &'a Limits,
        policy: SitePolicy<'a>,
        keeps_alive: bool,
    ) -> Self {
        Self {
            transport,
            head,
            limits,
            policy,
            body: Body::new(head.body, limits),
            has_told_end: false,
            waited: Duration::ZERO,
            sent: Sent::Nothing,
            is_continue_due: head.expects_continue,
            is_chunked: false,
            sends_body: true,
            keeps_alive: keeps_alive && !head.wants_close,
        }
    }

    /// After the answer: what becomes of the connection. Takes what is left of a small body.
    pub(crate) async fn finish(mut self) -> After {
        let after = self.conclude();
        if after != After::Next {
            return after;
        }
        let mut left: usize = 256 << 10;
        while !self.body.is_complete() {
            match self.event(true).await {
                Event::Body(bytes) if bytes.len() <= left => left -= bytes.len(),
                Event::BodyEnd => break,
                _ => return After::Close,
            }
        }
        After::Next
    }

    /// Nothing of the request is left to be taken.
    pub(crate) fn is_through(&self) -> bool {
        self.body.is_complete()
    }

    /// What becomes of the connection, as far as the answer is concerned.
    pub(crate) fn conclude(&self) -> After {
        match self.sent {
            Sent::End if self.keeps_alive => After::Next,
            Sent::End | Sent::Upgraded => After::Close,
            Sent::Nothing | Sent::Head => After::Cut,
        }
    }

    fn take_body(&mut self, limit: usize) -> Result<Option<Bytes>, Failure> {
        let input = self.transport.input();
        let input = input.get(..limit.min(input.len())).unwrap_or_default();
        match self.body.step(input)? {
            Step::Data { skip: 0, data } if data >= BULK && data == self.transport.input().len() => {
                Ok(Some(self.transport.take_all()))
            }
            Step::Data { skip, data } => {
                let bytes = Bytes::copy_from_slice(input.get(skip..skip + data).unwrap_or_default());
                self.transport.take(skip + data);
                Ok(Some(bytes))
            }
            Step::More { skip } | Step::End { skip } => {
                self.transport.take(skip);
                Ok(None)
            }
        }
    }

    /// Time that the client still has for its next piece of body: the grace, plus what its speed has earned.
    fn body_budget(&self) -> Duration {
        let grace = self.limits.body_grace;
        if self.limits.body_rate == 0 {
            return grace;
        }
        let earned = Duration::from_secs(self.body.received() / self.limits.body_rate);
        (grace + earned).saturating_sub(self.waited).min(grace)
    }

    async fn body_event(&mut self) -> Event {
        loop {
            match self.take_body(usize::MAX) {
                Ok(Some(bytes)) => return Event::Body(bytes),
                Ok(None) if self.body.is_complete() => {
                    self.has_told_end = true;
                    return Event::BodyEnd;
                }
                Ok(None) => {}
                Err(failure) => return self.fail(failure),
            }
            let start = Instant::now();
            self.transport.deadline.set(start + self.body_budget());
            let is_bulk = self.body.received() >= BULK as u64;
            let read = if is_bulk { self.transport.read_bulk().await } else { self.transport.read().await };
            self.transport.deadline.clear();
            self.waited += start.elapsed();
            match read {
                Read::Bytes => {}
                Read::End | Read::Broken => return Event::Gone,
                Read::Late => return self.fail(Failure::BodyTimeout),
            }
        }
    }

    fn fail(&mut self, failure: Failure) -> Event {
        self.keeps_alive = false;
        Event::Failed(failure)
    }

    /// Waits until the client leaves, keeping what it sends ahead.
    async fn gone_event(&mut self) -> Event {
        loop {
            if self.transport.is_read_closed() {
                tokio::time::sleep(HALF_CLOSED_GRACE).await;
                return Event::Gone;
            }
            if self.transport.input().len() >= MAX_AHEAD {
                std::future::pending::<()>().await;
            }
            self.transport.deadline.clear();
            match self.transport.read().await {
                Read::Bytes | Read::Late => {}
                Read::End => self.keeps_alive = false,
                Read::Broken => return Event::Gone,
            }
        }
    }

    async fn raw_event(&mut self) -> Event {
        if self.transport.input().is_empty() {
            self.transport.deadline.clear();
            match self.transport.read().await {
                Read::Bytes => {}
                Read::End | Read::Broken | Read::Late => return Event::Gone,
            }
        }
        let bytes = Bytes::copy_from_slice(self.transport.input());
        self.transport.take(bytes.len());
        Event::Body(bytes)
    }

    fn put_status_line(&mut self, status: u16, reason: &[u8]) {
        let out = self.transport.out();
        out.extend_from_slice(b"HTTP/1.1 ");
        out.extend_from_slice(decimal(status.into(), &mut [0; 20]));
        out.push(b' ');
        out.extend_from_slice(reason);
        out.extend_from_slice(b"\r\n");
    }

    fn put_fields(&mut self, fields: &[u8]) {
        for (_, name, value) in field::walk(fields).filter(|(_, name, _)| !field::is_hop_by_hop(name)) {
            put_field(self.transport.out(), name, value);
        }
    }

    fn put_head(&mut self, head: &ResponseHead, framing: Framing) {
        // The application's own phrase, if it has one, stands first among its fields.
        let own =
            field::walk(&head.fields).next().filter(|(_, name, _)| *name == REASON_FIELD).map(|(_, _, phrase)| phrase);
        self.put_status_line(head.status, own.unwrap_or_else(|| reason(head.status).as_bytes()));
        let out = self.transport.out();
        self.keeps_alive &= !emit(head, framing, self.policy, |name, value| put_field(out, name, value));
        if self.is_chunked {
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        // RFC 9110 15.5.22: a 426 names what would have to be spoken.
        if head.status == 426 && self.head.upgrade == Upgrade::WebSocket {
            out.extend_from_slice(b"upgrade: websocket\r\nconnection: upgrade\r\n");
        }
        match (self.keeps_alive, self.head.version()) {
            (true, HttpVersion::Http10) => out.extend_from_slice(b"connection: keep-alive\r\n"),
            (false, _) => out.extend_from_slice(b"connection: close\r\n"),
            (true, _) => {}
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Appends body, chunked if need be. Large pieces are left to the caller: the return value says so.
    async fn put_body(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        if self.sends_body && !bytes.is_empty() {
            if self.is_chunked {
                use std::io::Write as _;
                // Writing to a Vec cannot fail.
                let _ = write!(self.transport.out(), "{:x}\r\n", bytes.len());
                if bytes.len() > 16 << 10 {
                    self.transport.flush(bytes).await?;
                    self.transport.out().extend_from_slice(b"\r\n");
                } else {
                    self.transport.out().extend_from_slice(bytes);
                    self.transport.out().extend_from_slice(b"\r\n");
                }
            } else {
                if is_end {
                    self.sent = Sent::End;
                }
                return self.transport.flush(bytes).await;
            }
        }
        if is_end {
            if self.is_chunked && self.sends_body {
                self.transport.out().extend_from_slice(b"0\r\n\r\n");
            }
            self.sent = Sent::End;
        }
        self.transport.flush(&[]).await
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Client for H1Client<'_, IO> {
    fn head(&self) -> &RequestHead {
        self.head
    }

    fn ready_body(&mut self, limit: usize) -> Result<(Bytes, bool), Failure> {
        if self.body.is_complete() {
            self.has_told_end = true;
            return Ok((Bytes::new(), true));
        }
        if self.transport.input().is_empty() || limit == 0 {
            return Ok((Bytes::new(), false));
        }
        let first = self.take_body(limit).inspect_err(|_| self.keeps_alive = false)?.unwrap_or_default();
        // The end of a chunked body often stands right behind its last chunk.
        if !self.body.is_complete() && matches!(self.head.body, crate::http::head::BodyLength::Unknown) {
            let mut whole = first.to_vec();
            while whole.len() < limit {
                match self.take_body(limit - whole.len()).inspect_err(|_| self.keeps_alive = false)? {
                    Some(bytes) => whole.extend_from_slice(&bytes),
                    None => break,
                }
            }
            self.has_told_end = self.body.is_complete();
            return Ok((Bytes::from(whole), self.has_told_end));
        }
        self.has_told_end = self.body.is_complete();
        Ok((first, self.has_told_end))
    }

    async fn event(&mut self, wants_body: bool) -> Event {
        match self.sent {
            Sent::Upgraded if wants_body => self.raw_event().await,
            Sent::Upgraded => std::future::pending().await,
            _ if wants_body && !self.has_told_end => self.body_event().await,
            _ => self.gone_event().await,
        }
    }

    async fn send_continue(&mut self) -> Result<(), Gone> {
        if self.sent != Sent::Nothing || !std::mem::take(&mut self.is_continue_due) {
            return Ok(());
        }
        self.transport.flush(b"HTTP/1.1 100 Continue\r\n\r\n").await
    }

    async fn send_early_hints(&mut self, fields: &[u8]) -> Result<(), Gone> {
        if self.sent != Sent::Nothing || self.head.version() != HttpVersion::Http11 {
            return Ok(());
        }
        self.put_status_line(103, reason(103).as_bytes());
        self.put_fields(fields);
        self.transport.flush(b"\r\n").await
    }

    async fn send_head(&mut self, head: &ResponseHead, body: &[u8], is_end: bool) -> Result<(), Gone> {
        let framing = Framing::of(self.head, head);
        self.is_chunked = framing.is_chunked(self.head.version());
        self.sends_body = framing.sends_body;
        let is_delimited = !self.sends_body || self.is_chunked || framing.content_length.is_some();
        // A client that waits for 100-continue and does not get it may or may not send its body: nobody can tell.
        self.keeps_alive &= is_delimited && (!self.is_continue_due || self.body.is_complete());
        self.put_head(head, framing);
        self.sent = Sent::Head;
        self.put_body(body, is_end).await
    }

    async fn send_data(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        match self.sent {
            Sent::Upgraded => self.transport.flush(bytes).await,
            _ => self.put_body(bytes, is_end).await,
        }
    }

    async fn send_trailers(&mut self, fields: &[u8]) -> Result<(), Gone> {
        if self.is_chunked && self.sends_body {
            self.transport.out().extend_from_slice(b"0\r\n");
            if self.head.accepts_trailers {
                self.put_fields(fields);
            }
            self.transport.out().extend_from_slice(b"\r\n");
        }
        self.sent = Sent::End;
        self.transport.flush(&[]).await
    }

    async fn accept_websocket(&mut self, fields: &[u8]) -> Result<(), Gone> {
        self.put_status_line(101, reason(101).as_bytes());
        self.put_fields(fields);
        let key = self.head.field("sec-websocket-key").unwrap_or_default();
        let accept = accept_key(key);
        let out = self.transport.out();
        put_field(out, b"sec-websocket-accept", accept.as_bytes());
        out.extend_from_slice(b"upgrade: websocket\r\nconnection: Upgrade\r\n\r\n");
        self.sent = Sent::Upgraded;
        self.keeps_alive = false;
        self.transport.flush(&[]).await
    }

    fn close_afterwards(&mut self) {
        self.keeps_alive = false;
    }

    fn abort(&mut self) {
        self.keeps_alive = false;
        self.sent = Sent::Head;
    }
}

fn put_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
