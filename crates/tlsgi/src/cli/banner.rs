//! What the user sees when the server runs: where, with which certificate, what.

use std::net::SocketAddr;
use std::path::Path;

use time::OffsetDateTime;
use time::macros::format_description;
use tlsgi_config::config::{Interface, Listener, ListenerAddress, PlainPolicy, Role, Site, Target};

/// What runs, as it came to be: ports chosen by the kernel, certificates loaded, interpreters started.
pub(crate) struct Running<'a> {
    /// Listeners with the addresses that were bound.
    pub(crate) listeners: &'a [Listener],
    /// Sites, in the order of `certificates`.
    pub(crate) sites: &'a [Site],
    /// One for each site.
    pub(crate) certificates: Vec<ServedCertificate>,
    /// Who trusts the local root, where that issued a certificate.
    pub(crate) trust: Option<String>,
    /// Pools.
    pub(crate) pools: Vec<ServedPool>,
    /// As whom the process that talks to clients runs, and behind what.
    pub(crate) front: String,
}

/// A certificate in use.
#[derive(PartialEq, Eq)]
pub(crate) struct ServedCertificate {
    /// Names and addresses it is valid for.
    pub(crate) names: Vec<String>,
    /// End of its validity.
    pub(crate) expires: OffsetDateTime,
    /// The file, or the local root that signed it.
    pub(crate) source: String,
}

/// A pool in use.
pub(crate) struct ServedPool {
    /// Its name.
    pub(crate) name: String,
    /// What was imported, as the user named it.
    pub(crate) application: String,
    /// What it turned out to be.
    pub(crate) interface: Interface,
    /// Worker processes.
    pub(crate) processes: usize,
    /// Threads of a WSGI worker.
    pub(crate) threads: usize,
    /// `CPython 3.12.3 (/srv/venv/bin/python)`.
    pub(crate) interpreter: String,
    /// As whom it runs, where that is worth a word.
    pub(crate) user: Option<String>,
}

/// The lines.
pub(super) fn text(running: &Running<'_>, file: Option<&Path>) -> String {
    let mut text = format!("tlsgi {}\n\n", env!("CARGO_PKG_VERSION"));
    for url in urls(running, Role::Https) {
        text.push_str(&format!("  {url}\n"));
    }
    let plain = plain(running.sites);
    for url in urls(running, Role::Http) {
        text.push_str(&format!("  {url} ({plain})\n"));
    }
    text.push('\n');
    for site in running.sites.iter().filter(|_| running.sites.len() > 1) {
        text.push_str(&format!("  site         {}\n", described(site)));
    }
    let mut certificates: Vec<&ServedCertificate> = Vec::new();
    for certificate in &running.certificates {
        if !certificates.contains(&certificate) {
            certificates.push(certificate);
        }
    }
    for certificate in certificates {
        let names = certificate.names.join(", ");
        text.push_str(&format!("  certificate  {names}; until {}; {}\n", day(certificate.expires), certificate.source));
    }
    if let Some(trust) = &running.trust {
        text.push_str(&format!("  trusted      {trust}\n"));
    }
    for rule in running.sites.iter().flat_map(|site| &site.client_certificates.rules) {
        let prefix = if rule.prefix.is_empty() { "/" } else { &rule.prefix };
        let level = if rule.is_required { "required" } else { "requested" };
        let only = if rule.allow.is_empty() { "" } else { ", only those allowed" };
        let authority = rule.authority.display();
        text.push_str(&format!("  clients      {prefix}: certificate {level}, issued by {authority}{only}\n"));
    }
    for pool in &running.pools {
        text.push_str(&format!("  application  {} ({})\n", pool.application, kind(pool.interface)));
        let user = pool.user.as_ref().map_or_else(String::new, |user| format!(", as {user}"));
        let name = if running.pools.len() > 1 { format!("{}: ", pool.name) } else { String::new() };
        text.push_str(&format!("  pool         {name}{}, {}{user}\n", workers(pool), pool.interpreter));
    }
    if let [site] = running.sites {
        for route in &site.routes {
            let prefix = if route.prefix.is_empty() { "/" } else { &route.prefix };
            if let Target::Upstream(upstream) = &route.target {
                text.push_str(&format!("  upstream     {prefix} to {upstream}\n"));
            }
        }
    }
    text.push_str(&format!("  front        {}\n", running.front));
    if let Some(file) = file {
        text.push_str(&format!("  configured   {}\n", file.display()));
    }
    text.push('\n');
    text
}

