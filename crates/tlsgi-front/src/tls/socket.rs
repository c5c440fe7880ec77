//! The socket under a TLS stream: the client's first words can be looked at before rustls reads them, what ends the handshake leaves with
//! the answer to a request that is there already, and a large body is read many records at a time.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvAncillaryBuffer, RecvFlags, recv, recvmsg};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, Interest, ReadBuf};
use tokio::net::TcpStream;

use super::hello;
use crate::stream;

/// Bytes of one look: a whole record.
const LOOK: usize = 5 + (16 << 10);

/// A read of at least this size that was filled is part of a large body, and has more behind it.
const LARGE: usize = 8 << 10;

/// Most bytes that are read ahead of rustls, which asks for one record at a time.
const AHEAD: usize = 64 << 10;

thread_local! {
    /// What the next connection reads ahead into.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A connection's socket, from the first byte to the last.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: TcpStream,
    /// From `start` to `end`, what was read before rustls asked for it; no memory when that is nothing.
    ahead: Vec<u8>,
    start: usize,
    end: usize,
    /// The last read filled a large buffer.
    is_bulk: bool,
    /// What was written and has not left yet.
    held: Vec<u8>,
    stage: Stage,
}

/// When what is written leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The first flight: as soon as it is whole.
    Opening,
    /// The rest of the handshake: before the client is waited for.
    Answered,
    /// Tickets, while a request is being answered that came with the client's last flight: with the answer.
    Asked,
    /// At once.
    Open,
}

impl Socket {
    /// A connection that begins with a handshake.
    pub(crate) const fn new(socket: TcpStream) -> Self {
        Self { socket, ahead: Vec::new(), start: 0, end: 0, is_bulk: false, held: Vec::new(), stage: Stage::Opening }
    }

    /// A connection without one.
    pub(crate) fn plain(socket: TcpStream) -> Self {
        let mut plain = Self::new(socket);
        plain.open();
        plain
    }

    /// What the client says first: its first record if it is one of TLS, else what comes at once. Empty where it says nothing.
    pub(super) async fn look(&mut self) -> io::Result<&[u8]> {
        let Self { socket, ahead, end, .. } = self;
        loop {
            let read = poll_fn(|cx| stream::poll_read(socket, cx, LOOK, |bytes| ahead.extend_from_slice(bytes)));
            let read = read.await?;
            *end = ahead.len();
            if read == 0 || !hello::is_cut(ahead) {
                return Ok(ahead);
            }
        }
    }

    /// From here on there is no handshake: what is written leaves at once.
    pub(super) const fn open(&mut self) {
        self.stage = Stage::Open;
    }

    /// The handshake is over and a request is there: what has not left waits for the answer.
    pub(super) const fn is_asked(&mut self) {
        self.stage = Stage::Asked;
    }

    /// Says this alone, and that there is nothing more to come. What comes of it does not matter: the connection ends.
    pub(super) async fn refuse(&mut self, alert: [u8; 7]) {
        // Unread bytes would have the kernel reset the connection, and the alert with it.
        let mut unread = [0; 1024];
        while self.socket.try_read(&mut unread).is_ok_and(|count| count > 0) {}
        self.open();
        _ = self.write_all(&alert).await;
        _ = self.shutdown().await;
    }

    fn hold(&mut self, slices: &[IoSlice<'_>]) -> usize {
        slices.iter().for_each(|slice| self.held.extend_from_slice(slice));
        slices.iter().map(|slice| slice.len()).sum()
    }

    /// Everything that was held has left.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let sent = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.held))?;
            if sent == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.held.drain(..sent);
        }
        if self.stage == Stage::Open {
            self.held = Vec::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Gives what was read before.
    fn give(&mut self, into: &mut ReadBuf<'_>) {
        let count = into.remaining().min(self.end - self.start);
        into.put_slice(self.ahead.get(self.start..self.start + count).unwrap_or_default());
        self.start += count;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            let free = std::mem::take(&mut self.ahead);
            if free.len() == AHEAD {
                SPARE.set(free);
            }
        }
    }

