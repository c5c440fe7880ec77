//! What the user meant: complete, checked, with no option left open. After `resolve`, nothing else is consulted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::glob;
use crate::value::{cipher, tls};

/// Everything that one running server needs to know. Sent to the front as JSON, keys never inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Bound addresses, in the order they are printed.
    pub listeners: Vec<Listener>,
    /// Sites; the first one answers names that no site has.
    pub sites: Vec<Site>,
    /// Applications by pool name.
    pub pools: Vec<Pool>,
    /// Bounds and deadlines of every client connection.
    pub limits: Limits,
    /// Who may say on whose behalf a request comes.
    pub proxies: Proxies,
    /// What is logged, and where.
    pub log: Log,
    /// Threads of the front process.
    pub front_threads: usize,
    /// Directory for the local CA and other state.
    pub state_directory: PathBuf,
    /// Where the local CA's root is.
    pub local_root: LocalRoot,
    /// How long running requests may go on after a stop or a reload.
    pub graceful_timeout: Duration,
    /// TLS clients that name no site, or none of ours, are refused.
    pub is_sni_strict: bool,
    /// How often the keys of session tickets change; no tickets without.
    pub ticket_rotation: Option<Duration>,
    /// Restart workers when their code changes.
    pub reload: Option<Reload>,
    /// Files whose touch is a reload of everything.
    pub touch_reload: Vec<PathBuf>,
    /// File that receives the supervisor's process id.
    pub pid_file: Option<PathBuf>,
    /// As whom the front runs. Nobody named: as the user who starts the server, root without what makes it root.
    pub front: Account,
    /// Started by root with nobody named for the front: it gives root up where this machine lets it.
    pub front_leaves_root: bool,
    /// What the front gives up beyond users and capabilities.
    pub sandbox: Sandbox,
    /// Permission bits of Unix sockets that are listened on.
    pub socket_mode: u32,
}

/// A user and groups, by name or number. Nothing named: as the user who starts the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// User.
    pub user: Option<String>,
    /// Group; the user's own when absent.
    pub group: Option<String>,
    /// Supplementary groups; those that the group database has the user in when empty.
    pub groups: Vec<String>,
}

impl Account {
    /// Whether nobody else than the user who starts the server is named.
    #[must_use]
    pub const fn is_unnamed(&self) -> bool {
        self.user.is_none() && self.group.is_none() && self.groups.is_empty()
    }
}

/// Whether the front asks the kernel to refuse it what it does not need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sandbox {
    /// What the kernel has.
    #[default]
    Auto,
    /// All of it, or the server does not start.
    Require,
    /// Nothing.
    Off,
}

/// A bound address with a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Where it listens.
    pub address: ListenerAddress,
    /// What it speaks.
    pub role: Role,
    /// Accept queue length, default 2048.
    pub backlog: u32,
}

/// Where a listener listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListenerAddress {
    /// A TCP address; port 0 asks the kernel for one.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
    /// A descriptor inherited at start (`fd://N`, systemd).
    Inherited(i32),
}

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// HTTP over TLS.
    Https,
    /// Plain HTTP: redirects, or serves when the site allows it.
    Http,
}

/// Names, certificate, policy and routes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Its name in logs and messages: the one of its section, else its first host name, else `default`.
    pub name: String,
    /// Host names served, lower-case, without port; empty means every name. `*.example.org` covers one label.
    pub names: Vec<String>,
    /// Requests for any other name are redirected to this one, lower-case.
    pub canonical: Option<String>,
    /// Where the certificates come from, at least one; which a client gets depends on the name it asks for and the keys it knows.
    pub certificates: Vec<CertificateSource>,
    /// What TLS offers.
    pub tls: TlsPolicy,
    /// What plain HTTP does.
    pub plain: PlainPolicy,
    /// `Strict-Transport-Security` value as sent, checked.
    pub hsts: Option<String>,
    /// Static mounts, longest prefix first.
    pub mounts: Vec<StaticMount>,
    /// Who answers everything else, longest prefix first. What is under none is not found.
    pub routes: Vec<Route>,
    /// Who has to show a certificate, and where.
    pub client_certificates: ClientCertificates,
    /// What WSGI applications are told of TLS.
    pub tls_variables: TlsVariables,
    /// Redirects, the first that fits counts.
    pub redirects: Vec<RedirectTo>,
    /// What WSGI applications find in the environ of every request besides, in the order written.
    pub environ: Vec<(String, String)>,
    /// What is done to fields of requests and responses.
    pub headers: Headers,
    /// How responses are compressed, if they are.
    pub compression: Option<Compression>,
    /// Pages in the place of the server's own.
    pub error_pages: ErrorPages,
    /// Who has to give a name and a password, and where.
    pub basic_auth: BasicAuth,
}

