//! One application call: what `receive()` hears, what `send()` may say, and what is said for it when it ends.

use std::sync::Mutex;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use tlsgi_wire::{Error as WireError, Message, append_field};

use super::answer::{Answer, Fit, Head, Stage};
use super::event::{self, Event};
use super::inbound::{Body, Heard, Mailbox};
use super::link::Link;
use super::operation::Operation;
use super::outgoing::Outgoing;
use super::scope::Named;
use super::{ClientDisconnected, lock};

/// What arrives, by kind of exchange.
#[derive(Debug)]
pub(super) enum Inbound {
    Body(Body),
    Mailbox(Mailbox),
}

#[derive(Debug)]
struct State {
    answer: Answer,
    inbound: Inbound,
    trailers: Vec<u8>,
    /// The client left or closed, or the application ended: nothing is said any more.
    is_gone: bool,
    /// The WebSocket is open.
    is_accepted: bool,
    receivers: Vec<Py<PyAny>>,
    senders: Vec<Py<PyAny>>,
    task: Option<Py<PyAny>>,
}

/// What `receive` and `send` of one application call are methods of.
#[pyclass(frozen, module = "tlsgi._worker", name = "AsgiExchange")]
pub(super) struct Exchange {
    link: Py<Link>,
    id: u32,
    is_websocket: bool,
    request: Named,
    state: Mutex<State>,
}

/// What was done about an event, as far as the caller must act on it.
struct Applied {
    fit: Fit,
    is_last: bool,
}

impl Applied {
    const MORE: Self = Self { fit: Fit::Well, is_last: false };
    const LAST: Self = Self { fit: Fit::Well, is_last: true };
}

#[pymethods]
impl Exchange {
    /// The next event, to be awaited.
    fn receive(slf: PyRef<'_, Self>) -> Operation {
        Operation::new(slf.into(), true)
    }

    /// Sends an event; to be awaited until there is room for more.
    fn send<'py>(slf: &Bound<'py, Self>, event: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let event = event::read(event, this.is_websocket)?;
        let link = this.link.get();
        let mut state = lock(&this.state);
        if state.is_gone {
            return Err(ClientDisconnected::new_err("the client is gone"));
        }
        let applied = this.apply(py, &mut state, &mut lock(&link.outgoing), event)?;
        let is_drained = state.answer.is_drained();
        let receivers = if state.answer.is_complete() { std::mem::take(&mut state.receivers) } else { Vec::new() };
        drop(state);
        this.warn(py, applied.fit);
        wake(py, receivers)?;
        Link::plan(this.link.bind(py), !applied.is_last)?;
        if is_drained {
            return Ok(link.server.get().sent.bind(py).clone().into_any());
        }
        Ok(Bound::new(py, Operation::new(slf.clone().unbind(), false))?.into_any())
    }

    /// The task's done callback.
    pub(super) fn finished(slf: &Bound<'_, Self>, task: &Bound<'_, PyAny>) -> PyResult<()> {
        match task.call_method0(intern!(slf.py(), "exception")) {
            Ok(none) if none.is_none() => slf.get().conclude(slf.py(), None),
            Ok(exception) => slf.get().conclude(slf.py(), Some(PyErr::from_value(exception))),
            Err(cancelled) => slf.get().conclude(slf.py(), Some(cancelled)),
        }
    }
}

impl Exchange {
    pub(super) fn new(link: Py<Link>, id: u32, request: Named, inbound: Inbound) -> Self {
        let is_websocket = matches!(inbound, Inbound::Mailbox(_));
        let state = State {
            answer: Answer::new(id),
            inbound,
            trailers: Vec::new(),
            is_gone: false,
            is_accepted: false,
            receivers: Vec::new(),
            senders: Vec::new(),
            task: None,
        };
        Self { link, id, is_websocket, request, state: Mutex::new(state) }
    }

    pub(super) const fn id(&self) -> u32 {
        self.id
    }

    /// Keeps the task, so that it can be cancelled.
    pub(super) fn keep(&self, task: Py<PyAny>) {
        lock(&self.state).task = Some(task);
    }

    /// The task that still runs.
    pub(super) fn task(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        lock(&self.state).task.as_ref().map(|task| task.clone_ref(py))
    }

