//! Events from the application, read and checked before anything is done about them.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use pyo3::exceptions::{PyKeyError, PyOSError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyString};
use tlsgi_wire::append_field;

use super::answer::Head;
use super::headers::{self, Place, as_bytes, type_name};

/// One event of `send()`.
pub(super) enum Event<'py> {
    /// `http.response.start`, or the start of a WebSocket's denial.
    Start(Head),
    /// `http.response.body`, or the body of a denial.
    Body { bytes: Bound<'py, PyBytes>, is_last: bool },
    /// `http.response.pathsend` and `http.response.zerocopysend`.
    File { file: OwnedFd, offset: u64, length: u64, is_last: bool },
    /// `http.response.trailers`.
    Trailers { fields: Vec<u8>, is_last: bool },
    /// `http.response.early_hint`.
    EarlyHint(Vec<u8>),
    /// `websocket.accept`.
    Accept { subprotocol: String, fields: Vec<u8> },
    /// `websocket.send` with text.
    Text(Bound<'py, PyString>),
    /// `websocket.send` with bytes.
    Bytes(Bound<'py, PyBytes>),
    /// `websocket.close`.
    Close { code: u16, reason: String },
}

/// Reads an event of an HTTP exchange or of a WebSocket.
pub(super) fn read<'py>(event: &Bound<'py, PyAny>, is_websocket: bool) -> PyResult<Event<'py>> {
    let py = event.py();
    let Ok(event) = event.cast::<PyDict>() else {
        return Err(PyTypeError::new_err(format!("an event must be a dict, not {}", type_name(event))));
    };
    let kind = require(event, intern!(py, "type"))?;
    let Ok(kind) = kind.cast::<PyString>() else {
        return Err(PyTypeError::new_err(format!("an event's type must be str, not {}", type_name(&kind))));
    };
    match (kind.to_str()?, is_websocket) {
        ("http.response.start", false) | ("websocket.http.response.start", true) => start(event).map(Event::Start),
        ("http.response.body", false) | ("websocket.http.response.body", true) => body(event),
        ("http.response.pathsend", false) => path(event),
        ("http.response.zerocopysend", false) => file(event),
        ("http.response.trailers", false) => trailers(event),
        ("http.response.early_hint", false) => early_hint(event).map(Event::EarlyHint),
        ("websocket.accept", true) => accept(event),
        ("websocket.send", true) => message(event),
        ("websocket.close", true) => close(event),
        (kind, _) => {
            let scope = if is_websocket { "websocket" } else { "http" };
            Err(PyRuntimeError::new_err(format!("unexpected event '{kind}' on an {scope} scope")))
        }
    }
}

fn require<'py>(event: &Bound<'py, PyDict>, key: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    event.get_item(key)?.ok_or_else(|| PyKeyError::new_err(format!("the event has no '{key}': {}", describe(event))))
}

/// The value of a key that may be absent or None.
fn optional<'py>(event: &Bound<'py, PyDict>, key: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(event.get_item(key)?.filter(|value| !value.is_none()))
}

fn flag(event: &Bound<'_, PyDict>, key: &Bound<'_, PyString>) -> PyResult<bool> {
    event.get_item(key)?.map_or(Ok(false), |value| value.is_truthy())
}

fn describe(event: &Bound<'_, PyDict>) -> String {
    event.get_item("type").ok().flatten().map_or_else(String::new, |kind| kind.to_string())
}

fn start(event: &Bound<'_, PyDict>) -> PyResult<Head> {
    let py = event.py();
    let status = require(event, intern!(py, "status"))?;
    let status = status
        .extract::<i64>()
        .map_err(|_| PyTypeError::new_err(format!("the status must be an int, not {}", type_name(&status))))?;
    let Some(status) = u16::try_from(status).ok().filter(|status| (200..=999).contains(status)) else {
        return Err(PyValueError::new_err(format!("status {status} is not between 200 and 999")));
    };
    let place = if matches!(status, 204 | 205) { Place::Bodyless } else { Place::Response };
    let block = match event.get_item(intern!(py, "headers"))? {
        Some(headers) => headers::read(&headers, place)?,
        None => headers::Block::default(),
    };
    let has_trailers = flag(event, intern!(py, "trailers"))?;
    Ok(Head { status, fields: block.bytes, length: block.length, has_trailers })
}

fn body<'py>(event: &Bound<'py, PyDict>) -> PyResult<Event<'py>> {
    let py = event.py();
    let bytes = match event.get_item(intern!(py, "body"))? {
        Some(body) => as_bytes(&body, "the body")?.into_owned(),
        None => PyBytes::new(py, b""),
    };
    Ok(Event::Body { bytes, is_last: !flag(event, intern!(py, "more_body"))? })
}

fn path<'py>(event: &Bound<'py, PyDict>) -> PyResult<Event<'py>> {
    let path = require(event, intern!(event.py(), "path"))?.extract::<PathBuf>()?;
    if !path.is_absolute() {
        return Err(PyValueError::new_err(format!("the path to send must be absolute: '{}'", path.display())));
    }
    let file = File::open(&path)?;
    let length = regular_size(&file)?;
    Ok(Event::File { file: file.into(), offset: 0, length, is_last: true })
}

