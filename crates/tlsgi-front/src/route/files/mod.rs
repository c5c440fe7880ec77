//! Static files.

use std::io;
use std::os::fd::OwnedFd;

use tlsgi_config::config::StaticMount;

use crate::http::client::Client;
use crate::http::failure::Failure;
use crate::serve::Sent;

/// Why a directory cannot be mounted.
#[derive(Debug, thiserror::Error)]
#[error("the directory {path} for {prefix} cannot be opened")]
pub(crate) struct MountError {
    path: String,
    prefix: String,
    #[source]
    source: io::Error,
}

/// The static mounts of one site.
#[derive(Debug)]
pub(crate) struct Mounts;

/// One mount.
#[derive(Debug)]
pub(crate) struct Mount;

impl Mounts {
    /// Opens every directory.
    pub(crate) fn open(_mounts: &[StaticMount]) -> Result<Self, MountError> {
        Ok(Self)
    }

    /// The mount that answers this path.
    pub(crate) fn find(&self, _path: &[u8]) -> Option<&Mount> {
        None
    }
}

/// Why a file was not sent whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The client left.
    #[error("the client is gone")]
    Gone,
    /// The file.
    #[error("the file cannot be read")]
    File(#[source] io::Error),
}

/// Answers a request below a mount. An error means that nothing was sent yet.
pub(crate) async fn serve(_client: &mut impl Client, _mount: &Mount) -> Result<Sent, Failure> {
    Err(Failure::NotFound)
}

/// Sends part of a file as body; `length` `u64::MAX` means to its end. Gives the bytes sent.
pub(crate) async fn send_range(
    _client: &mut impl Client,
    _file: OwnedFd,
    _offset: u64,
    _length: u64,
    _is_end: bool,
) -> Result<u64, SendError> {
    Err(SendError::File(io::ErrorKind::Unsupported.into()))
}
