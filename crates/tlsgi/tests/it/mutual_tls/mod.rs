//! Client certificates through the whole program, over HTTP/1.1 and HTTP/2.

mod applications;
mod bypass;
mod files;
mod holders;
mod lasting;
mod recipes;

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use bytes::Bytes;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::authority::Client;
use crate::harness::{PATIENCE, Server};

/// Says what it was asked and what it was told; whoever gets to it leaves a line in the log.
const WSGI: &str = r#"
import sys

def application(environ, start_response):
    print("called", environ["PATH_INFO"], file=sys.stderr, flush=True)
    start_response("200 OK", [("content-type", "text/plain")])
    names = ("SSL_", "HTTP_CLIENT", "HTTP_X", "PATH_INFO")
    lines = [f"{name}={value}\n" for name, value in sorted(environ.items()) if name.startswith(names)]
    return ["".join(lines).encode("latin-1")]
"#;

/// The TLS extension of each request as JSON; WebSockets are accepted and closed by the other side.
const ASGI: &str = r#"
import json

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    headers = {name.decode(): value.decode() for name, value in scope["headers"] if name.startswith(b"client-cert")}
    body = json.dumps({"tls": scope["extensions"].get("tls"), "headers": headers}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
"#;

const VERSIONS: [&str; 2] = ["--http1.1", "--http2"];

/// A directory of a test, for what is made before its server.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("directory")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Status and body of what curl got; 0 without an answer.
fn answer(output: &Output) -> (u16, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once("\nstatus ").unwrap_or((&text, "0"));
    (status.trim().parse().unwrap_or(0), body.to_owned())
}

/// curl in one HTTP version, with a certificate or without, and further arguments, the URL among them.
fn curl(server: &Server, version: &str, client: Option<&Client>, arguments: &[&str]) -> (u16, String) {
    let mut all = vec![version, "--path-as-is", "--insecure", "-w", "\nstatus %{http_code}"];
    if let Some(client) = client {
        all.extend(["--cert", text(&client.certificate), "--key", text(&client.key)]);
    }
    all.extend(arguments);
    answer(&server.curl(&all))
}

/// The status of a path, and the page.
fn fetch(server: &Server, version: &str, client: Option<&Client>, path: &str) -> (u16, String) {
    curl(server, version, client, &[&server.url(path)])
}

/// The value of a line `NAME=VALUE`.
fn told<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

/// An open connection in either version.
enum Line {
    H1(Box<rustls::StreamOwned<rustls::ClientConnection, std::net::TcpStream>>),
    H2 { runtime: tokio::runtime::Runtime, sender: h2::client::SendRequest<Bytes>, kind: Option<HandshakeKind> },
}

/// TLS settings of a client; connections that share them resume.
fn settings(server: &Server, client: Option<&Client>, is_h2: bool) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.root()).expect("root")).expect("root added");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let builder = builder.with_root_certificates(roots);
    let mut config = match client {
        Some(client) => {
            let chain = CertificateDer::pem_file_iter(&client.certificate).expect("chain");
            let chain = chain.collect::<Result<_, _>>().expect("chain");
            let key = PrivateKeyDer::from_pem_file(&client.key).expect("key");
            builder.with_client_auth_cert(chain, key).expect("client")
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![if is_h2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    Arc::new(config)
}

impl Line {
    fn open(server: &Server, config: &Arc<ClientConfig>) -> Self {
        let name = rustls::pki_types::ServerName::try_from("localhost").expect("name");
        if config.alpn_protocols[0] == b"http/1.1" {
            let socket = std::net::TcpStream::connect(server.https).expect("connects");
            socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
            let client = rustls::ClientConnection::new(Arc::clone(config), name).expect("client");
            return Self::H1(Box::new(rustls::StreamOwned::new(client, socket)));
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
        let (sender, kind) = runtime.block_on(async {
            let socket = TcpStream::connect(server.https).await.expect("connects");
            let stream = TlsConnector::from(Arc::clone(config)).connect(name, socket).await.expect("handshake");
            let kind = stream.get_ref().1.handshake_kind();
            let (sender, connection) = h2::client::handshake(stream).await.expect("preface");
            tokio::spawn(async move {
                // However it ends, the streams tell.
                let _ = connection.await;
            });
            (sender, kind)
        });
        Self::H2 { runtime, sender, kind }
    }

    /// Status and body of a path.
    fn get(&mut self, path: &str) -> (u16, String) {
        match self {
            Self::H1(stream) => {
                let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
                std::io::Write::write_all(stream, request.as_bytes()).expect("written");
                let answer = crate::harness::read_answer(stream);
                (answer.status, answer.text())
            }
            Self::H2 { runtime, sender, .. } => runtime.block_on(async {
                let mut sender = sender.clone().ready().await.expect("open");
                let request = http::Request::builder().uri(format!("https://localhost{path}")).body(()).expect("valid");
                let (response, _) = sender.send_request(request, true).expect("open");
                let (parts, mut body) = response.await.expect("response").into_parts();
                let mut page = Vec::new();
                while let Some(piece) = body.data().await {
                    let piece = piece.expect("body");
                    body.flow_control().release_capacity(piece.len()).expect("received");
                    page.extend_from_slice(&piece);
                }
                (parts.status.as_u16(), String::from_utf8_lossy(&page).into_owned())
            }),
        }
    }

    fn is_resumed(&self) -> bool {
        let kind = match self {
            Self::H1(stream) => stream.conn.handshake_kind(),
            Self::H2 { kind, .. } => *kind,
        };
        kind == Some(HandshakeKind::Resumed)
    }
}
