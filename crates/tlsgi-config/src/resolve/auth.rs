//! Basic authentication: which prefixes ask for a password, from which file, and of whom.

use std::path::PathBuf;

use super::{Resolver, value, written};
use crate::config::{AuthRule, BasicAuth};
use crate::diagnostic::Diagnostic;
use crate::origin::Said;
use crate::value::auth::{AuthPath, UsersOf};

impl Resolver<'_> {
    pub(super) fn basic_auth(&mut self) -> BasicAuth {
        let mut rules: Vec<AuthRule> = Vec::new();
        for said in self.said.basic_auth_path.clone() {
            rules.extend(self.auth_path(&said, &rules));
        }
        let site = self.users_of_site();
        // Where only exceptions are named, the rest asks.
        let asks_all = rules.iter().all(|rule| rule.file.is_none());
        if let Some(file) = site.filter(|_| asks_all && !rules.iter().any(|rule| rule.prefix.is_empty())) {
            rules.push(AuthRule { prefix: String::new(), file: Some(file), users: Vec::new() });
        }
        if rules.iter().all(|rule| rule.file.is_none()) {
            self.refuse_auth_of_nobody(rules.is_empty());
            return BasicAuth::default();
        }
        self.users(&mut rules);
        self.check_passwords_are_private();
        // Whole segments are compared: the longer of two that cover a path is the one with more of them.
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.prefix.len()));
        BasicAuth {
            rules,
            realm: value(&self.said.basic_auth_realm).0.clone(),
            forwards: *value(&self.said.basic_auth_forward),
        }
    }

    fn users_of_site(&self) -> Option<PathBuf> {
        self.said.basic_auth_file.as_ref().map(|said| self.path(&said.value.0, &said.origin))
    }

    fn auth_path(&mut self, said: &Said<AuthPath>, rules: &[AuthRule]) -> Option<AuthRule> {
        let prefix = &said.value.prefix;
        let shown = if prefix.is_empty() { "/" } else { prefix };
        if rules.iter().any(|rule| rule.prefix == *prefix) {
            let told = Diagnostic::error(format!("`--basic-auth-path` names {shown} twice"));
            self.tell(told.hint("a prefix has one rule"), &said.origin);
            return None;
        }
        let file = match &said.value.users {
            UsersOf::Nobody => None,
            UsersOf::File(file) => Some(self.path(file, &said.origin)),
            UsersOf::Site => match self.users_of_site() {
                Some(file) => Some(file),
                None => {
                    let told = Diagnostic::lacks(&format!("--basic-auth-path {shown}"), "--basic-auth-file");
                    self.tell(told.hint(format!("or name its own users: `{shown}=FILE`")), &said.origin);
                    return None;
                }
            },
        };
        Some(AuthRule { prefix: prefix.clone(), file, users: Vec::new() })
    }

    /// What says something about users, and changes nothing, is a misunderstanding and never a harmless one.
    fn refuse_auth_of_nobody(&mut self, is_empty: bool) {
        if self.told.has_errors() {
            return;
        }
        if let Some(said) = self.said.basic_auth_path.first().filter(|_| !is_empty).cloned() {
            let told = Diagnostic::error("`--basic-auth-path` asks nobody: there is no `--basic-auth-file`");
            self.tell(told, &said.origin);
        }
        if let Some(said) = self.said.basic_auth_user.first().cloned() {
            self.tell(Diagnostic::lacks("--basic-auth-user", "--basic-auth-file"), &said.origin);
        }
        let origins = [
            ("--basic-auth-realm", written(&self.said.basic_auth_realm).map(|said| said.origin.clone())),
            ("--basic-auth-forward", written(&self.said.basic_auth_forward).map(|said| said.origin.clone())),
            ("--basic-auth-plain", written(&self.said.basic_auth_plain).map(|said| said.origin.clone())),
        ];
        for (flag, origin) in origins {
            if let Some(origin) = origin {
                self.tell(Diagnostic::without_effect(flag, "nobody is asked for a password"), &origin);
            }
        }
    }

    fn users(&mut self, rules: &mut [AuthRule]) {
        let said = self.said.basic_auth_user.clone();
        for rule in &mut *rules {
            let of = |prefix: Option<&str>| -> Vec<String> {
                let those = said.iter().filter(|said| said.value.prefix.as_deref() == prefix);
                those.map(|said| said.value.name.clone()).collect()
            };
            let own = of(Some(&rule.prefix));
            rule.users = if own.is_empty() { of(None) } else { own };
        }
        for said in &said {
            let Some(prefix) = &said.value.prefix else { continue };
            if !rules.iter().any(|rule| rule.prefix == *prefix && rule.file.is_some()) {
                let shown = if prefix.is_empty() { "/" } else { prefix };
                let told = Diagnostic::error(format!("`--basic-auth-user` names {shown}, which asks for no password"));
                self.tell(told.hint(format!("add `--basic-auth-path {shown}`")), &said.origin);
            }
        }
    }

    /// A password that is sent in the clear is everybody's.
    fn check_passwords_are_private(&mut self) {
        if !*value(&self.said.allow_http) || *value(&self.said.basic_auth_plain) {
            return;
        }
        let origins = [
            written(&self.said.allow_http).map(|said| said.origin.clone()),
            self.said.basic_auth_file.as_ref().map(|said| said.origin.clone()),
            self.said.basic_auth_path.first().map(|said| said.origin.clone()),
        ];
        let told = Diagnostic::conflict(
            "--allow-http",
            "--basic-auth-file",
            "over plain HTTP everybody on the way reads the passwords",
        );
        let told = told.hint("leave `--allow-http` out: plain HTTP is redirected; `--basic-auth-plain` takes the risk");
        if let Some(origin) = origins.into_iter().flatten().next() {
            self.tell(told, &origin);
        }
    }
}
