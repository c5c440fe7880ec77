//! The head of a request as an upstream gets it: what the client said, without what was between the client and this server.

use tlsgi_wire::HttpVersion;

use super::told::Told;
use crate::http::field::is_hop_by_hop;
use crate::http::head::RequestHead;

/// How the body goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks.
    Chunked,
}

/// What belongs to this connection.
pub(super) struct Hop<'a> {
    pub(super) framing: Framing,
    /// The upstream is asked whether it wants the body.
    pub(super) expects: bool,
    /// The key of a WebSocket handshake.
    pub(super) websocket: Option<&'a str>,
    /// Path and query, as the upstream has them.
    pub(super) target: &'a [u8],
    /// `Host` for a client that named none.
    pub(super) host: &'a str,
}

/// Appends the head.
pub(super) fn put(out: &mut Vec<u8>, head: &RequestHead, told: &Told, hop: &Hop<'_>) {
    out.extend_from_slice(head.method().as_bytes());
    out.push(b' ');
    out.extend_from_slice(hop.target);
    out.extend_from_slice(b" HTTP/1.1\r\n");
    if head.authority().is_empty() {
        field(out, b"host", hop.host.as_bytes());
    }
    for (_, name, value) in head.fields() {
        if is_passed_on(head, name) && !told.replaces(name) {
            field(out, name, value);
        }
    }
    for (name, value) in &told.fields {
        field(out, name.as_bytes(), value.as_bytes());
    }
    field(out, b"via", if head.version() >= HttpVersion::Http2 { b"2.0 tlsgi" } else { b"1.1 tlsgi" });
    match hop.framing {
        Framing::Length(length) => field(out, b"content-length", length.to_string().as_bytes()),
        Framing::Chunked => field(out, b"transfer-encoding", b"chunked"),
        // Servers that wait for a length get one where a body is usual (RFC 9110 8.6).
        Framing::None if matches!(head.method(), "POST" | "PUT" | "PATCH") => field(out, b"content-length", b"0"),
        Framing::None => {}
    }
    if hop.expects {
        field(out, b"expect", b"100-continue");
    }
    if let Some(key) = hop.websocket {
        field(out, b"sec-websocket-key", key.as_bytes());
        out.extend_from_slice(b"connection: Upgrade\r\nupgrade: websocket\r\n");
    } else if head.accepts_trailers {
        out.extend_from_slice(b"connection: TE\r\nte: trailers\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// Whether a field is about the request, and not about the way here. Lower-case name.
pub(super) fn is_passed_on(head: &RequestHead, name: &[u8]) -> bool {
    let is_ours = matches!(name, b"content-length" | b"expect" | b"proxy-authorization" | b"sec-websocket-key");
    !is_ours && !is_hop_by_hop(name) && (name == b"host" || !head.is_nominated(name))
}

fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
