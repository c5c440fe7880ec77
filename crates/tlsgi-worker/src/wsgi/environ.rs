//! The environ: what never changes is copied, header names are objects that exist once.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use tlsgi_wire::{Fields, HttpVersion, Request};

use super::early_hints::EarlyHints;
use super::exchange::Exchange;
use super::file_wrapper::FileWrapper;
use super::input::Input;
use super::link::Link;
use super::responder::Responder;
use super::server::Shared;
use crate::facts::Common;
use crate::fields::{environ_key, latin1};

/// What every environ of the process has.
#[derive(Debug)]
pub(crate) struct Constants {
    errors: Py<PyAny>,
    is_multithread: bool,
    empty_input: Py<Input>,
}

impl Constants {
    /// `errors` becomes `wsgi.errors`.
    pub(crate) fn new(py: Python<'_>, errors: Py<PyAny>, is_multithread: bool) -> PyResult<Self> {
        Ok(Self { errors, is_multithread, empty_input: Py::new(py, Input::empty())? })
    }
}

/// What is kept with a connection's facts. Taken and put under the lock, used outside of it: making Python objects may run a
/// garbage collection, which may give the interpreter lock to a thread that waits for this one.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Option<Arc<Last>>>);

/// What the environs of connections with the same facts have in common; taken and put as [`Recent`].
#[derive(Debug, Default)]
pub(crate) struct Base(Mutex<Option<Py<PyDict>>>);

/// The last header block of a connection and the environ up to it: most clients repeat themselves.
#[derive(Debug)]
struct Last {
    /// Encoded fields without the request id, which is new each time.
    fields: Box<[u8]>,
    /// There was one, and its variable is in the environ, empty.
    has_request_id: bool,
    environ: Py<PyDict>,
}

/// Builds the environ of a request.
///
/// # Errors
/// Out of memory, or a broken field list.
pub(crate) fn build<'py>(
    py: Python<'py>,
    shared: &Arc<Shared>,
    responder: &Arc<Responder>,
    request: &Request<'_>,
) -> PyResult<Bound<'py, PyDict>> {
    let exchange = &responder.exchange;
    let environ = with_fields(py, shared, exchange, request)?;
    environ.set_item(intern!(py, "REQUEST_METHOD"), method(py, request.method))?;
    environ.set_item(intern!(py, "SERVER_PROTOCOL"), protocol(py, request.version))?;
    set_path(py, &environ, request)?;
    let has_body = !request.is_end || !request.body.is_empty();
    if has_body {
        environ.set_item(intern!(py, "wsgi.input"), Input::new(Arc::clone(exchange), Arc::clone(shared)))?;
    }
    if let Some(length) = request.content_length {
        environ.set_item(intern!(py, "CONTENT_LENGTH"), length.to_string())?;
    }
    environ.set_item(intern!(py, "wsgi.early_hints"), EarlyHints::new(Arc::clone(responder)))?;
    Ok(environ)
}

/// A copy of what the connection's last request had, or with its own fields read.
fn with_fields<'py>(
    py: Python<'py>,
    shared: &Arc<Shared>,
    exchange: &Exchange,
    request: &Request<'_>,
) -> PyResult<Bound<'py, PyDict>> {
    let (before, request_id, after) = split_request_id(&request.fields);
    let lock = || exchange.facts.objects.0.lock().unwrap_or_else(PoisonError::into_inner);
    let last = lock().clone();
    let has_request_id = request_id.is_some();
    let is_same = |last: &Arc<Last>| {
        last.has_request_id == has_request_id && last.fields.strip_prefix(before).is_some_and(|rest| rest == after)
    };
    let environ = if let Some(last) = last.filter(is_same) {
        last.environ.bind(py).copy()?
    } else {
        let facts = &exchange.facts;
        let environ = base(py, shared, &exchange.link, &facts.common)?.copy()?;
        if !facts.client.is_empty() {
            environ.set_item(intern!(py, "REMOTE_ADDR"), latin1(py, facts.client.as_bytes()))?;
            environ.set_item(intern!(py, "REMOTE_PORT"), facts.client_port.to_string())?;
        }
        set_fields(py, &environ, exchange, request, has_request_id)?;
        let fields = [before, after].concat().into();
        let last = Last { fields, has_request_id, environ: environ.copy()?.unbind() };
        let replaced = lock().replace(Arc::new(last));
        drop(replaced);
        environ
    };
    if let Some(request_id) = request_id {
        environ.set_item(intern!(py, "HTTP_X_REQUEST_ID"), latin1(py, request_id))?;
    }
    Ok(environ)
}

