//! Client bytes to message pieces and control frames: unmasked, inflated, checked, as far as they have arrived.

use bytes::{Buf, Bytes, BytesMut};

use super::close::{CloseReason, Violation};
use super::deflate::{Inflater, MARKER};
use super::extension::Deflate;
use super::frame::{self, Header, MAX_HEADER, Opcode};
use super::utf8::Utf8;

/// Most bytes that one step inflates: what a bomb can make of a few bytes before the limit stops it.
const MAX_INFLATED: usize = 64 << 10;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A message or the next piece of one. Text is valid as a whole; a piece may end inside a character.
    Piece { is_text: bool, is_end: bool, bytes: Bytes },
    /// Ping.
    Ping(Bytes),
    /// Pong.
    Pong,
    /// Close; nothing counts after it.
    Close(CloseReason),
}

/// Decoder of one connection. While nothing arrives it holds no buffer.
#[derive(Debug)]
pub(crate) struct Reader {
    limit: usize,
    inflater: Option<Inflater>,
    header: [u8; MAX_HEADER],
    header_length: usize,
    frame: Option<Frame>,
    message: Option<Message>,
    control: Vec<u8>,
}

/// The frame whose payload is being read.
#[derive(Debug)]
struct Frame {
    header: Header,
    taken: u64,
}

impl Frame {
    const fn left(&self) -> u64 {
        self.header.length - self.taken
    }
}

/// The data message that is being read.
#[derive(Debug)]
struct Message {
    is_text: bool,
    size: usize,
    utf8: Utf8,
    compressed: Option<Compressed>,
}

/// What of a compressed message is still to be inflated.
#[derive(Debug, Default)]
struct Compressed {
    /// Unmasked.
    bytes: Bytes,
    /// There may be more to come, with or without further input.
    is_inflating: bool,
    /// All that the client sends of it has arrived.
    is_whole: bool,
    /// The bytes that every sender leaves off were added.
    has_marker: bool,
}

impl Message {
    /// Counts and checks bytes of the message, and gives them as a piece unless there are none.
    fn piece(&mut self, bytes: Bytes, is_end: bool, limit: usize) -> Result<Option<Incoming>, Violation> {
        self.size = self.size.checked_add(bytes.len()).filter(|size| *size <= limit).ok_or(Violation::TooBig)?;
        if self.is_text {
            self.utf8.check(&bytes)?;
            if is_end {
                self.utf8.finish()?;
            }
        }
        let is_piece = is_end || !bytes.is_empty();
        Ok(is_piece.then_some(Incoming::Piece { is_text: self.is_text, is_end, bytes }))
    }
}

impl Reader {
    /// For messages up to `limit` bytes after inflation.
    pub(crate) fn new(limit: usize, deflate: Option<Deflate>) -> Self {
        Self {
            limit,
            inflater: deflate.map(Inflater::new),
            header: [0; MAX_HEADER],
            header_length: 0,
            frame: None,
            message: None,
            control: Vec::new(),
        }
    }

