//! Sends files: the answers of static mounts, and the files that workers hand over.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{FileType, fstat};

use super::range::Span;
use super::reader::{ReadError, Reader};
use super::respond::{Body, Reply};
use crate::http::client::{Client, Gone};

/// Beyond it, no file has bytes.
const MAX_OFFSET: u64 = i64::MAX as u64;

/// Why a file was not sent to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// The client left.
    #[error("the client is gone")]
    Gone,
    /// It is shorter than announced, cannot be read, or is no file.
    #[error(transparent)]
    File(#[from] ReadError),
}

impl From<Gone> for SendError {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Sends head and body. `sent` counts body bytes that were handed over, also when it fails; while it is none, no head went out.
pub(super) async fn send(
    client: &mut impl Client,
    file: Arc<OwnedFd>,
    reply: &Reply,
    sent: &mut Option<u64>,
) -> Result<(), SendError> {
    match &reply.body {
        Body::Empty => {
            *sent = Some(0);
            client.send_head(&reply.head, &[], true).await?;
        }
        Body::Part(span) => {
            let mut reader = Reader::new(file, *span, client.head().version());
            // Read before the head goes out: a file that cannot be read is still an honest error then.
            let (first, is_all) = reader.next().await?;
            let sent = sent.insert(0);
            client.send_head(&reply.head, first, is_all).await?;
            *sent = first.len() as u64;
            if !is_all {
                send_rest(client, &mut reader, sent, true).await?;
            }
        }
        Body::Parts(parts, closing) => {
            let sent = sent.insert(0);
            client.send_head(&reply.head, &[], false).await?;
            for (opening, span) in parts {
                client.send_data(opening.as_bytes(), false).await?;
                *sent += opening.len() as u64;
                let mut reader = Reader::new(Arc::clone(&file), *span, client.head().version());
                send_rest(client, &mut reader, sent, false).await?;
            }
            client.send_data(closing.as_bytes(), true).await?;
            *sent += closing.len() as u64;
        }
    }
    Ok(())
}

/// Sends part of a file as body, the head being out already; `length` `u64::MAX` means to the file's end. Completes the
/// response if `is_end`. Gives the bytes sent. After an error the response is not complete and cannot be.
pub(crate) async fn send_range(
    client: &mut impl Client,
    file: OwnedFd,
    offset: u64,
    length: u64,
    is_end: bool,
) -> Result<u64, SendError> {
    let stat = fstat(&file).map_err(ReadError::Unreadable)?;
    if !FileType::from_raw_mode(stat.st_mode).is_file() {
        return Err(ReadError::NotRegular.into());
    }
    let is_to_end = length == u64::MAX;
    let length = match u64::try_from(stat.st_size).unwrap_or_default() {
        // Files of /proc and the like have no size, but an end.
        0 if is_to_end => MAX_OFFSET.saturating_sub(offset),
        size if is_to_end => size.saturating_sub(offset),
        _ => length,
    };
    if offset.saturating_add(length) > MAX_OFFSET {
        return Err(ReadError::Truncated.into());
    }
    let mut sent = 0;
    if length == 0 || client.head().is_head() {
        client.send_data(&[], is_end).await?;
        return Ok(sent);
    }
    let span = Span { start: offset, length };
    let mut reader = Reader::new(Arc::new(file), span, client.head().version());
    match send_rest(client, &mut reader, &mut sent, is_end).await {
        Err(SendError::File(ReadError::Truncated)) if is_to_end => {
            client.send_data(&[], is_end).await?;
            Ok(sent)
        }
        outcome => outcome.map(|()| sent),
    }
}

async fn send_rest(
    client: &mut impl Client,
    reader: &mut Reader,
    sent: &mut u64,
    is_end: bool,
) -> Result<(), SendError> {
    loop {
        let (piece, is_last) = reader.next().await?;
        client.send_data(piece, is_end && is_last).await?;
        *sent += piece.len() as u64;
        if is_last {
            return Ok(());
        }
    }
}
