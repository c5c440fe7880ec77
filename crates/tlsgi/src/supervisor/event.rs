//! Everything that can happen to the supervisor, in one queue.

use tlsgi_front::control::FromFront;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::control::Received;
use super::error::Error;
use super::message::FromWorker;

/// Something that happened.
#[derive(Debug)]
pub(super) enum Event {
    /// A front said something, or closed its socket.
    Front(u64, Received<FromFront>),
    /// A worker said something, or closed its socket.
    Worker(u64, Received<FromWorker>),
    /// At least one child ended.
    ChildEnded,
    /// Somebody wants something of the server.
    Told(Order),
    /// Something happened in a directory with certificate files.
    CertificateFiles,
    /// A Python file changed.
    Code,
    /// Something happened to a file whose touch asks for something.
    Touch,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// SIGTERM: finish what runs, then stop.
    Stop,
    /// SIGINT: the same; again: at once.
    Interrupt,
    /// SIGQUIT: stop at once.
    Quit,
    /// SIGHUP: take over changed configuration, certificates and code.
    Reload,
    /// SIGUSR1: open log files anew.
    Reopen,
    /// SIGUSR2: replace the front by the program now on disk.
    ReplaceFront,
    /// SIGTTIN: one worker more a pool.
    More,
    /// SIGTTOU: one worker less a pool.
    Less,
}

/// Turns signals into events.
pub(super) fn watch_signals(events: &mpsc::Sender<Event>, tasks: &mut JoinSet<()>) -> Result<(), Error> {
    let orders = [
        (SignalKind::terminate(), Order::Stop),
        (SignalKind::interrupt(), Order::Interrupt),
        (SignalKind::quit(), Order::Quit),
        (SignalKind::hangup(), Order::Reload),
        (SignalKind::user_defined1(), Order::Reopen),
        (SignalKind::user_defined2(), Order::ReplaceFront),
        (SignalKind::from_raw(TTIN), Order::More),
        (SignalKind::from_raw(TTOU), Order::Less),
    ];
    let all = orders.map(|(kind, order)| (kind, Some(order)));
    for (kind, order) in all.into_iter().chain([(SignalKind::child(), None)]) {
        let mut signals = signal(kind).map_err(Error::Runtime)?;
        let events = events.clone();
        tasks.spawn(async move {
            while signals.recv().await.is_some() {
                let event = order.map_or(Event::ChildEnded, Event::Told);
                if events.send(event).await.is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}

const TTIN: i32 = rustix::process::Signal::TTIN.as_raw();
const TTOU: i32 = rustix::process::Signal::TTOU.as_raw();
