//! Child processes: started with chosen descriptors, tied to the life of their parent, and named when they die.
#![expect(unsafe_code, reason = "code between fork and exec")]

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use nix::sys::signal::{SigHandler, Signal, signal};
use rustix::process::{Pid, WaitOptions};

/// What the keyboard of the terminal does to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyboard {
    /// Nothing: the child is a process group of its own and cannot read the terminal.
    Apart,
    /// It may read the terminal (a debugger), but Ctrl-C does not interrupt it.
    Shared,
}

/// Starts a child that keeps `descriptors` open under their numbers, dies when this thread dies, and never gains privileges.
///
/// # Errors
/// As `fork(2)` and `execve(2)`.
pub fn spawn(mut command: Command, descriptors: Vec<OwnedFd>, keyboard: Keyboard) -> io::Result<Pid> {
    let parent = rustix::process::getpid();
    let setup = move || {
        for descriptor in &descriptors {
            rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::empty())?;
        }
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        if rustix::process::getppid() != Some(parent) {
            return Err(io::Error::from(rustix::io::Errno::SRCH));
        }
        rustix::thread::set_no_new_privs(true)?;
        match keyboard {
            Keyboard::Apart => rustix::process::setpgid(None, None)?,
            // SAFETY: ignoring a signal installs no function. JUSTIFICATION: no safe interface sets a disposition.
            Keyboard::Shared => drop(unsafe { signal(Signal::SIGINT, SigHandler::SigIgn) }?),
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes system calls only; it allocates nothing and takes no lock.
    // JUSTIFICATION: std has no other way to set these things up in the child alone.
    unsafe { command.pre_exec(setup) };
    let child = command.spawn()?;
    Ok(Pid::from_child(&child))
}

/// Collects one child that has ended, whichever it is; `None` when there is none now.
///
/// # Errors
/// As `waitpid(2)`; having no child at all is none.
pub fn reap() -> io::Result<Option<(Pid, ExitStatus)>> {
    match rustix::process::wait(WaitOptions::NOHANG) {
        Ok(ended) => Ok(ended.map(|(process, status)| (process, ExitStatus::from_raw(status.as_raw())))),
        Err(rustix::io::Errno::CHILD) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// How a process ended, as people say it: `exited with status 1`, `was killed by SIGKILL`.
#[must_use]
pub fn describe(status: ExitStatus) -> String {
    if let Some(number) = status.signal() {
        let name = Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| signal.to_string());
        let hint = match Signal::try_from(number) {
            Ok(Signal::SIGKILL) => " (somebody's kill -9, or the kernel's when memory ran out)",
            Ok(Signal::SIGSEGV | Signal::SIGBUS | Signal::SIGILL) => " (a crash in native code)",
            _ => "",
        };
        return format!("was killed by {name}{hint}");
    }
    format!("exited with status {}", status.code().unwrap_or(-1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn endings_are_named() {
        for (raw, expect) in [
            (0, "exited with status 0"),
            (3 << 8, "exited with status 3"),
            (15, "was killed by SIGTERM"),
            (64, "was killed by signal 64"),
        ] {
            assert_eq!(describe(ExitStatus::from_raw(raw)), expect);
        }
        assert!(describe(ExitStatus::from_raw(9)).contains("memory"));
        assert!(describe(ExitStatus::from_raw(11)).starts_with("was killed by SIGSEGV (a crash"));
    }

    #[test]
    fn child_keeps_the_chosen_descriptor_and_gains_no_privileges() {
        let (ours, theirs) = crate::channel::pair().expect("pair");
        let mut command = Command::new("/bin/sh");
        let script = format!("grep NoNewPrivs /proc/self/status >&{}", theirs.as_raw_fd());
        command.args(["-c", &script]);
        let process = spawn(command, vec![theirs.into()], Keyboard::Apart).expect("spawn");
        let mut said = String::new();
        io::Read::read_to_string(&mut &ours, &mut said).expect("read");
        assert_eq!(said, "NoNewPrivs:\t1\n");
        let status = rustix::process::waitpid(Some(process), WaitOptions::empty()).expect("wait").expect("ended").1;
        assert_eq!(status.exit_status(), Some(0));
    }
}
