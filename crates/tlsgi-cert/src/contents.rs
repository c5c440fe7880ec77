//! One file's bytes → the certificates and keys in it, and a name for everything else.

use std::path::Path;

use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::der::{self, Shape};
use crate::error::{Error, quoted};
use crate::limits;
use crate::load::Input;
use crate::passphrase::Passphrase;
use crate::pem;
use crate::sealed::{self, Dek};
use crate::unpack::unpack;

/// What a file holds.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) keys: Vec<Zeroizing<Vec<u8>>>,
    /// Keys behind a passphrase.
    pub(crate) sealed: Vec<SealedKey>,
    others: Vec<String>,
    is_container: Option<Container>,
    /// The bytes of a PKCS#12 container.
    pkcs12: Option<Vec<u8>>,
}

/// A certificate as it stands in the file.
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    /// OpenSSL's `TRUSTED CERTIFICATE`.
    pub(crate) is_trusted_form: bool,
}

/// A key behind a passphrase.
pub(crate) enum SealedKey {
    /// `EncryptedPrivateKeyInfo`.
    Pkcs8(Vec<u8>),
    /// OpenSSL's older form; its header may be unreadable.
    Traditional(Option<Dek>, Vec<u8>),
}

impl SealedKey {
    /// The key as DER.
    pub(crate) fn open(&self, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, sealed::Fault> {
        match self {
            Self::Pkcs8(der) => sealed::open_key(der, passphrase),
            Self::Traditional(Some(dek), text) => dek.open(text, passphrase),
            Self::Traditional(None, _) => Err(sealed::Fault::Damaged),
        }
    }
}

#[derive(Clone, Copy)]
enum Container {
    Pkcs12,
    Pkcs7,
    Jks,
    OpenSsh,
}

/// Reads a file's bytes: PEM, or one DER value.
pub(crate) fn contents(input: &Input) -> Result<Contents, Error> {
    if input.bytes.len() > limits::FILE_BYTES {
        return Err(Error::TooLarge { path: input.path.clone(), limit: limits::FILE_BYTES });
    }
    let mut found = Contents::default();
    if input.bytes.trim_ascii().is_empty() {
        found.others.push("nothing".to_owned());
        return Ok(found);
    }
    if input.bytes.first() == Some(&0x30) && der::shape(&input.bytes) != Shape::Unknown {
        found.add_der(&input.bytes);
        return Ok(found);
    }
    if input.bytes.starts_with(b"\xfe\xed\xfe\xed") {
        found.is_container = Some(Container::Jks);
        return Ok(found);
    }
    let sections = pem::sections(&input.bytes).map_err(|fault| Error::Pem {
        path: input.path.clone(),
        line: fault.line,
        reason: fault.reason,
    })?;
    for section in sections {
        found.add(section);
    }
    Ok(found)
}

impl Contents {
    fn add(&mut self, section: pem::Section) {
        match section.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => {
                self.certificates.push(Certificate { der: section.der.to_vec(), is_trusted_form: false });
            }
            "TRUSTED CERTIFICATE" => {
                // The certificate proper, without OpenSSL's trust settings that follow it.
                let whole = X509Certificate::from_der(&section.der).map_or(0, |(rest, _)| rest.len());
                let der = section.der[..section.der.len() - whole].to_vec();
                self.certificates.push(Certificate { der, is_trusted_form: true });
            }
            "ENCRYPTED PRIVATE KEY" => self.sealed.push(SealedKey::Pkcs8(section.der.to_vec())),
            label if label.ends_with("PRIVATE KEY") && section.is_encrypted => {
                self.sealed.push(SealedKey::Traditional(section.dek, section.der.to_vec()));
            }
            "OPENSSH PRIVATE KEY" => self.is_container = Some(Container::OpenSsh),
            label if label.ends_with("PRIVATE KEY") => self.keys.push(section.der),
            "PKCS7" | "CMS" => self.is_container = Some(Container::Pkcs7),
            "PKCS12" => self.add_pkcs12(&section.der),
            "EC PARAMETERS" | "DH PARAMETERS" | "X9.42 DH PARAMETERS" => {}
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => self.others.push("a certificate request (CSR)".into()),
            "PUBLIC KEY" | "RSA PUBLIC KEY" | "EC PUBLIC KEY" => self.others.push("a public key".into()),
            "X509 CRL" => self.others.push("a revocation list".into()),
            label => self.others.push(format!("`{label}`")),
        }
    }

