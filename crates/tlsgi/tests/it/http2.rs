//! HTTP/2 through the whole program: many streams on one connection, uploads, WebSocket, clients that leave, draining.

use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::Request;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::harness::{PATIENCE, Server};

const APPLICATION: &str = r#"
import asyncio, sys

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept", "headers": [(b"x-version", scope["http_version"].encode())]})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"] + "!"})
        return
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            print("disconnected early", file=sys.stderr, flush=True)
            return
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    if scope["path"] == "/sleep":
        await asyncio.sleep(0.5)
    if scope["path"] == "/watch":
        print("watching", file=sys.stderr, flush=True)
        assert (await receive())["type"] == "http.disconnect"
        print("disconnected", file=sys.stderr, flush=True)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-version", scope["http_version"].encode())]})
    if scope["path"] == "/large":
        for _ in range(64):
            await send({"type": "http.response.body", "body": b"x" * 131072, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": str(size).encode()})
"#;

pub(crate) type Sender = SendRequest<Bytes>;

pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = Runtime::new().expect("runtime");
    runtime.block_on(async { timeout(PATIENCE, test).await.expect("in time") });
}

/// A connection that chose HTTP/2; its driver runs in `tasks`.
pub(crate) async fn connect(server: &Server, tasks: &mut JoinSet<()>) -> Sender {
    let mut config = Arc::unwrap_or_clone(server.client_config());
    config.alpn_protocols = vec![b"h2".to_vec()];
    let socket = TcpStream::connect(server.https).await.expect("connects");
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await.expect("handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) = h2::client::handshake(stream).await.expect("preface");
    tasks.spawn(async move {
        // However it ends, the streams tell.
        let _ = connection.await;
    });
    sender
}

fn request(server: &Server, method: &str, path: &str) -> Request<()> {
    Request::builder().method(method).uri(server.url(path)).body(()).expect("valid")
}

async fn read(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut all = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len()).expect("received");
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

async fn get(sender: &Sender, request: Request<()>) -> (http::response::Parts, Vec<u8>) {
    let mut sender = sender.clone().ready().await.expect("open");
    let (response, _) = sender.send_request(request, true).expect("open");
    let (parts, body) = response.await.expect("response").into_parts();
    (parts, read(body).await.expect("body"))
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn curl_gets_http_2_and_the_application_is_told() {
    let server = Server::with_source(APPLICATION, &[]);
    let shown = ["--http2", "-o", "-", "-w", " %{http_version} %header{x-version}"];
    assert_eq!(text(&server.curl(&[&shown[..], &["--data", "abc", &server.url("/")]].concat())), "3 2 2");
    assert!(server.get("/").head.contains("x-version: 1.1"));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn streams_of_one_connection_run_side_by_side() {
    let server = Server::with_source(APPLICATION, &[]);
    run(async {
        let mut tasks = JoinSet::new();
        let sender = connect(&server, &mut tasks).await;
        let start = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..50 {
            let (sender, request) = (sender.clone(), request(&server, "GET", "/sleep"));
            running.spawn(async move { get(&sender, request).await.0.status.as_u16() });
        }
        assert!(running.join_all().await.iter().all(|status| *status == 200));
        assert!(start.elapsed() < Duration::from_secs(10), "50 × 0.5 s in {:?}", start.elapsed());
    });
}

#[test]
fn many_uploads_of_one_connection_do_not_wait_for_each_other() {
    let source = r#"
def application(environ, start_response):
    size = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(size).encode()]
"#;
    let server = Server::with_source(source, &[]);
    run(async {
        let mut tasks = JoinSet::new();
        let sender = connect(&server, &mut tasks).await;
        let piece = Bytes::from(vec![b'u'; 300_000]);
        let mut running = JoinSet::new();
        for _ in 0..100 {
            let mut ready = sender.clone().ready().await.expect("open");
            let (response, mut upload) = ready.send_request(request(&server, "POST", "/"), false).expect("open");
            upload.send_data(piece.clone(), true).expect("open");
            running.spawn(async move { read(response.await.expect("response").into_body()).await.expect("body") });
        }
        assert!(running.join_all().await.iter().all(|size| size == b"300000"));
    });
}

#[test]
fn bodies_stream_in_both_directions() {
    let server = Server::with_source(APPLICATION, &[]);
    run(async {
        let mut tasks = JoinSet::new();
        let sender = connect(&server, &mut tasks).await;
        let mut ready = sender.clone().ready().await.expect("open");
        let (response, mut upload) = ready.send_request(request(&server, "POST", "/"), false).expect("open");
        let piece = Bytes::from(vec![b'u'; 1 << 20]);
        for at in 0..20 {
            upload.send_data(piece.clone(), at == 19).expect("open");
        }
        assert_eq!(read(response.await.expect("response").into_body()).await.expect("body"), b"20971520");
        assert_eq!(get(&sender, request(&server, "GET", "/large")).await.1.len(), 64 * 131_072);
    });
}

#[test]
fn websocket_runs_over_a_stream() {
    let server = Server::with_source(APPLICATION, &[]);
    run(async {
        let mut tasks = JoinSet::new();
        let sender = connect(&server, &mut tasks).await;
        // The server's settings come first.
        get(&sender, request(&server, "GET", "/")).await;
        let mut ready = sender.clone().ready().await.expect("open");
        let mut connect = request(&server, "CONNECT", "/chat");
        connect.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
        connect.headers_mut().insert("sec-websocket-version", "13".parse().expect("value"));
        let (response, mut outgoing) = ready.send_request(connect, false).expect("open");
        let (parts, mut incoming) = response.await.expect("response").into_parts();
        assert_eq!((parts.status.as_u16(), parts.headers["x-version"].as_bytes()), (200, &b"2"[..]));
        // "hi" as a masked text frame, mask of zeros.
        outgoing.send_data(Bytes::from_static(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']), false).expect("open");
        assert_eq!(incoming.data().await.expect("data").expect("valid"), &b"\x81\x03hi!"[..]);
        outgoing.send_data(Bytes::from_static(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]), false).expect("open");
        assert_eq!(read(incoming).await.expect("orderly end"), b"\x88\x02\x03\xe8");
        assert_eq!(get(&sender, request(&server, "GET", "/")).await.1, b"0");
    });
}

#[test]
fn client_that_resets_its_stream_disconnects_the_application() {
    let server = Server::with_source(APPLICATION, &[]);
    run(async {
        let mut tasks = JoinSet::new();
        let sender = connect(&server, &mut tasks).await;
        let mut ready = sender.clone().ready().await.expect("open");
        let (response, mut upload) = ready.send_request(request(&server, "GET", "/watch"), true).expect("open");
        tokio::task::block_in_place(|| server.wait_for_log("watching"));
        upload.send_reset(Reason::CANCEL);
        assert!(response.await.is_err());
        tokio::task::block_in_place(|| server.wait_for_log("disconnected"));
        assert_eq!(get(&sender, request(&server, "GET", "/")).await.1, b"0");
    });
}

#[test]
fn draining_finishes_what_is_open() {
    let mut server = Server::with_source(APPLICATION, &[]);
    run(async {
        let mut tasks = JoinSet::new();
        let sender = connect(&server, &mut tasks).await;
        let mut ready = sender.clone().ready().await.expect("open");
        let (response, mut upload) = ready.send_request(request(&server, "POST", "/"), false).expect("open");
        get(&sender, request(&server, "GET", "/")).await;
        server.signal("TERM");
        // Until GOAWAY comes, requests are answered; afterwards there is no further stream on this connection.
        while let Ok(mut ready) = sender.clone().ready().await {
            let Ok((response, _)) = ready.send_request(request(&server, "GET", "/"), true) else { break };
            if response.await.is_err() {
                break;
            }
        }
        upload.send_data(Bytes::from_static(b"abc"), true).expect("open");
        assert_eq!(read(response.await.expect("response").into_body()).await.expect("body"), b"3");
    });
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn flood_ends_its_own_connection_only() {
    let server = Server::with_source(APPLICATION, &[]);
    run(async {
        let mut tasks = JoinSet::new();
        let (quiet, loud) = (connect(&server, &mut tasks).await, connect(&server, &mut tasks).await);
        let outcome = loop {
            let Ok(mut ready) = loud.clone().ready().await else { break "refused" };
            match ready.send_request(request(&server, "GET", "/watch"), true) {
                Ok((_, mut stream)) => stream.send_reset(Reason::CANCEL),
                Err(_) => break "refused",
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(outcome, "refused");
        assert_eq!(get(&quiet, request(&server, "GET", "/")).await.1, b"0");
    });
}
