//! What the service manager is told; without one, nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

/// The server answers requests.
pub(super) fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::MainPid(std::process::id()), NotifyState::Status(status)]);
}

/// A reload began; it ends with [`ready`].
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now, NotifyState::Status("reloading")]),
        Err(error) => tracing::debug!("no monotonic clock: {error}"),
    }
}

/// The server finishes what runs, for so long at most.
pub(super) fn stopping(timeout: Duration) {
    let more = u32::try_from(timeout.as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(more), NotifyState::Status("stopping")]);
}

/// The supervisor is alive.
pub(super) fn alive() {
    notify(&[NotifyState::Watchdog]);
}

/// How often [`alive`] is to be said, if at all: twice as often as the service manager asks.
pub(super) fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!("the service manager was not told: {error}");
    }
}
