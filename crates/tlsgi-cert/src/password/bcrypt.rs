//! bcrypt, as OpenBSD, `htpasswd -B` and most languages write it: `$2y$COST$` with 22 characters of salt and 31 of hash.

use blowfish::Blowfish;

use super::{crypt64, is_equal};

/// Rounds as a power of two. Less is no protection; more would occupy a thread for seconds.
const COSTS: std::ops::RangeInclusive<u32> = 4..=16;

/// bcrypt looks at no more bytes.
const LONGEST: usize = 72;

/// `OrpheanBeholderScryDoubt`.
const TEXT: [u32; 6] = [0x4f72_7068, 0x6561_6e42, 0x6568_6f6c, 0x6465_7253, 0x6372_7944, 0x6f75_6274];

/// A hash.
#[derive(Clone)]
pub(super) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

impl Bcrypt {
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        const DAMAGED: &str = "the bcrypt hash is damaged";
        let mut parts = text.split('$').skip(1);
        let (version, cost, rest) = (parts.next(), parts.next(), parts.next());
        if !matches!(version, Some("2a" | "2b" | "2y")) || parts.next().is_some() {
            return Err("of bcrypt, `$2y$`, `$2b$` and `$2a$` are known");
        }
        let cost = cost.filter(|cost| cost.len() == 2).and_then(|cost| cost.parse().ok()).ok_or(DAMAGED)?;
        if !COSTS.contains(&cost) {
            return Err("the cost of bcrypt is 4 to 16 here: more would occupy the server for seconds");
        }
        let (salt, hash) =
            rest.filter(|rest| rest.len() == 53).and_then(|rest| rest.split_at_checked(22)).ok_or(DAMAGED)?;
        let fixed = |text| crypt64::bcrypt(text).ok_or(DAMAGED);
        Ok(Self {
            cost,
            salt: fixed(salt)?.try_into().map_err(|_| DAMAGED)?,
            hash: fixed(hash)?.try_into().map_err(|_| DAMAGED)?,
        })
    }

    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        let mut key = password.get(..LONGEST).unwrap_or(password).to_vec();
        if key.len() < LONGEST {
            key.push(0);
        }
        let mut state: Blowfish = Blowfish::bc_init_state();
        state.salted_expand_key(&self.salt, &key);
        for _ in 0..1_u32 << self.cost {
            state.bc_expand_key(&key);
            state.bc_expand_key(&self.salt);
        }
        let mut bytes = Vec::with_capacity(24);
        for pair in TEXT.chunks_exact(2) {
            let mut block = [pair[0], pair[1]];
            for _ in 0..64 {
                block = state.bc_encrypt(block);
            }
            bytes.extend(block.iter().flat_map(|word| word.to_be_bytes()));
        }
        zeroize::Zeroize::zeroize(&mut key);
        is_equal(&bytes[..23], &self.hash)
    }

    pub(super) fn weight(&self) -> u64 {
        // A round is about two hundred of the simple ones.
        200 << self.cost
    }
}
