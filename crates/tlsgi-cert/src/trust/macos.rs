//! The commands of macOS.

use super::command::Command;
use super::root::TrustedRoot;

/// Where every user's trusted roots are.
pub(super) const KEYCHAIN: &str = "/Library/Keychains/System.keychain";

pub(super) fn add(root: &TrustedRoot) -> Command {
    let command = Command::new(["security", "add-trusted-cert", "-d", "-r", "trustRoot", "-k", KEYCHAIN]);
    command.arguments([root.path().display().to_string()]).by_root()
}

pub(super) fn remove(root: &TrustedRoot) -> Command {
    let command = Command::new(["security", "remove-trusted-cert", "-d"]);
    command.arguments([root.path().display().to_string()]).by_root()
}

/// Succeeds where the root is trusted; asks no network.
pub(super) fn verify(root: &TrustedRoot) -> Command {
    Command::new(["security", "verify-cert", "-q", "-L", "-l", "-c"]).arguments([root.path().display().to_string()])
}
