//! Watches the frames that a client sends: of which kind, how often, and whether one stays unfinished. The `h2` crate bounds
//! memory; this bounds work. Pure: fed with bytes and the time.

use h2::Reason;
use tlsgi_config::config::Limits;
use tokio::time::{Duration, Instant};

use super::trailers::Trailers;

/// Bytes of the client preface (RFC 9113 3.4).
const PREFACE: u8 = 24;

/// Bytes of a frame header (RFC 9113 4.1).
const FRAME_HEADER: usize = 9;

/// Over which time frames are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// WINDOW_UPDATE, PRIORITY, GOAWAY and unknown frames that a client may send within a minute before it has to have earned
/// them. Browsers send a handful at the start.
const FREE_CONTROL_FRAMES: u64 = 2000;

/// Such frames earned by each request, and by each piece of a response.
const PER_REQUEST: u64 = 4;

/// Response bytes that earn one such frame. A client that acknowledges every frame of 16 KiB twice needs an eighth of it.
const PER_BYTES: u64 = 1024;

/// Open bodies that are kept in mind to know trailers from heads.
const MAX_UPLOADS: usize = 1024;

mod kind {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const PRIORITY: u8 = 2;
    pub(super) const RST_STREAM: u8 = 3;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PING: u8 = 6;
    pub(super) const WINDOW_UPDATE: u8 = 8;
    pub(super) const CONTINUATION: u8 = 9;
}

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// A frame that ends the connection: how many bytes stand before it in the piece that was fed, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) at: usize,
    pub(super) reason: Reason,
}

/// Frames of this minute.
#[derive(Debug, Default)]
struct Counts {
    resets: u32,
    settings: u32,
    pings: u32,
    control: u64,
    earned: u64,
}

/// Parses the frame headers of one direction.
#[derive(Debug)]
pub(super) struct Meter {
    resets: u32,
    settings: u32,
    pings: u32,
    preface_left: u8,
    header: [u8; FRAME_HEADER],
    header_length: usize,
    kind: u8,
    stream: u32,
    length: u32,
    left: u32,
    has_settings: bool,
    is_in_block: bool,
    /// Streams whose body has not ended: HEADERS on one of them are trailers.
    uploads: Vec<u32>,
    trailers: Option<Trailers>,
    trailers_skip: usize,
    unfinished_since: Option<Instant>,
    minute: Instant,
    counts: Counts,
}

