//! The head of a request, whatever version carried it, and the one place that decides what a valid head is.

use tlsgi_config::config::Limits;
use tlsgi_wire::{HttpVersion, METHODS, method_id, name_id};

use super::failure::Failure;
use super::field::{self, id};
use crate::forwarded::{SeenAs, is_proxy_field};

/// Part of a head's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    id: u8,
    name: Span,
    value: Span,
}

/// How the request body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum BodyLength {
    /// There is none.
    #[default]
    Empty,
    /// So many bytes.
    Known(u64),
    /// Chunked (h1) or until the end of the stream (h2).
    Unknown,
}

/// Whether the connection asks for something other than one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Upgrade {
    /// Nothing, or something this server does not do.
    #[default]
    None,
    /// A WebSocket: `Upgrade` on h1, extended CONNECT on h2.
    WebSocket,
}

/// Method, target and fields of a request. One buffer, kept by the connection and filled again for the next request.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact of the head")]
pub(crate) struct RequestHead {
    text: Vec<u8>,
    fields: Vec<Field>,
    /// What `Connection` names, in lower case.
    nominated: Vec<Span>,
    version: HttpVersion,
    method: Span,
    path: Span,
    query: Span,
    authority: Span,
    has_query: bool,
    /// Set by the `https` or `http` scheme of an absolute target; `None` when the target had none.
    pub(crate) target_scheme_is_https: Option<bool>,
    pub(crate) body: BodyLength,
    pub(crate) expects_continue: bool,
    pub(crate) accepts_trailers: bool,
    pub(crate) upgrade: Upgrade,
    /// h1: the client wants or must have the connection closed afterwards.
    pub(crate) wants_close: bool,
    /// There are fields in which proxies speak.
    pub(crate) speaks_of_proxies: bool,
    /// What trusted proxies say; set by [`crate::forwarded::settle`].
    pub(crate) seen_as: Option<SeenAs>,
}

impl Default for RequestHead {
    fn default() -> Self {
        Self {
            text: Vec::new(),
            fields: Vec::new(),
            nominated: Vec::new(),
            version: HttpVersion::Http11,
            method: Span::default(),
            path: Span::default(),
            query: Span::default(),
            authority: Span::default(),
            has_query: false,
            target_scheme_is_https: None,
            body: BodyLength::Empty,
            expects_continue: false,
            accepts_trailers: false,
            upgrade: Upgrade::None,
            wants_close: false,
            speaks_of_proxies: false,
            seen_as: None,
        }
    }
}

impl RequestHead {
    /// HTTP version.
    pub(crate) const fn version(&self) -> HttpVersion {
        self.version
    }

    /// Method, an upper-case token.
    pub(crate) fn method(&self) -> &str {
        str::from_utf8(self.slice(self.method)).unwrap_or_default()
    }

    /// Path as received, percent-encoded; starts with a slash, or is `*`.
    pub(crate) fn path(&self) -> &[u8] {
        self.slice(self.path)
    }

    /// Query as received, without the question mark.
    pub(crate) fn query(&self) -> &[u8] {
        self.slice(self.query)
    }

    /// Path and query, byte for byte.
    pub(crate) fn path_and_query(&self) -> Vec<u8> {
        let mut target = self.path().to_vec();
        if self.has_query {
            target.push(b'?');
            target.extend_from_slice(self.query());
        }
        target
    }

    /// Host and port as the client named them; empty for HTTP/1.0 without Host.
    pub(crate) fn authority(&self) -> &str {
        str::from_utf8(self.slice(self.authority)).unwrap_or_default()
    }

    /// Host without port, brackets kept.
    pub(crate) fn host(&self) -> &str {
        split_port(self.authority()).0
    }