/// Basic authentication (RFC 7617) of a site. Without rules nobody is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasicAuth {
    /// Longest prefix first; of those that cover a path, the first counts.
    pub rules: Vec<AuthRule>,
    /// What browsers show, without quotes.
    pub realm: String,
    /// The application gets the `Authorization` field as well.
    pub forwards: bool,
}

/// What one URL prefix asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthRule {
    /// Decoded, no trailing slash; empty for the whole site.
    pub prefix: String,
    /// File of users and hashed passwords; nobody is asked without.
    pub file: Option<PathBuf>,
    /// Who of them; empty for everybody.
    pub users: Vec<String>,
}

/// Pages of a site that take the place of the server's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorPages {
    /// First and last status, and the page; single statuses first.
    pub pages: Vec<(u16, u16, PageSource)>,
    /// Whether they take the place of what an application answered, too.
    pub replaces: ReplacedPages,
}

/// Where the text of a page is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageSource {
    /// In a file.
    File(PathBuf),
    /// Here.
    Text(String),
}

/// Which errors of applications get the pages of the site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplacedPages {
    /// None.
    #[default]
    None,
    /// Those without a body.
    Empty,
    /// All.
    All,
}

/// Which responses of a site are compressed, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compression {
    /// Those that are spoken, the one that is liked best first.
    pub codings: Vec<Coding>,
    /// Media types, lower-case: `text/html`, `text/*`, `*+json`.
    pub types: Vec<String>,
    /// Bytes from which on it is worth the trouble.
    pub least: u64,
    /// 1 (fast) to 9 (small).
    pub level: u8,
    /// Also what may hold secrets, where the request or the response has credentials.
    pub compresses_secrets: bool,
}

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstandard,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// Its name in `Content-Encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What is appended to the names of files that are compressed so.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstandard => ".zst",
            Self::Gzip => ".gz",
        }
    }
}

/// What is done to the fields of a site's requests and responses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    /// To responses, one after the other.
    pub response: Vec<HeaderRule>,
    /// To requests before an application sees them, one after the other.
    pub request: Vec<HeaderRule>,
    /// Responses without `Server` get one.
    pub sends_server: bool,
    /// Responses without `Date` get one.
    pub sends_date: bool,
}

impl Default for Headers {
    fn default() -> Self {
        Self { response: Vec::new(), request: Vec::new(), sends_server: true, sends_date: true }
    }
}

/// What is done to one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderRule {
    /// Under this URL prefix: decoded, no trailing slash; empty for the whole site.
    pub prefix: String,
    /// By which scheme the request came.
    pub over: Over,
    /// Lower-case.
    pub name: String,
    /// What.
    pub action: HeaderAction,
}

/// By which scheme a request has to come for a rule to hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Either.
    #[default]
    Any,
    /// HTTPS.
    Https,
    /// Plain HTTP.
    Http,
}

/// What a rule does; values are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderAction {
    /// One field with this value takes the place of all.
    Set(String),
    /// A further field.
    Add(String),
    /// Behind a comma in the last field; the field itself where there is none.
    Append(String),
    /// Where there is none.
    Default(String),
    /// Behind every value, without a comma.
    Suffix(String),
    /// None is left.
    Remove,
}

/// A redirect of one URL prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectTo {
    /// Decoded, no trailing slash; empty for the whole site.
    pub prefix: String,
    /// The prefix itself alone.
    pub is_exact: bool,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// An `http` or `https` URL, or a path of the same host.
    pub target: String,
}

/// A URL prefix and who answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Decoded, no trailing slash; empty for the whole site.
    pub prefix: String,
    /// `SCRIPT_NAME` / `root_path`: the prefix or a parent of it, empty at the root.
    pub mount: String,
    /// Who answers.
    pub target: Target,
    /// What an upstream gets in the place of the prefix, decoded, empty for the root. Nothing is replaced without.
    pub base: Option<String>,
}

/// Who answers a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The application of the pool with this name.
    Pool(String),
    /// Another server.
    Upstream(Upstream),
}

