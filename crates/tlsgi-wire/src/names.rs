//! Field names and methods that travel as one byte. The order is part of the protocol: append only, and raise the version.

/// Field names by id; id 0 means that the name follows as text.
pub const NAMES: [&str; 73] = [
    "",
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-request-headers",
    "access-control-request-method",
    "age",
    "allow",
    "alt-svc",
    "authorization",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-security-policy",
    "content-type",
    "cookie",
    "cross-origin-opener-policy",
    "date",
    "dnt",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "priority",
    "proxy-authorization",
    "range",
    "referer",
    "referrer-policy",
    "retry-after",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
    "x-content-type-options",
    "x-forwarded-for",
    "x-frame-options",
    "x-request-id",
];

/// Methods by id; id 0 means that the method follows as text.
pub const METHODS: [&str; 10] = ["", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];

/// The id of a lower-case field name, or 0.
#[must_use]
pub fn name_id(name: &[u8]) -> u8 {
    let Some(letter) = name.first().and_then(|first| first.checked_sub(b'a')) else { return 0 };
    let (Some(first), Some(end)) = (FIRST.get(usize::from(letter)), FIRST.get(usize::from(letter) + 1)) else {
        return 0;
    };
    // A few names share a letter, and their lengths tell most of them apart.
    let found = (*first..*end).find(|id| NAMES.get(usize::from(*id)).is_some_and(|known| known.as_bytes() == name));
    found.unwrap_or(0)
}

/// The first id of each letter from a to z, and the end of the table: it is sorted.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const FIRST: [u8; 27] = {
    let mut first = [0; 27];
    let mut letter = 0;
    let mut id = 1;
    while letter < 27 {
        while id < NAMES.len() && NAMES[id].as_bytes()[0] < b'a' + letter {
            id += 1;
        }
        first[letter as usize] = id as u8;
        letter += 1;
    }
    first
};

/// The id of a method, or 0.
#[must_use]
pub fn method_id(method: &[u8]) -> u8 {
    METHODS.iter().position(|known| known.as_bytes() == method).map_or(0, |at| u8::try_from(at).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_lower_case() {
        assert!(NAMES.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(NAMES.iter().all(|name| *name == name.to_ascii_lowercase()));
    }

    #[test]
    fn every_name_finds_its_id() {
        for (at, name) in NAMES.iter().enumerate() {
            assert_eq!(usize::from(name_id(name.as_bytes())), at);
        }
        assert_eq!(name_id(b"x-unknown"), 0);
        assert_eq!(method_id(b"PATCH"), 7);
        assert_eq!(method_id(b"patch"), 0);
    }
}
