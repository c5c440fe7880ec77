//! The trust stores of a machine in a directory: what the real programs write there is what is found by looking.

use std::path::{Path, PathBuf};
use std::process::Command;

use time::OffsetDateTime;
use tlsgi_cert::LocalCa;
use tlsgi_cert::trust::{self, Kind, Outcome, Platform, Report, Surroundings, TrustedRoot};

use crate::harness::run;

fn around(folder: &Path, wanted: Kind) -> Surroundings {
    Surroundings {
        platform: Platform::Linux,
        home: Some(folder.join("home")),
        data_home: None,
        config_home: None,
        java_home: None,
        search_path: std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect(),
        sysroot: folder.join("root"),
        wanted: vec![wanted],
        is_root: true,
        has_terminal: false,
    }
}

fn root(folder: &Path) -> TrustedRoot {
    let authority = LocalCa::open_or_create(&folder.join("ca"), OffsetDateTime::now_utc()).unwrap();
    TrustedRoot::read(authority.path()).unwrap()
}

fn is_installed(program: &str) -> bool {
    let is_there = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success();
    if !is_there {
        report(program);
    }
    is_there
}

#[expect(clippy::print_stderr, reason = "a test that tests nothing says so")]
fn report(program: &str) {
    eprintln!("not tested: {program} is not installed");
}

fn outcomes(reports: &[Report]) -> Vec<String> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Trusted => "trusted".to_owned(),
        Outcome::NotTrusted => "not trusted".to_owned(),
        Outcome::Installed => "installed".to_owned(),
        Outcome::Removed => "removed".to_owned(),
        Outcome::Failed(error) => format!("failed: {error}"),
    };
    reports.iter().map(|report| word(&report.outcome)).collect()
}

/// Into the stores, there again, found, out again.
fn there_and_back(root: &TrustedRoot, around: &Surroundings, count: usize) {
    let all = |word: &str| vec![word.to_owned(); count];
    assert_eq!(outcomes(&trust::install(root, around)), all("installed"));
    assert_eq!(outcomes(&trust::install(root, around)), all("trusted"));
    assert_eq!(outcomes(&trust::status(root, around)), all("trusted"));
    assert_eq!(outcomes(&trust::uninstall(root, around)), all("removed"));
    assert_eq!(outcomes(&trust::status(root, around)), all("not trusted"));
    assert_eq!(outcomes(&trust::uninstall(root, around)), all("not trusted"));
}

#[test]
fn browsers_get_the_root_and_lose_it_again() {
    if !is_installed("certutil") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let around = around(folder.path(), Kind::Nss);
    let profile = folder.path().join("home/.config/mozilla/firefox/abcd.default-release");
    std::fs::create_dir_all(&profile).unwrap();
    run(Command::new("certutil").args(["-N", "--empty-password", "-d"]).arg(format!("sql:{}", profile.display())));
    // Chromium has none yet: one is made where it looks first.
    there_and_back(&root(folder.path()), &around, 2);
    assert!(folder.path().join("home/.pki/nssdb/cert9.db").is_file());
}

#[test]
fn another_root_of_the_same_owner_is_not_taken_for_this_one() {
    if !is_installed("certutil") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let around = around(folder.path(), Kind::Nss);
    let first = root(&folder.path().join("one"));
    let second = root(&folder.path().join("two"));
    assert_eq!(outcomes(&trust::install(&first, &around)), ["installed"]);
    assert_eq!(outcomes(&trust::status(&second, &around)), ["not trusted"]);
    assert_eq!(outcomes(&trust::uninstall(&second, &around)), ["not trusted"]);
    assert_eq!(outcomes(&trust::status(&first, &around)), ["trusted"]);
}

#[test]
fn a_root_that_is_there_without_trust_is_not_trusted() {
    if !is_installed("certutil") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let around = around(folder.path(), Kind::Nss);
    let root = root(folder.path());
    assert_eq!(outcomes(&trust::install(&root, &around)), ["installed"]);
    let database = format!("sql:{}", folder.path().join("home/.pki/nssdb").display());
    run(Command::new("certutil").args(["-M", "-d", &database, "-n", root.nickname(), "-t", ",,"]));
    assert_eq!(outcomes(&trust::status(&root, &around)), ["not trusted"]);
    assert_eq!(outcomes(&trust::install(&root, &around)), ["installed"]);
}

#[test]
fn debians_bundle_gets_the_root_and_loses_it_again() {
    if !Path::new("/usr/sbin/update-ca-certificates").exists() {
        report("update-ca-certificates");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let around = around(folder.path(), Kind::System);
    let below = |path: &str| around.sysroot.join(path);
    for path in [
        "usr/local/share/ca-certificates",
        "usr/share/ca-certificates",
        "etc/ssl/certs",
        "etc/ca-certificates/update.d",
    ] {
        std::fs::create_dir_all(below(path)).unwrap();
    }
    // Debian's program makes no empty bundle: there is another root.
    let other = LocalCa::open_or_create(&folder.path().join("other"), OffsetDateTime::now_utc()).unwrap();
    std::fs::copy(other.path(), below("usr/share/ca-certificates/other.crt")).unwrap();
    std::fs::write(below("etc/ca-certificates.conf"), "other.crt\n").unwrap();
    let root = root(folder.path());
    let reports = trust::install(&root, &around);
    assert_eq!(outcomes(&reports), ["installed"]);
    assert_eq!(reports[0].store.owner, "Debian");
    let bundle = below("etc/ssl/certs/ca-certificates.crt").display().to_string();
    run(Command::new("openssl").args(["verify", "-CAfile", &bundle]).arg(root.path()));
    assert_eq!(outcomes(&trust::uninstall(&root, &around)), ["removed"]);
    assert_eq!(outcomes(&trust::status(&root, &around)), ["not trusted"]);
    assert_eq!(std::fs::read_dir(below("usr/local/share/ca-certificates")).unwrap().count(), 0);
    let links = std::fs::read_dir(below("etc/ssl/certs")).unwrap().flatten().map(|entry| entry.path());
    assert!(links.into_iter().all(|path| path.exists()), "no link leads nowhere");
}

#[test]
fn java_gets_the_root_and_loses_it_again() {
    if !is_installed("keytool") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("java");
    std::fs::create_dir_all(home.join("lib/security")).unwrap();
    let store = home.join("lib/security/cacerts").display().to_string();
    let keytool = ["-genkeypair", "-alias", "other", "-keyalg", "EC", "-dname", "CN=other", "-storepass", "changeit"];
    run(Command::new("keytool").args(keytool).args(["-keystore", &store]));
    let mut around = around(folder.path(), Kind::Java);
    around.java_home = Some(PathBuf::from(&home));
    there_and_back(&root(folder.path()), &around, 1);
}
