//! The listening sockets: bound once, owned here for ever, handed to every front.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::fs::{FileType, Gid, Mode, OFlags, Uid};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tlsgi_config::config::{Config, Listener, ListenerAddress, PlainPolicy, Role};

use super::error::{Error, named};
use super::identity;
use super::port_holder;

/// Attempts to find a port that is free on every address of a role, when the kernel is asked to choose.
const PORT_ATTEMPTS: usize = 20;

/// A bound socket.
#[derive(Debug)]
pub(super) struct Bound {
    /// As configured: what a reload compares.
    wanted: Listener,
    /// As bound: the port is known.
    actual: ListenerAddress,
    socket: OwnedFd,
}

/// The listening sockets of a configuration, in its order.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    bound: Vec<Bound>,
}

impl Listeners {
    /// Binds what `config` asks for, taking over sockets that `previous` has already. Addresses in the result have their
    /// ports; `config` is brought up to date with them: listeners that this machine cannot have are gone, redirects know the port.
    pub(super) fn bind(config: &mut Config, previous: &Self) -> Result<Self, Error> {
        let mut attempts = 0;
        let listeners = loop {
            match Self::bind_all(config, previous) {
                // The port that the kernel chose for the first address was taken on another one.
                Err(Error::AddressInUse { .. }) if attempts < PORT_ATTEMPTS && asks_for_port(config) => attempts += 1,
                result => break result?,
            }
        };
        config.listeners = listeners.bound.iter().map(Bound::as_configured).collect();
        let https_port = listeners.port(Role::Https);
        for site in &mut config.sites {
            if let PlainPolicy::Redirect { https_port: port @ 0 } = &mut site.plain {
                *port = https_port.unwrap_or_default();
            }
        }
        Ok(listeners)
    }

    fn bind_all(config: &Config, previous: &Self) -> Result<Self, Error> {
        let mut listeners = Self::default();
        let owner = identity::of_front(config)?.map(|account| (account.identity.user, account.identity.group));
        let access = Access { mode: config.socket_mode, owner };
        for wanted in &config.listeners {
            let bound = match previous.bound.iter().find(|bound| bound.serves(wanted)) {
                Some(bound) => bound.again(wanted, access)?,
                None => match listeners.open(wanted, access) {
                    Ok(bound) => bound,
                    Err(error) if is_absent_loopback(wanted, &error, config) => continue,
                    Err(error) => return Err(explain(wanted, error)),
                },
            };
            listeners.bound.push(bound);
        }
        if listeners.bound.is_empty() && !config.listeners.is_empty() { Err(Error::NoListener) } else { Ok(listeners) }
    }

    fn open(&self, wanted: &Listener, access: Access) -> io::Result<Bound> {
        let (actual, socket) = match &wanted.address {
            ListenerAddress::Tcp(address) => {
                let mut address = *address;
                if address.port() == 0 {
                    address.set_port(self.port(wanted.role).unwrap_or(0));
                }
                let socket = open_tcp(address, wanted.backlog)?;
                let bound = socket.local_addr()?.as_socket().unwrap_or(address);
                (ListenerAddress::Tcp(bound), socket.into())
            }
            ListenerAddress::Unix(path) => (wanted.address.clone(), open_unix(path, wanted.backlog, access)?.into()),
            ListenerAddress::Inherited(number) => inherit(*number, wanted.backlog)?,
        };
        Ok(Bound { wanted: wanted.clone(), actual, socket })
    }

    /// The port of the first TCP listener of a role.
    fn port(&self, role: Role) -> Option<u16> {
        self.bound.iter().filter(|bound| bound.wanted.role == role).find_map(|bound| match bound.actual {
            ListenerAddress::Tcp(address) => Some(address.port()),
            ListenerAddress::Unix(_) | ListenerAddress::Inherited(_) => None,
        })
    }

    /// Closes the sockets and removes the socket files that were made here. Those made here are shut down for the fronts as well:
    /// who connects from now on is refused. An inherited one belongs to somebody who may start the next server on it.
    pub(super) fn close(&mut self) {
        for bound in self.bound.drain(..) {
            if !matches!(bound.wanted.address, ListenerAddress::Inherited(_)) {
                _ = rustix::net::shutdown(&bound.socket, rustix::net::Shutdown::Both);
            }
            if let ListenerAddress::Unix(path) = &bound.wanted.address {
                _ = std::fs::remove_file(path);
            }
        }
    }

