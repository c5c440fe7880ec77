//! Looking at passwords without holding anybody up: off the front's threads, a few at a time, each only once while it is remembered.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use tlsgi_cert::password::Passwords;
use tokio::sync::{Mutex as Turn, Semaphore};
use tokio::time::{Duration, Instant};

use super::credentials::Credentials;

/// Passwords that are hashed at once, in the whole process: the cores are for requests.
static HASHING: Semaphore = Semaphore::const_new(2);

/// Passwords that wait for that, on a site.
const MOST_WAITING: usize = 64;

/// Of one address.
const MOST_OF_ONE: usize = 8;

/// How long a password that was good is not hashed again.
const GOOD: Duration = Duration::from_secs(300);

/// How long one that was wrong is not.
const WRONG: Duration = Duration::from_secs(5);

/// Passwords that are remembered, as hashes with a salt of this process.
const MOST_KNOWN: usize = 4096;

type Key = [u8; SHA256_OUTPUT_LEN];

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Checks {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    salt: Option<[u8; 32]>,
    /// What was found, and until when it counts.
    known: HashMap<Key, (bool, Instant)>,
    /// Those that are looked at: whoever brings the same waits for the same.
    looked_at: HashMap<Key, Arc<Turn<()>>>,
    /// How many of them are of each address.
    addresses: HashMap<Option<IpAddr>, usize>,
}

/// One of those that are looked at; forgotten when it goes, also half way.
struct Place<'a> {
    checks: &'a Checks,
    key: Key,
    peer: Option<IpAddr>,
}

impl Checks {
    /// Whether the password is the user's; none where too many are looked at.
    pub(super) async fn check(
        &self,
        users: &Arc<Passwords>,
        credentials: &Credentials,
        peer: Option<IpAddr>,
    ) -> Option<bool> {
        let key = self.key(users, credentials);
        loop {
            let (turn, place) = {
                let mut state = self.lock();
                if let Some(is_good) = state.recall(&key) {
                    return Some(is_good);
                }
                match state.looked_at.get(&key) {
                    Some(turn) => (Arc::clone(turn), None),
                    None => {
                        let turn = state.begin(key, peer)?;
                        (turn, Some(Place { checks: self, key, peer }))
                    }
                }
            };
            let _turn = turn.lock().await;
            // Whoever waited looks what came of it.
            if place.is_some() {
                return Some(self.hash(users, credentials, key).await);
            }
        }
    }

    /// What was found before counts no more.
    pub(super) fn forget(&self) {
        self.lock().known.clear();
    }

    async fn hash(&self, users: &Arc<Passwords>, credentials: &Credentials, key: Key) -> bool {
        // Never closed. Given back when it is hashed, not when nobody waits any more.
        let permit = HASHING.acquire().await;
        let (users, user, password) =
            (Arc::clone(users), credentials.user().to_owned(), credentials.password().to_vec());
        let hashed = tokio::task::spawn_blocking(move || {
            let is_good = users.verify(&user, &password);
            drop(permit);
            is_good
        });
        let hashed = hashed.await;
        let is_good = hashed.unwrap_or_default();
        self.lock().remember(key, is_good);
        is_good
    }

    /// The address tells the files apart: one that was read anew is another.
    fn key(&self, users: &Arc<Passwords>, credentials: &Credentials) -> Key {
        let salt = *self.lock().salt.get_or_insert_with(|| {
            let mut salt = [0; 32];
            // Without randomness no TLS is spoken either.
            _ = aws_lc_rs::rand::fill(&mut salt);
            salt
        });
        let mut context = Context::new(&SHA256);
        context.update(&salt);
        context.update(&(Arc::as_ptr(users) as usize).to_le_bytes());
        context.update(&credentials.user().len().to_le_bytes());
        context.update(credentials.user().as_bytes());
        context.update(credentials.password());
        let mut key = [0; SHA256_OUTPUT_LEN];
        key.copy_from_slice(context.finish().as_ref());
        key
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn recall(&self, key: &Key) -> Option<bool> {
        self.known.get(key).filter(|(_, until)| *until > Instant::now()).map(|(is_good, _)| *is_good)
    }

    fn begin(&mut self, key: Key, peer: Option<IpAddr>) -> Option<Arc<Turn<()>>> {
        let of_one = self.addresses.get(&peer).copied().unwrap_or_default();
        if self.looked_at.len() >= MOST_WAITING || of_one >= MOST_OF_ONE {
            return None;
        }
        *self.addresses.entry(peer).or_default() += 1;
        let turn = Arc::new(Turn::new(()));
        self.looked_at.insert(key, Arc::clone(&turn));
        Some(turn)
    }

    fn remember(&mut self, key: Key, is_good: bool) {
        let now = Instant::now();
        if self.known.len() >= MOST_KNOWN {
            self.known.retain(|_, (_, until)| *until > now);
        }
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        self.known.insert(key, (is_good, now + if is_good { GOOD } else { WRONG }));
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.checks.lock();
        state.looked_at.remove(&self.key);
        if let Some(count) = state.addresses.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                state.addresses.remove(&self.peer);
            }
        }
    }
}
