//! Under which prefixes a path stands, by every reading that an application or a file server might give it.
//!
//! The first reading is the application's: escapes undone once, nothing else. The others are those of code that tidies paths up
//! further: empty segments, dots, parameters, backslashes, escapes inside of escapes. A prefix that any reading stands under is touched.

use smallvec::SmallVec;

/// Rounds of escapes that are undone: more than any chain of proxies and frameworks does.
const ROUNDS: usize = 4;

/// Places of prefixes.
pub(crate) type Places = SmallVec<[usize; 4]>;

/// The prefixes of some rules, in the order in which the rules stand; of two that cover a path, the longer counts.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    /// Segments as they stand in the rule.
    plain: Vec<Vec<Vec<u8>>>,
    /// The same, tidied up as paths are.
    tidy: Vec<Vec<Vec<u8>>>,
}

/// Which prefixes a path stands under.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// As the application reads it.
    pub(crate) plain: Option<usize>,
    /// By any reading, each once.
    pub(crate) any: Places,
}

impl Prefixes {
    /// From decoded prefixes: empty for the root, else with a leading slash and no trailing one.
    pub(crate) fn new<'a>(prefixes: impl Iterator<Item = &'a str>) -> Self {
        let plain: Vec<Vec<Vec<u8>>> = prefixes
            .map(|prefix| {
                prefix.split('/').filter(|part| !part.is_empty()).map(|part| part.as_bytes().to_vec()).collect()
            })
            .collect();
        let tidy = plain.iter().map(|parts| parts.iter().map(|part| tidied(part)).collect()).collect();
        Self { plain, tidy }
    }

    /// Which of them an encoded path stands under. `*` is under the root alone.
    pub(crate) fn touched(&self, path: &[u8]) -> Touched {
        if self.plain.is_empty() {
            return Touched::default();
        }
        let plain = self.plain_place(&unescaped(path));
        let mut any: Places = plain.into_iter().collect();
        if is_simple(path) {
            return Touched { plain, any };
        }
        // Segment by segment, as static mounts read it: an escaped slash parts no segments.
        let by_segment = path.strip_prefix(b"/").unwrap_or(path).split(|byte| *byte == b'/').map(unescaped);
        add(&mut any, longest(&self.plain, &by_segment.collect::<Vec<_>>()));
        let mut text = path.to_vec();
        for _ in 0..=ROUNDS {
            for drops_empty in [true, false] {
                self.walk(&text, drops_empty, &mut any);
            }
            let next = unescaped(&text);
            if next == text {
                break;
            }
            text = next;
        }
        Touched { plain, any }
    }

    fn plain_place(&self, decoded: &[u8]) -> Option<usize> {
        let parts = decoded.strip_prefix(b"/").map(|rest| rest.split(|byte| *byte == b'/').collect::<Vec<_>>());
        longest(&self.plain, &parts.unwrap_or_default())
    }

    /// Resolves dots and notes every place at which a directory is left, or the path ends.
    fn walk(&self, path: &[u8], drops_empty: bool, any: &mut Places) {
        let deepest = self.tidy.iter().map(Vec::len).max().unwrap_or_default();
        let mut stack: Vec<Vec<u8>> = Vec::new();
        let note = |stack: &[Vec<u8>], any: &mut Places| {
            let full: Vec<&Vec<u8>> = stack.iter().filter(|part| !part.is_empty()).take(deepest).collect();
            add(any, longest(&self.tidy, &full));
        };
        let mut is_new = false;
        for part in path.split(|byte| matches!(byte, b'/' | b'\\')) {
            match tidied(part) {
                part if part.is_empty() && drops_empty => {}
                part if part == b"." => {}
                part if part == b".." => {
                    // Deeper down, leaving one directory after the other tells nothing new.
                    if std::mem::take(&mut is_new) || stack.len() <= deepest {
                        note(&stack, any);
                    }
                    stack.pop();
                }
                part => {
                    is_new |= !part.is_empty();
                    stack.push(part);
                }
            }
        }
        note(&stack, any);
    }
}

fn add(places: &mut Places, place: Option<usize>) {
    if let Some(place) = place.filter(|place| !places.contains(place)) {
        places.push(place);
    }
}

/// The longest prefix of these whose segments begin the path.
fn longest<T: AsRef<[u8]>>(prefixes: &[Vec<Vec<u8>>], path: &[T]) -> Option<usize> {
    let covers = |prefix: &[Vec<u8>]| {
        prefix.len() <= path.len() && prefix.iter().zip(path).all(|(one, other)| one.as_slice() == other.as_ref())
    };
    let covering = prefixes.iter().enumerate().filter(|(_, prefix)| covers(prefix));
    covering.max_by_key(|(_, prefix)| prefix.len()).map(|(at, _)| at)
}

/// Nothing in it that anybody reads in another way.
fn is_simple(path: &[u8]) -> bool {
    let mut before = b'x';
    for byte in path {
        match (before, *byte) {
            (b'/', b'/' | b'.') | (_, b'%' | b';' | b'\\' | 0..=b' ' | 0x7f..) => return false,
            (_, byte) => before = byte,
        }
    }
    true
}

