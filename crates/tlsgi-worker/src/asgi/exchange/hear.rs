//! What `receive()` gives.

use bytes::Bytes;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::{Exchange, Inbound, Link, State};
use crate::asgi::inbound::Heard;
use crate::asgi::lock;
use crate::body;

impl Exchange {
    /// Something for `receive()`, or `None` when it must wait.
    pub(in crate::asgi) fn next_event<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let mut state = lock(&self.state);
        let State { inbound, answer, is_gone, .. } = &mut *state;
        match inbound {
            Inbound::Body(_) if *is_gone || answer.is_complete() => {
                drop(state);
                let event = PyDict::new(py);
                event.set_item(intern!(py, "type"), intern!(py, "http.disconnect"))?;
                Ok(Some(event))
            }
            Inbound::Body(body) => {
                let taken = body.take();
                let grant = body.grant();
                drop(state);
                self.grant(py, grant)?;
                taken.map(|(pieces, is_more)| request_event(py, &pieces, is_more)).transpose()
            }
            Inbound::Mailbox(mailbox) => {
                let heard = mailbox.take();
                let grant = mailbox.grant();
                drop(state);
                self.grant(py, grant)?;
                heard.map(|heard| websocket_event(py, heard)).transpose()
            }
        }
    }

    fn grant(&self, py: Python<'_>, grant: Option<u32>) -> PyResult<()> {
        let Some(bytes) = grant else { return Ok(()) };
        lock(&self.link.get().outgoing).encode().credit(self.id, bytes);
        Link::plan(self.link.bind(py), true)
    }
}

fn request_event<'py>(py: Python<'py>, pieces: &[Bytes], is_more: bool) -> PyResult<Bound<'py, PyDict>> {
    let event = PyDict::new(py);
    event.set_item(intern!(py, "type"), intern!(py, "http.request"))?;
    event.set_item(intern!(py, "body"), body::join(py, pieces)?)?;
    event.set_item(intern!(py, "more_body"), is_more)?;
    Ok(event)
}

fn websocket_event(py: Python<'_>, heard: Heard) -> PyResult<Bound<'_, PyDict>> {
    let event = PyDict::new(py);
    let kind = match &heard {
        Heard::Connect => intern!(py, "websocket.connect"),
        Heard::Text(_) | Heard::Bytes(_) => intern!(py, "websocket.receive"),
        Heard::Disconnect { .. } => intern!(py, "websocket.disconnect"),
    };
    event.set_item(intern!(py, "type"), kind)?;
    match heard {
        Heard::Connect => {}
        Heard::Text(text) => event.set_item(intern!(py, "text"), text)?,
        Heard::Bytes(bytes) => event.set_item(intern!(py, "bytes"), PyBytes::new(py, &bytes))?,
        Heard::Disconnect { code, reason } => {
            event.set_item(intern!(py, "code"), code)?;
            event.set_item(intern!(py, "reason"), reason)?;
        }
    }
    Ok(event)
}
