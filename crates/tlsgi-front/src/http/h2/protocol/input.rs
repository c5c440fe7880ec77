//! The client's bytes cut into frames. Bodies are passed on as they come; other frames are read in place when they are whole,
//! and collected when they are not.

use tokio::time::Instant;

use super::super::frame::{Code, HEADER, Header, MAX_PAYLOAD, PREFACE, flag, kind};
use super::Connection;
use super::body::Data;
use super::requests::Block;

/// Where reading stands.
#[derive(Debug)]
pub(super) struct Input {
    preface_left: usize,
    has_settings: bool,
    /// A frame that has begun, header included.
    partial: Vec<u8>,
    /// The body that is coming in.
    pub(super) data: Option<Data>,
    /// The header block that is coming in.
    pub(super) block: Option<Block>,
    unfinished_since: Option<Instant>,
}

impl Input {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            preface_left: PREFACE.len(),
            has_settings: false,
            partial: Vec::new(),
            data: None,
            block: None,
            unfinished_since: Some(now),
        }
    }

    pub(super) const fn unfinished_since(&self) -> Option<Instant> {
        self.unfinished_since
    }

    pub(super) fn trim(&mut self) {
        if self.partial.is_empty() {
            self.partial = Vec::new();
        }
    }

    const fn is_unfinished(&self) -> bool {
        self.preface_left > 0 || !self.has_settings || !self.partial.is_empty() || self.block.is_some()
    }
}

impl Connection {
    /// Takes the next bytes of the client. An error is kept for [`Connection::take_verdict`], and nothing is taken after it.
    pub(in super::super) fn receive(&mut self, bytes: &[u8]) {
        if self.is_over || self.verdict.is_some() {
            return;
        }
        if let Err(code) = self.take(bytes) {
            self.verdict = Some(code);
            return;
        }
        if self.input.is_unfinished() {
            self.input.unfinished_since.get_or_insert(self.now);
        } else {
            self.input.unfinished_since = None;
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Code> {
        let mut rest = self.preface(bytes)?;
        while !rest.is_empty() {
            rest = if self.input.data.is_some() {
                self.data(rest)?
            } else if self.input.partial.is_empty() {
                self.in_place(rest)?
            } else {
                self.complete(rest)?
            };
        }
        Ok(())
    }

    fn preface<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Code> {
        let left = self.input.preface_left;
        if left == 0 {
            return Ok(bytes);
        }
        let (found, rest) = bytes.split_at(bytes.len().min(left));
        let at = PREFACE.len() - left;
        if PREFACE.get(at..at + found.len()) != Some(found) {
            return Err(Code::Protocol);
        }
        self.input.preface_left -= found.len();
        Ok(rest)
    }

    /// A frame whose header has not been seen; what is not whole is collected.
    fn in_place<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Code> {
        let Some((header, rest)) = Header::read(bytes) else {
            self.input.partial.extend_from_slice(bytes);
            return Ok(&[]);
        };
        self.admit(header)?;
        if header.kind == kind::DATA {
            self.begin_data(header)?;
            return Ok(rest);
        }
        match rest.split_at_checked(header.length as usize) {
            Some((payload, rest)) => {
                self.frame(header, payload)?;
                Ok(rest)
            }
            None => {
                self.input.partial.extend_from_slice(bytes);
                Ok(&[])
            }
        }
    }

    /// More of a frame that was collected so far.
    fn complete<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Code> {
        let partial = &mut self.input.partial;
        let wanted = match Header::read(partial) {
            None => HEADER,
            Some((header, _)) => HEADER + header.length as usize,
        };
        let (more, rest) = bytes.split_at(bytes.len().min(wanted - partial.len()));
        partial.extend_from_slice(more);
        let Some((header, payload)) = Header::read(partial) else { return Ok(rest) };
        if header.kind == kind::DATA {
            partial.clear();
            self.admit(header)?;
            self.begin_data(header)?;
        } else if partial.len() == HEADER && wanted == HEADER {
            self.admit(header)?;
            if header.length == 0 {
                self.input.partial.clear();
                self.frame(header, &[])?;
            }
        } else if payload.len() == header.length as usize {
            let mut whole = std::mem::take(&mut self.input.partial);
            let outcome = self.frame(header, whole.get(HEADER..).unwrap_or_default());
            whole.clear();
            self.input.partial = whole;
            outcome?;
        }
        Ok(rest)
    }

    /// Whether a frame with this header may come now.
    fn admit(&mut self, header: Header) -> Result<(), Code> {
        if header.length > MAX_PAYLOAD {
            return Err(Code::FrameSize);
        }
        if !self.input.has_settings {
            // RFC 9113 3.4: the preface ends with a SETTINGS frame.
            if header.kind != kind::SETTINGS || header.has(flag::ACK) {
                return Err(Code::Protocol);
            }
            self.input.has_settings = true;
        }
        // RFC 9113 6.10: a header block is one piece.
        let is_next = |block: &Block| header.kind == kind::CONTINUATION && header.stream == block.stream;
        if self.input.block.as_ref().is_some_and(|block| !is_next(block)) {
            return Err(Code::Protocol);
        }
        if header.is_sized() { Ok(()) } else { Err(Code::FrameSize) }
    }

    /// A whole frame other than DATA.
    fn frame(&mut self, header: Header, payload: &[u8]) -> Result<(), Code> {
        match header.kind {
            kind::HEADERS => return self.headers(header, payload),
            kind::CONTINUATION => return self.continuation(header, payload),
            _ => self.meter.frame(header.kind, self.now)?,
        }
        match header.kind {
            kind::PRIORITY => self.priority(header, payload),
            kind::RST_STREAM => self.reset_by_client(header),
            kind::SETTINGS => self.settings(header, payload),
            kind::PING => self.ping(header, payload),
            kind::WINDOW_UPDATE => self.window_update(header, payload),
            kind::GOAWAY if header.stream != 0 => Err(Code::Protocol),
            kind::GOAWAY => {
                self.is_peer_leaving = true;
                Ok(())
            }
            // A client promises nothing.
            kind::PUSH_PROMISE => Err(Code::Protocol),
            _ => Ok(()),
        }
    }
}
