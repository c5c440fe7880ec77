//! The `scope` of a request: a copy of what its connection shares, then what is its own.

use std::borrow::Cow;
use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use pyo3::{Py, intern};
use tlsgi_wire::{HttpVersion, METHODS, Request, RequestKind, method_id};

use super::lock;
use crate::facts::{self, Common, Tls};
use crate::{Error, fields};

/// What `scope["asgi"]["spec_version"]` says for HTTP and WebSocket.
const SPEC_VERSION: &str = "2.5";

const HTTP_EXTENSIONS: [&str; 4] =
    ["http.response.pathsend", "http.response.zerocopysend", "http.response.early_hint", "http.response.trailers"];
const WEBSOCKET_EXTENSIONS: [&str; 1] = ["websocket.http.response"];

/// Header values longer than this are not kept for the next request.
const KEPT_VALUE: usize = 256;

/// Header fields of a request that are kept for the next one, at most.
const KEPT_FIELDS: usize = 32;

/// What the facts of a connection are, here.
pub(super) type Facts = facts::Facts<Objects, Templates>;

/// What requests have in common: scopes without what differs between them, by kind. One for all connections with the same facts, of which
/// each has a copy.
pub(super) struct Templates {
    http: PyOnceLock<Template>,
    websocket: PyOnceLock<Template>,
}

impl Default for Templates {
    fn default() -> Self {
        Self { http: PyOnceLock::new(), websocket: PyOnceLock::new() }
    }
}

impl Templates {
    const fn of(&self, kind: RequestKind) -> &PyOnceLock<Template> {
        match kind {
            RequestKind::Http => &self.http,
            RequestKind::WebSocket => &self.websocket,
        }
    }
}

/// What is kept with a connection: its templates, and the header fields of its last request, most of which the next one repeats.
#[derive(Default)]
pub(super) struct Objects {
    templates: Templates,
    last: Mutex<Vec<Option<Pair>>>,
}

/// A header field as a tuple of two bytes objects, with the value once more to compare with.
struct Pair {
    id: u8,
    tuple: Py<PyTuple>,
    value: Py<PyBytes>,
}

struct Template {
    scope: Py<PyDict>,
    extensions: Py<PyDict>,
    asgi: Py<PyDict>,
    version: HttpVersion,
}

/// The scope of one request, and what the log calls the request.
pub(super) struct Scope {
    pub(super) dict: Py<PyDict>,
    pub(super) named: Named,
}

/// How the log names a request.
pub(super) struct Named {
    pub(super) method: Py<PyString>,
    pub(super) path: Py<PyString>,
    /// The value of `x-request-id`.
    pub(super) id: Option<Py<PyBytes>>,
}

/// Builds the scope; `state` is the lifespan's.
pub(super) fn build(
    py: Python<'_>,
    facts: &Facts,
    request: &Request<'_>,
    state: &Bound<'_, PyDict>,
) -> Result<Scope, BuildError> {
    let is_websocket = request.kind == RequestKind::WebSocket;
    let template = facts.objects.templates.of(request.kind).get_or_try_init(py, || template_of(py, facts, request))?;
    let scope = template.scope.bind(py).copy()?;
    let method = method(py, request.method);
    let raw = below_mount(request);
    let path = path(py, &raw);
    if template.version != request.version {
        scope.set_item(intern!(py, "http_version"), version(py, request.version))?;
    }
    scope.set_item(intern!(py, "asgi"), template.asgi.bind(py).copy()?)?;
    scope.set_item(intern!(py, "path"), &path)?;
    scope.set_item(intern!(py, "raw_path"), PyBytes::new(py, &raw))?;
    if !request.query.is_empty() {
        scope.set_item(intern!(py, "query_string"), PyBytes::new(py, request.query))?;
    }
    if !request.mount.is_empty() {
        scope.set_item(intern!(py, "root_path"), request.mount)?;
    }
    let (headers, id) = headers(py, &facts.objects, request)?;
    scope.set_item(intern!(py, "headers"), headers)?;
    if is_websocket {
        scope.set_item(intern!(py, "subprotocols"), subprotocols(py, request)?)?;
    } else {
        scope.set_item(intern!(py, "method"), &method)?;
    }
    scope.set_item(intern!(py, "state"), state.copy()?)?;
    scope.set_item(intern!(py, "extensions"), template.extensions.bind(py).copy()?)?;
    Ok(Scope { dict: scope.unbind(), named: Named { method: method.unbind(), path: path.unbind(), id } })
}

