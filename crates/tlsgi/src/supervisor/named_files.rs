//! Files that sites name besides certificates, read for the front: it opens none of them itself.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tlsgi_cert::password::Passwords;
use tlsgi_config::Config;
use tlsgi_config::config::PageSource;
use tlsgi_front::control::NamedFiles;

use super::error::Error;

/// Longest error page.
const PAGE: u64 = 256 << 10;
/// All of one configuration travel in one message.
const ALL: usize = 4 << 20;

/// Longest file of users.
const PASSWORDS: u64 = 1 << 20;

/// Reads every file that the configuration names; what a person should know of them beside.
pub(super) fn load(config: &Config) -> Result<(NamedFiles, Vec<String>), Error> {
    let (mut files, mut remarks) = (NamedFiles::default(), Vec::new());
    for path in pages(config) {
        if !is_among(&files.pages, path) {
            files.pages.push((path.clone(), text(path, PAGE)?));
        }
    }
    for path in users(config) {
        if !is_among(&files.passwords, path) {
            let text = text(path, PASSWORDS)?;
            let failed = |source| Error::Passwords { path: path.clone(), source };
            let users = Passwords::parse(&text).map_err(failed)?;
            remarks.extend(users.remarks().iter().map(|remark| format!("{}: {remark}", path.display())));
            remarks.extend(exposure(path));
            if users.is_empty() {
                remarks.push(format!("{}: there is no user in it: nobody is let in", path.display()));
            }
            files.passwords.push((path.clone(), text));
        }
    }
    let length: usize = files.pages.iter().chain(&files.passwords).map(|(_, text)| text.len()).sum();
    if length > ALL {
        return Err(Error::Files { reason: format!("pages and users are together larger than {ALL} bytes") });
    }
    Ok((files, remarks))
}

/// Every file of the configuration.
pub(super) fn paths(config: &Config) -> Vec<PathBuf> {
    pages(config).chain(users(config)).cloned().collect()
}

fn is_among(files: &[(PathBuf, String)], path: &Path) -> bool {
    files.iter().any(|(known, _)| known == path)
}

fn pages(config: &Config) -> impl Iterator<Item = &PathBuf> {
    let pages = config.sites.iter().flat_map(|site| &site.error_pages.pages);
    pages.filter_map(|(_, _, source)| match source {
        PageSource::File(path) => Some(path),
        PageSource::Text(_) => None,
    })
}

fn users(config: &Config) -> impl Iterator<Item = &PathBuf> {
    config.sites.iter().flat_map(|site| &site.basic_auth.rules).filter_map(|rule| rule.file.as_ref())
}

/// Whoever reads a hash can guess at leisure.
fn exposure(path: &Path) -> Option<String> {
    let mode = path.metadata().ok()?.permissions().mode();
    let told = || format!("{}: everybody on this machine can read it; `chmod o= {}`", path.display(), path.display());
    (mode & 0o004 != 0).then(told)
}

fn text(path: &Path, most: u64) -> Result<String, Error> {
    let failed = |source: io::Error| Error::File { verb: "read", path: path.to_owned(), source };
    let mut bytes = Vec::new();
    // A pipe would keep whoever opens it waiting.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("it is no regular file")));
    }
    let file = File::open(path).map_err(failed)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(failed(io::Error::other(format!("it is larger than {most} bytes"))));
    }
    String::from_utf8(bytes).map_err(|_| failed(io::Error::other("it is not UTF-8")))
}
