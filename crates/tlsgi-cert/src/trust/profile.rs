//! The certificate databases of browsers: every place where Chromium, Firefox and their packagings keep them.

use std::path::{Path, PathBuf};

use super::Store;
use super::surroundings::{Kind, Platform, Surroundings};

/// Files of a database: of today, and of browsers before 2018.
const DATABASES: [&str; 2] = ["cert9.db", "cert8.db"];

/// Every database that is there, each once.
pub(super) fn databases(around: &Surroundings) -> Vec<Store> {
    let mut stores: Vec<Store> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    let candidates = chromium(around).into_iter().map(|place| ("Chromium", place));
    let candidates = candidates.chain(firefox(around).into_iter().map(|place| ("Firefox", place)));
    for (owner, place) in candidates {
        // `current` of a snap is a link, and so may be anything else.
        let known = place.canonicalize().unwrap_or_else(|_| place.clone());
        if DATABASES.iter().any(|file| place.join(file).is_file()) && !seen.contains(&known) {
            seen.push(known);
            stores.push(Store { kind: Kind::Nss, owner: owner.to_owned(), place });
        }
    }
    stores
}

/// Where a database for Chromium has to be made when there is none: every version reads this place first.
pub(super) fn missing_chromium(around: &Surroundings) -> Option<PathBuf> {
    let is_linux = matches!(around.platform, Platform::Linux | Platform::Wsl);
    let home = around.home.as_deref().filter(|_| is_linux)?;
    let places = [home.join(".pki/nssdb"), data_home(home, around).join("pki/nssdb")];
    let is_there = |place: &PathBuf| DATABASES.iter().any(|file| place.join(file).is_file());
    let [first, _] = &places;
    (!places.iter().any(is_there)).then(|| first.clone())
}

fn data_home(home: &Path, around: &Surroundings) -> PathBuf {
    around.data_home.clone().unwrap_or_else(|| home.join(".local/share"))
}

/// Chromium and its relatives on Linux; elsewhere they use the system's store.
fn chromium(around: &Surroundings) -> Vec<PathBuf> {
    let (Platform::Linux | Platform::Wsl, Some(home)) = (around.platform, around.home.as_deref()) else {
        return Vec::new();
    };
    // Until 2025, and after: M146 follows XDG where the old place is not there.
    let mut places = vec![home.join(".pki/nssdb"), data_home(home, around).join("pki/nssdb")];
    for snap in folders(&home.join("snap")) {
        places.extend([".pki/nssdb", ".local/share/pki/nssdb"].map(|path| snap.join("current").join(path)));
    }
    for flatpak in folders(&home.join(".var/app")) {
        places.extend([".pki/nssdb", "data/pki/nssdb", ".local/share/pki/nssdb"].map(|path| flatpak.join(path)));
    }
    places.push(around.system("/etc/pki/nssdb"));
    places
}

/// Profiles of Firefox and its relatives.
fn firefox(around: &Surroundings) -> Vec<PathBuf> {
    let Some(home) = around.home.as_deref() else { return Vec::new() };
    let mut bases = Vec::new();
    match around.platform {
        Platform::Linux | Platform::Wsl => {
            let config = around.config_home.clone().unwrap_or_else(|| home.join(".config"));
            // Firefox 147 follows XDG where the old place is not there.
            bases.extend([home.join(".mozilla/firefox"), config.join("mozilla/firefox"), home.join(".librewolf")]);
            for snap in folders(&home.join("snap")) {
                bases
                    .extend([".mozilla/firefox", ".config/mozilla/firefox"].map(|path| snap.join("common").join(path)));
            }
            for flatpak in folders(&home.join(".var/app")) {
                let places = [".mozilla/firefox", "config/mozilla/firefox", ".config/mozilla/firefox", ".librewolf"];
                bases.extend(places.map(|path| flatpak.join(path)));
            }
        }
        Platform::MacOs => bases.push(home.join("Library/Application Support/Firefox/Profiles")),
        // Firefox reads the system's store there.
        Platform::Windows => {}
    }
    let mut profiles: Vec<PathBuf> = bases.iter().flat_map(|base| folders(base)).collect();
    profiles.extend(bases.iter().flat_map(|base| named(base)));
    profiles
}