/// Why a scope could not be built: the front's fault or the interpreter's.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error(transparent)]
    Wire(#[from] tlsgi_wire::Error),
    #[error(transparent)]
    Python(#[from] PyErr),
}

impl From<BuildError> for PyErr {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Wire(error) => Error::Wire(error).into(),
            BuildError::Python(error) => error,
        }
    }
}

/// A connection's own, of which nothing that can be changed is another one's.
fn template_of(py: Python<'_>, facts: &Facts, request: &Request<'_>) -> PyResult<Template> {
    let common = &facts.common;
    let common = common.objects.of(request.kind).get_or_try_init(py, || template(py, common, request))?;
    let scope = common.scope.bind(py).copy()?;
    scope.set_item(intern!(py, "client"), client(py, facts)?)?;
    let extensions = PyDict::new(py);
    for (name, extension) in common.extensions.bind(py) {
        extensions.set_item(name, extension.cast::<PyDict>()?.copy()?)?;
    }
    Ok(Template {
        scope: scope.unbind(),
        extensions: extensions.unbind(),
        asgi: common.asgi.clone_ref(py),
        version: common.version,
    })
}

fn template(py: Python<'_>, facts: &Common<Templates>, request: &Request<'_>) -> PyResult<Template> {
    let is_websocket = request.kind == RequestKind::WebSocket;
    let scope = PyDict::new(py);
    let asgi = PyDict::new(py);
    asgi.set_item(intern!(py, "version"), intern!(py, "3.0"))?;
    asgi.set_item(intern!(py, "spec_version"), PyString::intern(py, SPEC_VERSION))?;
    let kind = if is_websocket { intern!(py, "websocket") } else { intern!(py, "http") };
    let scheme = match (is_websocket, facts.is_https) {
        (false, true) => intern!(py, "https"),
        (false, false) => intern!(py, "http"),
        (true, true) => intern!(py, "wss"),
        (true, false) => intern!(py, "ws"),
    };
    let empty = PyBytes::new(py, b"");
    scope.set_item(intern!(py, "type"), kind)?;
    scope.set_item(intern!(py, "asgi"), py.None())?;
    scope.set_item(intern!(py, "http_version"), version(py, request.version))?;
    if !is_websocket {
        scope.set_item(intern!(py, "method"), py.None())?;
    }
    scope.set_item(intern!(py, "scheme"), scheme)?;
    scope.set_item(intern!(py, "path"), py.None())?;
    scope.set_item(intern!(py, "raw_path"), &empty)?;
    scope.set_item(intern!(py, "query_string"), &empty)?;
    scope.set_item(intern!(py, "root_path"), intern!(py, ""))?;
    scope.set_item(intern!(py, "headers"), py.None())?;
    scope.set_item(intern!(py, "client"), py.None())?;
    scope.set_item(intern!(py, "server"), server(py, facts)?)?;
    if is_websocket {
        scope.set_item(intern!(py, "subprotocols"), py.None())?;
    }
    scope.set_item(intern!(py, "state"), py.None())?;
    scope.set_item(intern!(py, "extensions"), py.None())?;
    let extensions = extensions(py, facts, is_websocket)?;
    Ok(Template {
        scope: scope.unbind(),
        extensions: extensions.unbind(),
        asgi: asgi.unbind(),
        version: request.version,
    })
}

