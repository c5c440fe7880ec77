//! `tlsgi ca`: a private CA.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use crate::diagnostic::{Diagnostic, Diagnostics};

/// What to do with which CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ca {
    /// Its directory; `private-ca` in the state directory where none is named.
    pub directory: Option<PathBuf>,
    /// What opens its key.
    pub passphrase: PassphraseFrom,
    /// What to do.
    pub task: Task,
}

/// Where a passphrase comes from; a terminal is asked where nothing is named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PassphraseFrom {
    /// The first line of a file.
    pub file: Option<PathBuf>,
    /// The first line that a shell command prints.
    pub command: Option<String>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Make a CA.
    Init(Init),
    /// Issue a certificate with a new key.
    Issue(Issue),
    /// Issue a certificate for a request.
    Sign(Sign),
    /// Take certificates back.
    Revoke {
        /// Serials or files.
        what: Vec<String>,
        /// One of [`REASONS`].
        reason: String,
        /// Days until clients want a newer list.
        days: u32,
    },
    /// Write the revocation list anew.
    Crl {
        /// Days until clients want a newer one.
        days: u32,
        /// Where certificates say that it is, from now on.
        url: Option<String>,
    },
    /// Say what was issued.
    List {
        /// As JSON.
        json: bool,
    },
    /// Issue anew what ends.
    Renew(Renew),
}

/// A new CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init {
    /// Its common name.
    pub name: Option<String>,
    /// Its organisation.
    pub organization: Option<String>,
    /// One of [`KEYS`].
    pub key: String,
    /// Days of validity.
    pub days: u32,
    /// Protect its key with a passphrase.
    pub encrypt_key: bool,
    /// A root that other tools made, and its key.
    pub from: Option<(PathBuf, PathBuf)>,
    /// Give that root a new certificate.
    pub reissue: bool,
    /// The only names and networks that it may issue for.
    pub permitted: Vec<String>,
    /// Where certificates say that the revocation list is.
    pub list_url: Option<String>,
}

/// A certificate to issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// For a client, not for a server.
    pub is_client: bool,
    /// Its names.
    pub names: Vec<String>,
    /// One of [`KEYS`].
    pub key: String,
    /// Days of validity.
    pub days: u32,
    /// Where it goes.
    pub output: Output,
}

/// A request to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// Its file; `-` for standard input.
    pub request: PathBuf,
    /// Names instead of those that it asks for.
    pub names: Vec<String>,
    /// For a client or not; as it asks for otherwise, and else for a server.
    pub is_client: Option<bool>,
    /// Days of validity.
    pub days: u32,
    /// Where the certificate goes.
    pub output: Output,
}

/// Certificates to issue anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renew {
    /// Serials or files.
    pub what: Vec<String>,
    /// All whose time it is.
    pub due: bool,
    /// The CA's own certificate.
    pub root: bool,
    /// One of [`KEYS`]; the key stays where none is made.
    pub key: Option<String>,
    /// Days of validity; as long as before where none is said.
    pub days: Option<u32>,
    /// Where it goes; where it was before otherwise.
    pub output: Output,
}

/// Where a certificate goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// The certificate and its chain.
    pub certificate: Option<PathBuf>,
    /// The key.
    pub key: Option<PathBuf>,
    /// A PKCS#12 file in one of [`FORMS`].
    pub pkcs12: Option<String>,
    /// Where that goes.
    pub pkcs12_file: Option<PathBuf>,
    /// Its passphrase's file; a random passphrase otherwise.
    pub pkcs12_passphrase: Option<PathBuf>,
    /// Replace what is there.
    pub force: bool,
}

/// Kinds of keys.
pub const KEYS: [&str; 6] = ["p256", "p384", "rsa2048", "rsa3072", "rsa4096", "ed25519"];

/// Forms of PKCS#12 files.
pub const FORMS: [&str; 3] = ["modern", "apple", "legacy"];

/// Reasons for taking a certificate back (RFC 5280, 5.3.1).
pub const REASONS: [&str; 5] =
    ["unspecified", "key-compromise", "affiliation-changed", "superseded", "cessation-of-operation"];

