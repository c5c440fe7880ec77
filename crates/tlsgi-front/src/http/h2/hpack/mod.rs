//! Header compression (RFC 7541): blocks in, field lines out, and the other way round. Pure.

mod decoder;
mod encoder;
mod huffman;
mod integer;
mod table;
#[cfg(test)]
mod tests;

pub(super) use decoder::Decoder;
pub(super) use encoder::Encoder;
pub(super) use table::Name;

/// A block that cannot be decoded: the connection is of no further use (RFC 9113 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the header block cannot be decompressed")]
pub(super) struct Broken;

/// One decoded field line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// What its name is.
    pub(super) name: Name,
    /// The name as it came.
    pub(super) text: &'a [u8],
    /// The value as it came.
    pub(super) value: &'a [u8],
    /// The value has no byte that a field value must not have.
    pub(super) is_sound: bool,
}
