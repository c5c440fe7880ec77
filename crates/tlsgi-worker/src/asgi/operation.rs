//! What `receive()` and `send()` return: awaitables that finish at once when they can, and can be made into tasks.

use std::sync::Mutex;

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::exchange::Exchange;
use super::lock;

/// A `send()` that has nothing to wait for. There is one of them.
#[pyclass(frozen, module = "tlsgi._worker")]
pub(super) struct Sent;

#[pymethods]
impl Sent {
    fn __await__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[expect(clippy::unused_self, reason = "the slot passes it")]
    const fn __next__(&self) -> Option<bool> {
        None
    }

    #[expect(clippy::unused_self, reason = "a method of coroutines")]
    fn send(&self, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyStopIteration::new_err(()))
    }

    #[pyo3(signature = (kind, value = None, _traceback = None))]
    #[expect(clippy::unused_self, reason = "a method of coroutines")]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        Err(thrown(kind, value))
    }

    #[expect(clippy::unused_self, reason = "a method of coroutines")]
    const fn close(&self) {}
}

/// A `receive()`, or a `send()` that waits for credit. Nothing is taken from the exchange before it is awaited, and nothing is
/// lost when the wait is cancelled.
#[pyclass(frozen, module = "tlsgi._worker")]
pub(super) struct Operation {
    exchange: Py<Exchange>,
    is_receive: bool,
    /// The iterator of the future that is waited for.
    waiting: Mutex<Option<Py<PyAny>>>,
}

impl Operation {
    pub(super) const fn new(exchange: Py<Exchange>, is_receive: bool) -> Self {
        Self { exchange, is_receive, waiting: Mutex::new(None) }
    }
}

#[pymethods]
impl Operation {
    fn __await__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let waiting = lock(&self.waiting).take();
        if let Some(waiting) = waiting
            && let Some(yielded) = self.step(py, waiting)?
        {
            return Ok(Some(yielded));
        }
        let exchange = self.exchange.bind(py);
        loop {
            if self.is_receive {
                if let Some(event) = exchange.get().next_event(py)? {
                    return Err(PyStopIteration::new_err(event.unbind()));
                }
            } else if exchange.get().is_writable()? {
                return Ok(None);
            }
            let future = exchange.get().wait(py, self.is_receive)?;
            let iterator = future.call_method0(py, intern!(py, "__await__"))?;
            if let Some(yielded) = self.step(py, iterator)? {
                return Ok(Some(yielded));
            }
        }
    }

    fn send(&self, py: Python<'_>, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        match self.__next__(py)? {
            Some(yielded) => Ok(yielded),
            None => Err(PyStopIteration::new_err(())),
        }
    }

    #[pyo3(signature = (kind, value = None, _traceback = None))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        lock(&self.waiting).take();
        Err(thrown(kind, value))
    }

    fn close(&self) {
        lock(&self.waiting).take();
    }
}

impl Operation {
    /// Drives the future's iterator: what it yields goes to the task, its end ends the wait.
    fn step(&self, py: Python<'_>, iterator: Py<PyAny>) -> PyResult<Option<Py<PyAny>>> {
        match iterator.call_method0(py, intern!(py, "__next__")) {
            Ok(yielded) => {
                *lock(&self.waiting) = Some(iterator);
                Ok(Some(yielded))
            }
            Err(error) if error.is_instance_of::<PyStopIteration>(py) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The exception behind the arguments of `throw`, in both of their forms.
fn thrown(kind: &Bound<'_, PyAny>, value: Option<&Bound<'_, PyAny>>) -> PyErr {
    if let Some(value) = value.filter(|value| !value.is_none()) {
        return PyErr::from_value(value.clone());
    }
    if kind.is_instance_of::<PyType>() {
        return match kind.call0() {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        };
    }
    if kind.is_instance_of::<pyo3::exceptions::PyBaseException>() {
        return PyErr::from_value(kind.clone());
    }
    PyRuntimeError::new_err("throw() takes an exception")
}
