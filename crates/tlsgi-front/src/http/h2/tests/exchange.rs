//! What clients that keep to the rules get.

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::time::Duration;

use super::{Limits, Server, with_server};

type Sender = SendRequest<Bytes>;

/// A client of the `h2` crate, its connection driven beside the test.
async fn connect(io: tokio::io::DuplexStream) -> Sender {
    let (sender, connection) = h2::client::handshake(io).await.expect("handshake");
    // The task ends with the connection; the set that runs the test owns it.
    drop(tokio::task::spawn_local(connection));
    sender.ready().await.expect("open")
}

fn request(method: &str, path: &str) -> Request<()> {
    Request::builder().method(method).uri(format!("https://a.test{path}")).body(()).expect("valid")
}

async fn body(mut stream: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut all = Vec::new();
    while let Some(piece) = stream.data().await {
        let piece = piece?;
        stream.flow_control().release_capacity(piece.len()).expect("received");
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

async fn get(sender: &mut Sender, request: Request<()>) -> (Response<()>, Vec<u8>) {
    let (response, _) = sender.send_request(request, true).expect("open");
    let (parts, stream) = response.await.expect("response").into_parts();
    (Response::from_parts(parts, ()), body(stream).await.expect("body"))
}

/// Sends a body in pieces and gives the answer.
async fn post(sender: &mut Sender, path: &str, pieces: &[&[u8]]) -> (u16, String) {
    let (response, mut stream) = sender.send_request(request("POST", path), false).expect("open");
    for (at, piece) in pieces.iter().enumerate() {
        stream.send_data(Bytes::copy_from_slice(piece), at + 1 == pieces.len()).expect("open");
    }
    let (parts, stream) = response.await.expect("response").into_parts();
    (parts.status.as_u16(), String::from_utf8_lossy(&body(stream).await.expect("body")).into_owned())
}

#[tokio::test]
async fn small_answer_carries_the_fields_of_every_version() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        let (response, body) = get(&mut sender, request("GET", "/hello")).await;
        assert_eq!((response.status().as_u16(), &body[..]), (200, &b"hello"[..]));
        let field = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(field("content-length").as_deref(), Some("5"));
        assert_eq!(field("server").as_deref(), Some("tlsgi"));
        assert_eq!(field("strict-transport-security").as_deref(), Some("max-age=1"));
        assert!(field("date").is_some() && field("x-own").is_some());
    })
    .await;
}

#[tokio::test]
async fn many_streams_run_side_by_side() {
    with_server(Limits::default(), 1 << 16, async |io, server: Server| {
        let sender = connect(io).await;
        let mut running = tokio::task::JoinSet::new();
        for round in 0..200 {
            let mut sender = sender.clone().ready().await.expect("open");
            let path = if round % 2 == 0 { "/hello".to_owned() } else { format!("/big?{}", round * 1000) };
            running.spawn_local(async move { get(&mut sender, request("GET", &path)).await.1.len() });
        }
        let mut total = 0;
        while let Some(length) = running.join_next().await {
            total += length.expect("no panic");
        }
        assert_eq!(total, 100 * 5 + (0..200).filter(|round| round % 2 == 1).map(|round| round * 1000).sum::<usize>());
        assert!(server.log.borrow().iter().all(|line| line.ends_with("done")));
    })
    .await;
}

#[tokio::test]
async fn uploads_and_downloads_pass_through_small_windows() {
    with_server(Limits::default(), 1 << 14, async |io, server: Server| {
        let mut sender = connect(io).await;
        let mut sender = {
            let megabyte = vec![b'u'; 1 << 20];
            let (status, text) = post(&mut sender, "/echo", &[&megabyte, &megabyte, &[]]).await;
            assert_eq!((status, text.as_str()), (200, "2097152"));
            sender.ready().await.expect("open")
        };
        let (_, body) = get(&mut sender, request("GET", "/big?3000000")).await;
        assert_eq!(body.iter().filter(|byte| **byte == b'y').count(), 1_500_000);
        assert_eq!(*server.log.borrow(), ["echo 2097152", "/echo done", "/big done"]);
    })
    .await;
}

#[tokio::test]
async fn body_that_came_with_the_head_is_ready_up_to_the_limit() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        assert_eq!(post(&mut sender, "/ready", &[b"abc"]).await.1, "abc true");
        assert_eq!(post(&mut sender, "/ready", &[b"abc", b"def"]).await.1, "abcdef true");
        assert_eq!(post(&mut sender, "/ready", &[b"0123456789abc"]).await.1, "0123456789 false");
        assert_eq!(get(&mut sender, request("GET", "/ready")).await.1, b" true");
    })
    .await;
}

