//! Reading all links: one thread at a time does it, whichever has nothing better to do.
//!
//! A Python thread without a request waits on the links itself, so that a request wakes just the thread that runs it; a thread that
//! ran one looks for more before it gives up the interpreter lock. Only while all are busy in the application does the
//! watchdog read, a thread that never takes the interpreter lock.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tlsgi_wire::{Direction, FrameView, Inbox, Payload, VERSION};

use super::environ::{Base, Recent};
use super::exchange::Exchange;
use super::link::{Link, Welcome};
use super::queue::Task;
use super::server::{Notice, Shared};
use crate::Error;
use crate::exchanges::Exchanges;
use crate::facts::FactTable;
use crate::link;

/// What the reading thread has in its hands; behind a lock that is never waited for.
#[derive(Debug)]
pub(crate) struct Reader {
    wake: UnixStream,
    lines: Vec<Line>,
    tasks: Vec<Task>,
}

/// One link and what only the reader knows of it.
#[derive(Debug)]
struct Line {
    link: Arc<Link>,
    inbox: Inbox,
    facts: FactTable<Recent, Base>,
    is_over: bool,
}

impl Reader {
    /// `wake` becomes readable when links were attached or something else changed.
    pub(crate) const fn new(wake: UnixStream) -> Self {
        Self { wake, lines: Vec::new(), tasks: Vec::new() }
    }

    /// Waits until there is something to read, or `patience` is over, and reads it.
    ///
    /// # Errors
    /// The front broke the protocol.
    pub(crate) fn wait_and_read(&mut self, shared: &Arc<Shared>, patience: Option<Duration>) -> Result<(), Error> {
        let ready = self.wait(patience)?;
        if ready.first().is_some_and(|flags| !flags.is_empty()) {
            self.hear_wake(shared);
        }
        for (line, flags) in self.lines.iter_mut().zip(ready.iter().skip(1)) {
            if flags.contains(PollFlags::OUT) {
                line.link.flush_blocked();
            }
            if flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                line.receive(shared, &mut self.tasks)?;
            }
        }
        self.hand_on(shared);
        Ok(())
    }

    /// Reads what is there already.
    ///
    /// # Errors
    /// The front broke the protocol.
    pub(crate) fn read_now(&mut self, shared: &Arc<Shared>) -> Result<(), Error> {
        if shared.takes_attention() {
            self.hear_wake(shared);
        }
        for line in &mut self.lines {
            if line.link.is_blocked() {
                line.link.flush_blocked();
            }
            line.receive(shared, &mut self.tasks)?;
        }
        self.hand_on(shared);
        Ok(())
    }

    /// Nothing more is read: nobody waits for what is still open.
    pub(crate) fn end(&mut self, shared: &Shared) {
        self.lines.iter_mut().for_each(|line| line.end(shared));
        self.lines.clear();
    }

    fn wait(&self, patience: Option<Duration>) -> Result<Vec<PollFlags>, Error> {
        let mut polled = Vec::with_capacity(self.lines.len() + 1);
        polled.push(PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN));
        for line in &self.lines {
            let flags = if line.link.is_blocked() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            polled.push(PollFd::from_borrowed_fd(line.link.socket.as_fd(), flags));
        }
        let timeout = patience.and_then(|patience| Timespec::try_from(patience).ok());
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) => Ok(polled.iter().map(PollFd::revents).collect()),
            Err(rustix::io::Errno::INTR) => Ok(Vec::new()),
            Err(error) => Err(Error::Io(error.into())),
        }
    }

    fn hear_wake(&mut self, shared: &Shared) {
        let mut sink = [0; 64];
        while matches!((&self.wake).read(&mut sink), Ok(received) if received == sink.len()) {}
        for link in shared.take_attached() {
            self.lines.push(Line {
                link,
                inbox: Inbox::new(Direction::ToWorker),
                facts: FactTable::new(),
                is_over: false,
            });
        }
    }

    /// Queues what came, forgets links that are over, and tells Python when a stop has nothing left to wait for.
    fn hand_on(&mut self, shared: &Shared) {
        shared.queue.push(&mut self.tasks);
        if !shared.is_watching_ends() {
            self.lines.retain(|line| !line.is_over);
            return;
        }
        for line in &mut self.lines {
            if !line.is_over && line.link.is_drained() {
                line.end(shared);
            }
        }
        self.lines.retain(|line| !line.is_over);
        if shared.is_stopping() && self.lines.iter().all(|line| line.link.is_quiet()) {
            shared.end();
            shared.notify(Notice::Idle);
        }
    }
}

