//! Descriptors that a parent left open for this process, known by number.
#![expect(unsafe_code, reason = "a number is not a descriptor to the compiler")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Mutex;

/// Numbers taken already: a second owner would close what the first one uses.
static TAKEN: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// Takes over the descriptor `number` and marks it close-on-exec.
///
/// Only for numbers that the parent process named (an argument, `LISTEN_FDS`), before anything else was opened. Standard
/// input, output and error cannot be taken.
///
/// # Errors
/// The number is not open, was taken before, or is below 3.
pub fn take(number: RawFd) -> io::Result<OwnedFd> {
    if number < 3 {
        return Err(io::Error::from(rustix::io::Errno::BADF));
    }
    let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if taken.contains(&number) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "this descriptor was taken before"));
    }
    // SAFETY: not negative. JUSTIFICATION: the parent opened it for this process, so nothing here owns it, and the list
    // above keeps it from being taken twice; a number that is not open is found by the next call and given up unclosed.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    if let Err(error) = rustix::io::fcntl_setfd(&descriptor, rustix::io::FdFlags::CLOEXEC) {
        std::mem::forget(descriptor);
        return Err(error.into());
    }
    taken.push(descriptor.as_raw_fd());
    Ok(descriptor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::IntoRawFd;

    #[test]
    fn open_number_is_taken_once() {
        let (left, _right) = crate::channel::pair().expect("pair");
        let number = left.into_raw_fd();
        let taken = take(number).expect("take");
        assert_eq!(taken.as_raw_fd(), number);
        assert_eq!(take(number).expect_err("twice").kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn closed_and_standard_numbers_are_refused() {
        for number in [-1, 0, 1, 2, 1 << 20] {
            assert!(take(number).is_err(), "{number}");
        }
    }
}
