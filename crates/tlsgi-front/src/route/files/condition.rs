//! Conditional requests: what `If-*` fields make of a request (RFC 9110 13).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::mount::Facts;
use crate::http::field::trim;
use crate::http::head::RequestHead;

/// How a file's present state is told from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validators {
    /// Strong, with its quotes.
    pub(super) etag: String,
    /// Whole seconds since the epoch; none for a time that cannot be said, such as one that is still to come.
    pub(super) modified: Option<u64>,
}

/// What the preconditions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The request is done as it is.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: the file is not what the client thinks.
    Failed,
}

impl Validators {
    /// Those of a file. The tag hides the inode, which is nobody's business.
    pub(super) fn of(facts: &Facts, now: SystemTime) -> Self {
        let (seconds, nanoseconds) = facts.modified;
        let mut hash = mix(facts.inode);
        hash = mix(hash ^ facts.size);
        hash = mix(hash ^ u64::from_ne_bytes(seconds.to_ne_bytes()));
        hash = mix(hash ^ u64::from(nanoseconds));
        let modified = u64::try_from(seconds).ok().filter(|seconds| *seconds <= since_epoch(now));
        Self { etag: format!("\"{hash:016x}\""), modified }
    }

    /// `Last-Modified`.
    pub(super) fn last_modified(&self) -> Option<String> {
        self.modified.map(|seconds| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds)))
    }
}

/// Evaluates the preconditions of a GET or HEAD in the order of RFC 9110 13.2.2. `If-Range` is asked for later.
pub(super) fn evaluate(request: &RequestHead, validators: &Validators) -> Outcome {
    let tags = |name| lines(request, name).flat_map(entity_tags);
    if lines(request, "if-match").next().is_some() {
        if !tags("if-match").any(|tag| tag == Tag::Any || tag == Tag::Strong(validators.etag.as_bytes())) {
            return Outcome::Failed;
        }
    } else if let (Some(date), Some(modified)) = (date(request, "if-unmodified-since"), validators.modified)
        && modified > date
    {
        return Outcome::Failed;
    }
    if lines(request, "if-none-match").next().is_some() {
        if tags("if-none-match").any(|tag| tag.is_weakly(validators.etag.as_bytes())) {
            return Outcome::NotModified;
        }
    } else if let (Some(date), Some(modified)) = (date(request, "if-modified-since"), validators.modified)
        && modified <= date
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

/// Whether `Range` may be honoured (RFC 9110 13.1.5): no `If-Range`, or one that names exactly this state. A date counts only
/// when its second is over, so that the file did not change again within it unseen.
pub(super) fn range_is_current(request: &RequestHead, validators: &Validators, now: SystemTime) -> bool {
    let mut values = lines(request, "if-range");
    match (values.next(), values.next()) {
        (None, _) => true,
        (Some(value), None) if value.ends_with(b"\"") => {
            entity_tags(value).eq([Tag::Strong(validators.etag.as_bytes())])
        }
        (Some(value), None) => {
            let date = parse_date(value);
            date.is_some() && date == validators.modified && date.is_some_and(|date| date + 1 < since_epoch(now))
        }
        (Some(_), Some(_)) => false,
    }
}

/// One member of a list of entity tags, quotes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag<'a> {
    Any,
    Strong(&'a [u8]),
    Weak(&'a [u8]),
}

impl Tag<'_> {
    fn is_weakly(self, etag: &[u8]) -> bool {
        match self {
            Tag::Any => true,
            Tag::Strong(tag) | Tag::Weak(tag) => tag == etag,
        }
    }
}

/// The members of a field line; stops at the first thing that is none. A comma within a tag belongs to it.
fn entity_tags(line: &[u8]) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = line;
    let is_any = trim(line) == b"*";
    let any = is_any.then_some(Tag::Any).into_iter();
    any.chain(std::iter::from_fn(move || {
        while let [b' ' | b'\t' | b',', after @ ..] = rest {
            rest = after;
        }
        let (is_weak, quoted) = rest.strip_prefix(b"W/").map_or((false, rest), |quoted| (true, quoted));
        let inner = quoted.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')? + 2;
        let (tag, after) = quoted.split_at_checked(end)?;
        rest = after;
        Some(if is_weak { Tag::Weak(tag) } else { Tag::Strong(tag) })
    }))
}

/// Value of a date field, when there is exactly one and it is a date.
fn date(request: &RequestHead, name: &'static str) -> Option<u64> {
    let mut values = lines(request, name);
    let value = values.next()?;
    if values.next().is_some() { None } else { parse_date(value) }
}

fn parse_date(value: &[u8]) -> Option<u64> {
    httpdate::parse_http_date(str::from_utf8(value).ok()?).ok().map(since_epoch)
}

fn lines<'a>(request: &'a RequestHead, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    request.fields().filter(move |(_, known, _)| *known == name.as_bytes()).map(|(_, _, value)| value)
}

