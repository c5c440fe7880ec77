//! A private CA in a directory: its root, what it issued to servers and clients, what it revoked. Not the local CA of a laptop,
//! whose root browsers trust: a root that checks clients is never one that browsers know.

mod directory;
mod encode;
mod identity;
mod index;
mod request;
mod root;

use std::path::Path;

use aws_lc_rs::rand;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer, X509Certificate};

pub use self::identity::Identity;
pub use self::index::Files;
pub use self::request::Request;
pub use self::root::NewRoot;

use self::directory::Directory;
use self::index::{Event, Index, Record};
use self::root::Root;
use crate::error::Error;
use crate::facts::{distinguished, hexadecimal};
use crate::key::{Algorithm, KeyKind, PrivateKey};
use crate::passphrase::Passphrase;
use crate::pem;

/// How far in the past a leaf begins, for clients with a slow clock.
const BACKDATED: Duration = Duration::minutes(5);

/// What a certificate is for: exactly one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To be a TLS server.
    Server,
    /// To authenticate as a TLS client.
    Client,
}

impl Purpose {
    /// Longest life: what Apple's systems accept from a private root, for a server; ten years for a client.
    #[must_use]
    pub fn longest(self) -> Duration {
        match self {
            Self::Server => Duration::days(825),
            Self::Client => Duration::days(3650),
        }
    }
}

/// Why a certificate is revoked (RFC 5280, 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// None is given.
    #[default]
    Unspecified,
    /// Somebody else may have the key.
    KeyCompromise,
    /// The owner is not what the certificate says any more.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
}

impl Reason {
    /// Every reason with its name.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("unspecified", Self::Unspecified),
        ("key-compromise", Self::KeyCompromise),
        ("affiliation-changed", Self::AffiliationChanged),
        ("superseded", Self::Superseded),
        ("cessation-of-operation", Self::CessationOfOperation),
    ];

    fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
        }
    }
}

/// What to issue.
#[derive(Debug, Clone)]
pub struct Order {
    /// For a server or for a client.
    pub purpose: Purpose,
    /// The names; the first one is also the common name.
    pub names: Vec<Identity>,
    /// How long it is valid; never longer than the root.
    pub life: Duration,
    /// Where it will be written; see [`Authority::entries`].
    pub files: Files,
}

/// A certificate that was issued.
#[derive(Debug)]
pub struct Issued {
    /// The leaf, then its issuers up to but without a self-signed root.
    pub chain: Vec<CertificateDer<'static>>,
    /// Hexadecimal, upper case.
    pub serial: String,
    /// The end of its validity.
    pub not_after: OffsetDateTime,
    /// It ends with the root, earlier than was asked for.
    pub is_shortened: bool,
}

impl Issued {
    /// The chain as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.chain.iter().map(|der| pem::encode("CERTIFICATE", der).to_string()).collect()
    }
}

/// What became of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It can be used.
    Valid,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked(OffsetDateTime, Reason),
}

/// A certificate in the index.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Hexadecimal, upper case.
    pub serial: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Its subject.
    pub subject: String,
    /// Its alternative names.
    pub names: Vec<String>,
    /// Start of validity.
    pub not_before: OffsetDateTime,
    /// End of validity.
    pub not_after: OffsetDateTime,
    /// What became of it.
    pub state: State,
    /// Where it was written.
    pub files: Files,
    /// The serial of the certificate that took its place.
    pub replaced_by: Option<String>,
    /// The certificate.
    pub certificate: CertificateDer<'static>,
}

impl Entry {
    /// Whether it should be renewed: valid, in use, and two thirds of its life are over.
    #[must_use]
    pub fn is_due(&self, now: OffsetDateTime) -> bool {
        let at = self.not_before + (self.not_after - self.not_before) * 2 / 3;
        !matches!(self.state, State::Revoked(..)) && self.replaced_by.is_none() && at <= now
    }
}

/// A CA that can issue: its directory is locked for this process until it is dropped.
pub struct Authority {
    directory: Directory,
    root: Root,
    index: Index,
}

impl Authority {
    /// Makes a CA in a directory that has none.
    ///
    /// # Errors
    /// There is one already, the directory cannot be used, or the library's.
    pub fn create(
        path: &Path,
        new: &NewRoot,
        passphrase: Option<&Passphrase>,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let directory = Directory::lock_empty(path)?;
        let root = Root::create(new, now)?;
        directory.found(&root, passphrase)?;
        Self::unlocked(directory, root)
    }

