//! The worker's end of a link, kept beside its process descriptor: when the process is gone, what it left unread can be counted.

use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use tokio::net::unix::pipe;

/// A second descriptor of the worker's socket, and one that becomes readable when its process has ended.
#[derive(Debug)]
pub(crate) struct WorkerEnd {
    /// The other descriptor of what the worker reads from.
    pub(crate) socket: UnixStream,
    /// `pidfd_open(2)`.
    pub(crate) process: OwnedFd,
}

impl WorkerEnd {
    /// Waits until the process has ended, closes its side of the link, and returns the bytes that it had not read.
    ///
    /// # Errors
    /// The descriptors'. The link then ends when the last descriptor of the worker's side is closed.
    pub(super) async fn until_gone(self) -> io::Result<u64> {
        // It is no pipe, but polled like one; nothing is ever read from it.
        pipe::Receiver::from_owned_fd_unchecked(self.process)?.readable().await?;
        let unread = rustix::io::ioctl_fionread(&self.socket)?;
        // A child of the worker may hold the same socket open.
        self.socket.shutdown(Shutdown::Both)?;
        Ok(unread)
    }
}
