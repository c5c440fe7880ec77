//! A host's certificates, and its versions, suites and groups of TLS.

use super::host::Host;
use super::parse::Directive;
use super::{Apache, every, given, is_on, last};
use crate::value::cipher;

/// Certificates, each with its key and chain.
pub(super) fn certificates(state: &mut Apache, at: usize, https: &Host) {
    let files = |name: &'static str| {
        let own: Vec<&Directive> = every(&https.own, name).collect();
        if own.is_empty() { every(&https.all, name).collect() } else { own }
    };
    let certificates = files("SSLCertificateFile");
    let keys = files("SSLCertificateKeyFile");
    for (number, certificate) in certificates.iter().enumerate() {
        say_path(state, at, "certfile", certificate);
        if !keys.is_empty() {
            // A key that is not named is in the file of its certificate.
            say_path(state, at, "keyfile", keys.get(number).unwrap_or(certificate));
        }
    }
    for key in keys.get(certificates.len()..).unwrap_or_default() {
        say_path(state, at, "keyfile", key);
    }
    // One chain is for all of them.
    if let Some(chain) = files("SSLCertificateChainFile").last() {
        for _ in 0..certificates.len().max(1) {
            say_path(state, at, "chain-file", chain);
        }
    }
    if certificates.is_empty() {
        let directive = https.directive.clone();
        state.warn(&directive, "no `SSLCertificateFile`: the local CA issues the certificate");
    }
    if let Some(dialog) = last(&https.all, "SSLPassPhraseDialog").filter(|dialog| dialog.argument(0) != "builtin") {
        let program = dialog.argument(0).trim_start_matches("exec:").trim_start_matches('|');
        let command = std::iter::once(program)
            .chain(dialog.arguments.iter().skip(1).map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        state.draft.say_site(at, "key-passphrase-command", &command, &given(dialog));
    }
}

fn say_path(state: &mut Apache, at: usize, native: &str, directive: &Directive) {
    let path = state.path(directive.argument(0));
    state.draft.add_site(at, native, &path, &given(directive));
}

/// Which versions were asked for.
#[derive(Debug, Clone, Copy)]
struct Versions {
    tls12: bool,
    tls13: bool,
}

/// `SSLProtocol`, `SSLCipherSuite`, `SSLHonorCipherOrder`, `SSLOpenSSLConfCmd` and `SSLStrictSNIVHostCheck`.
pub(super) fn policy(state: &mut Apache, at: usize, https: &Host) {
    let versions = protocol(state, at, https);
    suites(state, at, https, versions);
    if let Some(directive) = last(&https.all, "SSLHonorCipherOrder") {
        let order = if is_on(directive) { "server" } else { "client" };
        state.draft.say_site(at, "tls-order", order, &given(directive));
    }
    for directive in every(&https.all, "SSLOpenSSLConfCmd") {
        match directive.argument(0).to_ascii_lowercase().as_str() {
            "curves" | "groups" | "ecdhparameters" => groups(state, at, directive),
            "ciphersuites" | "cipherstring" => {
                state.refuse(directive, "suites stand in `SSLCipherSuite [TLSv1.3] LIST`");
            }
            "minprotocol" if !directive.argument(1).eq_ignore_ascii_case("TLSv1.3") => {}
            "protocol" | "minprotocol" | "maxprotocol" => state.refuse(directive, "versions stand in `SSLProtocol`"),
            _ => state.warn(directive, "it is OpenSSL's, and changes nothing"),
        }
    }
    if let Some(directive) = last(&https.all, "SSLStrictSNIVHostCheck").filter(|directive| is_on(directive))
        && !state.draft.has("sni-strict")
    {
        state.draft.say("sni-strict", "true", &given(directive));
    }
}

fn groups(state: &mut Apache, at: usize, directive: &Directive) {
    let list = directive.argument(1);
    if !list.eq_ignore_ascii_case("auto") {
        state.draft.say_site(at, "tls-groups", list, &given(directive));
    }
}

