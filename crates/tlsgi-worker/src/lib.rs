//! The extension module `tlsgi._worker`: what of WSGI and ASGI must be fast. Imports, signals and the control socket are Python's
//! (`python/tlsgi`).

mod asgi;
mod body;
mod error;
mod exchanges;
mod facts;
mod fields;
mod ids;
mod link;
mod pace;
mod wsgi;

use pyo3::prelude::*;

pub(crate) use error::Error;

/// Sets what `ps` shows for this process, as far as the system lets us.
#[pyfunction]
fn set_title(title: &str) {
    // A process without its name works as well: there is nothing to tell anybody.
    let _ = tlsgi_sys::title::set_title(title);
}

/// The native half of the tlsgi worker.
#[pymodule]
fn _worker(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("WIRE_VERSION", tlsgi_wire::VERSION)?;
    module.add_function(wrap_pyfunction!(set_title, module)?)?;
    wsgi::register(module)?;
    asgi::register(module)
}
