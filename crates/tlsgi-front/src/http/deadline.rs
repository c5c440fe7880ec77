//! A deadline that is cheap to move: most are set, met and forgotten without touching the timer wheel.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// One moment in the future, or none. The timer behind it may fire early; then it is armed again.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    at: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// Sets it so far from now.
    pub(crate) fn set_after(&mut self, wait: Duration) {
        self.at = Instant::now().checked_add(wait);
    }

    /// Sets it to a moment.
    pub(crate) const fn set(&mut self, at: Instant) {
        self.at = Some(at);
    }

    /// Removes it.
    pub(crate) const fn clear(&mut self) {
        self.at = None;
    }

    /// Ready when it has passed; pending for ever when there is none.
    pub(crate) fn poll_passed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[tokio::test(start_paused = true)]
    async fn it_can_be_moved_both_ways() {
        let start = Instant::now();
        let mut deadline = Deadline::default();
        deadline.set(start + Duration::from_secs(10));
        assert!(poll_fn(|cx| Poll::Ready(deadline.poll_passed(cx).is_pending())).await);
        deadline.set(start + Duration::from_secs(20));
        poll_fn(|cx| deadline.poll_passed(cx)).await;
        assert_eq!(start.elapsed().as_secs(), 20);
        deadline.set(start + Duration::from_secs(60));
        assert!(poll_fn(|cx| Poll::Ready(deadline.poll_passed(cx).is_pending())).await);
        deadline.set(start + Duration::from_secs(30));
        poll_fn(|cx| deadline.poll_passed(cx)).await;
        assert_eq!(start.elapsed().as_secs(), 30);
    }
}