    /// Removes the socket files that the listeners which stay do not use; for listeners that are given up.
    pub(super) fn give_way_to(self, staying: &Self) {
        for bound in self.bound {
            let is_kept = staying.bound.iter().any(|other| other.wanted.address == bound.wanted.address);
            if let (ListenerAddress::Unix(path), false) = (&bound.wanted.address, is_kept) {
                _ = std::fs::remove_file(path);
            }
        }
    }

    /// Duplicates for a front, in the configuration's order.
    pub(super) fn duplicates(&self) -> io::Result<Vec<OwnedFd>> {
        self.bound.iter().map(|bound| bound.socket.try_clone()).collect()
    }
}

impl Bound {
    /// Whether a reload goes on with this socket. Where the kernel chose the port, the role tells two listeners apart.
    fn serves(&self, wanted: &Listener) -> bool {
        let is_chosen = matches!(wanted.address, ListenerAddress::Tcp(address) if address.port() == 0);
        self.wanted.address == wanted.address && (!is_chosen || self.wanted.role == wanted.role)
    }

    /// The same socket under a configuration that may differ in role or backlog.
    fn again(&self, wanted: &Listener, access: Access) -> Result<Self, Error> {
        let failed = |source| Error::Listen { address: named(&wanted.address), source };
        if let ListenerAddress::Unix(path) = &wanted.address {
            access.give(path).map_err(failed)?;
        }
        let socket = self.socket.try_clone().map_err(failed)?;
        if wanted.backlog != self.wanted.backlog {
            rustix::net::listen(&socket, backlog(wanted.backlog)).map_err(|error| failed(error.into()))?;
        }
        Ok(Self { wanted: wanted.clone(), actual: self.actual.clone(), socket })
    }

    fn as_configured(&self) -> Listener {
        Listener { address: self.actual.clone(), ..self.wanted.clone() }
    }
}

fn asks_for_port(config: &Config) -> bool {
    config
        .listeners
        .iter()
        .any(|listener| matches!(listener.address, ListenerAddress::Tcp(address) if address.port() == 0))
}