fn since_epoch(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// The finalizer of splitmix64: every bit of the input changes half of the output.
const fn mix(input: u64) -> u64 {
    let mut bits = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::tests::request;
    use super::*;

    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const EXACT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
    const MODIFIED: u64 = 784_111_777;

    fn validators() -> Validators {
        Validators { etag: "\"e\"".to_owned(), modified: Some(MODIFIED) }
    }

    fn check(fields: &[(&str, &str)], expect: Outcome) {
        assert_eq!(evaluate(&request("GET", "/", fields), &validators()), expect, "{fields:?}");
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for tags in ["\"e\"", "W/\"e\"", "*", "\"x\", \"e\"", "\"a,b\" , W/\"e\"", ",,\"e\""] {
            check(&[("If-None-Match", tags)], Outcome::NotModified);
        }
        for tags in ["\"x\"", "e", "", "\"x, \"e", "w/\"e\"", "\"e", "x \"e\"", "\"*\""] {
            check(&[("If-None-Match", tags)], Outcome::Proceed);
        }
        check(&[("If-None-Match", "\"x\""), ("If-None-Match", "\"e\"")], Outcome::NotModified);
    }

    #[test]
    fn if_match_compares_strongly() {
        for tags in ["\"e\"", "*", "\"x\",\"e\""] {
            check(&[("If-Match", tags)], Outcome::Proceed);
        }
        for tags in ["W/\"e\"", "\"x\"", "e", ""] {
            check(&[("If-Match", tags)], Outcome::Failed);
        }
    }

    #[test]
    fn dates_are_compared_by_seconds() {
        check(&[("If-Modified-Since", BEFORE)], Outcome::Proceed);
        check(&[("If-Modified-Since", EXACT)], Outcome::NotModified);
        check(&[("If-Modified-Since", AFTER)], Outcome::NotModified);
        check(&[("If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT")], Outcome::NotModified);
        check(&[("If-Modified-Since", "Sun Nov  6 08:49:37 1994")], Outcome::NotModified);
        check(&[("If-Modified-Since", "yesterday")], Outcome::Proceed);
        check(&[("If-Modified-Since", AFTER), ("If-Modified-Since", AFTER)], Outcome::Proceed);
        check(&[("If-Unmodified-Since", BEFORE)], Outcome::Failed);
        check(&[("If-Unmodified-Since", EXACT)], Outcome::Proceed);
        check(&[("If-Unmodified-Since", "never")], Outcome::Proceed);
    }

    #[test]
    fn tags_take_precedence_over_dates() {
        check(&[("If-None-Match", "\"x\""), ("If-Modified-Since", AFTER)], Outcome::Proceed);
        check(&[("If-Match", "\"e\""), ("If-Unmodified-Since", BEFORE)], Outcome::Proceed);
        check(&[("If-Match", "\"x\""), ("If-None-Match", "\"e\"")], Outcome::Failed);
        check(&[("If-Match", "\"e\""), ("If-None-Match", "\"e\"")], Outcome::NotModified);
        check(&[("If-Unmodified-Since", BEFORE), ("If-None-Match", "\"e\"")], Outcome::Failed);
        check(&[("If-Unmodified-Since", EXACT), ("If-Modified-Since", EXACT)], Outcome::NotModified);
    }

    #[test]
    fn if_range_needs_exactly_this_state() {
        let now = UNIX_EPOCH + Duration::from_secs(MODIFIED + 10);
        let current = |fields: &[_]| range_is_current(&request("GET", "/", fields), &validators(), now);
        assert!(current(&[]));
        assert!(current(&[("If-Range", "\"e\"")]) && current(&[("If-Range", EXACT)]));
        for value in ["W/\"e\"", "\"x\"", "*", "\"x\", \"e\"", "e", "", BEFORE, AFTER] {
            assert!(!current(&[("If-Range", value)]), "{value}");
        }
        assert!(!current(&[("If-Range", "\"e\""), ("If-Range", "\"e\"")]));
        let soon = UNIX_EPOCH + Duration::from_secs(MODIFIED + 1);
        assert!(!range_is_current(&request("GET", "/", &[("If-Range", EXACT)]), &validators(), soon));
    }

    #[test]
    fn tag_changes_with_every_fact() {
        let facts = Facts { inode: 1, size: 2, modified: (3, 4) };
        let tag = |facts: Facts| Validators::of(&facts, SystemTime::now()).etag;
        let tags = [
            tag(facts),
            tag(Facts { inode: 2, ..facts }),
            tag(Facts { size: 3, ..facts }),
            tag(Facts { modified: (4, 4), ..facts }),
            tag(Facts { modified: (3, 5), ..facts }),
        ];
        assert_eq!(tags.iter().collect::<std::collections::BTreeSet<_>>().len(), tags.len());
        assert_eq!(tags.first(), Some(&tag(facts)));
    }

    #[test]
    fn times_that_cannot_be_said_are_not() {
        let now = UNIX_EPOCH + Duration::from_secs(100);
        let modified =
            |seconds| Validators::of(&Facts { inode: 1, size: 1, modified: (seconds, 0) }, now).last_modified();
        assert_eq!(modified(100).as_deref(), Some("Thu, 01 Jan 1970 00:01:40 GMT"));
        assert_eq!((modified(101), modified(-1), modified(i64::MAX)), (None, None, None));
    }
}