/// Escapes undone once, whatever comes out; a broken escape stays.
pub(crate) fn unescaped(path: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut text = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        match (byte, digit(path.get(at + 1)), digit(path.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                text.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                text.push(byte);
                at += 1;
            }
        }
    }
    text
}

/// A segment as lenient code compares it: escapes undone until there are none, parameters and control characters dropped.
fn tidied(segment: &[u8]) -> Vec<u8> {
    let mut text = segment.to_vec();
    for _ in 0..ROUNDS {
        let next = unescaped(&text);
        if next.len() == text.len() {
            break;
        }
        text = next;
    }
    let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
    text.truncate(end);
    text.retain(|byte| *byte >= b' ' && *byte != 0x7f);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes() -> Prefixes {
        Prefixes::new(["/api/admin", "/api", "/a;b/c"].into_iter())
    }

    fn check(path: &str, plain: Option<usize>, any: &[usize]) {
        let mut touched = prefixes().touched(path.as_bytes());
        touched.any.sort_unstable();
        assert_eq!((touched.plain, touched.any.as_slice()), (plain, any), "{path}");
    }

    #[test]
    fn whole_segments_are_compared() {
        check("/api", Some(1), &[1]);
        check("/api/", Some(1), &[1]);
        check("/api/x", Some(1), &[1]);
        check("/api/admin/x", Some(0), &[0]);
        check("/api/administrator", Some(1), &[1]);
        for open in ["/", "/apiary", "/API", "/x/api", "/ap", "/api2/admin", "*"] {
            check(open, None, &[]);
        }
    }

    #[test]
    fn every_reading_that_leads_there_counts() {
        for path in [
            "/%61pi",
            "/%61%70%69/x",
            "/api%2fx",
            "/api%2F..",
            "/api%2f..%2fx",
            "/api%2f",
            "/api/../x",
            "/api/..",
            "/api/%2e%2e/x",
        ] {
            let touched = prefixes().touched(path.as_bytes());
            assert_eq!((touched.plain, touched.any.as_slice()), (Some(1), &[1][..]), "{path}");
        }
        for path in [
            "//api",
            "///api/x",
            "/./api",
            "/x/../api",
            "/x/..//api",
            "/x//../api",
            "/x/y/../../api/",
            "/../api",
            "/%2e%2e/api",
            "/x/%2e%2e/api",
            "/x/.%2E/api",
            "/x%2f..%2fapi",
            "/..%2fapi",
            "/%2fapi",
            "/api;v=1",
            "/api;/x",
            "/;x/api",
            "/x;y/../api",
            "/x/..;/api",
            "/%2561pi",
            "/%252561pi",
            "/x/%252e%252e/api",
            "/\\api",
            "/%5capi",
            "/x/..\\api",
            "/x/..%5Capi",
            "/a%09pi",
            "/ap%00i",
            "/ap%0d%0ai/x",
            "//api//../y",
            "/x/../api//../y",
        ] {
            check(path, None, &[1]);
        }
        check("/a;b/c", Some(2), &[2]);
        check("//a;b/c", None, &[2]);
    }

    #[test]
    fn path_between_two_prefixes_touches_both() {
        check("/api/x/..%2fadmin", Some(1), &[0, 1]);
        check("/api/admin/../x", Some(0), &[0, 1]);
        check("/api/./admin", Some(1), &[0, 1]);
        check("/api//admin", Some(1), &[0, 1]);
    }

    #[test]
    fn broken_escapes_are_left_as_they_are() {
        check("/%zzapi", None, &[]);
        check("/api%", None, &[]);
        check("/api/%", Some(1), &[1]);
        check("/%2", None, &[]);
    }

    #[test]
    fn root_covers_everything() {
        let prefixes = Prefixes::new(["/api", ""].into_iter());
        let touched = |path: &[u8]| prefixes.touched(path).plain;
        assert_eq!(
            (touched(b"*"), touched(b"/"), touched(b"/x"), touched(b"/api/x")),
            (Some(1), Some(1), Some(1), Some(0))
        );
        assert_eq!(Prefixes::default().touched(b"/api"), Touched::default());
    }

    proptest::proptest! {
        /// Whatever a path is made of: when the application's own reading, or a tidier one, stands under the prefix, it is touched.
        #[test]
        fn no_spelling_escapes(path in "(/|%2f|\\.|%2e|\\.\\.|x|api|%61pi|;|;v|%5c|\\\\|%25|%|//){0,14}") {
            let prefixes = Prefixes::new(["/api"].into_iter());
            let touched = prefixes.touched(format!("/{path}").as_bytes()).any.contains(&0);
            let mut text = format!("/{path}").into_bytes();
            for _ in 0..ROUNDS {
                let is_under = |text: &[u8]| {
                    let merged: Vec<&[u8]> = text.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
                    let mut resolved: Vec<&[u8]> = Vec::new();
                    for part in &merged {
                        match *part {
                            b"." => {}
                            b".." => drop(resolved.pop()),
                            part => resolved.push(part),
                        }
                    }
                    merged.first() == Some(&&b"api"[..]) || resolved.first() == Some(&&b"api"[..])
                };
                proptest::prop_assert!(touched || !is_under(&text), "{path}");
                text = unescaped(&text);
            }
        }
    }
}
