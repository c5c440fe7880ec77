//! Starts servers on free ports, talks to them, ends them by their own pid.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Longest wait for anything that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running server with a directory of its own.
pub(crate) struct Server {
    child: Child,
    directory: tempfile::TempDir,
    lines: Receiver<String>,
    log: Arc<Mutex<String>>,
    pub(crate) https: SocketAddr,
    pub(crate) http: Option<SocketAddr>,
}

/// A response as read from a socket.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a field, by lower-case name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The interpreter that has the worker module: `cargo xtask test` prepares it.
pub(crate) fn python() -> PathBuf {
    let prepared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv/bin/python");
    let python = std::env::var_os("TLSGI_TEST_PYTHON").map_or(prepared, PathBuf::from);
    assert!(python.exists(), "{} is missing: run `cargo xtask install` first", python.display());
    python
}

/// The binary under test.
pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tlsgi"))
}

/// Path of an example.
pub(crate) fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name).display().to_string()
}

impl Server {
    /// Starts `tlsgi serve` for an application given as source text, on free ports.
    pub(crate) fn with_source(source: &str, arguments: &[&str]) -> Self {
        Self::with_environment(source, arguments, &[])
    }

    /// As [`Self::with_source`], with further environment variables.
    pub(crate) fn with_environment(source: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let application = directory.path().join("application.py");
        std::fs::write(&application, source).expect("application");
        Self::start_in(directory, &application.display().to_string(), arguments, environment)
    }

    /// Starts `tlsgi serve` for an application by reference.
    pub(crate) fn start(application: &str, arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("temporary directory"), application, arguments, &[])
    }

    fn start_in(
        directory: tempfile::TempDir,
        application: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = command();
        command.envs(environment.iter().copied());
        command.args(["serve", application, "--host", "127.0.0.1", "--https-port", "0", "--port", "0"]);
        command.arg("--python").arg(python()).arg("--state-dir").arg(directory.path().join("state"));
        command.args(arguments);
        Self::run_by(directory, command)
    }

    /// Starts a server by a command that prints its banner.
    pub(crate) fn run_by(directory: tempfile::TempDir, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("server starts");
        let log = Arc::new(Mutex::new(String::new()));
        let lines = read_lines(child.stdout.take().expect("stdout"), None);
        read_lines(child.stderr.take().expect("stderr"), Some(Arc::clone(&log)));
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { child, directory, lines, log, https: unknown, http: None };
        server.read_banner();
        server
    }

    fn read_banner(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => panic!("no banner in time; log:\n{}", self.log()),
                Err(RecvTimeoutError::Disconnected) => panic!("the server ended at start; log:\n{}", self.log()),
            };
            let port = |prefix: &str| {
                let rest = line.trim().strip_prefix(prefix)?;
                let authority = rest.split(['/', ' ']).next()?;
                authority.rsplit_once(':')?.1.parse::<u16>().ok()
            };
            if let Some(port) = port("https://") {
                self.https.set_port(port);
            } else if let Some(port) = port("http://") {
                self.http = Some(SocketAddr::from(([127, 0, 0, 1], port)));
            } else if line.trim_start().starts_with("front ") {
                return;
            }
        }
    }

    /// What the server wrote to stderr so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("log").clone()
    }

    /// Waits until the log contains a text.
    pub(crate) fn wait_for_log(&self, text: &str) {
        self.wait_until(|| self.log().contains(text), &format!("the log to say {text:?}"));
    }

    /// Waits until a condition holds.
    pub(crate) fn wait_until(&self, condition: impl Fn() -> bool, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !condition() {
            assert!(Instant::now() < deadline, "waited in vain for {what}; log:\n{}", self.log());
            std::thread::yield_now();
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Waits for a line on standard output.
    pub(crate) fn wait_for_line(&self, text: &str) {
        while self.lines.recv_timeout(PATIENCE).expect("a line") != text {}
    }

    /// Process id of the supervisor.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the supervisor by name, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Process ids and command lines of the supervisor's children.
    pub(crate) fn children(&self) -> Vec<(u32, String)> {
        children(self.pid())
    }

    /// Process ids of the workers that are alive.
    pub(crate) fn workers(&self) -> Vec<u32> {
        let workers = self.children().into_iter().filter(|(_, line)| line.contains("worker"));
        workers.map(|(pid, _)| pid).collect()
    }

    /// Process id of the front.
    pub(crate) fn front(&self) -> u32 {
        let front = self.children().into_iter().find(|(_, line)| line.contains("front"));
        front.expect("a front").0
    }

    /// The directory of this server, removed at the end.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The root that signed the local certificate.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("state").join("ca").join("rootCA.pem")
    }

    /// An https URL of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.https.port())
    }

    /// Real curl with the local root; arguments are appended.
    pub(crate) fn curl(&self, arguments: &[&str]) -> Output {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "30", "--cacert"]).arg(self.root()).args(arguments);
        curl.output().expect("curl runs")
    }

    /// A TLS connection that speaks HTTP/1.1.
    pub(crate) fn connect(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let socket = TcpStream::connect(self.https).expect("connects");
        socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        let name = ServerName::try_from("localhost").expect("name");
        let client = ClientConnection::new(self.client_config(), name).expect("client");
        StreamOwned::new(client, socket)
    }

    /// TLS settings that trust this server.
    pub(crate) fn client_config(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.root()).expect("root")).expect("root added");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Arc::new(builder.expect("versions").with_root_certificates(roots).with_no_client_auth())
    }

    /// One request over TLS on a connection of its own; `Connection: close` is added.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    /// Raw bytes over TLS, and the answer.
    pub(crate) fn request(&self, text: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).expect("written");
        read_answer(&mut stream)
    }

    /// Raw bytes over the plain listener, and the answer.
    pub(crate) fn plain(&self, text: &str) -> Answer {
        let mut stream = TcpStream::connect(self.http.expect("a plain listener")).expect("connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
        stream.write_all(text.as_bytes()).expect("written");
        read_answer(&mut stream)
    }

    /// Ends the server in order and gives its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the server does not end; log:\n{}", self.log());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            // The children die with their parent.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().expect("kill runs");
    assert!(status.success(), "kill -{name} {pid}");
}