impl Meter {
    /// For a connection that begins now.
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            resets: limits.h2_resets,
            settings: limits.h2_settings,
            pings: limits.h2_pings,
            preface_left: PREFACE,
            header: [0; FRAME_HEADER],
            header_length: 0,
            kind: 0,
            stream: 0,
            length: 0,
            left: 0,
            has_settings: false,
            is_in_block: false,
            uploads: Vec::new(),
            trailers: None,
            trailers_skip: 0,
            unfinished_since: Some(now),
            minute: now,
            counts: Counts::default(),
        }
    }

    /// Takes the next bytes of the client. After a violation it is of no further use.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant) -> Result<(), Violation> {
        let mut at = usize::from(self.preface_left).min(bytes.len());
        self.preface_left -= at as u8;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.left > 0 {
                let (payload, _) = rest.split_at(rest.len().min(self.left as usize));
                self.left -= payload.len() as u32;
                self.inspect(payload).map_err(|reason| Violation { at, reason })?;
                at += payload.len();
            } else {
                let wanted = FRAME_HEADER - self.header_length;
                let taken = rest.len().min(wanted);
                for (to, from) in self.header.iter_mut().skip(self.header_length).zip(rest) {
                    *to = *from;
                }
                self.header_length += taken;
                if taken == wanted {
                    self.frame(now).map_err(|reason| Violation { at, reason })?;
                }
                at += taken;
            }
            if self.left == 0 && self.header_length == 0 && self.has_settings && !self.is_in_block {
                self.unfinished_since = None;
            }
        }
        if self.is_unfinished() {
            self.unfinished_since.get_or_insert(now);
        }
        Ok(())
    }

    /// Since when the preface, the first SETTINGS, a header block or a frame other than DATA is not complete.
    pub(super) const fn unfinished_since(&self) -> Option<Instant> {
        self.unfinished_since
    }

    /// Bytes that have come of a DATA frame of this stream that is not complete.
    pub(super) const fn data_in_flight(&self, stream: u32) -> u64 {
        if self.kind == kind::DATA && self.left > 0 && self.stream == stream {
            (self.length - self.left) as u64
        } else {
            0
        }
    }

    /// Response bytes were written: they allow window updates.
    pub(super) const fn wrote(&mut self, bytes: usize) {
        self.counts.earned = self.counts.earned.saturating_add(bytes as u64);
    }

    /// A whole piece of a response was sent: a client may acknowledge small messages one by one.
    pub(super) const fn sent_piece(&mut self) {
        self.wrote((PER_REQUEST * PER_BYTES) as usize);
    }

    const fn is_unfinished(&self) -> bool {
        let is_mid_frame = self.left > 0 && self.kind != kind::DATA;
        self.preface_left > 0 || !self.has_settings || self.header_length > 0 || is_mid_frame || self.is_in_block
    }

    /// A frame header is complete.
    fn frame(&mut self, now: Instant) -> Result<(), Reason> {
        self.header_length = 0;
        let [a, b, c, kind, flags, s0, s1, s2, s3] = self.header;
        self.length = u32::from_be_bytes([0, a, b, c]);
        self.left = self.length;
        self.kind = kind;
        self.stream = u32::from_be_bytes([s0, s1, s2, s3]) & (u32::MAX >> 1);
        if !self.has_settings {
            // RFC 9113 3.4: the preface ends with a SETTINGS frame.
            if kind != kind::SETTINGS || flags & ACK != 0 {
                return Err(Reason::PROTOCOL_ERROR);
            }
            self.has_settings = true;
        }
        if !self.is_in_block && !is_sized(kind, flags, self.length) {
            return Err(Reason::FRAME_SIZE_ERROR);
        }
        if matches!(kind, kind::HEADERS | kind::CONTINUATION) {
            self.is_in_block = flags & END_HEADERS == 0;
        }
        self.follow(flags);
        self.count(kind, now)
    }

    /// Keeps in mind which bodies are open, and looks for trailers.
    fn follow(&mut self, flags: u8) {
        let ends = flags & END_STREAM != 0;
        let known = match self.kind {
            kind::DATA if !ends => return,
            kind::HEADERS | kind::DATA | kind::RST_STREAM => {
                self.uploads.iter().position(|known| *known == self.stream)
            }
            _ => return,
        };
        if self.kind == kind::HEADERS {
            // Without END_STREAM they are an error that the protocol finds.
            self.trailers = (known.is_some() && ends).then(Trailers::default);
            self.trailers_skip = usize::from(flags & PADDED != 0) + if flags & PRIORITY != 0 { 5 } else { 0 };
        }
        match known {
            Some(at) if ends || self.kind == kind::RST_STREAM => drop(self.uploads.swap_remove(at)),
            None if self.kind == kind::HEADERS && !ends && self.uploads.len() < MAX_UPLOADS => {
                self.uploads.push(self.stream);
            }
            _ => {}
        }
    }

    /// A piece of payload: trailers are looked into when they are complete.
    fn inspect(&mut self, payload: &[u8]) -> Result<(), Reason> {
        let Some(trailers) = &mut self.trailers else { return Ok(()) };
        if !matches!(self.kind, kind::HEADERS | kind::CONTINUATION) {
            return Ok(());
        }
        trailers.push(payload);
        let is_complete = self.left == 0 && !self.is_in_block;
        if is_complete && self.trailers.take().is_some_and(|trailers| trailers.has_pseudo(self.trailers_skip)) {
            return Err(Reason::PROTOCOL_ERROR);
        }
        Ok(())
    }

    fn count(&mut self, kind: u8, now: Instant) -> Result<(), Reason> {
        if now.duration_since(self.minute) >= MINUTE {
            self.minute = now;
            self.counts = Counts::default();
        }
        let counts = &mut self.counts;
        let is_within = match kind {
            kind::DATA | kind::CONTINUATION => true,
            kind::HEADERS => {
                counts.earned = counts.earned.saturating_add(PER_REQUEST * PER_BYTES);
                true
            }
            kind::RST_STREAM => within(&mut counts.resets, self.resets),
            kind::SETTINGS => within(&mut counts.settings, self.settings),
            kind::PING => within(&mut counts.pings, self.pings),
            _ => {
                counts.control += 1;
                counts.control <= FREE_CONTROL_FRAMES + counts.earned / PER_BYTES
            }
        };
        if is_within { Ok(()) } else { Err(Reason::ENHANCE_YOUR_CALM) }
    }
}

/// Whether a frame of fixed size has it (RFC 9113 6): the `h2` crate names another error.
const fn is_sized(kind: u8, flags: u8, length: u32) -> bool {
    match kind {
        kind::PRIORITY => length == 5,
        kind::RST_STREAM | kind::WINDOW_UPDATE => length == 4,
        kind::SETTINGS => length.is_multiple_of(6) && (flags & ACK == 0 || length == 0),
        kind::PING => length == 8,
        _ => true,
    }
}

