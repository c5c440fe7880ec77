//! Bytes of files → a chain and the key that belongs to it, with what is noteworthy about them.

use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::chain::{self, belongs};
use crate::contents::{Contents, SealedKey, contents};
use crate::error::{Error, decrypt_once};
use crate::facts::{Facts, distinguished};
use crate::finding::{self, Finding};
use crate::key::{KeyFault, PrivateKey};
use crate::limits;
use crate::name::Name;
use crate::passphrase::Passphrase;
use crate::sealed;

/// A file as the caller read it.
pub struct Input {
    /// Where it came from, for messages.
    pub path: PathBuf,
    /// PEM text or DER. Wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Permission bits, where there are any to judge.
    pub mode: Option<u32>,
}

/// The files of one certificate.
pub struct Material {
    /// The certificate, and its chain if that is in the same file.
    pub certificate: Input,
    /// The key; none when it stands in the certificate's file.
    pub key: Option<Input>,
    /// Further chain.
    pub chain: Option<Input>,
    /// What opens the key, if that is encrypted.
    pub passphrase: Option<Passphrase>,
}

/// A certificate that can be served.
#[derive(Debug)]
pub struct Loaded {
    /// What is sent: the leaf, then its issuers in order.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKey,
    /// What the leaf says.
    pub facts: Facts,
    /// What a person should know; see [`Finding::message`].
    pub findings: Vec<Finding>,
}

impl Loaded {
    /// When its successor should be there; see [`Facts::renew_at`].
    #[must_use]
    pub fn renew_at(&self) -> OffsetDateTime {
        self.facts.renew_at()
    }
}

/// Loads a certificate with its key. `names` are what the server answers for; they are looked up in the certificate.
///
/// # Errors
/// Anything that prevents serving. What merely makes clients complain is in [`Loaded::findings`].
pub fn load(material: &Material, names: &[Name], now: OffsetDateTime) -> Result<Loaded, Error> {
    let own = opened(&material.certificate, material)?;
    let beside = material.key.as_ref().map(|input| opened(input, material)).transpose()?;
    let key_path = material.key.as_ref().map_or(&material.certificate.path, |input| &input.path);
    check_roles(material, &own, beside.as_ref())?;
    let keys = keys(beside.as_ref().unwrap_or(&own), key_path, material.passphrase.as_ref())?;

    let mut ders = own.certificates;
    let mut origins = vec![&material.certificate.path; ders.len()];
    if let Some(input) = &material.chain {
        let further = contents(input)?;
        if further.certificates.is_empty() {
            return Err(Error::NoCertificate { path: input.path.clone(), found: further.found() });
        }
        origins.resize(ders.len() + further.certificates.len(), &input.path);
        ders.extend(further.certificates);
    }
    let has_trusted_form = ders.iter().any(|der| der.is_trusted_form);
    let certificates = parse(&ders.iter().map(|der| &der.der[..]).collect::<Vec<_>>(), &origins)?;
    let (leaf, key) = pair(&certificates, keys).map_err(|key| Error::Mismatch {
        certificate: material.certificate.path.clone(),
        key: key_path.clone(),
        subject: distinguished(certificates[0].subject()),
        certificate_kind: chain::key_kind(&certificates[0]),
        key_kind: key.to_string(),
    })?;

    let mut findings = Vec::new();
    let mode = material.key.as_ref().unwrap_or(&material.certificate).mode;
    if let Some(mode) = mode.filter(|mode| mode & 0o007 != 0) {
        findings.push(Finding::KeyExposed { path: key_path.clone(), mode: mode & 0o7777 });
    }
    if has_trusted_form {
        findings.push(Finding::TrustedForm);
    }
    Ok(assemble(&certificates, leaf, key, names, now, findings))
}

