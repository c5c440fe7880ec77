//! What all links share: the application, the loop and the number of exchanges that are open.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pyo3::exceptions::PyBaseException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tlsgi_wire::Interface;

use super::call::Call;
use super::exchange::Exchange;
use super::link::Link;
use super::lock;
use super::operation::Sent;
use super::scope::Named;
use crate::Error;
use crate::pace::Pace;

/// Runs an ASGI application for the requests of its links.
///
/// `host` hears what Python decides: `report`, `warn`, `fail`, `retire`, `idle`.
#[pyclass(frozen, module = "tlsgi._worker", name = "AsgiServer")]
pub(super) struct Server {
    application: Py<PyAny>,
    host: Py<PyAny>,
    pub(super) state: Py<PyDict>,
    pub(super) call_soon: Py<PyAny>,
    pub(super) create_future: Py<PyAny>,
    pub(super) sent: Py<Sent>,
    pub(super) pace: Pace,
    event_loop: Py<PyAny>,
    task: Py<PyAny>,
    task_options: Py<PyDict>,
    is_eager: bool,
    capacity: u32,
    interpreter: String,
    links: Mutex<Vec<Py<Link>>>,
    /// Exchanges that were opened and are not done.
    pub(super) open: AtomicUsize,
    served: AtomicUsize,
    /// After so many requests the worker wants to be replaced; 0 for never.
    max_requests: usize,
    is_stopping: AtomicBool,
}

#[pymethods]
impl Server {
    /// `task` makes a task of a coroutine, with `task_options`; `is_eager` says that it runs it at once.
    #[new]
    #[pyo3(signature = (
        application, host, event_loop, state, *, task, task_options, is_eager, capacity, interpreter, max_requests
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments in Python")]
    fn new(
        py: Python<'_>,
        application: Py<PyAny>,
        host: Py<PyAny>,
        event_loop: Py<PyAny>,
        state: Py<PyDict>,
        task: Py<PyAny>,
        task_options: Py<PyDict>,
        is_eager: bool,
        capacity: u32,
        interpreter: String,
        max_requests: usize,
    ) -> PyResult<Self> {
        Ok(Self {
            application,
            host,
            state,
            call_soon: event_loop.getattr(py, "call_soon")?,
            create_future: event_loop.getattr(py, "create_future")?,
            sent: Py::new(py, Sent)?,
            pace: Pace::default(),
            event_loop,
            task,
            task_options,
            is_eager,
            capacity,
            interpreter,
            links: Mutex::new(Vec::new()),
            open: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
            max_requests,
            is_stopping: AtomicBool::new(false),
        })
    }

    /// Takes a copy of a link's descriptor, says hello and watches it; gives the number of the copy.
    fn attach(slf: &Bound<'_, Self>, descriptor: i32) -> PyResult<i32> {
        let (py, this) = (slf.py(), slf.get());
        let socket = crate::link::socket(descriptor)?;
        let link = Link::open(slf.clone().unbind(), socket, |out| {
            crate::link::hello(out, Interface::Asgi, this.capacity, &this.interpreter);
        });
        let link = Bound::new(py, link)?;
        lock(&this.links).push(link.clone().unbind());
        let number = link.get().number();
        this.event_loop.call_method1(py, "add_reader", (number, link.getattr("on_readable")?))?;
        Link::flush(&link)?;
        Ok(number)
    }

    /// Closes what would last, and calls `host.idle` when no exchange is open.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        self.is_stopping.store(true, Ordering::Relaxed);
        for link in self.links(py) {
            for exchange in link.get().exchanges(py) {
                exchange.get().stop(py)?;
            }
            Link::flush(link.bind(py))?;
        }
        self.notice_idle(py)
    }

    /// Cancels every application call that still runs.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        for link in self.links(py) {
            for exchange in link.get().exchanges(py) {
                if let Some(task) = exchange.get().task(py) {
                    task.call_method0(py, "cancel")?;
                }
            }
        }
        Ok(())
    }

    /// Writes what is left and ends all links.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        for link in self.links(py) {
            Link::flush(link.bind(py))?;
            Link::lose(link.bind(py))?;
        }
        Ok(())
    }

    /// Exchanges that are open.
    #[getter]
    fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Links that are open.
    #[getter(links)]
    fn link_count(&self) -> usize {
        lock(&self.links).len()
    }
}

