//! One application call: what `receive()` hears, what `send()` may say, and what is said for it when it ends.

mod hear;
mod speak;

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use pyo3::intern;
use pyo3::prelude::*;
use tlsgi_wire::{Error as WireError, Inbox, Message};

use super::answer::{Answer, Fit, Stage};
use super::event;
use super::inbound::{Body, Mailbox};
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

    /// The task's done callback, where an exception left the application.
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

    /// The application's call is over, and the front was told or will be.
    pub(super) fn is_concluded(&self) -> bool {
        lock(&self.state).answer.is_over()
    }

    /// An exception leaves the application: the end of its task is the end of the exchange. A task that is not kept yet is
    /// asked by whoever makes it.
    pub(super) fn expect(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let Some(task) = slf.get().task(py) else { return Ok(()) };
        let finished = slf.getattr(intern!(py, "finished"))?;
        task.call_method1(py, intern!(py, "add_done_callback"), (finished,)).map(drop)
    }

    /// Request body that arrived.
    pub(super) fn data(
        &self,
        py: Python<'_>,
        bytes: &[u8],
        is_end: bool,
        inbox: &Inbox,
    ) -> PyResult<Result<(), WireError>> {
        let mut state = lock(&self.state);
        let Inbound::Body(body) = &mut state.inbound else {
            return Ok(Err(WireError::OutOfOrder(tlsgi_wire::Kind::Data)));
        };
        if let Err(error) = body.extend(bytes, is_end, |bytes| inbox.share(bytes)) {
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
        if server.open.load(Ordering::Relaxed) == 0 {
            // Nothing else runs whose answer could leave together with this one.
            return Link::flush(self.link.bind(py));
        }
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

    fn warn(&self, py: Python<'_>, fit: Fit) {
        let text = match fit {
            Fit::Well => return,
            Fit::TooLong => "the response body is longer than its content-length; the rest is dropped",
            Fit::TooShort => "the response body is shorter than its content-length; the response is cut",
        };
        self.link.get().server.get().warn(py, &self.request, text);
    }
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