    /// Fields in order: (wire id or 0, lower-case name, value). `host` comes first.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (u8, &[u8], &[u8])> {
        self.fields.iter().map(|field| (field.id, self.slice(field.name), self.slice(field.value)))
    }

    /// The first value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|(_, known, _)| *known == name.as_bytes()).map(|(_, _, value)| value)
    }

    /// Whether the client says that a field is for this connection alone (RFC 9110 7.6.1). Lower-case name.
    pub(crate) fn is_nominated(&self, name: &[u8]) -> bool {
        self.nominated.iter().any(|span| self.slice(*span) == name)
    }

    /// Whether this is HEAD.
    pub(crate) fn is_head(&self) -> bool {
        self.slice(self.method) == b"HEAD"
    }

    /// Takes out the fields whose lower-case name does not pass.
    pub(crate) fn retain_fields(&mut self, keep: impl Fn(&[u8]) -> bool) {
        let Self { text, fields, .. } = self;
        fields.retain(|field| keep(text.get(field.name.start as usize..field.name.end as usize).unwrap_or_default()));
    }

    /// Appends a field; `name` lower-case, both valid.
    pub(crate) fn append_field(&mut self, name: &str, value: &[u8]) {
        let (name_span, value) = (self.store(name.as_bytes()), self.store(value));
        self.fields.push(Field { id: name_id(name.as_bytes()), name: name_span, value });
    }

    /// Puts another host, which is valid, in the place of the client's.
    pub(crate) fn set_authority(&mut self, authority: &str) {
        self.authority = self.store(authority.as_bytes());
        let host = Field { id: id::HOST, name: self.store(b"host"), value: self.authority };
        match self.fields.first_mut() {
            Some(first) if first.id == id::HOST => *first = host,
            _ => self.fields.insert(0, host),
        }
    }

    fn slice(&self, span: Span) -> &[u8] {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn store(&mut self, bytes: &[u8]) -> Span {
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.extend_from_slice(bytes);
        Span { start, end: u32::try_from(self.text.len()).unwrap_or(u32::MAX) }
    }
}

/// Longest body that can be declared: what the signed numbers of applications hold.
pub(crate) const MAX_LENGTH: u64 = i64::MAX as u64;

/// Fills a [`RequestHead`]: first the request line, then every field, then `finish`.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact, seen field by field")]
pub(crate) struct Builder<'a> {
    head: &'a mut RequestHead,
    limits: &'a Limits,
    content_length: Option<u64>,
    transfer: Transfer,
    hosts: u8,
    host: Span,
    has_absolute_authority: bool,
    cookie: Option<usize>,
    wants_upgrade: bool,
    is_upgrade_websocket: bool,
    wants_keep_alive: bool,
    count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transfer {
    None,
    Chunked,
    /// A coding follows or precedes that this server does not undo.
    Unknown,
    /// `chunked` is not last, or twice.
    Broken,
}

impl<'a> Builder<'a> {
    /// Starts over in `head`.
    pub(crate) fn new(head: &'a mut RequestHead, version: HttpVersion, limits: &'a Limits) -> Self {
        let mut text = std::mem::take(&mut head.text);
        let mut fields = std::mem::take(&mut head.fields);
        text.clear();
        fields.clear();
        *head = RequestHead { text, fields, version, ..RequestHead::default() };
        // Room for `host`, which always stands first.
        head.fields.push(Field { id: id::HOST, name: Span::default(), value: Span::default() });
        Self {
            head,
            limits,
            content_length: None,
            transfer: Transfer::None,
            hosts: 0,
            host: Span::default(),
            has_absolute_authority: false,
            cookie: None,
            wants_upgrade: false,
            is_upgrade_websocket: false,
            wants_keep_alive: false,
            count: 0,
        }
    }

    /// The method: a token without lower-case letters.
    pub(crate) fn method(&mut self, method: &[u8]) -> Result<(), Failure> {
        match method_id(method) {
            0 if !field::is_token(method) || method.len() > 64 => return Err(Failure::BadMethod),
            0 if method.iter().any(u8::is_ascii_lowercase) => return Err(Failure::BadMethod),
            id if METHODS.get(usize::from(id)) == Some(&"CONNECT") => return Err(Failure::NotImplemented),
            _ => {}
        }
        self.head.method = self.head.store(method);
        Ok(())
    }

    /// The method of an extended CONNECT (RFC 8441) that opens a WebSocket: the application sees a GET.
    pub(crate) fn websocket_connect(&mut self) {
        self.head.method = self.head.store(b"GET");
        self.head.upgrade = Upgrade::WebSocket;
    }

    /// The request target of h1: origin form, absolute form, or `*` for OPTIONS (RFC 9112 3.2).
    pub(crate) fn target(&mut self, target: &[u8]) -> Result<(), Failure> {
        if target.starts_with(b"/") {
            return self.path_and_query(target);
        }
        if target == b"*" {
            return if self.head.method() == "OPTIONS" { self.path_and_query(target) } else { Err(Failure::BadTarget) };
        }
        let (is_https, rest) = split_scheme(target).ok_or(Failure::BadTarget)?;
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        self.head.target_scheme_is_https = Some(is_https);
        self.authority(authority)?;
        self.has_absolute_authority = true;
        match path.first() {
            None if self.head.method() == "OPTIONS" => self.path_and_query(b"*"),
            None => self.path_and_query(b"/"),
            Some(b'/') => self.path_and_query(path),
            Some(_) => {
                let mut rooted = Vec::with_capacity(path.len() + 1);
                rooted.push(b'/');
                rooted.extend_from_slice(path);
                self.path_and_query(&rooted)
            }
        }
    }