/// The encoded fields before and after the only `x-request-id`, and its value.
fn split_request_id<'a>(fields: &Fields<'a>) -> (&'a [u8], Option<&'a [u8]>, &'a [u8]) {
    let encoded = fields.encoded();
    let (mut at, mut found) = (0, None);
    for (id, name, value) in fields.iter().flatten() {
        let length = if id == 0 { 5 + name.len() + value.len() } else { 3 + value.len() };
        if id == *REQUEST_ID {
            if found.is_some() {
                return (encoded, None, &[]);
            }
            found = Some((at, length, value));
        }
        at += length;
    }
    let Some((start, length, value)) = found else { return (encoded, None, &[]) };
    let (before, rest) = encoded.split_at_checked(start).unwrap_or_default();
    (before, Some(value), rest.get(length..).unwrap_or_default())
}

/// The wire's id of `x-request-id`.
static REQUEST_ID: LazyLock<u8> = LazyLock::new(|| tlsgi_wire::name_id(b"x-request-id"));

fn set_path(py: Python<'_>, environ: &Bound<'_, PyDict>, request: &Request<'_>) -> PyResult<()> {
    let raw = latin1(py, request.path);
    let mut path = None;
    if request.path.contains(&b'%') || !request.mount.is_empty() {
        let decoded = percent_decode(request.path);
        let mount = request.mount.as_bytes();
        // The front mounts on whole segments of the decoded path.
        let rest = decoded.strip_prefix(mount).filter(|rest| rest.is_empty() || rest.starts_with(b"/"));
        environ.set_item(intern!(py, "SCRIPT_NAME"), latin1(py, mount))?;
        path = Some(latin1(py, rest.unwrap_or(&decoded)));
    }
    environ.set_item(intern!(py, "PATH_INFO"), path.as_ref().unwrap_or(&raw))?;
    let mut target = raw;
    if !request.query.is_empty() {
        environ.set_item(intern!(py, "QUERY_STRING"), latin1(py, request.query))?;
        target = latin1(py, &[request.path, b"?", request.query].concat());
    }
    environ.set_item(intern!(py, "REQUEST_URI"), &target)?;
    environ.set_item(intern!(py, "RAW_URI"), target)
}

/// Invalid escapes stay as they are.
fn percent_decode(path: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(path.get(at + 1)), digit(path.get(at + 2)))
            && let Ok(escaped) = u8::try_from(high * 16 + low)
        {
            decoded.push(escaped);
            at += 3;
        } else {
            decoded.push(byte);
            at += 1;
        }
    }
    decoded
}

fn set_fields(
    py: Python<'_>,
    environ: &Bound<'_, PyDict>,
    exchange: &Exchange,
    request: &Request<'_>,
    has_request_id: bool,
) -> PyResult<()> {
    let mut seen: u128 = 0;
    for field in request.fields {
        let (id, name, value) = field.map_err(crate::Error::from)?;
        match name {
            // The length is given apart; a client's `Proxy` would become HTTP_PROXY, which many libraries obey.
            b"content-length" | b"proxy" => continue,
            b"host" => set_server_name(py, environ, exchange, value)?,
            // Set for each request.
            b"x-request-id" if has_request_id => {
                environ.set_item(environ_key(py, id, name), "")?;
                continue;
            }
            // `a_b` and `a-b` would be the same variable.
            _ if id == 0 && name.contains(&b'_') => continue,
            _ => {}
        }
        let key = environ_key(py, id, name);
        let bit = 1_u128.checked_shl(id.into()).unwrap_or(0);
        let may_be_there = id == 0 || seen & bit != 0;
        seen |= bit;
        if may_be_there && let Some(before) = environ.get_item(&key)? {
            let separator = if name == b"cookie" { "; " } else { "," };
            let joined = format!("{}{separator}{}", before.cast::<PyString>()?.to_str()?, latin1(py, value).to_str()?);
            environ.set_item(key, joined)?;
        } else {
            environ.set_item(key, latin1(py, value))?;
        }
    }
    Ok(())
}

fn base<'py>(py: Python<'py>, shared: &Arc<Shared>, link: &Link, facts: &Common<Base>) -> PyResult<Bound<'py, PyDict>> {
    if let Some(base) = &*facts.objects.0.lock().unwrap_or_else(PoisonError::into_inner) {
        return Ok(base.bind(py).clone());
    }
    let base = make_base(py, shared, link, facts)?;
    let before = facts.objects.0.lock().unwrap_or_else(PoisonError::into_inner).replace(base.clone().unbind());
    drop(before);
    Ok(base)
}

