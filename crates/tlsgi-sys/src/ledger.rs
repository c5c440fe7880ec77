//! Numbers that a process notes without a system call, and that another one can still read when it was killed.
#![expect(unsafe_code, reason = "memory shared with a file")]

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

/// Entries of a ledger.
pub const ENTRIES: usize = 1024;

const SIZE: usize = ENTRIES * size_of::<AtomicU32>();

/// Who has these seals has a file in memory, whose size stays.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

/// The writer's side. All entries are 0 at first.
#[derive(Debug)]
pub struct Ledger {
    entries: NonNull<AtomicU32>,
}

// SAFETY: the entries are atomic, and the mapping lives as long as the value.
unsafe impl Send for Ledger {}
// SAFETY: as above.
unsafe impl Sync for Ledger {}

impl Ledger {
    /// A new one, and the descriptor with which [`entry`] reads it.
    ///
    /// # Errors
    /// No memory or no descriptor is left, or the kernel has no files in memory.
    pub fn create() -> io::Result<(Self, OwnedFd)> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = rustix::fs::memfd_create("tlsgi-ledger", flags)?;
        rustix::fs::ftruncate(&file, SIZE as u64)?;
        rustix::fs::fcntl_add_seals(&file, SEALS)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let memory = unsafe { rustix::mm::mmap(null_mut(), SIZE, access, MapFlags::SHARED, &file, 0) }?;
        let entries = NonNull::new(memory.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok((Self { entries }, file))
    }

    /// Notes a number. False, and nothing is noted, beyond the last entry.
    pub fn note(&self, entry: u32, number: u32) -> bool {
        let entry = entry as usize;
        if entry >= ENTRIES {
            return false;
        }
        // SAFETY: within the mapping, which is as long as ENTRIES numbers and aligned to a page. Its size is sealed.
        unsafe { self.entries.add(entry).as_ref() }.store(number, Ordering::SeqCst);
        true
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // SAFETY: the mapping of `create`, which nobody else knows. A failure leaves it where it is.
        let _ = unsafe { rustix::mm::munmap(self.entries.as_ptr().cast(), SIZE) };
    }
}

/// Whether a descriptor from another process is a ledger: reading it never waits.
pub fn is_ledger(file: impl AsFd) -> bool {
    rustix::fs::fcntl_get_seals(&file).is_ok_and(|seals| seals.contains(SEALS))
        && rustix::fs::fstat(file).is_ok_and(|told| u64::try_from(told.st_size) == Ok(SIZE as u64))
}

/// What was noted last; none beyond the last entry.
pub fn entry(file: impl AsFd, entry: u32) -> Option<u32> {
    let (mut number, at) = ([0; size_of::<u32>()], u64::from(entry) * size_of::<u32>() as u64);
    let read = rustix::io::pread(file, &mut number, at).ok()?;
    (read == number.len()).then(|| u32::from_ne_bytes(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_can_be_read_when_its_writer_is_gone() {
        let (ledger, file) = Ledger::create().expect("ledger");
        assert!(is_ledger(&file));
        assert!(ledger.note(0, 7) && ledger.note(1023, u32::MAX));
        assert!(!ledger.note(1024, 1));
        drop(ledger);
        assert_eq!([0, 1, 1023, 1024].map(|at| entry(&file, at)), [Some(7), Some(0), Some(u32::MAX), None]);
    }

    #[test]
    fn other_files_are_no_ledgers() {
        let (left, _right) = crate::channel::pair().expect("pair");
        assert!(!is_ledger(left));
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let unsealed = rustix::fs::memfd_create("test", flags).expect("file");
        rustix::fs::ftruncate(&unsealed, SIZE as u64).expect("size");
        assert!(!is_ledger(&unsealed));
        rustix::fs::ftruncate(&unsealed, 8).expect("size");
        rustix::fs::fcntl_add_seals(&unsealed, SEALS).expect("seals");
        assert!(!is_ledger(&unsealed));
    }
}
