//! One timer for all that wait with a deadline: those that are served in time cost none of their own.

use std::cell::Cell;
use std::convert::Infallible;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Knows when to look next; whoever keeps it knows who waits.
#[derive(Debug, Default)]
pub(super) struct Vigil {
    looks_at: Cell<Option<Instant>>,
    moved: Notify,
}

impl Vigil {
    /// Somebody has to be looked at by then.
    pub(super) fn expect(&self, at: Instant) {
        if self.looks_at.get().is_none_or(|known| at < known) {
            self.looks_at.set(Some(at));
            self.moved.notify_one();
        }
    }

    /// Calls `look` whenever a moment that was expected has come; it deals with those whose time is over and says when to look again.
    pub(super) async fn keep(&self, look: impl Fn(Instant) -> Option<Instant>) -> Infallible {
        loop {
            match self.looks_at.get() {
                None => self.moved.notified().await,
                Some(at) => tokio::select! {
                    () = self.moved.notified() => {}
                    () = sleep_until(at) => self.looks_at.set(look(at)),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio::time::{Duration, timeout};

    #[tokio::test(start_paused = true)]
    async fn it_looks_at_the_earliest_moment_and_again_when_told() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let (vigil, looks) = (Vigil::default(), RefCell::new(Vec::new()));
        vigil.expect(at(30));
        vigil.expect(at(10));
        vigil.expect(at(20));
        let look = |now| {
            looks.borrow_mut().push(now);
            (now == at(10)).then(|| at(25))
        };
        let kept = vigil.keep(look);
        assert!(timeout(Duration::from_secs(60), kept).await.is_err());
        assert_eq!(*looks.borrow(), [at(10), at(25)]);
        vigil.expect(at(61));
        let kept = vigil.keep(look);
        assert!(timeout(Duration::from_secs(60), kept).await.is_err());
        assert_eq!(looks.borrow().last(), Some(&at(61)));
    }
}
