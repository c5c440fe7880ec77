//! One line a request.

use std::os::fd::OwnedFd;
use std::time::Duration;

use tlsgi_config::config;

use crate::connection::Connection;
use crate::http::head::RequestHead;
use crate::serve::Sent;

/// One answered request.
pub(crate) struct Entry<'a> {
    pub(crate) head: &'a RequestHead,
    pub(crate) connection: &'a Connection,
    pub(crate) sent: &'a Sent,
    pub(crate) request_id: &'a str,
    pub(crate) duration: Duration,
}

/// The end of the log that a thread writes to.
#[derive(Debug)]
pub(crate) struct AccessLog;

impl AccessLog {
    /// Whether there is a log at all.
    pub(crate) const fn is_on(&self) -> bool {
        false
    }

    /// Adds a line.
    pub(crate) fn write(&self, _entry: &Entry<'_>) {}

    /// Hands over what is buffered.
    pub(crate) fn flush(&self) {}
}

/// The end of the log that owns the file.
#[derive(Debug)]
pub(crate) struct AccessLogWriter;

impl AccessLogWriter {
    /// Starts the log; without configuration it takes nothing.
    pub(crate) fn start(_log: Option<&config::AccessLog>) -> Self {
        Self
    }

    /// A handle for a thread.
    pub(crate) fn handle(&self) -> AccessLog {
        AccessLog
    }

    /// Writes to this file from now on.
    pub(crate) fn set_output(&self, _file: OwnedFd) {}

    /// Writes what is left, within this time.
    pub(crate) fn finish(self, _within: Duration) {}
}
