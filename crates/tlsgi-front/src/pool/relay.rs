//! One request through the queue to a worker and its answer back, with everything that can go wrong on the way.

use bytes::Bytes;
use tlsgi_wire::{CancelReason, INITIAL_REQUEST_CREDIT, Interface, RequestKind};
use tokio::time::{Duration, Instant, sleep_until, timeout};

use super::link::Dispatch;
use super::{Exchange, WorkerEvent};
use crate::connection::View;
use crate::control::FromFront;
use crate::http::client::{Client, Event};
use crate::http::failure::Failure;
use crate::http::head::Upgrade;
use crate::http::response::ResponseHead;
use crate::http::websocket;
use crate::route::files;
use crate::serve::{Sent, Session};
use crate::state::{PoolRoute, State};

/// How long an ASGI application may take to notice that its request was given up, before its worker counts as stuck.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// Times that one request is given to another worker.
const MAX_REPLAYS: u32 = 3;

/// Serves the request from the route's pool. An error means that nothing was sent yet.
pub(crate) async fn relay(
    session: &Session,
    state: &State,
    route: &PoolRoute,
    view: &View,
    client: &mut impl Client,
    request_id: &str,
) -> Result<Sent, Failure> {
    let mut body = RequestBody::collect(client, route.pool.interface()).await?;
    for _ in 0..=MAX_REPLAYS {
        let limits = &state.limits;
        let slot = tokio::select! {
            biased;
            slot = route.pool.acquire(limits.queue_timeout, limits.queue_length) => slot?,
            event = client.event(false) => match event {
                Event::Failed(failure) => return Err(failure),
                _ => return Ok(Sent::default()),
            },
        };
        // What the pool speaks is known once a worker has said hello, so not before there is a slot.
        let handshake = match client.head().upgrade {
            Upgrade::WebSocket if route.pool.interface() == Some(Interface::Asgi) => {
                Some(websocket::handshake::check(client.head())?)
            }
            _ => None,
        };
        let link = std::rc::Rc::clone(slot.link());
        let begins_within = slot.is_ahead().then_some(limits.queue_timeout);
        let dispatch = Dispatch {
            kind: if handshake.is_some() { RequestKind::WebSocket } else { RequestKind::Http },
            mount: &route.mount,
            request_id,
            body: &body.sent,
            is_end: body.is_sent_whole,
            begins_within,
        };
        let exchange = link.start(slot, view, client.head(), &dispatch);
        let deadlines = Deadlines::new(route.request_timeout, limits.response_timeout);
        let mut relay = Relay {
            session,
            route,
            request_id,
            sent: Sent { worker: Some(exchange.worker()), ..Sent::default() },
            exchange,
            length: None,
            is_started: false,
            deadlines,
        };
        match relay.run(client, &mut body, handshake.as_ref(), limits).await {
            Step::Finished => return Ok(relay.sent),
            Step::Failed(failure) => return Err(failure),
            Step::Replay => {
                tracing::info!(request_id, "the worker went away before it began; another one gets the request")
            }
        }
    }
    Err(Failure::WorkerLost)
}

/// Request body on its way to a worker. What a worker has not begun with is kept for another one.
struct RequestBody {
    /// Sent so far, until the worker is known to have begun.
    sent: Vec<u8>,
    /// All of the body is in `sent`.
    is_sent_whole: bool,
    /// The client has nothing more.
    is_complete: bool,
    /// Read from the client, not sent for want of credit.
    pending: Bytes,
    is_kept: bool,
}

