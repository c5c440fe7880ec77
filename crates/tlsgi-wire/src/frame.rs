//! The frames, as the receiving side sees them: borrowed views into its read buffer.

use crate::{Error, names};

/// Who sends a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Front to worker.
    ToWorker,
    /// Worker to front.
    ToFront,
    /// Either.
    Both,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $value:literal, $direction:ident;)*) => {
        /// What a frame is. The number is its byte on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Kind { $($(#[doc = $doc])* $name = $value,)* }

        impl Kind {
            /// Every kind, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The kind behind a byte.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte { $($value => Some(Self::$name),)* _ => None }
            }

            /// Who may send it.
            #[must_use]
            pub const fn direction(self) -> Direction {
                match self { $(Self::$name => Direction::$direction,)* }
            }
        }
    };
}

kinds! {
    /// First frame of the front on a link: version and what never changes.
    Welcome = 1, ToWorker;
    /// Facts of a client connection, sent before its first request on this link. The id is the connection's.
    Connection = 2, ToWorker;
    /// The connection's facts are no longer referred to.
    ConnectionEnd = 3, ToWorker;
    /// A request head with the first bytes of its body. Opens the exchange.
    Request = 4, ToWorker;
    /// The client or the front gave the exchange up. The worker still answers with `Done`.
    Cancel = 5, ToWorker;
    /// Take no new exchange, finish what runs, then close the link.
    Drain = 6, ToWorker;
    /// A piece of request body (to the worker) or response body (to the front).
    Data = 10, Both;
    /// More bytes may be sent in the other direction. The first credit for a request that expects 100-continue means
    /// "the application reads now".
    Credit = 11, Both;
    /// A WebSocket message or a piece of one.
    Message = 12, Both;
    /// The closing of a WebSocket.
    Close = 13, Both;
    /// First frame of the worker on a link: version, capacity, identity.
    Hello = 20, ToFront;
    /// The application is about to be called; the exchange can no longer be replayed.
    Begin = 21, ToFront;
    /// A 103 response.
    EarlyHints = 22, ToFront;
    /// Status, fields and first bytes of the response.
    Response = 23, ToFront;
    /// Trailer fields; ends the response.
    Trailers = 24, ToFront;
    /// A range of a file whose descriptor travels with this frame, as the next part of the body.
    File = 25, ToFront;
    /// The application accepts the WebSocket.
    Accept = 26, ToFront;
    /// The response cannot be finished: the client must see it cut, or a 500 if nothing was sent.
    Abort = 27, ToFront;
    /// The exchange is over for the worker: its slot and its id are free.
    Done = 28, ToFront;
}

/// One whole frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameView<'a> {
    /// The exchange, or the connection for `Connection` and `ConnectionEnd`, or 0.
    pub id: u32,
    /// The rest.
    pub payload: Payload<'a>,
}

