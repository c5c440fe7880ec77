//! Basic authentication: where it is asked for, and of whom.

use std::path::PathBuf;

use super::path::{path, prefix};
use super::{Form, Refusal, Value};

/// `PREFIX`, `PREFIX=FILE` or `PREFIX=none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthPath {
    /// URL prefix, decoded; empty for the root.
    pub prefix: String,
    /// Whose users.
    pub users: UsersOf,
}

/// Whose users a prefix lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsersOf {
    /// Those of the site.
    Site,
    /// Those of a file, as written.
    File(PathBuf),
    /// Nobody is asked.
    Nobody,
}

/// `NAME`, or `PREFIX=NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthUser {
    /// URL prefix, decoded; all that ask when there is none.
    pub prefix: Option<String>,
    /// The user.
    pub name: String,
}

/// What browsers show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm(pub String);

impl Value for AuthPath {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let (url, users) = match text.split_once('=') {
            Some((url, "none")) => (url, UsersOf::Nobody),
            Some((url, file)) => (url, UsersOf::File(path(file)?)),
            None => (text, UsersOf::Site),
        };
        Ok(Self { prefix: prefix(url)?, users })
    }

    fn write(&self) -> String {
        let prefix = if self.prefix.is_empty() { "/" } else { &self.prefix };
        match &self.users {
            UsersOf::Site => prefix.to_owned(),
            UsersOf::File(file) => format!("{prefix}={}", file.display()),
            UsersOf::Nobody => format!("{prefix}=none"),
        }
    }
}

impl Value for AuthUser {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let (under, name) = match text.split_once('=') {
            Some((url, name)) if url.starts_with('/') => (Some(prefix(url)?), name),
            _ => (None, text),
        };
        if name.is_empty() || name.len() > 255 || name.chars().any(|c| c.is_control() || c == ':') {
            return Err(Refusal::new("a user's name has 1 to 255 visible characters and no colon"));
        }
        Ok(Self { prefix: under, name: name.to_owned() })
    }

    fn write(&self) -> String {
        match self.prefix.as_deref() {
            Some("") => format!("/={}", self.name),
            Some(prefix) => format!("{prefix}={}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Value for Realm {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let is_fit = |c: char| c == ' ' || c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        if text.is_empty() || text.len() > 128 || !text.chars().all(is_fit) {
            return Err(Refusal::new("a realm has 1 to 128 ASCII characters, without quotes and backslashes"));
        }
        Ok(Self(text.to_owned()))
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Value>(text: &str, expect: Option<&str>) {
        assert_eq!(T::read(text).ok().map(|value| value.write()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn prefixes_users_and_realms_are_read() {
        check::<AuthPath>("/", Some("/"));
        check::<AuthPath>("/admin/", Some("/admin"));
        check::<AuthPath>("/admin=a=b", Some("/admin=a=b"));
        check::<AuthPath>("/open=none", Some("/open=none"));
        check::<AuthUser>("me", Some("me"));
        check::<AuthUser>("/=me", Some("/=me"));
        check::<AuthUser>("/admin=me@example.org", Some("/admin=me@example.org"));
        check::<AuthUser>("a=b", Some("a=b"));
        check::<Realm>("Members only", Some("Members only"));
        for wrong in ["", "admin", "/a//b", "/a="] {
            check::<AuthPath>(wrong, None);
        }
        for wrong in ["", "a:b", "/admin=", "a\n", "/../a=b"] {
            check::<AuthUser>(wrong, None);
        }
        for wrong in ["", "a\"b", "a\\b", "ä", "a\r\n"] {
            check::<Realm>(wrong, None);
        }
    }
}
