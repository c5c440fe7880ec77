//! Child processes: started with chosen descriptors, tied to the life of their parent, and named when they die.
#![expect(unsafe_code, reason = "code between fork and exec")]

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use nix::sys::signal::{SigHandler, Signal, signal};
use rustix::process::{Pid, WaitOptions};

use crate::privilege::Switch;

/// What the keyboard of the terminal does to a child.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keyboard {
    /// Nothing: the child is a process group of its own and cannot read the terminal.
    #[default]
    Apart,
    /// It may read the terminal (a debugger), but Ctrl-C does not interrupt it.
    Shared,
}

/// What a child is besides its program.
#[derive(Debug, Default)]
pub struct Setup {
    /// Stay open under their numbers.
    pub descriptors: Vec<OwnedFd>,
    /// The keyboard of the terminal.
    pub keyboard: Keyboard,
    /// With no descriptor that nobody meant for it, and, apart, without a terminal whose input it could forge.
    pub is_alone: bool,
    /// As another user.
    pub switch: Option<Switch>,
    /// The mode bits that files made by it do not get.
    pub umask: Option<u32>,
}

/// Starts a child that keeps its descriptors open, dies when this thread dies, and never gains privileges.
///
/// # Errors
/// As `fork(2)`, `setresuid(2)` and `execve(2)`.
pub fn spawn(mut command: Command, setup: Setup) -> io::Result<Pid> {
    prepare(&mut command, setup);
    Ok(Pid::from_child(&command.spawn()?))
}

/// Makes a command start its child as [`spawn`] does.
pub fn prepare(command: &mut Command, setup: Setup) {
    let parent = rustix::process::getpid();
    // SAFETY: between fork and exec the closure makes system calls only; it allocates nothing and takes no lock.
    // JUSTIFICATION: std has no other way to set these things up in the child alone.
    unsafe { command.pre_exec(move || set_up(&setup, parent)) };
}

fn set_up(setup: &Setup, parent: Pid) -> io::Result<()> {
    if let Some(umask) = setup.umask {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
    }
    match setup.keyboard {
        Keyboard::Apart if setup.is_alone => drop(rustix::process::setsid()?),
        Keyboard::Apart => rustix::process::setpgid(None, None)?,
        // SAFETY: ignoring a signal installs no function. JUSTIFICATION: no safe interface sets a disposition.
        Keyboard::Shared => drop(unsafe { signal(Signal::SIGINT, SigHandler::SigIgn) }?),
    }
    if setup.is_alone {
        close_on_exec();
    }
    if let Some(switch) = &setup.switch {
        switch.take()?;
    }
    for descriptor in &setup.descriptors {
        rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::empty())?;
    }
    rustix::thread::set_no_new_privs(true)?;
    // Not before: it is forgotten with a change of user.
    tie_to_parent(parent)
}

/// Ends this process when its parent ends; `parent` is who that is.
///
/// # Errors
/// The parent is gone already.
pub fn tie_to_parent(parent: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
}

/// What whoever started us left open is not for another user. Kernels before 5.11 leave it open.
fn close_on_exec() {
    const CLOSE_ON_EXEC: u32 = 1 << 2;
    // SAFETY: numbers only. JUSTIFICATION: no library of ours has the call.
    unsafe { nix::libc::syscall(nix::libc::SYS_close_range, 3_u32, u32::MAX, CLOSE_ON_EXEC) };
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
        let setup = Setup { descriptors: vec![theirs.into()], ..Setup::default() };
        let process = spawn(command, setup).expect("spawn");
        let mut said = String::new();
        io::Read::read_to_string(&mut &ours, &mut said).expect("read");
        assert_eq!(said, "NoNewPrivs:\t1\n");
        let status = rustix::process::waitpid(Some(process), WaitOptions::empty()).expect("wait").expect("ended").1;
        assert_eq!(status.exit_status(), Some(0));
    }

    #[test]
    fn child_of_another_user_has_nothing_that_was_not_meant_for_it() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let leaked = std::fs::File::open("/etc/shadow").expect("readable by root");
        rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).expect("left open");
        let (ours, theirs) = crate::channel::pair().expect("pair");
        let mut command = Command::new("/bin/sh");
        let script = "cd /proc/self; id -u; id -G; umask; ls fd | wc -l; grep -c '^Cap.*0000000000000000$' status";
        command.args(["-c", script]).stdin(std::process::Stdio::null()).stdout(OwnedFd::from(theirs));
        let identity = crate::account::Identity { user: 54321, group: 54322, groups: vec![54322, 54323] };
        let setup =
            Setup { is_alone: true, switch: Some(Switch::to(&identity)), umask: Some(0o027), ..Setup::default() };
        let process = spawn(command, setup).expect("spawn");
        let mut said = String::new();
        io::Read::read_to_string(&mut &ours, &mut said).expect("read");
        // The standard streams; all five sets of capabilities are empty.
        assert_eq!(said, "54321\n54322 54323\n0027\n3\n5\n");
        let status = rustix::process::waitpid(Some(process), WaitOptions::empty()).expect("wait").expect("ended").1;
        assert_eq!(status.exit_status(), Some(0));
    }
}