/// A server behind this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// What it speaks.
    pub protocol: UpstreamProtocol,
    /// Where it listens.
    pub address: UpstreamAddress,
}

/// What a server behind this one speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http,
    /// uwsgi, as uWSGI's `--socket` speaks it.
    Uwsgi,
}

/// Where a server behind this one listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamAddress {
    /// TCP.
    Tcp {
        /// Name or address, IPv6 without brackets.
        host: String,
        /// From 1.
        port: u16,
    },
    /// A Unix socket.
    Unix(PathBuf),
}

/// What TLS offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsPolicy {
    /// IANA numbers, in our order: never empty. A version without a suite is not spoken.
    pub suites: Vec<u16>,
    /// IANA numbers of the key exchange groups: never empty.
    pub groups: Vec<u16>,
    /// Whose order of suites counts.
    pub order: SuiteOrder,
}

impl Default for TlsPolicy {
    /// Mozilla's profile `intermediate`.
    fn default() -> Self {
        let suites = cipher::TLS13.iter().chain(&cipher::TLS12).copied().collect();
        Self { suites, groups: tls::GROUPS.to_vec(), order: SuiteOrder::Auto }
    }
}

/// Whose order of suites counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SuiteOrder {
    /// Ours, unless the client puts ChaCha20 first.
    #[default]
    Auto,
    /// The client's.
    Client,
    /// Ours.
    Server,
}

/// Versions of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 9846.
    Tls13,
}

/// The client certificates of a site. Without rules none is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertificates {
    /// Longest prefix first; of those that cover a path, the first counts.
    pub rules: Vec<ClientRule>,
    /// Files with revocation lists.
    pub revocation: Vec<PathBuf>,
    /// What a revocation list past its next update means.
    pub expired_revocation: ExpiredRevocation,
    /// Most certificates above the client's own, the root among them; 0 only for certificates that are in the file themselves.
    pub depth: u32,
    /// The application gets the fields of RFC 9440.
    pub sends_headers: bool,
}

/// What one URL prefix asks of clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRule {
    /// Decoded, no trailing slash; empty for the whole site.
    pub prefix: String,
    /// Whether a request without a good certificate is refused.
    pub is_required: bool,
    /// File with the authorities, or with single certificates, that are accepted.
    pub authority: PathBuf,
    /// The option that named the file, for messages.
    pub option: String,
    /// Who among their holders; empty for everybody.
    pub allow: Vec<AllowedClient>,
}

/// One kind of client that is let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedClient {
    /// A DNS name of the certificate, lower-case; `*.` stands for one label.
    Dns(String),
    /// A URI of the certificate: `*` as a path segment stands for one, `**` at the end for all further.
    Uri(String),
    /// A mail address; `*@example.org` for all of a domain.
    Email(String),
    /// A common name of the subject.
    CommonName(String),
    /// An organisational unit of the subject.
    Unit(String),
    /// SHA-256 of the certificate.
    Fingerprint([u8; 32]),
    /// SHA-256 of its public key (RFC 7469 2.4).
    KeyPin([u8; 32]),
}

/// What a revocation list past its next update means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpiredRevocation {
    /// Whoever it would speak about is refused.
    #[default]
    Refuse,
    /// It counts as before.
    Accept,
}

/// What WSGI applications are told of TLS besides its version, its cipher and the verdict on the client's certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsVariables {
    /// mod_ssl's standard variables.
    pub has_standard: bool,
    /// The certificates as PEM.
    pub has_certificates: bool,
}

/// Where a certificate and its key come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CertificateSource {
    /// PEM files.
    Files {
        /// Leaf, and the chain if it is in the same file.
        certificate: PathBuf,
        /// Private key; the certificate file when the key stands in it.
        key: PathBuf,
        /// Further chain.
        chain: Option<PathBuf>,
        /// What opens the key, should that be encrypted; the terminal is asked where nothing is named.
        passphrase: Option<PassphraseSource>,
    },
    /// A leaf issued on the spot by the local CA in the state directory, for these names besides localhost and loopback.
    Local {
        /// Names and addresses.
        names: Vec<String>,
    },
}

/// Where the passphrase of a private key comes from; its first line counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PassphraseSource {
    /// A file.
    File(PathBuf),
    /// What a shell command prints.
    Command(String),
}

/// Where the local CA's root is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalRoot {
    /// `CAROOT`: the only place when it is set.
    pub named: Option<PathBuf>,
    /// In the state directory: where a new root is made.
    pub own: PathBuf,
    /// mkcert's place: its root is used where there is none in `own`.
    pub mkcert: Option<PathBuf>,
}

