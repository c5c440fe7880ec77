//! The trust store of the Java installation that `JAVA_HOME` names.

use std::path::{Path, PathBuf};

use super::Store;
use super::command::{Command, Error, run_all};
use super::root::TrustedRoot;
use super::surroundings::{Kind, Platform, Surroundings};

/// The password that every Java installation comes with; the store holds nothing secret.
const PASSWORD: &str = "changeit";

pub(super) fn store(around: &Surroundings) -> Option<Store> {
    let home = around.java_home.as_deref()?;
    let places = ["lib/security/cacerts", "jre/lib/security/cacerts"].map(|path| home.join(path));
    let place = places.into_iter().find(|path| path.is_file())?;
    Some(Store { kind: Kind::Java, owner: "Java".to_owned(), place })
}

pub(super) fn holds(store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<bool, Error> {
    let list = keytool(around)?.arguments(["-J-Duser.language=en", "-list"]);
    let listed = with_store(list, &store.place).read(around)?;
    let listed: String = String::from_utf8_lossy(&listed).chars().filter(|c| *c != ':').collect();
    Ok(root.fingerprints().iter().any(|fingerprint| listed.contains(fingerprint.as_str())))
}

pub(super) fn install(store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<(), Error> {
    let file = root.path().display().to_string();
    let import = keytool(around)?.arguments(["-importcert", "-noprompt", "-alias", root.nickname(), "-file", &file]);
    run_all(&[allowed(with_store(import, &store.place), &store.place)], around)
}

pub(super) fn remove(store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<(), Error> {
    let delete = keytool(around)?.arguments(["-delete", "-alias", root.nickname()]);
    run_all(&[allowed(with_store(delete, &store.place), &store.place)], around)
}

fn with_store(command: Command, place: &Path) -> Command {
    command.arguments(["-keystore", &place.display().to_string(), "-storepass", PASSWORD])
}

/// Through root, where the store belongs to somebody else.
fn allowed(command: Command, place: &Path) -> Command {
    let is_writable = std::fs::OpenOptions::new().append(true).open(place).is_ok();
    if is_writable { command } else { command.by_root() }
}

fn keytool(around: &Surroundings) -> Result<Command, Error> {
    let name = if around.platform == Platform::Windows { "bin/keytool.exe" } else { "bin/keytool" };
    let path = around.java_home.as_deref().map(|home| home.join(name)).filter(|path| path.is_file());
    let path: Option<PathBuf> = path.or_else(|| around.program("keytool"));
    let install = "it comes with a Java development kit; JAVA_HOME must name one".to_owned();
    let path = path.ok_or(Error::Missing { program: "keytool", install })?;
    Ok(Command::new([&path.display().to_string()]))
}
