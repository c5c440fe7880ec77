//! The local CA: one root in a directory, leaves for this machine and its network issued on the spot. Not the trust stores.

mod constraints;
mod root;
mod store;

use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose,
    PublicKeyData, SanType, SerialNumber, SigningKey,
};
use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use self::constraints::Constraints;
use self::root::Root;
use self::store::Store;
use crate::error::Error;
use crate::finding::{Finding, Moment};
use crate::key::{Algorithm, KeyKind, PrivateKey};
use crate::load::{self, Loaded};
use crate::name::Name;

/// How long a leaf is valid. Browsers refuse more than 398 days; the server renews it itself after two thirds.
const LEAF_LIFE: Duration = Duration::days(90);

/// How far in the past a leaf begins, for clients with a slow clock.
const BACKDATED: Duration = Duration::hours(1);

/// A root nearer to its end than this is replaced.
const ROOT_RESERVE: Duration = Duration::days(30);

/// A root certificate with its key.
pub struct LocalCa {
    root: Root,
    path: PathBuf,
    constraints: Constraints,
    findings: Vec<Finding>,
}

impl LocalCa {
    /// Opens the root in `rootCA.pem` and `rootCA-key.pem`, or makes one: P-256, ten years, constrained to names of this machine
    /// and its private network. Several processes may call this at once and share one root. Blocks while another one writes.
    ///
    /// # Errors
    /// The directory cannot be used, or what is there is no root with its key.
    pub fn open_or_create(directory: &Path, now: OffsetDateTime) -> Result<Self, Error> {
        let store = Store::open(directory)?;
        let mut findings = Vec::new();
        let root = match Root::read(&store, now)? {
            Some(root) if root.not_after - now > ROOT_RESERVE => root,
            old => {
                let root = Root::create(now)?;
                store.write(&root.key.to_pkcs8()?, &root.certificate)?;
                let path = store.certificate();
                findings.push(match old {
                    Some(old) => Finding::RootReplaced { path, at: Moment(old.not_after) },
                    None => Finding::RootCreated { path },
                });
                root
            }
        };
        findings.extend(store.exposed_key());
        let constraints = Constraints::of(&root.certificate);
        Ok(Self { root, path: store.certificate(), constraints, findings })
    }

    /// What happened when it was opened: made, replaced, readable for others.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The root's file, for `curl --cacert` and the trust stores.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The root.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.root.certificate
    }

    /// When the root has to be opened again to be replaced; leaves never outlive it.
    #[must_use]
    pub fn renew_at(&self) -> OffsetDateTime {
        self.root.not_after - ROOT_RESERVE
    }

    /// Issues a leaf with a new key for `localhost`, `127.0.0.1`, `::1` and these names. Names that the root's constraints
    /// exclude are left out and reported, because one of them would make clients refuse the whole certificate.
    ///
    /// # Errors
    /// The library's.
    pub fn issue(&self, names: &[Name], now: OffsetDateTime) -> Result<Loaded, Error> {
        let mut all = vec![
            Name::Dns("localhost".to_owned()),
            Name::Address([127, 0, 0, 1].into()),
            Name::Address(std::net::Ipv6Addr::LOCALHOST.into()),
        ];
        for name in names {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        let (allowed, outside): (Vec<_>, Vec<_>) = all.into_iter().partition(|name| self.constraints.permit(name));
        let key = PrivateKey::generate(KeyKind::P256)?;
        let failed = |source: rcgen::Error| Error::Make { what: "certificate", source: Box::new(source) };
        let issuer = Issuer::from_ca_cert_der(&self.root.certificate, Signer(&self.root.key)).map_err(failed)?;
        let not_after = (now + LEAF_LIFE).min(self.root.not_after);
        let params = leaf(&allowed, now - BACKDATED, not_after)?;
        let certificate = params.signed_by(&Signer(&key), &issuer).map_err(failed)?;
        load::issued(certificate.der(), key, self.remarks(&allowed, &outside))
    }

    fn remarks(&self, allowed: &[Name], outside: &[Name]) -> Vec<Finding> {
        let text = |names: &[Name]| names.iter().map(Name::to_string).collect::<Vec<_>>();
        let wildcards = allowed.iter().filter(|name| name.is_top_level_wildcard());
        let mut found: Vec<_> = wildcards.map(|name| Finding::TopLevelWildcard { name: name.to_string() }).collect();
        if !outside.is_empty() {
            found.push(Finding::OutsideConstraints { names: text(outside), permitted: self.constraints.describe() });
        }
        found
    }
}

fn leaf(names: &[Name], not_before: OffsetDateTime, not_after: OffsetDateTime) -> Result<CertificateParams, Error> {
    let alternative = |name: &Name| match name {
        Name::Dns(name) => name.as_str().try_into().map(SanType::DnsName),
        Name::Address(address) => Ok(SanType::IpAddress(*address)),
    };
    let failed = |source: rcgen::Error| Error::Make { what: "certificate", source: Box::new(source) };
    let mut params = CertificateParams::default();
    params.subject_alt_names = names.iter().map(alternative).collect::<Result<_, _>>().map_err(failed)?;
    params.distinguished_name = DistinguishedName::new();
    let common =
        names.iter().map(Name::to_string).find(|name| name.len() <= 64).unwrap_or_else(|| "localhost".to_owned());
    params.distinguished_name.push(DnType::OrganizationName, "tlsgi local certificate");
    params.distinguished_name.push(DnType::CommonName, common);
    params.not_before = not_before;
    params.not_after = not_after;
    params.serial_number = Some(serial()?);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// 127 random bits, positive and never zero.
fn serial() -> Result<SerialNumber, Error> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|source| Error::Make { what: "serial number", source: Box::new(source) })?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

/// A key as the certificate library wants it, without handing out its bytes.
struct Signer<'a>(&'a PrivateKey);

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self.0.algorithm() {
            Algorithm::Rsa => &rcgen::PKCS_RSA_SHA256,
            Algorithm::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Algorithm::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Algorithm::EcdsaP521 => &rcgen::PKCS_ECDSA_P521_SHA512,
            Algorithm::Ed25519 => &rcgen::PKCS_ED25519,
        }
    }
}

impl SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        use rustls::SignatureScheme as S;
        let scheme = match self.0.algorithm() {
            Algorithm::Rsa => S::RSA_PKCS1_SHA256,
            Algorithm::EcdsaP256 => S::ECDSA_NISTP256_SHA256,
            Algorithm::EcdsaP384 => S::ECDSA_NISTP384_SHA384,
            Algorithm::EcdsaP521 => S::ECDSA_NISTP521_SHA512,
            Algorithm::Ed25519 => S::ED25519,
        };
        self.0.sign(scheme.into(), message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
