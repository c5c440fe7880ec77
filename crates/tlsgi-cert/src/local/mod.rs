//! The local CA: one root in a directory, leaves for this machine and its network issued on the spot. Not the trust stores.

pub(crate) mod constraints;
mod files;
mod order;
mod place;
mod request;
mod root;
mod store;

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use rcgen::{Issuer, PublicKeyData, SerialNumber, SigningKey};
use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

pub use self::files::FileNames;
pub use self::order::{Entry, Form, MAX_DAYS, Order};
pub use self::place::Places;
pub use self::request::Signed;

use self::constraints::Constraints;
use self::root::Root;
use self::store::{Role, Store};
use crate::error::Error;
use crate::finding::{Finding, Moment};
use crate::key::{Algorithm, KeyKind, PrivateKey};
use crate::load::{self, Loaded};
use crate::name::Name;

/// How long a leaf is valid. Browsers refuse more than 398 days; the server renews it itself after two thirds.
const LEAF_DAYS: u16 = 90;

/// How far in the past a leaf begins, for clients with a slow clock.
const BACKDATED: Duration = Duration::hours(1);

/// A root nearer to its end than this is replaced.
const ROOT_RESERVE: Duration = Duration::days(30);

/// What a root that has yet to be made may vouch for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Names of this machine and its private network, and these with all below them.
    Local {
        /// Further names.
        also: Vec<Name>,
    },
    /// Everything, as mkcert's roots: whoever has the key can be any server of the internet for who trusts the root.
    Everything,
}

/// How a root is made when there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoot {
    /// What it may vouch for.
    pub scope: Scope,
    /// The kind of its key.
    pub key: KeyKind,
    /// `me@machine (My Name)`: it looks as mkcert's do.
    pub mkcert_owner: Option<String>,
}

impl Default for NewRoot {
    fn default() -> Self {
        Self { scope: Scope::Local { also: Vec::new() }, key: KeyKind::P256, mkcert_owner: None }
    }
}

/// A certificate of the local CA with its new key.
#[derive(Debug)]
pub struct Issued {
    /// The leaf, DER. The root that signed it is the only other certificate of the chain.
    pub certificate: CertificateDer<'static>,
    /// Its key.
    pub key: PrivateKey,
    /// End of its validity.
    pub not_after: OffsetDateTime,
}

/// A root certificate with its key.
pub struct LocalCa {
    root: Root,
    path: PathBuf,
    constraints: Constraints,
    findings: Vec<Finding>,
}

impl fmt::Debug for LocalCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalCa({})", self.path.display())
    }
}

impl LocalCa {
    /// Opens the root in `rootCA.pem` and `rootCA-key.pem`, or makes one: P-256, ten years, constrained to names of this machine
    /// and its private network. Several processes may call this at once and share one root. Blocks while another one writes.
    ///
    /// # Errors
    /// The directory cannot be used, or what is there is no root with its key.
    pub fn open_or_create(directory: &Path, now: OffsetDateTime) -> Result<Self, Error> {
        Self::open(&Places::only(directory), &NewRoot::default(), now)
    }

    /// Opens the root of the first place that has one, or makes one as wished. A root that tlsgi made is replaced before its end;
    /// one of mkcert near its end is left alone, and tlsgi's own used instead.
    ///
    /// # Errors
    /// As [`Self::open_or_create`]; a named root that others made has expired.
    pub fn open(places: &Places, wish: &NewRoot, now: OffsetDateTime) -> Result<Self, Error> {
        let directory = places.directory();
        let opened = Self::open_in(directory, Role::Servers, wish, now);
        if opened.is_err() && Some(directory) == places.mkcert.as_deref() && places.named.is_none() {
            return Self::open_in(&places.own, Role::Servers, wish, now);
        }
        opened
    }

    /// Opens the root that signs certificates of clients (`clientCA.pem`, `clientCA-key.pem`), or makes it. It has a directory of its
    /// own and is never put into a trust store: a root that browsers trust must not vouch for clients.
    ///
    /// # Errors
    /// As [`Self::open_or_create`].
    pub fn for_clients(directory: &Path, now: OffsetDateTime) -> Result<Self, Error> {
        Self::open_in(directory, Role::Clients, &NewRoot::default(), now)
    }

