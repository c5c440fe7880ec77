//! An open WebSocket between a client and an upstream: bytes both ways, unread but for where frames begin.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use tlsgi_config::config::Limits;
use tlsgi_wire::HttpVersion;
use tokio::time::{Instant, timeout_at};

use super::line::{Line, Turn};
use crate::http::client::{Client, Event};
use crate::http::field::{self, FieldBlock};
use crate::http::head::RequestHead;
use crate::http::websocket::close::CloseReason;
use crate::http::websocket::frame::Opcode;
use crate::http::websocket::heartbeat::{Alarm, Heartbeat};
use crate::http::websocket::writer;
use crate::serve::Session;
use crate::tls::base64;

/// How long both sides may take to hear of the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The key for the upstream's handshake: the client's own, or one of ours where the client's protocol has none.
pub(super) fn key(head: &RequestHead) -> String {
    let own = head.field("sec-websocket-key").filter(|_| head.version() <= HttpVersion::Http11);
    if let Some(own) = own.and_then(|key| str::from_utf8(key).ok()) {
        return own.to_owned();
    }
    let mut bytes = [0; 16];
    // Without randomness the key is all zero: it proves that the upstream speaks WebSocket, and keeps no secret.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    base64(&bytes)
}

/// Opens it towards the client and relays until one side is through. Gives the bytes sent to the client.
pub(super) async fn run(
    session: &Session,
    limits: &Limits,
    client: &mut impl Client,
    line: &mut Line,
    fields: &FieldBlock,
) -> u64 {
    let mut answer = FieldBlock::default();
    for (_, name, value) in field::walk(fields.encoded()) {
        if let (false, Ok(name)) = (name == b"sec-websocket-accept", str::from_utf8(name)) {
            answer.push(name, value);
        }
    }
    let (host, path) = (client.head().host().to_owned(), client.head().path().to_vec());
    if client.accept_websocket(answer.encoded()).await.is_err() {
        return 0;
    }
    let heartbeat = Heartbeat::new(limits.websocket_ping_interval, limits.websocket_ping_timeout);
    let (down, up) = (Frames::default(), Frames::default());
    let mut tunnel = Tunnel { client, line, heartbeat, down, up, sent: 0 };
    let dismissal = session.dismissal(host, path);
    if let Some(reason) = tunnel.run(dismissal).await {
        // Whoever does not take the close frame in time is cut.
        let _ = timeout_at(Instant::now() + CLOSE_TIMEOUT, tunnel.dismiss(&reason)).await;
    }
    // An end for the client; it may be gone already.
    let _ = tunnel.client.send_data(&[], true).await;
    tunnel.sent
}

struct Tunnel<'a, C> {
    client: &'a mut C,
    line: &'a mut Line,
    heartbeat: Heartbeat,
    /// Of the upstream.
    down: Frames,
    /// Of the client.
    up: Frames,
    sent: u64,
}

