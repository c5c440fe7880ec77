//! Users and groups of this machine: what a name or a number means.

use std::ffi::CString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};

/// As whom a process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// User id.
    pub user: u32,
    /// Group id.
    pub group: u32,
    /// Supplementary groups; the kernel wants the first one named too.
    pub groups: Vec<u32>,
}

impl Identity {
    /// The first directory on the way to `path` that this identity may not enter, or the file itself where it may not be executed:
    /// by the permission bits, for messages.
    #[must_use]
    pub fn obstacle(&self, path: &Path) -> Option<PathBuf> {
        let mut ways = vec![path.to_owned()];
        ways.extend(path.canonicalize());
        let on_the_way = ways.iter().flat_map(|way| way.ancestors().collect::<Vec<_>>().into_iter().rev());
        on_the_way
            .into_iter()
            .find(|part| part.metadata().is_ok_and(|found| !self.may_enter(&found)))
            .map(Path::to_owned)
    }

    fn may_enter(&self, found: &Metadata) -> bool {
        let is_member = found.gid() == self.group || self.groups.contains(&found.gid());
        let bit = if found.uid() == self.user {
            0o100
        } else if is_member {
            0o010
        } else {
            0o001
        };
        self.user == 0 || found.mode() & bit != 0
    }
}

/// A user, and what a process that runs as that user needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name, or the number where it has none.
    pub name: String,
    /// The home directory; `/` where the user database has none.
    pub home: PathBuf,
    /// The numbers.
    pub identity: Identity,
}

/// A name or number that means nobody here.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No such user.
    #[error("there is no user `{0}` on this machine")]
    NoUser(String),
    /// No such group.
    #[error("there is no group `{0}` on this machine")]
    NoGroup(String),
    /// The number that system calls understand as "leave it".
    #[error("{0} is no user and no group")]
    Reserved(u32),
    /// The user database cannot be read.
    #[error("the user database cannot be read: {0}")]
    Database(nix::Error),
}

impl Account {
    /// A user by name or number, in its own group and those that the group database has it in, unless others are named.
    ///
    /// A number needs no entry in the database: its group is then the one of the same number. Without a user only the
    /// groups are others than those of this process.
    ///
    /// # Errors
    /// A name that nobody has.
    pub fn find(user: Option<&str>, group: Option<&str>, further: &[String]) -> Result<Self, AccountError> {
        let entry = match user {
            Some(user) => entry(user)?,
            None => User::from_uid(Uid::effective()).map_err(AccountError::Database)?.ok_or(Uid::effective().as_raw()),
        };
        let (name, number, own, home) = match entry {
            Ok(user) => (user.name, user.uid.as_raw(), user.gid.as_raw(), user.dir),
            Err(number) => (number.to_string(), number, number, PathBuf::from("/")),
        };
        let group = group.map_or(Ok(own), group_number)?;
        let groups = if further.is_empty() {
            of_user(&name, group)
        } else {
            let named = further.iter().map(|name| group_number(name)).collect::<Result<Vec<_>, _>>()?;
            std::iter::once(group).chain(named).collect()
        };
        let home = if home.as_os_str().is_empty() { PathBuf::from("/") } else { home };
        Ok(Self { name, home, identity: Identity { user: number, group, groups } })
    }

    /// The user that owns nothing: `nobody`, or the number that stands for it where it has no entry.
    #[must_use]
    pub fn nobody() -> Self {
        const NUMBER: u32 = 65534;
        Self::find(Some("nobody"), None, &[]).unwrap_or_else(|_| Self {
            name: "nobody".to_owned(),
            home: PathBuf::from("/"),
            identity: Identity { user: NUMBER, group: NUMBER, groups: vec![NUMBER] },
        })
    }
}

/// The entry of a user, or a number that has none.
fn entry(user: &str) -> Result<Result<User, u32>, AccountError> {
    let found = match number(user)? {
        Some(number) => User::from_uid(Uid::from_raw(number)).map(|found| found.ok_or(number)),
        None => match User::from_name(user) {
            Ok(None) => return Err(AccountError::NoUser(user.to_owned())),
            found => found.map(|found| found.ok_or(0)),
        },
    };
    found.map_err(AccountError::Database)
}

fn group_number(group: &str) -> Result<u32, AccountError> {
    if let Some(number) = number(group)? {
        return Ok(number);
    }
    let found = Group::from_name(group).map_err(AccountError::Database)?;
    found.map(|group| group.gid.as_raw()).ok_or_else(|| AccountError::NoGroup(group.to_owned()))
}

fn number(text: &str) -> Result<Option<u32>, AccountError> {
    match text.parse() {
        Ok(u32::MAX) => Err(AccountError::Reserved(u32::MAX)),
        Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(number)),
        _ => Ok(None),
    }
}

/// The groups that the database has a user in; a number without an entry is in its group only.
fn of_user(name: &str, group: u32) -> Vec<u32> {
    let found = CString::new(name).ok().and_then(|name| getgrouplist(&name, Gid::from_raw(group)).ok());
    found.map_or_else(|| vec![group], |groups| groups.into_iter().map(Gid::as_raw).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_by_name_and_number() {
        for user in ["root", "0"] {
            let account = Account::find(Some(user), None, &[]).expect("root");
            assert_eq!((account.name.as_str(), account.identity.user, account.identity.group), ("root", 0, 0));
        }
    }

    #[test]
    fn number_without_an_entry_is_in_the_group_of_its_number_and_never_in_roots() {
        let account = Account::find(Some("3999999999"), None, &[]).expect("a number");
        let identity = Identity { user: 3_999_999_999, group: 3_999_999_999, groups: vec![3_999_999_999] };
        assert_eq!((account.name.as_str(), account.identity), ("3999999999", identity));
        let account = Account::find(Some("3999999999"), Some("7"), &["8".to_owned()]).expect("numbers");
        assert_eq!((account.identity.group, account.identity.groups), (7, vec![7, 8]));
    }

    #[test]
    fn what_means_nobody_is_an_error_that_names_it() {
        let text = |user, group| Account::find(Some(user), group, &[]).expect_err("nobody").to_string();
        assert!(text("no-such-user", None).contains("user `no-such-user`"));
        assert!(text("0", Some("no-such-group")).contains("group `no-such-group`"));
        assert!(text("4294967295", None).contains("4294967295"), "the kernel takes it as `unchanged`");
        assert!(text("-1", None).contains("-1"));
        assert!(text("", None).contains("``"));
    }

    #[test]
    fn obstacle_is_the_first_directory_that_is_closed() {
        let directory = tempfile::tempdir().expect("directory");
        let (closed, link) = (directory.path().join("closed"), directory.path().join("link"));
        std::fs::create_dir_all(closed.join("deep")).expect("directories");
        std::os::unix::fs::symlink(closed.join("deep"), &link).expect("link");
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("mode");
        };
        set(directory.path(), 0o755);
        set(&closed, 0o700);
        let stranger = Identity { user: 54321, group: 54321, groups: vec![54321] };
        assert_eq!(stranger.obstacle(&closed.join("deep")), Some(closed.clone()));
        assert_eq!(stranger.obstacle(&link), Some(closed.clone()));
        set(&closed, 0o711);
        assert_eq!(stranger.obstacle(&link), None);
        let group = closed.metadata().expect("metadata").gid();
        set(&closed, 0o701);
        let member = Identity { groups: vec![54321, group], ..stranger };
        assert_eq!(member.obstacle(&link), Some(closed));
    }

    #[test]
    fn nobody_is_not_root() {
        assert_ne!(Account::nobody().identity.user, 0);
    }
}
