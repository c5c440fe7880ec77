//! The rules of RFC 9113 and RFC 7541 that a client can break, section by section: which error each earns, and that the
//! connection goes on where it should.

use tokio::io::AsyncWriteExt;

use super::raw::*;
use super::{Limits, Server, with_server};

const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const REFUSED_STREAM: u32 = 7;
const COMPRESSION_ERROR: u32 = 9;

/// What must follow.
#[derive(Debug, Clone, Copy)]
enum Expect<'a> {
    /// The connection ends, with one of these codes.
    Goaway(&'a [u32]),
    /// This stream is reset with one of these codes; the connection goes on.
    Reset(u32, &'a [u32]),
    /// Nothing: the next PING is answered.
    Pong,
}
use Expect::{Goaway, Pong, Reset};

/// The code with which the connection was ended or the stream was reset; `None` for a pong.
async fn outcome(input: &[&[u8]]) -> Option<(u8, u32, u32)> {
    let found = std::cell::Cell::new(None);
    with_server(Limits::default(), 1 << 20, async |io, _: Server| {
        let mut raw = Raw::connect(io, &[]).await;
        raw.send(&input.concat()).await;
        // Pongs overtake resets: what a reset could come before is the answer to the second question.
        raw.send(&frame(PING, 0, 0, b"question")).await;
        while let Some(got) = raw.next().await {
            match got.kind {
                GOAWAY | RST_STREAM => found.set(Some((got.kind, got.stream, got.code()))),
                PING if got.payload == b"question" => raw.send(&frame(PING, 0, 0, b"again...")).await,
                PING if got.payload == b"again..." => return,
                _ => continue,
            }
            if got.kind == GOAWAY {
                return;
            }
        }
    })
    .await;
    found.get()
}

async fn check(section: &str, input: &[&[u8]], expect: Expect<'_>) {
    let outcome = outcome(input).await;
    let holds = match (expect, outcome) {
        (Pong, None) => true,
        (Goaway(codes), Some((GOAWAY, _, code))) => codes.contains(&code),
        (Reset(stream, codes), Some((RST_STREAM, reset, code))) => stream == reset && codes.contains(&code),
        _ => false,
    };
    assert!(holds, "section {section}: expected {expect:?}, got {outcome:?} (kind, stream, code)");
}

/// A request on this stream; nothing of it is answered before the body ends.
fn headers(flags: u8, stream: u32, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, flags | END_HEADERS, stream, &block("POST", "/echo", fields))
}

fn raw_headers(fields: &[(&str, &str)]) -> Vec<u8> {
    let block: Vec<u8> = fields.iter().flat_map(|(name, value)| literal(name, value)).collect();
    frame(HEADERS, END_STREAM | END_HEADERS, 1, &block)
}

const METHOD: (&str, &str) = (":method", "GET");
const SCHEME: (&str, &str) = (":scheme", "https");
const AUTHORITY: (&str, &str) = (":authority", "a.test");
const PATH: (&str, &str) = (":path", "/hello");

#[tokio::test]
async fn frames_and_extensions() {
    check("4.1 unknown type", &[&frame(0xff, 0, 0, b"x")], Pong).await;
    check("4.1 undefined flags", &[&frame(PING, 0x16, 0, &[0; 8])], Pong).await;
    check("4.1 reserved bit", &[&frame(PING, 0, 0x8000_0000, &[0; 8])], Pong).await;
    check("4.2 largest frame", &[&headers(0, 1, &[]), &frame(DATA, 0, 1, &[0; 16_384])], Pong).await;
    let oversize = frame(DATA, 0, 1, &[0; 16_385]);
    check("4.2 larger", &[&headers(0, 1, &[]), &oversize], Goaway(&[FRAME_SIZE_ERROR])).await;
    let unknown_inside =
        [frame(HEADERS, END_STREAM, 1, &block("GET", "/hello", &[])), frame(0xff, 0, 1, b"x")].concat();
    check("5.5 unknown frame in a block", &[&unknown_inside], Goaway(&[PROTOCOL_ERROR])).await;
}

#[tokio::test]
async fn invalid_preface_closes_the_connection() {
    with_server(Limits::default(), 1 << 16, async |mut io, server: Server| {
        io.write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n").await.expect("open");
        server.ended.await.expect("no panic");
    })
    .await;
}

