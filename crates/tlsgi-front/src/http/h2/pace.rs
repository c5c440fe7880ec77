//! Whether a request body comes fast enough. Only time in which somebody waits for the client counts.

use tlsgi_config::config::Limits;
use tokio::time::{Duration, Instant};

/// The pace of one body.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Waited so far, the current wait not counted.
    waited: Duration,
    since: Option<Instant>,
    /// Bytes when the current wait began.
    seen: u64,
}

impl Pace {
    /// Something came.
    pub(super) fn moved(&mut self, now: Instant) {
        self.pause(now);
    }

    /// Nobody waits any more.
    pub(super) fn pause(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.waited += now.duration_since(since);
        }
    }

    /// Somebody waits: the moment at which the body, of which `seen` bytes have come, is too late.
    pub(super) fn deadline(&mut self, seen: u64, now: Instant, limits: &Limits) -> Instant {
        if seen > self.seen {
            self.pause(now);
        }
        self.seen = seen;
        let since = *self.since.get_or_insert(now);
        let allowed = match seen.checked_div(limits.body_rate) {
            Some(seconds) => (limits.body_grace + Duration::from_secs(seconds)).saturating_sub(self.waited),
            None => limits.body_grace,
        };
        since + allowed.min(limits.body_grace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_and_slowness_end_a_body() {
        let limits = Limits { body_rate: 100, body_grace: Duration::from_secs(20), ..Limits::default() };
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::default();
        assert_eq!(pace.deadline(0, start, &limits), after(20));
        assert_eq!(pace.deadline(0, after(5), &limits), after(20));
        // 15 s gone, 500 bytes earned 5 s.
        assert_eq!(pace.deadline(500, after(15), &limits), after(25));
        // Much came: the longest silence bounds.
        assert_eq!(pace.deadline(100_000, after(16), &limits), after(36));
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nobody_waits_is_free() {
        let limits = Limits { body_rate: 100, body_grace: Duration::from_secs(20), ..Limits::default() };
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.deadline(0, start, &limits);
        pace.pause(start + Duration::from_secs(10));
        let much_later = start + Duration::from_secs(1000);
        assert_eq!(pace.deadline(0, much_later, &limits), much_later + Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn without_floor_only_silence_counts() {
        let limits = Limits { body_rate: 0, body_grace: Duration::from_secs(20), ..Limits::default() };
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.deadline(0, start, &limits);
        let later = start + Duration::from_secs(19);
        assert_eq!(pace.deadline(1, later, &limits), later + Duration::from_secs(20));
    }
}
