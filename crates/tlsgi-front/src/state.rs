//! One configuration at work on one front thread, and the thread that it works on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tlsgi_config::config::{Config, Limits, Proxies, Site, Target};
use tokio::sync::{mpsc, watch};

use crate::answer::Answers;
use crate::assemble::Assembly;
use crate::connection::SiteEnviron;
use crate::control::FromFront;
use crate::observe::access_log::AccessLog;
use crate::observe::request_id::RequestIds;
use crate::pool::Pool;
use crate::route::files::Mounts;
use crate::route::host;
use crate::route::place::Routes;
use crate::tls::client_auth::ClientPolicy;
use crate::tls::turnstile::Turnstile;
use crate::upstream::{Place, Upstream, UpstreamRoute};

/// A site with what it needs at hand.
pub(crate) struct SiteState {
    /// Names, policy and mounts.
    pub(crate) site: Site,
    /// Who answers what is no file.
    pub(crate) routes: Routes,
    /// What its WSGI applications find in every environ besides.
    pub(crate) environ: Option<SiteEnviron>,
    /// Its static mounts, opened.
    pub(crate) mounts: Arc<Mounts>,
    /// Who has to show a certificate.
    pub(crate) clients: Arc<ClientPolicy>,
    /// What is done to requests and answers.
    pub(crate) answers: Arc<Answers>,
}

/// Who answers a route.
pub(crate) enum Destination {
    /// An application.
    Pool(PoolRoute),
    /// Another server.
    Upstream(UpstreamRoute),
}

/// A route to an application.
pub(crate) struct PoolRoute {
    /// Where it runs.
    pub(crate) pool: Rc<Pool>,
    /// `SCRIPT_NAME` / `root_path`.
    pub(crate) mount: String,
    /// The pool's bound on one request.
    pub(crate) request_timeout: Option<std::time::Duration>,
}

impl std::fmt::Debug for PoolRoute {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("PoolRoute").field(&self.pool.name()).field(&self.mount).finish()
    }
}

/// Everything that one configuration means to requests.
pub(crate) struct State {
    /// In configuration order; the first answers names that no site has.
    pub(crate) sites: Vec<SiteState>,
    /// Bounds and deadlines.
    pub(crate) limits: Rc<Limits>,
    /// Whose word about a request counts.
    pub(crate) proxies: Proxies,
}

impl State {
    /// The site for a host: the one that names it, exactly before by wildcard, else the first.
    pub(crate) fn site(&self, head: &crate::http::head::RequestHead) -> Option<&SiteState> {
        self.site_named(head.host())
    }

    /// The same for a name alone, such as the one of a handshake.
    pub(crate) fn site_named(&self, name: &str) -> Option<&SiteState> {
        if self.sites.len() < 2 {
            return self.sites.first();
        }
        let names = self.sites.iter().map(|state| state.site.names.as_slice());
        self.sites.get(host::site_of(&names, &host::normal(name)))
    }
}

/// One thread of the front.
pub(crate) struct Thread {
    /// Its number, from 0.
    pub(crate) number: usize,
    state: RefCell<Rc<State>>,
    pools: RefCell<Vec<Rc<Pool>>>,
    /// Pools that the configuration has no more, until their workers have finished.
    former: RefCell<Vec<Rc<Pool>>>,
    upstreams: RefCell<Vec<Rc<Upstream>>>,
    /// Messages to the supervisor.
    pub(crate) upward: mpsc::UnboundedSender<FromFront>,
    /// Becomes true once the front stops.
    pub(crate) draining: watch::Receiver<bool>,
    /// Request ids.
    pub(crate) request_ids: RequestIds,
    /// Access log; a handle that drops lines when there is none.
    pub(crate) access_log: AccessLog,
    /// What TLS handshakes pass before they begin.
    pub(crate) turnstile: Turnstile,
    next_connection: Cell<u32>,
}

impl Thread {
    /// A thread that has no configuration yet.
    pub(crate) fn new(
        number: usize,
        upward: mpsc::UnboundedSender<FromFront>,
        draining: watch::Receiver<bool>,
        access_log: AccessLog,
    ) -> Rc<Self> {
        let state = State { sites: Vec::new(), limits: Rc::new(Limits::default()), proxies: Proxies::default() };
        Rc::new(Self {
            number,
            state: RefCell::new(Rc::new(state)),
            pools: RefCell::default(),
            former: RefCell::default(),
            upstreams: RefCell::default(),
            upward,
            draining,
            request_ids: RequestIds::new(),
            access_log,
            turnstile: Turnstile::default(),
            next_connection: Cell::new(0),
        })
    }

