//! Head parsing and the routing decision: `cargo bench -p tlsgi-front --features rooms`. `--count ROOM ROUNDS` runs one of them bare, for
//! tools that count instructions.

use std::hint::black_box;
use std::process::ExitCode;

use divan::Bencher;
use tlsgi_front::rooms::Rooms;

const BARE: &[u8] = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n";

/// What a browser sends with a request for a page.
const BROWSER: &[u8] = b"GET /articles/2026/a-title?page=2 HTTP/1.1\r\n\
Host: www.example.org\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
Accept-Language: en-US,en;q=0.5\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Referer: https://www.example.org/start\r\n\
Cookie: sessionid=0123456789abcdef0123456789abcdef; csrftoken=0123456789abcdef0123456789abcdef\r\n\
Connection: keep-alive\r\n\
Upgrade-Insecure-Requests: 1\r\n\
Sec-Fetch-Dest: document\r\n\
Sec-Fetch-Mode: navigate\r\n\
Sec-Fetch-Site: same-origin\r\n\
Priority: u=0, i\r\n\r\n";

/// One room; `Rooms` has a head from before, so that the decision has one to look at.
type Room = fn(&mut Rooms);

/// The rooms by name.
const ROOMS: [(&str, Room); 3] =
    [("parse_bare_head", parse_bare_head), ("parse_browser_head", parse_browser_head), ("decide", decide)];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["--count", name, rounds] = words.as_slice() else {
        divan::main();
        return ExitCode::SUCCESS;
    };
    let room = ROOMS.iter().find(|(known, _)| known == name);
    let (Some((_, room)), Ok(rounds)) = (room, rounds.parse::<u64>()) else { return ExitCode::FAILURE };
    let mut rooms = prepared();
    for _ in 0..rounds {
        room(black_box(&mut rooms));
    }
    ExitCode::SUCCESS
}

#[divan::bench(args = ROOMS.map(|(name, _)| name))]
fn front(bencher: Bencher<'_, '_>, name: &str) {
    let room = ROOMS.iter().find(|(known, _)| *known == name).map_or(decide as Room, |found| found.1);
    let mut rooms = prepared();
    bencher.bench_local(|| room(black_box(&mut rooms)));
}

fn prepared() -> Rooms {
    let mut rooms = Rooms::new().expect("a site without files");
    parse_browser_head(&mut rooms);
    rooms
}

fn parse_bare_head(rooms: &mut Rooms) {
    assert!(rooms.parse(black_box(BARE)), "a valid head");
}

fn parse_browser_head(rooms: &mut Rooms) {
    assert!(rooms.parse(black_box(BROWSER)), "a valid head");
}

fn decide(rooms: &mut Rooms) {
    assert!(black_box(rooms.decide()), "the application answers it");
}