    /// Path and query: `:path` of h2, or the origin form.
    pub(crate) fn path_and_query(&mut self, target: &[u8]) -> Result<(), Failure> {
        if !target.iter().all(|byte| is_target_byte(*byte)) {
            return Err(Failure::BadTarget);
        }
        if !(target.starts_with(b"/") || target == b"*" && self.head.method() == "OPTIONS") {
            return Err(Failure::BadTarget);
        }
        let (path, query) = match memchr::memchr(b'?', target) {
            Some(at) => (target.get(..at).unwrap_or_default(), target.get(at + 1..)),
            None => (target, None),
        };
        self.head.path = self.head.store(path);
        self.head.has_query = query.is_some();
        self.head.query = self.head.store(query.unwrap_or_default());
        Ok(())
    }

    /// `:authority` of h2, or the authority of an absolute target: takes the place of Host.
    pub(crate) fn authority(&mut self, authority: &[u8]) -> Result<(), Failure> {
        if !is_authority(authority) {
            return Err(Failure::BadHost);
        }
        self.head.authority = self.head.store(authority);
        self.has_absolute_authority = true;
        Ok(())
    }

    /// One field line. The name may be in any case; the value is trimmed already.
    pub(crate) fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Failure> {
        self.count += 1;
        if self.count > self.limits.header_count {
            return Err(Failure::HeaderTooLarge);
        }
        if value.len() > tlsgi_wire::MAX_FIELD {
            return Err(Failure::HeaderTooLarge);
        }
        let start = u32::try_from(self.head.text.len()).unwrap_or(u32::MAX);
        if name.len() > 1024 || !field::is_value(value) || !field::push_token(&mut self.head.text, name) {
            return Err(Failure::BadField);
        }
        let span = Span { start, end: u32::try_from(self.head.text.len()).unwrap_or(u32::MAX) };
        let id = name_id(self.head.slice(span));
        self.take(id, span, value)
    }

    /// One field line whose name is lower-case and known to be valid, with its wire id or 0, and whose value has no control bytes.
    pub(crate) fn sound_field(&mut self, id: u8, name: &[u8], value: &[u8]) -> Result<(), Failure> {
        self.count += 1;
        if self.count > self.limits.header_count || value.len() > tlsgi_wire::MAX_FIELD {
            return Err(Failure::HeaderTooLarge);
        }
        if name.len() > 1024 {
            return Err(Failure::BadField);
        }
        let name = self.head.store(name);
        self.take(id, name, value)
    }

    fn take(&mut self, id: u8, span: Span, value: &[u8]) -> Result<(), Failure> {
        let value_span = self.head.store(value);
        let lower = self.head.slice(span);
        match lower {
            b"host" => return self.host(value, value_span),
            b"content-length" => self.length(value)?,
            b"transfer-encoding" => return self.transfer_encoding(value),
            b"connection" => return self.connection(value),
            b"upgrade" => {
                self.is_upgrade_websocket |= field::list(value).any(|member| member.eq_ignore_ascii_case(b"websocket"));
                return Ok(());
            }
            b"te" => {
                self.head.accepts_trailers |= field::list(value).any(|member| member.eq_ignore_ascii_case(b"trailers"));
                return Ok(());
            }
            b"expect" => return self.expect(value),
            b"cookie" => return self.cookie(span, value_span),
            // A name that WSGI would map onto another one, or onto HTTP_PROXY, never reaches an application.
            b"proxy" => return Ok(()),
            name if id == 0 && (name.contains(&b'_') || field::is_hop_by_hop(name)) => return Ok(()),
            // Only this server says who the client is (RFC 9440 2.4).
            name if id == 0 && field::is_client_certificate(name) => return Ok(()),
            _ => {}
        }
        let speaks_of_proxies = is_proxy_field(self.head.slice(span));
        self.head.speaks_of_proxies |= speaks_of_proxies;
        self.head.fields.push(Field { id, name: span, value: value_span });
        Ok(())
    }