pub(super) fn command() -> Command {
    let command = |name, about| with_place(Command::new(name).about(about));
    let names = |help| Arg::new("names").value_name("NAME").action(ArgAction::Append).help(help);
    let server = "Host names, addresses and URIs; the first is also the common name";
    let client = "A person, a machine, a mail address or a URI such as spiffe://example.org/billing";
    Command::new("ca").subcommand_required(true).subcommands([
        command("init", "Make a CA, or take over one that other tools made").args(init()),
        Command::new("issue").about("Issue a certificate with a new key").subcommand_required(true).subcommands([
            issue(command("server", "Issue a certificate for a server"), names(server)),
            issue(command("client", "Issue a certificate for a client"), names(client)),
        ]),
        command("sign", "Issue a certificate for a request (CSR)")
            .arg(
                path(Arg::new("request").value_name("CSR").required(true))
                    .help("The request, PEM or DER; - reads standard input"),
            )
            .arg(names("Names instead of those that the request asks for"))
            .args([
                switch("server", "For a server (the default, unless the request asks for clients only)")
                    .conflicts_with("client"),
                switch("client", "For a client"),
                days("365"),
            ])
            .args(certificate_output()),
        command("revoke", "Take certificates back, and write the revocation list")
            .arg(what().required(true))
            .arg(words("reason", "REASON", &REASONS, "Why").default_value("unspecified"))
            .arg(list_days()),
        command("crl", "Write the revocation list anew").args([list_days(), list_url()]),
        command("list", "Say what was issued, and what became of it").arg(switch("json", "As JSON")),
        command("renew", "Issue certificates anew, with the same names and for new keys")
            .arg(what())
            .args([
                switch("due", "All whose last third of life has begun"),
                switch("root", "The CA's own certificate; name and key stay, so what it issued stays valid"),
                switch("keep-key", "For the same key"),
                words("key", "KIND", &KEYS, "Kind of the new key").default_value("p256"),
                Arg::new("days").long("days").value_name("DAYS").help("How long it is valid; as long as before"),
            ])
            .args(certificate_output())
            .args(pkcs12()),
    ])
}

fn with_place(command: Command) -> Command {
    command.args([
        path(valued("dir", "DIR")).help("The CA's directory; private-ca in the state directory where none is named"),
        path(valued("key-passphrase-file", "FILE"))
            .help("The first line opens the CA's key; a terminal is asked otherwise"),
        valued("key-passphrase-command", "COMMAND").help("The first line that this prints opens the CA's key"),
    ])
}

fn init() -> [Arg; 10] {
    [
        valued("name", "TEXT").help("Common name, as trust stores show it"),
        valued("organization", "TEXT").help("Organisation"),
        words("key", "KIND", &KEYS, "Kind of the key").default_value("p256"),
        valued("days", "DAYS").default_value("3650").help("How long it is valid"),
        switch("encrypt-key", "Protect its key with a passphrase"),
        path(valued("from", "CERT")).requires("from-key").help("Take over this root"),
        path(valued("from-key", "KEY")).requires("from").help("Its key; may be encrypted"),
        switch("reissue", "Give that root a new certificate of the same name and key").requires("from"),
        valued("permit", "NAME|NETWORK").action(ArgAction::Append).conflicts_with("from").help(
            "Issue for these names, with all below them, and networks alone: a critical name constraint, which clients check; repeatable",
        ),
        list_url(),
    ]
}

fn issue(command: Command, names: Arg) -> Command {
    command
        .arg(names.required(true))
        .arg(words("key", "KIND", &KEYS, "Kind of the key").default_value("p256"))
        .arg(days("365"))
        .args(certificate_output())
        .arg(path(valued("key-file", "FILE")).help("Where the key goes; NAME-key.pem where none is named"))
        .args(pkcs12())
}

fn certificate_output() -> [Arg; 2] {
    [
        path(valued("cert-file", "FILE")).help("Where the certificate goes; NAME.pem where none is named"),
        switch("force", "Replace files that are there"),
    ]
}

