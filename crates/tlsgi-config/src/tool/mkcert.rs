//! `tlsgi mkcert`: mkcert's command line, with flags as Go programs read them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::cert::Files;
use crate::diagnostic::Diagnostics;

/// What mkcert is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mkcert {
    /// Print how it is used.
    Usage,
    /// Print every flag as well.
    Help,
    /// Print the version.
    Version,
    /// Print the directory of the root.
    CaRoot,
    /// Do something.
    Run(Run),
    /// Say what is wrong with the command line.
    Refused {
        /// What.
        message: String,
        /// Say how it is used, and end with 2 instead of 1.
        is_syntax: bool,
    },
}

/// What mkcert is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Whether the trust stores are to be changed.
    pub stores: Stores,
    /// Sign this request.
    pub csr: Option<PathBuf>,
    /// For clients as well.
    pub is_for_clients: bool,
    /// P-256 instead of RSA.
    pub is_ecdsa: bool,
    /// A PKCS#12 file instead of PEM files.
    pub is_pkcs12: bool,
    /// Output paths.
    pub files: Files,
    /// What the certificate is for; none asks for no certificate.
    pub names: Vec<String>,
}

/// What to do with the trust stores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stores {
    /// Look, and note where the root is missing.
    #[default]
    Look,
    /// Put the root in.
    Install,
    /// Take the root out, and do nothing else.
    Uninstall,
}

/// Flags without a value.
const SWITCHES: [&str; 8] = ["install", "uninstall", "pkcs12", "ecdsa", "client", "help", "CAROOT", "version"];
/// Flags with one.
const VALUED: [&str; 4] = ["csr", "cert-file", "key-file", "p12-file"];

const DETAILS: &str = "Takes mkcert's flags, with one or two dashes, before the names: -install, -uninstall, -CAROOT, -client, -ecdsa, -pkcs12, \
                       -csr FILE, -cert-file FILE, -key-file FILE, -p12-file FILE, -help, -version. Files have mkcert's names and contents, the \
                       root is mkcert's own (CAROOT, or its usual place) and is made there if there is none. CAROOT, TRUST_STORES and JAVA_HOME \
                       mean what they mean to mkcert. A link of the name mkcert to tlsgi is this command.";

pub(super) fn command() -> Command {
    let arguments = Arg::new("argument").value_name("ARGUMENT").action(ArgAction::Append).num_args(0..);
    Command::new("mkcert")
        .long_about(format!("Do what mkcert does, with its flags\n\n{DETAILS}"))
        .arg(arguments.allow_hyphen_values(true).trailing_var_arg(true).help("A flag or a name, as mkcert takes them"))
}

pub(super) fn read(matches: &ArgMatches) -> Result<Mkcert, Diagnostics> {
    let words = matches.get_many::<String>("argument").into_iter().flatten().map(OsString::from);
    Ok(parse(words.collect()))
}

/// What was said with flags.
#[derive(Default)]
struct Said {
    switches: Vec<&'static str>,
    values: Vec<(&'static str, String)>,
}

impl Said {
    fn has(&self, switch: &str) -> bool {
        self.switches.contains(&switch)
    }

