//! One thread of the front: a single-threaded runtime, its accept loops, its links, its connections.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tlsgi_config::config::Role;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinSet, LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use crate::assemble::Assembly;
use crate::control::FromFront;
use crate::listener::census::{Census, Guest};
use crate::listener::{Arrival, Reception, accept_loop, serve_tcp, serve_unix};
use crate::observe::access_log::AccessLog;
use crate::pool::link::Broken;
use crate::pool::{Link, Pool, WorkerEnd, WorkerShared};
use crate::state::Thread;
use crate::tls::{Tls, set_signing_socket};

/// Text of `SERVER_SOFTWARE`.
const SOFTWARE: &str = concat!("tlsgi/", env!("CARGO_PKG_VERSION"));

/// While there are connections, a timer is due within this. The runtime gets itself out of its wait for each timer that is due before all others,
/// with a write and a vain turn of the loop: on a quiet thread that would be every one.
const BEAT: Duration = Duration::from_secs(1);

/// What a thread is told.
pub(crate) enum ToThread {
    /// Take this configuration over.
    Configure(Arc<Assembly>),
    /// A worker's link, and the other end of it.
    Link { pool: String, worker: Arc<WorkerShared>, socket: UnixStream, worker_end: Option<WorkerEnd> },
    /// Take a worker out of dispatch.
    Retire(u64),
    /// Nobody will answer for this pool.
    PoolDown(String),
    /// A connection that another thread accepted.
    Arrival(Box<Arrival>),
    /// Accept nothing more; finish within this time.
    Drain(Duration),
}

/// What a thread needs from the start.
pub(crate) struct Setup {
    pub(crate) number: usize,
    pub(crate) inbox: mpsc::UnboundedReceiver<ToThread>,
    pub(crate) others: Vec<mpsc::UnboundedSender<ToThread>>,
    pub(crate) upward: mpsc::UnboundedSender<FromFront>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) census: Arc<Census>,
    pub(crate) draining: watch::Receiver<bool>,
    pub(crate) signing: UnixStream,
    pub(crate) access_log: AccessLog,
}

/// Runs a thread until it is drained.
pub(crate) fn run(setup: Setup) -> std::io::Result<()> {
    set_signing_socket(setup.signing.try_clone()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(8).build()?;
    // As a task, the desk is looked at when it has a message. What a set of tasks runs for is looked at whenever any of them is woken.
    let outcome = LocalSet::new().block_on(&runtime, async { spawn_local(Desk::new(setup).work()).await });
    outcome.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => error.into(),
    })
}

/// The thread's owner of everything that runs on it.
struct Desk {
    thread: Rc<Thread>,
    setup: RefCell<Option<mpsc::UnboundedReceiver<ToThread>>>,
    others: Vec<mpsc::UnboundedSender<ToThread>>,
    wake: Arc<Notify>,
    census: Arc<Census>,
    tls: RefCell<Option<Tls>>,
    assembly: RefCell<Option<Arc<Assembly>>>,
    accepting: RefCell<JoinSet<()>>,
    connections: Rc<Connections>,
    links: RefCell<JoinSet<()>>,
}

impl Desk {
    fn new(setup: Setup) -> Rc<Self> {
        Rc::new(Self {
            thread: Thread::new(setup.number, setup.upward, setup.draining, setup.access_log),
            setup: RefCell::new(Some(setup.inbox)),
            others: setup.others,
            wake: setup.wake,
            census: setup.census,
            tls: RefCell::default(),
            assembly: RefCell::default(),
            accepting: RefCell::default(),
            connections: Rc::default(),
            links: RefCell::default(),
        })
    }

    async fn work(self: Rc<Self>) {
        let Some(mut inbox) = self.setup.borrow_mut().take() else { return };
        loop {
            let message = tokio::select! {
                message = inbox.recv() => message,
                () = self.wake.notified() => {
                    self.thread.pools().iter().for_each(|pool| pool.serve_waiting());
                    continue;
                }
            };
            match message {
                Some(ToThread::Drain(wait)) => return self.drain(inbox, wait).await,
                Some(message) => self.handle(message),
                None => return,
            }
        }
    }

    fn handle(self: &Rc<Self>, message: ToThread) {
        match message {
            ToThread::Configure(assembly) => self.configure(&assembly),
            ToThread::Link { pool, worker, socket, worker_end } => self.link(&pool, worker, socket, worker_end),
            ToThread::Retire(worker) => self.retire(worker),
            ToThread::PoolDown(name) => {
                if let Some(pool) = self.thread.pool(&name) {
                    pool.fail_waiting();
                }
            }
            ToThread::Arrival(arrival) => {
                if let Ok(socket) = TcpStream::from_std(arrival.socket) {
                    self.welcome_tcp(socket, arrival.client, arrival.server, arrival.role, arrival.guest);
                }
            }
            ToThread::Drain(_) => {}
        }
    }

    fn configure(self: &Rc<Self>, assembly: &Arc<Assembly>) {
        self.thread.configure(assembly);
        *self.tls.borrow_mut() = Some(assembly.tls.clone());
        let mut accepting = JoinSet::new();
        for bound in &assembly.listeners {
            let task = accept_loop(Arc::clone(bound), Arc::clone(&self.census), self.thread.number, Rc::clone(self));
            accepting.spawn_local(task);
        }
        // The old loops end here; what they had not accepted waits in the same kernel queue.
        *self.accepting.borrow_mut() = accepting;
        *self.assembly.borrow_mut() = Some(Arc::clone(assembly));
    }