    /// Makes a CA from a root that other tools made, with its key. `opened` opens the key given, `sealed` protects the copy in
    /// the directory. With `reissue`, a root that cannot be used as it is gets a successor of the same name and key.
    ///
    /// # Errors
    /// As [`Self::create`]; the files are no root with its key; X.509 version 1.
    pub fn adopt(
        path: &Path,
        (certificate, key): (&Path, &Path),
        (opened, sealed): (Option<Passphrase>, Option<&Passphrase>),
        reissue: bool,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let root = Root::adopt(certificate, key, opened, reissue, now)?;
        let directory = Directory::lock_empty(path)?;
        directory.found(&root, sealed)?;
        Self::unlocked(directory, root)
    }

    /// Opens the CA in a directory to issue with it. Blocks while another process does.
    ///
    /// # Errors
    /// There is none; [`Error::EncryptedKey`] when a passphrase is needed; damage.
    pub fn open(path: &Path, passphrase: Option<Passphrase>, now: OffsetDateTime) -> Result<Self, Error> {
        let directory = Directory::lock(path)?;
        let root = Root::read(&directory.certificate(), &directory.key(), passphrase, now)?;
        Self::unlocked(directory, root)
    }

    fn unlocked(directory: Directory, root: Root) -> Result<Self, Error> {
        let index = Index::open(&directory.index())?;
        Ok(Self { directory, root, index })
    }

    /// What the CA in a directory issued, oldest first. Needs no key and changes nothing.
    ///
    /// # Errors
    /// There is none, or its index is damaged.
    pub fn entries(path: &Path, now: OffsetDateTime) -> Result<Vec<Entry>, Error> {
        let directory = Directory::look(path)?;
        let index = Index::read(&directory.index())?;
        index.records().map(|record| entry(record, &index, &directory, now)).collect()
    }

