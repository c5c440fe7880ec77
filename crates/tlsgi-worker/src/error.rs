//! What ends a worker, or a link of it.

use std::io;

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;

/// Why a link cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The front broke the protocol: the worker must not go on either.
    #[error("the front sent a frame that breaks the protocol")]
    Wire(#[from] tlsgi_wire::Error),
    /// The front and this module come from different releases.
    #[error("the front speaks version {front} of the wire, this worker {}", tlsgi_wire::VERSION)]
    Version {
        /// The front's.
        front: u16,
    },
    /// The socket failed; an orderly end is not an error.
    #[error("a link to the front failed")]
    Io(#[from] io::Error),
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        let mut text = error.to_string();
        if let Some(source) = std::error::Error::source(&error) {
            text = format!("{text}: {source}");
        }
        match error {
            Error::Io(_) => PyOSError::new_err(text),
            Error::Wire(_) | Error::Version { .. } => PyRuntimeError::new_err(text),
        }
    }
}
