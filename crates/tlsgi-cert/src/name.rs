//! Host names and addresses as certificates carry them.

use std::fmt;
use std::net::IpAddr;

use crate::error::Error;

/// A name that a certificate can carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Lower-case ASCII, without a final dot; the first label may be `*`.
    Dns(String),
    /// An address.
    Address(IpAddr),
}

impl Name {
    /// Reads what a person writes: `Example.ORG.`, `*.example.org`, `bücher.test`, `::1`, `[::1]`.
    ///
    /// # Errors
    /// [`Error::Name`] with the reason.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fault = |reason| Error::Name { name: text.to_owned(), reason };
        let trimmed = text.trim();
        let address = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(trimmed);
        if let Ok(address) = address.parse() {
            return Ok(Self::Address(address));
        }
        if trimmed.contains(':') {
            return Err(fault("a name has no port, and an IPv6 address no zone"));
        }
        dns(trimmed).map(Self::Dns).map_err(fault)
    }

    /// Whether a certificate that carries `self` is good for `wanted`. A wildcard stands for exactly one label.
    #[must_use]
    pub fn covers(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Dns(carried), Self::Dns(wanted)) => carried == wanted || wildcard_covers(carried, wanted),
            _ => self == wanted,
        }
    }

    /// Whether it is a wildcard directly below a top-level domain, as `*.test`: clients do not honour those.
    #[must_use]
    pub fn is_top_level_wildcard(&self) -> bool {
        matches!(self, Self::Dns(name) if name.strip_prefix("*.").is_some_and(|rest| !rest.contains('.')))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

fn wildcard_covers(carried: &str, wanted: &str) -> bool {
    let Some(parent) = carried.strip_prefix("*.") else { return false };
    wanted.split_once('.').is_some_and(|(label, rest)| rest == parent && label != "*")
}

fn dns(text: &str) -> Result<String, &'static str> {
    let text = text.replace(['。', '．', '｡'], ".").to_lowercase();
    let text = text.strip_suffix('.').unwrap_or(&text);
    if text.is_empty() {
        return Err("it is empty");
    }
    let mut labels = Vec::new();
    for (position, label) in text.split('.').enumerate() {
        if label == "*" && position == 0 && text.len() > 1 {
            labels.push(label.to_owned());
        } else {
            labels.push(ascii_label(label)?);
        }
    }
    if labels.iter().all(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("it is a number, not a name");
    }
    let name = labels.join(".");
    if name.len() > 253 { Err("it is longer than 253 characters") } else { Ok(name) }
}

fn ascii_label(label: &str) -> Result<String, &'static str> {
    let ascii = if label.is_ascii() { label.to_owned() } else { international(label)? };
    if ascii.is_empty() {
        return Err("a label is empty");
    }
    if ascii.len() > 63 {
        return Err("a label is longer than 63 characters");
    }
    if ascii.contains('*') {
        return Err("`*` can only stand for the whole first label");
    }
    if !ascii.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err("a label has a character other than letters, digits, `-` and `_`");
    }
    if ascii.starts_with('-') || ascii.ends_with('-') {
        return Err("a label begins or ends with `-`");
    }
    Ok(ascii)
}

/// An international label in its ASCII form. Only composed text without invisible characters: what else a name may
/// contain under UTS #46 has to be written as `xn--…` by the person.
fn international(label: &str) -> Result<String, &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric());
    if !label.chars().all(is_plain) {
        return Err("write this international label in its `xn--` form");
    }
    punycode(label).map(|encoded| format!("xn--{encoded}")).ok_or("a label is too long")
}

/// RFC 3492.
fn punycode(label: &str) -> Option<String> {
    let mut output: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(output.len()).ok()?;
    let total = u32::try_from(label.chars().count()).ok()?;
    if total > 63 {
        return None;
    }
    if basic > 0 {
        output.push('-');
    }
    let (mut code, mut delta, mut bias, mut handled) = (128u32, 0u32, 72u32, basic);
    while handled < total {
        let smallest = label.chars().map(u32::from).filter(|&c| c >= code).min()?;
        delta = delta.checked_add((smallest - code).checked_mul(handled + 1)?)?;
        code = smallest;
        for c in label.chars().map(u32::from) {
            if c < code {
                delta = delta.checked_add(1)?;
            } else if c == code {
                push_variable(&mut output, delta, bias);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.checked_add(1)?;
        code += 1;
    }
    Some(output)
}

fn push_variable(output: &mut String, mut number: u32, bias: u32) {
    for place in (36u32..).step_by(36) {
        let threshold = place.saturating_sub(bias).clamp(1, 26);
        if number < threshold {
            break;
        }
        output.push(digit(threshold + (number - threshold) % (36 - threshold)));
        number = (number - threshold) / (36 - threshold);
    }
    output.push(digit(number));
}

fn digit(value: u32) -> char {
    char::from(if value < 26 { b'a' + value as u8 } else { b'0' + (value - 26) as u8 })
}

fn adapt(delta: u32, handled: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / handled;
    let mut bias = 0;
    while delta > 455 {
        delta /= 35;
        bias += 36;
    }
    bias + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        Name::parse(name).map_or_else(|error| error.to_string(), |name| name.to_string())
    }

    #[test]
    fn names_are_brought_into_the_form_of_certificates() {
        let check = |given: &str, expected: &str| assert_eq!(text(given), expected, "{given}");
        check("Example.ORG.", "example.org");
        check("*.example.org", "*.example.org");
        check("[::1]", "::1");
        check("127.0.0.1", "127.0.0.1");
        check("FE80::1", "fe80::1");
        check("under_score.test", "under_score.test");
        check("bücher.test", "xn--bcher-kva.test");
        check("BÜCHER。test", "xn--bcher-kva.test");
        check("münchen.de", "xn--mnchen-3ya.de");
        check("*.例え.テスト", "*.xn--r8jz45g.xn--zckzah");
        check("他们为什么不说中文.test", "xn--ihqwcrb4cv8a8dqg056pqjye.test");
        check("почемужеонинеговорятпорусски.test", "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l.test");
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_the_reason() {
        let check = |given: &str, words: &str| assert!(text(given).contains(words), "{given}: {}", text(given));
        check("", "empty");
        check("a..b", "a label is empty");
        check("localhost:8443", "no port");
        check("fe80::1%eth0", "no port, and an IPv6 address no zone");
        check("a.*.b", "whole first label");
        check("w*.b", "whole first label");
        check("*", "whole first label");
        check("-a.b", "begins or ends");
        check("a b", "other than letters");
        check("a/b", "other than letters");
        check("1.2.3", "a number");
        check("u\u{308}.test", "xn--");
        check(&"a".repeat(64), "63");
        check(&"ü".repeat(64), "too long");
        check(&["a"; 130].join("."), "253");
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let covers = |carried: &str, wanted: &str| match (Name::parse(carried), Name::parse(wanted)) {
            (Ok(carried), Ok(wanted)) => carried.covers(&wanted),
            _ => false,
        };
        assert!(covers("*.a.test", "b.a.test"));
        assert!(covers("*.a.test", "*.a.test"));
        assert!(!covers("*.a.test", "a.test"));
        assert!(!covers("*.a.test", "c.b.a.test"));
        assert!(!covers("*.test", "*.a.test"));
        assert!(!covers("a.test", "*.test"));
        assert!(covers("::1", "[0:0::1]"));
        assert!(!covers("127.0.0.1", "::1"));
    }
}
