//! Proxies in front of the server.

use super::Resolver;
use crate::config::{ForwardedField, Proxies, TrustedProxy};
use crate::diagnostic::Diagnostic;

/// What a trusted proxy is believed in when nothing is named: what nearly all of them set.
const USUAL: [ForwardedField; 2] = [ForwardedField::XForwardedFor, ForwardedField::XForwardedProto];

impl Resolver<'_> {
    pub(super) fn proxies(&mut self) -> Proxies {
        let trusted: Vec<TrustedProxy> = self.said.trusted_proxy.iter().map(|said| said.value).collect();
        let mut fields: Vec<ForwardedField> = self.said.trust.iter().map(|said| said.value).collect();
        if trusted.is_empty() {
            if let Some(said) = self.said.trust.first().cloned() {
                let told = Diagnostic::lacks("--trust", "--trusted-proxy");
                self.tell(
                    told.hint("name the addresses of your proxies, for example `--trusted-proxy 10.0.0.0/8`"),
                    &said.origin,
                );
            }
            return Proxies::default();
        }
        let everybody = |proxy: &TrustedProxy| matches!(proxy, TrustedProxy::Network { length: 0, .. });
        if let Some(said) = self.said.trusted_proxy.iter().find(|said| everybody(&said.value)).cloned() {
            let told = Diagnostic::warning("`--trusted-proxy` lets every client say where it comes from");
            self.tell(told.hint("name the addresses of your proxies"), &said.origin);
        }
        if fields.is_empty() {
            fields.extend(USUAL);
        }
        Proxies { trusted, fields }
    }
}
