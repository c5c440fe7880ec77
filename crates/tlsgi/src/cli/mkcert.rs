//! `tlsgi mkcert`: mkcert's words, on the streams where mkcert says them.

use std::path::Path;

use time::OffsetDateTime;
use time::macros::format_description;
use tlsgi_cert::trust::{self, Kind, Outcome, Report, Surroundings, TrustedRoot};
use tlsgi_cert::{
    Entry, Error, FileNames, Form, KeyKind, LocalCa, NewRoot, Order, Overwrite, Passphrase, Pkcs12Form, Places, Scope,
    write_file,
};
use tlsgi_config::Exit;
use tlsgi_config::tool::{Mkcert, MkcertRun, MkcertStores};

use super::cert::{bundle, named, wildcard_base};
use super::tool::{Place, failed};
use super::{print, surroundings, trust as told};

const USAGE: &str = "Usage: mkcert [FLAGS] NAME...

    mkcert -install
        Make the local CA if there is none, and put it into the trust stores.

    mkcert example.org
        Write example.org.pem and example.org-key.pem.

    mkcert example.com myapp.dev localhost 127.0.0.1 ::1
        Write example.com+4.pem and example.com+4-key.pem.

    mkcert '*.example.it'
        Write _wildcard.example.it.pem and _wildcard.example.it-key.pem.

    mkcert -uninstall
        Take the local CA out of the trust stores; its files stay.

";

const FLAGS: &str = "Flags, before the names:

    -cert-file FILE, -key-file FILE, -p12-file FILE
        Where to write.

    -client
        For clients as well.

    -ecdsa
        A P-256 key instead of RSA.

    -pkcs12
        A PKCS#12 file (\".p12\", \".pfx\") with certificate and key.

    -csr FILE
        Sign this request. Goes with -install and -cert-file only.

    -CAROOT
        Print the directory of the local CA.

Variables:

    CAROOT
        The directory of the local CA.

    TRUST_STORES
        The stores that count, separated by commas: system, nss, java.

    JAVA_HOME
        The Java installation whose store counts.

";

const DAY: &[time::format_description::BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year]");

/// Does what is asked for.
pub(super) fn run(asked: &Mkcert, place: &Place) -> anyhow::Result<Exit> {
    let directory = || place.places.named.clone().or_else(|| place.places.mkcert.clone());
    let directory = directory().unwrap_or_else(|| place.places.own.clone());
    match asked {
        Mkcert::Usage => Ok(print::out(USAGE)),
        Mkcert::Help => Ok(print::out(&format!("{USAGE}{FLAGS}"))),
        Mkcert::Version => Ok(print::out(&format!("tlsgi {}\n", env!("CARGO_PKG_VERSION")))),
        Mkcert::CaRoot => Ok(print::out(&format!("{}\n", directory.display()))),
        Mkcert::Refused { message, is_syntax: true } => {
            say(&format!("{message}\n{USAGE}`mkcert -help` says more.\n"));
            Ok(Exit::Usage)
        }
        Mkcert::Refused { message, .. } => {
            say(&format!("ERROR: {message}\n"));
            Ok(Exit::Failure)
        }
        Mkcert::Run(run) => work(run, &Places::only(&directory)),
    }
}

fn work(run: &MkcertRun, places: &Places) -> anyhow::Result<Exit> {
    let around = surroundings::for_mkcert();
    let mut entries = Vec::new();
    for name in &run.names {
        match Entry::parse(name) {
            Ok(entry) => entries.push(entry),
            Err(error) => {
                say(&format!("ERROR: {name:?} is not a valid hostname, IP, URL or email: {error}\n"));
                return Ok(Exit::Failure);
            }
        }
    }
    let owner = surroundings::owner();
    let key = if run.is_ecdsa { KeyKind::P256 } else { KeyKind::Rsa3072 };
    let wish = NewRoot { scope: Scope::Everything, key, mkcert_owner: Some(owner.clone()) };
    let is_new = !places.directory().join("rootCA.pem").exists();
    let authority = match LocalCa::open(places, &wish, OffsetDateTime::now_utc()) {
        Ok(authority) => Ok(authority),
        Err(error @ Error::RootWithoutKey { .. }) => Err(error),
        Err(error) => return Err(failed(&error)),
    };
    if is_new {
        say("Created a new local CA 💥\n");
    }
    let root = told::existing(places)?;
    if let Some(root) = &root {
        match run.stores {
            MkcertStores::Install => install(root, &around),
            MkcertStores::Uninstall => {
                uninstall(root, &around);
                return Ok(Exit::Success);
            }
            MkcertStores::Look => look(root, &around),
        }
    }
    if run.csr.is_none() && entries.is_empty() {
        if run.stores == MkcertStores::Look {
            say(&format!("{USAGE}`mkcert -help` says more.\n"));
        }
        return Ok(Exit::Success);
    }
    let Ok(authority) = authority else {
        say("ERROR: can't create new certificates because the CA key (rootCA-key.pem) is missing\n");
        return Ok(Exit::Failure);
    };
    let made = match &run.csr {
        Some(csr) => sign(csr, run, &authority),
        None => certificate(run, &entries, owner, &authority),
    };
    made.map_err(|error| failed(&error))
}

