//! Bytes to frames. Total: every input gives a frame, "more bytes needed", or an error.

use crate::frame::{
    CancelReason, Close, Connection, Fields, FileRange, FrameView, Hello, HttpVersion, Interface, Kind, Message,
    Payload, Request, RequestKind, Response, TlsFacts, Welcome,
};
use crate::{Direction, Error, limits, names};

/// Decodes the frame at the start of `bytes`: the frame and its whole length, or `None` while it is incomplete.
///
/// # Errors
/// Whatever breaks the protocol; `from` names the side that wrote the bytes.
pub fn decode(bytes: &[u8], from: Direction) -> Result<Option<(FrameView<'_>, usize)>, Error> {
    let Some((header, rest)) = bytes.split_first_chunk::<{ limits::HEADER_LENGTH }>() else { return Ok(None) };
    let [l0, l1, l2, kind, i0, i1, i2, i3] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, 0]) as usize;
    if length > limits::MAX_PAYLOAD {
        return Err(Error::TooLong(length));
    }
    let kind = Kind::from_byte(kind).ok_or(Error::UnknownKind(kind))?;
    if kind.direction() != Direction::Both && kind.direction() != from {
        return Err(Error::WrongDirection(kind));
    }
    let Some(body) = rest.get(..length) else { return Ok(None) };
    let id = u32::from_le_bytes([i0, i1, i2, i3]);
    let payload = Cursor { kind, rest: body }.payload(from)?;
    Ok(Some((FrameView { id, payload }, limits::HEADER_LENGTH + length)))
}

/// A position in a buffer of received bytes: hands out whole frames until none is left.
#[derive(Debug)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
    from: Direction,
    consumed: usize,
}

impl<'a> Decoder<'a> {
    /// Starts at the front of `bytes`, written by `from`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], from: Direction) -> Self {
        Self { bytes, from, consumed: 0 }
    }

    /// Bytes that whole frames took so far; the caller keeps the rest.
    #[must_use]
    pub const fn consumed(&self) -> usize {
        self.consumed
    }

    /// The next whole frame, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn next_frame(&mut self) -> Result<Option<FrameView<'a>>, Error> {
        let Some(rest) = self.bytes.get(self.consumed..) else { return Ok(None) };
        let Some((frame, length)) = decode(rest, self.from)? else { return Ok(None) };
        self.consumed += length;
        Ok(Some(frame))
    }
}

pub(crate) mod flag {
    pub(crate) const END: u8 = 1;
    pub(crate) const DONE: u8 = 2;
    pub(crate) const TRAILERS: u8 = 4;
    pub(crate) const TEXT: u8 = 8;
    pub(crate) const EXPECT: u8 = 16;
    pub(crate) const WEBSOCKET: u8 = 32;
    pub(crate) const LENGTH: u8 = 64;
}