    /// The root's certificate, for servers and clients that are to trust it.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.root.chain[0]
    }

    /// Where that is.
    #[must_use]
    pub fn certificate_path(&self) -> std::path::PathBuf {
        self.directory.certificate()
    }

    /// Where the newest revocation list is.
    #[must_use]
    pub fn list_path(&self) -> std::path::PathBuf {
        self.directory.list()
    }

    /// The root's subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.root.subject
    }

    /// The end of the root.
    #[must_use]
    pub fn not_after(&self) -> OffsetDateTime {
        self.root.not_after
    }

    /// Issues a certificate for a key made for it.
    ///
    /// # Errors
    /// [`Error::Refused`] for an order that makes no usable certificate; the disk's.
    pub fn issue(&mut self, order: &Order, kind: KeyKind, now: OffsetDateTime) -> Result<(Issued, PrivateKey), Error> {
        let key = PrivateKey::generate(kind)?;
        let is_rsa = key.algorithm() == Algorithm::Rsa;
        let subject = subject(&order.names)?;
        let issued = self.record(order, &subject, key.public_key_info(), is_rsa, None, now)?;
        Ok((issued, key))
    }

    /// Issues a certificate for the key of a request, under the order's names and the request's subject.
    ///
    /// # Errors
    /// As [`Self::issue`].
    pub fn sign(&mut self, request: &Request, order: &Order, now: OffsetDateTime) -> Result<Issued, Error> {
        let is_empty = request.subject_der == [0x30, 0];
        let subject = if is_empty { subject(&order.names)? } else { request.subject_der.clone() };
        self.record(order, &subject, &request.public_key_info, request.is_rsa(), None, now)
    }

    /// Issues a certificate that takes the place of another one: same names, same purpose, same subject. With a `kind`, for a
    /// new key; without, for the same.
    ///
    /// # Errors
    /// As [`Self::issue`]; the entry's names cannot be issued any more.
    pub fn renew(
        &mut self,
        entry: &Entry,
        kind: Option<KeyKind>,
        life: Duration,
        now: OffsetDateTime,
    ) -> Result<(Issued, Option<PrivateKey>), Error> {
        let path = self.directory.index();
        let damaged = || Error::BadCertificate { path: path.clone(), position: 1, reason: "it does not parse".into() };
        let (_, old) = X509Certificate::from_der(&entry.certificate).map_err(|_| damaged())?;
        let names = old.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|extension| &extension.value.general_names);
        let names: Vec<_> = names.filter_map(|name| Identity::of(name).ok()).collect();
        let order = Order { purpose: entry.purpose, names, life, files: entry.files.clone() };
        let key = kind.map(PrivateKey::generate).transpose()?;
        let (info, is_rsa) = match &key {
            Some(key) => (key.public_key_info(), key.algorithm() == Algorithm::Rsa),
            None => (old.public_key().raw, old.public_key().algorithm.algorithm.as_bytes() == crate::oid::RSA),
        };
        let issued = self.record(&order, old.subject().as_raw(), info, is_rsa, Some(&entry.serial), now)?;
        Ok((issued, key))
    }

    /// Signs, and writes the certificate into the index before anybody gets it.
    fn record(
        &mut self,
        order: &Order,
        subject: &[u8],
        public_key_info: &[u8],
        is_rsa: bool,
        replaces: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Issued, Error> {
        check(order)?;
        if self.root.not_after <= now {
            return Err(Error::Refused {
                reason: format!("the CA's own certificate {} has expired", self.root.subject),
            });
        }
        let number = self.unused_serial()?;
        let wanted = now + order.life;
        let not_after = wanted.min(self.root.not_after);
        let key = encode::public_key(public_key_info);
        let certificate = encode::Certificate {
            serial: &number,
            issuer: &self.root.subject_der,
            subject,
            not_before: now - BACKDATED,
            not_after,
            public_key_info,
            extensions: encode::of_leaf(
                order.purpose,
                &order.names,
                is_rsa,
                &encode::key_identifier(key),
                &self.root.identifier,
            ),
        };
        let der = CertificateDer::from(certificate.sign(&self.root.key)?);
        let record = Record {
            serial: hexadecimal(&number).replace(':', ""),
            purpose: order.purpose,
            certificate: pem::encode("CERTIFICATE", &der).to_string(),
            replaces: replaces.map(str::to_owned),
            files: order.files.clone(),
        };
        let serial = record.serial.clone();
        self.index.append(Event::Issued(record))?;
        let above = self.root.chain.iter().filter(|_| !self.root.is_self_signed).cloned();
        let chain = std::iter::once(der).chain(above).collect();
        Ok(Issued { chain, serial, not_after, is_shortened: not_after < wanted })
    }

    fn unused_serial(&self) -> Result<Vec<u8>, Error> {
        loop {
            let number = serial()?;
            let text = hexadecimal(&number).replace(':', "");
            if !self.index.records().any(|record| record.serial == text) {
                return Ok(number);
            }
        }
    }

    /// Takes a certificate back. What was revoked already stays as it was.
    ///
    /// # Errors
    /// [`Error::UnknownSerial`]; the disk's.
    pub fn revoke(&mut self, serial: &str, reason: Reason, now: OffsetDateTime) -> Result<(), Error> {
        if !self.index.records().any(|record| record.serial == serial) {
            return Err(Error::UnknownSerial { serial: serial.to_owned() });
        }
        if self.index.revocation(serial).is_some() {
            return Ok(());
        }
        self.index.append(Event::Revoked { serial: serial.to_owned(), at: now, reason })
    }

    /// Writes a new revocation list, good for `life`, into the directory.
    ///
    /// # Errors
    /// The disk's.
    pub fn write_list(&mut self, life: Duration, now: OffsetDateTime) -> Result<Vec<u8>, Error> {
        let number = self.index.list_number() + 1;
        let next_update = now + life;
        self.index.append(Event::Listed { number, next_update })?;
        // Expired certificates stay on it: their owners' clocks may be wrong, and the list is short.
        let revoked = self.index.events.iter().filter_map(|event| match event {
            Event::Revoked { serial, at, reason } => Some((bytes(serial), *at, reason.code())),
            _ => None,
        });
        let list = encode::RevocationList {
            issuer: &self.root.subject_der,
            issuer_key: &self.root.identifier,
            number,
            this_update: now,
            next_update,
            revoked: revoked.collect(),
        };
        let der = list.sign(&self.root.key)?;
        self.directory.write_list(pem::encode("X509 CRL", &der).as_bytes())?;
        Ok(der)
    }

    /// Gives the root a new certificate of the same name and key, valid from now on. What it issued stays valid.
    ///
    /// # Errors
    /// A CA below another one cannot renew itself; the disk's.
    pub fn renew_root(&mut self, life: Duration, now: OffsetDateTime) -> Result<(), Error> {
        self.root.reissue(life, now)?;
        self.directory.write_certificate(&self.root)
    }
}

