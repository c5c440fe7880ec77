//! From an accepted TCP connection to a TLS stream and what is known about it.

use std::rc::Rc;
use std::sync::Arc;

use rustls::HandshakeKind;
use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use super::Tls;
use super::client_auth::Holder;
use super::elder::{self, Elder};
use super::presented::{Abilities, Presented};
use crate::connection::TlsSession;

/// What came instead of, or out of, a handshake.
pub(crate) enum Accepted {
    /// TLS is up. `is_h2`: ALPN chose HTTP/2.
    Tls { stream: Box<TlsStream<TcpStream>>, session: TlsSession, is_h2: bool },
    /// The client speaks plain HTTP; nothing was read yet.
    Plain(TcpStream),
    /// Neither.
    Failed(std::io::Error),
}

/// A fatal alert in a record of its own (RFC 9846 5.1, 6): nothing was said before it.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// A stream with the certificate that it began with.
type Shaken = (TlsStream<TcpStream>, Option<Arc<Presented>>);

/// Does the handshake. The caller bounds it in time.
pub(crate) async fn accept(mut stream: TcpStream, tls: &Tls) -> Accepted {
    let mut first = [0; elder::LOOK];
    let elder;
    match stream.peek(&mut first).await {
        Ok(1..) if first[0].is_ascii_alphabetic() || first[0] == b'\r' => return Accepted::Plain(stream),
        Ok(0) => return Accepted::Failed(std::io::ErrorKind::UnexpectedEof.into()),
        Ok(seen) => {
            let seen = first.get(..seen).unwrap_or_default();
            elder = elder::look(seen);
            let refusal = elder.and_then(|elder| elder.refusal(tls.speaks_tls13()));
            if let Some(alert) = refusal.or_else(|| elder::overflow(seen)) {
                refuse(&mut stream, alert).await;
                return Accepted::Failed(std::io::Error::other(
                    "the client speaks, or fell back to, an older version of TLS",
                ));
            }
        }
        Err(error) => return Accepted::Failed(error),
    }
    match shake(stream, tls, elder).await {
        Ok((stream, presented)) => {
            let session = session(&stream, presented);
            let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Accepted::Tls { stream: Box::new(stream), session, is_h2 }
        }
        Err(error) => Accepted::Failed(error),
    }
}

/// The handshake, with what the site of the server name asks.
async fn shake(stream: TcpStream, tls: &Tls, elder: Option<Elder>) -> std::io::Result<Shaken> {
    if let Some(config) = tls.only_config(elder) {
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let presented = tls.resolver.presented(stream.get_ref().1.server_name(), None);
        return Ok((stream, presented));
    }
    let mut start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let hello = start.client_hello();
    let server_name = hello.server_name();
    if tls.is_sni_strict && !server_name.is_some_and(|name| tls.resolver.knows(name)) {
        let refused = format!("the client asks for {}", server_name.unwrap_or("no name"));
        refuse(&mut start.io, UNRECOGNIZED_NAME).await;
        return Err(std::io::Error::other(refused));
    }
    let client = Abilities { schemes: hello.signature_schemes(), suites: hello.cipher_suites() };
    // The same choice as rustls's, which does not tell.
    let presented = tls.resolver.presented(server_name, Some(client));
    let config = tls.config(server_name, elder).ok_or_else(|| std::io::Error::other("there is no site"))?;
    Ok((start.into_stream(config).await?, presented))
}

/// Says why, and that there is nothing more to come. What comes of it does not matter: the connection ends.
async fn refuse(stream: &mut TcpStream, alert: [u8; 7]) {
    let mut unread = [0; elder::LOOK];
    // Unread bytes would have the kernel reset the connection, and the alert with it.
    while stream.try_read(&mut unread).is_ok_and(|count| count > 0) {}
    _ = stream.write_all(&alert).await;
    _ = stream.shutdown().await;
}

fn session(stream: &TlsStream<TcpStream>, presented: Option<Arc<Presented>>) -> TlsSession {
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
