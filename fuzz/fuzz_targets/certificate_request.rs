//! Requests to sign a certificate: any bytes are a request whose signature holds, or an error; only what was signed is read.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use tlsgi_cert::authority::Request;

const REQUEST: &[u8] = include_bytes!("../seeds/request.der");

fn read(bytes: &[u8]) -> Option<Request> {
    let read = Request::read(Path::new("a.csr"), bytes);
    let told = read.as_ref().map_or_else(|error| format!("{error}{:?}", error.hint()), |read| read.subject.clone());
    assert!(!told.contains('\x1b'), "{told:?}");
    read.ok()
}

fuzz_target!(|input: (Vec<(u16, u8)>, Vec<u8>)| {
    let (edits, bytes) = input;
    let mut changed = REQUEST.to_vec();
    for (at, bits) in edits {
        let at = usize::from(at) % changed.len();
        changed[at] ^= bits;
    }
    let original = read(REQUEST).expect("the seed is one");
    // ECDSA signatures have more than one spelling; names do not.
    if let Some(changed) = read(&changed) {
        assert_eq!((changed.names, changed.subject), (original.names, original.subject));
    }
    _ = read(&bytes);
    let pem = [b"-----BEGIN CERTIFICATE REQUEST-----\n", &bytes[..], b"\n-----END CERTIFICATE REQUEST-----\n"].concat();
    _ = read(&pem);
});