/// Children of a process with their titles.
pub(crate) fn children(parent: u32) -> Vec<(u32, String)> {
    let entries = std::fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent))
        .map(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            (pid, String::from_utf8_lossy(&line).replace('\0', " "))
        })
        .collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    let is_alive = rest.next()? != "Z";
    rest.next()?.parse().ok().filter(|_| is_alive)
}

/// Reads a response to the end of its body (by length, chunks or the end of the connection).
pub(crate) fn read_answer(stream: &mut impl Read) -> Answer {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        let count = reader.read_line(&mut line).unwrap_or(0);
        if count == 0 || line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let mut answer = Answer { status, head, body: Vec::new() };
    answer.body = read_body(&mut reader, &answer);
    answer
}

fn read_body(reader: &mut impl BufRead, answer: &Answer) -> Vec<u8> {
    let mut body = Vec::new();
    if answer.field("transfer-encoding") == Some("chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).expect("chunk size");
            let size = usize::from_str_radix(size.trim(), 16).expect("hexadecimal chunk size");
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).expect("chunk");
            if size == 0 {
                return body;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
    match answer.field("content-length").and_then(|length| length.parse().ok()) {
        Some(length) => {
            body.resize(length, 0);
            reader.read_exact(&mut body).expect("body");
        }
        None if matches!(answer.status, 100..200 | 204 | 304) => {}
        // The end of the connection; a TLS peer that does not say good-bye is judged by the tests that care.
        None => drop(reader.read_to_end(&mut body)),
    }
    body
}

fn read_lines(from: impl Read + Send + 'static, log: Option<Arc<Mutex<String>>>) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Some(log) = &log {
                let mut log = log.lock().expect("log");
                log.push_str(&line);
                log.push('\n');
            }
            // Nobody may listen any more; the log above still wants every line.
            let _ = sender.send(line);
        }
    });
    receiver
}
