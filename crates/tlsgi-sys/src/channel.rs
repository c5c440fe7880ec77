//! Messages with descriptors over a Unix stream socket: `length u32 little-endian | bytes`, descriptors beside the first byte.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

/// Longest message.
pub const MAX_MESSAGE: usize = 16 << 20;

/// Most descriptors with one message.
pub const MAX_DESCRIPTORS: usize = 128;

/// Bytes that an end of [`wide_pair`] would like to have on their way.
const WIDE_BUFFER: usize = 512 << 10;

/// A connected pair, close-on-exec, for one end to be handed to a child.
///
/// # Errors
/// Out of descriptors.
pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
    UnixStream::pair()
}

/// As [`pair`], for questions and answers that are read whole (`SOCK_SEQPACKET`). Who waits in a read for an answer is woken by nothing else; on
/// a stream socket, the other end's reading wakes it, too.
///
/// # Errors
/// Out of descriptors.
pub fn packet_pair() -> io::Result<(UnixStream, UnixStream)> {
    let flags = SocketFlags::CLOEXEC;
    let (left, right) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    Ok((left.into(), right.into()))
}

/// As [`pair`], for streams of large pieces: as much as the kernel allows (`net.core.wmem_max`, twice) may be on its way, which spares
/// both sides being woken for every second piece.
///
/// # Errors
/// Out of descriptors.
pub fn wide_pair() -> io::Result<(UnixStream, UnixStream)> {
    let (left, right) = pair()?;
    for end in [&left, &right] {
        rustix::net::sockopt::set_socket_send_buffer_size(end, WIDE_BUFFER)?;
    }
    Ok((left, right))
}

/// Sends bytes with descriptors in one `sendmsg`; returns how many bytes left. The descriptors go with the first byte.
///
/// # Errors
/// As `sendmsg(2)`; `WouldBlock` on a non-blocking socket.
pub fn send_some(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "too many descriptors for one message"));
    }
    Ok(sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
}

/// Receives bytes and appends the descriptors that came with them; 0 bytes means end.
///
/// # Errors
/// As `recvmsg(2)`; `WouldBlock` on a non-blocking socket.
pub fn receive_some(socket: impl AsFd, into: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(socket, &mut [IoSliceMut::new(into)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    Ok(received.bytes)
}

/// Sends one whole message, blocking.
///
/// # Errors
/// The socket's, or a message over [`MAX_MESSAGE`].
pub fn send(socket: &UnixStream, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let frame = frame(message)?;
    let mut sent = retry(|| send_some(socket, &frame, descriptors))?;
    while let Some(rest) = frame.get(sent..).filter(|rest| !rest.is_empty()) {
        sent += retry(|| send_some(socket, rest, &[]))?;
    }
    Ok(())
}

/// Receives one whole message, blocking; `None` at the end of the stream.
///
/// # Errors
/// The socket's, a message over [`MAX_MESSAGE`], or an end inside a message.
pub fn receive(socket: &UnixStream) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
    let mut descriptors = Vec::new();
    let mut head = [0; 4];
    if !fill(socket, &mut head, &mut descriptors)? {
        return Ok(None);
    }
    let mut message = vec![0; length(head)?];
    if !fill(socket, &mut message, &mut descriptors)? && !message.is_empty() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((message, descriptors)))
}

/// The message with its length before it.
///
/// # Errors
/// A message over [`MAX_MESSAGE`].
pub fn frame(message: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(message.len()).ok().filter(|length| *length as usize <= MAX_MESSAGE);
    let length = length.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "message too long"))?;
    let mut frame = Vec::with_capacity(message.len() + 4);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(message);
    Ok(frame)
}

/// The length behind the first four bytes.
///
/// # Errors
/// A message over [`MAX_MESSAGE`].
pub fn length(head: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(head) as usize;
    if length > MAX_MESSAGE { Err(io::Error::new(ErrorKind::InvalidData, "message too long")) } else { Ok(length) }
}

/// Fills `into`; false when the stream ended before the first byte.
fn fill(socket: &UnixStream, into: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<bool> {
    let mut filled = 0;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match retry(|| receive_some(socket, rest, descriptors))? {
            0 if filled == 0 => return Ok(false),
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            received => filled += received,
        }
    }
    Ok(true)
}

fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn message_arrives_whole_with_its_descriptors() {
        let (left, right) = pair().expect("pair");
        let (mut inner, outer) = pair().expect("pair");
        let writer = std::thread::spawn(move || {
            send(&left, &vec![7; 1 << 20], &[outer.as_fd()]).expect("send");
        });
        let (message, descriptors) = receive(&right).expect("receive").expect("message");
        writer.join().expect("writer");
        assert_eq!(message, vec![7; 1 << 20]);
        let mut passed = UnixStream::from(descriptors.into_iter().next().expect("descriptor"));
        passed.write_all(b"x").expect("write");
        let mut byte = [0];
        inner.read_exact(&mut byte).expect("read");
        assert_eq!(&byte, b"x");
        assert!(receive(&right).expect("end").is_none());
    }
}
