//! What this machine and its user are like, as far as trust stores depend on it.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use tlsgi_cert::trust::{Kind, Platform, Surroundings};
use tlsgi_config::Exit;

use super::Failure;

/// Looks.
pub(super) fn read() -> anyhow::Result<Surroundings> {
    let wanted = std::env::var("TRUST_STORES").ok();
    let wanted = Surroundings::wanted(wanted.as_deref()).map_err(|word| {
        let told = Failure::new(Exit::Usage, format!("TRUST_STORES: `{}` is no trust store", word.escape_debug()));
        told.hint("the stores are system, nss and java")
    })?;
    Ok(around(wanted))
}

fn around(wanted: Vec<Kind>) -> Surroundings {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    Surroundings {
        platform: platform(),
        home: absolute("HOME"),
        data_home: absolute("XDG_DATA_HOME"),
        config_home: absolute("XDG_CONFIG_HOME"),
        java_home: absolute("JAVA_HOME"),
        search_path: std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect(),
        sysroot: PathBuf::from("/"),
        wanted,
        is_root: rustix::process::geteuid().is_root(),
        has_terminal: io::stdin().is_terminal() && io::stderr().is_terminal(),
    }
}

/// As [`read`], as mkcert takes `TRUST_STORES`: a word that is no store is none.
pub(super) fn for_mkcert() -> Surroundings {
    let text = std::env::var("TRUST_STORES").unwrap_or_default();
    let named = |kind: &Kind| text.is_empty() || text.split(',').any(|word| word == kind.word());
    around(Kind::ALL.into_iter().filter(named).collect())
}

/// As [`read`], for the system in this directory: what belongs to a user is elsewhere.
pub(super) fn of_image(directory: PathBuf) -> anyhow::Result<Surroundings> {
    Ok(Surroundings { sysroot: directory, wanted: vec![Kind::System], ..read()? })
}

fn platform() -> Platform {
    if cfg!(target_os = "macos") {
        return Platform::MacOs;
    }
    if cfg!(windows) {
        return Platform::Windows;
    }
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    if kernel.to_ascii_lowercase().contains("microsoft") { Platform::Wsl } else { Platform::Linux }
}

/// Who made this program run as root, if it does so for somebody else.
pub(super) fn sudo_user() -> Option<String> {
    let user = std::env::var("SUDO_USER").ok().filter(|user| !user.is_empty() && user != "root");
    user.filter(|_| rustix::process::geteuid().is_root())
}

/// `me@machine`, as it stands in mkcert's certificates.
pub(super) fn owner() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let user =
        user.unwrap_or_else(|| if rustix::process::geteuid().is_root() { "root".to_owned() } else { String::new() });
    let text = if user.is_empty() { host } else { format!("{user}@{host}") };
    text.chars().filter(|c| !c.is_control()).take(57).collect()
}
