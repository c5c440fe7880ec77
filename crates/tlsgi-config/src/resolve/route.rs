//! Which part of a site goes where, and what gets the rest.

use super::{Resolver, pool, value};
use crate::config::{Route, Target, Upstream, UpstreamAddress};
use crate::diagnostic::Diagnostic;
use crate::document::Part;
use crate::nearest::nearest;
use crate::origin::{Origin, Said};
use crate::value::{RouteRule, RouteTarget};

impl Resolver<'_> {
    /// The routes of the site, longest prefix first, the one to its own pool among them.
    pub(super) fn routes(&mut self, pools: &[Part]) -> Vec<Route> {
        let mut routes: Vec<Route> = Vec::new();
        for said in self.said.route.clone() {
            let prefix = &said.value.prefix;
            if routes.iter().any(|route| route.prefix == *prefix) {
                let shown = if prefix.is_empty() { "/" } else { prefix };
                let told = Diagnostic::error(format!("`--route` names {shown} twice"));
                self.tell(told.hint("a prefix has one target"), &said.origin);
            }
            routes.push(self.route(&said, pools));
        }
        let rest = value(&self.said.mount).0.clone();
        if !routes.iter().any(|route| route.prefix == rest)
            && let Some(name) = self.own_pool(pools)
        {
            routes.push(Route { prefix: rest.clone(), mount: rest, target: Target::Pool(name), base: None });
        }
        // Whole segments are compared: the longer of two that cover a path is the one with more of them.
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        routes
    }

    /// The pool that gets what no route covers.
    fn own_pool(&mut self, pools: &[Part]) -> Option<String> {
        let said = self.said.pool.clone();
        match said {
            Some(Said { value, origin }) => {
                let name = value.0?.0;
                self.check_pool(&name, pools, &origin);
                Some(name)
            }
            // Whoever names no application at all has routes for everything.
            None if pools.is_empty() && self.said.app.is_none() && !self.said.route.is_empty() => None,
            None => Some(pools.first().map_or(pool::NAME, |pool| pool.name.as_str()).to_owned()),
        }
    }

    fn route(&mut self, said: &Said<RouteRule>, pools: &[Part]) -> Route {
        let prefix = said.value.prefix.clone();
        match &said.value.target {
            RouteTarget::Pool { name, mount } => {
                self.check_pool(name, pools, &said.origin);
                let mount = mount.clone().unwrap_or_else(|| prefix.clone());
                Route { prefix, mount, target: Target::Pool(name.clone()), base: None }
            }
            RouteTarget::Upstream { upstream, base } => {
                let address = match &upstream.address {
                    UpstreamAddress::Unix(path) => UpstreamAddress::Unix(self.path(path, &said.origin)),
                    tcp @ UpstreamAddress::Tcp { .. } => tcp.clone(),
                };
                let target = Target::Upstream(Upstream { protocol: upstream.protocol, address });
                Route { mount: String::new(), prefix, target, base: base.clone() }
            }
        }
    }

    fn check_pool(&mut self, name: &str, pools: &[Part], origin: &Origin) {
        let known = || pools.iter().map(|pool| pool.name.as_str());
        let is_known = known().any(|known| known == name) || (pools.is_empty() && name == pool::NAME);
        if !is_known {
            let told = Diagnostic::unknown("pool", name, nearest(name, known()));
            self.tell(told.hint(format!("pools are sections of tlsgi.toml: `[pool.{name}]`")), origin);
        }
    }
}