    /// Checks the whole and settles the body's length.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.finish_head().map(drop)
    }

    /// As [`Self::finish`]; the head is given back.
    pub(crate) fn finish_head(mut self) -> Result<&'a mut RequestHead, Failure> {
        let is_h1 = self.head.version <= HttpVersion::Http11;
        self.settle_host()?;
        let head = self.head;
        head.body = match (self.transfer, self.content_length) {
            (Transfer::Broken, _) | (Transfer::Chunked | Transfer::Unknown, Some(_)) => return Err(Failure::BadLength),
            (Transfer::Unknown, _) => return Err(Failure::NotImplemented),
            (Transfer::Chunked, None) if head.version != HttpVersion::Http11 => return Err(Failure::BadLength),
            (Transfer::Chunked, None) => BodyLength::Unknown,
            (Transfer::None, Some(0)) => BodyLength::Empty,
            (Transfer::None, Some(length)) => BodyLength::Known(length),
            (Transfer::None, None) if is_h1 => BodyLength::Empty,
            // h2: the protocol says whether the stream ended with the head.
            (Transfer::None, None) => BodyLength::Unknown,
        };
        if is_h1 {
            if head.version == HttpVersion::Http10 {
                head.wants_close |= !self.wants_keep_alive;
                head.expects_continue = false;
            }
            let wants_websocket = self.wants_upgrade && self.is_upgrade_websocket;
            if wants_websocket && head.version == HttpVersion::Http11 && head.method() == "GET" {
                head.upgrade = Upgrade::WebSocket;
            }
        }
        if let BodyLength::Known(length) = head.body
            && self.limits.body_bytes.is_some_and(|limit| length > limit)
        {
            return Err(Failure::BodyTooLarge);
        }
        Ok(head)
    }

    /// One host, whoever named it: an absolute target or `:authority` before the Host field (RFC 9112 3.2.2).
    fn settle_host(&mut self) -> Result<(), Failure> {
        let version = self.head.version;
        if version == HttpVersion::Http11 && self.hosts == 0 {
            return Err(Failure::BadHost);
        }
        if !self.has_absolute_authority {
            if version >= HttpVersion::Http2 && self.hosts == 0 {
                return Err(Failure::BadHost);
            }
            self.head.authority = self.host;
        } else if version >= HttpVersion::Http2 && self.hosts == 1 {
            let (host, authority) = (self.head.slice(self.host), self.head.slice(self.head.authority));
            if !host.eq_ignore_ascii_case(authority) {
                return Err(Failure::BadHost);
            }
        }
        let authority = self.head.authority;
        if authority == Span::default() {
            self.head.fields.remove(0);
            return Ok(());
        }
        let name = self.head.store(b"host");
        if let Some(first) = self.head.fields.first_mut() {
            *first = Field { id: id::HOST, name, value: authority };
        }
        Ok(())
    }

    fn host(&mut self, value: &[u8], span: Span) -> Result<(), Failure> {
        self.hosts += 1;
        if self.hosts > 1 || !is_authority(value) {
            return Err(Failure::BadHost);
        }
        self.host = span;
        Ok(())
    }

    fn length(&mut self, value: &[u8]) -> Result<(), Failure> {
        if self.content_length.is_some() || value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(Failure::BadLength);
        }
        let text = str::from_utf8(value).map_err(|_| Failure::BadLength)?;
        let length = text.parse().ok().filter(|length| *length <= MAX_LENGTH).ok_or(Failure::BadLength)?;
        self.content_length = Some(length);
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Failure> {
        if self.head.version >= HttpVersion::Http2 {
            return Err(Failure::BadField);
        }
        let mut members = 0;
        for member in value.split(|byte| *byte == b',').map(field::trim) {
            members += 1;
            self.transfer = match (self.transfer, member.eq_ignore_ascii_case(b"chunked")) {
                (Transfer::None, true) => Transfer::Chunked,
                (Transfer::Chunked | Transfer::Broken, _) => Transfer::Broken,
                (Transfer::None, false) if !field::is_token(member) => Transfer::Broken,
                (Transfer::None | Transfer::Unknown, _) => Transfer::Unknown,
            };
        }
        if members == 0 { Err(Failure::BadLength) } else { Ok(()) }
    }

    fn connection(&mut self, value: &[u8]) -> Result<(), Failure> {
        if self.head.version >= HttpVersion::Http2 {
            return Err(Failure::BadField);
        }
        for member in field::list(value) {
            self.head.wants_close |= member.eq_ignore_ascii_case(b"close");
            self.wants_keep_alive |= member.eq_ignore_ascii_case(b"keep-alive");
            self.wants_upgrade |= member.eq_ignore_ascii_case(b"upgrade");
            if !field::is_hop_by_hop(&member.to_ascii_lowercase()) && !is_option(member) {
                let span = self.head.store(&member.to_ascii_lowercase());
                self.head.nominated.push(span);
            }
        }
        Ok(())
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Failure> {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Failure::Expectation);
        }
        self.head.expects_continue = true;
        Ok(())
    }

    /// Joins cookie crumbs with `; ` (RFC 9113 8.2.3), for every version alike.
    fn cookie(&mut self, name: Span, value: Span) -> Result<(), Failure> {
        let Some(at) = self.cookie else {
            self.cookie = Some(self.head.fields.len());
            self.head.fields.push(Field { id: id::COOKIE, name, value });
            return Ok(());
        };
        let Some(known) = self.head.fields.get(at).map(|field| field.value) else { return Ok(()) };
        let mut joined = self.head.slice(known).to_vec();
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(self.head.slice(value));
        if joined.len() > tlsgi_wire::MAX_FIELD {
            return Err(Failure::HeaderTooLarge);
        }
        let span = self.head.store(&joined);
        if let Some(field) = self.head.fields.get_mut(at) {
            field.value = span;
        }
        Ok(())
    }
}