#[tokio::test]
async fn stream_states() {
    check("5.1 idle DATA", &[&frame(DATA, END_STREAM, 1, b"x")], Goaway(&[PROTOCOL_ERROR])).await;
    check("5.1 idle RST_STREAM", &[&frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])], Goaway(&[PROTOCOL_ERROR])).await;
    check("5.1 idle WINDOW_UPDATE", &[&frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 100])], Goaway(&[PROTOCOL_ERROR])).await;
    let continuation = frame(CONTINUATION, END_HEADERS, 1, &literal("a", "b"));
    check("5.1 idle CONTINUATION", &[&continuation], Goaway(&[PROTOCOL_ERROR])).await;
    let hanging = frame(HEADERS, END_STREAM | END_HEADERS, 1, &block("GET", "/hang", &[]));
    let closed = Goaway(&[STREAM_CLOSED, PROTOCOL_ERROR]);
    let late = Reset(1, &[STREAM_CLOSED]);
    check("5.1 half-closed DATA", &[&hanging, &frame(DATA, END_STREAM, 1, b"x")], late).await;
    check("5.1 half-closed CONTINUATION", &[&hanging, &continuation], closed).await;
    let reset = frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    check("5.1 closed CONTINUATION", &[&headers(0, 1, &[]), &reset, &continuation], closed).await;
    check("5.1.1 even id", &[&headers(END_STREAM, 2, &[])], Goaway(&[PROTOCOL_ERROR])).await;
    let lower = [headers(END_STREAM, 5, &[]), headers(END_STREAM, 3, &[])].concat();
    check("5.1.1 lower id", &[&lower], Goaway(&[PROTOCOL_ERROR])).await;
    let many: Vec<u8> = (0..129).flat_map(|at| headers(0, at * 2 + 1, &[])).collect();
    check("5.1.2 too many", &[&many], Reset(257, &[REFUSED_STREAM])).await;
}

#[tokio::test]
async fn half_closed_and_closed_streams_take_no_headers() {
    let hanging = frame(HEADERS, END_STREAM | END_HEADERS, 1, &block("GET", "/hang", &[]));
    for first in [hanging, [headers(0, 1, &[]), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])].concat()] {
        let outcome = outcome(&[&first, &headers(END_STREAM, 1, &[])]).await;
        assert!(matches!(outcome, Some((_, _, STREAM_CLOSED | PROTOCOL_ERROR))), "{outcome:?}");
    }
    let reset = [headers(0, 1, &[]), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])].concat();
    let outcome = outcome(&[&reset, &frame(DATA, 0, 1, b"x")]).await;
    assert!(matches!(outcome, Some((_, _, STREAM_CLOSED | PROTOCOL_ERROR))), "{outcome:?}");
}

#[tokio::test]
async fn data_headers_and_priority() {
    check("6.1 DATA on 0", &[&frame(DATA, 0, 0, b"x")], Goaway(&[PROTOCOL_ERROR])).await;
    let padded = frame(DATA, END_STREAM | 0x8, 1, &[9, 1, 2]);
    check("6.1 padding", &[&headers(0, 1, &[]), &padded], Goaway(&[PROTOCOL_ERROR])).await;
    let open_block = frame(HEADERS, END_STREAM, 1, &block("GET", "/hello", &[]));
    let priority = frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 0]);
    check("6.2 PRIORITY in a block", &[&open_block, &priority], Goaway(&[PROTOCOL_ERROR])).await;
    check("6.2 other stream in a block", &[&open_block, &headers(END_STREAM, 3, &[])], Goaway(&[PROTOCOL_ERROR])).await;
    check("6.2 HEADERS on 0", &[&headers(END_STREAM, 0, &[])], Goaway(&[PROTOCOL_ERROR])).await;
    let padded = frame(HEADERS, END_STREAM | END_HEADERS | 0x8, 1, &[200, 0x82]);
    check("6.2 padding", &[&padded], Goaway(&[PROTOCOL_ERROR])).await;
    check("6.3 PRIORITY on 0", &[&frame(PRIORITY, 0, 0, &[0, 0, 0, 1, 0])], Goaway(&[PROTOCOL_ERROR])).await;
    let mut depends = vec![0, 0, 0, 1, 15];
    depends.extend(block("GET", "/hello", &[]));
    check("5.3.1 HEADERS", &[&frame(HEADERS, 0x25, 1, &depends)], Reset(1, &[PROTOCOL_ERROR])).await;
    let itself = frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 15]);
    check("5.3.1 PRIORITY", &[&headers(0, 1, &[]), &itself], Reset(1, &[PROTOCOL_ERROR])).await;
}

