//! Frames to bytes, appended to one buffer so that many frames leave in one write.

use crate::decode::flag;
use crate::frame::{
    CancelReason, Close, Connection, FileRange, Hello, HttpVersion, Interface, Kind, Message, RequestKind, Welcome,
};
use crate::{limits, names};

/// Appends frames to a buffer that the caller owns and writes out.
#[derive(Debug)]
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
}

/// A frame that has been opened: fields and body are appended to it, then [`Patch::finish`] writes its length.
#[derive(Debug)]
#[must_use = "a frame without its length cannot be read"]
pub struct Patch<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    fields: usize,
}

impl<'a> Encoder<'a> {
    /// Appends to `out`.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    fn open(&mut self, kind: Kind, id: u32) -> usize {
        let start = self.out.len();
        self.out.extend_from_slice(&[0, 0, 0, kind as u8]);
        self.out.extend_from_slice(&id.to_le_bytes());
        start
    }

    fn close(&mut self, start: usize) {
        close(self.out, start);
    }

    fn text(&mut self, text: &str) {
        bytes16(self.out, text.as_bytes());
    }

    /// See [`Kind::Welcome`].
    pub fn welcome(&mut self, welcome: &Welcome<'_>) {
        let start = self.open(Kind::Welcome, 0);
        self.out.extend_from_slice(&welcome.version.to_le_bytes());
        self.out.push(welcome.is_multiprocess.into());
        self.text(welcome.software);
        self.close(start);
    }

    /// See [`Kind::Hello`].
    pub fn hello(&mut self, hello: &Hello<'_>) {
        let start = self.open(Kind::Hello, 0);
        self.out.extend_from_slice(&hello.version.to_le_bytes());
        self.out.extend_from_slice(&hello.capacity.to_le_bytes());
        self.out.extend_from_slice(&hello.process.to_le_bytes());
        self.out.push(match hello.interface {
            Interface::Wsgi => 0,
            Interface::Asgi => 1,
        });
        self.text(hello.interpreter);
        self.close(start);
    }

    /// See [`Kind::Connection`]. `environ` pairs are names and values for WSGI.
    pub fn connection<'n>(
        &mut self,
        id: u32,
        facts: &Connection<'_>,
        environ: impl IntoIterator<Item = (&'n str, &'n str)>,
    ) {
        let start = self.open(Kind::Connection, id);
        self.out.push(u8::from(facts.is_https) | u8::from(facts.tls.is_some()) << 1);
        self.text(facts.client);
        self.out.extend_from_slice(&facts.client_port.to_le_bytes());
        self.text(facts.server);
        self.out.extend_from_slice(&facts.server_port.to_le_bytes());
        if let Some(tls) = &facts.tls {
            self.out.extend_from_slice(&tls.version.to_le_bytes());
            self.out.extend_from_slice(&tls.cipher_suite.to_le_bytes());
            self.text(tls.server_name);
            bytes32(self.out, tls.server_certificate.as_bytes());
            bytes32(self.out, tls.client_chain.as_bytes());
            self.text(tls.client_name);
            self.text(tls.client_error);
        }
        let mut patch = Patch::with_fields(self.out, start);
        for (name, value) in environ {
            patch.literal(name.as_bytes(), value.as_bytes());
        }
        patch.body(&[]).finish();
    }

    /// See [`Kind::ConnectionEnd`].
    pub fn connection_end(&mut self, id: u32) {
        let start = self.open(Kind::ConnectionEnd, id);
        self.close(start);
    }

    /// Opens a [`Kind::Request`]; add fields, then the first bytes of the body.
    #[expect(clippy::too_many_arguments, reason = "one argument per field of the frame, in its order")]
    pub fn request(
        self,
        id: u32,
        kind: RequestKind,
        version: HttpVersion,
        connection: u32,
        method: &str,
        content_length: Option<u64>,
        expects_continue: bool,
        is_end: bool,
        mount: &str,
        path: &[u8],
        query: &[u8],
    ) -> Patch<'a> {
        let mut this = self;
        let start = this.open(Kind::Request, id);
        let out = this.out;
        let mut flags = 0;
        flags |= if is_end { flag::END } else { 0 };
        flags |= if expects_continue { flag::EXPECT } else { 0 };
        flags |= if kind == RequestKind::WebSocket { flag::WEBSOCKET } else { 0 };
        flags |= if content_length.is_some() { flag::LENGTH } else { 0 };
        out.push(flags);
        out.push(version as u8);
        out.extend_from_slice(&connection.to_le_bytes());
        match names::method_id(method.as_bytes()) {
            0 => {
                let method = method.get(..255).unwrap_or(method);
                out.push(0);
                out.push(u8::try_from(method.len()).unwrap_or(u8::MAX));
                out.extend_from_slice(method.as_bytes());
            }
            id => out.push(id),
        }
        if let Some(length) = content_length {
            out.extend_from_slice(&length.to_le_bytes());
        }
        bytes16(out, mount.as_bytes());
        bytes16(out, path);
        bytes16(out, query);
        Patch::with_fields(out, start)
    }

    /// Opens a [`Kind::Response`]; add fields, then the first bytes of the body.
    pub fn response(self, id: u32, status: u16, is_end: bool, is_done: bool, has_trailers: bool) -> Patch<'a> {
        let mut this = self;
        let start = this.open(Kind::Response, id);
        let trailers = if has_trailers { flag::TRAILERS } else { 0 };
        this.out.push(ending(is_end, is_done) | trailers);
        this.out.extend_from_slice(&status.to_le_bytes());
        Patch::with_fields(this.out, start)
    }

    /// Opens a [`Kind::EarlyHints`].
    pub fn early_hints(self, id: u32) -> Patch<'a> {
        let mut this = self;
        let start = this.open(Kind::EarlyHints, id);
        Patch::with_fields(this.out, start)
    }

    /// Opens a [`Kind::Trailers`].
    pub fn trailers(self, id: u32, is_done: bool) -> Patch<'a> {
        let mut this = self;
        let start = this.open(Kind::Trailers, id);
        this.out.push(ending(false, is_done));
        Patch::with_fields(this.out, start)
    }

    /// Opens a [`Kind::Accept`].
    pub fn accept(self, id: u32, subprotocol: &str) -> Patch<'a> {
        let mut this = self;
        let start = this.open(Kind::Accept, id);
        this.text(subprotocol);
        Patch::with_fields(this.out, start)
    }

    /// See [`Kind::Data`]; at most [`limits::MAX_DATA`] bytes, and credit taken by the caller.
    pub fn data(&mut self, id: u32, bytes: &[u8], is_end: bool, is_done: bool) {
        let start = self.open(Kind::Data, id);
        self.out.push(ending(is_end, is_done));
        self.out.extend_from_slice(bytes);
        self.close(start);
    }

    /// A [`Kind::Data`] frame of which the caller writes the last `length` bytes right behind this buffer.
    pub fn data_apart(&mut self, id: u32, length: usize, is_end: bool, is_done: bool) {
        let start = self.open(Kind::Data, id);
        self.out.push(ending(is_end, is_done));
        close_apart(self.out, start, length);
    }

    /// See [`Kind::Message`]; at most [`limits::MAX_DATA`] bytes, and credit taken by the caller.
    pub fn message(&mut self, id: u32, message: &Message<'_>) {
        let start = self.open(Kind::Message, id);
        self.out.push(ending(message.is_end, false) | if message.is_text { flag::TEXT } else { 0 });
        self.out.extend_from_slice(message.bytes);
        self.close(start);
    }

    /// See [`Kind::Close`]. A reason over 123 bytes is cut at a character.
    pub fn websocket_close(&mut self, id: u32, close: &Close<'_>) {
        let start = self.open(Kind::Close, id);
        self.out.extend_from_slice(&close.code.to_le_bytes());
        let mut end = close.reason.len().min(123);
        while !close.reason.is_char_boundary(end) {
            end -= 1;
        }
        self.text(close.reason.get(..end).unwrap_or_default());
        self.close(start);
    }

    /// See [`Kind::Credit`].
    pub fn credit(&mut self, id: u32, bytes: u32) {
        let start = self.open(Kind::Credit, id);
        self.out.extend_from_slice(&bytes.to_le_bytes());
        self.close(start);
    }

    /// See [`Kind::Cancel`].
    pub fn cancel(&mut self, id: u32, reason: CancelReason) {
        let start = self.open(Kind::Cancel, id);
        self.out.push(reason as u8);
        self.close(start);
    }

    /// See [`Kind::File`]; the descriptor is sent with the first byte of this frame.
    pub fn file(&mut self, id: u32, range: &FileRange) {
        let start = self.open(Kind::File, id);
        self.out.push(ending(range.is_end, range.is_done));
        self.out.extend_from_slice(&range.offset.to_le_bytes());
        self.out.extend_from_slice(&range.length.to_le_bytes());
        self.close(start);
    }

    /// See [`Kind::Abort`].
    pub fn abort(&mut self, id: u32, is_done: bool) {
        let start = self.open(Kind::Abort, id);
        self.out.push(ending(false, is_done));
        self.close(start);
    }

    /// See [`Kind::Begin`].
    pub fn begin(&mut self, id: u32) {
        let start = self.open(Kind::Begin, id);
        self.close(start);
    }

    /// See [`Kind::Done`].
    pub fn done(&mut self, id: u32) {
        let start = self.open(Kind::Done, id);
        self.close(start);
    }

    /// See [`Kind::Drain`].
    pub fn drain(&mut self) {
        let start = self.open(Kind::Drain, 0);
        self.close(start);
    }
}

