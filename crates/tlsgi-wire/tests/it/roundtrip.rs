//! What one side encodes is what the other side reads.

use std::collections::HashSet;

use proptest::prelude::*;
use tlsgi_wire::{
    CancelReason, Close, Decoder, Direction, Encoder, Fields, HEADER_LENGTH, HttpVersion, Interface, Kind, MAX_FIELD,
    Message, Payload, RequestKind, append_field, decode, mark_done, method_id, name_id,
};

use crate::samples::{self, CLOSE, CONNECTION, FILE, HELLO, ID, MESSAGE, WELCOME, encoded};

fn payload(bytes: &[u8], from: Direction) -> Payload<'_> {
    let (frame, length) = decode(bytes, from).expect("valid").expect("whole");
    assert_eq!(length, bytes.len());
    frame.payload
}

fn pairs(fields: Fields<'_>) -> Vec<(u8, &[u8], &[u8])> {
    fields.iter().map(|field| field.expect("field")).collect()
}

#[test]
fn every_kind_has_a_sample_and_is_read_with_its_id() {
    let samples = samples::all();
    let kinds: HashSet<_> = samples.iter().map(|sample| sample.kind).collect();
    assert_eq!(kinds.len(), Kind::ALL.len());
    for sample in &samples {
        let (frame, length) = decode(&sample.bytes, sample.from).expect("valid").expect("whole");
        assert_eq!(length, sample.bytes.len(), "{:?}", sample.kind);
        let has_id = !matches!(sample.kind, Kind::Welcome | Kind::Hello | Kind::Drain);
        assert_eq!(frame.id, if has_id { ID } else { 0 }, "{:?}", sample.kind);
        assert_eq!(sample.bytes[3], sample.kind as u8);
        assert_eq!(Kind::from_byte(sample.kind as u8), Some(sample.kind));
    }
}

#[test]
fn frames_without_lists_are_equal() {
    use Direction::{ToFront, ToWorker};
    let check = |bytes: Vec<u8>, from, expect: Payload<'_>| assert_eq!(payload(&bytes, from), expect);
    check(encoded(|mut to| to.welcome(&WELCOME)), ToWorker, Payload::Welcome(WELCOME));
    check(encoded(|mut to| to.hello(&HELLO)), ToFront, Payload::Hello(HELLO));
    let wsgi = tlsgi_wire::Hello { interface: Interface::Wsgi, ..HELLO };
    check(encoded(|mut to| to.hello(&wsgi)), ToFront, Payload::Hello(wsgi));
    check(encoded(|mut to| to.connection_end(ID)), ToWorker, Payload::ConnectionEnd);
    for reason in [CancelReason::ClientGone, CancelReason::Deadline, CancelReason::Shutdown] {
        check(encoded(|mut to| to.cancel(ID, reason)), ToWorker, Payload::Cancel(reason));
    }
    check(encoded(|mut to| to.drain()), ToWorker, Payload::Drain);
    for (is_end, is_done) in [(false, false), (true, false), (false, true), (true, true)] {
        let data = encoded(|mut to| to.data(ID, b"x", is_end, is_done));
        check(data, ToFront, Payload::Data { bytes: b"x", is_end, is_done });
    }
    check(encoded(|mut to| to.credit(ID, u32::MAX)), ToFront, Payload::Credit(u32::MAX));
    for (is_text, is_end) in [(false, false), (true, false), (false, true), (true, true)] {
        let message = Message { is_text, is_end, ..MESSAGE };
        check(encoded(|mut to| to.message(ID, &message)), ToWorker, Payload::Message(message));
    }
    check(encoded(|mut to| to.websocket_close(ID, &CLOSE)), ToFront, Payload::Close(CLOSE));
    check(encoded(|mut to| to.begin(ID)), ToFront, Payload::Begin);
    check(encoded(|mut to| to.file(ID, &FILE)), ToFront, Payload::File(FILE));
    for is_done in [false, true] {
        check(encoded(|mut to| to.abort(ID, is_done)), ToFront, Payload::Abort { is_done });
    }
    check(encoded(|mut to| to.done(ID)), ToFront, Payload::Done);
}

