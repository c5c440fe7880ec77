//! Names for requests: on error pages, in the access log, and told to the application.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// Makes the ids of one thread: a counter under a keyed hash, so that one id tells nothing about the next.
#[derive(Debug)]
pub(crate) struct RequestIds {
    key: RandomState,
    count: Cell<u64>,
}

/// 16 lower-case hexadecimal characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestId([u8; 16]);

impl RequestIds {
    /// With a key of its own from the system's randomness.
    pub(crate) fn new() -> Self {
        Self { key: RandomState::new(), count: Cell::new(0) }
    }

    /// The next id.
    pub(crate) fn next(&self) -> RequestId {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        RequestId::of(self.key.hash_one(count))
    }
}

impl RequestId {
    fn of(number: u64) -> Self {
        let digit = |at: usize| b"0123456789abcdef"[(number >> (60 - 4 * at)) as usize & 15];
        Self(std::array::from_fn(digit))
    }

    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn id_is_sixteen_hexadecimal_characters() {
        assert_eq!(RequestId::of(0x0123_4567_89ab_cdef).as_str(), "0123456789abcdef");
        assert_eq!(RequestId::of(0).as_str(), "0000000000000000");
    }

    #[test]
    fn ids_of_all_threads_differ() {
        let threads = [RequestIds::new(), RequestIds::new()];
        let ids: HashSet<_> = threads.iter().flat_map(|ids| (0..10_000).map(|_| ids.next())).collect();
        assert_eq!(ids.len(), 20_000);
    }
}
