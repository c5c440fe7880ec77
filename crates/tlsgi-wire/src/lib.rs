//! The protocol between front and worker: frames, their limits and their accounting.
//! Not for sockets, clocks or tasks: bytes in, frames out. The whole of it: `docs/wire-protocol.md`.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod credit;
mod decode;
mod encode;
mod error;
mod frame;
mod inbox;
mod limits;
mod names;
mod reason;
mod session;

pub use credit::{Credit, Window};
pub use decode::{Decoder, decode};
pub use encode::{Encoder, Patch, append_field, mark_done};
pub use error::Error;
pub use frame::{
    CancelReason, Close, Connection, Direction, Fields, FieldsIter, FileRange, FrameView, Hello, HttpVersion,
    Interface, Kind, Message, Payload, Request, RequestKind, Response, TlsFacts, Welcome,
};
pub use inbox::Inbox;
pub use limits::{
    FILE_CHUNK, HEADER_LENGTH, INITIAL_REQUEST_CREDIT, INITIAL_RESPONSE_CREDIT, MAX_CAPACITY, MAX_DATA, MAX_FIELD,
    MAX_PAYLOAD, VERSION,
};
pub use names::{METHODS, NAMES, method_id, name_id};
pub use reason::{REASON_FIELD, reason};
pub use session::{Progress, WorkerExchange, call_mark};