    /// Request body that arrived.
    pub(super) fn data(&self, py: Python<'_>, bytes: &[u8], is_end: bool) -> PyResult<Result<(), WireError>> {
        let mut state = lock(&self.state);
        let Inbound::Body(body) = &mut state.inbound else {
            return Ok(Err(WireError::OutOfOrder(tlsgi_wire::Kind::Data)));
        };
        if let Err(error) = body.extend(bytes, is_end) {
            return Ok(Err(error));
        }
        let receivers = std::mem::take(&mut state.receivers);
        drop(state);
        wake(py, receivers).map(Ok)
    }

    /// A WebSocket message, or a piece of one, that arrived.
    pub(super) fn message(&self, py: Python<'_>, message: &Message<'_>) -> PyResult<Result<(), WireError>> {
        let mut state = lock(&self.state);
        let Inbound::Mailbox(mailbox) = &mut state.inbound else {
            return Ok(Err(WireError::OutOfOrder(tlsgi_wire::Kind::Message)));
        };
        let is_room = match mailbox.push(message) {
            Ok(is_room) => is_room,
            Err(error) => return Ok(Err(error)),
        };
        let grant = mailbox.grant();
        let mut out = lock(&self.link.get().outgoing);
        if let Some(bytes) = grant {
            out.encode().credit(self.id, bytes);
        }
        if !is_room {
            let reason = "too many messages that the application does not read";
            self.shut(py, &mut state, &mut out, 1008, reason);
        }
        drop(out);
        let receivers = std::mem::take(&mut state.receivers);
        drop(state);
        wake(py, receivers).map(Ok)
    }

    /// More may be sent.
    pub(super) fn credit(&self, py: Python<'_>, bytes: u32) -> PyResult<()> {
        let mut state = lock(&self.state);
        state.answer.grant(py, &mut lock(&self.link.get().outgoing), bytes);
        self.settle(&state);
        let senders = if state.answer.is_drained() { std::mem::take(&mut state.senders) } else { Vec::new() };
        drop(state);
        wake(py, senders)
    }

    /// The server stops: an open WebSocket is closed from both sides.
    pub(super) fn stop(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = lock(&self.state);
        if !state.is_accepted || state.is_gone || state.answer.is_complete() {
            return Ok(());
        }
        self.shut(py, &mut state, &mut lock(&self.link.get().outgoing), 1012, "the server restarts");
        let waiting = waiters(&mut state);
        drop(state);
        wake(py, waiting)
    }

    /// Something for `receive()`, or `None` when it must wait.
    pub(super) fn next_event<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
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
                taken.map(|(bytes, is_more)| request_event(py, &bytes, is_more)).transpose()
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

    /// Whether what was sent has left; an error when the client did.
    pub(super) fn is_writable(&self) -> PyResult<bool> {
        let state = lock(&self.state);
        if state.is_gone && !state.answer.is_complete() {
            return Err(ClientDisconnected::new_err("the client is gone"));
        }
        Ok(state.is_gone || state.answer.is_drained())
    }

    /// A future that is done when looking again is worth it.
    pub(super) fn wait(&self, py: Python<'_>, is_receive: bool) -> PyResult<Py<PyAny>> {
        let future = self.link.get().server.get().create_future.call0(py)?;
        let take =
            |state: &mut State| std::mem::take(if is_receive { &mut state.receivers } else { &mut state.senders });
        let earlier = take(&mut lock(&self.state));
        let mut waiting = vec![future.clone_ref(py)];
        for earlier in earlier {
            if !is_done(py, &earlier)? {
                waiting.push(earlier);
            }
        }
        let mut state = lock(&self.state);
        if is_receive {
            state.receivers = waiting
        } else {
            state.senders = waiting
        }
        Ok(future)
    }

