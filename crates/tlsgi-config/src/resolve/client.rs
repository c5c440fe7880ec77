//! Client certificates: which prefixes ask for them, whose are accepted, who is let in.

use std::path::PathBuf;

use super::{Resolver, value, written};
use crate::config::{AllowedClient, ClientCertificates, ClientRule, Listener, Role};
use crate::diagnostic::Diagnostic;
use crate::origin::Said;
use crate::value::client::{AllowRule, ClientCertificate, ProtectedPrefix};

/// More than this no verifier follows.
const DEEPEST: u64 = 7;

impl Resolver<'_> {
    pub(super) fn client_certificates(&mut self, listeners: &[Listener]) -> ClientCertificates {
        let mut rules: Vec<ClientRule> = self.whole_site().into_iter().collect();
        for said in self.said.client_cert_path.clone() {
            rules.extend(self.prefix_rule(&said, &rules));
        }
        self.check_authority_is_used(&rules);
        self.allow(&mut rules);
        self.check_effect(listeners, !rules.is_empty());
        // Whole segments are compared: the longer of two that cover a path is the one with more of them.
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.prefix.len()));
        ClientCertificates {
            rules,
            revocation: self.said.client_crl.iter().map(|said| self.path(&said.value.0, &said.origin)).collect(),
            expired_revocation: *value(&self.said.client_crl_expired),
            depth: self.depth(),
            sends_headers: *value(&self.said.client_cert_headers),
        }
    }

    fn authority(&self) -> Option<PathBuf> {
        self.said.client_ca.as_ref().map(|said| self.path(&said.value.0, &said.origin))
    }

    fn whole_site(&mut self) -> Option<ClientRule> {
        let said = self.said.client_cert.clone()?;
        if said.value == ClientCertificate::Off {
            return None;
        }
        let Some(authority) = self.authority() else {
            let told = Diagnostic::lacks("--client-cert", "--client-ca");
            self.tell(told.hint("name the file with the authorities whose certificates are accepted"), &said.origin);
            return None;
        };
        Some(ClientRule {
            prefix: String::new(),
            is_required: said.value == ClientCertificate::Require,
            authority,
            option: "--client-ca".to_owned(),
            allow: Vec::new(),
        })
    }

    fn prefix_rule(&mut self, said: &Said<ProtectedPrefix>, rules: &[ClientRule]) -> Option<ClientRule> {
        let prefix = &said.value.prefix;
        let shown = if prefix.is_empty() { "/" } else { prefix };
        if rules.iter().any(|rule| rule.prefix == *prefix) {
            let told = if prefix.is_empty() && self.said.client_cert.is_some() {
                Diagnostic::conflict("--client-cert", "--client-cert-path /", "both decide for the whole site")
            } else {
                Diagnostic::error(format!("`--client-cert-path` names {shown} twice")).hint("a prefix has one rule")
            };
            self.tell(told, &said.origin);
            return None;
        }
        let own = said.value.authority.as_ref().map(|file| self.path(file, &said.origin));
        let option = if own.is_some() { format!("--client-cert-path {shown}") } else { "--client-ca".to_owned() };
        let Some(authority) = own.or_else(|| self.authority()) else {
            let told = Diagnostic::lacks(&format!("--client-cert-path {shown}"), "--client-ca");
            self.tell(told.hint(format!("or name its own authorities: `{shown}=FILE`")), &said.origin);
            return None;
        };
        Some(ClientRule { prefix: prefix.clone(), is_required: true, authority, option, allow: Vec::new() })
    }

    /// A file that is named and decides nothing is a misunderstanding, and never a harmless one.
    fn check_authority_is_used(&mut self, rules: &[ClientRule]) {
        let Some(said) = self.said.client_ca.clone() else { return };
        if rules.iter().any(|rule| rule.option == "--client-ca") || self.told.has_errors() {
            return;
        }
        let told = match &self.said.client_cert {
            Some(_) => Diagnostic::without_effect("--client-ca", "`--client-cert` is off, and no prefix uses it"),
            None => Diagnostic::error("`--client-ca` does not say what is asked of clients")
                .hint("add `--client-cert require`, `--client-cert request` or `--client-cert-path /PREFIX`"),
        };
        self.tell(told, &said.origin);
    }

    fn allow(&mut self, rules: &mut [ClientRule]) {
        let said = self.said.client_allow.clone();
        let own = |prefix: &str| clients(said.iter().filter(|said| said.value.prefix.as_deref() == Some(prefix)));
        let common: Vec<_> = clients(said.iter().filter(|said| said.value.prefix.is_none()));
        for rule in &mut *rules {
            let own = own(&rule.prefix);
            rule.allow = if own.is_empty() { common.clone() } else { own };
        }
        for said in &said {
            let is_known = |prefix: &String| rules.iter().any(|rule| rule.prefix == *prefix);
            match &said.value.prefix {
                _ if self.told.has_errors() => {}
                None if rules.is_empty() => self.tell(
                    Diagnostic::lacks("--client-allow", "--client-ca")
                        .hint("and `--client-cert` or `--client-cert-path`: nobody is asked for a certificate"),
                    &said.origin,
                ),
                Some(prefix) if !is_known(prefix) => {
                    let shown = if prefix.is_empty() { "/" } else { prefix };
                    let told =
                        Diagnostic::error(format!("`--client-allow` names {shown}, which asks for no certificate"));
                    self.tell(told.hint(format!("add `--client-cert-path {shown}`")), &said.origin);
                }
                _ => {}
            }
        }
    }

    fn check_effect(&mut self, listeners: &[Listener], has_rules: bool) {
        if self.told.has_errors() {
            return;
        }
        if has_rules {
            let is_https = |listener: &Listener| listener.role == Role::Https;
            if !listeners.is_empty() && !listeners.iter().any(is_https) {
                self.told.push(Diagnostic::error("client certificates need an HTTPS listener, and there is none"));
            }
            return;
        }
        if let Some(said) = self.said.client_crl.first().cloned() {
            let told = Diagnostic::lacks("--client-crl", "--client-ca");
            self.tell(
                told.hint("and `--client-cert` or `--client-cert-path`: nobody is asked for a certificate"),
                &said.origin,
            );
        }
        let origins = [
            ("--client-verify-depth", written(&self.said.client_verify_depth).map(|said| said.origin.clone())),
            ("--client-crl-expired", written(&self.said.client_crl_expired).map(|said| said.origin.clone())),
            ("--client-cert-headers", written(&self.said.client_cert_headers).map(|said| said.origin.clone())),
        ];
        for (flag, origin) in origins {
            if let Some(origin) = origin {
                self.tell(Diagnostic::without_effect(flag, "no client is asked for a certificate"), &origin);
            }
        }
    }

    fn depth(&mut self) -> u32 {
        let depth = value(&self.said.client_verify_depth).0;
        if let Some(said) = written(&self.said.client_verify_depth).cloned()
            && depth > DEEPEST
        {
            let told = Diagnostic::invalid("--client-verify-depth", &depth.to_string(), "at most 7 are followed");
            self.tell(told, &said.origin);
        }
        u32::try_from(depth.min(DEEPEST)).unwrap_or_default()
    }
}

fn clients<'a>(said: impl Iterator<Item = &'a Said<AllowRule>>) -> Vec<AllowedClient> {
    said.map(|said| said.value.client.clone()).collect()
}
