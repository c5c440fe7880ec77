//! Status and header fields of the application: checked when they are given, encoded for the wire at once.

use std::borrow::Cow;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};
use tlsgi_wire::{MAX_FIELD, REASON_FIELD, name_id, reason};

use crate::fields::push_latin1;

/// Most bytes of header fields in a response: what fits into a frame with room for body.
const MAX_FIELDS: usize = 512 << 10;

/// What belongs to the connection, which is the front's.
const HOP_BY_HOP: [&[u8]; 8] = [
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"proxy-authenticate",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
];

/// A response head as the application gave it.
#[derive(Debug)]
pub(crate) struct Head {
    /// 200 to 999.
    pub(crate) status: u16,
    /// Encoded fields.
    pub(crate) fields: Vec<u8>,
    /// What `Content-Length` said. It is among the fields as well.
    pub(crate) content_length: Option<u64>,
    /// Hop-by-hop fields that were dropped.
    pub(crate) dropped: Vec<String>,
}

impl Head {
    /// Reads what `start_response` was called with.
    pub(crate) fn new(status: &Bound<'_, PyAny>, headers: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (status, phrase) = parse_status(status)?;
        let mut head = Self { status, fields: Vec::with_capacity(256), content_length: None, dropped: Vec::new() };
        if let Some(phrase) = phrase {
            push(&mut head.fields, REASON_FIELD, &phrase);
        }
        head.read(headers)?;
        Ok(head)
    }

    /// Adds a `Content-Length` that the application did not give.
    pub(crate) fn set_length(&mut self, length: usize) {
        push(&mut self.fields, b"content-length", length.to_string().as_bytes());
        self.content_length = Some(length as u64);
    }

    fn read(&mut self, headers: &Bound<'_, PyAny>) -> PyResult<()> {
        let Ok(headers) = headers.cast::<PyList>() else {
            return Err(PyTypeError::new_err(format!("headers must be a list, not {}", type_name(headers))));
        };
        let mut name = Vec::with_capacity(32);
        for pair in headers.iter() {
            read_pair(&pair, &mut name, |name, value| self.push(name, value))?;
        }
        Ok(())
    }

    fn push(&mut self, name: &[u8], value: &[u8]) -> PyResult<()> {
        if name == b"connection" && value.eq_ignore_ascii_case(b"close") {
            // The front acts on it and frames the rest.
            push(&mut self.fields, name, value);
            return Ok(());
        }
        if HOP_BY_HOP.contains(&name) {
            self.dropped.push(String::from_utf8_lossy(name).into_owned());
            return Ok(());
        }
        if name == b"content-length" {
            return self.push_length(value);
        }
        push(&mut self.fields, name, value);
        if self.fields.len() > MAX_FIELDS {
            return Err(PyValueError::new_err(format!("headers of more than {MAX_FIELDS} bytes")));
        }
        Ok(())
    }

    fn push_length(&mut self, value: &[u8]) -> PyResult<()> {
        let length = parse_length(value)?;
        match self.content_length.replace(length) {
            Some(before) if before != length => Err(PyValueError::new_err("two Content-Length headers that differ")),
            Some(_) => Ok(()),
            None => {
                // A 204 has no length, and that of a 205 is 0.
                if !matches!(self.status, 204 | 205) {
                    let zeros = value.iter().take_while(|digit| **digit == b'0').count().min(value.len() - 1);
                    push(&mut self.fields, b"content-length", value.get(zeros..).unwrap_or_default());
                }
                Ok(())
            }
        }
    }
}

/// The fields of an early hint, encoded.
pub(crate) fn encode_hints(headers: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let (mut fields, mut name) = (Vec::new(), Vec::new());
    for pair in headers.try_iter()? {
        read_pair(&pair?, &mut name, |name, value| {
            if HOP_BY_HOP.contains(&name) || name == b"content-length" {
                let name = String::from_utf8_lossy(name);
                return Err(PyValueError::new_err(format!("{name} has no place in an early hint")));
            }
            push(&mut fields, name, value);
            Ok(())
        })?;
    }
    if fields.len() > MAX_FIELDS {
        return Err(PyValueError::new_err(format!("headers of more than {MAX_FIELDS} bytes")));
    }
    Ok(fields)
}

/// What follows the code, unless it is nothing or the registered phrase.
fn own_phrase(code: u16, text: &str) -> Option<Vec<u8>> {
    let phrase = text.get(4..).unwrap_or_default();
    if phrase == reason(code) {
        return None;
    }
    let phrase = phrase.trim();
    if phrase.is_empty() || phrase == reason(code) || phrase.len() > 512 {
        return None;
    }
    Some(phrase.chars().filter_map(|character| u8::try_from(u32::from(character)).ok()).collect())
}

