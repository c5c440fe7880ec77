//! `tlsgi ca`: asks for what is missing, has the CA do it, and says what came of it.

mod list;
mod output;

use std::io::Read;
use std::path::{Path, PathBuf};

use time::{Duration, OffsetDateTime};
use tlsgi_cert::authority::{
    Authority, Entry, Identity, Issued, NewRoot, Order, Permit, Purpose, Reason, Request, State, serial_of,
};
use tlsgi_cert::{Error, KeyKind, Passphrase, PrivateKey};
use tlsgi_config::tool::{Ca, Init, Issue, Renew, Sign, Task};
use tlsgi_config::{Diagnostic, Diagnostics, Exit};

use self::output::Destination;
use super::passphrase::{self, Wanted};
use super::tool::{Place, failed};
use super::{Failure, print};

/// Largest request that is read from standard input.
const REQUEST_BYTES: u64 = 1 << 20;

/// Does what is asked for.
pub(super) fn run(asked: &Ca, place: &Place) -> anyhow::Result<Exit> {
    let directory = asked.directory.clone().unwrap_or_else(|| place.state_directory.join("private-ca"));
    let desk = Desk { directory, asked, now: OffsetDateTime::now_utc() };
    match &asked.task {
        Task::Init(init) => desk.init(init),
        Task::Issue(issue) => desk.issue(issue),
        Task::Sign(sign) => desk.sign(sign),
        Task::Revoke { what, reason, days } => desk.revoke(what, reason, *days),
        Task::Crl { days, url } => desk.crl(*days, url.as_deref()),
        Task::List { json } => list::run(&desk.directory, *json, desk.now),
        Task::Renew(renew) => desk.renew(renew),
    }
}

fn permits(texts: &[String]) -> anyhow::Result<Vec<Permit>> {
    let permits = texts.iter().map(|text| Permit::parse(text)).collect::<Result<Vec<_>, _>>();
    permits.map_err(|error| failed(&error))
}

fn publish(authority: &Authority, url: Option<&str>) -> anyhow::Result<()> {
    let Some(url) = url else { return Ok(()) };
    authority.publish_list_at(url).map_err(|error| failed(&error))
}

/// One command at one CA.
struct Desk<'a> {
    directory: PathBuf,
    asked: &'a Ca,
    now: OffsetDateTime,
}

