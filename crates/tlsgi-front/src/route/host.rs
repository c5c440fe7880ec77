//! Whether a site has a name.

use tlsgi_config::config::Site;

use crate::http::head::RequestHead;

/// Whether the site serves the request's host. A site without names serves every name.
pub(crate) fn is_served(site: &Site, head: &RequestHead) -> bool {
    if site.names.is_empty() {
        return true;
    }
    let host = normal(head.host());
    site.names.iter().any(|name| matches(name, &host))
}

/// A host as names are compared: without a trailing dot, lower-case.
pub(crate) fn normal(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    host.strip_suffix('.').map(str::to_owned).unwrap_or(host)
}

/// Which of these sites (their names) a name belongs to: the one that says it exactly, else one with a wildcard for it, else the first.
/// Handshakes and requests both choose here, so that they cannot differ.
pub(crate) fn site_of<'n>(sites: &(impl Iterator<Item = &'n [String]> + Clone), name: &str) -> usize {
    let exact = sites.clone().position(|names| names.iter().any(|known| known == name));
    let wildcard = || sites.clone().position(|names| names.iter().any(|known| matches(known, name)));
    exact.or_else(wildcard).unwrap_or(0)
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

    #[test]
    fn most_specific_site_wins_whichever_comes_first() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let wild = [names(&["x.test"]), names(&["*.a.test"]), names(&["b.a.test"])];
        let exact = [names(&["x.test"]), names(&["b.a.test"]), names(&["*.a.test"])];
        let site = |sites: &[Vec<String>], name| site_of(&sites.iter().map(Vec::as_slice), name);
        assert_eq!((site(&wild, "b.a.test"), site(&wild, "c.a.test")), (2, 1));
        assert_eq!((site(&exact, "b.a.test"), site(&exact, "c.a.test")), (1, 2));
        assert_eq!((site(&wild, ""), site(&wild, "y.test"), site(&[], "y.test")), (0, 0, 0));
        assert_eq!(normal("A.Test."), "a.test");
    }
}
