//! Giving up what a process may do, for good. Everything here is about the calling thread: before there are others.

use std::io;

use rustix::process::DumpableBehavior;
use rustix::thread::{CapabilitySet, CapabilitySets};
use rustix::thread::{Gid, Uid};

use crate::account::Identity;

/// What a supervisor that runs as root needs: ports below 1024, files and sockets of others, children of other users.
pub const SUPERVISOR: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::NET_BIND_SERVICE);

/// Reading what the owner alone may read, and nothing else.
pub const READING: CapabilitySet = CapabilitySet::DAC_READ_SEARCH;

/// An identity in the kernel's terms, made before a fork: taking it on allocates nothing and takes no lock.
#[derive(Debug, Clone)]
pub struct Switch {
    user: Uid,
    group: Gid,
    groups: Vec<Gid>,
}

impl Switch {
    /// To this identity.
    #[must_use]
    pub fn to(identity: &Identity) -> Self {
        let groups = identity.groups.iter().map(|&group| Gid::from_raw(group)).collect();
        Self { user: Uid::from_raw(identity.user), group: Gid::from_raw(identity.group), groups }
    }

    /// Becomes it: groups, then user, then no capability left in any set; and makes sure that there is no way back.
    ///
    /// To root itself only the groups change.
    ///
    /// # Errors
    /// The kernel's, or that root could be regained.
    pub fn take(&self) -> io::Result<()> {
        if !self.user.is_root() {
            bound(CapabilitySet::empty())?;
            forget_ambient();
        }
        rustix::thread::set_thread_groups(&self.groups)?;
        rustix::thread::set_thread_res_gid(self.group, self.group, self.group)?;
        rustix::thread::set_thread_res_uid(self.user, self.user, self.user)?;
        if self.user.is_root() {
            return Ok(());
        }
        keep(CapabilitySet::empty())?;
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        if rustix::thread::set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT).is_ok()
            || (!self.group.is_root() && rustix::thread::set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT).is_ok())
        {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }
}

/// Whether this process could become that identity: not in a container that took the means from it, or where only root exists.
#[must_use]
pub fn may_become(identity: &Identity) -> bool {
    let needed = CapabilitySet::SETUID | CapabilitySet::SETGID;
    let has_means = rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(needed));
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}"));
    // Without these files there are no user namespaces, and everybody exists.
    let exists = |name: &str, number: u32| read(name).map_or(true, |map| is_mapped(&map, number));
    let may_set_groups = read("setgroups").map_or(true, |text| text.trim() != "deny");
    has_means && may_set_groups && exists("uid_map", identity.user) && exists("gid_map", identity.group)
}

/// Whether a map of a user namespace, `INSIDE OUTSIDE COUNT` a line, has a number.
fn is_mapped(map: &str, number: u32) -> bool {
    map.lines().any(|line| {
        let mut fields = line.split_whitespace().map(|field| field.parse::<u64>().unwrap_or(0));
        let (Some(inside), _, Some(count)) = (fields.next(), fields.next(), fields.next()) else { return false };
        (inside..inside.saturating_add(count)).contains(&u64::from(number))
    })
}

/// Keeps of the capabilities at most these, here and in everything that is executed from here.
///
/// # Errors
/// As `capset(2)`.
pub fn limit_to(kept: CapabilitySet) -> io::Result<()> {
    bound(kept)?;
    forget_ambient();
    keep(kept)
}

fn forget_ambient() {
    // A kernel without ambient capabilities (before 4.3) has none to forget.
    _ = rustix::thread::clear_ambient_capability_set();
}

/// Permitted and effective: those of `kept` that there are. Inheritable: none.
fn keep(kept: CapabilitySet) -> io::Result<()> {
    let permitted = rustix::thread::capabilities(None)?.permitted & kept;
    let sets = CapabilitySets { effective: permitted, permitted, inheritable: CapabilitySet::empty() };
    Ok(rustix::thread::set_capabilities(None, sets)?)
}

/// Takes everything but `kept` out of the bounding set.
fn bound(kept: CapabilitySet) -> io::Result<()> {
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        if kept.contains(capability) {
            continue;
        }
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            // The last capability that this kernel knows was the one before.
            Err(rustix::io::Errno::INVAL) => break,
            // Whoever may not shrink the set is stopped from using it by `no_new_privs`.
            Err(rustix::io::Errno::PERM) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_that_are_not_kept_are_gone_from_the_thread_that_gave_them_up() {
        let left = std::thread::spawn(|| {
            limit_to(READING).expect("fewer");
            let left = rustix::thread::capabilities(None).expect("capabilities");
            (left.permitted - READING, left.effective - READING, left.inheritable)
        });
        let none = CapabilitySet::empty();
        assert_eq!(left.join().expect("thread"), (none, none, none));
    }

    #[test]
    fn maps_of_user_namespaces_are_read() {
        assert!(is_mapped("         0          0 4294967295\n", 65534));
        assert!(!is_mapped("0 1000 1\n", 65534));
        assert!(is_mapped("0 1000 1\n1 100000 65536\n", 65534));
        assert!(!is_mapped("", 0));
    }

    #[test]
    fn another_user_is_for_good() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let identity = Identity { user: 54321, group: 54321, groups: vec![54321, 54322] };
        // User ids are a thread's as far as the kernel is concerned.
        let checked = std::thread::spawn(move || {
            Switch::to(&identity).take().expect("switched");
            assert!(rustix::thread::set_thread_uid(Uid::ROOT).is_err());
            assert!(rustix::thread::set_thread_gid(Gid::ROOT).is_err());
            assert!(rustix::thread::set_thread_groups(&[]).is_err());
            let bounding = rustix::thread::capability_is_in_bounding_set(CapabilitySet::SETUID).expect("a set");
            let sets = rustix::thread::capabilities(None).expect("capabilities");
            (bounding, sets.permitted, std::fs::read("/proc/1/environ").is_err())
        });
        assert_eq!(checked.join().expect("thread"), (false, CapabilitySet::empty(), true));
    }
}
