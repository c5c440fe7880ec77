//! One socket to one worker: frames out in batches, frames in to the exchanges they belong to.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use slab::Slab;
use tlsgi_sys::{channel, ledger};
use tlsgi_wire::{
    CancelReason, Credit, Direction, Encoder, FrameView, INITIAL_REQUEST_CREDIT, Inbox, Kind, Payload, Progress,
    REASON_FIELD, RequestKind, VERSION, Welcome, WorkerExchange, call_mark,
};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use super::exchange::{Entry, Exchange, WorkerEvent};
use super::outgoing::{Outgoing, SLICES};
use super::slots::WorkerShared;
use super::vigil::Vigil;
use super::worker_end::WorkerEnd;
use super::{Pool, Slot};
use crate::connection::View;
use crate::http::field::{self, id as field_id};
use crate::http::head::{BodyLength, RequestHead};
use crate::http::response::ResponseHead;

/// Events that may wait for one exchange; more than any honest worker can have under its credit.
const MAX_EVENTS: usize = 65_536;

/// Bytes of frames that nobody waits for, over which they are written all the same.
const MAX_LEFT: usize = 512;

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// The worker closed it.
    #[error("the worker closed its link")]
    Closed,
    /// The socket failed.
    #[error("the link failed")]
    Socket(#[source] io::Error),
    /// The worker broke the protocol.
    #[error("the worker broke the protocol: {0}")]
    Protocol(#[from] tlsgi_wire::Error),
    /// Another version of the module.
    #[error(
        "the worker's tlsgi module speaks version {0} of the wire, this server speaks {VERSION}: reinstall tlsgi there"
    )]
    Version(u16),
    /// More waiting frames than allowed.
    #[error("the worker sent too much without being asked")]
    Flood,
    /// A fault of this server's.
    #[error("the front failed while it served this worker's link")]
    Fault,
}

/// One link.
pub(crate) struct Link {
    worker: Arc<WorkerShared>,
    socket: UnixStream,
    out: RefCell<Outgoing>,
    flush: Notify,
    is_flush_due: Cell<bool>,
    entries: RefCell<Slab<Entry>>,
    unbegun: RefCell<VecDeque<(u32, u64)>>,
    /// Over those that have to be begun by some time.
    vigil: Vigil,
    sequence: Cell<u64>,
    begun: Cell<usize>,
    /// Bytes that were encoded, and those of them that the socket took.
    enqueued: Cell<u64>,
    written: Cell<u64>,
    /// Of these, what the worker had not read when its process ended; none while it may still run.
    unread: Cell<Option<u64>>,
    worker_end: RefCell<Option<WorkerEnd>>,
    /// Where the worker notes which requests it calls the application for.
    ledger: RefCell<Option<OwnedFd>>,
    is_closed: Cell<bool>,
    idle: Notify,
    is_counted_out: Cell<bool>,
}

impl Link {
    /// A link over one end of a socket pair, and the other end where the worker's death can be watched.
    pub(crate) fn new(
        worker: Arc<WorkerShared>,
        socket: std::os::unix::net::UnixStream,
        worker_end: Option<WorkerEnd>,
    ) -> io::Result<Rc<Self>> {
        socket.set_nonblocking(true)?;
        Ok(Rc::new(Self {
            worker,
            socket: UnixStream::from_std(socket)?,
            out: RefCell::default(),
            flush: Notify::new(),
            is_flush_due: Cell::new(false),
            entries: RefCell::default(),
            unbegun: RefCell::default(),
            vigil: Vigil::default(),
            sequence: Cell::new(0),
            begun: Cell::new(0),
            enqueued: Cell::new(0),
            written: Cell::new(0),
            unread: Cell::new(None),
            worker_end: RefCell::new(worker_end),
            ledger: RefCell::default(),
            is_closed: Cell::new(false),
            idle: Notify::new(),
            is_counted_out: Cell::new(false),
        }))
    }

