//! Pieces of a request body as Python gets them.

use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// All pieces as one object, copied once.
///
/// # Errors
/// Out of memory.
pub(crate) fn join<'py>(py: Python<'py>, pieces: &[Bytes]) -> PyResult<Bound<'py, PyBytes>> {
    if let [piece] = pieces {
        return Ok(PyBytes::new(py, piece));
    }
    PyBytes::new_with_writer(py, pieces.iter().map(Bytes::len).sum(), |object| {
        pieces.iter().try_for_each(|piece| object.write_bytes(piece))
    })
}
