//! One link as all threads see it: the write lock, the open exchanges, and whether the front is still there.
//!
//! Finished answers may be left in the buffer while their thread runs the next request (`turns.rs`), on one condition: the front
//! has been told before that this next one is begun. So a link with answers left always has an exchange open that both sides
//! take for begun, and neither presumes another one from what the front has not seen yet.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tlsgi_sys::ledger::Ledger;
use tlsgi_wire::call_mark;

use super::exchange::Exchange;
use crate::exchanges::Exchanges;
use crate::link::Outbox;

/// Most bytes that wait for the next answer.
const MOST_LEFT: usize = 32 << 10;

/// After this, what was left is written with the next answer, however short the calls are.
const LONGEST_LEFT: Duration = Duration::from_micros(200);

/// Gets the reader out of its wait.
#[derive(Debug)]
pub(crate) struct Waker {
    socket: UnixStream,
    /// Every exchange that ends is of interest: the worker stops, or a link drains.
    pub(crate) is_watching_ends: AtomicBool,
    /// There is a wake to be heard.
    pub(crate) is_wanted: AtomicBool,
}

impl Waker {
    /// Writes into `socket`, whose other end the reader polls.
    pub(crate) const fn new(socket: UnixStream) -> Self {
        Self { socket, is_watching_ends: AtomicBool::new(false), is_wanted: AtomicBool::new(false) }
    }

    /// Wakes the reader.
    pub(crate) fn wake(&self) {
        self.is_wanted.store(true, Ordering::Release);
        // A full socket has woken it already.
        let _ = (&self.socket).write(&[1]);
    }
}

/// What the front said in its first frame.
#[derive(Debug)]
pub(crate) struct Welcome {
    /// Text for `SERVER_SOFTWARE`.
    pub(crate) software: Box<str>,
    /// Other processes run the same application.
    pub(crate) is_multiprocess: bool,
}

/// One link to a front thread.
#[derive(Debug)]
pub(crate) struct Link {
    /// Non-blocking.
    pub(crate) socket: UnixStream,
    /// Set once, by the first frame of the front.
    pub(crate) welcome: OnceLock<Welcome>,
    /// Where the front finds what was called when this process was killed; none where the kernel has no such memory.
    ledger: Option<Ledger>,
    /// The socket was full: the reader flushes, nobody else tries. Changes with the lock held; the reader, which looks before every wait,
    /// does not wait for whoever is writing.
    is_blocked: AtomicBool,
    state: Mutex<State>,
    waker: Arc<Waker>,
}

/// What the write lock protects.
#[derive(Debug)]
pub(crate) struct State {
    /// Bytes on their way to the front.
    pub(crate) outbox: Outbox,
    /// What the front has open here.
    pub(crate) exchanges: Exchanges<Arc<Exchange>>,
    /// Since when finished answers lie in `outbox` that nobody has tried to send.
    left: Option<Instant>,
    /// The front is gone.
    pub(crate) is_gone: bool,
    /// No new exchange will come.
    pub(crate) is_draining: bool,
}

impl State {
    fn is_quiet(&self) -> bool {
        self.exchanges.len() == 0 && self.outbox.is_empty()
    }

    /// Whether `frames` may wait for more: there is room, and nothing waits for too long already.
    fn has_patience(&self, frames: usize, now: Instant) -> bool {
        let is_soon = self.left.is_none_or(|since| now.saturating_duration_since(since) < LONGEST_LEFT);
        is_soon && !self.is_gone && self.outbox.len() + frames <= MOST_LEFT
    }
}

impl Link {
    /// A link over a non-blocking socket, which says hello.
    pub(crate) fn new(socket: UnixStream, waker: Arc<Waker>, hello: impl FnOnce(&mut Vec<u8>)) -> Self {
        let (mut outbox, exchanges) = (Outbox::default(), Exchanges::new());
        let ledger = Ledger::create().ok().map(|(ledger, file)| {
            outbox.push_descriptor(file);
            ledger
        });
        hello(outbox.buffer());
        let state = State { outbox, exchanges, left: None, is_gone: false, is_draining: false };
        let link = Self {
            socket,
            welcome: OnceLock::new(),
            ledger,
            is_blocked: AtomicBool::new(false),
            state: Mutex::new(state),
            waker,
        };
        link.flush(&mut link.lock());
        link
    }

    /// Whether the front can tell what was called from what was only announced.
    pub(crate) const fn has_ledger(&self) -> bool {
        self.ledger.is_some()
    }

    /// The application is called for a request now. Requests that were only announced are not lost with this process.
    pub(crate) fn note_call(&self, id: u32, sequence: u64) {
        if let Some(ledger) = &self.ledger {
            ledger.note(id, call_mark(sequence));
        }
    }

