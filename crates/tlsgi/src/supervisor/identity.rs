//! As whom the processes of this server run: names looked up, and what the supervisor itself gives up.

use rustix::process::{getegid, geteuid};
use rustix::thread::CapabilitySet;
use tlsgi_config::Config;
use tlsgi_config::config::{self, Sandbox};
use tlsgi_front::control::{Confinement, FrontIdentity};
use tlsgi_sys::account::{Account, AccountError};
use tlsgi_sys::privilege;

use super::error::Error;

/// Who a process becomes; `None` where it stays who starts the server.
pub(crate) fn of(named: &config::Account) -> Result<Option<Account>, Error> {
    if named.is_unnamed() {
        return Ok(None);
    }
    let account = match Account::find(named.user.as_deref(), named.group.as_deref(), &named.groups) {
        // In small images nobody has no entry in the user database.
        Err(AccountError::NoUser(name)) if name == "nobody" && named.group.is_none() => Account::nobody(),
        found => found?,
    };
    let identity = &account.identity;
    if geteuid().is_root() {
        let is_plain_root = identity.user == 0 && named.group.is_none() && named.groups.is_empty();
        return Ok((!is_plain_root).then_some(account));
    }
    let is_own = identity.user == geteuid().as_raw() && identity.group == getegid().as_raw();
    if is_own && named.groups.is_empty() { Ok(None) } else { Err(Error::NotRoot { name: account.name }) }
}

/// Who the front becomes.
pub(crate) fn of_front(config: &Config) -> Result<Option<Account>, Error> {
    let nobody = Account::nobody();
    if config.front_leaves_root && privilege::may_become(&nobody.identity) {
        return Ok(Some(nobody));
    }
    of(&config.front)
}

/// What a front is told about it.
pub(super) fn confinement(front: Option<&Account>) -> Confinement {
    let identity = front.map(|account| {
        let identity = account.identity.clone();
        FrontIdentity { user: identity.user, group: identity.group, groups: identity.groups }
    });
    Confinement { identity }
}

/// The name of whom a process runs as.
pub(super) fn name(account: Option<&Account>) -> String {
    match account {
        Some(account) => account.name.clone(),
        None => Account::find(Some(&geteuid().as_raw().to_string()), None, &[])
            .map_or_else(|_| geteuid().as_raw().to_string(), |own| own.name),
    }
}

/// A supervisor that runs as root keeps what it needs for ports, files and children of other users. Where an application is to run
/// as root it keeps everything: what it gives up, that could never have.
pub(super) fn limit(config: &Config) {
    let runs_as_root =
        |pool: &config::Pool| !matches!(of(&pool.account), Ok(Some(account)) if account.identity.user != 0);
    if !geteuid().is_root() || config.pools.iter().any(runs_as_root) {
        return;
    }
    // Who holds a port of ours is looked up once, at the start.
    if let Err(error) = privilege::limit_to(privilege::SUPERVISOR | CapabilitySet::SYS_PTRACE) {
        tracing::warn!("the supervisor keeps capabilities that it does not need: {error}");
    }
}

/// Addresses are bound: nothing of other processes is looked at any more.
pub(super) fn limit_further() {
    let most = privilege::SUPERVISOR | CapabilitySet::SYS_PTRACE;
    let is_limited = rustix::thread::capabilities(None).is_ok_and(|sets| most.contains(sets.permitted));
    if geteuid().is_root()
        && is_limited
        && let Err(error) = privilege::limit_to(privilege::SUPERVISOR)
    {
        tracing::warn!("the supervisor keeps a capability that it does not need: {error}");
    }
}

/// What would be said about the front of this configuration on this machine.
pub(crate) fn front_in_words(config: &Config) -> String {
    let account = of_front(config).ok().flatten();
    let available = match config.sandbox {
        Sandbox::Off => tlsgi_front::control::Confined::default(),
        Sandbox::Auto | Sandbox::Require => tlsgi_front::confine::available(),
    };
    of_front_in_words(config, available, &name(account.as_ref()))
}

/// What is said about the front at the start: as whom, and behind what.
pub(super) fn of_front_in_words(config: &Config, confined: tlsgi_front::control::Confined, name: &str) -> String {
    let parts = [
        confined.landlock.map(|version| format!("Landlock {version}")),
        confined.seccomp.then(|| "system-call filter".to_owned()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let sandbox = match (config.sandbox, parts.is_empty()) {
        (Sandbox::Off, _) => "no sandbox (--sandbox off)".to_owned(),
        (_, true) => "no sandbox: the kernel has none".to_owned(),
        _ => format!("sandbox: {}", parts.join(", ")),
    };
    format!("as {name}; {sandbox}")
}