/// Words without a sign replace what stands before them, as there.
fn protocol(state: &mut Apache, at: usize, https: &Host) -> Versions {
    let mut versions = Versions { tls12: true, tls13: true };
    let Some(directive) = last(&https.all, "SSLProtocol") else { return versions };
    let mut is_old = false;
    (versions.tls12, versions.tls13) = (false, false);
    for word in &directive.arguments {
        let (is_on, name) = match word.strip_prefix('-') {
            Some(name) => (false, name),
            None => (true, word.trim_start_matches('+')),
        };
        if !word.starts_with(['+', '-']) {
            (versions.tls12, versions.tls13, is_old) = (false, false, false);
        }
        match name.to_ascii_lowercase().as_str() {
            "all" => (versions.tls12, versions.tls13, is_old) = (is_on, is_on, false),
            "tlsv1.2" => versions.tls12 = is_on,
            "tlsv1.3" => versions.tls13 = is_on,
            "tlsv1" | "tlsv1.1" | "sslv3" | "sslv2" => is_old = is_on,
            _ => return invalid(state, directive),
        }
    }
    if is_old {
        state.warn(directive, "TLS 1.2 is the least: older versions are not built in");
    }
    match (versions.tls12, versions.tls13) {
        (false, false) if is_old => versions = Versions { tls12: true, tls13: true },
        (false, false) => state.refuse(directive, "it leaves no version of TLS"),
        (false, true) => state.draft.say_site(at, "tls-min", "1.3", &given(directive)),
        _ => {}
    }
    versions
}

fn invalid(state: &mut Apache, directive: &Directive) -> Versions {
    state.invalid(directive, "expected `all`, `TLSv1.2`, `TLSv1.3`, with `+` or `-` before it");
    Versions { tls12: true, tls13: true }
}

/// Both lists as one: that of TLS 1.3 has a directive of its own, and counts for nothing where its version is not spoken.
fn suites(state: &mut Apache, at: usize, https: &Host, versions: Versions) {
    let (mut tls12, mut tls13) = (None, None);
    for directive in every(&https.all, "SSLCipherSuite") {
        match (directive.argument(0).to_ascii_lowercase().as_str(), directive.arguments.len()) {
            (_, 1) => tls12 = Some((directive, directive.argument(0))),
            ("ssl", 2) => tls12 = Some((directive, directive.argument(1))),
            ("tlsv1.3", 2) => tls13 = Some((directive, directive.argument(1))),
            _ => state.invalid(directive, "expected `LIST`, `SSL LIST` or `TLSv1.3 LIST`"),
        }
    }
    if let Some((directive, list)) = tls12
        && list.to_ascii_uppercase().starts_with("PROFILE=")
    {
        state.warn(directive, "the policy of the system is OpenSSL's: suites are those of `--tls-profile`");
        tls12 = None;
    }
    let (tls12, tls13) = (tls12.filter(|_| versions.tls12), tls13.filter(|_| versions.tls13));
    let Some((directive, _)) = tls12.or(tls13) else {
        if !versions.tls13
            && let Some(directive) = last(&https.all, "SSLProtocol")
        {
            let list = format!("DEFAULT:{}", cipher::WITHOUT_TLS13);
            state.draft.say_site(at, "tls-ciphers", &list, &given(directive));
        }
        return;
    };
    let mut parts = Vec::new();
    if versions.tls13 {
        parts.extend(tls13.map(|(_, list)| list));
    } else {
        parts.push(cipher::WITHOUT_TLS13);
    }
    if versions.tls12 {
        // Where only the suites of TLS 1.3 are chosen, those of TLS 1.2 stay.
        parts.push(tls12.map_or("DEFAULT", |(_, list)| list));
    }
    state.draft.say_site(at, "tls-ciphers", &parts.join(":"), &given(directive));
}
