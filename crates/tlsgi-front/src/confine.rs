//! What the front gives up before it hears its first client: its user, its powers, and what the kernel can keep from it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::process::DumpableBehavior;
use rustix::thread::CapabilitySet;
use tlsgi_config::Config;
use tlsgi_config::config::{Sandbox, Target, UpstreamAddress};
use tlsgi_sys::account::Identity;
use tlsgi_sys::landlock::{self, Rules};
use tlsgi_sys::privilege::{self, Switch};
use tlsgi_sys::{process, seccomp};
use tokio::sync::mpsc::{UnboundedSender, WeakUnboundedSender};

use crate::control::{Confined, Confinement, FromFront};

/// Where names of hosts are looked up.
const NAME_SERVICE: [&str; 5] = ["/etc", "/lib", "/lib64", "/usr/lib", "/run/systemd/resolve"];
const DNS: u16 = 53;

/// Whom to ask for a front that can reach a static folder that was put in the place of another.
static FENCED: OnceLock<WeakUnboundedSender<FromFront>> = OnceLock::new();

/// Why a front cannot be confined as wanted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Users and capabilities.
    #[error("the front cannot become the user that it should run as")]
    Switch(#[source] io::Error),
    /// The supervisor ended meanwhile, or the kernel has no such signals.
    #[error("the front cannot be tied to the supervisor")]
    Parent(#[source] io::Error),
    /// `--sandbox require` where it cannot be had.
    #[error("--sandbox require: {what} is not to be had on this machine")]
    Missing {
        /// What is lacking.
        what: &'static str,
        source: io::Error,
    },
}

/// What a front can get at under a configuration. One that should get at something else has to be another process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    sandbox: Sandbox,
    /// With device and inode: a rule is about the directory, not about its name.
    readable: Vec<(PathBuf, u64, u64)>,
    ports: Vec<u16>,
    connects_unix: bool,
    resolves_names: bool,
}

impl Reach {
    /// What this configuration needs.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let mut reach = Self { sandbox: config.sandbox, ..Self::default() };
        if config.sandbox == Sandbox::Off {
            return reach;
        }
        for mount in config.sites.iter().flat_map(|site| &site.mounts) {
            // A file may be replaced by another: a rule is about the directory that it is in.
            let directory = mount.directory.parent().filter(|_| mount.directory.is_file());
            reach.reads(directory.unwrap_or(&mount.directory));
        }
        for route in config.sites.iter().flat_map(|site| &site.routes) {
            if let Target::Upstream(upstream) = &route.target {
                reach.connects(&upstream.address);
            }
        }
        reach.readable.sort();
        reach.readable.dedup();
        reach.ports.sort_unstable();
        reach.ports.dedup();
        reach
    }

    fn reads(&mut self, path: &Path) {
        let (device, inode) = path.metadata().map_or((0, 0), |found| (found.dev(), found.ino()));
        self.readable.push((path.to_owned(), device, inode));
    }

    fn connects(&mut self, address: &UpstreamAddress) {
        match address {
            UpstreamAddress::Tcp { host, port } => {
                self.ports.push(*port);
                self.resolves_names |= host.parse::<std::net::IpAddr>().is_err();
            }
            UpstreamAddress::Unix(_) => self.connects_unix = true,
        }
    }

    fn rules(&self) -> Rules {
        let mut rules = Rules {
            readable: self.readable.iter().map(|(path, ..)| path.clone()).collect(),
            ports: Some(self.ports.clone()),
        };
        if self.resolves_names {
            rules.readable.extend(NAME_SERVICE.map(PathBuf::from));
            rules.ports.get_or_insert_default().push(DNS);
        }
        rules
    }

    fn sockets(&self) -> seccomp::Sockets {
        seccomp::Sockets { inet: !self.ports.is_empty(), unix: self.connects_unix }
    }
}

/// Gives everything up. For the first and only thread of the process; what it starts afterwards inherits it.
pub(crate) fn confine(config: &Config, confinement: &Confinement) -> Result<Confined, Error> {
    let supervisor = rustix::process::getppid().ok_or_else(|| Error::Parent(io::ErrorKind::NotFound.into()))?;
    let has_files = config.sites.iter().any(|site| !site.mounts.is_empty());
    if let Some(identity) = &confinement.identity {
        Switch::to(&Identity::from(identity)).take().map_err(Error::Switch)?;
    }
    // Root without its powers reads what is root's; static folders may be somebody else's.
    let reads_all = has_files && rustix::process::geteuid().is_root();
    let kept = if reads_all { privilege::READING } else { CapabilitySet::empty() };
    privilege::limit_to(kept).map_err(Error::Switch)?;
    // No core file with what clients sent, and nobody of the same user looks inside.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| Error::Switch(error.into()))?;
    process::tie_to_parent(supervisor).map_err(Error::Parent)?;
    sandbox(&Reach::of(config))
}

