//! What clients that break the rules get, and that everybody else is still served.

use tokio::io::AsyncWriteExt;
use tokio::time::{Duration, Instant};

use super::raw::*;
use super::{Limits, Server, with_server};

const PROTOCOL_ERROR: u32 = 1;
const FRAME_SIZE_ERROR: u32 = 6;
const COMPRESSION_ERROR: u32 = 9;
const ENHANCE_YOUR_CALM: u32 = 11;
const CANCEL: u32 = 8;

/// A connection that sends this must be ended with this code.
async fn check_goaway(bytes: &[u8], expect: &[u32]) {
    with_server(Limits::default(), 1 << 20, async |io, server: Server| {
        let mut raw = Raw::connect(io, &[]).await;
        raw.send(bytes).await;
        let code = raw.goaway().await.expect("a GOAWAY");
        assert!(expect.contains(&code), "code {code}, expected one of {expect:?}");
        drop(raw);
        server.ended.await.expect("no panic");
    })
    .await;
}

/// A stream that sends this must be reset with this code, and the connection must go on.
async fn check_reset(bytes: &[u8], expect: u32) {
    with_server(Limits::default(), 1 << 20, async |io, _: Server| {
        let mut raw = Raw::connect(io, &[]).await;
        raw.send(bytes).await;
        let reset = raw.until(RST_STREAM).await.expect("a reset");
        assert_eq!((reset.stream, reset.code()), (1, expect));
        raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, 3, &block("GET", "/hello", &[]))).await;
        assert_eq!(raw.until(DATA).await.map(|data| data.payload), Some(b"hello".to_vec()));
    })
    .await;
}

fn request(flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, flags | END_HEADERS, 1, &block("POST", "/echo", fields))
}

#[tokio::test]
async fn control_floods_end_the_connection() {
    check_goaway(&frame(PING, 0, 0, &[0; 8]).repeat(1000), &[ENHANCE_YOUR_CALM]).await;
    check_goaway(&frame(PING, 1, 0, &[0; 8]).repeat(1000), &[ENHANCE_YOUR_CALM]).await;
    check_goaway(&frame(SETTINGS, 0, 0, &[]).repeat(1000), &[ENHANCE_YOUR_CALM]).await;
    check_goaway(&frame(PRIORITY, 0, 5, &[0, 0, 0, 3, 0]).repeat(5000), &[ENHANCE_YOUR_CALM]).await;
    check_goaway(&frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]).repeat(5000), &[ENHANCE_YOUR_CALM]).await;
    check_goaway(&frame(0xbe, 0, 0, &[]).repeat(5000), &[ENHANCE_YOUR_CALM]).await;
}

#[tokio::test]
async fn empty_data_flood_ends_the_connection() {
    let flood = [request(0, &[]), frame(DATA, 0, 1, &[]).repeat(1000)].concat();
    check_goaway(&flood, &[ENHANCE_YOUR_CALM]).await;
}

#[tokio::test]
async fn rapid_reset_ends_the_connection() {
    let mut flood = Vec::new();
    for stream in (1..2000).step_by(2) {
        flood.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &block("GET", "/hang", &[])));
        flood.extend(frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()));
    }
    check_goaway(&flood, &[ENHANCE_YOUR_CALM]).await;
}

#[tokio::test]
async fn continuation_flood_ends_the_connection() {
    let mut flood = frame(HEADERS, END_STREAM, 1, &block("GET", "/hello", &[]));
    for _ in 0..10_000 {
        flood.extend(frame(CONTINUATION, 0, 1, &literal("a", "b")));
    }
    check_goaway(&flood, &[ENHANCE_YOUR_CALM, COMPRESSION_ERROR]).await;
    let empty = [frame(HEADERS, END_STREAM, 1, &[]), frame(CONTINUATION, 0, 1, &[]).repeat(10_000)].concat();
    check_goaway(&empty, &[ENHANCE_YOUR_CALM]).await;
}

#[tokio::test]
async fn resets_that_the_client_provokes_are_bounded() {
    // Each request gets reset by the server for a window of zero; the worker must not pay for thousands of them.
    let mut flood = Vec::new();
    for stream in (1..10_000).step_by(2) {
        flood.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &block("GET", "/hang", &[])));
        flood.extend(frame(WINDOW_UPDATE, 0, stream, &[0; 4]));
    }
    check_goaway(&flood, &[ENHANCE_YOUR_CALM, PROTOCOL_ERROR]).await;
}

#[tokio::test]
async fn first_frame_other_than_settings_is_an_error() {
    with_server(Limits::default(), 1 << 16, async |mut io, server: Server| {
        io.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("open");
        io.write_all(&frame(PING, 0, 0, &[0; 8])).await.expect("open");
        let mut raw = Raw::adopt(io);
        assert_eq!(raw.goaway().await, Some(PROTOCOL_ERROR));
        drop(raw);
        server.ended.await.expect("no panic");
    })
    .await;
}

#[tokio::test]
async fn frames_of_impossible_size_are_refused() {
    check_goaway(&frame(DATA, 0, 1, &vec![0; 20_000]), &[FRAME_SIZE_ERROR]).await;
    check_goaway(&frame(PING, 0, 0, &[0; 7]), &[FRAME_SIZE_ERROR]).await;
    check_goaway(&frame(SETTINGS, 0, 0, &[0; 5]), &[FRAME_SIZE_ERROR]).await;
}

