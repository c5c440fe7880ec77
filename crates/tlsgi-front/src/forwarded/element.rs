//! The `Forwarded` field, read strictly (RFC 7239 4): one wrong byte, and nothing of it counts.

use crate::http::field::is_token_byte;

/// What one proxy wrote.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// Whom it speaks for: an address, `unknown` or a name of its own.
    pub(super) from: Option<String>,
    /// `proto`.
    pub(super) scheme: Option<String>,
    /// `host`.
    pub(super) host: Option<String>,
}

/// Every element in order.
pub(super) fn elements(text: &str) -> Option<Vec<Element>> {
    let mut rest = text.as_bytes();
    let mut elements = Vec::new();
    loop {
        skip_space(&mut rest);
        // An empty member of a list is nothing (RFC 9110 5.6.1).
        if !rest.is_empty() && rest.first() != Some(&b',') {
            elements.push(element(&mut rest)?);
        }
        skip_space(&mut rest);
        match rest.split_first() {
            None => return Some(elements),
            Some((b',', after)) => rest = after,
            Some(_) => return None,
        }
    }
}

fn element(rest: &mut &[u8]) -> Option<Element> {
    let mut element = Element::default();
    let mut seen: Vec<String> = Vec::new();
    loop {
        if !matches!(rest.first(), Some(b';') | None) {
            let name = token(rest)?.to_ascii_lowercase();
            *rest = rest.strip_prefix(b"=")?;
            let value = value(rest)?;
            if seen.contains(&name) {
                return None;
            }
            match name.as_str() {
                "for" => element.from = Some(value),
                "proto" => element.scheme = Some(value),
                "host" => element.host = Some(value),
                _ => {}
            }
            seen.push(name);
        }
        match rest.strip_prefix(b";") {
            Some(after) => *rest = after,
            None => return (!seen.is_empty()).then_some(element),
        }
    }
}

fn skip_space(rest: &mut &[u8]) {
    while let Some(after) = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t")) {
        *rest = after;
    }
}

fn token(rest: &mut &[u8]) -> Option<String> {
    let end = rest.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(rest.len());
    let (token, after) = rest.split_at_checked(end).filter(|(token, _)| !token.is_empty())?;
    *rest = after;
    String::from_utf8(token.to_vec()).ok()
}

fn value(rest: &mut &[u8]) -> Option<String> {
    let Some(after) = rest.strip_prefix(b"\"") else { return token(rest) };
    let mut text = Vec::new();
    let mut bytes = after.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => {
                *rest = after.get(at + 1..).unwrap_or_default();
                return String::from_utf8(text).ok();
            }
            b'\\' => text.push(*bytes.next()?.1),
            b' '..=b'~' | b'\t' => text.push(*byte),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&[(&str, &str, &str)]>) {
        let read = elements(text).map(|elements| {
            let text = |value: Option<String>| value.unwrap_or_default();
            elements.into_iter().map(|one| (text(one.from), text(one.scheme), text(one.host))).collect::<Vec<_>>()
        });
        let owned = |(a, b, c): &(&str, &str, &str)| (a.to_string(), b.to_string(), c.to_string());
        assert_eq!(read, expect.map(|expect| expect.iter().map(owned).collect()), "{text}");
    }

    #[test]
    fn elements_are_read_as_the_standard_writes_them() {
        check("for=192.0.2.60;proto=http;by=203.0.113.43", Some(&[("192.0.2.60", "http", "")]));
        check("For=\"[2001:db8:cafe::17]:4711\"", Some(&[("[2001:db8:cafe::17]:4711", "", "")]));
        check("for=192.0.2.43, for=198.51.100.17", Some(&[("192.0.2.43", "", ""), ("198.51.100.17", "", "")]));
        check("for=_x;HOST=\"a.test:81\";proto=https", Some(&[("_x", "https", "a.test:81")]));
        check("for=\"a\\\"b\"", Some(&[("a\"b", "", "")]));
        check(", for=a ,\t,", Some(&[("a", "", "")]));
        check("for=a;", Some(&[("a", "", "")]));
        check("", Some(&[]));
    }

    #[test]
    fn anything_loose_is_nothing() {
        for text in [
            "for=a;for=b",
            "for=a proto=b",
            "for = a",
            "for=a; proto=b",
            "for=",
            "for",
            "=a",
            "for=\"a",
            "for=\"a\"b",
            "for=[::1]",
            "for=a:1",
            ";",
            "for=a,proto",
            "for=\"a\u{e9}\"",
        ] {
            check(text, None);
        }
    }
}
