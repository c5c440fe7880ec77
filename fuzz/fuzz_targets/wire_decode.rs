//! Any bytes from either side: whole frames, "more", or an error; the same however they are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlsgi_wire::{Decoder, Direction, Error, Fields, Payload};

/// Frames until the end or an error: what they were, and where the last one ended.
fn read(bytes: &[u8], from: Direction) -> (Vec<String>, usize, Option<Error>) {
    let mut decoder = Decoder::new(bytes, from);
    let mut frames = Vec::new();
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => {
                walk(&frame.payload);
                frames.push(format!("{frame:?}"));
            }
            Ok(None) => return (frames, decoder.consumed(), None),
            Err(error) => return (frames, decoder.consumed(), Some(error)),
        }
    }
}

fn walk(payload: &Payload<'_>) {
    let fields = match payload {
        Payload::Connection(connection) => connection.environ,
        Payload::Request(request) => request.fields,
        Payload::Response(response) => response.fields,
        Payload::EarlyHints(fields) | Payload::Trailers { fields, .. } | Payload::Accept { fields, .. } => *fields,
        _ => Fields::EMPTY,
    };
    let count = fields.iter().count();
    assert!(count <= fields.encoded().len());
}

fuzz_target!(|input: (bool, u16, Vec<u8>)| {
    let (is_worker, cut, bytes) = input;
    let from = if is_worker { Direction::ToFront } else { Direction::ToWorker };
    let (frames, consumed, error) = read(&bytes, from);
    assert!(consumed <= bytes.len());
    let cut = usize::from(cut).min(bytes.len());
    let (mut first, taken, early) = read(&bytes[..cut], from);
    if early.is_none() {
        let (second, more, late) = read(&bytes[taken..], from);
        first.extend(second);
        assert_eq!((first, taken + more, late), (frames, consumed, error));
    } else {
        assert_eq!((first, taken, early), (frames, consumed, error));
    }
});
