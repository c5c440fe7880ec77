//! Calls the application and hands its answer on: the rules of PEP 3333 about iterables, errors and `close`.

use std::sync::Arc;

use pyo3::exceptions::{PyAssertionError, PyOSError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple, PyType};
use tlsgi_wire::{Direction, Encoder, FrameView, HttpVersion, Payload};

use super::environ;
use super::fault::report;
use super::file_wrapper::FileWrapper;
use super::queue::Task;
use super::responder::{Refusal, Responder, Standing};
use super::server::Shared;
use super::start_response::{StartResponse, not_bytes};

/// Why a response could not be given as the application wanted.
enum Fault {
    /// The application raised.
    Raised(PyErr),
    /// Nobody waits.
    Gone,
    /// What it gave does not fit what it declared.
    Wrong(String),
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Gone => Self::Gone,
            Refusal::TooMuch => {
                Self::Wrong("the application gave more body than its Content-Length; the rest was cut off".into())
            }
            Refusal::NotStarted | Refusal::Over => Self::Raised(refusal.into()),
        }
    }
}

/// Runs one request; leaves its last frames in `tail`.
pub(super) fn call(py: Python<'_>, shared: &Arc<Shared>, task: Task, tail: &mut Vec<u8>) {
    let Task { exchange, sequence, frame } = task;
    let id = exchange.id;
    let request = match tlsgi_wire::decode(&frame, Direction::ToWorker) {
        Ok(Some((FrameView { payload: Payload::Request(request), .. }, _))) if !exchange.is_gone() => request,
        _ => return Encoder::new(tail).done(id),
    };
    shared.count();
    exchange.link.note_call(id, sequence);
    let responder = Arc::new(Responder::new(exchange, request.method == "HEAD", request.version > HttpVersion::Http10));
    let environ = match environ::build(py, shared, &responder, &request) {
        Ok(environ) => environ,
        Err(error) => {
            report(py, shared, &PyDict::new(py), "the request cannot be given to the application", Some(&error));
            return Encoder::new(tail).done(id);
        }
    };
    let start = (!request.body.is_empty()).then(|| frame.len() - request.body.len());
    if let Some(start) = start {
        responder.exchange.keep_first(frame, start);
    }
    let call = Call { py, shared, responder: &responder, environ: &environ };
    let result = call.run(tail);
    call.conclude(result, tail);
}

/// One call of the application.
struct Call<'a, 'py> {
    py: Python<'py>,
    shared: &'a Arc<Shared>,
    responder: &'a Arc<Responder>,
    environ: &'a Bound<'py, PyDict>,
}

