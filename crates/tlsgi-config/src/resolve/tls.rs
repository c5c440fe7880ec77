//! Versions, suites and groups of TLS: a profile, and what was said beside it.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Resolver, value, written};
use crate::config::{Site, TlsPolicy, TlsVersion};
use crate::diagnostic::Diagnostic;
use crate::value::cipher::{TLS12, TLS13};
use crate::value::tls::GROUPS;
use crate::value::{TlsProfile, Value as _};

const OFFERED: &str = "offered are ECDHE with AES-GCM or ChaCha20-Poly1305, and the suites of TLS 1.3";

impl Resolver<'_> {
    /// Clients that connect by address send no name: whoever serves addresses should know.
    pub(super) fn sni_strict(&mut self, sites: &[Site]) -> bool {
        let said = self.said.sni_strict.clone();
        let Some(said) = said.filter(|said| said.value) else { return false };
        let is_address = |name: &&String| name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok();
        if let Some(name) = sites.iter().flat_map(|site| &site.names).find(is_address) {
            let told = Diagnostic::warning(format!("`--sni-strict` refuses the clients of {name}"));
            self.tell(told.hint("clients that connect by address name no site"), &said.origin);
        }
        true
    }

    /// Clients keep a ticket for a week at most (RFC 9846, 4.6.1).
    pub(super) fn ticket_rotation(&mut self) -> Option<Duration> {
        const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
        let said = self.said.tls_ticket_rotation.clone();
        let (period, said) = (value(&said).0.as_ref()?.0, said.as_ref()?);
        if period < Duration::from_secs(1) || period > WEEK {
            let why = "expected a time from 1s to 7d, or `none`";
            self.tell(Diagnostic::invalid("--tls-ticket-rotation", &said.value.write(), why), &said.origin);
        }
        Some(period)
    }

    pub(super) fn tls(&mut self) -> TlsPolicy {
        let is_modern = *value(&self.said.tls_profile) == TlsProfile::Modern;
        let least = written(&self.said.tls_min).cloned();
        if let Some(said) = least.as_ref().filter(|said| is_modern && said.value == TlsVersion::Tls12) {
            let why = "that profile has TLS 1.3 alone";
            self.tell(Diagnostic::conflict("--tls-profile modern", "--tls-min 1.2", why), &said.origin);
        }
        let is_13_alone = is_modern || least.as_ref().is_some_and(|said| said.value == TlsVersion::Tls13);
        TlsPolicy {
            suites: self.suites(is_13_alone, least.is_some_and(|said| said.value == TlsVersion::Tls12)),
            groups: self.groups(),
            order: *value(&self.said.tls_order),
        }
    }

    /// `is_13_alone`: TLS 1.2 was excluded. `wants_12`: it was asked for.
    fn suites(&mut self, is_13_alone: bool, wants_12: bool) -> Vec<u16> {
        let Some(said) = written(&self.said.tls_ciphers).cloned() else {
            let tls12 = if is_13_alone { &[][..] } else { &TLS12[..] };
            return TLS13.iter().chain(tls12).copied().collect();
        };
        let mut selection = said.value.select();
        if !selection.unsupported.is_empty() {
            let parts = selection.unsupported.join("`, `");
            let told = Diagnostic::warning(format!("`--tls-ciphers` names what is not offered: `{parts}`"));
            self.tell(told.hint(OFFERED), &said.origin);
        }
        if is_13_alone && selection.speaks_of_tls12 {
            if selection.tls13.is_none() {
                let why = "its suites are those of TLS 1.2, which is not spoken";
                self.tell(
                    Diagnostic::without_effect("--tls-ciphers", why).hint("suites of TLS 1.3 begin with TLS_"),
                    &said.origin,
                );
            }
            selection.tls12.clear();
        }
        let tls13 = selection.tls13.unwrap_or_else(|| TLS13.to_vec());
        let lacks = match (wants_12 && selection.tls12.is_empty(), is_13_alone && tls13.is_empty()) {
            (true, _) => Some("--tls-min 1.2"),
            (_, true) => Some("TLS 1.3 alone"),
            _ => None,
        };
        if let Some(what) = lacks {
            let told = Diagnostic::error(format!("`--tls-ciphers {}` leaves no suite for {what}", said.value.write()));
            self.tell(told.hint(OFFERED), &said.origin);
        }
        tls13.into_iter().chain(selection.tls12).collect()
    }

    fn groups(&mut self) -> Vec<u16> {
        let Some(said) = written(&self.said.tls_groups).cloned() else { return GROUPS.to_vec() };
        if !said.value.unsupported.is_empty() {
            let names = said.value.unsupported.join("`, `");
            self.tell(
                Diagnostic::warning(format!("`--tls-groups` names what is not offered: `{names}`")),
                &said.origin,
            );
        }
        said.value.groups
    }
}