/// What plain HTTP does, where all sites do the same.
fn plain(sites: &[Site]) -> &'static str {
    let redirects = |site: &Site| matches!(site.plain, PlainPolicy::Redirect { .. });
    match sites.iter().filter(|site| redirects(site)).count() {
        0 => "serves the same over plain HTTP",
        count if count == sites.len() => "redirects to https",
        _ => "redirects some sites to https, serves others",
    }
}

/// `shop (a.example, b.example): /api to pool api, / to pool shop`.
fn described(site: &Site) -> String {
    let names = match &site.names[..] {
        [] => "every other name".to_owned(),
        names => names.join(", "),
    };
    let names = if names == site.name { names } else { format!("{} ({names})", site.name) };
    let routes = site.routes.iter().map(|route| {
        let prefix = if route.prefix.is_empty() { "/" } else { &route.prefix };
        match &route.target {
            Target::Pool(pool) => format!("{prefix} to pool {pool}"),
            Target::Upstream(upstream) => format!("{prefix} to {upstream}"),
        }
    });
    let routes: Vec<String> = routes.collect();
    if routes.is_empty() { names } else { format!("{names}: {}", routes.join(", ")) }
}

fn workers(pool: &ServedPool) -> String {
    let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let processes = plural(pool.processes, "process", "processes");
    match pool.interface {
        Interface::Wsgi => format!("{processes} × {}", plural(pool.threads, "thread", "threads")),
        Interface::Asgi => processes,
    }
}

fn kind(interface: Interface) -> &'static str {
    match interface {
        Interface::Wsgi => "WSGI",
        Interface::Asgi => "ASGI",
    }
}

