//! One request to an upstream and its answer back, with everything that can go wrong on the way.

use std::time::Duration;

use tlsgi_config::config::{Limits, UpstreamProtocol};
use tokio::time::Instant;

use super::body::{Piece, ResponseBody};
use super::dial::dial;
use super::line::{Line, Turn};
use super::outbound::Outbound;
use super::request::{self, Hop};
use super::response::{self, Fault, Head};
use super::told::Told;
use super::{Place, Upstream, UpstreamRoute, packet, tunnel};
use crate::http::client::{Client, Event};
use crate::http::deadline::Deadline;
use crate::http::failure::Failure;
use crate::http::field::{self, FieldBlock};
use crate::http::head::{RequestHead, Upgrade};
use crate::http::response::ResponseHead;
use crate::http::websocket::handshake;
use crate::serve::{Sent, Session};
use crate::state::{SiteState, State};
use crate::tls::client_auth::Standing;

/// A kept connection that was used so lately is trusted with a request that cannot be repeated.
const FRESH: Duration = Duration::from_secs(1);

/// How long an upstream is asked whether it wants a body, before the body is sent anyway.
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// Interim answers to one request.
const MAX_INTERIM: u32 = 32;

/// Serves the request from the route's upstream. An error means that nothing was sent yet.
pub(crate) async fn relay(
    session: &Session,
    state: &State,
    site: &SiteState,
    route: &UpstreamRoute,
    standing: Standing,
    client: &mut impl Client,
    request_id: &str,
) -> Result<Sent, Failure> {
    let upstream = &*route.upstream;
    let is_http = upstream.target.protocol == UpstreamProtocol::Http;
    let is_websocket = is_http && client.head().upgrade == Upgrade::WebSocket;
    if route.place.is_left(client.head().path()) {
        return Err(Failure::BadTarget);
    }
    if is_websocket {
        handshake::check(client.head())?;
    }
    let mut body = Outbound::collect(client, is_http).await?;
    let key = is_websocket.then(|| tunnel::key(client.head()));
    let told = Told::new(session, site, client.head(), standing, &route.place, request_id);
    let mut out = Vec::with_capacity(1 << 10);
    if is_http {
        let (framing, websocket) = (body.declared(), key.as_deref());
        let target = route.place.target(client.head());
        let hop = Hop { framing, expects: body.is_held(), websocket, target: &target, host: &upstream.host };
        request::put(&mut out, client.head(), &told, &hop);
    } else {
        packet::put(&mut out, session, site, &route.place, client.head(), &told, body.declared())?;
    }
    let mut kept = if is_http { upstream.take(client.head().method(), is_websocket) } else { None };
    loop {
        let line = match kept.take() {
            Some(line) => line,
            None => match connect(upstream, client, &state.limits).await? {
                Some(line) => line,
                None => return Ok(Sent::default()),
            },
        };
        let mut relay = Relay {
            session,
            upstream,
            place: &route.place,
            limits: &state.limits,
            request_id,
            key: key.as_deref(),
            line,
            sent: Sent::default(),
            is_started: false,
            is_reusable: false,
        };
        relay.line.out.extend_from_slice(&out);
        match relay.run(client, &mut body).await {
            Step::Finished => {
                if is_http && relay.is_reusable {
                    upstream.shelf.put(relay.line);
                }
                return Ok(relay.sent);
            }
            Step::Failed(failure) => return Err(failure),
            Step::Again => tracing::debug!(request_id, "a kept connection had ended; the request is sent on a new one"),
        }
    }
}

/// A new connection; none when the client leaves meanwhile.
async fn connect(upstream: &Upstream, client: &mut impl Client, limits: &Limits) -> Result<Option<Line>, Failure> {
    if upstream.health.is_spared() {
        return Err(Failure::UpstreamDown);
    }
    let dialled = tokio::select! {
        biased;
        dialled = dial(&upstream.target.address, &upstream.addresses, limits.upstream_connect_timeout) => dialled,
        event = client.event(false) => match event {
            Event::Failed(failure) => return Err(failure),
            _ => return Ok(None),
        },
    };
    match dialled {
        Ok(socket) => {
            upstream.health.up(&upstream.name);
            Ok(Some(Line::new(socket)))
        }
        Err(error) => {
            upstream.health.down(&upstream.name, &error);
            Err(Failure::UpstreamDown)
        }
    }
}

impl Upstream {
    /// A kept connection for a request of this method.
    fn take(&self, method: &str, is_websocket: bool) -> Option<Line> {
        if is_websocket {
            return None;
        }
        self.shelf.take((!is_repeatable(method)).then_some(FRESH))
    }
}

/// Whether a request may be sent twice (RFC 9110 9.2.2).
fn is_repeatable(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}

enum Step {
    Finished,
    Failed(Failure),
    /// Nothing was heard on a kept connection: once more, on a new one.
    Again,
}

/// What one wait brought.
enum Wait {
    Line(Turn),
    Client(Event),
    Late,
}