/// What plain HTTP does for a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlainPolicy {
    /// 301 (GET, HEAD) or 308 to https on this port.
    Redirect {
        /// The public HTTPS port that `Location` names.
        https_port: u16,
    },
    /// The application answers as over HTTPS, without HSTS.
    Serve,
}

/// A URL prefix answered from a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaticMount {
    /// URL prefix, starting with a slash, no trailing slash. Empty for what comes before the application.
    pub prefix: String,
    /// The directory, or a file for the prefix alone.
    pub directory: PathBuf,
    /// Files that answer for a directory, the first that is there.
    pub index: Vec<String>,
    /// `Cache-Control: max-age`; none by default.
    pub max_age: Option<Duration>,
}

/// An application and the processes that run it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Name in routes and logs, `app` by default.
    pub name: String,
    /// What to import.
    pub application: Application,
    /// Worker processes, default 1.
    pub processes: usize,
    /// WSGI threads a process, default 5 (as mod_wsgi).
    pub threads: usize,
    /// ASGI exchanges a process runs at once.
    pub concurrency: u32,
    /// Interpreter; found beside the `tlsgi` binary or on PATH when not named.
    pub python: Option<PathBuf>,
    /// Directory entered before the import.
    pub directory: Option<PathBuf>,
    /// As whom it runs.
    pub account: Account,
    /// Mode bits that files made by it do not get; inherited when absent.
    pub umask: Option<u32>,
    /// `HOME`; the user's own when absent.
    pub home: Option<PathBuf>,
    /// Additional entries at the front of `sys.path`.
    pub python_path: Vec<PathBuf>,
    /// Additional environment variables.
    pub environment: BTreeMap<String, String>,
    /// A worker is replaced after so many requests; 0 = never.
    pub max_requests: u64,
    /// Up to so many more, chosen at random a worker.
    pub max_requests_jitter: u64,
    /// A worker is replaced when its resident memory passes this, bytes.
    pub max_worker_memory: Option<u64>,
    /// A worker is replaced when it has served for so long.
    pub max_worker_age: Option<Duration>,
    /// Files whose touch has the workers replaced.
    pub touch_files: Vec<PathBuf>,
    /// A request that runs longer gets 504 and its worker is replaced.
    pub request_timeout: Option<Duration>,
    /// Import once, fork the workers from that process.
    pub preload: bool,
    /// Functions called in the life of a worker: an absolute path, or a module behind `python:`.
    pub hooks: Option<String>,
    /// How long a worker may take from start to ready.
    pub startup_timeout: Duration,
    /// ASGI lifespan.
    pub lifespan: Lifespan,
    /// ASGI event loop.
    pub event_loop: EventLoop,
}

/// What a worker imports and how it calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// `module:attribute`, `path.py:attribute`, `module:create_app()`; attribute optional.
    pub reference: String,
    /// Calling convention; found out by looking when absent.
    pub interface: Option<Interface>,
    /// The attribute is a function that returns the application.
    pub is_factory: bool,
}

/// Calling conventions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interface {
    /// PEP 3333.
    Wsgi,
    /// ASGI 3.0.
    Asgi,
}

/// Whether the ASGI lifespan protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifespan {
    /// Tried; an application that does not know it is served all the same.
    #[default]
    Auto,
    /// Required.
    On,
    /// Not tried.
    Off,
}

/// Which event loop an ASGI worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventLoop {
    /// uvloop when it is installed, else asyncio.
    #[default]
    Auto,
    /// The standard library's.
    Asyncio,
    /// uvloop, or a start error.
    Uvloop,
}

/// Development reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reload {
    /// Directories watched.
    pub directories: Vec<PathBuf>,
    /// Where each pool's application is imported from, by the pool's name: a change there concerns this pool, a change elsewhere all.
    pub code: Vec<(String, PathBuf)>,
    /// Patterns of files that count beside those in `.py`.
    pub include: Vec<String>,
    /// Patterns of files and directories that do not count.
    pub exclude: Vec<String>,
}

