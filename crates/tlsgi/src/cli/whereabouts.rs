//! Where a file or an application that failed was named, so that the message can point there.

use std::path::{Path, PathBuf};

use tlsgi_config::config::ListenerAddress;
use tlsgi_config::layer::OPTIONS;
use tlsgi_config::value::Form;
use tlsgi_config::{Document, Exit, Layer, Origin};

/// What was said, and the text that it stands in.
#[derive(Debug, Clone)]
pub(crate) struct Whereabouts {
    pub(super) said: Document,
    pub(super) source: Option<String>,
    pub(super) directory: PathBuf,
}

impl Whereabouts {
    /// The place in the configuration file that a failure is about.
    pub(super) fn of(&self, exit: Exit, message: &str) -> Option<Origin> {
        let origin = match exit {
            Exit::Application => self.application(message),
            Exit::Address => self.address(message),
            _ => self.file(message),
        };
        origin.filter(|origin| matches!(origin, Origin::File(_)))
    }

    /// The pool that the message begins with, else the only one.
    fn application(&self, message: &str) -> Option<Origin> {
        let is_named =
            |name: &str| message.strip_prefix("pool ").is_some_and(|rest| rest.starts_with(&format!("{name}: ")));
        let pools = &self.said.pools;
        let pool =
            pools.iter().find(|pool| is_named(&pool.name)).or_else(|| pools.first().filter(|_| pools.len() == 1));
        let layers = pool.map(|pool| &pool.layer).into_iter().chain([&self.said.server]);
        let app = |layer: &Layer| layer.app.as_ref().map(|app| app.origin.clone());
        layers.into_iter().find_map(app).or_else(|| pool.map(|pool| pool.origin.clone()))
    }

    /// The option that names the address, or the port.
    fn address(&self, message: &str) -> Option<Origin> {
        let server = &self.said.server;
        let is_meant = |address: &ListenerAddress| match address {
            ListenerAddress::Tcp(address) => message.contains(&format!("{address}: ")),
            ListenerAddress::Unix(path) => message.contains(&path.display().to_string()),
            ListenerAddress::Inherited(number) => message.contains(&format!("descriptor {number} ")),
        };
        let mut binds = server.bind.iter().chain(&server.bind_http);
        let bind = binds.find(|said| said.value.addresses().iter().any(is_meant)).map(|said| &said.origin);
        let mut ports = [&server.https_port, &server.port].into_iter().flatten();
        let port = || ports.find(|said| message.contains(&format!(":{}: ", said.value.0))).map(|said| &said.origin);
        bind.or_else(port).cloned()
    }

    /// The option that names the file of the message; of several, the longest name.
    fn file(&self, message: &str) -> Option<Origin> {
        let specs = OPTIONS.iter().filter(|spec| spec.form == Form::File);
        let said = specs.flat_map(|spec| self.said.layers().flat_map(|layer| (spec.slot)(layer).said()));
        let named = said.map(|(text, origin)| (self.absolute(&text, origin).display().to_string(), origin));
        let found = named.filter(|(path, _)| message.contains(path.as_str()));
        found.max_by_key(|(path, _)| path.len()).map(|(_, origin)| origin.clone())
    }

    fn absolute(&self, path: &str, origin: &Origin) -> PathBuf {
        match origin {
            Origin::File(at) => self.directory.join(at.file.parent().unwrap_or(Path::new(""))).join(path),
            _ => self.directory.join(path),
        }
    }
}
