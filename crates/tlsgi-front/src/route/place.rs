//! Who answers a path of a site: the route with the longest prefix that covers it.

use std::borrow::Cow;

use super::reading::unescaped;
use crate::state::Destination;

/// The routes of one site.
#[derive(Default)]
pub(crate) struct Routes {
    longest_first: Vec<(String, Destination)>,
}

impl Routes {
    /// From decoded prefixes (empty for the root, else a leading slash and no trailing one), longest first.
    pub(crate) const fn new(longest_first: Vec<(String, Destination)>) -> Self {
        Self { longest_first }
    }

    /// The route for an encoded path, with the length of its prefix. The path is read as the application reads it: escapes undone
    /// once, then cut into segments. `OPTIONS *` asks about the server as a whole: the last route, the widest, gets it.
    pub(crate) fn find(&self, path: &[u8]) -> Option<(usize, &Destination)> {
        let (prefix, destination) = if path == b"*" {
            self.longest_first.last()?
        } else {
            let decoded = if path.contains(&b'%') { Cow::Owned(unescaped(path)) } else { Cow::Borrowed(path) };
            self.longest_first.iter().find(|(prefix, _)| covers(prefix.as_bytes(), &decoded))?
        };
        Some((prefix.len(), destination))
    }
}

/// Whether a decoded path is under a decoded prefix. Whole segments are compared.
pub(crate) fn covers(prefix: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(b"/") || (rest.is_empty() && !prefix.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn prefixes_cover_whole_segments() {
        for (prefix, path, expect) in [
            ("", "/", true),
            ("", "/a", true),
            ("", "", false),
            ("/a", "/a", true),
            ("/a", "/a/", true),
            ("/a", "/a/b", true),
            ("/a", "/ab", false),
            ("/a", "//a", false),
            ("/a", "/A", false),
            ("/a", "a", false),
            ("/a/b", "/a/b/c", true),
            ("/a/b", "/a", false),
        ] {
            assert_eq!(covers(prefix.as_bytes(), path.as_bytes()), expect, "{path} under {prefix:?}");
        }
    }
}