/// What a frame carries, by kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Payload<'a> {
    /// See [`Kind::Welcome`].
    Welcome(Welcome<'a>),
    /// See [`Kind::Connection`].
    Connection(Connection<'a>),
    /// See [`Kind::ConnectionEnd`].
    ConnectionEnd,
    /// See [`Kind::Request`].
    Request(Request<'a>),
    /// See [`Kind::Cancel`].
    Cancel(CancelReason),
    /// See [`Kind::Drain`].
    Drain,
    /// See [`Kind::Data`].
    Data {
        /// The bytes, at most [`crate::MAX_DATA`] from an honest sender.
        bytes: &'a [u8],
        /// No more body follows.
        is_end: bool,
        /// The exchange is over as well: saves a `Done` frame. Never set by the front.
        is_done: bool,
    },
    /// See [`Kind::Credit`].
    Credit(u32),
    /// See [`Kind::Message`].
    Message(Message<'a>),
    /// See [`Kind::Close`].
    Close(Close<'a>),
    /// See [`Kind::Hello`].
    Hello(Hello<'a>),
    /// See [`Kind::Begin`].
    Begin,
    /// See [`Kind::EarlyHints`].
    EarlyHints(Fields<'a>),
    /// See [`Kind::Response`].
    Response(Response<'a>),
    /// See [`Kind::Trailers`].
    Trailers {
        /// The fields.
        fields: Fields<'a>,
        /// The exchange is over as well.
        is_done: bool,
    },
    /// See [`Kind::File`].
    File(FileRange),
    /// See [`Kind::Accept`].
    Accept {
        /// The chosen subprotocol; empty for none.
        subprotocol: &'a str,
        /// Further response fields.
        fields: Fields<'a>,
    },
    /// See [`Kind::Abort`].
    Abort {
        /// The exchange is over as well.
        is_done: bool,
    },
    /// See [`Kind::Done`].
    Done,
}

/// What the front tells a worker once per link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Welcome<'a> {
    /// [`crate::VERSION`] of the front.
    pub version: u16,
    /// Text for `SERVER_SOFTWARE`.
    pub software: &'a str,
    /// `wsgi.multiprocess`: other processes run the same application.
    pub is_multiprocess: bool,
}

/// Which calling convention a worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// PEP 3333.
    Wsgi,
    /// ASGI 3.0.
    Asgi,
}

/// What a worker tells the front once per link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello<'a> {
    /// [`crate::VERSION`] of the worker.
    pub version: u16,
    /// Exchanges that the whole process runs at once, over all its links together.
    pub capacity: u32,
    /// Process id, for logs only.
    pub process: u32,
    /// Calling convention.
    pub interface: Interface,
    /// Interpreter, such as `CPython 3.13.0`.
    pub interpreter: &'a str,
}

/// Facts of a client connection that every request on it shares. Texts are UTF-8; an empty text means "not known".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection<'a> {
    /// Client address without port, or empty for a Unix socket.
    pub client: &'a str,
    /// Client port.
    pub client_port: u16,
    /// Local address without port, or the path of a Unix socket.
    pub server: &'a str,
    /// Local port; 0 for a Unix socket.
    pub server_port: u16,
    /// The scheme the client used.
    pub is_https: bool,
    /// Present on TLS connections.
    pub tls: Option<TlsFacts<'a>>,
    /// Further `environ` entries for WSGI (`SSL_*`), in the encoding of [`Fields`] with names as literals.
    pub environ: Fields<'a>,
}

/// The `tls` extension of ASGI 0.2 as facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsFacts<'a> {
    /// Wire number of the version, such as 0x0304.
    pub version: u16,
    /// IANA number of the suite, such as 0x1301.
    pub cipher_suite: u16,
    /// Server name from SNI.
    pub server_name: &'a str,
    /// The server's leaf certificate, PEM.
    pub server_certificate: &'a str,
    /// The client's chain, leaf first, as concatenated PEM; empty for none.
    pub client_chain: &'a str,
    /// RFC 4514 name of the client's leaf.
    pub client_name: &'a str,
    /// Why the client's certificate was not accepted; empty if it was.
    pub client_error: &'a str,
}

/// HTTP version of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum HttpVersion {
    /// HTTP/1.0
    Http10 = 10,
    /// HTTP/1.1
    Http11 = 11,
    /// HTTP/2
    Http2 = 20,
    /// HTTP/3
    Http3 = 30,
}

impl HttpVersion {
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            10 => Some(Self::Http10),
            11 => Some(Self::Http11),
            20 => Some(Self::Http2),
            30 => Some(Self::Http3),
            _ => None,
        }
    }
}

/// What a request opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// A plain HTTP exchange.
    Http,
    /// A WebSocket, before it is accepted.
    WebSocket,
}

