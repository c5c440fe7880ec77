//! Opens files beneath one directory, never anything outside it: the kernel resolves the name, or, where it cannot, a walk
//! that follows no link by itself.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{self, CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Links followed in one name, as the kernel has it.
const MAX_LINKS: usize = 40;
/// How often a name is resolved again when a rename raced with `..` in a link.
const MAX_RACES: usize = 16;
/// `NONBLOCK`: a FIFO without a writer must not hold a thread. `NOCTTY`: nor may a terminal become ours.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);
const BENEATH: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);

/// An open directory; it stays the same one whatever is renamed above it.
#[derive(Debug)]
pub(super) struct Directory {
    descriptor: OwnedFd,
    lookup: Lookup,
    /// Device and inode.
    identity: (u64, u64),
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// How names are resolved here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lookup {
    /// `openat2`; `has_cached` when the kernel can say "not without waiting for a disk" (5.12).
    Kernel { has_cached: bool },
    /// Component by component: `openat2` is missing, or a container's filter refuses it.
    Walk,
}

impl Directory {
    /// Opens the directory.
    pub(super) fn open(path: &Path) -> Result<Self, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = fs::openat(CWD, path, flags, Mode::empty())?;
        let lookup = probe(descriptor.as_fd());
        let stat = fs::fstat(&descriptor)?;
        Ok(Self { descriptor, lookup, identity: (stat.st_dev, stat.st_ino) })
    }

    /// Whether both are the same directory.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.identity == other.identity
    }

    /// Opens a file if that needs no disk; `AGAIN` means that [`Self::open_file`] must be asked, where waiting hurts nobody.
    pub(super) fn open_cached(&self, name: &[u8]) -> Result<OwnedFd, Errno> {
        match self.lookup {
            Lookup::Kernel { has_cached: true } => {
                fs::openat2(&self.descriptor, name, READ, Mode::empty(), BENEATH | ResolveFlags::CACHED)
            }
            Lookup::Kernel { has_cached: false } | Lookup::Walk => Err(Errno::AGAIN),
        }
    }

    /// Opens a file, waiting for the disk. Links that lead outside, and absolute links, are `XDEV`.
    pub(super) fn open_file(&self, name: &[u8]) -> Result<OwnedFd, Errno> {
        match self.lookup {
            Lookup::Kernel { .. } => self.resolve(name),
            Lookup::Walk => walk(self.descriptor.as_fd(), name),
        }
    }

    fn resolve(&self, name: &[u8]) -> Result<OwnedFd, Errno> {
        for _ in 0..MAX_RACES {
            match fs::openat2(&self.descriptor, name, READ, Mode::empty(), BENEATH) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                outcome => return outcome,
            }
        }
        Err(Errno::AGAIN)
    }
}

fn probe(directory: BorrowedFd<'_>) -> Lookup {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let attempt = |resolve| fs::openat2(directory, c".", flags, Mode::empty(), resolve);
    match (attempt(BENEATH | ResolveFlags::CACHED), attempt(BENEATH)) {
        (_, Err(_)) => Lookup::Walk,
        (Ok(_) | Err(Errno::AGAIN), Ok(_)) => Lookup::Kernel { has_cached: true },
        (Err(_), Ok(_)) => Lookup::Kernel { has_cached: false },
    }
}

/// What `openat2` does with `RESOLVE_BENEATH`, by hand. Every directory on the way stays open, so `..` in a link goes back to
/// where the walk came from and not to where somebody moved it.
fn walk(root: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let mut trail: Vec<OwnedFd> = Vec::new();
    let mut ahead = components(name);
    let mut links = 0;
    while let Some(component) = ahead.pop_front() {
        if component == b".." {
            trail.pop().ok_or(Errno::XDEV)?;
            continue;
        }
        let here = trail.last().map_or(root, AsFd::as_fd);
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = fs::openat(here, OsStr::from_bytes(&component), flags, Mode::empty())?;
        if fs::FileType::from_raw_mode(fs::fstat(&found)?.st_mode).is_symlink() {
            links += 1;
            let target = fs::readlinkat(&found, c"", Vec::new())?.into_bytes();
            if links > MAX_LINKS {
                return Err(Errno::LOOP);
            }
            if target.starts_with(b"/") {
                return Err(Errno::XDEV);
            }
            let mut followed = components(&target);
            followed.append(&mut ahead);
            ahead = followed;
        } else if ahead.is_empty() {
            // A link put there since fails with LOOP; it is not followed.
            return fs::openat(here, OsStr::from_bytes(&component), READ | OFlags::NOFOLLOW, Mode::empty());
        } else {
            trail.push(found);
        }
    }
    Err(Errno::ISDIR)
}