/// Profiles that `profiles.ini` puts elsewhere.
fn named(base: &Path) -> Vec<PathBuf> {
    let Ok(text) = std::fs::read_to_string(base.join("profiles.ini")) else { return Vec::new() };
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("Path="));
    paths.map(|path| base.join(path.trim())).collect()
}

/// The directories in a directory, in the order of their names.
fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::super::nss::tests::around;
    use super::*;

    fn database(place: &Path) {
        std::fs::create_dir_all(place).expect("made");
        std::fs::write(place.join("cert9.db"), "").expect("written");
    }

    #[test]
    fn every_packaging_of_a_browser_is_found_once() {
        let folder = tempfile::tempdir().expect("a directory");
        let home = folder.path();
        let elsewhere = home.join("elsewhere/profile");
        let chromium = [
            ".pki/nssdb",
            ".local/share/pki/nssdb",
            "snap/chromium/current/.pki/nssdb",
            "snap/brave/current/.local/share/pki/nssdb",
            ".var/app/org.chromium.Chromium/.pki/nssdb",
            ".var/app/com.google.Chrome/data/pki/nssdb",
        ];
        let firefox = [
            ".mozilla/firefox/a1b2.default-release",
            ".config/mozilla/firefox/c3d4.default",
            "snap/firefox/common/.mozilla/firefox/e5.default",
            "snap/firefox/common/.config/mozilla/firefox/f6.default",
            ".var/app/org.mozilla.firefox/.mozilla/firefox/g7.default",
            ".var/app/org.mozilla.firefox/config/mozilla/firefox/h8.default",
            "elsewhere/profile",
        ];
        chromium.iter().chain(&firefox).for_each(|place| database(&home.join(place)));
        let ini = format!(
            "[Profile0]\nIsRelative=1\nPath=a1b2.default-release\n\n[Profile1]\nIsRelative=0\nPath={}\n",
            elsewhere.display()
        );
        std::fs::write(home.join(".mozilla/firefox/profiles.ini"), ini).expect("written");
        let found = databases(&around(home));
        let of = |owner: &str| {
            let places = found.iter().filter(|store| store.owner == owner);
            let mut places: Vec<PathBuf> = places.map(|store| store.place.clone()).collect();
            places.sort();
            places
        };
        let expected = |places: &[&str]| {
            let mut places: Vec<PathBuf> = places.iter().map(|place| home.join(place)).collect();
            places.sort();
            places
        };
        assert_eq!(of("Chromium"), expected(&chromium));
        assert_eq!(of("Firefox"), expected(&firefox));
    }

    #[test]
    fn other_homes_of_data_and_configuration_are_honoured() {
        let folder = tempfile::tempdir().expect("a directory");
        let mut around = around(folder.path());
        around.data_home = Some(folder.path().join("data"));
        around.config_home = Some(folder.path().join("config"));
        database(&folder.path().join("data/pki/nssdb"));
        database(&folder.path().join("config/mozilla/firefox/x.default"));
        assert_eq!(databases(&around).len(), 2);
        assert_eq!(missing_chromium(&around), None);
    }

    #[test]
    fn a_database_is_missing_where_every_chromium_looks_first() {
        let folder = tempfile::tempdir().expect("a directory");
        let mut around = around(folder.path());
        assert_eq!(missing_chromium(&around), Some(folder.path().join(".pki/nssdb")));
        database(&folder.path().join(".local/share/pki/nssdb"));
        assert_eq!(missing_chromium(&around), None, "the old place would hide the new one");
        around.platform = Platform::MacOs;
        assert_eq!(missing_chromium(&around), None);
    }

    #[test]
    fn macs_have_profiles_elsewhere() {
        let folder = tempfile::tempdir().expect("a directory");
        let mut around = around(folder.path());
        around.platform = Platform::MacOs;
        database(&folder.path().join("Library/Application Support/Firefox/Profiles/i9.default"));
        assert_eq!(databases(&around).len(), 1);
    }
}
