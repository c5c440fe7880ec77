//! The open exchanges of one link, and which of them the front takes for begun (rule 3 of the protocol page).

use std::collections::VecDeque;

use tlsgi_wire::{Error, Kind};

use crate::ids::Ids;

/// Exchanges by id, in the order in which they were opened.
///
/// The front's own conclusion is repeated here: whenever an exchange is opened or done while no open one is begun, the
/// oldest is. Only the order of frames on this link decides it, so both sides come to the same answer.
#[derive(Debug)]
pub(crate) struct Exchanges<T> {
    open: Ids<Open<T>>,
    /// Sequence and id; exchanges that are done stay until they reach the front of the line.
    order: VecDeque<(u64, u32)>,
    sequence: u64,
    begun: usize,
}

#[derive(Debug)]
struct Open<T> {
    exchange: T,
    sequence: u64,
    is_begun: bool,
}

impl<T> Exchanges<T> {
    /// None open.
    pub(crate) fn new() -> Self {
        Self { open: Ids::default(), order: VecDeque::new(), sequence: 0, begun: 0 }
    }

    /// A request arrived: how many came before it.
    ///
    /// # Errors
    /// Its id is in use.
    pub(crate) fn open(&mut self, id: u32, exchange: T) -> Result<u64, Error> {
        let sequence = self.sequence;
        self.sequence += 1;
        if self.open.insert(id, Open { exchange, sequence, is_begun: false }).is_some() {
            return Err(Error::OutOfOrder(Kind::Request));
        }
        self.order.push_back((sequence, id));
        self.presume();
        Ok(sequence)
    }

    /// The application is about to be called: whether a `Begin` frame must be written first.
    #[must_use]
    pub(crate) fn begin(&mut self, id: u32) -> bool {
        let Some(open) = self.open.get_mut(&id) else { return false };
        if open.is_begun {
            return false;
        }
        open.is_begun = true;
        self.begun += 1;
        true
    }

    /// Whether the front takes it for begun, given that it has all that was encoded so far.
    pub(crate) fn is_begun(&self, id: u32) -> bool {
        self.open.get(&id).is_some_and(|open| open.is_begun)
    }

    /// The exchange is over: call before the frame that says so can reach the front, which may use the id again.
    pub(crate) fn done(&mut self, id: u32) -> Option<T> {
        let open = self.open.remove(&id)?;
        self.begun -= usize::from(open.is_begun);
        self.presume();
        Some(open.exchange)
    }

    /// An open exchange.
    pub(crate) fn find(&self, id: u32) -> Option<&T> {
        self.open.get(&id).map(|open| &open.exchange)
    }

    /// All open exchanges, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.open.iter().map(|(id, open)| (*id, &open.exchange))
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    fn presume(&mut self) {
        self.forget_done();
        if self.begun > 0 {
            return;
        }
        if let Some((_, id)) = self.order.front()
            && let Some(oldest) = self.open.get_mut(id)
        {
            oldest.is_begun = true;
            self.begun = 1;
        }
    }

    fn forget_done(&mut self) {
        let open = &self.open;
        let is_open = |(sequence, id): &(u64, u32)| open.get(id).is_some_and(|open| open.sequence == *sequence);
        while self.order.front().is_some_and(|oldest| !is_open(oldest)) {
            self.order.pop_front();
        }
        // One exchange that lasts (a WebSocket) must not keep the whole history behind it.
        if self.order.len() > 2 * self.open.len() + 64 {
            self.order.retain(is_open);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_needs_no_begin_while_it_is_alone() {
        let mut exchanges = Exchanges::new();
        exchanges.open(1, ()).expect("open");
        exchanges.open(2, ()).expect("open");
        assert!(!exchanges.begin(1));
        assert!(exchanges.begin(2));
        assert!(!exchanges.begin(2), "only once");
    }

    #[test]
    fn next_oldest_is_presumed_when_nothing_else_is_begun() {
        let mut exchanges = Exchanges::new();
        for id in 1..=3 {
            exchanges.open(id, ()).expect("open");
        }
        assert!(exchanges.begin(3));
        exchanges.done(1);
        assert!(exchanges.begin(2), "3 is begun, so 2 is not presumed");
        exchanges.done(2);
        exchanges.done(3);
        exchanges.open(1, ()).expect("id is free again");
        assert!(!exchanges.begin(1));
    }

    #[test]
    fn used_id_is_refused() {
        let mut exchanges = Exchanges::new();
        exchanges.open(1, ()).expect("open");
        assert_eq!(exchanges.open(1, ()), Err(Error::OutOfOrder(Kind::Request)));
    }

    #[test]
    fn long_exchange_does_not_keep_the_history() {
        let mut exchanges = Exchanges::new();
        exchanges.open(0, ()).expect("open");
        for round in 0..10_000 {
            exchanges.open(1, ()).expect("open");
            assert!(exchanges.begin(1), "round {round}");
            exchanges.done(1);
        }
        assert!(exchanges.order.len() < 200);
        assert_eq!(exchanges.len(), 1);
    }
}