#[test]
fn connection_facts_are_equal() {
    let bytes = encoded(|mut to| to.connection(ID, &CONNECTION, [("SSL_PROTOCOL", "TLSv1.3"), ("HTTPS", "on")]));
    let Payload::Connection(facts) = payload(&bytes, Direction::ToWorker) else { panic!("another kind") };
    assert_eq!(pairs(facts.environ), [(0, &b"SSL_PROTOCOL"[..], &b"TLSv1.3"[..]), (0, b"HTTPS", b"on")]);
    assert_eq!(tlsgi_wire::Connection { environ: CONNECTION.environ, ..facts }, CONNECTION);
    let plain = tlsgi_wire::Connection { is_https: false, tls: None, ..CONNECTION };
    let bytes = encoded(|mut to| to.connection(ID, &plain, []));
    let Payload::Connection(facts) = payload(&bytes, Direction::ToWorker) else { panic!("another kind") };
    assert!(!facts.is_https && facts.tls.is_none() && facts.environ.is_empty());
}

#[test]
fn requests_are_equal() {
    let bytes = samples::request();
    let Payload::Request(request) = payload(&bytes, Direction::ToWorker) else { panic!("another kind") };
    assert_eq!((request.connection, request.kind, request.version), (9, RequestKind::WebSocket, HttpVersion::Http2));
    assert_eq!((request.method, request.mount), ("POST", "/app"));
    assert_eq!((request.path, request.query, request.body), (&b"/app/%41"[..], &b"q=1"[..], &b"first bytes"[..]));
    assert_eq!((request.content_length, request.is_end, request.expects_continue), (Some(1 << 33), false, true));
    let expect = [(name_id(b"content-type"), &b"content-type"[..], &b"text/plain"[..]), (0, b"x-own", b"\xff")];
    assert_eq!(pairs(request.fields), expect);
}

#[test]
fn every_version_and_method_is_equal() {
    for version in [HttpVersion::Http10, HttpVersion::Http11, HttpVersion::Http2, HttpVersion::Http3] {
        for method in ["GET", "PATCH", "PROPFIND", "X-OWN", &"M".repeat(255)] {
            let bytes = encoded(|encoder| {
                let kind = RequestKind::Http;
                encoder.request(1, kind, version, 2, method, None, false, true, "", b"*", b"").body(&[]).finish();
            });
            let Payload::Request(request) = payload(&bytes, Direction::ToWorker) else { panic!("another kind") };
            assert_eq!((request.version, request.method, request.content_length), (version, method, None));
            assert!(request.is_end && request.fields.is_empty() && request.body.is_empty());
        }
    }
    assert_ne!(method_id(b"GET"), 0);
}

#[test]
fn responses_and_their_lists_are_equal() {
    let bytes = samples::response();
    let Payload::Response(response) = payload(&bytes, Direction::ToFront) else { panic!("another kind") };
    assert_eq!((response.status, response.body), (299, &b"body"[..]));
    assert_eq!((response.is_end, response.is_done, response.has_trailers), (false, false, true));
    let expect = [(name_id(b"set-cookie"), &b"set-cookie"[..], &b"a=1"[..]), (0, b"x-own", b"")];
    assert_eq!(pairs(response.fields), expect);
    for sample in samples::all() {
        let fields = match payload(&sample.bytes, sample.from) {
            Payload::EarlyHints(fields) => fields,
            Payload::Trailers { fields, is_done } => {
                assert!(is_done);
                fields
            }
            Payload::Accept { subprotocol, fields } => {
                assert_eq!(subprotocol, "chat");
                fields
            }
            _ => continue,
        };
        assert_eq!(pairs(fields).len(), 1);
        // A block is copied into another frame as it is.
        let copied = encoded(|encoder| {
            let mut patch = encoder.early_hints(1);
            patch.encoded_fields(fields.encoded());
            patch.body(&[]).finish();
        });
        let Payload::EarlyHints(again) = payload(&copied, Direction::ToFront) else { panic!("another kind") };
        assert_eq!(pairs(again), pairs(fields));
    }
}

