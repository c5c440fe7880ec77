//! One line a request, written by a thread of its own: no request waits for a disk or a pipe.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, Thread};
use std::time::{Duration, Instant, SystemTime};

use tlsgi_config::config::{self, AccessLogFormat};

use super::line::Clock;
pub(crate) use super::line::Entry;
use super::spool::write_all;

/// Lines of one front thread that may wait for the writer. Beyond it they are counted and left out.
const MAX_WAITING: usize = 4 << 20;
/// A buffer that grew beyond this in a rush is given back.
const MAX_KEPT: usize = 1 << 20;
/// Between two writes, so that a busy server writes many lines at once. The first line after silence goes out at once.
const PAUSE: Duration = Duration::from_millis(10);
/// Between two reports of lost lines.
const REPORT_EVERY: Duration = Duration::from_secs(10);

const OFF: u8 = 0;
const COMBINED: u8 = 1;
const JSON: u8 = 2;

/// A thread's end of the log.
#[derive(Debug)]
pub(crate) struct AccessLog {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    scratch: RefCell<(Vec<u8>, Clock)>,
}

/// The end that owns the file and the writing thread.
#[derive(Debug)]
pub(crate) struct AccessLogWriter {
    shared: Arc<Shared>,
    /// Gone when the writing thread has ended.
    ended: mpsc::Receiver<()>,
}

#[derive(Debug, Default)]
struct Shared {
    form: AtomicU8,
    is_stopping: AtomicBool,
    /// The writer has found nothing and will not look again unless it is woken.
    is_asleep: AtomicBool,
    lost: AtomicU64,
    queues: Mutex<Vec<Arc<Queue>>>,
    output: Mutex<Option<Output>>,
    writer: Mutex<Option<Thread>>,
}

/// What one thread has written and the writer has not taken yet.
#[derive(Debug, Default)]
struct Queue(Mutex<Vec<u8>>);

#[derive(Debug)]
enum Output {
    /// A file is named, but has not arrived: lines wait.
    Awaited,
    Stderr,
    File(File),
}

impl AccessLog {
    /// Whether there is a log at all.
    pub(crate) fn is_on(&self) -> bool {
        self.shared.form.load(Ordering::Relaxed) != OFF
    }

    /// Adds a line. Never waits.
    pub(crate) fn write(&self, entry: &Entry<'_>) {
        let (line, clock) = &mut *self.scratch.borrow_mut();
        line.clear();
        match self.shared.form.load(Ordering::Relaxed) {
            COMBINED => entry.combined(line, clock, SystemTime::now()),
            JSON => entry.json(line, clock, SystemTime::now()),
            _ => return,
        }
        self.add(line);
    }

    /// Makes the writer look now.
    pub(crate) fn flush(&self) {
        self.shared.wake();
    }

    fn add(&self, line: &[u8]) {
        let mut waiting = lock(&self.queue.0);
        if waiting.len() + line.len() > MAX_WAITING {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.extend_from_slice(line);
        drop(waiting);
        if self.shared.is_asleep.load(Ordering::SeqCst) {
            self.shared.wake();
        }
    }
}

impl AccessLogWriter {
    /// Starts the writing thread; without configuration nothing is logged. A file that is named arrives by
    /// [`Self::set_output`]; until then lines wait for it.
    pub(crate) fn start(log: Option<&config::AccessLog>) -> Self {
        let shared = Arc::new(Shared::default());
        let (end, ended) = mpsc::channel();
        let own = Arc::clone(&shared);
        let started = thread::Builder::new().name("access log".to_owned()).spawn(move || {
            write_until_stopped(&own);
            drop(end);
        });
        match started {
            Ok(thread) => *lock(&shared.writer) = Some(thread.thread().clone()),
            Err(error) => tracing::error!(%error, "no thread for the access log: it is off"),
        }
        let writer = Self { shared, ended };
        writer.configure(log);
        writer
    }

    /// Switches it off, on, or to another form. Unless a file is named, it goes to stderr.
    pub(crate) fn configure(&self, log: Option<&config::AccessLog>) {
        let form = match log.map(|log| log.format) {
            _ if lock(&self.shared.writer).is_none() => OFF,
            None => OFF,
            Some(AccessLogFormat::Combined) => COMBINED,
            Some(AccessLogFormat::Json) => JSON,
        };
        let was_off = self.shared.form.swap(form, Ordering::Relaxed) == OFF;
        match log {
            Some(log) if log.file.is_none() => self.turn_to(Output::Stderr),
            Some(_) if was_off => self.turn_to(Output::Awaited),
            _ => {}
        }
    }

    /// A handle for a thread.
    pub(crate) fn handle(&self) -> AccessLog {
        let queue = Arc::new(Queue::default());
        lock(&self.shared.queues).push(Arc::clone(&queue));
        AccessLog { shared: Arc::clone(&self.shared), queue, scratch: RefCell::default() }
    }

    /// Writes to this file from now on.
    pub(crate) fn set_output(&self, file: OwnedFd) {
        self.turn_to(Output::File(file.into()));
    }

    /// Writes what is left, within this time.
    pub(crate) fn finish(self, within: Duration) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        self.shared.wake();
        if self.ended.recv_timeout(within) == Err(mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("the access log could not be written to its end in time");
        }
    }

    fn turn_to(&self, output: Output) {
        *lock(&self.shared.output) = Some(output);
        self.shared.wake();
    }
}

impl Shared {
    fn wake(&self) {
        self.is_asleep.store(false, Ordering::SeqCst);
        if let Some(writer) = &*lock(&self.writer) {
            writer.unpark();
        }
    }
}

