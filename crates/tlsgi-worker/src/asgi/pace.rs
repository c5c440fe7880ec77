//! Whether the application has been quick enough lately for its answers to wait for each other.
//!
//! Answers that leave together cost one write. But while an application call blocks the loop, an answer that waits in the
//! buffer waits with it; so answers leave at once until many calls in a row were short, and again after a long one.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// So many short calls in a row make the pace steady.
const ENOUGH: u32 = 1000;

/// A call that holds the loop for longer than this is long. Shorter ones cannot be told from a process that the kernel
/// did not run for a while.
const LONG_CALL: Duration = Duration::from_millis(20);

/// A turn of the loop, with all that was ready in it, that takes longer than this had a long call in it.
const LONG_TURN: Duration = Duration::from_millis(40);

/// Short calls in a row.
#[derive(Debug, Default)]
pub(super) struct Pace {
    short: AtomicU32,
}

impl Pace {
    /// Whether answers may wait for the end of the batch or of the loop's turn.
    pub(super) fn is_steady(&self) -> bool {
        self.short.load(Ordering::Relaxed) >= ENOUGH
    }

    /// An application call held the loop for so long.
    pub(super) fn note_call(&self, duration: Duration) {
        self.note(duration < LONG_CALL);
    }

    /// The loop came round after so long.
    pub(super) fn note_turn(&self, duration: Duration) {
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
}
