//! `$apr1$SALT$HASH`: Apache's form of the MD5 of crypt(3), a thousand rounds. Old, and still what many files have.

use md5::{Digest as _, Md5};

use super::{crypt64, is_equal};

const MARK: &[u8] = b"$apr1$";
const ROUNDS: usize = 1000;

/// The bytes of the digest in the order in which they are written; the last group first.
const ORDER: [usize; 16] = [11, 4, 10, 5, 3, 9, 15, 2, 8, 14, 1, 7, 13, 0, 6, 12];

/// A hash.
#[derive(Clone)]
pub(super) struct Apache {
    salt: String,
    hash: String,
}

impl Apache {
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        let rest = text.get(MARK.len()..).unwrap_or_default();
        let (salt, hash) = rest.split_once('$').ok_or("the hash is damaged")?;
        if salt.len() > 8 || hash.len() != 22 || !crypt64::is_crypt(hash) {
            return Err("the hash is damaged");
        }
        Ok(Self { salt: salt.to_owned(), hash: hash.to_owned() })
    }

    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        let digest = self.digest(password);
        let text = crypt64::crypt(ORDER.iter().map(|at| digest[*at]));
        is_equal(&text, self.hash.as_bytes())
    }

    fn digest(&self, password: &[u8]) -> [u8; 16] {
        let salt = self.salt.as_bytes();
        let other = of(&[password, salt, password]);
        let mut parts: Vec<&[u8]> = vec![password, MARK, salt];
        let mut left = password.len();
        while left > 0 {
            parts.push(&other[..left.min(16)]);
            left = left.saturating_sub(16);
        }
        let mut length = password.len();
        while length > 0 {
            parts.push(if length & 1 == 1 { &[0] } else { &password[..1] });
            length >>= 1;
        }
        let mut state = of(&parts);
        for round in 0..ROUNDS {
            let is_odd = round % 2 == 1;
            let mut parts: Vec<&[u8]> = vec![if is_odd { password } else { &state }];
            if round % 3 != 0 {
                parts.push(salt);
            }
            if round % 7 != 0 {
                parts.push(password);
            }
            parts.push(if is_odd { &state } else { password });
            state = of(&parts);
        }
        state
    }
}

fn of(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = Md5::new();
    parts.iter().for_each(|part| context.update(part));
    context.finalize().into()
}