fn file<'py>(event: &Bound<'py, PyDict>) -> PyResult<Event<'py>> {
    let py = event.py();
    let object = require(event, intern!(py, "file"))?;
    let number = if object.is_instance_of::<PyInt>() {
        object.extract::<i32>()?
    } else {
        object.call_method0(intern!(py, "fileno"))?.extract::<i32>()?
    };
    let file = File::from(tlsgi_sys::descriptor::duplicate(number)?);
    let size = regular_size(&file)?;
    let count = optional(event, intern!(py, "count"))?.map(|count| count.extract::<u64>()).transpose()?;
    let (offset, length) = match optional(event, intern!(py, "offset"))? {
        Some(offset) => {
            let offset = offset.extract::<u64>()?;
            (offset, available(size, offset, count))
        }
        None => {
            let offset = position(&object, &file)?;
            let length = available(size, offset, count);
            advance(&object, &file, offset + length)?;
            (offset, length)
        }
    };
    let is_last = !flag(event, intern!(py, "more_body"))?;
    Ok(Event::File { file: file.into(), offset, length, is_last })
}

fn available(size: u64, offset: u64, count: Option<u64>) -> u64 {
    size.saturating_sub(offset).min(count.unwrap_or(u64::MAX))
}

fn regular_size(file: &File) -> PyResult<u64> {
    let facts = file.metadata()?;
    if facts.is_file() { Ok(facts.len()) } else { Err(PyOSError::new_err("only a regular file can be sent as a file")) }
}

/// Where a file object stands; its own buffer may have read further than it says.
fn position(object: &Bound<'_, PyAny>, file: &File) -> PyResult<u64> {
    match object.getattr_opt(intern!(object.py(), "tell"))? {
        Some(tell) => tell.call0()?.extract(),
        None => Ok(rustix::fs::tell(file).map_err(std::io::Error::from)?),
    }
}

fn advance(object: &Bound<'_, PyAny>, file: &File, to: u64) -> PyResult<()> {
    match object.getattr_opt(intern!(object.py(), "seek"))? {
        Some(seek) => seek.call1((to,)).map(drop),
        None => {
            rustix::fs::seek(file, rustix::fs::SeekFrom::Start(to)).map_err(std::io::Error::from)?;
            Ok(())
        }
    }
}

fn trailers<'py>(event: &Bound<'py, PyDict>) -> PyResult<Event<'py>> {
    let py = event.py();
    let fields = match event.get_item(intern!(py, "headers"))? {
        Some(headers) => headers::read(&headers, Place::Trailers)?.bytes,
        None => Vec::new(),
    };
    Ok(Event::Trailers { fields, is_last: !flag(event, intern!(py, "more_trailers"))? })
}

fn early_hint(event: &Bound<'_, PyDict>) -> PyResult<Vec<u8>> {
    let links = require(event, intern!(event.py(), "links"))?;
    if links.is_instance_of::<PyBytes>() || links.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("links must be an iterable of bytes"));
    }
    let mut fields = Vec::new();
    for link in links.try_iter()? {
        let link = link?;
        let link = as_bytes(&link, "a link")?;
        let link = headers::checked_value(b"link", link.as_bytes())?;
        append_field(&mut fields, b"link", link);
    }
    Ok(fields)
}

fn accept<'py>(event: &Bound<'py, PyDict>) -> PyResult<Event<'py>> {
    let py = event.py();
    let subprotocol = match optional(event, intern!(py, "subprotocol"))? {
        Some(name) => {
            let name = name
                .extract::<String>()
                .map_err(|_| PyTypeError::new_err(format!("the subprotocol must be str, not {}", type_name(&name))))?;
            if !headers::is_token(name.as_bytes()) {
                return Err(PyValueError::new_err(format!("invalid subprotocol '{}'", name.escape_debug())));
            }
            name
        }
        None => String::new(),
    };
    let fields = match optional(event, intern!(py, "headers"))? {
        Some(headers) => headers::read(&headers, Place::Accept)?.bytes,
        None => Vec::new(),
    };
    Ok(Event::Accept { subprotocol, fields })
}

fn message<'py>(event: &Bound<'py, PyDict>) -> PyResult<Event<'py>> {
    let py = event.py();
    match (optional(event, intern!(py, "text"))?, optional(event, intern!(py, "bytes"))?) {
        (Some(text), None) => match text.cast_into::<PyString>() {
            Ok(text) => {
                // What has no UTF-8 form is refused here; afterwards the form is kept by the object.
                text.to_str()?;
                Ok(Event::Text(text))
            }
            Err(error) => {
                Err(PyTypeError::new_err(format!("the text must be str, not {}", type_name(&error.into_inner()))))
            }
        },
        (None, Some(bytes)) => as_bytes(&bytes, "the bytes").map(|bytes| Event::Bytes(bytes.into_owned())),
        (None, None) => Err(PyValueError::new_err("websocket.send has neither text nor bytes")),
        (Some(_), Some(_)) => Err(PyValueError::new_err("websocket.send has both text and bytes")),
    }
}

fn close<'py>(event: &Bound<'py, PyDict>) -> PyResult<Event<'py>> {
    let py = event.py();
    let code = match optional(event, intern!(py, "code"))? {
        Some(code) => {
            let number = code
                .extract::<i64>()
                .map_err(|_| PyTypeError::new_err(format!("the code must be an int, not {}", type_name(&code))))?;
            let is_allowed = matches!(number, 1000..=1003 | 1007..=1014 | 3000..=4999);
            let number = u16::try_from(number).ok().filter(|_| is_allowed);
            number.ok_or_else(|| PyValueError::new_err(format!("{code} is not a close code that may be sent")))?
        }
        None => 1000,
    };
    let reason = match optional(event, intern!(py, "reason"))? {
        Some(reason) => reason
            .extract::<String>()
            .map_err(|_| PyTypeError::new_err(format!("the reason must be str, not {}", type_name(&reason))))?,
        None => String::new(),
    };
    Ok(Event::Close { code, reason })
}