impl Reload {
    /// Whether a changed file is code: Python or of a pattern, and neither hidden, installed nor left out.
    #[must_use]
    pub fn concerns(&self, path: &Path) -> bool {
        // Hidden files are locks and drafts of editors.
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        // A virtual environment often lives beside the application: installing something is no change of its code.
        let is_installed = path.iter().any(|part| part == "site-packages" || part == "node_modules");
        let is_python = path.extension().is_some_and(|extension| extension == "py");
        let is_meant = is_python || self.include.iter().any(|pattern| glob::covers(pattern, path));
        is_meant
            && !is_hidden
            && !is_installed
            && !self.exclude.iter().any(|pattern| glob::covers_within(pattern, path))
    }
}

/// Bounds and deadlines. `None` where the bound can be switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// From accept to the end of the TLS handshake. Default 10 s.
    pub handshake_timeout: Duration,
    /// From the first byte of a request to the end of its head, drips not counted. Default 10 s.
    pub header_timeout: Duration,
    /// Bytes of the head without the request line (h1), or of the decoded field list (h2). Default 64 KiB.
    pub header_bytes: usize,
    /// Fields in a head. Default 100.
    pub header_count: usize,
    /// Bytes of the request line; 414 beyond. Default 8 KiB.
    pub request_line_bytes: usize,
    /// Bytes of a request body; 413 beyond. Default unlimited.
    pub body_bytes: Option<u64>,
    /// A body must come at this rate (bytes/s) after the grace. Default 240; 0 = no floor.
    pub body_rate: u64,
    /// How long a body may come slower. Default 20 s; also the longest silence.
    pub body_grace: Duration,
    /// Wait for a free worker slot; then 503 with Retry-After. Default 30 s.
    pub queue_timeout: Duration,
    /// Requests that may wait in one pool; 503 at once beyond. Default 10000.
    pub queue_length: usize,
    /// From dispatch to the response head; then 504. Default none: `request_timeout` bounds it.
    pub response_timeout: Option<Duration>,
    /// From the first attempt to a connection with an upstream.
    pub upstream_connect_timeout: Duration,
    /// Longest silence of an upstream whose turn it is.
    pub upstream_timeout: Duration,
    /// Longest time in which a client takes no byte of a response. Default 60 s.
    pub write_timeout: Duration,
    /// Idle time between requests. Default 75 s (h1), also idle h2 connections.
    pub keep_alive_timeout: Duration,
    /// Requests on one connection; 0 = no bound. Default 0.
    pub keep_alive_requests: u64,
    /// Concurrent h2 streams. Default 128.
    pub h2_streams: u32,
    /// h2 streams reset by the client within a minute. Default 200; GOAWAY beyond.
    pub h2_resets: u32,
    /// h2 SETTINGS frames within a minute. Default 100.
    pub h2_settings: u32,
    /// h2 PING frames within a minute. Default 200.
    pub h2_pings: u32,
    /// Open connections altogether. Default: what the descriptor limit allows.
    pub connections: usize,
    /// Open connections of one client address; none by default.
    pub connections_per_client: Option<usize>,
    /// Largest WebSocket message, after decompression. Default 16 MiB.
    pub websocket_message_bytes: usize,
    /// Ping an idle WebSocket after this. Default 20 s.
    pub websocket_ping_interval: Duration,
    /// Close it when no pong came for this. Default 20 s.
    pub websocket_ping_timeout: Duration,
}

/// Who may say on whose behalf a request comes, and in which fields. Everybody else's are taken out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxies {
    /// Peers that are believed.
    pub trusted: Vec<TrustedProxy>,
    /// What they are believed in.
    pub fields: Vec<ForwardedField>,
    /// Every connection begins with a header of the PROXY protocol, and only theirs are taken.
    pub protocol: bool,
}

/// A peer that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrustedProxy {
    /// Whoever connects to a Unix socket.
    Unix,
    /// Addresses that begin like this one.
    Network {
        /// An address of the network.
        address: std::net::IpAddr,
        /// Bits that count.
        length: u8,
    },
}

impl TrustedProxy {
    /// Whether the network has this address. An IPv4 address is the same in its IPv6 form.
    #[must_use]
    pub fn covers(&self, address: std::net::IpAddr) -> bool {
        use std::net::IpAddr::{V4, V6};
        let Self::Network { address: network, length } = *self else { return false };
        let shares = |left: u128, right: u128, bits: u32| {
            let rest = bits - u32::from(length).min(bits);
            (left ^ right).checked_shr(rest).is_none_or(|left| left == 0)
        };
        match (network, address.to_canonical()) {
            (V4(network), V4(address)) => shares(network.to_bits().into(), address.to_bits().into(), 32),
            (V6(network), V6(address)) => shares(network.to_bits(), address.to_bits(), 128),
            // `::ffff:10.0.0.0/104` is about IPv4; a shorter prefix, such as `::/0`, is about IPv6 alone.
            (V6(network), V4(address)) => {
                length >= 96 && shares(network.to_bits(), address.to_ipv6_mapped().to_bits(), 128)
            }
            (V4(_), V6(_)) => false,
        }
    }
}