/// The serial of a certificate in a file, or the serial as people copy it, with or without colons.
///
/// # Errors
/// A file that holds no certificate; text that is neither a file nor a serial.
pub fn serial_of(what: &str) -> Result<String, Error> {
    let path = Path::new(what);
    if path.is_file() {
        let certificate = root::first_certificate(path)?;
        let unreadable =
            |_| Error::BadCertificate { path: path.to_owned(), position: 1, reason: "it is damaged".into() };
        let (_, parsed) = X509Certificate::from_der(&certificate).map_err(unreadable)?;
        return Ok(hexadecimal(parsed.raw_serial()).replace(':', "").trim_start_matches("00").to_owned());
    }
    let digits: String = what.trim_start_matches("0x").chars().filter(|c| *c != ':').collect();
    let is_serial = !digits.is_empty() && digits.len() <= 40 && digits.chars().all(|c| c.is_ascii_hexdigit());
    let unknown = || Error::UnknownSerial { serial: crate::facts::printable(what) };
    is_serial.then(|| digits.to_ascii_uppercase()).ok_or_else(unknown)
}

/// 127 random bits, positive and never zero.
fn serial() -> Result<Vec<u8>, Error> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|source| Error::Make { what: "serial number", source: Box::new(source) })?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(bytes.to_vec())
}

fn check(order: &Order) -> Result<(), Error> {
    let refused = |reason: String| Err(Error::Refused { reason });
    if order.names.is_empty() {
        return refused("a certificate needs a name".into());
    }
    if order.life > order.purpose.longest() || order.life < Duration::minutes(1) {
        let days = order.purpose.longest().whole_days();
        return refused(format!("it would be valid for {} days: 1 to {days} are possible", order.life.whole_days()));
    }
    let is_spiffe = |name: &&Identity| matches!(name, Identity::Uri(uri) if uri.starts_with("spiffe:"));
    let uris = order.names.iter().filter(|name| matches!(name, Identity::Uri(_))).count();
    if uris > 1 && order.names.iter().any(|name| is_spiffe(&name)) {
        return refused("a certificate with a SPIFFE ID has exactly one URI".into());
    }
    let misplaced = |name: &&Identity| matches!(name, Identity::Email(_) | Identity::Person(_));
    match order.names.iter().find(misplaced) {
        Some(name) if order.purpose == Purpose::Server => refused(format!("{name} is no name of a server")),
        _ => Ok(()),
    }
}

fn subject(names: &[Identity]) -> Result<Vec<u8>, Error> {
    let person = names.iter().find(|name| matches!(name, Identity::Person(_))).or(names.first());
    let common = person.map(ToString::to_string).unwrap_or_default();
    // The field has room for 64 characters; the whole name is among the alternative names.
    let common: String = common.chars().take(64).collect();
    if common.is_empty() {
        return Err(Error::Refused { reason: "a certificate needs a name".into() });
    }
    Ok(encode::name(None, &common))
}

fn entry(record: &Record, index: &Index, directory: &Directory, now: OffsetDateTime) -> Result<Entry, Error> {
    let path = directory.index();
    let damaged = |reason: &str| Error::BadCertificate { path: path.clone(), position: 1, reason: reason.to_owned() };
    let sections = pem::sections(record.certificate.as_bytes()).map_err(|fault| damaged(&fault.reason))?;
    let der = sections.into_iter().next().ok_or_else(|| damaged("there is none"))?.der.to_vec();
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| damaged("it does not parse"))?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|extension| &extension.value.general_names);
    let not_after = certificate.validity().not_after.to_datetime();
    let state = match index.revocation(&record.serial) {
        Some((at, reason)) => State::Revoked(at, reason),
        None if not_after <= now => State::Expired,
        None => State::Valid,
    };
    let replaces = |later: &&Record| later.replaces.as_deref() == Some(&record.serial);
    Ok(Entry {
        serial: record.serial.clone(),
        purpose: record.purpose,
        subject: distinguished(certificate.subject()),
        names: names.filter_map(|name| Identity::of(name).ok()).map(|name| name.to_string()).collect(),
        not_before: certificate.validity().not_before.to_datetime(),
        not_after,
        state,
        files: record.files.clone(),
        replaced_by: index.records().find(replaces).map(|later| later.serial.clone()),
        certificate: CertificateDer::from(der.clone()),
    })
}

fn bytes(serial: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map_or(0, |digit| digit as u8);
    serial.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