    /// Makes a new root in the place of tlsgi's own. The old one is lost: take it out of the trust stores before.
    ///
    /// # Errors
    /// The directory cannot be used.
    pub fn replace(places: &Places, wish: &NewRoot, now: OffsetDateTime) -> Result<Self, Error> {
        let store = Store::open(places.named.as_ref().unwrap_or(&places.own), Role::Servers)?;
        let root = Root::create(wish, Role::Servers, now)?;
        store.write(&root.key.to_pkcs8()?, &root.certificate)?;
        let path = store.certificate();
        Ok(Self::of(root, path.clone(), vec![Finding::RootCreated { path }]))
    }

    fn open_in(directory: &Path, role: Role, wish: &NewRoot, now: OffsetDateTime) -> Result<Self, Error> {
        let store = Store::open(directory, role)?;
        let path = store.certificate();
        let mut findings = Vec::new();
        let root = match Root::read(&store, now)? {
            Some(root) if root.not_after - now > ROOT_RESERVE => root,
            Some(root) if !root.is_own => return Err(Error::RootExpires { path, at: Moment(root.not_after) }),
            old => {
                let root = Root::create(wish, role, now)?;
                store.write(&root.key.to_pkcs8()?, &root.certificate)?;
                findings.push(match old {
                    Some(old) => Finding::RootReplaced { path: path.clone(), at: Moment(old.not_after) },
                    None => Finding::RootCreated { path: path.clone() },
                });
                root
            }
        };
        findings.extend(store.exposed_key());
        Ok(Self::of(root, path, findings))
    }

    fn of(root: Root, path: PathBuf, findings: Vec<Finding>) -> Self {
        let constraints = Constraints::of(&root.certificate);
        Self { root, path, constraints, findings }
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
        let entries = allowed.iter().cloned().map(Entry::Name).collect();
        let form = Form::Own { is_for_clients: false, days: LEAF_DAYS };
        let Issued { certificate, key, .. } = self.fill(&Order { entries, key: KeyKind::P256, form }, now)?;
        load::issued(&certificate, key, self.remarks(&allowed, &outside))
    }

    /// Issues a certificate for exactly these names.
    ///
    /// # Errors
    /// [`Error::OutsideConstraints`] where the root may not vouch for one of them, and those of the library.
    pub fn fill(&self, order: &Order, now: OffsetDateTime) -> Result<Issued, Error> {
        let key = PrivateKey::generate(order.key)?;
        let (certificate, not_after) = self.sign(order, &key, now)?;
        Ok(Issued { certificate, key, not_after })
    }

    /// As [`Self::issue`], for one more name below `localhost` and a key that is in use already; for names that turn up while the
    /// server runs.
    ///
    /// # Errors
    /// The name is no such name; those of the library.
    pub fn issue_below_localhost(
        &self,
        name: &str,
        key: &PrivateKey,
        now: OffsetDateTime,
    ) -> Result<CertificateDer<'static>, Error> {
        let refused = |reason| Error::Name { name: name.to_owned(), reason };
        let name = Name::parse(name)?;
        match &name {
            Name::Dns(text) if text.ends_with(".localhost") && !text.starts_with("*.") => {}
            _ => return Err(refused("it is not below localhost")),
        }
        let form = Form::Own { is_for_clients: false, days: LEAF_DAYS };
        let order = Order { entries: vec![Entry::Name(name)], key: KeyKind::P256, form };
        self.sign(&order, key, now).map(|(certificate, _)| certificate)
    }

    fn sign(
        &self,
        order: &Order,
        key: &PrivateKey,
        now: OffsetDateTime,
    ) -> Result<(CertificateDer<'static>, OffsetDateTime), Error> {
        let names = order.entries.iter().filter_map(|entry| match entry {
            Entry::Name(name) => Some(name),
            Entry::Email(_) | Entry::Uri(_) => None,
        });
        let outside: Vec<String> = names.filter(|name| !self.constraints.permit(name)).map(Name::to_string).collect();
        if !outside.is_empty() {
            return Err(Error::OutsideConstraints { names: outside, permitted: self.constraints.describe() });
        }
        let failed = |source: rcgen::Error| Error::Make { what: "certificate", source: Box::new(source) };
        let issuer = Issuer::from_ca_cert_der(&self.root.certificate, Signer(&self.root.key)).map_err(failed)?;
        let params = order.params(now, self.root.not_after)?;
        let certificate = params.signed_by(&Signer(key), &issuer).map_err(failed)?;
        Ok((certificate.der().clone(), params.not_after))
    }

    /// Whether the root may vouch for this name.
    #[must_use]
    pub fn permits(&self, name: &Name) -> bool {
        self.constraints.permit(name)
    }

    /// What the root may vouch for; empty where that is everything.
    #[must_use]
    pub fn permitted(&self) -> Vec<String> {
        self.constraints.describe()
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
