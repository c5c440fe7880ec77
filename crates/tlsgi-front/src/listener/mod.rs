//! Accepts connections, spreads them over the threads, and survives running out of descriptors.

mod announcement;
pub(crate) mod census;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tlsgi_config::config::Role;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::time::{sleep, timeout};

use crate::assemble::Bound;
use crate::connection::{Connection, Local, Peer, TlsSession};
use crate::http::{h1, h2};
use crate::route::Door;
use crate::serve::Session;
use crate::state::Thread;
use crate::stream;
use crate::tls::acceptor::{Accepted, accept};
use crate::tls::{Socket, Tls};
use announcement::Announced;
use census::{Census, Guest};

/// Pause after an accept error that will not go away by itself, such as no descriptor being free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A connection on its way to the thread that will serve it.
pub(crate) struct Arrival {
    pub(crate) socket: std::net::TcpStream,
    pub(crate) client: SocketAddr,
    pub(crate) server: Option<SocketAddr>,
    pub(crate) role: Role,
    pub(crate) guest: Guest,
}

/// Where accepted connections go: to this thread or to a less busy one.
pub(crate) trait Reception {
    /// Takes a connection for this thread. `server`: its local end, where that is known without asking.
    fn welcome_tcp(&self, socket: TcpStream, client: SocketAddr, server: Option<SocketAddr>, role: Role, guest: Guest);
    /// Takes a Unix connection, always for this thread.
    fn welcome_unix(&self, socket: tokio::net::UnixStream, path: String, role: Role, guest: Guest);
    /// Hands a connection to another thread.
    fn hand_over(&self, thread: usize, arrival: Arrival);
}

/// Accepts on one socket until it is dropped.
pub(crate) async fn accept_loop(bound: Arc<Bound>, census: Arc<Census>, thread: usize, reception: Rc<impl Reception>) {
    let outcome = if bound.is_unix {
        accept_unix(&bound, &census, thread, &*reception).await
    } else {
        accept_tcp(&bound, &census, thread, &*reception).await
    };
    if let Err(error) = outcome {
        tracing::error!(%error, "a listener cannot be used");
    }
}

async fn accept_tcp(bound: &Bound, census: &Arc<Census>, thread: usize, reception: &impl Reception) -> io::Result<()> {
    let listener = TcpListener::from_std(std::net::TcpListener::from(bound.socket.try_clone()?))?;
    // All connections to a socket that is bound to one address have it.
    let server = listener.local_addr().ok().filter(|address| !address.ip().to_canonical().is_unspecified());
    let mut reserve = reserve();
    loop {
        let (socket, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                let refused =
                    |_| listener.poll_accept(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready();
                after_accept_error(&error, &mut reserve, census, refused).await;
                continue;
            }
        };
        let Some(guest) = census.admit(thread, Some(client.ip())) else {
            tracing::debug!(%client, "connection limit: closed");
            continue;
        };
        match guest.thread() {
            own if own == thread => reception.welcome_tcp(socket, client, server, bound.role, guest),
            other => {
                if let Ok(socket) = socket.into_std() {
                    reception.hand_over(other, Arrival { socket, client, server, role: bound.role, guest });
                }
            }
        }
    }
}

async fn accept_unix(bound: &Bound, census: &Arc<Census>, thread: usize, reception: &impl Reception) -> io::Result<()> {
    let listener = UnixListener::from_std(std::os::unix::net::UnixListener::from(bound.socket.try_clone()?))?;
    let path =
        listener.local_addr().ok().and_then(|address| address.as_pathname().map(|path| path.display().to_string()));
    let path = path.unwrap_or_default();
    let mut reserve = reserve();
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                if let Some(guest) = census.admit_here(thread) {
                    reception.welcome_unix(socket, path.clone(), bound.role, guest);
                }
            }
            Err(error) => {
                let refused =
                    |_| listener.poll_accept(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready();
                after_accept_error(&error, &mut reserve, census, refused).await;
            }
        }
    }
}

/// Out of descriptors, the kernel keeps waking us for a connection that cannot be accepted. One reserved descriptor is freed
/// to accept and close it, so that the client hears at once, then taken again.
async fn after_accept_error(
    error: &io::Error,
    reserve: &mut Option<OwnedFd>,
    census: &Census,
    accept_and_close: impl FnOnce(()) -> bool,
) {
    let is_exhausted = matches!(error.raw_os_error(), Some(code) if code == rustix::io::Errno::MFILE.raw_os_error()
        || code == rustix::io::Errno::NFILE.raw_os_error());
    if error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) {
        // The socket listens no more: whoever shut it down ends this loop next.
        return std::future::pending().await;
    }
    if !is_exhausted {
        tracing::debug!(%error, "accept failed");
        return;
    }
    if census.should_report_exhaustion() {
        tracing::error!(%error, "no descriptor is free for another connection: raise the limit (ulimit -n, LimitNOFILE=)");
    }
    drop(reserve.take());
    accept_and_close(());
    *reserve = self::reserve();
    sleep(ACCEPT_PAUSE).await;
}