const fn within(count: &mut u32, limit: u32) -> bool {
    *count = count.saturating_add(1);
    *count <= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend_from_slice(&[kind, flags]);
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(payload);
        frame
    }

    fn started(now: Instant) -> Meter {
        let mut meter = Meter::new(&Limits::default(), now);
        meter.feed(CLIENT_PREFACE, now).expect("preface");
        meter.feed(&frame(kind::SETTINGS, 0, 0, &[]), now).expect("settings");
        meter
    }

    /// Feeds the same frame again and again: how many went through.
    fn flood(meter: &mut Meter, frame: &[u8], now: Instant) -> usize {
        (0..100_000).take_while(|_| meter.feed(frame, now).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn floods_end_at_their_limit() {
        let now = Instant::now();
        assert_eq!(flood(&mut started(now), &frame(kind::PING, 0, 0, &[0; 8]), now), 200);
        assert_eq!(flood(&mut started(now), &frame(kind::PING, ACK, 0, &[0; 8]), now), 200);
        assert_eq!(flood(&mut started(now), &frame(kind::SETTINGS, 0, 0, &[]), now), 99);
        assert_eq!(flood(&mut started(now), &frame(kind::RST_STREAM, 0, 1, &[0; 4]), now), 200);
        assert_eq!(flood(&mut started(now), &frame(8, 0, 0, &[0, 0, 0, 1]), now), 2000);
        assert_eq!(flood(&mut started(now), &frame(2, 0, 3, &[0; 5]), now), 2000);
        assert_eq!(flood(&mut started(now), &frame(0xfa, 0, 0, &[]), now), 2000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_minute_counts_anew() {
        let now = Instant::now();
        let (mut meter, ping) = (started(now), frame(kind::PING, 0, 0, &[0; 8]));
        for _ in 0..200 {
            meter.feed(&ping, now).expect("within the limit");
        }
        assert_eq!(flood(&mut meter, &ping, now + MINUTE), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn downloads_earn_window_updates() {
        let now = Instant::now();
        let mut meter = started(now);
        meter.wrote(1 << 20);
        assert_eq!(flood(&mut meter, &frame(8, 0, 0, &[0, 0, 0, 1]), now), 2000 + 1024);
    }

    #[tokio::test(start_paused = true)]
    async fn violation_says_where_it_begins() {
        let now = Instant::now();
        let mut meter = Meter::new(&Limits { h2_pings: 1, ..Limits::default() }, now);
        let ping = frame(kind::PING, 0, 0, &[0; 8]);
        let input = [CLIENT_PREFACE, &frame(kind::SETTINGS, 0, 0, &[0; 6]), &ping, &ping].concat();
        let expect = Violation { at: 24 + 15 + 17, reason: Reason::ENHANCE_YOUR_CALM };
        assert_eq!(meter.feed(&input, now), Err(expect));
    }

    #[tokio::test(start_paused = true)]
    async fn first_frame_must_be_settings() {
        let now = Instant::now();
        let mut meter = Meter::new(&Limits::default(), now);
        let input = [CLIENT_PREFACE, &frame(kind::PING, 0, 0, &[0; 8])].concat();
        assert_eq!(meter.feed(&input, now).map_err(|found| found.reason), Err(Reason::PROTOCOL_ERROR));
    }

    #[tokio::test(start_paused = true)]
    async fn unfinished_blocks_are_noticed_in_pieces_of_every_size() {
        let start = Instant::now();
        let late = start + Duration::from_secs(1);
        let headers = frame(kind::HEADERS, 0, 1, b"abc");
        let end = frame(kind::CONTINUATION, END_HEADERS, 1, b"def");
        for piece in 1..=headers.len() {
            let mut meter = started(start);
            assert_eq!(meter.unfinished_since(), None);
            for bytes in headers.chunks(piece) {
                meter.feed(bytes, late).expect("valid");
                assert_eq!(meter.unfinished_since(), Some(late));
            }
            for bytes in end.chunks(piece) {
                assert_eq!(meter.unfinished_since(), Some(late));
                meter.feed(bytes, late + MINUTE).expect("valid");
            }
            assert_eq!(meter.unfinished_since(), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn body_under_way_is_counted_and_not_called_unfinished() {
        let now = Instant::now();
        let mut meter = started(now);
        meter.feed(&frame(kind::DATA, 0, 5, &[0; 100])[..40], now).expect("valid");
        assert_eq!((meter.data_in_flight(5), meter.data_in_flight(7), meter.unfinished_since()), (31, 0, None));
    }
}
