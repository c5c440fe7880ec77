//! From an accepted TCP connection to a TLS stream and what is known about it.

use std::rc::Rc;
use std::sync::Arc;

use rustls::HandshakeKind;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use super::Tls;
use super::client_auth::Holder;
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

/// Does the handshake. The caller bounds it in time.
pub(crate) async fn accept(stream: TcpStream, tls: &Tls) -> Accepted {
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1) if first[0].is_ascii_alphabetic() || first[0] == b'\r' => return Accepted::Plain(stream),
        Ok(0) => return Accepted::Failed(std::io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => {}
        Err(error) => return Accepted::Failed(error),
    }
    match shake(stream, tls).await {
        Ok(stream) => {
            let session = session(&stream, tls);
            let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Accepted::Tls { stream: Box::new(stream), session, is_h2 }
        }
        Err(error) => Accepted::Failed(error),
    }
}

/// The handshake, with what the site of the server name asks.
async fn shake(stream: TcpStream, tls: &Tls) -> std::io::Result<TlsStream<TcpStream>> {
    if let Some(config) = tls.only_config() {
        return TlsAcceptor::from(config).accept(stream).await;
    }
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let config = tls.config(start.client_hello().server_name());
    start.into_stream(config).await
}

fn session(stream: &TlsStream<TcpStream>, tls: &Tls) -> TlsSession {
    let connection = stream.get_ref().1;
    let server_name = connection.server_name();
    let presented = tls.resolver.presented(server_name);
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
