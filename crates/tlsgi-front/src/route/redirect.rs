//! Plain HTTP to https, and aliases to the canonical name: same path and query byte for byte.

use tlsgi_config::config::{RedirectTo, Site};

use super::files::path::under;
use super::host::normal;
use super::{Door, Route};
use crate::http::failure::Failure;
use crate::http::field::FieldBlock;
use crate::http::head::{RequestHead, split_port};
use crate::http::response::ResponseHead;

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirect {
    status: u16,
    location: Vec<u8>,
}

impl Redirect {
    /// The answer: no body, not cached beyond what the method's status allows.
    pub(crate) fn response(&self) -> ResponseHead {
        ResponseHead::own(self.status, &FieldBlock::default().with("location", &self.location), 0)
    }
}

/// To the public HTTPS port.
pub(crate) fn to_port(head: &RequestHead, https_port: u16) -> Route<'static> {
    redirect(head, head.host(), https_port)
}

/// To the port that the client already talks to: it sent plain HTTP to a TLS port.
pub(crate) fn to_same_port(head: &RequestHead, local_port: u16) -> Route<'static> {
    let (host, port) = split_port(head.authority());
    // A Unix socket has no port: whatever stands before it has the usual one.
    let local_port = if local_port == 0 { 443 } else { local_port };
    redirect(head, host, port.and_then(|port| port.parse().ok()).unwrap_or(local_port))
}

/// To the name that the site wants to be called by: same scheme, same port, same path. None where the request says that name, or
/// the site has none.
pub(super) fn to_canonical(site: &Site, head: &RequestHead, door: Door) -> Option<Route<'static>> {
    let canonical = site.canonical.as_deref()?;
    let (host, port) = split_port(head.authority());
    if normal(host) == canonical {
        return None;
    }
    let scheme = if door == Door::Http { "http" } else { "https" };
    let authority = match port.filter(|port| !port.is_empty()) {
        Some(port) => format!("{canonical}:{port}"),
        None => canonical.to_owned(),
    };
    Some(Route::Redirect(to(head, &format!("{scheme}://{authority}"))))
}

/// Where a rule of the site sends a path: the rest of the path and the query are kept.
pub(super) fn by_rule(rules: &[RedirectTo], head: &RequestHead, door: Door) -> Option<Route<'static>> {
    let (rule, rest) = rules.iter().find_map(|rule| {
        let rest = under(head.path(), &rule.prefix)?;
        let is_itself = rest.is_empty() || (rest == b"/" && rule.prefix.is_empty());
        (is_itself || !rule.is_exact).then_some((rule, if rule.is_exact { &b""[..] } else { rest }))
    })?;
    let mut location = Vec::new();
    if rule.target.starts_with('/') {
        // Together with the rest of a path, a path alone might name another host.
        if head.authority().is_empty() {
            return Some(Route::Refuse(Failure::BadHost));
        }
        let scheme = if door == Door::Http { "http://" } else { "https://" };
        location.extend_from_slice(scheme.as_bytes());
        location.extend_from_slice(head.authority().as_bytes());
    }
    location.extend_from_slice(rule.target.as_bytes());
    // Behind a host, the rest begins with its own slash, and so it does behind a path that ends in one.
    let rest = if rule.target.ends_with('/') { rest.strip_prefix(b"/").unwrap_or(rest) } else { rest };
    location.extend_from_slice(rest);
    if !head.query().is_empty() && !rule.target.contains('?') {
        location.push(b'?');
        location.extend_from_slice(head.query());
    }
    Some(Route::Redirect(Redirect { status: rule.status, location }))
}

/// To the same path with a slash at its end. The path has been read as that of a directory: it begins with one slash.
pub(super) fn to_directory(head: &RequestHead) -> Redirect {
    let (path, query) = (head.path(), head.query());
    let mut location = [path, b"/"].concat();
    if !query.is_empty() {
        location.extend_from_slice(&[b"?", query].concat());
    }
    Redirect { status: 301, location }
}

fn redirect(head: &RequestHead, host: &str, port: u16) -> Route<'static> {
    if host.is_empty() {
        return Route::Refuse(Failure::BadHost);
    }
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    Route::Redirect(to(head, &format!("https://{host}{port}")))
}

