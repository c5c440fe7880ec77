//! Who is connected: the bounds on all connections and on one client's, and the least busy thread.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Counts connections over all threads.
#[derive(Debug)]
pub(crate) struct Census {
    threads: Vec<AtomicUsize>,
    /// Threads that may still hand a connection to another one.
    accepting: AtomicUsize,
    limit: AtomicUsize,
    limit_per_client: AtomicUsize,
    /// Who a client is shows when its proxy has announced it.
    are_announced: AtomicBool,
    clients: Mutex<HashMap<IpAddr, usize>>,
    reported: AtomicU64,
    reported_announcement: AtomicU64,
}

/// One counted connection; uncounted when dropped.
#[derive(Debug)]
pub(crate) struct Guest {
    census: Arc<Census>,
    thread: usize,
    client: Option<IpAddr>,
}

impl Guest {
    /// The thread that serves it.
    pub(crate) const fn thread(&self) -> usize {
        self.thread
    }

    /// Where it is counted.
    pub(crate) fn census(&self) -> &Census {
        &self.census
    }

    /// Counts the connection for this client from now on; false when it has too many.
    pub(crate) fn is_for(&mut self, client: Option<IpAddr>) -> bool {
        self.forget_client();
        match self.census.count_client(client) {
            Some(counted) => {
                self.client = counted;
                true
            }
            None => false,
        }
    }

    fn forget_client(&mut self) {
        let Some(client) = self.client.take() else { return };
        let mut clients = self.census.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = clients.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&client);
            }
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Some(thread) = self.census.threads.get(self.thread) {
            thread.fetch_sub(1, Ordering::Relaxed);
        }
        self.forget_client();
    }
}

impl Census {
    /// For so many threads, without bounds yet.
    pub(crate) fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self {
            threads: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
            accepting: AtomicUsize::new(threads),
            limit: AtomicUsize::new(usize::MAX),
            limit_per_client: AtomicUsize::new(0),
            are_announced: AtomicBool::new(false),
            clients: Mutex::default(),
            reported: AtomicU64::new(0),
            reported_announcement: AtomicU64::new(0),
        })
    }

    /// Sets the bounds; connections that are open stay. Where clients `are_announced`, they are counted by [`Guest::is_for`].
    pub(crate) fn set_limits(&self, connections: usize, per_client: Option<usize>, are_announced: bool) {
        self.are_announced.store(are_announced, Ordering::Relaxed);
        self.limit.store(connections, Ordering::Relaxed);
        self.limit_per_client.store(per_client.unwrap_or(0), Ordering::Relaxed);
    }

    /// Counts a connection, for `own` or for a thread with fewer; `None` when a bound is reached.
    pub(crate) fn admit(self: &Arc<Self>, own: usize, client: Option<IpAddr>) -> Option<Guest> {
        let loads = self.threads.iter().map(|thread| thread.load(Ordering::Relaxed));
        let (least, load) = loads.clone().enumerate().min_by_key(|(_, load)| *load)?;
        if loads.clone().sum::<usize>() >= self.limit.load(Ordering::Relaxed) {
            return None;
        }
        let own_load = self.threads.get(own)?.load(Ordering::Relaxed);
        let thread = if own_load <= load { own } else { least };
        let client = self.count_client(client.filter(|_| !self.are_announced.load(Ordering::Relaxed)))?;
        self.threads.get(thread)?.fetch_add(1, Ordering::Relaxed);
        Some(Guest { census: Arc::clone(self), thread, client })
    }

    /// Counts a connection that stays on this thread and has no client address.
    pub(crate) fn admit_here(self: &Arc<Self>, own: usize) -> Option<Guest> {
        let total: usize = self.threads.iter().map(|thread| thread.load(Ordering::Relaxed)).sum();
        if total >= self.limit.load(Ordering::Relaxed) {
            return None;
        }
        self.threads.get(own)?.fetch_add(1, Ordering::Relaxed);
        Some(Guest { census: Arc::clone(self), thread: own, client: None })
    }

    /// A thread accepts nothing more.
    pub(crate) fn stops_accepting(&self) {
        self.accepting.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether this thread has no connection, also none on the way to it, and will get no more.
    pub(crate) fn is_deserted(&self, thread: usize) -> bool {
        let is_closed = self.accepting.load(Ordering::Acquire) == 0;
        is_closed && self.threads.get(thread).is_none_or(|thread| thread.load(Ordering::Acquire) == 0)
    }

    /// True at most once a minute.
    pub(crate) fn should_report_exhaustion(&self) -> bool {
        is_new_minute(&self.reported)
    }

    /// The same for proxies that are none, or announce nobody.
    pub(crate) fn should_report_announcement(&self) -> bool {
        is_new_minute(&self.reported_announcement)
    }

    /// `Some(None)` when clients are not counted, `None` when this one has too many.
    #[expect(clippy::option_option, reason = "refused, not counted and counted are three outcomes")]
    fn count_client(&self, client: Option<IpAddr>) -> Option<Option<IpAddr>> {
        let limit = self.limit_per_client.load(Ordering::Relaxed);
        let Some(client) = client.filter(|_| limit > 0) else { return Some(None) };
        let client = client.to_canonical();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let count = clients.entry(client).or_insert(0);
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Some(client))
    }
}

fn is_new_minute(reported: &AtomicU64) -> bool {
    let minute = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / 60);
    reported.swap(minute, Ordering::Relaxed) != minute
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_spread_and_bounded() {
        let census = Census::new(2);
        census.set_limits(4, None, false);
        let guests: Vec<_> = (0..4).filter_map(|_| census.admit(0, None)).collect();
        assert_eq!(guests.iter().filter(|guest| guest.thread() == 0).count(), 2);
        assert!(census.admit(1, None).is_none());
        drop(guests);
        assert!(census.admit(1, None).is_some());
    }

    #[test]
    fn one_client_cannot_take_everything() {
        let census = Census::new(1);
        census.set_limits(100, Some(2), false);
        let (one, other) = ("10.0.0.1".parse().ok(), "10.0.0.2".parse().ok());
        let guests = [census.admit(0, one), census.admit(0, one)];
        assert!(census.admit(0, one).is_none());
        assert!(census.admit(0, other).is_some());
        drop(guests);
        assert!(census.admit(0, one).is_some());
    }

    #[test]
    fn announced_clients_are_counted_instead_of_their_proxy() {
        let census = Census::new(1);
        census.set_limits(100, Some(1), true);
        let (proxy, client) = ("10.0.0.1".parse().ok(), "192.0.2.1".parse().ok());
        let [mut first, mut second] = [(); 2].map(|()| census.admit(0, proxy).expect("no client yet"));
        assert!(first.is_for(client));
        assert!(!second.is_for(client));
        drop(first);
        assert!(second.is_for(client));
    }
}