/// Whether a member of `Connection` is no name of a field.
fn is_option(member: &[u8]) -> bool {
    member.eq_ignore_ascii_case(b"close")
}

/// Host and port text of an authority; the port without its colon.
pub(crate) fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rfind(':') {
        Some(at) if !authority.ends_with(']') && !authority.get(at..).unwrap_or_default().contains(']') => {
            (authority.get(..at).unwrap_or_default(), authority.get(at + 1..))
        }
        _ => (authority, None),
    }
}

/// `http://` or `https://` in any case, and what follows.
fn split_scheme(target: &[u8]) -> Option<(bool, &[u8])> {
    for (scheme, is_https) in [(&b"http://"[..], false), (b"https://", true)] {
        if let Some((start, rest)) = target.split_at_checked(scheme.len())
            && start.eq_ignore_ascii_case(scheme)
        {
            return Some((is_https, rest));
        }
    }
    None
}

/// Visible ASCII without `#`: what may stand in a target. Anything else must be percent-encoded (RFC 3986 2).
const fn is_target_byte(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~') && byte != b'#'
}

/// `host [":" port]` without user information (RFC 9110 4.2, 7.2).
pub(crate) fn is_authority(authority: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(authority) else { return false };
    let (host, port) = split_port(text);
    let is_port = port.is_none_or(|port| {
        port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    is_port && host.len() <= 255 && is_host(host.as_bytes())
}

fn is_host(host: &[u8]) -> bool {
    if let Some(inner) = host.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
        return str::from_utf8(inner).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
    }
    !host.is_empty()
        && host.iter().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&' | b'\'')
                || matches!(byte, b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Lines<'a> = &'a [(&'a str, &'a str)];

    fn build(method: &str, target: &str, fields: Lines<'_>) -> Result<RequestHead, Failure> {
        build_version(HttpVersion::Http11, method, target, fields)
    }

    fn build_version(
        version: HttpVersion,
        method: &str,
        target: &str,
        fields: Lines<'_>,
    ) -> Result<RequestHead, Failure> {
        let limits = Limits::default();
        let mut head = RequestHead::default();
        let mut builder = Builder::new(&mut head, version, &limits);
        builder.method(method.as_bytes())?;
        builder.target(target.as_bytes())?;
        for (name, value) in fields {
            builder.field(name.as_bytes(), value.as_bytes())?;
        }
        builder.finish()?;
        Ok(head)
    }

    fn check(method: &str, target: &str, fields: Lines<'_>, expect: Result<(), Failure>) {
        assert_eq!(build(method, target, fields).map(drop), expect, "{method} {target} {fields:?}");
    }

    const HOST: (&str, &str) = ("Host", "a.test");

    #[test]
    fn framing_is_never_ambiguous() {
        check("POST", "/", &[HOST, ("Content-Length", "3")], Ok(()));
        check("POST", "/", &[HOST, ("Content-Length", "3"), ("Content-Length", "3")], Err(Failure::BadLength));
        check("POST", "/", &[HOST, ("Content-Length", "3, 3")], Err(Failure::BadLength));
        check("POST", "/", &[HOST, ("Content-Length", "+3")], Err(Failure::BadLength));
        check("POST", "/", &[HOST, ("Content-Length", "18446744073709551616")], Err(Failure::BadLength));
        check("POST", "/", &[HOST, ("Content-Length", "9223372036854775808")], Err(Failure::BadLength));
        let chunked = ("Transfer-Encoding", "chunked");
        check("POST", "/", &[HOST, chunked], Ok(()));
        check("POST", "/", &[HOST, chunked, ("Content-Length", "3")], Err(Failure::BadLength));
        check("POST", "/", &[HOST, chunked, chunked], Err(Failure::BadLength));
        check("POST", "/", &[HOST, ("Transfer-Encoding", "chunked, gzip")], Err(Failure::BadLength));
        check("POST", "/", &[HOST, ("Transfer-Encoding", "gzip, chunked")], Err(Failure::NotImplemented));
        check("POST", "/", &[HOST, ("Transfer-Encoding", "\x0bchunked")], Err(Failure::BadField));
        check("POST", "/", &[HOST, ("Transfer-Encoding", "")], Err(Failure::BadLength));
        let old = build_version(HttpVersion::Http10, "POST", "/", &[HOST, chunked]);
        assert_eq!(old.map(drop), Err(Failure::BadLength));
    }

    #[test]
    fn one_valid_host_is_required() {
        check("GET", "/", &[], Err(Failure::BadHost));
        check("GET", "/", &[HOST, HOST], Err(Failure::BadHost));
        check("GET", "/", &[("Host", "")], Err(Failure::BadHost));
        check("GET", "/", &[("Host", "a b")], Err(Failure::BadHost));
        check("GET", "/", &[("Host", "user@a.test")], Err(Failure::BadHost));
        check("GET", "/", &[("Host", "a.test:x")], Err(Failure::BadHost));
        check("GET", "/", &[("Host", "a.test:65536")], Err(Failure::BadHost));
        check("GET", "/", &[("Host", "a.test:+80")], Err(Failure::BadHost));
        check("GET", "/", &[("Host", "a.test:")], Ok(()));
        check("GET", "/", &[("Host", "[::1]:8443")], Ok(()));
        assert!(build_version(HttpVersion::Http10, "GET", "/", &[]).is_ok());
    }

    #[test]
    fn absolute_target_names_the_host() {
        let head = build("GET", "http://b.test:81?x=1", &[HOST]).expect("valid");
        assert_eq!((head.authority(), head.path(), head.query()), ("b.test:81", &b"/"[..], &b"x=1"[..]));
        assert_eq!(head.field("host"), Some(&b"b.test:81"[..]));
        check("GET", "ftp://b.test/", &[HOST], Err(Failure::BadTarget));
        check("GET", "b.test:443", &[HOST], Err(Failure::BadTarget));
        check("GET", "*", &[HOST], Err(Failure::BadTarget));
        check("OPTIONS", "*", &[HOST], Ok(()));
        check("CONNECT", "b.test:443", &[HOST], Err(Failure::NotImplemented));
        check("GET", "/\u{e9}", &[HOST], Err(Failure::BadTarget));
    }

    #[test]
    fn aliases_and_connection_fields_never_reach_the_application() {
        let fields = [HOST, ("X_Forwarded_Proto", "https"), ("Proxy", "x"), ("Keep-Alive", "1"), ("X-Own", "1")];
        let head = build("GET", "/", &fields).expect("valid");
        let names: Vec<_> = head.fields().map(|(_, name, _)| name.to_vec()).collect();
        assert_eq!(names, [b"host".to_vec(), b"x-own".to_vec()]);
    }

    #[test]
    fn cookie_crumbs_are_joined() {
        let head = build("GET", "/", &[HOST, ("Cookie", "a=1"), ("Accept", "*/*"), ("cookie", "b=2")]).expect("valid");
        assert_eq!(head.field("cookie"), Some(&b"a=1; b=2"[..]));
    }

    #[test]
    fn methods_are_upper_case_tokens() {
        check("get", "/", &[HOST], Err(Failure::BadMethod));
        check("G(T", "/", &[HOST], Err(Failure::BadMethod));
        check("PURGE", "/", &[HOST], Ok(()));
    }
}
