//! An HTTP/2 connection under any bytes: what it says is whole frames, and the same however the bytes are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlsgi_front::rooms::Http2;

const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// What the connection says to these pieces before and after it answers, and whether it went on.
fn speak<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, usize, bool) {
    let (mut connection, mut goes_on) = (Http2::new(), true);
    for piece in pieces {
        goes_on &= connection.receive(piece);
    }
    let requests = connection.answer();
    let mut said = Vec::new();
    connection.take_output(|bytes| said.extend_from_slice(bytes));
    (said, requests, goes_on)
}

/// Frames of this kind; all of them must be whole and small enough.
fn count(mut bytes: &[u8], wanted: u8) -> usize {
    let mut found = 0;
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = bytes {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        assert!(length <= 16_384);
        found += usize::from(*kind == wanted);
        bytes = &rest[length..];
    }
    assert!(bytes.is_empty());
    found
}

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (piece, bytes) = input;
    let input = [OPENING, &bytes[..]].concat();
    let whole = speak(std::iter::once(&input[..]));
    // HEADERS are answers, and no request gets two.
    assert!(count(&whole.0, 1) <= whole.1);
    assert_eq!(speak(input.chunks(usize::from(piece) + 1)), whole);
});
