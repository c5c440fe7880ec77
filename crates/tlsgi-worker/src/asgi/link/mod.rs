//! A link as the loop sees it: what arrives becomes events and applications to start, what was said is written in few writes.

mod frames;

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use tlsgi_wire::{Direction, Inbox};

use self::frames::Trouble;
use super::exchange::Exchange;
use super::lock;
use super::outgoing::{Flush, Outgoing, SOON_ENOUGH};
use super::scope::{Objects, Templates};
use super::server::Server;
use crate::Error;
use crate::exchanges::Exchanges;
use crate::facts::FactTable;
use crate::link;

/// How long a finished answer may wait for applications that are started after it: about what a write costs to save.
const PATIENCE: Duration = Duration::from_micros(100);

/// A socket to one front thread.
#[pyclass(frozen, module = "tlsgi._worker", name = "AsgiLink")]
pub(super) struct Link {
    pub(super) server: Py<Server>,
    pub(super) outgoing: Mutex<Outgoing>,
    socket: Arc<UnixStream>,
    exchanges: Mutex<Exchanges<Py<Exchange>>>,
    incoming: Mutex<Incoming>,
    /// No new exchange comes; the link ends with the last one.
    is_draining: AtomicBool,
}

struct Incoming {
    inbox: Inbox,
    facts: FactTable<Objects, Templates>,
    is_welcomed: bool,
    /// Requests whose `Begin` is not written yet, because the socket is full.
    held_back: Vec<Start>,
}

struct Start {
    exchange: Py<Exchange>,
    scope: Py<PyDict>,
}

#[pymethods]
impl Link {
    /// The loop's reader callback: takes what is there, once, so that other descriptors get their turn.
    fn on_readable(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let Ok(mut incoming) = slf.get().incoming.try_lock() else { return Ok(()) };
        match link::receive(&mut incoming.inbox, &slf.get().socket) {
            Ok(0) => {
                drop(incoming);
                return Self::lose(slf);
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                drop(incoming);
                return Self::lose(slf);
            }
            Err(error) => return slf.get().server.get().fail(py, &Error::Io(error)),
        }
        let starts = match Self::take(slf, &mut incoming) {
            Ok(starts) => starts,
            Err(Trouble::Fatal(error)) => return slf.get().server.get().fail(py, &error),
            Err(Trouble::Python(error)) => {
                // A request that cannot be given to the application would be lost without a word.
                slf.get().server.get().fail_because(py, "a request could not be prepared")?;
                return Err(error);
            }
        };
        drop(incoming);
        Self::begin(slf, starts)?;
        Self::flush(slf)
    }

    /// The loop's writer callback, while the socket was full.
    fn on_writable(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::flush(slf)?;
        if lock(&slf.get().outgoing).is_empty() {
            let held_back = std::mem::take(&mut lock(&slf.get().incoming).held_back);
            Self::run(slf, held_back)?;
        }
        Self::flush(slf)
    }

    /// Called by the loop once in a turn in which something was said.
    fn on_turn(slf: &Bound<'_, Self>) -> PyResult<()> {
        let mut out = lock(&slf.get().outgoing);
        // Tasks that just said their last word are about to end: their DONE goes out with it.
        if out.flush == Flush::Turn && out.unfinished > 0 && out.len() < SOON_ENOUGH {
            out.flush = Flush::SecondTurn;
            drop(out);
            return slf.get().schedule(slf);
        }
        if matches!(out.flush, Flush::Turn | Flush::SecondTurn) {
            out.flush = Flush::Unplanned;
        }
        if let Some(planned) = out.planned.take() {
            slf.get().server.get().pace.note_turn(planned.elapsed());
        }
        drop(out);
        Self::flush(slf)
    }
}

impl Link {
    pub(super) fn open(server: Py<Server>, socket: UnixStream, hello: impl FnOnce(&mut Vec<u8>)) -> Self {
        let socket = Arc::new(socket);
        let mut outgoing = Outgoing::new(Arc::clone(&socket));
        hello(outgoing.buffer());
        Self {
            server,
            outgoing: Mutex::new(outgoing),
            socket,
            exchanges: Mutex::new(Exchanges::new()),
            incoming: Mutex::new(Incoming {
                inbox: Inbox::new(Direction::ToWorker),
                facts: FactTable::new(),
                is_welcomed: false,
                held_back: Vec::new(),
            }),
            is_draining: AtomicBool::new(false),
        }
    }

    /// The descriptor to watch.
    pub(super) fn number(&self) -> i32 {
        self.socket.as_raw_fd()
    }

    /// The exchanges that are open.
    pub(super) fn exchanges(&self, py: Python<'_>) -> Vec<Py<Exchange>> {
        lock(&self.exchanges).iter().map(|(_, exchange)| exchange.clone_ref(py)).collect()
    }

