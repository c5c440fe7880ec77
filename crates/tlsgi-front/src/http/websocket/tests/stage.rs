//! A client and a worker played by a test around one running session: real link and socket pair, no network.

use std::os::unix::net::UnixStream as Pair;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tlsgi_config::config::Limits;
use tlsgi_wire::{Direction, Encoder, Hello, HttpVersion, Interface, Message, Payload, RequestKind, VERSION, decode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};

use super::peer::{Received, take_frames};
use crate::connection::{Connection, Local, ViewOptions};
use crate::http::client::{Client, Event, Gone};
use crate::http::failure::Failure;
use crate::http::field::walk;
use crate::http::head::{Builder, RequestHead};
use crate::http::response::ResponseHead;
use crate::http::websocket::close::CloseReason;
use crate::http::websocket::{handshake, session};
use crate::pool::link::Dispatch;
use crate::pool::{Link, Pool, PoolShared, WorkerEvent, WorkerShared};
use crate::tls::client_auth::Standing;

/// The server's side of the client.
struct Scripted {
    head: RequestHead,
    events: UnboundedReceiver<Event>,
    sent: UnboundedSender<(Vec<u8>, bool)>,
}

impl Client for Scripted {
    fn head(&self) -> &RequestHead {
        &self.head
    }

    fn ready_body(&mut self, _limit: usize) -> Result<(Bytes, bool), Failure> {
        Ok((Bytes::new(), true))
    }

    async fn event(&mut self, wants_body: bool) -> Event {
        if !wants_body {
            std::future::pending::<()>().await;
        }
        self.events.recv().await.unwrap_or(Event::Gone)
    }

    async fn send_continue(&mut self) -> Result<(), Gone> {
        Err(Gone)
    }

    async fn send_early_hints(&mut self, _fields: &[u8]) -> Result<(), Gone> {
        Err(Gone)
    }

    async fn send_head(&mut self, _head: &ResponseHead, _body: &[u8], _is_end: bool) -> Result<(), Gone> {
        Err(Gone)
    }

    async fn send_data(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        self.sent.send((bytes.to_vec(), is_end)).map_err(|_| Gone)
    }

    async fn send_trailers(&mut self, _fields: &[u8]) -> Result<(), Gone> {
        Err(Gone)
    }

    async fn accept_websocket(&mut self, fields: &[u8]) -> Result<(), Gone> {
        let text: Vec<_> = walk(fields).map(|(_, name, value)| [name, b"=", value].concat()).collect();
        self.send_data(&text.join(&b';'), false).await
    }

    fn close_afterwards(&mut self) {}

    fn abort(&mut self) {}
}

/// The test's side of the client.
pub(super) struct Remote {
    events: Option<UnboundedSender<Event>>,
    sent: UnboundedReceiver<(Vec<u8>, bool)>,
    bytes: Vec<u8>,
    drain: Option<oneshot::Sender<()>>,
}

impl Remote {
    /// Sends bytes.
    pub(super) fn send(&self, bytes: impl Into<Bytes>) {
        let events = self.events.as_ref().expect("not gone");
        events.send(Event::Body(bytes.into())).expect("session runs");
    }

    /// Breaks the connection.
    pub(super) fn leave(&mut self) {
        self.events = None;
    }

    /// Starts the stop of the server.
    pub(super) fn drain(&mut self) {
        self.drain.take().expect("once").send(()).expect("session runs");
    }

    /// The bytes of the server's next write, and whether they are the last.
    pub(super) async fn write(&mut self) -> (Vec<u8>, bool) {
        self.sent.recv().await.expect("session runs")
    }

    /// The next frame.
    pub(super) async fn frame(&mut self) -> Received {
        loop {
            let mut all = self.bytes.clone();
            let frames = take_frames(&mut all);
            if let Some(frame) = frames.into_iter().next() {
                let header = match frame.1.len() {
                    ..=125 => 2,
                    126..=0xffff => 4,
                    _ => 10,
                };
                self.bytes.drain(..header + frame.1.len());
                return frame;
            }
            let (bytes, is_end) = self.write().await;
            assert!(!is_end, "the stream ends, expected a frame");
            self.bytes.extend(bytes);
        }
    }

    /// The end of the stream, in order.
    pub(super) async fn end(&mut self) {
        let write = self.write().await;
        assert_eq!((&self.bytes[..], write), (&[][..], (vec![], true)));
    }
}

/// What the worker hears.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Piece { is_text: bool, is_end: bool, bytes: Vec<u8> },
    Close(u16, String),
    Credit(u32),
    Cancel,
}

/// The worker, played by the test.
pub(super) struct Worker {
    socket: Option<UnixStream>,
    bytes: Vec<u8>,
    id: u32,
    has_request: bool,
}

impl Worker {
    async fn start(socket: Pair) -> Self {
        socket.set_nonblocking(true).expect("socket");
        let socket = UnixStream::from_std(socket).expect("socket");
        let mut worker = Self { socket: Some(socket), bytes: Vec::new(), id: 0, has_request: false };
        let hello =
            Hello { version: VERSION, capacity: 4, process: 1, interface: Interface::Asgi, interpreter: "CPython" };
        worker.send(|encoder, _| encoder.hello(&hello)).await;
        worker
    }