    /// Reads into `into`, and what comes behind that into memory of its own.
    fn poll_read_ahead(&mut self, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wanted = into.remaining();
        let (room, received) = loop {
            ready!(self.socket.poll_read_ready(cx))?;
            let mut room = SPARE.take();
            room.resize(AHEAD, 0);
            let mut both = [IoSliceMut::new(into.initialize_unfilled()), IoSliceMut::new(&mut room)];
            match receive(&self.socket, &mut both) {
                Ok(received) => break (room, received),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => SPARE.set(room),
                Err(error) => return Poll::Ready(Err(error)),
            }
        };
        into.advance(received.min(wanted));
        self.is_bulk = received >= wanted;
        if received > wanted {
            (self.ahead, self.start, self.end) = (room, 0, received - wanted);
        } else {
            SPARE.set(room);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what is there by now, though the runtime has not heard of it; false when nothing is.
    fn read_now(&self, buffer: &mut ReadBuf<'_>) -> io::Result<bool> {
        match recv(&self.socket, buffer.initialize_unfilled(), RecvFlags::DONTWAIT) {
            Ok((count, _)) => {
                buffer.advance(count);
                Ok(true)
            }
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.start < this.end {
            this.give(buffer);
            return Poll::Ready(Ok(()));
        }
        if matches!(this.stage, Stage::Opening | Stage::Answered) && !this.held.is_empty() {
            if this.stage == Stage::Answered && this.read_now(buffer)? {
                return Poll::Ready(Ok(()));
            }
            // The client may be waiting for it, too. What does not fit leaves when there is room: that wakes this task.
            if let Poll::Ready(Err(error)) = this.poll_send(cx) {
                return Poll::Ready(Err(error));
            }
        }
        if this.is_bulk {
            return this.poll_read_ahead(cx, buffer);
        }
        let wanted = buffer.remaining();
        ready!(Pin::new(&mut this.socket).poll_read(cx, buffer))?;
        this.is_bulk = buffer.remaining() == 0 && wanted >= LARGE;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.stage {
            Stage::Opening | Stage::Answered => Poll::Ready(Ok(this.hold(slices))),
            Stage::Asked => {
                this.stage = Stage::Open;
                let taken = this.hold(slices);
                // What does not fit goes first the next time, or by a flush.
                match this.poll_send(cx) {
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    _ => Poll::Ready(Ok(taken)),
                }
            }
            Stage::Open => {
                if !this.held.is_empty() {
                    ready!(this.poll_send(cx))?;
                }
                let socket = Pin::new(&mut this.socket);
                match slices {
                    [only] => socket.poll_write(cx, only),
                    several => socket.poll_write_vectored(cx, several),
                }
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.stage {
            Stage::Opening => {
                ready!(this.poll_send(cx))?;
                this.stage = Stage::Answered;
                Poll::Ready(Ok(()))
            }
            Stage::Answered | Stage::Asked => Poll::Ready(Ok(())),
            Stage::Open => this.poll_send(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.stage = Stage::Open;
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.socket).poll_shutdown(cx)
    }
}

/// Reads once. A short read means that the socket is empty: readiness is given back without another call.
fn receive(socket: &TcpStream, into: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    let room: usize = into.iter().map(|slice| slice.len()).sum();
    let mut received = None;
    let outcome = socket.try_io(Interest::READABLE, || {
        let count = recvmsg(socket, into, &mut RecvAncillaryBuffer::default(), RecvFlags::empty())?.bytes;
        received = Some(count);
        if count > 0 && count < room { Err(ErrorKind::WouldBlock.into()) } else { Ok(count) }
    });
    received.map_or(outcome, Ok)
}

/// A handshake that failed has its alert here.
impl Drop for Socket {
    fn drop(&mut self) {
        if !self.held.is_empty() {
            // The connection ends, whether or not the client hears why.
            _ = self.socket.try_write(&self.held);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    async fn connected() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
        let (socket, _) = listener.accept().await.expect("accepted");
        (Socket::new(socket), client)
    }

    async fn has_nothing(client: &mut TcpStream) -> bool {
        // Loopback delivers within the call that sends.
        tokio::task::yield_now().await;
        client.try_read(&mut [0; 8]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    async fn arrived(client: &mut TcpStream, expected: &[u8]) {
        let mut bytes = vec![0; expected.len()];
        client.read_exact(&mut bytes).await.expect("bytes");
        assert_eq!(bytes, expected);
    }

    #[tokio::test]
    async fn what_was_looked_at_is_read_again_and_a_record_is_waited_for() {
        let (mut socket, mut client) = connected().await;
        let send = async {
            for piece in [&[22, 3][..], &[1, 0, 4, 1], &[2, 3, 4, 5]] {
                client.write_all(piece).await.expect("written");
                tokio::task::yield_now().await;
            }
        };
        let (seen, ()) = tokio::join!(async { socket.look().await.map(<[u8]>::to_vec) }, send);
        let record = [22, 3, 1, 0, 4, 1, 2, 3, 4];
        assert!(seen.expect("bytes").starts_with(&record));
        let mut bytes = [0; 10];
        socket.read_exact(&mut bytes).await.expect("all of it, once");
        assert_eq!((&bytes[..9], bytes[9]), (&record[..], 5));
    }

    #[tokio::test]
    async fn the_first_flight_leaves_with_the_flush_and_the_next_before_the_client_is_waited_for() {
        let (mut socket, mut client) = connected().await;
        socket.write_all(b"hello").await.expect("held");
        assert!(has_nothing(&mut client).await);
        socket.flush().await.expect("sent");
        arrived(&mut client, b"hello").await;
        socket.write_all(b"finished").await.expect("held");
        socket.flush().await.expect("held");
        assert!(has_nothing(&mut client).await);
        let wait = async { socket.read_u8().await.expect("a byte") };
        let answer = async {
            arrived(&mut client, b"finished").await;
            client.write_u8(7).await.expect("written");
        };
        assert_eq!(tokio::join!(wait, answer).0, 7);
    }

    #[tokio::test]
    async fn tickets_leave_with_the_answer_to_a_request_that_is_there() {
        let (mut socket, mut client) = connected().await;
        socket.flush().await.expect("nothing to send");
        client.write_all(b"request").await.expect("written");
        socket.write_all(b"tickets").await.expect("held");
        let mut request = [0; 7];
        socket.read_exact(&mut request).await.expect("it is there");
        assert!(has_nothing(&mut client).await, "held while there is something to read");
        socket.is_asked();
        // Whether the client leaves is watched meanwhile.
        let watched =
            poll_fn(|cx| Poll::Ready(Pin::new(&mut socket).poll_read(cx, &mut ReadBuf::new(&mut [0; 8])))).await;
        assert!(watched.is_pending() && has_nothing(&mut client).await);
        socket.write_all(b" and answer").await.expect("sent");
        arrived(&mut client, b"tickets and answer").await;
        socket.write_all(b", more").await.expect("sent");
        arrived(&mut client, b", more").await;
    }

    #[tokio::test]
    async fn large_bodies_arrive_whole_and_a_connection_that_waits_holds_nothing() {
        let (mut socket, mut client) = connected().await;
        socket.open();
        let body: Vec<u8> = (0..1_000_003_u32).map(|at| (at % 251) as u8).collect();
        for sizes in [[16406; 3], [16406, 4096, 900]] {
            let receive = async {
                let (mut received, mut was_ahead, mut room) = (Vec::new(), false, vec![0; 16406]);
                while received.len() < body.len() {
                    let count = socket.read(&mut room[..sizes[received.len() % 3]]).await.expect("read");
                    assert!(count > 0, "the end came early");
                    received.extend_from_slice(&room[..count]);
                    was_ahead |= !socket.ahead.is_empty();
                }
                assert!(was_ahead, "nothing was read ahead");
                received
            };
            let (sent, received) = tokio::join!(client.write_all(&body), receive);
            sent.expect("sent");
            assert!(received == body, "other bytes than were sent");
            client.write_all(b"short").await.expect("written");
            socket.read_exact(&mut [0; 5]).await.expect("read");
            assert!(socket.ahead.is_empty(), "memory is held after the body");
        }
        drop(client);
        assert_eq!(socket.read(&mut [0; 16406]).await.expect("end"), 0);
    }

    #[tokio::test]
    async fn the_alert_of_a_handshake_that_failed_leaves_at_the_end() {
        let (mut socket, mut client) = connected().await;
        client.write_u8(0).await.expect("written");
        socket.read_u8().await.expect("read: it can be written, too");
        socket.write_all(b"alert").await.expect("held");
        drop(socket);
        let mut told = Vec::new();
        client.read_to_end(&mut told).await.expect("an end");
        assert_eq!(told, b"alert");
    }
}