    /// The next thing in `input`, whose bytes are taken off as they are used; `None` when all are.
    pub(crate) fn read(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Violation> {
        loop {
            if self.is_inflating() {
                if let Some(piece) = self.inflate()? {
                    return Ok(Some(piece));
                }
                continue;
            }
            let Some(frame) = &self.frame else {
                if !self.read_header(input)? {
                    return Ok(None);
                }
                continue;
            };
            if frame.left() > 0 && input.is_empty() {
                return Ok(None);
            }
            let incoming = if frame.header.opcode.is_control() { self.control(input)? } else { self.data(input)? };
            if incoming.is_some() {
                return Ok(incoming);
            }
        }
    }

    fn is_inflating(&self) -> bool {
        let compressed = self.message.as_ref().and_then(|message| message.compressed.as_ref());
        compressed.is_some_and(|compressed| compressed.is_inflating)
    }

    /// Opens the next frame; false when its header is not complete.
    fn read_header(&mut self, input: &mut BytesMut) -> Result<bool, Violation> {
        let known = self.header_length;
        let taken = input.len().min(MAX_HEADER - known);
        // Only a header that was cut is put together; one that lies whole in the input is read there.
        let parsed = if known == 0 {
            Header::parse(input, self.inflater.is_some())?
        } else {
            let (place, bytes) = (self.header.get_mut(known..known + taken), input.get(..taken));
            place.unwrap_or_default().copy_from_slice(bytes.unwrap_or_default());
            let parsed = Header::parse(self.header.get(..known + taken).unwrap_or_default(), self.inflater.is_some())?;
            parsed.map(|(header, length)| (header, length - known))
        };
        let Some((header, length)) = parsed else {
            if known == 0
                && let (Some(place), Some(bytes)) = (self.header.get_mut(..taken), input.get(..taken))
            {
                place.copy_from_slice(bytes);
            }
            self.header_length += taken;
            input.advance(taken);
            return Ok(false);
        };
        self.header_length = 0;
        input.advance(length);
        self.open(header)?;
        Ok(true)
    }

    fn open(&mut self, header: Header) -> Result<(), Violation> {
        if !header.opcode.is_control() {
            let message = match (header.opcode, &mut self.message) {
                (Opcode::Continuation, Some(message)) => message,
                (Opcode::Continuation, None) => return Err(Violation::Protocol("continuation of no message")),
                (_, Some(_)) => return Err(Violation::Protocol("new message inside another")),
                (opcode, message @ None) => message.insert(Message {
                    is_text: opcode == Opcode::Text,
                    size: 0,
                    utf8: Utf8::default(),
                    compressed: header.is_compressed.then(Compressed::default),
                }),
            };
            let length = usize::try_from(header.length).map_err(|_| Violation::TooBig)?;
            if message.compressed.is_none() && length > self.limit - message.size {
                return Err(Violation::TooBig);
            }
        }
        self.frame = Some(Frame { header, taken: 0 });
        Ok(())
    }

    /// Takes what is there of the frame's payload, unmasked, and whether the frame is complete with it.
    fn payload(&mut self, input: &mut BytesMut) -> Option<(BytesMut, Header, bool)> {
        let frame = self.frame.as_mut()?;
        let length = usize::try_from(frame.left()).unwrap_or(usize::MAX).min(input.len());
        let mut bytes = if length == input.len() { std::mem::take(input) } else { input.split_to(length) };
        frame::unmask(&mut bytes, frame.header.mask, frame.taken);
        frame.taken += length as u64;
        let (header, is_whole) = (frame.header, frame.left() == 0);
        if is_whole {
            self.frame = None;
        }
        Some((bytes, header, is_whole))
    }

    fn control(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Violation> {
        let Some((bytes, header, is_whole)) = self.payload(input) else { return Ok(None) };
        if !is_whole {
            self.control.extend_from_slice(&bytes);
            return Ok(None);
        }
        let payload = if self.control.is_empty() {
            bytes.freeze()
        } else {
            self.control.extend_from_slice(&bytes);
            Bytes::from(std::mem::take(&mut self.control))
        };
        Ok(Some(match header.opcode {
            Opcode::Ping => Incoming::Ping(payload),
            Opcode::Close => Incoming::Close(CloseReason::parse(&payload)?),
            _ => Incoming::Pong,
        }))
    }

    fn data(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Violation> {
        let Some((bytes, header, is_whole)) = self.payload(input) else { return Ok(None) };
        let Some(message) = &mut self.message else { return Ok(None) };
        let is_end = is_whole && header.is_final;
        if let Some(compressed) = &mut message.compressed {
            compressed.bytes = bytes.freeze();
            compressed.is_whole = is_end;
            compressed.is_inflating = true;
            return Ok(None);
        }
        let piece = message.piece(bytes.freeze(), is_end, self.limit)?;
        if is_end {
            self.message = None;
        }
        Ok(piece)
    }

    /// One step of inflating what arrived: at most [`MAX_INFLATED`] bytes.
    fn inflate(&mut self) -> Result<Option<Incoming>, Violation> {
        let (Some(message), Some(inflater)) = (&mut self.message, &mut self.inflater) else { return Ok(None) };
        let Some(compressed) = &mut message.compressed else { return Ok(None) };
        let mut out = Vec::with_capacity(compressed.bytes.len().saturating_mul(3).clamp(128, MAX_INFLATED));
        let is_end = loop {
            let used = inflater.inflate(&compressed.bytes, &mut out)?;
            compressed.bytes.advance(used);
            if out.len() == out.capacity() {
                if out.len() >= MAX_INFLATED {
                    break false;
                }
                out.reserve(out.len().min(MAX_INFLATED - out.len()));
            } else if !compressed.bytes.is_empty() {
                if used == 0 && !inflater.is_at_start() {
                    return Err(Violation::Deflate);
                }
            } else if compressed.is_whole && !compressed.has_marker && !inflater.is_at_start() {
                compressed.bytes = Bytes::from_static(&MARKER);
                compressed.has_marker = true;
            } else {
                compressed.is_inflating = false;
                break compressed.is_whole;
            }
        };
        let piece = message.piece(Bytes::from(out), is_end, self.limit)?;
        if is_end {
            inflater.finish();
            self.message = None;
        }
        Ok(piece)
    }
}
