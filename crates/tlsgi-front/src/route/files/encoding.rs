//! Which precompressed form of a file a client prefers (RFC 9110 12.5.3).

use crate::http::field::{list, trim};

/// A content coding that siblings may have, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Zstandard,
    Gzip,
}

const ALL: [Coding; 3] = [Coding::Brotli, Coding::Zstandard, Coding::Gzip];

impl Coding {
    /// Its name in `Content-Encoding`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What a sibling's name has appended.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstandard => ".zst",
            Self::Gzip => ".gz",
        }
    }

    fn is_named(self, name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(self.name().as_bytes()) || self == Self::Gzip && name.eq_ignore_ascii_case(b"x-gzip")
    }
}

/// The codings to look for, in the client's order of preference and ours where it has none: those at least as welcome as the
/// plain file. Without any `Accept-Encoding` none.
pub(super) fn preferred<'a>(accept_encoding: impl Iterator<Item = &'a [u8]>) -> Vec<Coding> {
    let members: Vec<(&[u8], u16)> = accept_encoding.flat_map(list).map(weighted).collect();
    let weight = |is_it: &dyn Fn(&[u8]) -> bool| {
        let named = members.iter().find(|(name, _)| is_it(name));
        named.or_else(|| members.iter().find(|(name, _)| *name == b"*")).map(|(_, weight)| *weight)
    };
    let plain =
        members.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"identity")).map_or(0, |(_, weight)| *weight);
    let mut codings: Vec<(Coding, u16)> =
        ALL.iter().map(|coding| (*coding, weight(&|name| coding.is_named(name)).unwrap_or_default())).collect();
    codings.retain(|(_, weight)| *weight > 0 && *weight >= plain);
    codings.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    codings.into_iter().map(|(coding, _)| coding).collect()
}

/// Name and weight in thousandths; a weight that is none counts as zero.
fn weighted(member: &[u8]) -> (&[u8], u16) {
    let mut parts = member.split(|byte| *byte == b';').map(trim);
    let name = parts.next().unwrap_or_default();
    let value = parts.find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
    (name, value.map_or(1000, |value| thousandths(value).unwrap_or_default()))
}

/// `0`, `0.5`, `1.000` and the like (RFC 9110 12.4.2).
fn thousandths(value: &[u8]) -> Option<u16> {
    let (whole, fraction) = match value {
        [whole] => (whole, &[][..]),
        [whole, b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return None,
    };
    let mut sum = match whole {
        b'0' => 0,
        b'1' => 1000,
        _ => return None,
    };
    for (digit, unit) in fraction.iter().zip([100, 10, 1]) {
        sum += u16::from(digit.is_ascii_digit().then_some(digit - b'0')?) * unit;
    }
    (sum <= 1000).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::Coding::{Brotli, Gzip, Zstandard};
    use super::*;

    fn check(lines: &[&str], expect: &[Coding]) {
        assert_eq!(preferred(lines.iter().map(|line| line.as_bytes())), expect, "{lines:?}");
    }

    #[test]
    fn weights_decide_then_density() {
        check(&[], &[]);
        check(&[""], &[]);
        check(&["gzip, deflate, br, zstd"], &[Brotli, Zstandard, Gzip]);
        check(&["gzip", "br"], &[Brotli, Gzip]);
        check(&["GZIP"], &[Gzip]);
        check(&["x-gzip"], &[Gzip]);
        check(&["br;q=0.5, gzip;q=0.9"], &[Gzip, Brotli]);
        check(&["br;q=0, gzip"], &[Gzip]);
        check(&["br; q=0.001"], &[Brotli]);
        check(&["*"], &[Brotli, Zstandard, Gzip]);
        check(&["*;q=0"], &[]);
        check(&["gzip, *;q=0"], &[Gzip]);
        check(&["br;q=0, *"], &[Zstandard, Gzip]);
        check(&["identity"], &[]);
        check(&["identity, gzip;q=0.5"], &[]);
        check(&["identity;q=0.5, gzip"], &[Gzip]);
        check(&["identity;q=0, gzip;q=0.1"], &[Gzip]);
        check(&["brotli, gz"], &[]);
    }

    #[test]
    fn weight_that_is_none_forbids() {
        for value in ["q=x", "q=", "q=2", "q=1.1", "q=0.0001", "q=-1", "q=.5"] {
            check(&[&format!("gzip;{value}")], &[]);
        }
    }
}
