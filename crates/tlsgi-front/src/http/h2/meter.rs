//! Counts the frames by which a client makes work without asking for anything, and says when there are too many.

use tlsgi_config::config::Limits;
use tokio::time::{Duration, Instant};

use super::frame::{Code, kind};

/// Over which time frames are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// WINDOW_UPDATE, PRIORITY, GOAWAY and unknown frames that a client may send within a minute before it has to have earned
/// them. Browsers send a handful at the start.
const FREE_CONTROL_FRAMES: u64 = 2000;

/// DATA frames without data that end nothing.
const EMPTY_FRAMES: u32 = 200;

/// Control frames earned by each request, and by each piece of a response.
const PER_REQUEST: u64 = 4;

/// Response bytes that earn one such frame. A client with windows of 1 KiB that acknowledges each half twice needs half of it.
const PER_BYTES: u64 = 128;

/// Frames of this minute.
#[derive(Debug, Default)]
struct Counts {
    resets: u32,
    settings: u32,
    pings: u32,
    empty: u32,
    control: u64,
    earned: u64,
}

/// The counts of one connection.
#[derive(Debug)]
pub(super) struct Meter {
    resets: u32,
    settings: u32,
    pings: u32,
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
            minute: now,
            counts: Counts::default(),
        }
    }

    /// A frame other than DATA, HEADERS and CONTINUATION came.
    pub(super) fn frame(&mut self, kind: u8, now: Instant) -> Result<(), Code> {
        let (resets, settings, pings) = (self.resets, self.settings, self.pings);
        let counts = self.counts(now);
        match kind {
            kind::RST_STREAM => within(&mut counts.resets, resets),
            kind::SETTINGS => within(&mut counts.settings, settings),
            kind::PING => within(&mut counts.pings, pings),
            _ => {
                counts.control += 1;
                let is_within = counts.control <= FREE_CONTROL_FRAMES + counts.earned / PER_BYTES;
                if is_within { Ok(()) } else { Err(Code::EnhanceYourCalm) }
            }
        }
    }

    /// A stream is reset by us because of what the client did: as good as its own reset (CVE-2025-8671).
    pub(super) fn fault(&mut self, now: Instant) -> Result<(), Code> {
        let resets = self.resets;
        within(&mut self.counts(now).resets, resets)
    }

    /// DATA came that carries nothing and ends nothing.
    pub(super) fn empty(&mut self, now: Instant) -> Result<(), Code> {
        within(&mut self.counts(now).empty, EMPTY_FRAMES)
    }

    /// A request came, or a whole piece of a response was sent: a client may acknowledge small messages one by one.
    pub(super) const fn earn_piece(&mut self) {
        self.earn((PER_REQUEST * PER_BYTES) as usize);
    }

    /// Response bytes were written: they allow window updates.
    pub(super) const fn earn(&mut self, bytes: usize) {
        self.counts.earned = self.counts.earned.saturating_add(bytes as u64);
    }

    fn counts(&mut self, now: Instant) -> &mut Counts {
        if now.duration_since(self.minute) >= MINUTE {
            self.minute = now;
            self.counts = Counts::default();
        }
        &mut self.counts
    }
}

const fn within(count: &mut u32, limit: u32) -> Result<(), Code> {
    *count = count.saturating_add(1);
    if *count <= limit { Ok(()) } else { Err(Code::EnhanceYourCalm) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same frame again and again: how many went through.
    fn flood(mut one: impl FnMut() -> Result<(), Code>) -> usize {
        (0..100_000).take_while(|_| one().is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn floods_end_at_their_limit() {
        let now = Instant::now();
        for (kind, expect) in [(kind::PING, 200), (kind::SETTINGS, 100), (kind::RST_STREAM, 200), (8, 2000), (2, 2000)]
        {
            let mut meter = Meter::new(&Limits::default(), now);
            assert_eq!(flood(|| meter.frame(kind, now)), expect);
            assert_eq!(flood(|| meter.frame(kind, now + MINUTE)), expect, "a new minute counts anew");
        }
        let mut meter = Meter::new(&Limits::default(), now);
        assert_eq!(flood(|| meter.empty(now)), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn resets_by_either_side_count_together() {
        let now = Instant::now();
        let mut meter = Meter::new(&Limits::default(), now);
        for _ in 0..150 {
            meter.frame(kind::RST_STREAM, now).expect("within the limit");
        }
        assert_eq!(flood(|| meter.fault(now)), 50);
    }

    #[tokio::test(start_paused = true)]
    async fn downloads_and_requests_earn_window_updates() {
        let now = Instant::now();
        let mut meter = Meter::new(&Limits::default(), now);
        meter.earn(1 << 20);
        meter.earn_piece();
        assert_eq!(flood(|| meter.frame(8, now)), 2000 + 8192 + 4);
    }
}
