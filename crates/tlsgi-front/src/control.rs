//! What supervisor and front tell each other. JSON messages with descriptors beside them; the keys stay where they are.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tlsgi_config::Config;

/// From the supervisor. Descriptors that belong to a message arrive with it, in the order named here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ToFront {
    /// The first message, and again on every reload that changed something. Descriptors: every listener in the order of
    /// `config.listeners` (after expansion, so one descriptor each), then on the first message one signing socket per
    /// front thread.
    Configure {
        /// The whole configuration.
        config: Box<Config>,
        /// The certificates of the sites, each site's in its order.
        certificates: Vec<SiteCertificate>,
        /// What the files about client certificates hold.
        trust: TrustFiles,
        /// What other files hold.
        files: NamedFiles,
        /// Secrets of session tickets: a replaced front still resumes sessions.
        tickets: TicketSecrets,
        /// What the front gives up before anything else, on the first message.
        confinement: Confinement,
    },
    /// New certificates for the running configuration.
    Certificates {
        /// The certificates of the sites, each site's in its order.
        certificates: Vec<SiteCertificate>,
    },
    /// Other secrets of session tickets from now on.
    Tickets {
        /// All of them.
        tickets: TicketSecrets,
    },
    /// New contents of the files about client certificates, for the running configuration.
    Trust {
        /// All of them.
        trust: TrustFiles,
    },
    /// New contents of other files, for the running configuration.
    Files {
        /// All of them.
        files: NamedFiles,
    },
    /// A worker is ready. Descriptors: one link per front thread; then, where the kernel tells of a process's end, the worker's ends of
    /// these links and a process descriptor (`pidfd_open(2)`).
    Worker {
        /// Its pool.
        pool: String,
        /// Its number, unique over the server's life.
        worker: u64,
        /// Its process id, for logs.
        process: u32,
    },
    /// Give this worker no new exchange; close its links when its last exchange is over.
    Retire {
        /// Its number.
        worker: u64,
    },
    /// The access log's file, after every `Configure` that names one and after a reopen. Descriptor: the file.
    AccessLog,
    /// A pool cannot start its application: answer 503 at once instead of queueing, until a worker of it is ready.
    PoolDown {
        /// Its name.
        pool: String,
    },
    /// Accept nothing more, tell clients, finish, say `Drained`, exit.
    Drain {
        /// After this, what still runs is cut.
        timeout: Duration,
    },
}

/// To the supervisor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum FromFront {
    /// The front gave up what it was told to, before `Configure` is taken over.
    Confined(Confined),
    /// A static folder was put in the place of another one, where only a new front can reach it.
    Moved,
    /// `Configure` was taken over; connections are accepted.
    Ready,
    /// `Configure`, `Certificates`, `Tickets`, `Trust` or `Files` could not be taken over; what ran before still runs.
    Refused {
        /// Why.
        message: String,
    },
    /// A request ran longer than the pool's `request_timeout`: dump this worker's stacks and replace it.
    Stuck {
        /// The worker's number.
        worker: u64,
        /// Method and path, for the log.
        request: String,
    },
    /// A worker's link closed or broke the protocol; it gets nothing more.
    Lost {
        /// The worker's number.
        worker: u64,
        /// What was wrong; empty for a plain close.
        message: String,
    },
    /// A retired worker has no exchange left: it may be told to exit.
    Idle {
        /// The worker's number.
        worker: u64,
    },
    /// Everything after `Drain` is finished.
    Drained,
}

/// What a front gives up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Who it becomes. Without it, it stays who it is, without what makes root root.
    pub identity: Option<FrontIdentity>,
}

/// A user and groups, by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrontIdentity {
    /// User.
    pub user: u32,
    /// Group.
    pub group: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

impl From<&FrontIdentity> for tlsgi_sys::account::Identity {
    fn from(identity: &FrontIdentity) -> Self {
        Self { user: identity.user, group: identity.group, groups: identity.groups.clone() }
    }
}

/// What the kernel keeps from a front.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confined {
    /// Files and connections: the version of Landlock.
    pub landlock: Option<u32>,
    /// System calls.
    pub seccomp: bool,
}

/// What the files that `client_certificates` of the sites name hold, as PEM; each path once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustFiles {
    /// Authorities.
    pub authorities: Vec<(PathBuf, String)>,
    /// Revocation lists.
    pub revocation: Vec<(PathBuf, String)>,
}

/// What other files that sites name hold; each path once. The front opens none of them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedFiles {
    /// Error pages.
    pub pages: Vec<(PathBuf, String)>,
    /// Users and their hashed passwords.
    pub passwords: Vec<(PathBuf, String)>,
}

impl std::fmt::Debug for NamedFiles {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NamedFiles({} pages, {} of passwords)", self.pages.len(), self.passwords.len())
    }
}

/// The secrets that the keys of session tickets are derived from, 32 bytes each. Without a current one no tickets are given.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSecrets {
    /// Seals new tickets at the next change; known ahead, so that no front meets a ticket that it cannot open.
    pub upcoming: Option<Vec<u8>>,
    /// Seals new tickets.
    pub current: Option<Vec<u8>>,
    /// Sealed tickets before, and still opens them.
    pub previous: Vec<Vec<u8>>,
    /// How long clients are told to keep a ticket.
    pub lifetime: Duration,
}

impl std::fmt::Debug for TicketSecrets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "TicketSecrets(… for {:?})", self.lifetime)
    }
}

/// The public half of one certificate that a site presents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteCertificate {
    /// Index into `config.sites`.
    pub site: usize,
    /// DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The supervisor's name for the key, used in [`signing`].
    pub key: u32,
    /// What kind of key it is.
    pub algorithm: KeyAlgorithm,
}

/// Key kinds that the supervisor signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// RSA, 2048 bits and more.
    Rsa,
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// ECDSA on P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
}

/// Signing, on a socket pair of its own per front thread: fixed binary, because it is on the path of every full handshake.
/// Request: `length u32 | sequence u32 | key u32 | scheme u16 | message`, little-endian; `length` counts what follows it.
/// Answer: `length u32 | sequence u32 | status u8 | signature, certificate or text`; status 0 is success.
pub mod signing {
    /// Longest message: a TLS 1.2 ServerKeyExchange with its two randoms is under 300 bytes, a TLS 1.3 one under 200.
    pub const MAX_MESSAGE: usize = 1024;
    /// Longest signature (RSA-8192 has 1024 bytes) or certificate.
    pub const MAX_ANSWER: usize = 4096;
    /// Instead of a scheme: the message is a name below `localhost` that a client asked for, the answer a certificate for it and the
    /// key, DER, by the local CA that issued the key's own. Refused for keys of files and for all other names.
    pub const ISSUE: u16 = 0;
    /// Bytes of a request before the message, after the length.
    pub const REQUEST_HEAD: usize = 10;
    /// Bytes of an answer before the signature, after the length.
    pub const ANSWER_HEAD: usize = 5;
}
