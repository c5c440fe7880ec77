//! A user that nobody named: another server would have taken it, and it is taken where it can run the application.

use std::path::{Path, PathBuf};

use tlsgi_config::config::{Account, Pool};
use tlsgi_config::resolve::Facts;
use tlsgi_config::{Diagnostic, Diagnostics, Document, Origin, resolve};

use crate::supervisor::account_of;
use crate::supervisor::interpreter::{executable, look};

/// Leaves the user out where this server is not started by root, where there is no such user, and where the application or its interpreter is
/// closed to that user: then it runs as before, with a warning that says so.
pub(super) fn settle(said: &mut Document, facts: &Facts) -> Diagnostics {
    let mut told = Diagnostics::default();
    let Some(user) = said.server.user.clone().filter(|said| said.origin == Origin::Default) else { return told };
    let lacks = match (facts.is_root, resolve(said.clone(), facts).0) {
        (true, Some(config)) => {
            let named = Account { user: Some(user.value.0.clone()), ..Account::default() };
            let as_named = config.pools.iter().filter(|pool| pool.account.user == named.user);
            as_named.filter_map(|pool| obstacle(pool, &named)).next()
        }
        (true, None) => None,
        (false, _) => Some(None),
    };
    let Some(obstacle) = lacks else { return told };
    said.server.user = None;
    if let Some(closed) = obstacle {
        let message = format!("the user {} cannot run the application, and no other is named", user.value.0);
        told.push(Diagnostic::warning(message).hint(format!("that user may not enter {}", closed.display())));
    }
    told
}

/// What is closed to the user; an inner none where there is no such user.
fn obstacle(pool: &Pool, named: &Account) -> Option<Option<PathBuf>> {
    let Ok(Some(account)) = account_of(named) else { return Some(None) };
    let module = pool.application.reference.split(':').next().unwrap_or_default();
    let script = Path::new(module).parent().filter(|_| module.contains('/')).map(Path::to_owned);
    let interpreter = pool.python.clone().or_else(|| look(&executable()));
    let needed = pool.directory.clone().into_iter().chain(script).chain(interpreter);
    needed.filter_map(|path| account.identity.obstacle(&path)).next().map(Some)
}
