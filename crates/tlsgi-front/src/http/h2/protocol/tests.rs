//! The protocol by itself: the same bytes in any pieces, random frames, windows to the byte, what clients can provoke.

use proptest::prelude::*;

use super::super::frame::{Header, PREFACE, flag};
use super::streams::Stream;
use super::*;
use crate::http::field::FieldBlock;
use crate::http::response::{Framing, ResponseHead, SitePolicy};

/// HEADERS of `GET https://a/` and, with a body to come, of `POST https://a/`.
const GET: &[u8] = &[0x82, 0x87, 0x84, 0x01, 1, b'a'];
const POST: &[u8] = &[0x83, 0x87, 0x84, 0x01, 1, b'a'];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::put(&mut out, kind, flags, stream, payload);
    out
}

fn get(stream: u32) -> Vec<u8> {
    frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, stream, GET)
}

fn post(stream: u32) -> Vec<u8> {
    frame(kind::HEADERS, flag::END_HEADERS, stream, POST)
}

fn settings(entries: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> =
        entries.iter().flat_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect();
    frame(kind::SETTINGS, 0, 0, &payload)
}

fn update(stream: u32, increment: u32) -> Vec<u8> {
    frame(kind::WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

fn silent(limits: Limits) -> Connection {
    Connection::new(&Rc::new(limits), Instant::now())
}

/// A connection past the prefaces, its own output read.
fn started(limits: Limits) -> Connection {
    let mut connection = silent(limits);
    connection.receive(PREFACE);
    connection.receive(&settings(&[]));
    said(&mut connection);
    connection
}

/// The frames that were put out.
fn said(connection: &mut Connection) -> Vec<(Header, Vec<u8>)> {
    let out = connection.output().to_vec();
    connection.wrote(out.len());
    let (mut rest, mut frames) = (&out[..], Vec::new());
    while let Some((header, after)) = Header::read(rest) {
        let (payload, after) = after.split_at(header.length as usize);
        frames.push((header, payload.to_vec()));
        rest = after;
    }
    frames
}

/// Kinds, streams and first numbers of the frames.
fn brief(connection: &mut Connection) -> Vec<(u8, u32, u32)> {
    said(connection).iter().map(|(header, payload)| (header.kind, header.stream, frame::number(payload))).collect()
}

fn verdict(limits: Limits, input: &[Vec<u8>]) -> Option<Code> {
    let mut connection = started(limits);
    for bytes in input {
        connection.receive(bytes);
    }
    connection.take_verdict()
}

fn respond(connection: &mut Connection, slot: u32, fields: &FieldBlock, is_end: bool) {
    let head = ResponseHead { status: 200, fields: fields.encoded().to_vec(), length: None, has_trailers: false };
    let framing = Framing { content_length: None, sends_body: true };
    connection.send_head(slot, &head, framing, SitePolicy::default(), is_end).expect("open");
}

#[test]
fn greeting_says_limits_and_windows() {
    let mut connection = silent(Limits { h2_streams: 7, ..Limits::default() });
    let frames = said(&mut connection);
    assert_eq!(frames[0].0.kind, kind::SETTINGS);
    let entries: Vec<_> = frames[0].1.chunks(6).map(|entry| (entry[1], frame::number(&entry[2..]))).collect();
    assert_eq!(entries, [(3, 7), (4, STREAM_WINDOW), (6, 128 << 10), (8, 1)]);
    assert_eq!(frame::number(&frames[1].1), CONNECTION_WINDOW - FIRST_WINDOW);
}

#[test]
fn windows_may_be_below_zero() {
    let mut connection = started(Limits::default());
    connection.receive(&get(1));
    let slot = connection.opened()[0].slot;
    respond(&mut connection, slot, &FieldBlock::default(), false);
    assert_eq!(connection.send_body(slot, &[b'x'; 50_000], false), Ok(Sent::All));
    connection.receive(&settings(&[(setting::INITIAL_WINDOW_SIZE, 100)]));
    connection.receive(&update(0, 1_000_000));
    said(&mut connection);
    // 65,535 - 50,000 and the change to 100 make -49,900.
    connection.receive(&update(1, 49_900));
    assert_eq!(connection.send_body(slot, b"abc", true), Ok(Sent::Blocked(0)));
    connection.receive(&update(1, 2));
    assert_eq!(connection.send_body(slot, b"abc", true), Ok(Sent::Blocked(2)));
    connection.receive(&settings(&[(setting::INITIAL_WINDOW_SIZE, 101)]));
    assert_eq!(connection.send_body(slot, b"c", true), Ok(Sent::All));
    let sizes: Vec<_> =
        said(&mut connection).iter().filter(|(header, _)| header.kind == 0).map(|(_, data)| data.len()).collect();
    assert_eq!(sizes, [2, 1]);
    assert_eq!(connection.streams.open(), 0);
}

#[test]
fn connection_window_is_shared_in_turns() {
    let mut connection = started(Limits::default());
    connection.receive(&[get(1), get(3), update(1, 1 << 20), update(3, 1 << 20)].concat());
    for slot in [0, 1] {
        connection.settle_lane(slot, slot + 10);
        respond(&mut connection, slot, &FieldBlock::default(), false);
    }
    let large = vec![b'x'; 1 << 17];
    // The first takes all that the window of 65,535 bytes holds; the second has to wait.
    assert_eq!(connection.send_body(0, &large, true), Ok(Sent::Waiting(65_535)));
    assert_eq!(connection.send_body(1, &large, true), Ok(Sent::Waiting(0)));
    connection.give_turns();
    assert!(connection.woken().is_empty(), "there is no window");
    connection.receive(&update(0, 20_000));
    connection.give_turns();
    assert!(connection.woken().is_empty(), "there is no room");
    said(&mut connection);
    connection.give_turns();
    assert_eq!(*connection.woken(), [10, 11]);
    assert_eq!(connection.send_body(0, &large, true), Ok(Sent::Waiting(20_000)), "nobody waits any more");
    assert_eq!(connection.send_body(1, &large, true), Ok(Sent::Waiting(0)));
    connection.receive(&update(0, 1 << 20));
    connection.woken().clear();
    assert_eq!(connection.send_body(0, &large, true), Ok(Sent::Waiting(16_384)), "one frame, then others come first");
}

#[test]
fn large_heads_are_split() {
    let mut connection = started(Limits::default());
    connection.receive(&get(1));
    let large = "v".repeat(20_000);
    respond(&mut connection, 0, &FieldBlock::default().with("x-a", &large).with("x-b", &large), true);
    let frames = said(&mut connection);
    let shape: Vec<_> = frames.iter().map(|(header, _)| (header.kind, header.flags, header.length <= 16_384)).collect();
    assert_eq!(shape, [(1, flag::END_STREAM, true), (9, 0, true), (9, flag::END_HEADERS, true)]);
    let block: Vec<u8> = frames.iter().flat_map(|(_, payload)| payload.clone()).collect();
    let mut lengths = Vec::new();
    Decoder::default().decode(&block, |line| lengths.push(line.value.len())).expect("valid");
    assert_eq!(lengths[..3], [3, 20_000, 20_000]);
}

#[test]
fn body_is_credited_when_it_is_taken() {
    let mut connection = started(Limits::default());
    connection.receive(&post(1));
    let slot = connection.opened()[0].slot;
    let half = STREAM_WINDOW as usize / 2;
    for _ in 0..half / 16_384 {
        connection.receive(&frame(kind::DATA, 0, 1, &[b'u'; 16_384]));
    }
    assert!(said(&mut connection).is_empty());
    assert!(matches!(connection.take_body(slot, 1000), Body::Bytes(piece) if piece.len() == 1000));
    assert!(said(&mut connection).is_empty());
    assert!(matches!(connection.take_body(slot, usize::MAX), Body::Bytes(piece) if piece.len() == half - 1000));
    assert_eq!(brief(&mut connection), [(kind::WINDOW_UPDATE, 1, STREAM_WINDOW / 2)]);
    assert!(matches!(connection.take_body(slot, usize::MAX), Body::Wait));
}

#[test]
fn body_beyond_the_window_resets_its_stream_and_is_given_back() {
    let mut connection = started(Limits::default());
    connection.receive(&post(1));
    for _ in 0..STREAM_WINDOW / 16_384 + 5 {
        connection.receive(&frame(kind::DATA, 0, 1, &[b'u'; 16_384]));
    }
    assert_eq!(brief(&mut connection), [(kind::RST_STREAM, 1, Code::FlowControl as u32)]);
    assert_eq!(connection.take_verdict(), None);
    assert_eq!(i64::from(connection.owed) + connection.recv_window, i64::from(CONNECTION_WINDOW));
}

#[test]
fn body_that_nobody_takes_is_bounded_for_the_connection() {
    let mut connection = started(Limits::default());
    let whole = frame(kind::DATA, 0, 1, &[b'u'; 16_384]);
    for at in 0..128 {
        let data = [&whole[..5], &(at * 2 + 1_u32).to_be_bytes(), &whole[9..]].concat();
        connection.receive(&[post(at * 2 + 1), data.repeat(4)].concat());
    }
    let held: usize = connection.streams.iter_mut().map(|stream| stream.body.len()).sum();
    assert_eq!((connection.take_verdict(), held), (None, BASE as usize));
    // There is window left for everybody who reads, and none for those who do not.
    assert!(connection.recv_window >= i64::from(GROWN));
    connection.receive(&[post(257), frame(kind::DATA, 0, 1, b"x")].concat());
    let refused =
        [(kind::RST_STREAM, 257, Code::RefusedStream as u32), (kind::RST_STREAM, 1, Code::FlowControl as u32)];
    assert_eq!(brief(&mut connection), refused);
}

#[test]
fn windows_grow_where_bodies_are_read() {
    let mut connection = started(Limits::default());
    let mut slots = Vec::new();
    for id in (1..=99).step_by(2) {
        connection.receive(&post(id));
        slots.push((id, connection.opened().pop().expect("one")));
    }
    for (id, opened) in &slots {
        for _ in 0..5 {
            connection.receive(&frame(kind::DATA, 0, *id, &[b'u'; 16_384]));
            assert!(matches!(connection.take_body(opened.slot, usize::MAX), Body::Bytes(_)));
        }
    }
    let windows: Vec<_> =
        connection.streams.iter_mut().map(|stream| stream.recv_window + i64::from(stream.owed)).collect();
    let most = (GROWN / GROWTH) as usize;
    assert!(windows[..most].iter().all(|window| *window == i64::from(STREAM_WINDOW + GROWTH)), "{windows:?}");
    assert!(windows[most..].iter().all(|window| *window == i64::from(STREAM_WINDOW)), "{windows:?}");
    for (_, opened) in slots {
        connection.release(opened.slot, opened.head);
    }
    assert_eq!(connection.grown, 0);
}

#[test]
fn padding_counts_and_is_given_back() {
    let mut connection = started(Limits::default());
    connection.receive(&post(1));
    connection.receive(&frame(kind::DATA, flag::PADDED, 1, &[3, b'a', b'b', 0, 0, 0]));
    assert!(matches!(connection.take_body(0, 9), Body::Bytes(piece) if piece == "ab"));
    assert_eq!(connection.owed, 6);
    assert_eq!(connection.streams.get(0).map(|stream| stream.owed), Some(6));
}

#[test]
fn data_after_our_reset_is_ignored_and_given_back() {
    let mut connection = started(Limits::default());
    connection.receive(&post(1));
    let opened = connection.opened().pop().expect("one");
    respond(&mut connection, opened.slot, &FieldBlock::default(), true);
    connection.release(opened.slot, opened.head);
    let frames = brief(&mut connection);
    assert_eq!(frames.last(), Some(&(kind::RST_STREAM, 1, Code::NoError as u32)));
    let late = [frame(kind::DATA, 0, 1, &[0; 100]), update(1, 5), frame(kind::HEADERS, 5, 1, &[]), get(3)].concat();
    connection.receive(&late);
    assert_eq!((connection.take_verdict(), connection.owed, connection.opened().len()), (None, 100, 1));
}

#[test]
fn slot_of_a_stream_that_was_reset_amid_its_data_is_not_written_to() {
    let mut connection = started(Limits::default());
    connection.receive(&post(1));
    let data = frame(kind::DATA, flag::END_STREAM, 1, &[b'o'; 100]);
    connection.receive(&data[..50]);
    let opened = connection.opened().pop().expect("one");
    connection.release(opened.slot, opened.head);
    connection.opened.clear();
    // The next stream gets the slot; the rest of the old body must not reach it.
    let stream = Stream { id: 3, recv_window: STREAM_WINDOW.into(), ..Stream::default() };
    assert_eq!(connection.streams.insert(stream), opened.slot);
    connection.receive(&data[50..]);
    assert!(matches!(connection.take_body(opened.slot, usize::MAX), Body::Wait));
    assert_eq!(connection.owed, 100);
}

#[test]
fn goaway_comes_in_two_steps() {
    let mut connection = started(Limits::default());
    connection.receive(&get(1));
    connection.announce_leave();
    let frames = said(&mut connection);
    assert_eq!((frames[0].0.kind, frame::number(&frames[0].1)), (kind::GOAWAY, MAX_WINDOW as u32));
    assert_eq!((frames[1].0.kind, &frames[1].1[..]), (kind::PING, &FAREWELL[..]));
    // What was under way is served.
    connection.receive(&get(3));
    assert_eq!(connection.opened().len(), 2);
    connection.receive(&frame(kind::PING, flag::ACK, 0, &FAREWELL));
    assert_eq!(brief(&mut connection), [(kind::GOAWAY, 0, 3)]);
    // What comes after that is not, and is no error.
    let late = [post(5), frame(kind::DATA, 0, 5, b"x"), update(5, 1), frame(kind::RST_STREAM, 0, 5, &[0; 4])].concat();
    connection.receive(&late);
    assert_eq!((connection.take_verdict(), connection.opened().len()), (None, 2));
    assert!(!connection.is_done());
    for slot in [0, 1] {
        respond(&mut connection, slot, &FieldBlock::default(), true);
    }
    assert!(connection.is_done());
}

#[test]
fn faults_count_as_resets() {
    type Fault = fn(u32) -> Vec<u8>;
    let faults: [(&str, Fault); 7] = [
        ("increment of zero", |id| [post(id), update(id, 0)].concat()),
        ("window overflow", |id| [post(id), update(id, 0x7fff_ffff)].concat()),
        ("DATA after the end", |id| [get(id), frame(kind::DATA, 0, id, b"x")].concat()),
        ("HEADERS after the end", |id| [get(id), get(id)].concat()),
        ("depends on itself", |id| {
            [post(id), frame(kind::PRIORITY, 0, id, &[&id.to_be_bytes()[..], &[0]].concat())].concat()
        }),
        ("HEADERS in the middle", |id| [post(id), post(id)].concat()),
        ("malformed", |id| frame(kind::HEADERS, flag::END_HEADERS, id, &GET[..2])),
    ];
    for (name, fault) in faults {
        let streams = |count: u32| (0..count).map(move |at| fault(at * 2 + 1)).collect::<Vec<_>>();
        assert_eq!(verdict(Limits::default(), &streams(200)), None, "{name}");
        assert_eq!(verdict(Limits::default(), &streams(201)), Some(Code::EnhanceYourCalm), "{name}");
    }
}

#[test]
fn refused_streams_keep_the_table_in_step() {
    let limits = Limits { h2_streams: 1, ..Limits::default() };
    let mut connection = started(limits);
    let adding = [POST, &[0x40, 1, b'n', 1, b'v']].concat();
    connection.receive(&post(1));
    connection.receive(&frame(kind::HEADERS, flag::END_HEADERS, 3, &adding));
    assert_eq!(brief(&mut connection), [(kind::RST_STREAM, 3, Code::RefusedStream as u32)]);
    connection.receive(&frame(kind::RST_STREAM, 0, 1, &[0; 4]));
    connection.receive(&frame(kind::HEADERS, flag::END_HEADERS, 5, &[POST, &[0xbe]].concat()));
    let opened = connection.opened().pop().expect("the entry is there");
    assert_eq!(opened.head.field("n"), Some(&b"v"[..]));
}

#[test]
fn blocks_are_bounded() {
    let begin = frame(kind::HEADERS, 0, 1, POST);
    let more = |size: usize| frame(kind::CONTINUATION, 0, 1, &[&[0, 1, b'a', 0x7f][..], &vec![b'v'; size]].concat());
    let floods = [vec![more(0); 70], vec![frame(kind::CONTINUATION, 0, 1, &[]); 70], vec![more(16_000); 12]];
    for flood in floods {
        assert_eq!(verdict(Limits::default(), &[vec![begin.clone()], flood].concat()), Some(Code::EnhanceYourCalm));
    }
}

#[test]
fn references_to_a_large_entry_cost_no_memory() {
    let mut connection = started(Limits::default());
    let mut adding = [POST, &[0x40, 1, b'n', 0x7f, 0x81, 0x1e]].concat();
    adding.extend(vec![b'v'; 0x7f + 1 + (0x1e << 7)]);
    connection.receive(&frame(kind::HEADERS, flag::END_HEADERS, 1, &adding));
    let bomb = [POST, &vec![0xbe; 16_000]].concat();
    connection.receive(&frame(kind::HEADERS, flag::END_HEADERS, 3, &bomb));
    let opened = connection.opened().pop().expect("answered");
    assert_eq!(opened.refusal, Some(Failure::HeaderTooLarge));
    assert!(opened.head.fields().map(|(_, _, value)| value.len()).sum::<usize>() <= 64 << 10);
    assert_eq!(connection.take_verdict(), None);
}

#[test]
fn client_that_reads_no_answers_is_not_read() {
    let mut connection = started(Limits { h2_pings: 100_000, ..Limits::default() });
    let ping = frame(kind::PING, 0, 0, b"question");
    while connection.takes_input() {
        connection.receive(&ping);
        assert!(connection.output().len() <= MAX_ANSWERS + 64);
    }
    said(&mut connection);
    assert!(connection.takes_input());
}

#[test]
fn trailers_end_a_body_and_may_not_be_large() {
    let mut connection = started(Limits { header_count: 3, ..Limits::default() });
    let trailer = [0, 1, b'a', 1, b'b'];
    for (count, is_fine) in [(3, true), (4, false)] {
        let id = connection.last + 2 - (connection.last + 1) % 2;
        connection.receive(&post(id));
        let slot = connection.opened().pop().expect("opened").slot;
        connection.receive(&frame(kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, id, &trailer.repeat(count)));
        let end = connection.take_body(slot, 9);
        assert_eq!(matches!(end, Body::End), is_fine, "{end:?}");
    }
}

#[test]
fn idle_connection_keeps_little() {
    let mut connection = started(Limits::default());
    connection.receive(&get(1));
    let opened = connection.opened().pop().expect("one");
    respond(&mut connection, opened.slot, &FieldBlock::default(), true);
    connection.release(opened.slot, opened.head);
    said(&mut connection);
    connection.trim();
    assert_eq!((connection.heads.capacity(), connection.streams.all().len()), (0, 0));
    assert!(connection.out.capacity() <= KEPT);
    connection.receive(&get(3));
    assert_eq!(connection.opened().len(), 1);
}

/// Everything that a connection says and hands out when it is fed in these pieces.
fn run<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<String>, Option<Code>) {
    let mut connection = silent(Limits::default());
    pieces.for_each(|piece| connection.receive(piece));
    let heads = connection.opened().iter().map(|opened| format!("{:?} {:?}", opened.head, opened.refusal)).collect();
    let buffered: i64 = connection.streams.iter_mut().map(|stream| stream.body.len() as i64).sum();
    let open = connection.input.data.as_ref().map_or(0, body::Data::outstanding);
    let verdict = connection.take_verdict();
    if verdict.is_none() {
        let counted = connection.recv_window + i64::from(connection.owed) + buffered + open;
        assert_eq!(counted, i64::from(CONNECTION_WINDOW), "no byte of the window is lost");
    }
    (connection.output().to_vec(), heads, verdict)
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let block = prop_oneof![
        Just(GET.to_vec()),
        Just(POST.to_vec()),
        proptest::collection::vec(any::<u8>(), 0..60),
        Just([POST, &[0x40, 1, b'n', 1, b'v']].concat()),
    ];
    let stream = prop_oneof![0_u32..12, Just(0), any::<u32>()];
    let frame_of = |(kind, flags, stream, payload): (u8, u8, u32, Vec<u8>)| frame(kind, flags, stream, &payload);
    prop_oneof![
        3 => (prop_oneof![Just(1_u8), Just(9)], any::<u8>(), stream.clone(), block).prop_map(frame_of),
        3 => (Just(0_u8), any::<u8>(), stream.clone(), proptest::collection::vec(any::<u8>(), 0..300)).prop_map(frame_of),
        1 => (0_u8..12, any::<u8>(), stream.clone(), proptest::collection::vec(any::<u8>(), 0..20)).prop_map(frame_of),
        2 => (0_u32..12, 0_u32..1 << 31).prop_map(|(stream, increment)| update(stream, increment)),
        1 => (1_u16..9, any::<u32>()).prop_map(|entry| settings(&[entry])),
        1 => Just(frame(kind::PING, 0, 0, &[7; 8])),
        1 => (0_u32..12).prop_map(|stream| frame(kind::RST_STREAM, 0, stream, &[0; 4])),
    ]
}

proptest! {
    #[test]
    fn any_frames_mean_the_same_in_any_pieces(
        frames in proptest::collection::vec(any_frame(), 0..30),
        piece in 1_usize..200,
    ) {
        let input = [PREFACE, &settings(&[])[..], &frames.concat()].concat();
        let whole = run(std::iter::once(&input[..]));
        prop_assert_eq!(run(input.chunks(piece)), whole);
    }

    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>, piece in 1_usize..50) {
        run(bytes.chunks(piece));
        run([PREFACE, &settings(&[])[..], &bytes].into_iter());
    }
}
