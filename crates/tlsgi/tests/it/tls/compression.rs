//! Certificates are compressed (RFC 8879) for clients that can unpack them.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::compress::{BROTLI_DECOMPRESSOR, CertDecompressor, DecompressionFailed, ZLIB_DECOMPRESSOR};
use rustls::pki_types::ServerName;
use rustls::{CertificateCompressionAlgorithm, ClientConfig, ClientConnection};

use super::server;
use crate::harness::Server;

/// Counts what it unpacks.
#[derive(Debug)]
struct Counting {
    inner: &'static dyn CertDecompressor,
    unpacked: AtomicUsize,
}

impl CertDecompressor for Counting {
    fn decompress(&self, input: &[u8], output: &mut [u8]) -> Result<(), DecompressionFailed> {
        self.unpacked.fetch_add(1, Ordering::SeqCst);
        assert!(input.len() < output.len(), "{} bytes of {}", input.len(), output.len());
        self.inner.decompress(input, output)
    }

    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        self.inner.algorithm()
    }
}

fn shake(server: &Server, decompressors: Vec<&'static dyn CertDecompressor>) {
    let mut config = ClientConfig::clone(&server.client_config());
    config.cert_decompressors = decompressors;
    config.resumption = rustls::client::Resumption::disabled();
    let name = ServerName::try_from("localhost").expect("name");
    let mut client = ClientConnection::new(Arc::new(config), name).expect("client");
    let mut socket = TcpStream::connect(server.https).expect("connects");
    while client.is_handshaking() {
        client.complete_io(&mut socket).expect("a handshake");
    }
}

#[test]
fn certificates_are_compressed_with_what_the_client_knows() {
    static BROTLI: Counting = Counting { inner: BROTLI_DECOMPRESSOR, unpacked: AtomicUsize::new(0) };
    static ZLIB: Counting = Counting { inner: ZLIB_DECOMPRESSOR, unpacked: AtomicUsize::new(0) };
    let server = server(&[]);
    let count = || (BROTLI.unpacked.load(Ordering::SeqCst), ZLIB.unpacked.load(Ordering::SeqCst));
    shake(&server, vec![&BROTLI]);
    shake(&server, vec![&BROTLI]);
    assert_eq!(count(), (2, 0));
    shake(&server, vec![&ZLIB]);
    assert_eq!(count(), (2, 1));
    shake(&server, Vec::new());
    assert_eq!(count(), (2, 1));
}