fn assemble(
    certificates: &[X509Certificate<'_>],
    leaf: usize,
    key: PrivateKey,
    names: &[Name],
    now: OffsetDateTime,
    mut findings: Vec<Finding>,
) -> Loaded {
    let facts = Facts::of(&certificates[leaf], key.algorithm(), key.bits());
    let order = chain::order(certificates, leaf);
    findings.splice(0..0, finding::of_leaf(&certificates[leaf], &facts, names, now));
    let path: Vec<_> = order.chain[..order.path].iter().map(|&position| &certificates[position]).collect();
    findings.extend(finding::of_path(&path, now));
    if !order.chain[..order.path].is_sorted() {
        findings.push(Finding::Reordered);
    }
    for &position in &order.unrelated {
        findings.push(Finding::Unrelated { subject: distinguished(certificates[position].subject()) });
    }
    let der = |&position: &usize| CertificateDer::from(certificates[position].as_raw().to_vec());
    Loaded { chain: order.chain.iter().map(der).collect(), key, facts, findings }
}

/// A certificate made here, with its key.
pub(crate) fn issued(der: &CertificateDer<'_>, key: PrivateKey, findings: Vec<Finding>) -> Result<Loaded, Error> {
    let path = PathBuf::from("(issued)");
    let certificates = parse(&[der], &[&path])?;
    let facts = Facts::of(&certificates[0], key.algorithm(), key.bits());
    Ok(Loaded { chain: vec![der.clone().into_owned()], key, facts, findings })
}

/// What a file holds, inside of a container too.
fn opened(input: &Input, material: &Material) -> Result<Contents, Error> {
    let mut found = contents(input)?;
    let passphrase = material.passphrase.as_ref();
    match found.unpack(passphrase) {
        Ok(()) => Ok(found),
        Err(sealed::Fault::Wrong) if passphrase.is_none() => Err(Error::EncryptedKey { path: input.path.clone() }),
        Err(sealed::Fault::Unsupported(scheme)) => Err(Error::Unsupported {
            path: input.path.clone(),
            what: format!("a PKCS#12 container encrypted with {scheme}"),
            hint: format!(
                "unpack it: (umask 077; openssl pkcs12 -legacy -in {} -nodes -out certificate-and-key.pem)",
                crate::error::quoted(&input.path)
            ),
        }),
        Err(fault) => Err(sealed_error(fault, &input.path)),
    }
}

fn check_roles(material: &Material, own: &Contents, beside: Option<&Contents>) -> Result<(), Error> {
    let path = &material.certificate.path;
    if let (Some(beside), Some(input)) = (beside, &material.key)
        && own.certificates.is_empty()
        && own.has_key()
        && !beside.certificates.is_empty()
        && !beside.has_key()
    {
        return Err(Error::Swapped { certificate: path.clone(), key: input.path.clone() });
    }
    if own.certificates.is_empty() {
        own.refuse(path)?;
        return Err(Error::NoCertificate { path: path.clone(), found: own.found() });
    }
    if own.certificates.len() > limits::CERTIFICATES {
        return Err(Error::Unsupported {
            path: path.clone(),
            what: format!("{} certificates", own.certificates.len()),
            hint: "name the file of the server's own certificate and its chain, not a collection of roots".into(),
        });
    }
    Ok(())
}

fn keys(contents: &Contents, path: &Path, passphrase: Option<&Passphrase>) -> Result<Vec<PrivateKey>, Error> {
    let read = |der: &Zeroizing<Vec<u8>>| PrivateKey::from_der(der).map_err(|fault| key_error(fault, path.to_owned()));
    if !contents.keys.is_empty() {
        return contents.keys.iter().map(read).collect();
    }
    if contents.sealed.is_empty() {
        contents.refuse(path)?;
        return Err(Error::NoKey { path: path.to_owned(), found: contents.found() });
    }
    let passphrase = passphrase.ok_or_else(|| Error::EncryptedKey { path: path.to_owned() })?;
    let open = |key: &SealedKey| key.open(passphrase).map_err(|fault| sealed_error(fault, path));
    contents.sealed.iter().map(|key| read(&open(key)?)).collect()
}

fn sealed_error(fault: sealed::Fault, path: &Path) -> Error {
    let path = path.to_owned();
    match fault {
        sealed::Fault::Wrong => Error::WrongPassphrase { path },
        sealed::Fault::Damaged => Error::BadKey { path, reason: "its encryption is described in no known way".into() },
        sealed::Fault::Unsupported(scheme) => {
            Error::Unsupported { hint: decrypt_once(&path), path, what: format!("a key encrypted with {scheme}") }
        }
    }
}

fn key_error(fault: KeyFault, path: PathBuf) -> Error {
    match fault {
        KeyFault::Encrypted => Error::EncryptedKey { path },
        KeyFault::Weak(bits) => Error::WeakKey { path, bits },
        KeyFault::Damaged(reason) => Error::BadKey { path, reason },
        KeyFault::Unsupported(what) => Error::Unsupported {
            path,
            what: format!("a key of kind {what}"),
            hint: "TLS servers need RSA (2048 bits and more), ECDSA on P-256, P-384 or P-521, or Ed25519".into(),
        },
    }
}

fn parse<'a>(ders: &[&'a [u8]], origins: &[&PathBuf]) -> Result<Vec<X509Certificate<'a>>, Error> {
    let mut certificates: Vec<X509Certificate<'a>> = Vec::new();
    for (position, der) in ders.iter().enumerate() {
        let first = origins.iter().position(|&origin| origin == origins[position]).unwrap_or(0);
        let fault = |reason: &str| Error::BadCertificate {
            path: origins[position].clone(),
            position: position - first + 1,
            reason: reason.to_owned(),
        };
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|error| fault(&plain(&error)))?;
        if !rest.is_empty() {
            return Err(fault("something follows the certificate inside of its block"));
        }
        // The same certificate in both files is common (fullchain.pem with --chain-file) and harmless.
        if !certificates.iter().any(|earlier| earlier.as_raw() == certificate.as_raw()) {
            certificates.push(certificate);
        }
    }
    Ok(certificates)
}

fn plain(error: &x509_parser::nom::Err<x509_parser::error::X509Error>) -> String {
    use x509_parser::nom::Err;
    match error {
        Err::Incomplete(_) => "it is cut off".to_owned(),
        Err::Error(error) | Err::Failure(error) => error.to_string(),
    }
}

/// The certificate that a key belongs to, and that key. An authority only if nothing else fits.
fn pair(certificates: &[X509Certificate<'_>], keys: Vec<PrivateKey>) -> Result<(usize, PrivateKey), PrivateKey> {
    let fitting = |key: &PrivateKey| {
        let mut fits = (0..certificates.len()).filter(|&position| belongs(&certificates[position], key));
        let first = fits.next()?;
        Some(std::iter::once(first).chain(fits).find(|&position| !certificates[position].is_ca()).unwrap_or(first))
    };
    let mut other = None;
    for key in keys {
        match fitting(&key) {
            Some(leaf) => return Ok((leaf, key)),
            None => other = other.or(Some(key)),
        }
    }
    Err(other.expect("`keys` returns at least one key"))
}