    /// The application's call is over: says what it left unsaid, and logs what went wrong.
    pub(super) fn conclude(&self, py: Python<'_>, error: Option<PyErr>) -> PyResult<()> {
        let mut state = lock(&self.state);
        let was_gone = state.is_gone;
        let is_unfinished = !was_gone && !state.answer.is_complete() && !matches!(state.answer.stage, Stage::Ended);
        let mut out = lock(&self.link.get().outgoing);
        if state.is_accepted && is_unfinished {
            let code = if error.is_some() { 1011 } else { 1000 };
            state.answer.close(py, &mut out, code, String::new());
        }
        state.answer.conclude(py, &mut out);
        drop(out);
        self.settle(&state);
        state.is_gone = true;
        let is_returned_early = is_unfinished && !state.is_accepted;
        let task = state.task.take();
        let waiting = waiters(&mut state);
        drop(state);
        drop(task);
        let server = self.link.get().server.get();
        if let Some(error) = error {
            server.report(py, &self.request, error.into_value(py), was_gone);
        } else if is_returned_early {
            server.warn(py, &self.request, "the application returned without completing its response");
        }
        wake(py, waiting)?;
        Link::plan(self.link.bind(py), false)
    }

    /// Whether the client left, so that an application that was not called need not be.
    pub(super) fn is_gone(&self) -> bool {
        lock(&self.state).is_gone
    }

    /// The other end left or closed, with a code for a WebSocket: nobody waits for the answer any more.
    pub(super) fn leave(&self, py: Python<'_>, code: u16, reason: &str) -> PyResult<()> {
        let mut state = lock(&self.state);
        state.is_gone = true;
        state.answer.abandon();
        if state.answer.is_over() {
            state.answer.conclude(py, &mut lock(&self.link.get().outgoing));
            self.settle(&state);
        }
        if let Inbound::Mailbox(mailbox) = &mut state.inbound {
            mailbox.close(code, reason);
        }
        let waiting = waiters(&mut state);
        drop(state);
        wake(py, waiting)
    }

    /// Closes an open WebSocket from our side, and tells the application that it was closed.
    fn shut(&self, py: Python<'_>, state: &mut State, out: &mut Outgoing, code: u16, reason: &str) {
        if let Inbound::Mailbox(mailbox) = &mut state.inbound {
            mailbox.close(code, reason);
        }
        if state.is_accepted {
            state.answer.close(py, out, code, reason.to_owned());
        }
        state.is_gone = true;
        self.settle(state);
    }

    /// After DONE the front may use the id again.
    fn settle(&self, state: &State) {
        if state.answer.is_reported() {
            self.link.get().forget(self.id);
        }
    }

    fn grant(&self, py: Python<'_>, grant: Option<u32>) -> PyResult<()> {
        let Some(bytes) = grant else { return Ok(()) };
        lock(&self.link.get().outgoing).encode().credit(self.id, bytes);
        Link::plan(self.link.bind(py), true)
    }

    fn warn(&self, py: Python<'_>, fit: Fit) {
        let text = match fit {
            Fit::Well => return,
            Fit::TooLong => "the response body is longer than its content-length; the rest is dropped",
            Fit::TooShort => "the response body is shorter than its content-length; the response is cut",
        };
        self.link.get().server.get().warn(py, &self.request, text);
    }

    fn apply(&self, py: Python<'_>, state: &mut State, out: &mut Outgoing, event: Event<'_>) -> PyResult<Applied> {
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

fn waiters(state: &mut State) -> Vec<Py<PyAny>> {
    let mut waiting = std::mem::take(&mut state.receivers);
    waiting.append(&mut state.senders);
    waiting
}

/// Ends the waits; the lock must not be held, because the loop is called.
fn wake(py: Python<'_>, futures: Vec<Py<PyAny>>) -> PyResult<()> {
    for future in futures {
        if !is_done(py, &future)? {
            future.call_method1(py, intern!(py, "set_result"), (py.None(),))?;
        }
    }
    Ok(())
}

fn is_done(py: Python<'_>, future: &Py<PyAny>) -> PyResult<bool> {
    future.bind(py).call_method0(intern!(py, "done"))?.is_truthy()
}

fn request_event<'py>(py: Python<'py>, bytes: &[u8], is_more: bool) -> PyResult<Bound<'py, PyDict>> {
    let event = PyDict::new(py);
    event.set_item(intern!(py, "type"), intern!(py, "http.request"))?;
    event.set_item(intern!(py, "body"), PyBytes::new(py, bytes))?;
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