#[tokio::test]
async fn sizes_of_control_frames() {
    let size = Goaway(&[FRAME_SIZE_ERROR]);
    check("6.3 PRIORITY size", &[&frame(PRIORITY, 0, 1, &[0; 4])], size).await;
    check("6.4 RST_STREAM size", &[&headers(0, 1, &[]), &frame(RST_STREAM, 0, 1, &[0; 3])], size).await;
    check("6.5 SETTINGS size", &[&frame(SETTINGS, 0, 0, &[0; 3])], size).await;
    check("6.5 SETTINGS ACK size", &[&frame(SETTINGS, 1, 0, &[0; 6])], size).await;
    check("6.7 PING size", &[&frame(PING, 0, 0, &[0; 6])], size).await;
    check("6.9 WINDOW_UPDATE size", &[&frame(WINDOW_UPDATE, 0, 0, &[0; 3])], size).await;
}

#[tokio::test]
async fn reset_settings_ping_and_goaway() {
    check("6.4 RST_STREAM on 0", &[&frame(RST_STREAM, 0, 0, &[0, 0, 0, 8])], Goaway(&[PROTOCOL_ERROR])).await;
    check("6.5 SETTINGS on 1", &[&frame(SETTINGS, 0, 1, &[])], Goaway(&[PROTOCOL_ERROR])).await;
    check("6.5.2 ENABLE_PUSH", &[&frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2])], Goaway(&[PROTOCOL_ERROR])).await;
    let window = frame(SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0]);
    check("6.5.2 INITIAL_WINDOW_SIZE", &[&window], Goaway(&[FLOW_CONTROL_ERROR, PROTOCOL_ERROR])).await;
    for size in [[0, 0, 0x3f, 0xff], [1, 0, 0, 0]] {
        let settings = frame(SETTINGS, 0, 0, &[&[0, 5], &size[..]].concat());
        check("6.5.2 MAX_FRAME_SIZE", &[&settings], Goaway(&[PROTOCOL_ERROR])).await;
    }
    check("6.5.2 unknown", &[&frame(SETTINGS, 0, 0, &[0, 0xff, 0, 0, 0, 1])], Pong).await;
    check("6.7 PING with ACK", &[&frame(PING, 1, 0, b"answer!!")], Pong).await;
    check("6.7 PING on 1", &[&frame(PING, 0, 1, &[0; 8])], Goaway(&[PROTOCOL_ERROR])).await;
    check("6.8 GOAWAY on 1", &[&frame(GOAWAY, 0, 1, &[0; 8])], Goaway(&[PROTOCOL_ERROR])).await;
    let push = frame(5, END_HEADERS, 1, &[&[0, 0, 0, 2], &block("GET", "/", &[])[..]].concat());
    check("8.4 PUSH_PROMISE", &[&headers(0, 1, &[]), &push], Goaway(&[PROTOCOL_ERROR])).await;
}

#[tokio::test]
async fn windows() {
    let update = |stream, increment: u32| frame(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes());
    check("6.9 zero on 0", &[&update(0, 0)], Goaway(&[PROTOCOL_ERROR])).await;
    let zero = outcome(&[&headers(0, 1, &[]), &update(1, 0)]).await;
    assert!(matches!(zero, Some((_, _, PROTOCOL_ERROR))), "section 6.9 zero on a stream: {zero:?}");
    check("6.9.1 overflow on 0", &[&update(0, 0x7fff_ffff).repeat(2)], Goaway(&[FLOW_CONTROL_ERROR])).await;
    let overflow = [headers(0, 1, &[]), update(1, 0x7fff_ffff).repeat(2)].concat();
    check("6.9.1 overflow on a stream", &[&overflow], Reset(1, &[FLOW_CONTROL_ERROR])).await;
}

