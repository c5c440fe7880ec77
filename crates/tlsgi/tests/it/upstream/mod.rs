//! Routes to other servers: what goes there, what comes back, and what a broken or hostile one cannot do.

mod fields;
mod hostile;
mod http;
mod originals;
mod websocket;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

use crate::harness::{PATIENCE, Server, command, python};

/// A server behind the one under test, played by a thread for each connection.
pub(crate) struct Behind {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    heads: Receiver<String>,
}

/// A connection as the player of that server has it: what was read of a request's body comes out of `reader`.
pub(crate) struct Peer {
    pub(crate) reader: BufReader<TcpStream>,
}

impl Peer {
    /// Says something; the other end may be gone.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.reader.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// So many bytes of the request's body.
    pub(crate) fn hear(&mut self, length: usize) -> Vec<u8> {
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).expect("a body");
        body
    }

    /// The next line.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("a line");
        line
    }
}

impl Behind {
    /// Plays `answer` for each request head, as long as it returns true.
    pub(crate) fn play(answer: impl Fn(&str, &mut Peer) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, heads) = channel();
        let (count, answer) = (Arc::clone(&connections), Arc::new(answer));
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let (sender, answer) = (sender.clone(), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut peer = Peer { reader: BufReader::new(socket) };
                    while let Some(head) = read_head(&mut peer.reader) {
                        // The test may be over.
                        let _ = sender.send(head.clone());
                        if !answer(&head, &mut peer) {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, connections, heads }
    }

    /// Always says the same, and ends the connection or not.
    pub(crate) fn saying(text: impl Into<Vec<u8>>, goes_on: bool) -> Self {
        let text = text.into();
        Self::play(move |_, peer| peer.say(&text) && goes_on)
    }

    /// The next request head that came.
    pub(crate) fn head(&self) -> String {
        self.heads.recv_timeout(PATIENCE).expect("a request")
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// A route to it.
    pub(crate) fn route(&self, prefix: &str) -> String {
        format!("{prefix}=http://127.0.0.1:{}", self.port)
    }
}

fn read_head(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// The value of a field of a head.
pub(crate) fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let line = head
        .lines()
        .skip(1)
        .find(|line| line.split_once(':').is_some_and(|(known, _)| known.eq_ignore_ascii_case(name)))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

/// A server without an application, with these routes and options.
pub(crate) fn before(routes: &[&str], more: &[&str]) -> Server {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = command();
    command.args(["serve", "--host", "127.0.0.1", "--https-port", "0", "--port", "0", "--no-access-log"]);
    command.arg("--python").arg(python()).arg("--state-dir").arg(directory.path().join("state"));
    for route in routes {
        command.args(["--route", route]);
    }
    command.args(more);
    Server::run_by(directory, command)
}

/// A whole answer with a length.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
