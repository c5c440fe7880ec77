//! Log lines to a descriptor that somebody else may not read: written at once where that needs no wait, kept under a bound
//! where it does. Nobody who logs is held up by a pipe that is full.

use std::io::{self, IoSlice};
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ReadWriteFlags, pwritev2};

/// Bytes that may wait. Lines beyond it are counted and left out.
const MAX_WAITING: usize = 1 << 20;
/// A pipe that polls as writable takes so many bytes without a wait.
const PIPE_ROOM: usize = 4096;

/// The output and what waits for it.
#[derive(Debug, Clone)]
pub(super) struct Spool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    output: OwnedFd,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// A thread writes; whatever comes meanwhile queues behind it.
    is_draining: bool,
    lost: u64,
}

impl Spool {
    /// A spool before this output.
    pub(super) fn new(output: OwnedFd) -> Self {
        Self(Arc::new(Inner { output, state: Mutex::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Held for a copy only; whoever panicked meanwhile left nothing half done.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8]) {
        let mut state = self.state();
        let mut rest = line;
        if !state.is_draining {
            rest = line.get(write_now(self.0.output.as_fd(), line)..).unwrap_or_default();
            if rest.is_empty() {
                return;
            }
        }
        if state.waiting.len() + rest.len() > MAX_WAITING {
            state.lost += 1;
            return;
        }
        state.waiting.extend_from_slice(rest);
        if !mem::replace(&mut state.is_draining, true) {
            let spool = self.clone();
            let started = thread::Builder::new().name("log".to_owned()).spawn(move || spool.drain());
            if started.is_err() {
                state.waiting.clear();
                state.is_draining = false;
                state.lost += 1;
            }
        }
    }

    /// Writes until nothing waits.
    fn drain(&self) {
        loop {
            let mut state = self.state();
            let batch = mem::take(&mut state.waiting);
            if batch.is_empty() {
                state.is_draining = false;
                let lines = mem::take(&mut state.lost);
                drop(state);
                if lines > 0 {
                    tracing::warn!(lines, "lines of the log were lost: nobody read it");
                }
                return;
            }
            drop(state);
            // There is no other place to say that the log cannot be written.
            let _ = write_all(self.0.output.as_fd(), &batch);
        }
    }
}

impl io::Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes as much as goes without a wait. An output that fails takes everything: there is nothing better to do with it.
fn write_now(output: BorrowedFd<'_>, bytes: &[u8]) -> usize {
    // The offset means "where the file stands", as for a plain write.
    match pwritev2(output, &[IoSlice::new(bytes)], u64::MAX, ReadWriteFlags::NOWAIT) {
        Ok(written) => written,
        Err(Errno::AGAIN | Errno::INTR) => 0,
        Err(_) if can_take(output, bytes.len()) => match rustix::io::write(output, bytes) {
            Ok(written) => written,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(_) => bytes.len(),
        },
        Err(_) => 0,
    }
}

/// For outputs that know no `NOWAIT`: terminals, sockets, some file systems.
fn can_take(output: BorrowedFd<'_>, count: usize) -> bool {
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut watched = [PollFd::new(&output, PollFlags::OUT)];
    count <= PIPE_ROOM && poll(&mut watched, Some(&at_once)).is_ok_and(|ready| ready > 0)
}

/// Writes everything, whether the descriptor blocks or not: whoever gave us stderr may have made it non-blocking.
pub(super) fn write_all(output: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(output, bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(&output, PollFlags::OUT)], None)?;
            }
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Seek};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn line_is_there_when_the_call_returns() {
        let mut file = tempfile::tempfile().expect("temporary file");
        let spool = Spool::new(file.try_clone().expect("descriptor").into());
        spool.add(b"first\n");
        spool.add(b"second\n");
        let mut text = String::new();
        file.rewind().expect("rewound");
        file.read_to_string(&mut text).expect("readable");
        assert_eq!(text, "first\nsecond\n");
    }

    /// Whatever stands before the lost ones arrives whole and in order; what comes after the blockade arrives again.
    fn check_blocked(mut reader: impl Read, output: OwnedFd) {
        let spool = Spool::new(output);
        let lines = 3 * MAX_WAITING / 1024;
        let mut is_blocked = false;
        for number in 0..lines {
            spool.add(format!("{number:01023}\n").as_bytes());
            if spool.state().is_draining && !mem::replace(&mut is_blocked, true) {
                // The thread has its first batch, and the full output holds it there: from now on nothing makes room.
                while !spool.state().waiting.is_empty() {
                    thread::yield_now();
                }
            }
        }
        assert!(spool.state().lost > 0 && spool.state().is_draining);
        let mut reader = BufReader::new(&mut reader).lines().map(|line| line.expect("readable"));
        let kept = lines - usize::try_from(spool.state().lost).expect("a count");
        for number in 0..kept {
            assert_eq!(reader.next().and_then(|line| line.parse().ok()), Some(number));
        }
        spool.add(b"after\n");
        assert_eq!(reader.next().as_deref(), Some("after"));
    }

    #[test]
    fn full_pipe_holds_nobody_up() {
        let (reader, writer) = io::pipe().expect("pipe");
        check_blocked(reader, writer.into());
    }

    #[test]
    fn full_socket_holds_nobody_up() {
        let (reader, writer) = UnixStream::pair().expect("pair");
        check_blocked(reader, writer.into());
    }

    #[test]
    fn output_that_is_gone_is_no_error() {
        let (reader, writer) = io::pipe().expect("pipe");
        drop(reader);
        let spool = Spool::new(writer.into());
        spool.add(b"nobody hears\n");
        assert!(!spool.state().is_draining);
    }
}