    /// The write lock. Nobody waits for anything, and no Python object is made, while it is held.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encodes frames and sends what the socket takes at once; the reader sends the rest.
    pub(crate) fn write(&self, encode: impl FnOnce(&mut Outbox)) {
        let mut state = self.lock();
        encode(&mut state.outbox);
        self.flush(&mut state);
    }

    /// As [`Self::write`], for a frame that `encode` leaves without its last bytes, which are `piece`.
    pub(crate) fn write_apart(&self, encode: impl FnOnce(&mut Vec<u8>), piece: &[u8]) {
        let mut state = self.lock();
        state.left = None;
        encode(state.outbox.buffer());
        if state.is_gone || self.is_blocked() {
            state.outbox.buffer().extend_from_slice(piece);
            return self.flush(&mut state);
        }
        let outcome = state.outbox.flush_with(&self.socket, piece);
        self.note(&mut state, &outcome);
    }

    /// As [`Self::write`], for the last bytes of an answer whose exchange is not over yet: they may be left for [`Self::finish`] or
    /// whoever writes next, if `is_watched` says so.
    pub(crate) fn write_soon(&self, encode: impl FnOnce(&mut Vec<u8>), is_watched: impl FnOnce() -> bool) {
        let mut state = self.lock();
        encode(state.outbox.buffer());
        let now = Instant::now();
        if !self.is_blocked() && state.has_patience(0, now) && is_watched() {
            state.left.get_or_insert(now);
        } else {
            self.flush(&mut state);
        }
    }

    /// The application is about to be called: writes `Begin` unless the front presumes it.
    pub(crate) fn begin(&self, id: u32) {
        let mut state = self.lock();
        if state.exchanges.begin(id) {
            state.outbox.encoder().begin(id);
            self.flush(&mut state);
        }
    }

    /// Ends an exchange: its last frames, of which the last says that it is done, and in the same write `Begin` of the requests
    /// `next` that came over the same link, as far as they are not begun.
    pub(crate) fn finish(&self, id: u32, frames: &[u8], next: impl IntoIterator<Item = u32>) {
        let mut state = self.lock();
        state.outbox.buffer().extend_from_slice(frames);
        state.exchanges.done(id);
        for next in next {
            if state.exchanges.begin(next) {
                state.outbox.encoder().begin(next);
            }
        }
        self.flush(&mut state);
        drop(state);
        if self.waker.is_watching_ends.load(Ordering::Relaxed) {
            self.waker.wake();
        }
    }

    /// As [`Self::finish`], but leaves the frames in the buffer, when the front knows already that `next` is begun and `is_watched`
    /// says that somebody looks after them. False when they have to be written now: nothing was done.
    pub(crate) fn leave(
        &self,
        id: u32,
        frames: &[u8],
        next: u32,
        now: Instant,
        is_watched: impl FnOnce() -> bool,
    ) -> bool {
        let mut state = self.lock();
        // Before this exchange is over for us: what is presumed from its end, the front does not presume yet.
        let is_begun = state.exchanges.is_begun(next);
        if !is_begun || self.is_blocked() || !state.has_patience(frames.len(), now) || !is_watched() {
            return false;
        }
        state.outbox.buffer().extend_from_slice(frames);
        state.exchanges.done(id);
        state.left.get_or_insert(now);
        true
    }

    /// Sends what was left lying.
    pub(crate) fn flush_left(&self) {
        let mut state = self.lock();
        if state.left.is_some() {
            self.flush(&mut state);
        }
    }

    /// No exchange is open and nothing is left to send.
    pub(crate) fn is_quiet(&self) -> bool {
        self.lock().is_quiet()
    }

    /// The front said that nothing more comes, and all that came is answered.
    pub(crate) fn is_drained(&self) -> bool {
        let state = self.lock();
        state.is_draining && state.is_quiet()
    }

    /// Whether the reader has to write, too.
    pub(crate) fn is_blocked(&self) -> bool {
        self.is_blocked.load(Ordering::Relaxed)
    }

    /// Sends what is left; the reader's part when the socket was full.
    pub(crate) fn flush_blocked(&self) {
        let mut state = self.lock();
        self.is_blocked.store(false, Ordering::Relaxed);
        self.flush(&mut state);
    }

    fn flush(&self, state: &mut State) {
        state.left = None;
        if state.is_gone {
            state.outbox.clear();
            return;
        }
        if self.is_blocked() {
            return;
        }
        let outcome = state.outbox.flush(&self.socket);
        self.note(state, &outcome);
    }

    /// What became of a write: done, or left to the reader.
    fn note(&self, state: &mut State, outcome: &io::Result<bool>) {
        match outcome {
            Ok(true) => {}
            Ok(false) => {
                self.is_blocked.store(true, Ordering::Relaxed);
                self.waker.wake();
            }
            // The reader finds the end of the link by itself and tells the exchanges.
            Err(_) => state.outbox.clear(),
        }
    }
}
