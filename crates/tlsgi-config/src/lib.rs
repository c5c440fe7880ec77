//! What the user wrote, and what it means. Pure: no files, no environment, no clock.

pub mod config;
pub mod diagnostic;
pub mod dialect;
pub mod document;
pub mod glob;
pub mod layer;
pub mod native;
pub mod nearest;
pub mod option;
pub mod origin;
pub mod resolve;
pub mod tool;
pub mod value;

pub use config::Config;
pub use diagnostic::{Diagnostic, Diagnostics, Exit};
pub use document::{Document, Part};
pub use layer::Layer;
pub use origin::Origin;
pub use resolve::{Facts, resolve};
