//! Which clients have to show a certificate, where, and which of them are let in.

use std::path::PathBuf;

use super::path::{path, prefix};
use super::{Form, Refusal, Value};
use crate::config::AllowedClient;

/// Whether a certificate is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificate {
    /// No.
    Off,
    /// It is asked for, and its absence is no obstacle.
    Request,
    /// Nobody gets in without.
    Require,
}

/// `PREFIX` or `PREFIX=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedPrefix {
    /// URL prefix; empty for the root.
    pub prefix: String,
    /// Its own authorities, as written.
    pub authority: Option<PathBuf>,
}

/// `RULE` or `PREFIX=RULE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowRule {
    /// The URL prefix that it is for; empty for the root.
    pub prefix: Option<String>,
    /// Who is let in.
    pub client: AllowedClient,
}

impl Value for ProtectedPrefix {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let (url, file) = match text.split_once('=') {
            Some((url, file)) => (url, Some(file)),
            None => (text, None),
        };
        Ok(Self { prefix: prefix(url)?, authority: file.map(path).transpose()? })
    }

    fn write(&self) -> String {
        let prefix = shown(&self.prefix);
        match &self.authority {
            Some(file) => format!("{prefix}={}", file.display()),
            None => prefix.to_owned(),
        }
    }
}

impl Value for AllowRule {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if !text.starts_with('/') {
            return Ok(Self { prefix: None, client: client(text)? });
        }
        let Some((url, rule)) = text.split_once('=') else {
            return Err(Refusal::new("a rule is missing behind the prefix").hint(EXAMPLE));
        };
        Ok(Self { prefix: Some(prefix(url)?), client: client(rule)? })
    }

    fn write(&self) -> String {
        let rule = write(&self.client);
        match &self.prefix {
            Some(prefix) => format!("{}={rule}", shown(prefix)),
            None => rule,
        }
    }
}

const EXAMPLE: &str =
    "for example `cn:alice`, `dns:*.example.org`, `uri:spiffe://example.org/web` or `/api=ou:Partners`";

fn shown(prefix: &str) -> &str {
    if prefix.is_empty() { "/" } else { prefix }
}

fn client(text: &str) -> Result<AllowedClient, Refusal> {
    let Some((kind, value)) = text.split_once(':') else {
        return Err(Refusal::new("expected KIND:VALUE").hint(EXAMPLE));
    };
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(Refusal::new("a value is missing behind the colon").hint(EXAMPLE));
    }
    match kind.trim().to_ascii_lowercase().as_str() {
        "dns" => dns(value),
        "uri" | "spiffe" => uri(kind, value),
        "email" => email(value),
        "cn" => Ok(AllowedClient::CommonName(value.to_owned())),
        "ou" => Ok(AllowedClient::Unit(value.to_owned())),
        "sha256" => hexadecimal(value).map(AllowedClient::Fingerprint).ok_or_else(|| {
            Refusal::new("a fingerprint is 64 hexadecimal digits")
                .hint("`openssl x509 -in client.pem -noout -fingerprint -sha256` prints it")
        }),
        "spki" => pin(value).map(AllowedClient::KeyPin).ok_or_else(|| {
            Refusal::new("a key pin is SHA-256 of the public key, as 44 characters of base64 or 64 hexadecimal digits")
        }),
        _ => Err(Refusal::new("expected one of `dns`, `uri`, `email`, `cn`, `ou`, `sha256`, `spki` before the colon")
            .hint(EXAMPLE)),
    }
}

fn dns(value: &str) -> Result<AllowedClient, Refusal> {
    let name = value.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let labels = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if !labels.split('.').all(is_label) {
        return Err(Refusal::new("expected a host name, or `*.` and one"));
    }
    Ok(AllowedClient::Dns(name.to_owned()))
}

fn uri(kind: &str, value: &str) -> Result<AllowedClient, Refusal> {
    // `spiffe:` alone reads as a kind: the whole text is the identity then.
    let value = if kind.eq_ignore_ascii_case("spiffe") { format!("spiffe:{value}") } else { value.to_owned() };
    let Some((scheme, rest)) = value.split_once("://") else {
        return Err(Refusal::new("expected a URI with a scheme, such as `spiffe://example.org/web`"));
    };
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    if scheme.is_empty() || authority.is_empty() || authority.contains('*') {
        return Err(Refusal::new("scheme and host of a URI are written out: only path segments may be `*`"));
    }
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_wild = segment == "*" || (segment == "**" && segments.peek().is_none());
        if segment.contains('*') && !is_wild {
            return Err(Refusal::new("`*` stands for one whole path segment, `**` at the end for all further"));
        }
    }
    Ok(AllowedClient::Uri(value))
}

