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
        let protocol = self.said.proxy_protocol.clone().filter(|said| said.value);
        if trusted.is_empty() {
            if let Some(said) = &protocol {
                let told = Diagnostic::lacks("--proxy-protocol", "--trusted-proxy");
                self.tell(
                    told.hint("name the addresses that may announce clients, for example `--trusted-proxy 10.0.0.0/8`"),
                    &said.origin,
                );
            }
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
        // Behind a proxy that only passes bytes on, fields are the client's.
        if fields.is_empty() && protocol.is_none() {
            fields.extend(USUAL);
        }
        Proxies { trusted, fields, protocol: protocol.is_some() }
    }
}
