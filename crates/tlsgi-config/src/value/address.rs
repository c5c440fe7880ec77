//! Addresses to listen on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use super::{Form, Refusal, Value};
use crate::config::ListenerAddress;

/// One address, or a word for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// 127.0.0.1 and ::1.
    Localhost,
    /// 0.0.0.0 and ::.
    Everywhere,
}

/// A whole listening address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// `HOST:PORT`.
    Tcp(Host, u16),
    /// `unix:PATH`.
    Unix(PathBuf),
    /// `fd://N`.
    Inherited(i32),
}

impl Host {
    /// The addresses it stands for, IPv4 first.
    #[must_use]
    pub fn addresses(self) -> Vec<IpAddr> {
        match self {
            Self::Address(address) => vec![address],
            Self::Localhost => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            Self::Everywhere => vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
        }
    }
}

impl Bind {
    /// The listeners it stands for; a relative socket path is left as it is.
    #[must_use]
    pub fn addresses(&self) -> Vec<ListenerAddress> {
        match self {
            Self::Tcp(host, port) => {
                let tcp = |address| ListenerAddress::Tcp(SocketAddr::new(address, *port));
                host.addresses().into_iter().map(tcp).collect()
            }
            Self::Unix(path) => vec![ListenerAddress::Unix(path.clone())],
            Self::Inherited(descriptor) => vec![ListenerAddress::Inherited(*descriptor)],
        }
    }
}

impl Value for Host {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        match text {
            "localhost" => return Ok(Self::Localhost),
            "*" => return Ok(Self::Everywhere),
            _ => {}
        }
        text.strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text)
            .parse()
            .map(Self::Address)
            .map_err(|_| {
                Refusal::new("expected an address of this machine, `localhost`, or `*` for every address")
                    .hint("the names that are served belong to `--server-name`")
            })
    }

    fn write(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Localhost => "localhost".to_owned(),
            Self::Everywhere => "*".to_owned(),
        }
    }
}

impl Value for Bind {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if let Some(descriptor) = text.strip_prefix("fd://") {
            // 0, 1 and 2 are the standard streams.
            return descriptor
                .parse()
                .ok()
                .filter(|&number| number > 2)
                .map(Self::Inherited)
                .ok_or_else(|| Refusal::new("expected `fd://N` with the number of an inherited socket, 3 or more"));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() || path.contains('\0') {
                Err(Refusal::new("expected `unix:PATH`"))
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err(Refusal::new("expected `ADDRESS:PORT`, `unix:PATH` or `fd://N`"));
        };
        let is_bare_ipv6 = host.contains(':') && !host.starts_with('[');
        if is_bare_ipv6 {
            return Err(
                Refusal::new("an IPv6 address with a port is written in brackets").hint("for example `[::1]:8443`")
            );
        }
        let port = super::Port::read(port)?.0;
        let host = if host.is_empty() { Host::Everywhere } else { Host::read(host)? };
        Ok(Self::Tcp(host, port))
    }

    fn write(&self) -> String {
        match self {
            Self::Tcp(Host::Address(IpAddr::V6(address)), port) => format!("[{address}]:{port}"),
            Self::Tcp(host, port) => format!("{}:{port}", host.write()),
            Self::Unix(path) => format!("unix:{}", path.display()),
            Self::Inherited(descriptor) => format!("fd://{descriptor}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(Bind::read(text).ok().map(|bind| bind.write()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn bind_addresses_are_read() {
        check("127.0.0.1:443", Some("127.0.0.1:443"));
        check("[::1]:0", Some("[::1]:0"));
        check(":8443", Some("*:8443"));
        check("*:8443", Some("*:8443"));
        check("localhost:1", Some("localhost:1"));
        check("unix:/run/a.sock", Some("unix:/run/a.sock"));
        check("unix:///run/a.sock", Some("unix:/run/a.sock"));
        check("fd://3", Some("fd://3"));
        for wrong in ["", "8443", "::1:80", "fd://", "fd://2", "fd://-1", "unix:", "example.org:80", "127.0.0.1:65536"]
        {
            check(wrong, None);
        }
    }
}