fn email(value: &str) -> Result<AllowedClient, Refusal> {
    match value.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && (local == "*" || !local.contains('*')) => {
            Ok(AllowedClient::Email(format!("{local}@{}", domain.to_ascii_lowercase())))
        }
        _ => Err(Refusal::new("expected a mail address, or `*@` and a domain")),
    }
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b':' | b' '))
        .map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit)).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

fn pin(text: &str) -> Option<[u8; 32]> {
    // curl writes `sha256//…`.
    let text = text.strip_prefix("sha256/").unwrap_or(text);
    let text = text.strip_prefix('/').filter(|rest| rest.len() >= 43).unwrap_or(text);
    hexadecimal(text).or_else(|| base64(text))
}

fn base64(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_suffix('=').unwrap_or(text);
    if text.len() != 43 {
        return None;
    }
    let mut bytes = Vec::with_capacity(33);
    let (mut bits, mut count) = (0u32, 0);
    for symbol in text.bytes() {
        bits = bits << 6 | u32::from(sextet(symbol)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    bytes.try_into().ok()
}

const fn sextet(symbol: u8) -> Option<u8> {
    Some(match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn write(client: &AllowedClient) -> String {
    let digits = |bytes: &[u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match client {
        AllowedClient::Dns(name) => format!("dns:{name}"),
        AllowedClient::Uri(uri) => format!("uri:{uri}"),
        AllowedClient::Email(address) => format!("email:{address}"),
        AllowedClient::CommonName(name) => format!("cn:{name}"),
        AllowedClient::Unit(name) => format!("ou:{name}"),
        AllowedClient::Fingerprint(bytes) => format!("sha256:{}", digits(bytes)),
        AllowedClient::KeyPin(bytes) => format!("spki:{}", digits(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Value>(text: &str, expect: Option<&str>) {
        assert_eq!(T::read(text).ok().map(|value| value.write()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn prefixes_may_have_authorities_of_their_own() {
        check::<ProtectedPrefix>("/api/", Some("/api"));
        check::<ProtectedPrefix>("/", Some("/"));
        check::<ProtectedPrefix>("/api=a=b.pem", Some("/api=a=b.pem"));
        for wrong in ["", "api", "/api=", "/a/../b", "/a%2fb", "=ca.pem"] {
            check::<ProtectedPrefix>(wrong, None);
        }
    }

    #[test]
    fn rules_say_who_is_let_in_and_where() {
        let hex = "AB".repeat(32);
        check::<AllowRule>("cn:Alice B", Some("cn:Alice B"));
        check::<AllowRule>("/api=ou:a=b", Some("/api=ou:a=b"));
        check::<AllowRule>("dns:*.Example.org.", Some("dns:*.example.org"));
        check::<AllowRule>("uri:spiffe://a.test/ns/*/sa/**", Some("uri:spiffe://a.test/ns/*/sa/**"));
        check::<AllowRule>("spiffe://a.test/x", Some("uri:spiffe://a.test/x"));
        check::<AllowRule>("email:Me@Example.ORG", Some("email:Me@example.org"));
        check::<AllowRule>(&format!("sha256:{hex}"), Some(&format!("sha256:{}", hex.to_lowercase())));
        check::<AllowRule>(
            &format!("sha256:{}", vec!["ab"; 32].join(":")),
            Some(&format!("sha256:{}", "ab".repeat(32))),
        );
        let zeros = format!("spki:{}", "0".repeat(64));
        for pin in [format!("spki:{}=", "A".repeat(43)), format!("spki:sha256//{}=", "A".repeat(43)), zeros.clone()] {
            check::<AllowRule>(&pin, Some(&zeros));
        }
        for wrong in [
            "",
            "cn",
            "cn:",
            "name:x",
            "/api",
            "/api=",
            "/api=x",
            "dns:*",
            "dns:a b",
            "dns:a.*.b",
            "uri:x",
            "uri:spiffe://*/x",
            "uri:spiffe://a/x*",
            "uri:spiffe://a/**/x",
            "email:x",
            "email:a*@b",
            "sha256:00",
            "spki:00",
            "sha256:zz",
        ] {
            check::<AllowRule>(wrong, None);
        }
    }
}
