//! The certificates of all sites: loaded or issued, kept as what was loaded last, looked at again when files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use time::OffsetDateTime;
use tlsgi_cert::{Algorithm, Error, Facts, Finding, Loaded, LocalCa, Name, NewRoot, Places, Scope, Source, Stamp};
use tlsgi_config::config::{CertificateSource, Config, LocalRoot, Role};
use tlsgi_front::control::{KeyAlgorithm, SiteCertificate};

use super::signing::{KeyRing, NumberedKey};

/// What the sites present.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    /// At least one per site, in the configuration's order; empty without an HTTPS listener.
    sites: Vec<Presented>,
}

/// One certificate that a site presents.
#[derive(Debug, Clone)]
pub(super) struct Presented {
    source: CertificateSource,
    certificate: SiteCertificate,
    key: Arc<NumberedKey>,
    /// What the leaf says.
    pub(super) facts: Facts,
    /// What a person should know about it.
    pub(super) findings: Vec<Finding>,
    /// The local root's file, when that issued it.
    pub(super) root: Option<PathBuf>,
}

impl Certificates {
    /// Loads or issues the certificates of every site. A leaf of the local CA is taken over from `previous` as long as it is fresh.
    pub(super) fn load(config: &Config, previous: &Self, keys: &KeyRing) -> Result<Self, Error> {
        Self::load_all(config, previous, keys, Err)
    }

    /// As [`Self::load`], but a site whose certificate does not load keeps what it presented before. The errors come beside.
    pub(super) fn refresh(&self, config: &Config, keys: &KeyRing) -> (Self, Vec<Error>) {
        let mut errors: Vec<Error> = Vec::new();
        let keep = |error| {
            errors.push(error);
            Ok(())
        };
        match Self::load_all(config, self, keys, keep) {
            Ok(certificates) => (certificates, errors),
            Err(error) => (Self { sites: self.sites.clone() }, vec![error]),
        }
    }

    fn load_all(
        config: &Config,
        previous: &Self,
        keys: &KeyRing,
        mut judge: impl FnMut(Error) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        if !config.listeners.iter().any(|listener| listener.role == Role::Https) {
            return Ok(Self::default());
        }
        let now = OffsetDateTime::now_utc();
        let mut sites: Vec<Presented> = Vec::new();
        for (index, site) in config.sites.iter().enumerate() {
            let mut own = Vec::new();
            for source in &site.certificates {
                let is_same = |presented: &&Presented| presented.source == *source;
                let is_fresh = |presented: &&Presented| presented.root.is_some() && presented.facts.renew_at() > now;
                let before = previous.sites.iter().find(is_same);
                let mut presented = match sites.iter().find(is_same).or_else(|| before.filter(is_fresh)) {
                    Some(presented) => presented.clone(),
                    None => match (present(source, &names_of(config, source), config, keys, now), before) {
                        (Ok(presented), _) => presented,
                        (Err(error), Some(before)) => {
                            judge(error)?;
                            before.clone()
                        }
                        (Err(error), None) => return Err(error),
                    },
                };
                presented.certificate.site = index;
                own.push(presented);
            }
            share_names(&mut own);
            sites.extend(own);
        }
        Ok(Self { sites })
    }

    /// These are in use from now on; keys of others go after a while.
    pub(super) fn present(&self, keys: &KeyRing) {
        keys.passphrases.stop_asking();
        keys.present(self.sites.iter().map(|presented| Arc::clone(&presented.key)).collect());
    }

    /// What the front is told.
    pub(super) fn for_front(&self) -> Vec<SiteCertificate> {
        self.sites.iter().map(|presented| presented.certificate.clone()).collect()
    }

    /// What the sites present, those of one site together.
    pub(super) fn sites(&self) -> impl Iterator<Item = &Presented> {
        self.sites.iter()
    }

    /// What the sites present, one entry a certificate.
    pub(super) fn distinct(&self) -> impl Iterator<Item = &Presented> {
        let is_first = |index: usize, presented: &Presented| {
            !self.sites.iter().take(index).any(|earlier| earlier.certificate.key == presented.certificate.key)
        };
        self.sites
            .iter()
            .enumerate()
            .filter(move |(index, presented)| is_first(*index, presented))
            .map(|(_, presented)| presented)
    }

    /// When the first leaf of the local CA is due to be issued anew.
    pub(super) fn renew_at(&self) -> Option<OffsetDateTime> {
        self.sites.iter().filter(|presented| presented.root.is_some()).map(|presented| presented.facts.renew_at()).min()
    }
}