#[test]
fn done_is_set_on_every_kind_that_has_it() {
    for sample in samples::all().iter_mut().filter(|sample| sample.from == Direction::ToFront) {
        if !matches!(sample.kind, Kind::Response | Kind::Data | Kind::Trailers | Kind::File | Kind::Abort) {
            continue;
        }
        mark_done(&mut sample.bytes, 0);
        let is_done = match payload(&sample.bytes, sample.from) {
            Payload::Response(response) => response.is_done,
            Payload::File(range) => range.is_done,
            Payload::Data { is_done, .. } | Payload::Trailers { is_done, .. } | Payload::Abort { is_done } => is_done,
            _ => false,
        };
        assert!(is_done, "{:?}", sample.kind);
    }
}

#[test]
fn what_is_too_long_is_cut_not_broken() {
    let long = vec![b'x'; MAX_FIELD + 10];
    let bytes = encoded(|encoder| {
        let mut patch = encoder.early_hints(1);
        patch.literal(&long, &long);
        patch.field(b"x-after", b"1");
        patch.body(&[]).finish();
    });
    let Payload::EarlyHints(fields) = payload(&bytes, Direction::ToFront) else { panic!("another kind") };
    let fields = pairs(fields);
    assert_eq!((fields[0].1.len(), fields[0].2.len()), (MAX_FIELD, MAX_FIELD));
    assert_eq!(fields[1], (0, &b"x-after"[..], &b"1"[..]));
    let reason = "\u{20ac}".repeat(50);
    let bytes = encoded(|mut to| to.websocket_close(1, &Close { code: 1000, reason: &reason }));
    let Payload::Close(close) = payload(&bytes, Direction::ToFront) else { panic!("another kind") };
    assert_eq!(close.reason, "\u{20ac}".repeat(41));
}

#[test]
fn decoder_hands_out_whole_frames_and_keeps_the_rest() {
    let samples = samples::all();
    let to_front: Vec<_> = samples.iter().filter(|sample| sample.from == Direction::ToFront).collect();
    let bytes: Vec<u8> = to_front.iter().flat_map(|sample| sample.bytes.iter().copied()).collect();
    for cut in 0..=bytes.len() {
        let mut decoder = Decoder::new(&bytes[..cut], Direction::ToFront);
        let mut whole = 0;
        while decoder.next_frame().expect("valid").is_some() {
            whole += 1;
        }
        let mut end = 0;
        let expect = to_front.iter().take_while(|sample| {
            end += sample.bytes.len();
            end <= cut
        });
        assert_eq!(whole, expect.count(), "cut at {cut}");
        let taken: usize = to_front.iter().take(whole).map(|sample| sample.bytes.len()).sum();
        assert_eq!(decoder.consumed(), taken);
    }
}

proptest! {
    #[test]
    fn any_list_of_fields_comes_back(
        fields in prop::collection::vec(("[a-z-]{1,20}", prop::collection::vec(any::<u8>(), 0..40)), 0..20),
        body in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut block = Vec::new();
        for (name, value) in &fields {
            append_field(&mut block, name.as_bytes(), value);
        }
        let mut bytes = vec![0xaa; 3];
        let mut patch = Encoder::new(&mut bytes).response(7, 200, true, false, false);
        patch.encoded_fields(&block);
        patch.body(&body).finish();
        let Payload::Response(response) = payload(&bytes[3..], Direction::ToFront) else { panic!("another kind") };
        let read: Vec<_> = pairs(response.fields).into_iter().map(|(_, name, value)| (name.to_vec(), value.to_vec())).collect();
        let expect: Vec<_> = fields.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect();
        prop_assert_eq!(read, expect);
        prop_assert_eq!(response.body, &body[..]);
    }

    #[test]
    fn any_request_line_comes_back(
        mount in "(/[a-z\u{e9}]{1,8}){0,3}",
        path in prop::collection::vec(any::<u8>(), 0..300),
        query in prop::collection::vec(any::<u8>(), 0..300),
        length in any::<Option<u64>>(),
    ) {
        let bytes = encoded(|encoder| {
            let (kind, version) = (RequestKind::Http, HttpVersion::Http11);
            let patch = encoder.request(1, kind, version, 2, "GET", length, false, false, &mount, &path, &query);
            patch.body(&[]).finish();
        });
        prop_assert!(bytes.len() > HEADER_LENGTH);
        let Payload::Request(request) = payload(&bytes, Direction::ToWorker) else { panic!("another kind") };
        prop_assert_eq!((request.mount, request.path), (&mount[..], &path[..]));
        prop_assert_eq!((request.query, request.content_length), (&query[..], length));
    }
}
