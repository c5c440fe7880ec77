//! What the reader makes of a client's bytes, however they are cut.

use bytes::BytesMut;
use proptest::prelude::*;

use super::peer::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RSV1, Squeeze, TEXT, close, frame};
use crate::http::websocket::close::{CloseReason, Violation};
use crate::http::websocket::extension::{Deflate, negotiate};
use crate::http::websocket::reader::{Incoming, Reader};

const LIMIT: usize = 1 << 20;

/// What a client said, pieces put together.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(u16, String),
    Bad(u16),
}

fn deflate(offer: &str) -> Option<Deflate> {
    negotiate(offer.as_bytes()).expect("grammar")
}

/// Reads `chunks` one after the other; ends after a close or a violation.
fn read_chunks<'a>(mut reader: Reader, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Said> {
    let mut said = Vec::new();
    let mut message = Vec::new();
    for chunk in chunks {
        let mut input = BytesMut::from(chunk);
        loop {
            match reader.read(&mut input) {
                Ok(None) => break,
                Ok(Some(Incoming::Ping(payload))) => said.push(Said::Ping(payload.to_vec())),
                Ok(Some(Incoming::Pong)) => said.push(Said::Pong),
                Ok(Some(Incoming::Close(CloseReason { code, text }))) => {
                    said.push(Said::Close(code, text));
                    return said;
                }
                Ok(Some(Incoming::Piece { is_text, is_end, bytes })) => {
                    assert!(is_end || !bytes.is_empty(), "a piece without meaning");
                    message.extend_from_slice(&bytes);
                    if is_end {
                        let bytes = std::mem::take(&mut message);
                        said.push(if is_text { Said::Text(bytes) } else { Said::Binary(bytes) });
                    }
                }
                Err(violation) => {
                    said.push(Said::Bad(violation.code()));
                    return said;
                }
            }
        }
        assert!(input.is_empty(), "input left over");
    }
    said
}

/// Reads the bytes at once, byte by byte, and in every cut in two when they are few: always the same.
#[track_caller]
fn check_with(offer: &str, bytes: &[u8], expect: &[Said]) {
    let reader = || Reader::new(LIMIT, deflate(offer));
    assert_eq!(read_chunks(reader(), [bytes]), expect);
    assert_eq!(read_chunks(reader(), bytes.chunks(1)), expect);
    for cut in 0..bytes.len().min(300) {
        let (first, second) = bytes.split_at(cut);
        assert_eq!(read_chunks(reader(), [first, second]), expect, "cut at {cut}");
    }
}

#[track_caller]
fn check(frames: &[&[u8]], expect: &[Said]) {
    check_with("", &frames.concat(), expect);
}

fn text(text: &str) -> Said {
    Said::Text(text.as_bytes().to_vec())
}

#[test]
fn messages_of_every_length_arrive() {
    for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 100_000] {
        let payload: Vec<u8> = (0..length).map(|at: u32| at as u8).collect();
        let expect = [Said::Binary(payload.clone()), text("*")];
        check(&[&frame(FIN | BINARY, &payload), &frame(FIN | TEXT, b"*")], &expect);
    }
}

#[test]
fn fragments_are_one_message_and_control_frames_stand_between_them() {
    check(
        &[
            &frame(TEXT, b"one "),
            &frame(FIN | PING, b"p"),
            &frame(CONTINUATION, b""),
            &frame(FIN | PONG, b"unasked"),
            &frame(FIN | CONTINUATION, b"two"),
            &frame(FIN | BINARY, b"x"),
        ],
        &[Said::Ping(b"p".to_vec()), Said::Pong, text("one two"), Said::Binary(b"x".to_vec())],
    );
    check(&[&frame(TEXT, b""), &frame(CONTINUATION, b""), &frame(FIN | CONTINUATION, b"")], &[text("")]);
}

#[test]
fn order_of_fragments_is_enforced() {
    check(&[&frame(FIN | CONTINUATION, b"x")], &[Said::Bad(1002)]);
    check(&[&frame(CONTINUATION, b"x")], &[Said::Bad(1002)]);
    let complete = [text("x"), Said::Bad(1002)];
    check(&[&frame(FIN | TEXT, b"x"), &frame(FIN | CONTINUATION, b"x")], &complete);
    check(&[&frame(TEXT, b""), &frame(FIN | TEXT, b"x")], &[Said::Bad(1002)]);
    check(&[&frame(BINARY, b""), &frame(BINARY, b"x")], &[Said::Bad(1002)]);
}

#[test]
fn reserved_bits_and_opcodes_fail() {
    for first in [FIN | RSV1 | TEXT, FIN | 0x20 | TEXT, FIN | 0x10 | PING, FIN | 3, FIN | 7, FIN | 11, FIN | 15, 5] {
        check(&[&frame(FIN | TEXT, b"before"), &frame(first, b"x")], &[text("before"), Said::Bad(1002)]);
    }
}

