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

    /// Whether a receiver that has consumed `consumed` bytes since its last grant should grant them now: at half a window,
    /// so that a steady stream costs one small frame per half window and never runs dry.
    #[must_use]
    pub const fn should_grant(consumed: u32, window: u32) -> bool {
        consumed >= window / 2
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
    fn receiver_names_the_excess() {
        let mut credit = Credit::new(10);
        assert_eq!(credit.spend(10), Ok(()));
        assert_eq!(credit.spend(2), Err(Error::OverCredit { over: 2 }));
    }
}