    /// What is in force now. A request keeps what it began with.
    pub(crate) fn state(&self) -> Rc<State> {
        Rc::clone(&self.state.borrow())
    }

    /// Takes a configuration over. Pools that stay keep their workers and queues.
    pub(crate) fn configure(&self, assembly: &Assembly) {
        let Assembly { config, mounts, clients, answers, pools: shared, .. } = assembly;
        let mut pools = self.pools.borrow_mut();
        let wanted: Vec<_> = config
            .pools
            .iter()
            .zip(shared)
            .map(|(pool, shared)| {
                let known = pools.iter().find(|known| known.name() == pool.name).map(Rc::clone);
                let wanted = known.unwrap_or_else(|| Pool::new(&pool.name, Arc::clone(shared), self.number));
                let is_timed = pool.request_timeout.is_some() || config.limits.response_timeout.is_some();
                wanted.set_queue_length(if is_timed { 0 } else { config.limits.queue_length });
                wanted
            })
            .collect();
        let mut former = self.former.borrow_mut();
        former.extend(std::mem::take(&mut *pools));
        former.retain(|pool| !wanted.iter().any(|wanted| Rc::ptr_eq(wanted, pool)) && !pool.is_deserted());
        drop(former);
        *pools = wanted;
        let upstreams = self.upstreams(config);
        let parts = mounts.iter().zip(clients).zip(answers);
        let sites = config.sites.iter().zip(parts).map(|(site, ((mounts, clients), answers))| SiteState {
            routes: routes(config, site, &pools, &upstreams),
            environ: SiteEnviron::new(&site.environ),
            site: site.clone(),
            mounts: Arc::clone(mounts),
            clients: Arc::clone(clients),
            answers: Arc::clone(answers),
        });
        let state =
            State { sites: sites.collect(), limits: Rc::new(config.limits.clone()), proxies: config.proxies.clone() };
        *self.state.borrow_mut() = Rc::new(state);
    }

    /// The servers that routes lead to. Those that stay keep their connections.
    fn upstreams(&self, config: &Config) -> Vec<Rc<Upstream>> {
        let mut wanted: Vec<Rc<Upstream>> = Vec::new();
        for route in config.sites.iter().flat_map(|site| &site.routes) {
            let Target::Upstream(target) = &route.target else { continue };
            if !wanted.iter().any(|known| known.is(target)) {
                let known = self.upstreams.borrow().iter().find(|known| known.is(target)).map(Rc::clone);
                wanted.push(known.unwrap_or_else(|| Upstream::new(target)));
            }
        }
        self.upstreams.borrow_mut().clone_from(&wanted);
        wanted
    }

    /// The pool with this name.
    pub(crate) fn pool(&self, name: &str) -> Option<Rc<Pool>> {
        self.pools.borrow().iter().find(|pool| pool.name() == name).map(Rc::clone)
    }

    /// All pools, those included that only finish.
    pub(crate) fn pools(&self) -> Vec<Rc<Pool>> {
        let former = self.former.borrow();
        self.pools.borrow().iter().chain(former.iter()).map(Rc::clone).collect()
    }

    /// A connection id of this thread.
    pub(crate) fn next_connection(&self) -> u32 {
        let id = self.next_connection.get();
        self.next_connection.set(id.wrapping_add(1));
        id
    }
}

fn routes(config: &Config, site: &Site, pools: &[Rc<Pool>], upstreams: &[Rc<Upstream>]) -> Routes {
    let routes = site.routes.iter().filter_map(|route| match &route.target {
        Target::Pool(name) => {
            let pool = pools.iter().find(|pool| pool.name() == *name).map(Rc::clone)?;
            let request_timeout = config.pool(name).and_then(|pool| pool.request_timeout);
            let destination = Destination::Pool(PoolRoute { pool, mount: route.mount.clone(), request_timeout });
            Some((route.prefix.clone(), destination))
        }
        Target::Upstream(target) => {
            let upstream = upstreams.iter().find(|known| known.is(target)).map(Rc::clone)?;
            let place = Place::new(&route.prefix, route.base.as_deref());
            Some((route.prefix.clone(), Destination::Upstream(UpstreamRoute { upstream, place })))
        }
    });
    Routes::new(routes.collect())
}