#[tokio::test]
async fn head_has_no_body() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        let (response, body) = get(&mut sender, request("HEAD", "/big?1000000")).await;
        assert_eq!(response.headers()["content-length"], "1000000");
        assert!(body.is_empty());
    })
    .await;
}

#[tokio::test]
async fn early_answer_stops_the_upload_without_an_error() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        let (response, mut upload) = sender.send_request(request("POST", "/early"), false).expect("open");
        let (parts, stream) = response.await.expect("response").into_parts();
        assert_eq!((parts.status.as_u16(), body(stream).await.expect("body")), (413, b"no".to_vec()));
        let reason = std::future::poll_fn(|cx| upload.poll_reset(cx)).await.expect("reset");
        assert_eq!(reason, Reason::NO_ERROR);
    })
    .await;
}

#[tokio::test]
async fn early_hints_come_before_the_answer() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        let (mut response, _) = sender.send_request(request("GET", "/hints"), true).expect("open");
        let hints = std::future::poll_fn(|cx| response.poll_informational(cx)).await.expect("one").expect("valid");
        assert_eq!(
            (hints.status().as_u16(), &hints.headers()["link"]),
            (103, &"</a>; rel=preload".parse().expect("value"))
        );
        assert_eq!(response.await.expect("response").status().as_u16(), 200);
    })
    .await;
}

#[tokio::test]
async fn client_that_waits_is_told_to_continue() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        let mut waiting = request("POST", "/echo");
        waiting.headers_mut().insert("expect", "100-continue".parse().expect("value"));
        let (mut response, mut upload) = sender.send_request(waiting, false).expect("open");
        let interim = std::future::poll_fn(|cx| response.poll_informational(cx)).await.expect("one").expect("valid");
        assert_eq!(interim.status().as_u16(), 100);
        upload.send_data(Bytes::from_static(b"abc"), true).expect("open");
        assert_eq!(body(response.await.expect("response").into_body()).await.expect("body"), b"3");
    })
    .await;
}

#[tokio::test]
async fn trailers_go_only_to_clients_that_take_them() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        for (accepts, expect) in [(true, Some("1")), (false, None)] {
            let mut wanting = request("GET", "/trailers");
            if accepts {
                wanting.headers_mut().insert("te", "trailers".parse().expect("value"));
            }
            let (response, _) = sender.send_request(wanting, true).expect("open");
            let mut stream = response.await.expect("response").into_body();
            assert_eq!(stream.data().await.expect("data").expect("valid"), "body");
            assert!(stream.data().await.is_none_or(|piece| piece.is_ok_and(|piece| piece.is_empty())));
            let trailers = stream.trailers().await.expect("end");
            assert_eq!(trailers.as_ref().map(|map| map["x-sum"].to_str().expect("text")), expect);
        }
    })
    .await;
}

#[tokio::test]
async fn aborted_response_is_visibly_broken() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        let (response, _) = sender.send_request(request("GET", "/abort"), true).expect("open");
        let outcome = match response.await {
            Ok(response) => body(response.into_body()).await.map(drop),
            Err(error) => Err(error),
        };
        assert_eq!(outcome.expect_err("broken").reason(), Some(Reason::INTERNAL_ERROR));
        assert_eq!(get(&mut sender, request("GET", "/hello")).await.1, b"hello");
    })
    .await;
}

#[tokio::test]
async fn panic_resets_one_stream_only() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        let (response, _) = sender.send_request(request("GET", "/panic"), true).expect("open");
        assert!(response.await.expect_err("reset").is_reset());
        assert_eq!(get(&mut sender, request("GET", "/hello")).await.1, b"hello");
    })
    .await;
}

#[tokio::test]
async fn leaving_client_is_noticed() {
    with_server(Limits::default(), 1 << 16, async |io, server: Server| {
        let mut sender = connect(io).await;
        let (response, mut upload) = sender.send_request(request("POST", "/hang"), false).expect("open");
        get(&mut sender, request("GET", "/hello")).await;
        upload.send_reset(Reason::CANCEL);
        assert!(response.await.is_err());
        get(&mut sender, request("GET", "/hello")).await;
        let (hanging, _) = sender.send_request(request("GET", "/hang"), true).expect("open");
        get(&mut sender, request("GET", "/hello")).await;
        drop((sender, hanging, upload));
        server.ended.await.expect("no panic");
        let log = server.log.borrow();
        assert_eq!(log.iter().filter(|line| *line == "Gone").count(), 2, "{log:?}");
    })
    .await;
}

