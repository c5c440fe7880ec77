//! What the writer makes of messages from the worker.

use super::peer::{BINARY, CONTINUATION, FIN, PING, RSV1, TEXT, stretch, take_frames};
use crate::http::websocket::close::CloseReason;
use crate::http::websocket::extension::negotiate;
use crate::http::websocket::frame::Opcode;
use crate::http::websocket::writer::{self, LEAST_COMPRESSED, Writer};

fn compressing(window: u8) -> Writer {
    let offer = format!("permessage-deflate; server_max_window_bits={window}");
    Writer::new(negotiate(offer.as_bytes()).expect("grammar"))
}

#[test]
fn message_is_one_frame() {
    let (mut writer, mut out) = (Writer::new(None), Vec::new());
    writer.message(true, true, b"hello", &mut out);
    assert_eq!(out, b"\x81\x05hello");
    out.clear();
    writer.message(false, true, &[7; 70_000], &mut out);
    assert_eq!(take_frames(&mut out), [(FIN | BINARY, vec![7; 70_000])]);
}

#[test]
fn pieces_are_fragments() {
    let (mut writer, mut out) = (Writer::new(None), Vec::new());
    writer.message(true, false, b"a", &mut out);
    writer::control(Opcode::Ping, b"", &mut out);
    writer.message(true, false, b"", &mut out);
    writer.message(true, true, b"b", &mut out);
    writer.message(false, true, b"c", &mut out);
    let expect = [
        (TEXT, b"a".to_vec()),
        (FIN | PING, vec![]),
        (CONTINUATION, vec![]),
        (FIN | CONTINUATION, b"b".to_vec()),
        (FIN | BINARY, b"c".to_vec()),
    ];
    assert_eq!(take_frames(&mut out), expect);
}

#[test]
fn long_messages_are_compressed_each_by_itself() {
    for window in [9, 12, 15] {
        let (mut writer, mut out) = (compressing(window), Vec::new());
        let text = "abcdefgh".repeat(LEAST_COMPRESSED / 8);
        for _ in 0..2 {
            writer.message(true, true, text.as_bytes(), &mut out);
            let frames = take_frames(&mut out);
            let [(first, payload)] = &frames[..] else { panic!("{} frames", frames.len()) };
            assert_eq!(*first, FIN | RSV1 | TEXT);
            assert!(payload.len() < text.len() / 4);
            assert_eq!(stretch(payload, window), text.as_bytes());
        }
    }
}

#[test]
fn compressed_pieces_are_one_stream() {
    let (mut writer, mut out) = (compressing(15), Vec::new());
    let piece = "a piece of text ".repeat(1000);
    writer.message(true, false, piece.as_bytes(), &mut out);
    writer.message(true, false, piece.as_bytes(), &mut out);
    writer.message(true, true, b"", &mut out);
    let frames = take_frames(&mut out);
    let firsts: Vec<_> = frames.iter().map(|(first, _)| *first).collect();
    assert_eq!(firsts, [RSV1 | TEXT, CONTINUATION, FIN | CONTINUATION]);
    let payload: Vec<u8> = frames.into_iter().flat_map(|(_, payload)| payload).collect();
    assert_eq!(stretch(&payload, 15), piece.repeat(2).as_bytes());
}

#[test]
fn what_is_short_or_does_not_shrink_goes_out_as_it_is() {
    let (mut writer, mut out) = (compressing(15), Vec::new());
    let short = vec![b'a'; LEAST_COMPRESSED - 1];
    writer.message(true, true, &short, &mut out);
    assert_eq!(take_frames(&mut out), [(FIN | TEXT, short)]);
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let noise: Vec<u8> = (0..5000).map(|_| noise()).collect();
    writer.message(false, true, &noise, &mut out);
    assert_eq!(take_frames(&mut out), [(FIN | BINARY, noise.clone())]);
    // What follows the piece that did not shrink belongs to the same message: no compression either.
    writer.message(false, false, &noise, &mut out);
    writer.message(false, true, &[0; 5000], &mut out);
    assert_eq!(take_frames(&mut out), [(BINARY, noise), (FIN | CONTINUATION, vec![0; 5000])]);
}

#[test]
fn close_carries_code_and_text() {
    let mut out = Vec::new();
    writer::close(&CloseReason { code: 1001, text: "bye".into() }, &mut out);
    writer::close(&CloseReason::bare(1005), &mut out);
    assert_eq!(take_frames(&mut out), [(0x88, b"\x03\xe9bye".to_vec()), (0x88, vec![])]);
}
