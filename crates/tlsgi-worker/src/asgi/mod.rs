//! ASGI 3.0 on one event loop: links are read when the loop says so, applications run as its tasks.
//!
//! `server` starts applications, `link` moves frames, `exchange` is what one application call sees as `receive` and `send`.
//! Never waits and has no threads; lifespan, signals and the control socket are Python's (`python/tlsgi/_asgi.py`).

mod answer;
mod call;
mod event;
mod exchange;
mod headers;
mod inbound;
mod link;
mod operation;
mod outgoing;
mod scope;
mod server;

use pyo3::prelude::*;

pyo3::create_exception!(
    tlsgi,
    ClientDisconnected,
    pyo3::exceptions::PyOSError,
    "The client is gone: nobody would receive what the application sends."
);

/// Adds what Python calls to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("ClientDisconnected", module.py().get_type::<ClientDisconnected>())?;
    module.add_class::<link::Link>()?;
    module.add_class::<exchange::Exchange>()?;
    module.add_class::<server::Server>()
}

/// A lock that nothing waits under: no Python code runs while one is held, so the interpreter lock cannot come between.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
