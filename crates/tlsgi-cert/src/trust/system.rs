//! The operating system's trust store.

use std::io::Read;
use std::path::Path;

use super::command::{Command, Error, run_all};
use super::layout::Layout;
use super::root::TrustedRoot;
use super::surroundings::{Kind, Platform, Surroundings};
use super::{Store, macos, windows};
use crate::limits;

/// The store of the system that is meant; none where the system has none that is known.
pub(super) fn store(around: &Surroundings) -> Option<Store> {
    let store =
        |owner: &str, place: &Path| Store { kind: Kind::System, owner: owner.to_owned(), place: place.to_owned() };
    match around.platform {
        Platform::Linux | Platform::Wsl => {
            Layout::of(around).map(|layout| store(layout.name, &around.system(layout.anchors)))
        }
        Platform::MacOs => Some(store("macOS", macos::KEYCHAIN.as_ref())),
        Platform::Windows => Some(store("Windows", windows::STORE.as_ref())),
    }
}

/// Whether the root is among what programs trust: in the bundle, not only among the anchors.
pub(super) fn holds(store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<bool, Error> {
    match (around.platform, Layout::of(around)) {
        (Platform::MacOs, _) => Ok(macos::verify(root).read(around).is_ok()),
        (Platform::Windows, _) => Ok(windows::look(root).read(around).is_ok()),
        (_, None) => Ok(false),
        (_, Some(layout)) => {
            let bundle = layout.bundles.iter().map(|path| around.system(path)).find(|path| path.is_file());
            let Some(bundle) = bundle else { return Ok(false) };
            debug_assert_eq!(store.kind, Kind::System);
            Ok(root.is_in(&read(&bundle)?))
        }
    }
}

/// Whether its file is among the anchors.
pub(super) fn has_anchor(_store: &Store, root: &TrustedRoot, around: &Surroundings) -> bool {
    Layout::of(around).is_some_and(|layout| layout.anchor(&root.file_stem(), around).exists())
}

pub(super) fn install(_store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<(), Error> {
    run_all(&installing(root, around), around)
}

pub(super) fn remove(_store: &Store, root: &TrustedRoot, around: &Surroundings) -> Result<(), Error> {
    run_all(&removing(root, around), around)
}

fn installing(root: &TrustedRoot, around: &Surroundings) -> Vec<Command> {
    match (around.platform, Layout::of(around)) {
        (Platform::MacOs, _) => vec![macos::add(root)],
        (Platform::Windows, _) => vec![windows::add(root)],
        (_, None) => Vec::new(),
        (_, Some(layout)) => {
            let anchor = layout.anchor(&root.file_stem(), around).display().to_string();
            let copy = Command::new(["install", "-m", "0644"]).arguments([root.path().display().to_string(), anchor]);
            vec![copy.by_root(), layout.refresh(around)]
        }
    }
}

fn removing(root: &TrustedRoot, around: &Surroundings) -> Vec<Command> {
    match (around.platform, Layout::of(around)) {
        (Platform::MacOs, _) => vec![macos::remove(root)],
        (Platform::Windows, _) => vec![windows::remove(root)],
        (_, None) => Vec::new(),
        (_, Some(layout)) => {
            let anchor = layout.anchor(&root.file_stem(), around).display().to_string();
            vec![Command::new(["rm", "-f"]).arguments([anchor]).by_root(), layout.refresh_after_removal(around)]
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limits::BUNDLE_BYTES as u64).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::layout::LAYOUTS;
    use super::super::nss::tests::{around, root};
    use super::*;

    fn typed(commands: &[Command]) -> Vec<String> {
        commands.iter().map(Command::typed).collect()
    }

    #[test]
    fn every_distribution_has_its_place_and_its_program() {
        let check = |anchors: &str, file: &str, refresh: &str| {
            let folder = tempfile::tempdir().expect("a directory");
            let mut around = around(folder.path());
            around.sysroot = folder.path().to_owned();
            std::fs::create_dir_all(around.system(anchors)).expect("made");
            let (_kept, root) = root();
            let stem = root.file_stem();
            let commands = typed(&installing(&root, &around));
            assert!(
                commands[0].ends_with(&format!("{}/{stem}.{file}", around.system(anchors).display())),
                "{commands:?}"
            );
            assert!(commands[1].starts_with(refresh), "{commands:?}");
            let commands = typed(&removing(&root, &around));
            assert!(commands[0].starts_with("rm -f "), "{commands:?}");
            assert!(store(&around).is_some_and(|store| store.place == around.system(anchors)));
            // On the running system, without a detour.
            let layout = LAYOUTS.iter().find(|layout| layout.anchors == anchors).expect("known");
            around.sysroot = "/".into();
            layout.refresh(&around).typed()
        };
        assert_eq!(check("/etc/pki/ca-trust/source/anchors", "pem", "chroot"), "update-ca-trust extract");
        assert_eq!(
            check("/usr/local/share/ca-certificates", "crt", "update-ca-certificates"),
            "update-ca-certificates"
        );
        assert_eq!(check("/etc/ca-certificates/trust-source/anchors", "crt", "chroot"), "trust extract-compat");
        assert_eq!(check("/usr/share/pki/trust/anchors", "pem", "chroot"), "update-ca-certificates");
    }

    #[test]
    fn an_unknown_system_has_no_store() {
        let folder = tempfile::tempdir().expect("a directory");
        assert_eq!(store(&around(folder.path())), None);
    }

    #[test]
    fn what_counts_is_the_bundle() {
        let folder = tempfile::tempdir().expect("a directory");
        let around = around(folder.path());
        let (_kept, root) = root();
        let layout = &LAYOUTS[1];
        std::fs::create_dir_all(around.system(layout.anchors)).expect("made");
        std::fs::create_dir_all(around.system("/etc/ssl/certs")).expect("made");
        std::fs::copy(root.path(), layout.anchor(&root.file_stem(), &around)).expect("copied");
        let store = store(&around).expect("Debian's");
        assert!(!holds(&store, &root, &around).expect("no bundle yet"));
        assert!(has_anchor(&store, &root, &around));
        std::fs::copy(root.path(), around.system(layout.bundles[0])).expect("copied");
        assert!(holds(&store, &root, &around).expect("a bundle"));
    }

    #[test]
    fn mac_and_windows_have_programs_of_their_own() {
        let folder = tempfile::tempdir().expect("a directory");
        let (_kept, root) = root();
        let file = root.path().display();
        let mut around = around(folder.path());
        around.platform = Platform::MacOs;
        let add = format!("security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {file}");
        assert_eq!(typed(&installing(&root, &around)), [add]);
        assert_eq!(typed(&removing(&root, &around)), [format!("security remove-trusted-cert -d {file}")]);
        around.platform = Platform::Windows;
        assert_eq!(typed(&installing(&root, &around)), [format!("certutil.exe -user -addstore -f Root {file}")]);
        let serial = root.serial();
        assert_eq!(typed(&removing(&root, &around)), [format!("certutil.exe -user -delstore Root {serial}")]);
    }
}