impl<C: Client> Tunnel<'_, C> {
    /// Relays until one side is through, or until the server has a reason to end it.
    async fn run(&mut self, dismissal: impl Future<Output = CloseReason>) -> Option<CloseReason> {
        let mut dismissal = pin!(dismissal);
        loop {
            self.pass_down().await?;
            let has_room = self.line.has_room();
            tokio::select! {
                turn = self.line.turn() => match turn {
                    Turn::Read | Turn::Written => {}
                    Turn::End | Turn::Broken => return None,
                },
                event = self.client.event(has_room) => self.pass_up(event).await?,
                alarm = poll_fn(|cx| self.heartbeat.poll_alarm(cx)) => self.ring(alarm, has_room).await?,
                reason = &mut dismissal => return Some(reason),
            }
            if self.line.is_deaf && self.line.input.is_empty() {
                return None;
            }
        }
    }

    /// Gives the client what the upstream said; none when the client is gone.
    async fn pass_down(&mut self) -> Option<()> {
        if self.line.input.is_empty() {
            return Some(());
        }
        let bytes = self.line.input.split();
        self.down.follow(&bytes);
        self.sent += bytes.len() as u64;
        self.client.send_data(&bytes, false).await.ok()
    }

    /// Gives the upstream what the client said; none when the client is gone.
    async fn pass_up(&mut self, event: Event) -> Option<()> {
        let Event::Body(bytes) = event else {
            // What it said last, such as its close frame, is still to arrive.
            let _ = timeout_at(Instant::now() + CLOSE_TIMEOUT, self.flush()).await;
            return None;
        };
        self.heartbeat.heard();
        self.up.follow(&bytes);
        self.line.out.extend_from_slice(&bytes);
        Some(())
    }

    /// Asks a silent client for a sign of life; none when it gave none.
    async fn ring(&mut self, alarm: Alarm, is_heard: bool) -> Option<()> {
        match alarm {
            Alarm::Ping if self.down.is_between() => {
                let mut ping = Vec::new();
                writer::control(Opcode::Ping, &[], &mut ping);
                self.heartbeat.pinged();
                self.client.send_data(&ping, false).await.ok()
            }
            // Nobody hears the client while the upstream takes nothing.
            Alarm::Silent if is_heard => None,
            Alarm::Ping | Alarm::Silent => {
                self.heartbeat.heard();
                Some(())
            }
        }
    }

    /// Tells both sides why it ends, at the end of the frame that is under way.
    async fn dismiss(&mut self, reason: &CloseReason) {
        while !self.down.is_between() && !self.down.has_closed {
            if matches!(self.line.turn().await, Turn::End | Turn::Broken) || self.pass_down().await.is_none() {
                return;
            }
        }
        if !self.down.has_closed {
            let mut close = Vec::new();
            writer::close(reason, &mut close);
            if self.client.send_data(&close, false).await.is_err() {
                return;
            }
        }
        if self.up.is_between() {
            self.line.out.extend_from_slice(&masked_close(&reason.payload()));
        }
        self.flush().await;
        while !self.up.has_closed {
            match self.client.event(true).await {
                Event::Body(bytes) => self.up.follow(&bytes),
                _ => return,
            }
        }
    }

    async fn flush(&mut self) {
        while !self.line.is_flushed() && !self.line.is_deaf {
            if matches!(self.line.turn().await, Turn::End | Turn::Broken) {
                return;
            }
            self.line.input.clear();
        }
    }
}

/// A close frame as a client sends it. The mask may be zero: it protects browsers, not servers.
fn masked_close(payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap_or(0);
    let mut frame = vec![0x88, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(payload.get(..length.into()).unwrap_or_default());
    frame
}

/// Follows a stream of frames, to know where one begins.
#[derive(Debug, Default)]
struct Frames {
    /// Of a header that is not complete.
    header: Vec<u8>,
    /// Payload bytes to come.
    left: u64,
    has_closed: bool,
}

impl Frames {
    /// Whether a frame of our own may stand here.
    fn is_between(&self) -> bool {
        self.left == 0 && self.header.is_empty() && !self.has_closed
    }

    fn follow(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let passed = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= passed as u64;
                bytes = bytes.get(passed..).unwrap_or_default();
                continue;
            }
            bytes = rest;
            self.header.push(first);
            if let Some(length) = payload_length(&self.header) {
                self.has_closed |= self.header.first().is_some_and(|first| first & 0x0f == Opcode::Close as u8);
                self.left = length;
                self.header.clear();
            }
        }
    }
}

/// The payload's length, once the header is complete (RFC 6455 5.2).
fn payload_length(header: &[u8]) -> Option<u64> {
    let second = *header.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (wide, length) = match second & 0x7f {
        126 => (2, u64::from(u16::from_be_bytes(*header.get(2..4)?.first_chunk()?))),
        127 => (8, u64::from_be_bytes(*header.get(2..10)?.first_chunk()?)),
        short => (0, u64::from(short)),
    };
    (header.len() == 2 + wide + mask).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_followed_however_they_are_cut() {
        let mut stream = vec![0x82, 3, 1, 2, 3, 0x81, 0x80 | 2, 9, 9, 9, 9, 7, 7, 0x82, 126, 1, 0];
        stream.extend([0; 256]);
        stream.extend([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        stream.extend(vec![0; 65_536]);
        let starts = [0, 5, 13, 17 + 256];
        for size in [1, 2, 7, 1000, stream.len()] {
            let mut frames = Frames::default();
            let mut at = 0;
            for piece in stream.chunks(size) {
                frames.follow(piece);
                at += piece.len();
                assert_eq!(frames.is_between(), starts.contains(&at) || at == stream.len(), "{at} of pieces of {size}");
            }
        }
    }

    #[test]
    fn nothing_follows_a_close_frame() {
        let mut frames = Frames::default();
        frames.follow(&masked_close(&CloseReason::restart().payload()));
        assert!(frames.has_closed && !frames.is_between());
    }
}
