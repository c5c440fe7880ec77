//! Where a route's paths are: here under its prefix, at the upstream under the same, or under what the target names in its place.

use crate::http::head::RequestHead;
use crate::route::reading::unescaped;

/// Rounds of escapes that are undone.
const ROUNDS: usize = 4;

/// The prefix of a route, and what replaces it.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Decoded; empty for the root.
    prefix: String,
    /// Percent-encoded; empty for the root.
    base: Option<Vec<u8>>,
}

impl Place {
    /// Both decoded.
    pub(crate) fn new(prefix: &str, base: Option<&str>) -> Self {
        Self { prefix: prefix.to_owned(), base: base.map(|base| encoded(base.as_bytes())) }
    }

    /// The prefix that the upstream does not see, percent-encoded.
    pub(super) fn stripped(&self) -> Option<String> {
        let base = self.base.as_ref()?;
        let is_hidden = base.is_empty() && !self.prefix.is_empty();
        is_hidden.then(|| String::from_utf8_lossy(&encoded(self.prefix.as_bytes())).into_owned())
    }

    /// Path and query for the upstream.
    pub(super) fn target(&self, head: &RequestHead) -> Vec<u8> {
        let whole = head.path_and_query();
        let Some(query) = whole.get(head.path().len()..).filter(|_| self.base.is_some()) else { return whole };
        [&self.path(head.path()), query].concat()
    }

    /// A path for the upstream; percent-encoded both.
    pub(super) fn path(&self, path: &[u8]) -> Vec<u8> {
        let Some(base) = self.base.as_ref().filter(|_| path != b"*") else { return path.to_vec() };
        let rest = without(path, self.prefix.len());
        let path = [base, rest].concat();
        if path.is_empty() { b"/".to_vec() } else { path }
    }

    /// Whether a path leads out of the route, by any reading of it: the upstream may tidy it up.
    pub(super) fn is_left(&self, path: &[u8]) -> bool {
        let is_whole = self.prefix.is_empty() && self.base.as_ref().is_none_or(Vec::is_empty);
        if is_whole || memchr::memmem::find(path, b".").is_none() && !path.contains(&b'%') {
            return false;
        }
        let mut text = path.to_vec();
        for _ in 0..ROUNDS {
            if has_dots(&text) {
                return true;
            }
            text = unescaped(&text);
        }
        has_dots(&text)
    }

    /// The path here of an address that an upstream of this host gives as its own; none for any other.
    pub(super) fn location(&self, value: &[u8], host: &str) -> Option<Vec<u8>> {
        let (scheme, rest) = value.split_at_checked(7)?;
        let (authority, rest) = rest.split_at_checked(host.len())?;
        let is_own = scheme.eq_ignore_ascii_case(b"http://") && authority.eq_ignore_ascii_case(host.as_bytes());
        let is_ended = matches!(rest.first(), None | Some(b'/' | b'?' | b'#'));
        if !is_own || !is_ended {
            return None;
        }
        let Some(base) = &self.base else { return Some(rest.to_vec()) };
        let rest = rest.strip_prefix(base.as_slice())?;
        let is_below = matches!(rest.first(), None | Some(b'/' | b'?' | b'#'));
        is_below.then(|| [&encoded(self.prefix.as_bytes()), rest].concat())
    }
}

/// Whether a segment leads upwards.
fn has_dots(path: &[u8]) -> bool {
    let name = |part: &[u8]| part.split(|byte| *byte == b';').next().map(<[u8]>::to_vec).unwrap_or_default();
    path.split(|byte| matches!(byte, b'/' | b'\\')).any(|part| name(part).trim_ascii() == b"..")
}

/// What follows the first so many bytes, an escape counted as one.
fn without(path: &[u8], decoded: usize) -> &[u8] {
    let mut rest = path;
    for _ in 0..decoded {
        let length = match rest {
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => 3,
            _ => 1,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    rest
}

/// A decoded path as it is written in a request.
fn encoded(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for byte in path {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'/'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
            | b':'
            | b'@' => out.push(*byte),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prefix: &str, base: Option<&str>, path: &str, expect: &str) {
        let path = Place::new(prefix, base).path(path.as_bytes());
        assert_eq!(String::from_utf8_lossy(&path), expect, "{prefix} {base:?}");
    }

    #[test]
    fn prefix_is_replaced_where_the_target_has_a_path() {
        check("/old", None, "/old/a%2fb", "/old/a%2fb");
        check("/old", Some(""), "/old/a%2fb", "/a%2fb");
        check("/old", Some(""), "/old", "/");
        check("/old", Some("/new"), "/%6fld/a//b", "/new/a//b");
        check("/a b", Some("/c d"), "/a%20b/e", "/c%20d/e");
        check("", Some("/app"), "/x", "/app/x");
        check("", Some("/app"), "*", "*");
    }

    #[test]
    fn no_reading_of_a_path_leads_out_of_a_route() {
        let is_left = |prefix, base, path: &str| Place::new(prefix, base).is_left(path.as_bytes());
        for path in
            ["/a/../b", "/a/%2e%2e/b", "/a/.%2E/b", "/a/..%2fb", "/a/%252e%252e/b", "/a/..;x/b", "/a\\..\\b", "/a/.."]
        {
            assert!(
                is_left("/a", None, path) && is_left("", Some("/app"), path) && is_left("/a", Some(""), path),
                "{path}"
            );
            assert!(!is_left("", None, path), "{path}");
        }
        for path in ["/a/b.c/..d", "/a/...", "/a/./b", "/a/%41"] {
            assert!(!is_left("/a", None, path), "{path}");
        }
    }

    #[test]
    fn addresses_of_the_upstream_become_addresses_here() {
        let check = |prefix: &str, base: Option<&str>, value: &str, expect: Option<&str>| {
            let path = Place::new(prefix, base).location(value.as_bytes(), "127.0.0.1:8000");
            assert_eq!(path.as_deref(), expect.map(str::as_bytes), "{value}");
        };
        check("/old", Some(""), "http://127.0.0.1:8000/a?b", Some("/old/a?b"));
        check("/old", Some("/new"), "HTTP://127.0.0.1:8000/new/a", Some("/old/a"));
        check("/old", Some("/new"), "http://127.0.0.1:8000/newer", None);
        check("", None, "http://127.0.0.1:8000/a", Some("/a"));
        check("", None, "http://127.0.0.1:80001/a", None);
        check("", None, "https://127.0.0.1:8000/a", None);
        check("", None, "/a", None);
        check("", None, "http://127.0.0.1:8000@evil.test/", None);
    }
}