    /// Sends frames of the exchange, all in one write.
    pub(super) async fn send(&mut self, encode: impl FnOnce(&mut Encoder<'_>, u32)) {
        let mut out = Vec::new();
        encode(&mut Encoder::new(&mut out), self.id);
        self.socket.as_mut().expect("alive").write_all(&out).await.expect("front reads");
    }

    /// Sends a whole message.
    pub(super) async fn message(&mut self, is_text: bool, bytes: &[u8]) {
        self.send(|encoder, id| encoder.message(id, &Message { is_text, is_end: true, bytes })).await;
    }

    /// Dies.
    pub(super) fn die(&mut self) {
        self.socket = None;
    }

    /// The next thing that the application would hear.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.take_frame() {
                return heard;
            }
            self.read().await;
        }
    }

    async fn read(&mut self) {
        let read = self.socket.as_mut().expect("alive").read_buf(&mut self.bytes).await.expect("front writes");
        assert!(read > 0, "the front closed the link");
    }

    fn take_frame(&mut self) -> Option<Heard> {
        loop {
            let (frame, length) = decode(&self.bytes, Direction::ToWorker).expect("valid")?;
            let heard = match frame.payload {
                Payload::Message(Message { is_text, is_end, bytes }) => {
                    Some(Heard::Piece { is_text, is_end, bytes: bytes.to_vec() })
                }
                Payload::Close(close) => Some(Heard::Close(close.code, close.reason.to_owned())),
                Payload::Credit(bytes) => Some(Heard::Credit(bytes)),
                Payload::Cancel(_) => Some(Heard::Cancel),
                Payload::Request(request) => {
                    assert_eq!(request.kind, RequestKind::WebSocket);
                    (self.id, self.has_request) = (frame.id, true);
                    None
                }
                _ => None,
            };
            self.bytes.drain(..length);
            if heard.is_some() {
                return heard;
            }
        }
    }

    /// Waits for the request, then accepts it.
    async fn accept(&mut self, subprotocol: &str) {
        while !self.has_request {
            self.read().await;
            assert!(self.take_frame().is_none(), "the request comes first");
        }
        self.send(|encoder, id| {
            encoder.begin(id);
        })
        .await;
        let mut out = Vec::new();
        Encoder::new(&mut out).accept(self.id, subprotocol).body(&[]).finish();
        self.socket.as_mut().expect("alive").write_all(&out).await.expect("front reads");
    }
}

/// Parameters of a play.
#[derive(Default)]
pub(super) struct Setting<'a> {
    /// Header fields beyond the necessary.
    pub(super) fields: &'a [(&'a str, &'a str)],
    /// Chosen by the application.
    pub(super) subprotocol: &'a str,
    /// Bounds.
    pub(super) limits: Limits,
}

fn head(fields: &[(&str, &str)]) -> RequestHead {
    let mut head = RequestHead::default();
    let limits = Limits::default();
    let mut builder = Builder::new(&mut head, HttpVersion::Http11, &limits);
    builder.method(b"GET").expect("method");
    builder.path_and_query(b"/").expect("path");
    let own = [
        ("host", "localhost"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (name, value) in own.iter().chain(fields) {
        builder.field(name.as_bytes(), value.as_bytes()).expect("field");
    }
    builder.finish().expect("head");
    head
}

/// Runs a session and `script` to their common end.
pub(super) async fn play(
    setting: Setting<'_>,
    script: impl AsyncFnOnce(&mut Remote, &mut Worker),
) -> Result<u64, Failure> {
    let (front, back) = Pair::pair().expect("pair");
    let shared = PoolShared::new(vec![Arc::new(Notify::new())]);
    let pool = Pool::new("app", shared, 0);
    let link = Link::new(WorkerShared::new(1, 1, 1), front, None).expect("link");
    pool.expect(std::rc::Rc::clone(&link));
    let (events, from_remote) = unbounded_channel();
    let (to_remote, sent) = unbounded_channel();
    let (drain, drained) = oneshot::channel();
    let mut client = Scripted { head: head(setting.fields), events: from_remote, sent: to_remote };
    let mut remote = Remote { events: Some(events), sent, bytes: Vec::new(), drain: Some(drain) };
    let scene = async {
        let mut worker = Worker::start(back).await;
        let handshake = handshake::check(&client.head).expect("handshake");
        let slot = pool.acquire(Duration::from_secs(5), 10).await.expect("slot");
        let connection = Connection::new(None, &Local::Unix("socket".into()), None);
        let view = connection.view(Standing::Unasked, ViewOptions::default(), || 0);
        let kind = RequestKind::WebSocket;
        let dispatch = Dispatch { kind, mount: "", request_id: "1", body: &[], is_end: true, begins_within: None };
        let link = std::rc::Rc::clone(slot.link());
        let mut exchange = link.start(slot, &view, &client.head, &dispatch);
        let ((), event) = tokio::join!(worker.accept(setting.subprotocol), exchange.next());
        let WorkerEvent::Accept { subprotocol, fields } = event else { panic!("{event:?}") };
        let session = async {
            let dismissal = async {
                if drained.await.is_err() {
                    std::future::pending::<()>().await;
                }
                CloseReason::restart()
            };
            let limits = &setting.limits;
            let relay =
                session::relay(&mut client, &mut exchange, &handshake, &subprotocol, &fields, limits, dismissal);
            let outcome = relay.await;
            exchange.finish();
            drop(client);
            outcome
        };
        let ((), outcome) = tokio::join!(script(&mut remote, &mut worker), session);
        outcome
    };
    let play = async {
        tokio::select! {
            outcome = scene => outcome,
            () = async {
                link.run(std::rc::Rc::clone(&pool), "tlsgi", false).await;
                std::future::pending::<()>().await;
            } => unreachable!("a link that ended stays so"),
        }
    };
    // A pool watches over who waits for it with a task of its own.
    tokio::task::LocalSet::new().run_until(play).await
}