/// The code, and the phrase in latin-1 when it is not the registered one.
fn parse_status(status: &Bound<'_, PyAny>) -> PyResult<(u16, Option<Vec<u8>>)> {
    let Ok(status) = status.cast::<PyString>() else {
        return Err(PyTypeError::new_err(format!("status must be a str, not {}", type_name(status))));
    };
    let text = status.to_str()?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if !is_plain && text.chars().any(|character| character.is_control() || u32::from(character) > 0xff) {
        return Err(PyValueError::new_err("status has characters that no status line can carry"));
    }
    let code = match text.as_bytes() {
        [digits @ .., b' '] if digits.len() == 3 => digits,
        [a, b, c, b' ', ..] => &[*a, *b, *c],
        _ => return Err(PyValueError::new_err(format!("status must be like \"200 OK\", not {text:?}"))),
    };
    let code = str::from_utf8(code).ok().filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    match code.and_then(|code| code.parse().ok()) {
        Some(code @ 200..=999) => Ok((code, own_phrase(code, text))),
        Some(code @ 100..=199) => {
            Err(PyValueError::new_err(format!("{code} is an interim status: the application must give a final one")))
        }
        _ => Err(PyValueError::new_err(format!("status must be like \"200 OK\", not {text:?}"))),
    }
}

/// Hands on the lower-case name, which is put into `name`, and the value without surrounding blanks.
fn read_pair(
    pair: &Bound<'_, PyAny>,
    name: &mut Vec<u8>,
    hand_on: impl FnOnce(&[u8], &[u8]) -> PyResult<()>,
) -> PyResult<()> {
    let Ok(tuple) = pair.cast::<PyTuple>() else {
        return Err(PyTypeError::new_err(format!("a header must be a tuple, not {}", type_name(pair))));
    };
    if tuple.len() != 2 {
        return Err(PyTypeError::new_err(format!("a header must be a pair, not {} values", tuple.len())));
    }
    let (first, second) = (tuple.get_borrowed_item(0)?, tuple.get_borrowed_item(1)?);
    let text = as_text("header name", &first)?;
    name.clear();
    name.extend(text.bytes().map(|byte| TOKEN.get(usize::from(byte)).copied().unwrap_or_default()));
    if name.is_empty() || name.len() > MAX_FIELD || name.contains(&0) {
        as_latin1("header name", text)?;
        return Err(PyValueError::new_err(format!("header name {text:?} is not a token")));
    }
    let value = as_latin1("header value", as_text("header value", &second)?)?;
    if value.len() > MAX_FIELD || value.iter().any(|byte| is_control(*byte)) {
        let name = String::from_utf8_lossy(name).into_owned();
        return Err(PyValueError::new_err(format!(
            "the value of header {name:?} has a control character or is too long"
        )));
    }
    hand_on(name, value.trim_ascii())
}

fn as_text<'a>(what: &str, object: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    match object.cast::<PyString>() {
        Ok(text) => text.to_str(),
        Err(_) => Err(PyTypeError::new_err(format!("a {what} must be a str, not {}", type_name(object)))),
    }
}

/// The characters as bytes.
fn as_latin1<'a>(what: &str, text: &'a str) -> PyResult<Cow<'a, [u8]>> {
    if text.is_ascii() {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let mut bytes = Vec::with_capacity(text.len());
    push_latin1(text, &mut bytes)
        .map_err(|character| PyValueError::new_err(format!("a {what} has {character:?}, which is not in latin-1")))?;
    Ok(Cow::Owned(bytes))
}

fn parse_length(value: &[u8]) -> PyResult<u64> {
    let digits = str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = digits.and_then(|digits| digits.parse().ok());
    length.ok_or_else(|| {
        let value = String::from_utf8_lossy(value).into_owned();
        PyValueError::new_err(format!("Content-Length {value:?} is not a number"))
    })
}

fn push(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let id = name_id(name);
    out.push(id);
    if id == 0 {
        push_bytes(out, name);
    }
    push_bytes(out, value);
}

fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    // Both are checked to be at most MAX_FIELD long.
    out.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// For each byte of a token (RFC 9110, section 5.6.2) its lower case, for all others 0.
const TOKEN: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        if byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
        {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

const fn is_control(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "an object".into(), |name| name.to_string())
}
