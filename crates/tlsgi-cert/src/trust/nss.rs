//! Databases of browsers, through NSS's `certutil`.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::command::{Command, Error, run_all};
use super::root::TrustedRoot;
use super::surroundings::{Kind, Platform, Surroundings};
use super::{Outcome, Report, Store, layout, profile};

/// Roots in one database that are looked at.
const MAX_ROOTS: usize = 100;

/// Whether a trusted entry of the database is this root, under whatever name.
pub(super) fn holds(store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<bool, Error> {
    Ok(entries(store, root, around)?.iter().any(|entry| entry.is_trusted))
}

pub(super) fn install(store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<(), Error> {
    let file = root.path().display().to_string();
    let add =
        certutil(around)?.arguments(["-A", "-d", &database(store), "-t", "C,,", "-n", root.nickname(), "-i", &file]);
    run_all(&[allowed(add, store)], around)
}

pub(super) fn remove(store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<(), Error> {
    for entry in entries(store, root, around)? {
        let delete = certutil(around)?.arguments(["-D", "-d", &database(store), "-n", &entry.nickname]);
        run_all(&[allowed(delete, store)], around)?;
    }
    Ok(())
}

/// Makes Chromium's database where there is none; a report only when that fails. Where no `certutil` is, a browser that was never
/// started needs none.
pub(super) fn make_missing(around: &Surroundings) -> Option<Report> {
    let place = profile::missing_chromium(around)?;
    let certutil = match certutil(around) {
        Ok(certutil) => certutil,
        Err(_) if !has_chromium(around) => return None,
        Err(error) => return Some(report(&place, error)),
    };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&place);
    let result = match made {
        Err(source) => Err(Error::Read { path: place.clone(), source }),
        Ok(()) => {
            let directory = format!("sql:{}", place.display());
            run_all(&[certutil.arguments(["-N", "-d", &directory, "--empty-password"])], around)
        }
    };
    result.err().map(|error| report(&place, error))
}

fn report(place: &Path, error: Error) -> Report {
    let store = Store { kind: Kind::Nss, owner: "Chromium".to_owned(), place: place.to_owned() };
    Report { store, outcome: Outcome::Failed(error) }
}

fn has_chromium(around: &Surroundings) -> bool {
    let names =
        ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "brave-browser", "microsoft-edge"];
    names.iter().any(|name| around.program(name).is_some())
}

/// An entry that is the root.
struct Entry {
    nickname: String,
    is_trusted: bool,
}

fn entries(store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<Vec<Entry>, Error> {
    let list = certutil(around)?.arguments(["-L", "-d", &database(store)]).read(around)?;
    let mut entries = listed(&String::from_utf8_lossy(&list));
    // What is trusted is a root; the rest are chains that the browser remembers, of which only ours is of interest.
    entries.retain(|entry| entry.is_trusted || entry.nickname == root.nickname());
    entries.truncate(MAX_ROOTS);
    let mut found = Vec::new();
    for entry in entries {
        let text =
            certutil(around)?.arguments(["-L", "-d", &database(store), "-n", &entry.nickname, "-a"]).read(around)?;
        if root.is_in(&text) {
            found.push(entry);
        }
    }
    Ok(found)
}

/// Lines of `certutil -L`: a nickname, spaces, and trust for servers, mail and objects as `C,,`.
fn listed(text: &str) -> Vec<Entry> {
    let is_flags = |flags: &str| {
        flags.split(',').count() == 3
            && flags.chars().all(|c| c == ',' || c.is_ascii_alphabetic())
            && flags != "SSL,S/MIME"
    };
    let entry = |line: &str| {
        let (nickname, flags) = line.trim_end().rsplit_once(' ')?;
        let servers = flags.split(',').next().unwrap_or_default();
        let nickname = nickname.trim();
        (is_flags(flags) && !nickname.is_empty())
            .then(|| Entry { nickname: nickname.to_owned(), is_trusted: servers.contains('C') })
    };
    text.lines().filter_map(entry).collect()
}

/// With the prefix of its format.
fn database(store: &Store) -> String {
    let prefix = if store.place.join("cert9.db").is_file() { "sql" } else { "dbm" };
    format!("{prefix}:{}", store.place.display())
}

/// Through root, where the database belongs to somebody else.
fn allowed(command: Command, store: &Store) -> Command {
    let file = ["cert9.db", "cert8.db"].map(|name| store.place.join(name)).into_iter().find(|path| path.is_file());
    let is_writable = file.is_some_and(|path| std::fs::OpenOptions::new().append(true).open(path).is_ok());
    if is_writable { command } else { command.by_root() }
}

fn certutil(around: &Surroundings) -> Result<Command, Error> {
    // Windows has another program of this name.
    let path = around.program("certutil").filter(|_| around.platform != Platform::Windows);
    let brew = ["/opt/homebrew/opt/nss/bin/certutil", "/usr/local/opt/nss/bin/certutil"];
    let brew = || brew.iter().map(std::path::PathBuf::from).find(|path| path.is_file());
    let path = path.or_else(brew);
    let path = path.ok_or_else(|| Error::Missing { program: "certutil", install: layout::certutil_install(around) })?;
    Ok(Command::new([&path.display().to_string()]))
}

#[cfg(test)]
pub(super) mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A machine in a directory, with the programs of this one.
    pub(in crate::trust) fn around(folder: &Path) -> Surroundings {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Surroundings {
            platform: Platform::Linux,
            home: Some(folder.to_owned()),
            data_home: None,
            config_home: None,
            java_home: None,
            search_path: std::env::split_paths(&path).collect(),
            sysroot: folder.to_owned(),
            wanted: Kind::ALL.to_vec(),
            is_root: true,
            has_terminal: false,
        }
    }

    /// A new root in a file.
    pub(in crate::trust) fn root() -> (TempDir, TrustedRoot) {
        let folder = tempfile::tempdir().expect("a directory");
        let authority = crate::LocalCa::open_or_create(folder.path(), time::OffsetDateTime::now_utc()).expect("a root");
        let root = TrustedRoot::new(authority.path(), authority.certificate().clone()).expect("an authority");
        (folder, root)
    }

    #[test]
    fn lists_are_read_with_spaces_in_names_and_without_their_head() {
        let text = "\nCertificate Nickname                                         Trust Attributes\n                                                             SSL,S/MIME,JAR/XPI\n\nmkcert development CA 207         C,,  \nR11                                                          ,,   \nMy Own Root                  CTu,Cu,u\n";
        let entries: Vec<_> = listed(text).into_iter().map(|entry| (entry.nickname, entry.is_trusted)).collect();
        let expected = [("mkcert development CA 207", true), ("R11", false), ("My Own Root", true)];
        assert_eq!(entries, expected.map(|(name, trusted)| (name.to_owned(), trusted)));
    }

    #[test]
    fn a_missing_certutil_is_named_with_its_package() {
        let folder = tempfile::tempdir().expect("a directory");
        let tools = folder.path().join("tools");
        std::fs::create_dir(&tools).expect("made");
        let check = |manager: &str, install: &str| {
            let mut around = around(folder.path());
            std::fs::write(tools.join(manager), "").expect("written");
            around.search_path = vec![tools.clone()];
            let error = certutil(&around).expect_err("nothing is installed");
            std::fs::remove_file(tools.join(manager)).expect("removed");
            assert_eq!(error.to_string(), "certutil is not installed");
            assert_eq!(error.hints(), [format!("install certutil and run this again: {install}")]);
        };
        check("apt", "apt install libnss3-tools");
        check("dnf", "dnf install nss-tools");
        check("zypper", "zypper install mozilla-nss-tools");
        check("pacman", "pacman -S nss");
    }
}