fn extensions<'py>(py: Python<'py>, facts: &Common<Templates>, is_websocket: bool) -> PyResult<Bound<'py, PyDict>> {
    let extensions = PyDict::new(py);
    let names: &[&str] = if is_websocket { &WEBSOCKET_EXTENSIONS } else { &HTTP_EXTENSIONS };
    for name in names {
        extensions.set_item(PyString::intern(py, name), PyDict::new(py))?;
    }
    if let Some(facts) = &facts.tls {
        extensions.set_item(intern!(py, "tls"), tls(py, facts)?)?;
    }
    let variable = |wanted: &[u8]| {
        // What the server says stands behind what its configuration does.
        let found = facts.environ.iter().rfind(|(name, _)| **name == *wanted);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    if let (Some(user), Some(kind)) = (variable(b"REMOTE_USER"), variable(b"AUTH_TYPE")) {
        let auth = PyDict::new(py);
        auth.set_item(intern!(py, "type"), kind)?;
        auth.set_item(intern!(py, "user"), user)?;
        extensions.set_item(intern!(py, "tlsgi.auth"), auth)?;
    }
    Ok(extensions)
}

/// The `tls` extension, version 0.2, with every key.
fn tls<'py>(py: Python<'py>, facts: &Tls) -> PyResult<Bound<'py, PyDict>> {
    let text = |text: &str| if text.is_empty() { None } else { Some(PyString::new(py, text)) };
    let number = |number: u16| if number == 0 { None } else { Some(number) };
    let tls = PyDict::new(py);
    tls.set_item("server_cert", text(&facts.server_certificate))?;
    tls.set_item("client_cert_chain", PyList::new(py, certificates(&facts.client_chain))?)?;
    tls.set_item("client_cert_name", text(&facts.client_name))?;
    tls.set_item("client_cert_error", text(&facts.client_error))?;
    tls.set_item("tls_version", number(facts.version))?;
    tls.set_item("cipher_suite", number(facts.cipher_suite))?;
    tls.set_item("server_name", text(&facts.server_name))?;
    Ok(tls)
}

/// Concatenated PEM, one certificate at a time.
fn certificates(chain: &str) -> Vec<&str> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let starts: Vec<usize> = chain.match_indices(BEGIN).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([chain.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| chain.get(*start..end)).collect()
}

fn client<'py>(py: Python<'py>, facts: &Facts) -> PyResult<Option<Bound<'py, PyTuple>>> {
    if facts.client.is_empty() {
        return Ok(None);
    }
    (&*facts.client, facts.client_port).into_pyobject(py).map(Some)
}

fn server<'py>(py: Python<'py>, facts: &Common<Templates>) -> PyResult<Option<Bound<'py, PyTuple>>> {
    match (facts.server.is_empty(), facts.server_port) {
        (true, _) => Ok(None),
        (false, 0) => (&*facts.server, py.None()).into_pyobject(py).map(Some),
        (false, port) => (&*facts.server, port).into_pyobject(py).map(Some),
    }
}

fn version(py: Python<'_>, version: HttpVersion) -> &Bound<'_, PyString> {
    match version {
        HttpVersion::Http10 => intern!(py, "1.0"),
        HttpVersion::Http11 => intern!(py, "1.1"),
        HttpVersion::Http2 => intern!(py, "2"),
        HttpVersion::Http3 => intern!(py, "3"),
    }
}

fn method<'py>(py: Python<'py>, method: &str) -> Bound<'py, PyString> {
    static KNOWN: PyOnceLock<Vec<Py<PyString>>> = PyOnceLock::new();
    let id = method_id(method.as_bytes());
    if id == 0 {
        return PyString::new(py, method);
    }
    let known = KNOWN.get_or_init(py, || METHODS.iter().map(|name| PyString::intern(py, name).unbind()).collect());
    known.get(usize::from(id)).map_or_else(|| PyString::new(py, method), |name| name.bind(py).clone())
}

