//! An open WebSocket: messages relayed between the client and the worker, pings, and the closing handshake.

use std::future::{Future, poll_fn, ready};
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use tlsgi_config::config::Limits;
use tlsgi_wire::{CancelReason, MAX_DATA, Message};
use tokio::time::{Duration, Instant, timeout_at};

use super::close::{CloseReason, Violation, code};
use super::frame::Opcode;
use super::handshake::Handshake;
use super::heartbeat::{Alarm, Heartbeat};
use super::reader::{Incoming, Reader};
use super::writer::{self, Writer};
use crate::http::client::{Client, Event, Gone};
use crate::http::failure::Failure;
use crate::pool::{Exchange, WorkerEvent};

/// How long the client may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Frames for the client are collected up to this while more of them are at hand.
const BATCH: usize = 32 << 10;

/// An output buffer of more than this is not kept by a connection.
const KEPT_OUT: usize = 1 << 10;

/// Accepts the WebSocket with this subprotocol (may be empty) and these further fields, then relays until both sides are
/// through. `dismissal` resolves when the server has a reason to end it. Gives the payload bytes sent to the client; an error means that nothing was
/// sent yet.
pub(crate) async fn relay(
    client: &mut impl Client,
    exchange: &mut Exchange,
    handshake: &Handshake,
    subprotocol: &str,
    fields: &[u8],
    limits: &Limits,
    dismissal: impl Future<Output = CloseReason>,
) -> Result<u64, Failure> {
    let answer = handshake.answer(subprotocol, fields).inspect_err(|_| {
        tracing::warn!(subprotocol, "the application chose a WebSocket subprotocol that the client did not offer");
        exchange.cancel(CancelReason::ClientGone);
    })?;
    let is_accepted = client.accept_websocket(answer.encoded()).await.is_ok();
    let mut socket = Socket {
        client,
        exchange,
        reader: Reader::new(limits.websocket_message_bytes, handshake.deflate),
        writer: Writer::new(handshake.deflate),
        heartbeat: Heartbeat::new(limits.websocket_ping_interval, limits.websocket_ping_timeout),
        input: BytesMut::new(),
        pending: None,
        out: Vec::new(),
        taken: 0,
        sent: 0,
    };
    let end = if is_accepted { socket.run(dismissal).await } else { End::Gone };
    socket.end(end).await;
    Ok(socket.sent)
}

/// How it comes to an end.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The client closes.
    Client(CloseReason),
    /// The client broke the rules.
    Violation(Violation),
    /// The client is not there any more.
    Gone,
    /// The client answers no ping.
    Silent,
    /// The application closes.
    Application(CloseReason),
    /// The worker is not there any more.
    Lost,
    /// The server has a reason.
    Dismissed(CloseReason),
}

/// A piece of a message that waits for the worker's credit.
#[derive(Debug)]
struct Piece {
    is_text: bool,
    is_end: bool,
    bytes: Bytes,
}

/// What one wait brought.
enum Step {
    Worker(WorkerEvent),
    Client(Event),
    Alarm(Alarm),
    Dismissed(CloseReason),
}

struct Socket<'a, C> {
    client: &'a mut C,
    exchange: &'a mut Exchange,
    reader: Reader,
    writer: Writer,
    heartbeat: Heartbeat,
    /// From the client, not decoded yet.
    input: BytesMut,
    pending: Option<Piece>,
    /// For the client, encoded.
    out: Vec<u8>,
    /// Message bytes of the worker in `out`, to be granted again.
    taken: usize,
    sent: u64,
}

