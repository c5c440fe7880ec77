//! `Strict-Transport-Security` policies, checked against RFC 6797 section 6.1.

use super::{Form, Refusal, Value};

/// A policy that browsers will obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hsts {
    /// As it is sent.
    pub policy: String,
    /// Seconds of `max-age`.
    pub max_age: u64,
    /// `includeSubDomains` is present.
    pub has_subdomains: bool,
    /// `preload` is present.
    pub has_preload: bool,
}

/// What the browsers' preload list asks for: one year.
pub const PRELOAD_MAX_AGE: u64 = 31_536_000;

impl Value for Hsts {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        parse(text.trim())
            .map_err(|reason| Refusal::new(reason).hint("for example \"max-age=63072000; includeSubDomains; preload\""))
    }

    fn write(&self) -> String {
        self.policy.clone()
    }
}

fn parse(text: &str) -> Result<Hsts, String> {
    let mut seen: Vec<String> = Vec::new();
    let mut policy = Hsts { policy: text.to_owned(), max_age: 0, has_subdomains: false, has_preload: false };
    for directive in text.split(';').map(str::trim) {
        // RFC 6797 allows empty directives, as in `max-age=1;`.
        if directive.is_empty() {
            continue;
        }
        let (name, value) = match directive.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(unquote(value.trim_start())?)),
            None => (directive, None),
        };
        if !is_token(name) {
            return Err(format!("`{}` is not a directive", directive.escape_default()));
        }
        let name = name.to_ascii_lowercase();
        match (name.as_str(), value) {
            ("max-age", Some(value)) => policy.max_age = seconds(value)?,
            ("max-age", None) => return Err("`max-age` needs a number of seconds".to_owned()),
            ("includesubdomains", None) => policy.has_subdomains = true,
            ("preload", None) => policy.has_preload = true,
            ("includesubdomains" | "preload", Some(_)) => return Err(format!("`{name}` takes no value")),
            _ => return Err(format!("`{name}` is not a directive that browsers know")),
        }
        if seen.contains(&name) {
            return Err(format!("`{name}` stands twice"));
        }
        seen.push(name);
    }
    if seen.iter().any(|name| name == "max-age") { Ok(policy) } else { Err("`max-age` is missing".to_owned()) }
}

fn seconds(value: &str) -> Result<u64, String> {
    let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    is_number
        .then(|| value.parse().ok())
        .flatten()
        .ok_or_else(|| format!("`max-age` needs a number of seconds, not `{}`", value.escape_default()))
}

/// The inside of a quoted string, or a token as it is.
fn unquote(value: &str) -> Result<&str, String> {
    if let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Ok(inner);
    }
    if value.is_empty() || is_token(value) {
        Ok(value)
    } else {
        Err(format!("`{}` is not a value", value.escape_default()))
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<(u64, bool, bool), &str>) {
        let read = parse(text).map(|it| (it.max_age, it.has_subdomains, it.has_preload));
        assert_eq!(read.as_ref().map_err(String::as_str), expect.as_ref().map_err(|it| *it), "{text:?}");
    }

    #[test]
    fn policies_follow_rfc_6797() {
        check("max-age=63072000; includeSubDomains; preload", Ok((63_072_000, true, true)));
        check("MAX-AGE=0", Ok((0, false, false)));
        check("max-age=\"60\" ;", Ok((60, false, false)));
        check("", Err("`max-age` is missing"));
        check("includeSubDomains", Err("`max-age` is missing"));
        check("max-age", Err("`max-age` needs a number of seconds"));
        check("max-age=-1", Err("`max-age` needs a number of seconds, not `-1`"));
        check("max-age=1y", Err("`max-age` needs a number of seconds, not `1y`"));
        check("max-age=", Err("`max-age` needs a number of seconds, not ``"));
        check("max-age=99999999999999999999", Err("`max-age` needs a number of seconds, not `99999999999999999999`"));
        check("max-age=1; max-age=2", Err("`max-age` stands twice"));
        check("max-age=1; preload=1", Err("`preload` takes no value"));
        check("max-age=1, preload", Err("`1, preload` is not a value"));
        check("max-age=1; includeSubdomain", Err("`includesubdomain` is not a directive that browsers know"));
        check("max-age=1\r\nX: y", Err("`1\\r\\nX: y` is not a value"));
    }
}
