//! Which part of a site goes where: `PREFIX=TARGET`.

use super::path::prefix;
use super::{Form, Refusal, Value};
use crate::config::{Upstream, UpstreamAddress, UpstreamProtocol};

/// `PREFIX=TARGET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRule {
    /// URL prefix, decoded; empty for the root.
    pub prefix: String,
    /// Where it goes.
    pub target: RouteTarget,
}

/// Where a route goes, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteTarget {
    /// `pool:NAME`, or `pool:NAME@MOUNT`.
    Pool {
        /// Which.
        name: String,
        /// Where the application is told to be mounted, when that is not the prefix itself: a parent of it, or, for the route of the
        /// root, what a proxy in front cut off.
        mount: Option<String>,
    },
    /// Another server.
    Upstream {
        /// Which; the path of a Unix socket as written.
        upstream: Upstream,
        /// What it gets in the place of the prefix, decoded, empty for the root. Nothing is replaced without.
        base: Option<String>,
    },
}

/// Name of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolName(pub String);

const EXAMPLE: &str = "for example `/api=pool:api`, or `/old=http://127.0.0.1:8000`";

impl Value for RouteRule {
    const FORM: Form = Form::Pair;

    fn read(text: &str) -> Result<Self, Refusal> {
        let Some((url, target)) = text.split_once('=') else {
            return Err(Refusal::new("expected `PREFIX=TARGET`").hint(EXAMPLE));
        };
        let prefix = prefix(url)?;
        let target = read_target(target.trim(), &prefix)?;
        Ok(Self { prefix, target })
    }

    fn write(&self) -> String {
        let shown = |prefix: &str| if prefix.is_empty() { "/".to_owned() } else { prefix.to_owned() };
        let target = match &self.target {
            RouteTarget::Pool { name, mount: None } => format!("pool:{name}"),
            RouteTarget::Pool { name, mount: Some(mount) } => format!("pool:{name}@{}", shown(mount)),
            RouteTarget::Upstream { upstream, base: None } => upstream.to_string(),
            RouteTarget::Upstream { upstream, base: Some(base) } => match upstream.address {
                UpstreamAddress::Tcp { .. } => format!("{upstream}{}", shown(base)),
                UpstreamAddress::Unix(_) => format!("{upstream}:{}", shown(base)),
            },
        };
        format!("{}={target}", shown(&self.prefix))
    }
}

fn read_target(text: &str, url: &str) -> Result<RouteTarget, Refusal> {
    if let Some(name) = text.strip_prefix("pool:") {
        let (name, mount) = match name.split_once('@') {
            Some((name, mount)) => (name, Some(prefix(mount)?)),
            None => (name, None),
        };
        let fits = |mount: &String| url.is_empty() || url.strip_prefix(mount.as_str()).is_some_and(is_segment);
        if mount.as_ref().is_some_and(|mount| !fits(mount)) {
            return Err(Refusal::new("a mount is the prefix of the route or a parent of it")
                .hint("`/shop/admin=pool:shop@/shop` is one, `/shop=pool:shop@/` leaves the whole path"));
        }
        return Ok(RouteTarget::Pool { name: PoolName::read(name)?.0, mount });
    }
    let upstream = |protocol, found: Result<(UpstreamAddress, Option<&str>), Refusal>| {
        let (address, base) = found?;
        // What is replaced by itself stays.
        let base = base.map(prefix).transpose()?.filter(|base| base != url);
        Ok(RouteTarget::Upstream { upstream: Upstream { protocol, address }, base })
    };
    match text.split_once(':') {
        Some(("http", rest)) => upstream(UpstreamProtocol::Http, tcp(rest)),
        Some(("uwsgi", rest)) => upstream(UpstreamProtocol::Uwsgi, tcp(rest)),
        Some(("http+unix", rest)) => upstream(UpstreamProtocol::Http, unix(rest)),
        Some(("uwsgi+unix", rest)) => upstream(UpstreamProtocol::Uwsgi, unix(rest)),
        _ => Err(Refusal::new(
            "expected `pool:NAME`, `http://HOST:PORT`, `http+unix:/PATH`, `uwsgi://HOST:PORT` or `uwsgi+unix:/PATH`",
        )
        .hint(EXAMPLE)),
    }
}

