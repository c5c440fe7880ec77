//! Redirects of a site: `[exact:]PREFIX=[STATUS:]TARGET`.

use super::path::prefix;
use super::{Form, Refusal, Value};

/// `[exact:]PREFIX=[STATUS:]TARGET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectRule {
    /// URL prefix, decoded; empty for the root.
    pub prefix: String,
    /// The prefix itself alone, nothing below it.
    pub is_exact: bool,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// `http://…`, `https://…`, or a path of the same host.
    pub target: String,
}

const EXAMPLE: &str = "for example `/old=301:/new`, or `exact:/=https://example.org/start/`";
const LONGEST_TARGET: usize = 2048;

impl Value for RedirectRule {
    const FORM: Form = Form::Pair;

    fn read(text: &str) -> Result<Self, Refusal> {
        let Some((from, to)) = text.split_once('=') else {
            return Err(Refusal::new("expected `PREFIX=TARGET`").hint(EXAMPLE));
        };
        let from = from.trim();
        let (is_exact, url) = from.strip_prefix("exact:").map_or((false, from), |url| (true, url));
        let to = to.trim();
        let numbered = to.split_once(':').filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
        let (status, target) = match numbered {
            Some((number, target)) => (number, target),
            None => ("302", to),
        };
        let known = [301, 302, 303, 307, 308];
        let status = status
            .parse()
            .ok()
            .filter(|status| known.contains(status))
            .ok_or_else(|| Refusal::new("the status of a redirect is 301, 302, 303, 307 or 308").hint(EXAMPLE))?;
        check_target(target, is_exact)?;
        Ok(Self { prefix: prefix(url)?, is_exact, status, target: target.to_owned() })
    }

    fn write(&self) -> String {
        let exact = if self.is_exact { "exact:" } else { "" };
        let prefix = if self.prefix.is_empty() { "/" } else { &self.prefix };
        format!("{exact}{prefix}={}:{}", self.status, self.target)
    }
}

fn check_target(target: &str, is_exact: bool) -> Result<(), Refusal> {
    let host = target.strip_prefix("https://").or_else(|| target.strip_prefix("http://"));
    let is_path = target.starts_with('/') && !target.starts_with("//");
    if !is_path && !host.is_some_and(|host| !host.is_empty() && !host.starts_with(['/', '?', '#', ':'])) {
        return Err(Refusal::new("a redirect leads to `https://HOST/…`, `http://HOST/…` or a path").hint(EXAMPLE));
    }
    if let Some(wrong) = target.chars().find(|&c| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\')) {
        let wrong = format!("`{}` cannot stand in a URL", wrong.escape_default());
        return Err(Refusal::new(wrong).hint("write it with percent signs"));
    }
    if !is_exact && target.contains(['?', '#']) {
        let refusal = Refusal::new("the rest of the path is appended, which `?` and `#` leave no place for");
        return Err(refusal.hint("`exact:` redirects the URL alone"));
    }
    if target.len() > LONGEST_TARGET {
        return Err(Refusal::new(format!("a URL of at most {LONGEST_TARGET} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(RedirectRule::read(text).ok().map(|rule| rule.write()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn redirects_have_a_prefix_a_status_and_a_target() {
        check("/old=/new", Some("/old=302:/new"));
        check("/old/=301:https://a.test/x=y/", Some("/old=301:https://a.test/x=y/"));
        check("exact:/=308:http://a.test:8080/?a=b", Some("exact:/=308:http://a.test:8080/?a=b"));
        check("/=https://a.test", Some("/=302:https://a.test"));
        for wrong in [
            "",
            "/old",
            "old=/new",
            "/old=",
            "/old=new",
            "/old=//a.test/",
            "/old=https:///x",
            "/old=https://?x",
            "/old=javascript:alert(1)",
            "/old=200:/new",
            "/old=/n w",
            "/old=/n\nw",
            "/old=/é",
            "/old=/new?x",
            "/old=/new#x",
            "/o?=/new",
        ] {
            check(wrong, None);
        }
        check(&format!("/old=/{}", "x".repeat(LONGEST_TARGET)), None);
    }
}