macro_rules! forwarded_fields {
    ($count:literal: $($(#[doc = $doc:literal])+ $field:ident = $name:literal;)+) => {
        /// A field in which a proxy says on whose behalf it asks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum ForwardedField { $($(#[doc = $doc])+ $field,)+ }

        impl ForwardedField {
            /// All.
            pub const ALL: [Self; $count] = [$(Self::$field,)+];
            /// Their names, in the same order.
            pub const NAMES: [&'static str; $count] = [$($name,)+];

            /// Name as proxies write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$field => $name,)+ }
            }
        }
    };
}

forwarded_fields! { 14:
    /// Clients and proxies, one address each, the nearest last.
    XForwardedFor = "X-Forwarded-For";
    /// `http` or `https`.
    XForwardedProto = "X-Forwarded-Proto";
    /// Host and port that the client named.
    XForwardedHost = "X-Forwarded-Host";
    /// Port that the client connected to.
    XForwardedPort = "X-Forwarded-Port";
    /// All of it by RFC 7239.
    Forwarded = "Forwarded";
    /// The client's address.
    XRealIp = "X-Real-IP";
    /// The client's address.
    XClientIp = "X-Client-IP";
    /// `http` or `https`.
    XForwardedScheme = "X-Forwarded-Scheme";
    /// `http` or `https`.
    XForwardedProtocol = "X-Forwarded-Protocol";
    /// `http` or `https`.
    XScheme = "X-Scheme";
    /// `on` or `off`.
    XForwardedSsl = "X-Forwarded-SSL";
    /// `on` or `off`.
    XForwardedHttps = "X-Forwarded-HTTPS";
    /// `on` or `off`.
    XHttps = "X-HTTPS";
    /// Host and port that the client named.
    XHost = "X-Host";
}

impl Proxies {
    /// Whether a peer is believed; on a Unix socket it has no address.
    #[must_use]
    pub fn trusts(&self, peer: Option<std::net::IpAddr>) -> bool {
        self.trusted.iter().any(|trusted| match peer {
            Some(address) => trusted.covers(address),
            None => *trusted == TrustedProxy::Unix,
        })
    }

    /// Whether a field is believed, from those who are.
    #[must_use]
    pub fn believes(&self, field: ForwardedField) -> bool {
        self.fields.contains(&field)
    }
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Least level of the server's own log.
    pub level: LogLevel,
    /// Form of the server's own log.
    pub format: LogFormat,
    /// Access log; none when switched off.
    pub access: Option<AccessLog>,
}

/// Levels of the server's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Only what stops something.
    Error,
    /// Also what was put right.
    Warning,
    /// Also what changed. The default.
    Info,
    /// Also every connection.
    Debug,
}

/// Form of the server's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text a message.
    Text,
    /// One JSON object a line.
    Json,
}

/// The access log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLog {
    /// File; stderr when absent.
    pub file: Option<PathBuf>,
    /// Form.
    pub format: AccessLogFormat,
}

/// Form of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessLogFormat {
    /// Apache's combined format with TLS version and request id appended.
    Combined,
    /// One JSON object a line.
    Json,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            header_bytes: 64 << 10,
            header_count: 100,
            request_line_bytes: 8 << 10,
            body_bytes: None,
            body_rate: 240,
            body_grace: Duration::from_secs(20),
            queue_timeout: Duration::from_secs(30),
            queue_length: 10_000,
            response_timeout: None,
            upstream_connect_timeout: Duration::from_secs(5),
            upstream_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
            keep_alive_timeout: Duration::from_secs(75),
            keep_alive_requests: 0,
            h2_streams: 128,
            h2_resets: 200,
            h2_settings: 100,
            h2_pings: 200,
            connections: 100_000,
            connections_per_client: None,
            websocket_message_bytes: 16 << 20,
            websocket_ping_interval: Duration::from_secs(20),
            websocket_ping_timeout: Duration::from_secs(20),
        }
    }
}

impl Config {
    /// The pool with this name.
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.name == name)
    }
}