    /// The process behind it.
    pub(crate) fn worker(&self) -> &Arc<WorkerShared> {
        &self.worker
    }

    /// Runs the link to its end: welcome, hello, then frames both ways. The pool is told when the worker is ready.
    pub(crate) async fn run(self: Rc<Self>, pool: Rc<Pool>, software: &str, is_multiprocess: bool) -> Broken {
        self.write(|out| Encoder::new(out).welcome(&Welcome { version: VERSION, software, is_multiprocess }));
        let broken = tokio::select! {
            broken = self.write_loop() => broken,
            broken = self.read_loop(&pool) => broken,
            broken = self.watch_process() => broken,
            never = self.vigil.keep(|now| self.tell_overdue(now)) => match never {},
        };
        self.close(&pool);
        broken
    }

    /// Takes the link out of dispatch and tells every exchange on it that the worker is gone.
    pub(crate) fn close(&self, pool: &Pool) {
        self.is_closed.set(true);
        pool.remove(self.worker.number());
        self.lose_all();
        self.idle.notify_one();
    }

    /// Gives the request to the worker. `body` are its first bytes, complete with `is_end`.
    pub(crate) fn start(
        self: &Rc<Self>,
        slot: Slot,
        view: &View,
        head: &RequestHead,
        request: &Dispatch<'_>,
    ) -> Exchange {
        let kind = request.kind;
        let initial = if head.expects_continue { 0 } else { INITIAL_REQUEST_CREDIT };
        let mut request_credit = Credit::new(initial);
        request_credit.take(request.body.len());
        let sequence = self.sequence.get();
        self.sequence.set(sequence + 1);
        let entry = Entry {
            sequence,
            end: u64::MAX,
            wire: WorkerExchange::new(kind),
            events: VecDeque::new(),
            waker: None,
            request_credit,
            is_abandoned: false,
            has_ended: false,
            slot: Some(slot),
            begins_by: request.begins_within.and_then(|wait| Instant::now().checked_add(wait)),
        };
        if let Some(at) = entry.begins_by {
            self.vigil.expect(at);
        }
        let id = u32::try_from(self.entries.borrow_mut().insert(entry)).unwrap_or(u32::MAX);
        self.unbegun.borrow_mut().push_back((id, sequence));
        self.presume_oldest();
        self.write(|out| {
            view.announce(self, out);
            encode_request(out, id, view, head, request);
        });
        let end = self.enqueued.get();
        self.with_entry(id, |entry| entry.end = end);
        if self.is_closed.get() {
            self.lose_all();
        }
        Exchange::new(Rc::clone(self), id)
    }

    /// Counts this link as through, once; true when it was the worker's last.
    pub(crate) fn count_out(&self) -> bool {
        !self.is_counted_out.replace(true) && self.worker.link_closed()
    }

    /// Resolves when nothing runs here any more.
    pub(crate) async fn until_idle(&self) {
        while !self.is_closed.get() && !self.entries.borrow().is_empty() {
            self.idle.notified().await;
        }
    }

    /// Appends frames to what goes out next.
    pub(crate) fn write(&self, encode: impl FnOnce(&mut Vec<u8>)) {
        self.append(encode);
        if !self.is_flush_due.replace(true) {
            self.flush.notify_one();
        }
    }

    /// Appends frames that need not be read soon: they leave with the next others, or when there are many.
    pub(crate) fn leave(&self, encode: impl FnOnce(&mut Vec<u8>)) {
        if self.append(encode) > MAX_LEFT {
            self.write(|_| {});
        }
    }

    /// As [`Self::write`], for a frame that `encode` leaves without its last bytes, which are `piece`.
    pub(super) fn write_apart(&self, encode: impl FnOnce(&mut Vec<u8>), piece: Bytes) {
        self.append(encode);
        self.enqueued.set(self.enqueued.get() + piece.len() as u64);
        self.out.borrow_mut().push(piece);
        self.write(|_| {});
    }

