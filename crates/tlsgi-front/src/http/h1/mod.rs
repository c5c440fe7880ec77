//! HTTP/1.1 and 1.0: one connection, its requests one after the other.

pub(crate) mod body;
mod client;
pub(crate) mod parse;
mod transport;

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::http::failure::Failure;
use crate::http::head::RequestHead;
use crate::serve::{Session, answer};
use client::{After, H1Client};
use parse::{Scan, parse};
use transport::{Read, Transport};

/// Quiet time after which a connection frees its buffers and what workers keep for it.
const TRIM_AFTER: Duration = Duration::from_secs(1);

/// While draining, an idle connection is kept this long for a request that is under way; it is answered with
/// `connection: close`.
const DRAIN_IDLE: Duration = Duration::from_secs(2);

/// How a connection got (or did not get) its next request.
enum Next {
    /// A head is there.
    Request,
    /// Answer this, then close.
    Refused(Failure),
    /// Close without a word: idle, or the client left.
    Close,
}

/// Serves one connection to its end.
pub(crate) async fn serve<IO: AsyncRead + AsyncWrite + Unpin>(io: IO, session: Rc<Session>) {
    let mut transport = Transport::new(io, session.limits().write_timeout);
    let mut head = RequestHead::default();
    let mut requests: u64 = 0;
    let mut drained = pin!(session.drain_began());
    loop {
        let next = next_request(&mut transport, &mut head, &session, drained.as_mut(), requests == 0).await;
        requests += 1;
        let limits = session.limits();
        let is_last =
            session.is_draining() || (limits.keep_alive_requests > 0 && requests >= limits.keep_alive_requests);
        let (failure, keeps_alive) = match next {
            Next::Request => (None, !is_last),
            Next::Refused(failure) => (Some(failure), false),
            Next::Close => break,
        };
        let state = session.state();
        if failure.is_none() {
            session.settle(&state, &mut head);
        }
        let policy = session.policy(&state, failure.is_none().then_some(&head));
        let mut client = H1Client::new(&mut transport, &head, &limits, policy, keeps_alive);
        match failure {
            // In boxes: an idle connection holds none of what it takes to answer.
            None => Box::pin(answer(&session, &state, &mut client)).await,
            Some(failure) => Box::pin(session.refuse(&mut client, failure)).await,
        }
        let after = if client.is_through() { client.conclude() } else { Box::pin(client.finish()).await };
        match after {
            After::Next => {}
            After::Close => return Box::pin(transport.linger()).await,
            After::Cut => return,
        }
    }
    // An orderly end: over TLS the client gets close_notify. One that left without its own listens no more: words to it only make its kernel
    // answer with a reset.
    if !transport.is_torn() {
        let _ = transport.shutdown().await;
    }
}

/// Waits for the next head under the idle and header deadlines. `drained` resolves when draining begins, and is asked only before.
async fn next_request<IO: AsyncRead + AsyncWrite + Unpin>(
    transport: &mut Transport<IO>,
    head: &mut RequestHead,
    session: &Session,
    mut drained: Pin<&mut impl Future<Output = ()>>,
    is_first: bool,
) -> Next {
    let limits = session.limits();
    let idle = if is_first { limits.header_timeout } else { limits.keep_alive_timeout };
    let (mut scan, mut since) = (Scan::default(), Instant::now());
    let (mut is_idle, mut is_trimmed) = (transport.input().is_empty(), false);
    loop {
        if !transport.input().is_empty() {
            if std::mem::take(&mut is_idle) {
                since = Instant::now();
            }
            match parse(transport.input(), &mut scan, head, &limits) {
                Ok(Some(length)) => {
                    transport.take(length);
                    transport.deadline.clear();
                    return Next::Request;
                }
                Ok(None) => {}
                Err(failure) => return Next::Refused(failure),
            }
        }
        let wait = match (is_idle, is_trimmed) {
            (true, false) => TRIM_AFTER.min(idle),
            (true, true) if session.is_draining() => idle.min(DRAIN_IDLE),
            (true, true) => idle,
            (false, _) => limits.header_timeout,
        };
        transport.deadline.set(since + wait);
        let read = tokio::select! {
            biased;
            read = transport.read() => read,
            () = drained.as_mut(), if is_idle && !session.is_draining() => {
                since = Instant::now();
                continue;
            }
        };
        match read {
            Read::Bytes => {}
            Read::Late if is_idle && !is_trimmed && wait < idle => {
                transport.trim();
                *head = RequestHead::default();
                session.connection.rest();
                is_trimmed = true;
            }
            Read::Late if is_idle => return Next::Close,
            Read::Late => return Next::Refused(Failure::HeaderTimeout),
            // Half a head and then the end: nobody is there to be told.
            Read::End | Read::Broken => return Next::Close,
        }
    }
}