impl Line {
    fn receive(&mut self, shared: &Arc<Shared>, tasks: &mut Vec<Task>) -> Result<(), Error> {
        match link::receive(&mut self.inbox, &self.link.socket) {
            Ok(0) => self.end(shared),
            Ok(_) => self.decode(shared, tasks)?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // A front that died with unread bytes resets the link: as good as an end.
            Err(_) => self.end(shared),
        }
        Ok(())
    }

    fn decode(&mut self, shared: &Arc<Shared>, tasks: &mut Vec<Task>) -> Result<(), Error> {
        let bytes = self.inbox.bytes();
        let mut frames = self.inbox.frames();
        let mut start = frames.consumed();
        while let Some(frame) = frames.next_frame()? {
            let whole = bytes.get(start..frames.consumed()).unwrap_or_default();
            start = frames.consumed();
            act(&self.link, &mut self.facts, shared, tasks, &frame, whole, &self.inbox)?;
        }
        self.inbox.consume(start);
        Ok(())
    }

    /// The front is gone, or wants nothing more: nobody waits for what is still open here.
    fn end(&mut self, shared: &Shared) {
        self.is_over = true;
        let open = {
            let mut state = self.link.lock();
            state.is_gone = true;
            state.outbox.clear();
            std::mem::replace(&mut state.exchanges, Exchanges::new())
        };
        shared.queue.remove_link(&self.link);
        open.iter().for_each(|(_, exchange)| exchange.cancel());
        // Threads may hold the link for long; the front must see its end now.
        let _ = self.link.socket.shutdown(std::net::Shutdown::Both);
    }
}

fn act(
    link: &Arc<Link>,
    facts: &mut FactTable<Recent, Base>,
    shared: &Arc<Shared>,
    tasks: &mut Vec<Task>,
    frame: &FrameView<'_>,
    whole: &[u8],
    inbox: &Inbox,
) -> Result<(), Error> {
    let id = frame.id;
    let find = || link.lock().exchanges.find(id).map(Arc::clone);
    match &frame.payload {
        Payload::Welcome(welcome) => {
            if welcome.version != VERSION {
                return Err(Error::Version { front: welcome.version });
            }
            let welcome = Welcome { software: welcome.software.into(), is_multiprocess: welcome.is_multiprocess };
            // A second one changes nothing.
            let _ = link.welcome.set(welcome);
        }
        Payload::Connection(connection) => facts.insert(id, connection)?,
        Payload::ConnectionEnd => facts.remove(id),
        Payload::Request(request) => {
            let facts = Arc::clone(facts.find(request.connection)?);
            let exchange = Arc::new(Exchange::new(id, Arc::clone(link), facts, request)?);
            let sequence = link.lock().exchanges.open(id, Arc::clone(&exchange))?;
            tasks.push(Task { exchange, sequence, frame: whole.to_vec() });
        }
        Payload::Cancel(_) => {
            if let Some(exchange) = find() {
                cancel(shared, tasks, &exchange);
            }
        }
        Payload::Drain => {
            link.lock().is_draining = true;
            shared.watch_ends();
        }
        Payload::Data { bytes, is_end, .. } => {
            if let Some(exchange) = find() {
                exchange.receive(bytes, *is_end, inbox)?;
            }
        }
        Payload::Credit(bytes) => {
            if let Some(exchange) = find() {
                exchange.grant(*bytes);
            }
        }
        // No WebSocket is ever accepted here, so these only cross a refusal.
        Payload::Message(_) | Payload::Close(_) => {}
        // The decoder refuses what only a worker sends.
        _ => {}
    }
    Ok(())
}

/// A request that no thread took is dropped unbegun; one that runs is told.
fn cancel(shared: &Shared, tasks: &mut Vec<Task>, exchange: &Arc<Exchange>) {
    let is_new = |task: &Task| Arc::ptr_eq(&task.exchange, exchange);
    let is_unbegun = match tasks.iter().position(is_new) {
        Some(at) => {
            tasks.remove(at);
            true
        }
        None => shared.queue.remove(exchange).is_some(),
    };
    exchange.cancel();
    if is_unbegun {
        let mut done = Vec::new();
        tlsgi_wire::Encoder::new(&mut done).done(exchange.id);
        exchange.link.finish(exchange.id, &done, None);
    }
}