    /// Gives the number of encoded bytes that wait.
    fn append(&self, encode: impl FnOnce(&mut Vec<u8>)) -> usize {
        let mut out = self.out.borrow_mut();
        let out = out.encoded();
        let before = out.len();
        encode(out);
        self.enqueued.set(self.enqueued.get() + (out.len() - before) as u64);
        out.len()
    }

    pub(super) fn with_entry<R>(&self, id: u32, use_it: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        self.entries.borrow_mut().get_mut(id as usize).map(use_it)
    }

    /// Nobody listens to this exchange any more; with a reason, the worker is told to stop.
    pub(super) fn abandon(&self, id: u32, reason: Option<CancelReason>) {
        let is_done = self.with_entry(id, |entry| {
            entry.is_abandoned = true;
            entry.events.clear();
            entry.waker = None;
            entry.wire.progress() == Progress::Done
        });
        match (is_done, reason) {
            (Some(true), _) => self.forget(id),
            (Some(false), Some(reason)) => self.write(|out| Encoder::new(out).cancel(id, reason)),
            _ => {}
        }
    }

    fn forget(&self, id: u32) {
        let mut entries = self.entries.borrow_mut();
        let entry = entries.try_remove(id as usize);
        let is_empty = entries.is_empty();
        drop(entries);
        drop(entry);
        if is_empty {
            self.idle.notify_one();
        }
    }

