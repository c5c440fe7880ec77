//! What the user wrote, and what it means. Pure: no files, no environment, no clock.

pub mod config;

pub use config::Config;