struct Cursor<'a> {
    kind: Kind,
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn payload(mut self, from: Direction) -> Result<Payload<'a>, Error> {
        let payload = match self.kind {
            Kind::Welcome => Payload::Welcome(Welcome {
                version: self.u16()?,
                is_multiprocess: self.u8()? != 0,
                software: self.text()?,
            }),
            Kind::Connection => Payload::Connection(self.connection()?),
            Kind::ConnectionEnd => Payload::ConnectionEnd,
            Kind::Request => return self.request().map(Payload::Request),
            Kind::Cancel => {
                let reason = CancelReason::from_byte(self.u8()?).ok_or_else(|| self.invalid("reason"))?;
                Payload::Cancel(reason)
            }
            Kind::Drain => Payload::Drain,
            Kind::Data => {
                let flags = self.u8()?;
                let is_done = flags & flag::DONE != 0;
                if is_done && from == Direction::ToWorker {
                    return Err(self.invalid("flags"));
                }
                return Ok(Payload::Data { is_end: flags & flag::END != 0, is_done, bytes: self.rest });
            }
            Kind::Credit => Payload::Credit(self.u32()?),
            Kind::Message => {
                let flags = self.u8()?;
                return Ok(Payload::Message(Message {
                    is_text: flags & flag::TEXT != 0,
                    is_end: flags & flag::END != 0,
                    bytes: self.rest,
                }));
            }
            Kind::Close => {
                let close = Close { code: self.u16()?, reason: self.text()? };
                if !(1000..5000).contains(&close.code) {
                    return Err(self.invalid("code"));
                }
                if close.reason.len() > 123 {
                    return Err(self.invalid("reason"));
                }
                Payload::Close(close)
            }
            Kind::Hello => Payload::Hello(self.hello()?),
            Kind::Begin => Payload::Begin,
            Kind::EarlyHints => Payload::EarlyHints(self.fields()?),
            Kind::Response => return self.response().map(Payload::Response),
            Kind::Trailers => Payload::Trailers { is_done: self.u8()? & flag::DONE != 0, fields: self.fields()? },
            Kind::File => {
                let flags = self.u8()?;
                Payload::File(FileRange {
                    offset: self.u64()?,
                    length: self.u64()?,
                    is_end: flags & flag::END != 0,
                    is_done: flags & flag::DONE != 0,
                })
            }
            Kind::Accept => Payload::Accept { subprotocol: self.text()?, fields: self.fields()? },
            Kind::Abort => Payload::Abort { is_done: self.u8()? & flag::DONE != 0 },
            Kind::Done => Payload::Done,
        };
        if self.rest.is_empty() { Ok(payload) } else { Err(self.invalid("length")) }
    }

    fn connection(&mut self) -> Result<Connection<'a>, Error> {
        let flags = self.u8()?;
        Ok(Connection {
            is_https: flags & 1 != 0,
            client: self.text()?,
            client_port: self.u16()?,
            server: self.text()?,
            server_port: self.u16()?,
            tls: if flags & 2 != 0 { Some(self.tls()?) } else { None },
            environ: self.fields()?,
        })
    }

    fn tls(&mut self) -> Result<TlsFacts<'a>, Error> {
        Ok(TlsFacts {
            version: self.u16()?,
            cipher_suite: self.u16()?,
            server_name: self.text()?,
            server_certificate: self.long_text()?,
            client_chain: self.long_text()?,
            client_name: self.text()?,
            client_error: self.text()?,
        })
    }

    fn hello(&mut self) -> Result<Hello<'a>, Error> {
        let hello = Hello {
            version: self.u16()?,
            capacity: self.u32()?,
            process: self.u32()?,
            interface: match self.u8()? {
                0 => Interface::Wsgi,
                1 => Interface::Asgi,
                _ => return Err(self.invalid("interface")),
            },
            interpreter: self.text()?,
        };
        if hello.capacity == 0 || hello.capacity > limits::MAX_CAPACITY {
            return Err(self.invalid("capacity"));
        }
        Ok(hello)
    }

    fn request(mut self) -> Result<Request<'a>, Error> {
        let flags = self.u8()?;
        let version = HttpVersion::from_byte(self.u8()?).ok_or_else(|| self.invalid("version"))?;
        let connection = self.u32()?;
        let method = match self.u8()? {
            0 => {
                let length = self.u8()?;
                let bytes = self.take(length.into())?;
                str::from_utf8(bytes).map_err(|_| self.invalid("method"))?
            }
            id => names::METHODS.get(usize::from(id)).ok_or_else(|| self.invalid("method"))?,
        };
        let content_length = if flags & flag::LENGTH != 0 { Some(self.u64()?) } else { None };
        let mount = self.text()?;
        let path = self.bytes16()?;
        let query = self.bytes16()?;
        let fields = self.fields()?;
        Ok(Request {
            connection,
            kind: if flags & flag::WEBSOCKET != 0 { RequestKind::WebSocket } else { RequestKind::Http },
            version,
            method,
            mount,
            path,
            query,
            content_length,
            is_end: flags & flag::END != 0,
            expects_continue: flags & flag::EXPECT != 0,
            fields,
            body: self.rest,
        })
    }

    fn response(mut self) -> Result<Response<'a>, Error> {
        let flags = self.u8()?;
        let status = self.u16()?;
        if !(200..1000).contains(&status) {
            return Err(self.invalid("status"));
        }
        let fields = self.fields()?;
        Ok(Response {
            status,
            fields,
            body: self.rest,
            is_end: flags & flag::END != 0,
            is_done: flags & flag::DONE != 0,
            has_trailers: flags & flag::TRAILERS != 0,
        })
    }

    const fn invalid(&self, field: &'static str) -> Error {
        Error::Invalid { kind: self.kind, field }
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (chunk, rest) = self.rest.split_first_chunk::<N>().ok_or(Error::Truncated(self.kind))?;
        self.rest = rest;
        Ok(*chunk)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Error::Truncated(self.kind))?;
        self.rest = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, Error> {
        self.chunk::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, Error> {
        self.chunk().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        self.chunk().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Error> {
        self.chunk().map(u64::from_le_bytes)
    }

    fn bytes16(&mut self) -> Result<&'a [u8], Error> {
        let length = self.u16()?;
        self.take(length.into())
    }

    fn text(&mut self) -> Result<&'a str, Error> {
        let bytes = self.bytes16()?;
        str::from_utf8(bytes).map_err(|_| self.invalid("text"))
    }

    fn long_text(&mut self) -> Result<&'a str, Error> {
        let length = self.u32()? as usize;
        let bytes = self.take(length)?;
        str::from_utf8(bytes).map_err(|_| self.invalid("text"))
    }

    fn fields(&mut self) -> Result<Fields<'a>, Error> {
        let length = self.u32()? as usize;
        let bytes = self.take(length)?;
        Ok(Fields { kind: self.kind, bytes })
    }
}
