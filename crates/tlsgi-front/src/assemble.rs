//! From a configuration to the running parts that all threads share.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tlsgi_config::Config;
use tlsgi_config::config::{Role, Site};
use tokio::sync::Notify;

use crate::answer::{Answers, FileError};
use crate::control::{NamedFiles, SiteCertificate, TicketSecrets, TrustFiles};
use crate::pool::PoolShared;
use crate::route::files::{MountError, Mounts};
use crate::tls::Tls;
use crate::tls::client_auth::{ClientPolicy, TrustError};

/// A configuration, opened and checked, for the threads to take over.
pub(crate) struct Assembly {
    pub(crate) config: Config,
    /// Opened static mounts, as many as `config.sites`.
    pub(crate) mounts: Vec<Arc<Mounts>>,
    /// Who has to show a certificate, as many as `config.sites`.
    pub(crate) clients: Vec<Arc<ClientPolicy>>,
    /// What is done to requests and answers, as many as `config.sites`.
    pub(crate) answers: Vec<Arc<Answers>>,
    /// As many as `config.pools`.
    pub(crate) pools: Vec<Arc<PoolShared>>,
    pub(crate) tls: Tls,
    pub(crate) listeners: Vec<Arc<Bound>>,
}

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) socket: OwnedFd,
    pub(crate) role: Role,
    pub(crate) is_unix: bool,
}

/// Why a configuration cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// TLS set-up.
    #[error("the TLS configuration cannot be used")]
    Tls(#[from] rustls::Error),
    /// Authorities or revocation lists.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Files of a site that the supervisor reads.
    #[error(transparent)]
    File(#[from] FileError),
    /// A static directory.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// The supervisor sent something else than it announced.
    #[error("{0} listening sockets came for {1} listeners")]
    Listeners(usize, usize),
    /// A socket option.
    #[error("a listening socket cannot be used")]
    Socket(#[from] io::Error),
}

impl Assembly {
    /// Takes over what the files about client certificates hold now.
    pub(crate) fn trust(&self, files: &TrustFiles) -> Result<(), Error> {
        for clients in &self.clients {
            clients.replace(files)?;
        }
        Ok(self.tls.hint_anew()?)
    }

    /// Takes over what other files hold now.
    pub(crate) fn take_files(&self, files: &NamedFiles) -> Result<(), Error> {
        for answers in &self.answers {
            answers.replace(files)?;
        }
        Ok(())
    }
}

/// What comes with a configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) certificates: &'a [SiteCertificate],
    pub(crate) trust: &'a TrustFiles,
    pub(crate) files: &'a NamedFiles,
    pub(crate) tickets: &'a TicketSecrets,
}

/// Opens what the configuration names. Pools that `previous` has keep their shared part.
pub(crate) fn assemble(
    config: Config,
    sent: Sent<'_>,
    sockets: Vec<OwnedFd>,
    previous: Option<&Assembly>,
    wakers: &[Arc<Notify>],
) -> Result<Assembly, Error> {
    let Sent { certificates, trust, files, tickets } = sent;
    if sockets.len() != config.listeners.len() {
        return Err(Error::Listeners(sockets.len(), config.listeners.len()));
    }
    let policy = |site: &Site| ClientPolicy::new(&site.client_certificates, trust).map(Arc::new);
    let clients = config.sites.iter().map(policy).collect::<Result<Vec<_>, _>>()?;
    // Ticket keys come from the supervisor's secrets: sessions of the running server go on.
    let tls = Tls::new(&config, certificates, &clients, tickets)?;
    let mounts = config.sites.iter().map(|site| Mounts::open(&site.mounts).map(Arc::new)).collect::<Result<_, _>>()?;
    let answers = config.sites.iter().map(|site| Answers::new(site, files).map(Arc::new)).collect::<Result<_, _>>()?;
    let known = |name: &str| {
        let previous = previous?;
        let at = previous.config.pools.iter().position(|pool| pool.name == name)?;
        previous.pools.get(at).cloned()
    };
    let pools =
        config.pools.iter().map(|pool| known(&pool.name).unwrap_or_else(|| PoolShared::new(wakers.to_vec()))).collect();
    let listeners = sockets.into_iter().zip(&config.listeners).map(|(socket, listener)| bound(socket, listener.role));
    let listeners = listeners.collect::<Result<_, _>>()?;
    Ok(Assembly { config, mounts, clients, answers, pools, tls, listeners })
}

fn bound(socket: OwnedFd, role: Role) -> Result<Arc<Bound>, Error> {
    let socket = socket2::Socket::from(socket);
    socket.set_nonblocking(true)?;
    let is_unix = socket.domain()? == socket2::Domain::UNIX;
    Ok(Arc::new(Bound { socket: socket.into(), role, is_unix }))
}
