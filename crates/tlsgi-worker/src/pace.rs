//! Whether the application has been quick enough lately for its answers to wait for each other.
//!
//! Answers that leave together cost one write. But an answer that waits for the next call waits for as long as that takes: so
//! answers leave at once until many calls in a row were short, and again after a long one.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// So many short calls in a row make the pace steady.
const ENOUGH: u32 = 1000;

/// A call that holds the loop or its thread for longer than this is long. Shorter ones cannot be told from a process that
/// the kernel did not run for a while.
const LONG_CALL: Duration = Duration::from_millis(20);

/// A turn of the loop, with all that was ready in it, that takes longer than this had a long call in it.
const LONG_TURN: Duration = Duration::from_millis(40);

/// Of the usual length of a call, each new one is so many hundredths.
const SHARE: u64 = 6;

/// Short calls in a row, and how long one usually is.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    short: AtomicU32,
    /// Nanoseconds; a moving average.
    usual: AtomicU32,
}

impl Pace {
    /// Whether answers may wait for the end of the batch or of the loop's turn.
    pub(crate) fn is_steady(&self) -> bool {
        self.short.load(Ordering::Relaxed) >= ENOUGH
    }

    /// How many calls of the usual length fit into `time`; none while the pace is not steady.
    pub(crate) fn calls_within(&self, time: Duration) -> usize {
        if !self.is_steady() {
            return 0;
        }
        let usual = u128::from(self.usual.load(Ordering::Relaxed).max(1));
        usize::try_from(time.as_nanos() / usual).unwrap_or(usize::MAX)
    }

    /// An application call held the loop or its thread for so long.
    pub(crate) fn note_call(&self, duration: Duration) {
        self.note(duration < LONG_CALL);
        let usual = u64::from(self.usual.load(Ordering::Relaxed));
        let nanoseconds = u64::from(u32::try_from(duration.as_nanos()).unwrap_or(u32::MAX));
        let usual = (usual * (100 - SHARE) + nanoseconds * SHARE) / 100;
        self.usual.store(u32::try_from(usual).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// The loop came round after so long.
    pub(crate) fn note_turn(&self, duration: Duration) {
        self.note(duration < LONG_TURN);
    }

    fn note(&self, is_short: bool) {
        let short = if is_short { self.short.load(Ordering::Relaxed).saturating_add(1) } else { 0 };
        self.short.store(short, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_call_ends_the_steadiness_of_many_short_ones() {
        let pace = Pace::default();
        for _ in 0..ENOUGH {
            assert!(!pace.is_steady());
            pace.note_call(Duration::from_micros(20));
        }
        assert!(pace.is_steady());
        pace.note_turn(Duration::from_millis(25));
        assert!(pace.is_steady());
        pace.note_call(Duration::from_millis(25));
        assert!(!pace.is_steady());
    }

    #[test]
    fn fewer_calls_fit_when_they_become_longer() {
        let (pace, time) = (Pace::default(), Duration::from_micros(200));
        for _ in 0..ENOUGH {
            assert_eq!(pace.calls_within(time), 0);
            pace.note_call(Duration::from_micros(20));
        }
        assert!((10..=11).contains(&pace.calls_within(time)), "{}", pace.calls_within(time));
        for _ in 0..100 {
            pace.note_call(Duration::from_millis(10));
        }
        assert!(pace.is_steady());
        assert_eq!(pace.calls_within(time), 0);
    }
}
