//! What can go wrong with certificates and keys: one enum, with the facts, and what a person can do about each.

use std::io;
use std::path::{Path, PathBuf};

use crate::finding::Moment;
use crate::key::Algorithm;

/// Why a certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file is larger than any certificate chain or key.
    #[error("{path} is larger than {limit} bytes: it is no certificate or key")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// [`crate::limits::FILE_BYTES`].
        limit: usize,
    },
    /// A directory that holds no certificate under a known name.
    #[error("{path} is a directory without {expected}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The file names looked for.
        expected: &'static str,
    },
    /// A PEM block is damaged.
    #[error("{path}, line {line}: {reason}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is no certificate where one is expected.
    #[error("no certificate in {path}: it holds {found}")]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// There is no private key where one is expected.
    #[error("no private key in {path}: it holds {found}")]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// The certificate file holds the key and the key file the certificate.
    #[error("the files are swapped: {certificate} holds a private key and {key} a certificate")]
    Swapped {
        /// What was given as the certificate.
        certificate: PathBuf,
        /// What was given as the key.
        key: PathBuf,
    },
    /// The private key is protected by a passphrase.
    #[error("the private key in {path} is encrypted")]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the private key in {path}")]
    WrongPassphrase {
        /// The key's file.
        path: PathBuf,
    },
    /// The passphrase of a key cannot be had.
    #[error("the private key in {path} is encrypted, and its passphrase cannot be had")]
    NoPassphrase {
        /// The key's file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A passphrase that cannot be one.
    #[error("the passphrase cannot be used: {reason}")]
    Passphrase {
        /// What is wrong.
        reason: &'static str,
    },
    /// The kind of key or of container cannot be used for TLS here.
    #[error("{path} holds {what}, which cannot be used")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
        /// The way out, a command where there is one.
        hint: String,
    },
    /// An RSA key that clients refuse.
    #[error("the RSA key in {path} has {bits} bits: fewer than 2048 are refused")]
    WeakKey {
        /// The file.
        path: PathBuf,
        /// Its modulus.
        bits: usize,
    },
    /// The key does not parse, or its parts contradict each other.
    #[error("the private key in {path} is damaged: {reason}")]
    BadKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A certificate does not parse.
    #[error("certificate {position} in {path} is damaged: {reason}")]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// Its number in the file, counted from 1.
        position: usize,
        /// What is wrong.
        reason: String,
    },
    /// A file of revocation lists cannot be used.
    #[error("{path} cannot be used as a revocation list: {reason}")]
    BadRevocationList {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key does not belong to the certificate.
    #[error(
        "the private key in {key} ({key_kind}) does not belong to the certificate in {certificate} ({subject}, {certificate_kind})"
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The certificate's subject.
        subject: String,
        /// The certificate's kind of key.
        certificate_kind: String,
        /// The key's kind.
        key_kind: String,
    },
    /// A signature scheme that does not fit the key.
    #[error("signature scheme {scheme:#06x} does not fit a key of kind {algorithm}")]
    Scheme {
        /// TLS `SignatureScheme`.
        scheme: u16,
        /// The key's kind.
        algorithm: Algorithm,
    },
    /// A signature was asked for over something that no TLS server handshake signs.
    #[error("refused to sign a message that is no TLS handshake")]
    NotHandshake,
    /// The library failed to sign.
    #[error("signing failed")]
    Signing,
    /// A name that no certificate can carry.
    #[error("`{name}` cannot stand in a certificate: {reason}")]
    Name {
        /// The name as given.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The local CA's files cannot be written or locked.
    #[error("cannot {action} {path}")]
    Store {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The local CA's root is there, its key is not.
    #[error("{certificate} has no key beside it ({key})")]
    RootWithoutKey {
        /// The root.
        certificate: PathBuf,
        /// Where its key should be.
        key: PathBuf,
    },
    /// The certificate in place of the local root may not issue.
    #[error("{path} is no certificate authority")]
    NotAuthority {
        /// The file.
        path: PathBuf,
    },
    /// A server gives no answer that is TLS.
    #[error("no certificate from {target}")]
    Connect {
        /// Host and port.
        target: String,
        /// What went wrong.
        source: io::Error,
    },
    /// A file that may not be replaced is there.
    #[error("{path} is there already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A directory without a private CA.
    #[error("there is no CA in {directory}")]
    NoAuthority {
        /// The directory.
        directory: PathBuf,
    },
    /// A root of X.509 version 1 cannot say that it is an authority.
    #[error(
        "{path} is an X.509 version 1 certificate: it cannot say that it is an authority, and current clients do not take it as one"
    )]
    VersionOneAuthority {
        /// The file.
        path: PathBuf,
    },
    /// The index of a private CA was changed by something else.
    #[error("line {line} of {path} is not as it was written")]
    Index {
        /// The index.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A serial that the CA did not issue.
    #[error("`{serial}` is neither the serial nor the file of a certificate that this CA issued")]
    UnknownSerial {
        /// What was asked for.
        serial: String,
    },
    /// A certificate request that cannot be signed.
    #[error("{path} is no certificate request that can be signed: {reason}")]
    Request {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A certificate that would be of no use.
    #[error("no certificate was issued: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// A root that others made is near its end, and cannot be replaced here.
    #[error("the root {path} ends on {}", crate::facts::day(at.0))]
    RootExpires {
        /// The root.
        path: PathBuf,
        /// Its end.
        at: Moment,
    },
    /// The root may not vouch for these names: clients would refuse the certificate.
    #[error("the local root may not vouch for {}, only for {}", names.join(", "), permitted.join(", "))]
    OutsideConstraints {
        /// The names.
        names: Vec<String>,
        /// What it may vouch for.
        permitted: Vec<String>,
    },
    /// The library failed to make a key or certificate.
    #[error("cannot make a {what}")]
    Make {
        /// What was to be made.
        what: &'static str,
        /// The library's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// What a person can do about it, as a sentence or a command; none where the error already says it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { path, source } => read_hint(path, source),
            Self::EncryptedKey { path } | Self::NoPassphrase { path, .. } => Some(format!(
                "name its passphrase (--key-passphrase-file, --key-passphrase-command), or {}",
                decrypt_once(path)
            )),
            Self::Unsupported { hint, .. } => Some(hint.clone()),
            Self::WeakKey { .. } => {
                Some("make a new key, for example: openssl ecparam -name prime256v1 -genkey -noout -out key.pem".into())
            }
            Self::Swapped { .. } => Some("exchange the two file names".into()),
            Self::Mismatch { certificate, key, .. } if certificate != key => Some(format!(
                "compare them: openssl x509 -in {} -noout -pubkey; openssl pkey -in {} -pubout",
                quoted(certificate),
                quoted(key),
            )),
            Self::Mismatch { .. } => Some("the file pairs a certificate with another certificate's key".into()),
            Self::NoKey { .. } => Some("name the file of the private key (--keyfile)".into()),
            Self::NoAuthority { .. } => Some("make one: tlsgi ca init; or name its directory: --dir DIR".into()),
            Self::VersionOneAuthority { .. } => Some(
                "with `--reissue` it gets a successor with the same name and key, which clients have to be given; what it signed stays good"
                    .into(),
            ),
            Self::Index { .. } => Some("restore the file from a backup: without it nothing can be revoked reliably".into()),
            Self::UnknownSerial { .. } => Some("`tlsgi ca list` shows what it issued".into()),
            Self::RootWithoutKey { certificate, .. } => {
                Some(format!("restore the key, or remove {} to have a new root made", quoted(certificate)))
            }
            Self::RootExpires { path, .. } => {
                Some(format!("remove {} and its key to have a new root made", quoted(path)))
            }
            Self::OutsideConstraints { names, .. } => Some(format!(
                "`tlsgi trust install --permit {}` makes a root that may",
                names
                    .iter()
                    .map(|name| quoted(name.trim_start_matches("*.").as_ref()))
                    .collect::<Vec<_>>()
                    .join(" --permit "),
            )),
            _ => None,
        }
    }
}

fn read_hint(path: &Path, source: &io::Error) -> Option<String> {
    match source.kind() {
        io::ErrorKind::PermissionDenied => Some(format!(
            "the user that starts tlsgi must be able to read {} and enter the directories above it",
            quoted(path)
        )),
        io::ErrorKind::NotFound if path.is_symlink() => {
            Some("it is a symbolic link to something that is not there".into())
        }
        _ => None,
    }
}

/// The command that takes the passphrase off a key.
pub(crate) fn decrypt_once(path: &Path) -> String {
    format!(
        "decrypt the key once: (umask 077; openssl pkey -in {} -out {})",
        quoted(path),
        quoted(&beside(path, "decrypted"))
    )
}

/// A path as a shell word.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) && !text.starts_with('-') {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// `key.pem` → `key-decrypted.pem`.
fn beside(path: &Path, addition: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or("pem".as_ref()).to_string_lossy();
    path.with_file_name(format!("{stem}-{addition}.{extension}"))
}
