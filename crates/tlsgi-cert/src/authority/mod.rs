//! A private CA in a directory: its root, what it issued to servers and clients, what it revoked. Not the local CA of a laptop,
//! whose root browsers trust: a root that checks clients is never one that browsers know.

mod directory;
mod encode;
mod entry;
mod identity;
mod index;
mod order;
mod permit;
mod purpose;
mod request;
mod root;

use std::path::Path;

use aws_lc_rs::rand;
use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer, X509Certificate};

pub use self::entry::{Entry, State};
pub use self::identity::Identity;
pub use self::index::Files;
pub use self::order::Order;
pub use self::permit::Permit;
pub use self::purpose::{Purpose, Reason};
pub use self::request::Request;
pub use self::root::NewRoot;

use self::directory::Directory;
use self::entry::entry;
use self::index::{Event, Index, Record};
use self::order::{check, subject};
use self::root::Root;
use crate::error::Error;
use crate::facts::hexadecimal;
use crate::key::{Algorithm, KeyKind, PrivateKey};
use crate::local::constraints::Constraints;
use crate::passphrase::Passphrase;
use crate::pem;

/// How far in the past a leaf begins, for clients with a slow clock.
const BACKDATED: Duration = Duration::minutes(5);

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
        self.check_names(order)?;
        let number = self.unused_serial()?;
        let wanted = now + order.life;
        let not_after = wanted.min(self.root.not_after);
        let key = encode::public_key(public_key_info);
        let identifier = encode::key_identifier(key);
        let mut extensions = encode::of_leaf(order.purpose, &order.names, is_rsa, &identifier, &self.root.identifier);
        extensions.extend(self.directory.list_url()?.as_deref().map(encode::list_at));
        let certificate = encode::Certificate {
            serial: &number,
            issuer: &self.root.subject_der,
            subject,
            not_before: now - BACKDATED,
            not_after,
            public_key_info,
            extensions,
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

    /// Clients refuse names outside of the root's constraints: so does the CA.
    fn check_names(&self, order: &Order) -> Result<(), Error> {
        let constraints = Constraints::of(&self.root.chain[0]);
        let is_outside = |name: &&Identity| matches!(name, Identity::Host(name) if !constraints.permit(name));
        match order.names.iter().find(is_outside) {
            Some(name) => Err(Error::Refused {
                reason: format!("the CA may issue for {} alone, not for {name}", constraints.describe().join(", ")),
            }),
            None => Ok(()),
        }
    }

    /// Names the place of the revocation list in certificates from now on. The list is not put there.
    ///
    /// # Errors
    /// Not an http URL; the disk's.
    pub fn publish_list_at(&self, url: &str) -> Result<(), Error> {
        let is_url = url.starts_with("http://") && url.len() > 7 && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_url || url.len() > 1024 {
            let reason =
                format!("{} is no place of a revocation list: it begins with http://", crate::facts::printable(url));
            return Err(Error::Refused { reason });
        }
        self.directory.write_list_url(url)
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

    /// Takes a certificate in a file into the record that this CA's key signed elsewhere, so that it can be revoked; its serial. What
    /// is on record stays as it is.
    ///
    /// # Errors
    /// [`Error::UnknownSerial`] when this CA did not sign it; the disk's.
    pub fn take_in(&mut self, path: &Path) -> Result<String, Error> {
        let serial = serial_of(&path.display().to_string())?;
        if self.index.records().any(|record| record.serial == serial) {
            return Ok(serial);
        }
        let der = root::first_certificate(path)?;
        let unknown = || Error::UnknownSerial { serial: path.display().to_string() };
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| unknown())?;
        let (_, own) = X509Certificate::from_der(&self.root.chain[0]).map_err(|_| unknown())?;
        let is_ours = certificate.issuer().as_raw() == self.root.subject_der
            && certificate.verify_signature(Some(own.public_key())).is_ok();
        if !is_ours {
            return Err(unknown());
        }
        let usage = certificate.extended_key_usage().ok().flatten();
        let is_client = usage.is_some_and(|usage| usage.value.client_auth && !usage.value.server_auth);
        self.index.append(Event::Issued(Record {
            serial: serial.clone(),
            purpose: if is_client { Purpose::Client } else { Purpose::Server },
            certificate: pem::encode("CERTIFICATE", &der).to_string(),
            replaces: None,
            files: Files { certificate: std::path::absolute(path).ok(), ..Files::default() },
        }))?;
        Ok(serial)
    }

    /// The serial, if it is on record.
    ///
    /// # Errors
    /// [`Error::UnknownSerial`].
    pub fn known(&self, serial: String) -> Result<String, Error> {
        if self.index.records().any(|record| record.serial == serial) {
            Ok(serial)
        } else {
            Err(Error::UnknownSerial { serial })
        }
    }

    /// Takes a certificate back. What was revoked already stays as it was.
    ///
    /// # Errors
    /// [`Error::UnknownSerial`]; the disk's.
    pub fn revoke(&mut self, serial: &str, reason: Reason, now: OffsetDateTime) -> Result<(), Error> {
        let serial = &self.known(serial.to_owned())?;
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

fn bytes(serial: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map_or(0, |digit| digit as u8);
    serial.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