impl<'py> Call<'_, 'py> {
    fn run(&self, tail: &mut Vec<u8>) -> Result<(), Fault> {
        let environ = self.environ.clone();
        let start = StartResponse::new(Arc::clone(self.shared), Arc::clone(self.responder), environ.clone().unbind());
        let iterable = self.shared.application.bind(self.py).call1((environ, start))?;
        if let Ok(list) = iterable.cast_exact::<PyList>() {
            return self.send_sequence(list.len(), list.iter(), tail);
        }
        if let Ok(tuple) = iterable.cast_exact::<PyTuple>() {
            return self.send_sequence(tuple.len(), tuple.iter(), tail);
        }
        let result = match iterable.cast_exact::<FileWrapper>() {
            Ok(wrapper) => self.send_file(wrapper),
            Err(_) => self.send_each(&iterable),
        };
        self.end_and_close(&iterable, result)
    }

    /// A list or tuple: known as a whole, without code of its own behind it.
    fn send_sequence(
        &self,
        length: usize,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        tail: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let mut items =
            items.map(|item| item.cast_into::<PyBytes>().map_err(|error| not_bytes(error.into_inner().as_any())));
        if length == 1
            && let Some(only) = items.next()
        {
            let is_single = !self.responder.is_sent();
            return self.send_body(only?.as_bytes(), is_single, tail);
        }
        let chunks = items.collect::<PyResult<Vec<_>>>()?;
        let body = chunks.iter().map(|chunk| chunk.as_bytes()).collect::<Vec<_>>().concat();
        self.send_body(&body, false, tail)
    }

    fn send_body(&self, body: &[u8], is_single: bool, tail: &mut Vec<u8>) -> Result<(), Fault> {
        self.check_length(body.len() as u64)?;
        Ok(self.responder.send_whole(self.py, self.shared, body, is_single, tail)?)
    }

    /// A complete body that is shorter than declared is found out before anything of it is sent.
    fn check_length(&self, length: u64) -> Result<(), Fault> {
        match self.responder.standing() {
            Standing::Missing(missing) if missing > length => Err(missing_bytes(missing - length)),
            Standing::NotStarted => Err(Fault::Raised(never_started())),
            _ => Ok(()),
        }
    }

    fn send_file(&self, wrapper: &Bound<'py, FileWrapper>) -> Result<(), Fault> {
        let Some(plain) = wrapper.get().plain_file(self.py) else { return self.send_each(wrapper.as_any()) };
        match self.responder.send_file(plain.file, plain.offset, plain.available)? {
            0 => Ok(()),
            missing => Err(missing_bytes(missing)),
        }
    }

    fn send_each(&self, iterable: &Bound<'py, PyAny>) -> Result<(), Fault> {
        for chunk in iterable.try_iter()? {
            let chunk = chunk?;
            let bytes = chunk.cast::<PyBytes>().map_err(|_| not_bytes(&chunk))?;
            match self.responder.send(self.py, self.shared, bytes.as_bytes()) {
                // The response has no body: what else the iterable gives is of no use.
                Err(Refusal::Over) if self.responder.is_silent() => return Ok(()),
                result => result?,
            }
        }
        Ok(())
    }

    /// Ends the response before `close()`, which may take long, and calls that whatever happened.
    fn end_and_close(&self, iterable: &Bound<'py, PyAny>, result: Result<(), Fault>) -> Result<(), Fault> {
        let result = result.and_then(|()| match self.responder.standing() {
            Standing::NotStarted => Err(Fault::Raised(never_started())),
            Standing::Missing(missing) => Err(missing_bytes(missing)),
            // Closing a generator that has come to its end does nothing: one write less.
            Standing::Unsent | Standing::Open if is_generator(iterable) => Ok(()),
            Standing::Unsent | Standing::Open => Ok(self.responder.end(self.py, self.shared)?),
            Standing::Ended => Ok(()),
        });
        if let Some(close) = iterable.getattr_opt(intern!(self.py, "close")).ok().flatten()
            && let Err(error) = close.call0()
        {
            report(self.py, self.shared, self.environ, "close() of the response failed", Some(&error));
        }
        result
    }

    /// Logs what went wrong and leaves the frame that ends the exchange.
    fn conclude(&self, result: Result<(), Fault>, tail: &mut Vec<u8>) {
        let is_gone = || self.responder.exchange.is_gone();
        let is_fault = match result {
            Ok(()) => false,
            Err(Fault::Gone) => true,
            // The application was told of the client's end and let it through.
            Err(Fault::Raised(error)) if error.is_instance_of::<PyOSError>(self.py) && is_gone() => true,
            Err(Fault::Raised(error)) => {
                report(self.py, self.shared, self.environ, "the application raised", Some(&error));
                true
            }
            Err(Fault::Wrong(what)) => {
                report(self.py, self.shared, self.environ, &what, None);
                true
            }
        };
        let (is_sent, is_ended) = self.responder.close();
        let id = self.responder.exchange.id;
        match () {
            () if !tail.is_empty() => {}
            () if is_fault && is_sent && !is_ended => Encoder::new(tail).abort(id, true),
            () if is_fault || is_ended => Encoder::new(tail).done(id),
            () => self.responder.encode_end(tail),
        }
    }
}

fn missing_bytes(missing: u64) -> Fault {
    Fault::Wrong(format!("the application gave {missing} bytes less body than its Content-Length"))
}

fn never_started() -> PyErr {
    PyAssertionError::new_err("the application returned without calling start_response")
}

fn is_generator(object: &Bound<'_, PyAny>) -> bool {
    static GENERATOR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = object.py();
    let find = || Ok::<_, PyErr>(py.import("types")?.getattr("GeneratorType")?.cast_into::<PyType>()?.unbind());
    GENERATOR.get_or_try_init(py, find).is_ok_and(|generator| object.get_type().is(generator.bind(py)))
}
