//! Whether a silent client is still there.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::http::deadline::Deadline;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// A ping: nothing was heard for an interval.
    Ping,
    /// The end: the ping before was not answered.
    Silent,
}

/// Pings after an interval of silence, gives up when the answer does not come. Any byte counts as an answer.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    is_pinged: bool,
    deadline: Deadline,
}

impl Heartbeat {
    /// Starts now. An interval of zero never pings.
    pub(crate) fn new(interval: Duration, timeout: Duration) -> Self {
        let mut heartbeat = Self { interval, timeout, is_pinged: false, deadline: Deadline::default() };
        heartbeat.heard();
        heartbeat
    }

    /// The client sent something.
    pub(crate) fn heard(&mut self) {
        self.is_pinged = false;
        if self.interval.is_zero() {
            self.deadline.clear();
        } else {
            self.deadline.set_after(self.interval);
        }
    }

    /// A ping was sent.
    pub(crate) fn pinged(&mut self) {
        self.is_pinged = true;
        self.deadline.set_after(self.timeout);
    }

    /// Ready when something is due.
    pub(crate) fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<Alarm> {
        ready!(self.deadline.poll_passed(cx));
        Poll::Ready(if self.is_pinged { Alarm::Silent } else { Alarm::Ping })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn silence_is_pinged_and_then_ended() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(Duration::from_secs(20), Duration::from_secs(5));
        assert_eq!(poll_fn(|cx| heartbeat.poll_alarm(cx)).await, Alarm::Ping);
        assert_eq!(start.elapsed().as_secs(), 20);
        heartbeat.pinged();
        assert_eq!(poll_fn(|cx| heartbeat.poll_alarm(cx)).await, Alarm::Silent);
        assert_eq!(start.elapsed().as_secs(), 25);
        heartbeat.heard();
        assert_eq!(poll_fn(|cx| heartbeat.poll_alarm(cx)).await, Alarm::Ping);
        assert_eq!(start.elapsed().as_secs(), 45);
    }

    #[tokio::test(start_paused = true)]
    async fn zero_interval_means_never() {
        let mut heartbeat = Heartbeat::new(Duration::ZERO, Duration::from_secs(5));
        let alarm = poll_fn(|cx| heartbeat.poll_alarm(cx));
        assert!(tokio::time::timeout(Duration::from_secs(3600), alarm).await.is_err());
    }
}