fn make_base<'py>(
    py: Python<'py>,
    shared: &Arc<Shared>,
    link: &Link,
    facts: &Common<Base>,
) -> PyResult<Bound<'py, PyDict>> {
    let constants = &shared.constants;
    let welcome = link.welcome.get();
    let text = |text: &str| latin1(py, text.as_bytes());
    let base = PyDict::new(py);
    let scheme = if facts.is_https { "https" } else { "http" };
    // What every request sets is there from the beginning, so that no copy has to grow.
    for name in ["REQUEST_METHOD", "SERVER_PROTOCOL", "PATH_INFO", "REQUEST_URI", "RAW_URI", "wsgi.early_hints"] {
        base.set_item(PyString::intern(py, name), "")?;
    }
    base.set_item("SCRIPT_NAME", "")?;
    base.set_item("QUERY_STRING", "")?;
    let (name, port) = local_name(facts);
    base.set_item("SERVER_NAME", text(&name))?;
    base.set_item("SERVER_PORT", port)?;
    base.set_item("SERVER_SOFTWARE", text(welcome.map_or("tlsgi", |welcome| &welcome.software)))?;
    if facts.is_https {
        base.set_item("HTTPS", "on")?;
    }
    base.set_item("wsgi.version", (1, 0))?;
    base.set_item("wsgi.url_scheme", scheme)?;
    base.set_item("wsgi.input", &constants.empty_input)?;
    base.set_item("wsgi.input_terminated", true)?;
    base.set_item("wsgi.errors", &constants.errors)?;
    base.set_item("wsgi.multithread", constants.is_multithread)?;
    base.set_item("wsgi.multiprocess", welcome.is_some_and(|welcome| welcome.is_multiprocess))?;
    base.set_item("wsgi.run_once", false)?;
    base.set_item("wsgi.file_wrapper", py.get_type::<FileWrapper>())?;
    for (name, value) in &facts.environ {
        base.set_item(latin1(py, name), latin1(py, value))?;
    }
    Ok(base)
}

/// Where the connection arrived, for requests that name no host.
fn local_name(facts: &Common<Base>) -> (String, String) {
    let default_port = if facts.is_https { "443" } else { "80" };
    match &*facts.server {
        server if server.is_empty() || server.starts_with('/') => ("localhost".into(), default_port.into()),
        server if server.contains(':') => (format!("[{server}]"), facts.server_port.to_string()),
        server => (server.into(), facts.server_port.to_string()),
    }
}

/// A host that is not valid stays in `HTTP_HOST` only.
fn set_server_name(py: Python<'_>, environ: &Bound<'_, PyDict>, exchange: &Exchange, host: &[u8]) -> PyResult<()> {
    let Some((name, port)) = split_host(host) else { return Ok(()) };
    let default_port: &[u8] = if exchange.facts.common.is_https { b"443" } else { b"80" };
    environ.set_item(intern!(py, "SERVER_NAME"), latin1(py, name))?;
    environ.set_item(intern!(py, "SERVER_PORT"), latin1(py, if port.is_empty() { default_port } else { port }))
}

/// Name and port (empty if none) of a valid `Host`.
fn split_host(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = match text.first()? {
        b'[' => text.iter().position(|byte| *byte == b']')? + 1,
        _ => text.iter().position(|byte| *byte == b':').unwrap_or(text.len()),
    };
    let (name, rest) = text.split_at_checked(end)?;
    let port = if rest.is_empty() { rest } else { rest.strip_prefix(b":")? };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%[]:".contains(byte);
    let is_valid =
        !name.is_empty() && name.iter().all(is_name) && port.iter().all(u8::is_ascii_digit) && port.len() <= 5;
    is_valid.then_some((name, port))
}

fn method<'py>(py: Python<'py>, method: &str) -> Bound<'py, PyString> {
    match method {
        "GET" => intern!(py, "GET").clone(),
        "POST" => intern!(py, "POST").clone(),
        "HEAD" => intern!(py, "HEAD").clone(),
        method => PyString::new(py, method),
    }
}

fn protocol(py: Python<'_>, version: HttpVersion) -> &Bound<'_, PyString> {
    match version {
        HttpVersion::Http10 => intern!(py, "HTTP/1.0"),
        HttpVersion::Http11 => intern!(py, "HTTP/1.1"),
        HttpVersion::Http2 => intern!(py, "HTTP/2.0"),
        HttpVersion::Http3 => intern!(py, "HTTP/3.0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_to_bytes_and_invalid_ones_stay() {
        let check = |path: &[u8], expect: &[u8]| assert_eq!(percent_decode(path), expect);
        check(b"/a%20b", b"/a b");
        check(b"/%ff%C3%a9%2F%00", b"/\xff\xc3\xa9/\0");
        check(b"/%zz%4", b"/%zz%4");
        check(b"/100%", b"/100%");
        check(b"%%41", b"%A");
    }

    #[test]
    fn host_is_split_when_valid() {
        let check = |text: &'static [u8], expect: Option<(&[u8], &[u8])>| assert_eq!(split_host(text), expect);
        check(b"example.org", Some((b"example.org", b"")));
        check(b"example.org:8443", Some((b"example.org", b"8443")));
        check(b"[::1]:8443", Some((b"[::1]", b"8443")));
        check(b"example.org:", Some((b"example.org", b"")));
        check(b"a b", None);
        check(b":80", None);
        check(b"a:80:90", None);
        check(b"[::1", None);
        check(b"", None);
    }
}
