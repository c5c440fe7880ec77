//! Names for requests.

use std::cell::Cell;

/// Makes request ids.
#[derive(Debug)]
pub(crate) struct RequestIds {
    next: Cell<u64>,
}

/// 16 hexadecimal characters.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl RequestIds {
    /// Starts somewhere.
    pub(crate) fn new() -> Self {
        Self { next: Cell::new(0) }
    }

    /// The next id.
    pub(crate) fn next(&self) -> RequestId {
        self.next.set(self.next.get() + 1);
        RequestId(format!("{:016x}", self.next.get()))
    }
}
