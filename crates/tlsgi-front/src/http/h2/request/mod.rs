//! From decoded field lines to a `RequestHead`, through the checks that every version shares and those of HTTP/2 alone.

#[cfg(test)]
mod tests;

use tlsgi_config::config::Limits;
use tlsgi_wire::HttpVersion;

use super::hpack::{Line, Name};
use crate::http::failure::Failure;
use crate::http::field;
use crate::http::head::{BodyLength, Builder, RequestHead, Upgrade};

/// A request that breaks the rules of HTTP/2 itself: its stream is reset (RFC 9113 8.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Which pseudo-header fields have come, and what of them is needed later.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact, seen field by field")]
struct Pseudo {
    has_method: bool,
    has_scheme: bool,
    has_authority: bool,
    has_path: bool,
    is_connect: bool,
    is_https: Option<bool>,
    protocol: Option<bool>,
    is_over: bool,
}

/// Takes the lines of one block.
pub(super) struct Reader<'a> {
    builder: Builder<'a>,
    /// The path waits for the method.
    path: &'a mut Vec<u8>,
    pseudo: Pseudo,
    left: usize,
    is_malformed: bool,
    failure: Option<Failure>,
    limits: &'a Limits,
}

impl<'a> Reader<'a> {
    /// Starts over in `head`; `path` is room to work in.
    pub(super) fn new(head: &'a mut RequestHead, path: &'a mut Vec<u8>, limits: &'a Limits) -> Self {
        path.clear();
        Self {
            builder: Builder::new(head, HttpVersion::Http2, limits),
            path,
            pseudo: Pseudo::default(),
            left: limits.header_bytes,
            is_malformed: false,
            failure: None,
            limits,
        }
    }

    /// One line. After the first failure nothing is kept any more.
    pub(super) fn line(&mut self, line: Line<'_>) {
        if !line.is_sound {
            self.is_malformed = true;
        }
        match line.name {
            Name::Field(id) => self.field(id, line),
            Name::Bad => self.is_malformed = true,
            pseudo => {
                self.is_malformed |= self.pseudo.is_over;
                self.pseudo(pseudo, line.value);
            }
        }
    }

    fn field(&mut self, id: u8, line: Line<'_>) {
        self.pseudo.is_over = true;
        let (name, value) = (line.text, line.value);
        // RFC 9113 8.2.2: fields of a connection make a request malformed; so does TE with anything but `trailers`.
        if is_of_connection(id, name) || name == b"te" && !value.eq_ignore_ascii_case(b"trailers") {
            self.is_malformed = true;
        }
        if self.failure.is_some() || self.is_malformed {
            return;
        }
        // As an HTTP/1 line, with its colon and its end.
        match self.left.checked_sub(name.len() + value.len() + 4) {
            Some(left) => self.left = left,
            None => return self.fail(Failure::HeaderTooLarge),
        }
        // RFC 9113 8.2.1: space around a value makes the request malformed. It hides things from naive comparisons.
        if matches!(value, [b' ' | b'\t', ..] | [.., b' ' | b'\t']) {
            return self.fail(Failure::BadField);
        }
        if let Err(failure) = self.builder.sound_field(id, name, value) {
            self.fail(failure);
        }
    }

    fn pseudo(&mut self, name: Name, value: &[u8]) {
        let seen = match name {
            Name::Method => &mut self.pseudo.has_method,
            Name::Scheme => &mut self.pseudo.has_scheme,
            Name::Authority => &mut self.pseudo.has_authority,
            Name::Path => &mut self.pseudo.has_path,
            Name::Protocol => {
                let is_websocket = value.eq_ignore_ascii_case(b"websocket");
                self.is_malformed |= self.pseudo.protocol.replace(is_websocket).is_some();
                return;
            }
            Name::Field(_) | Name::Bad => return,
        };
        self.is_malformed |= std::mem::replace(seen, true);
        if self.failure.is_some() || self.is_malformed {
            return;
        }
        let outcome = match name {
            Name::Method if value == b"CONNECT" => {
                self.pseudo.is_connect = true;
                Ok(())
            }
            Name::Method => self.builder.method(value),
            Name::Authority => self.builder.authority(value),
            Name::Scheme => {
                self.pseudo.is_https = Some(value.eq_ignore_ascii_case(b"https"));
                let is_known = self.pseudo.is_https == Some(true) || value.eq_ignore_ascii_case(b"http");
                if is_known { Ok(()) } else { Err(Failure::BadTarget) }
            }
            _ if value.is_empty() => {
                self.is_malformed = true;
                Ok(())
            }
            _ if value.len() > self.limits.request_line_bytes => Err(Failure::TargetTooLong),
            _ => {
                self.path.extend_from_slice(value);
                Ok(())
            }
        };
        if let Err(failure) = outcome {
            self.fail(failure);
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }

    /// The block is complete; `is_end`: so is the request. Why it cannot be served, if so; after that, the head holds what was
    /// read so far, for the log.
    pub(super) fn finish(self, is_end: bool) -> Result<Result<Option<u64>, Failure>, Malformed> {
        let Self { mut builder, path, pseudo, is_malformed, failure, .. } = self;
        // RFC 9113 8.3.1 and 8.5, RFC 8441 4.
        let is_plain_connect = pseudo.is_connect && pseudo.protocol.is_none();
        let is_complete = match is_plain_connect {
            true => pseudo.has_authority && !pseudo.has_scheme && !pseudo.has_path,
            false => pseudo.has_scheme && pseudo.has_path,
        };
        let has_stray_protocol = pseudo.protocol.is_some() && !pseudo.is_connect;
        let lacks_authority = pseudo.is_connect && !pseudo.has_authority;
        if is_malformed || !pseudo.has_method || !is_complete || has_stray_protocol || lacks_authority {
            return Err(Malformed);
        }
        if let Some(failure) = failure {
            // For the log; whether it is valid does not matter any more.
            let _ = builder.path_and_query(path);
            return Ok(Err(failure));
        }
        if pseudo.is_connect {
            if pseudo.protocol != Some(true) {
                return Ok(Err(Failure::NotImplemented));
            }
            builder.websocket_connect();
        }
        if let Err(failure) = builder.path_and_query(path) {
            return Ok(Err(failure));
        }
        let head = match builder.finish_head() {
            Ok(head) => head,
            Err(failure) => return Ok(Err(failure)),
        };
        head.target_scheme_is_https = pseudo.is_https;
        let promised = match head.body {
            BodyLength::Known(length) => Some(length),
            BodyLength::Empty => Some(0),
            BodyLength::Unknown => None,
        };
        if is_end && promised.is_some_and(|length| length > 0) {
            // RFC 9113 8.1.1: a body that was promised and does not come.
            return Err(Malformed);
        }
        if is_end || head.upgrade == Upgrade::WebSocket {
            head.body = BodyLength::Empty;
        }
        Ok(Ok(promised.filter(|_| head.upgrade == Upgrade::None)))
    }
}

/// Whether a field belongs to one connection of HTTP/1 (RFC 9113 8.2.2).
pub(super) fn is_of_connection(id: u8, name: &[u8]) -> bool {
    match id {
        0 => matches!(name, b"proxy-connection" | b"keep-alive" | b"transfer-encoding" | b"upgrade"),
        id => id == field::id::CONNECTION,
    }
}