    /// The front may use the id again as soon as it reads the frame that says so.
    pub(super) fn forget(&self, id: u32) {
        if lock(&self.exchanges).done(id).is_some() {
            self.server.get().open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Sees to it that what was said is written: at once while applications may be slow and when nobody else will,
    /// otherwise with what others say.
    pub(super) fn plan(slf: &Bound<'_, Self>, is_urgent: bool) -> PyResult<()> {
        let is_steady = slf.get().server.get().pace.is_steady();
        let mut out = lock(&slf.get().outgoing);
        if out.is_empty() || matches!(out.flush, Flush::Blocked | Flush::Closed) {
            return Ok(());
        }
        let is_first = out.flush == Flush::Unplanned;
        let is_soon = out.is_enough() || !is_steady || (is_first && is_urgent);
        if is_first {
            out.flush = Flush::Turn;
            out.planned = Some(Instant::now());
        }
        drop(out);
        if is_first {
            slf.get().schedule(slf)?;
        }
        if is_soon { Self::flush(slf) } else { Ok(()) }
    }

    /// Writes what the socket takes.
    pub(super) fn flush(slf: &Bound<'_, Self>) -> PyResult<()> {
        let this = slf.get();
        let mut out = lock(&this.outgoing);
        if out.flush == Flush::Closed {
            return Ok(());
        }
        let was_blocked = out.flush == Flush::Blocked;
        let Ok(is_written) = out.write() else {
            // The reader finds the end of the stream and cleans up.
            out.close();
            return Ok(());
        };
        if !is_written {
            out.flush = Flush::Blocked;
        } else if was_blocked {
            out.flush = Flush::Unplanned;
        }
        drop(out);
        match (is_written, was_blocked) {
            (false, false) => this.server.get().watch_writable(slf)?,
            (true, true) => {
                this.server.get().unwatch_writable(slf)?;
                // Whoever made the room, the requests that were held back for it are due. While frames are being read,
                // nobody can tell whether there are any.
                if this.incoming.try_lock().map_or(true, |incoming| !incoming.held_back.is_empty()) {
                    this.call_soon(slf, intern!(slf.py(), "on_writable"))?;
                }
            }
            _ => {}
        }
        if is_written && this.is_draining.load(Ordering::Relaxed) && lock(&this.exchanges).len() == 0 {
            return Self::lose(slf);
        }
        if is_written { this.server.get().notice_idle(slf.py()) } else { Ok(()) }
    }

    /// Ends the link: its exchanges have nobody to answer to.
    pub(super) fn lose(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        let was_blocked = {
            let mut out = lock(&this.outgoing);
            let was_blocked = out.flush == Flush::Blocked;
            out.close();
            was_blocked
        };
        let server = this.server.get();
        if was_blocked {
            server.unwatch_writable(slf)?;
        }
        // Taken already when frames are being read, which then start nothing any more.
        let held_back = this.incoming.try_lock().map(|mut incoming| std::mem::take(&mut incoming.held_back));
        for exchange in this.exchanges(py) {
            exchange.get().leave(py, 1006, "")?;
        }
        for start in held_back.unwrap_or_default() {
            start.exchange.get().conclude(py, None)?;
        }
        server.detach(slf)?;
        // The front may wait for the end of the stream.
        let _ = this.socket.shutdown(std::net::Shutdown::Both);
        server.notice_idle(py)
    }

    fn schedule(&self, slf: &Bound<'_, Self>) -> PyResult<()> {
        self.call_soon(slf, intern!(slf.py(), "on_turn"))
    }

    fn call_soon(&self, slf: &Bound<'_, Self>, name: &Bound<'_, PyString>) -> PyResult<()> {
        let callback = slf.getattr(name)?;
        self.server.get().call_soon.bind(slf.py()).call1((callback,)).map(drop)
    }

    /// Writes the `Begin` frames of a batch, with whatever waits, in one write before any application is called.
    fn begin(slf: &Bound<'_, Self>, starts: Vec<Start>) -> PyResult<()> {
        if starts.is_empty() {
            return Ok(());
        }
        let this = slf.get();
        let (mut called, mut dropped) = (Vec::with_capacity(starts.len()), Vec::new());
        for start in starts {
            if start.exchange.get().is_gone() { dropped.push(start) } else { called.push(start) }
        }
        for start in dropped {
            start.exchange.get().conclude(slf.py(), None)?;
        }
        {
            let mut exchanges = lock(&this.exchanges);
            let mut out = lock(&this.outgoing);
            for start in &called {
                let id = start.exchange.get().id();
                if exchanges.begin(id) {
                    out.encode().begin(id);
                }
            }
        }
        if !lock(&this.outgoing).is_empty() {
            Self::flush(slf)?;
        }
        if lock(&this.outgoing).flush == Flush::Blocked {
            lock(&this.incoming).held_back.append(&mut called);
            return Ok(());
        }
        Self::run(slf, called)
    }

    /// Starts applications, one after the other.
    fn run(slf: &Bound<'_, Self>, starts: Vec<Start>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        {
            let mut out = lock(&this.outgoing);
            if matches!(out.flush, Flush::Unplanned | Flush::Turn | Flush::SecondTurn) {
                out.flush = Flush::Batch;
            }
        }
        let server = this.server.get();
        let mut before = Instant::now();
        let mut waiting_since = None;
        for start in starts {
            if start.exchange.get().is_gone() {
                start.exchange.get().conclude(py, None)?;
                continue;
            }
            server.start(start.exchange.bind(py), start.scope.bind(py))?;
            let now = Instant::now();
            server.pace.note_call(now - before);
            before = now;
            if now - *waiting_since.get_or_insert(now) > PATIENCE || !server.pace.is_steady() {
                Self::flush(slf)?;
                waiting_since = None;
            }
        }
        let mut out = lock(&this.outgoing);
        if out.flush == Flush::Batch {
            out.flush = Flush::Unplanned;
        }
        Ok(())
    }
}
