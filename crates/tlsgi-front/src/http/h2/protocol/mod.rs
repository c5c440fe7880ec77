//! The protocol of one connection (RFC 9113) without I/O and clock: the client's bytes in, requests and bytes for the client out.
//! The streams' owners call it directly; it knows whom to wake, and never wakes by itself.

mod body;
mod control;
mod input;
mod output;
mod requests;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::rc::Rc;

use tlsgi_config::config::Limits;
use tokio::time::Instant;

use super::frame::{self, Code, kind, setting};
use super::hpack::{Decoder, Encoder};
use super::meter::Meter;
use crate::http::failure::Failure;
use crate::http::head::RequestHead;
pub(super) use body::Body;
use input::Input;
pub(super) use output::Sent;
use streams::Streams;

/// First window of a stream: what a request may hold of a body that nobody reads.
const STREAM_WINDOW: u32 = 64 << 10;

/// By so much the window of a stream grows when more than the first has been read: an upload of a client 50 ms away reaches
/// 5 MB/s then.
const GROWTH: u32 = 192 << 10;

/// What the first windows of all streams may hold together, and what those that have grown may hold beyond. The connection's window has
/// room for both, so that no upload waits for another.
const BASE: u32 = 8 << 20;
const GROWN: u32 = 8 << 20;

/// What of the connection's window is given back at a time; it is that much larger.
const RETURNED: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = BASE + GROWN + RETURNED;

/// What either side may send before anybody says anything (RFC 9113 6.9.2).
const FIRST_WINDOW: u32 = 65_535;

/// Largest window (RFC 9113 6.9.1).
const MAX_WINDOW: i64 = (1 << 31) - 1;

/// Output that is collected before streams have to wait: enough for four TLS records.
const COLLECTED: usize = 64 << 10;

/// Answers to control frames that may wait for a client before nothing more is read from it.
const MAX_ANSWERS: usize = 16 << 10;

/// Request heads kept for the next streams of a connection.
const KEPT_HEADS: usize = 32;

/// Output buffers above this size are freed when the connection is idle.
const KEPT: usize = 4 << 10;

/// The PING that follows the first GOAWAY: its answer says that the client has read it.
const FAREWELL: [u8; 8] = *b"farewell";

/// A request that has come.
pub(super) struct Opened {
    pub(super) slot: u32,
    pub(super) head: RequestHead,
    /// Why it cannot be served.
    pub(super) refusal: Option<Failure>,
    /// Nothing follows the head.
    pub(super) is_end: bool,
    pub(super) limits: Rc<Limits>,
}

/// How far the end of a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    No,
    /// The client was told that it should open no more streams.
    Announced,
    /// Streams above the last one that was opened are ignored.
    Final,
}

/// See the module.
pub(super) struct Connection {
    now: Instant,
    input: Input,
    decoder: Decoder,
    encoder: Encoder,
    meter: Meter,
    streams: Streams,
    limits: Rc<Limits>,
    /// Bytes of a compressed header block.
    max_block: usize,
    /// Highest stream that the client opened, and the highest that was looked at.
    last: u32,
    served: u32,
    leaving: Leaving,
    /// The client said GOAWAY.
    is_peer_leaving: bool,
    is_over: bool,
    verdict: Option<Code>,
    /// What the client may be sent.
    send_window: i64,
    first_send_window: i64,
    max_payload: usize,
    /// What the client may send, and what of that was used up and not given back.
    recv_window: i64,
    owed: u32,
    /// By how much streams have grown.
    grown: u32,
    out: Vec<u8>,
    written: usize,
    answers: usize,
    /// When a stream last got something into the output.
    moved: Instant,
    /// Streams that wait for their turn: for room in the output or for the connection's window.
    waiting: VecDeque<u32>,
    woken: Vec<u32>,
    opened: Vec<Opened>,
    heads: Vec<RequestHead>,
    path: Vec<u8>,
}

impl Connection {
    /// A connection that begins now; its own preface is in the output.
    pub(super) fn new(limits: &Rc<Limits>, now: Instant) -> Self {
        let mut connection = Self {
            now,
            input: Input::new(now),
            decoder: Decoder::default(),
            encoder: Encoder::default(),
            meter: Meter::new(limits, now),
            streams: Streams::default(),
            limits: Rc::clone(limits),
            max_block: requests::max_block(limits),
            last: 0,
            served: 0,
            leaving: Leaving::No,
            is_peer_leaving: false,
            is_over: false,
            verdict: None,
            send_window: FIRST_WINDOW.into(),
            first_send_window: FIRST_WINDOW.into(),
            max_payload: frame::MAX_PAYLOAD as usize,
            recv_window: CONNECTION_WINDOW.into(),
            owed: 0,
            grown: 0,
            out: Vec::new(),
            written: 0,
            answers: 0,
            moved: now,
            waiting: VecDeque::new(),
            woken: Vec::new(),
            opened: Vec::new(),
            heads: Vec::new(),
            path: Vec::new(),
        };
        connection.greet(limits);
        connection
    }

