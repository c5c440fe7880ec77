//! The secrets of session tickets: made here, handed to every front, replaced one after the other and forgotten.

use std::time::{Duration, Instant};

use tlsgi_front::control::TicketSecrets;
use zeroize::Zeroizing;

use super::error::Error;

type Secret = Zeroizing<Vec<u8>>;

/// Three secrets at a time. Each is known to the fronts for one interval before it seals, and for one after.
#[derive(Default)]
pub(super) struct TicketRing {
    /// None for no tickets.
    interval: Option<Duration>,
    upcoming: Option<Secret>,
    current: Option<Secret>,
    previous: Option<Secret>,
    changes_at: Option<Instant>,
}

impl std::fmt::Debug for TicketRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TicketRing(… every {:?})", self.interval)
    }
}

impl TicketRing {
    /// Changes the secrets at this interval from now on. Those that are there stay.
    ///
    /// # Errors
    /// No randomness.
    pub(super) fn follow(&mut self, interval: Option<Duration>, now: Instant) -> Result<(), Error> {
        if interval.is_none() {
            *self = Self::default();
            return Ok(());
        }
        if self.current.is_none() {
            (self.current, self.upcoming) = (Some(secret()?), Some(secret()?));
        }
        if self.interval != interval {
            self.changes_at = interval.map(|interval| now + interval);
        }
        self.interval = interval;
        Ok(())
    }

    /// When the next change is due.
    pub(super) const fn changes_at(&self) -> Option<Instant> {
        self.changes_at
    }

    /// Makes the change if it is due; true then.
    ///
    /// # Errors
    /// No randomness; it is tried again an interval later.
    pub(super) fn change(&mut self, now: Instant) -> Result<bool, Error> {
        let Some(interval) = self.interval.filter(|_| self.changes_at.is_some_and(|at| at <= now)) else {
            return Ok(false);
        };
        self.changes_at = Some(now + interval);
        let made = secret()?;
        self.previous = self.current.take();
        self.current = self.upcoming.replace(made);
        Ok(true)
    }

    /// What fronts are told.
    pub(super) fn for_front(&self) -> TicketSecrets {
        let plain = |secret: &Secret| secret.to_vec();
        TicketSecrets {
            upcoming: self.upcoming.as_ref().map(plain),
            current: self.current.as_ref().map(plain),
            previous: self.previous.iter().map(plain).collect(),
            lifetime: self.interval.unwrap_or_default(),
        }
    }
}

/// 32 random bytes.
fn secret() -> Result<Secret, Error> {
    let mut secret = Zeroizing::new(vec![0; 32]);
    let failed = |_| Error::Runtime(std::io::Error::other("no randomness"));
    aws_lc_rs::rand::fill(&mut secret).map_err(failed)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_secret_is_known_before_it_seals_and_gone_after_two_changes() {
        let now = Instant::now();
        let mut ring = TicketRing::default();
        ring.follow(Some(HOUR), now).expect("randomness");
        let first = ring.for_front();
        assert!(first.current.is_some() && first.upcoming != first.current && first.previous.is_empty());
        assert!(!ring.change(now + HOUR / 2).expect("not due"));
        assert!(ring.change(now + HOUR).expect("randomness"));
        let second = ring.for_front();
        assert_eq!((&second.current, second.previous.first()), (&first.upcoming, first.current.as_ref()));
        assert_eq!(ring.changes_at(), Some(now + 2 * HOUR));
        assert!(ring.change(now + 2 * HOUR).expect("randomness"));
        let third = ring.for_front();
        assert!(![&third.upcoming, &third.current].contains(&&first.current) && third.previous.len() == 1);
        assert_ne!(third.previous.first(), first.current.as_ref());
    }

    #[test]
    fn a_reload_keeps_the_secrets_and_the_time_of_the_next_change() {
        let now = Instant::now();
        let mut ring = TicketRing::default();
        ring.follow(Some(HOUR), now).expect("randomness");
        let before = ring.for_front();
        ring.follow(Some(HOUR), now + HOUR / 2).expect("nothing to make");
        assert_eq!((ring.for_front(), ring.changes_at()), (before.clone(), Some(now + HOUR)));
        ring.follow(Some(2 * HOUR), now).expect("nothing to make");
        assert_eq!((ring.for_front().current, ring.changes_at()), (before.current, Some(now + 2 * HOUR)));
        ring.follow(None, now).expect("nothing to make");
        assert_eq!((ring.for_front(), ring.changes_at()), (TicketSecrets::default(), None));
    }
}
