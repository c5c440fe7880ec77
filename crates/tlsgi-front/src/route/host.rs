//! Whether a site has a name.

use tlsgi_config::config::Site;

use crate::http::head::RequestHead;

/// Whether the site serves the request's host. A site without names serves every name.
pub(crate) fn is_served(site: &Site, head: &RequestHead) -> bool {
    if site.names.is_empty() {
        return true;
    }
    let host = head.host().to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    site.names.iter().any(|name| matches(name, host))
}

/// Whether a configured name (lower-case; `*.` covers exactly one label, RFC 6125 6.4.3) covers a host.
pub(crate) fn matches(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
        None => name == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcard_covers_one_label() {
        assert!(matches("*.a.test", "b.a.test"));
        assert!(!matches("*.a.test", "a.test"));
        assert!(!matches("*.a.test", "c.b.a.test"));
        assert!(!matches("*.a.test", ".a.test"));
        assert!(matches("a.test", "a.test"));
    }
}
