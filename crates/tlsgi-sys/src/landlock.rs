//! Landlock: which files a process may read and whom it may connect to, as far as the kernel has it.
#![expect(unsafe_code, reason = "system calls that no library of ours has")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

use nix::libc;
use rustix::fs::{Mode, OFlags};

/// What is left; everything else that Landlock knows of is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Files, or directories with what is below them, that may be read.
    pub readable: Vec<PathBuf>,
    /// TCP ports that may be connected to; `None` is all of them.
    pub ports: Option<Vec<u16>>,
}

const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const BIND_TCP: u64 = 1 << 0;
const CONNECT_TCP: u64 = 1 << 1;
const SCOPE_ALL: u64 = 0b11;
const RULE_PATH_BENEATH: u32 = 1;
const RULE_NET_PORT: u32 = 2;
const CREATE_RULESET_VERSION: u32 = 1;

/// `struct landlock_ruleset_attr`; kernels take a shorter one too.
#[repr(C)]
struct RulesetAttributes {
    files: u64,
    network: u64,
    scoped: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    parent: RawFd,
}

/// `struct landlock_net_port_attr`.
#[repr(C)]
struct NetPort {
    allowed: u64,
    port: u64,
}

/// The version of Landlock's interface that this kernel has, from 1 on; `None` without it, or where it is switched off.
#[must_use]
pub fn version() -> Option<u32> {
    // SAFETY: no memory is passed. JUSTIFICATION: this is how the kernel is asked.
    let answer = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0_usize, CREATE_RULESET_VERSION)
    };
    u32::try_from(answer).ok().filter(|&version| version > 0)
}

/// Restricts this thread, and all that it starts, to the rules. Needs `no_new_privs`. Paths that are not there are passed over.
///
/// # Errors
/// The kernel has no Landlock, or refuses a rule.
pub fn restrict(rules: &Rules) -> io::Result<u32> {
    let version = version().ok_or(io::ErrorKind::Unsupported)?;
    let ruleset = create(version, rules.ports.is_none())?;
    for path in &rules.readable {
        allow_reading(&ruleset, path)?;
    }
    if version >= 4 {
        for &port in rules.ports.iter().flatten() {
            add(&ruleset, RULE_NET_PORT, &NetPort { allowed: CONNECT_TCP, port: port.into() })?;
        }
    }
    // SAFETY: numbers only. JUSTIFICATION: no library of ours has the call.
    let answer = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0_u32) };
    if answer == 0 { Ok(version) } else { Err(io::Error::last_os_error()) }
}

/// Every right to files and, unless any may be connected to, to TCP ports that this version knows.
fn create(version: u32, connects: bool) -> io::Result<OwnedFd> {
    let files = match version {
        1 => 13,
        2 => 14,
        3 | 4 => 15,
        _ => 16,
    };
    let attributes = RulesetAttributes {
        files: (1 << files) - 1,
        network: if connects { BIND_TCP } else { BIND_TCP | CONNECT_TCP },
        scoped: SCOPE_ALL,
    };
    let size = match version {
        1..=3 => 8,
        4 | 5 => 16,
        _ => size_of::<RulesetAttributes>(),
    };
    // SAFETY: the kernel reads `size` bytes of a structure that is at least as long.
    // JUSTIFICATION: no library of ours has the call.
    let answer = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attributes, size, 0_u32) };
    let number = RawFd::try_from(answer).ok().filter(|&number| number >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the kernel made this descriptor just now. JUSTIFICATION: nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn allow_reading(ruleset: &OwnedFd, path: &Path) -> io::Result<()> {
    let Ok(opened) = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) else { return Ok(()) };
    let is_directory = rustix::fs::fstat(&opened)
        .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Directory);
    let allowed = if is_directory { READ_FILE | READ_DIR } else { READ_FILE };
    add(ruleset, RULE_PATH_BENEATH, &PathBeneath { allowed, parent: opened.as_raw_fd() })
}

fn add<T>(ruleset: &OwnedFd, kind: u32, rule: &T) -> io::Result<()> {
    // SAFETY: the kernel reads the structure that belongs to this kind of rule: the callers above pair them.
    // JUSTIFICATION: no library of ours has the call.
    let answer = unsafe {
        libc::syscall(libc::SYS_landlock_add_rule, ruleset.as_raw_fd(), kind, std::ptr::from_ref(rule), 0_u32)
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::net::{TcpListener, TcpStream};

    /// Restrictions hold for a thread: the test's own ends with them.
    fn restricted<T: Send + 'static>(rules: Rules, look: impl FnOnce(u32) -> T + Send + 'static) -> Option<T> {
        version()?;
        let thread = std::thread::spawn(move || {
            rustix::thread::set_no_new_privs(true).expect("no new privileges");
            look(restrict(&rules).expect("restricted"))
        });
        Some(thread.join().expect("thread"))
    }

    #[test]
    fn only_named_directories_can_be_read_and_nothing_written() {
        let directory = tempfile::tempdir().expect("directory");
        let (inside, outside) = (directory.path().join("inside"), directory.path().join("outside"));
        for place in [&inside, &outside] {
            fs::create_dir(place).expect("directory");
            fs::write(place.join("file"), "text").expect("file");
        }
        let rules = Rules { readable: vec![inside.clone(), directory.path().join("absent")], ports: Some(Vec::new()) };
        let seen = restricted(rules, move |_| {
            let read = fs::read_to_string(inside.join("file"));
            let others = [fs::read(outside.join("file")).is_err(), fs::read("/etc/passwd").is_err()];
            let writes = [fs::write(inside.join("new"), "").is_err(), fs::remove_file(inside.join("file")).is_err()];
            (read.expect("readable"), others, writes)
        });
        assert!(seen.is_none_or(|seen| seen == ("text".to_owned(), [true, true], [true, true])));
    }

    #[test]
    fn only_named_ports_can_be_connected_to() {
        let [first, second] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("listener"));
        let [open, shut] = [&first, &second].map(|listener| listener.local_addr().expect("address"));
        let rules = Rules { readable: Vec::new(), ports: Some(vec![open.port()]) };
        let seen = restricted(rules, move |version| {
            let connects = (TcpStream::connect(open).is_ok(), TcpStream::connect(shut).is_ok());
            version < 4 || (connects == (true, false) && TcpListener::bind("127.0.0.1:0").is_err())
        });
        assert!(seen.is_none_or(|seen| seen));
    }
}
