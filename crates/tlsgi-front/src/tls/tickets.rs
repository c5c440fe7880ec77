//! Session tickets that every thread, and every front of this server, can read: keys derived from the server's secret,
//! another one every six hours, the one before still accepted.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, rand};
use rustls::Error;
use rustls::server::ProducesTickets;

/// Seconds for which a key encrypts.
const PERIOD: u64 = 6 * 60 * 60;

/// Largest session that is put into a ticket. A chain of a client's certificates is part of it; TLS has no room for more than 64 KiB.
const LARGEST: usize = 32 << 10;

/// See the module.
pub(crate) struct Tickets {
    secret: hkdf::Prk,
    /// Whose they are: others cannot read them.
    ring: Vec<u8>,
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Tickets")
    }
}

impl Tickets {
    /// Keys from this secret, at least 32 bytes of randomness, for one ring: a session of one set of client rules must not be
    /// resumed under another.
    pub(crate) fn new(secret: &[u8], ring: &[u8]) -> Result<Self, Error> {
        if secret.len() < 32 {
            return Err(Error::General("the ticket secret is too short".to_owned()));
        }
        Ok(Self { secret: hkdf::Salt::new(hkdf::HKDF_SHA256, b"tlsgi tickets").extract(secret), ring: ring.to_vec() })
    }

    fn key(&self, period: u64) -> Option<LessSafeKey> {
        let label = period.to_be_bytes();
        let mut bytes = [0; 32];
        self.secret.expand(&[b"key", &label, &self.ring], &AES_256_GCM).ok()?.into_bytes(&mut bytes)?;
        Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?))
    }

    /// None for a session that is too large: it is not resumed then.
    fn seal(&self, period: u64, plain: &[u8]) -> Option<Vec<u8>> {
        if plain.len() > LARGEST {
            return None;
        }
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        let mut ticket = Vec::with_capacity(plain.len() + NONCE_LEN + 17);
        ticket.push((period & 0xff) as u8);
        ticket.extend_from_slice(&nonce);
        let mut sealed = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key(period)?.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).ok()?;
        ticket.extend_from_slice(&sealed);
        Some(ticket)
    }

    fn open(&self, now: u64, ticket: &[u8]) -> Option<Vec<u8>> {
        let (tag, rest) = ticket.split_first()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let period = [now, now.saturating_sub(1)].into_iter().find(|period| (period & 0xff) as u8 == *tag)?;
        let mut plain = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.key(period)?.open_in_place(nonce, Aad::empty(), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        PERIOD as u32
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.seal(period(), plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.open(period(), cipher)
    }
}

trait IntoBytes {
    fn into_bytes(self, bytes: &mut [u8]) -> Option<()>;
}

impl IntoBytes for hkdf::Okm<'_, &'static aws_lc_rs::aead::Algorithm> {
    fn into_bytes(self, bytes: &mut [u8]) -> Option<()> {
        self.fill(bytes).ok()
    }
}

fn period() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / PERIOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_outlive_one_rotation_and_not_two() {
        let tickets = Tickets::new(&[7; 32], b"").expect("long enough");
        let ticket = tickets.seal(1000, b"session").expect("sealed");
        assert_eq!(tickets.open(1000, &ticket).as_deref(), Some(&b"session"[..]));
        assert_eq!(tickets.open(1001, &ticket).as_deref(), Some(&b"session"[..]));
        assert_eq!(tickets.open(1002, &ticket), None);
    }

    #[test]
    fn another_server_cannot_read_them() {
        let ticket = Tickets::new(&[7; 32], b"").expect("ok").seal(5, b"session").expect("sealed");
        assert_eq!(Tickets::new(&[8; 32], b"").expect("ok").open(5, &ticket), None);
    }

    #[test]
    fn tickets_of_one_ring_mean_nothing_in_another() {
        let ticket = Tickets::new(&[7; 32], b"").expect("ok").seal(5, b"session").expect("sealed");
        assert_eq!(Tickets::new(&[7; 32], b"rules").expect("ok").open(5, &ticket), None);
    }

    #[test]
    fn session_with_a_huge_chain_gets_no_ticket() {
        let tickets = Tickets::new(&[7; 32], b"").expect("ok");
        assert!(tickets.seal(5, &[0; LARGEST]).is_some() && tickets.seal(5, &[0; LARGEST + 1]).is_none());
    }
}
