//! How many bytes one side may still send for one exchange.

use crate::{Error, limits};

/// The receiving or sending end's count of one direction of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    left: u32,
}

impl Credit {
    /// A window of `initial` bytes.
    #[must_use]
    pub const fn new(initial: u32) -> Self {
        Self { left: initial }
    }

    /// Bytes that may still be sent.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.left
    }

    /// Takes up to `wanted` bytes and says how many were there: the sender's call.
    pub fn take(&mut self, wanted: usize) -> usize {
        let taken = u32::try_from(wanted).unwrap_or(u32::MAX).min(self.left);
        self.left -= taken;
        taken as usize
    }

    /// Counts bytes that arrived: the receiver's call.
    ///
    /// # Errors
    /// [`Error::OverCredit`] when the sender had no right to them.
    pub fn spend(&mut self, arrived: usize) -> Result<(), Error> {
        let arrived = u32::try_from(arrived).unwrap_or(u32::MAX);
        self.left = self.left.checked_sub(arrived).ok_or_else(|| Error::OverCredit { over: arrived - self.left })?;
        Ok(())
    }

    /// Adds a grant. Saturates at a bound no honest peer reaches.
    pub fn grant(&mut self, bytes: u32) {
        self.left = self.left.saturating_add(bytes).min(1 << 30);
    }
}

/// The receiving end's decision when to grant: at half a window, so that a steady stream costs one small frame per half window and
/// never runs dry. With each grant the window doubles, up to a bound: what is consumed quickly is asked for in larger portions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    size: u32,
    largest: u32,
    consumed: u32,
}

impl Window {
    /// Of a request body or the messages of a client.
    pub const REQUEST: Self = Self::new(limits::INITIAL_REQUEST_CREDIT, limits::LARGEST_REQUEST_WINDOW);

    /// Of a response, or the messages of an application.
    pub const RESPONSE: Self = Self::new(limits::INITIAL_RESPONSE_CREDIT, limits::LARGEST_RESPONSE_WINDOW);

    const fn new(size: u32, largest: u32) -> Self {
        Self { size, largest, consumed: 0 }
    }

    /// Counts bytes that were passed on.
    pub fn consume(&mut self, bytes: usize) {
        self.consumed = self.consumed.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// What is to be granted now, if it is time.
    pub fn grant(&mut self) -> Option<u32> {
        if self.consumed < self.size / 2 {
            return None;
        }
        let growth = self.size.min(self.largest - self.size);
        self.size += growth;
        Some(std::mem::take(&mut self.consumed).saturating_add(growth))
    }
}

impl Default for Credit {
    fn default() -> Self {
        Self::new(limits::INITIAL_RESPONSE_CREDIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sender_never_takes_more_than_is_left() {
        let mut credit = Credit::new(10);
        assert_eq!(credit.take(6), 6);
        assert_eq!(credit.take(6), 4);
        assert_eq!(credit.take(6), 0);
        credit.grant(3);
        assert_eq!(credit.take(6), 3);
    }

    #[test]
    fn window_is_granted_by_halves_and_grows_to_its_bound() {
        let mut window = Window::new(100, 300);
        window.consume(49);
        assert_eq!(window.grant(), None);
        window.consume(1);
        assert_eq!(window.grant(), Some(150));
        window.consume(99);
        assert_eq!(window.grant(), None);
        window.consume(1);
        assert_eq!(window.grant(), Some(200));
        window.consume(300);
        assert_eq!(window.grant(), Some(300));
        assert_eq!(window.grant(), None);
    }

    #[test]
    fn receiver_names_the_excess() {
        let mut credit = Credit::new(10);
        assert_eq!(credit.spend(10), Ok(()));
        assert_eq!(credit.spend(2), Err(Error::OverCredit { over: 2 }));
    }
}
