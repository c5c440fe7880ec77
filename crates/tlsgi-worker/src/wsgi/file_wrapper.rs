//! `wsgi.file_wrapper`: a file as a response body. When it is a plain file, the front reads it.

use std::os::fd::OwnedFd;

use pyo3::exceptions::PyStopIteration;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// Iterates over a file in blocks, for when something wraps it.
#[pyclass(frozen, module = "tlsgi._worker")]
#[derive(Debug)]
pub(crate) struct FileWrapper {
    /// The file.
    #[pyo3(get)]
    filelike: Py<PyAny>,
    /// Bytes at a time.
    #[pyo3(get)]
    blksize: usize,
}

/// A plain file from its current position on.
#[derive(Debug)]
pub(crate) struct PlainFile {
    /// A duplicate.
    pub(crate) file: OwnedFd,
    /// The position.
    pub(crate) offset: u64,
    /// Bytes from there to the end.
    pub(crate) available: u64,
}

#[pymethods]
impl FileWrapper {
    #[new]
    #[pyo3(signature = (filelike, blksize = 8192))]
    fn new(filelike: Py<PyAny>, blksize: usize) -> Self {
        Self { filelike, blksize: blksize.max(1) }
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let block = self.filelike.bind(py).call_method1(intern!(py, "read"), (self.blksize,))?;
        if block.is_truthy()? { Ok(block) } else { Err(PyStopIteration::new_err(())) }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match self.filelike.bind(py).getattr_opt(intern!(py, "close"))? {
            Some(close) => close.call0().map(drop),
            None => Ok(()),
        }
    }
}

impl FileWrapper {
    /// The file behind it, when its bytes are just those of a regular file. A file of another type may decompress, count or
    /// decrypt what it reads, so only the standard library's own are taken; everything else is read block by block.
    pub(crate) fn plain_file(&self, py: Python<'_>) -> Option<PlainFile> {
        let mut file = self.filelike.bind(py).clone();
        if file.get_type().is(Types::of(py).ok()?.temporary.bind(py)) {
            file = file.getattr(intern!(py, "file")).ok()?;
        }
        if !Types::of(py).ok()?.is_plain(&file) {
            return None;
        }
        let number: i32 = file.call_method0(intern!(py, "fileno")).ok()?.extract().ok()?;
        // What was written into the object must be in the file before another process reads it.
        file.call_method0(intern!(py, "flush")).ok()?;
        let offset: u64 = file.call_method0(intern!(py, "tell")).ok()?.extract().ok()?;
        let file = tlsgi_sys::descriptor::duplicate(number).ok()?;
        let stat = rustix::fs::fstat(&file).ok()?;
        if rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::RegularFile {
            return None;
        }
        let size = u64::try_from(stat.st_size).ok()?;
        Some(PlainFile { file, offset, available: size.saturating_sub(offset) })
    }
}

/// The standard library's types of plain files.
struct Types {
    raw: Py<PyType>,
    buffered: Vec<Py<PyType>>,
    temporary: Py<PyType>,
}

impl Types {
    fn of(py: Python<'_>) -> PyResult<&Self> {
        static TYPES: PyOnceLock<Types> = PyOnceLock::new();
        TYPES.get_or_try_init(py, || {
            let io = py.import("io")?;
            let find = |name: &str| -> PyResult<Py<PyType>> { Ok(io.getattr(name)?.cast_into::<PyType>()?.unbind()) };
            let temporary = py.import("tempfile")?.getattr("_TemporaryFileWrapper")?.cast_into::<PyType>()?.unbind();
            Ok(Self {
                raw: find("FileIO")?,
                buffered: vec![find("BufferedReader")?, find("BufferedRandom")?],
                temporary,
            })
        })
    }

    fn is_plain(&self, file: &Bound<'_, PyAny>) -> bool {
        let py = file.py();
        let is_raw = |file: &Bound<'_, PyAny>| file.get_type().is(self.raw.bind(py));
        if self.buffered.iter().any(|buffered| file.get_type().is(buffered.bind(py))) {
            return file.getattr(intern!(py, "raw")).is_ok_and(|raw| is_raw(&raw));
        }
        is_raw(file)
    }
}