impl RequestBody {
    /// What arrived with the head. For WSGI waits for a small body to be complete, or the first 64 KiB of a large one: a slow
    /// client costs no worker thread.
    async fn collect(client: &mut impl Client, interface: Option<Interface>) -> Result<Self, Failure> {
        let credit = if client.head().expects_continue { 0 } else { INITIAL_REQUEST_CREDIT as usize };
        let (first, mut is_complete) = client.ready_body(credit)?;
        let mut sent = Vec::from(first);
        let mut pending = Bytes::new();
        let waits = interface == Some(Interface::Wsgi) && !client.head().expects_continue;
        while waits && !is_complete && sent.len() < credit {
            match client.event(true).await {
                Event::Body(bytes) => {
                    let fits = bytes.len().min(credit - sent.len());
                    sent.extend_from_slice(bytes.get(..fits).unwrap_or_default());
                    pending = bytes.slice(fits..);
                }
                Event::BodyEnd => is_complete = true,
                Event::Failed(failure) => return Err(failure),
                Event::Gone => return Err(Failure::Malformed),
            }
        }
        let is_sent_whole = is_complete && pending.is_empty();
        Ok(Self { sent, is_sent_whole, is_complete, pending, is_kept: true })
    }

    /// Sends what the credit allows.
    fn send(&mut self, exchange: &mut Exchange) {
        let fits = self.pending.len().min(exchange.request_credit()).min(tlsgi_wire::MAX_DATA);
        let piece = self.pending.split_to(fits);
        let is_end = self.is_complete && self.pending.is_empty() && !self.is_sent_whole;
        if !piece.is_empty() || is_end {
            exchange.send_data(&piece, is_end);
            self.is_sent_whole |= is_end;
        }
        if self.is_kept {
            self.sent.extend_from_slice(&piece);
        }
    }

    /// The worker has begun: nothing is replayed any more.
    fn forget(&mut self) {
        if std::mem::take(&mut self.is_kept) {
            self.sent = Vec::new();
        }
    }
}

/// Optional bounds on one request.
struct Deadlines {
    response: Option<Instant>,
    request: Option<Instant>,
}

impl Deadlines {
    fn new(request: Option<Duration>, response: Option<Duration>) -> Self {
        let after = |wait: Option<Duration>| wait.and_then(|wait| Instant::now().checked_add(wait));
        Self { response: after(response), request: after(request) }
    }

    fn next(&self, is_started: bool) -> Option<Instant> {
        let response = self.response.filter(|_| !is_started);
        [self.request, response].into_iter().flatten().min()
    }
}

/// Resolves at the deadline; never without one. Costs nothing before it is polled.
async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

enum Step {
    Finished,
    Failed(Failure),
    Replay,
}

struct Relay<'a> {
    session: &'a Session,
    route: &'a PoolRoute,
    request_id: &'a str,
    exchange: Exchange,
    sent: Sent,
    /// Response bytes that the head promised and that have not been sent.
    length: Option<u64>,
    is_started: bool,
    deadlines: Deadlines,
}