#[test]
fn control_frames_have_bounds() {
    let full = [7; 125];
    check(&[&frame(FIN | PING, &full), &frame(FIN | PING, b"")], &[Said::Ping(full.to_vec()), Said::Ping(vec![])]);
    check(&[&frame(FIN | PING, &[7; 126])], &[Said::Bad(1002)]);
    for opcode in [PING, PONG, CLOSE] {
        check(&[&frame(opcode, b"")], &[Said::Bad(1002)]);
    }
}

#[test]
fn frames_without_mask_fail() {
    check(&[&[FIN | TEXT, 1, b'x']], &[Said::Bad(1002)]);
}

#[test]
fn close_frames_are_checked() {
    check(&[&frame(FIN | CLOSE, b"")], &[Said::Close(1005, String::new())]);
    check(&[&close(1000, "bye"), &frame(FIN | TEXT, b"ignored")], &[Said::Close(1000, "bye".into())]);
    check(&[&close(4999, &"x".repeat(123))], &[Said::Close(4999, "x".repeat(123))]);
    check(&[&close(1000, &"x".repeat(124))], &[Said::Bad(1002)]);
    check(&[&frame(FIN | CLOSE, b"\x03")], &[Said::Bad(1002)]);
    check(&[&close(1005, "")], &[Said::Bad(1002)]);
    check(
        &[&frame(FIN | CLOSE, b"\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80")],
        &[Said::Bad(1007)],
    );
    check(&[&frame(TEXT, b"half"), &close(1000, "")], &[Said::Close(1000, String::new())]);
}

#[test]
fn text_is_checked_across_fragments() {
    let word = "κόσμε \u{1F600}";
    let mut frames = vec![frame(TEXT, b"")];
    frames.extend(word.bytes().map(|byte| frame(CONTINUATION, &[byte])));
    frames.push(frame(FIN | CONTINUATION, b""));
    check_with("", &frames.concat(), &[text(word)]);
    check(&[&frame(FIN | TEXT, b"\xce")], &[Said::Bad(1007)]);
    check(&[&frame(TEXT, b"\xce"), &frame(FIN | CONTINUATION, b"")], &[Said::Bad(1007)]);
    check(&[&frame(FIN | BINARY, b"\xce")], &[Said::Binary(b"\xce".to_vec())]);
}

#[test]
fn bad_text_fails_before_the_frame_ends() {
    let whole = frame(FIN | TEXT, b"\xce\xba\xf4\x90\x80\x80edited");
    let before = whole.len() - b"\x80\x80edited".len();
    let read = |length| read_chunks(Reader::new(LIMIT, None), [&whole[..length]]);
    assert_eq!(read(before), [Said::Bad(1007)]);
    assert_eq!(read(before - 1), []);
}

#[test]
fn size_is_limited_as_soon_as_it_is_known() {
    let read = |bytes: &[u8]| read_chunks(Reader::new(100, None), [bytes]);
    assert_eq!(read(&frame(FIN | BINARY, &[0; 100])), [Said::Binary(vec![0; 100])]);
    assert_eq!(read(&frame(FIN | BINARY, &[0; 101])[..6]), [Said::Bad(1009)]);
    assert_eq!(read(&[frame(BINARY, &[0; 60]), frame(FIN | CONTINUATION, &[0; 41])].concat()), [Said::Bad(1009)]);
    assert_eq!(read(&[0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]), [Said::Bad(1009)]);
    // Limits count messages, not connections.
    let twice = [frame(FIN | BINARY, &[0; 100]), frame(FIN | BINARY, &[0; 100])].concat();
    assert_eq!(read(&twice).len(), 2);
}

#[test]
fn compressed_messages_arrive_with_and_without_context() {
    let long = "the same again and again ".repeat(9000);
    for (offer, window, keeps_context) in [
        ("permessage-deflate", 15, true),
        ("permessage-deflate; client_max_window_bits", 12, true),
        ("permessage-deflate; client_max_window_bits=9", 9, true),
        ("permessage-deflate; client_no_context_takeover", 15, false),
    ] {
        let mut squeeze = Squeeze::new(window);
        let mut bytes = Vec::new();
        for message in ["", "Hello", "Hello", &long, "", "Hello", &long] {
            bytes.extend(frame(FIN | RSV1 | TEXT, &squeeze.message(message.as_bytes(), keeps_context)));
        }
        let expect: Vec<_> = ["", "Hello", "Hello", &long, "", "Hello", &long].map(text).to_vec();
        check_with(offer, &bytes, &expect);
    }
}

#[test]
fn compressed_messages_may_be_fragmented_anywhere() {
    let payload = Squeeze::new(15).message("κόσμε ".repeat(50).as_bytes(), true);
    for cut in 0..=payload.len() {
        let (first, second) = payload.split_at(cut);
        let frames = [
            frame(RSV1 | TEXT, first),
            frame(FIN | PING, b""),
            frame(FIN | CONTINUATION, second),
            frame(FIN | TEXT, b"x"),
        ];
        let said = read_chunks(Reader::new(LIMIT, deflate("permessage-deflate")), [&frames.concat()[..]]);
        assert_eq!(said, [Said::Ping(vec![]), text(&"κόσμε ".repeat(50)), text("x")], "cut at {cut}");
    }
}

