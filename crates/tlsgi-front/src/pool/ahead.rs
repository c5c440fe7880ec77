//! How many requests may wait at a pool's only WSGI worker rather than in the pool's queue.
//!
//! A thread that finishes has the next one at hand; where there are several workers none waits at one, since another may be free first.
//! Those that a worker ends within a moment are enough to keep it busy until this side comes round again. A slow application has few,
//! so that a worker that is retired is rid of them soon.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// At least so many, also before it is known how quick the application is.
const FEWEST: u32 = 16;

/// At most so many.
const MOST: u32 = 256;

/// As many as end within this.
const MOMENT: Duration = Duration::from_millis(2);

/// How quick the application is, is looked at after every so many.
const COUNTED: u32 = 16;

/// The places, by how quickly requests ended lately.
#[derive(Debug)]
pub(super) struct Ahead {
    most: Cell<u32>,
    places: Cell<u32>,
    ended: Cell<u32>,
    since: Cell<Instant>,
}

impl Ahead {
    /// No places before [`Self::set_most`].
    pub(super) fn new(now: Instant) -> Self {
        Self { most: Cell::new(0), places: Cell::new(FEWEST), ended: Cell::new(0), since: Cell::new(now) }
    }

    /// Never more than this, of whatever speed the application is.
    pub(super) fn set_most(&self, most: usize) {
        self.most.set(u32::try_from(most).unwrap_or(MOST));
    }

    /// How many there are now.
    pub(super) fn places(&self) -> u32 {
        self.places.get().min(self.most.get())
    }

    /// A request ended.
    pub(super) fn note_end(&self, now: impl FnOnce() -> Instant) {
        let ended = self.ended.get() + 1;
        self.ended.set(ended % COUNTED);
        if ended == COUNTED {
            let now = now();
            let took = now.saturating_duration_since(self.since.replace(now)).max(Duration::from_nanos(1));
            let within = MOMENT.as_nanos() * u128::from(COUNTED) / took.as_nanos();
            self.places.set(u32::try_from(within).unwrap_or(MOST).clamp(FEWEST, MOST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_application_has_more_places_and_a_slow_one_few() {
        let start = Instant::now();
        let ahead = Ahead::new(start);
        assert_eq!(ahead.places(), 0);
        ahead.set_most(1000);
        assert_eq!(ahead.places(), 16);
        let mut now = start;
        for (microseconds, places) in [(20, 100), (1, 256), (125, 16), (0, 256), (50_000, 16)] {
            for _ in 0..COUNTED {
                now += Duration::from_micros(microseconds);
                ahead.note_end(|| now);
            }
            assert_eq!(ahead.places(), places, "{microseconds} microseconds each");
        }
        ahead.set_most(3);
        assert_eq!(ahead.places(), 3);
    }
}
