//! The server object that `tlsgi._wsgi` drives: links in, threads in, notices out.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pyo3::prelude::*;
use tlsgi_wire::Interface;

use super::environ::Constants;
use super::link::{Link, Waker};
use super::queue::Queue;
use super::reader::Reader;
use super::turns;
use super::watchdog::{self, Reading};
use crate::Error;
use crate::pace::Pace;

/// What the main thread is told, as one byte in a socket that it polls.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Notice {
    /// A stop was asked for and nothing is left to do.
    Idle = b'i',
    /// `max_requests` were begun.
    Retire = b'r',
    /// The front broke the protocol; the text is in [`Shared::failure`].
    Failed = b'f',
}

/// What all threads of a worker share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The application.
    pub(crate) application: Py<PyAny>,
    /// `report(environ, what, exception)`: writes to the error log.
    pub(crate) report: Py<PyAny>,
    /// What every environ has.
    pub(crate) constants: Constants,
    /// Requests that wait for a thread.
    pub(crate) queue: Queue,
    /// Who reads the links.
    pub(crate) reading: Reading,
    /// How quick the application has been lately.
    pub(crate) pace: Pace,
    waker: Arc<Waker>,
    attached: Mutex<Vec<Arc<Link>>>,
    /// All links that are not over.
    links: Mutex<Vec<Weak<Link>>>,
    notices: UnixStream,
    failure: Mutex<Option<String>>,
    is_stopping: AtomicBool,
    is_over: AtomicBool,
    begun: AtomicU64,
    max_requests: u64,
}

impl Shared {
    /// Links that the reader does not know yet.
    pub(crate) fn take_attached(&self) -> Vec<Arc<Link>> {
        std::mem::take(&mut *lock(&self.attached))
    }

    /// Whether a finished answer may wait for the next one: the application is quick, and the watchdog looks after the answer.
    pub(crate) fn may_leave(&self) -> bool {
        self.pace.is_steady() && self.reading.is_watched()
    }

    /// Sends the finished answers that lie in the buffers of links.
    pub(crate) fn flush_left(&self) {
        lock(&self.links).retain(|link| link.upgrade().inspect(|link| link.flush_left()).is_some());
    }

    /// Whether the reader was woken since it last asked.
    pub(crate) fn takes_attention(&self) -> bool {
        self.waker.is_wanted.load(Ordering::Relaxed) && self.waker.is_wanted.swap(false, Ordering::AcqRel)
    }

    /// Whether the reader looks when an exchange ends.
    pub(crate) fn is_watching_ends(&self) -> bool {
        self.waker.is_watching_ends.load(Ordering::Relaxed)
    }

    /// The reader must look when an exchange ends.
    pub(crate) fn watch_ends(&self) {
        self.waker.is_watching_ends.store(true, Ordering::Relaxed);
    }

    /// A stop was asked for.
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Nothing more will be served.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Ends the reader and the threads that have nothing to do.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        self.queue.finish();
        self.waker.wake();
        self.reading.wake_watchdog();
    }

    /// Tells the main thread.
    pub(crate) fn notify(&self, notice: Notice) {
        // A full socket means that it has been told often enough.
        let _ = (&self.notices).write(&[notice as u8]);
    }

    /// The front broke the protocol.
    pub(crate) fn fail(&self, error: &Error) {
        let mut text = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            text = format!("{text}: {source}");
        }
        self.fail_with(text);
    }

    /// The worker cannot go on.
    pub(crate) fn fail_with(&self, text: String) {
        *lock(&self.failure) = Some(text);
        self.end();
        self.notify(Notice::Failed);
    }

    /// A request is about to be begun.
    pub(crate) fn count(&self) {
        if self.max_requests > 0 && self.begun.fetch_add(1, Ordering::Relaxed) + 1 == self.max_requests {
            self.notify(Notice::Retire);
        }
    }
}

/// Serves a WSGI application on links to the front.
#[pyclass(frozen, module = "tlsgi._worker")]
#[derive(Debug)]
pub(crate) struct WsgiServer {
    shared: Arc<Shared>,
    notices: UnixStream,
    capacity: u32,
    interpreter: String,
}

#[pymethods]
impl WsgiServer {
    #[new]
    #[pyo3(signature = (application, *, threads, interpreter, errors, report, max_requests = 0, is_parallel = false))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments in Python")]
    fn new(
        py: Python<'_>,
        application: Py<PyAny>,
        threads: u32,
        interpreter: String,
        errors: Py<PyAny>,
        report: Py<PyAny>,
        max_requests: u64,
        is_parallel: bool,
    ) -> PyResult<Self> {
        let (wake, waker) = pair()?;
        let (notices, notices_out) = pair()?;
        let shared = Arc::new(Shared {
            application,
            report,
            constants: Constants::new(py, errors, threads > 1)?,
            queue: Queue::new(is_parallel),
            reading: Reading::new(Reader::new(wake)),
            pace: Pace::default(),
            waker: Arc::new(Waker::new(waker)),
            attached: Mutex::new(Vec::new()),
            links: Mutex::new(Vec::new()),
            notices: notices_out,
            failure: Mutex::new(None),
            is_stopping: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            max_requests,
        });
        let watched = Arc::clone(&shared);
        std::thread::Builder::new().name("tlsgi: watchdog".into()).spawn(move || watchdog::watch(&watched))?;
        Ok(Self { shared, notices, capacity: threads, interpreter })
    }

    /// Serves the link behind a descriptor, which stays the caller's; returns the number of the duplicate.
    fn attach(&self, descriptor: i32) -> PyResult<i32> {
        let hello = |out: &mut Vec<u8>| crate::link::hello(out, Interface::Wsgi, self.capacity, &self.interpreter);
        let link = Arc::new(Link::new(crate::link::socket(descriptor)?, Arc::clone(&self.shared.waker), hello));
        let number = link.socket.as_raw_fd();
        lock(&self.shared.links).push(Arc::downgrade(&link));
        lock(&self.shared.attached).push(link);
        self.shared.waker.wake();
        Ok(number)
    }

    /// Calls the application for one request after the other until the worker stops: the body of a thread.
    fn serve(&self, py: Python<'_>) {
        turns::serve(py, &self.shared);
    }

    /// Ends when nothing is open any more; `notices` then says so.
    fn stop(&self) {
        self.shared.is_stopping.store(true, Ordering::Release);
        self.shared.watch_ends();
        self.shared.waker.wake();
    }

    /// Readable when there are notices.
    fn fileno(&self) -> i32 {
        self.notices.as_raw_fd()
    }

    /// What happened since the last call: `i` idle after a stop, `r` to be retired, `f` failed.
    fn notices(&self) -> PyResult<String> {
        let mut bytes = [0; 64];
        match (&self.notices).read(&mut bytes) {
            Ok(count) => Ok(bytes.iter().take(count).map(|byte| char::from(*byte)).collect()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(String::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// How the front broke the protocol, if it did.
    fn failure(&self) -> Option<String> {
        lock(&self.shared.failure).clone()
    }
}

fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (left, right) = tlsgi_sys::channel::pair()?;
    left.set_nonblocking(true)?;
    right.set_nonblocking(true)?;
    Ok((left, right))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
