//! `tlsgi cert inspect`: looks, and says what was seen.

use std::fmt::Write as _;
use std::path::Path;

use time::OffsetDateTime;
use tlsgi_cert::survey::{Described, Survey, inspect_file, inspect_server};
use tlsgi_cert::{Error, Name, Severity};
use tlsgi_config::Exit;
use tlsgi_config::tool::Inspect;

use super::passphrase::{self, Wanted};
use super::print;
use super::tool::failed;

/// Port of a server that is named without one.
const HTTPS: u16 = 443;

/// Looks at all targets; the worst decides how it ends.
pub(super) fn run(asked: &Inspect) -> anyhow::Result<Exit> {
    let now = OffsetDateTime::now_utc();
    let names = asked.names.iter().map(|name| Name::parse(name)).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|error| failed(&error))?;
    let surveys = asked.targets.iter().map(|target| look(target, asked, &names, now)).collect::<Result<Vec<_>, _>>()?;
    if asked.json {
        print::out(&format!("{}\n", serde_json::to_string_pretty(&surveys)?));
    } else {
        print::out(&surveys.iter().map(text).collect::<Vec<_>>().join("\n"));
    }
    let is_refused = surveys.iter().any(Survey::has_failures);
    Ok(if is_refused { Exit::Certificate } else { Exit::Success })
}

fn look(target: &str, asked: &Inspect, names: &[Name], now: OffsetDateTime) -> anyhow::Result<Survey> {
    if let Some((host, port)) = server(target) {
        return inspect_server(&host, port, now).map_err(|error| failed(&error));
    }
    let path = Path::new(target);
    let look = |passphrase| inspect_file(path, asked.key.as_deref(), passphrase, names, now);
    let survey = match look(None) {
        Err(Error::EncryptedKey { path }) => {
            let key = path.display().to_string();
            look(Some(passphrase::of(&asked.passphrase, Wanted::Known(&key))?))
        }
        other => other,
    };
    survey.map_err(|error| failed(&error))
}

/// Host and port; none for what is a file, or looks like one.
fn server(target: &str) -> Option<(String, u16)> {
    if Path::new(target).exists() {
        return None;
    }
    let target = target.strip_prefix("https://").map_or(target, |rest| rest.split('/').next().unwrap_or(rest));
    if target.contains('/') {
        return None;
    }
    if let Some((host, port)) = target.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)))
        && (!host.contains(':') || host.starts_with('['))
    {
        return Some((host.trim_matches(['[', ']']).to_owned(), port));
    }
    let is_file_name = [".pem", ".crt", ".cer", ".der", ".key", ".p12", ".pfx"].iter().any(|end| target.ends_with(end));
    let is_host = !is_file_name
        && Name::parse(target).is_ok()
        && (target.contains('.') || target.contains(':') || target == "localhost");
    is_host.then(|| (target.to_owned(), HTTPS))
}

fn text(survey: &Survey) -> String {
    let mut text = format!("{}\n", survey.target);
    if let Some(connection) = &survey.connection {
        let group = connection.group.as_ref().map(|group| format!(", {group}")).unwrap_or_default();
        let alpn = connection.alpn.as_deref().unwrap_or("no ALPN");
        _ = writeln!(text, "  spoken       {}, {}{group}, {alpn}", connection.version, connection.cipher);
        let ocsp = if connection.has_ocsp_answer { ", sends an OCSP answer" } else { "" };
        let asks = if connection.asks_for_certificate { ", asks clients for a certificate" } else { "" };
        _ = writeln!(text, "  address      {}{ocsp}{asks}", connection.address);
    }
    for (position, certificate) in survey.certificates.iter().enumerate() {
        text.push_str(&describe(position, certificate));
    }
    let key = match survey.key_matches {
        Some(true) => ", the key belongs to it",
        Some(false) => ", THE KEY DOES NOT BELONG TO IT",
        None => "",
    };
    _ = writeln!(
        text,
        "  chain        {}, {} of {} in line{key}",
        survey.chain,
        survey.path,
        survey.certificates.len()
    );
    for verdict in &survey.verdicts {
        let word = if verdict.accepts { "yes" } else { "no" };
        _ = writeln!(text, "  {:12} {word}: {}", verdict.who, verdict.because);
    }
    for message in &survey.messages {
        let word = match message.severity {
            Severity::Failure => "failure",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
        };
        _ = writeln!(text, "  {word:12} {}", message.what);
        if let Some(hint) = &message.hint {
            _ = writeln!(text, "               {hint}");
        }
    }
    text
}

fn describe(position: usize, certificate: &Described) -> String {
    let mut text = format!("  {:2}. {}\n", position + 1, certificate.subject);
    let ca = if certificate.is_ca { ", may issue" } else { "" };
    let purposes = if certificate.purposes.is_empty() {
        String::new()
    } else {
        format!(", for {}", certificate.purposes.join(" and "))
    };
    if !certificate.names.is_empty() {
        _ = writeln!(text, "      names    {}", certificate.names.join(", "));
    }
    _ = writeln!(text, "      issuer   {}", certificate.issuer);
    _ = writeln!(text, "      valid    {} to {}", certificate.not_before.0.date(), certificate.not_after.0.date());
    _ = writeln!(text, "      key      {}, X.509 version {}{ca}{purposes}", certificate.key, certificate.version);
    _ = writeln!(text, "      serial   {}\n      SHA-256  {}", certificate.serial, certificate.fingerprint);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_files_are_told_apart() {
        let check = |target: &str, expected: Option<(&str, u16)>| {
            assert_eq!(server(target), expected.map(|(host, port)| (host.to_owned(), port)), "{target}");
        };
        check("example.org", Some(("example.org", 443)));
        check("example.org:8443", Some(("example.org", 8443)));
        check("https://example.org:8443/path", Some(("example.org", 8443)));
        check("https://example.org/path", Some(("example.org", 443)));
        check("localhost:8443", Some(("localhost", 8443)));
        check("[::1]:8443", Some(("::1", 8443)));
        check("::1", Some(("::1", 443)));
        check("127.0.0.1:1", Some(("127.0.0.1", 1)));
        check("server.pem", None);
        check("/etc/ssl/a.crt", None);
        check("no-file", None);
        check("Cargo.toml", None);
    }
}
