//! What one source says: options of the server, and of sites and pools by name.

use crate::layer::Layer;
use crate::option::Scope;
use crate::origin::Origin;

/// What one source says, or several merged. Without sites there is one, without pools there is one, both made of `server` alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Options of the server. Those of sites and pools among them are the defaults of every site and pool.
    pub server: Layer,
    /// Sites, in the order written.
    pub sites: Vec<Part>,
    /// Pools, in the order written; the first is the one that sites without a pool of their own go to.
    pub pools: Vec<Part>,
}

/// A named section: one site or one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name in routes, logs and messages. A site may have none: it is then known by its first host name.
    pub name: String,
    /// What it says itself, options of its scope alone.
    pub layer: Layer,
    /// Where it begins.
    pub origin: Origin,
}

impl Part {
    /// A section that says nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>, origin: Origin) -> Self {
        Self { name: name.into(), layer: Layer::default(), origin }
    }
}

impl From<Layer> for Document {
    fn from(server: Layer) -> Self {
        Self { server, ..Self::default() }
    }
}

impl Document {
    /// Takes from `lower` what this document does not say. What a source says of the server is stronger than everything that a
    /// weaker source says, of single sites and pools too: `--threads 1` is for every pool of `tlsgi.toml`.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            sites: merged(self.sites, lower.sites, &self.server, Scope::Site),
            pools: merged(self.pools, lower.pools, &self.server, Scope::Pool),
            server: self.server.over(lower.server),
        }
    }

    /// With the defaults of everything that nobody said, at the top.
    #[must_use]
    pub fn with_defaults(self) -> Self {
        Self { server: self.server.over(Layer::defaults()), ..self }
    }

    /// Every layer, the server's first.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(&self.server).chain(self.sites.iter().chain(&self.pools).map(|part| &part.layer))
    }
}

/// The weaker parts first, in their order, each under what the stronger source says of it and of all.
fn merged(mut own: Vec<Part>, lower: Vec<Part>, server: &Layer, scope: Scope) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for part in lower {
        let same = own.iter().position(|own| !part.name.is_empty() && own.name == part.name).map(|at| own.remove(at));
        let said = same.map(|same| same.layer).unwrap_or_default().over(server.clone().only(scope));
        parts.push(Part { layer: said.over(part.layer), ..part });
    }
    parts.extend(own);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::find;

    fn layer(said: &[(&str, &str)]) -> Layer {
        let mut layer = Layer::default();
        for (name, text) in said {
            let spec = find(name).expect("an option");
            (spec.slot_mut)(&mut layer).say(text, Origin::Default).expect("a value");
        }
        layer
    }

    fn part(name: &str, said: &[(&str, &str)]) -> Part {
        Part { layer: layer(said), ..Part::new(name, Origin::Default) }
    }

    #[test]
    fn stronger_sources_are_stronger_for_single_pools_too() {
        let flags = Document::from(layer(&[("threads", "1"), ("hsts", "none")]));
        let file = Document {
            server: layer(&[("threads", "3")]),
            sites: vec![part("", &[("hsts", "max-age=1")])],
            pools: vec![part("a", &[("threads", "9"), ("processes", "2")]), part("b", &[])],
        };
        let both = flags.over(file);
        let threads = layer(&[("threads", "1"), ("processes", "2")]);
        assert_eq!(both.pools[0].layer, threads);
        assert_eq!(both.pools[1].layer, layer(&[("threads", "1")]));
        assert_eq!(both.sites[0].layer, layer(&[("hsts", "none")]));
        assert_eq!(both.server, layer(&[("threads", "1"), ("hsts", "none")]));
    }

    #[test]
    fn parts_of_one_name_are_one_and_others_follow() {
        let upper = Document { pools: vec![part("b", &[("threads", "2")]), part("c", &[])], ..Document::default() };
        let lower = Document { pools: vec![part("a", &[]), part("b", &[("processes", "4")])], ..Document::default() };
        let pools = upper.over(lower).pools;
        assert_eq!(pools.iter().map(|pool| pool.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(pools[1].layer, layer(&[("threads", "2"), ("processes", "4")]));
    }
}
