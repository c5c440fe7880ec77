//! The coroutine of one application call, as its task runs it: when it returns, its exchange ends in the same step.
//!
//! A done callback of the task would say so one turn of the loop later, through a handle and a context of its own.

use pyo3::exceptions::PyStopIteration;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyString, PyTuple};

use super::exchange::Exchange;

/// A coroutine around the application's. What it does not have itself, such as `cr_frame`, is the application's.
#[pyclass(frozen, module = "tlsgi._worker", name = "AsgiCall")]
pub(super) struct Call {
    exchange: Py<Exchange>,
    coroutine: Py<PyAny>,
    steps: Py<PyIterator>,
}

impl Call {
    /// Around what the application returned.
    ///
    /// # Errors
    /// It cannot be awaited.
    pub(super) fn new(exchange: Py<Exchange>, coroutine: &Bound<'_, PyAny>) -> PyResult<Self> {
        let steps = coroutine.call_method0(intern!(coroutine.py(), "__await__"))?.cast_into::<PyIterator>()?;
        Ok(Self { exchange, coroutine: coroutine.clone().unbind(), steps: steps.unbind() })
    }
}

#[pymethods]
impl Call {
    fn __await__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.steps.bind(py).clone().next() {
            Some(Ok(yielded)) => Ok(Some(yielded)),
            Some(Err(error)) => Err(self.failed(py, error)),
            None => self.exchange.get().conclude(py, None).map(|()| None),
        }
    }

    fn send<'py>(&self, py: Python<'py>, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let stepped = self.coroutine.bind(py).call_method1(intern!(py, "send"), (value,));
        stepped.map_err(|error| self.failed(py, error))
    }

    #[pyo3(signature = (*arguments))]
    fn throw<'py>(&self, py: Python<'py>, arguments: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let stepped = self.coroutine.bind(py).call_method1(intern!(py, "throw"), arguments);
        stepped.map_err(|error| self.failed(py, error))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.coroutine.call_method0(py, intern!(py, "close")).map(drop)
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.coroutine.bind(py).getattr(name.cast::<PyString>()?)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        self.coroutine.bind(py).repr().map(|text| text.to_string())
    }
}

impl Call {
    /// What left the coroutine: its return, or an exception, which the task has first and then the log.
    fn failed(&self, py: Python<'_>, error: PyErr) -> PyErr {
        let noted = if error.is_instance_of::<PyStopIteration>(py) {
            self.exchange.get().conclude(py, None)
        } else {
            Exchange::expect(self.exchange.bind(py))
        };
        noted.err().unwrap_or(error)
    }
}
