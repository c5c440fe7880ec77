//! The root itself: made, or read and checked.

use aws_lc_rs::rand;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyUsagePurpose, NameConstraints};
use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use super::store::Store;
use super::{Signer, constraints, serial};
use crate::error::Error;
use crate::key::{KeyKind, PrivateKey};
use crate::load::{Loaded, Material, load};

const LIFE: Duration = Duration::days(3650);
const BACKDATED: Duration = Duration::days(1);

pub(super) struct Root {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKey,
    pub(super) not_after: OffsetDateTime,
}

impl Root {
    /// The root on disk; none if there is none, or only a key that an interrupted start left.
    pub(super) fn read(store: &Store, now: OffsetDateTime) -> Result<Option<Self>, Error> {
        let Some(certificate) = store.read(&store.certificate())? else { return Ok(None) };
        let Some(key) = store.read(&store.key())? else {
            return Err(Error::RootWithoutKey { certificate: store.certificate(), key: store.key() });
        };
        let material = Material { certificate, key: Some(key), chain: None, passphrase: None };
        let Loaded { mut chain, key, facts, .. } = load(&material, &[], now)?;
        if !facts.is_ca {
            return Err(Error::NotAuthority { path: store.certificate() });
        }
        Ok(Some(Self { certificate: chain.swap_remove(0), key, not_after: facts.not_after }))
    }

    pub(super) fn create(now: OffsetDateTime) -> Result<Self, Error> {
        let key = PrivateKey::generate(KeyKind::P256)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "tlsgi local CA");
        params.distinguished_name.push(DnType::CommonName, common_name()?);
        params.not_before = now - BACKDATED;
        params.not_after = now + LIFE;
        params.serial_number = Some(serial()?);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees: constraints::permitted(), excluded_subtrees: Vec::new() });
        let certificate = params
            .self_signed(&Signer(&key))
            .map_err(|source| Error::Make { what: "root certificate", source: Box::new(source) })?;
        Ok(Self { certificate: certificate.der().clone(), key, not_after: params.not_after })
    }
}

/// Tells roots of several machines apart in a trust store, and this root from its successor.
fn common_name() -> Result<String, Error> {
    let mut tag = [0; 3];
    rand::fill(&mut tag).map_err(|source| Error::Make { what: "name", source: Box::new(source) })?;
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).take(32).collect();
    let tag = tag.map(|byte| format!("{byte:02x}")).concat();
    Ok(format!("tlsgi local CA {host} {tag}"))
}