fn pkcs12() -> [Arg; 3] {
    let p12 =
        words("p12", "FORM", &FORMS, "Also a PKCS#12 file: modern, or apple (legacy) for what reads nothing newer");
    [
        p12.num_args(0..=1).require_equals(true).default_missing_value("modern"),
        path(valued("p12-file", "FILE")).help("Where that goes; NAME.p12 where none is named"),
        path(valued("p12-passphrase-file", "FILE"))
            .help("The first line is its passphrase; a random one is made and shown once otherwise"),
    ]
}

fn valued(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

fn path(arg: Arg) -> Arg {
    arg.value_hint(ValueHint::FilePath)
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn words(name: &'static str, value: &'static str, known: &'static [&'static str], help: &'static str) -> Arg {
    valued(name, value).value_parser(PossibleValuesParser::new(known)).hide_possible_values(false).help(help)
}

fn days(default: &'static str) -> Arg {
    valued("days", "DAYS").default_value(default).help("How long it is valid; at most 825 for a server")
}

fn list_days() -> Arg {
    valued("crl-days", "DAYS").default_value("30").help("Days after which clients want a newer revocation list")
}

fn list_url() -> Arg {
    valued("crl-url", "URL")
        .help("Where you publish the revocation list (http://…): certificates issued from now on say so")
}

fn what() -> Arg {
    Arg::new("what").value_name("SERIAL|FILE").action(ArgAction::Append).help("Serials, or files of certificates")
}

pub(super) fn read(matches: &ArgMatches) -> Result<Ca, Diagnostics> {
    let Some((name, below)) = matches.subcommand() else {
        return Err(Diagnostics(vec![super::incomplete("tlsgi ca", &command())]));
    };
    let (name, deepest) = below.subcommand().map_or((name, below), |(name, deepest)| (name, deepest));
    let task = task(name, deepest).map_err(|told| Diagnostics(vec![told]))?;
    Ok(Ca {
        directory: file(deepest, "dir"),
        passphrase: PassphraseFrom {
            file: file(deepest, "key-passphrase-file"),
            command: text(deepest, "key-passphrase-command"),
        },
        task,
    })
}

fn task(name: &str, matches: &ArgMatches) -> Result<Task, Diagnostic> {
    Ok(match name {
        "init" => Task::Init(Init {
            name: text(matches, "name"),
            organization: text(matches, "organization"),
            key: text(matches, "key").unwrap_or_default(),
            days: number(matches, "days", 36500)?,
            encrypt_key: matches.get_flag("encrypt-key"),
            from: file(matches, "from").zip(file(matches, "from-key")),
            reissue: matches.get_flag("reissue"),
            permitted: many(matches, "permit"),
            list_url: text(matches, "crl-url"),
        }),
        "server" | "client" => Task::Issue(Issue {
            is_client: name == "client",
            names: many(matches, "names"),
            key: text(matches, "key").unwrap_or_default(),
            days: number(matches, "days", 3650)?,
            output: output(matches),
        }),
        "sign" => Task::Sign(Sign {
            request: file(matches, "request").unwrap_or_default(),
            names: many(matches, "names"),
            is_client: (matches.get_flag("server") || matches.get_flag("client")).then(|| matches.get_flag("client")),
            days: number(matches, "days", 3650)?,
            output: output(matches),
        }),
        "revoke" => Task::Revoke {
            what: many(matches, "what"),
            reason: text(matches, "reason").unwrap_or_default(),
            days: number(matches, "crl-days", 3650)?,
        },
        "crl" => Task::Crl { days: number(matches, "crl-days", 3650)?, url: text(matches, "crl-url") },
        "list" => Task::List { json: matches.get_flag("json") },
        "renew" => {
            let renew = Renew {
                what: many(matches, "what"),
                due: matches.get_flag("due"),
                root: matches.get_flag("root"),
                key: text(matches, "key").filter(|_| !matches.get_flag("keep-key")),
                days: text(matches, "days").map(|_| number(matches, "days", 36500)).transpose()?,
                output: output(matches),
            };
            check_renewal(&renew)?;
            Task::Renew(renew)
        }
        _ => return Err(super::incomplete("tlsgi ca issue", command().find_subcommand("issue").unwrap_or(&command()))),
    })
}

fn check_renewal(renew: &Renew) -> Result<(), Diagnostic> {
    let asked = usize::from(renew.due) + usize::from(renew.root) + usize::from(!renew.what.is_empty());
    if asked != 1 {
        let told = Diagnostic::error("`tlsgi ca renew` takes certificates, or `--due`, or `--root`: one of them");
        return Err(told.hint("`tlsgi ca list` shows what was issued"));
    }
    let names_files = renew.output.certificate.is_some() || renew.output.pkcs12_file.is_some();
    if names_files && renew.what.len() != 1 {
        return Err(Diagnostic::error("files can be named for one certificate only"));
    }
    Ok(())
}

fn output(matches: &ArgMatches) -> Output {
    Output {
        certificate: file(matches, "cert-file"),
        key: file(matches, "key-file"),
        pkcs12: text(matches, "p12").or_else(|| file(matches, "p12-file").map(|_| "modern".to_owned())),
        pkcs12_file: file(matches, "p12-file"),
        pkcs12_passphrase: file(matches, "p12-passphrase-file"),
        force: matches.get_flag("force"),
    }
}

fn text(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.try_get_one::<String>(name).ok().flatten().cloned()
}

fn file(matches: &ArgMatches, name: &str) -> Option<PathBuf> {
    text(matches, name).map(PathBuf::from)
}

fn many(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.get_many::<String>(name).into_iter().flatten().cloned().collect()
}

fn number(matches: &ArgMatches, name: &str, most: u32) -> Result<u32, Diagnostic> {
    let text = text(matches, name).unwrap_or_default();
    let refused = || Diagnostic::invalid(&format!("--{name}"), &text, &format!("a number of days from 1 to {most}"));
    text.parse().ok().filter(|days| (1..=most).contains(days)).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Ca, String> {
        let matches = command().try_get_matches_from(line.split(' ')).map_err(|error| error.to_string())?;
        read(&matches).map_err(|told| told.to_string())
    }

    fn task_of(line: &str) -> Task {
        asked(line).unwrap_or_else(|error| unreachable!("{line}: {error}")).task
    }

    #[test]
    fn what_is_not_said_has_a_sane_value() {
        let Task::Issue(issue) = task_of("ca issue server a.test b.test --p12") else { unreachable!() };
        assert_eq!((issue.days, issue.key.as_str(), issue.names.len(), issue.is_client), (365, "p256", 2, false));
        assert_eq!((issue.output.pkcs12.as_deref(), issue.output.force), (Some("modern"), false));
        let Task::Issue(issue) = task_of("ca issue client alice --p12=apple --key rsa2048") else { unreachable!() };
        assert_eq!((issue.is_client, issue.output.pkcs12.as_deref()), (true, Some("apple")));
        let Task::Init(init) = task_of("ca init") else { unreachable!() };
        assert_eq!((init.days, init.from, init.encrypt_key), (3650, None, false));
        let Task::Sign(sign) = task_of("ca sign a.csr") else { unreachable!() };
        assert_eq!(sign.is_client, None);
        let Task::Renew(renew) = task_of("ca renew --due --keep-key") else { unreachable!() };
        assert_eq!((renew.key, renew.days), (None, None));
        assert_eq!(asked("ca list --dir /x").map(|ca| ca.directory), Ok(Some("/x".into())));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let check = |line: &str, words: &str| {
            let told = asked(line).err().unwrap_or_default();
            assert!(told.contains(words), "{line}: {told}");
        };
        check("ca issue server a.test --days 0", "1 to 3650");
        check("ca issue server a.test --days x", "1 to 3650");
        check("ca issue server", "NAME");
        check("ca init --from a.pem", "--from-key");
        check("ca init --reissue", "--from");
        check("ca renew", "one of them");
        check("ca renew --due --root", "one of them");
        check("ca renew a b --cert-file c", "one certificate only");
        check("ca revoke", "SERIAL|FILE");
        check("ca issue client a --p12=old", "modern");
        check("ca sign a.csr --server --client", "cannot be used with");
    }
}
