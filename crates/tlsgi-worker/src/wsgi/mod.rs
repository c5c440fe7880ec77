//! PEP 3333: threads that call the application, and the reading of the links that feeds them.

mod application;
mod crowd;
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
mod turns;
mod watchdog;

use pyo3::prelude::*;

/// Adds what Python calls to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<server::WsgiServer>()?;
    module.add_class::<file_wrapper::FileWrapper>()?;
    module.add_class::<input::Input>()
}