fn write_until_stopped(shared: &Shared) {
    let mut scribe = Scribe::default();
    loop {
        // What is logged before the stop is seen is still taken: threads have ended by then.
        let is_stopping = shared.is_stopping.load(Ordering::SeqCst);
        let has_written = scribe.take_and_write(shared);
        if is_stopping {
            return;
        }
        if has_written {
            thread::park_timeout(PAUSE);
            continue;
        }
        // A line that comes after this either sees the flag or is seen by the next look.
        if shared.is_asleep.swap(true, Ordering::SeqCst) {
            thread::park();
        }
    }
}

/// The writing thread's own.
#[derive(Debug)]
struct Scribe {
    output: Output,
    batch: Vec<u8>,
    is_failing: bool,
    reported: Option<Instant>,
}

impl Default for Scribe {
    fn default() -> Self {
        Self { output: Output::Awaited, batch: Vec::new(), is_failing: false, reported: None }
    }
}

impl Scribe {
    /// Writes what waits in every queue; whether there was something.
    fn take_and_write(&mut self, shared: &Shared) -> bool {
        self.turn(shared);
        if matches!(self.output, Output::Awaited) {
            return false;
        }
        let queues = lock(&shared.queues).clone();
        let mut has_written = false;
        for queue in queues {
            mem::swap(&mut *lock(&queue.0), &mut self.batch);
            if self.batch.is_empty() {
                continue;
            }
            has_written = true;
            // After the lines were taken: what is logged once a new file was announced goes there.
            self.turn(shared);
            if let Err(error) = self.write_batch() {
                let lines = memchr::memchr_iter(b'\n', &self.batch).count();
                shared.lost.fetch_add(lines as u64, Ordering::Relaxed);
                if !mem::replace(&mut self.is_failing, true) {
                    tracing::error!(%error, "the access log cannot be written");
                }
            } else {
                self.is_failing = false;
            }
            self.batch.clear();
            self.batch.shrink_to(MAX_KEPT);
        }
        self.report_lost(shared);
        has_written
    }

    fn turn(&mut self, shared: &Shared) {
        if let Some(output) = lock(&shared.output).take() {
            self.output = output;
        }
    }

    fn write_batch(&self) -> io::Result<()> {
        match &self.output {
            Output::Awaited => Ok(()),
            Output::Stderr => write_all(io::stderr().as_fd(), &self.batch),
            Output::File(file) => write_all(file.as_fd(), &self.batch),
        }
    }

    fn report_lost(&mut self, shared: &Shared) {
        let is_due = self.reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY);
        if !self.is_failing && is_due && shared.lost.load(Ordering::Relaxed) > 0 {
            self.reported = Some(Instant::now());
            let lines = shared.lost.swap(0, Ordering::Relaxed);
            tracing::warn!(lines, "lines of the access log were lost: it is not written fast enough");
        }
    }
}

/// A lock is held for a copy or a swap only; whoever panicked meanwhile left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};

    use super::*;

    const TO_FILE: config::AccessLog = config::AccessLog { file: None, format: AccessLogFormat::Combined };

    fn to_pipe() -> (AccessLogWriter, io::PipeReader) {
        let (reader, writer) = io::pipe().expect("pipe");
        let named = config::AccessLog { file: Some("/named".into()), ..TO_FILE };
        let log = AccessLogWriter::start(Some(&named));
        log.set_output(writer.into());
        (log, reader)
    }

    #[test]
    fn lone_line_is_written_at_once() {
        let (log, reader) = to_pipe();
        let handle = log.handle();
        let mut lines = BufReader::new(reader).lines();
        for number in 0..3 {
            handle.add(format!("line {number}\n").as_bytes());
            assert_eq!(lines.next().expect("a line").expect("readable"), format!("line {number}"));
        }
    }

    #[test]
    fn every_line_of_every_thread_is_there_after_the_end() {
        let (log, mut reader) = to_pipe();
        let reading = thread::spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).expect("readable");
            text
        });
        let handles: Vec<_> = (0..4).map(|_| log.handle()).collect();
        let threads: Vec<_> = handles
            .into_iter()
            .map(|handle| {
                thread::spawn(move || (0..5000).for_each(|number| handle.add(format!("{number}\n").as_bytes())))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("thread"));
        log.finish(Duration::from_secs(10));
        let text = reading.join().expect("reader");
        let sum: u64 = text.lines().map(|line| line.parse::<u64>().expect("a whole line")).sum();
        assert_eq!((text.lines().count(), sum), (20_000, 4 * 4999 * 5000 / 2));
    }

    #[test]
    fn blocked_output_costs_lines_and_not_time() {
        let (log, reader) = to_pipe();
        let handle = log.handle();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..3 * MAX_WAITING / line.len() {
            handle.add(&line);
        }
        assert!(log.shared.lost.load(Ordering::Relaxed) > 0);
        drop(reader);
        log.finish(Duration::from_secs(10));
    }

    #[test]
    fn lines_wait_for_the_file_and_follow_it_when_it_is_reopened() {
        let named = config::AccessLog { file: Some("/named".into()), ..TO_FILE };
        let log = AccessLogWriter::start(Some(&named));
        let handle = log.handle();
        handle.add(b"first\n");
        for text in ["first\n", "second\n"] {
            let (mut reader, writer) = io::pipe().expect("pipe");
            log.set_output(writer.into());
            let mut read = vec![0; text.len()];
            if text != "first\n" {
                handle.add(text.as_bytes());
            }
            reader.read_exact(&mut read).expect("readable");
            assert_eq!(read, text.as_bytes());
        }
    }

    #[test]
    fn log_is_switched_by_configuration() {
        let log = AccessLogWriter::start(None);
        let handle = log.handle();
        assert!(!handle.is_on());
        log.configure(Some(&TO_FILE));
        assert!(handle.is_on());
        log.configure(None);
        assert!(!handle.is_on());
    }
}