#[tokio::test]
async fn websocket_is_a_byte_stream_with_an_orderly_end() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        // The server's settings must have come before an extended CONNECT may be sent.
        get(&mut sender, request("GET", "/hello")).await;
        assert!(sender.is_extended_connect_protocol_enabled());
        let mut connect = request("CONNECT", "/chat");
        connect.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
        let (response, mut outgoing) = sender.send_request(connect, false).expect("open");
        let (parts, mut incoming) = response.await.expect("response").into_parts();
        assert_eq!((parts.status.as_u16(), parts.headers["sec-websocket-protocol"].as_bytes()), (200, &b"chat"[..]));
        outgoing.send_data(Bytes::from_static(b"ping"), false).expect("open");
        assert_eq!(incoming.data().await.expect("data").expect("valid"), "ping");
        outgoing.send_data(Bytes::new(), true).expect("open");
        assert_eq!(body(incoming).await.expect("orderly end"), b"bye");
    })
    .await;
}

#[tokio::test]
async fn refused_websocket_never_gets_2xx() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        get(&mut sender, request("GET", "/hello")).await;
        let mut connect = request("CONNECT", "/hello");
        connect.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
        let (response, _upload) = sender.send_request(connect, false).expect("open");
        assert_eq!(response.await.expect("response").status().as_u16(), 501);
    })
    .await;
}

#[tokio::test]
async fn refused_heads_are_answered() {
    with_server(Limits { body_bytes: Some(10), ..Limits::default() }, 1 << 16, async |io, server: Server| {
        let mut sender = connect(io).await;
        let mut disagreeing = request("GET", "/hello");
        disagreeing.headers_mut().insert("host", "b.test".parse().expect("value"));
        assert_eq!(get(&mut sender, disagreeing).await.0.status().as_u16(), 400);
        let mut large = request("POST", "/hello");
        large.headers_mut().insert("content-length", "11".parse().expect("value"));
        let (response, _upload) = sender.send_request(large, false).expect("open");
        assert_eq!(response.await.expect("response").status().as_u16(), 413);
        assert_eq!(post(&mut sender, "/echo", &[b"0123456789", b"0"]).await.0, 413);
        assert_eq!(*server.log.borrow(), ["/hello done", "/hello done", "echo 0", "/echo done"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_end_at_their_deadline() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut sender = connect(io).await;
        let (response, mut upload) = sender.send_request(request("POST", "/echo"), false).expect("open");
        upload.send_data(Bytes::from_static(b"abc"), false).expect("open");
        let start = tokio::time::Instant::now();
        assert_eq!(response.await.expect("response").status().as_u16(), 408);
        assert_eq!(start.elapsed().as_secs(), 20);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn drain_finishes_open_streams() {
    with_server(Limits::default(), 1 << 16, async |io, server: Server| {
        let mut sender = connect(io).await;
        let (response, mut upload) = sender.send_request(request("POST", "/echo"), false).expect("open");
        get(&mut sender, request("GET", "/hello")).await;
        server.drain.send(true).expect("listening");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(std::future::poll_fn(|cx| sender.poll_ready(cx)).await.is_err(), "no new streams after GOAWAY");
        upload.send_data(Bytes::from_static(b"abc"), true).expect("open");
        assert_eq!(response.await.expect("response").status().as_u16(), 200);
        server.ended.await.expect("no panic");
        assert_eq!(*server.log.borrow(), ["/hello done", "echo 3", "/echo done"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_connection_is_closed_after_keep_alive() {
    with_server(Limits::default(), 1 << 16, async |io, server: Server| {
        let mut sender = connect(io).await;
        let start = tokio::time::Instant::now();
        get(&mut sender, request("GET", "/hello")).await;
        let ended = server.ended.await.expect("no panic");
        assert_eq!((ended - start).as_secs(), 75);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn connection_ends_after_its_last_request() {
    with_server(Limits { keep_alive_requests: 2, ..Limits::default() }, 1 << 16, async |io, server: Server| {
        let mut sender = connect(io).await;
        get(&mut sender, request("GET", "/hello")).await;
        get(&mut sender, request("GET", "/hello")).await;
        assert!(server.ended.await.expect("no panic").elapsed() < Duration::from_secs(3));
    })
    .await;
}
