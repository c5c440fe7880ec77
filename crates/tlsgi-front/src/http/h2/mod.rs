//! HTTP/2: one connection, its streams side by side.

mod client;
mod driver;
mod frame;
mod hpack;
mod lanes;
mod meter;
mod pace;
mod protocol;
#[cfg(feature = "rooms")]
pub(crate) mod rehearsal;
mod request;
#[cfg(test)]
mod tests;
mod timers;
mod transport;

use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::serve::{Session, answer};
use client::Accepted;

/// Serves one connection to its end.
pub(crate) async fn serve<IO: AsyncRead + AsyncWrite + Unpin>(io: IO, session: Rc<Session>) {
    let session = &session;
    let drained = async {
        if !session.is_draining() {
            session.drain_began().await;
        }
    };
    let rest = || session.connection.rest();
    driver::drive(io, || session.limits(), drained, rest, |accepted| serve_stream(session, accepted)).await;
}

/// Answers one request.
async fn serve_stream(session: &Session, accepted: Accepted) {
    let state = session.state();
    let (mut client, refusal) = accepted.client(|head| {
        let head = head.map(|head| {
            session.settle(&state, head);
            &*head
        });
        session.policy(&state, head)
    });
    match refusal {
        None => answer(session, &state, &mut client).await,
        Some(failure) => session.refuse(&mut client, failure).await,
    }
}
