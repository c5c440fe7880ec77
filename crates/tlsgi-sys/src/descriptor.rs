//! Descriptors known by number only: what other code of this process opened, or a parent left open.
#![expect(unsafe_code, reason = "a number is not a descriptor to the compiler")]

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

/// A close-on-exec duplicate of the descriptor `number`; the original stays with its owner.
///
/// # Errors
/// The number is not open, or no descriptor is left.
pub fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::Error::from(rustix::io::Errno::BADF));
    }
    // SAFETY: not -1. JUSTIFICATION: the borrow ends with this one system call, which neither closes nor reads the
    // descriptor; should its owner close it meanwhile, the kernel answers EBADF.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    Ok(rustix::io::fcntl_dupfd_cloexec(borrowed, 3)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn duplicate_is_another_number_of_the_same_file() {
        let (left, _right) = crate::channel::pair().expect("pair");
        let copy = duplicate(left.as_raw_fd()).expect("duplicate");
        assert_ne!(copy.as_raw_fd(), left.as_raw_fd());
    }

    #[test]
    fn closed_number_is_refused() {
        assert!(duplicate(-1).is_err());
        assert!(duplicate(1 << 20).is_err());
    }
}
