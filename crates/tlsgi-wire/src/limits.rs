//! Every bound of the wire, in one place.

/// Protocol version. Both sides come from one wheel: another version is refused, not negotiated.
pub const VERSION: u16 = 2;

/// Bytes before every payload: length (u24), kind (u8), exchange or connection id (u32), little-endian.
pub const HEADER_LENGTH: usize = 8;

/// Largest payload of one frame. A header block (64 KiB by default, at most 512 KiB) fits with room for a first piece of body.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Largest piece of body or message that a sender puts into one frame, so that no exchange holds the link for long.
pub const MAX_DATA: usize = 128 << 10;

/// Largest single field name or value.
pub const MAX_FIELD: usize = u16::MAX as usize;

/// Request-body bytes that the front may send before the worker grants more.
pub const INITIAL_REQUEST_CREDIT: u32 = 64 << 10;

/// What the window of a request body grows to while the application reads.
pub(crate) const LARGEST_REQUEST_WINDOW: u32 = 256 << 10;

/// Response bytes that the worker may send before the front grants more.
pub const INITIAL_RESPONSE_CREDIT: u32 = 256 << 10;

/// What the window of a response grows to while the client takes it.
pub(crate) const LARGEST_RESPONSE_WINDOW: u32 = 512 << 10;

/// Largest capacity that a worker may announce.
pub const MAX_CAPACITY: u32 = 1 << 20;

/// Largest read from a handed-over file at a time.
pub const FILE_CHUNK: usize = 64 << 10;