/// The header fields, and the request id among them.
fn headers<'py>(
    py: Python<'py>,
    shared: &Objects,
    request: &Request<'_>,
) -> Result<(Bound<'py, PyList>, Option<Py<PyBytes>>), BuildError> {
    let mut request_id = None;
    let mut pairs = Vec::with_capacity(16);
    // Taken out, so that no lock is held while objects are made.
    let mut last = std::mem::take(&mut *lock(&shared.last));
    for (at, field) in request.fields.into_iter().enumerate() {
        let (id, name, value) = field?;
        if let Some(pair) = last.get(at).and_then(Option::as_ref).filter(|pair| pair.is_same(py, id, value)) {
            pairs.push(pair.tuple.bind(py).clone());
            continue;
        }
        let object = PyBytes::new(py, value);
        if name == b"x-request-id" {
            request_id = Some(object.clone().unbind());
        }
        let tuple = PyTuple::new(py, [fields::bytes_name(py, id, name), object.clone()])?;
        if at < KEPT_FIELDS {
            if at >= last.len() {
                last.resize_with(at + 1, || None);
            }
            let is_kept = id != 0 && value.len() <= KEPT_VALUE && name != b"x-request-id";
            last[at] = is_kept.then(|| Pair { id, tuple: tuple.clone().unbind(), value: object.unbind() });
        }
        pairs.push(tuple);
    }
    *lock(&shared.last) = last;
    Ok((PyList::new(py, pairs)?, request_id))
}

impl Pair {
    /// Whether this is the same field; only names with an id are kept.
    fn is_same(&self, py: Python<'_>, id: u8, value: &[u8]) -> bool {
        self.id == id && self.value.as_bytes(py) == value
    }
}

fn subprotocols<'py>(py: Python<'py>, request: &Request<'_>) -> Result<Bound<'py, PyList>, BuildError> {
    let list = PyList::empty(py);
    for field in request.fields {
        let (_, name, value) = field?;
        if name == b"sec-websocket-protocol" {
            let names = value.split(|byte| *byte == b',').map(|name| fields::latin1(py, name.trim_ascii()));
            for name in names.filter(|name| name.len().is_ok_and(|length| length > 0)) {
                list.append(name)?;
            }
        }
    }
    Ok(list)
}

/// The path with the mount before it, as ASGI wants it, also where a proxy in front cut that off.
fn below_mount<'a>(request: &Request<'a>) -> Cow<'a, [u8]> {
    let mount = request.mount.as_bytes();
    let is_below = |path: &[u8]| path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"));
    if mount.is_empty() || is_below(request.path) || is_below(&decode(request.path)) {
        return Cow::Borrowed(request.path);
    }
    let mut whole = Vec::with_capacity(mount.len() + request.path.len());
    for byte in mount {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => whole.push(*byte),
            _ => whole.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    whole.extend_from_slice(request.path);
    Cow::Owned(whole)
}

/// Percent-decoded, then read as UTF-8; what is neither stays visible as U+FFFD. A broken escape stays as it is.
fn path<'py>(py: Python<'py>, raw: &[u8]) -> Bound<'py, PyString> {
    if !raw.contains(&b'%')
        && let Ok(path) = str::from_utf8(raw)
    {
        return PyString::new(py, path);
    }
    PyString::new(py, &String::from_utf8_lossy(&decode(raw)))
}

fn decode(raw: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%'
            && let [high, low, after @ ..] = after
            && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
        {
            decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            rest = after;
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_decoded_once_and_broken_escapes_stay() {
        assert_eq!(decode(b"/a%20b%2Fc%zz%2"), b"/a b/c%zz%2");
        assert_eq!(decode(b"/%2541"), b"/%41");
        assert_eq!(decode(b"%"), b"%");
    }

    #[test]
    fn chain_is_cut_into_certificates() {
        let one = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(""), Vec::<&str>::new());
        assert_eq!(certificates(&one.repeat(2)), [one, one]);
    }
}
