//! Header fields from the application: checked, lower-cased, encoded for the wire.

use std::borrow::Cow;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList, PyMemoryView, PyString, PyTuple};
use tlsgi_wire::{MAX_FIELD, append_field};

/// Largest encoded block: what a frame can carry beside a first piece of body.
const MAX_BLOCK: usize = 512 << 10;

/// Where the fields will stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A response head.
    Response,
    /// The head of a response that has neither a body nor a length of one: 204 and 205.
    Bodyless,
    /// Trailers: nothing that frames or routes.
    Trailers,
    /// The answer that accepts a WebSocket: nothing that belongs to the handshake.
    Accept,
}

/// An encoded field block.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// The declared length of the body.
    pub(super) length: Option<u64>,
}

/// Reads an iterable of (name, value) pairs of bytes.
pub(super) fn read(headers: &Bound<'_, PyAny>, place: Place) -> PyResult<Block> {
    let mut block = Block { bytes: Vec::with_capacity(160), length: None };
    if let Ok(list) = headers.cast_exact::<PyList>() {
        for pair in list.iter() {
            add_pair(&mut block, &pair, place)?;
        }
    } else {
        for pair in headers.try_iter()? {
            add_pair(&mut block, &pair?, place)?;
        }
    }
    Ok(block)
}

fn add_pair(block: &mut Block, pair: &Bound<'_, PyAny>, place: Place) -> PyResult<()> {
    if let Ok(pair) = pair.cast_exact::<PyTuple>()
        && pair.len() == 2
    {
        return add(block, &pair.get_item(0)?, &pair.get_item(1)?, place);
    }
    if pair.is_instance_of::<PyBytes>() || pair.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("a header must be a pair of bytes"));
    }
    let items = pair.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    let [name, value] = items.as_slice() else {
        return Err(PyValueError::new_err(format!("a header must be a pair, not {} items", items.len())));
    };
    add(block, name, value, place)
}

fn add(block: &mut Block, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, place: Place) -> PyResult<()> {
    let (name, value) = (as_bytes(name, "header name")?, as_bytes(value, "header value")?);
    let (name, value) = (name.as_bytes(), value.as_bytes());
    let mut lower = [0; 64];
    let is_lower = name.iter().all(|byte| TOKEN[usize::from(*byte)] == *byte && *byte != 0);
    if is_lower && !name.is_empty() {
        add_checked(block, name, value, place)
    } else if let Some(lower) = lower.get_mut(..name.len()) {
        lower_into(lower, name)?;
        add_checked(block, lower, value, place)
    } else {
        let mut lower = vec![0; name.len()];
        lower_into(&mut lower, name)?;
        add_checked(block, &lower, value, place)
    }
}

fn lower_into(lower: &mut [u8], name: &[u8]) -> PyResult<()> {
    for (to, from) in lower.iter_mut().zip(name) {
        *to = TOKEN[usize::from(*from)];
    }
    if name.is_empty() || lower.contains(&0) {
        return Err(PyValueError::new_err(format!("invalid header name b\"{}\"", name.escape_ascii())));
    }
    Ok(())
}

fn add_checked(block: &mut Block, name: &[u8], value: &[u8], place: Place) -> PyResult<()> {
    let value = checked_value(name, value)?;
    if name.len() > MAX_FIELD || block.bytes.len() + name.len() + value.len() > MAX_BLOCK {
        return Err(PyValueError::new_err("headers are too large"));
    }
    match place {
        // The wish to end the connection is the application's to have; the front acts on it.
        Place::Response | Place::Bodyless if name == b"connection" && value.eq_ignore_ascii_case(b"close") => {}
        Place::Response | Place::Bodyless if is_hop_by_hop(name) => return Ok(()),
        Place::Response if name == b"content-length" => return set_length(block, name, value),
        Place::Bodyless if name == b"content-length" => return Ok(()),
        Place::Response | Place::Bodyless => {}
        Place::Trailers if is_hop_by_hop(name) || is_not_for_trailers(name) => return Ok(()),
        Place::Trailers => {}
        Place::Accept if name == b"sec-websocket-protocol" => {
            return Err(PyValueError::new_err("sec-websocket-protocol is the subprotocol of websocket.accept"));
        }
        Place::Accept if is_hop_by_hop(name) || is_handshake(name) => return Ok(()),
        Place::Accept => {}
    }
    append_field(&mut block.bytes, name, value);
    Ok(())
}

/// A value without surrounding blanks, or an error when it has control characters.
pub(super) fn checked_value<'a>(name: &[u8], value: &'a [u8]) -> PyResult<&'a [u8]> {
    let value = trim(value);
    if value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        return Err(PyValueError::new_err(format!(
            "header \"{}\" has a control character in its value b\"{}\"",
            name.escape_ascii(),
            value.get(..80).unwrap_or(value).escape_ascii()
        )));
    }
    if value.len() > MAX_FIELD {
        return Err(PyValueError::new_err(format!("header \"{}\" is too large", name.escape_ascii())));
    }
    Ok(value)
}

/// Whether this could be a field name, or any other token.
pub(super) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| TOKEN[usize::from(*byte)] != 0)
}

fn set_length(block: &mut Block, name: &[u8], value: &[u8]) -> PyResult<()> {
    let length = str::from_utf8(value)
        .ok()
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse::<u64>().ok())
        .ok_or_else(|| PyValueError::new_err(format!("invalid content-length b\"{}\"", value.escape_ascii())))?;
    match block.length.replace(length) {
        None => append_field(&mut block.bytes, name, value),
        Some(first) if first == length => {}
        Some(first) => {
            return Err(PyValueError::new_err(format!("two different content-lengths, {first} and {length}")));
        }
    }
    Ok(())
}

/// The server's business on every version of HTTP.
fn is_hop_by_hop(name: &[u8]) -> bool {
    matches!(name, b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" | b"te")
}

fn is_handshake(name: &[u8]) -> bool {
    matches!(name, b"sec-websocket-accept" | b"sec-websocket-extensions" | b"content-length" | b"content-type")
}

fn is_not_for_trailers(name: &[u8]) -> bool {
    matches!(
        name,
        b"content-length"
            | b"host"
            | b"content-encoding"
            | b"content-type"
            | b"content-range"
            | b"authorization"
            | b"set-cookie"
            | b"cache-control"
            | b"max-forwards"
    )
}

fn trim(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

/// `bytes`, or a copy of what can still change.
pub(super) fn as_bytes<'a, 'py>(value: &'a Bound<'py, PyAny>, what: &str) -> PyResult<Cow<'a, Bound<'py, PyBytes>>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Cow::Borrowed(bytes));
    }
    if value.is_instance_of::<PyByteArray>() || value.is_instance_of::<PyMemoryView>() {
        return Ok(Cow::Owned(value.py().get_type::<PyBytes>().call1((value,))?.cast_into()?));
    }
    Err(PyTypeError::new_err(format!("{what} must be bytes, not {}", type_name(value))))
}

/// The name of a value's type, for messages.
pub(super) fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string())
}

/// The lower-case form of every byte that a field name may have; 0 for the others.
static TOKEN: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let is_token = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        if is_token {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};
