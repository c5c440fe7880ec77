//! Bytes that no honest side writes: always an error or "more", never a panic, never a frame that says something else.

use proptest::prelude::*;
use tlsgi_wire::{Direction, Error, HEADER_LENGTH, Kind, MAX_CAPACITY, MAX_PAYLOAD, Payload, decode};

use crate::samples::{self, CLOSE, HELLO, encoded};

/// Sets the length field to what the bytes have.
fn with_length(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(bytes.len() - HEADER_LENGTH).expect("short").to_le_bytes();
    bytes[..3].copy_from_slice(&length[..3]);
    bytes
}

/// Walks every list in the frame to its end.
fn walk(payload: &Payload<'_>) -> Result<usize, Error> {
    let fields = match payload {
        Payload::Connection(connection) => connection.environ,
        Payload::Request(request) => request.fields,
        Payload::Response(response) => response.fields,
        Payload::EarlyHints(fields) | Payload::Trailers { fields, .. } | Payload::Accept { fields, .. } => *fields,
        _ => return Ok(0),
    };
    fields.iter().try_fold(0, |count, field| field.map(|_| count + 1))
}

#[test]
fn incomplete_frames_ask_for_more() {
    for sample in samples::all() {
        for length in 0..sample.bytes.len() {
            let outcome = decode(&sample.bytes[..length], sample.from);
            assert_eq!(outcome, Ok(None), "{:?} cut at {length}", sample.kind);
        }
    }
}

#[test]
fn payloads_that_end_early_are_errors() {
    for sample in samples::all() {
        for length in HEADER_LENGTH..sample.bytes.len() {
            let bytes = with_length(sample.bytes[..length].to_vec());
            let outcome = decode(&bytes, sample.from);
            // Only bytes at the open end may be missing without a trace.
            if let Ok(Some((frame, _))) = outcome {
                assert!(sample.is_open, "{:?} cut at {length}", sample.kind);
                assert!(walk(&frame.payload).is_ok());
            } else {
                assert!(outcome.is_err(), "{:?} cut at {length}", sample.kind);
            }
        }
    }
}

#[test]
fn payloads_that_go_on_are_errors() {
    for sample in samples::all() {
        let bytes = with_length([&sample.bytes[..], &[0]].concat());
        assert_eq!(decode(&bytes, sample.from).is_ok(), sample.is_open, "{:?}", sample.kind);
    }
}

#[test]
fn frames_from_the_wrong_side_are_errors() {
    for sample in samples::all().iter().filter(|sample| sample.kind.direction() != Direction::Both) {
        let other = if sample.from == Direction::ToFront { Direction::ToWorker } else { Direction::ToFront };
        assert_eq!(decode(&sample.bytes, other), Err(Error::WrongDirection(sample.kind)));
    }
}

#[test]
fn length_and_kind_are_checked_before_the_payload_arrives() {
    let mut header = [0xff, 0xff, 0x0f, Kind::Data as u8, 0, 0, 0, 0];
    assert_eq!(decode(&header, Direction::ToFront), Ok(None));
    header[..3].copy_from_slice(&u32::try_from(MAX_PAYLOAD + 1).expect("small").to_le_bytes()[..3]);
    assert_eq!(decode(&header, Direction::ToFront), Err(Error::TooLong(MAX_PAYLOAD + 1)));
    for byte in 0..=u8::MAX {
        let header = [0xff, 0, 0, byte, 0, 0, 0, 0];
        let outcome = decode(&header, Direction::ToFront);
        if Kind::from_byte(byte).is_none() {
            assert_eq!(outcome, Err(Error::UnknownKind(byte)));
        }
    }
}

#[test]
fn numbers_outside_their_range_are_errors() {
    let invalid = |bytes: &[u8], from| matches!(decode(bytes, from), Err(Error::Invalid { .. }));
    for capacity in [0, MAX_CAPACITY + 1] {
        let bytes = encoded(|mut to| to.hello(&tlsgi_wire::Hello { capacity, ..HELLO }));
        assert!(invalid(&bytes, Direction::ToFront), "capacity {capacity}");
    }
    for code in [0, 999, 5000, u16::MAX] {
        let bytes = encoded(|mut to| to.websocket_close(1, &tlsgi_wire::Close { code, ..CLOSE }));
        assert!(invalid(&bytes, Direction::ToFront), "code {code}");
    }
    for status in [0, 100, 199, 1000] {
        let bytes = encoded(|to| to.response(1, status, true, true, false).body(&[]).finish());
        assert!(invalid(&bytes, Direction::ToFront), "status {status}");
    }
    let done = encoded(|mut to| to.data(1, b"", true, true));
    assert!(invalid(&done, Direction::ToWorker), "DONE from the front");
    assert!(invalid(&[1, 0, 0, Kind::Cancel as u8, 0, 0, 0, 0, 9], Direction::ToWorker), "reason");
}

#[test]
fn texts_are_checked() {
    let good = encoded(|mut to| to.websocket_close(1, &CLOSE));
    let mut bad = good.clone();
    *bad.last_mut().expect("text") = 0xff;
    assert!(matches!(decode(&bad, Direction::ToFront), Err(Error::Invalid { field: "text", .. })));
    let long = [&[130, 0, 0, Kind::Close as u8, 0, 0, 0, 0][..], &[0xe8, 3, 126, 0], &[b'x'; 126]].concat();
    assert!(matches!(decode(&long, Direction::ToFront), Err(Error::Invalid { field: "reason", .. })));
}

#[test]
fn list_that_is_cut_inside_a_field_is_told_once() {
    // One field by id with a value of nine bytes, of which two are there.
    let bytes = [5 + 4, 0, 0, Kind::EarlyHints as u8, 0, 0, 0, 0, 5, 0, 0, 0, 1, 9, 0, b'a', b'b'];
    let (frame, _) = decode(&bytes, Direction::ToFront).expect("valid").expect("whole");
    let Payload::EarlyHints(fields) = frame.payload else { panic!("another kind") };
    let read: Vec<_> = fields.iter().collect();
    assert_eq!(read, [Err(Error::Truncated(Kind::EarlyHints))]);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), to_front in any::<bool>()) {
        let from = if to_front { Direction::ToFront } else { Direction::ToWorker };
        if let Ok(Some((frame, length))) = decode(&bytes, from) {
            prop_assert!(length <= bytes.len());
            let _ = walk(&frame.payload);
        }
    }

    #[test]
    fn damaged_frames_never_panic(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let samples = samples::all();
        let sample = which.get(&samples);
        let mut bytes = sample.bytes.clone();
        for (index, value) in damage {
            *index.get_mut(&mut bytes) = value;
        }
        for bytes in [with_length(bytes.clone()), bytes] {
            if let Ok(Some((frame, length))) = decode(&bytes, sample.from) {
                prop_assert!(length <= bytes.len());
                let _ = walk(&frame.payload);
            }
        }
    }
}
