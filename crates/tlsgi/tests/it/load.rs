//! Clients that never stop asking, and count everything that goes wrong.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::harness::PATIENCE;

/// What the clients have seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) good: AtomicU64,
    pub(crate) lost_with_worker: AtomicU64,
    pub(crate) failures: Mutex<Vec<String>>,
}

/// A running load; ends when dropped.
pub(crate) struct Load {
    pub(crate) tally: Arc<Tally>,
    is_over: Arc<AtomicBool>,
    clients: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    /// So many clients, each on a keep-alive connection of its own.
    pub(crate) fn start(address: SocketAddr, config: &Arc<ClientConfig>, clients: usize) -> Self {
        let (tally, is_over) = (Arc::<Tally>::default(), Arc::<AtomicBool>::default());
        let clients = (0..clients)
            .map(|_| {
                let (config, tally, is_over) = (Arc::clone(config), Arc::clone(&tally), Arc::clone(&is_over));
                std::thread::spawn(move || client(address, &config, &tally, &is_over))
            })
            .collect();
        Self { tally, is_over, clients }
    }

    /// Requests answered with 200 so far.
    pub(crate) fn good(&self) -> u64 {
        self.tally.good.load(Ordering::Relaxed)
    }

    /// Ends the load; gives (good, 502 of killed workers, everything else that went wrong).
    pub(crate) fn finish(mut self) -> (u64, u64, Vec<String>) {
        self.is_over.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            client.join().expect("client thread");
        }
        let failures = std::mem::take(&mut *self.tally.failures.lock().expect("failures"));
        (self.good(), self.tally.lost_with_worker.load(Ordering::Relaxed), failures)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn client(address: SocketAddr, config: &Arc<ClientConfig>, tally: &Tally, is_over: &AtomicBool) {
    let fail = |what: String| tally.failures.lock().expect("failures").push(what);
    while !is_over.load(Ordering::Relaxed) {
        let mut stream = match connect(address, config) {
            Ok(stream) => stream,
            Err(error) => {
                fail(format!("connect: {error}"));
                continue;
            }
        };
        while !is_over.load(Ordering::Relaxed) {
            match exchange(&mut stream) {
                Ok((200, keeps)) => {
                    tally.good.fetch_add(1, Ordering::Relaxed);
                    if !keeps {
                        break;
                    }
                }
                Ok((502, _)) => {
                    tally.lost_with_worker.fetch_add(1, Ordering::Relaxed);
                }
                Ok((status, _)) => fail(format!("status {status}")),
                Err(error) => {
                    fail(format!("exchange: {error}"));
                    break;
                }
            }
        }
    }
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> std::io::Result<Stream> {
    let socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from("localhost").expect("name");
    Ok(StreamOwned::new(ClientConnection::new(Arc::clone(config), name).expect("client"), socket))
}

/// One request; its status and whether the connection stays.
fn exchange(stream: &mut Stream) -> std::io::Result<(u16, bool)> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Err(std::io::Error::other(format!("closed after {} bytes", answer.len())));
        }
        answer.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|text| text.parse().ok());
        if body.len() >= length.unwrap_or(0usize) {
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            return Ok((status, !head.contains("connection: close")));
        }
    }
}
