//! `wsgi.early_hints`: a 103 before the response.

use std::sync::Arc;

use pyo3::prelude::*;

use super::headers;
use super::responder::Responder;

/// The callable in the environ. Takes a list of pairs as `start_response` does; without effect once the head was sent.
#[pyclass(frozen, module = "tlsgi._worker")]
#[derive(Debug)]
pub(crate) struct EarlyHints {
    responder: Arc<Responder>,
}

impl EarlyHints {
    /// For one request.
    pub(crate) const fn new(responder: Arc<Responder>) -> Self {
        Self { responder }
    }
}

#[pymethods]
impl EarlyHints {
    #[pyo3(signature = (headers, /))]
    fn __call__(&self, headers: &Bound<'_, PyAny>) -> PyResult<()> {
        let fields = headers::encode_hints(headers)?;
        if self.responder.takes_hints && !fields.is_empty() {
            self.responder.hint(&fields);
        }
        Ok(())
    }
}
