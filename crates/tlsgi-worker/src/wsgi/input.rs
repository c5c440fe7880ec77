//! `wsgi.input`: the request body as a file that ends where the body ends.

use std::sync::Arc;

use bytes::Bytes;
use pyo3::exceptions::{PyConnectionResetError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView, PySlice};

use super::exchange::{Exchange, Gone, Piece};
use super::server::Shared;
use crate::body;

/// The body of one request. Reading past its end gives empty bytes; reading after the client left raises `OSError`.
#[pyclass(frozen, module = "tlsgi._worker")]
#[derive(Debug)]
pub(crate) struct Input {
    /// None for a request without body.
    source: Option<(Arc<Exchange>, Arc<Shared>)>,
}

impl Input {
    /// The body of `exchange`.
    pub(crate) const fn new(exchange: Arc<Exchange>, shared: Arc<Shared>) -> Self {
        Self { source: Some((exchange, shared)) }
    }

    /// Of a request without body; one object serves them all.
    pub(crate) const fn empty() -> Self {
        Self { source: None }
    }

    /// The next piece; waits for it.
    fn piece(&self, py: Python<'_>, limit: usize, is_line: bool) -> PyResult<Option<Bytes>> {
        let Some((exchange, shared)) = &self.source else { return Ok(None) };
        loop {
            match exchange.read(limit, is_line) {
                Ok(Piece::Bytes(bytes)) => return Ok(Some(bytes)),
                Ok(Piece::End) => return Ok(None),
                Ok(Piece::Wait) => py.detach(|| exchange.wait_for_body(shared)),
                Err(Gone) => {
                    return Err(PyConnectionResetError::new_err("the client left before it had sent the whole body"));
                }
            }
        }
    }

    /// Pieces until `limit` bytes, the end of a line if `is_line`, or the end of the body.
    fn gather<'py>(&self, py: Python<'py>, limit: usize, is_line: bool) -> PyResult<Bound<'py, PyBytes>> {
        let (mut pieces, mut left) = (Vec::new(), limit);
        while left > 0 {
            let Some(piece) = self.piece(py, left, is_line)? else { break };
            left -= piece.len();
            let is_end_of_line = is_line && piece.last() == Some(&b'\n');
            pieces.push(piece);
            if is_end_of_line {
                break;
            }
        }
        body::join(py, &pieces)
    }
}

/// The number of bytes that a size argument asks for: everything when it is absent, None or negative.
fn limit(size: Option<isize>) -> usize {
    size.map_or(usize::MAX, |size| usize::try_from(size).unwrap_or(usize::MAX))
}

#[pymethods]
impl Input {
    /// Up to `size` bytes, less only at the end of the body.
    #[pyo3(signature = (size = None, /))]
    fn read<'py>(&self, py: Python<'py>, size: Option<isize>) -> PyResult<Bound<'py, PyBytes>> {
        self.gather(py, limit(size), false)
    }

    /// At least one byte and at most `size`, as soon as there is one.
    #[pyo3(signature = (size = None, /))]
    fn read1<'py>(&self, py: Python<'py>, size: Option<isize>) -> PyResult<Bound<'py, PyBytes>> {
        let wanted = limit(size);
        let piece = if wanted == 0 { None } else { self.piece(py, wanted, false)? };
        Ok(PyBytes::new(py, &piece.unwrap_or_default()))
    }

    /// Fills a buffer; returns how many bytes were there.
    fn readinto<'py>(&self, py: Python<'py>, buffer: &Bound<'py, PyAny>) -> PyResult<usize> {
        let view = PyMemoryView::from(buffer)?.call_method1("cast", ("B",))?;
        let bytes = self.gather(py, view.len()?, false)?;
        let length = bytes.as_bytes().len();
        view.set_item(PySlice::new(py, 0, isize::try_from(length)?, 1), bytes)?;
        Ok(length)
    }

    /// One line with its end, cut at `size`.
    #[pyo3(signature = (size = None, /))]
    fn readline<'py>(&self, py: Python<'py>, size: Option<isize>) -> PyResult<Bound<'py, PyBytes>> {
        self.gather(py, limit(size), true)
    }

    /// All lines, or as many as come to `hint` bytes.
    #[pyo3(signature = (hint = None, /))]
    fn readlines<'py>(&self, py: Python<'py>, hint: Option<isize>) -> PyResult<Bound<'py, PyList>> {
        let wanted = hint.filter(|hint| *hint > 0).map_or(usize::MAX, isize::unsigned_abs);
        let lines = PyList::empty(py);
        let mut read = 0;
        while read < wanted {
            let line = self.gather(py, usize::MAX, true)?;
            if line.as_bytes().is_empty() {
                break;
            }
            read += line.as_bytes().len();
            lines.append(line)?;
        }
        Ok(lines)
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let line = self.gather(py, usize::MAX, true)?;
        if line.as_bytes().is_empty() { Err(PyStopIteration::new_err(())) } else { Ok(line) }
    }

    /// For `io.BufferedReader` and its like.
    #[expect(clippy::unused_self, reason = "a method in Python")]
    const fn readable(&self) -> bool {
        true
    }

    #[expect(clippy::unused_self, reason = "a method in Python")]
    const fn writable(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "a method in Python")]
    const fn seekable(&self) -> bool {
        false
    }

    #[getter]
    #[expect(clippy::unused_self, reason = "an attribute in Python")]
    const fn closed(&self) -> bool {
        false
    }
}
