//! Paths in the file system and in URLs.

use std::path::PathBuf;

use super::{Form, Refusal, Value};

/// Path of a file, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath(pub PathBuf);

/// Path of a directory, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory(pub PathBuf);

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard error, written `-`.
    Stderr,
    /// A file, appended to.
    File(PathBuf),
    /// Nowhere, written `none`.
    None,
}

/// A URL prefix, decoded: empty for the root, else a leading slash and no trailing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(pub String);

/// `PREFIX=DIRECTORY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticFolder {
    /// URL prefix, never the root.
    pub prefix: String,
    /// Directory, as written.
    pub directory: PathBuf,
}

impl Value for FilePath {
    const FORM: Form = Form::File;

    fn read(text: &str) -> Result<Self, Refusal> {
        path(text).map(Self)
    }

    fn write(&self) -> String {
        self.0.display().to_string()
    }
}

impl Value for Directory {
    const FORM: Form = Form::Directory;

    fn read(text: &str) -> Result<Self, Refusal> {
        path(text).map(Self)
    }

    fn write(&self) -> String {
        self.0.display().to_string()
    }
}

impl Value for Destination {
    const FORM: Form = Form::File;

    fn read(text: &str) -> Result<Self, Refusal> {
        match text {
            "-" => Ok(Self::Stderr),
            "none" => Ok(Self::None),
            _ => path(text).map(Self::File),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Stderr => "-".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::None => "none".to_owned(),
        }
    }
}

impl Value for Prefix {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        prefix(text).map(Self)
    }

    fn write(&self) -> String {
        if self.0.is_empty() { "/".to_owned() } else { self.0.clone() }
    }
}

impl Value for StaticFolder {
    const FORM: Form = Form::Pair;

    fn read(text: &str) -> Result<Self, Refusal> {
        let example = "for example `/static=public`";
        let Some((url, directory)) = text.split_once('=') else {
            return Err(Refusal::new("expected `PREFIX=DIRECTORY`").hint(example));
        };
        let prefix = prefix(url)?;
        if prefix.is_empty() {
            return Err(Refusal::new("the root belongs to the application").hint(example));
        }
        Ok(Self { prefix, directory: path(directory)? })
    }

    fn write(&self) -> String {
        format!("{}={}", self.prefix, self.directory.display())
    }
}

pub(super) fn path(text: &str) -> Result<PathBuf, Refusal> {
    if text.is_empty() {
        return Err(Refusal::new("expected a path"));
    }
    if text.contains('\0') {
        return Err(Refusal::new("a path has no NUL"));
    }
    Ok(PathBuf::from(text))
}

/// Prefixes are compared with the decoded, normalised path: what could never match is refused.
pub(super) fn prefix(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let Some(rest) = text.strip_prefix('/') else {
        let refusal = Refusal::new("a URL prefix begins with a slash");
        return Err(if text.is_empty() { refusal } else { refusal.hint(format!("write `/{text}`")) });
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() {
        return Ok(String::new());
    }
    if rest.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(Refusal::new("a URL prefix has no empty, `.` or `..` segment"));
    }
    if let Some(wrong) = rest.chars().find(|&c| c.is_control() || matches!(c, '?' | '#' | '%' | '\\' | ' ')) {
        return Err(Refusal::new(format!("`{}` cannot stand in a URL prefix", wrong.escape_default())));
    }
    Ok(format!("/{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Value>(text: &str, expect: Option<&str>) {
        assert_eq!(T::read(text).ok().map(|value| value.write()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn static_folders_have_a_prefix_and_a_directory() {
        check::<StaticFolder>("/static=public", Some("/static=public"));
        check::<StaticFolder>("/static/=public/", Some("/static=public/"));
        check::<StaticFolder>("/a/b=c=d", Some("/a/b=c=d"));
        for wrong in ["", "public", "/=public", "static=public", "/a//b=c", "/../a=c", "/a?=c", "/a%2f=c", "/a="] {
            check::<StaticFolder>(wrong, None);
        }
    }

    #[test]
    fn mounts_may_be_the_root() {
        check::<Prefix>("/", Some("/"));
        check::<Prefix>("/app/", Some("/app"));
        check::<Prefix>("app", None);
    }

    #[test]
    fn logs_go_to_a_file_to_stderr_or_nowhere() {
        check::<Destination>("-", Some("-"));
        check::<Destination>("none", Some("none"));
        check::<Destination>("a.log", Some("a.log"));
        check::<Destination>("", None);
    }
}
