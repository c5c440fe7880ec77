//! Which content coding a client prefers (RFC 9110 12.5.3).

use tlsgi_config::config::Coding;

use super::field::{list, trim};

/// The densest first, where nobody has to do the work any more.
pub(crate) const DENSEST: [Coding; 3] = [Coding::Brotli, Coding::Zstandard, Coding::Gzip];

fn is_named(coding: Coding, name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(coding.name().as_bytes())
        || coding == Coding::Gzip && name.eq_ignore_ascii_case(b"x-gzip")
}

/// Of our codings, those that are at least as welcome as no coding: in the client's order of preference, and in ours where it has none.
/// Without any `Accept-Encoding` none.
pub(crate) fn preferred<'a>(ours: &[Coding], accept_encoding: impl Iterator<Item = &'a [u8]>) -> Vec<Coding> {
    let members: Vec<(&[u8], u16)> = accept_encoding.flat_map(list).map(weighted).collect();
    let weight = |is_it: &dyn Fn(&[u8]) -> bool| {
        let named = members.iter().find(|(name, _)| is_it(name));
        named.or_else(|| members.iter().find(|(name, _)| *name == b"*")).map(|(_, weight)| *weight)
    };
    let plain =
        members.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"identity")).map_or(0, |(_, weight)| *weight);
    let mut codings: Vec<(Coding, u16)> =
        ours.iter().map(|coding| (*coding, weight(&|name| is_named(*coding, name)).unwrap_or_default())).collect();
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
    use Coding::{Brotli, Gzip, Zstandard};

    use super::*;

    fn check(lines: &[&str], expect: &[Coding]) {
        assert_eq!(preferred(&DENSEST, lines.iter().map(|line| line.as_bytes())), expect, "{lines:?}");
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