#[tokio::test]
async fn malformed_requests_are_reset() {
    check_reset(&request(END_STREAM, &[("connection", "close")]), PROTOCOL_ERROR).await;
    check_reset(&request(END_STREAM, &[("transfer-encoding", "chunked")]), PROTOCOL_ERROR).await;
    check_reset(&request(END_STREAM, &[("te", "gzip")]), PROTOCOL_ERROR).await;
    check_reset(&request(END_STREAM, &[("content-length", "3")]), PROTOCOL_ERROR).await;
    check_reset(&request(END_STREAM, &[(":path", "/twice")]), PROTOCOL_ERROR).await;
    check_reset(&request(END_STREAM, &[(":unknown", "x")]), PROTOCOL_ERROR).await;
    check_reset(&request(END_STREAM, &[("Upper", "x")]), PROTOCOL_ERROR).await;
    check_reset(&request(END_STREAM, &[("", "x")]), PROTOCOL_ERROR).await;
    for value in ["a\r\nb: c", "a\nb", "a\rb", "a\0", "\x7f"] {
        check_reset(&request(END_STREAM, &[("a", value)]), PROTOCOL_ERROR).await;
    }
}

#[tokio::test]
async fn body_must_be_as_long_as_promised() {
    let length = [("content-length", "3")];
    check_reset(&[request(0, &length), frame(DATA, 0, 1, b"abcd")].concat(), PROTOCOL_ERROR).await;
    check_reset(&[request(0, &length), frame(DATA, END_STREAM, 1, b"ab")].concat(), PROTOCOL_ERROR).await;
}

#[tokio::test]
async fn large_heads_are_refused() {
    for count in [10, 30, 100] {
        with_server(Limits { header_bytes: 1000, ..Limits::default() }, 1 << 16, async |io, _: Server| {
            let mut raw = Raw::connect(io, &[]).await;
            let value = "v".repeat(120);
            let fields = vec![("a", value.as_str()); count];
            raw.send(&request(END_STREAM, &fields)).await;
            let answer = raw.until(HEADERS).await.expect("an answer");
            assert_ne!(answer.flags & END_STREAM, 0);
            // However large: the answer has the fields of every other.
            assert!(
                answer.payload.starts_with(&[0x08, 3, b'4', b'3', b'1']) && answer.payload.len() > 20,
                "{answer:?}"
            );
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn unfinished_heads_end_at_the_header_deadline() {
    for bytes in [frame(HEADERS, END_STREAM, 1, &block("GET", "/hello", &[])), frame(PING, 0, 0, &[0; 8])[..4].to_vec()]
    {
        with_server(Limits::default(), 1 << 16, async |io, server: Server| {
            let start = Instant::now();
            let mut raw = Raw::connect(io, &[]).await;
            raw.send(&bytes).await;
            assert_eq!(raw.goaway().await, Some(ENHANCE_YOUR_CALM));
            assert_eq!(start.elapsed().as_secs(), 10);
            drop(raw);
            server.ended.await.expect("no panic");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn silent_client_does_not_hold_the_handshake() {
    with_server(Limits::default(), 1 << 16, async |io, server: Server| {
        let start = Instant::now();
        let mut raw = Raw::adopt(io);
        assert_eq!((raw.goaway().await, start.elapsed().as_secs()), (Some(ENHANCE_YOUR_CALM), 10));
        let ended = server.ended.await.expect("no panic");
        assert!((ended - start).as_secs() <= 12);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn zero_window_ends_at_the_write_deadline() {
    with_server(Limits::default(), 1 << 16, async |io, server: Server| {
        // SETTINGS_INITIAL_WINDOW_SIZE = 0.
        let mut raw = Raw::connect(io, &[0, 4, 0, 0, 0, 0]).await;
        let start = Instant::now();
        raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &block("GET", "/hello", &[]))).await;
        let reset = raw.until(RST_STREAM).await.expect("a reset");
        assert_eq!((reset.stream, reset.code(), start.elapsed().as_secs()), (1, CANCEL, 60));
        assert_eq!(*server.log.borrow(), ["/hello gone"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn client_that_never_reads_is_cut() {
    with_server(Limits::default(), 1 << 10, async |io, server: Server| {
        let window = [0, 4, 0x3f, 0xff, 0xff, 0xff];
        let mut raw = Raw::connect(io, &window).await;
        raw.send(&frame(WINDOW_UPDATE, 0, 0, &0x3fff_0000_u32.to_be_bytes())).await;
        let start = Instant::now();
        for stream in [1, 3, 5] {
            raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &block("GET", "/big?4000000", &[]))).await;
        }
        let ended = server.ended.await.expect("no panic");
        assert!((60..65).contains(&(ended - start).as_secs()), "{:?}", ended - start);
        assert_eq!(*server.log.borrow(), ["/big gone"; 3]);
        drop(raw);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn dripped_frames_are_judged_by_their_bytes() {
    with_server(Limits::default(), 1 << 16, async |io, _: Server| {
        let mut raw = Raw::connect(io, &[]).await;
        raw.send(&request(0, &[])).await;
        // One frame of 16 KiB in pieces, faster than the floor: it takes longer than the longest silence.
        let data = frame(DATA, END_STREAM, 1, &[b'd'; 16_384]);
        for piece in data.chunks(400) {
            raw.send(piece).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(raw.until(DATA).await.map(|data| data.payload), Some(b"16384".to_vec()));
    })
    .await;
}
