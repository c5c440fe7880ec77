//! From an accepted TCP connection to a TLS stream and what is known about it.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use rustls::server::Acceptor;
use rustls::{HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncBufRead, AsyncWriteExt as _};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use super::Tls;
use super::client_auth::Holder;
use super::hello::{self, Hello};
use super::presented::{Abilities, Presented};
use super::socket::Socket;
use super::turnstile::Turnstile;
use crate::connection::TlsSession;

/// What came instead of, or out of, a handshake.
pub(crate) enum Accepted {
    /// TLS is up. `is_h2`: ALPN chose HTTP/2.
    Tls { stream: Box<TlsStream<Socket>>, session: TlsSession, is_h2: bool },
    /// The client speaks plain HTTP, from what is to be read next.
    Plain(Socket),
    /// Neither.
    Failed(std::io::Error),
}

/// A fatal alert in a record of its own (RFC 9846 5.1, 6): nothing was said before it.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// A stream with the certificate that it began with.
type Shaken = (TlsStream<Socket>, Option<Arc<Presented>>);

/// Does the handshake. The caller bounds it in time.
pub(crate) async fn accept(mut socket: Socket, tls: &Tls, turnstile: &Turnstile) -> Accepted {
    let hello;
    match socket.look().await {
        Ok([]) => return Accepted::Failed(std::io::ErrorKind::UnexpectedEof.into()),
        Ok([first, ..]) if first.is_ascii_alphabetic() || *first == b'\r' => {
            socket.open();
            return Accepted::Plain(socket);
        }
        Ok(seen) => {
            hello = hello::look(seen);
            let refusal = hello.and_then(|hello| hello.refusal(tls.speaks_tls13())).or_else(|| hello::overflow(seen));
            if let Some(alert) = refusal {
                socket.refuse(alert).await;
                return Accepted::Failed(std::io::Error::other(
                    "the client speaks, or fell back to, an older version of TLS",
                ));
            }
        }
        Err(error) => return Accepted::Failed(error),
    }
    let _under_way = turnstile.pass().await;
    match shake(socket, tls, hello).await {
        Ok((stream, presented)) => {
            let session = session(&stream, presented);
            let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Accepted::Tls { stream: Box::new(stream), session, is_h2 }
        }
        Err(error) => Accepted::Failed(error),
    }
}

/// The handshake, with what the site of the server name asks.
async fn shake(socket: Socket, tls: &Tls, hello: Option<Hello>) -> std::io::Result<Shaken> {
    if let Some(config) = tls.only_config(hello) {
        let mut stream = TlsAcceptor::from(config).accept(socket).await?;
        conclude(&mut stream).await?;
        let presented = tls.resolver.presented(stream.get_ref().1.server_name(), None);
        return Ok((stream, presented));
    }
    let mut start = LazyConfigAcceptor::new(Acceptor::default(), socket).await?;
    let told = start.client_hello();
    let server_name = told.server_name();
    if tls.is_sni_strict && !server_name.is_some_and(|name| tls.resolver.knows(name)) {
        let refused = format!("the client asks for {}", server_name.unwrap_or("no name"));
        start.io.refuse(UNRECOGNIZED_NAME).await;
        return Err(std::io::Error::other(refused));
    }
    let client = Abilities { schemes: told.signature_schemes(), suites: told.cipher_suites() };
    // The same choice as rustls's, which does not tell.
    let presented = tls.resolver.presented(server_name, Some(client));
    let config = tls.config(server_name, hello).ok_or_else(|| std::io::Error::other("there is no site"))?;
    let mut stream = start.into_stream(config).await?;
    conclude(&mut stream).await?;
    Ok((stream, presented))
}

/// What ends the handshake leaves: with the answer where a request is there already, else now. In TLS 1.3 that is tickets, which no client
/// waits for.
async fn conclude(stream: &mut TlsStream<Socket>) -> std::io::Result<()> {
    let is_tls13 = stream.get_ref().1.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    let has_request = is_tls13
        && poll_fn(|cx| {
            let polled = Pin::new(&mut *stream).poll_fill_buf(cx);
            Poll::Ready(matches!(polled, Poll::Ready(Ok([_, ..]))))
        })
        .await;
    let socket = stream.get_mut().0;
    if has_request {
        socket.is_asked();
        return Ok(());
    }
    socket.open();
    stream.flush().await
}

fn session(stream: &TlsStream<Socket>, presented: Option<Arc<Presented>>) -> TlsSession {
    let connection = stream.get_ref().1;
    let server_name = connection.server_name();
    TlsSession {
        version: connection.protocol_version().map_or(0, u16::from),
        cipher_suite: connection.negotiated_cipher_suite().map_or(0, |suite| u16::from(suite.suite())),
        certificate: presented.as_ref().map_or_else(|| Arc::from(""), |presented| presented.pem.clone()),
        identity: presented.and_then(|presented| presented.identity.clone()),
        server_name: server_name.unwrap_or_default().to_ascii_lowercase(),
        is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        client: connection
            .peer_certificates()
            .filter(|chain| !chain.is_empty())
            .map(|chain| Rc::new(Holder::new(chain))),
    }
}
