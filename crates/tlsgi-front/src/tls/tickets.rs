//! Session tickets that every thread, and every front of this server, can read: keys derived from secrets that the supervisor hands out
//! and replaces. The next secret is known to all before the first ticket is made with it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, rand};
use rustls::Error;
use rustls::server::ProducesTickets;

use crate::control::TicketSecrets;

/// Largest session that is put into a ticket. A chain of a client's certificates is part of it; TLS has no room for more than 64 KiB.
const LARGEST: usize = 32 << 10;

/// Bytes at the start of a ticket that say which key sealed it.
const NAME_LEN: usize = 8;

/// The tickets of one ring of clients; its keys are replaced in place.
pub(crate) struct Tickets {
    keys: ArcSwap<Keys>,
    /// Whose they are: others cannot read them.
    ring: Vec<u8>,
}

struct Keys {
    /// The one that seals; none where no tickets are given.
    sealing: Option<Key>,
    /// The others that open: what sealed before, and what will seal next.
    opening: Vec<Key>,
    /// Seconds.
    lifetime: u32,
}

struct Key {
    name: [u8; NAME_LEN],
    key: LessSafeKey,
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Tickets")
    }
}

impl Tickets {
    /// Keys from these secrets, for one ring: a session of one set of client rules must not be resumed under another.
    pub(crate) fn new(secrets: &TicketSecrets, ring: &[u8]) -> Result<Arc<Self>, Error> {
        let keys = ArcSwap::from_pointee(Keys::new(secrets, ring)?);
        Ok(Arc::new(Self { keys, ring: ring.to_vec() }))
    }

    /// Takes these secrets instead; keys of others are gone.
    pub(crate) fn replace(&self, secrets: &TicketSecrets) -> Result<(), Error> {
        self.keys.store(Arc::new(Keys::new(secrets, &self.ring)?));
        Ok(())
    }
}

impl Keys {
    fn new(secrets: &TicketSecrets, ring: &[u8]) -> Result<Self, Error> {
        let key = |secret: &Vec<u8>| Key::new(secret, ring);
        Ok(Self {
            sealing: secrets.current.as_ref().map(key).transpose()?,
            opening: secrets.upcoming.iter().chain(&secrets.previous).map(key).collect::<Result<_, _>>()?,
            lifetime: u32::try_from(secrets.lifetime.as_secs()).unwrap_or(u32::MAX),
        })
    }
}

impl Key {
    fn new(secret: &[u8], ring: &[u8]) -> Result<Self, Error> {
        if secret.len() < 32 {
            return Err(Error::General("a ticket secret is too short".to_owned()));
        }
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"tlsgi tickets").extract(secret);
        let derived = |label: &[u8], bytes: &mut [u8]| {
            let info = [label, ring];
            secret.expand(&info, Length(bytes.len()))?.fill(bytes)
        };
        let (mut name, mut bytes) = ([0; NAME_LEN], [0; 32]);
        let failed = |_| Error::General("a ticket key cannot be derived".to_owned());
        derived(b"name", &mut name).and_then(|()| derived(b"key", &mut bytes)).map_err(failed)?;
        Ok(Self { name, key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).map_err(failed)?) })
    }

    /// None for a session that is too large: it is not resumed then.
    fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        if plain.len() > LARGEST {
            return None;
        }
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        let mut ticket = Vec::with_capacity(plain.len() + NAME_LEN + NONCE_LEN + 16);
        ticket.extend_from_slice(&self.name);
        ticket.extend_from_slice(&nonce);
        let mut sealed = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::from(self.name), &mut sealed).ok()?;
        ticket.extend_from_slice(&sealed);
        Some(ticket)
    }

    fn open(&self, nonce: [u8; NONCE_LEN], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut plain = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self.key.open_in_place(nonce, Aad::from(self.name), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

/// So many bytes.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        self.keys.load().sealing.is_some()
    }

    fn lifetime(&self) -> u32 {
        self.keys.load().lifetime
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.keys.load().sealing.as_ref()?.seal(plain)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, rest) = ticket.split_first_chunk::<NAME_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let keys = self.keys.load();
        let key = keys.sealing.iter().chain(&keys.opening).find(|key| key.name == *name)?;
        key.open(*nonce, sealed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn secrets(upcoming: u8, current: u8, previous: &[u8]) -> TicketSecrets {
        TicketSecrets {
            upcoming: Some(vec![upcoming; 32]),
            current: Some(vec![current; 32]),
            previous: previous.iter().map(|&byte| vec![byte; 32]).collect(),
            lifetime: Duration::from_secs(60),
        }
    }

    fn tickets(secrets: &TicketSecrets, ring: &[u8]) -> Arc<Tickets> {
        Tickets::new(secrets, ring).expect("secrets of 32 bytes")
    }

    #[test]
    fn tickets_outlive_one_rotation_and_not_two() {
        let tickets = tickets(&secrets(2, 1, &[]), b"");
        let ticket = tickets.encrypt(b"session").expect("sealed");
        assert_eq!(tickets.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
        tickets.replace(&secrets(3, 2, &[1])).expect("rotated");
        assert_eq!(tickets.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
        assert_ne!(tickets.encrypt(b"session").expect("sealed")[..NAME_LEN], ticket[..NAME_LEN]);
        tickets.replace(&secrets(4, 3, &[2])).expect("rotated");
        assert_eq!(tickets.decrypt(&ticket), None);
    }

    #[test]
    fn a_front_that_rotated_first_is_understood_by_one_that_did_not_yet() {
        let ticket = tickets(&secrets(3, 2, &[1]), b"").encrypt(b"session").expect("sealed");
        assert!(tickets(&secrets(2, 1, &[]), b"").decrypt(&ticket).is_some());
    }

    #[test]
    fn another_server_cannot_read_them() {
        let ticket = tickets(&secrets(2, 1, &[]), b"").encrypt(b"session").expect("sealed");
        assert_eq!(tickets(&secrets(12, 11, &[10]), b"").decrypt(&ticket), None);
    }

    #[test]
    fn tickets_of_one_ring_mean_nothing_in_another() {
        let ticket = tickets(&secrets(2, 1, &[]), b"").encrypt(b"session").expect("sealed");
        assert_eq!(tickets(&secrets(2, 1, &[]), b"rules").decrypt(&ticket), None);
    }

    #[test]
    fn changed_tickets_are_not_taken() {
        let tickets = tickets(&secrets(2, 1, &[]), b"");
        let ticket = tickets.encrypt(b"session").expect("sealed");
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert_eq!(tickets.decrypt(&changed), None, "byte {at}");
            assert_eq!(tickets.decrypt(&ticket[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn session_with_a_huge_chain_gets_no_ticket() {
        let tickets = tickets(&secrets(2, 1, &[]), b"");
        assert!(tickets.encrypt(&[0; LARGEST]).is_some() && tickets.encrypt(&[0; LARGEST + 1]).is_none());
    }

    #[test]
    fn without_secrets_no_tickets_are_given() {
        let tickets = tickets(&TicketSecrets::default(), b"");
        assert!(!tickets.enabled() && tickets.encrypt(b"session").is_none() && tickets.decrypt(&[0; 64]).is_none());
        assert!(Tickets::new(&TicketSecrets { current: Some(vec![1; 31]), ..TicketSecrets::default() }, b"").is_err());
    }
}
