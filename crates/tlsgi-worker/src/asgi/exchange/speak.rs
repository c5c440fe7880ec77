//! What an event of `send()` does.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tlsgi_wire::append_field;

use super::{Exchange, Inbound, State};
use crate::asgi::answer::{Answer, Fit, Head, Stage};
use crate::asgi::event::Event;
use crate::asgi::outgoing::Outgoing;

/// What was done about an event, as far as the caller must act on it.
pub(super) struct Applied {
    pub(super) fit: Fit,
    pub(super) is_last: bool,
}

impl Applied {
    const MORE: Self = Self { fit: Fit::Well, is_last: false };
    const LAST: Self = Self { fit: Fit::Well, is_last: true };
}

impl Exchange {
    /// Does what the event says, or tells why it may not come now.
    pub(super) fn apply(
        &self,
        py: Python<'_>,
        state: &mut State,
        out: &mut Outgoing,
        event: Event<'_>,
    ) -> PyResult<Applied> {
        match event {
            Event::Accept { .. } | Event::Text(_) | Event::Bytes(_) | Event::Close { .. } => {
                self.apply_websocket(py, state, out, event)
            }
            _ => self.apply_response(py, state, out, event),
        }
    }

    fn apply_response(
        &self,
        py: Python<'_>,
        state: &mut State,
        out: &mut Outgoing,
        event: Event<'_>,
    ) -> PyResult<Applied> {
        let answer = &mut state.answer;
        let is_open = matches!(answer.stage, Stage::Open);
        match event {
            _ if state.is_accepted => Err(misplaced("the WebSocket was accepted: a response cannot follow")),
            Event::Start(_) if !is_open => Err(misplaced("the response was started already")),
            Event::Start(head) => {
                let is_head = self.is_head(py);
                answer.start(head, is_head);
                Ok(Applied::LAST)
            }
            Event::EarlyHint(fields) => {
                if answer.is_unsent() && !answer.is_complete() && !fields.is_empty() {
                    let mut patch = out.encode().early_hints(self.id);
                    patch.encoded_fields(&fields);
                    patch.body(&[]).finish();
                }
                Ok(Applied::MORE)
            }
            _ if is_open => Err(misplaced("the response was not started")),
            Event::Trailers { .. } if !answer.wants_trailers() => {
                Err(misplaced("trailers come after the body of a response that announced them"))
            }
            Event::Trailers { fields, is_last } => {
                state.trailers.extend_from_slice(&fields);
                if is_last {
                    let fields = std::mem::take(&mut state.trailers);
                    answer.trailers(py, out, fields);
                }
                Ok(Applied { fit: Fit::Well, is_last })
            }
            _ if answer.is_complete() => Err(misplaced("the response is complete already")),
            Event::Body { bytes, is_last } => {
                if is_last && self.is_head(py) {
                    declare_length(answer, &bytes);
                }
                Ok(Applied { fit: answer.body(out, &bytes, is_last), is_last })
            }
            Event::File { file, offset, length, is_last } => {
                Ok(Applied { fit: answer.file(py, out, file, (offset, length), is_last), is_last })
            }
            _ => Err(misplaced("this event does not belong to a response")),
        }
    }

    fn apply_websocket(
        &self,
        py: Python<'_>,
        state: &mut State,
        out: &mut Outgoing,
        event: Event<'_>,
    ) -> PyResult<Applied> {
        let answer = &mut state.answer;
        if answer.is_complete() {
            return Err(misplaced("the WebSocket was closed already"));
        }
        match event {
            Event::Accept { subprotocol, fields } if matches!(answer.stage, Stage::Open) => {
                let mut patch = out.encode().accept(self.id, &subprotocol);
                patch.encoded_fields(&fields);
                patch.body(&[]).finish();
                answer.stage = Stage::Sent;
                state.is_accepted = true;
                Ok(Applied::MORE)
            }
            Event::Accept { .. } => Err(misplaced("the WebSocket was answered already")),
            Event::Close { code, reason } if state.is_accepted => {
                hang_up(&mut state.inbound, code, &reason);
                answer.close(py, out, code, reason);
                Ok(Applied::LAST)
            }
            Event::Close { .. } if matches!(answer.stage, Stage::Open) => {
                hang_up(&mut state.inbound, 1006, "");
                answer.start(Head { status: 403, fields: Vec::new(), length: None, has_trailers: false }, false);
                answer.body(out, &PyBytes::new(py, b""), true);
                Ok(Applied::LAST)
            }
            _ if !state.is_accepted => Err(misplaced("the WebSocket was not accepted")),
            Event::Text(text) => {
                answer.message(py, out, text.to_str()?.as_bytes(), true);
                Ok(Applied::MORE)
            }
            Event::Bytes(bytes) => {
                answer.message(py, out, bytes.as_bytes(), false);
                Ok(Applied::MORE)
            }
            _ => Err(misplaced("this event does not belong to a WebSocket")),
        }
    }

    fn is_head(&self, py: Python<'_>) -> bool {
        self.request.method.bind(py).to_str().is_ok_and(|method| method == "HEAD")
    }
}

/// A HEAD response tells the length that its GET would have.
fn declare_length(answer: &mut Answer, body: &Bound<'_, PyBytes>) {
    if let Some(head) = answer.held()
        && head.length.is_none()
        && !matches!(head.status, 204 | 205 | 304)
        && !body.as_bytes().is_empty()
    {
        append_field(&mut head.fields, b"content-length", body.as_bytes().len().to_string().as_bytes());
    }
}

fn hang_up(inbound: &mut Inbound, code: u16, reason: &str) {
    if let Inbound::Mailbox(mailbox) = inbound {
        mailbox.close(code, reason);
    }
}

fn misplaced(text: &'static str) -> PyErr {
    PyRuntimeError::new_err(text)
}