fn components(path: &[u8]) -> VecDeque<Vec<u8>> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Both ways of resolving must agree.
    fn check(name: &str, expect: Result<&str, Errno>, directory: &Directory) {
        let ways = [directory.open_file(name.as_bytes()), walk(directory.descriptor.as_fd(), name.as_bytes())];
        for (way, outcome) in ["kernel", "walk"].into_iter().zip(ways) {
            let text = outcome.map(|file| std::io::read_to_string(std::fs::File::from(file)).expect("readable"));
            assert_eq!(text.as_deref().map_err(|error| *error), expect, "{name} by {way}");
        }
    }

    #[test]
    fn links_are_followed_inside_and_refused_outside() {
        let outer = tempfile::tempdir().expect("temporary directory");
        let root = outer.path().join("root");
        std::fs::create_dir_all(root.join("sub/deep")).expect("directories");
        std::fs::write(outer.path().join("secret"), "secret").expect("file");
        std::fs::write(root.join("a.txt"), "a").expect("file");
        std::fs::write(root.join("sub/b.txt"), "b").expect("file");
        let link = |target: &str, name: &str| symlink(target, root.join(name)).expect("link");
        link("a.txt", "inside");
        link("../a.txt", "sub/up");
        link("sub", "directory");
        link("../../a.txt", "sub/deep/upup");
        link("../secret", "outside");
        link("..", "parent");
        link("../root/a.txt", "around");
        link("/etc/passwd", "absolute");
        link("loop", "loop");
        link("sub/../../secret", "zigzag");
        link("missing", "dangling");
        let directory = Directory::open(&root).expect("directory");
        for (name, expect) in [
            ("a.txt", Ok("a")),
            ("sub/b.txt", Ok("b")),
            ("inside", Ok("a")),
            ("sub/up", Ok("a")),
            ("directory/b.txt", Ok("b")),
            ("directory/up", Ok("a")),
            ("sub/deep/upup", Ok("a")),
            ("outside", Err(Errno::XDEV)),
            ("parent/secret", Err(Errno::XDEV)),
            ("around", Err(Errno::XDEV)),
            ("absolute", Err(Errno::XDEV)),
            ("zigzag", Err(Errno::XDEV)),
            ("loop", Err(Errno::LOOP)),
            ("dangling", Err(Errno::NOENT)),
            ("missing", Err(Errno::NOENT)),
            ("a.txt/x", Err(Errno::NOTDIR)),
            ("../secret", Err(Errno::XDEV)),
        ] {
            check(name, expect, &directory);
        }
    }

    #[test]
    fn directory_stays_the_same_when_it_is_moved() {
        let outer = tempfile::tempdir().expect("temporary directory");
        let root = outer.path().join("root");
        std::fs::create_dir(&root).expect("directory");
        std::fs::write(root.join("a.txt"), "a").expect("file");
        let directory = Directory::open(&root).expect("directory");
        std::fs::rename(&root, outer.path().join("moved")).expect("rename");
        check("a.txt", Ok("a"), &directory);
        assert!(directory.is_same(&Directory::open(&outer.path().join("moved")).expect("directory")));
        assert!(!directory.is_same(&Directory::open(outer.path()).expect("directory")));
    }

    #[test]
    fn kernel_of_this_machine_resolves_by_itself() {
        let outer = tempfile::tempdir().expect("temporary directory");
        std::fs::write(outer.path().join("a.txt"), "a").expect("file");
        let mut directory = Directory::open(outer.path()).expect("directory");
        let cached = directory.open_cached(b"a.txt");
        assert!(cached.is_ok() || cached.as_ref().err() == Some(&Errno::AGAIN), "{cached:?}");
        directory.lookup = Lookup::Walk;
        assert!(directory.open_file(b"a.txt").is_ok());
        assert_eq!(directory.open_cached(b"a.txt").err(), Some(Errno::AGAIN));
    }
}