    fn path(&self, flag: &str) -> Option<PathBuf> {
        let value = self.values.iter().rev().find(|(name, _)| *name == flag).map(|(_, value)| value);
        value.filter(|value| !value.is_empty()).map(PathBuf::from)
    }
}

/// Reads the words behind `mkcert`.
pub(crate) fn parse(words: Vec<OsString>) -> Mkcert {
    if words.is_empty() {
        return Mkcert::Usage;
    }
    let refused = |message: &str| Mkcert::Refused { message: message.to_owned(), is_syntax: false };
    let words: Result<Vec<String>, _> = words.into_iter().map(OsString::into_string).collect();
    let Ok(words) = words else { return refused("an argument is not UTF-8") };
    let (said, names) = match split(words) {
        Ok(found) => found,
        Err(message) => return Mkcert::Refused { message, is_syntax: true },
    };
    let stores = match (said.has("install"), said.has("uninstall")) {
        (true, true) => return refused("you can't set -install and -uninstall at the same time"),
        (true, false) => Stores::Install,
        (false, true) => Stores::Uninstall,
        (false, false) => Stores::Look,
    };
    let csr = said.path("csr");
    let is_shaped = ["pkcs12", "ecdsa", "client"].iter().any(|switch| said.has(switch));
    match () {
        () if said.has("help") => Mkcert::Help,
        () if said.has("version") => Mkcert::Version,
        () if said.has("CAROOT") && stores != Stores::Look => {
            refused("you can't set -[un]install and -CAROOT at the same time")
        }
        () if said.has("CAROOT") => Mkcert::CaRoot,
        () if csr.is_some() && is_shaped => refused("can only combine -csr with -install and -cert-file"),
        () if csr.is_some() && !names.is_empty() => refused("can't specify extra arguments when using -csr"),
        () => Mkcert::Run(Run {
            stores,
            csr,
            is_for_clients: said.has("client"),
            is_ecdsa: said.has("ecdsa"),
            is_pkcs12: said.has("pkcs12"),
            files: Files {
                certificate: said.path("cert-file"),
                key: said.path("key-file"),
                pkcs12: said.path("p12-file"),
            },
            names,
        }),
    }
}

/// Flags end at the first word that is none, or behind `--`.
fn split(words: Vec<String>) -> Result<(Said, Vec<String>), String> {
    let mut said = Said::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
            return Ok((said, std::iter::once(word).chain(words).collect()));
        };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        if flag.is_empty() {
            break;
        }
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        if let Some(&switch) = SWITCHES.iter().find(|known| **known == name) {
            match value.as_deref() {
                None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => said.switches.push(switch),
                Some("0" | "f" | "F" | "false" | "FALSE" | "False") => said.switches.retain(|set| *set != switch),
                Some(other) => return Err(format!("invalid boolean value {other:?} for -{name}")),
            }
        } else if let Some(&valued) = VALUED.iter().find(|known| **known == name) {
            let value = value.or_else(|| words.next());
            said.values.push((valued, value.ok_or_else(|| format!("flag needs an argument: -{name}"))?));
        } else if name == "h" {
            said.switches.push("help");
        } else {
            return Err(format!("flag provided but not defined: -{name}"));
        }
    }
    Ok((said, words.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Mkcert {
        parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn flags_are_read_as_go_reads_them() {
        let run = |line: &str| match read(line) {
            Mkcert::Run(run) => run,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(run("-install").stores, Stores::Install);
        assert_eq!(run("--uninstall").stores, Stores::Uninstall);
        let asked = run("-ecdsa -client -cert-file=a.pem --key-file b.pem localhost 127.0.0.1 -not-a-flag");
        assert!(asked.is_ecdsa && asked.is_for_clients && !asked.is_pkcs12);
        assert_eq!(asked.files.certificate, Some("a.pem".into()));
        assert_eq!(asked.files.key, Some("b.pem".into()));
        assert_eq!(asked.names, ["localhost", "127.0.0.1", "-not-a-flag"]);
        assert!(!run("-ecdsa=false x").is_ecdsa);
        assert_eq!(run("-- -x").names, ["-x"]);
        assert_eq!(run("-csr request.pem").csr, Some("request.pem".into()));
    }

    #[test]
    fn what_cannot_be_combined_is_refused() {
        let check = |line: &str, expect: &str, syntax: bool| match read(line) {
            Mkcert::Refused { message, is_syntax } => {
                assert!(message.contains(expect), "{line}: {message}");
                assert_eq!(is_syntax, syntax, "{line}");
            }
            other => panic!("{line}: {other:?}"),
        };
        check("-install -uninstall", "at the same time", false);
        check("-CAROOT -install", "at the same time", false);
        check("-csr x -client", "only combine", false);
        check("-csr x y", "extra arguments", false);
        check("-foo", "not defined: -foo", true);
        check("-csr", "needs an argument: -csr", true);
        check("-ecdsa=perhaps x", "invalid boolean value", true);
    }

    #[test]
    fn questions_are_answered_first() {
        assert_eq!(read(""), Mkcert::Usage);
        assert_eq!(read("-help -install"), Mkcert::Help);
        assert_eq!(read("-h"), Mkcert::Help);
        assert_eq!(read("-version"), Mkcert::Version);
        assert_eq!(read("-CAROOT"), Mkcert::CaRoot);
    }
}
