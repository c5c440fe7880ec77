//! SHA-256 and SHA-512 of crypt(3): `$5$SALT$HASH` and `$6$SALT$HASH`, with `rounds=N$` before the salt where it is not 5000.

use aws_lc_rs::digest::{Algorithm, Context, SHA256, SHA512, digest};

use super::{crypt64, is_equal};

/// More would occupy a thread for seconds.
const ROUNDS: std::ops::RangeInclusive<u32> = 1000..=1_000_000;

const LONGEST_SALT: usize = 16;

/// The bytes of the digest in the order in which they are written, a group of three each; the last group first.
const ORDER_256: [u8; 32] = [
    31, 30, 9, 19, 29, 18, 28, 8, 27, 7, 17, 6, 16, 26, 15, 25, 5, 24, 4, 14, 3, 13, 23, 12, 22, 2, 21, 1, 11, 0, 10,
    20,
];
const ORDER_512: [u8; 64] = [
    63, 62, 20, 41, 40, 61, 19, 18, 39, 60, 59, 17, 38, 37, 58, 16, 15, 36, 57, 56, 14, 35, 34, 55, 13, 12, 33, 54, 53,
    11, 32, 31, 52, 10, 9, 30, 51, 50, 8, 29, 28, 49, 7, 6, 27, 48, 47, 5, 26, 25, 46, 4, 3, 24, 45, 44, 2, 23, 22, 43,
    1, 0, 21, 42,
];

/// A hash.
#[derive(Clone)]
pub(super) struct ShaCrypt {
    is_512: bool,
    rounds: u32,
    salt: String,
    hash: String,
}

impl ShaCrypt {
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        let is_512 = text.starts_with("$6$");
        let rest = text.get(3..).unwrap_or_default();
        let (rounds, rest) = match rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$')) {
            Some((rounds, rest)) => (rounds.parse().map_err(|_| "the number of rounds is damaged")?, rest),
            None => (5000, rest),
        };
        if !ROUNDS.contains(&rounds) {
            return Err("1000 to 1000000 rounds are known: more would occupy the server for seconds");
        }
        let (salt, hash) = rest.split_once('$').ok_or("the hash is damaged")?;
        let length = if is_512 { 86 } else { 43 };
        if salt.len() > LONGEST_SALT || hash.len() != length || !crypt64::is_crypt(hash) {
            return Err("the hash is damaged");
        }
        Ok(Self { is_512, rounds, salt: salt.to_owned(), hash: hash.to_owned() })
    }

    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        let digest = self.digest(password);
        let order: &[u8] = if self.is_512 { &ORDER_512 } else { &ORDER_256 };
        let text = crypt64::crypt(order.iter().map(|at| digest[usize::from(*at)]));
        is_equal(&text, self.hash.as_bytes())
    }

    pub(super) fn weight(&self) -> u64 {
        u64::from(self.rounds)
    }

    fn digest(&self, password: &[u8]) -> Vec<u8> {
        let algorithm = if self.is_512 { &SHA512 } else { &SHA256 };
        let salt = self.salt.as_bytes();
        let of = |parts: &[&[u8]]| of(algorithm, parts);
        let other = of(&[password, salt, password]);
        let mut first = vec![password, salt];
        let repeated = repeated(&other, password.len());
        first.push(&repeated);
        let mut length = password.len();
        while length > 0 {
            first.push(if length & 1 == 1 { &other } else { password });
            length >>= 1;
        }
        let mut state = of(&first);
        let passwords = digest(algorithm, &password.repeat(password.len()));
        let passwords = self::repeated(passwords.as_ref(), password.len());
        let salts = digest(algorithm, &salt.repeat(16 + usize::from(state[0])));
        let salts = self::repeated(salts.as_ref(), salt.len());
        for round in 0..self.rounds {
            let is_odd = round % 2 == 1;
            let (before, after) = if is_odd { (&passwords, &state) } else { (&state, &passwords) };
            let mut parts: Vec<&[u8]> = vec![before];
            if round % 3 != 0 {
                parts.push(&salts);
            }
            if round % 7 != 0 {
                parts.push(&passwords);
            }
            parts.push(after);
            state = of(&parts);
        }
        state
    }
}

fn of(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

/// So many bytes of a digest written again and again.
fn repeated(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(length).collect()
}
