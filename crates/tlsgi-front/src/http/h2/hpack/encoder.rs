//! Header blocks to the client. Values that responses repeat go into the client's table; nothing that could be secret does
//! (RFC 7541 7.1), and no string is Huffman-coded.

use tlsgi_wire::{NAMES, name_id};

use super::integer;
use super::table::{FIRST_DYNAMIC, OVERHEAD, STATIC_INDEX};
use crate::http::response::decimal;

/// Most of the client's table that is used, however much it offers.
const CAPACITY: u64 = 4096;

/// Longest value that is put into the table.
const MAX_REPEATED: usize = 256;

/// Fields whose values repeat from response to response, and are public.
const REPEATED: [&str; 12] = [
    "content-type",
    "content-length",
    "date",
    "server",
    "strict-transport-security",
    "cache-control",
    "vary",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "accept-ranges",
    "content-encoding",
];

/// By wire id: the place of the name among [`REPEATED`] and one more, or 0.
static PLACES: [u8; NAMES.len()] = {
    let mut places = [0; NAMES.len()];
    let mut id = 1;
    while id < NAMES.len() {
        let mut at = 0;
        while at < REPEATED.len() {
            if is_equal(NAMES[id].as_bytes(), REPEATED[at].as_bytes()) {
                places[id] = at as u8 + 1;
            }
            at += 1;
        }
        id += 1;
    }
    places
};

const fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// The last value of one name. It is added when it comes for the second time.
#[derive(Debug, Default)]
struct Slot {
    /// Entries added before it.
    count: u64,
    /// What all entries before it cost. It is still there when it and those after it fit into the table.
    before: u64,
    value: Vec<u8>,
    /// It was added.
    is_added: bool,
}

/// What is known of the client's table.
#[derive(Debug)]
pub(in super::super) struct Encoder {
    slots: Vec<Slot>,
    count: u64,
    total: u64,
    capacity: u64,
    /// The smallest room since the last block, if it has to be said.
    shrunk: Option<u64>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { slots: Vec::new(), count: 0, total: 0, capacity: CAPACITY, shrunk: None }
    }
}

impl Encoder {
    /// The client offers a table of this size: the next block says what is made of it (RFC 7541 4.2).
    pub(in super::super) fn offer(&mut self, size: u32) {
        let capacity = u64::from(size).min(CAPACITY);
        if capacity != self.capacity {
            self.shrunk = Some(self.shrunk.map_or(capacity, |least| least.min(capacity)));
            self.capacity = capacity;
            self.slots.clear();
        }
    }

    /// Begins a block.
    pub(in super::super) fn begin(&mut self, out: &mut Vec<u8>) {
        if let Some(least) = self.shrunk.take() {
            if least < self.capacity {
                integer::put(out, 0x20, 5, least as usize);
            }
            integer::put(out, 0x20, 5, self.capacity as usize);
        }
    }

    /// The status of a response, which comes first.
    pub(in super::super) fn status(out: &mut Vec<u8>, status: u16) {
        let index = match status {
            200 => 8,
            204 => 9,
            206 => 10,
            304 => 11,
            400 => 12,
            404 => 13,
            500 => 14,
            _ => {
                integer::put(out, 0, 4, 8);
                return string(out, decimal(status.into(), &mut [0; 20]));
            }
        };
        out.push(0x80 | index);
    }

    /// One field; `name` lower-case.
    pub(in super::super) fn field(&mut self, out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
        let id = usize::from(name_id(name));
        let place = usize::from(PLACES[id]);
        if place != 0 && value.len() <= MAX_REPEATED {
            return self.repeated(out, id, place - 1, value);
        }
        // Never to be indexed, by nobody on the way, where it may be secret.
        let pattern = if name == b"set-cookie" { 0x10 } else { 0 };
        literal(out, pattern, 4, id, name);
        string(out, value);
    }

    fn repeated(&mut self, out: &mut Vec<u8>, id: usize, place: usize, value: &[u8]) {
        if self.slots.is_empty() {
            self.slots.resize_with(REPEATED.len(), Slot::default);
        }
        let Some(slot) = self.slots.get_mut(place) else { return };
        let is_again = slot.value == value;
        if is_again && slot.is_added && self.total - slot.before <= self.capacity {
            return integer::put(out, 0x80, 7, FIRST_DYNAMIC + (self.count - slot.count - 1) as usize);
        }
        let cost = (NAMES[id].len() + value.len() + OVERHEAD) as u64;
        slot.is_added = is_again && cost <= self.capacity;
        if slot.is_added {
            (slot.count, slot.before) = (self.count, self.total);
            self.count += 1;
            self.total += cost;
            literal(out, 0x40, 6, id, NAMES[id].as_bytes());
        } else {
            slot.value.clear();
            slot.value.extend_from_slice(value);
            literal(out, 0, 4, id, NAMES[id].as_bytes());
        }
        string(out, value);
    }
}

/// The first part of a literal: its kind and its name.
fn literal(out: &mut Vec<u8>, pattern: u8, bits: u32, id: usize, name: &[u8]) {
    match STATIC_INDEX[id] {
        0 => {
            out.push(pattern);
            string(out, name);
        }
        index => integer::put(out, pattern, bits, index.into()),
    }
}

fn string(out: &mut Vec<u8>, text: &[u8]) {
    integer::put(out, 0, 7, text.len());
    out.extend_from_slice(text);
}
