//! The supervisor's end of a control socket: messages out through a queue, messages in as events.

use std::future::Future;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tlsgi_sys::channel;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What came from the other side.
#[derive(Debug)]
pub(super) enum Received<M> {
    /// A message.
    Message(M),
    /// The stream ended, or carried what is no message; nothing more will come.
    Closed,
}

/// The sending half. Dropping it closes the sending direction's queue; the socket closes when both halves are gone.
#[derive(Debug)]
pub(super) struct Control {
    outgoing: mpsc::UnboundedSender<(Vec<u8>, Vec<OwnedFd>)>,
}

impl Control {
    /// Starts the two tasks of a control socket. Every message goes to `deliver`, which may wait.
    pub(super) fn open<M, F>(
        socket: StdStream,
        tasks: &mut JoinSet<()>,
        deliver: impl Fn(Received<M>) -> F + Send + 'static,
    ) -> io::Result<Self>
    where
        M: DeserializeOwned + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        socket.set_nonblocking(true)?;
        let socket = Arc::new(UnixStream::from_std(socket)?);
        let (outgoing, queue) = mpsc::unbounded_channel();
        tasks.spawn(write(Arc::clone(&socket), queue));
        tasks.spawn(async move {
            while let Ok(Some(message)) = read(&socket).await {
                match serde_json::from_slice(&message) {
                    Ok(message) => deliver(Received::Message(message)).await,
                    Err(error) => {
                        tracing::warn!("unreadable control message: {error}");
                        break;
                    }
                }
            }
            deliver(Received::Closed).await;
        });
        Ok(Self { outgoing })
    }

    /// Queues a message with its descriptors; one to a peer that is gone is dropped, since its end is an event of its own.
    pub(super) fn send(&self, message: &impl Serialize, descriptors: Vec<OwnedFd>) {
        match serde_json::to_vec(message).map_err(io::Error::from).and_then(|json| channel::frame(&json)) {
            Ok(frame) => _ = self.outgoing.send((frame, descriptors)),
            Err(error) => tracing::error!("control message not sent: {error}"),
        }
    }
}

async fn write(socket: Arc<UnixStream>, mut queue: mpsc::UnboundedReceiver<(Vec<u8>, Vec<OwnedFd>)>) {
    while let Some((frame, descriptors)) = queue.recv().await {
        if write_one(&socket, &frame, &descriptors).await.is_err() {
            return;
        }
    }
}

async fn write_one(socket: &UnixStream, frame: &[u8], descriptors: &[OwnedFd]) -> io::Result<()> {
    let mut borrowed: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
    let mut rest = frame;
    while !rest.is_empty() {
        let sent = socket.async_io(Interest::WRITABLE, || channel::send_some(socket, rest, &borrowed)).await?;
        borrowed.clear();
        rest = rest.get(sent..).unwrap_or_default();
    }
    Ok(())
}

/// One whole message; descriptors that come with it are closed, since neither front nor worker has any to give.
async fn read(socket: &UnixStream) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    if !fill(socket, &mut head).await? {
        return Ok(None);
    }
    let mut message = vec![0; channel::length(head)?];
    if !message.is_empty() && !fill(socket, &mut message).await? {
        return Ok(None);
    }
    Ok(Some(message))
}

async fn fill(socket: &UnixStream, into: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let mut dropped = Vec::new();
        match socket.async_io(Interest::READABLE, || channel::receive_some(socket, rest, &mut dropped)).await? {
            0 => return Ok(false),
            received => filled += received,
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Word(String);

    fn heard(tasks: &mut JoinSet<()>) -> (Control, StdStream, mpsc::Receiver<Received<Word>>) {
        let (ours, theirs) = channel::pair().expect("pair");
        let (sender, receiver) = mpsc::channel(8);
        let deliver = move |received| {
            let sender = sender.clone();
            async move { _ = sender.send(received).await }
        };
        (Control::open(ours, tasks, deliver).expect("open"), theirs, receiver)
    }

    #[tokio::test]
    async fn messages_larger_than_the_socket_holds_arrive_with_their_descriptors() {
        let mut tasks = JoinSet::new();
        let (control, theirs, _receiver) = heard(&mut tasks);
        let (inner, outer) = channel::pair().expect("pair");
        let large = Word("x".repeat(3 << 20));
        control.send(&large, vec![outer.into()]);
        control.send(&Word("next".into()), Vec::new());
        let reader = tokio::task::spawn_blocking(move || {
            let first = channel::receive(&theirs).expect("receive").expect("message");
            let second = channel::receive(&theirs).expect("receive").expect("message");
            (first, second)
        });
        let ((first, descriptors), (second, none)) = reader.await.expect("reader");
        assert_eq!(serde_json::from_slice::<Word>(&first).expect("word"), large);
        assert_eq!((descriptors.len(), none.len(), second.as_slice()), (1, 0, &b"\"next\""[..]));
        drop(inner);
    }

    #[tokio::test]
    async fn what_is_no_message_and_the_end_both_close() {
        for bytes in [&b"\x02\0\0\0{}"[..], &b"\xff\xff\xff\xff"[..], &b"\x09\0\0\0\"cut"[..], &b""[..]] {
            let mut tasks = JoinSet::new();
            let (_control, mut theirs, mut receiver) = heard(&mut tasks);
            io::Write::write_all(&mut theirs, bytes).expect("written");
            drop(theirs);
            assert!(matches!(receiver.recv().await, Some(Received::Closed)), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn messages_come_in_order() {
        let mut tasks = JoinSet::new();
        let (_control, theirs, mut receiver) = heard(&mut tasks);
        for text in ["\"a\"", "\"b\""] {
            channel::send(&theirs, text.as_bytes(), &[]).expect("sent");
        }
        for expect in ["a", "b"] {
            assert!(matches!(receiver.recv().await, Some(Received::Message(Word(text))) if text == expect));
        }
    }
}