    fn link(self: &Rc<Self>, pool: &str, worker: Arc<WorkerShared>, socket: UnixStream, worker_end: Option<WorkerEnd>) {
        let Some(pool) = self.thread.pool(pool) else { return };
        let number = worker.number();
        let link = match Link::new(worker, socket, worker_end) {
            Ok(link) => link,
            Err(error) => return tracing::error!(worker = number, %error, "a worker's link cannot be used"),
        };
        pool.expect(Rc::clone(&link));
        let is_multiprocess = self.is_multiprocess(pool.name());
        let watch = LinkWatch { desk: Rc::clone(self), pool, link };
        self.links.borrow_mut().spawn_local(async move {
            let broken = Rc::clone(&watch.link).run(Rc::clone(&watch.pool), SOFTWARE, is_multiprocess).await;
            watch.desk.link_ended(&watch.link, &broken);
        });
        reap(&self.links);
    }

    fn link_ended(&self, link: &Link, broken: &Broken) {
        let worker = link.worker();
        let message = if matches!(broken, Broken::Closed) { String::new() } else { broken.to_string() };
        if !message.is_empty() {
            tracing::error!(worker = worker.number(), process = worker.process(), "{message}");
        }
        link.count_out();
        // The receiver lives as long as the process.
        let _ = self.thread.upward.send(FromFront::Lost { worker: worker.number(), message });
    }

    fn retire(self: &Rc<Self>, worker: u64) {
        for pool in self.thread.pools() {
            let Some(link) = pool.remove(worker) else { continue };
            let desk = Rc::clone(self);
            self.links.borrow_mut().spawn_local(async move {
                link.until_idle().await;
                if link.count_out() {
                    // The receiver lives as long as the process.
                    let _ = desk.thread.upward.send(FromFront::Idle { worker });
                }
            });
        }
    }

    fn is_multiprocess(&self, pool: &str) -> bool {
        let assembly = self.assembly.borrow();
        assembly.as_ref().and_then(|assembly| assembly.config.pool(pool)).is_some_and(|pool| pool.processes > 1)
    }

    async fn drain(self: Rc<Self>, mut inbox: mpsc::UnboundedReceiver<ToThread>, wait: Duration) {
        self.accepting.borrow_mut().abort_all();
        self.census.stops_accepting();
        let finish = async {
            loop {
                // Connections, links and waiting requests go on while messages are still served.
                tokio::select! {
                    biased;
                    message = inbox.recv() => if let Some(message) = message { self.handle(message) },
                    () = self.wake.notified() => self.thread.pools().iter().for_each(|pool| pool.serve_waiting()),
                    () = sleep(Duration::from_millis(20)) => {}
                }
                reap(&self.connections.tasks);
                // Another thread may have handed over a connection just before it heard of the end.
                if self.connections.tasks.borrow().is_empty() && self.census.is_deserted(self.thread.number) {
                    return;
                }
            }
        };
        if timeout(wait, finish).await.is_err() {
            let left = self.connections.tasks.borrow().len();
            tracing::warn!(connections = left, "not finished within the graceful timeout: cut");
        }
        self.connections.tasks.borrow_mut().abort_all();
        self.thread.access_log.flush();
    }
}

/// The tasks of connections.
#[derive(Default)]
struct Connections {
    tasks: RefCell<JoinSet<()>>,
    is_beating: Cell<bool>,
}

impl Connections {
    fn spawn(self: &Rc<Self>, connection: impl Future<Output = ()> + 'static) {
        reap(&self.tasks);
        self.tasks.borrow_mut().spawn_local(connection);
        if !self.is_beating.replace(true) {
            spawn_local(Rc::clone(self).beat());
        }
    }

    async fn beat(self: Rc<Self>) {
        while !self.tasks.borrow().is_empty() {
            sleep(BEAT).await;
            reap(&self.tasks);
        }
        self.is_beating.set(false);
    }
}

impl Reception for Desk {
    fn welcome_tcp(&self, socket: TcpStream, client: SocketAddr, server: Option<SocketAddr>, role: Role, guest: Guest) {
        let Some(tls) = self.tls.borrow().clone() else { return };
        self.connections.spawn(serve_tcp(socket, client, server, role, tls, Rc::clone(&self.thread), guest));
    }

    fn welcome_unix(&self, socket: tokio::net::UnixStream, path: String, role: Role, guest: Guest) {
        let Some(tls) = self.tls.borrow().clone() else { return };
        self.connections.spawn(serve_unix(socket, path, role, tls, Rc::clone(&self.thread), guest));
    }

    fn hand_over(&self, thread: usize, arrival: Arrival) {
        if let Some(other) = self.others.get(thread) {
            // A thread that has ended drops the connection: the server is stopping.
            let _ = other.send(ToThread::Arrival(Box::new(arrival)));
        }
    }
}

/// A link's task. When it ends by a fault, the worker is given up as if it had broken the protocol.
struct LinkWatch {
    desk: Rc<Desk>,
    pool: Rc<Pool>,
    link: Rc<Link>,
}

impl Drop for LinkWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.link.close(&self.pool);
            self.desk.link_ended(&self.link, &Broken::Fault);
        }
    }
}

/// Forgets tasks that have ended.
fn reap(tasks: &RefCell<JoinSet<()>>) {
    let mut tasks = tasks.borrow_mut();
    while let Some(ended) = tasks.try_join_next() {
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!(%error, "a task of the front failed; its connection is closed");
        }
    }
}
