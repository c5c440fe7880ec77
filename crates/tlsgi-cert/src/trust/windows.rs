//! The commands of Windows: the store of the user, which needs no administrator. Windows asks its user before it takes a root.

use super::command::Command;
use super::root::TrustedRoot;

/// Where roots of the user are.
pub(super) const STORE: &str = "HKEY_CURRENT_USER/Root";

pub(super) fn add(root: &TrustedRoot) -> Command {
    Command::new(["certutil.exe", "-user", "-addstore", "-f", "Root"]).arguments([root.path().display().to_string()])
}

pub(super) fn remove(root: &TrustedRoot) -> Command {
    Command::new(["certutil.exe", "-user", "-delstore", "Root"]).arguments([root.serial()])
}

/// Succeeds where the store has the root.
pub(super) fn look(root: &TrustedRoot) -> Command {
    Command::new(["certutil.exe", "-user", "-verifystore", "Root"]).arguments([root.serial()])
}

/// What to type inside of WSL, so that browsers of Windows trust the root as well.
#[must_use]
pub fn from_wsl(root: &TrustedRoot) -> String {
    let path = crate::error::quoted(root.path());
    format!("certutil.exe -user -addstore -f Root \"$(wslpath -w {path})\"")
}
