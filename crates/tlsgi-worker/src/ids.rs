//! Maps by the numbers that the front gives: small, dense and from a side that has no reason to make them collide.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map whose keys are exchange or connection ids.
pub(crate) type Ids<T> = HashMap<u32, T, BuildHasherDefault<IdHasher>>;

/// Spreads one number over the bits that a map looks at.
#[derive(Debug, Default)]
pub(crate) struct IdHasher {
    hash: u64,
}

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.hash
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32((*byte).into());
        }
    }

    fn write_u32(&mut self, number: u32) {
        // Fibonacci hashing: the multiplier is 2^64 divided by the golden ratio.
        self.hash = (self.hash ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
