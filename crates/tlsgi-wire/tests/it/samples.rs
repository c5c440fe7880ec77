//! One frame of every kind, with every field filled.

use tlsgi_wire::{
    CancelReason, Close, Connection, Direction, Encoder, Fields, FileRange, Hello, HttpVersion, Interface, Kind,
    Message, RequestKind, TlsFacts, VERSION, Welcome,
};

/// The id in every sample.
pub(crate) const ID: u32 = 0x0102_0304;

/// A frame and who sends it.
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) from: Direction,
    pub(crate) bytes: Vec<u8>,
    /// The frame ends in bytes of any number.
    pub(crate) is_open: bool,
}

/// Encodes one frame.
pub(crate) fn encoded(encode: impl FnOnce(Encoder<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    encode(Encoder::new(&mut out));
    out
}

pub(crate) const WELCOME: Welcome<'_> = Welcome { version: VERSION, software: "tlsgi/1", is_multiprocess: true };

pub(crate) const HELLO: Hello<'_> =
    Hello { version: VERSION, capacity: 40, process: 4711, interface: Interface::Asgi, interpreter: "CPython 3.13.0" };

pub(crate) const CONNECTION: Connection<'_> = Connection {
    client: "192.0.2.7",
    client_port: 50_000,
    server: "::1",
    server_port: 443,
    is_https: true,
    tls: Some(TlsFacts {
        version: 0x0304,
        cipher_suite: 0x1301,
        server_name: "example.org",
        server_certificate: "leaf",
        client_chain: "chain",
        client_name: "CN=client",
        client_error: "expired",
    }),
    environ: Fields::EMPTY,
};

pub(crate) const MESSAGE: Message<'_> = Message { is_text: true, is_end: false, bytes: b"piece" };

pub(crate) const CLOSE: Close<'_> = Close { code: 4000, reason: "h\u{e9}" };

pub(crate) const FILE: FileRange = FileRange { offset: 1 << 40, length: u64::MAX, is_end: true, is_done: false };

pub(crate) fn request() -> Vec<u8> {
    encoded(|encoder| {
        let (kind, version) = (RequestKind::WebSocket, HttpVersion::Http2);
        let mut patch =
            encoder.request(ID, kind, version, 9, "POST", Some(1 << 33), true, false, "/app", b"/app/%41", b"q=1");
        patch.field(b"content-type", b"text/plain");
        patch.literal(b"x-own", b"\xff");
        patch.body(b"first bytes").finish();
    })
}

pub(crate) fn response() -> Vec<u8> {
    encoded(|encoder| {
        let mut patch = encoder.response(ID, 299, false, false, true);
        patch.field(b"set-cookie", b"a=1");
        patch.field(b"x-own", b"");
        patch.body(b"body").finish();
    })
}

/// A frame of each kind from each side that may send it.
pub(crate) fn all() -> Vec<Sample> {
    use Direction::{ToFront, ToWorker};
    let mut samples = Vec::new();
    let mut add = |kind, from, is_open, bytes| samples.push(Sample { kind, from, bytes, is_open });
    add(Kind::Welcome, ToWorker, false, encoded(|mut encoder| encoder.welcome(&WELCOME)));
    let environ = [("SSL_PROTOCOL", "TLSv1.3")];
    add(Kind::Connection, ToWorker, false, encoded(|mut encoder| encoder.connection(ID, &CONNECTION, environ)));
    add(Kind::ConnectionEnd, ToWorker, false, encoded(|mut encoder| encoder.connection_end(ID)));
    add(Kind::Request, ToWorker, true, request());
    add(Kind::Cancel, ToWorker, false, encoded(|mut encoder| encoder.cancel(ID, CancelReason::Deadline)));
    add(Kind::Drain, ToWorker, false, encoded(|mut encoder| encoder.drain()));
    for from in [ToWorker, ToFront] {
        add(Kind::Data, from, true, encoded(|mut encoder| encoder.data(ID, b"data", true, false)));
        add(Kind::Credit, from, false, encoded(|mut encoder| encoder.credit(ID, 65_536)));
        add(Kind::Message, from, true, encoded(|mut encoder| encoder.message(ID, &MESSAGE)));
        add(Kind::Close, from, false, encoded(|mut encoder| encoder.websocket_close(ID, &CLOSE)));
    }
    add(Kind::Hello, ToFront, false, encoded(|mut encoder| encoder.hello(&HELLO)));
    add(Kind::Begin, ToFront, false, encoded(|mut encoder| encoder.begin(ID)));
    let hints = encoded(|encoder| {
        let mut patch = encoder.early_hints(ID);
        patch.field(b"link", b"</style.css>; rel=preload");
        patch.body(&[]).finish();
    });
    add(Kind::EarlyHints, ToFront, false, hints);
    add(Kind::Response, ToFront, true, response());
    let trailers = encoded(|encoder| {
        let mut patch = encoder.trailers(ID, true);
        patch.field(b"x-sum", b"1");
        patch.body(&[]).finish();
    });
    add(Kind::Trailers, ToFront, false, trailers);
    add(Kind::File, ToFront, false, encoded(|mut encoder| encoder.file(ID, &FILE)));
    let accept = encoded(|encoder| {
        let mut patch = encoder.accept(ID, "chat");
        patch.field(b"x-own", b"1");
        patch.body(&[]).finish();
    });
    add(Kind::Accept, ToFront, false, accept);
    add(Kind::Abort, ToFront, false, encoded(|mut encoder| encoder.abort(ID, true)));
    add(Kind::Done, ToFront, false, encoded(|mut encoder| encoder.done(ID)));
    samples
}
