//! As whom the processes run.

use super::pool::NAME;
use super::{Resolver, written};
use crate::config::{Account, Pool, Site};
use crate::diagnostic::Diagnostic;
use crate::document::Part;
use crate::option::One;
use crate::value::AccountName;

impl Resolver<'_> {
    /// As whom the pool's application runs.
    pub(super) fn account(&mut self, part: &Part) -> Account {
        let account = Account {
            user: name(&self.said.user),
            group: name(&self.said.group),
            groups: self.said.supplementary_group.iter().map(|said| said.value.0.clone()).collect(),
        };
        if self.facts.is_root && account.user.is_none() {
            let whose = if part.name == NAME { String::new() } else { format!(" of the pool `{}`", part.name) };
            let told = Diagnostic::warning(format!(
                "the application{whose} runs as root: the server was started by root, and no user is named"
            ));
            self.told.push(told.hint("for example `--user www-data`; `--user root` says that it is meant"));
        }
        account
    }

    /// As whom the front runs: its own user, else the one named for all applications.
    pub(super) fn front_account(&self) -> Account {
        let own = &self.said.front_user;
        let user = name(own).or_else(|| name(&self.said.user));
        let group = name(&self.said.front_group);
        let shared = || name(&self.said.group).filter(|_| own.is_none());
        let groups = self.said.supplementary_group.iter().filter(|_| own.is_none()).map(|said| said.value.0.clone());
        Account { group: group.or_else(shared), groups: groups.collect(), user }
    }

    /// Whether a front for which nobody is named should be nobody. Where applications run as root, static folders may be for root's eyes
    /// only: it stays root for them, without root's powers.
    pub(super) fn front_leaves_root(&self, sites: &[Site], pools: &[Pool]) -> bool {
        let has_files = sites.iter().any(|site| !site.mounts.is_empty());
        let stays = has_files && pools.iter().any(|pool| pool.account.user.is_none());
        self.facts.is_root && self.front_account().is_unnamed() && !stays
    }

    /// `--virtualenv` and `--python` name one interpreter.
    pub(super) fn check_virtualenv(&mut self, part: &Part) {
        let is_own = (part.layer.python.is_some(), part.layer.virtualenv.is_some());
        if is_own.0 == is_own.1
            && let (Some(_), Some(said)) = (written(&self.said.python), written(&self.said.virtualenv).cloned())
        {
            let told = Diagnostic::conflict("--virtualenv", "--python", "both choose the interpreter");
            self.tell(told.hint("leave out one of them"), &said.origin);
        }
    }
}

fn name(said: &One<AccountName>) -> Option<String> {
    said.as_ref().map(|said| said.value.0.clone())
}
