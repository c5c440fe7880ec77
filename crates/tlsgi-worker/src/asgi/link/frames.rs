//! What the frames from the front do.

use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use tlsgi_wire::{FrameView, Inbox, Kind, Payload, Request, RequestKind, VERSION};

use super::{Incoming, Link, Start};
use crate::Error;
use crate::asgi::exchange::{Exchange, Inbound};
use crate::asgi::inbound::{Body, Mailbox};
use crate::asgi::lock;
use crate::asgi::scope::{self, Objects, Templates};
use crate::facts::FactTable;

/// Why a batch of frames was not taken.
pub(super) enum Trouble {
    Fatal(Error),
    Python(PyErr),
}

impl<E: Into<Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Fatal(error.into())
    }
}

impl From<PyErr> for Trouble {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl Link {
    /// Acts on every whole frame that is there; gives back the applications to start.
    pub(super) fn take(slf: &Bound<'_, Self>, incoming: &mut Incoming) -> Result<Vec<Start>, Trouble> {
        let Incoming { inbox, facts, is_welcomed, .. } = incoming;
        let mut starts = Vec::new();
        let mut frames = inbox.frames();
        while let Some(frame) = frames.next_frame()? {
            if !*is_welcomed && !matches!(frame.payload, Payload::Welcome(_)) {
                return Err(Trouble::Fatal(tlsgi_wire::Error::OutOfOrder(Kind::Request).into()));
            }
            Self::act(slf, facts, is_welcomed, &mut starts, &frame, inbox)?;
        }
        let consumed = frames.consumed();
        inbox.consume(consumed);
        Ok(starts)
    }

    fn act(
        slf: &Bound<'_, Self>,
        facts: &mut FactTable<Objects, Templates>,
        is_welcomed: &mut bool,
        starts: &mut Vec<Start>,
        frame: &FrameView<'_>,
        inbox: &Inbox,
    ) -> Result<(), Trouble> {
        let (py, this, id) = (slf.py(), slf.get(), frame.id);
        // Frames for an id that is done crossed the frame that said so.
        let find = || lock(&this.exchanges).find(id).map(|exchange| exchange.clone_ref(py));
        match &frame.payload {
            Payload::Welcome(welcome) if welcome.version != VERSION => {
                return Err(Trouble::Fatal(Error::Version { front: welcome.version }));
            }
            Payload::Welcome(_) => *is_welcomed = true,
            Payload::Connection(connection) => facts.insert(id, connection)?,
            Payload::ConnectionEnd => facts.remove(id),
            Payload::Request(request) => starts.push(Self::accept(slf, facts, id, request)?),
            Payload::Drain => this.is_draining.store(true, Ordering::Relaxed),
            Payload::Data { bytes, is_end, .. } => {
                if let Some(exchange) = find() {
                    exchange.get().data(py, bytes, *is_end, inbox)??;
                }
            }
            Payload::Message(message) => {
                if let Some(exchange) = find() {
                    exchange.get().message(py, message)??;
                }
            }
            Payload::Credit(bytes) => {
                if let Some(exchange) = find() {
                    exchange.get().credit(py, *bytes)?;
                }
            }
            Payload::Close(close) => {
                if let Some(exchange) = find() {
                    exchange.get().leave(py, close.code, close.reason)?;
                }
            }
            Payload::Cancel(_) => {
                if let Some(exchange) = find() {
                    exchange.get().leave(py, 1006, "")?;
                }
            }
            // The decoder lets nothing else through in this direction.
            _ => {}
        }
        Ok(())
    }

    fn accept(
        slf: &Bound<'_, Self>,
        facts: &FactTable<Objects, Templates>,
        id: u32,
        request: &Request<'_>,
    ) -> Result<Start, Trouble> {
        let (py, this) = (slf.py(), slf.get());
        let server = this.server.get();
        let scope = match scope::build(py, facts.find(request.connection)?, request, server.state.bind(py)) {
            Ok(scope) => scope,
            Err(scope::BuildError::Wire(error)) => return Err(error.into()),
            Err(scope::BuildError::Python(error)) => return Err(error.into()),
        };
        let inbound = match request.kind {
            RequestKind::Http => Inbound::Body(Body::new(request.body, request.is_end, request.expects_continue)?),
            RequestKind::WebSocket => Inbound::Mailbox(Mailbox::new()),
        };
        let exchange = Exchange::new(slf.clone().unbind(), id, scope.named, inbound);
        let exchange = Py::new(py, exchange)?;
        lock(&this.exchanges).open(id, exchange.clone_ref(py))?;
        server.count(py)?;
        Ok(Start { exchange, scope: scope.dict })
    }
}