/// A request head and the first bytes of its body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request<'a> {
    /// The connection whose facts apply.
    pub connection: u32,
    /// HTTP or WebSocket.
    pub kind: RequestKind,
    /// HTTP version.
    pub version: HttpVersion,
    /// Method, upper-case token.
    pub method: &'a str,
    /// Prefix of the percent-decoded path that belongs to the mount (`SCRIPT_NAME`, `root_path`); empty at the root.
    pub mount: &'a str,
    /// Path as received: percent-encoded, no query.
    pub path: &'a [u8],
    /// Query as received, without the question mark.
    pub query: &'a [u8],
    /// Body length when the client gave one.
    pub content_length: Option<u64>,
    /// The body is complete in this frame (or there is none).
    pub is_end: bool,
    /// The client waits for 100-continue: the request credit starts at zero.
    pub expects_continue: bool,
    /// Header fields, lower-case names, in order; `host` present whenever the client named one.
    pub fields: Fields<'a>,
    /// First bytes of the body.
    pub body: &'a [u8],
}

/// Status, fields and first bytes of a response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response<'a> {
    /// 200 to 599.
    pub status: u16,
    /// Lower-case names, in order.
    pub fields: Fields<'a>,
    /// First bytes of the body.
    pub body: &'a [u8],
    /// The body is complete.
    pub is_end: bool,
    /// The exchange is over as well.
    pub is_done: bool,
    /// A `Trailers` frame will end the body.
    pub has_trailers: bool,
}

/// A piece of a WebSocket message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Text (checked UTF-8 as a whole message) or binary.
    pub is_text: bool,
    /// Last piece of the message.
    pub is_end: bool,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// The closing of a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close<'a> {
    /// RFC 6455 7.4 code; 1005 and 1006 only towards the worker.
    pub code: u16,
    /// At most 123 bytes.
    pub reason: &'a str,
}

/// Part of a file whose descriptor came with the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRange {
    /// First byte.
    pub offset: u64,
    /// Number of bytes; `u64::MAX` means to the end of the file.
    pub length: u64,
    /// The body ends with it.
    pub is_end: bool,
    /// The exchange is over as well.
    pub is_done: bool,
}

/// Why an exchange is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CancelReason {
    /// The client left.
    ClientGone = 1,
    /// A deadline passed.
    Deadline = 2,
    /// The server stops.
    Shutdown = 3,
}

impl CancelReason {
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::ClientGone),
            2 => Some(Self::Deadline),
            3 => Some(Self::Shutdown),
            _ => None,
        }
    }
}

/// A list of name and value pairs, decoded as it is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields<'a> {
    pub(crate) kind: Kind,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Fields<'a> {
    /// An empty list.
    pub const EMPTY: Self = Self { kind: Kind::Request, bytes: &[] };

    /// Walks the pairs: (name id or 0, name, value). Ends after the first error.
    #[must_use]
    pub const fn iter(&self) -> FieldsIter<'a> {
        FieldsIter { kind: self.kind, rest: self.bytes }
    }

    /// Whether there is no field.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The encoded block, to be copied into another frame with [`crate::Encoder`].
    #[must_use]
    pub const fn encoded(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> IntoIterator for Fields<'a> {
    type Item = Result<(u8, &'a [u8], &'a [u8]), Error>;
    type IntoIter = FieldsIter<'a>;

    fn into_iter(self) -> FieldsIter<'a> {
        self.iter()
    }
}

/// See [`Fields::iter`].
#[derive(Debug, Clone)]
pub struct FieldsIter<'a> {
    kind: Kind,
    rest: &'a [u8],
}

impl<'a> FieldsIter<'a> {
    fn pull(&mut self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let (&id, rest) = self.rest.split_first()?;
        let (name, rest) = match id {
            0 => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                rest.split_at_checked(u16::from_le_bytes(*length).into())?
            }
            id => (names::NAMES.get(usize::from(id))?.as_bytes(), rest),
        };
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (value, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        self.rest = rest;
        Some((id, name, value))
    }
}

impl<'a> Iterator for FieldsIter<'a> {
    type Item = Result<(u8, &'a [u8], &'a [u8]), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let kind = self.kind;
        Some(self.pull().ok_or_else(|| {
            self.rest = &[];
            Error::Truncated(kind)
        }))
    }
}
