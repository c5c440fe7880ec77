//! Asks a server for its certificates with a TLS handshake, and trusts nothing of what it says.

use std::io;
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use serde::Serialize;
use time::OffsetDateTime;

use super::{Survey, of_chain, origin};
use crate::error::Error;
use crate::name::Name;

/// How long connecting, and each read and write, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most round trips of a handshake: none has more than a few.
const TURNS: usize = 32;

/// How a server was spoken with.
#[derive(Debug, Clone, Serialize)]
pub struct Connection {
    /// `TLS 1.3`.
    pub version: String,
    /// As rustls names it.
    pub cipher: String,
    /// Key exchange.
    pub group: Option<String>,
    /// The protocol chosen among `h2` and `http/1.1`, if any was.
    pub alpn: Option<String>,
    /// The server sent the answer of its CA about revocation along.
    pub has_ocsp_answer: bool,
    /// It asks clients for a certificate.
    pub asks_for_certificate: bool,
    /// The peer's address.
    pub address: String,
}

/// Looks at the certificates of a server. The certificate must be for `host`.
///
/// # Errors
/// [`Error::Connect`] when there is no answer, or none that is TLS 1.2 or 1.3.
pub fn inspect_server(host: &str, port: u16, now: OffsetDateTime) -> Result<Survey, Error> {
    let name = Name::parse(host)?;
    let target = if matches!(name, Name::Address(IpAddr::V6(_))) {
        format!("[{name}]:{port}")
    } else {
        format!("{name}:{port}")
    };
    let failed = |source: io::Error| Error::Connect { target: target.clone(), source };
    let mut socket = connect(&name, port).map_err(failed)?;
    let seen = Arc::new(Seen::default());
    let mut client = client(&name, &seen).map_err(failed)?;
    let shaken = shake(&mut client, &mut socket);
    let chain = seen.chain.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // A server that insists on a client's certificate ends the handshake after it has shown its own.
    if chain.is_empty() {
        shaken.map_err(failed)?;
        return Err(failed(io::Error::other("it sent no certificate")));
    }
    let ders: Vec<&[u8]> = chain.iter().map(AsRef::as_ref).collect();
    let mut survey = of_chain(target.clone(), &origin(&target), &ders, &[name], now)?;
    survey.connection = Some(Connection {
        version: client.protocol_version().map(version).unwrap_or_default(),
        cipher: client.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default(),
        group: client.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name())),
        alpn: client.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        has_ocsp_answer: seen.has_ocsp_answer.load(Ordering::Relaxed),
        asks_for_certificate: seen.asks.load(Ordering::Relaxed),
        address: socket.peer_addr().map(|address| address.to_string()).unwrap_or_default(),
    });
    Ok(survey)
}

fn connect(name: &Name, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    let addresses = match name {
        Name::Address(address) => vec![(*address, port).into()],
        Name::Dns(name) => (name.as_str(), port).to_socket_addrs()?.collect(),
    };
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(socket) => {
                socket.set_read_timeout(Some(PATIENCE))?;
                socket.set_write_timeout(Some(PATIENCE))?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn client(name: &Name, seen: &Arc<Seen>) -> io::Result<ClientConnection> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Onlooker { seen: Arc::clone(seen), provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = builder.with_client_cert_resolver(Arc::clone(seen) as Arc<dyn ResolvesClientCert>);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = match name {
        Name::Address(address) => ServerName::from(*address),
        Name::Dns(name) => ServerName::try_from(name.clone()).map_err(io::Error::other)?,
    };
    ClientConnection::new(Arc::new(config), server).map_err(io::Error::other)
}

fn shake(client: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<()> {
    for _ in 0..TURNS {
        if !client.is_handshaking() {
            return Ok(());
        }
        client.complete_io(socket)?;
    }
    Err(io::Error::other("the handshake does not end"))
}

fn version(version: rustls::ProtocolVersion) -> String {
    match version {
        rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What a handshake showed.
#[derive(Debug, Default)]
struct Seen {
    chain: Mutex<Vec<CertificateDer<'static>>>,
    has_ocsp_answer: AtomicBool,
    asks: AtomicBool,
}

impl ResolvesClientCert for Seen {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asks.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Takes note of certificates instead of judging them; that the server has the key is checked.
#[derive(Debug)]
struct Onlooker {
    seen: Arc<Seen>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let all = std::iter::once(end_entity).chain(intermediates).map(|der| der.clone().into_owned());
        *self.seen.chain.lock().unwrap_or_else(PoisonError::into_inner) = all.collect();
        self.seen.has_ocsp_answer.store(!ocsp_response.is_empty(), Ordering::Relaxed);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
