//! What can keep the server from starting or from going on, and the exit status that says which it was.

use std::io;
use std::path::PathBuf;

use tlsgi_config::Exit;
use tlsgi_config::config::{ListenerAddress, Role};

/// Why something of the supervisor failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot listen on {address}: {}", in_use(holder.as_deref(), option(*role)))]
    AddressInUse { address: String, role: Role, holder: Option<String> },
    #[error("cannot listen on {address}: ports below 1024 need root or CAP_NET_BIND_SERVICE; choose another with {}", option(*role))]
    Privileged { address: String, role: Role },
    #[error("cannot listen on {address}")]
    Listen { address: String, source: io::Error },
    #[error("the inherited descriptor {number} is no listening socket")]
    Inherited { number: i32, source: io::Error },
    #[error("no listener is left: none of the addresses exists on this machine")]
    NoListener,
    #[error("no Python interpreter was found beside tlsgi, in VIRTUAL_ENV or on PATH; name one with --python")]
    NoInterpreter,
    #[error("cannot {verb} {}", path.display())]
    File { verb: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Account(#[from] tlsgi_sys::account::AccountError),
    #[error("only root can start a process as another user: {name}")]
    NotRoot { name: String },
    #[error(transparent)]
    Certificate(#[from] tlsgi_cert::Error),
    #[error("{option}")]
    ClientTrust { option: String, source: Box<tlsgi_cert::Error> },
    #[error("{}", path.display())]
    Passwords { path: PathBuf, source: tlsgi_cert::password::PasswordError },
    #[error("{reason}")]
    Files { reason: String },
    #[error("cannot watch for signals or start tasks")]
    Runtime(#[source] io::Error),
    #[error("the front process cannot be started")]
    Front(#[source] io::Error),
    #[error("the front process refused the configuration: {0}")]
    Refused(String),
    #[error("{0}")]
    Application(String),
}

impl Error {
    /// The message with its causes, in one line where it is one.
    pub(crate) fn full_text(&self) -> String {
        full_text(self)
    }

    /// What a person can do about it, where the message does not say so.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Certificate(error) => error.hint(),
            Self::ClientTrust { source, .. } => source.hint(),
            Self::NotRoot { .. } => Some("start tlsgi as root, or leave out `--user` and `--group`".to_owned()),
            _ => None,
        }
    }

    /// The exit status that this ends the server with when it cannot start.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::AddressInUse { .. }
            | Self::Privileged { .. }
            | Self::Listen { .. }
            | Self::Inherited { .. }
            | Self::NoListener => Exit::Address,
            Self::Certificate(_) | Self::ClientTrust { .. } => Exit::Certificate,
            Self::Account(_) | Self::NotRoot { .. } => Exit::Usage,
            Self::NoInterpreter | Self::Application(_) => Exit::Application,
            Self::File { .. }
            | Self::Passwords { .. }
            | Self::Files { .. }
            | Self::Runtime(_)
            | Self::Front(_)
            | Self::Refused(_) => Exit::Failure,
        }
    }
}

/// The option that chooses the port of a role.
fn option(role: Role) -> &'static str {
    match role {
        Role::Https => "--https-port",
        Role::Http => "--port",
    }
}

fn in_use(holder: Option<&str>, option: &str) -> String {
    match holder {
        Some(holder) => format!("the port is in use by {holder}; stop it or choose another port with {option}"),
        None => format!("the port is in use by another process; choose another port with {option}"),
    }
}

/// How messages name an address.
pub(super) fn named(address: &ListenerAddress) -> String {
    match address {
        ListenerAddress::Tcp(address) => address.to_string(),
        ListenerAddress::Unix(path) => path.display().to_string(),
        ListenerAddress::Inherited(number) => format!("inherited descriptor {number}"),
    }
}

/// An error with its causes in one line.
pub(super) fn full_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
