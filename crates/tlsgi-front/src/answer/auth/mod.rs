//! Basic authentication (RFC 7617): which paths ask for a name and a password, and whether those that came are good.

mod check;
mod credentials;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tlsgi_cert::password::{PasswordError, Passwords};
use tlsgi_config::config::BasicAuth;

use crate::control::NamedFiles;
use crate::forwarded::letters;
use crate::http::failure::Failure;
use crate::http::head::RequestHead;
use crate::route::reading::Prefixes;
use check::Checks;
use credentials::Credentials;

/// A file that came with the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// It did not come.
    #[error("the users of {0} did not come with the configuration")]
    Missing(PathBuf),
    /// It was read by the supervisor, so that this means another version of it.
    #[error("{path}")]
    File { path: PathBuf, source: PasswordError },
}

/// Who is asked for a password on a site.
#[derive(Debug)]
pub(crate) struct Guard {
    config: BasicAuth,
    prefixes: Prefixes,
    /// Those of each rule; none where nobody is asked.
    users: ArcSwap<Vec<Option<Arc<Passwords>>>>,
    checks: Checks,
}

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unadmitted {
    /// No name and password, or none that are good: ask for them. The name that was given.
    Ask(Option<String>),
    /// Too many are being looked at.
    Busy,
}

impl Unadmitted {
    /// The answer.
    pub(crate) const fn failure(&self) -> Failure {
        match self {
            Self::Ask(None) => Failure::PasswordMissing,
            Self::Ask(Some(_)) => Failure::PasswordRejected,
            Self::Busy => Failure::PasswordsBusy,
        }
    }
}

impl Guard {
    /// The rules, with their files; none where nobody is asked.
    pub(super) fn new(config: &BasicAuth, files: &NamedFiles) -> Result<Option<Self>, AuthError> {
        if config.rules.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            prefixes: Prefixes::new(config.rules.iter().map(|rule| rule.prefix.as_str())),
            users: ArcSwap::from_pointee(read(config, files)?),
            config: config.clone(),
            checks: Checks::default(),
        }))
    }

    /// Takes new files over; what was found good by the old ones counts no more.
    pub(super) fn replace(&self, files: &NamedFiles) -> Result<(), AuthError> {
        let users = Arc::new(read(&self.config, files)?);
        self.users.store(users);
        self.checks.forget();
        Ok(())
    }

    /// `WWW-Authenticate`.
    pub(crate) fn challenge(&self) -> String {
        format!("Basic realm=\"{}\", charset=\"UTF-8\"", self.config.realm)
    }

    /// Whether the application gets the password as well.
    pub(super) const fn forwards(&self) -> bool {
        self.config.forwards
    }

    /// The user, where the path asks for one. A path that any reading puts under a prefix obeys it.
    pub(crate) async fn admit(&self, head: &RequestHead, peer: Option<IpAddr>) -> Result<Option<Arc<str>>, Unadmitted> {
        let touched = self.prefixes.touched(head.path());
        let users = self.users.load_full();
        let asking = |at: &usize| users.get(*at).is_some_and(Option::is_some);
        let mut rules = touched.any.iter().copied().filter(asking).peekable();
        if rules.peek().is_none() {
            return Ok(None);
        }
        let credentials = Credentials::of(head).ok_or(Unadmitted::Ask(None))?;
        for at in rules {
            let (Some(rule), Some(Some(users))) = (self.config.rules.get(at), users.get(at)) else {
                return Err(Unadmitted::Ask(None));
            };
            let is_meant = rule.users.is_empty() || rule.users.iter().any(|user| user == credentials.user());
            let is_good = self.checks.check(users, &credentials, peer).await.ok_or(Unadmitted::Busy)?;
            if !is_good || !is_meant {
                return Err(Unadmitted::Ask(Some(credentials.user().to_owned())));
            }
        }
        Ok(Some(credentials.user().into()))
    }
}

fn read(config: &BasicAuth, files: &NamedFiles) -> Result<Vec<Option<Arc<Passwords>>>, AuthError> {
    let mut known: Vec<(&PathBuf, Arc<Passwords>)> = Vec::new();
    let mut all = Vec::new();
    for rule in &config.rules {
        let Some(path) = &rule.file else {
            all.push(None);
            continue;
        };
        if let Some((_, users)) = known.iter().find(|(file, _)| *file == path) {
            all.push(Some(Arc::clone(users)));
            continue;
        }
        let found = files.passwords.iter().find(|(file, _)| file == path);
        let (_, text) = found.ok_or_else(|| AuthError::Missing(path.clone()))?;
        let users = Passwords::parse(text).map_err(|source| AuthError::File { path: path.clone(), source })?;
        known.push((path, Arc::new(users)));
        all.extend(known.last().map(|(_, users)| Some(Arc::clone(users))));
    }
    Ok(all)
}

/// Whether an application could take this field for the name that the server found. Lower-case name.
pub(super) fn is_about_users(name: &[u8]) -> bool {
    matches!(
        &*letters(name),
        b"remoteuser"
            | b"xremoteuser"
            | b"authuser"
            | b"xauthuser"
            | b"authtype"
            | b"xauthtype"
            | b"xuser"
            | b"xusername"
            | b"xwebauthuser"
            | b"xauthrequestuser"
            | b"xauthenticateduser"
    )
}

#[cfg(test)]
mod tests;