impl<'a> Patch<'a> {
    fn with_fields(out: &'a mut Vec<u8>, start: usize) -> Self {
        let fields = out.len();
        out.extend_from_slice(&[0; 4]);
        Self { out, start, fields }
    }

    /// Adds a field; `name` must be lower-case, name and value at most [`limits::MAX_FIELD`] bytes (longer is cut).
    pub fn field(&mut self, name: &[u8], value: &[u8]) {
        append_field(self.out, name, value);
    }

    /// Adds a field whose name has an id other than 0.
    pub fn field_by_id(&mut self, id: u8, value: &[u8]) {
        self.out.push(id);
        bytes16(self.out, value);
    }

    /// Adds a field with its name as text, as it is.
    pub fn literal(&mut self, name: &[u8], value: &[u8]) {
        self.out.push(0);
        bytes16(self.out, name);
        bytes16(self.out, value);
    }

    /// Adds a field block taken from another frame of this protocol.
    pub fn encoded_fields(&mut self, fields: &[u8]) {
        self.out.extend_from_slice(fields);
    }

    /// Ends the fields and appends the first bytes of the body.
    pub fn body(self, bytes: &[u8]) -> Self {
        let length = self.out.len() - self.fields - 4;
        patch(self.out, self.fields, &u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        self.out.extend_from_slice(bytes);
        self
    }

    /// Writes the length. Call after [`Patch::body`].
    pub fn finish(self) {
        close(self.out, self.start);
    }

    /// As [`Patch::finish`], for a frame of which the caller writes the last `length` bytes right behind this buffer.
    pub fn finish_apart(self, length: usize) {
        close_apart(self.out, self.start, length);
    }
}

/// Appends a field to a block that [`Patch::encoded_fields`] will take; `name` as for [`Patch::field`].
pub fn append_field(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let id = names::name_id(name);
    block.push(id);
    if id == 0 {
        bytes16(block, name);
    }
    bytes16(block, value);
}

/// Sets DONE on a `Response`, `Data`, `Trailers`, `File` or `Abort` frame that starts at `start` and was not written out yet.
pub fn mark_done(out: &mut [u8], start: usize) {
    // The flags are the first byte of the payload in all of them.
    if let Some(flags) = out.get_mut(start + limits::HEADER_LENGTH) {
        *flags |= flag::DONE;
    }
}

const fn ending(is_end: bool, is_done: bool) -> u8 {
    (if is_end { flag::END } else { 0 }) | (if is_done { flag::DONE } else { 0 })
}

fn close(out: &mut [u8], start: usize) {
    close_apart(out, start, 0);
}

fn close_apart(out: &mut [u8], start: usize, apart: usize) {
    let length = out.len() - start - limits::HEADER_LENGTH + apart;
    debug_assert!(length <= limits::MAX_PAYLOAD, "frame of {length} bytes");
    let [l0, l1, l2, ..] = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    patch(out, start, &[l0, l1, l2]);
}

fn patch(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

fn bytes16(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = bytes.get(..limits::MAX_FIELD).unwrap_or(bytes);
    out.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn bytes32(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Payload, decode};

    #[test]
    fn answer_is_marked_done_after_it_was_encoded() {
        let mut block = Vec::new();
        append_field(&mut block, b"content-type", b"text/plain");
        append_field(&mut block, b"x-new", b"1");
        let mut out = Vec::new();
        Encoder::new(&mut out).begin(1);
        let start = out.len();
        let mut patch = Encoder::new(&mut out).response(7, 200, true, false, false);
        patch.encoded_fields(&block);
        patch.body(b"hi").finish();
        mark_done(&mut out, start);
        let (frame, _) = decode(&out[start..], Direction::ToFront).expect("valid").expect("whole");
        let Payload::Response(response) = frame.payload else { panic!("not a response") };
        assert!(response.is_end && response.is_done);
        let fields: Vec<_> = response.fields.iter().map(|field| field.expect("field")).collect();
        assert_eq!(fields, [(27, &b"content-type"[..], &b"text/plain"[..]), (0, b"x-new", b"1")]);
    }
}
