//! A private CA of a test: client certificates and revocation lists as files.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber,
};

/// An authority in a directory: `NAME.pem` is its certificate.
pub(crate) struct Authority {
    directory: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The issuer's own chain, without the root.
    chain: String,
    pub(crate) file: PathBuf,
}

/// A client with its files.
pub(crate) struct Client {
    /// Certificate and what its issuer adds to it, PEM.
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What a client certificate says.
pub(crate) struct Wish {
    pub(crate) name: &'static str,
    pub(crate) serial: u64,
    /// From now; negative for the past.
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) usage: ExtendedKeyUsagePurpose,
    pub(crate) names: Vec<SanType>,
    pub(crate) units: Vec<&'static str>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            name: "alice",
            serial: 0xab01,
            from: -3600,
            until: 86_400,
            usage: ExtendedKeyUsagePurpose::ClientAuth,
            names: Vec::new(),
            units: Vec::new(),
        }
    }
}

fn time(seconds: i64) -> time::OffsetDateTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    time::OffsetDateTime::from_unix_timestamp(now.cast_signed() + seconds).expect("a date")
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (time(-7200), time(864_000));
    params
}

impl Authority {
    /// A root.
    pub(crate) fn root(directory: &Path, name: &str) -> Self {
        let key = KeyPair::generate().expect("key");
        let issuer = CertifiedIssuer::self_signed(authority_params(name), key).expect("root");
        let file = directory.join(format!("{name}.pem"));
        std::fs::write(&file, issuer.pem()).expect("written");
        Self { directory: directory.to_owned(), issuer, chain: String::new(), file }
    }

    /// An intermediate authority below this one, with a serial number.
    pub(crate) fn below(&self, name: &str, serial: u64) -> Self {
        let mut params = authority_params(name);
        params.serial_number = Some(SerialNumber::from(serial));
        let key = KeyPair::generate().expect("key");
        let issuer = CertifiedIssuer::signed_by(params, key, self.as_issuer()).expect("intermediate");
        let file = self.directory.join(format!("{name}.pem"));
        std::fs::write(&file, issuer.pem()).expect("written");
        Self { directory: self.directory.clone(), chain: format!("{}{}", issuer.pem(), self.chain), issuer, file }
    }

    fn as_issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// A client of the default kind.
    pub(crate) fn client(&self) -> Client {
        self.issue(&Wish::default())
    }

    /// A client as wished.
    pub(crate) fn issue(&self, wish: &Wish) -> Client {
        let key = KeyPair::generate().expect("key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, wish.name);
        for unit in &wish.units {
            params.distinguished_name.push(DnType::OrganizationalUnitName, *unit);
        }
        params.serial_number = Some(SerialNumber::from(wish.serial));
        params.extended_key_usages = vec![wish.usage.clone()];
        params.subject_alt_names = wish.names.clone();
        (params.not_before, params.not_after) = (time(wish.from), time(wish.until));
        let certificate = params.signed_by(&key, self.as_issuer()).expect("certificate");
        let stem = format!("{}-{:x}", wish.name, wish.serial);
        let client = Client {
            certificate: self.directory.join(format!("{stem}.pem")),
            key: self.directory.join(format!("{stem}.key")),
        };
        std::fs::write(&client.certificate, format!("{}{}", certificate.pem(), self.chain)).expect("written");
        std::fs::write(&client.key, key.serialize_pem()).expect("written");
        client
    }

    /// Replaces a revocation list of this authority, current for `life`, at once.
    pub(crate) fn revoke(&self, file: &Path, serials: &[u64], life: Duration) {
        let life = i64::try_from(life.as_secs()).expect("short");
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: time(-60),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: time(-3600),
            next_update: time(life),
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(self.as_issuer()).expect("list");
        let beside = file.with_extension("new");
        std::fs::write(&beside, list.pem().expect("pem")).expect("written");
        std::fs::rename(&beside, file).expect("moved");
    }
}
