//! `tlsgi cert`: certificates in files.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};

use super::inspect::{self, Inspect};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// What to do with certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cert {
    /// Issue one from the local root.
    Issue(Issue),
    /// Look at some.
    Inspect(Inspect),
}

/// A certificate to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What it is for, as written; at least one.
    pub names: Vec<String>,
    /// For a client, by the root for clients.
    pub is_for_clients: bool,
    /// An RSA key.
    pub is_rsa: bool,
    /// Days of validity.
    pub days: u16,
    /// Also write a PKCS#12 file.
    pub has_pkcs12: bool,
    /// Output paths, instead of names made from the first name.
    pub files: Files,
}

/// Where a certificate is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// The certificate.
    pub certificate: Option<PathBuf>,
    /// The key; the same path for both in one file.
    pub key: Option<PathBuf>,
    /// The PKCS#12 file.
    pub pkcs12: Option<PathBuf>,
}

const DETAILS: &str = "NAME is a host, a wildcard (`*.example.test`), an address, a mail address or a URI. The files are named after the first: \
                       localhost+2.pem and localhost+2-key.pem for three names. The root is the one that `tlsgi trust install` makes \
                       browsers trust; certificates for clients come from another root, client-ca/clientCA.pem in the state directory, which no browser trusts.";

pub(super) fn command() -> Command {
    let switch =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let file = |name: &'static str, help: &'static str| {
        let arg = Arg::new(name).long(name).value_name("FILE").value_hint(ValueHint::FilePath);
        arg.value_parser(value_parser!(PathBuf)).help(help)
    };
    Command::new("cert")
        .long_about(format!("Issue a certificate from the local root into files\n\n{DETAILS}"))
        .args_conflicts_with_subcommands(true)
        .subcommand(inspect::command())
        .arg(
            Arg::new("name")
                .value_name("NAME")
                .action(ArgAction::Append)
                .num_args(1..)
                .help("What the certificate is for"),
        )
        .arg(switch("client", "A certificate for a client, signed by the root for clients"))
        .arg(switch("rsa", "An RSA-2048 key instead of P-256"))
        .arg(
            Arg::new("days")
                .long("days")
                .value_name("DAYS")
                .value_parser(value_parser!(u16).range(1..=825))
                .default_value("397")
                .help("Validity in days, at most 825")
                .hide_default_value(true),
        )
        .arg(switch("p12", "Also write a PKCS#12 file, with a passphrase that is printed once"))
        .arg(file("cert-file", "Write the certificate to FILE"))
        .arg(file("key-file", "Write the key to FILE; the same FILE for both together"))
        .arg(file("p12-file", "Write the PKCS#12 file to FILE"))
}

pub(super) fn read(matches: &ArgMatches) -> Result<Cert, Diagnostics> {
    if let Some((_, matches)) = matches.subcommand() {
        return Ok(Cert::Inspect(inspect::read(matches)));
    }
    let names: Vec<String> = matches.get_many("name").into_iter().flatten().cloned().collect();
    if names.is_empty() {
        let told = Diagnostic::error("`tlsgi cert` needs the names that the certificate is for");
        return Err(Diagnostics(vec![told.hint("`tlsgi cert localhost 127.0.0.1`")]));
    }
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    let files = Files { certificate: path("cert-file"), key: path("key-file"), pkcs12: path("p12-file") };
    Ok(Cert::Issue(Issue {
        names,
        is_for_clients: matches.get_flag("client"),
        is_rsa: matches.get_flag("rsa"),
        days: matches.get_one("days").copied().unwrap_or(397),
        has_pkcs12: matches.get_flag("p12") || files.pkcs12.is_some(),
        files,
    }))
}
