//! PEP 3333: threads that call the application, fed by one reader that never takes the interpreter lock.

mod application;
mod early_hints;
mod environ;
mod exchange;
mod fault;
mod file_wrapper;
mod headers;
mod input;
mod link;
mod queue;
mod reader;
mod responder;
mod server;
mod start_response;

use pyo3::prelude::*;

/// Adds what Python calls to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<server::WsgiServer>()?;
    module.add_class::<file_wrapper::FileWrapper>()?;
    module.add_class::<input::Input>()
}
