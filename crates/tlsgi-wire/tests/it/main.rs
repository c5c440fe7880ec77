//! The protocol seen from outside: every frame there and back, damaged frames, and what may follow what.

mod damage;
mod roundtrip;
mod samples;
mod session;