    fn add_der(&mut self, der: &[u8]) {
        match der::shape(der) {
            Shape::Pkcs8 { .. } | Shape::Pkcs1 { .. } | Shape::Sec1 { .. } | Shape::Dsa => {
                self.keys.push(Zeroizing::new(der.to_vec()));
            }
            Shape::EncryptedPkcs8 => self.sealed.push(SealedKey::Pkcs8(der.to_vec())),
            Shape::Pkcs12 => self.add_pkcs12(der),
            Shape::Pkcs7 => self.is_container = Some(Container::Pkcs7),
            Shape::PublicKey => self.others.push("a public key".into()),
            Shape::Signed if X509Certificate::from_der(der).is_ok() => {
                self.certificates.push(Certificate { der: der.to_vec(), is_trusted_form: false });
            }
            Shape::Signed => {
                self.others.push("a certificate request (CSR), a revocation list or a damaged certificate".into())
            }
            Shape::Unknown => {}
        }
    }

    fn add_pkcs12(&mut self, der: &[u8]) {
        self.is_container = Some(Container::Pkcs12);
        self.pkcs12 = Some(der.to_vec());
    }

    /// Opens a PKCS#12 container, if that is what the file is. Many have no passphrase.
    pub(crate) fn unpack(&mut self, passphrase: Option<&Passphrase>) -> Result<(), sealed::Fault> {
        let Some(der) = self.pkcs12.take() else { return Ok(()) };
        let opened = match passphrase {
            Some(passphrase) => unpack(&der, passphrase),
            None => unpack(&der, &Passphrase::none()),
        };
        let found = opened?;
        let certificates = found.certificates.into_iter().map(|der| Certificate { der, is_trusted_form: false });
        self.certificates.extend(certificates);
        self.keys.extend(found.keys);
        self.is_container = None;
        Ok(())
    }

    /// Whether a private key is there, readable or not.
    pub(crate) fn has_key(&self) -> bool {
        !self.keys.is_empty() || !self.sealed.is_empty()
    }

    /// What there is, for the message that something else is missing.
    pub(crate) fn found(&self) -> String {
        let count = |number: usize, what: &str| match number {
            0 => None,
            1 => Some(format!("a {what}")),
            _ => Some(format!("{number} {what}s")),
        };
        let mut parts: Vec<String> = Vec::new();
        parts.extend(count(self.certificates.len(), "certificate"));
        parts.extend(count(self.keys.len(), "private key"));
        parts.extend((!self.sealed.is_empty()).then(|| "an encrypted private key".to_owned()));
        parts.extend(self.others.iter().take(4).cloned());
        if parts.is_empty() { "neither PEM nor DER".to_owned() } else { parts.join(", ") }
    }

    /// The error for containers that have to be unpacked first.
    pub(crate) fn refuse(&self, path: &Path) -> Result<(), Error> {
        let Some(container) = self.is_container else { return Ok(()) };
        let file = quoted(path);
        let (what, hint) = match container {
            Container::Pkcs12 => (
                "a PKCS#12 container",
                format!("unpack it: (umask 077; openssl pkcs12 -in {file} -nodes -out certificate-and-key.pem)"),
            ),
            Container::Pkcs7 => {
                ("a PKCS#7 container", format!("unpack it: openssl pkcs7 -in {file} -print_certs -out chain.pem"))
            }
            Container::Jks => (
                "a Java key store",
                format!(
                    "convert it: keytool -importkeystore -srckeystore {file} -destkeystore store.p12 -deststoretype pkcs12"
                ),
            ),
            Container::OpenSsh => (
                "a key in OpenSSH's own form",
                format!("convert a copy of it: cp {file} key.pem && ssh-keygen -p -N '' -m pkcs8 -f key.pem"),
            ),
        };
        Err(Error::Unsupported { path: path.to_owned(), what: what.to_owned(), hint })
    }
}
