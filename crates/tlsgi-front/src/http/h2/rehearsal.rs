//! The protocol by itself, fed with bytes, for fuzzing and benchmarks. Not for use by the server.

use std::rc::Rc;

use tlsgi_config::config::Limits;
use tokio::time::Instant;

use super::protocol::Connection;
use crate::http::field::FieldBlock;
use crate::http::response::{Framing, ResponseHead, SitePolicy};

/// A connection and a response that every request gets.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    connection: Connection,
    response: ResponseHead,
}

impl Rehearsal {
    /// A connection that begins.
    pub(crate) fn new() -> Self {
        let fields = FieldBlock::default().with("content-type", "text/plain");
        Self {
            connection: Connection::new(&Rc::new(Limits::default()), Instant::now()),
            response: ResponseHead::own(200, &fields, 5),
        }
    }

    /// Takes bytes of the client; false when they end the connection.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> bool {
        self.connection.receive(bytes);
        self.connection.take_verdict().is_none()
    }

    /// Answers what came: how many requests did.
    pub(crate) fn answer(&mut self) -> usize {
        let Self { connection, response } = self;
        let mut opened = std::mem::take(connection.opened());
        let count = opened.len();
        for request in opened.drain(..) {
            let framing = Framing::of(&request.head, response);
            // The client may have left; then there is nothing to do.
            let _ = connection.send_head(request.slot, response, framing, SitePolicy::default(), false);
            let _ = connection.send_body(request.slot, b"hello", true);
            connection.release(request.slot, request.head);
        }
        *connection.opened() = opened;
        count
    }

    /// What is to be written, and takes it off.
    pub(crate) fn take_output(&mut self, take: impl FnOnce(&[u8])) {
        take(self.connection.output());
        let count = self.connection.output().len();
        self.connection.wrote(count);
    }
}