#[test]
fn compressed_empty_payload_is_an_empty_message() {
    let bytes = [frame(FIN | RSV1 | TEXT, b""), frame(FIN | RSV1 | TEXT, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])];
    check_with("permessage-deflate", &bytes.concat(), &[text(""), text("Hello")]);
}

#[test]
fn bombs_are_stopped_at_the_limit() {
    let payload = Squeeze::new(15).message(&vec![0; 40 << 20], true);
    assert!(payload.len() < 60_000);
    let mut reader = Reader::new(LIMIT, deflate("permessage-deflate"));
    let mut input = BytesMut::from(&frame(FIN | RSV1 | BINARY, &payload)[..]);
    let mut seen = 0;
    let violation = loop {
        match reader.read(&mut input) {
            Ok(Some(Incoming::Piece { bytes, .. })) => {
                assert!(bytes.len() <= 128 << 10, "a step of {} bytes", bytes.len());
                seen += bytes.len();
            }
            Ok(other) => panic!("{other:?}"),
            Err(violation) => break violation,
        }
    };
    assert_eq!((violation, violation.code()), (Violation::TooBig, 1009));
    assert!(seen <= LIMIT);
}

#[test]
fn garbage_does_not_inflate() {
    check_with("permessage-deflate", &frame(FIN | RSV1 | TEXT, b"\xff\xff\xff\xff"), &[Said::Bad(1007)]);
    let far = Squeeze::new(15).message(&(0..3000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>(), true);
    let bytes = [frame(FIN | RSV1 | BINARY, &far), frame(FIN | RSV1 | TEXT, &[0x07, 0x07, 0x07])].concat();
    let said = read_chunks(Reader::new(LIMIT, deflate("permessage-deflate")), [&bytes[..]]);
    assert_eq!(said.last(), Some(&Said::Bad(1007)));
    let bad_text = Squeeze::new(15).message(b"ok \xff", true);
    check_with("permessage-deflate", &frame(FIN | RSV1 | TEXT, &bad_text), &[Said::Bad(1007)]);
}

/// A message in fragments, with control frames in between, as a client may send it.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop::collection::vec(any::<u8>(), 0..600);
    (payload, any::<bool>(), any::<bool>(), prop::collection::vec(0..600_usize, 0..4)).prop_map(
        |(payload, is_text, is_compressed, mut cuts)| {
            let plain = if is_text { String::from_utf8_lossy(&payload).into_owned().into_bytes() } else { payload };
            let payload = if is_compressed { Squeeze::new(15).message(&plain, false) } else { plain };
            cuts.iter_mut().for_each(|cut| *cut = (*cut).min(payload.len()));
            cuts.sort_unstable();
            cuts.push(payload.len());
            let mut out = Vec::new();
            let mut start = 0;
            for (at, end) in cuts.iter().enumerate() {
                let opcode = if is_text { TEXT } else { BINARY } | if is_compressed { RSV1 } else { 0 };
                let first = if at == 0 { opcode } else { CONTINUATION };
                let fin = if at + 1 == cuts.len() { FIN } else { 0 };
                out.extend(frame(first | fin, &payload[start..*end]));
                start = *end;
                if at % 2 == 1 {
                    out.extend(frame(FIN | PING, &[at as u8]));
                }
            }
            out
        },
    )
}

fn pieces<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(bytes.len().min(*size));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

proptest! {
    #[test]
    fn cuts_make_no_difference(
        messages in prop::collection::vec(message(), 1..5),
        sizes in prop::collection::vec(1..200_usize, 1..20),
    ) {
        let bytes = messages.concat();
        let reader = || Reader::new(LIMIT, deflate("permessage-deflate; client_no_context_takeover"));
        let whole = read_chunks(reader(), [&bytes[..]]);
        prop_assert!(!whole.iter().any(|said| matches!(said, Said::Bad(_))));
        prop_assert_eq!(read_chunks(reader(), pieces(&bytes, &sizes)), whole);
    }

    #[test]
    fn damaged_bytes_end_alike_however_they_are_cut(
        messages in prop::collection::vec(message(), 1..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        sizes in prop::collection::vec(1..100_usize, 1..20),
    ) {
        let mut bytes = messages.concat();
        for (index, value) in &damage {
            *index.get_mut(&mut bytes) = *value;
        }
        let reader = || Reader::new(4096, deflate("permessage-deflate"));
        let whole = read_chunks(reader(), [&bytes[..]]);
        prop_assert_eq!(read_chunks(reader(), pieces(&bytes, &sizes)), whole);
    }

    #[test]
    fn random_bytes_only_ever_end_in_a_violation(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_chunks(Reader::new(1000, deflate("permessage-deflate")), [&bytes[..]]);
    }
}
