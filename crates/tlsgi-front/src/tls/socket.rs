//! The socket under a TLS stream: the client's first words can be looked at before rustls reads them, and what ends the handshake leaves with
//! the answer to a request that is there already.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

use super::hello;
use crate::stream;

/// Bytes of one look: a whole record.
const LOOK: usize = 5 + (16 << 10);

/// A connection's socket, from the first byte to the last.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: TcpStream,
    /// What was looked at and not read yet.
    ahead: Vec<u8>,
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
        Self { socket, ahead: Vec::new(), held: Vec::new(), stage: Stage::Opening }
    }

    /// A connection without one.
    pub(crate) fn plain(socket: TcpStream) -> Self {
        let mut plain = Self::new(socket);
        plain.open();
        plain
    }

    /// What the client says first: its first record if it is one of TLS, else what comes at once. Empty where it says nothing.
    pub(super) async fn look(&mut self) -> io::Result<&[u8]> {
        let Self { socket, ahead, .. } = self;
        loop {
            let read = poll_fn(|cx| stream::poll_read(socket, cx, LOOK, |bytes| ahead.extend_from_slice(bytes)));
            if read.await? == 0 || !hello::is_cut(ahead) {
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
        if !this.ahead.is_empty() {
            let count = this.ahead.len().min(buffer.remaining());
            buffer.put_slice(this.ahead.get(..count).unwrap_or_default());
            this.ahead.drain(..count);
            if this.ahead.is_empty() {
                this.ahead = Vec::new();
            }
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
        Pin::new(&mut this.socket).poll_read(cx, buffer)
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
                Pin::new(&mut this.socket).poll_write_vectored(cx, slices)
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