/// The same path and query there.
fn to(head: &RequestHead, origin: &str) -> Redirect {
    // 308 keeps method and body; old clients know only 301, which GET and HEAD survive unchanged (RFC 9110 15.4.9).
    let status = if matches!(head.method(), "GET" | "HEAD") { 301 } else { 308 };
    let mut location = origin.as_bytes().to_vec();
    if head.path() == b"*" {
        location.push(b'/');
    } else {
        location.extend_from_slice(&head.path_and_query());
    }
    Redirect { status, location }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::h1::parse::{Scan, parse};
    use tlsgi_config::config::Limits;

    fn check(request: &str, port: u16, expect: (u16, &str)) {
        let mut head = RequestHead::default();
        let text = format!("{request}\r\n\r\n");
        parse(text.as_bytes(), &mut Scan::default(), &mut head, &Limits::default()).expect("valid").expect("whole");
        let Route::Redirect(redirect) = to_port(&head, port) else { panic!("no redirect for {request:?}") };
        assert_eq!((redirect.status, str::from_utf8(&redirect.location).expect("ascii")), expect);
    }

    #[test]
    fn path_and_query_survive_byte_for_byte() {
        check(
            "GET /a%2Fb//../c?x=%00&y HTTP/1.1\r\nHost: a.test:8080",
            8443,
            (301, "https://a.test:8443/a%2Fb//../c?x=%00&y"),
        );
        check("POST /? HTTP/1.1\r\nHost: a.test", 443, (308, "https://a.test/?"));
        check("GET http://b.test/x HTTP/1.1\r\nHost: a.test", 443, (301, "https://b.test/x"));
        check("GET //evil.test/ HTTP/1.1\r\nHost: [::1]:80", 8443, (301, "https://[::1]:8443//evil.test/"));
    }

    fn check_rule(rules: &[(&str, bool, u16, &str)], target: &str, expect: Option<(u16, &str)>) {
        let rule = |&(prefix, is_exact, status, target): &(&str, bool, u16, &str)| RedirectTo {
            prefix: prefix.to_owned(),
            is_exact,
            status,
            target: target.to_owned(),
        };
        let rules: Vec<RedirectTo> = rules.iter().map(rule).collect();
        let mut head = RequestHead::default();
        let text = format!("GET {target} HTTP/1.1\r\nHost: a.test:8443\r\n\r\n");
        parse(text.as_bytes(), &mut Scan::default(), &mut head, &Limits::default()).expect("valid").expect("whole");
        let found = by_rule(&rules, &head, Door::Https).map(|route| match route {
            Route::Redirect(redirect) => (redirect.status, String::from_utf8(redirect.location).expect("ascii")),
            other => panic!("{other:?} for {target:?}"),
        });
        assert_eq!(found.as_ref().map(|(status, text)| (*status, text.as_str())), expect, "{target}");
    }

    #[test]
    fn rules_keep_the_rest_of_the_path_and_lead_to_no_other_host() {
        let rules = [
            ("", true, 301, "/start/"),
            ("/docs/v1", false, 301, "https://docs.test/one/"),
            ("/old", false, 302, "/new"),
            ("/out", false, 308, "https://b.test"),
            ("/up", false, 302, "/"),
        ];
        for (target, expect) in [
            ("/", Some((301, "https://a.test:8443/start/"))),
            ("/?a=b", Some((301, "https://a.test:8443/start/?a=b"))),
            ("/else", None),
            ("/old", Some((302, "https://a.test:8443/new"))),
            ("/old/a%20b/?x=1", Some((302, "https://a.test:8443/new/a%20b/?x=1"))),
            ("/older", None),
            ("/docs/v1/a", Some((301, "https://docs.test/one/a"))),
            ("/docs/v1", Some((301, "https://docs.test/one/"))),
            ("/out/x", Some((308, "https://b.test/x"))),
            ("/out.evil.test", None),
            ("/up//evil.test/", Some((302, "https://a.test:8443//evil.test/"))),
        ] {
            check_rule(&rules, target, expect);
        }
        check_rule(&[("", false, 302, "https://b.test/")], "/x?y", Some((302, "https://b.test/x?y")));
        check_rule(&[("", false, 302, "https://b.test/")], "//c.test", Some((302, "https://b.test//c.test")));
    }
}