    /// Writes what is there, as much as the socket takes at a time; what piles up meanwhile goes out in one write.
    async fn write_loop(&self) -> Broken {
        let mut batch = Outgoing::default();
        loop {
            self.flush.notified().await;
            self.is_flush_due.set(false);
            std::mem::swap(&mut batch, &mut self.out.borrow_mut());
            while !batch.is_empty() {
                let outcome = match batch.slices(&mut [IoSlice::new(&[]); SLICES]) {
                    [only] => self.socket.try_write(only),
                    several => self.socket.try_write_vectored(several),
                };
                match outcome {
                    Ok(written) => {
                        batch.advance(written);
                        self.written.set(self.written.get() + written as u64);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        if let Err(error) = self.socket.writable().await {
                            return Broken::Socket(error);
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // The reader still takes what the worker sent before it died, and ends the link.
                    Err(_) => std::future::pending().await,
                }
            }
            batch.clear();
        }
    }

    /// Notes what the worker had not read when its process ended. The reader finds the end of the link.
    async fn watch_process(&self) -> Broken {
        let worker_end = self.worker_end.take();
        if let Some(worker_end) = worker_end {
            match worker_end.until_gone().await {
                Ok(unread) => self.unread.set(Some(unread)),
                Err(error) => tracing::debug!(worker = self.worker.number(), %error, "its end cannot be watched"),
            }
        }
        std::future::pending().await
    }

    /// Tells the requests that had to be begun by now; gives the moment of the next ones.
    fn tell_overdue(&self, now: Instant) -> Option<Instant> {
        let unbegun = self.unbegun.borrow();
        let mut entries = self.entries.borrow_mut();
        let mut next: Option<Instant> = None;
        for (id, sequence) in unbegun.iter().copied() {
            let waits = |entry: &&mut Entry| entry.sequence == sequence && entry.wire.is_replayable();
            let Some(entry) = entries.get_mut(id as usize).filter(waits) else { continue };
            match entry.begins_by {
                Some(at) if at <= now => {
                    entry.begins_by = None;
                    entry.tell(WorkerEvent::Overdue);
                }
                Some(at) => next = Some(next.map_or(at, |next| next.min(at))),
                None => {}
            }
        }
        next
    }

    async fn read_loop(self: &Rc<Self>, pool: &Rc<Pool>) -> Broken {
        let (mut inbox, mut has_hello) = (Inbox::new(Direction::ToFront), false);
        let mut descriptors = VecDeque::new();
        loop {
            match self.receive(&mut inbox, &mut descriptors).await {
                Ok(0) => return Broken::Closed,
                Ok(_) => {}
                Err(error) => return Broken::Socket(error),
            }
            let mut frames = inbox.frames();
            loop {
                let frame = match frames.next_frame() {
                    Ok(Some(frame)) => frame,
                    Ok(None) => break,
                    Err(error) => return error.into(),
                };
                let outcome = if has_hello {
                    self.receive_frame(&frame, &mut descriptors, &inbox)
                } else {
                    has_hello = true;
                    self.receive_hello(&frame, &mut descriptors, pool)
                };
                if let Err(broken) = outcome {
                    return broken;
                }
            }
            let consumed = frames.consumed();
            inbox.consume(consumed);
        }
    }

    /// Reads once what is there. A short read means that the socket is empty: readiness is given back without another call.
    async fn receive(&self, inbox: &mut Inbox, descriptors: &mut VecDeque<OwnedFd>) -> io::Result<usize> {
        loop {
            self.socket.readable().await?;
            let mut received = None;
            let mut passed = Vec::new();
            let outcome = self.socket.try_io(Interest::READABLE, || {
                let mut room = 0;
                let count = inbox.receive(|into| {
                    room = into.len();
                    channel::receive_some(self.socket.as_fd(), into, &mut passed)
                })?;
                received = Some(count);
                // The kernel ends a read behind a descriptor, whatever follows: such a short read says nothing.
                let is_drained = count > 0 && count < room && passed.is_empty();
                if is_drained { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            descriptors.extend(passed);
            if let Some(count) = received {
                return Ok(count);
            }
            match outcome {
                Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    return Err(error);
                }
                _ => {}
            }
        }
    }

    fn receive_hello(
        self: &Rc<Self>,
        frame: &FrameView<'_>,
        descriptors: &mut VecDeque<OwnedFd>,
        pool: &Rc<Pool>,
    ) -> Result<(), Broken> {
        let Payload::Hello(hello) = frame.payload else {
            return Err(tlsgi_wire::Error::OutOfOrder(Kind::Hello).into());
        };
        if hello.version != VERSION {
            return Err(Broken::Version(hello.version));
        }
        // Whatever else a worker may send here, reading it could wait.
        self.ledger.replace(descriptors.pop_front().filter(|file| ledger::is_ledger(file)));
        self.worker.set_capacity(hello.capacity);
        pool.set_interface(hello.interface);
        tracing::debug!(
            worker = self.worker.number(),
            process = hello.process,
            interpreter = hello.interpreter,
            "link up"
        );
        pool.add(self);
        Ok(())
    }

    fn receive_frame(
        &self,
        frame: &FrameView<'_>,
        descriptors: &mut VecDeque<OwnedFd>,
        inbox: &Inbox,
    ) -> Result<(), Broken> {
        let kind = kind_of(&frame.payload);
        let mut entries = self.entries.borrow_mut();
        let entry = entries.get_mut(frame.id as usize).ok_or(tlsgi_wire::Error::UnknownExchange(frame.id))?;
        let before = entry.wire.progress();
        entry.wire.receive(kind, &frame.payload)?;
        let after = entry.wire.progress();
        let had_ended = entry.has_ended;
        entry.has_ended |= matches!(after, Progress::Ended | Progress::Done);
        let event = event_of(entry, frame, descriptors, inbox, had_ended)?;
        if let (Some(event), false) = (event, entry.is_abandoned) {
            if entry.events.len() >= MAX_EVENTS {
                return Err(Broken::Flood);
            }
            entry.tell(event);
        }
        let is_done = after == Progress::Done;
        let slot = if is_done { entry.slot.take() } else { None };
        let is_forgotten = is_done && entry.is_abandoned;
        drop(entries);
        self.count_begun(before, after);
        drop(slot);
        if is_forgotten {
            self.forget(frame.id);
        }
        Ok(())
    }

    fn count_begun(&self, before: Progress, after: Progress) {
        if before == Progress::Sent && after != Progress::Sent && after != Progress::Done {
            self.begun.set(self.begun.get() + 1);
        }
        if after == Progress::Done {
            if before != Progress::Sent {
                self.begun.set(self.begun.get().saturating_sub(1));
            }
            self.presume_oldest();
        }
    }

    /// Rule 3 of the wire: with no exchange begun, the oldest one is presumed begun.
    fn presume_oldest(&self) {
        let mut unbegun = self.unbegun.borrow_mut();
        let mut entries = self.entries.borrow_mut();
        while let Some((id, sequence)) = unbegun.front().copied() {
            let entry = entries
                .get_mut(id as usize)
                .filter(|entry| entry.sequence == sequence && entry.wire.progress() == Progress::Sent);
            match entry {
                None => {}
                Some(_) if self.begun.get() > 0 => return,
                Some(entry) => {
                    entry.wire.presume_begun();
                    self.begun.set(1);
                }
            }
            unbegun.pop_front();
        }
    }

    /// The worker is gone: every exchange hears it, with what is known about its beginning.
    fn lose_all(&self) {
        let unread = self.unread.get();
        let taken = self.written.get().saturating_sub(unread.unwrap_or(0));
        let ledger = self.ledger.borrow();
        // Final only when the process has ended.
        let ledger = ledger.as_ref().filter(|_| unread.is_some());
        // Announced, but not called.
        let is_uncalled = |id: usize, entry: &Entry| {
            let noted = ledger.zip(u32::try_from(id).ok()).and_then(|(ledger, id)| ledger::entry(ledger, id));
            noted.is_some_and(|noted| noted != call_mark(entry.sequence))
        };
        let mut slots = Vec::new();
        let mut entries = self.entries.borrow_mut();
        entries.retain(|id, entry| {
            slots.extend(entry.slot.take());
            // What had ended is complete for the client; only the application's afterthought is lost.
            if !entry.has_ended {
                // What the worker did not even read, nobody began, whatever was presumed.
                let is_replayable = entry.wire.is_replayable() || entry.end > taken || is_uncalled(id, entry);
                entry.events.push_back(WorkerEvent::Lost { is_replayable });
            }
            if let Some(waker) = entry.waker.take() {
                waker.wake();
            }
            !entry.is_abandoned
        });
        drop(entries);
        drop(slots);
    }
}

/// What the front adds to a request when it hands it over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dispatch<'a> {
    /// HTTP or WebSocket.
    pub(crate) kind: RequestKind,
    /// `SCRIPT_NAME` / `root_path`.
    pub(crate) mount: &'a str,
    /// Reaches the application as `x-request-id`.
    pub(crate) request_id: &'a str,
    /// First bytes of the body.
    pub(crate) body: &'a [u8],
    /// The body is complete with them.
    pub(crate) is_end: bool,
    /// How long it may wait at the worker for its turn; none where a thread is free.
    pub(crate) begins_within: Option<Duration>,
}

fn encode_request(out: &mut Vec<u8>, id: u32, view: &View, head: &RequestHead, request: &Dispatch<'_>) {
    let content_length = match head.body {
        BodyLength::Empty => head.field("content-length").map(|_| 0),
        BodyLength::Known(length) => Some(length),
        BodyLength::Unknown => None,
    };
    let mut patch = Encoder::new(out).request(
        id,
        request.kind,
        head.version(),
        view.id(),
        head.method(),
        content_length,
        head.expects_continue,
        request.is_end,
        request.mount,
        head.path(),
        head.query(),
    );
    for (id, name, value) in head.fields() {
        match id {
            0 => patch.literal(name, value),
            _ if name == b"x-request-id" => {}
            id => patch.field_by_id(id, value),
        }
    }
    for (name, value) in view.fields() {
        patch.literal(name.as_bytes(), value.as_bytes());
    }
    patch.field(b"x-request-id", request.request_id.as_bytes());
    patch.body(request.body).finish();
}

fn event_of(
    entry: &mut Entry,
    frame: &FrameView<'_>,
    descriptors: &mut VecDeque<OwnedFd>,
    inbox: &Inbox,
    had_ended: bool,
) -> Result<Option<WorkerEvent>, Broken> {
    Ok(Some(match frame.payload {
        Payload::EarlyHints(fields) => WorkerEvent::EarlyHints(checked(fields)?.0),
        Payload::Response(response) => {
            let (fields, length) = checked(response.fields)?;
            let head = ResponseHead { status: response.status, fields, length, has_trailers: response.has_trailers };
            WorkerEvent::Response { head, body: inbox.share(response.body), is_end: response.is_end }
        }
        Payload::Data { bytes, is_end, .. } => WorkerEvent::Data { bytes: inbox.share(bytes), is_end },
        Payload::Trailers { fields, .. } => WorkerEvent::Trailers(checked(fields)?.0),
        Payload::File(range) => {
            let descriptor = descriptors.pop_front().ok_or(tlsgi_wire::Error::OutOfOrder(Kind::File))?;
            WorkerEvent::File { descriptor, range }
        }
        Payload::Accept { subprotocol, fields } => {
            WorkerEvent::Accept { subprotocol: subprotocol.to_owned(), fields: checked(fields)?.0 }
        }
        Payload::Message(message) => {
            WorkerEvent::Message { is_text: message.is_text, is_end: message.is_end, bytes: inbox.share(message.bytes) }
        }
        Payload::Close(close) => WorkerEvent::Close { code: close.code, reason: close.reason.to_owned() },
        Payload::Credit(bytes) => {
            entry.request_credit.grant(bytes);
            WorkerEvent::Credit
        }
        Payload::Abort { .. } if !had_ended => WorkerEvent::Abort,
        Payload::Done if !had_ended => WorkerEvent::Done,
        _ => return Ok(None),
    }))
}

/// The encoded fields of a response, checked entry by entry, and its content length.
fn checked(fields: tlsgi_wire::Fields<'_>) -> Result<(Vec<u8>, Option<u64>), Broken> {
    let mut length = None;
    for item in fields {
        let (id, name, value) = item?;
        let is_valid =
            (id != 0 || name == REASON_FIELD || field::is_token(name) && !name.iter().any(u8::is_ascii_uppercase))
                && field::is_value(value);
        if !is_valid {
            return Err(tlsgi_wire::Error::Invalid { kind: Kind::Response, field: "header field" }.into());
        }
        if id == field_id::CONTENT_LENGTH {
            let text = str::from_utf8(value).unwrap_or_default();
            let invalid = tlsgi_wire::Error::Invalid { kind: Kind::Response, field: "content-length" };
            length = Some(text.parse().map_err(|_| invalid)?);
        }
    }
    Ok((fields.encoded().to_vec(), length))
}

const fn kind_of(payload: &Payload<'_>) -> Kind {
    match payload {
        Payload::Welcome(_) => Kind::Welcome,
        Payload::Connection(_) => Kind::Connection,
        Payload::ConnectionEnd => Kind::ConnectionEnd,
        Payload::Request(_) => Kind::Request,
        Payload::Cancel(_) => Kind::Cancel,
        Payload::Drain => Kind::Drain,
        Payload::Data { .. } => Kind::Data,
        Payload::Credit(_) => Kind::Credit,
        Payload::Message(_) => Kind::Message,
        Payload::Close(_) => Kind::Close,
        Payload::Hello(_) => Kind::Hello,
        Payload::Begin => Kind::Begin,
        Payload::EarlyHints(_) => Kind::EarlyHints,
        Payload::Response(_) => Kind::Response,
        Payload::Trailers { .. } => Kind::Trailers,
        Payload::File(_) => Kind::File,
        Payload::Accept { .. } => Kind::Accept,
        Payload::Abort { .. } => Kind::Abort,
        Payload::Done => Kind::Done,
    }
}
