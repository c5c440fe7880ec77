//! Where the server listens.

use std::net::IpAddr;

use super::{Resolver, value, written};
use crate::config::{Listener, ListenerAddress, Role};
use crate::diagnostic::Diagnostic;
use crate::option::{Many, One};
use crate::origin::Origin;
use crate::value::{Bind, Host, Port};

/// A listener, and who asked for it.
struct Wanted {
    address: ListenerAddress,
    role: Role,
    origin: Origin,
}

impl Resolver<'_> {
    /// HTTPS first, then plain HTTP; each in the order written.
    pub(super) fn listeners(&mut self) -> Vec<Listener> {
        self.check_plain();
        let mut wanted = self.bound(&self.said.bind, Role::Https);
        let has_explicit = !self.said.bind.is_empty() || !self.said.bind_http.is_empty();
        let passed = if has_explicit { Vec::new() } else { self.passed() };
        let wants_default = !has_explicit && passed.is_empty();
        if wants_default || written(&self.said.https_port).is_some() {
            wanted.extend(self.on_hosts(&self.said.https_port, Role::Https));
        }
        wanted.extend(passed);
        if *value(&self.said.http) {
            wanted.extend(self.bound(&self.said.bind_http, Role::Http));
            if wants_default || written(&self.said.port).is_some_and(|said| !is_convention(&said.origin)) {
                wanted.extend(self.on_hosts(&self.said.port, Role::Http));
            }
        }
        self.check_repeated(&wanted);
        if wanted.is_empty() {
            self.told
                .push(Diagnostic::error("there is no address to listen on").hint("give `--bind` or `--https-port`"));
        }
        let backlog = u32::try_from(value(&self.said.backlog).0).unwrap_or(u32::MAX);
        wanted.into_iter().map(|it| Listener { address: it.address, role: it.role, backlog }).collect()
    }

    fn check_plain(&mut self) {
        if *value(&self.said.http) {
            return;
        }
        if let Some(said) = written(&self.said.allow_http).filter(|said| said.value).cloned() {
            let told =
                Diagnostic::conflict("--allow-http", "--no-http", "one serves plain HTTP, the other does not listen");
            self.tell(told.hint("leave out one of them"), &said.origin);
        }
        if let Some(origin) = self.said.bind_http.first().map(|said| said.origin.clone()) {
            let told =
                Diagnostic::conflict("--bind-http", "--no-http", "one listens for plain HTTP, the other does not");
            self.tell(told.hint("leave out one of them"), &origin);
        }
        let port = written(&self.said.port).filter(|said| !is_convention(&said.origin)).cloned();
        if let Some(said) = port {
            let told = Diagnostic::conflict("--port", "--no-http", "one listens for plain HTTP, the other does not");
            self.tell(told.hint("the port for HTTPS is `--https-port`"), &said.origin);
        }
    }

    fn on_hosts(&self, port: &One<Port>, role: Role) -> Vec<Wanted> {
        let number = value(port).0;
        let port_origin = port.as_ref().map_or(Origin::Default, |said| said.origin.clone());
        let tcp = |address: IpAddr, origin: &Origin| Wanted {
            address: ListenerAddress::Tcp((address, number).into()),
            role,
            origin: if *origin == Origin::Default { port_origin.clone() } else { origin.clone() },
        };
        if self.said.host.is_empty() {
            return Host::Localhost.addresses().into_iter().map(|address| tcp(address, &Origin::Default)).collect();
        }
        let hosts = self.said.host.iter();
        hosts
            .flat_map(|said| said.value.addresses().into_iter().map(|it| tcp(it, &said.origin)).collect::<Vec<_>>())
            .collect()
    }

    fn bound(&self, binds: &Many<Bind>, role: Role) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for said in binds {
            for address in said.value.addresses() {
                let address = match address {
                    ListenerAddress::Unix(path) => ListenerAddress::Unix(self.path(&path, &said.origin)),
                    other => other,
                };
                wanted.push(Wanted { address, role, origin: said.origin.clone() });
            }
        }
        wanted
    }

    /// Sockets passed by systemd, by their names.
    fn passed(&self) -> Vec<Wanted> {
        let passed = self.facts.passed_sockets.iter();
        passed
            .map(|socket| Wanted {
                address: ListenerAddress::Inherited(socket.descriptor),
                role: if socket.name == "http" { Role::Http } else { Role::Https },
                origin: Origin::Variable("LISTEN_FDS".to_owned()),
            })
            .collect()
    }

    fn check_repeated(&mut self, wanted: &[Wanted]) {
        for (at, one) in wanted.iter().enumerate() {
            let is_free_port = matches!(one.address, ListenerAddress::Tcp(address) if address.port() == 0);
            if let Some(first) = wanted[..at].iter().find(|other| other.address == one.address && !is_free_port) {
                let text = address_text(&one.address);
                let told = if first.role == one.role {
                    Diagnostic::error(format!("{text} is listened on twice"))
                } else {
                    Diagnostic::error(format!("{text} is wanted for both HTTPS and plain HTTP"))
                        .hint("choose different ports, or `--no-http`; plain HTTP sent to the HTTPS port is redirected anyway")
                };
                let origin = if one.origin == Origin::Default { &first.origin } else { &one.origin };
                self.tell(told, origin);
                // The other addresses of the same ports would say the same.
                return;
            }
        }
    }
}

/// `PORT` is set by platforms for every server: it moves the plain listener, and asks for none.
fn is_convention(origin: &Origin) -> bool {
    matches!(origin, Origin::Variable(name) if name == "PORT")
}

fn address_text(address: &ListenerAddress) -> String {
    match address {
        ListenerAddress::Tcp(address) => address.to_string(),
        ListenerAddress::Unix(path) => format!("unix:{}", path.display()),
        ListenerAddress::Inherited(descriptor) => format!("fd://{descriptor}"),
    }
}