impl Desk<'_> {
    fn init(&self, init: &Init) -> anyhow::Result<Exit> {
        let sealed = if init.encrypt_key {
            Some(passphrase::of(&self.asked.passphrase, Wanted::New("the CA's key"))?)
        } else {
            None
        };
        let authority = match &init.from {
            Some((certificate, key)) => {
                let adopt = |opened: Option<Passphrase>| {
                    // A key that came behind a passphrase stays behind it.
                    let sealed = sealed.as_ref().or(opened.as_ref()).cloned();
                    let files = (certificate.as_path(), key.as_path());
                    Authority::adopt(&self.directory, files, (opened, sealed.as_ref()), init.reissue, self.now)
                };
                self.unlock(key, adopt)?
            }
            None => {
                let new = NewRoot {
                    name: init.name.clone().unwrap_or_else(|| format!("Private CA of {}", host())),
                    organization: init.organization.clone(),
                    kind: kind(&init.key),
                    life: Duration::days(init.days.into()),
                    permitted: permits(&init.permitted)?,
                };
                Authority::create(&self.directory, &new, sealed.as_ref(), self.now).map_err(|error| failed(&error))?
            }
        };
        publish(&authority, init.list_url.as_deref())?;
        let certificate = authority.certificate_path();
        Ok(print::out(&format!(
            "{}, valid until {}\n  certificate  {}\n  key          {}\nGive the certificate to those that are to trust it; keep a copy of the directory.\n",
            authority.subject(),
            authority.not_after().date(),
            certificate.display(),
            certificate.with_file_name("ca-key.pem").display(),
        )))
    }

    /// Opens the CA, with a passphrase where its key wants one.
    fn open(&self) -> anyhow::Result<Authority> {
        self.unlock(&self.directory.join("ca-key.pem"), |passphrase| {
            Authority::open(&self.directory, passphrase, self.now)
        })
    }

    /// Tries without a passphrase first: most keys have none.
    fn unlock<T>(&self, key: &Path, open: impl Fn(Option<Passphrase>) -> Result<T, Error>) -> anyhow::Result<T> {
        match open(None) {
            Err(Error::EncryptedKey { .. }) => {
                let text = key.display().to_string();
                let passphrase = passphrase::of(&self.asked.passphrase, Wanted::Known(&text))?;
                open(Some(passphrase)).map_err(|error| failed(&error))
            }
            other => other.map_err(|error| failed(&error)),
        }
    }

    fn issue(&self, issue: &Issue) -> anyhow::Result<Exit> {
        let purpose = if issue.is_client { Purpose::Client } else { Purpose::Server };
        let names = identities(&issue.names, purpose)?;
        let destination = Destination::new(&issue.output, &names[0], true)?;
        destination.check()?;
        let mut authority = self.open()?;
        let order = Order { purpose, names, life: Duration::days(issue.days.into()), files: destination.files()? };
        let issued = authority.issue(&order, kind(&issue.key), self.now).map_err(|error| failed(&error))?;
        self.deliver(&authority, &issued.0, Some(&issued.1), &order.names[0].to_string(), &destination)
    }

    fn sign(&self, sign: &Sign) -> anyhow::Result<Exit> {
        let request = read_request(&sign.request)?;
        let asked = request.purpose.unwrap_or(Purpose::Server);
        let purpose = match sign.is_client {
            Some(true) => Purpose::Client,
            Some(false) => Purpose::Server,
            None => asked,
        };
        let names = if sign.names.is_empty() {
            let texts: Vec<_> = request.names.iter().map(ToString::to_string).collect();
            identities(&texts, purpose)?
        } else {
            identities(&sign.names, purpose)?
        };
        let Some(first) = names.first() else {
            return Err(Failure::new(Exit::Failure, "the request has no name that a certificate can carry")
                .hint("name it: tlsgi ca sign CSR NAME…")
                .into());
        };
        let destination = Destination::new(&sign.output, first, false)?;
        destination.check()?;
        let mut authority = self.open()?;
        let left_out = request.left_out.iter().map(|what| Diagnostic::warning(format!("kept out: {what}")));
        print::diagnostics(&Diagnostics(left_out.collect()), None);
        let order = Order { purpose, names, life: Duration::days(sign.days.into()), files: destination.files()? };
        let issued = authority.sign(&request, &order, self.now).map_err(|error| failed(&error))?;
        self.deliver(&authority, &issued, None, &order.names[0].to_string(), &destination)
    }

    /// Writes what was issued, and says so.
    fn deliver(
        &self,
        authority: &Authority,
        issued: &Issued,
        key: Option<&PrivateKey>,
        name: &str,
        destination: &Destination<'_>,
    ) -> anyhow::Result<Exit> {
        let text = destination.write(authority, issued, key, name)?;
        if issued.is_shortened {
            let told = "it ends with the CA's own certificate, earlier than was asked for";
            let hint = "`tlsgi ca renew --root` gives the CA a new one with the same key";
            print::diagnostics(&Diagnostics(vec![Diagnostic::warning(told).hint(hint)]), None);
        }
        let until = issued.not_after.date();
        Ok(print::out(&format!("{name}, valid until {until}, serial {}\n{text}", issued.serial)))
    }

    fn revoke(&self, what: &[String], reason: &str, days: u32) -> anyhow::Result<Exit> {
        let reason =
            Reason::NAMES.iter().find(|(name, _)| *name == reason).map_or_else(Reason::default, |found| found.1);
        let mut authority = self.open()?;
        // All are found before the first is taken back.
        let mut find = |what: &String| match Path::new(what) {
            path if path.is_file() => authority.take_in(path),
            _ => serial_of(what).and_then(|serial| authority.known(serial)),
        };
        let serials = what.iter().map(&mut find).collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
        for serial in &serials {
            authority.revoke(serial, reason, self.now).map_err(|error| failed(&error))?;
        }
        let revoked: String = serials.iter().map(|serial| format!("revoked {serial}\n")).collect();
        print::out(&revoked);
        self.list_anew(&mut authority, days)
    }

    fn crl(&self, days: u32, url: Option<&str>) -> anyhow::Result<Exit> {
        let mut authority = self.open()?;
        publish(&authority, url)?;
        self.list_anew(&mut authority, days)
    }

    fn list_anew(&self, authority: &mut Authority, days: u32) -> anyhow::Result<Exit> {
        let life = Duration::days(days.into());
        authority.write_list(life, self.now).map_err(|error| failed(&error))?;
        let until = (self.now + life).date();
        Ok(print::out(&format!("revocation list, good until {until}\n  {}\n", authority.list_path().display())))
    }

    fn renew(&self, renew: &Renew) -> anyhow::Result<Exit> {
        let mut authority = self.open()?;
        if renew.root {
            let life = renew.days.map_or(NewRoot::LIFE, |days| Duration::days(days.into()));
            authority.renew_root(life, self.now).map_err(|error| failed(&error))?;
            let told = format!(
                "{}, valid until {}\n  {}\n",
                authority.subject(),
                authority.not_after().date(),
                authority.certificate_path().display()
            );
            return Ok(print::out(&told));
        }
        let entries = Authority::entries(&self.directory, self.now).map_err(|error| failed(&error))?;
        let mut chosen = Vec::new();
        for what in &renew.what {
            let serial = serial_of(what).map_err(|error| failed(&error))?;
            let entry = entries.iter().find(|entry| entry.serial == serial);
            chosen.push(entry.ok_or_else(|| failed(&Error::UnknownSerial { serial: what.clone() }))?);
        }
        if renew.due {
            chosen.extend(entries.iter().filter(|entry| entry.is_due(self.now) && entry.files.certificate.is_some()));
            if chosen.is_empty() {
                return Ok(print::out("nothing is due\n"));
            }
        }
        for entry in chosen {
            self.renew_one(&mut authority, entry, renew)?;
        }
        Ok(Exit::Success)
    }

    fn renew_one(&self, authority: &mut Authority, entry: &Entry, renew: &Renew) -> anyhow::Result<()> {
        if let State::Revoked(..) = entry.state {
            let told = format!("{} was revoked: issue a new certificate instead", entry.serial);
            return Err(Failure::new(Exit::Failure, told).into());
        }
        // A certificate for a request has no key here: its owner keeps it.
        let kind = renew.key.as_deref().filter(|_| entry.files.key.is_some()).map(kind);
        let destination = Destination::again(&renew.output, entry, kind.is_some())?;
        let before = entry.not_after - entry.not_before;
        let life = renew.days.map_or(before.min(entry.purpose.longest()), |days| Duration::days(days.into()));
        let mut entry = entry.clone();
        entry.files = destination.files()?;
        let (issued, key) = authority.renew(&entry, kind, life, self.now).map_err(|error| failed(&error))?;
        let name = entry.names.first().map_or(entry.subject.as_str(), String::as_str);
        self.deliver(authority, &issued, key.as_ref(), name, &destination).map(|_| ())
    }
}

fn identities(texts: &[String], purpose: Purpose) -> anyhow::Result<Vec<Identity>> {
    let parse = match purpose {
        Purpose::Server => Identity::parse_host,
        Purpose::Client => Identity::parse,
    };
    texts.iter().map(|text| parse(text).map_err(|error| failed(&error))).collect()
}

fn read_request(path: &Path) -> anyhow::Result<Request> {
    let unreadable = |source| failed(&Error::Read { path: path.to_owned(), source });
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(REQUEST_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(REQUEST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    Request::read(path, &bytes).map_err(|error| failed(&error))
}

fn kind(name: &str) -> KeyKind {
    KeyKind::named(name).unwrap_or_default()
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().chars().take(40).collect()
}