fn reserve() -> Option<OwnedFd> {
    rustix::fs::open("/dev/null", rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC, rustix::fs::Mode::empty())
        .ok()
}

/// Serves a TCP connection to its end.
pub(crate) async fn serve_tcp(
    socket: TcpStream,
    client: SocketAddr,
    server: Option<SocketAddr>,
    role: Role,
    tls: Tls,
    thread: Rc<Thread>,
    guest: Guest,
) {
    let Ok(local) = server.map_or_else(|| socket.local_addr(), Ok) else { return };
    serve(socket, Some(client), &Local::Tcp(local), role, tls, thread, guest).await;
}

/// Serves a connection on a Unix socket to its end.
pub(crate) async fn serve_unix(
    socket: tokio::net::UnixStream,
    path: String,
    role: Role,
    tls: Tls,
    thread: Rc<Thread>,
    guest: Guest,
) {
    match stream::of_unix(socket) {
        Ok(socket) => serve(socket, None, &Local::Unix(path), role, tls, thread, guest).await,
        Err(error) => tracing::debug!(%error, "a connection on a Unix socket cannot be served"),
    }
}

async fn serve(
    mut socket: TcpStream,
    client: Option<SocketAddr>,
    local: &Local,
    role: Role,
    tls: Tls,
    thread: Rc<Thread>,
    mut guest: Guest,
) {
    let (mut peer, mut wait) = (Peer::from(client), thread.state().limits.handshake_timeout);
    if thread.state().proxies.protocol {
        let start = Instant::now();
        match Box::pin(announced(&mut socket, client, &thread, &mut guest)).await {
            Some(announced) => peer = announced,
            None => return,
        }
        // What is left of the time is for TLS.
        wait = wait.saturating_sub(start.elapsed());
    }
    let client = peer.address;
    let open = |tls: Option<TlsSession>, door| {
        let connection = Connection::new(peer, local, tls);
        Rc::new(Session { thread: Rc::clone(&thread), connection, door })
    };
    if role == Role::Http {
        return Box::pin(h1::serve(Socket::plain(socket), open(None, Door::Http))).await;
    }
    // Each part is in a box of its own, so that a connection has room for the part it is in and no other.
    match timeout(wait, Box::pin(accept(Socket::new(socket), &tls, &thread.turnstile))).await {
        Ok(Accepted::Tls { stream, session, is_h2: true }) => {
            Box::pin(h2::serve(*stream, open(Some(session), Door::Https))).await
        }
        Ok(Accepted::Tls { stream, session, is_h2: false }) => {
            Box::pin(h1::serve(*stream, open(Some(session), Door::Https))).await
        }
        Ok(Accepted::Plain(stream)) => Box::pin(h1::serve(stream, open(None, Door::PlainOnTls))).await,
        Ok(Accepted::Failed(error)) => tracing::debug!(?client, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(?client, "TLS handshake not finished in time"),
    }
}

/// The client of a connection that a proxy announces; none for one that is not to be served.
async fn announced(
    socket: &mut TcpStream,
    peer: Option<SocketAddr>,
    thread: &Thread,
    guest: &mut Guest,
) -> Option<Peer> {
    let state = thread.state();
    let from = peer.map_or_else(|| "a Unix socket".to_owned(), |peer| peer.ip().to_canonical().to_string());
    if !state.proxies.trusts(peer.map(|peer| peer.ip())) {
        let told = "--proxy-protocol: connections from an address that is no --trusted-proxy are closed";
        report(guest, || tracing::warn!(from, "{told}"));
        return None;
    }
    let outcome = match timeout(state.limits.handshake_timeout, announcement::take(socket)).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("its header of the PROXY protocol did not come in time".to_owned()),
    };
    match outcome {
        Ok(announced) => {
            let client = match announced {
                Announced::Client(client) => Peer::from(Some(client)),
                Announced::Own => Peer::from(peer),
                // Whoever that is says nothing for others, though the address is the proxy's.
                Announced::Unknown => Peer { address: peer, may_be_proxy: false },
            };
            guest.is_for(client.address.map(|client| client.ip())).then_some(client)
        }
        Err(why) => {
            report(guest, || tracing::warn!(from, "--proxy-protocol: a trusted proxy's connection is closed: {why}"));
            None
        }
    }
}

/// Not for every connection, of which a stranger could make many.
fn report(guest: &Guest, log: impl FnOnce()) {
    if guest.census().should_report_announcement() {
        log();
    }
}
