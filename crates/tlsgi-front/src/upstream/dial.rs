//! Connecting to an upstream: its name is looked up by the front, its addresses are tried in turn, all under one deadline.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tlsgi_config::config::UpstreamAddress;
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::stream;

/// How long addresses of a name are believed.
const BELIEVED: Duration = Duration::from_secs(15);

/// Most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 8;

/// What a name stood for when it was looked up last. It is looked up for one request at a time: each look-up holds a thread.
#[derive(Debug, Default)]
pub(super) struct Addresses(Mutex<Option<(Instant, Vec<SocketAddr>)>>);

/// A new connection.
pub(super) async fn dial(to: &UpstreamAddress, known: &Addresses, wait: Duration) -> io::Result<TcpStream> {
    let deadline = Instant::now() + wait;
    let connected = timeout_at(deadline, async {
        match to {
            UpstreamAddress::Unix(path) => stream::of_unix(UnixStream::connect(path).await?),
            UpstreamAddress::Tcp { host, port } => {
                let addresses = known.of(host, *port).await?;
                let socket = connect(&addresses).await.inspect_err(|_| known.forget())?;
                // Heads and small bodies leave at once.
                socket.set_nodelay(true)?;
                Ok(socket)
            }
        }
    });
    connected.await.unwrap_or_else(|_| {
        known.forget();
        Err(io::ErrorKind::TimedOut.into())
    })
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut outcome = Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for address in addresses {
        outcome = TcpStream::connect(address).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

impl Addresses {
    async fn of(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let mut remembered = self.0.lock().await;
        if let Some((since, known)) = &*remembered
            && since.elapsed() < BELIEVED
        {
            return Ok(known.clone());
        }
        let found: Vec<SocketAddr> = lookup_host((host, port)).await?.take(MAX_ADDRESSES).collect();
        *remembered = Some((Instant::now(), found.clone()));
        Ok(found)
    }

    fn forget(&self) {
        // Whoever looks it up now will know better.
        if let Ok(mut remembered) = self.0.try_lock() {
            *remembered = None;
        }
    }
}
