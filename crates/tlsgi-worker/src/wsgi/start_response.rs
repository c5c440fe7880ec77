//! `start_response` and the `write` that it returns.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use super::fault;
use super::headers::Head;
use super::responder::{Refusal, Responder};
use super::server::Shared;

/// The callable that the application is given.
#[pyclass(frozen, module = "tlsgi._worker")]
#[derive(Debug)]
pub(crate) struct StartResponse {
    shared: Arc<Shared>,
    responder: Arc<Responder>,
    environ: Py<PyDict>,
}

impl StartResponse {
    /// For one request.
    pub(crate) const fn new(shared: Arc<Shared>, responder: Arc<Responder>, environ: Py<PyDict>) -> Self {
        Self { shared, responder, environ }
    }
}

#[pymethods]
impl StartResponse {
    #[pyo3(signature = (status, response_headers, exc_info = None, /))]
    fn __call__(
        &self,
        py: Python<'_>,
        status: &Bound<'_, PyAny>,
        response_headers: &Bound<'_, PyAny>,
        exc_info: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Write> {
        if let Some(exc_info) = exc_info
            && self.responder.is_sent()
        {
            return Err(raised(exc_info)?);
        }
        let head = Head::new(status, response_headers)?;
        for name in &head.dropped {
            let what = format!("dropped the response header {name:?}: the connection is the server's business");
            fault::report(py, &self.shared, self.environ.bind(py), &what, None);
        }
        self.responder.set_head(head, exc_info.is_some())?;
        Ok(Write { shared: Arc::clone(&self.shared), responder: Arc::clone(&self.responder) })
    }
}

/// The exception inside `exc_info`, to be raised again.
fn raised(exc_info: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let Ok(tuple) = exc_info.cast::<PyTuple>() else {
        return Err(PyTypeError::new_err("exc_info must be what sys.exc_info() returns"));
    };
    Ok(PyErr::from_value(tuple.get_item(1)?))
}

/// The imperative way to send body.
#[pyclass(frozen, module = "tlsgi._worker")]
#[derive(Debug)]
pub(crate) struct Write {
    shared: Arc<Shared>,
    responder: Arc<Responder>,
}

#[pymethods]
impl Write {
    #[pyo3(signature = (data, /))]
    fn __call__(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let Ok(data) = data.cast::<PyBytes>() else {
            return Err(not_bytes(data));
        };
        match self.responder.send(py, &self.shared, data.as_bytes()) {
            // The response has no body, whatever is written: HEAD, 204, 304.
            Err(Refusal::Over) if self.responder.is_silent() => Ok(()),
            result => Ok(result?),
        }
    }
}

/// What gives body must give `bytes`.
pub(crate) fn not_bytes(object: &Bound<'_, PyAny>) -> PyErr {
    let name = object.get_type().name().map_or_else(|_| "an object".into(), |name| name.to_string());
    PyTypeError::new_err(format!("body must be bytes, not {name}"))
}
