//! `tlsgi cert`: where the certificate is, whose it is, and what to know about it.

use std::path::PathBuf;

use time::OffsetDateTime;
use tlsgi_cert::{
    Entry, FileNames, Form, Issued, KeyKind, LocalCa, Name, NewRoot, Order, Overwrite, Passphrase, Pkcs12Form, pkcs12,
    write_file,
};
use tlsgi_config::tool::{Cert, CertIssue, Files};
use tlsgi_config::{Diagnostic, Diagnostics, Exit};

use super::tool::{Place, failed};
use super::{inspect, print};

/// Does what is asked for.
pub(super) fn run(asked: &Cert, place: &Place) -> anyhow::Result<Exit> {
    match asked {
        Cert::Inspect(asked) => inspect::run(asked),
        Cert::Issue(issue) => self::issue(issue, place).map_err(|error| failed(&error)),
    }
}

fn issue(asked: &CertIssue, place: &Place) -> Result<Exit, tlsgi_cert::Error> {
    let now = OffsetDateTime::now_utc();
    let authority = match asked.is_for_clients {
        true => LocalCa::for_clients(&place.state_directory.join("client-ca"), now)?,
        false => LocalCa::open(&place.places, &NewRoot::default(), now)?,
    };
    let entries = asked.names.iter().map(|name| Entry::parse(name)).collect::<Result<Vec<_>, _>>()?;
    let form = Form::Own { is_for_clients: asked.is_for_clients, days: asked.days };
    let key = if asked.is_rsa { KeyKind::Rsa2048 } else { KeyKind::P256 };
    let issued = authority.fill(&Order { entries: entries.clone(), key, form }, now)?;
    let files = named(&asked.files, FileNames::of(&asked.names, asked.is_for_clients));
    issued.write(&files)?;
    let mut text = match files.certificate == files.key {
        true => format!("both       {}\n", files.key.display()),
        false => format!("cert       {}\nkey        {}\n", files.certificate.display(), files.key.display()),
    };
    if asked.has_pkcs12 {
        let passphrase = Passphrase::random()?;
        write_file(
            &files.pkcs12,
            &bundle(&issued, &authority, &asked.names, &passphrase, Pkcs12Form::Modern)?,
            0o600,
            Overwrite::Replace,
        )?;
        text.push_str(&format!("p12        {}\npassphrase {}\n", files.pkcs12.display(), passphrase.reveal()));
    }
    let names: Vec<String> = entries.iter().map(Entry::to_string).collect();
    text.push_str(&format!("for        {}\n", names.join(", ")));
    text.push_str(&format!("until      {}\nroot       {}\n", issued.not_after.date(), authority.path().display()));
    let exit = print::out(&text);
    let wildcards = entries.iter().filter(|entry| matches!(entry, Entry::Name(name) if name.is_top_level_wildcard()));
    let told = wildcards.map(|name| {
        let told = Diagnostic::warning(format!(
            "browsers do not honour `{name}`, a wildcard directly below a top-level domain"
        ));
        told.hint("name the hosts one by one")
    });
    print::diagnostics(&Diagnostics(told.collect()), None);
    Ok(exit)
}

/// A PKCS#12 file with certificate, key and root.
pub(super) fn bundle(
    issued: &Issued,
    authority: &LocalCa,
    names: &[String],
    passphrase: &Passphrase,
    form: Pkcs12Form,
) -> Result<Vec<u8>, tlsgi_cert::Error> {
    let chain = [issued.certificate.clone(), authority.certificate().clone()];
    pkcs12(&issued.key, &chain, names.first().map_or("certificate", String::as_str), passphrase, form)
}

/// Paths that were said, over those made from the names.
pub(super) fn named(said: &Files, made: FileNames) -> FileNames {
    let over = |said: &Option<PathBuf>, made| said.clone().unwrap_or(made);
    FileNames {
        certificate: over(&said.certificate, made.certificate),
        key: over(&said.key, made.key),
        pkcs12: over(&said.pkcs12, made.pkcs12),
    }
}

/// The first label that a wildcard does not reach, for reminders.
pub(super) fn wildcard_base(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Name(Name::Dns(name)) => name.strip_prefix("*."),
        _ => None,
    }
}
