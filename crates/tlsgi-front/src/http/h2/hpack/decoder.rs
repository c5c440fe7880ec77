//! Header blocks from the client (RFC 7541 3.2 and 6).

use super::table::{Dynamic, FIRST_DYNAMIC, Name, STATIC, STATIC_NAMES, Text};
use super::{Broken, Line, huffman, integer};
use crate::http::field;

/// Room of the client's table: what SETTINGS_HEADER_TABLE_SIZE is when nobody says anything.
const CAPACITY: usize = 4096;

/// The client's table, and room to decode strings in.
#[derive(Debug)]
pub(in super::super) struct Decoder {
    table: Dynamic,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { table: Dynamic::new(CAPACITY), name: Vec::new(), value: Vec::new() }
    }
}

impl Decoder {
    /// Hands every line of a whole block to `sink`, in order. The work is bounded by the block's length: a reference costs a call.
    pub(in super::super) fn decode(&mut self, block: &[u8], mut sink: impl FnMut(Line<'_>)) -> Result<(), Broken> {
        let mut rest = block;
        let mut has_lines = false;
        while let Some(&first) = rest.first() {
            match first {
                0x80.. => {
                    let index = integer::take(&mut rest, 7)?;
                    sink(self.line(index)?);
                }
                0x40.. => self.literal(&mut rest, 6, true, &mut sink)?,
                // RFC 7541 4.2: only at the beginning of a block.
                0x20.. if has_lines => return Err(Broken),
                0x20.. => {
                    let capacity = integer::take(&mut rest, 5)?;
                    if capacity > CAPACITY {
                        return Err(Broken);
                    }
                    self.table.resize(capacity);
                    continue;
                }
                _ => self.literal(&mut rest, 4, false, &mut sink)?,
            }
            has_lines = true;
        }
        Ok(())
    }

    /// Frees what an idle connection does not need; the table stays.
    pub(in super::super) fn trim(&mut self) {
        (self.name, self.value) = (Vec::new(), Vec::new());
    }

    fn line(&self, index: usize) -> Result<Line<'_>, Broken> {
        if let (Some((text, value)), Some(name)) =
            (STATIC.get(index.wrapping_sub(1)), STATIC_NAMES.get(index.wrapping_sub(1)))
        {
            return Ok(Line { name: *name, text: text.as_bytes(), value: value.as_bytes(), is_sound: true });
        }
        let entry = self.table.entry(index).ok_or(Broken)?;
        let (text, value) = entry.parts();
        Ok(Line { name: entry.name, text, value, is_sound: entry.is_sound })
    }

    fn literal(
        &mut self,
        rest: &mut &[u8],
        bits: u32,
        is_added: bool,
        sink: &mut impl FnMut(Line<'_>),
    ) -> Result<(), Broken> {
        let index = integer::take(rest, bits)?;
        let Self { table, name: name_room, value: value_room } = self;
        let (name, text) = match index {
            0 => {
                let text = string(rest, name_room)?;
                (Name::of(text), text)
            }
            1..FIRST_DYNAMIC => (STATIC_NAMES[index - 1], STATIC[index - 1].0.as_bytes()),
            _ => {
                let entry = table.entry(index).ok_or(Broken)?;
                (entry.name, entry.parts().0)
            }
        };
        let value = string(rest, value_room)?;
        let is_sound = field::is_value(value);
        sink(Line { name, text, value, is_sound });
        if is_added {
            let text = Text::new(text, value);
            table.insert(name, is_sound, text);
        }
        Ok(())
    }

    /// Bytes that the table counts for.
    #[cfg(test)]
    pub(super) const fn table_size(&self) -> usize {
        self.table.size()
    }
}

/// A string literal (RFC 7541 5.2), in `room` if it was coded.
fn string<'r, 'a: 'r>(rest: &mut &'a [u8], room: &'r mut Vec<u8>) -> Result<&'r [u8], Broken> {
    let is_coded = rest.first().is_some_and(|first| first & 0x80 != 0);
    let length = integer::take(rest, 7)?;
    let (string, after) = rest.split_at_checked(length).ok_or(Broken)?;
    *rest = after;
    if !is_coded {
        return Ok(string);
    }
    room.clear();
    if huffman::decode(string, room) { Ok(room) } else { Err(Broken) }
}