#[tokio::test]
async fn continuations() {
    let open_block = frame(HEADERS, END_STREAM, 1, &block("GET", "/hello", &[]));
    let more = |flags, stream| frame(CONTINUATION, flags, stream, &literal("a", "b"));
    check("6.10 two", &[&open_block, &more(0, 1), &more(END_HEADERS, 1)], Pong).await;
    check("6.10 other frame", &[&open_block, &more(0, 1), &frame(DATA, 0, 1, b"x")], Goaway(&[PROTOCOL_ERROR])).await;
    check("6.10 on 0", &[&open_block, &more(END_HEADERS, 0)], Goaway(&[PROTOCOL_ERROR])).await;
    check("6.10 after the end", &[&headers(0, 1, &[]), &more(END_HEADERS, 1)], Goaway(&[PROTOCOL_ERROR])).await;
    let after_data = [headers(0, 1, &[]), frame(DATA, 0, 1, b"x"), more(END_HEADERS, 1)].concat();
    check("6.10 after DATA", &[&after_data], Goaway(&[PROTOCOL_ERROR])).await;
}

#[tokio::test]
async fn malformed_messages() {
    let malformed = Reset(1, &[PROTOCOL_ERROR]);
    check("8.1 second HEADERS", &[&headers(0, 1, &[]), &headers(0, 1, &[])], malformed).await;
    let trailers = frame(HEADERS, END_STREAM | END_HEADERS, 1, &literal(":method", "GET"));
    check("8.3 pseudo-header trailer", &[&headers(0, 1, &[]), &frame(DATA, 0, 1, b"x"), &trailers], malformed).await;
    check("8.3 :status", &[&headers(END_STREAM, 1, &[(":status", "200")])], malformed).await;
    check("8.3 after a field", &[&raw_headers(&[METHOD, SCHEME, AUTHORITY, ("a", "b"), PATH])], malformed).await;
    check("8.3.1 no method", &[&raw_headers(&[SCHEME, AUTHORITY, PATH])], malformed).await;
    check("8.3.1 no scheme", &[&raw_headers(&[METHOD, AUTHORITY, PATH])], malformed).await;
    check("8.3.1 no path", &[&raw_headers(&[METHOD, SCHEME, AUTHORITY])], malformed).await;
    check("8.3.1 empty path", &[&raw_headers(&[METHOD, SCHEME, AUTHORITY, (":path", "")])], malformed).await;
    for twice in [METHOD, SCHEME, PATH, AUTHORITY] {
        check("8.3.1 twice", &[&raw_headers(&[METHOD, SCHEME, AUTHORITY, PATH, twice])], malformed).await;
    }
    for field in ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"] {
        check("8.2.2", &[&headers(END_STREAM, 1, &[(field, "x")])], malformed).await;
    }
    check("8.2.2 te", &[&headers(END_STREAM, 1, &[("te", "trailers, deflate")])], malformed).await;
}

#[tokio::test]
async fn header_compression() {
    let broken = Goaway(&[COMPRESSION_ERROR]);
    let with =
        |tail: &[u8]| frame(HEADERS, END_STREAM | END_HEADERS, 1, &[&block("GET", "/hello", &[])[..], tail].concat());
    check("4.3 truncated", &[&with(&[0x00, 0x03, b'a'])], broken).await;
    check("RFC 7541 2.3.3 index 70", &[&with(&[0x80 | 70])], broken).await;
    check("RFC 7541 6.1 index 0", &[&with(&[0x80])], broken).await;
    check("RFC 7541 4.2 size update at the end", &[&with(&[0x20])], broken).await;
    check("RFC 7541 6.3 size update too large", &[&frame(HEADERS, 0x5, 1, &[0x3f, 0xe1, 0xff, 3])], broken).await;
    check("RFC 7541 5.2 padding of 8 bits", &[&with(&[0x00, 0x01, b'a', 0x82, 0x1f, 0xff])], broken).await;
    check("RFC 7541 5.2 padding with zeros", &[&with(&[0x00, 0x01, b'a', 0x81, 0x18])], broken).await;
    check("RFC 7541 5.2 EOS", &[&with(&[0x00, 0x01, b'a', 0x84, 0xff, 0xff, 0xff, 0xff])], broken).await;
}