fn sandbox(reach: &Reach) -> Result<Confined, Error> {
    if reach.sandbox == Sandbox::Off {
        return Ok(Confined::default());
    }
    let needed = |what, source| match reach.sandbox {
        Sandbox::Require => Err(Error::Missing { what, source }),
        Sandbox::Auto | Sandbox::Off => Ok(()),
    };
    let mut confined = Confined::default();
    match landlock::restrict(&reach.rules()) {
        Ok(version) => confined.landlock = Some(version),
        Err(error) => needed("Landlock", error)?,
    }
    match seccomp::restrict(reach.sockets()) {
        Ok(()) => confined.seccomp = true,
        Err(error) => needed("a filter of system calls (seccomp)", error)?,
    }
    Ok(confined)
}

/// What this kernel has of it, without any of it being done.
#[must_use]
pub fn available() -> Confined {
    Confined { landlock: landlock::version(), seccomp: seccomp::is_available() }
}

/// From now on paths that lead elsewhere than at the start are out of reach; whoever finds one tells this.
pub(crate) fn remember(upward: &UnboundedSender<FromFront>) {
    // Weak: reports end when everybody who has something to report is gone.
    _ = FENCED.set(upward.downgrade());
}

/// Asks for a front that reaches what a path leads to now; false where this one does.
pub(crate) fn is_out_of_reach(directory: impl std::os::fd::AsFd) -> bool {
    let Some(upward) = FENCED.get() else { return false };
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
    let is_out = rustix::fs::openat(directory, c".", flags, rustix::fs::Mode::empty()).is_err();
    if is_out && let Some(upward) = upward.upgrade() {
        // The receiver lives as long as the process.
        _ = upward.send(FromFront::Moved);
    }
    is_out
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlsgi_config::config::{StaticMount, Upstream, UpstreamProtocol};

    fn config() -> Config {
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
        tlsgi_config::resolve(said, &facts).0.expect("a configuration")
    }

    fn with_upstream(address: UpstreamAddress) -> Reach {
        let mut config = config();
        config.sites[0].routes[0].target = Target::Upstream(Upstream { protocol: UpstreamProtocol::Http, address });
        Reach::of(&config)
    }

    #[test]
    fn nothing_is_reached_that_the_configuration_does_not_name() {
        let reach = Reach::of(&config());
        assert_eq!(reach.rules(), Rules { readable: Vec::new(), ports: Some(Vec::new()) });
        assert_eq!(reach.sockets(), seccomp::Sockets::default());
    }

    #[test]
    fn upstreams_are_reached_and_names_looked_up_only_where_they_are_names() {
        let by_address = with_upstream(UpstreamAddress::Tcp { host: "::1".to_owned(), port: 8000 });
        assert_eq!(by_address.rules(), Rules { readable: Vec::new(), ports: Some(vec![8000]) });
        assert_eq!(by_address.sockets(), seccomp::Sockets { inet: true, unix: false });
        let by_name = with_upstream(UpstreamAddress::Tcp { host: "backend".to_owned(), port: 8000 }).rules();
        assert!(by_name.readable.contains(&PathBuf::from("/etc")));
        assert_eq!(by_name.ports, Some(vec![8000, DNS]));
        let by_path = with_upstream(UpstreamAddress::Unix("/run/backend".into()));
        assert_eq!(by_path.sockets(), seccomp::Sockets { inet: false, unix: true });
    }

    #[test]
    fn names_are_still_looked_up_where_an_upstream_is_one() {
        let by_name = with_upstream(UpstreamAddress::Tcp { host: "localhost".to_owned(), port: 8000 });
        if available() != (Confined { landlock: landlock::version(), seccomp: true }) {
            return;
        }
        let looked_up = std::thread::spawn(move || {
            rustix::thread::set_no_new_privs(true).expect("no new privileges");
            sandbox(&by_name).expect("a sandbox");
            std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 8000)).map(|found| found.count() > 0)
        });
        assert!(looked_up.join().expect("thread").expect("an answer"));
    }

    #[test]
    fn folder_put_in_the_place_of_another_is_another_reach() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("static");
        std::fs::create_dir(&path).expect("directory");
        let mut config = config();
        let mount =
            StaticMount { prefix: "/static".to_owned(), directory: path.clone(), index: Vec::new(), max_age: None };
        config.sites[0].mounts.push(mount);
        let before = Reach::of(&config);
        assert_eq!(before, Reach::of(&config));
        std::fs::rename(&path, directory.path().join("old")).expect("renamed");
        std::fs::create_dir(&path).expect("directory");
        assert_ne!(before, Reach::of(&config));
        config.sandbox = Sandbox::Off;
        assert_eq!(Reach::of(&config), Reach { sandbox: Sandbox::Off, ..Reach::default() });
    }
}