fn is_segment(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

fn tcp(rest: &str) -> Result<(UpstreamAddress, Option<&str>), Refusal> {
    let rest = rest.strip_prefix("//").ok_or_else(|| Refusal::new("expected two slashes before the host"))?;
    let (authority, base) = match rest.find('/') {
        Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at..)),
        None => (rest, None),
    };
    let (host, port) =
        authority.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.ends_with(':')).ok_or_else(|| {
            Refusal::new("expected `HOST:PORT`").hint("the port is always written, for example `http://127.0.0.1:8000`")
        })?;
    let port = port.parse().ok().filter(|&port| port > 0).ok_or_else(|| Refusal::new("a port is 1 to 65535"))?;
    let is_address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match is_address {
        Some(address) if address.parse::<std::net::Ipv6Addr>().is_ok() => {}
        None if host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) => {}
        _ => return Err(Refusal::new("this is neither a host name nor an address")),
    }
    Ok((UpstreamAddress::Tcp { host: is_address.unwrap_or(host).to_ascii_lowercase(), port }, base))
}

/// A path, and behind `:` another one that begins with a slash.
fn unix(rest: &str) -> Result<(UpstreamAddress, Option<&str>), Refusal> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, base) = match rest.rfind(":/") {
        Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + 1..)),
        None => (rest, None),
    };
    Ok((super::path::path(path).map(UpstreamAddress::Unix)?, base))
}

impl Value for PoolName {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.len() > 64 || !text.chars().all(is_fit) || text.starts_with(['.', '-']) {
            return Err(Refusal::new("a pool's name has letters, digits, `-`, `_` and `.`, at most 64"));
        }
        if matches!(text, "none" | "0") {
            return Err(Refusal::new("`none` and `0` mean no pool"));
        }
        Ok(Self(text.to_owned()))
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.protocol {
            UpstreamProtocol::Http => "http",
            UpstreamProtocol::Uwsgi => "uwsgi",
        };
        match &self.address {
            UpstreamAddress::Tcp { host, port } if host.contains(':') => write!(f, "{scheme}://[{host}]:{port}"),
            UpstreamAddress::Tcp { host, port } => write!(f, "{scheme}://{host}:{port}"),
            UpstreamAddress::Unix(path) => write!(f, "{scheme}+unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(RouteRule::read(text).ok().map(|rule| rule.write()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn routes_have_a_prefix_and_a_target() {
        check("/api=pool:api", Some("/api=pool:api"));
        check("/api/=pool:api", Some("/api=pool:api"));
        check("/=pool:a.b-c_1", Some("/=pool:a.b-c_1"));
        check("/shop/admin=pool:shop@/shop", Some("/shop/admin=pool:shop@/shop"));
        check("/shop=pool:shop@/", Some("/shop=pool:shop@/"));
        check("/old=http://Localhost:8000", Some("/old=http://localhost:8000"));
        check("/old=http://Localhost:8000/", Some("/old=http://localhost:8000/"));
        check("/old=http://localhost:8000/new/", Some("/old=http://localhost:8000/new"));
        check("/old=http://localhost:8000/old/", Some("/old=http://localhost:8000"));
        check("/=http://localhost:8000/", Some("/=http://localhost:8000"));
        check("/old=http+unix:/run/a.sock:/", Some("/old=http+unix:/run/a.sock:/"));
        check("/old=uwsgi+unix:/run/a.sock:/new", Some("/old=uwsgi+unix:/run/a.sock:/new"));
        check("/=http://[::1]:80", Some("/=http://[::1]:80"));
        check("/=uwsgi://127.0.0.1:3031", Some("/=uwsgi://127.0.0.1:3031"));
        check("/=uwsgi+unix:/run/a.sock", Some("/=uwsgi+unix:/run/a.sock"));
        check("/=http+unix:///run/a.sock", Some("/=http+unix:/run/a.sock"));
        for wrong in [
            "",
            "/api",
            "api=pool:api",
            "/api=api",
            "/api=pool:",
            "/api=pool:none",
            "/api=pool:a b",
            "/api=pool:../x",
            "/api=pool:a@/ap",
            "/api=pool:a@/other",
            "/api=https://a:1",
            "/api=http://a",
            "/api=http:a:1",
            "/api=http://:1",
            "/api=http://a:0",
            "/api=http://a:65536",
            "/api=http://::1:80",
            "/api=http://a/b:80",
            "/api=http+unix:",
        ] {
            check(wrong, None);
        }
    }
}