fn open_tcp(address: SocketAddr, length: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    at_once(&socket)?;
    socket.listen(backlog(length))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Small writes leave without waiting for an acknowledgement. Accepted connections inherit it, if it is said before they come:
/// clients may connect while the application is still being imported.
fn at_once(socket: &Socket) -> io::Result<()> {
    socket.set_tcp_nodelay(true)
}

/// A socket file that nobody listens on is what a killed server left behind.
fn open_unix(path: &Path, length: u32, access: Access) -> io::Result<Socket> {
    let is_socket = path.symlink_metadata().is_ok_and(|found| found.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
        std::fs::remove_file(path)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // The file gets these bits when it is made: nobody connects before its owner is right.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    socket.bind(&SockAddr::unix(path)?)?;
    access.give(path)?;
    socket.listen(backlog(length))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Who may connect to a Unix socket: whoever may write to its file.
#[derive(Debug, Clone, Copy)]
struct Access {
    mode: u32,
    /// User and group, where the front is not who started the server.
    owner: Option<(u32, u32)>,
}

impl Access {
    /// The directory may belong to somebody else: what is changed is the socket, not what its name leads to by then.
    fn give(self, path: &Path) -> io::Result<()> {
        let file = rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
        if kind != FileType::Socket {
            return Err(io::Error::other("another file was put in the place of the socket"));
        }
        let by_number = format!("/proc/self/fd/{}", file.as_raw_fd());
        rustix::fs::chmod(&by_number, Mode::from_raw_mode(self.mode))?;
        if let Some((user, group)) = self.owner {
            rustix::fs::chown(&by_number, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
        }
        Ok(())
    }
}

/// A socket that a service manager or another parent opened; it listens already, or is told to.
fn inherit(number: i32, length: u32) -> io::Result<(ListenerAddress, OwnedFd)> {
    let socket = Socket::from(tlsgi_sys::inherited::take(number)?);
    if socket.r#type()? != Type::STREAM {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is no stream socket"));
    }
    if socket.domain()? != Domain::UNIX {
        at_once(&socket)?;
    }
    if !socket.is_listener()? {
        rustix::net::listen(socket.as_fd(), backlog(length))?;
    }
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    let actual = address.as_socket().map(ListenerAddress::Tcp);
    let actual = actual.or_else(|| address.as_pathname().map(|path| ListenerAddress::Unix(path.to_owned())));
    Ok((actual.unwrap_or(ListenerAddress::Inherited(number)), socket.into()))
}

fn backlog(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// `localhost` means both loopback addresses; a machine without IPv6 has one of them.
fn is_absent_loopback(wanted: &Listener, error: &io::Error, config: &Config) -> bool {
    let ListenerAddress::Tcp(address) = wanted.address else { return false };
    let is_other = |other: &Listener| other.role == wanted.role && other.address != wanted.address;
    let is_absent = matches!(error.raw_os_error(), Some(code) if [ABSENT, UNSUPPORTED].contains(&code));
    address.ip() == IpAddr::from(std::net::Ipv6Addr::LOCALHOST) && is_absent && config.listeners.iter().any(is_other)
}

const ABSENT: i32 = rustix::io::Errno::ADDRNOTAVAIL.raw_os_error();
const UNSUPPORTED: i32 = rustix::io::Errno::AFNOSUPPORT.raw_os_error();

fn explain(wanted: &Listener, source: io::Error) -> Error {
    let (address, role) = (named(&wanted.address), wanted.role);
    match (&wanted.address, source.kind()) {
        (ListenerAddress::Inherited(number), _) => Error::Inherited { number: *number, source },
        (ListenerAddress::Tcp(tcp), ErrorKind::AddrInUse) => {
            Error::AddressInUse { address, role, holder: port_holder::holder(*tcp) }
        }
        (ListenerAddress::Tcp(tcp), ErrorKind::PermissionDenied) if tcp.port() < 1024 => {
            Error::Privileged { address, role }
        }
        _ => Error::Listen { address, source },
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::net::TcpStream;
    use std::os::unix::fs::PermissionsExt;

    pub(in crate::supervisor) fn tcp(address: &str, role: Role) -> Listener {
        Listener { address: ListenerAddress::Tcp(address.parse().expect("address")), role, backlog: 16 }
    }

    pub(in crate::supervisor) fn config(listeners: Vec<Listener>) -> Config {
        let mut said = tlsgi_config::Layer::default();
        let app = tlsgi_config::layer::find("app").expect("an option").slot_mut;
        app(&mut said).say("app:app", tlsgi_config::Origin::Default).expect("a reference");
        let facts = tlsgi_config::Facts {
            directory: "/".into(),
            home: None,
            state_home: Some("/tmp".into()),
            ca_root: None,
            mkcert_root: None,
            is_root: false,
            cores: 1,
            open_files: 1024,
            credentials: None,
            passed_sockets: Vec::new(),
        };
        let mut config = tlsgi_config::resolve(said, &facts).0.expect("a configuration");
        config.listeners = listeners;
        config.sites[0].plain = PlainPolicy::Redirect { https_port: 0 };
        config
    }

    fn port(config: &Config, index: usize) -> u16 {
        match config.listeners[index].address {
            ListenerAddress::Tcp(address) => address.port(),
            _ => 0,
        }
    }

    #[test]
    fn chosen_ports_are_known_to_redirects_and_survive_a_reload() {
        let wanted = vec![tcp("127.0.0.1:0", Role::Https), tcp("127.0.0.1:0", Role::Http)];
        let mut first = config(wanted.clone());
        let listeners = Listeners::bind(&mut first, &Listeners::default()).expect("bind");
        let (https, http) = (port(&first, 0), port(&first, 1));
        assert!(https != 0 && http != 0 && https != http);
        assert_eq!(first.sites[0].plain, PlainPolicy::Redirect { https_port: https });

        let waiting = TcpStream::connect(("127.0.0.1", https)).expect("connects");
        let mut second = config(wanted);
        let again = Listeners::bind(&mut second, &listeners).expect("bind");
        drop(listeners);
        assert_eq!((port(&second, 0), port(&second, 1)), (https, http));
        let accepting = std::net::TcpListener::from(again.duplicates().expect("duplicates").remove(0));
        let (_, peer) = accepting.accept().expect("the connection that waited");
        assert_eq!(peer, waiting.local_addr().expect("address"));
    }

    #[test]
    fn one_port_is_chosen_for_all_addresses_of_a_role() {
        let mut config = config(vec![tcp("127.0.0.1:0", Role::Https), tcp("127.0.0.2:0", Role::Https)]);
        let _listeners = Listeners::bind(&mut config, &Listeners::default()).expect("bind");
        assert_eq!(port(&config, 0), port(&config, 1));
    }

    #[test]
    fn address_of_another_machine_is_an_error_that_names_it() {
        let mut config = config(vec![tcp("192.0.2.1:0", Role::Https)]);
        let error = Listeners::bind(&mut config, &Listeners::default()).expect_err("not ours");
        assert!(error.to_string().contains("192.0.2.1"), "{error}");
        assert_eq!(error.exit(), tlsgi_config::Exit::Address);
    }

    #[test]
    fn closed_listeners_refuse_for_every_holder() {
        let mut config = config(vec![tcp("127.0.0.1:0", Role::Https)]);
        let mut listeners = Listeners::bind(&mut config, &Listeners::default()).expect("bind");
        let held = listeners.duplicates().expect("duplicates");
        listeners.close();
        assert!(TcpStream::connect(("127.0.0.1", port(&config, 0))).is_err());
        drop(held);
    }

    #[test]
    fn socket_file_of_a_dead_server_is_replaced_and_that_of_a_live_one_is_not() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("socket");
        drop(std::os::unix::net::UnixListener::bind(&path).expect("bind"));
        let wanted = Listener { address: ListenerAddress::Unix(path.clone()), role: Role::Https, backlog: 1 };
        let mut first = config(vec![wanted.clone()]);
        let mut listeners = Listeners::bind(&mut first, &Listeners::default()).expect("bind");
        let mut second = config(vec![wanted]);
        assert!(Listeners::bind(&mut second, &Listeners::default()).is_err(), "somebody listens there");
        listeners.close();
        assert!(!path.exists());
    }

    #[test]
    fn socket_file_has_the_permissions_that_are_wanted_also_after_a_reload() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("socket");
        let mode = || path.metadata().expect("metadata").permissions().mode() & 0o777;
        let wanted = Listener { address: ListenerAddress::Unix(path.clone()), role: Role::Https, backlog: 1 };
        let mut first = config(vec![wanted]);
        let listeners = Listeners::bind(&mut first, &Listeners::default()).expect("bind");
        assert_eq!(mode(), 0o660);
        first.socket_mode = 0o606;
        let again = Listeners::bind(&mut first, &listeners).expect("bind");
        assert_eq!(mode(), 0o606);
        std::fs::remove_file(&path).expect("removed");
        std::fs::write(&path, "").expect("another file");
        assert!(Listeners::bind(&mut first, &again).is_err());
    }

    #[test]
    fn socket_file_goes_with_the_last_configuration_that_names_it() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("socket");
        let wanted = Listener { address: ListenerAddress::Unix(path.clone()), role: Role::Https, backlog: 1 };
        let mut with = config(vec![wanted]);
        let first = Listeners::bind(&mut with, &Listeners::default()).expect("bind");
        let second = Listeners::bind(&mut with, &first).expect("bind");
        first.give_way_to(&second);
        assert!(path.exists());
        let third = Listeners::bind(&mut config(vec![tcp("127.0.0.1:0", Role::Https)]), &second).expect("bind");
        second.give_way_to(&third);
        assert!(!path.exists());
    }

    #[test]
    fn what_listens_answers_at_once_those_who_come_first() {
        let mut config = config(vec![tcp("127.0.0.1:0", Role::Https)]);
        let listeners = Listeners::bind(&mut config, &Listeners::default()).expect("bound");
        let address = listeners.duplicates().expect("a socket").remove(0);
        assert!(Socket::from(address).tcp_nodelay().expect("its option"));
    }
}