    fn greet(&mut self, limits: &Limits) {
        // Twice the limit: what is over it by less gets a page that says so.
        let list = u32::try_from(limits.header_bytes.saturating_mul(2)).unwrap_or(u32::MAX);
        let settings = [
            (setting::MAX_CONCURRENT_STREAMS, limits.h2_streams),
            (setting::INITIAL_WINDOW_SIZE, STREAM_WINDOW),
            (setting::MAX_HEADER_LIST_SIZE, list),
            (setting::ENABLE_CONNECT_PROTOCOL, 1),
        ];
        frame::put_header(&mut self.out, settings.len() * 6, kind::SETTINGS, 0, 0);
        for (name, value) in settings {
            self.out.extend_from_slice(&name.to_be_bytes());
            self.out.extend_from_slice(&value.to_be_bytes());
        }
        let more = CONNECTION_WINDOW - FIRST_WINDOW;
        frame::put(&mut self.out, kind::WINDOW_UPDATE, 0, 0, &more.to_be_bytes());
    }

    /// The time moves on.
    pub(super) const fn advance(&mut self, now: Instant) {
        self.now = now;
    }

    /// Why the connection has to end, told once. Nothing more is read then.
    pub(super) const fn take_verdict(&mut self) -> Option<Code> {
        self.verdict.take()
    }

    /// Requests that came since they were last asked for.
    pub(super) const fn opened(&mut self) -> &mut Vec<Opened> {
        &mut self.opened
    }

    /// Lanes with something to do, since they were last asked for.
    pub(super) const fn woken(&mut self) -> &mut Vec<u32> {
        &mut self.woken
    }

    /// Since when the preface, the first SETTINGS, a header block or a frame other than DATA is not complete.
    pub(super) const fn unfinished_since(&self) -> Option<Instant> {
        self.input.unfinished_since()
    }

    /// Whether input is taken now: not when the client does not read the answers, or the connection is over.
    pub(super) const fn takes_input(&self) -> bool {
        !self.is_over && self.answers < MAX_ANSWERS
    }

    /// Whether everything was said and done on a connection that one side wants to leave.
    pub(super) const fn is_done(&self) -> bool {
        (matches!(self.leaving, Leaving::Final) || self.is_peer_leaving) && self.streams.open() == 0
    }

    /// Bytes for the client.
    pub(super) fn output(&self) -> &[u8] {
        self.out.get(self.written..).unwrap_or_default()
    }

    /// So many of them were taken.
    pub(super) fn wrote(&mut self, count: usize) {
        self.meter.earn(count);
        self.written += count;
        if self.written >= self.out.len() {
            self.out.clear();
            (self.written, self.answers) = (0, 0);
        } else if self.written >= COLLECTED / 2 {
            self.out.drain(..self.written);
            self.written = 0;
        }
    }

    /// Streams that waited for room or window are woken in their order, no more than there is room for. Called once a turn: who was
    /// woken and did not come gives its turn to the next.
    pub(super) fn give_turns(&mut self) {
        if self.waiting.is_empty() || self.send_window <= 0 {
            return;
        }
        let room = COLLECTED.saturating_sub(self.output().len()).div_ceil(self.max_payload);
        for _ in 0..room {
            let Some(slot) = self.waiting.pop_front() else { return };
            if let Some(stream) = self.streams.get_mut(slot) {
                stream.is_waiting = false;
            }
            self.wake(slot);
        }
    }

    /// The client is asked to open no more streams; those under way are still served.
    pub(super) fn announce_leave(&mut self) {
        if self.leaving == Leaving::No && !self.is_over {
            self.leaving = Leaving::Announced;
            self.put_goaway(MAX_WINDOW as u32, Code::NoError);
            frame::put(&mut self.out, kind::PING, 0, 0, &FAREWELL);
        }
    }

    /// Ends the connection; its streams are gone at once.
    pub(super) fn close(&mut self, code: Code) {
        if !self.is_over {
            self.put_goaway(self.served, code);
            self.abandon();
        }
    }

    /// The connection broke; its streams are gone.
    pub(super) fn abandon(&mut self) {
        self.is_over = true;
        for slot in self.streams.all() {
            self.lose(slot);
        }
    }

    /// Frees what an idle connection does not need.
    pub(super) fn trim(&mut self) {
        if self.output().is_empty() && self.out.capacity() > KEPT {
            self.out = Vec::new();
        }
        self.input.trim();
        self.decoder.trim();
        self.streams.trim();
        self.waiting.shrink_to_fit();
        (self.woken, self.opened, self.heads, self.path) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    }

    /// The stream is closed for the protocol; its owner hears of it.
    fn lose(&mut self, slot: u32) {
        let unread = self.streams.close(slot);
        self.give_back(unread);
        self.wake(slot);
    }

    fn wake(&mut self, slot: u32) {
        if let Some(lane) = self.streams.get(slot).and_then(|stream| stream.lane) {
            self.woken.push(lane);
        }
    }

    fn put_goaway(&mut self, last: u32, code: Code) {
        let [a, b, c, d] = last.to_be_bytes();
        let [e, f, g, h] = (code as u32).to_be_bytes();
        frame::put(&mut self.out, kind::GOAWAY, 0, 0, &[a, b, c, d, e, f, g, h]);
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Connection").field("last", &self.last).field("streams", &self.streams).finish_non_exhaustive()
    }
}