fn certificate(run: &MkcertRun, entries: &[Entry], owner: String, authority: &LocalCa) -> Result<Exit, Error> {
    let form = Form::Mkcert { owner, is_for_clients: run.is_for_clients, has_common_name: run.is_pkcs12 };
    let key = if run.is_ecdsa { KeyKind::P256 } else { KeyKind::Rsa2048 };
    let issued = authority.fill(&Order { entries: entries.to_vec(), key, form }, OffsetDateTime::now_utc())?;
    // International names are shown and make file names in the form that stands in the certificate.
    let names: Vec<String> = run
        .names
        .iter()
        .zip(entries)
        .map(|(written, entry)| if written.is_ascii() { written.clone() } else { entry.to_string() })
        .collect();
    let files = named(&run.files, FileNames::of(&names, run.is_for_clients));
    let mut text = described(&names, entries);
    if run.is_pkcs12 {
        // mkcert's is readable for everybody; what is in it is a key all the same.
        let passphrase = Passphrase::new(b"changeit")?;
        write_file(
            &files.pkcs12,
            &bundle(&issued, authority, &names, &passphrase, Pkcs12Form::Legacy)?,
            0o600,
            Overwrite::Replace,
        )?;
        text.push_str(&format!("\nThe PKCS#12 bundle is at \"{}\" ✅\n", files.pkcs12.display()));
        text.push_str("\nThe legacy PKCS#12 encryption password is the often hardcoded default \"changeit\" ℹ️\n");
    } else {
        issued.write(&files)?;
        text.push_str(&match files.certificate == files.key {
            true => format!("\nThe certificate and key are at \"{}\" ✅\n", files.certificate.display()),
            false => format!(
                "\nThe certificate is at \"{}\" and the key at \"{}\" ✅\n",
                files.certificate.display(),
                files.key.display()
            ),
        });
    }
    let until = issued.not_after.format(DAY).unwrap_or_default();
    say(&format!("{text}\nIt will expire on {until} 🗓\n\n"));
    Ok(Exit::Success)
}

/// Signs a request; there is no key to be written.
fn sign(csr: &Path, run: &MkcertRun, authority: &LocalCa) -> Result<Exit, Error> {
    let signed = authority.sign_request(csr, OffsetDateTime::now_utc())?;
    let files = named(&run.files, FileNames::of(&signed.names, false));
    write_file(&files.certificate, signed.to_pem().as_bytes(), 0o644, Overwrite::Replace)?;
    let entries: Vec<Entry> = signed.names.iter().filter_map(|name| Entry::parse(name).ok()).collect();
    let names = described(&signed.names, &entries);
    let until = signed.not_after.format(DAY).unwrap_or_default();
    let place = files.certificate.display();
    say(&format!("{names}\nThe certificate is at \"{place}\" ✅\n\nIt will expire on {until} 🗓\n\n"));
    Ok(Exit::Success)
}

fn described(names: &[String], entries: &[Entry]) -> String {
    let mut text = "\nCreated a new certificate valid for the following names 📜\n".to_owned();
    for (name, entry) in names.iter().zip(entries) {
        text.push_str(&format!(" - {name:?}\n"));
        if wildcard_base(entry).is_some_and(|base| !base.contains('.')) {
            text.push_str(&format!(
                "   Warning: many browsers don't support second-level wildcards like {name:?} ⚠️\n"
            ));
        }
    }
    if let Some(base) = entries.iter().find_map(wildcard_base) {
        text.push_str(&format!(
            "\nReminder: X.509 wildcards only go one level deep, so this won't match a.b.{base} ℹ️\n"
        ));
    }
    text
}

/// What mkcert calls the stores of a kind.
const fn store_name(kind: Kind) -> &'static str {
    match kind {
        Kind::System => "the system trust store",
        Kind::Nss => "the Firefox and/or Chrome/Chromium trust store",
        Kind::Java => "Java's trust store",
    }
}

/// Kinds of stores that are there, with whether every one of the kind passes.
fn kinds(reports: &[Report], passes: impl Fn(&Outcome) -> bool) -> Vec<(Kind, bool)> {
    let of = |kind| reports.iter().filter(move |report| report.store.kind == kind);
    let present = Kind::ALL.into_iter().filter(|kind| of(*kind).next().is_some());
    present.map(|kind| (kind, of(kind).all(|report| passes(&report.outcome)))).collect()
}

fn look(root: &TrustedRoot, around: &Surroundings) {
    let missing =
        kinds(&trust::status(root, around), Outcome::is_trusted).into_iter().filter(|(_, is_trusted)| !is_trusted);
    let notes: String =
        missing.map(|(kind, _)| format!("Note: the local CA is not installed in {}.\n", store_name(kind))).collect();
    if !notes.is_empty() {
        say(&format!("{notes}Run \"mkcert -install\" for certificates to be trusted automatically ⚠️\n"));
    }
}

fn install(root: &TrustedRoot, around: &Surroundings) {
    let reports = trust::install(root, around);
    let already = kinds(&reports, |outcome| matches!(outcome, Outcome::Trusted));
    for ((kind, was_there), (_, is_there)) in already.into_iter().zip(kinds(&reports, Outcome::is_trusted)) {
        let (sign, restart) = match kind {
            Kind::System => ("⚡️", ""),
            Kind::Nss => ("🦊", " (requires browser restart)"),
            Kind::Java => ("☕️", ""),
        };
        if was_there {
            say(&format!("The local CA is already installed in {}! 👍\n", store_name(kind)));
        } else if is_there {
            say(&format!("The local CA is now installed in {}{restart}! {sign}\n", store_name(kind)));
        }
    }
    print::diagnostics(&told::told(&reports), None);
    say("\n");
}

fn uninstall(root: &TrustedRoot, around: &Surroundings) {
    let reports = trust::uninstall(root, around);
    for (kind, is_gone) in kinds(&reports, |outcome| matches!(outcome, Outcome::Removed | Outcome::NotTrusted)) {
        if is_gone {
            say(&format!("The local CA is now uninstalled from {}! 👋\n", store_name(kind)));
        }
    }
    print::diagnostics(&told::told(&reports), None);
    say("\n");
}

fn say(text: &str) {
    print::err(text);
}