impl<C: Client> Socket<'_, C> {
    async fn run(&mut self, dismissal: impl Future<Output = CloseReason>) -> End {
        let mut dismissal = pin!(dismissal);
        loop {
            if let Break(end) = self.pass_on() {
                return end;
            }
            if self.flush().await.is_err() {
                return End::Gone;
            }
            let step = tokio::select! {
                biased;
                // Neither side may keep the other from being heard.
                step = next_step(self.client, self.exchange, self.pending.is_none()) => step,
                alarm = poll_fn(|cx| self.heartbeat.poll_alarm(cx)) => Step::Alarm(alarm),
                reason = &mut dismissal => Step::Dismissed(reason),
            };
            if let Break(end) = self.take(step).await {
                return end;
            }
        }
    }

    async fn take(&mut self, step: Step) -> ControlFlow<End> {
        match step {
            Step::Worker(event) => self.take_worker(event).await,
            Step::Client(Event::Body(bytes)) => {
                self.heartbeat.heard();
                self.input = BytesMut::from(bytes);
                Continue(())
            }
            // Without bytes wanted, `Gone` is all that there is; the end of an h2 stream is that of a connection.
            Step::Client(_) => Break(End::Gone),
            // Nobody reads pongs while the worker's credit is used up.
            Step::Alarm(Alarm::Silent) if self.pending.is_none() => Break(End::Silent),
            Step::Alarm(_) => {
                writer::control(Opcode::Ping, &[], &mut self.out);
                self.heartbeat.pinged();
                Continue(())
            }
            Step::Dismissed(reason) => Break(End::Dismissed(reason)),
        }
    }

    /// Encodes what the worker says, and what more of it is at hand, for one write.
    async fn take_worker(&mut self, mut event: WorkerEvent) -> ControlFlow<End> {
        loop {
            match event {
                WorkerEvent::Message { is_text, is_end, bytes } => {
                    self.writer.message(is_text, is_end, &bytes, &mut self.out);
                    self.taken += bytes.len();
                }
                WorkerEvent::Close { code, reason } => {
                    return Break(End::Application(CloseReason::from_application(code, &reason)));
                }
                WorkerEvent::Done => return Break(End::Application(CloseReason::bare(code::NORMAL))),
                WorkerEvent::Abort => return Break(End::Application(CloseReason::bare(code::INTERNAL_ERROR))),
                WorkerEvent::Lost { .. } => return Break(End::Lost),
                // Credit is looked at anyway; the others cannot come after `Accept`.
                _ => {}
            }
            if self.out.len() >= BATCH {
                return Continue(());
            }
            event = tokio::select! {
                biased;
                event = self.exchange.next() => event,
                () = ready(()) => return Continue(()),
            };
        }
    }

    /// Decodes what the client sent and passes it to the worker, until either bytes or credit are used up.
    fn pass_on(&mut self) -> ControlFlow<End> {
        let was_waiting = self.pending.is_some();
        while self.send_pending() {
            match self.reader.read(&mut self.input) {
                Ok(None) => {
                    self.input = BytesMut::new();
                    if was_waiting {
                        self.heartbeat.heard();
                    }
                    break;
                }
                Ok(Some(Incoming::Piece { is_text, is_end, bytes })) => {
                    self.pending = Some(Piece { is_text, is_end, bytes });
                }
                Ok(Some(Incoming::Ping(payload))) => writer::control(Opcode::Pong, &payload, &mut self.out),
                Ok(Some(Incoming::Pong)) => {}
                Ok(Some(Incoming::Close(reason))) => return Break(End::Client(reason)),
                Err(violation) => return Break(End::Violation(violation)),
            }
        }
        Continue(())
    }

    /// Sends what the credit allows; true when nothing is left.
    fn send_pending(&mut self) -> bool {
        while let Some(piece) = &mut self.pending {
            let fits = piece.bytes.len().min(self.exchange.request_credit()).min(MAX_DATA);
            if fits == 0 && !piece.bytes.is_empty() {
                return false;
            }
            let bytes = piece.bytes.split_to(fits);
            let is_last = piece.bytes.is_empty();
            let is_end = piece.is_end && is_last;
            self.exchange.send_message(&Message { is_text: piece.is_text, is_end, bytes: &bytes });
            if is_last {
                self.pending = None;
            }
        }
        true
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        if self.out.is_empty() {
            return Ok(());
        }
        self.client.send_data(&self.out, false).await?;
        self.out.clear();
        if self.out.capacity() > KEPT_OUT {
            self.out = Vec::new();
        }
        let taken = std::mem::take(&mut self.taken);
        self.sent += taken as u64;
        self.exchange.consumed(taken);
        Ok(())
    }

    /// Closes towards both sides, each with what it has to know.
    async fn end(&mut self, end: End) {
        match end {
            End::Client(reason) => {
                self.tell_worker(&reason);
                // RFC 6455 5.5.1: the code comes back, the text need not.
                let _ = self.send_close(&CloseReason::bare(reason.code)).await;
            }
            End::Violation(violation) => {
                let reason = CloseReason { code: violation.code(), text: violation.to_string() };
                tracing::debug!(code = reason.code, "WebSocket closed: {violation}");
                self.tell_worker(&reason);
                let _ = self.send_close(&reason).await;
            }
            End::Gone => self.tell_worker(&CloseReason::bare(code::ABNORMAL)),
            End::Silent => {
                self.tell_worker(&CloseReason::bare(code::ABNORMAL));
                let reason = CloseReason { code: code::INTERNAL_ERROR, text: "no answer to a ping".into() };
                let _ = self.send_close(&reason).await;
            }
            End::Application(reason) => {
                let answer = self.close_and_wait(&reason).await;
                self.tell_worker(&answer);
            }
            End::Lost => {
                self.close_and_wait(&CloseReason::bare(code::INTERNAL_ERROR)).await;
            }
            End::Dismissed(reason) => {
                self.tell_worker(&reason);
                self.close_and_wait(&reason).await;
            }
        }
    }

    fn tell_worker(&mut self, reason: &CloseReason) {
        self.exchange.send_close(&tlsgi_wire::Close { code: reason.code, reason: &reason.text });
    }

    /// Sends what is still to be sent and a close frame as the last bytes of the stream.
    async fn send_close(&mut self, reason: &CloseReason) -> Result<(), Gone> {
        writer::close(reason, &mut self.out);
        self.flush().await?;
        self.client.send_data(&[], true).await
    }

    /// Sends a close frame and gives the client's answer; 1006 when there is none in time.
    async fn close_and_wait(&mut self, reason: &CloseReason) -> CloseReason {
        writer::close(reason, &mut self.out);
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        let outcome = match self.flush().await {
            Ok(()) => timeout_at(deadline, self.until_closed()).await.ok().flatten(),
            Err(Gone) => None,
        };
        if outcome.is_some() {
            let _ = self.client.send_data(&[], true).await;
        }
        outcome.unwrap_or(CloseReason::bare(code::ABNORMAL))
    }

    /// Throws away what the client sends up to its close frame.
    async fn until_closed(&mut self) -> Option<CloseReason> {
        self.pending = None;
        loop {
            match self.reader.read(&mut self.input) {
                Ok(Some(Incoming::Close(reason))) => return Some(reason),
                Ok(Some(_)) => {}
                Ok(None) => match self.client.event(true).await {
                    Event::Body(bytes) => self.input = BytesMut::from(bytes),
                    _ => return None,
                },
                Err(_) => return None,
            }
        }
    }
}

/// The next thing that either side says, in no fixed order.
async fn next_step(client: &mut impl Client, exchange: &mut Exchange, wants_bytes: bool) -> Step {
    tokio::select! {
        event = exchange.next() => Step::Worker(event),
        event = client.event(wants_bytes) => Step::Client(event),
    }
}
