//! ASGI 3.0.

use pyo3::prelude::*;

/// Adds what Python calls to the module.
pub(crate) fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
