//! Host names that a site serves.

use std::net::IpAddr;

use super::{Form, Refusal, Value};

/// A host name in lower case, a wildcard of one label, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerName {
    /// `www.example.org`, `*.example.org`, `localhost`.
    Dns(String),
    /// An address, for certificates that name one.
    Ip(IpAddr),
}

impl ServerName {
    /// As it stands in a Host header without port: an IPv6 address in brackets.
    #[must_use]
    pub fn as_host(&self) -> String {
        match self {
            Self::Ip(IpAddr::V6(address)) => format!("[{address}]"),
            _ => self.write(),
        }
    }
}

impl Value for ServerName {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse() {
            return Ok(Self::Ip(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        check(&name)?;
        Ok(Self::Dns(name))
    }

    fn write(&self) -> String {
        match self {
            Self::Dns(name) => name.clone(),
            Self::Ip(address) => address.to_string(),
        }
    }
}

fn check(name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::new("expected a host name"));
    }
    if !name.is_ascii() {
        return Err(Refusal::new("a host name is written in ASCII").hint(format!(
            "write the form that browsers send: python3 -c \"print('{}'.encode('idna').decode())\"",
            name.replace(['\'', '"', '\\'], "")
        )));
    }
    if name.contains("://") || name.contains('/') {
        return Err(Refusal::new("expected a host name, not a URL").hint("leave out the scheme and the path"));
    }
    if name.contains(':') {
        return Err(Refusal::new("a host name has no port").hint("ports belong to `--https-port` and `--port`"));
    }
    if name.len() > 253 {
        return Err(Refusal::new("a host name has at most 253 characters"));
    }
    let labels = name.strip_prefix("*.").unwrap_or(name);
    if labels.contains('*') || (name.starts_with("*.") && !labels.contains('.')) {
        return Err(Refusal::new("a wildcard stands for the whole first label of at least three")
            .hint("`*.example.org` is one; `*`, `*.org` and `www.*.org` are not"));
    }
    if labels.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(Refusal::new("this is neither a host name nor an address"));
    }
    for label in labels.split('.') {
        check_label(label)?;
    }
    Ok(())
}

/// Letters, digits, inner hyphens; underscores as well, because internal names have them and DNS carries them.
fn check_label(label: &str) -> Result<(), Refusal> {
    if label.is_empty() || label.len() > 63 {
        return Err(Refusal::new("each part of a host name has 1 to 63 characters"));
    }
    if let Some(wrong) = label.chars().find(|&c| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')) {
        return Err(Refusal::new(format!("`{}` cannot stand in a host name", wrong.escape_default())));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(Refusal::new("no part of a host name begins or ends with a hyphen"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(ServerName::read(text).ok().map(|name| name.as_host()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn names_are_lower_case_and_checked() {
        check("Example.ORG", Some("example.org"));
        check("example.org.", Some("example.org"));
        check("*.example.org", Some("*.example.org"));
        check("localhost", Some("localhost"));
        check("my_app.internal", Some("my_app.internal"));
        check("192.0.2.1", Some("192.0.2.1"));
        check("::1", Some("[::1]"));
        check("[::1]", Some("[::1]"));
        for wrong in [
            "",
            ".",
            "*",
            "*.org",
            "a.*.org",
            "bücher.example",
            "https://x",
            "x:80",
            "-a.org",
            "a..b",
            "a b",
            "1.2.3",
            "a\nb",
        ] {
            check(wrong, None);
        }
    }
}
