//! A system-call filter: what a process that only serves has no use for is refused with `EPERM`, whoever asks.
#![expect(unsafe_code, reason = "the filter is handed to the kernel by a pointer")]

use std::io;

use nix::libc::{
    self, BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, c_long, sock_filter,
};

/// Which sockets may be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sockets {
    /// Towards the network, to be connected.
    pub inet: bool,
    /// Towards this machine, to be connected.
    pub unix: bool,
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<u32> = Some(0xC000_003E);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: Option<u32> = Some(0xC000_00B7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: Option<u32> = None;

/// Numbers from here on are x32's own way to ask for the same calls.
const X32: u32 = 0x4000_0000;

/// Bytes into `struct seccomp_data`: the number, the architecture, the lower half of the first argument (little-endian).
const NUMBER: u32 = 0;
const MACHINE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
/// The C library takes the older call then, whose flags can be looked at.
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// Programs, other processes, the kernel itself, other users, namespaces, keys, clocks, owners and modes of files.
const DENIED: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_personality,
    libc::SYS_vhangup,
    libc::SYS_capset,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_mknodat,
    libc::SYS_bind,
    libc::SYS_listen,
];

/// Calls that only this architecture has.
#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_mknod,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[c_long] = &[];

/// Whether this kernel filters system calls.
#[must_use]
pub fn is_available() -> bool {
    let action = libc::SECCOMP_RET_ERRNO;
    // SAFETY: the kernel reads one number. JUSTIFICATION: this is how it is asked.
    let answer = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0_usize, std::ptr::from_ref(&action))
    };
    ARCHITECTURE.is_some() && answer == 0
}

/// Filters what this thread, and all that it starts, may ask of the kernel. Needs `no_new_privs`.
///
/// # Errors
/// The kernel has no filters, or there is none for this machine.
pub fn restrict(sockets: Sockets) -> io::Result<()> {
    let own = rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
    let mut program = program(sockets, own).ok_or(io::ErrorKind::Unsupported)?;
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let handed = libc::sock_fprog { len: length, filter: program.as_mut_ptr() };
    // Without the flag older kernels slow every thread down that has a filter.
    for flags in [libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0] {
        // SAFETY: the kernel copies `len` instructions from a vector of that length, alive until it answers.
        // JUSTIFICATION: no library of ours has the call.
        let answer = unsafe {
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, std::ptr::from_ref(&handed))
        };
        if answer == 0 {
            return Ok(());
        }
    }
    Err(io::Error::last_os_error())
}

/// The filter. What depends on the number alone comes first: kernels from 5.11 on remember the answer.
fn program(sockets: Sockets, own: u32) -> Option<Vec<sock_filter>> {
    let mut program = vec![load(MACHINE), jump(BPF_JEQ, ARCHITECTURE?, 1, 0), ret(libc::SECCOMP_RET_KILL_PROCESS)];
    program.push(load(NUMBER));
    if cfg!(target_arch = "x86_64") {
        program.extend([jump(BPF_JGE, X32, 0, 1), ret(REFUSED)]);
    }
    for &call in DENIED.iter().chain(DENIED_HERE) {
        program.extend([jump(BPF_JEQ, number(call), 0, 1), ret(REFUSED)]);
    }
    program.extend([jump(BPF_JEQ, number(libc::SYS_clone3), 0, 1), ret(UNKNOWN)]);
    // New threads, no new processes.
    program.extend(unless(libc::SYS_clone, BPF_JSET, libc::CLONE_THREAD.unsigned_abs()));
    // A thread may signal the others of its process: `abort` does.
    program.extend(unless(libc::SYS_tgkill, BPF_JEQ, own));
    program.extend(sockets_filter(sockets));
    program.push(ret(libc::SECCOMP_RET_ALLOW));
    Some(program)
}

fn sockets_filter(sockets: Sockets) -> Vec<sock_filter> {
    let mut families = Vec::new();
    if sockets.inet {
        families.extend([libc::AF_INET, libc::AF_INET6]);
    }
    if sockets.unix {
        families.push(libc::AF_UNIX);
    }
    let connect = if families.is_empty() { REFUSED } else { libc::SECCOMP_RET_ALLOW };
    let mut part = vec![jump(BPF_JEQ, number(libc::SYS_connect), 0, 1), ret(connect)];
    let rest = u8::try_from(2 * families.len() + 2).unwrap_or(u8::MAX);
    part.extend([jump(BPF_JEQ, number(libc::SYS_socket), 0, rest), load(FIRST_ARGUMENT)]);
    for family in families {
        part.extend([jump(BPF_JEQ, family.unsigned_abs(), 0, 1), ret(libc::SECCOMP_RET_ALLOW)]);
    }
    part.push(ret(REFUSED));
    part
}