impl Relay<'_> {
    async fn run(
        &mut self,
        client: &mut impl Client,
        body: &mut RequestBody,
        handshake: Option<&websocket::handshake::Handshake>,
        limits: &tlsgi_config::config::Limits,
    ) -> Step {
        loop {
            body.send(&mut self.exchange);
            let wants_body = !body.is_complete && body.pending.is_empty() && self.exchange.request_credit() > 0;
            let deadline = self.deadlines.next(self.is_started);
            let event = tokio::select! {
                biased;
                event = self.exchange.next() => event,
                event = client.event(wants_body) => match event {
                    Event::Body(bytes) => {
                        body.pending = bytes;
                        continue;
                    }
                    Event::BodyEnd => {
                        body.is_complete = true;
                        continue;
                    }
                    Event::Failed(failure) => return self.fail(client, failure, CancelReason::ClientGone),
                    Event::Gone => return self.client_gone(),
                },
                () = passed(deadline) => return self.too_late(client).await,
            };
            if matches!(event, WorkerEvent::Overdue) {
                return self.fail(client, Failure::QueueTimeout, CancelReason::Deadline);
            }
            if let WorkerEvent::Lost { is_replayable } = event {
                if is_replayable && !self.is_started && body.is_kept {
                    return Step::Replay;
                }
                return self.fail(client, Failure::WorkerLost, CancelReason::ClientGone);
            }
            body.forget();
            if let WorkerEvent::Accept { subprotocol, fields } = event {
                let Some(handshake) = handshake else {
                    return self.fail(client, Failure::BadResponse, CancelReason::ClientGone);
                };
                return self.websocket(client, handshake, &subprotocol, &fields, limits).await;
            }
            if let Some(step) = self.handle(client, event).await {
                return step;
            }
        }
    }

    /// Passes one event on to the client; a step when the exchange is over.
    async fn handle(&mut self, client: &mut impl Client, event: WorkerEvent) -> Option<Step> {
        let outcome = match event {
            WorkerEvent::EarlyHints(fields) => client.send_early_hints(&fields).await,
            WorkerEvent::Response { head, body, is_end } => return self.response(client, head, &body, is_end).await,
            WorkerEvent::Data { bytes, is_end } => return self.data(client, &bytes, is_end).await,
            WorkerEvent::Trailers(fields) => {
                let outcome = client.send_trailers(&fields).await;
                self.exchange.finish();
                return Some(if outcome.is_ok() { Step::Finished } else { self.client_gone() });
            }
            WorkerEvent::File { descriptor, range } => return self.file(client, descriptor, range).await,
            WorkerEvent::Credit => client.send_continue().await,
            WorkerEvent::Abort | WorkerEvent::Done | WorkerEvent::Overdue => {
                return Some(self.fail(client, Failure::Application, CancelReason::ClientGone));
            }
            WorkerEvent::Message { .. } | WorkerEvent::Close { .. } | WorkerEvent::Accept { .. } => {
                return Some(self.fail(client, Failure::BadResponse, CancelReason::ClientGone));
            }
            WorkerEvent::Lost { .. } => {
                return Some(self.fail(client, Failure::WorkerLost, CancelReason::ClientGone));
            }
        };
        outcome.is_err().then(|| self.client_gone())
    }

    async fn response(
        &mut self,
        client: &mut impl Client,
        mut head: ResponseHead,
        body: &[u8],
        is_end: bool,
    ) -> Option<Step> {
        let sends_body = head.may_have_body() && !client.head().is_head();
        if sends_body && is_end && head.length.is_none() && !head.has_trailers {
            head.length = Some(body.len() as u64);
        }
        self.length = head.length.filter(|_| sends_body);
        self.is_started = true;
        self.sent.status = head.status;
        let granted = body.len();
        let body = self.within_length(body);
        self.count(if sends_body { body.len() } else { 0 });
        if is_end && self.length.is_some_and(|left| left > 0) {
            self.note_short();
            if client.send_head(&head, body, false).await.is_err() {
                return Some(self.client_gone());
            }
            return Some(self.cut(client));
        }
        let is_complete = is_end || self.length == Some(0);
        if client.send_head(&head, body, is_complete).await.is_err() {
            return Some(self.client_gone());
        }
        self.exchange.consumed(granted);
        self.end_if(is_complete)
    }

    async fn data(&mut self, client: &mut impl Client, bytes: &[u8], is_end: bool) -> Option<Step> {
        let granted = bytes.len();
        let bytes = self.within_length(bytes);
        self.count(bytes.len());
        let is_complete = is_end || self.length == Some(0);
        if is_end && self.length.is_some_and(|left| left > 0) {
            self.note_short();
            return Some(self.cut(client));
        }
        if client.send_data(bytes, is_complete).await.is_err() {
            return Some(self.client_gone());
        }
        self.exchange.consumed(granted);
        self.end_if(is_complete)
    }

    async fn file(
        &mut self,
        client: &mut impl Client,
        descriptor: std::os::fd::OwnedFd,
        range: tlsgi_wire::FileRange,
    ) -> Option<Step> {
        let length = self.length.map_or(range.length, |left| range.length.min(left));
        let is_last = range.is_end || self.length.is_some_and(|left| left == length);
        match files::send_range(client, descriptor, range.offset, length, is_last).await {
            Ok(bytes) => {
                self.sent.bytes += bytes;
                self.length = self.length.map(|left| left.saturating_sub(bytes));
                if range.is_end && self.length.is_some_and(|left| left > 0) {
                    self.note_short();
                    return Some(self.cut(client));
                }
                self.end_if(is_last)
            }
            Err(files::SendError::Gone) => Some(self.client_gone()),
            Err(files::SendError::File(error)) => {
                tracing::warn!(request_id = self.request_id, %error, "a file that the application sent could not be read");
                Some(self.fail(client, Failure::FileError, CancelReason::ClientGone))
            }
        }
    }

    async fn websocket(
        &mut self,
        client: &mut impl Client,
        handshake: &websocket::handshake::Handshake,
        subprotocol: &str,
        fields: &[u8],
        limits: &tlsgi_config::config::Limits,
    ) -> Step {
        self.sent.status = 101;
        let (host, path) = (client.head().host().to_owned(), client.head().path().to_vec());
        let dismissal = self.session.dismissal(host, path);
        let relayed =
            websocket::session::relay(client, &mut self.exchange, handshake, subprotocol, fields, limits, dismissal)
                .await;
        self.exchange.finish();
        match relayed {
            Ok(bytes) => {
                self.sent.bytes = bytes;
                Step::Finished
            }
            Err(failure) => {
                self.sent.status = 0;
                Step::Failed(failure)
            }
        }
    }

    /// Cuts what goes beyond the promised length: more bytes would be read as the next response.
    fn within_length<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(left) = self.length else { return bytes };
        match bytes.get(..usize::try_from(left).unwrap_or(usize::MAX)) {
            Some(within) if within.len() < bytes.len() => {
                tracing::warn!(
                    request_id = self.request_id,
                    "the application sent more than its content-length; the rest is cut"
                );
                within
            }
            _ => bytes,
        }
    }

    fn count(&mut self, bytes: usize) {
        self.sent.bytes += bytes as u64;
        self.length = self.length.map(|left| left.saturating_sub(bytes as u64));
    }

    fn end_if(&mut self, is_complete: bool) -> Option<Step> {
        is_complete.then(|| {
            self.exchange.finish();
            Step::Finished
        })
    }

    /// Ends a response that stays incomplete.
    fn cut(&mut self, client: &mut impl Client) -> Step {
        client.abort();
        self.exchange.finish();
        Step::Finished
    }

    fn note_short(&self) {
        tracing::warn!(
            request_id = self.request_id,
            "the application sent less than its content-length; the response is cut"
        );
    }

    fn fail(&mut self, client: &mut impl Client, failure: Failure, reason: CancelReason) -> Step {
        self.exchange.cancel(reason);
        if self.is_started {
            tracing::warn!(request_id = self.request_id, error = failure.id(), "the response is cut: {failure}");
            client.abort();
            return Step::Finished;
        }
        Step::Failed(failure)
    }

    fn client_gone(&mut self) -> Step {
        self.exchange.cancel(CancelReason::ClientGone);
        Step::Finished
    }

    /// The request's or the response's deadline has passed.
    async fn too_late(&mut self, client: &mut impl Client) -> Step {
        let is_request = self.deadlines.request.is_some_and(|at| Instant::now() >= at);
        if !is_request {
            return self.fail(client, Failure::ResponseTimeout, CancelReason::Deadline);
        }
        let request = format!("{} {}", client.head().method(), String::from_utf8_lossy(client.head().path()));
        self.exchange.tell_cancelled(CancelReason::Deadline);
        let is_wsgi = self.route.pool.interface() == Some(Interface::Wsgi);
        let is_stuck = is_wsgi || timeout(CANCEL_GRACE, self.until_over()).await.is_err();
        if is_stuck {
            // The receiver lives as long as the process.
            let _ = self.session.thread.upward.send(FromFront::Stuck { worker: self.exchange.worker(), request });
        }
        self.fail(client, Failure::ResponseTimeout, CancelReason::Deadline)
    }

    async fn until_over(&mut self) {
        while !matches!(self.exchange.next().await, WorkerEvent::Done | WorkerEvent::Abort | WorkerEvent::Lost { .. }) {
        }
    }
}
