//! The static table (RFC 7541 appendix A), what a name is to a request, and the client's dynamic table.

use std::collections::VecDeque;

use tlsgi_wire::{NAMES, name_id};

use crate::http::field;

/// What a field name is, found out once for each entry of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Name {
    /// `:method`
    Method,
    /// `:scheme`
    Scheme,
    /// `:authority`
    Authority,
    /// `:path`
    Path,
    /// `:protocol` (RFC 8441)
    Protocol,
    /// An ordinary, valid name: its wire id or 0.
    Field(u8),
    /// No request has it: another pseudo-header field, capital letters, or no name at all.
    Bad,
}

impl Name {
    /// Looks at a name as it came.
    pub(super) fn of(text: &[u8]) -> Self {
        match text {
            [b':', ..] => match text {
                b":method" => Self::Method,
                b":scheme" => Self::Scheme,
                b":authority" => Self::Authority,
                b":path" => Self::Path,
                b":protocol" => Self::Protocol,
                _ => Self::Bad,
            },
            // Known names are valid.
            _ => match name_id(text) {
                0 if field::is_token(text) && !text.iter().any(u8::is_ascii_uppercase) => Self::Field(0),
                0 => Self::Bad,
                id => Self::Field(id),
            },
        }
    }
}

/// Entries of the static table.
#[rustfmt::skip]
pub(super) const STATIC: [(&str, &str); 61] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""),
    ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""),
    ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""),
    ("last-modified", ""), ("link", ""), ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""),
    ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""),
    ("server", ""), ("set-cookie", ""), ("strict-transport-security", ""), ("transfer-encoding", ""),
    ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
];

/// The index of the first dynamic entry.
pub(super) const FIRST_DYNAMIC: usize = STATIC.len() + 1;

/// What each static name is.
pub(super) static STATIC_NAMES: [Name; STATIC.len()] = {
    let mut names = [Name::Bad; STATIC.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = match at {
            0 => Name::Authority,
            1 | 2 => Name::Method,
            3 | 4 => Name::Path,
            5 | 6 => Name::Scheme,
            7..=13 => Name::Bad,
            _ => Name::Field(wire_id(STATIC[at].0)),
        };
        at += 1;
    }
    names
};

/// By wire id: the index of the name in the static table, or 0.
pub(super) static STATIC_INDEX: [u8; NAMES.len()] = {
    let mut indices = [0; NAMES.len()];
    let mut at = STATIC.len();
    while at > 14 {
        at -= 1;
        indices[wire_id(STATIC[at].0) as usize] = at as u8 + 1;
    }
    indices[0] = 0;
    indices
};

const fn wire_id(name: &str) -> u8 {
    let mut id = NAMES.len() - 1;
    while id > 0 {
        if is_equal(NAMES[id].as_bytes(), name.as_bytes()) {
            return id as u8;
        }
        id -= 1;
    }
    0
}

const fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// What an entry costs beside its bytes (RFC 7541 4.1).
pub(super) const OVERHEAD: usize = 32;

/// An entry of the dynamic table.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Name,
    pub(super) is_sound: bool,
    split: u32,
    /// Name and value.
    text: Box<[u8]>,
}

impl Entry {
    /// Name and value.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        self.text.split_at_checked(self.split as usize).unwrap_or_default()
    }
}

/// The entries that the client added, newest last.
#[derive(Debug)]
pub(super) struct Dynamic {
    entries: VecDeque<Entry>,
    size: usize,
    capacity: usize,
}

impl Dynamic {
    /// No entries, and so much room.
    pub(super) const fn new(capacity: usize) -> Self {
        Self { entries: VecDeque::new(), size: 0, capacity }
    }

    /// The entry at an index of the joint table.
    pub(super) fn entry(&self, index: usize) -> Option<&Entry> {
        let from_newest = index.checked_sub(FIRST_DYNAMIC)?;
        self.entries.get(self.entries.len().checked_sub(from_newest + 1)?)
    }

    /// Changes the room.
    pub(super) fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.make_room(0);
    }

    /// Adds an entry; one that is larger than the table empties it (RFC 7541 4.4).
    pub(super) fn insert(&mut self, name: Name, is_sound: bool, parts: Text) {
        let cost = parts.text.len() + OVERHEAD;
        self.make_room(cost);
        if cost <= self.capacity {
            self.size += cost;
            self.entries.push_back(Entry { name, is_sound, split: parts.split, text: parts.text });
        }
    }

    fn make_room(&mut self, cost: usize) {
        while self.size + cost > self.capacity {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.size -= oldest.text.len() + OVERHEAD;
        }
    }

    /// Bytes that the entries count for.
    #[cfg(test)]
    pub(super) const fn size(&self) -> usize {
        self.size
    }
}

/// Name and value of a new entry, in memory of their own: the name may stand in an entry that has to go.
pub(super) struct Text {
    split: u32,
    text: Box<[u8]>,
}

impl Text {
    /// Joins them.
    pub(super) fn new(name: &[u8], value: &[u8]) -> Self {
        Self { split: u32::try_from(name.len()).unwrap_or(u32::MAX), text: [name, value].concat().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_names_are_what_their_text_is() {
        for (at, (text, _)) in STATIC.iter().enumerate() {
            assert_eq!(STATIC_NAMES[at], Name::of(text.as_bytes()), "{text}");
        }
        for (id, name) in NAMES.iter().enumerate().skip(1) {
            let expect = STATIC.iter().position(|(known, _)| known == name).map_or(0, |at| at + 1);
            assert_eq!(usize::from(STATIC_INDEX[id]), expect, "{name}");
        }
        assert_eq!(STATIC_INDEX[0], 0);
    }

    #[test]
    fn names_that_no_request_has() {
        for bad in ["", ":", ":status", ":Method", "Upper", "a b", "a:", "\u{e9}", "a\0"] {
            assert_eq!(Name::of(bad.as_bytes()), Name::Bad, "{bad:?}");
        }
        assert_eq!(Name::of(b"x-own_1"), Name::Field(0));
        assert_eq!(Name::of(b"cookie"), Name::Field(field::id::COOKIE));
    }
}