impl Server {
    fn links(&self, py: Python<'_>) -> Vec<Py<Link>> {
        lock(&self.links).iter().map(|link| link.clone_ref(py)).collect()
    }

    /// Counts a request, and asks to be replaced after the last one that was wanted.
    pub(super) fn count(&self, py: Python<'_>) -> PyResult<()> {
        self.open.fetch_add(1, Ordering::Relaxed);
        let served = self.served.fetch_add(1, Ordering::Relaxed) + 1;
        if served == self.max_requests {
            self.host.call_method0(py, intern!(py, "retire"))?;
        }
        Ok(())
    }

    /// Calls the application as a task of its own.
    pub(super) fn start(&self, exchange: &Bound<'_, Exchange>, scope: &Bound<'_, PyDict>) -> PyResult<()> {
        let py = exchange.py();
        let receive = exchange.getattr(intern!(py, "receive"))?;
        let send = exchange.getattr(intern!(py, "send"))?;
        let task = self
            .application
            .bind(py)
            .call1((scope, receive, send))
            .and_then(|coroutine| Call::new(exchange.clone().unbind(), &coroutine))
            .and_then(|call| self.task.bind(py).call((call,), Some(self.task_options.bind(py))));
        let task = match task {
            Ok(task) => task,
            Err(error) => return exchange.get().conclude(py, Some(error)),
        };
        if self.is_eager && exchange.get().is_concluded() {
            return Ok(());
        }
        if self.is_eager && task.call_method0(intern!(py, "done"))?.is_truthy()? {
            return Exchange::finished(exchange, &task);
        }
        exchange.get().keep(task.unbind());
        Ok(())
    }

    /// Logs an exception that left the application. A log that fails must not keep the answer back.
    pub(super) fn report(&self, py: Python<'_>, request: &Named, error: Py<PyBaseException>, is_client_gone: bool) {
        let arguments = (&request.method, &request.path, &request.id, error, is_client_gone);
        if let Err(error) = self.host.call_method1(py, intern!(py, "report"), arguments) {
            error.write_unraisable(py, None);
        }
    }

    /// Logs what the application did wrong without an exception.
    pub(super) fn warn(&self, py: Python<'_>, request: &Named, text: &str) {
        let arguments = (&request.method, &request.path, &request.id, text);
        if let Err(error) = self.host.call_method1(py, intern!(py, "warn"), arguments) {
            error.write_unraisable(py, None);
        }
    }

    /// Ends the worker: the front cannot be understood.
    pub(super) fn fail(&self, py: Python<'_>, error: &Error) -> PyResult<()> {
        let mut text = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            text = format!("{text}: {source}");
        }
        self.fail_because(py, &text)
    }

    /// As [`Self::fail`], in words.
    pub(super) fn fail_because(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        self.host.call_method1(py, intern!(py, "fail"), (text,)).map(drop)
    }

    pub(super) fn notice_idle(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_stopping.load(Ordering::Relaxed) && self.open.load(Ordering::Relaxed) == 0 {
            self.host.call_method0(py, intern!(py, "idle"))?;
        }
        Ok(())
    }

    pub(super) fn watch_writable(&self, link: &Bound<'_, Link>) -> PyResult<()> {
        let arguments = (link.get().number(), link.getattr("on_writable")?);
        self.event_loop.call_method1(link.py(), "add_writer", arguments).map(drop)
    }

    pub(super) fn unwatch_writable(&self, link: &Bound<'_, Link>) -> PyResult<()> {
        self.event_loop.call_method1(link.py(), "remove_writer", (link.get().number(),)).map(drop)
    }

    /// Forgets a link that ended.
    pub(super) fn detach(&self, link: &Bound<'_, Link>) -> PyResult<()> {
        self.event_loop.call_method1(link.py(), "remove_reader", (link.get().number(),))?;
        lock(&self.links).retain(|other| !other.is(link));
        Ok(())
    }
}
