//! The root itself: made, or read and checked.

use aws_lc_rs::rand;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    NameConstraints,
};
use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use super::order::after_months;
use super::store::{Role, Store};
use super::{NewRoot, Scope, Signer, constraints, serial};
use crate::error::Error;
use crate::key::PrivateKey;
use crate::load::{Loaded, Material, load};

/// In the subject of every root that is made here.
const ORGANISATION: &str = "tlsgi local";

const LIFE: Duration = Duration::days(3650);
const BACKDATED: Duration = Duration::days(1);

pub(super) struct Root {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKey,
    pub(super) not_after: OffsetDateTime,
    /// Made by tlsgi, so that it may make its successor.
    pub(super) is_own: bool,
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
        let is_own = facts.subject.contains(ORGANISATION);
        Ok(Some(Self { certificate: chain.swap_remove(0), key, not_after: facts.not_after, is_own }))
    }

    pub(super) fn create(wish: &NewRoot, role: Role, now: OffsetDateTime) -> Result<Self, Error> {
        let key = PrivateKey::generate(wish.key)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.serial_number = Some(serial()?);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.not_before = now - BACKDATED;
        params.not_after = now + LIFE;
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let mut name = |kind: DnType, text: &str| params.distinguished_name.push(kind, text);
        match (&wish.mkcert_owner, role) {
            (Some(owner), _) => {
                name(DnType::OrganizationName, "mkcert development CA");
                name(DnType::OrganizationalUnitName, owner);
                name(DnType::CommonName, &format!("mkcert {owner}"));
                params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
                params.not_before = now;
                params.not_after = after_months(now, 120);
            }
            (None, Role::Servers) => {
                name(DnType::OrganizationName, "tlsgi local CA");
                name(DnType::CommonName, &common_name("tlsgi local CA")?);
            }
            (None, Role::Clients) => {
                name(DnType::OrganizationName, "tlsgi local client CA");
                name(DnType::CommonName, &common_name("tlsgi client CA")?);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }
        }
        if let (Scope::Local { also }, Role::Servers) = (&wish.scope, role) {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: constraints::permitted(also),
                excluded_subtrees: Vec::new(),
            });
        }
        let certificate = params
            .self_signed(&Signer(&key))
            .map_err(|source| Error::Make { what: "root certificate", source: Box::new(source) })?;
        Ok(Self { certificate: certificate.der().clone(), key, not_after: params.not_after, is_own: true })
    }
}

/// Tells roots of several machines apart in a trust store, and this root from its successor.
fn common_name(kind: &str) -> Result<String, Error> {
    let mut tag = [0; 3];
    rand::fill(&mut tag).map_err(|source| Error::Make { what: "name", source: Box::new(source) })?;
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).take(32).collect();
    let tag = tag.map(|byte| format!("{byte:02x}")).concat();
    Ok(format!("{kind} {host} {tag}"))
}