impl Presented {
    /// Where it comes from, for messages.
    pub(super) fn source_text(&self) -> String {
        match (&self.root, &self.source) {
            (Some(root), _) => format!("local CA {}", root.display()),
            (None, CertificateSource::Files { certificate, .. }) => certificate.display().to_string(),
            (None, CertificateSource::Local { .. }) => "local CA".to_owned(),
        }
    }
}

/// Of several certificates, a name that one of them has is missing in none.
fn share_names(own: &mut [Presented]) {
    if own.len() < 2 {
        return;
    }
    let carried: Vec<Name> = own.iter().flat_map(|presented| presented.facts.carried()).collect();
    let is_there =
        |name: &String| Name::parse(name).is_ok_and(|wanted| carried.iter().any(|carried| carried.covers(&wanted)));
    for presented in own {
        presented.findings.retain_mut(|finding| {
            let Finding::NamesNotCovered { missing, .. } = finding else { return true };
            missing.retain(|name| !is_there(name));
            !missing.is_empty()
        });
    }
}

fn present(
    source: &CertificateSource,
    names: &[Name],
    config: &Config,
    keys: &KeyRing,
    now: OffsetDateTime,
) -> Result<Presented, Error> {
    let (loaded, root) = match source {
        CertificateSource::Files { certificate, key, chain, passphrase } => {
            let source = files(certificate, key, chain.as_ref());
            let loaded = match source.load(names, now) {
                Err(Error::EncryptedKey { path }) => {
                    keys.passphrases.open(&path, passphrase.as_ref(), |passphrase| {
                        source.clone().with_passphrase(Some(passphrase)).load(names, now)
                    })?
                }
                other => other?,
            };
            (loaded, None)
        }
        CertificateSource::Local { names } => {
            let (loaded, authority) = local(names, config, now)?;
            (loaded, Some(authority))
        }
    };
    let Loaded { chain, key, facts, findings } = loaded;
    let algorithm = algorithm(key.algorithm());
    let (key, root) = match root {
        Some(authority) => {
            let path = authority.path().to_owned();
            (keys.add_local(key, authority), Some(path))
        }
        None => (keys.add(key), None),
    };
    let chain = chain.iter().map(|der| der.to_vec()).collect();
    let certificate = SiteCertificate { site: 0, chain, algorithm, key: key.number };
    Ok(Presented { source: source.clone(), certificate, key, facts, findings, root })
}

/// A leaf of the local CA for these names and for those of this machine.
fn local(names: &[String], config: &Config, now: OffsetDateTime) -> Result<(Loaded, LocalCa), Error> {
    let LocalRoot { named, own, mkcert } = config.local_root.clone();
    let mut names = names.iter().map(|name| Name::parse(name)).collect::<Result<Vec<_>, _>>()?;
    let machine = machine();
    // A root that has yet to be made may vouch for what it is made for: every site that it will serve.
    let also = all_local(config).chain(machine.iter().cloned()).collect();
    let wish = NewRoot { scope: Scope::Local { also }, ..NewRoot::default() };
    let authority = LocalCa::open(&Places { named, own, mkcert }, &wish, now)?;
    names.extend(machine.into_iter().filter(|name| authority.permits(name)));
    let mut loaded = authority.issue(&names, now)?;
    loaded.findings.extend(authority.findings().iter().cloned());
    Ok((loaded, authority))
}

/// The names of every site that has no certificate of its own.
fn all_local(config: &Config) -> impl Iterator<Item = Name> {
    let sources = config.sites.iter().flat_map(|site| &site.certificates);
    let names = sources.filter_map(|source| match source {
        CertificateSource::Local { names } => Some(names),
        CertificateSource::Files { .. } => None,
    });
    names.flatten().filter_map(|name| Name::parse(name).ok())
}

/// How the machine is called in its own network: its name without a domain, and that under mDNS.
fn machine() -> Vec<Name> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let label = host.split('.').next().unwrap_or_default();
    let is_own = !label.is_empty() && label != "localhost";
    let names = [label.to_owned(), format!("{label}.local")];
    names.iter().filter(|_| is_own).filter_map(|name| Name::parse(name).ok()).collect()
}

/// The state of every certificate file that the configuration names.
pub(super) fn stamps(config: &Config) -> Vec<Stamp> {
    let stamp = |source: &CertificateSource| match source {
        CertificateSource::Files { certificate, key, chain, .. } => {
            Some(files(certificate, key, chain.as_ref()).stamp())
        }
        CertificateSource::Local { .. } => None,
    };
    config.sites.iter().flat_map(|site| &site.certificates).filter_map(stamp).collect()
}

