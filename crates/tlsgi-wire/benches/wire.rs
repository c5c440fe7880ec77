//! Frames to bytes and back: `cargo bench -p tlsgi-wire`. `--count ROOM ROUNDS` runs one of them bare, for tools that count instructions.

use std::hint::black_box;
use std::process::ExitCode;

use divan::Bencher;
use tlsgi_wire::{Decoder, Direction, Encoder, Fields, HttpVersion, Payload, RequestKind};

/// What a browser sends with a request for a page.
const FIELDS: [(&[u8], &[u8]); 12] = [
    (b"host", b"www.example.org"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-US,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"referer", b"https://www.example.org/start"),
    (b"cookie", b"sessionid=0123456789abcdef0123456789abcdef; csrftoken=0123456789abcdef0123456789abcdef"),
    (b"sec-fetch-dest", b"document"),
    (b"sec-fetch-mode", b"navigate"),
    (b"sec-fetch-site", b"same-origin"),
    (b"priority", b"u=0, i"),
    (b"x-own", b"a name without a number of its own"),
];

const BODY: &[u8] = &[b'b'; 16 << 10];

/// One room; it gets a buffer that it may keep filled between rounds.
type Room = fn(&mut Vec<u8>);

/// The rooms by name.
const ROOMS: [(&str, Room); 6] = [
    ("encode_request", encode_request),
    ("decode_request", decode_request),
    ("encode_response", encode_response),
    ("decode_response", decode_response),
    ("encode_data", encode_data),
    ("decode_data", decode_data),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["--count", name, rounds] = words.as_slice() else {
        divan::main();
        return ExitCode::SUCCESS;
    };
    let room = ROOMS.iter().find(|(known, _)| known == name);
    let (Some((_, room)), Ok(rounds)) = (room, rounds.parse::<u64>()) else { return ExitCode::FAILURE };
    let mut buffer = Vec::new();
    for _ in 0..rounds {
        room(black_box(&mut buffer));
    }
    ExitCode::SUCCESS
}

#[divan::bench(args = ROOMS.map(|(name, _)| name))]
fn wire(bencher: Bencher<'_, '_>, name: &str) {
    let room = ROOMS.iter().find(|(known, _)| *known == name).map_or(encode_request as Room, |found| found.1);
    let mut buffer = Vec::new();
    bencher.bench_local(|| room(black_box(&mut buffer)));
}

fn encode_request(out: &mut Vec<u8>) {
    out.clear();
    write_request(out);
}

fn decode_request(bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        write_request(bytes);
    }
    count(bytes, Direction::ToWorker);
}

fn encode_response(out: &mut Vec<u8>) {
    out.clear();
    write_response(out);
}

fn decode_response(bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        write_response(bytes);
    }
    count(bytes, Direction::ToFront);
}

fn encode_data(out: &mut Vec<u8>) {
    out.clear();
    Encoder::new(out).data(7, black_box(BODY), false, false);
}

fn decode_data(bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        encode_data(bytes);
    }
    count(bytes, Direction::ToFront);
}

fn write_request(out: &mut Vec<u8>) {
    let (path, query) = (black_box(&b"/articles/2026/a-title"[..]), black_box(&b"page=2"[..]));
    let encoder = Encoder::new(out);
    let mut patch = encoder.request(
        7,
        RequestKind::Http,
        HttpVersion::Http11,
        3,
        black_box("GET"),
        None,
        false,
        true,
        "",
        path,
        query,
    );
    for (name, value) in FIELDS {
        patch.field(black_box(name), value);
    }
    patch.body(&[]).finish();
}

fn write_response(out: &mut Vec<u8>) {
    let mut patch = Encoder::new(out).response(7, 200, true, true, false);
    patch.field(black_box(b"content-type"), b"text/html; charset=utf-8");
    patch.field(black_box(b"content-length"), b"14");
    patch.field(black_box(b"x-own"), b"value");
    patch.body(b"Hello, world!\n").finish();
}

/// Decodes all frames and walks through their fields, as a receiver does.
fn count(bytes: &[u8], from: Direction) {
    let mut decoder = Decoder::new(black_box(bytes), from);
    while let Ok(Some(frame)) = decoder.next_frame() {
        match frame.payload {
            Payload::Request(request) => visit(request.fields),
            Payload::Response(response) => visit(response.fields),
            payload => {
                black_box(payload);
            }
        }
    }
}

fn visit(fields: Fields<'_>) {
    for field in fields.iter() {
        black_box(field).ok();
    }
}