fn day(time: OffsetDateTime) -> String {
    time.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// Addresses as a browser takes them, each once: the names served, else localhost where it leads here, else the address.
fn urls(running: &Running<'_>, role: Role) -> Vec<String> {
    let scheme = if role == Role::Https { "https" } else { "http" };
    let mut urls: Vec<String> = Vec::new();
    for listener in running.listeners.iter().filter(|listener| listener.role == role) {
        match &listener.address {
            ListenerAddress::Tcp(address) => {
                let hosts = hosts(running, *address);
                urls.extend(hosts.iter().map(|host| url(scheme, host, address.port())));
            }
            ListenerAddress::Unix(path) => urls.push(format!("unix:{}", path.display())),
            ListenerAddress::Inherited(descriptor) => urls.push(format!("fd://{descriptor}")),
        }
    }
    let mut seen = Vec::new();
    urls.retain(|url| {
        !seen.contains(url) && {
            seen.push(url.clone());
            true
        }
    });
    urls
}

fn hosts(running: &Running<'_>, address: SocketAddr) -> Vec<String> {
    let names = running.sites.iter().flat_map(|site| &site.names).filter(|name| !name.starts_with('*'));
    let names: Vec<String> = names.cloned().collect();
    let answers_every_name = running.sites.iter().any(|site| site.names.is_empty());
    if !names.is_empty() && !answers_every_name {
        return names;
    }
    let ip = address.ip();
    let other = match ip {
        _ if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        std::net::IpAddr::V4(ip) => ip.to_string(),
    };
    names.into_iter().chain([other]).collect()
}

fn url(scheme: &str, host: &str, port: u16) -> String {
    match (scheme, port) {
        ("https", 443) | ("http", 80) => format!("{scheme}://{host}/"),
        _ => format!("{scheme}://{host}:{port}/"),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use tlsgi_config::config::CertificateSource;

    use super::*;

    fn listener(address: &str, role: Role) -> Listener {
        Listener { address: ListenerAddress::Tcp(address.parse().expect("an address")), role, backlog: 1 }
    }

    fn site(names: &[&str]) -> Site {
        Site {
            name: "default".to_owned(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            certificates: vec![CertificateSource::Local { names: Vec::new() }],
            tls: tlsgi_config::config::TlsPolicy::default(),
            plain: PlainPolicy::Redirect { https_port: 8443 },
            hsts: None,
            mounts: Vec::new(),
            canonical: None,
            routes: Vec::new(),
            client_certificates: tlsgi_config::config::ClientCertificates::default(),
            tls_variables: tlsgi_config::config::TlsVariables::default(),
            headers: tlsgi_config::config::Headers::default(),
            compression: None,
            redirects: Vec::new(),
            environ: Vec::new(),
            error_pages: tlsgi_config::config::ErrorPages::default(),
            basic_auth: tlsgi_config::config::BasicAuth::default(),
        }
    }

    fn check(addresses: &[&str], names: &[&str], expect: &[&str]) {
        let listeners: Vec<Listener> = addresses.iter().map(|address| listener(address, Role::Https)).collect();
        let sites = [site(names)];
        let running = Running {
            listeners: &listeners,
            sites: &sites,
            certificates: Vec::new(),
            trust: None,
            pools: Vec::new(),
            front: String::new(),
        };
        assert_eq!(urls(&running, Role::Https), expect);
    }

    #[test]
    fn addresses_are_shown_as_a_browser_takes_them() {
        check(&["127.0.0.1:8443", "[::1]:8443"], &[], &["https://localhost:8443/"]);
        check(&["0.0.0.0:443"], &[], &["https://localhost/"]);
        check(&["192.0.2.1:1", "[2001:db8::1]:2"], &[], &["https://192.0.2.1:1/", "https://[2001:db8::1]:2/"]);
        check(&["0.0.0.0:443"], &["example.org", "*.example.org"], &["https://example.org/"]);
    }

    #[test]
    fn banner_names_everything_that_runs() {
        let listeners = [listener("127.0.0.1:8443", Role::Https), listener("127.0.0.1:8080", Role::Http)];
        let mut sites = [site(&[])];
        let rule = |prefix: &str, is_required, allow| tlsgi_config::config::ClientRule {
            prefix: prefix.to_owned(),
            is_required,
            authority: "/ca.pem".into(),
            option: "--client-ca".to_owned(),
            allow,
        };
        let alice = tlsgi_config::config::AllowedClient::CommonName("alice".to_owned());
        sites[0].client_certificates.rules = vec![rule("/api", true, vec![alice]), rule("", false, Vec::new())];
        let certificate = ServedCertificate {
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            expires: datetime!(2027-02-20 0:00 UTC),
            source: "local CA /state/root.pem".to_owned(),
        };
        let pool = ServedPool {
            name: "app".to_owned(),
            application: "app.py".to_owned(),
            interface: Interface::Wsgi,
            processes: 1,
            threads: 5,
            interpreter: "CPython 3.12.3 (/usr/bin/python3)".to_owned(),
            user: Some("www-data".to_owned()),
        };
        let running = Running {
            listeners: &listeners,
            sites: &sites,
            certificates: vec![certificate],
            trust: Some("by Debian".to_owned()),
            pools: vec![pool],
            front: "as www-data; sandbox: Landlock 7".to_owned(),
        };
        let lines: Vec<String> =
            text(&running, Some(Path::new("tlsgi.toml"))).lines().skip(2).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "  https://localhost:8443/",
                "  http://localhost:8080/ (redirects to https)",
                "",
                "  certificate  localhost, 127.0.0.1; until 2027-02-20; local CA /state/root.pem",
                "  trusted      by Debian",
                "  clients      /api: certificate required, issued by /ca.pem, only those allowed",
                "  clients      /: certificate requested, issued by /ca.pem",
                "  application  app.py (WSGI)",
                "  pool         1 process × 5 threads, CPython 3.12.3 (/usr/bin/python3), as www-data",
                "  front        as www-data; sandbox: Landlock 7",
                "  configured   tlsgi.toml",
                "",
            ]
        );
    }
}