fn files(certificate: &Path, key: &Path, chain: Option<&PathBuf>) -> Source {
    Source::new(certificate, Some(key.to_owned()), chain.cloned())
}

/// The names of every site that presents this certificate, as far as they can stand in one.
fn names_of(config: &Config, certificate: &CertificateSource) -> Vec<Name> {
    let sites = config.sites.iter().filter(|site| site.certificates.contains(certificate));
    sites.flat_map(|site| &site.names).filter_map(|name| Name::parse(name).ok()).collect()
}

fn algorithm(algorithm: Algorithm) -> KeyAlgorithm {
    match algorithm {
        Algorithm::Rsa => KeyAlgorithm::Rsa,
        Algorithm::EcdsaP256 => KeyAlgorithm::EcdsaP256,
        Algorithm::EcdsaP384 => KeyAlgorithm::EcdsaP384,
        Algorithm::EcdsaP521 => KeyAlgorithm::EcdsaP521,
        Algorithm::Ed25519 => KeyAlgorithm::Ed25519,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::listener::tests as listening;
    use std::process::Command;

    fn make(directory: &Path, name: &str) -> CertificateSource {
        let (certificate, key) = (directory.join(format!("{name}.crt")), directory.join(format!("{name}.key")));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9"]);
        openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout"]).arg(&key);
        let made = openssl.arg("-out").arg(&certificate).output().expect("openssl runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        CertificateSource::Files { certificate, key, chain: None, passphrase: None }
    }

    fn config(sources: Vec<CertificateSource>) -> Config {
        let mut config = listening::config(vec![listening::tcp("127.0.0.1:0", Role::Https)]);
        let site = config.sites.remove(0);
        let with = |source| tlsgi_config::config::Site { certificates: vec![source], ..site.clone() };
        config.sites = sources.into_iter().map(with).collect();
        config
    }

    #[test]
    fn site_with_a_bad_certificate_keeps_its_old_one_while_others_take_their_new_ones() {
        let directory = tempfile::tempdir().expect("directory");
        let config = config(vec![make(directory.path(), "good"), make(directory.path(), "bad")]);
        let keys = KeyRing::default();
        let before = Certificates::load(&config, &Certificates::default(), &keys).expect("both load");
        make(directory.path(), "good");
        std::fs::write(directory.path().join("bad.key"), "no key").expect("written");
        assert!(Certificates::load(&config, &before, &keys).is_err(), "a reload wants all");
        let (after, errors) = before.refresh(&config, &keys);
        let (before, after) = (before.for_front(), after.for_front());
        assert_eq!(errors.len(), 1);
        assert_ne!(before[0].chain, after[0].chain);
        assert_eq!(before[1], after[1]);
    }

    #[test]
    fn sites_with_the_same_files_share_their_key() {
        let directory = tempfile::tempdir().expect("directory");
        let source = make(directory.path(), "shared");
        let config = config(vec![source.clone(), source]);
        let certificates = Certificates::load(&config, &Certificates::default(), &KeyRing::default()).expect("loads");
        let sites = certificates.for_front();
        assert_eq!((sites[0].key, sites[0].site, sites[1].site), (sites[1].key, 0, 1));
        assert_eq!(certificates.distinct().count(), 1);
    }

    #[test]
    fn local_leaf_is_taken_over_as_long_as_it_is_fresh() {
        let directory = tempfile::tempdir().expect("directory");
        let mut config = config(vec![CertificateSource::Local { names: vec!["app.test".into()] }]);
        config.local_root.own = directory.path().to_owned();
        let keys = KeyRing::default();
        let first = Certificates::load(&config, &Certificates::default(), &keys).expect("issued");
        assert!(first.renew_at().is_some_and(|at| at > OffsetDateTime::now_utc()));
        let second = Certificates::load(&config, &first, &keys).expect("kept");
        assert_eq!(first.for_front(), second.for_front());
    }

    #[test]
    fn without_https_no_certificate_is_needed() {
        let mut config = config(vec![CertificateSource::Local { names: Vec::new() }]);
        config.listeners[0].role = Role::Http;
        config.local_root.own = "/nowhere".into();
        let certificates = Certificates::load(&config, &Certificates::default(), &KeyRing::default()).expect("nothing");
        assert!(certificates.for_front().is_empty());
    }
}