struct Relay<'a> {
    session: &'a Session,
    upstream: &'a Upstream,
    place: &'a Place,
    limits: &'a Limits,
    request_id: &'a str,
    /// Of the WebSocket handshake that was sent.
    key: Option<&'a str>,
    line: Line,
    sent: Sent,
    is_started: bool,
    /// Both sides are through, and the connection can have another request.
    is_reusable: bool,
}

/// The moments until which something has to happen.
struct Deadlines {
    timer: Deadline,
    /// The head of the response.
    response: Option<Instant>,
    /// The next sign of life.
    silence: Instant,
    /// The word about an expected body.
    hold: Option<Instant>,
}

impl Relay<'_> {
    async fn run(&mut self, client: &mut impl Client, body: &mut Outbound) -> Step {
        body.begin(&mut self.line);
        let mut deadlines = self.deadlines(body);
        let (mut searched, mut interim) = (0, 0);
        let head = loop {
            match response::take(&mut self.line.input, &mut searched, self.limits) {
                Ok(Some(head)) if head.status >= 200 => break head,
                Ok(Some(head)) if head.status == 101 => return self.switch(client, &head).await,
                Ok(Some(head)) => {
                    interim += 1;
                    if interim > MAX_INTERIM {
                        return self.fault(client, Fault::Interim);
                    }
                    if self.interim(client, &head, body).await.is_err() {
                        return Step::Finished;
                    }
                    deadlines.silence = self.silence();
                    continue;
                }
                Ok(None) => {}
                Err(fault) => return self.fault(client, fault),
            }
            match self.wait(client, body, &mut deadlines).await {
                Wait::Line(Turn::Read) => {}
                Wait::Line(Turn::Written) => deadlines.silence = self.silence(),
                Wait::Line(Turn::End | Turn::Broken) if self.may_repeat(client, body) => return Step::Again,
                Wait::Line(Turn::End | Turn::Broken) => return self.fault(client, Fault::Silent),
                Wait::Client(event) => {
                    deadlines.silence = self.silence();
                    if let Some(step) = self.take_event(client, body, event) {
                        return step;
                    }
                }
                Wait::Late if deadlines.hold.is_some_and(|at| Instant::now() >= at) => {
                    deadlines.hold = None;
                    if self.release(client, body).await.is_err() {
                        return Step::Finished;
                    }
                    deadlines.silence = self.silence();
                }
                Wait::Late => return self.fault(client, Fault::Late),
            }
        };
        deadlines.response = None;
        deadlines.hold = None;
        self.answer(client, body, head, deadlines).await
    }

    /// Passes the final answer on.
    async fn answer(&mut self, client: &mut impl Client, body: &mut Outbound, head: Head, mut at: Deadlines) -> Step {
        let is_head_request = client.head().is_head();
        let sends_body = !is_head_request && !matches!(head.status, 204 | 205 | 304);
        let mut answer = ResponseBody::new(head.body(is_head_request), self.limits);
        let response = ResponseHead {
            status: head.status,
            fields: self.located(client.head(), &head),
            length: head.length.filter(|_| !head.is_chunked),
            has_trailers: false,
        };
        self.sent.status = head.status;
        let Ok(mut piece) = answer.take(&mut self.line.input) else { return self.fault(client, Fault::Chunk) };
        self.count(sends_body, &piece);
        let is_end = piece.is_end && piece.trailers.is_none();
        self.is_started = true;
        if client.send_head(&response, &piece.bytes, is_end).await.is_err() {
            return Step::Finished;
        }
        loop {
            if piece.is_end {
                if let Some(trailers) = &piece.trailers
                    && client.send_trailers(trailers.encoded()).await.is_err()
                {
                    return Step::Finished;
                }
                self.is_reusable = head.keeps_alive && answer.is_delimited() && self.is_through(body);
                return Step::Finished;
            }
            at.silence = self.silence();
            match self.wait(client, body, &mut at).await {
                Wait::Line(Turn::Read) => {}
                Wait::Line(Turn::Written) => continue,
                Wait::Line(Turn::End) if answer.ends_with_connection() => {}
                Wait::Line(Turn::End | Turn::Broken) => return self.fault(client, Fault::Cut),
                Wait::Client(event) => match self.take_event(client, body, event) {
                    Some(step) => return step,
                    None => continue,
                },
                Wait::Late => return self.fault(client, Fault::Late),
            }
            piece = match answer.take(&mut self.line.input) {
                Ok(piece) => piece,
                Err(()) => return self.fault(client, Fault::Chunk),
            };
            self.count(sends_body, &piece);
            let is_end = piece.is_end && piece.trailers.is_none();
            if (is_end || !piece.bytes.is_empty()) && client.send_data(&piece.bytes, is_end).await.is_err() {
                return Step::Finished;
            }
        }
    }

    /// The fields of an answer, addresses of the upstream in them written as the client knows them.
    fn located(&self, request: &RequestHead, head: &Head) -> Vec<u8> {
        let encoded = head.fields.encoded();
        let is_address = |name: &[u8]| matches!(name, b"location" | b"content-location");
        if self.upstream.is_unix() || !field::walk(encoded).any(|(_, name, _)| is_address(name)) {
            return encoded.to_vec();
        }
        let connection = self.session.connection(request);
        let mut fields = FieldBlock::default();
        for (_, name, value) in field::walk(encoded) {
            let known = if is_address(name) { self.place.location(value, &self.upstream.host) } else { None };
            let known = known.map(|path| {
                let scheme = if connection.is_https() { "https" } else { "http" };
                [scheme.as_bytes(), b"://", request.authority().as_bytes(), &path].concat()
            });
            // Names were read as tokens.
            fields.push(str::from_utf8(name).unwrap_or_default(), known.as_deref().unwrap_or(value));
        }
        fields.encoded().to_vec()
    }

    /// The next thing that happens on either side.
    async fn wait(&mut self, client: &mut impl Client, body: &Outbound, deadlines: &mut Deadlines) -> Wait {
        let Deadlines { timer, response, silence, hold } = deadlines;
        let wants_body = body.wants_more() && self.line.has_room();
        // While a client is slow with its body, the bounds on the client count.
        let silence = Some(*silence).filter(|_| !wants_body || !self.line.is_flushed());
        match [*response, silence, *hold].into_iter().flatten().min() {
            Some(at) => timer.set(at),
            None => timer.clear(),
        }
        tokio::select! {
            turn = self.line.turn() => Wait::Line(turn),
            event = client.event(wants_body) => Wait::Client(event),
            () = std::future::poll_fn(|cx| timer.poll_passed(cx)) => Wait::Late,
        }
    }

    /// Takes what the client did; a step when the exchange is over.
    fn take_event(&mut self, client: &mut impl Client, body: &mut Outbound, event: Event) -> Option<Step> {
        let outcome = match event {
            Event::Body(bytes) => body.send(&bytes, &mut self.line),
            Event::BodyEnd => body.end(&mut self.line),
            Event::Failed(failure) => Err(failure),
            Event::Gone => return Some(Step::Finished),
        };
        let failure = outcome.err()?;
        if self.is_started {
            client.abort();
            return Some(Step::Finished);
        }
        Some(Step::Failed(failure))
    }

    async fn interim(&mut self, client: &mut impl Client, head: &Head, body: &mut Outbound) -> Result<(), ()> {
        match head.status {
            100 => self.release(client, body).await,
            103 => client.send_early_hints(head.fields.encoded()).await.map_err(drop),
            _ => Ok(()),
        }
    }

    /// Has the client send the body that it asked about.
    async fn release(&mut self, client: &mut impl Client, body: &mut Outbound) -> Result<(), ()> {
        if body.release() { client.send_continue().await.map_err(drop) } else { Ok(()) }
    }

    async fn switch(&mut self, client: &mut impl Client, head: &Head) -> Step {
        let proof = self.key.map(|key| handshake::accept_key(key.as_bytes()));
        if proof.is_none() || head.accept.as_deref() != proof.as_ref().map(String::as_bytes) {
            return self.fault(client, Fault::Switch);
        }
        self.sent.status = 101;
        self.sent.bytes = tunnel::run(self.session, self.limits, client, &mut self.line, &head.fields).await;
        Step::Finished
    }

    /// Whether the upstream may have ended an idle connection just before the request came.
    fn may_repeat(&self, client: &impl Client, body: &Outbound) -> bool {
        let is_unheard = self.line.is_used && self.line.input.is_empty();
        is_unheard && body.is_repeatable() && (self.line.sent == 0 || is_repeatable(client.head().method()))
    }

    /// Whether nothing of this exchange is left on the connection.
    fn is_through(&self, body: &Outbound) -> bool {
        let is_sent = body.is_complete() && self.line.is_flushed() && !self.line.is_deaf;
        is_sent && self.line.input.is_empty() && !self.session.is_draining()
    }

    fn fault(&mut self, client: &mut impl Client, fault: Fault) -> Step {
        self.upstream.health.note(&self.upstream.name, self.request_id, fault);
        if self.is_started {
            client.abort();
            return Step::Finished;
        }
        Step::Failed(match fault {
            Fault::Silent => Failure::UpstreamLost,
            Fault::Late => Failure::UpstreamTimeout,
            _ => Failure::UpstreamResponse,
        })
    }

    fn count(&mut self, sends_body: bool, piece: &Piece) {
        if sends_body {
            self.sent.bytes += piece.bytes.len() as u64;
        }
    }

    fn silence(&self) -> Instant {
        Instant::now() + self.limits.upstream_timeout
    }

    fn deadlines(&self, body: &Outbound) -> Deadlines {
        let now = Instant::now();
        Deadlines {
            timer: Deadline::default(),
            response: self.limits.response_timeout.and_then(|wait| now.checked_add(wait)),
            silence: self.silence(),
            hold: body.is_held().then(|| now + CONTINUE_WAIT),
        }
    }
}
