//! Texts between bytes and Python objects: latin-1 strings, and the header names as objects that exist once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString};

/// Names outside the wire's table that are kept, at most; clients choose them, so the number is bounded.
const KEPT_NAMES: usize = 512;

/// Longest name that is kept.
const KEPT_LENGTH: usize = 64;

/// Bytes as the `str` of the same code points, which is how PEP 3333 carries them.
pub(crate) fn latin1<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    if bytes.is_ascii()
        && let Ok(text) = str::from_utf8(bytes)
    {
        return PyString::new(py, text);
    }
    PyString::new(py, &bytes.iter().map(|byte| char::from(*byte)).collect::<String>())
}

/// Appends the text's characters as bytes, or says which character has none.
pub(crate) fn push_latin1(text: &str, out: &mut Vec<u8>) -> Result<(), char> {
    if text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    for character in text.chars() {
        out.push(u8::try_from(u32::from(character)).map_err(|_| character)?);
    }
    Ok(())
}

/// The `environ` key of a header field, such as `HTTP_ACCEPT` or `CONTENT_TYPE`: by wire id, or by name when that is 0.
pub(crate) fn environ_key<'py>(py: Python<'py>, id: u8, name: &[u8]) -> Bound<'py, PyString> {
    static NAMES: Names<PyString> = Names::new();
    NAMES.find(py, id, name, |py, name| PyString::intern(py, &environ_name(name)).unbind())
}

/// The lower-case name of a header field as `bytes`, for ASGI.
pub(crate) fn bytes_name<'py>(py: Python<'py>, id: u8, name: &[u8]) -> Bound<'py, PyBytes> {
    static NAMES: Names<PyBytes> = Names::new();
    NAMES.find(py, id, name, |py, name| PyBytes::new(py, name).unbind())
}

fn environ_name(name: &[u8]) -> String {
    let upper = name.iter().map(|byte| if *byte == b'-' { '_' } else { char::from(byte.to_ascii_uppercase()) });
    match name {
        b"content-type" | b"content-length" => upper.collect(),
        _ => "HTTP_".chars().chain(upper).collect(),
    }
}

/// Python objects of names, made once each.
struct Names<T> {
    by_id: PyOnceLock<Vec<Py<T>>>,
    by_name: Mutex<Option<Kept<T>>>,
}

/// Names outside the table.
type Kept<T> = HashMap<Box<[u8]>, Py<T>>;

impl<T> Names<T> {
    const fn new() -> Self {
        Self { by_id: PyOnceLock::new(), by_name: Mutex::new(None) }
    }

    fn find<'py>(
        &self,
        py: Python<'py>,
        id: u8,
        name: &[u8],
        make: impl Fn(Python<'_>, &[u8]) -> Py<T>,
    ) -> Bound<'py, T> {
        if id != 0 {
            let all = || tlsgi_wire::NAMES.iter().map(|name| make(py, name.as_bytes())).collect();
            if let Some(known) = self.by_id.get_or_init(py, all).get(usize::from(id)) {
                return known.bind(py).clone();
            }
        }
        if name.len() > KEPT_LENGTH {
            return make(py, name).into_bound(py);
        }
        // Nothing below runs Python code while the lock is held, so the interpreter lock cannot be waited for under it.
        let mut kept = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get_or_insert_with(HashMap::new);
        if let Some(known) = kept.get(name) {
            return known.bind(py).clone();
        }
        let made = make(py, name);
        if kept.len() < KEPT_NAMES {
            kept.insert(name.into(), made.clone_ref(py));
        }
        made.into_bound(py)
    }
}
