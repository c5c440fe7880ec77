//! Byte ranges: what a `Range` field asks of a file of a known size (RFC 9110 14).

use crate::http::field::{list, trim};

/// Ranges of one request. More is no player and no reader, but somebody who counts on us to multiply the work.
const MAX_RANGES: usize = 32;

/// Part of a file: first byte and number of bytes, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) length: u64,
}

impl Span {
    const fn end(self) -> u64 {
        self.start + self.length
    }

    /// `Content-Range` of this part of so many bytes.
    pub(super) fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.start, self.end() - 1)
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selection {
    /// No range, or none that is understood, or none that is reasonable.
    Whole,
    /// One part.
    One(Span),
    /// Several, in the order of the request.
    Many(Vec<Span>),
    /// 416: nothing of it exists.
    Unsatisfiable,
}

/// Reads a `Range` value. An invalid one, an unknown unit, more than [`MAX_RANGES`] parts and parts that overlap are ignored,
/// as RFC 9110 14.2 allows and recommends.
pub(super) fn select(value: &[u8], size: u64) -> Selection {
    let Some((unit, set)) = value.split_at_checked(6) else { return Selection::Whole };
    if !unit.eq_ignore_ascii_case(b"bytes=") {
        return Selection::Whole;
    }
    let mut spans = Vec::new();
    let mut count = 0;
    for member in list(set) {
        count += 1;
        match bounds(member) {
            Some(bounds) if count <= MAX_RANGES => spans.extend(bounds.within(size)),
            _ => return Selection::Whole,
        }
    }
    match spans.as_slice() {
        [] if count == 0 => Selection::Whole,
        // Every suffix of nothing is nothing, and no part of it can be named.
        [] if size == 0 && list(set).any(|member| member.starts_with(b"-") && !is_zero(member)) => Selection::Whole,
        [] => Selection::Unsatisfiable,
        [span] => Selection::One(*span),
        _ if overlap(&spans) => Selection::Whole,
        _ => Selection::Many(spans),
    }
}

/// One member as written.
#[derive(Debug, Clone, Copy)]
enum Bounds {
    From { first: u64, last: u64 },
    Suffix { length: u64 },
}

impl Bounds {
    fn within(self, size: u64) -> Option<Span> {
        let (start, end) = match self {
            Self::From { first, last } => (first, last.saturating_add(1).min(size)),
            Self::Suffix { length } => (size.saturating_sub(length), size),
        };
        (start < end).then(|| Span { start, length: end - start })
    }
}

/// `first-last`, `first-` or `-length`; None for anything else, and for a last before the first.
fn bounds(member: &[u8]) -> Option<Bounds> {
    let dash = member.iter().position(|byte| *byte == b'-')?;
    let (first, last) = (member.get(..dash)?, member.get(dash + 1..)?);
    match (first, last) {
        (b"", length) => Some(Bounds::Suffix { length: number(length)? }),
        (first, b"") => Some(Bounds::From { first: number(first)?, last: u64::MAX }),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Bounds::From { first, last })
        }
    }
}

/// Digits only. A number beyond 64 bits is as good as the largest.
fn number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let add = |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    is_number.then(|| digits.iter().fold(0, add))
}

fn is_zero(suffix: &[u8]) -> bool {
    trim(suffix).iter().all(|byte| matches!(byte, b'-' | b'0'))
}

fn overlap(spans: &[Span]) -> bool {
    let mut sorted = spans.to_vec();
    sorted.sort_by_key(|span| span.start);
    sorted.windows(2).any(|pair| matches!(pair, [left, right] if left.end() > right.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, size: u64, expect: &Selection) {
        assert_eq!(&select(value.as_bytes(), size), expect, "{value} of {size}");
    }

    const fn span(start: u64, length: u64) -> Span {
        Span { start, length }
    }

    #[test]
    fn single_ranges() {
        for (value, start, length) in [
            ("bytes=0-0", 0, 1),
            ("bytes=0-4", 0, 5),
            ("BYTES=2-", 2, 8),
            ("bytes=9-", 9, 1),
            ("bytes=-3", 7, 3),
            ("bytes=-99", 0, 10),
            ("bytes=5-99", 5, 5),
            ("bytes=5-99999999999999999999999", 5, 5),
            ("bytes=0-18446744073709551615", 0, 10),
            ("bytes= 1-2 ", 1, 2),
            ("bytes=,1-2,", 1, 2),
            ("bytes=1-2,20-30", 1, 2),
            ("bytes=-0,1-2", 1, 2),
        ] {
            check(value, 10, &Selection::One(span(start, length)));
        }
    }

    #[test]
    fn nothing_of_it_exists() {
        for value in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-", "bytes=10-11,20-21"] {
            check(value, 10, &Selection::Unsatisfiable);
        }
        check("bytes=0-", 0, &Selection::Unsatisfiable);
        check("bytes=0-0", 0, &Selection::Unsatisfiable);
        check("bytes=-0", 0, &Selection::Unsatisfiable);
        check("bytes=-1", 0, &Selection::Whole);
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=a-b",
            "bytes=1",
            "bytes=2-1",
            "bytes=1-2-3",
            "bytes=+1-2",
            "bytes=1 -2",
            "bytes=0x1-2",
            "bytes=1-2;3-4",
            "bytes=0-1,x",
            "items=0-1",
            "bytes =0-1",
            "bytes:0-1",
            "seconds=1-2",
        ] {
            check(value, 10, &Selection::Whole);
        }
    }

    #[test]
    fn several_ranges_keep_their_order() {
        check("bytes=0-1,4-5", 10, &Selection::Many(vec![span(0, 2), span(4, 2)]));
        check("bytes=-1, 0-0", 10, &Selection::Many(vec![span(9, 1), span(0, 1)]));
        check("bytes=0-1,2-3", 10, &Selection::Many(vec![span(0, 2), span(2, 2)]));
    }

    #[test]
    fn greedy_sets_get_the_whole_file() {
        check("bytes=0-5,3-8", 10, &Selection::Whole);
        check("bytes=0-,0-", 10, &Selection::Whole);
        let ranges = |count: u64| (0..count).map(|at| format!("{0}-{0}", at * 2)).collect::<Vec<_>>().join(",");
        assert!(matches!(select(format!("bytes={}", ranges(32)).as_bytes(), 1000), Selection::Many(_)));
        check(&format!("bytes={}", ranges(33)), 1000, &Selection::Whole);
        check(&format!("bytes={}", "0-,".repeat(10_000)), 1000, &Selection::Whole);
    }

    proptest::proptest! {
        #[test]
        fn parts_lie_within_the_file_and_apart(set in "([0-9]{0,3}-[0-9]{0,3},?){1,6}", size in 0..300_u64) {
            let spans = match select(format!("bytes={set}").as_bytes(), size) {
                Selection::Whole | Selection::Unsatisfiable => return Ok(()),
                Selection::One(span) => vec![span],
                Selection::Many(spans) => spans,
            };
            proptest::prop_assert!(spans.iter().all(|span| span.length > 0 && span.end() <= size));
            proptest::prop_assert!(spans.iter().map(|span| span.length).sum::<u64>() <= size);
        }
    }
}
