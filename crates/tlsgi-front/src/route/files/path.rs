//! Which file name a request path means. Text only: no file is touched here.

use std::borrow::Cow;

/// What stands behind `prefix` (decoded, no trailing slash), still encoded: empty, or with its leading slash. None when the
/// path is not under it. Whole segments are compared, after decoding, so `/%73tatic/x` is under `/static` and `/staticx` not.
pub(crate) fn under<'a>(path: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let mut rest = path.starts_with(b"/").then_some(path)?;
    for segment in prefix.as_bytes().split(|byte| *byte == b'/').filter(|segment| !segment.is_empty()) {
        let after = rest.strip_prefix(b"/")?;
        let end = after.iter().position(|byte| *byte == b'/').unwrap_or(after.len());
        let (first, remaining) = after.split_at(end);
        if decode(first)?.as_ref() != segment {
            return None;
        }
        rest = remaining;
    }
    Some(rest)
}

/// The file name, relative to the directory, that an encoded rest of a path means. None for whatever names no file that may
/// be served: empty and dot segments, hidden names but `.well-known`, encoded slashes, NUL, broken escapes.
pub(super) fn file_name(rest: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(rest.len());
    for segment in rest.strip_prefix(b"/")?.split(|byte| *byte == b'/') {
        let segment = decode(segment)?;
        let is_hidden = segment.starts_with(b".") && segment.as_ref() != b".well-known";
        if segment.is_empty() || is_hidden || segment.iter().any(|byte| matches!(byte, b'/' | 0)) {
            return None;
        }
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(&segment);
    }
    Some(name)
}

/// The directory, relative to the one that is served, that an encoded rest of a path with a slash at its end means; empty for that one.
pub(super) fn directory_name(rest: &[u8]) -> Option<Vec<u8>> {
    match rest.strip_suffix(b"/")? {
        b"" => Some(Vec::new()),
        name => file_name(name),
    }
}

/// Undoes percent-encoding, once. None for an escape without two hexadecimal digits.
fn decode(segment: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !segment.contains(&b'%') {
        return Some(Cow::Borrowed(segment));
    }
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(*bytes.next()?)? << 4 | digit(*bytes.next()?)?,
            plain => *plain,
        });
    }
    Some(Cow::Owned(decoded))
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_ends_at_a_segment() {
        for (path, prefix, expect) in [
            ("/static/x", "/static", Some("/x")),
            ("/static", "/static", Some("")),
            ("/static/", "/static", Some("/")),
            ("/%73tatic/x", "/static", Some("/x")),
            ("/staticx", "/static", None),
            ("/static%2fx", "/static", None),
            ("/STATIC/x", "/static", None),
            ("//static/x", "/static", None),
            ("/a/../static/x", "/static", None),
            ("/a b/x", "/a b", Some("/x")),
            ("/a%20b/x", "/a b", Some("/x")),
            ("/m/n/x", "/m/n", Some("/x")),
            ("/m/x", "/m/n", None),
            ("/m", "/m/n", None),
            ("/x", "/", Some("/x")),
            ("*", "/", None),
        ] {
            assert_eq!(under(path.as_bytes(), prefix), expect.map(str::as_bytes), "{path} under {prefix}");
        }
    }

    #[test]
    fn only_plain_names_mean_a_file() {
        for (rest, expect) in [
            ("/a.css", Some("a.css")),
            ("/a/b/c.js", Some("a/b/c.js")),
            ("/a%20b+c.txt", Some("a b+c.txt")),
            ("/%61.css", Some("a.css")),
            ("/a%2e%2E", Some("a..")),
            ("/.well-known/security.txt", Some(".well-known/security.txt")),
            ("/a/.well-known/x", Some("a/.well-known/x")),
            ("/a\\..\\b", Some("a\\..\\b")),
            ("/%25", Some("%")),
            ("/%252e%252e/x", Some("%2e%2e/x")),
            ("", None),
            ("/", None),
            ("/a/", None),
            ("//a", None),
            ("/a//b", None),
            ("/..", None),
            ("/../x", None),
            ("/a/../../x", None),
            ("/%2e%2e/x", None),
            ("/.%2E/x", None),
            ("/./x", None),
            ("/a%2fb", None),
            ("/..%2fx", None),
            ("/..%5cx", None),
            ("/a%00.css", None),
            ("/%", None),
            ("/%2", None),
            ("/%zz", None),
            ("/%+1", None),
            ("/.git/config", None),
            ("/a/.env", None),
            ("/%2eenv", None),
            ("/.well-knownx", None),
        ] {
            assert_eq!(file_name(rest.as_bytes()), expect.map(|name| name.as_bytes().to_vec()), "{rest}");
        }
    }

    #[test]
    fn slash_at_the_end_means_a_directory() {
        for (rest, expect) in [
            ("/", Some("")),
            ("/a/", Some("a")),
            ("/a/b%20c/", Some("a/b c")),
            ("", None),
            ("/a", None),
            ("//", None),
            ("/a//", None),
            ("/../", None),
            ("/.git/", None),
            ("/a%2f/", None),
        ] {
            assert_eq!(directory_name(rest.as_bytes()), expect.map(|name| name.as_bytes().to_vec()), "{rest}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_leads_outside_or_to_hidden_files(path in "(/|%|2|e|E|f|\\.|0|a|\\\\|%2e|%2f|%00|\\.\\.){0,12}") {
            let Some(name) = file_name(path.as_bytes()) else { return Ok(()) };
            proptest::prop_assert!(!name.contains(&0) && !name.starts_with(b"/"));
            for segment in name.split(|byte| *byte == b'/') {
                proptest::prop_assert!(!segment.is_empty() && !segment.starts_with(b"."), "{path}");
            }
        }
    }
}
