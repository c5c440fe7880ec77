//! What goes wrong in an application, told to the error log.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::server::Shared;

/// Writes one entry to the error log: what happened at which request, with the traceback if there is one.
pub(crate) fn report(py: Python<'_>, shared: &Shared, environ: &Bound<'_, PyDict>, what: &str, error: Option<&PyErr>) {
    let error = error.map(|error| error.clone_ref(py).into_value(py));
    if let Err(error) = shared.report.bind(py).call1((environ, what, error)) {
        // The log itself failed; Python's last resort remains.
        error.write_unraisable(py, None);
    }
}