/// Refuses a call unless its first argument passes the test; leaves the number loaded for what follows.
fn unless(call: c_long, test: u32, value: u32) -> [sock_filter; 5] {
    [
        jump(BPF_JEQ, number(call), 0, 4),
        load(FIRST_ARGUMENT),
        jump(test, value, 0, 1),
        ret(libc::SECCOMP_RET_ALLOW),
        ret(REFUSED),
    ]
}

fn number(call: c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

const fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

const fn ret(action: u32) -> sock_filter {
    statement(BPF_RET | BPF_K, action)
}

const fn statement(code: u32, value: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k: value }
}

/// Skips so many instructions where the test holds, or does not hold.
const fn jump(test: u32, value: u32, holds: u8, fails: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | test | BPF_K) as u16, jt: holds, jf: fails, k: value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    /// A filter holds for a thread: the test's own ends with it.
    fn filtered<T: Send + 'static>(sockets: Sockets, look: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(move || {
            rustix::thread::set_no_new_privs(true).expect("no new privileges");
            restrict(sockets).expect("a filter");
            look()
        });
        thread.join().expect("thread")
    }

    fn errno(call: c_long, first: usize) -> Option<i32> {
        // SAFETY: the calls tried here are refused before they look at their arguments, or have none but numbers.
        // JUSTIFICATION: a test of what the kernel answers.
        let answer = unsafe { libc::syscall(call, first, 0_usize, 0_usize, 0_usize, 0_usize, 0_usize) };
        (answer < 0).then(|| io::Error::last_os_error().raw_os_error()).flatten()
    }

    #[test]
    fn every_denied_call_is_refused() {
        let answers = filtered(Sockets::default(), || {
            DENIED.iter().chain(DENIED_HERE).map(|&call| (call, errno(call, 0))).collect::<Vec<_>>()
        });
        for (call, answer) in answers {
            assert_eq!(answer, Some(libc::EPERM), "system call {call}");
        }
    }

    #[test]
    fn no_program_and_no_process_is_started() {
        let started =
            filtered(Sockets::default(), || Command::new("/bin/true").status().map_err(|it| it.raw_os_error()));
        assert_eq!(started.expect_err("refused"), Some(libc::EPERM));
    }

    #[test]
    fn threads_start_and_may_abort_and_others_are_not_signalled() {
        let (thread, own, other) = filtered(Sockets::default(), || {
            let thread = std::thread::spawn(|| errno(libc::SYS_execve, 0)).join().expect("a thread");
            let own = errno(libc::SYS_tgkill, std::process::id() as usize);
            (thread, own, errno(libc::SYS_tgkill, 1))
        });
        assert_eq!(thread, Some(libc::EPERM), "the filter holds there too");
        assert_ne!(own, Some(libc::EPERM));
        assert_eq!(other, Some(libc::EPERM));
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn other_numbers_of_the_same_calls_are_refused() {
        let x32 = c_long::from(X32) + libc::SYS_getpid;
        assert_eq!(filtered(Sockets::default(), move || errno(x32, 0)), Some(libc::EPERM));
    }

    #[test]
    fn sockets_are_made_where_they_are_needed() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listener");
        let address = listener.local_addr().expect("address");
        let connects = move || {
            let netlink = errno(libc::SYS_socket, 16) != Some(libc::EPERM);
            (TcpStream::connect(address).is_ok(), UnixStream::pair().is_ok(), netlink)
        };
        assert_eq!(filtered(Sockets::default(), connects), (false, true, false));
        assert_eq!(filtered(Sockets { inet: true, unix: false }, connects), (true, true, false));
        let unix = || errno(libc::SYS_socket, 1) == Some(libc::EPERM);
        assert!(filtered(Sockets { inet: true, unix: false }, unix));
        assert!(!filtered(Sockets { inet: false, unix: true }, unix));
    }
}
