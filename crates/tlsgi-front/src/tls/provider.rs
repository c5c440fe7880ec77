//! What rustls offers where a site's policy is in force: versions, suites, groups, compression of certificates.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, ALL_KX_GROUPS, default_provider};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, SupportedCipherSuite, SupportedProtocolVersion};
use tlsgi_config::config::TlsPolicy;

/// The crypto provider with the policy's suites and groups in its order.
pub(super) fn provider(policy: &TlsPolicy) -> Result<CryptoProvider, Error> {
    let unknown = |what: &str, number: u16| Error::General(format!("{what} {number:#06x} is not offered"));
    let suite = |&number: &u16| suite(number).ok_or_else(|| unknown("the cipher suite", number));
    let group = |&number: &u16| group(number).ok_or_else(|| unknown("the key exchange group", number));
    Ok(CryptoProvider {
        cipher_suites: policy.suites.iter().map(suite).collect::<Result<_, _>>()?,
        kx_groups: policy.groups.iter().map(group).collect::<Result<_, _>>()?,
        ..default_provider()
    })
}

/// The versions that a policy has suites for.
pub(super) fn versions(provider: &CryptoProvider) -> Vec<&'static SupportedProtocolVersion> {
    let has = |version: &&SupportedProtocolVersion| {
        provider.cipher_suites.iter().any(|suite| suite.version().version == version.version)
    };
    [&TLS13, &TLS12].into_iter().filter(has).collect()
}

fn suite(number: u16) -> Option<SupportedCipherSuite> {
    ALL_CIPHER_SUITES.iter().copied().find(|suite| u16::from(suite.suite()) == number)
}

fn group(number: u16) -> Option<&'static dyn SupportedKxGroup> {
    ALL_KX_GROUPS.iter().copied().find(|group| u16::from(group.name()) == number)
}

/// Remembers compressed certificates, for all sites together.
pub(super) fn compression_cache() -> Arc<rustls::compress::CompressionCache> {
    /// A chain compresses in milliseconds, and has a kilobyte or two; more sites than this take turns.
    const CERTIFICATES: usize = 256;
    Arc::new(rustls::compress::CompressionCache::new(CERTIFICATES))
}

#[cfg(test)]
mod tests {
    use tlsgi_config::value::cipher;

    use super::*;

    #[test]
    fn mozilla_s_intermediate_profile_is_all_that_the_library_has() {
        let provider = provider(&TlsPolicy::default()).expect("known numbers");
        assert_eq!(provider.cipher_suites.len(), ALL_CIPHER_SUITES.len());
        assert_eq!(u16::from(provider.kx_groups[0].name()), 0x11ec, "X25519MLKEM768 first");
        assert_eq!(versions(&provider), [&TLS13, &TLS12]);
    }

    #[test]
    fn a_version_without_suites_is_not_spoken() {
        let of = |suites: &[u16]| TlsPolicy { suites: suites.to_vec(), ..TlsPolicy::default() };
        assert_eq!(versions(&provider(&of(&cipher::TLS13)).expect("known")), [&TLS13]);
        assert_eq!(versions(&provider(&of(&cipher::TLS12)).expect("known")), [&TLS12]);
        assert!(provider(&of(&[0x0035])).is_err());
    }
}
