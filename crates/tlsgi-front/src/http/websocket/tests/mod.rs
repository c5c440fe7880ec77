//! The codec and the session against a client that the tests script frame by frame.

mod codec;
mod outgoing;
mod peer;
mod session;
mod stage;
